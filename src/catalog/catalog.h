/* SPDX-License-Identifier: Apache-2.0 */
/* catalog.h - an SQLite index over the store, so that questions about samples and runs need no scan. Always rebuildable.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread a catalog; several programs may read while one writes (WAL).
 * Memory:  as_catalog_close frees; rows passed to visit() live during the call only.
 */
#ifndef AS_CATALOG_CATALOG_H
#define AS_CATALOG_CATALOG_H

#include "catalog/commit.h"
#include "catalog/query.h"

typedef struct as_catalog as_catalog;

/* .assay/catalog.db; a damaged or older one is made anew. */
AS_CHECK as_catalog *as_catalog_open(as_workspace *ws, as_err *err);
as_catalog          *as_catalog_close(as_catalog *catalog);

/* Makes sure the commit's samples are in the index (does nothing when they are). */
AS_CHECK bool as_catalog_index(as_catalog *catalog, const as_commit *commit, as_err *err);

typedef struct as_sample_query {
    as_digest       commit;
    const char     *label, *camera, *name_like; /* NULL: any; name_like with * and ? */
    as_split        split;                      /* AS_SPLIT_NONE: any */
    const as_query *where;                      /* NULL: any */
    const char     *sort;                       /* NULL: name; or a field of query.def that is no flag */
    bool            descending;
    uint64_t        offset, limit; /* limit 0: no limit */
} as_sample_query;

/* What visit gets has no findings; n_findings says how many there are. */
AS_CHECK bool as_catalog_samples(as_catalog *catalog, const as_sample_query              *query,
                                 bool (*visit)(void *ctx, const as_sample *sample), void *ctx, as_err *err);

/* Which of n samples, of no version, meet a query: into ret_met[n]. No catalog is needed; names may be there twice. */
AS_CHECK bool as_catalog_match(const as_query *where, const as_sample *const *samples, size_t n, bool *ret_met,
                               as_err *err);

/* Samples of a commit by class and split. */
typedef struct as_class_count {
    char     label[256];
    uint64_t n[AS_SPLIT_COUNT];
} as_class_count;

AS_CHECK bool as_catalog_counts(as_catalog *catalog, const as_digest *commit, as_class_count *ret, size_t cap,
                                size_t *ret_n, as_err *err);

/* Whether what is indexed of a commit is what its manifest says, and the file is sound. True for a commit that is not
 * indexed. A page of SQLite's has no checksum: only this finds a bit that fell over in one. */
AS_CHECK bool as_catalog_agrees(as_catalog *catalog, const as_commit *commit, const as_manifest *manifest, bool *ret,
                                as_err *err);

#endif
