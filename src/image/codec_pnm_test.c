/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "image/codec.h"

static void expect(const void *bytes, size_t n, uint32_t width, uint32_t height, as_pixel pixel, uint32_t depth,
                   const uint8_t *want)
{
    as_err        err = AS_ERR_NONE;
    as_image      image = {0};
    as_codec_info info, probed;
    if (!as_codec_decode(bytes, n, &image, &info, &err) || !as_codec_probe(bytes, n, &probed, &err))
        fail_msg("%s", err.text);
    assert_memory_equal(&info, &probed, sizeof info);
    assert_int_equal(info.codec, AS_CODEC_PNM);
    assert_int_equal(info.bit_depth, depth);
    assert_int_equal(info.channels, as_pixel_bytes(pixel));
    assert_true(image.width == width && image.height == height && image.pixel == pixel);
    for (uint32_t y = 0; y < height; y++)
        assert_memory_equal(image.data + y * image.stride_bytes, want + y * width * as_pixel_bytes(pixel),
                            width * as_pixel_bytes(pixel));
    as_image_done(&image);
}

static void refuse(const void *bytes, size_t n, as_err_code code, const char *part)
{
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    assert_false(as_codec_decode(bytes, n, &image, NULL, &err));
    if (err.code != code || !strstr(err.text, part))
        fail_msg("'%s' is not '%s'", err.text, part);
    assert_null(image.data);
}

#define BYTES(text) (text), sizeof(text) - 1

static void test_four_kinds(void **state)
{
    (void)state;
    static const uint8_t grey[6] = {0, 51, 102, 153, 204, 255}, color[6] = {255, 0, 0, 0, 0, 255};
    expect(BYTES("P5\n3 2\n255\n\x00\x33\x66\x99\xcc\xff"), 3, 2, AS_PIXEL_MONO8, 8, grey);
    expect(BYTES("P5 3 2 5 \x00\x01\x02\x03\x04\x05"), 3, 2, AS_PIXEL_MONO8, 8, grey);
    expect(BYTES("P2\n# made by hand\n3 2 # wide and high\n5\n0 1 2\n3 4\t5"), 3, 2, AS_PIXEL_MONO8, 8, grey);
    expect(BYTES("P6\n2 1\n255\n\xff\x00\x00\x00\x00\xff"), 2, 1, AS_PIXEL_RGB8, 8, color);
    expect(BYTES("P3\n2 1 1 1 0 0  0 0 1\n"), 2, 1, AS_PIXEL_RGB8, 8, color);
    /* 16 bits, the high byte first; the byte after the number is the only one between it and the pixels. */
    expect(BYTES("P5\n2 1\n65535\n\xff\xff\x0a\x80"), 2, 1, AS_PIXEL_MONO8, 16, (const uint8_t[]){255, 10});
    expect(BYTES("P5\n2 1\n1023\n\x03\xff\x02\x00"), 2, 1, AS_PIXEL_MONO8, 16, (const uint8_t[]){255, 128});
    expect(BYTES("P2\n2 1\n65535\n65535 32767"), 2, 1, AS_PIXEL_MONO8, 16, (const uint8_t[]){255, 127});
}

static void test_damaged(void **state)
{
    (void)state;
    refuse(BYTES("P5"), AS_ECORRUPT, "ends early");
    refuse(BYTES("P5\n3 2\n255"), AS_ECORRUPT, "ends early");
    refuse(BYTES("P5\n3 2\n255\n12345"), AS_ECORRUPT, "cannot hold 3 x 2");
    refuse(BYTES("P2\n3 2\n255\n1 2 3 4 5 "), AS_ECORRUPT, "cannot hold 3 x 2");
    refuse(BYTES("P2\n3 2\n255\n1 22 33 44 5      "), AS_ECORRUPT, "ends early");
    refuse(BYTES("P2\n3 1\n255\n1 x 3  "), AS_ECORRUPT, "no number");
    refuse(BYTES("P2\n2 1\n9\n1 10"), AS_ECORRUPT, "larger than its largest");
    refuse(BYTES("P5\n1 1\n9\n\x0a"), AS_ECORRUPT, "larger than its largest");
    refuse(BYTES("P5\n1 1\n0\n1"), AS_ECORRUPT, "from 1 to 65535");
    refuse(BYTES("P5\n1 1\n65536\n12"), AS_ECORRUPT, "from 1 to 65535");
    refuse(BYTES("P5\n99999999999 1\n255\n1"), AS_ECORRUPT, "too large");
    refuse(BYTES("P5\n60000 60000\n255\n1"), AS_ELIMIT, "60000 x 60000");
    refuse(BYTES("P5\n0 5\n255\n1"), AS_EINVAL, "0 x 5");
    refuse(BYTES("P5\n-1 5\n255\n1"), AS_ECORRUPT, "no number");
    refuse(BYTES("P4\n8 1\n\xff"), AS_EFORMAT, "is no ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_four_kinds), cmocka_unit_test(test_damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
