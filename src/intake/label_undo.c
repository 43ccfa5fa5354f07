/* SPDX-License-Identifier: Apache-2.0 */
/* Undo and redo move along the steps that people took. A version that either of them wrote names the step whose labels it
 * has again, so the whole way stays in the history. */
#include <stdio.h>
#include <string.h>

#include "catalog/manifest.h"
#include "intake/label.h"
#include "intake/say.h"

#define UNDO_MAX_STEPS 100000

/* How many labels differ; false when there is more than labels and splits between the two. */
static bool undo_compare(const as_manifest *a, const as_manifest *b, uint64_t *ret_n)
{
    *ret_n = 0;
    if (as_manifest_count(a) != as_manifest_count(b))
        return false;
    for (size_t i = 0; i < as_manifest_count(a); i++) {
        const as_sample *x = as_manifest_at(a, i), *y = as_manifest_at(b, i);
        if (strcmp(x->name, y->name) != 0 || !as_digest_equal(&x->image, &y->image))
            return false;
        *ret_n += !as_labels_equal(x, y);
    }
    return true;
}

/* The step that a version stands for: itself, or that whose labels it restores. */
static bool undo_step_of(as_workspace *ws, as_commit *commit, as_err *err)
{
    for (size_t i = 0; as_commit_is_restoring(commit); i++) {
        as_digest id = commit->restores;
        if (i == UNDO_MAX_STEPS)
            return AS_FAIL(err, AS_EFORMAT, "the history of undone steps has no end");
        if (!as_commit_read(ws, &id, commit, err))
            return false;
    }
    return true;
}

static bool undo_before(as_workspace *ws, const as_commit *step, as_commit *ret, as_err *err)
{
    as_digest id = step->parents[0];
    return as_commit_read(ws, &id, ret, err) && undo_step_of(ws, ret, err);
}

static bool undo_write(as_workspace *ws, const as_commit *newest, const as_commit *step, const char *what,
                       as_label_result *ret, as_err *err)
{
    as_label_result result = {0};
    char            message[128], hex[AS_SHA256_HEX_BYTES];
    as_manifest    *a = as_commit_manifest(ws, newest, err), *b = a ? as_commit_manifest(ws, step, err) : NULL;
    bool            ok = b != NULL;
    if (ok && !undo_compare(a, b, &result.n_changed))
        ok = AS_FAIL(err, AS_EINVAL, "that step brought other pictures, not labels alone: nothing to %s", what);
    if (ok && result.n_changed == 0)
        ok = AS_FAIL(err, AS_EINVAL, "that step changed no label: nothing to %s", what);
    snprintf(message, sizeof message, "label: %s, %llu labels are those of %.12s", what,
             (unsigned long long)result.n_changed, as_digest_hex(&step->id, hex));
    ok = ok && as_say_commit(ws, NULL, b, 0, newest, &step->id, message, &result.commit, err);
    result.n_selected = result.n_changed;
    as_manifest_free(a);
    as_manifest_free(b);
    if (ok)
        *ret = result;
    return ok;
}

bool as_label_undo(as_workspace *ws, as_label_result *ret, as_err *err)
{
    as_commit newest, step, before;
    if (!as_commit_find(ws, "main", &newest, err))
        return false;
    step = newest;
    if (!undo_step_of(ws, &step, err))
        return false;
    if (step.n_parents != 1)
        return AS_FAIL(err, AS_EINVAL, "there is no version before this one: nothing to undo");
    return undo_before(ws, &step, &before, err) && undo_write(ws, &newest, &before, "undo", ret, err);
}

bool as_label_redo(as_workspace *ws, as_label_result *ret, as_err *err)
{
    as_commit newest, now, after, before;
    if (!as_commit_find(ws, "main", &newest, err))
        return false;
    now = after = newest;
    if (!undo_step_of(ws, &now, err))
        return false;
    /* Back over what undo and redo wrote: to the last step that somebody took. */
    for (size_t i = 0; i < UNDO_MAX_STEPS && as_commit_is_restoring(&after) && after.n_parents == 1; i++) {
        as_digest id = after.parents[0];
        if (!as_commit_read(ws, &id, &after, err))
            return false;
    }
    for (size_t i = 0; i < UNDO_MAX_STEPS && after.n_parents == 1 && !as_digest_equal(&after.id, &now.id); i++) {
        if (!undo_before(ws, &after, &before, err))
            return false;
        if (as_digest_equal(&before.id, &now.id))
            return undo_write(ws, &newest, &after, "redo", ret, err);
        after = before;
    }
    return AS_FAIL(err, AS_EINVAL, "nothing was undone last: nothing to redo");
}
