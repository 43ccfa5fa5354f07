/* SPDX-License-Identifier: Apache-2.0 */
/* picture.h - small pictures that are drawn here, from a seed, and a folder of them beside git with git-lfs.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_folder_close removes the temporary folder; a zeroed or half-opened bench_folder is fine.
 */
#ifndef BENCH_PICTURE_H
#define BENCH_PICTURE_H

#include "base/fs.h"
#include "base/hash.h"
#include "bench/harness.h"
#include "image/frame.h"
#include "store/store.h"

#define BENCH_PICTURE_SIDE    128u /* pixels, in colour */
#define BENCH_PICTURE_QUALITY 96   /* of JPEG: files of 8 KiB */

/* A shaded plane with discs of all sizes, and a sensor's noise. */
void bench_picture_draw(uint64_t seed, as_image *image);

/* What keeps large files beside git. */
typedef enum bench_keeper { BENCH_LFS, BENCH_ANNEX } bench_keeper;

typedef struct bench_folder {
    char         dir[AS_FS_PATH_BYTES]; /* "" until it is made; pictures lie in dir/files/good and dir/files/bad */
    size_t       n, n_bytes;
    as_digest   *digests;
    bench_keeper keeper; /* whose repository `peer` is */
} bench_folder;

/* The temporary folder alone. */
AS_CHECK bool bench_folder_begin(bench_folder *folder, as_err *err);
/* n JPEG pictures, and the keeper's version. AS_EMISSING without it. */
AS_CHECK bool bench_folder_open(bench_folder *folder, size_t n, bench_keeper keeper, bench_about *about, as_err *err);
void          bench_folder_close(bench_folder *folder);

AS_CHECK bool bench_folder_path(const bench_folder *folder, const char *name, char *path, as_err *err);
AS_CHECK bool bench_folder_file(const bench_folder *folder, size_t i, char *path, as_err *err);

/* An empty folder `ours`, or a new repository `peer` with a copy of the files; all that anybody wrote is on the disk then, so
 * that neither side waits for the other's bytes. */
AS_CHECK bool bench_folder_before(bench_folder *folder, int side, as_err *err);

/* All files into that repository, and with commit `git commit`; git packs nothing in the background. */
AS_CHECK bool bench_folder_peer(bench_folder *folder, bool commit, as_err *err);

/* All files into a store in `ours`: read, header looked at, hashed, on the disk. */
AS_CHECK bool bench_folder_store(bench_folder *folder, as_err *err);

/* The largest difference for who does that: pictures that the store or the repository has not, after both have begun anew. */
AS_CHECK bool bench_folder_compare(bench_folder *folder, double *ret, as_err *err);

/* How many pictures the store or the repository does not have. */
AS_CHECK bool bench_folder_missing(const bench_folder *folder, as_store *store, double *ret, as_err *err);

#endif
