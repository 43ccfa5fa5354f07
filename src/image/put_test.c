/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "image/prepare.h"

enum { WIDTH = 37, HEIGHT = 11 };

/* Where channel c of a pixel lies: by the definition of each layout. */
static size_t place(as_put_layout layout, uint32_t channels, uint32_t c, uint32_t y, uint32_t x)
{
    const size_t pixel = (size_t)y * WIDTH + x;
    switch (layout) {
    case AS_PUT_PLANAR: return (size_t)c * WIDTH * HEIGHT + pixel;
    case AS_PUT_LAST: return pixel * channels + c;
    case AS_PUT_BLOCK8: return pixel * 8 + c;
    default: return pixel * 16 + c;
    }
}

/* bfloat16 of a number that is neither NaN nor too large: of the two around it the nearer, of two as near the even one. */
static uint16_t to_bf16(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint32_t low = bits & 0xffff0000u, up = low + 0x10000u;
    float          below, above;
    memcpy(&below, &low, sizeof below);
    memcpy(&above, &up, sizeof above);
    const double to_low = fabs((double)v - (double)below), to_up = fabs((double)above - (double)v);
    const bool   take_low = to_low < to_up || (to_low == to_up && (low >> 16 & 1) == 0);
    return (uint16_t)((take_low ? low : up) >> 16);
}

static bool same(const as_put_spec *put, const void *out, size_t at, float v)
{
    if (put->type == AS_PUT_F32)
        return memcmp((const float *)out + at, &v, sizeof v) == 0;
    if (put->type == AS_PUT_BF16)
        return ((const uint16_t *)out)[at] == to_bf16(v);
    return ((const uint8_t *)out)[at] == fmin(fmax(nearbyint((double)(v / put->scale)) + put->zero, 0), 255);
}

static const as_put_spec numbers[] = {
    {.type = AS_PUT_F32},
    {.type = AS_PUT_BF16},
    {.type = AS_PUT_U8, .scale = 0.0187f, .zero = 114},
    {.type = AS_PUT_U8, .scale = 2.5f, .zero = 255},
    {.type = AS_PUT_U8, .scale = 0.004f, .zero = 0}, /* most is out of range */
};

/* Every layout and type holds the numbers of planar f32, padding too; channels of a block that are not there are 0. */
static void check_put(const as_image *image, const as_input_spec *spec, const as_put_spec *put)
{
    as_err         err = AS_ERR_NONE;
    as_prepare    *plain = as_prepare_new(spec, &err), *other = as_prepare_new_as(spec, put, &err);
    const uint32_t block = put->layout == AS_PUT_BLOCK8 ? 8 : put->layout == AS_PUT_BLOCK16 ? 16 : spec->channels;
    const size_t   each = put->type == AS_PUT_F32 ? 4 : put->type == AS_PUT_BF16 ? 2 : 1;
    assert_non_null(plain);
    assert_non_null(other);
    assert_int_equal(as_prepare_bytes(plain), (size_t)WIDTH * HEIGHT * spec->channels * 4);
    assert_int_equal(as_prepare_bytes(other), (size_t)WIDTH * HEIGHT * block * each);
    float *want = malloc(as_prepare_bytes(plain));
    void  *out = malloc(as_prepare_bytes(other));
    assert_true(want && out);
    memset(out, 0xaa, as_prepare_bytes(other));
    assert_true(as_prepare_run(plain, image, want, &err));
    assert_true(as_prepare_run(other, image, out, &err));
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++) {
            for (uint32_t c = 0; c < spec->channels; c++)
                assert_true(same(put, out, place(put->layout, spec->channels, c, y, x),
                                 want[place(AS_PUT_PLANAR, spec->channels, c, y, x)]));
            for (uint32_t c = spec->channels; c < block; c++)
                for (size_t b = 0; b < each; b++)
                    assert_int_equal(((uint8_t *)out)[place(put->layout, 0, c, y, x) * each + b], 0);
        }
    free(want);
    free(out);
    as_prepare_free(plain);
    as_prepare_free(other);
}

static void test_layouts(void **state)
{
    (void)state;
    static const as_pixel pixels[] = {AS_PIXEL_MONO8, AS_PIXEL_RGB8, AS_PIXEL_BAYER_RG8, AS_PIXEL_NV12,
                                      AS_PIXEL_MONO12P};
    as_err                err = AS_ERR_NONE;
    as_rng                rng = as_rng_new(3);
    for (size_t p = 0; p < AS_COUNT(pixels); p++) {
        as_image image;
        assert_true(as_image_new(&image, pixels[p], 90, 61, &err));
        for (size_t i = 0; i < image.stride_bytes * as_pixel_rows(pixels[p], 61); i++)
            image.data[i] = (uint8_t)as_rng_u64(&rng);
        for (size_t n = 0; n < AS_COUNT(numbers); n++)
            for (int layout = 0; layout < AS_PUT_LAYOUT_COUNT; layout++)
                for (uint32_t channels = 1; channels <= 3; channels += 2) {
                    as_put_spec   put = numbers[n];
                    as_input_spec spec = {.width = WIDTH,
                                          .height = HEIGHT,
                                          .channels = channels,
                                          .resize = n % 2 ? AS_RESIZE_STANDARD : AS_RESIZE_LETTERBOX,
                                          .pad_value = 114,
                                          .mean = {123.675f, 116.28f, 103.53f},
                                          .scale = {58.395f, 57.12f, 57.375f}};
                    put.layout = (as_put_layout)layout;
                    check_put(&image, &spec, &put);
                }
        as_image_done(&image);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const as_put_spec bad[] = {
        {.type = AS_PUT_TYPE_COUNT},
        {.layout = AS_PUT_LAYOUT_COUNT},
        {.type = AS_PUT_U8, .scale = 0},
        {.type = AS_PUT_U8, .scale = -1},
        {.type = AS_PUT_U8, .scale = NAN},
        {.type = AS_PUT_U8, .scale = 1, .zero = 256},
        {.type = AS_PUT_U8, .scale = 1, .zero = -1},
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_err              err = AS_ERR_NONE;
        const as_input_spec spec = {.width = 4, .height = 4, .channels = 1, .resize = AS_RESIZE_CROP, .scale = {1}};
        assert_null(as_prepare_new_as(&spec, &bad[i], &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layouts), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
