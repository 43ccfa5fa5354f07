/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "intake/state.h"

static const char *decide_text(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text ? text : "";
}

bool as_decide_may_overrule(const char *check, char *text)
{
    const as_check *row = as_check_at(as_check_row(check));
    const char     *why = row ? row->is_final : "no check is called that (see: assay intake checks)";
    if (!row && strcmp(check, "privacy") == 0)
        why = "what may show a person is not kept: see privacy in assay.yaml";
    else if (!row && strcmp(check, "name") == 0)
        why = "a name is there once: rename the file, or import it with another --prefix";
    if (why)
        snprintf(text, AS_DECIDE_TEXT_BYTES, "'%.60s' cannot be overruled: %s", check, why);
    return !why;
}

static bool decide_ruling(const json_t *record, const char *const *overrule, size_t n, as_ruling *ruling, char *text)
{
    const char *check = decide_text(record, "check");
    if (!as_decide_may_overrule(check, text))
        return false;
    ruling->overruled = 1u << as_check_row(check);
    for (size_t i = 0; i < n; i++) {
        if (!as_decide_may_overrule(overrule[i], text))
            return false;
        ruling->overruled |= 1u << as_check_row(overrule[i]);
    }
    return true;
}

/* What of it depends on this moment: the class may be none any more, the bytes may be gone. */
static bool decide_load(as_intake *intake, const json_t *record, const as_sample *sample, uint8_t **ret_bytes,
                        size_t *ret_n, char *text, as_err *err)
{
    as_err why = AS_ERR_NONE;
    bool   ok = !*sample->label || as_intake_check_class(intake->spec, sample->label, "its label", "", &why);
    ok = ok && as_quarantine_bytes(intake->ws, record, ret_bytes, ret_n, &why);
    if (!ok)
        as_str_copy(text, AS_DECIDE_TEXT_BYTES, why.text);
    return ok || (why.code == AS_ENOMEM && as_err_set(err, why.code, "%s", why.text));
}

static void decide_refused(const as_look *look, char *text)
{
    char why[AS_DECIDE_TEXT_BYTES];
    if (as_decide_may_overrule(look->check, why))
        snprintf(text, AS_DECIDE_TEXT_BYTES, "%s refuses it too: %s (accept that as well with --overrule %s)",
                 look->check, look->text, look->check);
    else
        snprintf(text, AS_DECIDE_TEXT_BYTES, "%s refuses it: %s", look->check, look->text);
}

bool as_decide_accept(as_intake *intake, const json_t *record, const as_decider *decider, const char *const *overrule,
                      size_t n_overrule, bool *ret_taken, char *text, as_err *err)
{
    as_ruling ruling = {.by = decider->by, .reason = decider->reason, .utc = decider->utc};
    as_look   look;
    uint8_t  *bytes = NULL;
    size_t    n = 0;
    text[0] = '\0';
    *ret_taken = false;
    if (!decide_ruling(record, overrule, n_overrule, &ruling, text))
        return true;
    as_manifest *one = as_quarantine_sample(record, err);
    if (!one)
        return false;
    const as_sample *sample = as_manifest_at(one, 0);
    bool             ok = true;
    if (decide_load(intake, record, sample, &bytes, &n, text, err) && bytes) {
        intake->ruling = &ruling;
        ok = as_look_at(intake, bytes, n, sample, &look, err) && as_look_take(intake, &look, sample, err);
        intake->ruling = NULL;
        *ret_taken = ok && !look.is_known && look.level != AS_CHECK_QUARANTINE;
        if (ok && look.is_known)
            as_str_copy(text, AS_DECIDE_TEXT_BYTES, "the newest version has it already");
        else if (ok && !*ret_taken)
            decide_refused(&look, text);
    }
    free(bytes);
    as_manifest_free(one);
    return ok;
}

bool as_decide_accepted(as_workspace *ws, json_t *record, const as_decider *decider, const char *const *overrule,
                        size_t n, const as_commit *commit, as_err *err)
{
    json_t *overruled = json_array();
    bool    ok = overruled && json_array_append_new(overruled, json_string(decide_text(record, "check"))) == 0;
    for (size_t i = 0; ok && i < n; i++)
        if (strcmp(overrule[i], decide_text(record, "check")) != 0)
            ok = json_array_append_new(overruled, json_string(overrule[i])) == 0;
    if (!ok) {
        json_decref(overruled);
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    /* The store has it now; what was not redacted then is not kept. */
    as_decision decision = {
        .action = "accept", .by = decider->by, .reason = decider->reason, .commit = &commit->id, .checks = overruled};
    return as_quarantine_set_bytes(ws, record, NULL, 0, err) && as_quarantine_decide(ws, record, &decision, err);
}

bool as_decide_drop(as_workspace *ws, json_t *record, const as_decider *decider, as_err *err)
{
    as_decision decision = {.action = "drop", .by = decider->by, .reason = decider->reason};
    return as_quarantine_set_bytes(ws, record, NULL, 0, err) && as_quarantine_decide(ws, record, &decision, err);
}

/* Where the record went: the version that its last decision made, and the sample in it. */
static const as_sample *decide_find_accepted(as_workspace *ws, const json_t *record, as_manifest **ret_manifest,
                                             as_err *err)
{
    const json_t *list = json_object_get(record, "decisions");
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    as_digest     id;
    as_commit     commit;
    *ret_manifest = NULL;
    if (!as_digest_parse(decide_text(last, "commit"), &id) || !as_commit_read(ws, &id, &commit, err) ||
        !(*ret_manifest = as_commit_manifest(ws, &commit, err))) {
        as_err_note(err, "cannot find the version that '%.100s' was taken into", decide_text(record, "name"));
        return NULL;
    }
    const as_sample *sample = as_manifest_find(*ret_manifest, decide_text(record, "name"));
    if (!sample)
        AS_FAIL(err, AS_ECORRUPT, "the version that '%.100s' was taken into does not have it",
                decide_text(record, "name"));
    return sample;
}

typedef struct decide_undo {
    as_workspace *ws;
    as_manifest  *newest;
    bool         *leaves; /* of each sample of newest */
    size_t        n_leave;
} decide_undo;

/* Its bytes go back; where the newest version still has that picture, it leaves, and its label goes with it. */
static bool decide_take_back(decide_undo *undo, json_t *record, as_err *err)
{
    as_manifest     *then;
    uint8_t         *bytes;
    size_t           n;
    const as_sample *was = decide_find_accepted(undo->ws, record, &then, err);
    bool             ok = was && as_store_get(undo->ws->store, &was->image, &bytes, &n, err);
    if (ok) {
        const as_sample *now = as_manifest_find(undo->newest, was->name);
        ok = as_quarantine_set_bytes(undo->ws, record, bytes, n, err);
        if (ok && now && as_digest_equal(&now->image, &was->image)) {
            undo->leaves[now - as_manifest_at(undo->newest, 0)] = true;
            undo->n_leave++;
            ok = as_quarantine_set_labels(record, now, err);
        }
        free(bytes);
    }
    as_manifest_free(then);
    return ok;
}

static bool decide_commit_rest(decide_undo *undo, const as_commit *newest, const as_decider *decider, as_commit *ret,
                               as_err *err)
{
    as_commit    commit = {.utc = as_clock_utc(), .n_parents = 1, .parents = {newest->id}};
    as_manifest *rest = as_manifest_new(err);
    bool         ok = rest != NULL;
    for (size_t i = 0; ok && i < as_manifest_count(undo->newest); i++)
        ok = undo->leaves[i] || as_manifest_add(rest, as_manifest_at(undo->newest, i), err);
    snprintf(commit.message, sizeof commit.message, "quarantine: %zu picture%s back, %.400s", undo->n_leave,
             undo->n_leave == 1 ? "" : "s", decider->reason);
    commit.message[AS_MIN(strlen(commit.message), sizeof commit.message - 4)] = '\0';
    as_intake_author(commit.author, sizeof commit.author);
    ok = ok && as_commit_write(undo->ws, rest, &commit, err);
    as_manifest_free(rest);
    if (ok)
        *ret = commit;
    return ok;
}

bool as_decide_undo(as_workspace *ws, json_t *const *records, size_t n, const as_decider *decider, as_commit *ret,
                    bool *ret_made, as_err *err)
{
    decide_undo undo = {.ws = ws};
    as_commit   newest, made;
    bool        ok = true, has = false;
    for (size_t i = 0; i < n; i++)
        has = has || strcmp(decide_text(records[i], "state"), "accepted") == 0;
    if (has) {
        ok = as_commit_find(ws, "main", &newest, err) && (undo.newest = as_commit_manifest(ws, &newest, err));
        undo.leaves = ok ? calloc(as_manifest_count(undo.newest) + 1, sizeof *undo.leaves) : NULL;
        ok = ok && (undo.leaves || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    }
    for (size_t i = 0; ok && i < n; i++)
        if (strcmp(decide_text(records[i], "state"), "accepted") == 0)
            ok = decide_take_back(&undo, records[i], err);
    /* The bytes are back before the version goes on without them; the records say so last. */
    ok = ok && (undo.n_leave == 0 || decide_commit_rest(&undo, &newest, decider, &made, err));
    for (size_t i = 0; ok && i < n; i++) {
        as_decision decision = {
            .action = "undo", .by = decider->by, .reason = decider->reason, .commit = undo.n_leave ? &made.id : NULL};
        ok = as_quarantine_decide(ws, records[i], &decision, err);
    }
    *ret_made = ok && undo.n_leave > 0;
    if (*ret_made)
        *ret = made;
    free(undo.leaves);
    as_manifest_free(undo.newest);
    return ok;
}
