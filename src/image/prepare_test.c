/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "image/prepare.h"

static void noise_image(as_image *image, as_pixel pixel, uint32_t width, uint32_t height, size_t extra_stride)
{
    as_rng rng = as_rng_new(width * 31u + height);
    *image = (as_image){pixel, width, height, width * as_pixel_bytes(pixel) + extra_stride, NULL};
    size_t n = image->stride_bytes * height - extra_stride; /* nothing behind the last row: a read there is seen */
    image->data = malloc(n);
    assert_non_null(image->data);
    for (size_t i = 0; i < n; i++)
        image->data[i] = (uint8_t)as_rng_u64(&rng);
}

/* The definition, one axis: the box [i*s, (i+1)*s), or linear between centres. */
static double reference_weight(uint32_t i, uint32_t k, uint32_t n_in, uint32_t n_out)
{
    double s = (double)n_in / n_out;
    if (n_out <= n_in) {
        double low = fmax(i * s, k), high = fmin((i + 1) * s, k + 1.0);
        return high > low ? (high - low) / s : 0;
    }
    double at = fmin(fmax((i + 0.5) * s - 0.5, 0), n_in - 1.0);
    return fmax(0, 1 - fabs(at - k));
}

typedef struct window {
    uint32_t x, y, width, height;
} window;

static double reference_value(const as_image *image, window from, uint32_t w, uint32_t h, uint32_t x, uint32_t y,
                              uint32_t c)
{
    double sum = 0;
    for (uint32_t r = 0; r < from.height; r++) {
        double wy = reference_weight(y, r, from.height, h);
        if (wy <= 0)
            continue;
        for (uint32_t k = 0; k < from.width; k++) {
            double wx = reference_weight(x, k, from.width, w);
            if (wx > 0)
                sum +=
                    wx * wy *
                    image->data[(from.y + r) * image->stride_bytes + (from.x + k) * as_pixel_bytes(image->pixel) + c];
        }
    }
    return sum;
}

/* Source and place of a resize, worked out in doubles. */
static void reference_place(const as_image *image, const as_input_spec *spec, window *from, window *to)
{
    double sx = (double)spec->width / image->width, sy = (double)spec->height / image->height;
    *from = (window){0, 0, image->width, image->height};
    *to = (window){0, 0, spec->width, spec->height};
    if (spec->resize == AS_RESIZE_LETTERBOX) {
        to->width = (uint32_t)fmax(1, floor(image->width * fmin(sx, sy) + 0.5));
        to->height = (uint32_t)fmax(1, floor(image->height * fmin(sx, sy) + 0.5));
        to->x = (spec->width - to->width) / 2;
        to->y = (spec->height - to->height) / 2;
    } else if (spec->resize == AS_RESIZE_CROP) {
        from->width = (uint32_t)fmax(1, floor(spec->width / fmax(sx, sy) + 0.5));
        from->height = (uint32_t)fmax(1, floor(spec->height / fmax(sx, sy) + 0.5));
        from->x = (image->width - from->width) / 2;
        from->y = (image->height - from->height) / 2;
    }
}

static double reference_channel(const as_image *image, const as_input_spec *spec, window from, window to, uint32_t x,
                                uint32_t y, uint32_t c)
{
    if (image->pixel == AS_PIXEL_MONO8)
        return reference_value(image, from, to.width, to.height, x, y, 0);
    if (spec->channels == 3)
        return reference_value(image, from, to.width, to.height, x, y, spec->bgr ? 2 - c : c);
    return 0.299 * reference_value(image, from, to.width, to.height, x, y, 0) +
           0.587 * reference_value(image, from, to.width, to.height, x, y, 1) +
           0.114 * reference_value(image, from, to.width, to.height, x, y, 2);
}

/* Runs it and compares each value with the definition, on the scale of 0..255: far below 1/255 of it. */
static void check_against_reference(const as_image *image, const as_input_spec *spec)
{
    as_err      err = AS_ERR_NONE;
    as_prepare *prepare = as_prepare_new(spec, &err);
    size_t      n = (size_t)spec->width * spec->height * spec->channels;
    float      *out = malloc(n * sizeof *out);
    window      from, to;
    assert_non_null(prepare);
    assert_non_null(out);
    assert_true(as_prepare_run(prepare, image, out, &err));
    reference_place(image, spec, &from, &to);
    double worst = 0;
    for (uint32_t c = 0; c < spec->channels; c++)
        for (uint32_t y = 0; y < spec->height; y++)
            for (uint32_t x = 0; x < spec->width; x++) {
                bool   inside = x >= to.x && x < to.x + to.width && y >= to.y && y < to.y + to.height;
                double want =
                    inside ? reference_channel(image, spec, from, to, x - to.x, y - to.y, c) : spec->pad_value;
                double got = (double)out[((size_t)c * spec->height + y) * spec->width + x] * (double)spec->scale[c] +
                             (double)spec->mean[c];
                worst = fmax(worst, fabs(got - want));
            }
    if (worst > 1e-3)
        fail_msg("%ux%u to %ux%ux%u (%s): off by %g", image->width, image->height, spec->width, spec->height,
                 spec->channels, as_resize_name(spec->resize), worst);
    free(out);
    as_prepare_free(prepare);
}

static const uint32_t sizes[][4] = {
    {64, 48, 13, 10},   {64, 48, 64, 48},  {64, 48, 16, 12}, {31, 17, 30, 16}, {1, 1, 5, 4},     {1, 40, 7, 7},
    {40, 1, 7, 7},      {5, 4, 13, 11},    {50, 7, 9, 20},   {7, 50, 20, 9},   {3, 3, 1, 1},     {97, 89, 2, 3},
    {1030, 11, 33, 11}, {11, 1030, 11, 3}, {700, 9, 350, 8}, {2, 2, 3, 1},     {129, 2, 128, 1},
};

static void test_against_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(sizes); i++)
        for (as_pixel pixel = AS_PIXEL_MONO8; pixel <= AS_PIXEL_RGB8; pixel++) {
            as_image image;
            noise_image(&image, pixel, sizes[i][0], sizes[i][1], i % 3 * 5);
            for (int k = 0; k < 4; k++) {
                as_input_spec spec = {
                    .width = sizes[i][2],
                    .height = sizes[i][3],
                    .channels = k == 1 ? 1 : 3,
                    .resize = AS_RESIZE_STANDARD,
                    .bgr = k == 2,
                    .mean = {123.675f, 116.28f, 103.53f},
                    .scale = {58.395f, 57.12f, 57.375f},
                    .pad_value = 114,
                };
                check_against_reference(&image, &spec);
                spec.resize = AS_RESIZE_LETTERBOX;
                check_against_reference(&image, &spec);
                spec.resize = AS_RESIZE_CROP;
                check_against_reference(&image, &spec);
            }
            free(image.data);
        }
}

/* The size changes under one as_prepare: tables follow it. */
static void test_geometry_changes(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_input_spec spec = {.width = 4, .height = 4, .channels = 1, .resize = AS_RESIZE_STANDARD, .scale = {1}};
    as_prepare   *prepare = as_prepare_new(&spec, &err);
    float         out[16];
    assert_non_null(prepare);
    for (uint32_t n = 1; n < 40; n += 3) {
        as_image image;
        noise_image(&image, n % 2 ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8, n, 41 - n, 0);
        memset(image.data, (int)(n * 5), image.stride_bytes * image.height);
        assert_true(as_prepare_run(prepare, &image, out, &err));
        for (size_t i = 0; i < 16; i++)
            assert_true(fabsf(out[i] - (float)(n * 5)) < 1e-3f);
        free(image.data);
    }
    as_prepare_free(prepare);
}

static void test_refusals(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_input_spec good = {.width = 4, .height = 4, .channels = 3, .resize = AS_RESIZE_CROP, .scale = {1, 1, 1}};
    as_input_spec bad = good;
    bad.channels = 2;
    assert_null(as_prepare_new(&bad, &err));
    assert_int_equal(err.code, AS_EINVAL);
    bad = good;
    bad.resize = AS_RESIZE_NONE;
    assert_null(as_prepare_new(&bad, &err));
    bad = good;
    bad.width = 40000;
    assert_null(as_prepare_new(&bad, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    bad = good;
    bad.scale[2] = 0;
    assert_null(as_prepare_new(&bad, &err));
    assert_non_null(strstr(err.text, "scale"));
    bad = good;
    bad.mean[0] = NAN;
    assert_null(as_prepare_new(&bad, &err));
    as_prepare *prepare = as_prepare_new(&good, &err);
    float       out[48];
    assert_non_null(prepare);
    assert_false(as_prepare_run(prepare, &(as_image){0}, out, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_null(as_prepare_free(prepare));
    assert_null(as_prepare_free(NULL));
}

static void test_names(void **state)
{
    (void)state;
    for (int i = AS_RESIZE_STANDARD; i < AS_RESIZE_COUNT; i++)
        assert_int_equal(as_resize_parse(as_resize_name((as_resize)i)), i);
    assert_int_equal(as_resize_parse("none"), AS_RESIZE_NONE);
    assert_int_equal(as_resize_parse("Standard"), AS_RESIZE_NONE);
}

static void test_resize_to_bytes(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    for (as_pixel in = AS_PIXEL_MONO8; in <= AS_PIXEL_RGB8; in++)
        for (as_pixel to = AS_PIXEL_MONO8; to <= AS_PIXEL_RGB8; to++) {
            as_image image, out;
            noise_image(&image, in, 50, 20, 3);
            noise_image(&out, to, 17, 19, 2);
            uint8_t behind = out.data[17 * as_pixel_bytes(to)];
            assert_true(as_image_resize(&image, AS_RESIZE_LETTERBOX, 9, &out, &err));
            as_input_spec spec = {.width = 17,
                                  .height = 19,
                                  .channels = to == AS_PIXEL_RGB8 ? 3 : 1,
                                  .resize = AS_RESIZE_LETTERBOX,
                                  .pad_value = 9,
                                  .scale = {1, 1, 1}};
            as_prepare   *prepare = as_prepare_new(&spec, &err);
            float         want[17 * 19 * 3];
            assert_non_null(prepare);
            assert_true(as_prepare_run(prepare, &image, want, &err));
            for (uint32_t y = 0; y < 19; y++)
                for (uint32_t i = 0; i < 17 * spec.channels; i++) {
                    float value = want[(i % spec.channels * 19 + y) * 17 + i / spec.channels];
                    assert_true(fabsf((float)out.data[y * out.stride_bytes + i] - value) <= 0.501f);
                }
            assert_int_equal(out.data[17 * as_pixel_bytes(to)], behind); /* between the rows nothing is written */
            as_prepare_free(prepare);
            free(image.data);
            free(out.data);
        }
}

/* White stays white: rounding of many weights must not pass 255. */
static void test_resize_keeps_white(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    for (uint32_t n = 1; n < 300; n += 7) {
        as_image image, out;
        noise_image(&image, AS_PIXEL_RGB8, n, 300 - n, 0);
        noise_image(&out, AS_PIXEL_RGB8, 23, 29, 0);
        memset(image.data, 255, image.stride_bytes * image.height);
        assert_true(as_image_resize(&image, AS_RESIZE_STANDARD, 0, &out, &err));
        for (size_t i = 0; i < out.stride_bytes * out.height; i++)
            assert_int_equal(out.data[i], 255);
        free(image.data);
        free(out.data);
    }
}

/* A mark in the picture is found again where the mapping says, and the way back ends where it began. */
static void test_to_source(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_input_spec spec = {.width = 40, .height = 30, .channels = 1, .scale = {1}};
    for (int resize = AS_RESIZE_STANDARD; resize < AS_RESIZE_COUNT; resize++)
        for (int part = 0; part < 2; part++) {
            as_image image;
            float    out[40 * 30];
            noise_image(&image, AS_PIXEL_MONO8, 160, 90, 0);
            memset(image.data, 0, (size_t)160 * 90);
            for (size_t y = 44; y < 48; y++)
                memset(image.data + y * 160 + 84, 255, 4);
            spec.resize = (as_resize)resize;
            spec.roi = part ? (as_roi){30, 11, 101, 70} : (as_roi){0};
            as_prepare *prepare = as_prepare_new(&spec, &err);
            as_mapping  to, back;
            assert_non_null(prepare);
            assert_true(as_prepare_run(prepare, &image, out, &err));
            assert_true(as_prepare_to_source(&spec, 160, 90, &to, &err));
            double sum = 0, x = 0, y = 0;
            for (int i = 0; i < 40 * 30; i++) {
                sum += (double)out[i];
                x += (double)out[i] * (i % 40 + 0.5);
                y += (double)out[i] * (i / 40 + 0.5);
            }
            x /= sum;
            y /= sum;
            as_mapping_point(&to, &x, &y);
            assert_true(fabs(x - 86) < 0.6 * to.scale_x && fabs(y - 46) < 0.6 * to.scale_y);
            back = as_mapping_invert(&to, 40, 30);
            as_mapping_point(&back, &x, &y);
            as_mapping_point(&to, &x, &y);
            assert_true(fabs(x - 86) < 0.6 * to.scale_x && fabs(y - 46) < 0.6 * to.scale_y);
            float box[4] = {-500, 10, 20, 500};
            as_mapping_box(&to, box);
            assert_true(box[0] == 0 && box[3] == 90 && box[1] > 0 && box[2] > box[0] && box[2] < 160);
            as_prepare_free(prepare);
            free(image.data);
        }
    as_mapping ignored;
    spec.roi = (as_roi){100, 0, 61, 90};
    assert_false(as_prepare_to_source(&spec, 160, 90, &ignored, &err));
    assert_int_equal(err.code, AS_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_reference), cmocka_unit_test(test_geometry_changes),
        cmocka_unit_test(test_refusals),          cmocka_unit_test(test_names),
        cmocka_unit_test(test_resize_to_bytes),   cmocka_unit_test(test_resize_keeps_white),
        cmocka_unit_test(test_to_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
