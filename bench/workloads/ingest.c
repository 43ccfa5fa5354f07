/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of small pictures into versioned storage: the store's part of it, against git with git-lfs. Each side makes a new
 * store on the same disk for each call, reads the same files and hashes them; ours is on the disk when it ends. */
#include "bench/picture.h"

enum { INGEST_FILES = 400, INGEST_MOST = 1000000 };

static bool ingest_open(void *priv, bench_about *about, as_err *err)
{
    bench_folder *folder = priv;
    size_t        n;
    if (!bench_size(INGEST_FILES, INGEST_MOST, &n, err) || !bench_folder_open(folder, n, BENCH_LFS, about, err))
        return false;
    snprintf(
        about->note, sizeof about->note,
        "%zu JPEG files of %zu bytes, read, header looked at, hashed and stored; ours synced, git add not; `git init` "
        "is in no figure",
        n, folder->n_bytes / n);
    about->calls = 1;
    return true;
}

static bool ingest_ours(void *priv, size_t input, as_err *err)
{
    (void)input;
    return bench_folder_store(priv, err);
}

static bool ingest_before(void *priv, int side, as_err *err)
{
    return bench_folder_before(priv, side, err);
}

static bool ingest_peer(void *priv, size_t input, as_err *err)
{
    (void)input;
    return bench_folder_peer(priv, false, err);
}

/* Both have every file under the same name: its SHA-256. */
static bool ingest_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    (void)input;
    return bench_folder_compare(priv, ret_difference, err);
}

static void ingest_close(void *priv)
{
    bench_folder_close(priv);
}

const bench_workload bench_ingest = {
    .id = "ingest",
    .summary = "small pictures read, hashed and stored, against git-lfs",
    .priv_size = sizeof(bench_folder),
    .open = ingest_open,
    .compare = ingest_compare,
    .before = ingest_before,
    .run = {[BENCH_OURS] = ingest_ours, [BENCH_PEER] = ingest_peer},
    .close = ingest_close,
};
