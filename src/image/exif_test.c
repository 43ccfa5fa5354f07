/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "image/exif.h"

/* One folder with two entries, the second the orientation; little-endian. */
static const uint8_t little[] = {'I', 'I', 42, 0,    8,    0, 0, 0, 2, 0, 0x0f, 0x01, 2, 0, 1, 0, 0, 0, 0,
                                 0,   0,   0,  0x12, 0x01, 3, 0, 1, 0, 0, 0,    6,    0, 0, 0, 0, 0, 0, 0};
static const uint8_t big[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0};

static void test_orientation_both_byte_orders(void **state)
{
    (void)state;
    assert_int_equal(as_exif_orientation(little, sizeof little), 6);
    assert_int_equal(as_exif_orientation(big, sizeof big), 8);
}

/* Each shorter part lies in memory of exactly its size, so that a sanitizer sees a read past the end. */
static void test_orientation_of_parts(void **state)
{
    (void)state;
    for (size_t n = 0; n <= sizeof little; n++) {
        uint8_t *part = malloc(n ? n : 1);
        assert_non_null(part);
        memcpy(part, little, n);
        uint32_t found = as_exif_orientation(part, n);
        assert_int_equal(found, n >= 8 + 2 + 12 + 10 ? 6 : 1);
        free(part);
    }
}

static void test_orientation_of_nonsense(void **state)
{
    (void)state;
    uint8_t bytes[sizeof big];
    for (size_t at = 0; at < sizeof big; at++)
        for (int value = 0; value < 256; value += 15) {
            memcpy(bytes, big, sizeof big);
            bytes[at] = (uint8_t)value;
            uint32_t found = as_exif_orientation(bytes, sizeof bytes);
            assert_in_range(found, 1, 8);
        }
    memcpy(bytes, big, sizeof big);
    bytes[19] = 9;
    assert_int_equal(as_exif_orientation(bytes, sizeof bytes), 1);
    bytes[19] = 0;
    assert_int_equal(as_exif_orientation(bytes, sizeof bytes), 1);
    bytes[19] = 3;
    memset(bytes + 4, 0xff, 4); /* the folder lies far outside */
    assert_int_equal(as_exif_orientation(bytes, sizeof bytes), 1);
}

/* What each of the eight does to a stored picture  1 2 3 / 4 5 6  (CIPA DC-008, table 6). */
static const char *const upright[9] = {"",       "123456", "321654", "654321", "456123",
                                       "142536", "415263", "635241", "362514"};

static void test_put_all_orientations(void **state)
{
    (void)state;
    static const uint8_t stored[] = "123456";
    for (uint32_t o = 1; o <= 8; o++) {
        uint8_t  pixels[6] = {0};
        uint32_t width = as_exif_swaps(o) ? 2 : 3;
        as_image out = {AS_PIXEL_MONO8, width, 6 / width, width, pixels};
        as_exif_put(&out, o, 0, 1, 0, stored, 3);
        as_exif_put(&out, o, 0, 1, 1, stored + 3, 3);
        assert_memory_equal(pixels, upright[o], 6);
    }
}

static void test_put_steps_and_stride(void **state)
{
    (void)state;
    uint8_t  pixels[2 * 20];
    as_image out = {AS_PIXEL_RGB8, 5, 2, 20, pixels};
    memset(pixels, 0, sizeof pixels);
    as_exif_put(&out, 2, 1, 2, 1, (const uint8_t *)"abcdef", 2); /* columns 1 and 3 of row 1, mirrored */
    assert_memory_equal(pixels + 20 + 3 * 3, "abc", 3);
    assert_memory_equal(pixels + 20 + 3 * 1, "def", 3);
    assert_int_equal(pixels[20 + 15], 0);
    assert_int_equal(pixels[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orientation_both_byte_orders), cmocka_unit_test(test_orientation_of_parts),
        cmocka_unit_test(test_orientation_of_nonsense),      cmocka_unit_test(test_put_all_orientations),
        cmocka_unit_test(test_put_steps_and_stride),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
