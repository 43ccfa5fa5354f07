/* SPDX-License-Identifier: Apache-2.0 */
#include "image/draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE  24
#define GUARD 64 /* bytes around the picture that nobody may touch */

typedef struct canvas {
    uint8_t  memory[GUARD + SIDE * SIDE * 3 + GUARD];
    as_image image;
} canvas;

static void open_canvas(canvas *c, as_pixel pixel)
{
    memset(c->memory, 0xaa, sizeof c->memory);
    c->image = (as_image){pixel, SIDE, SIDE, (size_t)SIDE * as_pixel_bytes(pixel), c->memory + GUARD};
    memset(c->image.data, 0, SIDE * c->image.stride_bytes);
}

static void check_guard(const canvas *c)
{
    const uint8_t *end = c->image.data + SIDE * c->image.stride_bytes;
    for (size_t i = 0; i < GUARD; i++) {
        assert_int_equal(c->memory[i], 0xaa);
        assert_int_equal(end[i], 0xaa);
    }
}

static uint8_t at(const canvas *c, uint32_t x, uint32_t y)
{
    return c->image.data[y * c->image.stride_bytes + x * as_pixel_bytes(c->image.pixel)];
}

static uint32_t count(const canvas *c)
{
    uint32_t n = 0;
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++)
            n += at(c, x, y) != 0;
    return n;
}

static void test_a_frame_is_along_the_inside(void **state)
{
    (void)state;
    static const as_pixel pixels[] = {AS_PIXEL_MONO8, AS_PIXEL_RGB8};
    for (size_t i = 0; i < AS_COUNT(pixels); i++) {
        canvas c;
        open_canvas(&c, pixels[i]);
        as_draw_frame(&c.image, 3, 4, 10, 8, 2, (as_rgb){255, 255, 255});
        assert_int_equal(count(&c), 10 * 8 - 6 * 4);
        assert_int_equal(at(&c, 3, 4), 255);
        assert_int_equal(at(&c, 12, 11), 255);
        assert_int_equal(at(&c, 5, 6), 0);
        assert_int_equal(at(&c, 13, 11), 0);
        check_guard(&c);
    }
}

static void test_what_lies_outside_is_cut_off(void **state)
{
    (void)state;
    canvas c;
    open_canvas(&c, AS_PIXEL_RGB8);
    as_draw_frame(&c.image, -5, -5, 1000, 1000, 7, (as_rgb){9, 9, 9});
    as_draw_text(&c.image, -3, -3, 3, "Qg\x01\xc3\xa4", (as_rgb){9, 9, 9});
    as_draw_text(&c.image, SIDE - 4, SIDE - 4, 3, "W", (as_rgb){9, 9, 9});
    as_draw_fill(&c.image, SIDE, SIDE, 5, 5, (as_rgb){9, 9, 9});
    as_draw_fill(&c.image, -90, -90, 5, 5, (as_rgb){9, 9, 9});
    check_guard(&c);
    assert_int_equal(at(&c, 0, 0), 9);
}

static void test_letters(void **state)
{
    (void)state;
    canvas c;
    open_canvas(&c, AS_PIXEL_MONO8);
    as_draw_text(&c.image, 2, 3, 2, "L", (as_rgb){255, 255, 255});
    for (uint32_t y = 0; y < 14; y++)
        for (uint32_t x = 0; x < 10; x++)
            assert_int_equal(at(&c, 2 + x, 3 + y) != 0, x < 2 || y >= 12);
    assert_int_equal(as_draw_text_width("abc", 2), 36);
    assert_int_equal(as_draw_text_width("\xc3\xa4x", 1), 12);
}

static void test_a_tint_is_half(void **state)
{
    (void)state;
    canvas        c;
    const uint8_t inside[] = {1, 0, 0, 1};
    open_canvas(&c, AS_PIXEL_RGB8);
    memset(c.image.data, 100, (size_t)SIDE * SIDE * 3);
    as_draw_tint(&c.image, SIDE - 1, SIDE - 2, 2, 2, inside, 2, (as_rgb){200, 0, 0});
    assert_int_equal(at(&c, SIDE - 1, SIDE - 2), 150);
    assert_int_equal(at(&c, SIDE - 1, SIDE - 1), 100);
    check_guard(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frame_is_along_the_inside),
        cmocka_unit_test(test_what_lies_outside_is_cut_off),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_a_tint_is_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
