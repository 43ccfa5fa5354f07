/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/picture.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "bench/child.h"
#include "image/codec.h"

enum { PICTURE_DISCS = 12, PICTURE_NOISE = 13 };

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
        return AS_FAIL(err, AS_EMISSING, "'%s %s' fails: install git-lfs (apt-get install git git-lfs)", argv[0],
                       argv[1]);
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

bool bench_folder_open(bench_folder *folder, size_t n, bench_about *about, as_err *err)
{
    static const char *const version[] = {"git", "lfs", "version", NULL};
    bench_child              child = {.pid = 0};
    folder->n = n;
    if (!bench_folder_begin(folder, err) || !folder_tool(folder->dir, version, err) ||
        !bench_child_init(&child, 8, err))
        return false;
    bool ok = bench_child_start(&child, version, err) && folder_write(folder, err);
    /* "git-lfs/3.3.0 (GitHub; linux amd64; go 1.19.8)" */
    if (ok && as_str_starts(child.line.s, "git-lfs/"))
        snprintf(about->peer, sizeof about->peer, "git-lfs %.*s", (int)strcspn(child.line.s + 8, " "),
                 child.line.s + 8);
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
    static const char *const make[][6] = {{"git", "init", "-q", ".", NULL},
                                          {"git", "lfs", "install", "--local", NULL},
                                          {"git", "lfs", "track", "*.jpg", NULL},
                                          {"cp", "-r", "../files", ".", NULL}};
    char                     path[AS_FS_PATH_BYTES];
    if (!bench_folder_path(folder, side == BENCH_OURS ? "ours" : "peer", path, err) || !as_fs_remove_tree(path, err) ||
        !as_fs_make_dirs(path, err))
        return false;
    for (size_t i = 0; side == BENCH_PEER && i < AS_COUNT(make); i++)
        if (!folder_tool(path, make[i], err))
            return false;
    sync();
    return true;
}

bool bench_folder_lfs(bench_folder *folder, bool commit, as_err *err)
{
    static const char *const add[] = {"git", "add", ".", NULL};
    static const char *const seal[] = {"git",    "-c",  "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0",
                                       "commit", "-qm", "one",         NULL};
    char                     path[AS_FS_PATH_BYTES];
    return bench_folder_path(folder, "peer", path, err) && folder_tool(path, add, err) &&
           (!commit || folder_tool(path, seal, err));
}

bool bench_folder_missing(const bench_folder *folder, as_store *store, double *ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES], name[160], hex[AS_SHA256_HEX_BYTES];
    *ret = 0;
    for (size_t i = 0; i < folder->n; i++) {
        as_digest_hex(&folder->digests[i], hex);
        snprintf(name, sizeof name, "peer/.git/lfs/objects/%.2s/%.2s/%s", hex, hex + 2, hex);
        if (!bench_folder_path(folder, name, path, err))
            return false;
        *ret += !as_store_has(store, &folder->digests[i]) + !as_fs_is_file(path);
    }
    return true;
}
