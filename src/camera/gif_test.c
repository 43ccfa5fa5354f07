/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two frames of 1 x 1 px: a global table of two colours, a comment, delays of 30/100 s and 0, a local table. */
static const uint8_t gif_two[] = {
    'G',  'I',  'F', '8',  '9', 'a', 1,    0, 1,    0, 0x80, 0, 0, 0, 0, 0, 9, 9,    9, /* tables */
    0x21, 0xfe, 2,   'h',  'i', 0,                                                      /* comment */
    0x21, 0xf9, 4,   0,    30,  0,   0,    0, 0x2c, 0, 0,    0, 0, 1, 0, 1, 0, 0,    2,    2, 0x44, 1,   0,
    0x21, 0xf9, 4,   0,    0,   0,   0,    0, 0x2c, 0, 0,    0, 0, 1, 0, 1, 0, 0x80, 1,    1, 1,    2,   2,
    2,    2,    2,   0x44, 1,   0,   0x2c, 0, 0,    0, 0,    1, 0, 1, 0, 0, 2, 2,    0x44, 1, 0,    0x3b};

static void test_stamps_are_the_sums_of_the_delays(void **state)
{
    (void)state;
    as_ns *stamps;
    size_t n;
    as_err err = AS_ERR_NONE;
    assert_true(as_gif_stamps(gif_two, sizeof gif_two, &stamps, &n, &err));
    assert_int_equal(n, 3);
    assert_int_equal(stamps[0], 0);
    assert_int_equal(stamps[1], 300 * AS_NS_PER_MS);
    assert_int_equal(stamps[2], 400 * AS_NS_PER_MS);
    free(stamps);
}

static void test_of_a_cut_file_the_whole_frames_count(void **state)
{
    (void)state;
    size_t last = 0;
    for (size_t cut = 0; cut < sizeof gif_two; cut++) {
        as_ns  *stamps = NULL;
        size_t  n = 0;
        as_err  err = AS_ERR_NONE;
        uint8_t copy[sizeof gif_two];
        memcpy(copy, gif_two, cut);
        if (!as_gif_stamps(copy, cut, &stamps, &n, &err))
            assert_int_equal(err.code, AS_EFORMAT);
        assert_true(n >= last);
        last = n;
        free(stamps);
    }
    assert_int_equal(last, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamps_are_the_sums_of_the_delays),
        cmocka_unit_test(test_of_a_cut_file_the_whole_frames_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
