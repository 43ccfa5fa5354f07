/* SPDX-License-Identifier: Apache-2.0 */
/* As `ingest`, against git-annex: it hashes the same files, moves them to where it keeps them and leaves links. */
#include "bench/picture.h"

enum { ANNEX_FILES = 400, ANNEX_MOST = 1000000 };

static bool annex_open(void *priv, bench_about *about, as_err *err)
{
    bench_folder *folder = priv;
    size_t        n;
    if (!bench_size(ANNEX_FILES, ANNEX_MOST, &n, err) || !bench_folder_open(folder, n, BENCH_ANNEX, about, err))
        return false;
    snprintf(about->note, sizeof about->note,
             "%zu JPEG files of %zu bytes, read, header looked at, hashed and stored; ours synced, git annex add not; "
             "`git init` "
             "is in no figure",
             n, folder->n_bytes / n);
    about->calls = 1;
    return true;
}

static bool annex_ours(void *priv, size_t input, as_err *err)
{
    (void)input;
    return bench_folder_store(priv, err);
}

static bool annex_before(void *priv, int side, as_err *err)
{
    return bench_folder_before(priv, side, err);
}

static bool annex_peer(void *priv, size_t input, as_err *err)
{
    (void)input;
    return bench_folder_peer(priv, false, err);
}

/* Both have every file under the same name: its SHA-256. */
static bool annex_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    (void)input;
    return bench_folder_compare(priv, ret_difference, err);
}

static void annex_close(void *priv)
{
    bench_folder_close(priv);
}

const bench_workload bench_annex = {
    .id = "annex",
    .summary = "small pictures read, hashed and stored, against git-annex",
    .priv_size = sizeof(bench_folder),
    .open = annex_open,
    .compare = annex_compare,
    .before = annex_before,
    .run = {[BENCH_OURS] = annex_ours, [BENCH_PEER] = annex_peer},
    .close = annex_close,
};
