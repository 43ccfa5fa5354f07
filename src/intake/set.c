/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "intake/near.h"

#define X(name) extern const as_set_check as_set_check_##name;
#include "intake/set_list.inc"
#undef X

static const as_set_check *const set_checks[] = {
#define X(name) &as_set_check_##name,
#include "intake/set_list.inc"
#undef X
};

const as_set_check *as_set_check_at(size_t i)
{
    return i < AS_COUNT(set_checks) ? set_checks[i] : NULL;
}

as_set_finding *as_set_report_add(as_set_report *report, const as_set_check *check, as_check_level level)
{
    bool            full = report->n == AS_SET_MAX_FINDINGS - 1; /* the last one is the spare */
    as_set_finding *finding = &report->at[report->n];
    if (full)
        report->n_left_out++;
    else
        report->n++;
    *finding = (as_set_finding){.check = check->name, .level = level, .value = NAN, .limit = NAN};
    return finding;
}

/* NULL when memory ran out. */
static as_manifest *set_labelled(const as_manifest *manifest, as_err *err)
{
    as_manifest *labelled = as_manifest_new(err);
    for (size_t i = 0; labelled && i < as_manifest_count(manifest); i++)
        if (as_set_is_labelled(as_manifest_at(manifest, i)) &&
            !as_manifest_add(labelled, as_manifest_at(manifest, i), err))
            labelled = as_manifest_free(labelled);
    return labelled;
}

bool as_set_is_labelled(const as_sample *sample)
{
    return *sample->label && sample->state != AS_LABEL_PROPOSED;
}

static bool set_run(as_set set, as_set_report *ret, as_err *err)
{
    const as_manifest *manifest = set.manifest;
    as_near_pairs      pairs = {.n = 0};
    set.pairs = &pairs;
    bool all = true;
    for (size_t i = 0; all && i < as_manifest_count(manifest); i++)
        all = as_set_is_labelled(as_manifest_at(manifest, i));
    as_manifest *labelled = all ? NULL : set_labelled(manifest, err);
    set.labelled = all ? manifest : labelled;
    bool ok = set.labelled && as_near_find(manifest, &pairs, err);
    *ret = (as_set_report){.n = 0};
    for (size_t i = 0; ok && i < AS_COUNT(set_checks); i++)
        ok = set_checks[i]->run(&set, ret, err);
    as_near_done(&pairs);
    as_manifest_free(labelled);
    return ok || as_err_note(err, "cannot check the version as a whole");
}

size_t as_set_report_count(const as_set_report *report, as_check_level level)
{
    size_t n = 0;
    for (size_t i = 0; i < report->n; i++)
        n += report->at[i].level == level;
    return n;
}

json_t *as_set_report_json(const as_set_report *report)
{
    static const char *const levels[] = {"", "ok", "warn", "quarantine"};
    json_t                  *list = json_array();
    for (size_t i = 0; list && i < report->n; i++) {
        const as_set_finding *f = &report->at[i];
        json_t               *one = json_object();
        bool                  ok = as_json_set(one, "check", json_string(f->check));
        ok = as_json_set(one, "level", json_string(levels[f->level])) && ok;
        ok = as_json_set(one, "text", json_string(f->text)) && ok;
        ok = as_json_set(one, "remedy", json_string(f->remedy)) && ok;
        ok = as_json_set(one, "value", as_json_number(f->value)) && ok;
        ok = as_json_set(one, "limit", as_json_number(f->limit)) && ok;
        ok = as_json_set(one, "n", json_integer((json_int_t)f->n)) && ok;
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

bool as_set_run(const as_spec *spec, const as_manifest *manifest, as_set_report *ret, as_err *err)
{
    return set_run((as_set){.spec = spec, .manifest = manifest}, ret, err);
}

bool as_set_run_commit(as_workspace *ws, const as_spec *spec, const as_commit *commit, as_set_report *ret, as_err *err)
{
    as_manifest *manifest = as_commit_manifest(ws, commit, err);
    bool ok = manifest && set_run((as_set){.spec = spec, .manifest = manifest, .ws = ws, .commit = commit}, ret, err);
    as_manifest_free(manifest);
    return ok;
}
