/* SPDX-License-Identifier: Apache-2.0 */
/* test_blocks.h - pictures put together from packets that a test makes, with a time of its own.
 *
 * Layer:   camera (tests alone); after cmocka.h.
 * Threads: one.
 * Memory:  the rig's, from rig_open() to rig_close().
 */
#ifndef AS_CAMERA_TEST_BLOCKS_H
#define AS_CAMERA_TEST_BLOCKS_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

#include "camera/gvsp_blocks.h"
#include "camera/test_gvsp.h"

enum { N_BLOCKS = 4, CAPACITY = 20000, EACH = 1000, WAIT_MS = 80 };

#define MS(n)              ((as_ns)(n)*AS_NS_PER_MS)
#define rig_expect_none(r) assert_null(as_gvsp_blocks_done((r)->blocks))

/* 120 x 100 pixels: 12 packets of 1000 bytes; then a time, and what was asked for. */
typedef struct rig {
    as_gvsp_blocks *blocks;
    as_test_gvsp    picture;
    as_ns           now;
    int             n_asked;
    uint32_t        asked[600][2];
} rig;

static const as_test_gvsp rig_picture = {.block = 1, .width = 120, .height = 100, .packet_bytes = EACH};

AS_UNUSED static void rig_open(rig *r, bool asks)
{
    as_err                   err = AS_ERR_NONE;
    const as_gvsp_blocks_cfg cfg = {.n_blocks = N_BLOCKS,
                                    .capacity_bytes = CAPACITY,
                                    .expected_bytes = 12000,
                                    .packet_bytes = EACH,
                                    .wait = MS(WAIT_MS),
                                    .asks = asks};
    *r = (rig){.blocks = as_gvsp_blocks_new(&cfg, &err), .picture = rig_picture, .now = MS(1000)};
    assert_non_null(r->blocks);
    for (uint32_t i = 0; i < N_BLOCKS; i++) {
        as_gvsp_block *block = as_gvsp_blocks_at(r->blocks, i);
        block->data = calloc(1, CAPACITY);
        as_gvsp_blocks_give(r->blocks, block);
    }
}

AS_UNUSED static void rig_close(rig *r)
{
    for (uint32_t i = 0; i < N_BLOCKS; i++)
        free(as_gvsp_blocks_at(r->blocks, i)->data);
    as_gvsp_blocks_free(r->blocks);
}

/* Any bytes as a packet; what is pixels goes where the blocks say. True: it had a place. */
AS_UNUSED static bool rig_bytes(rig *r, const uint8_t *bytes, size_t n)
{
    as_gvsp_packet packet;
    size_t         taken = 0;
    assert_true(as_gvsp_packet_parse(bytes, n, &packet));
    size_t   skip = as_gvsp_head_bytes(packet.is_long);
    uint8_t *to = as_gvsp_blocks_take(r->blocks, &packet, bytes + skip, n - skip, r->now, &taken);
    return to && memcpy(to, bytes + skip, taken) == to;
}

AS_UNUSED static bool rig_send(rig *r, uint64_t block, uint32_t id)
{
    uint8_t bytes[AS_TEST_GVSP_BYTES];
    r->picture.block = block;
    return rig_bytes(r, bytes, as_test_gvsp_make(bytes, &r->picture, id));
}

AS_UNUSED static void rig_send_all(rig *r, uint64_t block, uint32_t first, uint32_t last)
{
    for (uint32_t id = first; id <= last; id++)
        rig_send(r, block, id);
}

AS_UNUSED static void rig_status(rig *r, uint64_t block, uint16_t status, uint8_t format, uint32_t id)
{
    uint8_t bytes[AS_GVSP_LONG_BYTES];
    r->picture.block = block;
    rig_bytes(r, bytes, as_test_gvsp_head(bytes, &r->picture, status, format, id));
}

AS_UNUSED static void rig_ask(void *ctx, const as_gvsp_block *block, uint32_t first, uint32_t last)
{
    rig *r = ctx;
    assert_true(block && first <= last && r->n_asked < 600);
    r->asked[r->n_asked][0] = first;
    r->asked[r->n_asked++][1] = last;
}

AS_UNUSED static void rig_wait(rig *r, as_ns ns)
{
    r->now += ns;
    as_gvsp_blocks_tick(r->blocks, r->now, rig_ask, r);
}

/* The oldest has ended so, and its block is given back. */
AS_UNUSED static void rig_expect(rig *r, uint64_t id, as_gvsp_end end)
{
    as_gvsp_block *block = as_gvsp_blocks_done(r->blocks);
    assert_non_null(block);
    assert_int_equal(block->id, id);
    assert_int_equal(block->end, end);
    if (end == AS_GVSP_WHOLE)
        assert_true(block->bytes == as_test_gvsp_size(&r->picture) && as_test_gvsp_is(block->data, id, block->bytes));
    as_gvsp_blocks_give(r->blocks, block);
}

#endif
