/* SPDX-License-Identifier: Apache-2.0 */
/* A camera that is silent in the middle of a picture: what was lost is asked for, what was not sent is waited for. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "camera/test_blocks.h"

#define QUIET MS(WAIT_MS / 4)
#define ROUND MS(WAIT_MS / AS_GVSP_ROUNDS)

static void rig_expect_asked(const rig *r, int n, uint32_t first, uint32_t last)
{
    assert_int_equal(r->n_asked, n);
    assert_int_equal(r->asked[n - 1][0], first);
    assert_int_equal(r->asked[n - 1][1], last);
}

/* The end of a picture and the trailer are lost, and nothing comes behind them. */
static void an_end_that_is_missing_is_noticed_by_the_silence(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 6);
    rig_wait(&r, QUIET - MS(1));
    assert_int_equal(r.n_asked, 0);
    assert_int_equal(as_gvsp_blocks_due(r.blocks), r.now + MS(1));
    rig_wait(&r, MS(1));
    rig_expect_asked(&r, 1, 7, 7); /* one tells whether it had been sent */
    rig_send(&r, 1, 7);
    assert_int_equal(as_gvsp_blocks_due(r.blocks), r.now + AS_GVSP_GAP_NS);
    rig_wait(&r, AS_GVSP_GAP_NS);
    rig_expect_asked(&r, 2, 8, 12);
    rig_send_all(&r, 1, 8, 12);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    const as_gvsp_counts c = as_gvsp_blocks_counts(r.blocks);
    assert_true(c.n_asked == 6 && c.n_resent == 6 && c.n_pauses == 1 && c.n_twice == 0);
    rig_close(&r);
}

static void what_tells_is_asked_for_again_when_it_does_not_come(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 6);
    rig_wait(&r, QUIET);
    rig_wait(&r, ROUND);
    rig_expect_asked(&r, 2, 7, 7);
    rig_wait(&r, ROUND);
    rig_expect_asked(&r, 3, 7, 7);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_pauses, 1);
    for (int i = 0; i < WAIT_MS; i++)
        rig_wait(&r, MS(1));
    rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
    assert_true(as_gvsp_blocks_counts(r.blocks).n_asked < WAIT_MS / 10);
    rig_close(&r);
}

/* The camera's processor was busy elsewhere: nothing was lost, and nothing comes twice. */
static void a_camera_that_pauses_is_asked_for_one_packet_alone(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < 12; at++) {
        rig r;
        rig_open(&r, true);
        rig_send_all(&r, 1, 0, at);
        rig_wait(&r, QUIET);
        rig_expect_asked(&r, 1, at + 1, at + 1);
        rig_wait(&r, MS(3));
        rig_send_all(&r, 1, at + 1, AS_MIN(at + 3, 12u)); /* it goes on */
        rig_wait(&r, AS_GVSP_GAP_NS);
        rig_wait(&r, AS_GVSP_GAP_NS);
        if (at < 9) {
            rig_wait(&r, QUIET); /* and pauses again */
            rig_expect_asked(&r, 2, at + 4, at + 4);
        }
        rig_send_all(&r, 1, AS_MIN(at + 4, 13u), 13);
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        const as_gvsp_counts c = as_gvsp_blocks_counts(r.blocks);
        assert_true(c.n_twice == 0 && c.n_asked <= 2 && c.n_pauses <= 2);
        rig_close(&r);
    }
}

/* The same from a camera that says so: it is not asked more often than once a silence, and what then comes was not resent. */
static void a_camera_that_has_a_packet_not_yet_is_waited_for(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 6);
    rig_wait(&r, QUIET);
    rig_status(&r, 1, AS_GVSP_NOT_YET, AS_GVSP_PIXELS, 7);
    assert_int_equal(as_gvsp_blocks_due(r.blocks), r.now + QUIET);
    rig_wait(&r, QUIET - MS(1));
    assert_int_equal(r.n_asked, 1);
    rig_wait(&r, MS(1));
    rig_expect_asked(&r, 2, 7, 7);
    rig_status(&r, 1, AS_GVSP_NOT_YET, AS_GVSP_PIXELS, 7);
    rig_send_all(&r, 1, 7, 13);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    const as_gvsp_counts c = as_gvsp_blocks_counts(r.blocks);
    assert_true(c.n_resent == 0 && c.n_twice == 0 && c.n_errors == 2 && c.n_asked == 2);
    rig_close(&r);
}

/* It seemed that the rest was lost, and the camera says that it is not. */
static void what_is_not_there_yet_after_all_comes_by_itself(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 6);
    rig_wait(&r, QUIET);
    rig_send(&r, 1, 7); /* the camera went on, and was stopped at once */
    rig_wait(&r, AS_GVSP_GAP_NS);
    rig_expect_asked(&r, 2, 8, 12);
    rig_status(&r, 1, AS_GVSP_NOT_YET, AS_GVSP_PIXELS, 8);
    for (as_ns waited = 0; waited < QUIET - MS(1); waited += MS(1))
        rig_wait(&r, MS(1));
    assert_int_equal(r.n_asked, 2);
    rig_wait(&r, MS(1));
    rig_expect_asked(&r, 3, 8, 8);
    rig_send_all(&r, 1, 8, 13);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_twice, 0);
    rig_close(&r);
}

/* What lacks before the last that came was sent: it is asked for as ever, beside the one that tells. */
static void holes_are_asked_for_in_a_silence_too(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 3);
    rig_send_all(&r, 1, 6, 7);
    rig_wait(&r, AS_GVSP_GAP_NS);
    rig_expect_asked(&r, 1, 4, 5);
    rig_wait(&r, QUIET);
    rig_expect_asked(&r, 2, 8, 8);
    rig_wait(&r, MS(1));
    rig_expect_asked(&r, 3, 4, 5);
    rig_wait(&r, MS(1));
    assert_int_equal(r.n_asked, 3);
    rig_close(&r);
}

/* One that the camera is still sending has until the time by which its verdict is due; one that was sent has the wait. */
static void a_picture_is_given_up_by_its_own_deadline(void **state)
{
    (void)state;
    for (int pauses = 0; pauses < 2; pauses++) {
        as_err                   err = AS_ERR_NONE;
        const as_gvsp_blocks_cfg cfg = {.n_blocks = 1,
                                        .capacity_bytes = CAPACITY,
                                        .expected_bytes = 12000,
                                        .packet_bytes = EACH,
                                        .wait = MS(WAIT_MS),
                                        .most = MS(2 * WAIT_MS),
                                        .asks = true};
        rig      r = {.blocks = as_gvsp_blocks_new(&cfg, &err), .picture = rig_picture, .now = MS(1000)};
        uint8_t *memory = calloc(1, CAPACITY);
        assert_true(r.blocks && memory);
        as_gvsp_blocks_at(r.blocks, 0)->data = memory;
        as_gvsp_blocks_give(r.blocks, as_gvsp_blocks_at(r.blocks, 0));
        rig_send_all(&r, 1, 0, 6);
        for (int i = 1; i < 2 * WAIT_MS; i++) {
            rig_wait(&r, MS(1));
            if (pauses == 1 && i % WAIT_MS == WAIT_MS - 1)
                rig_send(&r, 1, 7 + (uint32_t)(i / WAIT_MS));
        }
        rig_expect_none(&r);
        rig_wait(&r, MS(1));
        rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
        rig_send_all(&r, 2, 0, 6);
        rig_send(&r, 2, 13);
        rig_wait(&r, MS(WAIT_MS) - 1);
        rig_expect_none(&r);
        rig_wait(&r, 1);
        rig_expect(&r, 2, AS_GVSP_INCOMPLETE);
        free(memory);
        as_gvsp_blocks_free(r.blocks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_that_is_missing_is_noticed_by_the_silence),
        cmocka_unit_test(what_tells_is_asked_for_again_when_it_does_not_come),
        cmocka_unit_test(a_camera_that_pauses_is_asked_for_one_packet_alone),
        cmocka_unit_test(a_camera_that_has_a_packet_not_yet_is_waited_for),
        cmocka_unit_test(what_is_not_there_yet_after_all_comes_by_itself),
        cmocka_unit_test(holes_are_asked_for_in_a_silence_too),
        cmocka_unit_test(a_picture_is_given_up_by_its_own_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
