/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "image/codec.h"
#include "image/stats.h"

/* No row is half filled, no name is there twice, and a name leads back to its row. */
static void test_rows(void **state)
{
    (void)state;
    for (as_pixel pixel = AS_PIXEL_NONE + 1; pixel < AS_PIXEL_COUNT; pixel++) {
        const as_pixel_facts *f = as_pixel_facts_of(pixel);
        const bool            yuv = f->kind == AS_PIXEL_KIND_YUV422 || f->kind == AS_PIXEL_KIND_NV12;
        assert_int_equal(as_pixel_parse(f->name), pixel);
        assert_true(f->kind != AS_PIXEL_KIND_NONE);
        assert_true(f->bits == 8 || f->bits == 10 || f->bits == 12 || f->bits == 16);
        assert_true(!f->packed || f->bits == 10 || f->bits == 12);
        assert_int_equal(yuv, f->yuv != AS_YUV_NONE);
        assert_true(f->first_x <= 1 && f->first_y <= 1);
        if (f->code == 0)
            continue;
        /* bits 16 to 23 of a code are those that a pixel takes in memory */
        assert_int_equal(as_pixel_of_code(f->code), pixel);
        assert_int_equal(f->code >> 16 & 255, as_pixel_row_bytes(pixel, 8) * as_pixel_rows(pixel, 2) / 2);
    }
    assert_string_equal(as_pixel_name(AS_PIXEL_NONE), "none");
    assert_string_equal(as_pixel_name((as_pixel)12345), "none");
    assert_int_equal(as_pixel_parse("none"), AS_PIXEL_NONE);
    assert_int_equal(as_pixel_parse("mono8"), AS_PIXEL_NONE);
    assert_int_equal(as_pixel_of_code(0), AS_PIXEL_NONE);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        as_pixel pixel;
        uint32_t width, row, rows; /* rows: of 5 */
    } cases[] = {
        {AS_PIXEL_MONO8, 7, 7, 5},    {AS_PIXEL_RGB8, 7, 21, 5},          {AS_PIXEL_MONO10, 7, 14, 5},
        {AS_PIXEL_MONO10P, 7, 9, 5},  {AS_PIXEL_MONO10P, 8, 10, 5},       {AS_PIXEL_MONO12P, 7, 11, 5},
        {AS_PIXEL_MONO12P, 8, 12, 5}, {AS_PIXEL_BAYER_GB12P, 1, 2, 5},    {AS_PIXEL_BAYER_BG16, 7, 14, 5},
        {AS_PIXEL_UYVY, 7, 16, 5},    {AS_PIXEL_YUYV_709_FULL, 8, 16, 5}, {AS_PIXEL_NV12, 7, 8, 8},
        {AS_PIXEL_NONE, 7, 0, 5},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        assert_int_equal(as_pixel_row_bytes(cases[i].pixel, cases[i].width), cases[i].row);
        assert_int_equal(as_pixel_rows(cases[i].pixel, 5), cases[i].rows);
    }
}

/* Known colours of BT.601 and BT.709: black, white, and red by its published bytes. */
static void test_matrices(void **state)
{
    (void)state;
    static const struct {
        as_yuv  yuv;
        uint8_t in[3], out[3];
    } cases[] = {
        {AS_YUV_BT601, {16, 128, 128}, {0, 0, 0}},       {AS_YUV_BT601, {235, 128, 128}, {255, 255, 255}},
        {AS_YUV_BT601, {81, 90, 240}, {254, 0, 0}},      {AS_YUV_BT601, {41, 240, 110}, {0, 0, 255}},
        {AS_YUV_BT709, {63, 102, 240}, {255, 0, 0}},     {AS_YUV_BT709, {32, 240, 118}, {0, 0, 255}},
        {AS_YUV_BT601_FULL, {76, 85, 255}, {254, 0, 0}}, {AS_YUV_BT709_FULL, {54, 99, 255}, {254, 0, 0}},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        const as_yuv_matrix m = as_yuv_matrix_of(cases[i].yuv);
        for (int c = 0; c < 3; c++) {
            float v = m.m[c][3];
            for (int k = 0; k < 3; k++)
                v += m.m[c][k] * (float)cases[i].in[k];
            assert_true(v > (float)cases[i].out[c] - 2.5f && v < (float)cases[i].out[c] + 2.5f);
        }
    }
}

/* What reads plain pictures says of the others what they are, and what to do. */
static void test_refused_elsewhere(void **state)
{
    (void)state;
    for (as_pixel pixel = AS_PIXEL_NONE + 1; pixel < AS_PIXEL_COUNT; pixel++) {
        as_err         err = AS_ERR_NONE;
        as_image       image;
        as_image_stats stats;
        as_str         out = {0};
        assert_true(as_image_new(&image, pixel, 16, 16, &err));
        memset(image.data, 0, image.stride_bytes * as_pixel_rows(pixel, 16));
        assert_true(as_image_check_any(&image, &err));
        if (!as_pixel_plain(pixel)) {
            assert_false(as_image_check(&image, &err));
            assert_int_equal(err.code, AS_EUNSUPPORTED);
            assert_non_null(strstr(err.text, as_pixel_name(pixel)));
            assert_false(as_codec_encode_png(&image, 1, &out, &err));
            assert_false(as_codec_encode_jpeg(&image, 90, &out, &err));
            assert_false(as_image_stats_of(&image, &stats, &err));
        }
        as_str_done(&out);
        as_image_done(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_matrices), cmocka_unit_test(test_refused_elsewhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
