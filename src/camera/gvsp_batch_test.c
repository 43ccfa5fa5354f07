/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel does is done here: messages are written where they were aimed at. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/rng.h"
#include "camera/gvsp_batch.h"
#include "camera/test_gvsp.h"

enum { N_BLOCKS = 4, CAPACITY = 400000, GUARD = 64, MOST = 4000, GRO = 104 };

/* Packets that are under way, as lengths in a row of bytes. */
typedef struct rig {
    as_gvsp_blocks *blocks;
    as_gvsp_batch  *batch;
    uint8_t        *memory[N_BLOCKS], *bytes;
    size_t          lengths[MOST], begins[MOST], n, done, used;
    as_test_gvsp    picture;
    as_ns           now;
    int             n_whole, n_other;
} rig;

static void rig_open(rig *r)
{
    as_err                   err = AS_ERR_NONE;
    const as_gvsp_blocks_cfg cfg = {.n_blocks = N_BLOCKS,
                                    .capacity_bytes = CAPACITY,
                                    .expected_bytes = 300000,
                                    .packet_bytes = 1000,
                                    .wait = 80 * AS_NS_PER_MS,
                                    .asks = true};
    *r = (rig){.blocks = as_gvsp_blocks_new(&cfg, &err),
               .batch = as_gvsp_batch_new(&err),
               .bytes = malloc((size_t)MOST * AS_TEST_GVSP_BYTES),
               .now = AS_NS_PER_S,
               .picture = {.width = 1000, .height = 300, .packet_bytes = 1000}};
    assert_true(r->blocks && r->batch && r->bytes);
    for (uint32_t i = 0; i < N_BLOCKS; i++) {
        as_gvsp_block *block = as_gvsp_blocks_at(r->blocks, i);
        r->memory[i] = malloc(CAPACITY + GUARD);
        memset(r->memory[i], 0xa5, CAPACITY + GUARD);
        block->data = r->memory[i];
        as_gvsp_blocks_give(r->blocks, block);
    }
}

static void rig_close(rig *r)
{
    for (int i = 0; i < N_BLOCKS; i++) {
        for (int k = 0; k < GUARD; k++)
            assert_int_equal(r->memory[i][CAPACITY + k], 0xa5);
        free(r->memory[i]);
    }
    as_gvsp_blocks_free(r->blocks);
    as_gvsp_batch_free(r->batch);
    free(r->bytes);
}

static void rig_send(rig *r, uint64_t block, uint32_t id)
{
    r->picture.block = block;
    assert_true(r->n < MOST);
    r->begins[r->n] = r->used;
    r->lengths[r->n] = as_test_gvsp_make(r->bytes + r->used, &r->picture, id);
    r->used += r->lengths[r->n++];
}

static void rig_send_all(rig *r, uint64_t block, uint32_t first, uint32_t last)
{
    for (uint32_t id = first; id <= last; id++)
        rig_send(r, block, id);
}

static void rig_write(struct mmsghdr *message, const uint8_t *bytes, size_t n, size_t segment)
{
    size_t at = 0;
    for (size_t i = 0; i < message->msg_hdr.msg_iovlen && at < n; i++) {
        size_t step = AS_MIN(n - at, message->msg_hdr.msg_iov[i].iov_len);
        memcpy(message->msg_hdr.msg_iov[i].iov_base, bytes + at, step);
        at += step;
    }
    assert_int_equal(at, n);
    message->msg_len = (unsigned)n;
    if (segment == 0) {
        message->msg_hdr.msg_controllen = 0;
        return;
    }
    int             value = (int)segment;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message->msg_hdr);
    assert_non_null(head);
    *head = (struct cmsghdr){.cmsg_level = IPPROTO_UDP, .cmsg_type = GRO, .cmsg_len = CMSG_LEN(sizeof value)};
    memcpy(CMSG_DATA(head), &value, sizeof value);
}

/* As many packets as the kernel would merge into one message: of equal length, the last maybe shorter. */
static size_t rig_merged(const rig *r, size_t most)
{
    size_t n = 1, bytes = r->lengths[r->done];
    while (n < most && r->done + n < r->n && r->lengths[r->done + n] <= r->lengths[r->done] &&
           bytes + r->lengths[r->done + n] < 65000) {
        bytes += r->lengths[r->done + n];
        if (r->lengths[r->done + n++] < r->lengths[r->done])
            break;
    }
    return n;
}

static void rig_collect(rig *r)
{
    for (as_gvsp_block *block; (block = as_gvsp_blocks_done(r->blocks));) {
        if (block->end == AS_GVSP_WHOLE) {
            r->n_whole++;
            assert_true(as_test_gvsp_is(block->data, block->id, block->bytes));
        } else {
            r->n_other++;
        }
        as_gvsp_blocks_give(r->blocks, block);
    }
}

static void rig_ask(void *ctx, const as_gvsp_block *block, uint32_t first, uint32_t last)
{
    (void)ctx;
    (void)block;
    assert_true(first <= last);
}

static void rig_wait(rig *r, as_ns ns)
{
    r->now += ns;
    as_gvsp_blocks_tick(r->blocks, r->now, rig_ask, NULL);
    rig_collect(r);
}

/* One round of the receiver. most: packets merged into a message; 1: none. */
static void rig_receive(rig *r, size_t most)
{
    unsigned        n_aimed = 0, n = 0;
    size_t          n_packets = 0;
    struct mmsghdr *messages = as_gvsp_batch_aim(r->batch, r->blocks, &n_aimed);
    assert_true(n_aimed > 0);
    for (; n < n_aimed && r->done < r->n; n++) {
        size_t k = rig_merged(r, most), last = r->done + k - 1;
        rig_write(&messages[n], r->bytes + r->begins[r->done], r->begins[last] + r->lengths[last] - r->begins[r->done],
                  k > 1 ? r->lengths[r->done] : 0);
        r->done += k;
        n_packets += k;
    }
    assert_int_equal(as_gvsp_batch_land(r->batch, r->blocks, n, r->now), n_packets);
    rig_collect(r);
}

static void rig_receive_all(rig *r, size_t most)
{
    while (r->done < r->n)
        rig_receive(r, most);
    r->n = r->done = r->used = 0;
}

static void packets_in_order_are_not_moved(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        rig r;
        rig_open(&r);
        r.picture.is_long = kind & 1;
        size_t most = kind & 2 ? 40 : 1;
        rig_send_all(&r, 1, 0, 301); /* then it is known whether messages hold several, and how long their heads are */
        rig_receive_all(&r, most);
        uint64_t before = as_gvsp_batch_n_moved(r.batch);
        for (uint64_t block = 2; block <= 4; block++)
            rig_send_all(&r, block, 0, 301);
        rig_receive_all(&r, most);
        assert_int_equal(r.n_whole, 4);
        assert_int_equal(as_gvsp_batch_n_moved(r.batch), before);
        if (kind == 0)
            assert_int_equal(before, 0);
        rig_close(&r);
    }
}

static void lost_and_doubled_ones_are_put_where_they_belong(void **state)
{
    (void)state;
    for (size_t most = 1; most <= 8; most += 7) {
        rig r;
        rig_open(&r);
        for (uint32_t id = 0; id <= 301; id++) {
            if (id % 29 != 7)
                rig_send(&r, 1, id);
            if (id % 17 == 3)
                rig_send(&r, 1, id);
        }
        for (uint32_t id = 0; id <= 301; id++)
            if (id % 29 == 7)
                rig_send(&r, 1, id);
        rig_receive_all(&r, most);
        assert_int_equal(r.n_whole, 1);
        assert_true(as_gvsp_batch_n_moved(r.batch) > 10);
        rig_close(&r);
    }
}

/* A packet of the picture before comes where one of this one was aimed at, which came already. */
static void packets_of_two_pictures_do_not_take_each_others_place(void **state)
{
    (void)state;
    rig r;
    rig_open(&r);
    rig_send_all(&r, 1, 0, 19);
    rig_send_all(&r, 1, 21, 300);
    rig_send_all(&r, 2, 0, 18);
    while (r.done < r.n)
        rig_receive(&r, 1);
    rig_send(&r, 2, 20); /* where 19 was aimed at */
    rig_send(&r, 1, 20); /* where 20 was */
    rig_send(&r, 2, 19);
    rig_send_all(&r, 2, 21, 300);
    rig_receive_all(&r, 1);
    assert_int_equal(r.n_whole, 2);
    rig_close(&r);
}

/* Whatever order they come in, of two pictures at once: with lengths that change, and merged or not. */
static void any_order_is_put_right(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {1000, 700, 1464, 8964};
    as_rng                rng = as_rng_new(5);
    rig                   r;
    rig_open(&r);
    int n_pictures = 0;
    for (uint64_t block = 1; block < 120; block += 2) {
        uint32_t order[1200];
        r.picture.packet_bytes = lengths[as_rng_below(&rng, AS_COUNT(lengths))];
        uint32_t n = as_test_gvsp_n(&r.picture) + 1;
        for (uint32_t i = 0; i < 2 * n; i++)
            order[i] = i;
        uint32_t reach = (uint32_t)as_rng_below(&rng, 20) + 1;
        for (uint32_t i = 0; i < 2 * n; i++) {
            uint32_t k = i + (uint32_t)as_rng_below(&rng, reach), kept = order[i];
            k = AS_MIN(k, 2 * n - 1);
            order[i] = order[k];
            order[k] = kept;
        }
        for (uint32_t i = 0; i < 2 * n; i++) {
            rig_send(&r, block + order[i] / n, order[i] % n);
            if (as_rng_below(&rng, 20) == 0)
                rig_send(&r, block + order[i] / n, order[i] % n);
        }
        /* What came before a length that is new was known is sent again. */
        rig_send_all(&r, block, 0, n - 1);
        rig_send_all(&r, block + 1, 0, n - 1);
        rig_receive_all(&r, as_rng_below(&rng, 2) ? 1 : 30);
        rig_wait(&r, 100 * AS_NS_PER_MS);
        n_pictures += 2;
    }
    assert_int_equal(r.n_whole, n_pictures);
    rig_close(&r);
}

/* 32 packets of 1464 bytes come where 32 of 1000 were aimed at: the last one looks as if it were where it belongs. */
static void a_longer_packet_in_the_last_place_is_moved_with_its_end(void **state)
{
    (void)state;
    rig r;
    rig_open(&r);
    r.picture.packet_bytes = 1464;
    rig_send(&r, 1, 0);
    rig_receive_all(&r, 1);
    rig_send_all(&r, 1, 1, as_test_gvsp_n(&r.picture));
    rig_receive_all(&r, 1);
    assert_int_equal(r.n_whole, 1);
    rig_close(&r);
}

/* The picture before had 30 packets, and this one's leader, which says that it has more, comes just before the thirtieth. */
static void a_picture_that_grows_has_all_of_its_bytes(void **state)
{
    (void)state;
    rig r;
    rig_open(&r);
    r.picture.width = 995; /* the 30th has 850 bytes of 1000 */
    r.picture.height = 30;
    rig_send_all(&r, 1, 0, 31);
    rig_receive_all(&r, 1);
    r.picture.height = 300;
    rig_send(&r, 2, 1);
    rig_receive_all(&r, 1);
    rig_send_all(&r, 2, 2, 28);
    rig_receive_all(&r, 1);
    rig_send(&r, 2, 0); /* where 29 was aimed at */
    rig_send(&r, 2, 30);
    rig_receive_all(&r, 1);
    rig_send(&r, 2, 29);
    rig_send_all(&r, 2, 31, as_test_gvsp_n(&r.picture));
    rig_receive_all(&r, 1);
    assert_int_equal(r.n_whole, 2);
    rig_close(&r);
}

/* Packets are longer than believed, and the last of them, which is shorter, has just the length that was believed: it lies
 * where it was aimed at, and those before it are moved to there. */
static void a_short_last_packet_is_not_overwritten_by_those_before_it(void **state)
{
    (void)state;
    rig r;
    rig_open(&r);
    r.picture.packet_bytes = 1464;
    r.picture.width = 20 * 1464 + 1000;
    r.picture.height = 1;
    rig_send(&r, 1, 0);
    rig_receive_all(&r, 1);
    rig_send_all(&r, 1, 1, 21);
    rig_receive_all(&r, 1);
    assert_int_equal(r.n_whole, 1);
    rig_close(&r);
}

static void what_is_no_packet_does_no_harm(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(9);
    rig    r;
    rig_open(&r);
    for (uint64_t block = 1; block < 40; block++) {
        rig_send_all(&r, block, 0, 301);
        for (size_t i = 0; i < r.n; i++)
            if (as_rng_below(&rng, 4) == 0)
                r.bytes[r.begins[i] + as_rng_below(&rng, 8)] = (uint8_t)as_rng_below(&rng, 256);
        for (size_t i = 0; i < r.n; i++)
            if (as_rng_below(&rng, 10) == 0)
                r.lengths[i] = as_rng_below(&rng, r.lengths[i] + 1);
        while (r.done < r.n) {
            unsigned        n_aimed = 0, n = 0;
            struct mmsghdr *messages = as_gvsp_batch_aim(r.batch, r.blocks, &n_aimed);
            for (; n < n_aimed && r.done < r.n; n++, r.done++)
                rig_write(&messages[n], r.bytes + r.begins[r.done], r.lengths[r.done],
                          as_rng_below(&rng, 5) == 0 ? as_rng_below(&rng, 300) : 0);
            as_gvsp_batch_land(r.batch, r.blocks, n, r.now);
        }
        r.n = r.done = r.used = 0;
        for (as_gvsp_block *b; (b = as_gvsp_blocks_done(r.blocks));)
            as_gvsp_blocks_give(r.blocks, b);
        r.now += 30 * AS_NS_PER_MS;
        as_gvsp_blocks_tick(r.blocks, r.now, rig_ask, NULL);
    }
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_in_order_are_not_moved),
        cmocka_unit_test(lost_and_doubled_ones_are_put_where_they_belong),
        cmocka_unit_test(packets_of_two_pictures_do_not_take_each_others_place),
        cmocka_unit_test(any_order_is_put_right),
        cmocka_unit_test(a_longer_packet_in_the_last_place_is_moved_with_its_end),
        cmocka_unit_test(a_picture_that_grows_has_all_of_its_bytes),
        cmocka_unit_test(a_short_last_packet_is_not_overwritten_by_those_before_it),
        cmocka_unit_test(what_is_no_packet_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
