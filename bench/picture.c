/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/picture.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "bench/child.h"
#include "image/codec.h"

enum { PICTURE_DISCS = 12, PICTURE_NOISE = 13, FOLDER_FILE_BYTES = 1 << 20 };

static void picture_disc(as_image *image, as_rng *rng)
{
    const int      r = 2 + (int)as_rng_below(rng, 20);
    const int      cx = (int)as_rng_below(rng, image->width), cy = (int)as_rng_below(rng, image->height);
    const uint32_t level = (uint32_t)as_rng_below(rng, 255), n = as_pixel_bytes(image->pixel);
    for (int y = cy - r; y <= cy + r; y++)
        for (int x = cx - r; x <= cx + r; x++) {
            if (x < 0 || y < 0 || x >= (int)image->width || y >= (int)image->height ||
                (x - cx) * (x - cx) + (y - cy) * (y - cy) > r * r)
                continue;
            uint8_t *p = image->data + (size_t)y * image->stride_bytes + (size_t)x * n;
            for (uint32_t c = 0; c < n; c++)
                p[c] = (uint8_t)((p[c] + 3 * level) / 4);
        }
}

void bench_picture_draw(uint64_t seed, as_image *image)
{
    as_rng         rng = as_rng_new(seed);
    const double   across = as_rng_range(&rng, -0.2, 0.2), down = as_rng_range(&rng, -0.2, 0.2);
    const uint32_t n = as_pixel_bytes(image->pixel);
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++) {
            const double v = 114 + 30 * sin(across * x + down * y) + (double)as_rng_below(&rng, PICTURE_NOISE);
            for (uint32_t c = 0; c < n; c++)
                image->data[y * image->stride_bytes + x * n + c] = (uint8_t)(v + 5 * c);
        }
    for (int i = 0; i < PICTURE_DISCS; i++)
        picture_disc(image, &rng);
}

/* Runs a program in the folder; its output is nobody's. */
static bool folder_tool(const char *dir, const char *const *argv, as_err *err)
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
        return AS_FAIL(err, AS_EMISSING, "'%s %s' fails", argv[0], argv[1]);
    return true;
}

bool bench_folder_path(const bench_folder *folder, const char *name, char *path, as_err *err)
{
    return as_fs_join(path, folder->dir, name, err);
}

bool bench_folder_file(const bench_folder *folder, size_t i, char *path, as_err *err)
{
    char name[48];
    snprintf(name, sizeof name, "files/%s/%06zu.jpg", i % 4 ? "good" : "bad", i);
    return bench_folder_path(folder, name, path, err);
}

static bool folder_write(bench_folder *folder, as_err *err)
{
    static const char *const classes[] = {"files/good", "files/bad"};
    char                     path[AS_FS_PATH_BYTES];
    as_image                 image;
    as_str                   file;
    as_str_init(&file);
    folder->digests = calloc(folder->n, sizeof *folder->digests);
    if (!folder->digests)
        return AS_FAIL(err, AS_ENOMEM, "no memory for %zu hashes", folder->n);
    for (size_t i = 0; i < AS_COUNT(classes); i++)
        if (!bench_folder_path(folder, classes[i], path, err) || !as_fs_make_dirs(path, err))
            return false;
    bool ok = as_image_new(&image, AS_PIXEL_RGB8, BENCH_PICTURE_SIDE, BENCH_PICTURE_SIDE, err);
    for (size_t i = 0; ok && i < folder->n; i++) {
        as_str_clear(&file);
        bench_picture_draw(77 + i, &image);
        ok = as_codec_encode_jpeg(&image, BENCH_PICTURE_QUALITY, &file, err) &&
             bench_folder_file(folder, i, path, err) && as_fs_write_fast(path, file.s, file.len, err);
        if (ok)
            folder->digests[i] = as_sha256_of(file.s, file.len);
        folder->n_bytes += file.len;
    }
    as_image_done(&image);
    as_str_done(&file);
    return ok;
}

bool bench_folder_begin(bench_folder *folder, as_err *err)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder->dir, sizeof folder->dir, "%.200s/assay-bench-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(folder->dir))
        return true;
    folder->dir[0] = '\0';
    return AS_FAIL(err, AS_EIO, "no temporary folder");
}

/* How a keeper is asked who it is, how a repository of its own is made, and how files go into it. */
typedef struct folder_keeper {
    const char *version[5], *mark; /* mark: what stands before the version in its answer */
    const char *name, *make[5][6], *add[6];
} folder_keeper;

static const folder_keeper folder_keepers[] = {
    [BENCH_LFS] = {.version = {"git", "lfs", "version", NULL},
                   .mark = "git-lfs/", /* "git-lfs/3.3.0 (GitHub; linux amd64; go 1.19.8)" */
                   .name = "git-lfs",
                   .make = {{"git", "init", "-q", ".", NULL},
                            {"git", "lfs", "install", "--local", NULL},
                            {"git", "lfs", "track", "*.jpg", NULL},
                            {"cp", "-r", "../files", ".", NULL}},
                   .add = {"git", "add", ".", NULL}},
    [BENCH_ANNEX] = {.version = {"git", "annex", "version", NULL},
                     .mark = "git-annex version: ",
                     .name = "git-annex",
                     .make = {{"git", "init", "-q", ".", NULL},
                              {"git", "config", "user.name", "a", NULL},
                              {"git", "config", "user.email", "a@b", NULL},
                              {"git", "annex", "init", "--quiet", NULL},
                              {"cp", "-r", "../files", ".", NULL}},
                     .add = {"git", "annex", "add", "--quiet", ".", NULL}},
};

bool bench_folder_open(bench_folder *folder, size_t n, bench_keeper keeper, bench_about *about, as_err *err)
{
    const folder_keeper *k = &folder_keepers[keeper];
    bench_child          child = {.pid = 0};
    folder->n = n;
    folder->keeper = keeper;
    if (!bench_folder_begin(folder, err) || !folder_tool(folder->dir, k->version, err))
        return as_err_note(err, "%s is not here (apt-get install git %s)", k->name, k->name);
    if (!bench_child_init(&child, 8, err))
        return false;
    bool ok = bench_child_start(&child, k->version, err) && folder_write(folder, err);
    if (ok && as_str_starts(child.line.s, k->mark)) {
        const char *version = child.line.s + strlen(k->mark);
        snprintf(about->peer, sizeof about->peer, "%s %.*s", k->name, (int)strcspn(version, " \n"), version);
    }
    bench_child_stop(&child);
    about->n_inputs = 1;
    return ok;
}

void bench_folder_close(bench_folder *folder)
{
    free(folder->digests);
    if (folder->dir[0] && !as_fs_remove_tree(folder->dir, NULL))
        fprintf(stderr, "'%s' could not be removed\n", folder->dir);
}

bool bench_folder_before(bench_folder *folder, int side, as_err *err)
{
    const folder_keeper *k = &folder_keepers[folder->keeper];
    char                 path[AS_FS_PATH_BYTES];
    if (!bench_folder_path(folder, side == BENCH_OURS ? "ours" : "peer", path, err))
        return false;
    /* git-annex lets nobody write where its objects are. */
    if (as_fs_is_dir(path) && side == BENCH_PEER &&
        !folder_tool(path, (const char *[]){"chmod", "-R", "u+w", ".", NULL}, err))
        return false;
    if (!as_fs_remove_tree(path, err) || !as_fs_make_dirs(path, err))
        return false;
    for (size_t i = 0; side == BENCH_PEER && i < AS_COUNT(k->make) && k->make[i][0]; i++)
        if (!folder_tool(path, k->make[i], err))
            return false;
    sync();
    return true;
}

bool bench_folder_peer(bench_folder *folder, bool commit, as_err *err)
{
    static const char *const seal[] = {"git",    "-c",  "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0",
                                       "commit", "-qm", "one",         NULL};
    char                     path[AS_FS_PATH_BYTES];
    return bench_folder_path(folder, "peer", path, err) && folder_tool(path, folder_keepers[folder->keeper].add, err) &&
           (!commit || folder_tool(path, seal, err));
}

static bool folder_store_file(as_store *store, const char *path, as_err *err)
{
    uint8_t      *bytes;
    size_t        n;
    as_digest     digest;
    as_codec_info info;
    if (!as_fs_read(path, FOLDER_FILE_BYTES, &bytes, &n, err))
        return false;
    bool ok = as_codec_probe(bytes, n, &info, err) && as_store_put(store, bytes, n, &digest, NULL, err);
    free(bytes);
    return ok;
}

bool bench_folder_store(bench_folder *folder, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!bench_folder_path(folder, "ours", path, err))
        return false;
    as_store *store = as_store_open(path, err);
    bool      ok = store != NULL;
    for (size_t i = 0; ok && i < folder->n; i++)
        ok = bench_folder_file(folder, i, path, err) && folder_store_file(store, path, err);
    ok = ok && as_store_sync(store, err);
    as_store_close(store);
    return ok;
}

/* By the file's own SHA-256, which is in the name of what either keeps. */
static bool folder_peer_has(const bench_folder *folder, size_t i, const char *hex, bool *ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES], name[160], link[512];
    if (folder->keeper == BENCH_LFS) {
        snprintf(name, sizeof name, "peer/.git/lfs/objects/%.2s/%.2s/%s", hex, hex + 2, hex);
        *ret = bench_folder_path(folder, name, path, err) && as_fs_is_file(path);
        return true;
    }
    snprintf(name, sizeof name, "peer/files/%s/%06zu.jpg", i % 4 ? "good" : "bad", i);
    if (!bench_folder_path(folder, name, path, err))
        return false;
    const ssize_t n = readlink(path, link, sizeof link - 1);
    link[n > 0 ? n : 0] = '\0';
    *ret = strstr(link, hex) && access(path, R_OK) == 0;
    return true;
}

bool bench_folder_missing(const bench_folder *folder, as_store *store, double *ret, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    *ret = 0;
    for (size_t i = 0; i < folder->n; i++) {
        bool has = false;
        if (!folder_peer_has(folder, i, as_digest_hex(&folder->digests[i], hex), &has, err))
            return false;
        *ret += !as_store_has(store, &folder->digests[i]) + !has;
    }
    return true;
}

bool bench_folder_compare(bench_folder *folder, double *ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!bench_folder_before(folder, BENCH_OURS, err) || !bench_folder_store(folder, err) ||
        !bench_folder_before(folder, BENCH_PEER, err) || !bench_folder_peer(folder, false, err) ||
        !bench_folder_path(folder, "ours", path, err))
        return false;
    as_store *store = as_store_open(path, err);
    bool      ok = store && bench_folder_missing(folder, store, ret, err);
    as_store_close(store);
    return ok;
}
