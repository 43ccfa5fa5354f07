/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of small pictures into versioned storage: the store's part of it, against git with git-lfs. Each side makes a new
 * store on the same disk for each call, reads the same files and hashes them; ours is on the disk when it ends. */
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/rng.h"
#include "bench/child.h"
#include "store/store.h"

enum { N_FILES = 400, FILE_BYTES = 8192 };

typedef struct ingest {
    char      dir[AS_FS_PATH_BYTES]; /* "" until it is made */
    as_digest digests[N_FILES];
} ingest;

/* Runs a program in the folder; its output is nobody's. */
static bool ingest_tool(const char *dir, const char *const *argv, as_err *err)
{
    int   status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(dir) != 0 || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(127);
        /* What the user has set must not change what is measured. */
        setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
        setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return AS_FAIL(err, AS_EMISSING, "'%s %s' fails: install git-lfs (apt-get install git git-lfs)", argv[0],
                       argv[1]);
    return true;
}

static bool ingest_path(const ingest *w, const char *name, char *path, as_err *err)
{
    return as_fs_join(path, w->dir, name, err);
}

static bool ingest_write_files(ingest *w, as_err *err)
{
    static uint8_t bytes[FILE_BYTES];
    char           path[AS_FS_PATH_BYTES], name[32];
    if (!ingest_path(w, "files", path, err) || !as_fs_make_dirs(path, err))
        return false;
    for (unsigned i = 0; i < N_FILES; i++) {
        as_rng rng = as_rng_stream(77, i);
        for (size_t at = 0; at < FILE_BYTES; at += 8) {
            uint64_t word = as_rng_u64(&rng);
            memcpy(bytes + at, &word, sizeof word);
        }
        w->digests[i] = as_sha256_of(bytes, sizeof bytes);
        snprintf(name, sizeof name, "files/%05u.png", i);
        if (!ingest_path(w, name, path, err) || !as_fs_write_fast(path, bytes, sizeof bytes, err))
            return false;
    }
    return true;
}

static bool ingest_open(void *priv, bench_about *about, as_err *err)
{
    static const char *const version[] = {"git", "lfs", "version", NULL};
    ingest                  *w = priv;
    const char              *base = getenv("TMPDIR");
    bench_child              child = {.pid = 0};
    snprintf(w->dir, sizeof w->dir, "%.200s/assay-ingest-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(w->dir)) {
        w->dir[0] = '\0';
        return AS_FAIL(err, AS_EIO, "no temporary folder");
    }
    if (!ingest_tool(w->dir, version, err) || !bench_child_init(&child, 8, err))
        return false;
    bool ok = bench_child_start(&child, version, err) && ingest_write_files(w, err);
    /* "git-lfs/3.3.0 (GitHub; linux amd64; go 1.19.8)" */
    if (ok && as_str_starts(child.line.s, "git-lfs/"))
        snprintf(about->peer, sizeof about->peer, "git-lfs %.*s", (int)strcspn(child.line.s + 8, " "),
                 child.line.s + 8);
    bench_child_stop(&child);
    snprintf(about->note, sizeof about->note,
             "%d files of %d bytes, read, hashed and stored; ours synced, git add not; `git init` is in no figure",
             N_FILES, FILE_BYTES);
    about->n_inputs = 1;
    return ok;
}

static bool ingest_ours(void *priv, size_t input, as_err *err)
{
    const ingest *w = priv;
    char          path[AS_FS_PATH_BYTES], name[32];
    (void)input;
    if (!ingest_path(w, "ours", path, err) || !as_fs_remove_tree(path, err))
        return false;
    as_store *store = as_store_open(path, err);
    bool      ok = store != NULL;
    for (unsigned i = 0; ok && i < N_FILES; i++) {
        uint8_t  *bytes;
        size_t    n;
        as_digest digest;
        snprintf(name, sizeof name, "files/%05u.png", i);
        ok = ingest_path(w, name, path, err) && as_fs_read(path, FILE_BYTES, &bytes, &n, err);
        if (ok) {
            ok = as_store_put(store, bytes, n, &digest, NULL, err);
            free(bytes);
        }
    }
    ok = ok && as_store_sync(store, err);
    as_store_close(store);
    return ok;
}

static bool ingest_peer(ingest *w, double *ret_ns, as_err *err)
{
    static const char *const before[][6] = {{"git", "init", "-q", ".", NULL},
                                            {"git", "lfs", "install", "--local", NULL},
                                            {"git", "lfs", "track", "*.png", NULL},
                                            {"cp", "-r", "../files", ".", NULL}};
    static const char *const add[] = {"git", "add", ".", NULL};
    char                     path[AS_FS_PATH_BYTES];
    if (!ingest_path(w, "peer", path, err) || !as_fs_remove_tree(path, err) || !as_fs_make_dirs(path, err))
        return false;
    for (size_t i = 0; i < AS_COUNT(before); i++)
        if (!ingest_tool(path, before[i], err))
            return false;
    as_ns start = as_clock_mono();
    if (!ingest_tool(path, add, err))
        return false;
    *ret_ns = (double)(as_clock_mono() - start);
    return true;
}

static bool ingest_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    (void)first;
    for (size_t i = 0; i < n; i++)
        if (!ingest_peer(priv, &ret_ns[i], err))
            return false;
    return true;
}

/* Both have every file under the same name: its SHA-256. */
static bool ingest_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    ingest *w = priv;
    double  ns, n_missing = 0.0;
    char    path[AS_FS_PATH_BYTES], name[160], hex[AS_SHA256_HEX_BYTES];
    if (!ingest_ours(w, input, err) || !ingest_peer(w, &ns, err) || !ingest_path(w, "ours", path, err))
        return false;
    as_store *store = as_store_open(path, err);
    bool      ok = store != NULL;
    for (unsigned i = 0; ok && i < N_FILES; i++) {
        as_digest_hex(&w->digests[i], hex);
        snprintf(name, sizeof name, "peer/.git/lfs/objects/%.2s/%.2s/%s", hex, hex + 2, hex);
        ok = ingest_path(w, name, path, err);
        n_missing += !as_store_has(store, &w->digests[i]) + !as_fs_is_file(path);
    }
    as_store_close(store);
    *ret_difference = n_missing;
    return ok;
}

static void ingest_close(void *priv)
{
    ingest *w = priv;
    if (w->dir[0] && !as_fs_remove_tree(w->dir, NULL))
        fprintf(stderr, "'%s' could not be removed\n", w->dir);
}

const bench_workload bench_ingest = {
    .id = "ingest",
    .summary = "400 small files read, hashed and stored, against git-lfs",
    .priv_size = sizeof(ingest),
    .open = ingest_open,
    .compare = ingest_compare,
    .run = {[BENCH_OURS] = ingest_ours},
    .peer_block = ingest_peer_block,
    .close = ingest_close,
};
