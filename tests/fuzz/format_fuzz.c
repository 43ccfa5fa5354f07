/* SPDX-License-Identifier: Apache-2.0 */
/* A letter chooses a format, the rest are the bytes of its labels file beside two pictures: it is read, or refused with a
 * reason; what is read are findings that a manifest takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "image/codec.h"
#include "intake/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char spec_text[] = "assay: 1\nline: t\ngoal: g\ntask: classify\nclasses: {good: pass, bad: reject}\n"
                                "requirements:\n  - {id: R1, text: t, measure: recall, of: reject, at_least: 0.8}\n";

static const struct {
    char        letter;
    const char *format, *file;
} rows[] = {{'c', "coco", "labels.json"},     {'v', "voc", "labels.xml"},
            {'x', "cvat", "labels.xml"},      {'l', "labelstudio", "labels.json"},
            {'s', "sagemaker", "l.manifest"}, {'t', "csv", "labels.csv"},
            {'y', "yolo", "labels/a.txt"},    {'n', "yolo", "data.yaml"},
            {'m', "masks", "classes.json"},   {'d', "datumaro", "annotations/train.json"},
            {'p', "masks", "masks/a.png"},    {'g', "mvtec", "ground_truth/bad/a_mask.png"}};

static char     dir[128];
static as_spec *spec;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "format: %s\n", what);
    abort();
}

static void put(const char *relative, const void *bytes, size_t n)
{
    char   path[AS_FS_PATH_BYTES], folder[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    must(as_fs_join(path, dir, relative, &err) && as_str_copy(folder, sizeof folder, path), "no path");
    *strrchr(folder, '/') = '\0';
    must(as_fs_make_dirs(folder, &err) && as_fs_write_fast(path, bytes, n, &err), err.text);
}

static void finish(void)
{
    as_err err = AS_ERR_NONE;
    spec = as_spec_free(spec);
    if (!as_fs_remove_tree(dir, &err))
        fprintf(stderr, "format: %s\n", err.text);
}

static void begin(void)
{
    as_err err = AS_ERR_NONE;
    snprintf(dir, sizeof dir, "/tmp/assay-format-fuzz.XXXXXX");
    must(mkdtemp(dir) != NULL, "no temporary folder");
    spec = as_spec_parse(spec_text, sizeof spec_text - 1, "assay.yaml", &err);
    must(spec != NULL, err.text);
    atexit(finish);
}

/* Two pictures of 8 x 6 where each format looks for them, and names for the labels of YOLO. */
static void put_around(void)
{
    as_image image;
    as_err   err = AS_ERR_NONE;
    as_str   png;
    as_str_init(&png);
    must(as_image_new(&image, AS_PIXEL_MONO8, 8, 6, &err), err.text);
    memset(image.data, 1, image.stride_bytes * 6);
    must(as_codec_encode_png(&image, 1, &png, &err), err.text);
    put("images/a.png", png.s, png.len);
    put("images/b.png", png.s, png.len);
    put("test/bad/a.png", png.s, png.len);
    put("masks/a.png", png.s, png.len);
    put("data.yaml", "names: [good, bad]\n", 19);
    as_str_done(&png);
    as_image_done(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err        err = AS_ERR_NONE;
    as_scan       scan;
    as_import_cfg cfg = {.folder = dir};
    if (!spec)
        begin();
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        if (size == 0 || data[0] != (uint8_t)rows[i].letter)
            continue;
        put_around();
        put(rows[i].file, data + 1, size - 1);
        cfg.format = rows[i].format;
        if (as_scan_folder(&scan, spec, &cfg, &err)) {
            for (size_t k = 0; k < scan.files.n; k++)
                for (size_t f = 0; f < scan.files.at[k].n_findings; f++)
                    must(as_finding_check(&scan.files.at[k].findings[f], &err), err.text);
        } else {
            must(err.code != AS_OK && err.text[0], "refused without an error");
        }
        as_scan_done(&scan);
        must(as_fs_remove_tree(dir, &err) && as_fs_make_dirs(dir, &err), err.text);
    }
    return 0;
}
