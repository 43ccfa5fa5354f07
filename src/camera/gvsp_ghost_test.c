/* SPDX-License-Identifier: Apache-2.0 */
/* What is late, doubled or of another stream never gets into a picture that is called whole: memory is used again and again here, and
 * the last packets of what it held before come between those of what it holds. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "camera/test_blocks.h"

enum { ALL = 12, TRAILER = 13 };

/* Of N_BLOCKS memories all but one are kept away. */
static void rig_open_one(rig *r, bool is_long)
{
    as_err                   err = AS_ERR_NONE;
    const as_gvsp_blocks_cfg cfg = {.n_blocks = 1,
                                    .capacity_bytes = CAPACITY,
                                    .expected_bytes = 12000,
                                    .packet_bytes = EACH,
                                    .wait = MS(WAIT_MS),
                                    .asks = true};
    *r = (rig){.blocks = as_gvsp_blocks_new(&cfg, &err), .picture = rig_picture, .now = MS(1000)};
    assert_non_null(r->blocks);
    r->picture.is_long = is_long;
    as_gvsp_block *block = as_gvsp_blocks_at(r->blocks, 0);
    block->data = calloc(1, CAPACITY);
    as_gvsp_blocks_give(r->blocks, block);
}

static void rig_close_one(rig *r)
{
    free(as_gvsp_blocks_at(r->blocks, 0)->data);
    as_gvsp_blocks_free(r->blocks);
}

/* Packet id of a picture before the one under way has no place. */
static void rig_send_late(rig *r, uint64_t block, uint32_t id)
{
    assert_false(rig_send(r, block, id));
}

static void what_is_late_has_no_place_in_memory_that_is_used_again(void **state)
{
    (void)state;
    for (int is_long = 0; is_long < 2; is_long++) {
        rig r;
        rig_open_one(&r, is_long == 1);
        rig_send_all(&r, 1, 0, TRAILER);
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        for (uint64_t block = 2; block < 20; block++) {
            for (uint32_t id = 0; id <= TRAILER; id++) {
                rig_send_late(&r, block - 1, id);
                rig_send_late(&r, block - 1, (uint32_t)(block * 5 + id * 7) % (TRAILER + 1));
                rig_send(&r, block, id);
            }
            rig_expect(&r, block, AS_GVSP_WHOLE);
        }
        assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_incomplete, 0);
        rig_close_one(&r);
    }
}

/* The same of one that was given up: what was asked for comes when its memory is another's. */
static void what_was_given_up_has_no_place_either(void **state)
{
    (void)state;
    for (uint32_t lost = 0; lost <= ALL; lost++) {
        rig r;
        rig_open_one(&r, false);
        for (uint32_t id = 0; id <= TRAILER; id++)
            if (id != lost)
                rig_send(&r, 1, id);
        rig_wait(&r, MS(WAIT_MS));
        rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
        for (uint32_t id = 0; id <= TRAILER; id++) {
            rig_send(&r, 2, id);
            rig_send_late(&r, 1, lost);
        }
        rig_expect(&r, 2, AS_GVSP_WHOLE);
        rig_close_one(&r);
    }
}

/* Numbers of 16 bits begin again at 1: the last before that are late, and those behind it are not taken for them. */
static void where_numbers_begin_again_nothing_is_mixed(void **state)
{
    (void)state;
    rig r;
    rig_open_one(&r, false);
    for (uint32_t i = 0; i < 12; i++) {
        const uint64_t block = 65530 + i <= 65535 ? 65530 + i : i - 5;
        const uint64_t before = block == 1 ? 65535 : block - 1;
        for (uint32_t id = 0; id <= TRAILER; id++) {
            if (i > 0)
                rig_send_late(&r, before, id);
            rig_send(&r, block, id);
        }
        rig_expect(&r, block, AS_GVSP_WHOLE);
    }
    rig_close_one(&r);
}

/* Length of packets, size and number of bits change from picture to picture, and what is late is of the other kind. */
static void pictures_of_changing_sizes_are_not_mixed(void **state)
{
    static const as_test_gvsp kinds[] = {{.width = 120, .height = 100, .packet_bytes = 1000},
                                         {.width = 120, .height = 100, .packet_bytes = 400},
                                         {.width = 100, .height = 37, .packet_bytes = 1000},
                                         {.width = 150, .height = 120, .packet_bytes = 1464},
                                         {.width = 64, .height = 2, .packet_bytes = 1464}};
    (void)state;
    for (size_t step = 1; step < AS_COUNT(kinds); step++) {
        rig r;
        rig_open_one(&r, false);
        for (uint64_t block = 1; block <= 20; block++) {
            const as_test_gvsp *now = &kinds[block * step % AS_COUNT(kinds)];
            const as_test_gvsp *before = &kinds[(block - 1) * step % AS_COUNT(kinds)];
            for (uint32_t id = 0; id <= as_test_gvsp_n(now) + 1; id++) {
                r.picture = *before;
                if (block > 1)
                    rig_send_late(&r, block - 1, id % (as_test_gvsp_n(before) + 2));
                r.picture = *now;
                rig_send(&r, block, id);
            }
            r.picture.block = block;
            rig_expect(&r, block, AS_GVSP_WHOLE);
        }
        rig_close_one(&r);
    }
}

/* A trailer that overtook any of its packets does not make it whole, and does not end it. */
static void a_trailer_out_of_order_does_not_make_it_whole(void **state)
{
    (void)state;
    for (uint32_t at = 0; at <= ALL; at++) {
        rig r;
        rig_open_one(&r, false);
        for (uint32_t id = 0; id <= ALL; id++) {
            if (id == at)
                rig_send(&r, 1, TRAILER);
            rig_expect_none(&r);
            rig_send(&r, 1, id);
        }
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        rig_close_one(&r);
    }
}

/* Leaders that come twice, while it is under way and after, neither begin it anew nor change it. */
static void a_leader_that_comes_twice_changes_nothing(void **state)
{
    (void)state;
    rig r;
    rig_open_one(&r, false);
    for (uint64_t block = 1; block <= 5; block++) {
        for (uint32_t id = 0; id <= TRAILER; id++) {
            rig_send(&r, block, id);
            if (id < ALL)
                rig_send(&r, block, 0);
            if (block > 1)
                rig_send(&r, block - 1, 0);
        }
        rig_expect(&r, block, AS_GVSP_WHOLE);
        rig_send(&r, block, 0);
        rig_expect_none(&r);
    }
    assert_int_equal(as_gvsp_blocks_due(r.blocks), INT64_MAX);
    rig_close_one(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_late_has_no_place_in_memory_that_is_used_again),
        cmocka_unit_test(what_was_given_up_has_no_place_either),
        cmocka_unit_test(where_numbers_begin_again_nothing_is_mixed),
        cmocka_unit_test(pictures_of_changing_sizes_are_not_mixed),
        cmocka_unit_test(a_trailer_out_of_order_does_not_make_it_whole),
        cmocka_unit_test(a_leader_that_comes_twice_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
