/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a picture is true: what drawing or sending cannot hold comes later, and the rate that is held says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cadence.h"

#define MS AS_NS_PER_MS
#define US AS_NS_PER_US

typedef struct rig {
    as_cadence cadence;
    as_ns      now, drawn; /* when the thread that sends, and the one that draws, is free */
    as_ns      stamps[2000], arrivals[2000];
    size_t     n;
} rig;

/* n pictures as a camera takes them: each takes so long to draw and to send, and `ahead` are drawn before they are due. */
static void rig_run(rig *r, size_t n, as_ns period, as_ns draw, as_ns send, bool asked)
{
    for (size_t i = 0; i < n; i++, r->n++) {
        const as_ns due = r->cadence.due;
        r->now = AS_MAX(r->now, due);
        /* Three pictures are drawn ahead: of the one that is due, drawing began when the third before it was taken. */
        const as_ns from = r->n >= 3 ? r->arrivals[r->n - 3] : r->drawn;
        r->drawn = AS_MAX(r->drawn, from) + draw;
        r->now = AS_MAX(r->now, r->drawn);
        r->cadence.due = due + period;
        const as_cadence_shot shot = {
            .made = r->drawn, .now = r->now, .exposure = 300 * US, .period = period, .asked = asked};
        r->stamps[r->n] = as_cadence_take(&r->cadence, due, &shot);
        r->arrivals[r->n] = r->now;
        r->now += send;
    }
}

static void rig_open(rig *r)
{
    memset(r, 0, sizeof *r);
    r->now = r->drawn = 1000 * MS;
    as_cadence_start(&r->cadence, r->now);
}

static double rig_mean_ms(const as_ns *times, size_t from, size_t to)
{
    return (double)(times[to] - times[from]) / 1e6 / (double)(to - from);
}

static rig r;

static void what_is_held_is_taken_at_its_time(void **state)
{
    (void)state;
    rig_open(&r);
    rig_run(&r, 300, 10 * MS, 4 * MS, 2 * MS, true);
    for (size_t i = 2; i < r.n; i++)
        assert_int_equal(r.stamps[i] - r.stamps[i - 1], 10 * MS);
    assert_int_equal(as_cadence_held(&r.cadence), 0);
    assert_int_equal(as_cadence_due(&r.cadence), 300);
    assert_int_equal(r.cadence.n_late, 0);
    assert_int_equal(r.cadence.cause, AS_CADENCE_HELD);
}

static void what_drawing_cannot_hold_is_taken_later(void **state)
{
    (void)state;
    rig_open(&r);
    rig_run(&r, 200, 1000 * MS / 60, 60 * MS, 2 * MS, true);
    for (size_t i = 4; i < r.n; i++) { /* by no picture they claim more than came */
        assert_true(r.stamps[i] <= r.arrivals[i] && r.arrivals[i] - r.stamps[i] <= MS);
        assert_int_equal(r.stamps[i] - r.stamps[i - 1], 60 * MS);
    }
    assert_in_range(as_cadence_held(&r.cadence), 59 * MS, 60 * MS);
    assert_in_range(as_cadence_due(&r.cadence), 710, 720); /* 12 s of 60 a second */
    assert_int_equal(r.cadence.cause, AS_CADENCE_DRAWING);
    assert_in_range((int)(r.cadence.held_per_s * 10), 160, 172);
    assert_in_range((int)(r.cadence.asked_per_s * 10), 599, 601);
}

static void what_the_wire_cannot_hold_is_taken_later(void **state)
{
    (void)state;
    rig_open(&r);
    rig_run(&r, 400, 10 * MS, MS, 25 * MS, true);
    for (size_t i = 20; i < r.n; i++) { /* once the camera's memory is full */
        assert_int_equal(r.stamps[i] - r.stamps[i - 1], 25 * MS);
        assert_true(r.arrivals[i] - r.stamps[i] <= 20 * MS);
    }
    assert_int_equal(r.cadence.cause, AS_CADENCE_SENDING);
    assert_in_range(as_cadence_held(&r.cadence), 24 * MS, 25 * MS);
}

static void as_fast_as_it_goes_is_what_comes(void **state)
{
    (void)state;
    rig_open(&r);
    rig_run(&r, 300, 300 * US, 4 * MS, 100 * US, false);
    assert_true(rig_mean_ms(r.stamps, 4, 299) > 3.99 && rig_mean_ms(r.stamps, 4, 299) < 4.01);
    assert_in_range(as_cadence_held(&r.cadence), 3900 * US, 4000 * US);
    assert_int_equal(as_cadence_due(&r.cadence), 300); /* nobody asked for more */
    assert_int_equal(r.cadence.n_late, 0);
    assert_int_equal(r.cadence.cause, AS_CADENCE_HELD);
}

/* A machine that was busy elsewhere for a moment loses no picture, and the times stay what they were. */
static void a_moment_is_made_up_for(void **state)
{
    (void)state;
    rig_open(&r);
    rig_run(&r, 100, 10 * MS, 2 * MS, MS, true);
    r.now += 15 * MS;
    rig_run(&r, 100, 10 * MS, 2 * MS, MS, true);
    for (size_t i = 2; i < r.n; i++)
        assert_int_equal(r.stamps[i] - r.stamps[i - 1], 10 * MS);
    r.now += 300 * MS; /* and longer ones do */
    rig_run(&r, 100, 10 * MS, 2 * MS, MS, true);
    assert_true(r.stamps[200] - r.stamps[199] > 250 * MS);
    assert_in_range(as_cadence_due(&r.cadence), 325, 330);
    assert_in_range(r.cadence.n_late, 1, 2); /* no more than three are drawn ahead of what it catches up with */
}

static void a_new_rate_begins_anew(void **state)
{
    (void)state;
    rig_open(&r);
    rig_run(&r, 200, 10 * MS, 20 * MS, MS, true);
    assert_true(as_cadence_held(&r.cadence) > 0);
    as_cadence_start(&r.cadence, r.now);
    assert_int_equal(as_cadence_held(&r.cadence), 0);
    rig_run(&r, 200, 50 * MS, 20 * MS, MS, true);
    assert_int_equal(as_cadence_held(&r.cadence), 0);
    assert_int_equal(r.cadence.cause, AS_CADENCE_HELD);
}

/* Of a trigger by software nobody knows when the next comes. */
static void a_trigger_without_a_period_is_taken_when_it_came(void **state)
{
    as_cadence      cadence;
    as_cadence_shot shot = {.made = 900 * MS, .now = 1000 * MS, .exposure = MS};
    (void)state;
    memset(&cadence, 0, sizeof cadence);
    as_cadence_start(&cadence, 0);
    assert_int_equal(as_cadence_take(&cadence, 1000 * MS, &shot), 1000 * MS);
    shot.made = shot.now = 2040 * MS;
    assert_int_equal(as_cadence_take(&cadence, 2000 * MS, &shot), 2039 * MS);
    assert_int_equal(as_cadence_due(&cadence), 2);
    assert_int_equal(cadence.n_late, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_taken_at_its_time),
        cmocka_unit_test(what_drawing_cannot_hold_is_taken_later),
        cmocka_unit_test(what_the_wire_cannot_hold_is_taken_later),
        cmocka_unit_test(as_fast_as_it_goes_is_what_comes),
        cmocka_unit_test(a_moment_is_made_up_for),
        cmocka_unit_test(a_new_rate_begins_anew),
        cmocka_unit_test(a_trigger_without_a_period_is_taken_when_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
