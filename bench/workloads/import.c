/* SPDX-License-Identifier: Apache-2.0 */
/* What `assay import` does with a folder of small pictures: decode, all checks, duplicates and near pictures, split, commit;
 * against `git add` and `git commit` with git-lfs, which look at no picture. Both may use all processors. */
#include "intake/import.h"
#include "bench/machine.h"
#include "bench/picture.h"

enum { IMPORT_FILES = 400, IMPORT_MOST = 1000000 };

static const char import_spec[] =
    "assay: 1\nline: bench\ngoal: nothing bad passes\ntask: classify\nclasses: {good: pass, bad: reject}\n"
    "requirements:\n  - {id: R1, text: bad parts are caught, measure: recall, of: reject, at_least: 0.8}\n"
    "intake: {levels: {near: warn}}\n";

static bool import_open(void *priv, bench_about *about, as_err *err)
{
    bench_folder *folder = priv;
    size_t        n;
    if (!bench_size(IMPORT_FILES, IMPORT_MOST, &n, err) || !bench_folder_open(folder, n, BENCH_LFS, about, err) ||
        !bench_machine_unpin(err))
        return false;
    snprintf(about->note, sizeof about->note,
             "%zu JPEG files of %zu bytes, %ux%u in colour: hashed, decoded, all checks, duplicates, near ones, split, "
             "committed; ours synced, git not; `git init` is in no figure",
             n, folder->n_bytes / n, BENCH_PICTURE_SIDE, BENCH_PICTURE_SIDE);
    about->calls = 1;
    about->all_processors = true;
    return true;
}

static bool import_take(const bench_folder *folder, as_workspace *ws, as_err *err)
{
    char          files[AS_FS_PATH_BYTES];
    as_commit     commit;
    as_import_cfg cfg = {.folder = files, .format = "folders"};
    as_spec      *spec = bench_folder_path(folder, "files", files, err) ? as_spec_load(ws->spec_path, err) : NULL;
    as_intake    *intake = spec ? as_intake_open(ws, spec, err) : NULL;
    bool          ok = intake && as_import_folder(intake, spec, &cfg, NULL, err) && as_intake_split(intake, 1, err) &&
              as_intake_commit(intake, "bench", &commit, err);
    if (ok && commit.n_samples != folder->n)
        ok = AS_FAIL(err, AS_EINTERNAL, "%zu of %zu pictures were kept", (size_t)commit.n_samples, folder->n);
    as_intake_close(intake);
    as_spec_free(spec);
    return ok;
}

static bool import_ours(void *priv, size_t input, as_err *err)
{
    const bench_folder *folder = priv;
    char                path[AS_FS_PATH_BYTES], spec[AS_FS_PATH_BYTES];
    (void)input;
    if (!bench_folder_path(folder, "ours", path, err) || !as_fs_join(spec, path, "assay.yaml", err) ||
        !as_fs_write_fast(spec, import_spec, sizeof import_spec - 1, err))
        return false;
    as_workspace *ws = as_workspace_open(path, AS_WORKSPACE_WRITE, err);
    bool          ok = ws && import_take(folder, ws, err);
    as_workspace_close(ws);
    return ok;
}

static bool import_before(void *priv, int side, as_err *err)
{
    return bench_folder_before(priv, side, err);
}

static bool import_peer(void *priv, size_t input, as_err *err)
{
    (void)input;
    return bench_folder_peer(priv, true, err);
}

/* Both have every file under the same name: its SHA-256. */
static bool import_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    bench_folder *folder = priv;
    char          path[AS_FS_PATH_BYTES];
    if (!bench_folder_before(folder, BENCH_OURS, err) || !import_ours(folder, input, err) ||
        !bench_folder_before(folder, BENCH_PEER, err) || !bench_folder_peer(folder, true, err) ||
        !bench_folder_path(folder, "ours", path, err))
        return false;
    as_workspace *ws = as_workspace_open(path, AS_WORKSPACE_READ, err);
    bool          ok = ws && bench_folder_missing(folder, ws->store, ret_difference, err);
    as_workspace_close(ws);
    return ok;
}

static void import_close(void *priv)
{
    bench_folder_close(priv);
}

const bench_workload bench_import = {
    .id = "import",
    .summary = "small pictures decoded, checked, stored and committed, against git-lfs",
    .priv_size = sizeof(bench_folder),
    .open = import_open,
    .compare = import_compare,
    .before = import_before,
    .run = {[BENCH_OURS] = import_ours, [BENCH_PEER] = import_peer},
    .close = import_close,
};
