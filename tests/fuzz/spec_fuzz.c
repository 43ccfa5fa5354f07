/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as assay.yaml: an error with a place, or a spec whose shown form loads again to the same form. And any JSON as
 * evidence. */
#include "spec/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static void check_spec(const as_spec *spec)
{
    char text[160];
    must(spec->n_classes >= 2 && spec->n_classes <= AS_SPEC_MAX_CLASSES);
    must(spec->n_requirements >= 1 && spec->n_requirements <= AS_SPEC_MAX_REQUIREMENTS);
    must(spec->line && spec->goal && spec->product && spec->camera && spec->currency && spec->deadline_ns > 0);
    must(spec->failsafe_late != AS_VERDICT_PASS && spec->failsafe_unsure != AS_VERDICT_PASS);
    for (size_t i = 0; i < spec->n_requirements; i++) {
        const as_requirement *req = &spec->requirements[i];
        must(as_measure_info_of(req->measure) && req->id && req->text);
        must((req->at_least >= 0) != (req->at_most >= 0)); /* one of them, the other NAN */
        must(as_requirement_text(req, text) == text && text[0]);
    }
}

static void check_round_trip(const as_spec *spec)
{
    as_str first, second;
    as_err err = AS_ERR_NONE;
    as_str_init(&first);
    as_str_init(&second);
    must(as_spec_text(spec, &first, &err));
    if (first.len <= AS_SPEC_MAX_BYTES) {
        as_spec *again = as_spec_parse(first.s, first.len, "again", &err);
        must(again && as_spec_text(again, &second, &err));
        must(first.len == second.len && memcmp(first.s, second.s, first.len) == 0);
        as_spec_free(again);
    }
    as_str_done(&first);
    as_str_done(&second);
}

static void check_evidence(const uint8_t *data, size_t size)
{
    as_err      err = AS_ERR_NONE;
    as_evidence evidence;
    json_t     *json = as_json_parse(data, size, "fuzz", &err);
    if (json && as_evidence_parse(json, &evidence, &err)) {
        char text[96];
        must(memchr(evidence.id, '\0', sizeof evidence.id) != NULL);
        must(as_evidence_text(as_evidence_standing(&evidence), &evidence, text) == text);
    } else {
        must(err.code != AS_OK && err.text[0]);
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse((const char *)data, size, "fuzz", &err);
    if (spec) {
        must(err.code == AS_OK);
        check_spec(spec);
        check_round_trip(spec);
    } else {
        must(err.code != AS_OK && as_str_starts(err.text, err.code == AS_EFORMAT ? "fuzz:" : ""));
    }
    as_spec_free(spec);
    check_evidence(data, size);
    return 0;
}
