/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/video.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The frames taken of n, whose stamps are rounded as their container does. */
static size_t picked(double fps, size_t n, double rate, as_ns round_to, size_t *ret, size_t cap)
{
    as_video_pick pick = {.fps = fps};
    size_t        n_taken = 0;
    for (size_t i = 0; i < n; i++) {
        as_ns stamp = (as_ns)round((double)i * 1e9 / rate);
        if (as_video_pick_takes(&pick, stamp / round_to * round_to) && n_taken < cap)
            ret[n_taken++] = i;
    }
    return n_taken;
}

static void test_takes_the_first_at_or_after_each_step(void **state)
{
    (void)state;
    size_t       at[64];
    const size_t of_2[] = {0, 15, 30, 45}, of_7[] = {0, 5, 9, 13, 18, 22, 26};
    assert_int_equal(picked(2, 60, 30, 1, at, 64), 4);
    assert_memory_equal(at, of_2, sizeof of_2);
    /* 30 / 7 = 4.29, 8.57, 12.86, 17.14, 21.43, 25.71: each rounded up. */
    assert_int_equal(picked(7, 30, 30, 1, at, 64), 7);
    assert_memory_equal(at, of_7, sizeof of_7);
}

static void test_the_stream_s_own_rate_takes_all_however_stamps_are_rounded(void **state)
{
    (void)state;
    static const double rates[] = {24, 24000.0 / 1001, 25, 29.97, 30, 50, 59.94, 60, 120};
    size_t              at[2000];
    for (size_t i = 0; i < AS_COUNT(rates); i++) {
        assert_int_equal(picked(rates[i], 2000, rates[i], 1, at, 2000), 2000);
        assert_int_equal(picked(rates[i], 2000, rates[i], AS_NS_PER_MS, at, 2000), 2000);
        assert_int_equal(picked(0, 2000, rates[i], 1, at, 2000), 2000);
    }
}

static void test_a_slow_or_broken_stream_gives_each_frame_once(void **state)
{
    (void)state;
    size_t        at[64];
    as_video_pick pick = {.fps = 2};
    assert_int_equal(picked(100, 20, 10, 1, at, 64), 20);
    /* After a gap of five seconds the next step is that after the frame. */
    assert_true(as_video_pick_takes(&pick, 0));
    assert_true(as_video_pick_takes(&pick, 5200 * AS_NS_PER_MS));
    assert_false(as_video_pick_takes(&pick, 5300 * AS_NS_PER_MS));
    assert_true(as_video_pick_takes(&pick, 5500 * AS_NS_PER_MS));
    /* A clock that goes back, or to its end, takes nothing twice and does not overflow. */
    assert_false(as_video_pick_takes(&pick, 5500 * AS_NS_PER_MS));
    assert_false(as_video_pick_takes(&pick, -1));
    assert_true(as_video_pick_takes(&pick, INT64_MAX));
    assert_false(as_video_pick_takes(&pick, 0));
}

static void test_recordings_are_known_by_their_ending(void **state)
{
    (void)state;
    assert_true(as_video_is_file("a/b.MP4"));
    assert_true(as_video_is_file("b.x.gif"));
    assert_false(as_video_is_file("mp4"));
    assert_false(as_video_is_file("a.mp4/b"));
    assert_false(as_video_is_file(".gif"));
    assert_true(as_video_is_stream("rtsp://10.0.0.1/x"));
    assert_true(as_video_is_stream("rtsps://10.0.0.1/x"));
    assert_false(as_video_is_stream("http://10.0.0.1/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_the_first_at_or_after_each_step),
        cmocka_unit_test(test_the_stream_s_own_rate_takes_all_however_stamps_are_rounded),
        cmocka_unit_test(test_a_slow_or_broken_stream_gives_each_frame_once),
        cmocka_unit_test(test_recordings_are_known_by_their_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
