/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "image/codec.h"
#include "image/stats.h"

/* Along a line of so many pixels, each place the mean of many points between pixels. */
static void blur(const as_image *from, double length, double degrees, as_image *to)
{
    enum { STEPS = 24 };
    double c = cos(degrees * M_PI / 180), s = sin(degrees * M_PI / 180);
    for (uint32_t y = 0; y < from->height; y++)
        for (uint32_t x = 0; x < from->width; x++) {
            double sum = 0;
            for (int k = 0; k < STEPS; k++) {
                double t = ((k + 0.5) / STEPS - 0.5) * length;
                double px = fmin(fmax(x + t * c, 0), from->width - 1.001);
                double py = fmin(fmax(y + t * s, 0), from->height - 1.001);
                size_t at = (size_t)py * from->stride_bytes + (size_t)px;
                double fx = px - floor(px), fy = py - floor(py);
                sum += (from->data[at] * (1 - fx) + from->data[at + 1] * fx) * (1 - fy) +
                       (from->data[at + from->stride_bytes] * (1 - fx) + from->data[at + from->stride_bytes + 1] * fx) *
                           fy;
            }
            to->data[y * to->stride_bytes + x] = (uint8_t)(sum / STEPS + 0.5);
        }
}

static double apart(double a, double b)
{
    double d = fabs(fmod(a - b + 360, 180));
    return fmin(d, 180 - d);
}

/* Direction within 10 degrees, length within a quarter. */
static bool is_right(const as_motion *found, double length, double degrees)
{
    return apart(found->direction_deg, degrees) <= 10 && fabs(found->length_px / length - 1) <= 0.25;
}

static as_image grey_of(as_image *image)
{
    as_err   err = AS_ERR_NONE;
    as_image grey;
    assert_true(as_image_new(&grey, AS_PIXEL_MONO8, image->width, image->height, &err));
    uint32_t step = as_pixel_bytes(image->pixel);
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++)
            grey.data[y * grey.stride_bytes + x] = image->data[y * image->stride_bytes + x * step + step / 2];
    return grey;
}

/* Every motion of the three lengths and directions; returns how many were wrong, or too uncertain to be told. */
static unsigned try_all(const as_image *grey, const char *name)
{
    static const double lengths[] = {7, 15, 25}, directions[] = {0, 30, 90};
    as_err              err = AS_ERR_NONE;
    as_image            moved;
    as_image_stats      stats;
    unsigned            n_wrong = 0;
    assert_true(as_image_new(&moved, AS_PIXEL_MONO8, grey->width, grey->height, &err));
    for (size_t i = 0; i < 9; i++) {
        double length = lengths[i / 3], degrees = directions[i % 3];
        blur(grey, length, degrees, &moved);
        assert_true(as_image_stats_of(&moved, &stats, &err));
        const as_motion *m = &stats.motion;
        bool             right = is_right(m, length, degrees) && m->certainty > 0.5;
        if (!right)
            print_message("%s: %g px at %g is %.1f px at %g (%.2f)\n", name, length, degrees, m->length_px,
                          m->direction_deg, m->certainty);
        n_wrong += !right;
    }
    as_image_done(&moved);
    return n_wrong;
}

static void test_real_pictures(void **state)
{
    (void)state;
    static const char *const names[] = {"data/cookie/test/anomaly/test-anomaly-1.jpg",
                                        "data/cookie/test/anomaly/test-anomaly-3.jpg",
                                        "data/cookie/test/anomaly/test-anomaly-5.jpg"};
    const char              *shared = getenv("ASSAY_SHARED");
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_err         err = AS_ERR_NONE;
        char           path[AS_FS_PATH_BYTES];
        uint8_t       *bytes;
        size_t         n;
        as_image       image;
        as_image_stats stats;
        assert_true(as_fs_join(path, shared ? shared : "../shared", names[i], &err));
        if (!as_fs_is_file(path)) {
            print_message("no photographs: set ASSAY_SHARED to the folder that holds data/\n");
            skip();
        }
        assert_true(as_fs_read(path, 64u << 20, &bytes, &n, &err));
        assert_true(as_codec_decode(bytes, n, &image, NULL, &err));
        as_image grey = grey_of(&image);
        assert_true(as_image_stats_of(&grey, &stats, &err));
        assert_true(stats.motion.certainty < 0.2); /* as it is, it did not move */
        assert_int_equal(try_all(&grey, names[i]), 0);
        as_image_done(&grey);
        as_image_done(&image);
        free(bytes);
    }
}

/* Blobs of all sizes, as in most scenes, with a sensor's noise over what has moved. */
static void make_scene(as_image *image, uint64_t seed)
{
    as_rng rng = as_rng_new(seed);
    memset(image->data, 110, image->stride_bytes * image->height);
    for (int k = 0; k < 3000; k++) {
        double  r = 1.5 / (0.03 + as_rng_unit(&rng));
        int     cx = (int)as_rng_below(&rng, image->width), cy = (int)as_rng_below(&rng, image->height);
        uint8_t level = (uint8_t)(40 + as_rng_below(&rng, 170));
        for (int y = (int)(cy - r); y <= cy + r; y++)
            for (int x = (int)(cx - r); x <= cx + r; x++)
                if (x >= 0 && y >= 0 && x < (int)image->width && y < (int)image->height &&
                    (x - cx) * (x - cx) + (y - cy) * (y - cy) <= r * r)
                    image->data[(size_t)y * image->stride_bytes + (size_t)x] = level;
    }
}

static void test_scenes(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{512, 400}, {300, 200}, {128, 128}};
    as_err                err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(sizes); i++) {
        as_image       image;
        as_image_stats stats;
        assert_true(as_image_new(&image, AS_PIXEL_MONO8, sizes[i][0], sizes[i][1], &err));
        make_scene(&image, 7 + i);
        assert_true(as_image_stats_of(&image, &stats, &err));
        assert_true(stats.motion.certainty < 0.35);
        assert_int_equal(try_all(&image, "scene"), 0);
        as_image_done(&image);
    }
}

static void test_too_small_or_flat(void **state)
{
    (void)state;
    as_err            err = AS_ERR_NONE;
    as_motion         found = {1, 1, 1};
    as_motion_windows all = {0}, *windows = &all;
    windows->pixels = calloc(AS_MOTION_WINDOWS, AS_MOTION_BYTES);
    assert_non_null(windows->pixels);
    as_motion_place(windows, AS_MOTION_LEAST_SIDE - 1, 500);
    assert_int_equal(windows->n, 0);
    assert_true(as_motion_find(windows, 0, &found, &err));
    assert_true(found.length_px <= 0 && found.certainty <= 0);
    as_motion_place(windows, 500, 64); /* nothing in it */
    assert_int_equal(windows->n, 3);
    assert_true(as_motion_find(windows, 0, &found, &err));
    assert_true(isfinite(found.certainty) && found.certainty < 0.35);
    for (uint32_t side = AS_MOTION_LEAST_SIDE; side < 700; side += 37) {
        as_motion_place(windows, side, 1000 - side);
        for (uint32_t k = 0; k < windows->n; k++) {
            assert_true(windows->x[k] + windows->width <= side);
            assert_true(windows->y[k] + windows->height <= 1000 - side);
        }
    }
    free(windows->pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_pictures), cmocka_unit_test(test_scenes),
                                       cmocka_unit_test(test_too_small_or_flat)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
