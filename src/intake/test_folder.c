/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/test_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

static const char test_spec[] =
    "assay: 1\nline: tests\ngoal: nothing bad passes\ntask: classify\n"
    "classes: {good: pass, bad: reject}\n"
    "requirements:\n"
    "  - {id: R1, text: bad parts are caught, measure: recall, of: reject, at_least: 0.8}\n";

void test_space_make(test_space *space, const char *name, const char *more)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    as_str text;
    *space = (test_space){.ws = NULL};
    const char *made = support_temp_dir(name);
    SUPPORT_CHECK(made && as_str_copy(space->dir, sizeof space->dir, made));
    as_str_init(&text);
    as_str_add(&text, test_spec);
    as_str_add(&text, more);
    SUPPORT_CHECK(as_fs_join(path, space->dir, "assay.yaml", &err) && as_fs_write(path, text.s, text.len, &err));
    as_str_done(&text);
    SUPPORT_CHECK(as_fs_join(space->photos, space->dir, "photos", &err) && as_fs_make_dirs(space->photos, &err));
    SUPPORT_CHECK((space->ws = as_workspace_open(space->dir, AS_WORKSPACE_WRITE, &err)) != NULL);
    SUPPORT_CHECK((space->spec = as_spec_load(space->ws->spec_path, &err)) != NULL);
}

void test_space_done(test_space *space)
{
    space->spec = as_spec_free(space->spec);
    space->ws = as_workspace_close(space->ws);
    support_remove_dir(space->dir);
}

void test_png(uint64_t seed, uint32_t width, uint32_t height, as_str *out)
{
    as_rng   rng = as_rng_new(seed);
    as_image image;
    as_err   err = AS_ERR_NONE;
    SUPPORT_CHECK(as_image_new(&image, AS_PIXEL_MONO8, width, height, &err));
    uint64_t level = 60 + as_rng_below(&rng, 100);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            image.data[y * image.stride_bytes + x] = (uint8_t)(level + as_rng_below(&rng, 40));
    SUPPORT_CHECK(as_codec_encode_png(&image, 1, out, &err));
    as_image_done(&image);
}

const char test_cascade[] =
    "<?xml version=\"1.0\"?><opencv_storage><cascade type_id=\"opencv-cascade-classifier\"><stageType>BOOST</stageType>"
    "<featureType>HAAR</featureType><height>20</height><width>20</width><stages><_><maxWeakCount>1</maxWeakCount>"
    "<stageThreshold>0.5</stageThreshold><weakClassifiers><_><internalNodes>0 -1 0 0.9</internalNodes>"
    "<leafValues>0. 1.</leafValues></_></weakClassifiers></_></stages><features><_><rects><_>0 0 20 20 -1.</_>"
    "<_>0 0 20 10 2.</_></rects></_></features></cascade></opencv_storage>";

void test_face_png(uint32_t x, uint32_t y, uint32_t size, as_str *out)
{
    as_image image;
    as_err   err = AS_ERR_NONE;
    SUPPORT_CHECK(as_image_new(&image, AS_PIXEL_MONO8, 120, 90, &err));
    for (uint32_t r = 0; r < 90; r++)
        for (uint32_t c = 0; c < 120; c++)
            image.data[r * image.stride_bytes + c] = (uint8_t)(110 + (r * 7 + c * 13) % 31);
    for (uint32_t r = y; r < y + size; r++)
        for (uint32_t c = x; c < x + size; c++)
            image.data[r * image.stride_bytes + c] = r < y + size / 2 ? 250 : 5;
    SUPPORT_CHECK(as_codec_encode_png(&image, 1, out, &err));
    as_image_done(&image);
}

void test_cascades_make(const test_space *space)
{
    static const char *const names[] = {"cascades/haarcascades/haarcascade_frontalface_alt2.xml",
                                        "cascades/lbpcascades/lbpcascade_frontalface_improved.xml",
                                        "cascades/haarcascades/haarcascade_profileface.xml"};
    char                     path[AS_FS_PATH_BYTES], folder[AS_FS_PATH_BYTES];
    as_err                   err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        SUPPORT_CHECK(as_fs_join(path, space->dir, names[i], &err));
        as_str_copy(folder, sizeof folder, path);
        *strrchr(folder, '/') = '\0';
        SUPPORT_CHECK(as_fs_make_dirs(folder, &err) &&
                      as_fs_write_fast(path, test_cascade, strlen(test_cascade), &err));
    }
    SUPPORT_CHECK(as_fs_join(path, space->dir, "cascades", &err) && setenv("ASSAY_CASCADES", path, 1) == 0);
}

void test_put(const test_space *space, const char *relative, const void *bytes, size_t n)
{
    char   path[AS_FS_PATH_BYTES], folder[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    SUPPORT_CHECK(as_fs_join(path, space->photos, relative, &err));
    as_str_copy(folder, sizeof folder, path);
    *strrchr(folder, '/') = '\0';
    SUPPORT_CHECK(as_fs_make_dirs(folder, &err) && as_fs_write_fast(path, bytes, n, &err));
}

void test_put_png(const test_space *space, const char *relative, uint64_t seed)
{
    as_str png;
    as_str_init(&png);
    test_png(seed, 64, 48, &png);
    test_put(space, relative, png.s, png.len);
    as_str_done(&png);
}

void test_tell(void *ctx, as_check_level level, const char *name, const char *text)
{
    static const char *const levels[] = {"NONE", "OK", "WARN", "QUARANTINE"};
    test_space              *space = ctx;
    size_t                   n = strlen(space->told);
    snprintf(space->told + n, sizeof space->told - n, "%s %s %s\n", levels[level], name, text);
}
