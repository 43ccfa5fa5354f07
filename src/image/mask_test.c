/* SPDX-License-Identifier: Apache-2.0 */
#include "image/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static as_mask mask_of(const uint8_t *pixels, uint32_t width, uint32_t height)
{
    as_err  err = AS_ERR_NONE;
    as_mask mask;
    assert_true(as_mask_from_pixels(pixels, width, width, height, 1, &mask, &err));
    return mask;
}

static void test_runs_go_down_the_columns(void **state)
{
    (void)state;
    static const uint8_t  pixels[] = {1, 0, 0, /**/ 1, 1, 0};
    static const uint32_t want[] = {0, 2, 1, 1, 2};
    as_mask               mask = mask_of(pixels, 3, 2);
    double                box[4];
    assert_int_equal(mask.n_runs, AS_COUNT(want));
    assert_memory_equal(mask.runs, want, sizeof want);
    assert_int_equal(as_mask_area(&mask), 3);
    as_mask_bounds(&mask, box);
    assert_true(box[0] == 0 && box[1] == 0 && box[2] == 2 && box[3] == 2);
    as_mask_done(&mask);
}

/* The example is worked out by hand: 6, then 1; 40 has six bits and takes two characters. */
static void test_text_is_that_of_coco(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_mask        mask;
    as_str         text;
    const uint32_t runs[] = {6, 1, 40, 4, 49};
    assert_true(as_mask_from_runs(runs, AS_COUNT(runs), 10, 10, &mask, &err));
    as_str_init(&text);
    assert_true(as_mask_add_text(&mask, &text, &err));
    assert_string_equal(text.s, "61X139"); /* 6; 1; 8|more, 1; 4-1; 49-40 */
    as_str_done(&text);
    as_mask_done(&mask);
}

static void test_round_trips(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    as_rng  rng = as_rng_new(3);
    uint8_t pixels[37 * 23], again[37 * 23];
    for (int round = 0; round < 200; round++) {
        uint32_t width = 1 + (uint32_t)as_rng_below(&rng, 37), height = 1 + (uint32_t)as_rng_below(&rng, 23);
        uint64_t rare = 1 + as_rng_below(&rng, 60);
        uint8_t  value = 0;
        for (uint32_t i = 0; i < width * height; i++)
            pixels[i] = value ^= as_rng_below(&rng, rare) == 0;
        as_mask mask = mask_of(pixels, width, height), back;
        as_str  text;
        as_str_init(&text);
        assert_true(as_mask_add_text(&mask, &text, &err));
        assert_true(as_mask_from_text(text.s, width, height, &back, &err));
        as_mask_to_pixels(&back, again, width);
        assert_memory_equal(pixels, again, width * height);
        uint64_t n = 0;
        uint32_t left = width, right = 0, top = height, bottom = 0;
        for (uint32_t i = 0; i < width * height; i++) {
            if (!pixels[i])
                continue;
            n++;
            left = AS_MIN(left, i % width);
            right = AS_MAX(right, i % width + 1);
            top = AS_MIN(top, i / width);
            bottom = AS_MAX(bottom, i / width + 1);
        }
        double box[4];
        as_mask_bounds(&mask, box);
        assert_int_equal(as_mask_area(&mask), n);
        if (n)
            assert_true(box[0] == left && box[1] == top && box[2] == right - left && box[3] == bottom - top);
        assert_true(as_mask_iou(&mask, &back) == (n ? 1 : 0));
        as_str_done(&text);
        as_mask_done(&mask);
        as_mask_done(&back);
    }
}

static void test_iou_counts_pixels(void **state)
{
    (void)state;
    as_rng  rng = as_rng_new(9);
    uint8_t a[16 * 9], b[16 * 9];
    for (int round = 0; round < 100; round++) {
        double both = 0, either = 0;
        for (size_t i = 0; i < sizeof a; i++) {
            a[i] = as_rng_below(&rng, 2) == 0;
            b[i] = as_rng_below(&rng, 3) == 0;
            both += a[i] & b[i];
            either += a[i] | b[i];
        }
        as_mask ma = mask_of(a, 16, 9), mb = mask_of(b, 16, 9), other = mask_of(b, 9, 16);
        assert_true(as_mask_iou(&ma, &mb) == both / either);
        assert_true(as_mask_iou(&ma, &other) == 0);
        as_mask_done(&ma);
        as_mask_done(&mb);
        as_mask_done(&other);
    }
}

static void test_polygons_fill_what_they_surround(void **state)
{
    (void)state;
    /* A square with a square hole, and a triangle that hangs out of the picture. */
    static const double points[] = {1, 1, 7, 1, 7, 7, 1, 7, /**/ 3, 3, 5, 3, 5, 5, 3, 5, /**/ 8, -4, 15, -4, 8, 3};
    static const size_t ends[] = {4, 8, 11};
    as_err              err = AS_ERR_NONE;
    as_mask             mask;
    uint8_t             pixels[10 * 8];
    assert_true(as_mask_from_rings(points, ends, 1, 10, 8, &mask, &err));
    assert_int_equal(as_mask_area(&mask), 36);
    as_mask_done(&mask);
    assert_true(as_mask_from_rings(points, ends, 3, 10, 8, &mask, &err));
    as_mask_to_pixels(&mask, pixels, 10);
    assert_int_equal(pixels[2 * 10 + 2], 1);
    assert_int_equal(pixels[3 * 10 + 3], 0);
    assert_int_equal(pixels[0 * 10 + 8], 1);
    assert_int_equal(pixels[7 * 10 + 1], 0);
    assert_int_equal(as_mask_area(&mask), 36 - 4 + 3); /* (8,0), (8,1), (9,0) */
    as_mask_done(&mask);
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "6", "~", "\x01", "oooooooooo", "0000000", "61X13Z", "d0"};
    as_mask                  mask;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_err err = AS_ERR_NONE;
        if (as_mask_from_text(bad[i], 10, 10, &mask, &err))
            fail_msg("accepted '%s'", bad[i]);
        assert_int_equal(err.code, AS_EFORMAT);
    }
    as_err err = AS_ERR_NONE;
    assert_false(as_mask_from_text("61X139", 10, 0, &mask, &err));
    assert_false(as_mask_from_text("61X139", 100000, 10, &mask, &err));
    assert_int_equal(err.code, AS_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_go_down_the_columns),
        cmocka_unit_test(test_text_is_that_of_coco),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_iou_counts_pixels),
        cmocka_unit_test(test_polygons_fill_what_they_surround),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
