/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_blocks.h - pictures put together from packets that are lost, doubled, late and out of order; what is missing is asked for.
 *
 * Layer:   camera.
 * Threads: one. No clock and no socket: time and packets come in, requests go out.
 * Memory:  the pixels' is the caller's, given block by block; nothing is allocated after new().
 *
 * A block begins with any of its packets, and several may be open at once. It ends whole, or when it is known that it cannot
 * become so. Blocks come out in the order of their numbers: one that was overtaken by the next is put before it, unless that one
 * came out already. What was built to: gvsp_packet.h.
 *
 * What is missing is asked for GAP after it was noticed, then again when none of it came for an eighth of the wait, eight times at
 * most. Noticed is it by a packet behind it, by the trailer, or by the next picture. After a quarter of the wait without any packet
 * the next one alone is asked for: a camera that paused says that it has none yet or goes on, and if neither, the rest was lost.
 * Where more than a quarter is missing nothing is asked for: a link that lost so much would lose it again. A block is given up when
 * the wait is over since its last packet, or since the camera had sent all of it, or when that much is missing then, or when the
 * camera says that a packet is there no more. One that the camera is still sending has until `most` after it began. What was sent and still comes, as it was overtaken, is waited for. Of chunks the
 * trailer tells where they end; where it is lost, what came is all of it if it is a chain of chunks.
 */
#ifndef AS_CAMERA_GVSP_BLOCKS_H
#define AS_CAMERA_GVSP_BLOCKS_H

#include "base/err.h"
#include "camera/gvsp_counts.h"
#include "camera/gvsp_packet.h"

#define AS_GVSP_LEAST_BYTES 128u /* of pixels in a packet that is not the last */
#define AS_GVSP_GAP_NS      AS_NS_PER_MS
#define AS_GVSP_ROUNDS      8
#define AS_GVSP_FEW         128 /* packets are asked for however large a part of a picture they are */
#define AS_GVSP_RANGES      64  /* asked for at once; the rest a GAP later */
#define AS_GVSP_OPEN        8   /* blocks; one more ends the oldest */

typedef struct as_gvsp_blocks_cfg {
    uint32_t n_blocks;       /* open ones, and those that wait to be fetched */
    size_t   capacity_bytes; /* of each one's memory */
    size_t   expected_bytes; /* of a picture, until a leader says so */
    uint32_t packet_bytes;   /* of pixels in a packet, until one is seen */
    as_ns    wait;
    as_ns    most; /* after its first packet a picture ends; 0: it may take as long as packets of it come */
    bool     asks; /* for what is missing; else a block that lacks something ends soon after it was sent */
} as_gvsp_blocks_cfg;

typedef enum as_gvsp_end {
    AS_GVSP_OPEN_STILL,
    AS_GVSP_WHOLE,
    AS_GVSP_INCOMPLETE,
    AS_GVSP_NO_IMAGE,  /* a payload of another kind */
    AS_GVSP_TOO_LARGE, /* its leader tells of more bytes than there is memory for */
} as_gvsp_end;

typedef struct as_gvsp_block {
    uint8_t      *data; /* capacity_bytes; the caller's, as ctx is */
    void         *ctx;
    uint64_t      id;
    as_gvsp_end   end;
    as_gvsp_image image;  /* once the leader came, else zero */
    as_ns         opened; /* when its first packet came */
    size_t        bytes;  /* of its pixels */

    /* Of gvsp_blocks.c alone. Bits are by packet: 0 the leader, then n_packets of pixels. */
    bool      is_long, is_sent, is_guess; /* guess: a shorter packet of chunks may be the last */
    uint32_t  packet_bytes, n_packets, n_there, n_pixels, n_gone, high, rounds; /* high: the last that came */
    uint32_t  trailer;                      /* its number, once it came; 0: it did not */
    uint32_t  next;                         /* packet that is asked for again first, when it is not all at once */
    as_ns     last, came, sent, ask, again; /* came: the last that was not asked for */
    as_ns     quiet;                        /* since when there was a silence that was seen */
    as_ns     heard;                        /* when the camera said that it has a packet not yet */
    as_ns     probed;                       /* when the probe was asked for */
    as_ns     answered;                     /* when the probe came, until it is known what that says; 0: it did not */
    uint32_t  probe;                        /* the packet that was asked for in a silence; 0: none */
    bool      is_told;                      /* by that one: all was sent */
    uint32_t  odd, odd_bytes; /* number and length of a packet of another length than it should have; 0: none */
    uint64_t *there, *asked, *gone;
} as_gvsp_block;

typedef struct as_gvsp_blocks as_gvsp_blocks;

AS_CHECK as_gvsp_blocks *as_gvsp_blocks_new(const as_gvsp_blocks_cfg *cfg, as_err *err);
as_gvsp_blocks          *as_gvsp_blocks_free(as_gvsp_blocks *blocks);

/* Block i of n_blocks, to set data and ctx of; each must be given before it is used, and after it came out by done(). */
as_gvsp_block *as_gvsp_blocks_at(as_gvsp_blocks *blocks, uint32_t i);
void           as_gvsp_blocks_give(as_gvsp_blocks *blocks, as_gvsp_block *block);

/* A packet came; body: n bytes behind its head. Returns where *ret_n bytes of it belong, which counts as done; NULL: nowhere
 * (it holds no pixels, came twice, or too late). */
uint8_t *as_gvsp_blocks_take(as_gvsp_blocks *blocks, const as_gvsp_packet *packet, const uint8_t *body, size_t n,
                             as_ns now, size_t *ret_n);

void as_gvsp_blocks_ignore(as_gvsp_blocks *blocks, uint64_t n); /* so many came that are no packets */

/* The places of the next packets of pixels, if they come in order: *ret_first is the first one's number. Returns how many, at
 * most `most`; 0: none can be told. packet_bytes apart, and so long, but the last of a picture. */
uint32_t as_gvsp_blocks_next(const as_gvsp_blocks *blocks, uint32_t most, const as_gvsp_block **ret_block,
                             uint32_t *ret_first);
size_t   as_gvsp_block_place(const as_gvsp_block *block, uint32_t packet, uint8_t **ret); /* bytes there */

/* Asks for what is due, and gives up what is. */
typedef void as_gvsp_ask(void *ctx, const as_gvsp_block *block, uint32_t first, uint32_t last);
void         as_gvsp_blocks_tick(as_gvsp_blocks *blocks, as_ns now, as_gvsp_ask *ask, void *ctx);
as_ns        as_gvsp_blocks_due(const as_gvsp_blocks *blocks); /* when tick() has something to do; INT64_MAX: never */

as_gvsp_block *as_gvsp_blocks_done(as_gvsp_blocks *blocks); /* the oldest, once it has ended; else NULL */
as_gvsp_counts as_gvsp_blocks_counts(const as_gvsp_blocks *blocks);
bool           as_gvsp_blocks_is_long(const as_gvsp_blocks *blocks); /* heads, as they came last */
uint32_t       as_gvsp_blocks_left(const as_gvsp_blocks *blocks);    /* packets of the newest picture still to come */

#endif
