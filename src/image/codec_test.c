/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
#include "image/codec.h"

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(as_codec_name(AS_CODEC_JPEG), "jpeg");
    assert_string_equal(as_codec_name(AS_CODEC_PNG), "png");
    assert_string_equal(as_codec_name(AS_CODEC_NONE), "none");
    for (int i = AS_CODEC_NONE + 1; i < AS_CODEC_COUNT; i++)
        assert_string_not_equal(as_codec_name((as_codec)i), "none");
}

static void test_endings(void **state)
{
    (void)state;
    char                     ending[AS_CODEC_ENDING_BYTES] = "";
    static const char *const known[][2] = {{"a.jpg", "jpg"},   {"a/b.c/d.JPEG", "jpeg"}, {"x.png", "png"},
                                           {"x.y.Tif", "tif"}, {"x.tiff", "tiff"},       {".bmp", "bmp"},
                                           {"1.pgm", "pgm"},   {"1.PPM", "ppm"},         {"1.pnm", "pnm"}};
    static const char *const other[] = {"", "jpg", "a.", "a.jp", "a.jpgx", "a.gif", "a.png.txt", "a.png, ", "a.,"};
    for (size_t i = 0; i < AS_COUNT(known); i++) {
        assert_true(as_codec_ending(known[i][0], ending));
        assert_string_equal(ending, known[i][1]);
    }
    for (size_t i = 0; i < AS_COUNT(other); i++)
        assert_false(as_codec_ending(other[i], NULL));
}

static void refuse(const void *bytes, size_t n, as_err_code code, const char *part)
{
    as_err        err = AS_ERR_NONE;
    as_image      image = {0};
    as_codec_info info = {.width = 77};
    assert_false(as_codec_probe(bytes, n, &info, &err));
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, part));
    assert_int_equal(info.width, 77);
    err = (as_err)AS_ERR_NONE;
    assert_false(as_codec_decode(bytes, n, &image, &info, &err));
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, part));
    assert_null(image.data);
}

static void test_strangers(void **state)
{
    (void)state;
    refuse("", 0, AS_EFORMAT, "empty");
    refuse("This is my holiday photo, honestly.", 35, AS_EFORMAT, "a text");
    refuse("PK\x03\x04"
           "0123456789",
           14, AS_EFORMAT, "a ZIP archive");
    refuse("GIF89a0123456789", 16, AS_EFORMAT, "a GIF picture");
    refuse("RIFF\x10\0\0\0WEBPVP8 ", 16, AS_EFORMAT, "a WebP picture");
    refuse("II*\0\x08\0\0\0", 8, AS_ECORRUPT, "the TIFF data is damaged");
    refuse("BM", 2, AS_ECORRUPT, "the BMP data is damaged");
    refuse("\0\0\0\x20"
           "ftypheic",
           12, AS_EFORMAT, "a HEIC picture");
    refuse("\0\0\0\0\0\0\0\0", 8, AS_EFORMAT, "a file of zeros");
    refuse("\x89PNG\n\x1a\n\0", 8, AS_EFORMAT, "as if it were text");
    refuse("\xff\xd8", 2, AS_EFORMAT, "ends at once");
    refuse("\x01\x02\x03", 3, AS_EFORMAT, "01 02 03 00");
    refuse("\x01", 1, AS_EFORMAT, "01 00 00 00");
}

/* A PNG header without its CRC, which is not looked at before the size is. */
static void claim(uint8_t *bytes, uint32_t width, uint32_t height)
{
    static const uint8_t start[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    memset(bytes, 0, 33);
    memcpy(bytes, start, sizeof start);
    for (int i = 0; i < 4; i++) {
        bytes[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        bytes[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    bytes[24] = 8;
    bytes[25] = 2;
}

static void test_absurd_png(void **state)
{
    (void)state;
    uint8_t bytes[33];
    claim(bytes, 60000, 60000);
    refuse(bytes, sizeof bytes, AS_ELIMIT, "60000 x 60000");
    claim(bytes, UINT32_MAX, UINT32_MAX);
    refuse(bytes, sizeof bytes, AS_ELIMIT, "4294967295 x 4294967295");
    claim(bytes, 30000, 30000);
    refuse(bytes, sizeof bytes, AS_ELIMIT, "30000 x 30000");
    claim(bytes, 0, 5);
    refuse(bytes, sizeof bytes, AS_EINVAL, "0 x 5");
    claim(bytes, 10000, 10000);
    refuse(bytes, sizeof bytes, AS_ECORRUPT, "33 bytes cannot hold 10000 x 10000");
    refuse(bytes, 20, AS_ECORRUPT, "ends early");
}

static void test_frame_memory(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    uint8_t  pixels[12 * 5];
    as_image image = {AS_PIXEL_RGB8, 4, 5, 12, pixels};
    as_str   file;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 4);
    as_str_init(&file);
    assert_true(as_codec_encode_png(&image, 1, &file, &err));
    as_frame_pool *large = as_frame_pool_new(AS_PIXEL_RGB8, 8, 8, 1, &err);
    as_frame_pool *small = as_frame_pool_new(AS_PIXEL_RGB8, 4, 4, 1, &err);
    assert_non_null(large);
    assert_non_null(small);
    as_frame *frame = as_frame_pool_get(large);
    assert_true(as_codec_decode_frame((const uint8_t *)file.s, file.len, frame, &err));
    assert_int_equal(frame->image.width, 4);
    assert_int_equal(frame->image.height, 5);
    assert_memory_equal(frame->image.data, pixels, sizeof pixels);
    as_frame_unref(frame);
    frame = as_frame_pool_get(small);
    assert_false(as_codec_decode_frame((const uint8_t *)file.s, file.len, frame, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    as_frame_unref(frame);
    as_frame_pool_free(large);
    as_frame_pool_free(small);
    as_str_done(&file);
}

/* Every real photo decodes whole, as its header says; the first few are also cut. */
static bool visit_photo(void *ctx, const as_fs_entry *entry, as_err *err)
{
    size_t *n = ctx;
    if (*n >= 60 || !(as_str_ends(entry->path, ".jpg") || as_str_ends(entry->path, ".png")))
        return true;
    uint8_t      *bytes;
    size_t        n_bytes;
    as_image      image;
    as_codec_info seen, info;
    if (!as_fs_read(entry->path, 64u << 20, &bytes, &n_bytes, err))
        return false;
    bool ok = as_codec_probe(bytes, n_bytes, &seen, err) && as_codec_decode(bytes, n_bytes, &image, &info, err);
    if (ok) {
        assert_int_equal(image.width, seen.width);
        assert_int_equal(image.height, seen.height);
        assert_memory_equal(&info, &seen, sizeof info);
        as_image_done(&image);
    }
    for (size_t tenth = 0; ok && *n < 3 && tenth < 10; tenth++) {
        as_err cut = AS_ERR_NONE;
        assert_false(as_codec_decode(bytes, n_bytes * tenth / 10, &image, NULL, &cut));
        assert_int_equal(cut.code, tenth ? AS_ECORRUPT : AS_EFORMAT);
    }
    free(bytes);
    ++*n;
    return ok || as_err_note(err, "'%s'", entry->relative);
}

static void test_real_photos(void **state)
{
    (void)state;
    static const char *const folders[] = {"data/cookie", "data/x-sdd", "data/deeppcb-300", "data/fruits3-subset"};
    const char              *shared = getenv("ASSAY_SHARED");
    bool                     any = false;
    for (size_t i = 0; i < AS_COUNT(folders); i++) {
        as_err err = AS_ERR_NONE;
        char   path[AS_FS_PATH_BYTES];
        size_t n = 0;
        assert_true(as_fs_join(path, shared ? shared : "../shared", folders[i], &err));
        if (!as_fs_is_dir(path))
            continue;
        any = true;
        if (!as_fs_walk(path, visit_photo, &n, &err))
            fail_msg("%s", err.text);
        assert_true(n > 0);
    }
    if (!any) {
        print_message("no photographs: set ASSAY_SHARED to the folder that holds data/\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_endings),      cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_absurd_png), cmocka_unit_test(test_frame_memory), cmocka_unit_test(test_real_photos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
