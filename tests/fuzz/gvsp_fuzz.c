/* SPDX-License-Identifier: Apache-2.0 */
/* Any packets in any order at any time, as messages that the kernel wrote. The input is a row of steps, one byte that says what:
 * a packet of a picture whose every byte is known, any bytes, time that passes, or a message of several packets. What ends whole
 * has the bytes it should have, unless bytes came that are not the camera's; and nothing is written beside the memory. */
#include <netinet/in.h>
#include <stdlib.h>

#include "camera/gvsp_batch.h"
#include "camera/test_gvsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_BLOCKS = 3, MOST = 6000, GUARD = 32, MOST_BYTES = 60000, N_WAITING = 70 };

typedef struct rig {
    as_gvsp_blocks *blocks;
    as_gvsp_batch  *batch;
    size_t          capacity; /* of a picture: MOST, or fewer bytes than a packet may have */
    uint8_t        *memory[N_BLOCKS];
    const uint8_t  *data;
    size_t          n;
    as_test_gvsp    picture;
    as_ns           now;
    bool            is_false; /* bytes came that are not the camera's, or of another picture under the same number */
    bool            is_held;  /* messages wait until there are many, as when they come faster than they are fetched */
    uint8_t         bytes[2 * MOST_BYTES];
    size_t          used, n_waiting;
    struct {
        size_t n, each;
    } waiting[N_WAITING];
} rig;

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static uint8_t rig_byte(rig *r)
{
    if (r->n == 0)
        return 0;
    r->n--;
    return *r->data++;
}

static void rig_ask(void *ctx, const as_gvsp_block *block, uint32_t first, uint32_t last)
{
    const rig *r = ctx;
    must(first <= last && last <= r->capacity + 1 && block->end == AS_GVSP_OPEN_STILL);
}

/* Each packet is counted as one thing, whatever it is. */
static void rig_count(const rig *r)
{
    const as_gvsp_counts c = as_gvsp_blocks_counts(r->blocks);
    must(c.n_packets == c.n_used + c.n_over + c.n_twice + c.n_late_packets + c.n_errors + c.n_ignored);
    must(c.n_missing <=
         c.n_incomplete * (r->capacity / AS_GVSP_LEAST_BYTES + 2)); /* as many as a picture may have, and its leader */
    must(c.n_resent <= c.n_used);
}

static void rig_collect(rig *r)
{
    rig_count(r);
    for (as_gvsp_block *block; (block = as_gvsp_blocks_done(r->blocks));) {
        must(block->end != AS_GVSP_OPEN_STILL && block->bytes <= r->capacity);
        size_t at = 0;
        if (block->end == AS_GVSP_WHOLE && !r->is_false)
            must(as_test_gvsp_is(block->data, block->id, block->bytes));
        if (block->end == AS_GVSP_WHOLE && as_gvsp_chunk_find(block->data, block->bytes, 64, &at))
            must(at + 64 <= block->bytes);
        as_gvsp_blocks_give(r->blocks, block);
    }
}

/* Bytes as the kernel writes a message; each: it is cut there (0: it is one packet). */
static void rig_write(struct mmsghdr *message, const uint8_t *bytes, size_t n, size_t each)
{
    size_t at = 0;
    for (size_t i = 0; i < message->msg_hdr.msg_iovlen && at < n; i++) {
        size_t step = AS_MIN(n - at, message->msg_hdr.msg_iov[i].iov_len);
        memcpy(message->msg_hdr.msg_iov[i].iov_base, bytes + at, step);
        at += step;
    }
    must(at == n);
    message->msg_len = (unsigned)n;
    if (each == 0) {
        message->msg_hdr.msg_controllen = 0;
    } else {
        int             value = (int)each;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message->msg_hdr);
        *head = (struct cmsghdr){.cmsg_level = IPPROTO_UDP, .cmsg_type = 104, .cmsg_len = CMSG_LEN(sizeof value)};
        memcpy(CMSG_DATA(head), &value, sizeof value);
    }
}

/* All that waits, as one batch after another. */
static void rig_land(rig *r)
{
    size_t done = 0, at = 0;
    while (done < r->n_waiting) {
        unsigned        n_aimed = 0, n = 0;
        struct mmsghdr *messages = as_gvsp_batch_aim(r->batch, r->blocks, &n_aimed);
        must(n_aimed > 0);
        for (; n < n_aimed && done < r->n_waiting; n++, done++) {
            rig_write(&messages[n], r->bytes + at, r->waiting[done].n, r->waiting[done].each);
            at += r->waiting[done].n;
        }
        as_gvsp_batch_land(r->batch, r->blocks, n, r->now);
        rig_collect(r);
    }
    r->n_waiting = r->used = 0;
}

/* A message of n bytes behind those that wait, cut every `each` (0: it is one packet). */
static void rig_message(rig *r, size_t n, size_t each)
{
    r->waiting[r->n_waiting].n = n;
    r->waiting[r->n_waiting++].each = each;
    r->used += n;
    if (!r->is_held || r->n_waiting == N_WAITING || r->used > MOST_BYTES)
        rig_land(r);
}

/* Packets of one picture that follow each other, as one message. */
static void rig_packets(rig *r, uint32_t count)
{
    uint8_t *to = r->bytes + r->used;
    size_t   n = 0, each = 0;
    uint32_t first = rig_byte(r), i = 0;
    for (; i < count && n + AS_TEST_GVSP_BYTES < MOST_BYTES; i++) {
        size_t step = as_test_gvsp_make(to + n, &r->picture, (first + i) % (as_test_gvsp_n(&r->picture) + 2));
        if (i > 0 && step > each)
            break;
        n += step;
        if (i == 0)
            each = step;
        else if (step < each)
            break;
    }
    rig_message(r, n, count > 1 ? each : 0);
}

static void rig_picture(rig *r)
{
    static const uint32_t lengths[] = {1000, AS_GVSP_LEAST_BYTES, 777, 1464};
    uint8_t               what = rig_byte(r);
    /* The size is the number's alone, so that two pictures of one number are one. */
    r->picture.block = rig_byte(r) % 32u + (what & 0x40 ? 65520u : 1u);
    r->picture.is_long = (what & 0x80) != 0;
    r->picture.packet_bytes = lengths[r->picture.block / 4 % 4];
    r->picture.width = 50 + (uint32_t)(r->picture.block % 3) * 10;
    r->picture.height = 60 + (uint32_t)(r->picture.block % 5) * 9;
    if (r->capacity < MOST) {
        r->picture.width = 1 + (uint32_t)(r->picture.block % 3) * 8;
        r->picture.height = 1 + (uint32_t)(r->picture.block % 5);
    }
    r->picture.payload = r->picture.block % 7 == 3 ? AS_GVSP_PAYLOAD_CHUNK : 0;
}

static void rig_anything(rig *r)
{
    size_t   n = rig_byte(r), head = 0;
    uint8_t *to = r->bytes + r->used;
    r->is_false = true;
    if (n & 1) /* a true head before them */
        head = as_test_gvsp_head(to, &r->picture, (uint16_t)(rig_byte(r) << 8 | rig_byte(r)), rig_byte(r), rig_byte(r));
    n = AS_MIN(n, r->n);
    memcpy(to + head, r->data, n);
    r->data += n;
    r->n -= n;
    if (head + n > 0)
        rig_message(r, head + n, rig_byte(r));
}

static void rig_step(rig *r)
{
    uint8_t what = rig_byte(r);
    if (what & 0x40) {
        rig_land(r);
        r->is_held = !r->is_held;
    }
    switch (what % 8) {
    case 0: rig_picture(r); break;
    case 1: rig_anything(r); break;
    case 2: rig_packets(r, 2u + rig_byte(r) % 30u); break;
    case 3:
        rig_land(r);
        r->now += (as_ns)rig_byte(r) * 300 * AS_NS_PER_US;
        must(as_gvsp_blocks_due(r->blocks) > 0);
        as_gvsp_blocks_tick(r->blocks, r->now, rig_ask, r);
        rig_collect(r);
        break;
    case 4: /* all of it, in order */
        for (uint32_t i = 0, n = as_test_gvsp_n(&r->picture) + 2; i < n; i++)
            rig_message(r, as_test_gvsp_make(r->bytes + r->used, &r->picture, i), 0);
        break;
    default: rig_packets(r, 1); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err                   err = AS_ERR_NONE;
    rig                     *r = calloc(1, sizeof *r);
    const size_t             capacity = size > 1 && (data[0] & 0x20) ? 1 + (size_t)data[1] : (size_t)MOST;
    const as_gvsp_blocks_cfg cfg = {.n_blocks = N_BLOCKS,
                                    .capacity_bytes = capacity,
                                    .expected_bytes = 5000,
                                    .packet_bytes = 1000,
                                    .wait = 20 * AS_NS_PER_MS,
                                    .asks = size == 0 || data[0] % 4 > 0};
    must(r && (r->blocks = as_gvsp_blocks_new(&cfg, &err)) && (r->batch = as_gvsp_batch_new(&err)));
    for (uint32_t i = 0; i < N_BLOCKS; i++) {
        as_gvsp_block *block = as_gvsp_blocks_at(r->blocks, i);
        block->data = r->memory[i] = malloc(capacity + GUARD);
        must(block->data != NULL);
        memset(block->data, 0xa5, capacity + GUARD);
        as_gvsp_blocks_give(r->blocks, block);
    }
    r->capacity = capacity;
    r->data = data;
    r->n = size;
    r->now = AS_NS_PER_S;
    r->picture = (as_test_gvsp){.block = 1, .width = 50, .height = 60, .packet_bytes = 1000};
    while (r->n > 0)
        rig_step(r);
    rig_land(r);
    /* Whatever is open ends, with time. */
    for (int i = 0; i < 60; i++) {
        r->now += AS_NS_PER_MS;
        as_gvsp_blocks_tick(r->blocks, r->now, rig_ask, r);
        rig_collect(r);
    }
    must(as_gvsp_blocks_due(r->blocks) == INT64_MAX);
    for (uint32_t i = 0; i < N_BLOCKS; i++) {
        for (size_t k = 0; k < GUARD; k++)
            must(r->memory[i][capacity + k] == 0xa5);
        free(r->memory[i]);
    }
    as_gvsp_batch_free(r->batch);
    as_gvsp_blocks_free(r->blocks);
    free(r);
    return 0;
}
