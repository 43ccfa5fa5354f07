/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "catalog/manifest.h"
#include "intake/label.h"

#define LABEL_MAX_STEPS 100000

/* What is remembered of a step, until it is known that the one before it said something else. */
typedef struct label_step {
    as_commit    commit;
    as_manifest *manifest;
} label_step;

static bool label_same(const as_sample *a, const as_sample *b)
{
    return a && b && as_labels_equal(a, b);
}

bool as_label_history(as_workspace *ws, const char                                                     *name,
                      void (*visit)(void *ctx, const as_commit *commit, const as_sample *sample), void *ctx,
                      as_err *err)
{
    label_step now = {0}, before = {0};
    uint64_t   n_seen = 0;
    bool       ok = as_commit_find(ws, "main", &now.commit, err);
    ok = ok && (now.manifest = as_commit_manifest(ws, &now.commit, err)) != NULL;
    for (size_t i = 0; ok && i < LABEL_MAX_STEPS; i++) {
        bool has_parent = now.commit.n_parents > 0;
        if (has_parent) {
            ok = as_commit_read(ws, &now.commit.parents[0], &before.commit, err) &&
                 (before.manifest = as_commit_manifest(ws, &before.commit, err)) != NULL;
            if (!ok)
                break;
        }
        const as_sample *mine = as_manifest_find(now.manifest, name);
        const as_sample *older = has_parent ? as_manifest_find(before.manifest, name) : NULL;
        if (mine && !label_same(mine, older)) {
            visit(ctx, &now.commit, mine);
            n_seen++;
        }
        as_manifest_free(now.manifest);
        now = before;
        before = (label_step){0};
        if (!has_parent)
            break;
    }
    as_manifest_free(now.manifest);
    return ok && (n_seen || AS_FAIL(err, AS_ENOTFOUND, "no version has a sample called '%.200s'", name));
}
