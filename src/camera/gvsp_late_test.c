/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in another order than it was sent, or too late, and how it is counted. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "camera/gvsp_gaps.h"
#include "camera/test_blocks.h"

/* Its leader comes behind any of its packets, its trailer, and the first packets of the next picture. */
static void a_leader_out_of_order_still_gives_a_whole_picture(void **state)
{
    (void)state;
    for (uint32_t behind = 1; behind <= 13; behind++)
        for (int asks = 0; asks < 2; asks++) {
            rig r;
            rig_open(&r, asks == 1);
            rig_send_all(&r, 1, 0, 13);
            rig_expect(&r, 1, AS_GVSP_WHOLE);
            rig_send_all(&r, 2, 1, behind);
            rig_send(&r, 2, 0);
            rig_send_all(&r, 2, behind + 1, 13);
            rig_expect(&r, 2, AS_GVSP_WHOLE);
            rig_send_all(&r, 3, 1, 13);
            rig_send_all(&r, 4, 0, 2);
            rig_send(&r, 3, 0);
            rig_send_all(&r, 4, 3, 13);
            rig_expect(&r, 3, AS_GVSP_WHOLE);
            rig_expect(&r, 4, AS_GVSP_WHOLE);
            rig_expect_none(&r);
            rig_close(&r);
        }
}

/* All packets of a small picture are overtaken by the first of the next. */
static void a_picture_that_is_overtaken_comes_before_the_one_behind_it(void **state)
{
    (void)state;
    for (int is_long = 0; is_long < 2; is_long++) {
        rig r;
        rig_open(&r, true);
        r.picture.is_long = is_long == 1;
        rig_send_all(&r, 1, 0, 13);
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        rig_send_all(&r, 4, 0, 1);
        rig_send_all(&r, 2, 0, 13);
        rig_send_all(&r, 3, 1, 12); /* its leader last */
        rig_send_all(&r, 4, 2, 13);
        rig_send(&r, 3, 0);
        for (uint64_t id = 2; id <= 4; id++)
            rig_expect(&r, id, AS_GVSP_WHOLE);
        rig_expect_none(&r);
        rig_wait(&r, MS(WAIT_MS));
        assert_int_equal(r.n_asked, 0);
        rig_close(&r);
    }
}

/* One that the camera left out, and of which nothing came before the next was handed on, is not begun by what is late. */
static void a_picture_behind_which_another_was_handed_on_makes_no_ghost(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 13);
    rig_send_all(&r, 3, 0, 13);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_expect(&r, 3, AS_GVSP_WHOLE);
    rig_send_all(&r, 2, 0, 13);
    rig_expect_none(&r);
    rig_send_all(&r, 500, 0, 1); /* none before it is so near that it may still be on its way */
    rig_send_all(&r, 400, 1, 13);
    rig_send_all(&r, 3, 0, 13);
    rig_send_all(&r, 500, 2, 13);
    rig_expect(&r, 500, AS_GVSP_WHOLE);
    rig_expect_none(&r);
    rig_wait(&r, MS(1000));
    assert_int_equal(as_gvsp_blocks_due(r.blocks), INT64_MAX);
    rig_close(&r);
}

/* The camera was told to count otherwise in the meantime: what is left of before is late. */
static void a_picture_of_the_count_before_is_not_taken_for_one_that_was_overtaken(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 50, 0, 12);
    rig_expect(&r, 50, AS_GVSP_WHOLE);
    rig_send_all(&r, 53, 0, 1); /* 51 and 52 may be on their way */
    r.picture.is_long = true;
    r.picture.stamp = 2000;
    rig_send_all(&r, 1, 0, 1);
    r.picture.is_long = false;
    r.picture.stamp = 0;
    rig_send_all(&r, 51, 1, 12);
    rig_wait(&r, MS(WAIT_MS));
    rig_expect(&r, 53, AS_GVSP_INCOMPLETE);
    rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
    rig_expect_none(&r);
    rig_close(&r);
}

static void expect_sum(const rig *r)
{
    const as_gvsp_counts c = as_gvsp_blocks_counts(r->blocks);
    assert_int_equal(c.n_packets, c.n_used + c.n_over + c.n_twice + c.n_late_packets + c.n_errors + c.n_ignored);
}

/* Each packet is counted once, as what it was. */
static void every_packet_is_counted_as_what_it_was(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 13); /* 13 that it lacks, and the trailer */
    rig_send(&r, 1, 0);         /* after it was whole */
    rig_send_all(&r, 1, 5, 6);
    rig_send_all(&r, 2, 0, 3);
    rig_send_all(&r, 2, 2, 3); /* while it is not */
    rig_send(&r, 2, 0);
    rig_status(&r, 2, AS_GVSP_NOT_YET, AS_GVSP_PIXELS, 4);
    rig_wait(&r, MS(WAIT_MS));
    rig_send_all(&r, 2, 4, 5); /* it was given up */
    rig_send(&r, 2, 0);
    as_gvsp_blocks_ignore(r.blocks, 2);
    const as_gvsp_counts c = as_gvsp_blocks_counts(r.blocks);
    expect_sum(&r);
    assert_int_equal(c.n_packets, 14 + 3 + 4 + 3 + 1 + 3 + 2);
    assert_int_equal(c.n_used, 13 + 4);
    assert_int_equal(c.n_pixels, 12 + 3);
    assert_int_equal(c.n_over, 1);
    assert_int_equal(c.n_twice, 6);
    assert_int_equal(c.n_late_packets, 3);
    assert_int_equal(c.n_errors, 1);
    assert_int_equal(c.n_ignored, 2);
    assert_true(c.n_whole == 1 && c.n_incomplete == 1 && c.n_late == 1 && c.n_missing == 9);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_expect(&r, 2, AS_GVSP_INCOMPLETE);
    rig_close(&r);
}

static void what_finds_no_memory_is_ignored_and_counted(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    for (uint64_t id = 1; id <= N_BLOCKS + 1; id++)
        rig_send_all(&r, id, 0, 13);
    as_gvsp_counts c = as_gvsp_blocks_counts(r.blocks);
    assert_true(c.n_underruns == 1 && c.n_whole == N_BLOCKS && c.n_ignored == 13 && c.n_late_packets == 0);
    expect_sum(&r);
    rig_close(&r);
}

static void numbers_that_are_left_out_are_kept_for_a_while(void **state)
{
    (void)state;
    as_gvsp_gaps gaps = {.n = 0};
    assert_int_equal(as_gvsp_ahead(false, 65535, 1), 1);
    assert_int_equal(as_gvsp_ahead(false, 1, 65535), -1);
    assert_int_equal(as_gvsp_ahead(true, 65535, 1), -65534);
    as_gvsp_gaps_begin(&gaps, false, 65534, false, 3); /* 65535, 1 and 2 */
    assert_true(gaps.n == 3 && as_gvsp_gaps_has(&gaps, false, 65535) && as_gvsp_gaps_has(&gaps, false, 2));
    assert_false(as_gvsp_gaps_has(&gaps, true, 2) || as_gvsp_gaps_has(&gaps, false, 3));
    as_gvsp_gaps_fill(&gaps, 2);
    as_gvsp_gaps_pass(&gaps, false, 65535);
    assert_true(gaps.n == 1 && as_gvsp_gaps_has(&gaps, false, 1));
    as_gvsp_gaps_begin(&gaps, false, 3, false, 5);
    assert_true(gaps.n == 2);
    as_gvsp_gaps_begin(&gaps, false, 5, false, 900); /* the nearest alone */
    assert_true(gaps.n == AS_GVSP_GAPS && as_gvsp_gaps_has(&gaps, false, 899) && as_gvsp_gaps_has(&gaps, false, 892));
    as_gvsp_gaps_begin(&gaps, false, 900, false, 901);
    assert_true(gaps.n == AS_GVSP_GAPS);
    as_gvsp_gaps_begin(&gaps, false, 901, false, 2000); /* another count */
    assert_true(gaps.n == 0);
}

/* What a leader tells of has fewer packets than came: none of them is missing. */
static void what_never_was_is_not_missing(void **state)
{
    (void)state;
    for (uint32_t first = 1; first <= 2; first++) {
        rig r;
        rig_open(&r, true);
        rig_send_all(&r, 1, first, 12);
        r.picture.height = 16; /* two packets */
        rig_send(&r, 1, 0);
        rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
        assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_missing, first - 1);
        rig_close(&r);
    }
}

/* The camera counts anew and tells no time: of the third leader on it is believed, and that picture comes whole. */
static void a_picture_that_comes_whole_is_not_late(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.stamp = 7;
    rig_send_all(&r, 900, 0, 13);
    rig_expect(&r, 900, AS_GVSP_WHOLE);
    for (uint64_t id = 1; id <= 3; id++)
        rig_send_all(&r, id, 0, 13);
    rig_expect(&r, 3, AS_GVSP_WHOLE);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_late, 2);
    rig_close(&r);
}

/* Pictures of 1000 packets at 10 us each; the next one's leader is ahead of all of the second, or of half of it. */
static void a_large_picture_that_is_overtaken_comes_whole(void **state)
{
    (void)state;
    enum { LARGE = 200000, N = 1000 };
    for (int from = 0; from <= 500; from += 500)
        for (int asks = 0; asks < 2; asks++) {
            as_err                   err = AS_ERR_NONE;
            const as_gvsp_blocks_cfg cfg = {.n_blocks = N_BLOCKS,
                                            .capacity_bytes = LARGE,
                                            .expected_bytes = LARGE,
                                            .packet_bytes = LARGE / N,
                                            .wait = MS(WAIT_MS),
                                            .asks = asks == 1};
            rig                      r = {.blocks = as_gvsp_blocks_new(&cfg, &err), .now = MS(1000)};
            uint8_t                 *memory = calloc(N_BLOCKS, LARGE);
            assert_true(r.blocks && memory);
            r.picture = (as_test_gvsp){.width = LARGE / N, .height = N, .packet_bytes = LARGE / N};
            for (uint32_t i = 0; i < N_BLOCKS; i++) {
                as_gvsp_blocks_at(r.blocks, i)->data = memory + (size_t)i * LARGE;
                as_gvsp_blocks_give(r.blocks, as_gvsp_blocks_at(r.blocks, i));
            }
            rig_send_all(&r, 1, 0, N + 1);
            rig_expect(&r, 1, AS_GVSP_WHOLE);
            for (uint32_t id = 0; id <= N + 1; id++) {
                if (id == (uint32_t)from)
                    rig_send(&r, 3, 0);
                rig_send(&r, 2, id);
                rig_wait(&r, 12 * AS_NS_PER_US);
            }
            for (uint32_t id = 1; id <= N + 1; id++) {
                rig_send(&r, 3, id);
                rig_wait(&r, 12 * AS_NS_PER_US);
            }
            rig_expect(&r, 2, AS_GVSP_WHOLE);
            rig_expect(&r, 3, AS_GVSP_WHOLE);
            assert_int_equal(r.n_asked, 0);
            free(memory);
            as_gvsp_blocks_free(r.blocks);
        }
}

/* As many are open as may be: one more that is overtaken is given up, for which there was memory. */
static void a_picture_for_which_too_many_are_open_is_given_up(void **state)
{
    (void)state;
    as_err                   err = AS_ERR_NONE;
    const as_gvsp_blocks_cfg cfg = {.n_blocks = AS_GVSP_OPEN + 2,
                                    .capacity_bytes = CAPACITY,
                                    .expected_bytes = 12000,
                                    .packet_bytes = EACH,
                                    .wait = MS(WAIT_MS),
                                    .asks = true};
    rig                      r = {.blocks = as_gvsp_blocks_new(&cfg, &err), .picture = rig_picture, .now = MS(1000)};
    uint8_t                 *memory = calloc(AS_GVSP_OPEN + 2, CAPACITY);
    assert_true(r.blocks && memory);
    for (uint32_t i = 0; i < cfg.n_blocks; i++) {
        as_gvsp_blocks_at(r.blocks, i)->data = memory + (size_t)i * CAPACITY;
        as_gvsp_blocks_give(r.blocks, as_gvsp_blocks_at(r.blocks, i));
    }
    for (uint64_t id = 1; id <= AS_GVSP_OPEN; id++)
        rig_send_all(&r, id + (id == AS_GVSP_OPEN), 0, 1);
    rig_send_all(&r, AS_GVSP_OPEN, 0, 13);
    const as_gvsp_counts c = as_gvsp_blocks_counts(r.blocks);
    assert_true(c.n_underruns == 0 && c.n_incomplete == 1 && c.n_ignored == 0 && c.n_late_packets == 13);
    expect_sum(&r);
    free(memory);
    as_gvsp_blocks_free(r.blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leader_out_of_order_still_gives_a_whole_picture),
        cmocka_unit_test(a_picture_that_is_overtaken_comes_before_the_one_behind_it),
        cmocka_unit_test(a_picture_behind_which_another_was_handed_on_makes_no_ghost),
        cmocka_unit_test(a_picture_of_the_count_before_is_not_taken_for_one_that_was_overtaken),
        cmocka_unit_test(numbers_that_are_left_out_are_kept_for_a_while),
        cmocka_unit_test(every_packet_is_counted_as_what_it_was),
        cmocka_unit_test(what_finds_no_memory_is_ignored_and_counted),
        cmocka_unit_test(what_never_was_is_not_missing),
        cmocka_unit_test(a_picture_that_comes_whole_is_not_late),
        cmocka_unit_test(a_large_picture_that_is_overtaken_comes_whole),
        cmocka_unit_test(a_picture_for_which_too_many_are_open_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
