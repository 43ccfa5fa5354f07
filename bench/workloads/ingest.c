/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of small pictures into versioned storage: the store's part of it, against git with git-lfs. Each side makes a new
 * store on the same disk for each call, reads the same files and hashes them; ours is on the disk when it ends. */
#include "bench/picture.h"
#include "image/codec.h"

enum { INGEST_FILES = 400, INGEST_MOST = 1000000, INGEST_FILE_BYTES = 1 << 20 };

static bool ingest_open(void *priv, bench_about *about, as_err *err)
{
    bench_folder *folder = priv;
    size_t        n;
    if (!bench_size(INGEST_FILES, INGEST_MOST, &n, err) || !bench_folder_open(folder, n, about, err))
        return false;
    snprintf(
        about->note, sizeof about->note,
        "%zu JPEG files of %zu bytes, read, header looked at, hashed and stored; ours synced, git add not; `git init` "
        "is in no figure",
        n, folder->n_bytes / n);
    about->calls = 1;
    return true;
}

static bool ingest_file(as_store *store, const char *path, as_err *err)
{
    uint8_t      *bytes;
    size_t        n;
    as_digest     digest;
    as_codec_info info;
    if (!as_fs_read(path, INGEST_FILE_BYTES, &bytes, &n, err))
        return false;
    bool ok = as_codec_probe(bytes, n, &info, err) && as_store_put(store, bytes, n, &digest, NULL, err);
    free(bytes);
    return ok;
}

static bool ingest_ours(void *priv, size_t input, as_err *err)
{
    const bench_folder *folder = priv;
    char                path[AS_FS_PATH_BYTES];
    (void)input;
    if (!bench_folder_path(folder, "ours", path, err))
        return false;
    as_store *store = as_store_open(path, err);
    bool      ok = store != NULL;
    for (size_t i = 0; ok && i < folder->n; i++)
        ok = bench_folder_file(folder, i, path, err) && ingest_file(store, path, err);
    ok = ok && as_store_sync(store, err);
    as_store_close(store);
    return ok;
}

static bool ingest_before(void *priv, int side, as_err *err)
{
    return bench_folder_before(priv, side, err);
}

static bool ingest_peer(void *priv, size_t input, as_err *err)
{
    (void)input;
    return bench_folder_lfs(priv, false, err);
}

/* Both have every file under the same name: its SHA-256. */
static bool ingest_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    bench_folder *folder = priv;
    char          path[AS_FS_PATH_BYTES];
    if (!bench_folder_before(folder, BENCH_OURS, err) || !ingest_ours(folder, input, err) ||
        !bench_folder_before(folder, BENCH_PEER, err) || !bench_folder_lfs(folder, false, err) ||
        !bench_folder_path(folder, "ours", path, err))
        return false;
    as_store *store = as_store_open(path, err);
    bool      ok = store && bench_folder_missing(folder, store, ret_difference, err);
    as_store_close(store);
    return ok;
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
