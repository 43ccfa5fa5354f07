/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/driver.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"

static as_uri_query driver_query(const char *rest)
{
    static const char *const keys[] = {"n", "x", "flag", NULL};
    as_uri_query             q;
    as_err                   err;
    assert_true(as_uri_query_parse(rest, keys, &q, &err));
    return q;
}

static void driver_values_are_checked(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    double       x = -1;
    uint64_t     n = 5;
    bool         flag = true;
    as_uri_query q = driver_query("p?n=7&x=2.5&flag=0"), none = driver_query("p"),
                 bad = driver_query("p?n=-1&x=nan&flag=2");
    assert_true(as_uri_query_number(&none, "x", 0, 1, &x, &err) && x == -1);
    assert_true(as_uri_query_count(&none, "n", 0, 1, &n, &err) && n == 5);
    assert_true(as_uri_query_flag(&none, "flag", &flag, &err) && flag);
    assert_true(as_uri_query_number(&q, "x", 0, 3, &x, &err) && x == 2.5);
    assert_true(as_uri_query_count(&q, "n", 0, 7, &n, &err) && n == 7);
    assert_true(as_uri_query_flag(&q, "flag", &flag, &err) && !flag);
    assert_false(as_uri_query_number(&q, "x", 0, 2, &x, &err));
    assert_string_equal(err.text, "'x=2.5' is not a number from 0 to 2");
    assert_false(as_uri_query_count(&q, "n", 8, 9, &n, &err));
    assert_false(as_uri_query_number(&bad, "x", 0, 2, &x, &err));
    assert_false(as_uri_query_count(&bad, "n", 0, 9, &n, &err));
    assert_false(as_uri_query_flag(&bad, "flag", &flag, &err));
    assert_true(x == 2.5 && n == 7 && !flag);
}

static void driver_pace_keeps_its_period(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_pace  pace = {.period = 1000, .behind = 1000000};
    as_ns    first, due;
    uint64_t lost;
    assert_true(as_pace_wait(&pace, INT64_MAX, &first, &lost, &err));
    for (int i = 1; i < 100; i++) {
        assert_true(as_pace_wait(&pace, INT64_MAX, &due, &lost, &err));
        assert_int_equal(due, first + i * 1000);
        assert_int_equal(lost, 0);
        assert_true(as_clock_mono() >= due);
    }
}

static void driver_pace_respects_deadlines(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_pace  pace = {.period = 3600 * AS_NS_PER_S};
    as_ns    due;
    uint64_t lost;
    assert_true(as_pace_wait(&pace, 0, &due, &lost, &err) == false || due > 0);
    pace.next = as_clock_mono() + 3600 * AS_NS_PER_S;
    assert_false(as_pace_wait(&pace, as_clock_mono() + AS_NS_PER_MS, &due, &lost, &err));
    assert_int_equal(err.code, AS_ETIMEOUT);
    assert_false(as_pace_wait(&pace, 0, &due, &lost, &err));
}

static void driver_pace_loses_what_nobody_fetched(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_pace  pace = {.period = AS_NS_PER_S, .behind = 3};
    as_ns    due, began = as_clock_mono() - 10 * AS_NS_PER_S - AS_NS_PER_S / 2;
    uint64_t lost;
    pace.next = began;
    assert_true(as_pace_wait(&pace, INT64_MAX, &due, &lost, &err));
    assert_int_equal(lost, 7); /* 11 were due, the newest and 3 more wait */
    assert_int_equal(due, began + 7 * AS_NS_PER_S);
    assert_true(as_pace_wait(&pace, INT64_MAX, &due, &lost, &err));
    assert_int_equal(lost, 0);
    assert_int_equal(due, began + 8 * AS_NS_PER_S);
}

static void driver_pace_without_period_never_waits(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_pace  pace = {0};
    as_ns    due;
    uint64_t lost;
    assert_true(as_pace_wait(&pace, 0, &due, &lost, &err));
    assert_true(due > 0 && lost == 0);
}

static void driver_stamp_sets_both_clocks(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_frame_pool *pool = as_frame_pool_new(AS_PIXEL_MONO8, 4, 4, 1, &err);
    assert_non_null(pool);
    as_frame *frame = as_frame_pool_get(pool);
    as_ns     mono = as_clock_mono() - AS_NS_PER_S, utc = as_clock_utc() - AS_NS_PER_S;
    as_camera_stamp(frame, mono);
    assert_true(frame->time_mono == mono);
    assert_true(llabs(frame->time_utc - utc) < AS_NS_PER_S / 2);
    as_frame_unref(frame);
    as_frame_pool_free(pool);
}

/* One frame each 10 ms, 1 ms on the way; what deviates is told. */
static void driver_tells_frames_apart(void **state)
{
    (void)state;
    static const struct {
        uint64_t        id;
        as_ns           device_ms, arrival_ms;
        as_frame_status status;
        uint64_t        step;
    } rows[] = {
        {1, 10, 1011, AS_FRAME_OK, 0},         {2, 20, 1021, AS_FRAME_OK, 1},
        {4, 40, 1041, AS_FRAME_OK, 2},         {4, 40, 1045, AS_FRAME_REPEATED, 0},
        {5, 50, 1051, AS_FRAME_OK, 1},         {6, 60, 1161, AS_FRAME_LATE, 1},
        {7, 70, 1162, AS_FRAME_OK, 1},         {8, 70, 1172, AS_FRAME_REPEATED, 0},
        {9, 90, 1091 + 100, AS_FRAME_LATE, 1}, {65535, 100, 1192, AS_FRAME_OK, 65526},
        {1, 110, 1193, AS_FRAME_OK, 1},        {3, 120, 1194, AS_FRAME_OK, 2},
        {0, 130, 1195, AS_FRAME_OK, 1},        {0, 130, 1196, AS_FRAME_REPEATED, 0},
        {0, 140, 1197, AS_FRAME_OK, 1},        {0, 0, 1400, AS_FRAME_OK, 1},
        {0, 0, 1500, AS_FRAME_OK, 1},
    };
    as_arrivals a = {0};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        uint64_t        step = 99;
        as_frame_status status = as_arrivals_take(&a, rows[i].id, rows[i].device_ms * AS_NS_PER_MS,
                                                  rows[i].arrival_ms * AS_NS_PER_MS, 95 * AS_NS_PER_MS, &step);
        if (status != rows[i].status || step != rows[i].step)
            fail_msg("row %zu: %s, %llu further", i, as_frame_status_name(status), (unsigned long long)step);
    }
    /* A device's clock that is set back to 0 makes no frame late, and what is late after it is told. */
    as_arrivals reset = {0};
    for (as_ns i = 0; i < 40; i++) {
        uint64_t step;
        as_ns    device = 1 + (i < 20 ? 3600 * 1000 + 10 * i : 10 * (i - 20)), late = i == 30 ? 500 : 0;
        assert_int_equal(as_arrivals_take(&reset, (uint64_t)i + 1, device * AS_NS_PER_MS,
                                          (7200 * 1000 + 10 * i + late) * AS_NS_PER_MS, 50 * AS_NS_PER_MS, &step),
                         late ? AS_FRAME_LATE : AS_FRAME_OK);
    }
    /* A clock that runs 100 ppm fast for an hour does not make all of them late. */
    as_arrivals slow = {0};
    for (as_ns ms = 0; ms < 3600 * 1000; ms += 1000) {
        uint64_t step;
        as_ns    arrival = ms * AS_NS_PER_MS + ms * 100 + AS_NS_PER_S;
        assert_int_equal(as_arrivals_take(&slow, 0, ms * AS_NS_PER_MS + 1, arrival, 50 * AS_NS_PER_MS, &step),
                         AS_FRAME_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_tells_frames_apart),
        cmocka_unit_test(driver_values_are_checked),
        cmocka_unit_test(driver_pace_keeps_its_period),
        cmocka_unit_test(driver_pace_respects_deadlines),
        cmocka_unit_test(driver_pace_loses_what_nobody_fetched),
        cmocka_unit_test(driver_pace_without_period_never_waits),
        cmocka_unit_test(driver_stamp_sets_both_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
