/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

#include "camera/test_blocks.h"

static void a_picture_in_order_is_whole_with_its_last_packet(void **state)
{
    (void)state;
    for (int is_long = 0; is_long < 2; is_long++) {
        rig r;
        rig_open(&r, true);
        r.picture.is_long = is_long == 1;
        rig_send_all(&r, 1, 0, 11);
        rig_expect_none(&r);
        assert_true(rig_send(&r, 1, 12));
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        assert_false(rig_send(&r, 1, 13)); /* a trailer begins no other */
        rig_expect_none(&r);
        rig_wait(&r, MS(1000));
        assert_int_equal(r.n_asked, 0);
        assert_int_equal(as_gvsp_blocks_due(r.blocks), INT64_MAX);
        rig_close(&r);
    }
}

static void order_and_doubles_do_not_matter(void **state)
{
    (void)state;
    static const uint32_t order[] = {12, 3, 3, 1, 2, 0, 0, 5, 4, 13, 7, 6, 9, 8, 11, 11, 10};
    rig                   r;
    rig_open(&r, true);
    for (size_t i = 0; i < AS_COUNT(order); i++)
        rig_send(&r, 7, order[i]);
    rig_expect(&r, 7, AS_GVSP_WHOLE);
    rig_expect_none(&r);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_used, 13);
    rig_close(&r);
}

static void a_gap_is_asked_for_once_and_again_and_not_for_ever(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 2);
    rig_send_all(&r, 1, 5, 9);
    rig_wait(&r, AS_GVSP_GAP_NS / 2);
    assert_int_equal(r.n_asked, 0); /* it may only be late */
    rig_wait(&r, AS_GVSP_GAP_NS);
    assert_int_equal(r.n_asked, 1);
    assert_true(r.asked[0][0] == 3 && r.asked[0][1] == 4); /* and nothing that is still to come */
    rig_send(&r, 1, 4);
    rig_send_all(&r, 1, 10, 13);
    rig_wait(&r, MS(2));
    assert_int_equal(r.n_asked, 1);
    rig_wait(&r, MS(WAIT_MS / AS_GVSP_ROUNDS));
    assert_int_equal(r.n_asked, 2);
    assert_true(r.asked[1][0] == 3 && r.asked[1][1] == 3);
    for (int i = 0; i < WAIT_MS; i++)
        rig_wait(&r, MS(1));
    assert_in_range(r.n_asked, AS_GVSP_ROUNDS - 2, AS_GVSP_ROUNDS + 1);
    rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
    as_gvsp_counts counts = as_gvsp_blocks_counts(r.blocks);
    assert_true(counts.n_incomplete == 1 && counts.n_missing == 1 && counts.n_resent == 1);
    assert_false(rig_send(&r, 1, 3)); /* too late */
    rig_expect_none(&r);
    rig_close(&r);
}

/* A belt that is slow: the picture is under way for long, and what is gone of it is not asked for all that time. */
static void a_slow_picture_is_not_asked_about_all_the_time(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 2);
    for (uint32_t id = 4; id <= 12; id++) {
        rig_send(&r, 1, id);
        for (int i = 0; i < 60; i++)
            rig_wait(&r, MS(1));
    }
    int n = 0;
    for (int i = 0; i < r.n_asked; i++)
        n += r.asked[i][0] <= 3 && 3 <= r.asked[i][1];
    assert_int_equal(n, 1 + AS_GVSP_ROUNDS);
    rig_expect_none(&r);
    rig_send(&r, 1, 3);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_close(&r);
}

/* A camera that answers slowly is not asked for the rest of its answer meanwhile. */
static void while_answers_come_nothing_is_asked_for_again(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send(&r, 1, 0);
    rig_send_all(&r, 1, 10, 13);
    rig_wait(&r, MS(2));
    assert_int_equal(r.n_asked, 1);
    for (uint32_t id = 1; id <= 6; id++) {
        for (int i = 0; i < WAIT_MS / AS_GVSP_ROUNDS - 1; i++)
            rig_wait(&r, MS(1));
        assert_int_equal(r.n_asked, 1);
        rig_send(&r, 1, id);
    }
    rig_wait(&r, MS(WAIT_MS / AS_GVSP_ROUNDS));
    assert_int_equal(r.n_asked, 2);
    assert_true(r.asked[1][0] == 7 && r.asked[1][1] == 9);
    rig_close(&r);
}

static void what_comes_again_makes_it_whole(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 2, 7); /* the leader too is missing */
    rig_send_all(&r, 1, 9, 11);
    rig_send_all(&r, 2, 0, 12); /* the next one comes whole meanwhile, and waits for its turn */
    rig_expect_none(&r);
    rig_wait(&r, MS(2));
    assert_int_equal(r.n_asked, 3);
    assert_true(r.asked[0][0] == 0 && r.asked[0][1] == 1);
    assert_true(r.asked[1][0] == 8 && r.asked[1][1] == 8);
    assert_true(r.asked[2][0] == 12 && r.asked[2][1] == 12);
    for (uint32_t id = 0; id <= 12; id++)
        rig_send(&r, 1, id);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_expect(&r, 2, AS_GVSP_WHOLE);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_resent, 4);
    rig_close(&r);
}

static void a_packet_that_is_no_more_ends_it_at_once(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 6);
    rig_status(&r, 1, AS_GVSP_UNAVAILABLE, AS_GVSP_PIXELS, 3); /* which it has */
    rig_status(&r, 1, AS_GVSP_NOT_YET, AS_GVSP_PIXELS, 8);
    rig_send(&r, 1, 13);
    rig_wait(&r, MS(2));
    assert_true(r.n_asked == 1 && r.asked[0][0] == 7 && r.asked[0][1] == 12);
    rig_expect_none(&r);
    rig_status(&r, 1, AS_GVSP_UNAVAILABLE, AS_GVSP_PIXELS, 8);
    rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
    /* While it is still being sent, the rest may come. */
    rig_send_all(&r, 2, 0, 6);
    rig_status(&r, 2, AS_GVSP_ALL_REMOVED, AS_GVSP_PIXELS, 8);
    rig_expect_none(&r);
    rig_send_all(&r, 2, 7, 12);
    rig_expect(&r, 2, AS_GVSP_WHOLE);
    rig_status(&r, 9, AS_GVSP_UNAVAILABLE, AS_GVSP_PIXELS, 8); /* begins nothing */
    assert_int_equal(as_gvsp_blocks_due(r.blocks), INT64_MAX);
    rig_close(&r);
}

static void a_trailer_that_comes_early_says_that_the_rest_does_not(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 5);
    rig_status(&r, 1, 0, AS_GVSP_TRAILER, 6);
    rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
    rig_close(&r);
}

static void without_asking_it_does_not_wait_for_long(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, false);
    rig_send_all(&r, 1, 0, 5);
    rig_send_all(&r, 1, 7, 13);
    rig_wait(&r, MS(9));
    rig_expect_none(&r);
    rig_wait(&r, MS(1));
    rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
    assert_int_equal(r.n_asked, 0);
    rig_close(&r);
}

static void numbers_begin_again_at_one(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    for (uint64_t id = 65533; id <= 65535; id++) {
        r.picture.stamp = id;
        rig_send_all(&r, id, 0, 13);
        rig_expect(&r, id, AS_GVSP_WHOLE);
    }
    r.picture.stamp = 65536;
    rig_send_all(&r, 1, 1, 12); /* without a leader, it is the next one all the same */
    rig_send(&r, 1, 0);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    r.picture.stamp = 0;
    rig_send_all(&r, 65535, 0, 13); /* a late one */
    rig_expect_none(&r);
    rig_close(&r);
}

static void a_count_that_began_anew_is_known_by_its_time(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.stamp = 1000;
    rig_send_all(&r, 50, 0, 12);
    rig_expect(&r, 50, AS_GVSP_WHOLE);
    rig_send_all(&r, 49, 0, 12); /* of the same time: the network had it for long */
    rig_expect_none(&r);
    r.picture.stamp = 2000;
    rig_send_all(&r, 1, 0, 12);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    r.picture.stamp = 3000;
    r.picture.is_long = true; /* the camera was told to count otherwise */
    rig_send_all(&r, 1, 0, 12);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    r.picture.is_long = false; /* and whatever has the other kind of number is late */
    assert_false(rig_send(&r, 9, 3));
    rig_close(&r);
}

/* One that tells no time is believed when it counts on; and what one picture told wrongly of it is forgotten with the next. */
static void a_count_that_began_anew_is_known_by_how_it_goes_on(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.stamp = 1;
    rig_send_all(&r, 500, 0, 12);
    rig_expect(&r, 500, AS_GVSP_WHOLE);
    for (uint64_t id = 1; id <= 2; id++) {
        rig_send_all(&r, id, 0, 12);
        rig_send(&r, id, 0);
        rig_expect_none(&r);
    }
    rig_send_all(&r, 3, 0, 12);
    rig_expect(&r, 3, AS_GVSP_WHOLE);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_late, 4);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_packets, 4 * 13 + 2);
    rig_send_all(&r, 4, 0, 12);
    rig_expect(&r, 4, AS_GVSP_WHOLE);
    r.picture.stamp = UINT64_MAX;
    rig_send_all(&r, 5, 0, 12);
    rig_expect(&r, 5, AS_GVSP_WHOLE);
    r.picture.stamp = 1000;
    rig_send_all(&r, 60, 0, 12);
    rig_expect(&r, 60, AS_GVSP_WHOLE);
    r.picture.stamp = 2000;
    rig_send_all(&r, 40, 0, 12);
    rig_expect(&r, 40, AS_GVSP_WHOLE);
    rig_close(&r);
}

/* Late ones among those of today do not make the count begin anew. */
static void late_ones_now_and_then_are_late(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.stamp = 1;
    for (uint64_t id = 500; id < 510; id++) {
        rig_send_all(&r, id, 0, 12);
        rig_expect(&r, id, AS_GVSP_WHOLE);
        rig_send(&r, id - 300, 0);
        rig_expect_none(&r);
    }
    assert_int_equal(as_gvsp_blocks_due(r.blocks), INT64_MAX);
    rig_close(&r);
}

/* The leader was asked for, and comes when the picture was given up, before and after that of the next one. */
static void a_picture_that_was_given_up_is_not_begun_again_by_its_leader(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 12);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_send_all(&r, 2, 1, 12);
    rig_wait(&r, MS(WAIT_MS));
    rig_expect(&r, 2, AS_GVSP_INCOMPLETE);
    rig_send(&r, 2, 0);
    assert_int_equal(as_gvsp_blocks_due(r.blocks), INT64_MAX);
    rig_send_all(&r, 3, 0, 5);
    rig_send(&r, 2, 0);
    rig_send_all(&r, 3, 6, 12);
    rig_expect(&r, 3, AS_GVSP_WHOLE);
    assert_int_equal(as_gvsp_blocks_due(r.blocks), INT64_MAX);
    r.picture.stamp = 99; /* but a count that began anew is not taken for it */
    rig_send_all(&r, 1, 0, 12);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_close(&r);
}

/* A camera that was started anew while one was under way: what is missing of that is not taken from the new one. */
static void two_pictures_of_one_number_are_not_mixed(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    for (int other = 0; other < 2; other++) {
        r.picture = rig_picture;
        r.picture.stamp = 5;
        rig_send_all(&r, 1, 0, 5);
        r.picture.stamp = other ? 5 : 700;
        r.picture.height = other ? 90 : 100;
        rig_send(&r, 1, 0);
        rig_send(&r, 1, 0);
        rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
        rig_send_all(&r, 1, 6, as_test_gvsp_n(&r.picture));
        rig_expect_none(&r);
        rig_send_all(&r, 1, 1, 5);
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        rig_expect_none(&r);
        rig_close(&r);
        rig_open(&r, true);
    }
    rig_close(&r);
}

static void without_memory_pictures_are_counted_and_not_begun(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    for (uint64_t id = 1; id <= N_BLOCKS + 2; id++)
        rig_send_all(&r, id, 0, 13);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_underruns, 2);
    for (uint64_t id = 1; id <= N_BLOCKS; id++)
        rig_expect(&r, id, AS_GVSP_WHOLE);
    assert_false(rig_send(&r, N_BLOCKS + 2, 5)); /* its beginning is gone */
    rig_send_all(&r, N_BLOCKS + 3, 0, 13);
    rig_expect(&r, N_BLOCKS + 3, AS_GVSP_WHOLE);
    rig_close(&r);
}

static void the_first_packet_says_how_long_they_are(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {400, 1400, AS_GVSP_LEAST_BYTES, 9000, EACH};
    rig                   r;
    rig_open(&r, true);
    for (uint64_t i = 0; i < AS_COUNT(lengths); i++) {
        r.picture.packet_bytes = lengths[i];
        rig_send_all(&r, i + 1, 0, as_test_gvsp_n(&r.picture) + 1);
        rig_expect(&r, i + 1, AS_GVSP_WHOLE);
    }
    r.picture.packet_bytes = EACH + 8; /* one of another length in the middle is not of this picture */
    rig_send_all(&r, 7, 0, 0);
    r.picture.packet_bytes = EACH;
    rig_send(&r, 7, 1);
    r.picture.packet_bytes = EACH + 8;
    assert_false(rig_send(&r, 7, 2));
    r.picture.packet_bytes = EACH;
    rig_send_all(&r, 7, 2, 12);
    rig_expect(&r, 7, AS_GVSP_WHOLE);
    r.picture.packet_bytes = 20; /* nobody sends such */
    rig_send_all(&r, 9, 0, 30);
    rig_wait(&r, MS(WAIT_MS));
    rig_expect(&r, 9, AS_GVSP_INCOMPLETE);
    rig_close(&r);
}

/* A belt's pictures are of any height: of one that is small, and has lost its first packets, the last comes. */
static void a_short_last_packet_does_not_say_how_long_they_are(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send_all(&r, 1, 0, 12);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    r.picture.height = 20; /* 2400 bytes: the third packet has 400 */
    rig_send(&r, 2, 3);
    rig_send(&r, 2, 3);
    rig_send_all(&r, 2, 1, 2);
    rig_send(&r, 2, 0);
    rig_send(&r, 2, 3);
    rig_expect(&r, 2, AS_GVSP_WHOLE);
    r.picture.height = 3; /* one packet of 360 bytes */
    rig_send(&r, 3, 1);
    rig_send(&r, 3, 0);
    rig_send(&r, 3, 1);
    rig_expect(&r, 3, AS_GVSP_WHOLE);
    r.picture.height = 100;
    rig_send(&r, 4, 0);
    rig_send_all(&r, 4, 2, 12); /* still 1000 each */
    rig_send(&r, 4, 1);
    rig_expect(&r, 4, AS_GVSP_WHOLE);
    rig_close(&r);
}

/* What was believed of the first one or two is dropped when it is seen that the others are longer. */
static void a_length_that_was_wrong_is_learnt_again(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    rig_send(&r, 1, 0);
    r.picture.packet_bytes = 400;
    rig_send(&r, 1, 1);
    r.picture.packet_bytes = 1400;
    rig_send_all(&r, 1, 2, 9);
    rig_expect_none(&r);
    rig_wait(&r, MS(2));
    assert_true(r.n_asked == 1 && r.asked[0][0] == 1 && r.asked[0][1] == 2);
    rig_send_all(&r, 1, 1, 2);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_close(&r);
}

/* The last packet comes first, its leader says that it is not the last, and then the length is another. */
static void places_are_of_the_length_that_is_known_last(void **state)
{
    (void)state;
    const as_gvsp_block *block;
    uint32_t             first;
    rig                  r;
    rig_open(&r, true);
    rig_send(&r, 1, 12);
    r.picture.height = 110;
    rig_send(&r, 1, 0);
    r.picture.packet_bytes = 9000;
    rig_send(&r, 1, 1);
    assert_int_equal(as_gvsp_blocks_next(r.blocks, 100, &block, &first), 1);
    assert_int_equal(first, 2);
    rig_send(&r, 1, 2);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    rig_close(&r);
}

static void nothing_is_written_beside_the_memory(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.height = 200; /* 24000 bytes, and there is room for 20000 */
    rig_send_all(&r, 1, 0, 25);
    rig_expect(&r, 1, AS_GVSP_TOO_LARGE);
    rig_send_all(&r, 2, 1, 25); /* they come before the leader */
    rig_send(&r, 2, 0);
    rig_expect(&r, 2, AS_GVSP_TOO_LARGE);
    r.picture.height = UINT32_MAX;
    r.picture.width = UINT32_MAX;
    rig_send(&r, 3, 0);
    rig_expect(&r, 3, AS_GVSP_TOO_LARGE);
    r.picture = rig_picture;
    r.picture.height = 60; /* smaller than the one before */
    rig_send_all(&r, 4, 1, 8);
    rig_send(&r, 4, 0);
    rig_send(&r, 4, 9);
    rig_expect_none(&r); /* the short one was taken for a piece of a longer one */
    rig_wait(&r, MS(2));
    assert_true(r.n_asked == 1 && r.asked[0][0] == 8 && r.asked[0][1] == 8);
    rig_send(&r, 4, 8);
    rig_expect(&r, 4, AS_GVSP_WHOLE);
    r.picture.height = 161;
    rig_send_all(&r, 5, 0, 21);
    rig_expect(&r, 5, AS_GVSP_WHOLE);
    assert_int_equal(as_gvsp_blocks_counts(r.blocks).n_other, 3);
    rig_close(&r);
}

static void padding_and_chunks_belong_to_it_and_other_payloads_do_not(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.pad_x = 8;
    rig_send_all(&r, 1, 0, 14);
    rig_expect(&r, 1, AS_GVSP_WHOLE);
    r.picture = rig_picture;
    r.picture.payload = AS_GVSP_PAYLOAD_IMAGE | AS_GVSP_PAYLOAD_CHUNKS;
    rig_send_all(&r, 2, 0, 12);
    rig_expect(&r, 2, AS_GVSP_WHOLE);
    rig_status(&r, 2, 0, AS_GVSP_PIXELS, 13); /* the chunks */
    r.picture.payload = AS_GVSP_PAYLOAD_EXTEND;
    r.picture.height = 120; /* what came before the leader may be more than its pixels */
    r.picture.block = 12;
    rig_send_all(&r, 12, 13, 14);
    r.picture.height = 100;
    rig_send_all(&r, 12, 0, 12);
    rig_expect(&r, 12, AS_GVSP_WHOLE);
    r.picture.payload = 6; /* JPEG */
    rig_send_all(&r, 13, 0, 12);
    rig_expect(&r, 13, AS_GVSP_NO_IMAGE);
    rig_expect_none(&r);
    rig_close(&r);
}

/* Fewer bytes than the smallest packet has. */
static void a_picture_of_one_packet_is_whole(void **state)
{
    (void)state;
    for (uint32_t bytes = 1; bytes <= AS_GVSP_LEAST_BYTES + 1; bytes += bytes < AS_GVSP_LEAST_BYTES - 2 ? 25 : 1) {
        as_err                   err = AS_ERR_NONE;
        const as_gvsp_blocks_cfg cfg = {
            .n_blocks = 1, .capacity_bytes = bytes, .expected_bytes = bytes, .packet_bytes = EACH, .wait = MS(WAIT_MS)};
        rig      r = {.picture = {.block = 1, .width = bytes, .height = 1, .packet_bytes = EACH},
                      .now = MS(1),
                      .blocks = as_gvsp_blocks_new(&cfg, &err)};
        uint8_t *memory = malloc(bytes);
        assert_true(r.blocks && memory);
        as_gvsp_blocks_at(r.blocks, 0)->data = memory;
        as_gvsp_blocks_give(r.blocks, as_gvsp_blocks_at(r.blocks, 0));
        rig_send_all(&r, 1, 0, 2);
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        as_gvsp_blocks_free(r.blocks);
        free(memory);
    }
}

static void a_block_too_many_ends_the_oldest(void **state)
{
    (void)state;
    as_err                   err = AS_ERR_NONE;
    const as_gvsp_blocks_cfg cfg = {.n_blocks = AS_GVSP_OPEN + 2,
                                    .capacity_bytes = CAPACITY,
                                    .expected_bytes = 12000,
                                    .packet_bytes = EACH,
                                    .wait = MS(WAIT_MS),
                                    .asks = true};
    rig                      r = {.picture = rig_picture, .now = MS(1), .blocks = as_gvsp_blocks_new(&cfg, &err)};
    uint8_t                 *memory = calloc(AS_GVSP_OPEN + 2, CAPACITY);
    assert_true(r.blocks && memory);
    for (uint32_t i = 0; i < cfg.n_blocks; i++) {
        as_gvsp_block *block = as_gvsp_blocks_at(r.blocks, i);
        block->data = memory + (size_t)i * CAPACITY;
        as_gvsp_blocks_give(r.blocks, block);
    }
    for (uint64_t id = 1; id <= AS_GVSP_OPEN; id++)
        rig_send_all(&r, id, 0, 4);
    rig_expect_none(&r);
    rig_send(&r, AS_GVSP_OPEN + 1, 0);
    rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
    rig_expect_none(&r);
    as_gvsp_blocks_free(r.blocks);
    free(memory);
}

static void many_gaps_are_asked_for_some_at_a_time(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.packet_bytes = AS_GVSP_LEAST_BYTES; /* 94 packets, of which every other one comes; 157 of the larger */
    r.picture.height = 160;
    for (uint32_t id = 0; id <= 150; id += 2)
        rig_send(&r, 1, id);
    rig_wait(&r, MS(1));
    assert_int_equal(r.n_asked, AS_GVSP_RANGES);
    rig_wait(&r, MS(1));
    assert_int_equal(r.n_asked, 74); /* the second is between two that are missing: its length was new */
    rig_close(&r);
}

/* What is left over of a round is asked for in the next, and not the first ones once more. */
static void many_gaps_are_asked_for_again_all_of_them(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, true);
    r.picture.packet_bytes = AS_GVSP_LEAST_BYTES;
    r.picture.height = 160; /* 150 packets, of which every other one is missing */
    for (uint32_t id = 0; id <= 150; id = id == 0 ? 1 : id + 2)
        rig_send(&r, 1, id);
    rig_wait(&r, MS(1));
    rig_wait(&r, MS(1));
    assert_int_equal(r.n_asked, 74);
    rig_wait(&r, MS(WAIT_MS / AS_GVSP_ROUNDS));
    assert_int_equal(r.n_asked, 74 + AS_GVSP_RANGES);
    rig_wait(&r, MS(1));
    assert_int_equal(r.n_asked, 2 * 74);
    assert_int_equal(r.asked[147][0], 148);
    rig_close(&r);
}

/* Of a picture of 2400 packets so many are lost that the link cannot bear them once more. */
static void a_picture_of_which_too_much_is_missing_is_given_up(void **state)
{
    (void)state;
    as_err                   err = AS_ERR_NONE;
    const as_gvsp_blocks_cfg cfg = {.n_blocks = 1,
                                    .capacity_bytes = 2400 * AS_GVSP_LEAST_BYTES,
                                    .expected_bytes = 2400 * AS_GVSP_LEAST_BYTES,
                                    .packet_bytes = AS_GVSP_LEAST_BYTES,
                                    .wait = MS(WAIT_MS),
                                    .asks = true};
    uint8_t                 *memory = malloc(cfg.capacity_bytes);
    rig                      r = {.now = MS(1),
                                  .picture = {.width = AS_GVSP_LEAST_BYTES, .height = 2400, .packet_bytes = AS_GVSP_LEAST_BYTES}};
    assert_non_null(memory);
    for (int lost = 590; lost <= 610; lost += 20) {
        r.blocks = as_gvsp_blocks_new(&cfg, &err);
        assert_non_null(r.blocks);
        as_gvsp_blocks_at(r.blocks, 0)->data = memory;
        as_gvsp_blocks_give(r.blocks, as_gvsp_blocks_at(r.blocks, 0));
        r.n_asked = 0;
        rig_send_all(&r, 1, 0, 10);
        rig_send_all(&r, 1, 11 + (uint32_t)lost, 2401);
        rig_wait(&r, MS(2));
        if (lost > 600)
            rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
        assert_int_equal(r.n_asked, lost > 600 ? 0 : 1);
        as_gvsp_blocks_free(r.blocks);
    }
    free(memory);
}

static void a_request_is_what_cameras_understand(void **state)
{
    (void)state;
    static const uint8_t small[] = {0x42, 0, 0, 0x40, 0, 12, 0, 9, 0, 0, 0x12, 0x34, 0, 0, 0, 5, 0, 0, 0, 7};
    static const uint8_t large[] = {0x42, 0x10, 0, 0x40, 0, 20, 0, 9, 0, 0, 0, 0, 0, 0,
                                    0,    5,    1, 0,    0, 7,  0, 0, 0, 1, 0, 0, 0, 2};
    uint8_t              out[AS_GVSP_REQUEST_BYTES];
    assert_int_equal(as_gvsp_request(out, 9, false, 0x1234, 5, 7), sizeof small);
    assert_memory_equal(out, small, sizeof small);
    assert_int_equal(as_gvsp_request(out, 9, true, 0x100000002, 5, 0x1000007), sizeof large);
    assert_memory_equal(out, large, sizeof large);
}

static void a_head_that_is_cut_off_is_none(void **state)
{
    (void)state;
    uint8_t        bytes[AS_TEST_GVSP_BYTES];
    as_gvsp_packet packet;
    as_gvsp_image  image;
    as_test_gvsp   picture = rig_picture;
    size_t         n = as_test_gvsp_make(bytes, &picture, 0);
    assert_false(as_gvsp_packet_parse(bytes, 7, &packet));
    assert_true(as_gvsp_packet_parse(bytes, 8, &packet));
    assert_false(as_gvsp_image_parse(bytes + 8, n - 9, &image));
    assert_true(as_gvsp_image_parse(bytes + 8, n - 8, &image));
    assert_true(image.width == 120 && image.height == 100 && image.timestamp == 1 && image.pad_x == 0);
    picture.is_long = true;
    as_test_gvsp_make(bytes, &picture, 0);
    assert_false(as_gvsp_packet_parse(bytes, 19, &packet));
    assert_true(as_gvsp_packet_parse(bytes, 20, &packet) && packet.is_long);
    picture.block = 0; /* no block has that number */
    as_test_gvsp_make(bytes, &picture, 0);
    assert_false(as_gvsp_packet_parse(bytes, 20, &packet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_in_order_is_whole_with_its_last_packet),
        cmocka_unit_test(order_and_doubles_do_not_matter),
        cmocka_unit_test(a_gap_is_asked_for_once_and_again_and_not_for_ever),
        cmocka_unit_test(a_slow_picture_is_not_asked_about_all_the_time),
        cmocka_unit_test(places_are_of_the_length_that_is_known_last),
        cmocka_unit_test(what_comes_again_makes_it_whole),
        cmocka_unit_test(a_packet_that_is_no_more_ends_it_at_once),
        cmocka_unit_test(a_trailer_that_comes_early_says_that_the_rest_does_not),
        cmocka_unit_test(without_asking_it_does_not_wait_for_long),
        cmocka_unit_test(numbers_begin_again_at_one),
        cmocka_unit_test(a_count_that_began_anew_is_known_by_its_time),
        cmocka_unit_test(a_picture_that_was_given_up_is_not_begun_again_by_its_leader),
        cmocka_unit_test(two_pictures_of_one_number_are_not_mixed),
        cmocka_unit_test(a_count_that_began_anew_is_known_by_how_it_goes_on),
        cmocka_unit_test(late_ones_now_and_then_are_late),
        cmocka_unit_test(without_memory_pictures_are_counted_and_not_begun),
        cmocka_unit_test(the_first_packet_says_how_long_they_are),
        cmocka_unit_test(a_short_last_packet_does_not_say_how_long_they_are),
        cmocka_unit_test(a_length_that_was_wrong_is_learnt_again),
        cmocka_unit_test(nothing_is_written_beside_the_memory),
        cmocka_unit_test(padding_and_chunks_belong_to_it_and_other_payloads_do_not),
        cmocka_unit_test(a_picture_of_one_packet_is_whole),
        cmocka_unit_test(a_block_too_many_ends_the_oldest),
        cmocka_unit_test(many_gaps_are_asked_for_some_at_a_time),
        cmocka_unit_test(while_answers_come_nothing_is_asked_for_again),
        cmocka_unit_test(many_gaps_are_asked_for_again_all_of_them),
        cmocka_unit_test(a_picture_of_which_too_much_is_missing_is_given_up),
        cmocka_unit_test(a_request_is_what_cameras_understand),
        cmocka_unit_test(a_head_that_is_cut_off_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
