/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <stdlib.h>

#include "camera/gvsp_batch.h"

#ifndef UDP_GRO
#define UDP_GRO 104 /* linux/udp.h */
#endif

enum {
    MESSAGES = 32,
    SPILL_BYTES = 65536, /* of one message: as much as UDP has */
    UNITS = 128,         /* packets in one message, at most: UDP_MAX_SEGMENTS of the kernel */
    STRAYS = 8,          /* messages that may come where a picture has come to its end but lacks something */
    PARTS = 2 * UNITS + 1,
    SINGLE = 16 /* messages of one packet each, and they are taken to be no longer merged */
};

typedef union batch_control {
    struct cmsghdr align;
    uint8_t        bytes[CMSG_SPACE(sizeof(int))];
} batch_control;

/* A packet of a message that came. */
typedef struct batch_packet {
    as_gvsp_packet head;
    const uint8_t *body;
    size_t         n;
} batch_packet;

struct as_gvsp_batch {
    struct mmsghdr       messages[MESSAGES];
    struct iovec         parts[PARTS];
    batch_control        controls[MESSAGES];
    uint8_t              heads[UNITS][AS_GVSP_LONG_BYTES];
    batch_packet         packets[MESSAGES * UNITS];
    size_t               n_packets, staged, n_parts;
    const as_gvsp_block *block; /* of the packets that are aimed at; NULL: none is */
    uint32_t             first, n_units;
    unsigned             n_messages, n_single;
    bool                 is_long, is_merged; /* merged: messages hold several packets */
    bool                 any_odd;            /* one came that may change how long the block's packets are */
    uint64_t             n_moved, n_strange; /* strange: what came is no packet */
    uint8_t             *spill, *stage;      /* MESSAGES x SPILL_BYTES each */
};

as_gvsp_batch *as_gvsp_batch_free(as_gvsp_batch *batch)
{
    if (batch) {
        free(batch->spill);
        free(batch->stage);
        free(batch);
    }
    return NULL;
}

as_gvsp_batch *as_gvsp_batch_new(as_err *err)
{
    as_gvsp_batch *batch = calloc(1, sizeof *batch);
    if (batch) {
        batch->spill = malloc((size_t)MESSAGES * SPILL_BYTES);
        batch->stage = malloc((size_t)MESSAGES * SPILL_BYTES);
    }
    if (batch && batch->spill && batch->stage)
        return batch;
    AS_FAIL(err, AS_ENOMEM, "no memory to receive pictures");
    return as_gvsp_batch_free(batch);
}

/* --- aim ------------------------------------------------------------------------------------------------------------------ */

static void batch_part(as_gvsp_batch *batch, void *at, size_t n)
{
    batch->parts[batch->n_parts++] = (struct iovec){at, n};
}

/* One message more, into n_units places from unit `first` on, and what does not fit there beside them. */
static void batch_message(as_gvsp_batch *batch, uint32_t first, uint32_t n_units)
{
    const size_t   head = as_gvsp_head_bytes(batch->is_long), begin = batch->n_parts;
    const unsigned i = batch->n_messages++;
    for (uint32_t u = first; u < first + n_units; u++) {
        uint8_t *to;
        size_t   n = as_gvsp_block_place(batch->block, batch->first + u, &to);
        batch_part(batch, batch->heads[u], head);
        batch_part(batch, to, n);
    }
    batch_part(batch, batch->spill + (size_t)i * SPILL_BYTES, SPILL_BYTES);
    batch->messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = batch->parts + begin,
                                                      .msg_iovlen = batch->n_parts - begin,
                                                      .msg_control = &batch->controls[i],
                                                      .msg_controllen = sizeof batch->controls[i]}};
}

struct mmsghdr *as_gvsp_batch_aim(as_gvsp_batch *batch, const as_gvsp_blocks *blocks, unsigned *ret_n)
{
    batch->n_parts = batch->n_messages = batch->n_units = 0;
    batch->block = NULL;
    batch->is_long = as_gvsp_blocks_is_long(blocks);
    uint32_t left = as_gvsp_blocks_next(blocks, UNITS, &batch->block, &batch->first);
    if (batch->is_merged) {
        size_t each = left > 0 ? as_gvsp_head_bytes(batch->is_long) + batch->block->packet_bytes : SPILL_BYTES;
        batch->n_units = (uint32_t)AS_MIN((size_t)left, AS_MAX(SPILL_BYTES / each, (size_t)1));
        batch_message(batch, 0, batch->n_units);
    } else {
        batch->n_units = AS_MIN(left, (uint32_t)MESSAGES);
        for (uint32_t u = 0; u < batch->n_units; u++)
            batch_message(batch, u, 1);
        /* Its trailer, and the next one's leader; or what was asked for; or the first of all. */
        unsigned more = left > 0 ? 2 : batch->block ? STRAYS : 1;
        while (left < MESSAGES && more-- > 0 && batch->n_messages < MESSAGES)
            batch_message(batch, 0, 0);
    }
    *ret_n = batch->n_messages;
    return batch->messages;
}

/* --- land ----------------------------------------------------------------------------------------------------------------- */

/* The length of each packet in a message but the last; its own where it is one. */
static size_t batch_segment(struct msghdr *message, size_t n)
{
    int bytes = 0;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at))
        if (at->cmsg_level == IPPROTO_UDP && at->cmsg_type == UDP_GRO && at->cmsg_len >= CMSG_LEN(sizeof bytes))
            memcpy(&bytes, CMSG_DATA(at), sizeof bytes);
    return bytes > 0 && (size_t)bytes < n ? (size_t)bytes : n;
}

static void batch_add(as_gvsp_batch *batch, const as_gvsp_packet *head, const uint8_t *body, size_t n)
{
    if (batch->n_packets < AS_COUNT(batch->packets))
        batch->packets[batch->n_packets++] = (batch_packet){*head, body, n};
}

/* Bytes from on of a message, wherever they lie, beside each other. */
static const uint8_t *batch_gather(as_gvsp_batch *batch, const struct msghdr *message, size_t from, size_t n)
{
    uint8_t *begin = batch->stage + batch->staged, *to = begin;
    if (n > (size_t)MESSAGES * SPILL_BYTES - batch->staged)
        return NULL;
    for (size_t i = 0; i < message->msg_iovlen && n > 0; i++) {
        const struct iovec *part = &message->msg_iov[i];
        if (from >= part->iov_len) {
            from -= part->iov_len;
            continue;
        }
        size_t step = AS_MIN(n, part->iov_len - from);
        memcpy(to, (const uint8_t *)part->iov_base + from, step);
        to += step;
        n -= step;
        from = 0;
    }
    batch->staged += (size_t)(to - begin);
    return n == 0 ? begin : NULL;
}

/* Whether one that is not where it belongs may change where others do. */
static void batch_note(as_gvsp_batch *batch, const as_gvsp_packet *head, size_t n)
{
    uint8_t *to;
    if (!batch->block || head->block != batch->block->id)
        return;
    batch->any_odd |= head->format == AS_GVSP_LEADER; /* which may say that there are more or fewer */
    if (head->format == AS_GVSP_PIXELS)
        batch->any_odd |= head->packet == 0 || head->packet > batch->block->n_packets ||
                          as_gvsp_block_place(batch->block, head->packet, &to) != n;
}

/* A packet that did not come where it belongs: taken out of there, for another may have to go there. */
static void batch_stray(as_gvsp_batch *batch, const struct msghdr *message, size_t from, size_t n)
{
    as_gvsp_packet head;
    const uint8_t *bytes = batch_gather(batch, message, from, n);
    if (!bytes || !as_gvsp_packet_parse(bytes, n, &head)) {
        batch->n_strange++;
        return;
    }
    size_t skip = as_gvsp_head_bytes(head.is_long);
    batch_add(batch, &head, bytes + skip, n - skip);
    batch_note(batch, &head, n - skip);
    batch->n_moved += head.format == AS_GVSP_PIXELS;
}

/* Whether this is the packet that was aimed at unit u, all of it and no more: what is longer than its place lies elsewhere with
 * its end. n: with its head. */
static bool batch_hits(as_gvsp_batch *batch, uint32_t u, size_t n)
{
    as_gvsp_packet head;
    uint8_t       *to;
    const size_t   skip = as_gvsp_head_bytes(batch->is_long);
    if (n <= skip || !as_gvsp_packet_parse(batch->heads[u], skip, &head) || head.is_long != batch->is_long ||
        head.format != AS_GVSP_PIXELS || head.block != batch->block->id || head.packet != batch->first + u)
        return false;
    const size_t want = as_gvsp_block_place(batch->block, head.packet, &to);
    if (n - skip != want)
        return false;
    batch_add(batch, &head, to, n - skip);
    return true;
}

/* One that came beside all places: it lies as it came. */
static void batch_beside(as_gvsp_batch *batch, const struct msghdr *message, size_t n, size_t each)
{
    const uint8_t *bytes = message->msg_iov[0].iov_base;
    as_gvsp_packet head;
    for (size_t at = 0; at < n; at += each) {
        size_t length = AS_MIN(each, n - at), skip;
        if (!as_gvsp_packet_parse(bytes + at, length, &head)) {
            batch->n_strange++;
            continue;
        }
        skip = as_gvsp_head_bytes(head.is_long);
        batch_add(batch, &head, bytes + at + skip, length - skip);
        batch_note(batch, &head, length - skip);
    }
}

/* in_place: packets that came where they were aimed at stay there. */
static void batch_sort(as_gvsp_batch *batch, unsigned i, bool in_place)
{
    struct msghdr *message = &batch->messages[i].msg_hdr;
    const size_t   n = AS_MIN((size_t)batch->messages[i].msg_len, (size_t)SPILL_BYTES);
    const size_t   each = batch_segment(message, n);
    const uint32_t n_units = (uint32_t)(message->msg_iovlen / 2), first = batch->is_merged ? 0 : i;
    if (message->msg_flags & MSG_TRUNC || n == 0) {
        batch->n_strange++;
        return;
    }
    if (n_units == 0) {
        batch_beside(batch, message, n, each);
        return;
    }
    const bool fits =
        in_place && (each == n || each == as_gvsp_head_bytes(batch->is_long) + batch->block->packet_bytes);
    uint32_t u = 0;
    for (size_t at = 0; at < n; at += each, u++) {
        size_t length = AS_MIN(each, n - at);
        if (!(fits && u < n_units && batch_hits(batch, first + u, length)))
            batch_stray(batch, message, at, length);
    }
}

static void batch_sort_all(as_gvsp_batch *batch, unsigned n, bool in_place)
{
    batch->n_packets = batch->staged = 0;
    batch->n_strange = 0;
    batch->any_odd = false;
    for (unsigned i = 0; i < n; i++)
        batch_sort(batch, i, in_place);
}

size_t as_gvsp_batch_land(as_gvsp_batch *batch, as_gvsp_blocks *blocks, unsigned n, as_ns now)
{
    bool           any_merged = false;
    const uint64_t n_moved = batch->n_moved;
    n = AS_MIN(n, batch->n_messages);
    for (unsigned i = 0; i < n; i++) {
        size_t length = AS_MIN((size_t)batch->messages[i].msg_len, (size_t)SPILL_BYTES);
        any_merged |= batch_segment(&batch->messages[i].msg_hdr, length) < length;
    }
    batch_sort_all(batch, n, true);
    /* Where lengths may change so do all places, and one that stayed in its old one could be overwritten before it is moved. */
    if (batch->any_odd) {
        batch->n_moved = n_moved;
        batch_sort_all(batch, n, false);
    }
    /* None before all strays are out of the places: a place may be another one's by then. */
    for (size_t i = 0; i < batch->n_packets; i++) {
        const batch_packet *packet = &batch->packets[i];
        size_t              bytes = 0;
        uint8_t            *to = as_gvsp_blocks_take(blocks, &packet->head, packet->body, packet->n, now, &bytes);
        if (to && to != packet->body)
            memmove(to, packet->body, bytes);
    }
    as_gvsp_blocks_ignore(blocks, batch->n_strange);
    batch->n_single = any_merged ? 0 : batch->n_single + n;
    batch->is_merged = any_merged || (batch->is_merged && batch->n_single < SINGLE);
    return batch->n_packets;
}

uint64_t as_gvsp_batch_n_moved(const as_gvsp_batch *batch)
{
    return batch->n_moved;
}
