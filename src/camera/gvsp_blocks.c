/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "camera/gvsp_bits.h"
#include "camera/gvsp_blocks_priv.h"

#define BLOCKS_LATE  1000                  /* a number so far back is a count that began anew */
#define BLOCKS_ANEW  3                     /* leaders in a row are not late but of a count that began anew */
#define BLOCKS_ERROR 0x8000u               /* of a status: the packet is none */
#define BLOCKS_FEW   4                     /* packets of pixels that may have been of another length than the rest */
#define BLOCKS_MOST  ((uint32_t)0xffffff0) /* packets of a picture */

/* What becomes of a packet. */
typedef enum blocks_fate { FATE_USED, FATE_OVER, FATE_TWICE, FATE_LATE, FATE_ERROR, FATE_IGNORED } blocks_fate;

/* --- memory --------------------------------------------------------------------------------------------------------------- */

as_gvsp_blocks *as_gvsp_blocks_free(as_gvsp_blocks *blocks)
{
    if (!blocks)
        return NULL;
    for (uint32_t i = 0; blocks->all && i < blocks->cfg.n_blocks; i++)
        free(blocks->all[i].there);
    free(blocks->all);
    free(blocks->spare);
    free(blocks->order);
    free(blocks);
    return NULL;
}

as_gvsp_blocks *as_gvsp_blocks_new(const as_gvsp_blocks_cfg *cfg, as_err *err)
{
    as_gvsp_blocks *blocks = calloc(1, sizeof *blocks);
    bool            ok = blocks && cfg->n_blocks > 0 && cfg->capacity_bytes > 0;
    if (ok) {
        blocks->cfg = *cfg;
        blocks->packet_bytes = AS_MAX(cfg->packet_bytes, AS_GVSP_LEAST_BYTES);
        blocks->expected_bytes = AS_MIN(AS_MAX(cfg->expected_bytes, (size_t)1), cfg->capacity_bytes);
        blocks->most_packets = /* the leader's bit, and those of the smallest packets: one at the least */
            (uint32_t)AS_MIN((cfg->capacity_bytes - 1) / AS_GVSP_LEAST_BYTES + 2, (size_t)BLOCKS_MOST);
        blocks->all = calloc(cfg->n_blocks, sizeof *blocks->all);
        blocks->spare = calloc(cfg->n_blocks, sizeof(as_gvsp_block *));
        blocks->order = calloc(cfg->n_blocks, sizeof(as_gvsp_block *));
        ok = blocks->all && blocks->spare && blocks->order;
    }
    for (uint32_t i = 0; ok && i < cfg->n_blocks; i++) {
        const size_t n = as_gvsp_bits_words(blocks->most_packets);
        blocks->all[i].there = calloc(3 * n, sizeof(uint64_t));
        ok = blocks->all[i].there != NULL;
        if (ok) {
            blocks->all[i].asked = blocks->all[i].there + n;
            blocks->all[i].gone = blocks->all[i].there + 2 * n;
        }
    }
    if (ok)
        return blocks;
    AS_FAIL(err, AS_ENOMEM, "no memory to put %u pictures together", cfg->n_blocks);
    return as_gvsp_blocks_free(blocks);
}

as_gvsp_block *as_gvsp_blocks_at(as_gvsp_blocks *blocks, uint32_t i)
{
    return &blocks->all[i];
}

void as_gvsp_blocks_give(as_gvsp_blocks *blocks, as_gvsp_block *block)
{
    if (blocks->n_spare < blocks->cfg.n_blocks)
        blocks->spare[blocks->n_spare++] = block;
}

/* --- beginning and end ---------------------------------------------------------------------------------------------------- */

static const as_gvsp_ended *blocks_find_ended(const as_gvsp_blocks *blocks, const as_gvsp_packet *packet)
{
    for (uint64_t i = blocks->n_ended; i > 0 && blocks->n_ended - i < AS_GVSP_ENDED; i--) {
        const as_gvsp_ended *ended = &blocks->ended[(i - 1) % AS_GVSP_ENDED];
        if (ended->id == packet->block && ended->is_long == packet->is_long)
            return ended;
    }
    return NULL;
}

static void blocks_end(as_gvsp_blocks *blocks, as_gvsp_block *block, as_gvsp_end end)
{
    blocks->ended[blocks->n_ended++ % AS_GVSP_ENDED] = (as_gvsp_ended){.id = block->id,
                                                                       .stamp = block->image.timestamp,
                                                                       .n_packets = block->n_packets,
                                                                       .end = end,
                                                                       .is_long = block->is_long,
                                                                       .has_stamp = as_gvsp_bits_has(block->there, 0)};
    block->end = end;
    blocks->n_open--;
    blocks->counts.n_whole += end == AS_GVSP_WHOLE;
    if (end == AS_GVSP_INCOMPLETE) {
        blocks->counts.n_incomplete++;
        blocks->counts.n_missing += block->n_packets + 1 - block->n_there;
    }
    blocks->counts.n_other += end == AS_GVSP_NO_IMAGE || end == AS_GVSP_TOO_LARGE;
}

/* Chunks are as many bytes as the camera announced, or fewer: it has only n packets, none of those behind them came. */
static void blocks_shorten(as_gvsp_block *block, uint32_t n, size_t bytes)
{
    for (uint32_t i = n + 1; i <= block->n_packets; i++)
        block->n_gone -= as_gvsp_bits_clear(block->gone, i);
    block->n_packets = n;
    block->bytes = bytes;
}

void as_gvsp_blocks_give_up(as_gvsp_blocks *blocks, as_gvsp_block *block)
{
    const size_t bytes = AS_MIN((size_t)block->high * block->packet_bytes, block->bytes);
    const bool   is_all = as_gvsp_image_is_chunks(&block->image) && block->high > 0 &&
                        block->n_there == block->high + 1 && as_gvsp_chunk_is(block->data, bytes);
    if (is_all)
        blocks_shorten(block, block->high, bytes);
    blocks_end(blocks, block, is_all ? AS_GVSP_WHOLE : AS_GVSP_INCOMPLETE);
}

static void blocks_sent(as_gvsp_block *block, as_ns now)
{
    if (block->is_sent)
        return;
    block->is_sent = true;
    block->sent = now;
    if (!block->ask)
        block->ask = now + AS_GVSP_GAP_NS;
}

/* How many packets that many bytes are. False: more than there are bits for. */
static bool blocks_measure(const as_gvsp_blocks *blocks, as_gvsp_block *block, size_t bytes, uint32_t packet_bytes)
{
    size_t n = (bytes + packet_bytes - 1) / packet_bytes;
    if (n == 0 || n > blocks->most_packets - 1)
        return false;
    block->bytes = bytes;
    block->packet_bytes = packet_bytes;
    block->n_packets = (uint32_t)n;
    return true;
}

static int64_t blocks_ahead(const as_gvsp_blocks *blocks, const as_gvsp_packet *packet)
{
    return as_gvsp_ahead(packet->is_long, blocks->last, packet->block);
}

/* Whether a leader is of a picture that came to its end: one that is asked for may come after it was given up. */
static bool blocks_is_late(const as_gvsp_blocks *blocks, const as_gvsp_packet *packet, const as_gvsp_image *image)
{
    const as_gvsp_ended *ended = blocks_find_ended(blocks, packet);
    return ended && (!ended->has_stamp || image->timestamp <= ended->stamp);
}

/* Whether a leader that seems to be late is one of some that count on while nothing else comes: the camera does not tell the time,
 * or the one it told before was wrong. */
static bool blocks_counts_anew(as_gvsp_blocks *blocks, const as_gvsp_packet *packet, const as_gvsp_image *image)
{
    const bool is_next = blocks->n_refused > 0 && packet->block - blocks->refused - 1 < BLOCKS_LATE &&
                         image->timestamp >= blocks->refused_stamp;
    const bool is_same = blocks->n_refused > 0 && packet->block == blocks->refused;
    if (!is_same) {
        blocks->n_refused = is_next ? blocks->n_refused + 1 : 1;
        blocks->refused = packet->block;
        blocks->refused_stamp = image->timestamp;
    }
    const bool is_anew = !is_same && blocks->n_refused >= BLOCKS_ANEW;
    blocks->counts.n_late += !is_anew;
    return is_anew;
}

/* Whether it is of a picture that was overtaken by the first packet of one that is still under way. */
static bool blocks_is_overtaken(const as_gvsp_blocks *blocks, const as_gvsp_packet *packet)
{
    return (packet->format == AS_GVSP_LEADER || packet->format == AS_GVSP_PIXELS) &&
           as_gvsp_gaps_has(&blocks->gaps, packet->is_long, packet->block);
}

/* Whether a packet of no open block begins one. A camera that counts anew begins with a leader that is later than the newest. */
static bool blocks_begins(as_gvsp_blocks *blocks, const as_gvsp_packet *packet, const uint8_t *body, size_t n)
{
    as_gvsp_image image;
    if (packet->status & BLOCKS_ERROR)
        return false;
    if (!blocks->any)
        return true;
    bool    same = packet->is_long == blocks->is_long;
    int64_t ahead = blocks_ahead(blocks, packet);
    if (same && (ahead > 0 || blocks_is_overtaken(blocks, packet)))
        return true;
    if (packet->format != AS_GVSP_LEADER || !as_gvsp_image_parse(body, n, &image))
        return false;
    if (blocks_is_late(blocks, packet, &image)) {
        blocks->counts.n_late += blocks_find_ended(blocks, packet)->end == AS_GVSP_INCOMPLETE;
        return false;
    }
    return !same || ahead < -BLOCKS_LATE || (blocks->last_stamp && image.timestamp > blocks->last_stamp) ||
           blocks_counts_anew(blocks, packet, &image);
}

/* Where a block of that number stands among the others: before those that overtook it. */
static uint32_t blocks_rank(const as_gvsp_blocks *blocks, const as_gvsp_packet *packet)
{
    uint32_t i = blocks->n_order;
    while (i > 0 && blocks->order[i - 1]->is_long == packet->is_long &&
           as_gvsp_ahead(packet->is_long, packet->block, blocks->order[i - 1]->id) > 0)
        i--;
    return i;
}

static void blocks_fresh(as_gvsp_blocks *blocks, as_gvsp_block *block, const as_gvsp_packet *packet, as_ns now)
{
    const as_gvsp_block fresh = {.data = block->data,
                                 .ctx = block->ctx,
                                 .id = packet->block,
                                 .opened = now,
                                 .last = now,
                                 .came = now,
                                 .is_long = packet->is_long,
                                 .there = block->there,
                                 .asked = block->asked,
                                 .gone = block->gone};
    memset(block->there, 0, 3 * as_gvsp_bits_words(blocks->most_packets) * sizeof(uint64_t));
    *block = fresh;
    if (!blocks_measure(blocks, block, blocks->expected_bytes, blocks->packet_bytes))
        (void)!blocks_measure(blocks, block, 1, blocks->packet_bytes);
    blocks->n_open++;
}

/* A picture begins: all that is under way was sent. */
static void blocks_newest(as_gvsp_blocks *blocks, const as_gvsp_packet *packet, as_ns now)
{
    if (blocks->any)
        as_gvsp_gaps_begin(&blocks->gaps, blocks->is_long, blocks->last, packet->is_long, packet->block);
    blocks->any = true;
    blocks->is_long = packet->is_long;
    blocks->last = packet->block;
    blocks->n_refused = 0;
    for (uint32_t i = 0; i < blocks->n_order; i++) {
        as_gvsp_block *old = blocks->order[i];
        if (old->end != AS_GVSP_OPEN_STILL)
            continue;
        blocks_sent(old, now);
        if (blocks->n_open >= AS_GVSP_OPEN)
            as_gvsp_blocks_give_up(blocks, old);
    }
}

static as_gvsp_block *blocks_open(as_gvsp_blocks *blocks, const as_gvsp_packet *packet, as_ns now)
{
    const bool     overtaken = blocks_is_overtaken(blocks, packet);
    const uint32_t rank = overtaken ? blocks_rank(blocks, packet) : blocks->n_order;
    if (overtaken)
        as_gvsp_gaps_fill(&blocks->gaps, packet->block);
    else
        blocks_newest(blocks, packet, now);
    if (blocks->n_spare == 0 || blocks->n_open >= AS_GVSP_OPEN) { /* so many are open alone if it was overtaken */
        const bool is_underrun = blocks->n_spare == 0;
        blocks->counts.n_underruns += is_underrun;
        blocks->counts.n_incomplete += !is_underrun;
        blocks->ended[blocks->n_ended++ % AS_GVSP_ENDED] =
            (as_gvsp_ended){.id = packet->block,
                            .end = is_underrun ? AS_GVSP_OPEN_STILL : AS_GVSP_INCOMPLETE,
                            .is_long = packet->is_long};
        return NULL;
    }
    as_gvsp_block *block = blocks->spare[--blocks->n_spare];
    blocks_fresh(blocks, block, packet, now);
    memmove(blocks->order + rank + 1, blocks->order + rank, (blocks->n_order - rank) * sizeof(as_gvsp_block *));
    blocks->order[rank] = block;
    blocks->n_order++;
    if (overtaken)
        blocks_sent(block, now);
    return block;
}

static as_gvsp_block *blocks_find(const as_gvsp_blocks *blocks, const as_gvsp_packet *packet)
{
    for (uint32_t i = blocks->n_order; i-- > 0;)
        if (blocks->order[i]->end == AS_GVSP_OPEN_STILL && blocks->order[i]->id == packet->block &&
            blocks->order[i]->is_long == packet->is_long)
            return blocks->order[i];
    return NULL;
}

as_gvsp_block *as_gvsp_blocks_done(as_gvsp_blocks *blocks)
{
    if (blocks->n_order == 0 || blocks->order[0]->end == AS_GVSP_OPEN_STILL)
        return NULL;
    as_gvsp_block *block = blocks->order[0];
    as_gvsp_gaps_pass(&blocks->gaps, block->is_long, block->id);
    blocks->n_order--;
    memmove(blocks->order, blocks->order + 1, blocks->n_order * sizeof(as_gvsp_block *));
    return block;
}

/* --- packets -------------------------------------------------------------------------------------------------------------- */

/* Packet i came, for the first time or not. */
static bool blocks_arrived(as_gvsp_blocks *blocks, as_gvsp_block *block, uint32_t i, as_ns now)
{
    if (!as_gvsp_bits_set(block->there, i))
        return false;
    block->n_there++;
    blocks->counts.n_used++;
    block->last = now;
    if (as_gvsp_bits_has(block->asked, i)) {
        blocks->counts.n_resent++;
        if (block->again) /* the rest of the answer may be on its way */
            block->again = now + as_gvsp_blocks_interval(blocks);
        if (i > 0 && i == block->probe) {
            block->answered = now;
            block->ask = now + AS_GVSP_GAP_NS;
        }
    } else {
        block->came = now;
    }
    if (as_gvsp_bits_clear(block->gone, i))
        block->n_gone--;
    return true;
}

static void blocks_check_whole(as_gvsp_blocks *blocks, as_gvsp_block *block)
{
    if (as_gvsp_block_lacks(block) || block->is_guess)
        return;
    if (block->n_packets > 1) /* the only packet of a picture says nothing of others */
        blocks->packet_bytes = block->packet_bytes;
    blocks_end(blocks, block, AS_GVSP_WHOLE);
}

/* The bytes of the last packet that came before it was known that there are more, or that it is another one's. */
static void blocks_forget(as_gvsp_block *block, uint32_t i)
{
    if (i > 0 && as_gvsp_bits_clear(block->there, i)) {
        block->n_there--;
        block->n_pixels--;
    }
}

static size_t blocks_announced(const as_gvsp_blocks *blocks) /* bytes of a picture */
{
    return AS_MIN(blocks->cfg.expected_bytes, blocks->cfg.capacity_bytes);
}

/* Packet i came behind what seemed to be the last of the chunks, for it was shorter: that one had been cut off. */
static void blocks_go_on(const as_gvsp_blocks *blocks, as_gvsp_block *block, uint32_t i, as_ns now)
{
    if ((size_t)(i - 1) * block->packet_bytes >= blocks_announced(blocks))
        return;
    blocks_forget(block, block->n_packets);
    block->is_guess = false;
    (void)blocks_measure(blocks, block, blocks_announced(blocks), block->packet_bytes);
    block->ask = block->ask ? block->ask : now + AS_GVSP_GAP_NS;
}

/* Whether it has fewer packets than was announced, as its trailer says. */
static bool blocks_ends_early(as_gvsp_block *block)
{
    const uint32_t n = block->trailer - 1; /* of pixels */
    if (!as_gvsp_image_is_chunks(&block->image) || block->trailer <= AS_MAX(block->high, 1u) || n >= block->n_packets)
        return false;
    blocks_shorten(block, n, (size_t)n * block->packet_bytes);
    return true;
}

static blocks_fate blocks_leader(as_gvsp_blocks *blocks, as_gvsp_block *block, const uint8_t *body, size_t n, as_ns now)
{
    as_gvsp_image image;
    if (as_gvsp_bits_has(block->there, 0))
        return FATE_TWICE;
    if (!as_gvsp_image_parse(body, n, &image))
        return FATE_IGNORED;
    const bool   is_chunks = as_gvsp_image_is_chunks(&image);
    const size_t was = block->bytes;
    const size_t bytes = is_chunks ? blocks_announced(blocks) : as_gvsp_image_bytes(&image, blocks->cfg.capacity_bytes);
    const uint32_t last = block->n_packets;
    (void)blocks_arrived(blocks, block, 0, now);
    block->image = image;
    if (block->id == blocks->last && block->is_long == blocks->is_long)
        blocks->last_stamp = image.timestamp;
    if (!is_chunks && (!as_gvsp_image_is_plain(&image) || image.code == 0)) {
        blocks_end(blocks, block, AS_GVSP_NO_IMAGE);
    } else if (bytes == 0 || !blocks_measure(blocks, block, bytes, block->packet_bytes)) {
        blocks_end(blocks, block, AS_GVSP_TOO_LARGE);
    } else {
        const bool is_other = block->high > block->n_packets && !as_gvsp_image_has_more(&image);
        for (uint32_t i = block->n_packets + 1; i <= block->high; i++)
            blocks_forget(block, i);
        if (is_other) {
            blocks_end(blocks, block, AS_GVSP_INCOMPLETE); /* it is not what its packets were */
            return FATE_USED;
        }
        if (bytes != was)
            blocks_forget(block, last);
        block->high = AS_MIN(block->high, block->n_packets);
        blocks->expected_bytes = bytes;
        (void)blocks_ends_early(block);
        blocks_check_whole(blocks, block);
    }
    return FATE_USED;
}

static void blocks_trailer(as_gvsp_blocks *blocks, as_gvsp_block *block, const as_gvsp_packet *packet, as_ns now)
{
    blocks_sent(block, now);
    if (!(packet->status & BLOCKS_ERROR)) {
        block->trailer = packet->packet;
        if (block->is_guess && packet->packet > block->n_packets + 1)
            blocks_go_on(blocks, block, block->n_packets + 1, now);
        const bool is_sure = block->is_guess && packet->packet == block->n_packets + 1;
        block->is_guess = block->is_guess && !is_sure;
        if (is_sure || blocks_ends_early(block)) {
            blocks_check_whole(blocks, block);
            return;
        }
    }
    bool is_less = as_gvsp_bits_has(block->there, 0) && packet->packet <= block->n_packets;
    if (is_less || packet->status & BLOCKS_ERROR) /* what it does not have does not come */
        blocks_end(blocks, block, AS_GVSP_INCOMPLETE);
}

/* The camera has not sent that packet: what was asked for behind it comes by itself. */
static void blocks_not_yet(as_gvsp_block *block, uint32_t from, as_ns now)
{
    if (from <= block->high)
        return;
    for (uint32_t i = from; i <= block->n_packets; i++)
        (void)as_gvsp_bits_clear(block->asked, i);
    block->is_told = false;
    block->answered = block->again = 0;
    block->rounds = 0;
    block->heard = now;
}

static void blocks_gone(as_gvsp_blocks *blocks, as_gvsp_block *block, const as_gvsp_packet *packet, as_ns now)
{
    bool     all = packet->status == AS_GVSP_ALL_REMOVED;
    uint32_t last = AS_MIN(packet->packet, block->n_packets);
    if (packet->status == AS_GVSP_NOT_YET)
        blocks_not_yet(block, packet->packet, now);
    if (!all && packet->status != AS_GVSP_UNAVAILABLE && packet->status != AS_GVSP_REMOVED)
        return;
    if (!all && packet->packet > block->n_packets)
        return;
    for (uint32_t i = all ? 0 : last; i <= last; i++)
        if (!as_gvsp_bits_has(block->there, i) && as_gvsp_bits_set(block->gone, i))
            block->n_gone++;
    if (block->n_gone > 0 && block->is_sent)
        as_gvsp_blocks_give_up(blocks, block);
}

size_t as_gvsp_block_place(const as_gvsp_block *block, uint32_t packet, uint8_t **ret)
{
    size_t at = (size_t)(packet - 1) * block->packet_bytes;
    *ret = block->data + at;
    return AS_MIN((size_t)block->packet_bytes, block->bytes - at);
}

/* Whether packet i, of n bytes, tells how long this picture's are, whatever was agreed. The first does; of the others it takes two
 * that are alike, for one may be the last and shorter. What then came of another length was none of it, if it is not much. */
static bool blocks_teaches(as_gvsp_block *block, uint32_t i, size_t n)
{
    if (i == 0 || n == block->packet_bytes || n < AS_GVSP_LEAST_BYTES || n > UINT16_MAX)
        return false;
    if (i == 1 && block->n_pixels == 0)
        return n < block->bytes;
    if (i >= block->n_packets && n < block->packet_bytes)
        return false;
    if (block->n_pixels > (n > block->packet_bytes ? BLOCKS_FEW : 0))
        return false;
    if (block->odd_bytes == n && block->odd != i)
        return true;
    block->odd = i;
    block->odd_bytes = (uint32_t)n;
    return false;
}

static void blocks_learn(const as_gvsp_blocks *blocks, as_gvsp_block *block, uint32_t i, size_t n)
{
    if (!blocks_teaches(block, i, n))
        return;
    const uint32_t last = block->n_packets;
    if (!blocks_measure(blocks, block, block->is_guess ? blocks_announced(blocks) : block->bytes, (uint32_t)n))
        return;
    block->is_guess = false;
    for (uint32_t k = 1; block->n_pixels > 0 && k <= last; k++)
        blocks_forget(block, k);
    block->high = 0;
}

/* *ret: where its n bytes belong. */
static blocks_fate blocks_pixels(as_gvsp_blocks *blocks, as_gvsp_block *block, uint32_t i, size_t n, as_ns now,
                                 uint8_t **ret, size_t *ret_n)
{
    uint8_t *to;
    blocks_learn(blocks, block, i, n);
    if (block->is_guess && i > block->n_packets)
        blocks_go_on(blocks, block, i, now);
    if (i > block->n_packets && as_gvsp_bits_has(block->there, 0) && as_gvsp_image_has_more(&block->image))
        return FATE_OVER;
    if (i == 0 || i > block->n_packets)
        return FATE_IGNORED;
    if (as_gvsp_bits_has(block->there, i))
        return FATE_TWICE;
    size_t want = as_gvsp_block_place(block, i, &to);
    if (n < want && n > 0 && i >= block->high && as_gvsp_image_is_chunks(&block->image) &&
        (block->trailer == 0 || block->trailer == i + 1)) {
        want = n; /* the last, as it seems */
        block->is_guess = block->trailer == 0;
        blocks_shorten(block, i, (size_t)(i - 1) * block->packet_bytes + n);
    }
    if (n < want || (n > want && i < block->n_packets))
        return FATE_IGNORED;
    (void)blocks_arrived(blocks, block, i, now);
    if (i > block->high + 1 && !block->ask)
        block->ask = now + AS_GVSP_GAP_NS;
    block->high = AS_MAX(block->high, i);
    block->n_pixels++;
    blocks->counts.n_pixels++;
    *ret = to;
    *ret_n = want;
    blocks_check_whole(blocks, block);
    return FATE_USED;
}

/* Whether a leader is of another picture than that of its number which is under way: the count began anew, or the stream did. */
static bool blocks_is_other(const as_gvsp_blocks *blocks, const as_gvsp_block *block, const as_gvsp_packet *packet,
                            const uint8_t *body, size_t n)
{
    as_gvsp_image        image;
    const as_gvsp_image *was = &block->image;
    if (packet->format != AS_GVSP_LEADER || packet->status & BLOCKS_ERROR || !as_gvsp_bits_has(block->there, 0) ||
        !as_gvsp_image_parse(body, n, &image) || blocks_is_late(blocks, packet, &image))
        return false;
    return image.timestamp != was->timestamp || image.payload != was->payload || image.code != was->code ||
           image.width != was->width || image.height != was->height;
}

/* One of no open block, which begins none. */
static blocks_fate blocks_outside(const as_gvsp_blocks *blocks, const as_gvsp_packet *packet)
{
    const as_gvsp_ended *ended = blocks_find_ended(blocks, packet);
    if (packet->format == AS_GVSP_TRAILER)
        return FATE_OVER;
    if (packet->status & BLOCKS_ERROR)
        return FATE_ERROR;
    if (!ended || ended->end == AS_GVSP_INCOMPLETE)
        return FATE_LATE;
    if (ended->end != AS_GVSP_WHOLE)
        return FATE_IGNORED;
    return packet->format == AS_GVSP_PIXELS && packet->packet > ended->n_packets ? FATE_OVER : FATE_TWICE;
}

static blocks_fate blocks_put(as_gvsp_blocks *blocks, as_gvsp_block *block, const as_gvsp_packet *packet,
                              const uint8_t *body, size_t n, as_ns now, uint8_t **ret, size_t *ret_n)
{
    if (packet->format == AS_GVSP_TRAILER) {
        blocks_trailer(blocks, block, packet, now);
        return packet->status & BLOCKS_ERROR ? FATE_ERROR : FATE_OVER;
    }
    if (packet->status & BLOCKS_ERROR) {
        blocks_gone(blocks, block, packet, now);
        return FATE_ERROR;
    }
    if (packet->format == AS_GVSP_LEADER)
        return blocks_leader(blocks, block, body, n, now);
    if (packet->format == AS_GVSP_PIXELS)
        return blocks_pixels(blocks, block, packet->packet, n, now, ret, ret_n);
    blocks_end(blocks, block, AS_GVSP_NO_IMAGE); /* all in one packet, or another kind of payload */
    return FATE_IGNORED;
}

static void blocks_count(as_gvsp_counts *counts, blocks_fate fate)
{
    counts->n_packets++;
    counts->n_over += fate == FATE_OVER;
    counts->n_twice += fate == FATE_TWICE;
    counts->n_late_packets += fate == FATE_LATE;
    counts->n_errors += fate == FATE_ERROR;
    counts->n_ignored += fate == FATE_IGNORED;
}

uint8_t *as_gvsp_blocks_take(as_gvsp_blocks *blocks, const as_gvsp_packet *packet, const uint8_t *body, size_t n,
                             as_ns now, size_t *ret_n)
{
    uint8_t       *to = NULL;
    blocks_fate    fate;
    as_gvsp_block *block = blocks_find(blocks, packet);
    const bool     is_other = block && blocks_is_other(blocks, block, packet, body, n);
    if (is_other)
        blocks_end(blocks, block, AS_GVSP_INCOMPLETE);
    const bool begins = is_other || (!block && blocks_begins(blocks, packet, body, n));
    if (begins) {
        block = blocks_open(blocks, packet, now);
        if (block && packet->format != AS_GVSP_LEADER)
            block->ask = now + AS_GVSP_GAP_NS;
    }
    if (block)
        fate = blocks_put(blocks, block, packet, body, n, now, &to, ret_n);
    else
        fate = blocks_outside(blocks, packet);
    blocks_count(&blocks->counts, fate);
    return to;
}

void as_gvsp_blocks_ignore(as_gvsp_blocks *blocks, uint64_t n)
{
    blocks->counts.n_packets += n;
    blocks->counts.n_ignored += n;
}

uint32_t as_gvsp_blocks_next(const as_gvsp_blocks *blocks, uint32_t most, const as_gvsp_block **ret_block,
                             uint32_t *ret_first)
{
    const as_gvsp_block *block = blocks->n_order > 0 ? blocks->order[blocks->n_order - 1] : NULL;
    if (!block || block->end != AS_GVSP_OPEN_STILL)
        return 0;
    *ret_block = block;
    *ret_first = block->high + 1;
    return AS_MIN(most, block->n_packets - block->high);
}

/* --- what is known of them -------------------------------------------------------------------------------------- */

as_gvsp_counts as_gvsp_blocks_counts(const as_gvsp_blocks *blocks)
{
    return blocks->counts;
}

bool as_gvsp_blocks_is_long(const as_gvsp_blocks *blocks)
{
    return blocks->is_long;
}

uint32_t as_gvsp_blocks_left(const as_gvsp_blocks *blocks)
{
    const as_gvsp_block *block = blocks->n_order > 0 ? blocks->order[blocks->n_order - 1] : NULL;
    return block && block->end == AS_GVSP_OPEN_STILL ? block->n_packets - block->high : 0;
}
