/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "image/stats.h"

static as_image noise_image(as_pixel pixel, uint32_t width, uint32_t height, size_t extra_stride)
{
    as_rng   rng = as_rng_new(width * 31u + height);
    as_image image = {pixel, width, height, width * as_pixel_bytes(pixel) + extra_stride, NULL};
    size_t   n = image.stride_bytes * height - extra_stride;
    image.data = malloc(n);
    assert_non_null(image.data);
    for (size_t i = 0; i < n; i++)
        image.data[i] = (uint8_t)as_rng_u64(&rng);
    return image;
}

static double luma_at(const as_image *image, uint32_t x, uint32_t y)
{
    const uint8_t *p = image->data + y * image->stride_bytes + x * as_pixel_bytes(image->pixel);
    if (image->pixel == AS_PIXEL_MONO8)
        return p[0];
    return floor((77.0 * p[0] + 150.0 * p[1] + 29.0 * p[2] + 128) / 256);
}

static double cell_at(const as_image *image, uint32_t column, uint32_t row)
{
    double x0 = column * image->width / 9.0, x1 = (column + 1) * image->width / 9.0;
    double y0 = row * image->height / 8.0, y1 = (row + 1) * image->height / 8.0, sum = 0;
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++) {
            double w = fmin(x1, x + 1.0) - fmax(x0, x), h = fmin(y1, y + 1.0) - fmax(y0, y);
            if (w > 0 && h > 0)
                sum += w * h * luma_at(image, x, y);
        }
    return sum / ((x1 - x0) * (y1 - y0));
}

static void check_levels(const as_image *image, const as_image_stats *got)
{
    double n = (double)image->width * image->height, sum = 0, spread = 0, low = 0, high = 0;
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++)
            sum += luma_at(image, x, y);
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++) {
            double v = luma_at(image, x, y);
            spread += (v - sum / n) * (v - sum / n);
            low += v <= 1;
            high += v >= 254;
        }
    assert_true(fabs(got->mean - sum / n) < 1e-9);
    assert_true(fabs(got->deviation - sqrt(spread / n)) < 1e-6);
    assert_true(fabs(got->clipped_low_ratio - low / n) < 1e-12);
    assert_true(fabs(got->clipped_high_ratio - high / n) < 1e-12);
}

static double kernel_at(const as_image *image, const int kernel[9], uint32_t x, uint32_t y)
{
    double sum = 0;
    for (uint32_t i = 0; i < 9; i++)
        sum += kernel[i] * luma_at(image, x + i % 3 - 1, y + i / 3 - 1);
    return sum;
}

static void check_edges(const as_image *image, const as_image_stats *got)
{
    static const int laplacian[9] = {0, 1, 0, 1, -4, 1, 0, 1, 0};
    static const int across[9] = {-1, 0, 1, -2, 0, 2, -1, 0, 1}, down[9] = {-1, -2, -1, 0, 0, 0, 1, 2, 1};
    double           n = (image->width - 2.0) * (image->height - 2.0), sum = 0, squared = 0, gradient = 0;
    for (uint32_t y = 1; y + 1 < image->height; y++)
        for (uint32_t x = 1; x + 1 < image->width; x++) {
            double l = kernel_at(image, laplacian, x, y);
            sum += l;
            squared += l * l;
            gradient += pow(kernel_at(image, across, x, y), 2) + pow(kernel_at(image, down, x, y), 2);
        }
    assert_true(fabs(got->laplacian_variance - (squared / n - sum / n * sum / n)) < 1e-6 * (1 + squared / n));
    assert_true(fabs(got->tenengrad - gradient / n) < 1e-6 * (1 + gradient / n));
}

static void check_hash(const as_image *image, const as_image_stats *got)
{
    for (uint32_t row = 0; row < 8; row++)
        for (uint32_t column = 0; column < 8; column++) {
            double step = cell_at(image, column + 1, row) - cell_at(image, column, row);
            bool   bit = got->difference_hash >> (63 - (row * 8 + column)) & 1;
            if (fabs(step) > 1e-9)
                assert_int_equal(bit, step > 0);
        }
}

static void check_map(const as_image *image, const as_image_stats *got)
{
    const as_image_map *map = &got->map;
    assert_int_equal(map->across, AS_MIN(image->width, 64u));
    assert_int_equal(map->down, AS_MIN(image->height, 48u));
    for (uint32_t r = 0; r < map->down; r++)
        for (uint32_t k = 0; k < map->across; k++) {
            double sum = 0, n = 0;
            for (uint32_t y = r * image->height / map->down; y < (r + 1) * image->height / map->down; y++)
                for (uint32_t x = k * image->width / map->across; x < (k + 1) * image->width / map->across; x++, n++)
                    sum += luma_at(image, x, y);
            if (fabs(map->cells[r][k] - sum / n * 256) > 0.501)
                fail_msg("cell %u,%u of %ux%u: %u, not %g", k, r, image->width, image->height, map->cells[r][k],
                         sum / n * 256);
        }
    for (uint32_t k = 0; k < 32; k++)
        for (uint32_t i = 0; i < 32; i++)
            assert_int_equal(map->samples[k * 32 + i], (uint8_t)luma_at(image, (2 * i + 1) * image->width / 64,
                                                                        (2 * k + 1) * image->height / 64));
}

static void test_against_reference(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{3, 3},    {3, 50},   {50, 3},  {9, 8},      {18, 16},  {33, 31},
                                        {100, 75}, {2100, 5}, {5, 300}, {10, 13000}, {641, 483}};
    for (size_t i = 0; i < AS_COUNT(sizes); i++)
        for (as_pixel pixel = AS_PIXEL_MONO8; pixel <= AS_PIXEL_RGB8; pixel++) {
            as_err         err = AS_ERR_NONE;
            as_image_stats got;
            as_image       image = noise_image(pixel, sizes[i][0], sizes[i][1], i % 2 * 7);
            assert_true(as_image_stats_of(&image, &got, &err));
            check_levels(&image, &got);
            check_edges(&image, &got);
            check_hash(&image, &got);
            check_map(&image, &got);
            free(image.data);
        }
}

/* The largest values there are: nothing overflows. */
static void test_extremes(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_image_stats got;
    as_image       image = noise_image(AS_PIXEL_MONO8, 9001, 6, 0);
    for (int stripes = 0; stripes < 2; stripes++) {
        for (uint32_t y = 0; y < image.height; y++)
            for (uint32_t x = 0; x < image.width; x++)
                image.data[y * image.stride_bytes + x] = (stripes ? x / 2 : x + y) % 2 ? 255 : 0;
        assert_true(as_image_stats_of(&image, &got, &err));
        check_levels(&image, &got);
        check_edges(&image, &got);
    }
    memset(image.data, 255, image.stride_bytes * image.height);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.clipped_high_ratio == 1 && got.deviation == 0 && got.laplacian_variance == 0 && got.tenengrad == 0);
    assert_true(got.mean == 255 && got.difference_hash == 0);
    free(image.data);
}

static void test_blur_is_seen(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_image_stats sharp, soft;
    as_image       image = noise_image(AS_PIXEL_MONO8, 64, 64, 0);
    assert_true(as_image_stats_of(&image, &sharp, &err));
    for (size_t i = 0; i + 3 < 64u * 64u; i++)
        image.data[i] = (uint8_t)((image.data[i] + image.data[i + 1] + image.data[i + 2] + image.data[i + 3]) / 4);
    assert_true(as_image_stats_of(&image, &soft, &err));
    assert_true(soft.laplacian_variance < sharp.laplacian_variance / 2);
    assert_true(soft.tenengrad < sharp.tenengrad / 2);
    free(image.data);
}

/* Noise is found beside texture, and is not taken from areas that show none because they are clipped. */
static void test_noise(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_image_stats got;
    as_rng         rng = as_rng_new(5);
    as_image       image = noise_image(AS_PIXEL_MONO8, 400, 300, 0);
    for (double sigma = 1; sigma < 20; sigma *= 2)
        for (int kind = 0; kind < 3; kind++) {
            for (uint32_t y = 0; y < image.height; y++)
                for (uint32_t x = 0; x < image.width; x++) {
                    double v = 100 + x / 8.0 + sigma * as_rng_normal(&rng);
                    v += kind == 1 && x > 200 ? 40 * ((x / 3 + y / 3) % 2) : 0;
                    v = kind == 2 && y > 150 ? 400 : v;
                    image.data[y * image.stride_bytes + x] = (uint8_t)fmin(fmax(v + 0.5, 0), 255);
                }
            assert_true(as_image_stats_of(&image, &got, &err));
            if (fabs(got.noise / sigma - 1) > 0.15)
                fail_msg("noise %g is %g (kind %d)", sigma, got.noise, kind);
        }
    memset(image.data, 77, image.stride_bytes * image.height);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.noise == 0 && got.contrast == 0);
    free(image.data);
}

static void test_contrast(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_image_stats got;
    as_image       image = noise_image(AS_PIXEL_MONO8, 200, 100, 0);
    for (uint32_t i = 0; i < 200 * 100; i++) /* a few bright and dark pixels are no contrast */
        image.data[i] = (uint8_t)(i % 211 == 0 ? 255 : i % 223 == 0 ? 0 : 90 + i % 2 * 31);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.contrast == 31);
    free(image.data);
}

static void test_blank(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_image_stats got;
    as_image       image = noise_image(AS_PIXEL_MONO8, 200, 100, 0);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.blank_rows_ratio == 0 && got.blank_columns_ratio == 0);
    memset(image.data + 60 * 200, 128, 40 * 200);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.blank_rows_ratio == 0.4 && got.blank_columns_ratio == 0);
    memset(image.data + 70 * 200, 129, 30 * 200); /* another level is another area */
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.blank_rows_ratio == 0.3);
    memset(image.data, 0, 55 * 200);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.blank_rows_ratio == 0.55);
    for (uint32_t y = 0; y < 100; y++)
        memset(image.data + y * 200 + 150, 16, 50);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.blank_columns_ratio == 0.25);
    memset(image.data, 3, 200 * 100);
    assert_true(as_image_stats_of(&image, &got, &err));
    assert_true(got.blank_rows_ratio == 1 && got.blank_columns_ratio == 1);
    free(image.data);
}

static void test_refusals(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_image_stats got;
    uint8_t        pixels[6] = {0};
    as_image       image = {AS_PIXEL_MONO8, 2, 3, 2, pixels};
    assert_false(as_image_stats_of(&image, &got, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "2 x 3"));
    assert_false(as_image_stats_of(&(as_image){0}, &got, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_reference), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_blur_is_seen),      cmocka_unit_test(test_noise),
        cmocka_unit_test(test_contrast),          cmocka_unit_test(test_blank),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
