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

typedef struct bench_folder {
    char       dir[AS_FS_PATH_BYTES]; /* "" until it is made; pictures lie in dir/files/good and dir/files/bad */
    size_t     n, n_bytes;
    as_digest *digests;
} bench_folder;

/* The temporary folder alone. */
AS_CHECK bool bench_folder_begin(bench_folder *folder, as_err *err);
/* n JPEG pictures, and the peer's version. AS_EMISSING without git-lfs. */
AS_CHECK bool bench_folder_open(bench_folder *folder, size_t n, bench_about *about, as_err *err);
void          bench_folder_close(bench_folder *folder);

AS_CHECK bool bench_folder_path(const bench_folder *folder, const char *name, char *path, as_err *err);
AS_CHECK bool bench_folder_file(const bench_folder *folder, size_t i, char *path, as_err *err);

/* An empty folder `ours`, or a new repository `peer` with a copy of the files; all that anybody wrote is on the disk then, so
 * that neither side waits for the other's bytes. */
AS_CHECK bool bench_folder_before(bench_folder *folder, int side, as_err *err);

/* `git add`, and with commit `git commit`, in that repository; git packs nothing in the background. */
AS_CHECK bool bench_folder_lfs(bench_folder *folder, bool commit, as_err *err);

/* How many pictures the store or the repository does not have. */
AS_CHECK bool bench_folder_missing(const bench_folder *folder, as_store *store, double *ret, as_err *err);

#endif
