/* SPDX-License-Identifier: Apache-2.0 */
/* history.h - every version that something leads to: main, tags, any other ref, runs, and their parents.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread.
 * Memory:  a list of the commits' ids while it walks; an as_reach holds 32 bytes an object.
 */
#ifndef AS_CATALOG_HISTORY_H
#define AS_CATALOG_HISTORY_H

#include "base/progress.h"
#include "base/vec.h"
#include "catalog/commit.h"

/* Each once; children are not always before their parents. What a run alone names may have been dropped: it is passed
 * over. AS_ECORRUPT when a version that another or a ref names cannot be read. visit may be NULL in tests. */
AS_CHECK bool as_history_walk(as_workspace *ws, bool (*visit)(void *ctx, const as_commit *commit, as_err *err),
                              void *ctx, as_err *err);

typedef AS_VEC(as_digest) as_digest_list;

void as_digest_list_sort(as_digest_list *digests); /* and leaves each once */
bool as_digest_list_has(const as_digest_list *sorted, const as_digest *digest);

/* The objects that a version consists of, its pictures left out: the commit, manifest, labels and notes, or what stands for
 * them now. What keeps or copies versions asks here. */
AS_CHECK bool as_version_objects(as_workspace *ws, const as_commit                                    *commit,
                                 bool (*visit)(void *ctx, const as_digest *digest, as_err *err), void *ctx,
                                 as_err *err);

typedef struct as_reach {
    as_digest_list objects; /* sorted: commits, manifests, labels, notes, pictures, and what refs name besides */
    uint64_t       n_commits;
} as_reach;

/* All objects that something leads to. */
AS_CHECK bool as_reach_find(as_workspace *ws, const as_progress *progress, as_reach *ret, as_err *err);
void          as_reach_done(as_reach *reach);

#endif
