/* SPDX-License-Identifier: Apache-2.0 */
/* Does a picture cost more where there are many? BENCH_SIZE pictures taken into one version, against as many taken into
 * versions of a thousand: 1 is flat. They are made on the spot and given to the library, not read from the disk. */
#include <math.h>
#include <sys/resource.h>

#include "bench/picture.h"
#include "build_config.h"
#include "image/codec.h"
#include "intake/intake.h"

enum { SCALE_PICTURES = 4000, SCALE_MOST = 10000000, SCALE_SMALL = 1000, SCALE_KINDS = 32, SCALE_NAME_BYTES = 32 };

static const char scale_spec[] =
    "assay: 1\nline: bench\ngoal: nothing bad passes\ntask: classify\nclasses: {good: pass, bad: reject}\n"
    "requirements:\n  - {id: R1, text: bad parts are caught, measure: recall, of: reject, at_least: 0.8}\n";

typedef struct scale {
    bench_folder folder; /* no files: only the temporary folder */
    bench_about *about;
    size_t       n;
    as_str       files[SCALE_KINDS];
} scale;

static bool scale_open(void *priv, bench_about *about, as_err *err)
{
    scale   *w = priv;
    as_image image;
    w->about = about;
    if (!bench_size(SCALE_PICTURES, SCALE_MOST, &w->n, err) || !bench_folder_begin(&w->folder, err))
        return false;
    bool ok = as_image_new(&image, AS_PIXEL_RGB8, BENCH_PICTURE_SIDE, BENCH_PICTURE_SIDE, err);
    for (size_t i = 0; ok && i < SCALE_KINDS; i++) {
        as_str_init(&w->files[i]);
        bench_picture_draw(i, &image);
        ok = as_codec_encode_jpeg(&image, BENCH_PICTURE_QUALITY, &w->files[i], err);
    }
    as_image_done(&image);
    w->n = AS_MAX(w->n / SCALE_SMALL, (size_t)1) * SCALE_SMALL;
    snprintf(about->peer, sizeof about->peer, "Assay in versions of a thousand %s", AS_VERSION);
    about->n_inputs = 1;
    about->calls = 1;
    return ok;
}

/* After its first marker, a comment with a number: other bytes, the same picture. */
static bool scale_add(scale *w, as_intake *intake, size_t i, as_str *file, as_err *err)
{
    char           name[SCALE_NAME_BYTES], number[] = {(char)0xff, (char)0xfe, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0};
    const as_str  *from = &w->files[i % SCALE_KINDS];
    as_check_level level;
    char           text[AS_CHECK_TEXT_BYTES];
    memcpy(number + 4, &i, sizeof i);
    snprintf(name, sizeof name, "part-%08zu.jpg", i);
    as_str_clear(file);
    as_str_add_bytes(file, from->s, 2);
    as_str_add_bytes(file, number, sizeof number);
    as_str_add_bytes(file, from->s + 2, from->len - 2);
    as_sample sample = {.name = name, .label = i % 4 ? "good" : "bad", .severity = NAN};
    return as_str_ok(file) && as_intake_add(intake, (const uint8_t *)file->s, file->len, &sample, &level, text, err);
}

static bool scale_version(scale *w, size_t first, size_t n, as_err *err)
{
    char      path[AS_FS_PATH_BYTES], spec_path[AS_FS_PATH_BYTES];
    as_commit commit;
    as_str    file;
    if (!bench_folder_path(&w->folder, "ws", path, err) || !as_fs_remove_tree(path, err) ||
        !as_fs_make_dirs(path, err) || !as_fs_join(spec_path, path, "assay.yaml", err) ||
        !as_fs_write_fast(spec_path, scale_spec, sizeof scale_spec - 1, err))
        return false;
    as_str_init(&file);
    as_workspace *ws = as_workspace_open(path, AS_WORKSPACE_WRITE, err);
    as_spec      *spec = ws ? as_spec_load(ws->spec_path, err) : NULL;
    as_intake    *intake = spec ? as_intake_open(ws, spec, err) : NULL;
    bool          ok = intake != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = scale_add(w, intake, first + i, &file, err);
    ok = ok && as_intake_split(intake, 1, err) && as_intake_commit(intake, "bench", &commit, err);
    if (ok && commit.n_samples != n)
        ok = AS_FAIL(err, AS_EINTERNAL, "%zu of %zu pictures were kept", (size_t)commit.n_samples, n);
    as_str_done(&file);
    as_intake_close(intake);
    as_spec_free(spec);
    as_workspace_close(ws);
    return ok;
}

static bool scale_ours(void *priv, size_t input, as_err *err)
{
    scale *w = priv;
    (void)input;
    return scale_version(w, 0, w->n, err);
}

static bool scale_peer(void *priv, size_t input, as_err *err)
{
    scale *w = priv;
    (void)input;
    for (size_t first = 0; first < w->n; first += SCALE_SMALL)
        if (!scale_version(w, first, SCALE_SMALL, err))
            return false;
    return true;
}

/* Both keep all of them, or fail; what is compared besides is the memory, which the note tells. */
static bool scale_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    scale        *w = priv;
    struct rusage before, after;
    if (!scale_version(w, 0, SCALE_SMALL, err) || getrusage(RUSAGE_SELF, &before) != 0 || !scale_ours(w, input, err) ||
        getrusage(RUSAGE_SELF, &after) != 0)
        return false;
    snprintf(w->about->note, sizeof w->about->note,
             "%zu pictures of %zu bytes, all checks, split and committed; memory at most %ld MiB (%ld MiB with %d)",
             w->n, w->files[0].len, after.ru_maxrss >> 10, before.ru_maxrss >> 10, SCALE_SMALL);
    *ret_difference = 0;
    return true;
}

static void scale_close(void *priv)
{
    scale *w = priv;
    for (size_t i = 0; i < SCALE_KINDS; i++)
        as_str_done(&w->files[i]);
    bench_folder_close(&w->folder);
}

const bench_workload bench_import_scale = {
    .id = "import_scale",
    .summary = "pictures taken into one large version, against small versions",
    .priv_size = sizeof(scale),
    .open = scale_open,
    .compare = scale_compare,
    .run = {[BENCH_OURS] = scale_ours, [BENCH_PEER] = scale_peer},
    .close = scale_close,
};
