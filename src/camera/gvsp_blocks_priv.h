/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_blocks_priv.h - pictures under way from the inside. For gvsp_blocks.c (packets) and gvsp_patience.c (time) alone.
 *
 * Layer:   camera.
 * Threads: one.
 * Memory:  gvsp_blocks.c's.
 */
#ifndef AS_CAMERA_GVSP_BLOCKS_PRIV_H
#define AS_CAMERA_GVSP_BLOCKS_PRIV_H

#include "camera/gvsp_blocks.h"
#include "camera/gvsp_gaps.h"

#define AS_GVSP_ENDED 32 /* blocks that came to their end are known for so long */

/* A block that came to its end, whole or not: what comes of it later is late. */
typedef struct as_gvsp_ended {
    uint64_t    id, stamp;
    uint32_t    n_packets;          /* of pixels; what is behind them is none of it */
    as_gvsp_end end;                /* AS_GVSP_OPEN_STILL: there was no memory for it */
    bool        is_long, has_stamp; /* has: its leader came */
} as_gvsp_ended;

struct as_gvsp_blocks {
    as_gvsp_blocks_cfg cfg;
    as_gvsp_block     *all;
    as_gvsp_block    **spare, **order; /* order: as they began, from the oldest */
    uint32_t           n_spare, n_order, n_open, packet_bytes, most_packets;
    size_t             expected_bytes;
    bool               any, is_long;
    uint64_t           last, last_stamp; /* number of the newest block, and the time its leader told */
    as_gvsp_ended      ended[AS_GVSP_ENDED];
    uint64_t           refused, refused_stamp; /* the last leader that seemed to be late */
    uint32_t           n_refused;              /* of those in a row, each later than the one before */
    uint64_t           n_ended;                /* the newest is the one before it, modulo AS_GVSP_ENDED */
    as_gvsp_gaps       gaps;
    as_gvsp_counts     counts;
};

/* Nothing more comes of it. Of chunks all may have come, and what would have said so is lost. */
void as_gvsp_blocks_give_up(as_gvsp_blocks *blocks, as_gvsp_block *block);

static inline bool as_gvsp_block_lacks(const as_gvsp_block *block)
{
    return block->n_there <= block->n_packets;
}

static inline as_ns as_gvsp_blocks_interval(const as_gvsp_blocks *blocks) /* between two requests for the same */
{
    return AS_MAX(blocks->cfg.wait / AS_GVSP_ROUNDS, AS_GVSP_GAP_NS);
}

#endif
