/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that come as chunks, and payloads that are none. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "camera/test_blocks.h"

/* The rig's picture has 12000 bytes, and so many are announced. */
static void chunks_are_as_long_as_what_came(void **state)
{
    (void)state;
    static const uint32_t heights[] = {100, 95, 92, 50, 25, 10, 8, 1};
    for (size_t i = 0; i < AS_COUNT(heights); i++)
        for (int reordered = 0; reordered < 3; reordered++) {
            rig r;
            rig_open(&r, true);
            r.picture.payload = AS_GVSP_PAYLOAD_CHUNK;
            r.picture.height = heights[i];
            const uint32_t n = as_test_gvsp_n(&r.picture);
            rig_send(&r, 1, 0);
            if (reordered == 2)
                rig_send(&r, 1, n + 1); /* the trailer first */
            if (reordered == 1 && n > 2) {
                rig_send_all(&r, 1, 1, n - 2);
                rig_send_all(&r, 1, n, n + 1);
                rig_send(&r, 1, n - 1);
            } else {
                rig_send_all(&r, 1, 1, n + 1);
            }
            rig_expect(&r, 1, AS_GVSP_WHOLE);
            rig_close(&r);
        }
}

static void chunks_that_lack_a_packet_are_not_whole(void **state)
{
    (void)state;
    for (uint32_t gone = 0; gone <= 10; gone++) {
        rig r;
        rig_open(&r, true);
        r.picture.payload = AS_GVSP_PAYLOAD_CHUNK;
        r.picture.height = 80; /* 9600 bytes: 10 packets */
        for (uint32_t id = 0; id <= 11; id++)
            if (id != gone)
                rig_send(&r, 1, id);
        rig_expect_none(&r);
        rig_wait(&r, MS(2));
        assert_true(r.n_asked >= 1 && r.asked[0][0] == gone && r.asked[0][1] == gone);
        rig_send(&r, 1, gone);
        if (gone == 0) /* nobody knew how long it is: the last may be one that was cut off */
            rig_send(&r, 1, 10);
        rig_expect(&r, 1, AS_GVSP_WHOLE);
        rig_close(&r);
    }
}

static size_t chunk_add(uint8_t *bytes, size_t at, uint32_t id, uint32_t n)
{
    memset(bytes + at, (int)id, n);
    as_gv_put32(bytes + at + n, id);
    as_gv_put32(bytes + at + n + 4, n);
    return at + n + 8;
}

static void the_image_is_the_chunk_of_its_length(void **state)
{
    (void)state;
    uint8_t bytes[2000];
    size_t  at = 77, n = chunk_add(bytes, 0, 7, 600);
    n = chunk_add(bytes, n, 9, 8);
    n = chunk_add(bytes, n, 11, 0);
    assert_true(as_gvsp_chunk_find(bytes, n, 600, &at) && at == 0);
    n = chunk_add(bytes, n, 5, 300); /* wherever it lies */
    assert_true(as_gvsp_chunk_find(bytes, n, 300, &at) && bytes[at] == 5 && bytes[at + 299] == 5);
    assert_false(as_gvsp_chunk_find(bytes, n, 301, &at)); /* none */
    n = chunk_add(bytes, n, 6, 300);
    assert_false(as_gvsp_chunk_find(bytes, n, 300, &at)); /* two */
    for (size_t cut = 1; cut < n; cut++)                  /* whatever is cut off, nothing outside is read */
        (void)!as_gvsp_chunk_find(bytes + cut, n - cut, 600, &at);
    assert_false(as_gvsp_chunk_find(bytes, 7, 300, &at));
    assert_false(as_gvsp_chunk_find(bytes, 0, 0, &at));
    as_gv_put32(bytes + n - 4, UINT32_MAX);
    assert_false(as_gvsp_chunk_find(bytes, n, 600, &at));
}

static void what_is_no_image_is_named_with_what_to_do(void **state)
{
    (void)state;
    static const struct {
        uint16_t    type;
        const char *feature;
    } cases[] = {{0x4, "ChunkModeActive"}, {0x6, "ImageCompressionMode"}, {0x4006, "ImageCompressionMode"},
                 {0xa, "ComponentEnable"}, {0xb, "GenDCStreamingMode"},   {0, "GevSCCFGAllInTransmission"},
                 {0x2, "PixelFormat"},     {0x77, "PixelFormat"}};
    for (size_t i = 0; i < AS_COUNT(cases); i++)
        assert_non_null(strstr(as_gvsp_payload_of(cases[i].type)->remedy, cases[i].feature));
}

/* 9000 bytes that are chunks, in 9 packets; the last may be full. Packet id of them; 0 the leader. */
static void chunk_send(rig *r, uint64_t block, const uint8_t *bytes, size_t n, uint32_t id)
{
    uint8_t packet[AS_TEST_GVSP_BYTES];
    r->picture.block = block;
    r->picture.payload = AS_GVSP_PAYLOAD_CHUNK;
    if (id == 0) {
        rig_send(r, block, 0);
        return;
    }
    const size_t at = (size_t)(id - 1) * EACH, each = AS_MIN((size_t)EACH, n - at);
    const size_t head = as_test_gvsp_head(packet, &r->picture, 0, AS_GVSP_PIXELS, id);
    memcpy(packet + head, bytes + at, each);
    rig_bytes(r, packet, head + each);
}

static size_t chunk_make(uint8_t *bytes, size_t want) /* two chunks, so many bytes with what describes them */
{
    return chunk_add(bytes, chunk_add(bytes, 0, 7, 100), 5, (uint32_t)(want - 108 - 8));
}

/* It is not told where they end, and all of them came. */
static void chunks_whose_trailer_is_lost_are_whole(void **state)
{
    (void)state;
    static uint8_t bytes[CAPACITY];
    for (int ends = 0; ends < 6; ends++) {
        const size_t n = chunk_make(bytes, ends % 2 ? 9000 : 8500);
        rig          r;
        rig_open(&r, true);
        for (uint32_t id = 0; id <= 9; id++)
            chunk_send(&r, 1, bytes, n, id);
        rig_expect_none(&r);
        if (ends / 2 == 1)
            rig_send(&r, 2, 0); /* the next picture */
        rig_wait(&r, MS(2));
        if (ends / 2 == 2) { /* it is asked for more */
            rig_wait(&r, MS(WAIT_MS / 4));
            rig_send(&r, 2, 0);
            rig_status(&r, 1, AS_GVSP_UNAVAILABLE, AS_GVSP_PIXELS, 10);
        } else {
            rig_wait(&r, MS(WAIT_MS));
        }
        as_gvsp_block *block = as_gvsp_blocks_done(r.blocks);
        assert_true(block && block->id == 1);
        assert_int_equal(block->end, AS_GVSP_WHOLE);
        assert_true(block->bytes == n && memcmp(block->data, bytes, n) == 0);
        rig_close(&r);
        rig_open(&r, true); /* the last packet is lost too */
        for (uint32_t id = 0; id <= 8; id++)
            chunk_send(&r, 1, bytes, n, id);
        rig_wait(&r, MS(WAIT_MS));
        rig_expect(&r, 1, AS_GVSP_INCOMPLETE);
        rig_close(&r);
    }
}

/* One that was cut off on its way looks like the last, until more of them come. */
static void a_packet_that_is_cut_off_is_not_the_last_of_chunks(void **state)
{
    (void)state;
    static uint8_t bytes[CAPACITY];
    const size_t   n = chunk_make(bytes, 8500);
    for (uint32_t cut = 2; cut <= 8; cut++) {
        rig r;
        rig_open(&r, true);
        for (uint32_t id = 0; id < cut; id++)
            chunk_send(&r, 1, bytes, n, id);
        chunk_send(&r, 1, bytes, (size_t)(cut - 1) * EACH + 300, cut);
        rig_expect_none(&r);
        for (uint32_t id = cut + 1; id <= 9; id++)
            chunk_send(&r, 1, bytes, n, id);
        r.picture.height = 71; /* where its trailer stands */
        rig_send(&r, 1, 10);
        rig_expect_none(&r);
        rig_wait(&r, MS(2));
        assert_true(r.n_asked == 1 && r.asked[0][0] == cut && r.asked[0][1] == cut);
        chunk_send(&r, 1, bytes, n, cut);
        as_gvsp_block *block = as_gvsp_blocks_done(r.blocks);
        assert_true(block && block->end == AS_GVSP_WHOLE);
        assert_true(block->bytes == n && memcmp(block->data, bytes, n) == 0);
        rig_close(&r);
    }
}

static void a_shorter_copy_of_the_last_packet_takes_nothing_away(void **state)
{
    (void)state;
    static uint8_t bytes[CAPACITY];
    for (int is_full = 0; is_full < 2; is_full++) {
        const size_t n = chunk_make(bytes, is_full ? 9000 : 8500);
        rig          r;
        rig_open(&r, true);
        r.picture.height = is_full ? 75 : 71; /* 9 packets: where its trailer stands */
        for (uint32_t id = 0; id <= 9; id++)
            if (id != 4)
                chunk_send(&r, 1, bytes, n, id);
        chunk_send(&r, 1, bytes, 8100, 9);
        chunk_send(&r, 1, bytes, n, 4);
        rig_send(&r, 1, 10);
        as_gvsp_block *block = as_gvsp_blocks_done(r.blocks);
        assert_true(block && block->end == AS_GVSP_WHOLE);
        assert_true(block->bytes == n && memcmp(block->data, bytes, n) == 0);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_as_long_as_what_came),
        cmocka_unit_test(chunks_that_lack_a_packet_are_not_whole),
        cmocka_unit_test(the_image_is_the_chunk_of_its_length),
        cmocka_unit_test(what_is_no_image_is_named_with_what_to_do),
        cmocka_unit_test(chunks_whose_trailer_is_lost_are_whole),
        cmocka_unit_test(a_packet_that_is_cut_off_is_not_the_last_of_chunks),
        cmocka_unit_test(a_shorter_copy_of_the_last_packet_takes_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
