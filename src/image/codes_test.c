/* SPDX-License-Identifier: Apache-2.0 */
#include "image/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "image/codec.h"

static void test_there_and_back(void **state)
{
    (void)state;
    as_codes codes, back;
    as_err   err = AS_ERR_NONE;
    as_str   png;
    uint8_t  rgb[3];
    assert_true(as_codes_new(&codes, 5, 3, &err));
    for (uint8_t i = 0; i < 15; i++)
        codes.at[i] = (uint8_t)(i * 17);
    as_str_init(&png);
    assert_true(as_codes_encode(&codes, &png, &err));
    assert_true(as_codes_decode((const uint8_t *)png.s, png.len, &back, &err));
    assert_true(back.are_given && back.width == 5 && back.height == 3);
    assert_memory_equal(back.at, codes.at, 15);
    as_codes_color(17, rgb);
    assert_memory_equal(back.colors[17], rgb, 3);
    as_codes_color(0, rgb);
    assert_true(rgb[0] == 0 && rgb[1] == 0 && rgb[2] == 0);
    as_codes_done(&back);
    /* Cut anywhere it is refused, never half a map. */
    for (size_t n = 0; n < png.len; n++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(as_codes_decode((const uint8_t *)png.s, n, &back, &err));
        assert_int_not_equal(err.code, AS_OK);
    }
    as_str_done(&png);
    as_codes_done(&codes);
}

static void test_colours_become_codes(void **state)
{
    (void)state;
    as_image image;
    as_codes codes;
    as_err   err = AS_ERR_NONE;
    as_str   png;
    as_str_init(&png);
    assert_true(as_image_new(&image, AS_PIXEL_RGB8, 300, 1, &err));
    memset(image.data, 7, 900);
    image.data[3] = 200;
    assert_true(as_codec_encode_png(&image, 1, &png, &err));
    assert_true(as_codes_decode((const uint8_t *)png.s, png.len, &codes, &err));
    assert_false(codes.are_given);
    assert_int_equal(codes.n_colors, 2);
    assert_true(codes.at[0] == 0 && codes.at[1] == 1 && codes.at[2] == 0 && codes.colors[1][0] == 200);
    as_codes_done(&codes);
    for (uint32_t i = 0; i < 300; i++) {
        image.data[3 * i] = (uint8_t)i;
        image.data[3 * i + 1] = (uint8_t)(i / 256);
    }
    as_str_clear(&png);
    assert_true(as_codec_encode_png(&image, 1, &png, &err));
    assert_false(as_codes_decode((const uint8_t *)png.s, png.len, &codes, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    as_image_done(&image);
    as_str_done(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back),
                                       cmocka_unit_test(test_colours_become_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
