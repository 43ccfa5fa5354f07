/* SPDX-License-Identifier: Apache-2.0 */
#include "line/belt.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"

#define DEADLINE 100
#define GATHER   1000

static as_frame_pool *pool;

static as_belt *belt_of(uint32_t capacity, uint32_t frames_per_part)
{
    as_err      err = AS_ERR_NONE;
    as_belt_cfg cfg = {capacity, frames_per_part, DEADLINE, GATHER, AS_VERDICT_REJECT, AS_VERDICT_FAULT};
    as_belt    *belt = as_belt_new(&cfg, &err);
    assert_non_null(belt);
    return belt;
}

static as_frame *frame_of(uint64_t part, as_ns trigger)
{
    as_frame *frame = as_frame_pool_get(pool);
    assert_non_null(frame);
    frame->part = part;
    frame->status = AS_FRAME_OK;
    frame->time_mono = trigger;
    frame->time_utc = trigger;
    return frame;
}

static void put(as_belt *belt, uint64_t part, as_ns trigger, as_ns now)
{
    bool is_new = false;
    assert_true(as_belt_put(belt, frame_of(part, trigger), now, 0, &is_new));
    assert_true(is_new);
}

static void put_more(as_belt *belt, uint64_t part, as_ns now)
{
    bool is_new = true;
    assert_true(as_belt_put(belt, frame_of(part, now), now, 0, &is_new));
    assert_false(is_new);
}

static as_record pick_up(as_belt *belt)
{
    as_record record;
    assert_true(as_belt_pick_up(belt, 0, &record));
    return record;
}

static void take(as_belt *belt, as_belt_job *job, as_frame **frames)
{
    job->frames = frames;
    assert_true(as_belt_take(belt, 0, job));
}

static void give_back(as_belt_job *job)
{
    while (job->n_frames)
        as_frame_unref(job->frames[--job->n_frames]);
}

static const as_belt_answer answer = {AS_VERDICT_PASS, AS_REASON_MODEL, 0.25f, 0.75f, "good", 10, 20};

static void test_an_answer_in_time_is_the_verdict(void **state)
{
    (void)state;
    as_belt    *belt = belt_of(4, 1);
    as_frame   *frames[1];
    as_belt_job job;
    as_record   record;
    put(belt, 7, 1000, 1010);
    assert_false(as_belt_pick_up(belt, 0, &record));
    take(belt, &job, frames);
    assert_int_equal(job.n_frames, 1);
    assert_int_equal(job.deadline, 1000 + DEADLINE);
    assert_false(as_belt_wait_idle(belt, 0));
    assert_true(as_belt_answer_to(belt, job.serial, &answer, 1000 + DEADLINE)); /* at the deadline: in time */
    assert_false(as_belt_answer_to(belt, job.serial, &answer, 1050));           /* one verdict a part */
    give_back(&job);
    assert_true(as_belt_wait_idle(belt, 0));
    record = pick_up(belt);
    assert_int_equal(record.part, 7);
    assert_int_equal(record.verdict, AS_VERDICT_PASS);
    assert_int_equal(record.reason, AS_REASON_MODEL);
    assert_int_equal(record.latency_ns, DEADLINE);
    assert_int_equal(record.stage_ns[1], 10);
    assert_int_equal(record.stage_ns[2], 20);
    assert_string_equal(record.label, "good");
    assert_true(record.score == 0.25f && record.class_score == 0.75f);
    assert_false(as_belt_answer_to(belt, job.serial, &answer, 1050));
    as_belt_free(belt);
}

static void test_a_late_part_is_decided_without_its_answer(void **state)
{
    (void)state;
    as_belt    *belt = belt_of(4, 1);
    as_frame   *frames[1];
    as_belt_job job;
    put(belt, 1, 1000, 1000);
    put(belt, 2, 1050, 1050);
    take(belt, &job, frames);
    assert_int_equal(as_belt_expire(belt, 1000 + DEADLINE), 1000 + DEADLINE);
    assert_int_equal(as_belt_expire(belt, 1001 + DEADLINE), 1050 + DEADLINE);
    assert_false(as_belt_answer_to(belt, job.serial, &answer, 1001 + DEADLINE));
    as_record record = pick_up(belt);
    assert_int_equal(record.verdict, AS_VERDICT_REJECT);
    assert_int_equal(record.reason, AS_REASON_LATE);
    assert_int_equal(record.latency_ns, 1 + DEADLINE);
    assert_true(isnan(record.score));
    assert_string_equal(record.label, "");
    /* The second one waits still; its picture is given back when its time is over, though nobody took it. */
    assert_int_equal(as_frame_pool_in_use(pool), 2);
    assert_int_equal(as_belt_expire(belt, 5000), INT64_MAX);
    assert_int_equal(as_frame_pool_in_use(pool), 1);
    assert_int_equal(pick_up(belt).reason, AS_REASON_LATE);
    give_back(&job);
    as_belt_free(belt);
}

static void test_a_late_answer_is_late_before_the_guard_sees_it(void **state)
{
    (void)state;
    as_belt    *belt = belt_of(4, 1);
    as_frame   *frames[1];
    as_belt_job job;
    put(belt, 1, 1000, 1000);
    take(belt, &job, frames);
    assert_false(as_belt_answer_to(belt, job.serial, &answer, 1001 + DEADLINE));
    give_back(&job);
    as_record record = pick_up(belt);
    assert_int_equal(record.reason, AS_REASON_LATE);
    assert_int_equal(record.verdict, AS_VERDICT_REJECT);
    as_belt_free(belt);
}

static void test_parts_leave_in_the_order_they_came(void **state)
{
    (void)state;
    as_belt    *belt = belt_of(2, 1);
    as_frame   *frames[2];
    as_belt_job first, second;
    as_record   record;
    put(belt, 1, 1000, 1000);
    put(belt, 2, 1001, 1001);
    take(belt, &first, frames);
    take(belt, &second, frames + 1);
    assert_true(as_belt_answer_to(belt, second.serial, &answer, 1010));
    assert_false(as_belt_pick_up(belt, 0, &record));
    assert_true(as_belt_answer_to(belt, first.serial, &answer, 1011));
    assert_int_equal(pick_up(belt).part, 1);
    put(belt, 3, 1012, 1012);
    assert_int_equal(pick_up(belt).part, 2);
    /* The answer for a part whose place another one has by now. */
    assert_false(as_belt_answer_to(belt, first.serial, &answer, 1013));
    give_back(&first);
    give_back(&second);
    as_belt_free(belt);
    assert_int_equal(as_frame_pool_in_use(pool), 0);
}

static void test_a_bad_or_lost_frame_is_a_fault_at_once(void **state)
{
    (void)state;
    as_belt  *belt = belt_of(4, 1);
    as_frame *frame = frame_of(1, 1000);
    frame->status = AS_FRAME_CORRUPT;
    assert_true(as_belt_put(belt, frame, 1001, 0, NULL));
    assert_true(as_belt_put_lost(belt, 2, 1, 1002) == 1);
    for (uint64_t part = 1; part <= 2; part++) {
        as_record record = pick_up(belt);
        assert_int_equal(record.part, part);
        assert_int_equal(record.verdict, AS_VERDICT_FAULT);
        assert_int_equal(record.reason, AS_REASON_FAULT);
    }
    as_belt_free(belt);
    assert_int_equal(as_frame_pool_in_use(pool), 0);
}

static void test_frames_of_a_part_are_gathered(void **state)
{
    (void)state;
    as_belt    *belt = belt_of(4, 3);
    as_frame   *frames[3];
    as_belt_job job = {.frames = frames};
    bool        is_new = true;
    put(belt, 1, 1000, 1000);
    assert_true(as_belt_is_gathering(belt));
    assert_int_equal(as_belt_expire(belt, 1500), 1000 + GATHER);
    as_frame *second = frame_of(1, 1500);
    second->origin.b[0] = 7;
    assert_true(as_belt_put(belt, second, 1500, 0, &is_new));
    assert_false(is_new);
    assert_false(as_belt_take(belt, 0, &job));
    assert_true(as_belt_put(belt, frame_of(1, 1600), 1600, 0, NULL));
    assert_false(as_belt_is_gathering(belt));
    assert_int_equal(as_belt_expire(belt, 1600), 1600 + DEADLINE);
    take(belt, &job, frames);
    assert_int_equal(job.n_frames, 3);
    assert_true(as_belt_answer_to(belt, job.serial, &answer, 1650));
    give_back(&job);
    as_record record = pick_up(belt);
    assert_int_equal(record.n_frames, 3);
    assert_int_equal(record.latency_ns, 50);
    assert_true(as_origin_is_zero(&record.origin)); /* that of the first */
    /* A fourth one is of no part. */
    assert_true(as_belt_put(belt, frame_of(1, 1700), 1700, 0, &is_new));
    assert_false(is_new);
    assert_false(as_belt_pick_up(belt, 0, &record));
    as_belt_free(belt);
    assert_int_equal(as_frame_pool_in_use(pool), 0);
}

static void test_a_part_that_misses_a_frame_is_a_fault(void **state)
{
    (void)state;
    as_belt *belt = belt_of(8, 2);
    put(belt, 1, 1000, 1000);
    put(belt, 2, 1100, 1100); /* the next one came before its second frame */
    as_record record = pick_up(belt);
    assert_int_equal(record.part, 1);
    assert_int_equal(record.reason, AS_REASON_FAULT);
    as_belt_expire(belt, 1101 + GATHER); /* its second frame never came */
    assert_int_equal(pick_up(belt).reason, AS_REASON_FAULT);
    put(belt, 3, 4000, 4000);
    as_belt_close(belt, 4001); /* nor did this one's */
    assert_int_equal(pick_up(belt).reason, AS_REASON_FAULT);
    assert_true(as_belt_is_over(belt) && as_belt_is_done(belt));
    as_frame *frame = frame_of(4, 4002);
    assert_false(as_belt_put(belt, frame, 4002, 0, NULL));
    as_frame_unref(frame);
    as_belt_free(belt);
    assert_int_equal(as_frame_pool_in_use(pool), 0);
}

/* What has no room is remembered in order, whatever it is, and none of its frames is judged later. */
static void test_parts_without_room_are_a_run_of_faults(void **state)
{
    (void)state;
    as_belt    *belt = belt_of(1, 2);
    as_frame   *frames[2];
    as_belt_job job = {.frames = frames};
    as_record   record;
    bool        is_new = false;
    put(belt, 1, 1000, 1000);
    put_more(belt, 1, 1001);
    for (uint64_t part = 2; part <= 4; part++)
        for (int view = 0; view < 2; view++) {
            assert_true(as_belt_put(belt, frame_of(part, 1100), 1100, 0, &is_new));
            assert_int_equal(is_new, view == 0);
        }
    assert_int_equal(as_belt_put_lost(belt, 5, 3, 1150), 3);
    assert_int_equal(as_belt_put_jump(belt, 8, 1000000, 1160), 1);
    assert_true(as_belt_put(belt, frame_of(1000008, 1170), 1170, 0, &is_new));
    assert_true(is_new);
    take(belt, &job, frames);
    assert_true(as_belt_answer_to(belt, job.serial, &answer, 1050));
    give_back(&job);
    assert_int_equal(pick_up(belt).reason, AS_REASON_MODEL);
    put_more(belt, 1000008, 1180); /* there is room for it, and it has its verdict */
    uint64_t n_skipped = 0;
    for (uint64_t part = 2; part <= 9; part++) {
        record = pick_up(belt);
        assert_int_equal(record.part, part); /* the last is counted on: its number was 1000008 */
        assert_int_equal(record.verdict, AS_VERDICT_FAULT);
        n_skipped += record.n_skipped;
    }
    assert_int_equal(n_skipped, 1000000);
    assert_false(as_belt_pick_up(belt, 0, &record));
    assert_false(as_belt_take(belt, 0, &job));
    put(belt, 1000009, 1200, 1200);
    put_more(belt, 1000009, 1201);
    take(belt, &job, frames);
    assert_int_equal(job.n_frames, 2);
    give_back(&job);
    as_belt_free(belt);
    assert_int_equal(as_frame_pool_in_use(pool), 0);
}

static void test_a_jump_stands_for_its_numbers(void **state)
{
    (void)state;
    as_belt *belt = belt_of(4, 1);
    assert_int_equal(as_belt_put_lost(belt, 6, 2, 1000), 2);
    assert_int_equal(as_belt_put_jump(belt, 8, 500, 1000), 1);
    assert_int_equal(as_belt_put_lost(belt, 508, 1, 1000), 1);
    static const uint64_t parts[] = {6, 7, 8, 508}, skipped[] = {0, 0, 500, 0};
    for (size_t i = 0; i < AS_COUNT(parts); i++) {
        as_record record = pick_up(belt);
        assert_int_equal(record.part, parts[i]);
        assert_int_equal(record.n_skipped, skipped[i]);
    }
    as_belt_close(belt, 1001);
    assert_int_equal(as_belt_put_lost(belt, 509, 1, 1002), 0);
    assert_int_equal(as_belt_put_jump(belt, 509, 9, 1002), 0);
    as_belt_free(belt);
}

static void test_names_are_cut_between_characters(void **state)
{
    (void)state;
    char name[AS_BELT_NAME_BYTES];
    as_belt_name(name, "broken");
    assert_string_equal(name, "broken");
    as_belt_name(name, "123456789012345678901234567890\xc3\xa9x"); /* the two bytes would be 31 and 32 */
    assert_string_equal(name, "123456789012345678901234567890");
    as_belt_name(name, "1234567890123456789012345678901x");
    assert_string_equal(name, "1234567890123456789012345678901");
}

/* --- events in any order --- */

enum { JOBS = 3 };

typedef struct chaos {
    as_rng      rng;
    as_belt    *belt;
    uint32_t    frames_per_part;
    as_frame   *frames[JOBS][3];
    as_belt_job jobs[JOBS];
    uint64_t    part, n_begun, n_out;
    as_ns       now;
} chaos;

static void chaos_put(chaos *c)
{
    bool      is_new = false;
    as_frame *frame = frame_of(c->part, c->now);
    frame->status = as_rng_below(&c->rng, 10) ? AS_FRAME_OK : AS_FRAME_INCOMPLETE;
    if (!as_belt_put(c->belt, frame, c->now, 0, &is_new))
        as_frame_unref(frame);
    c->part += as_rng_below(&c->rng, c->frames_per_part) == 0;
    c->n_begun += is_new;
}

static void chaos_lose(chaos *c)
{
    if (as_rng_below(&c->rng, 5) != 0 || as_belt_is_gathering(c->belt))
        return;
    uint64_t n = 1 + as_rng_below(&c->rng, 3);
    c->n_begun += as_rng_below(&c->rng, 4) ? as_belt_put_lost(c->belt, c->part + 1, n, c->now)
                                           : as_belt_put_jump(c->belt, c->part + 1, n, c->now);
    c->part += n + 1;
}

static void chaos_judge(chaos *c)
{
    uint64_t     i = as_rng_below(&c->rng, JOBS);
    as_belt_job *job = &c->jobs[i];
    if (job->n_frames) {
        as_belt_answer_to(c->belt, job->serial, &answer, c->now);
        give_back(job);
        return;
    }
    job->frames = c->frames[i];
    if (!as_belt_take(c->belt, 0, job))
        job->n_frames = 0;
}

static void chaos_pick_up(chaos *c)
{
    as_record record;
    if (!as_belt_pick_up(c->belt, 0, &record))
        return;
    c->n_out++;
    assert_in_range(record.verdict, AS_VERDICT_PASS, AS_VERDICT_FAULT);
}

static void chaos_step(chaos *c)
{
    c->now += (as_ns)as_rng_below(&c->rng, 40);
    switch (as_rng_below(&c->rng, 6)) {
    case 0:
    case 1: chaos_put(c); break;
    case 2: chaos_lose(c); break;
    case 3: chaos_judge(c); break;
    case 4: as_belt_expire(c->belt, c->now); break;
    default: chaos_pick_up(c);
    }
}

/* As many verdicts as parts, one each, and no frame left behind. */
static void test_random_events(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        chaos c = {.rng = as_rng_new(seed), .part = 1, .now = 1000};
        c.frames_per_part = (uint32_t)(1 + as_rng_below(&c.rng, 3));
        c.belt = belt_of((uint32_t)(1 + as_rng_below(&c.rng, 6)), c.frames_per_part);
        for (int i = 0; i < 400; i++)
            chaos_step(&c);
        as_belt_close(c.belt, c.now);
        as_belt_expire(c.belt, c.now + 10 * GATHER);
        assert_true(as_belt_is_over(c.belt));
        while (!as_belt_is_done(c.belt))
            chaos_pick_up(&c);
        assert_int_equal(c.n_out, c.n_begun);
        for (int j = 0; j < JOBS; j++)
            give_back(&c.jobs[j]);
        as_belt_free(c.belt);
        assert_int_equal(as_frame_pool_in_use(pool), 0);
    }
}

int main(void)
{
    as_err err = AS_ERR_NONE;
    pool = as_frame_pool_new(AS_PIXEL_MONO8, 4, 4, 64, &err);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_in_time_is_the_verdict),
        cmocka_unit_test(test_a_late_part_is_decided_without_its_answer),
        cmocka_unit_test(test_a_late_answer_is_late_before_the_guard_sees_it),
        cmocka_unit_test(test_parts_leave_in_the_order_they_came),
        cmocka_unit_test(test_a_bad_or_lost_frame_is_a_fault_at_once),
        cmocka_unit_test(test_frames_of_a_part_are_gathered),
        cmocka_unit_test(test_a_part_that_misses_a_frame_is_a_fault),
        cmocka_unit_test(test_parts_without_room_are_a_run_of_faults),
        cmocka_unit_test(test_a_jump_stands_for_its_numbers),
        cmocka_unit_test(test_names_are_cut_between_characters),
        cmocka_unit_test(test_random_events),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    as_frame_pool_free(pool);
    return failed;
}
