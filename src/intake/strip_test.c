/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "intake/strip.h"
#include "intake/test_folder.h"

#define SECRET "Mrs Smith, 48.2N 11.5E"

static bool holds(const as_str *s, const char *text)
{
    return memmem(s->s, s->len, text, strlen(text)) != NULL;
}

static void same_pixels(const as_str *a, const as_str *b)
{
    as_image x = {0}, y = {0};
    as_err   err = AS_ERR_NONE;
    assert_true(as_codec_decode((const uint8_t *)a->s, a->len, &x, NULL, &err));
    assert_true(as_codec_decode((const uint8_t *)b->s, b->len, &y, NULL, &err));
    assert_int_equal(x.width, y.width);
    for (uint32_t r = 0; r < x.height; r++)
        assert_memory_equal(x.data + r * x.stride_bytes, y.data + r * y.stride_bytes,
                            x.width * as_pixel_bytes(x.pixel));
    as_image_done(&x);
    as_image_done(&y);
}

static void cut_off_is_refused(const as_str *file, size_t whole)
{
    for (size_t n = 0; n < whole; n++) {
        as_str out;
        as_str_init(&out);
        as_str_add(&out, "before");
        assert_false(as_strip((const uint8_t *)file->s, n, &out));
        assert_string_equal(out.s, "before");
        as_str_done(&out);
    }
}

/* A text chunk behind the header; its check sum is not looked at. */
static void test_png_file(void **state)
{
    (void)state;
    as_str plain, file, out;
    as_str_init(&plain);
    as_str_init(&file);
    as_str_init(&out);
    test_png(1, 32, 24, &plain);
    as_str_add_bytes(&file, plain.s, 33);
    as_str_add_bytes(&file, "\0\0\0\x16tEXt" SECRET "\0\0\0\0", 34);
    as_str_add_bytes(&file, plain.s + 33, plain.len - 33);
    as_str_add(&file, SECRET);
    assert_true(as_strip((const uint8_t *)file.s, file.len, &out));
    assert_false(holds(&out, "Smith"));
    assert_int_equal(out.len, plain.len);
    same_pixels(&plain, &out);
    cut_off_is_refused(&plain, plain.len);
    as_str_done(&plain);
    as_str_done(&file);
    as_str_done(&out);
}

static void make_jpeg(uint32_t sampling, as_str *out)
{
    as_image image;
    as_err   err = AS_ERR_NONE;
    assert_true(as_image_new(&image, AS_PIXEL_RGB8, 33, 21, &err));
    for (size_t i = 0; i < (size_t)33 * 21 * 3; i++)
        image.data[i] = (uint8_t)(i * 7 % 253);
    assert_true(as_codec_encode_jpeg_sampled(&image, 95, sampling, out, &err));
    as_image_done(&image);
}

static void test_jpeg_file(void **state)
{
    (void)state;
    as_str plain, file, out;
    as_str_init(&plain);
    as_str_init(&file);
    as_str_init(&out);
    make_jpeg(0x21, &plain);
    as_str_add_bytes(&file, plain.s, 2);
    as_str_add_bytes(&file, "\xff\xe1\0\x18" SECRET, 26);
    as_str_add_bytes(&file, "\xff\xfe\0\x18" SECRET, 26);
    as_str_add_bytes(&file, plain.s + 2, plain.len - 2);
    as_str_add_bytes(&file, plain.s, plain.len); /* a second picture behind the first */
    assert_true(as_strip((const uint8_t *)file.s, file.len, &out));
    assert_false(holds(&out, "Smith"));
    assert_false(holds(&out, "JFIF"));
    assert_true(out.len < plain.len);
    same_pixels(&plain, &out);
    assert_int_equal(as_strip_jpeg_sampling((const uint8_t *)file.s, file.len), 0x21);
    cut_off_is_refused(&plain, plain.len - 2);
    as_str_done(&plain);
    as_str_done(&file);
    as_str_done(&out);
}

static void test_other_files(void **state)
{
    (void)state;
    as_str out;
    as_str_init(&out);
    assert_false(as_strip((const uint8_t *)"hello, I am no picture", 22, &out));
    assert_false(as_strip((const uint8_t *)"", 0, &out));
    assert_int_equal(as_strip_jpeg_sampling((const uint8_t *)"\xff\xd8\xff", 3), 0x11);
    as_str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_png_file), cmocka_unit_test(test_jpeg_file),
                                       cmocka_unit_test(test_other_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
