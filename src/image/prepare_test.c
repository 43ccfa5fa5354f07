/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/count_test.h"
#include "base/rng.h"
#include "image/prepare.h"

/* Noise of any format. Nothing is allocated behind the last row, nor before the first: a read there is seen by sanitizers.
 * With an odd extra_stride nothing is aligned. */
static void noise_image(as_image *image, as_pixel pixel, uint32_t width, uint32_t height, size_t extra_stride)
{
    as_rng rng = as_rng_new(width * 31u + height);
    *image = (as_image){pixel, width, height, as_pixel_row_bytes(pixel, width) + extra_stride, NULL};
    size_t n = image->stride_bytes * as_pixel_rows(pixel, height) - extra_stride;
    image->data = malloc(n);
    assert_non_null(image->data);
    for (size_t i = 0; i < n; i++)
        image->data[i] = (uint8_t)as_rng_u64(&rng);
}

/* The definition, one axis: the box [i*s, (i+1)*s), or linear between centres. */
static double reference_weight(uint32_t i, uint32_t k, uint32_t n_in, uint32_t n_out, as_filter filter)
{
    double s = (double)n_in / n_out;
    if (n_out <= n_in && filter == AS_FILTER_AREA) {
        double low = fmax(i * s, k), high = fmin((i + 1) * s, k + 1.0);
        return high > low ? (high - low) / s : 0;
    }
    double at = fmin(fmax((i + 0.5) * s - 0.5, 0), n_in - 1.0);
    return fmax(0, 1 - fabs(at - k));
}

typedef struct window {
    uint32_t x, y, width, height;
} window;

/* Sample i of a row, bit by bit, as a level. */
static double reference_sample(const as_image *image, int64_t x, int64_t y)
{
    const as_pixel_facts *f = as_pixel_facts_of(image->pixel);
    size_t                step = f->packed ? f->bits : f->bits > 8 ? 16 : 8;
    const uint8_t        *row = image->data + (size_t)y * image->stride_bytes;
    uint32_t              v = 0;
    for (size_t b = 0; b < f->bits; b++) {
        size_t at = (size_t)x * step + b;
        v |= (uint32_t)(row[at / 8] >> at % 8 & 1) << b;
    }
    return v * 255.0 / ((1 << f->bits) - 1);
}

/* 0 red, 1 green, 2 blue: what filter a pixel has. */
static int reference_filter(const as_image *image, int64_t x, int64_t y)
{
    const as_pixel_facts *f = as_pixel_facts_of(image->pixel);
    bool                  red_x = (x & 1) == f->first_x, red_y = (y & 1) == f->first_y;
    return red_x && red_y ? 0 : !red_x && !red_y ? 2 : 1;
}

static int64_t reference_mirror(int64_t i, int64_t n)
{
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

/* Bayer: the mean of what has the colour in the square, or among the nearest neighbours. */
static double reference_bayer(const as_image *image, bool squares, int64_t x, int64_t y, int c)
{
    double  sum = 0;
    int     n = 0;
    int64_t x0 = x - 1, y0 = y - 1, x1 = x + 1, y1 = y + 1;
    if (squares) {
        x0 = AS_MIN(x / 2, image->width / 2 - 1) * 2;
        y0 = AS_MIN(y / 2, image->height / 2 - 1) * 2;
        x1 = x0 + 1;
        y1 = y0 + 1;
    } else if (reference_filter(image, x, y) == c) {
        return reference_sample(image, x, y);
    }
    for (int64_t j = y0; j <= y1; j++)
        for (int64_t i = x0; i <= x1; i++) {
            int64_t mx = reference_mirror(i, image->width), my = reference_mirror(j, image->height);
            if (reference_filter(image, mx, my) != c || (!squares && c == 1 && i != x && j != y))
                continue;
            sum += reference_sample(image, mx, my);
            n++;
        }
    return sum / n;
}

/* Channel c of a pixel, before a resize: of red, green, blue, or of Y, U, V. */
static double reference_pixel(const as_image *image, bool squares, uint32_t x, uint32_t y, int c)
{
    const as_pixel_facts *f = as_pixel_facts_of(image->pixel);
    const uint8_t        *row = image->data + y * image->stride_bytes;
    switch (f->kind) {
    case AS_PIXEL_KIND_RGB: return row[3 * x + (uint32_t)(f->first_x ? 2 - c : c)];
    case AS_PIXEL_KIND_BAYER: return reference_bayer(image, squares, x, y, c);
    case AS_PIXEL_KIND_YUV422: {
        const uint8_t *pair = row + (size_t)x / 2 * 4;
        uint32_t       luma = f->first_x, chroma = 1 - luma;
        return c == 0 ? pair[luma + 2 * (x % 2)] : c == 1 ? pair[chroma] : pair[chroma + 2];
    }
    case AS_PIXEL_KIND_NV12:
        return c == 0 ? row[x]
                      : image->data[(image->height + y / 2) * image->stride_bytes + x / 2 * 2 + (uint32_t)c - 1];
    default: return reference_sample(image, x, y);
    }
}

/* Inputs beyond which no weight of output i can be above 0. */
static void reference_range(uint32_t i, uint32_t n_in, uint32_t n_out, uint32_t *ret_low, uint32_t *ret_end)
{
    double s = (double)n_in / n_out;
    *ret_low = (uint32_t)fmax(0, floor(i * s) - 2);
    *ret_end = (uint32_t)fmin(n_in, ceil((i + 1) * s) + 2);
}

static double reference_value(const as_image *image, bool squares, const as_input_spec *spec, window from, window to,
                              uint32_t x, uint32_t y, int c)
{
    double   sum = 0;
    uint32_t r0, r1, k0, k1;
    reference_range(y, from.height, to.height, &r0, &r1);
    reference_range(x, from.width, to.width, &k0, &k1);
    for (uint32_t r = r0; r < r1; r++) {
        double wy = reference_weight(y, r, from.height, to.height, spec->filter);
        if (wy <= 0)
            continue;
        for (uint32_t k = k0; k < k1; k++) {
            double wx = reference_weight(x, k, from.width, to.width, spec->filter);
            if (wx > 0)
                sum += wx * wy * reference_pixel(image, squares, from.x + k, from.y + r, c);
        }
    }
    return sum;
}

/* BT.601 and BT.709 as they are written: E'R - E'Y = 2 (1 - kr) E'PR and so on, luma 219 and chroma 224 steps high. */
static void reference_rgb(as_yuv yuv, double v[3])
{
    bool hd = yuv == AS_YUV_BT709 || yuv == AS_YUV_BT709_FULL,
         full = yuv == AS_YUV_BT601_FULL || yuv == AS_YUV_BT709_FULL;
    double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114;
    double y = full ? v[0] / 255 : (v[0] - 16) / 219, pb = (v[1] - 128) / (full ? 255 : 224);
    double pr = (v[2] - 128) / (full ? 255 : 224), r = y + 2 * (1 - kr) * pr, b = y + 2 * (1 - kb) * pb;
    v[0] = fmin(fmax(r, 0), 1) * 255;
    v[1] = fmin(fmax((y - kr * r - kb * b) / (1 - kr - kb), 0), 1) * 255;
    v[2] = fmin(fmax(b, 0), 1) * 255;
}

/* Source and place of a resize, worked out in doubles. */
static void reference_place(const as_image *image, const as_input_spec *spec, window *from, window *to)
{
    *from = (window){0, 0, image->width, image->height};
    if (spec->roi.width)
        *from = (window){spec->roi.x, spec->roi.y, spec->roi.width, spec->roi.height};
    window all = *from;
    double sx = (double)spec->width / all.width, sy = (double)spec->height / all.height;
    *to = (window){0, 0, spec->width, spec->height};
    if (spec->resize == AS_RESIZE_LETTERBOX) {
        to->width = (uint32_t)fmax(1, floor(all.width * fmin(sx, sy) + 0.5));
        to->height = (uint32_t)fmax(1, floor(all.height * fmin(sx, sy) + 0.5));
        to->x = (spec->width - to->width) / 2;
        to->y = (spec->height - to->height) / 2;
    } else if (spec->resize == AS_RESIZE_CROP) {
        from->width = (uint32_t)fmax(1, floor(spec->width / fmax(sx, sy) + 0.5));
        from->height = (uint32_t)fmax(1, floor(spec->height / fmax(sx, sy) + 0.5));
        from->x += (all.width - from->width) / 2;
        from->y += (all.height - from->height) / 2;
    }
}

/* Levels of the output channels at a place. */
static void reference_levels(const as_image *image, const as_input_spec *spec, window from, window to, uint32_t x,
                             uint32_t y, double ret[3])
{
    const as_pixel_facts *f = as_pixel_facts_of(image->pixel);
    double                v[3] = {0};
    bool squares = spec->filter == AS_FILTER_AREA && from.width >= 2 * to.width && from.height >= 2 * to.height;
    int  planes = f->kind == AS_PIXEL_KIND_MONO ? 1 : 3;
    for (int c = 0; c < 3; c++)
        v[c] = c < planes ? reference_value(image, squares, spec, from, to, x, y, c) : v[0];
    if (f->yuv != AS_YUV_NONE)
        reference_rgb(f->yuv, v);
    if (spec->channels == 1 && planes == 3)
        v[0] = 0.299 * v[0] + 0.587 * v[1] + 0.114 * v[2];
    for (int c = 0; c < 3; c++)
        ret[c] = v[spec->bgr && spec->channels == 3 ? 2 - c : c];
}

/* How far the values may be from the definition on the scale of 0..255; what is promised is 1. Matrices of YUV multiply
 * what their three numbers are off. */
#define MOST_OFF     0.03
#define MOST_OFF_YUV 0.1

/* Runs it and compares each value with the definition, on the scale of 0..255. */
static void check_against_reference(const as_image *image, const as_input_spec *spec)
{
    as_err      err = AS_ERR_NONE;
    as_prepare *prepare = as_prepare_new(spec, &err);
    size_t      plane = (size_t)spec->width * spec->height, n = plane * spec->channels;
    float      *out = malloc(n * sizeof *out);
    window      from, to;
    assert_non_null(prepare);
    assert_non_null(out);
    assert_true(as_prepare_run(prepare, image, out, &err));
    reference_place(image, spec, &from, &to);
    double worst = 0;
    for (uint32_t y = 0; y < spec->height; y++)
        for (uint32_t x = 0; x < spec->width; x++) {
            bool   inside = x >= to.x && x < to.x + to.width && y >= to.y && y < to.y + to.height;
            double want[3] = {spec->pad_value, spec->pad_value, spec->pad_value};
            if (inside)
                reference_levels(image, spec, from, to, x - to.x, y - to.y, want);
            for (uint32_t c = 0; c < spec->channels; c++) {
                double got =
                    (double)out[c * plane + y * spec->width + x] * (double)spec->scale[c] + (double)spec->mean[c];
                if (!(fabs(got - want[c]) <= worst))
                    worst = fabs(got - want[c]);
            }
        }
    if (!(worst <= (as_pixel_facts_of(image->pixel)->yuv ? MOST_OFF_YUV : MOST_OFF)))
        fail_msg("%ux%u %s to %ux%ux%u (%s, filter %d): off by %g", image->width, image->height,
                 as_pixel_name(image->pixel), spec->width, spec->height, spec->channels, as_resize_name(spec->resize),
                 (int)spec->filter, worst);
    free(out);
    as_prepare_free(prepare);
}

static const uint32_t sizes[][4] = {
    {64, 48, 13, 10},   {64, 48, 64, 48},  {64, 48, 16, 12}, {31, 17, 30, 16}, {1, 1, 5, 4},     {1, 40, 7, 7},
    {40, 1, 7, 7},      {5, 4, 13, 11},    {50, 7, 9, 20},   {7, 50, 20, 9},   {3, 3, 1, 1},     {97, 89, 2, 3},
    {1030, 11, 33, 11}, {11, 1030, 11, 3}, {700, 9, 350, 8}, {2, 2, 3, 1},     {129, 2, 128, 1},
};

static void check_size(as_pixel pixel, const uint32_t size[4], size_t i)
{
    as_image image;
    if (as_pixel_facts_of(pixel)->kind == AS_PIXEL_KIND_BAYER && (size[0] < 2 || size[1] < 2))
        return;
    noise_image(&image, pixel, size[0], size[1], i % 3 * 5);
    for (uint32_t k = 0; k < 4; k++)
        for (int resize = AS_RESIZE_STANDARD; resize < AS_RESIZE_COUNT; resize++) {
            as_input_spec spec = {
                .width = size[2],
                .height = size[3],
                .channels = k == 1 ? 1 : 3,
                .resize = (as_resize)resize,
                .bgr = k == 2,
                .mean = {123.675f, 116.28f, 103.53f},
                .scale = {58.395f, 57.12f, 57.375f},
                .pad_value = 114,
                .filter = k == 3 ? AS_FILTER_BILINEAR : AS_FILTER_AREA,
            };
            if (k >= 2 && image.width > 5 && image.height > 5) /* odd and even places, to the last column */
                spec.roi = (as_roi){k, 3, image.width - k - (k == 2), image.height - 3 - (k == 3)};
            check_against_reference(&image, &spec);
        }
    free(image.data);
}

/* Every format, at every size, in every way. */
static void test_against_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(sizes); i++)
        for (as_pixel pixel = AS_PIXEL_NONE + 1; pixel < AS_PIXEL_COUNT; pixel++)
            check_size(pixel, sizes[i], i);
}

/* Columns too high for sums of 15 bits. */
static void test_tall(void **state)
{
    (void)state;
    static const as_pixel pixels[] = {AS_PIXEL_MONO8,  AS_PIXEL_RGB8, AS_PIXEL_BAYER_GB8,  AS_PIXEL_NV12,
                                      AS_PIXEL_MONO16, AS_PIXEL_UYVY, AS_PIXEL_BAYER_RG12P};
    for (size_t i = 0; i < AS_COUNT(pixels); i++) {
        check_size(pixels[i], (const uint32_t[]){9, 601, 3, 2}, i);
        check_size(pixels[i], (const uint32_t[]){900, 270, 2, 1}, i);
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
            assert_true(fabsf(out[i] - (float)(n * 5)) < 0.03f);
        free(image.data);
    }
    as_prepare_free(prepare);
}

/* After the first picture of a geometry nothing is allocated, whatever its format and what it becomes. */
static void test_allocates_nothing(void **state)
{
    (void)state;
#if !COUNTS_ALLOCATIONS
    skip();
#else
    static uint16_t out[16 * 32 * 32 * 2];
    as_err          err = AS_ERR_NONE;
    for (as_pixel pixel = AS_PIXEL_NONE + 1; pixel < AS_PIXEL_COUNT; pixel++)
        for (int k = 0; k < 6; k++) {
            as_image            image;
            const as_put_spec   put = {.layout = (as_put_layout)(k % 4), .type = (as_put_type)(k % 3), .scale = 1};
            const as_input_spec spec = {.width = k < 3 ? 32 : 16,
                                        .height = 32,
                                        .channels = k % 2 ? 1 : 3,
                                        .resize = AS_RESIZE_LETTERBOX,
                                        .scale = {1, 1, 1}};
            noise_image(&image, pixel, k < 4 ? 70 : 20, 61, 1);
            as_prepare *prepare = as_prepare_new_as(&spec, &put, &err);
            assert_non_null(prepare);
            assert_true(as_prepare_run(prepare, &image, out, &err));
            count_begin();
            const bool     ok = as_prepare_run(prepare, &image, out, &err);
            const unsigned n_allocations = count_end();
            assert_true(ok);
            assert_int_equal(n_allocations, 0);
            as_prepare_free(prepare);
            free(image.data);
        }
#endif
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
        cmocka_unit_test(test_against_reference), cmocka_unit_test(test_tall),
        cmocka_unit_test(test_geometry_changes),  cmocka_unit_test(test_allocates_nothing),
        cmocka_unit_test(test_refusals),          cmocka_unit_test(test_names),
        cmocka_unit_test(test_resize_to_bytes),   cmocka_unit_test(test_resize_keeps_white),
        cmocka_unit_test(test_to_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
