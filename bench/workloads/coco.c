/* SPDX-License-Identifier: Apache-2.0 */
/* A COCO file with five boxes a picture, read as `assay import` reads it: the format is recognised, the pictures are found,
 * every box is checked and kept with all that is said of it. Pictures themselves are not opened. */
#include <math.h>

#include "base/rng.h"
#include "base/text.h"
#include "bench/child.h"
#include "bench/picture.h"
#include "intake/scan.h"

enum { COCO_PICTURES = 2000, COCO_MOST = 10000000, COCO_BOXES = 5, COCO_WIDTH = 640, COCO_HEIGHT = 480 };

static const char coco_spec[] =
    "assay: 1\nline: bench\ngoal: nothing bad passes\ntask: classify\nclasses: {good: pass, scratch: reject, dent: "
    "reject}\n"
    "requirements:\n  - {id: R1, text: bad parts are caught, measure: recall, of: reject, at_least: 0.8}\n";

typedef struct coco {
    bench_folder folder; /* pictures/ has them, all alike, and the file */
    bench_child  child;
    size_t       n;
    as_spec     *spec;
    double       read[3]; /* pictures, boxes, and the sum of their numbers */
} coco;

static bool coco_pictures(coco *w, as_str *images, as_err *err)
{
    char     path[AS_FS_PATH_BYTES], name[48];
    as_image image;
    as_str   file;
    as_str_init(&file);
    if (!bench_folder_path(&w->folder, "pictures", path, err) || !as_fs_make_dirs(path, err))
        return false;
    bool ok = as_image_new(&image, AS_PIXEL_MONO8, 8, 8, err);
    if (ok)
        bench_picture_draw(1, &image);
    ok = ok && as_codec_encode_jpeg(&image, BENCH_PICTURE_QUALITY, &file, err);
    for (size_t i = 0; ok && i < w->n; i++) {
        snprintf(name, sizeof name, "pictures/%08zu.jpg", i);
        ok = bench_folder_path(&w->folder, name, path, err) && as_fs_write_fast(path, file.s, file.len, err);
        as_str_addf(images, "%s{\"id\":%zu,\"file_name\":\"%08zu.jpg\",\"width\":%d,\"height\":%d}", i ? ",\n" : "",
                    i + 1, i, COCO_WIDTH, COCO_HEIGHT);
    }
    as_image_done(&image);
    as_str_done(&file);
    return ok;
}

static bool coco_make(coco *w, as_err *err)
{
    char   path[AS_FS_PATH_BYTES];
    as_rng rng = as_rng_new(3);
    as_str text;
    as_str_init(&text);
    as_str_add(&text, "{\"info\":{\"year\":2024},\"licenses\":[],\n\"categories\":[{\"id\":1,\"name\":\"scratch\"},"
                      "{\"id\":2,\"name\":\"dent\"}],\n\"images\":[");
    bool ok = coco_pictures(w, &text, err);
    as_str_add(&text, "],\n\"annotations\":[");
    for (size_t i = 0; ok && i < w->n * COCO_BOXES; i++) {
        const double x = floor(as_rng_range(&rng, 0, 5000)) / 10, y = floor(as_rng_range(&rng, 0, 3500)) / 10;
        const double width = floor(as_rng_range(&rng, 10, 1000)) / 10,
                     height = floor(as_rng_range(&rng, 10, 1000)) / 10;
        as_str_addf(&text,
                    "%s{\"id\":%zu,\"image_id\":%zu,\"category_id\":%u,\"segmentation\":[],\"area\":%.6g,"
                    "\"bbox\":[%.6g,%.6g,%.6g,%.6g],\"iscrowd\":0}",
                    i ? ",\n" : "", i + 1, i / COCO_BOXES + 1, 1 + (unsigned)as_rng_below(&rng, 2), width * height, x,
                    y, width, height);
    }
    as_str_add(&text, "]}\n");
    ok = ok && (as_str_ok(&text) || AS_FAIL(err, AS_ENOMEM, "no memory for the file")) &&
         bench_folder_path(&w->folder, "pictures/_annotations.coco.json", path, err) &&
         as_fs_write_fast(path, text.s, text.len, err);
    w->folder.n_bytes = text.len;
    as_str_done(&text);
    return ok;
}

static bool coco_open(void *priv, bench_about *about, as_err *err)
{
    coco        *w = priv;
    char         path[AS_FS_PATH_BYTES];
    const char  *more;
    bench_python python = {.script = "coco_python.py", .needs = "json", .package = "python3", .text = path};
    if (!bench_size(COCO_PICTURES, COCO_MOST, &w->n, err) || !bench_folder_begin(&w->folder, err) ||
        !bench_child_init(&w->child, sizeof w->read, err) || !coco_make(w, err) ||
        !bench_folder_path(&w->folder, "assay.yaml", path, err) ||
        !as_fs_write_fast(path, coco_spec, sizeof coco_spec - 1, err) || !(w->spec = as_spec_load(path, err)) ||
        !bench_folder_path(&w->folder, "pictures", path, err) ||
        !bench_child_python(&w->child, &python, about, &more, err))
        return false;
    snprintf(
        about->note, sizeof about->note,
        "%zu pictures and %zu boxes, %zu bytes of JSON; ours recognises the format, finds each picture, checks and "
        "sorts; the peer parses and groups",
        w->n, w->n * COCO_BOXES, w->folder.n_bytes);
    about->n_inputs = 1;
    about->calls = 1;
    about->tolerance = 1e-3;
    return true;
}

static bool coco_ours(void *priv, size_t input, as_err *err)
{
    coco   *w = priv;
    char    path[AS_FS_PATH_BYTES];
    as_scan scan;
    (void)input;
    if (!bench_folder_path(&w->folder, "pictures", path, err))
        return false;
    as_import_cfg cfg = {.folder = path, .format = "auto"};
    bool          ok = as_scan_folder(&scan, w->spec, &cfg, err);
    memset(w->read, 0, sizeof w->read);
    for (size_t i = 0; ok && i < scan.files.n; i++) {
        w->read[0]++;
        for (size_t k = 0; k < scan.files.at[i].n_findings; k++, w->read[1]++)
            for (size_t v = 0; v < 4; v++)
                w->read[2] += scan.files.at[i].findings[k].box[v];
    }
    as_scan_done(&scan);
    return ok;
}

static bool coco_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    coco         *w = priv;
    const double *peer = w->child.memory;
    if (!coco_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    *ret_difference =
        fabs(w->read[0] - peer[0]) + fabs(w->read[1] - peer[1]) + fabs(w->read[2] - peer[2]) / fmax(peer[2], 1);
    return true;
}

static bool coco_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    coco *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void coco_close(void *priv)
{
    coco *w = priv;
    bench_child_stop(&w->child);
    as_spec_free(w->spec);
    bench_folder_close(&w->folder);
}

const bench_workload bench_coco = {
    .id = "coco",
    .summary = "a COCO file of boxes recognised, read and checked, against Python's json",
    .priv_size = sizeof(coco),
    .open = coco_open,
    .compare = coco_compare,
    .run = {[BENCH_OURS] = coco_ours},
    .block = {[BENCH_PEER] = coco_peer_block},
    .close = coco_close,
};
