/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "catalog/frozen.h"
#include "intake/split.h"
#include "intake/state.h"

static as_split_count *again_count(as_split_result *result, const as_spec *spec, const char *label)
{
    int class = as_spec_class(spec, label);
    return &result->counts[class < 0 ? spec->n_classes : (size_t) class];
}

static void again_begin(as_split_result *result, const as_spec *spec)
{
    result->n_counts = spec->n_classes + 1;
    for (size_t c = 0; c < spec->n_classes; c++)
        result->counts[c].label = spec->classes[c].name;
    result->counts[spec->n_classes].label = "";
}

static bool again_freeze(as_manifest *manifest, as_err *err)
{
    size_t n = 0;
    if (as_frozen_count(manifest))
        return AS_FAIL(err, AS_EINVAL, "the test split is frozen already");
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        as_manifest_freeze(manifest, i, true);
        n += as_manifest_at(manifest, i)->is_frozen;
    }
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL, "there is no test split to freeze (make one with: assay data split)");
    return as_frozen_check(NULL, manifest, err) ||
           as_err_note(err, "the test leaks already (assay data split keeps together what belongs together)");
}

static bool again_thaw(as_manifest *manifest, const char *reason, as_err *err)
{
    if (as_frozen_count(manifest) == 0)
        return AS_FAIL(err, AS_EINVAL, "the test split is not frozen");
    if (!reason || !*reason)
        return AS_FAIL(err, AS_EINVAL, "say why, it is kept in the history: --reason TEXT");
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        as_manifest_freeze(manifest, i, false);
    return true;
}

static bool again_deal(as_manifest *manifest, const as_spec *spec, uint64_t seed, as_split_report *report, as_err *err)
{
    as_split_cfg cfg = {.seed = seed, .near = true};
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        as_manifest_set_split(manifest, i, AS_SPLIT_NONE);
    return as_split_manifest(manifest, spec, &cfg, report, err);
}

static void again_message(const as_split_change *change, const as_spec *spec, const as_split_result *result, char *ret,
                          size_t cap)
{
    if (change->what == AS_SPLIT_DEAL)
        snprintf(ret, cap, "split: %llu samples moved, by %s, seed %llu", (unsigned long long)result->n_moved,
                 spec->split_by == AS_SPLIT_BY_TIME ? "time" : "chance", (unsigned long long)change->seed);
    else if (change->what == AS_SPLIT_FREEZE)
        snprintf(ret, cap, "split: the test is frozen, %llu samples", (unsigned long long)result->report.n_frozen);
    else
        snprintf(ret, cap, "split: the test is no longer frozen: %.300s", change->reason ? change->reason : "");
}

static bool again_write(as_workspace *ws, const as_manifest *manifest, const as_commit *before,
                        const as_split_change *change, const char *message, as_split_result *result, as_err *err)
{
    as_commit commit = {
        .utc = as_clock_utc(), .n_parents = 1, .parents = {before->id}, .thaws = change->what == AS_SPLIT_THAW};
    as_str_copy(commit.message, sizeof commit.message, message);
    as_intake_author(commit.author, sizeof commit.author);
    if (!as_commit_write(ws, manifest, &commit, err))
        return false;
    result->commit = commit;
    result->written = true;
    return true;
}

static bool again_change(as_manifest *manifest, const as_spec *spec, const as_split_change *change,
                         as_split_result *result, as_err *err)
{
    size_t    n = as_manifest_count(manifest);
    as_split *was = calloc(n + 1, sizeof *was);
    if (!was)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    for (size_t i = 0; i < n; i++) {
        const as_sample *s = as_manifest_at(manifest, i);
        was[i] = s->split;
        again_count(result, spec, s->label)->before[s->split]++;
    }
    bool ok = change->what == AS_SPLIT_FREEZE ? again_freeze(manifest, err)
              : change->what == AS_SPLIT_THAW ? again_thaw(manifest, change->reason, err)
                                              : again_deal(manifest, spec, change->seed, &result->report, err);
    for (size_t i = 0; ok && i < n; i++) {
        const as_sample *s = as_manifest_at(manifest, i);
        result->n_moved += was[i] != s->split;
        again_count(result, spec, s->label)->after[s->split]++;
    }
    result->report.n_frozen = as_frozen_count(manifest);
    free(was);
    return ok;
}

bool as_split_newest(as_workspace *ws, const as_spec *spec, const as_split_change *change, as_split_result *ret,
                     as_err *err)
{
    as_split_result *result = calloc(1, sizeof *result);
    as_manifest     *manifest = NULL;
    char             message[512];
    bool             ok = (result || AS_FAIL(err, AS_ENOMEM, "not enough memory")) &&
              as_commit_find(ws, "main", &result->commit, err) &&
              (manifest = as_commit_manifest(ws, &result->commit, err)) != NULL;
    if (ok) {
        as_commit before = result->commit;
        again_begin(result, spec);
        ok = again_change(manifest, spec, change, result, err);
        again_message(change, spec, result, message, sizeof message);
        if (ok && !change->dry_run && (result->n_moved || change->what != AS_SPLIT_DEAL))
            ok = again_write(ws, manifest, &before, change, message, result, err);
    }
    if (ok)
        *ret = *result;
    as_manifest_free(manifest);
    free(result);
    return ok;
}
