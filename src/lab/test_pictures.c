/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/test_pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "image/codec.h"
#include "store/test_fault.h"

static const char pictures_spec[] =
    "assay: 1\nline: discs\ngoal: no disc is red or small\ntask: classify\n"
    "classes: {good: pass, red: reject, small: reject}\n"
    "requirements:\n"
    "  - {id: R1, text: bad discs are caught, measure: recall, of: reject, at_least: 0.8}\n";
static const char *const pictures_classes[] = {"good", "red", "small"};

void test_picture(as_image *image, uint32_t width, uint32_t height, uint32_t class_index, uint64_t seed)
{
    as_rng rng = as_rng_stream(seed, class_index);
    as_err err = AS_ERR_NONE;
    SUPPORT_CHECK(as_image_new(image, AS_PIXEL_RGB8, width, height, &err));
    double side = AS_MIN(width, height), radius = side * as_rng_range(&rng, 0.28, 0.36) * (class_index == 2 ? 0.5 : 1);
    double cx = width * as_rng_range(&rng, 0.45, 0.55), cy = height * as_rng_range(&rng, 0.45, 0.55);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            static const int grey[3] = {120, 120, 120}, brown[3] = {150, 100, 60}, red[3] = {200, 30, 30};
            double           r = hypot(x - cx, y - cy);
            const int       *colour = r > radius ? grey : class_index == 1 && r < radius / 2 ? red : brown;
            for (uint32_t c = 0; c < 3; c++)
                image->data[y * image->stride_bytes + x * 3 + c] =
                    (uint8_t)(colour[c] + (int)as_rng_below(&rng, 21) - 10);
        }
}

static void pictures_add(test_set *set, as_manifest *manifest, const test_set_cfg *cfg, test_draw *draw, as_split split,
                         uint32_t class_index, uint32_t i)
{
    char     name[64], part[64];
    as_image image;
    as_err   err = AS_ERR_NONE;
    as_str   png;
    as_str_init(&png);
    draw(&image, cfg->width, cfg->height, class_index, cfg->seed * 1000003 + (uint64_t)split * 1000 + i);
    SUPPORT_CHECK(as_codec_encode_png(&image, 1, &png, &err));
    snprintf(name, sizeof name, "%s/%s/%03u.png", as_split_name(split), pictures_classes[class_index], i);
    snprintf(part, sizeof part, "%s-%s-p%u", as_split_name(split), pictures_classes[class_index], i / 2);
    as_sample sample = {.name = name,
                        .label = pictures_classes[class_index],
                        .split = split,
                        .part = part,
                        .camera = "",
                        .width = cfg->width,
                        .height = cfg->height,
                        .format = "png",
                        .n_bytes = png.len,
                        .utc = 1,
                        .sharpness = NAN,
                        .clipped_ratio = NAN,
                        .severity = NAN};
    SUPPORT_CHECK(as_store_put(set->ws->store, png.s, png.len, &sample.image, NULL, &err));
    SUPPORT_CHECK(as_manifest_add(manifest, &sample, &err));
    as_str_done(&png);
    as_image_done(&image);
}

void test_set_make(test_set *set, const char *name, const test_set_cfg *cfg)
{
    test_set_make_of(set, name, cfg, test_picture);
}

void test_set_make_of(test_set *set, const char *name, const test_set_cfg *cfg, test_draw *draw)
{
    char        path[AS_FS_PATH_BYTES];
    as_err      err = AS_ERR_NONE;
    const char *made = support_temp_dir(name);
    SUPPORT_CHECK(made && as_str_copy(set->dir, sizeof set->dir, made));
    SUPPORT_CHECK(as_fs_join(path, set->dir, "assay.yaml", &err));
    SUPPORT_CHECK(as_fs_write(path, pictures_spec, sizeof pictures_spec - 1, &err));
    SUPPORT_CHECK((set->ws = as_workspace_open(set->dir, AS_WORKSPACE_WRITE, &err)) != NULL);
    SUPPORT_CHECK((set->spec = as_spec_load(set->ws->spec_path, &err)) != NULL);
    as_manifest *manifest = as_manifest_new(&err);
    SUPPORT_CHECK(manifest != NULL);
    for (uint32_t s = 0; s < 3; s++)
        for (uint32_t c = 0; c < 3; c++)
            for (uint32_t i = 0; i < cfg->n[s]; i++)
                if (s != 0 || (int)c != cfg->without)
                    pictures_add(set, manifest, cfg, draw, (as_split)(AS_SPLIT_TRAIN + s), c, i);
    as_manifest_sort(manifest);
    as_commit commit = {.author = "test", .message = "discs", .utc = 1};
    SUPPORT_CHECK(as_commit_write(set->ws, manifest, &commit, &err));
    as_manifest_free(manifest);
}

void test_set_done(test_set *set)
{
    set->spec = as_spec_free(set->spec);
    set->ws = as_workspace_close(set->ws);
    support_remove_dir(set->dir);
}
