/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for again, and when a picture is given up. */
#include "camera/gvsp_bits.h"
#include "camera/gvsp_blocks_priv.h"

#define PATIENCE_LINGER (10 * AS_NS_PER_MS) /* for packets out of order, where none is asked for */

/* Asks for packets from..limit that are missing; only_new: those that never were. Returns the first that is left for another
 * time; 0: none is. */
static uint32_t patience_ask(as_gvsp_blocks *blocks, as_gvsp_block *block, uint32_t from, uint32_t limit, bool only_new,
                             as_gvsp_ask *ask, void *ctx)
{
    uint32_t n_ranges = 0;
    for (uint32_t i = from; i <= limit; i++) {
        uint64_t wanted = ~block->there[i / 64] & ~block->gone[i / 64];
        if (only_new)
            wanted &= ~block->asked[i / 64];
        wanted >>= i % 64;
        if (wanted == 0) {
            i |= 63; /* on to the next word */
            continue;
        }
        i += (uint32_t)__builtin_ctzll(wanted);
        if (i > limit)
            break;
        if (n_ranges++ == AS_GVSP_RANGES)
            return i;
        uint32_t first = i;
        while (i <= limit && !as_gvsp_bits_has(block->there, i) && !as_gvsp_bits_has(block->gone, i) &&
               !(only_new && as_gvsp_bits_has(block->asked, i)))
            (void)as_gvsp_bits_set(block->asked, i++);
        blocks->counts.n_asked += i - first;
        ask(ctx, block, first, i - 1);
    }
    return 0;
}

/* Whether so much is missing of what was sent that it is not asked for. Without its leader it is not known where it ends. */
static bool patience_lacks_much(const as_gvsp_block *block)
{
    const uint32_t sent = block->is_sent && as_gvsp_bits_has(block->there, 0) ? block->n_packets : block->high;
    return sent + 1 > block->n_there + AS_MAX(block->n_packets / 4, AS_GVSP_FEW);
}

static void patience_ask_again(as_gvsp_blocks *blocks, as_gvsp_block *block, uint32_t limit, as_ns now,
                               as_gvsp_ask *ask, void *ctx)
{
    block->next = patience_ask(blocks, block, block->next, limit, false, ask, ctx);
    block->rounds += block->next == 0;
    block->again = now + (block->next > 0 ? AS_GVSP_GAP_NS : as_gvsp_blocks_interval(blocks));
}

/* When it is given up, if nothing more comes of it. */
static as_ns patience_over(const as_gvsp_blocks *blocks, const as_gvsp_block *block)
{
    const as_ns most = blocks->cfg.most > 0 ? block->opened + blocks->cfg.most : INT64_MAX;
    const as_ns over = block->last + blocks->cfg.wait;
    if (!block->is_sent)
        return blocks->cfg.most > 0 ? most : over;
    if (block->n_gone > 0)
        return AS_MIN(over, block->sent);
    const as_ns linger = blocks->cfg.asks ? over : AS_MAX(block->sent, block->came) + PATIENCE_LINGER;
    return AS_MIN(AS_MIN(AS_MIN(over, block->sent + blocks->cfg.wait), linger), most);
}

/* One that was overtaken may still come as fast as it is sent: until it no longer does, what lacks is not missing. */
static void patience_flow(as_gvsp_block *block)
{
    const as_ns each = (block->came - block->opened) / AS_MAX(block->n_there, 1u);
    const as_ns until = block->came + AS_MAX(AS_GVSP_GAP_NS, 4 * each);
    if (!block->is_sent)
        return;
    block->ask = block->ask ? AS_MAX(block->ask, until) : 0;
    block->again = block->again ? AS_MAX(block->again, until) : 0;
}

/* Since when nothing came of it, nor the camera's word that there is nothing yet. */
static as_ns patience_silent(const as_gvsp_block *block)
{
    return AS_MAX(block->last, block->heard);
}

/* What was asked for to see whether it had been sent came: then all that is behind it was sent too, unless the camera goes on. */
static void patience_learn(as_gvsp_block *block, as_ns now)
{
    if (block->answered == 0 || now < block->answered + AS_GVSP_GAP_NS)
        return;
    block->is_told = block->came < block->answered;
    block->answered = 0;
    if (!block->is_told)
        block->rounds = 0;
}

/* A camera that is silent in the middle of a picture has lost the rest on its way, or has not sent it: one packet tells. */
static void patience_probe(as_gvsp_blocks *blocks, as_gvsp_block *block, as_ns now, as_gvsp_ask *ask, void *ctx)
{
    const uint32_t i = block->high + 1;
    if (block->is_sent || block->is_told || i > block->n_packets || as_gvsp_bits_has(block->gone, i) ||
        (block->probe == i && now < block->probed + as_gvsp_blocks_interval(blocks)))
        return;
    blocks->counts.n_pauses += block->probe != i;
    block->probe = i;
    block->probed = now;
    (void)as_gvsp_bits_set(block->asked, i);
    blocks->counts.n_asked++;
    ask(ctx, block, i, i);
}

static void patience_ask_due(as_gvsp_blocks *blocks, as_gvsp_block *block, as_ns now, bool is_quiet, as_gvsp_ask *ask,
                             void *ctx)
{
    const uint32_t limit = block->is_sent || block->is_told ? block->n_packets : block->high;
    if (block->ask && now >= block->ask) {
        block->ask = patience_ask(blocks, block, 0, limit, true, ask, ctx) ? now + AS_GVSP_GAP_NS : 0;
        if (!block->again)
            block->again = now + as_gvsp_blocks_interval(blocks);
    } else if (block->again && now >= block->again && block->rounds < AS_GVSP_ROUNDS) {
        patience_ask_again(blocks, block, limit, now, ask, ctx);
    } else {
        return;
    }
    if (is_quiet)
        patience_probe(blocks, block, now, ask, ctx);
}

static void patience_tick(as_gvsp_blocks *blocks, as_gvsp_block *block, as_ns now, as_gvsp_ask *ask, void *ctx)
{
    if (now >= patience_over(blocks, block)) {
        as_gvsp_blocks_give_up(blocks, block);
        return;
    }
    if (!blocks->cfg.asks)
        return;
    const as_ns silent = patience_silent(block);
    const bool  is_quiet = now - silent >= blocks->cfg.wait / 4;
    if (is_quiet && block->quiet != silent && !block->ask)
        block->ask = now;
    if (is_quiet)
        block->quiet = silent;
    patience_flow(block);
    const bool is_due = (block->ask && now >= block->ask) || (block->again && now >= block->again);
    if (is_due)
        patience_learn(block, now);
    if (is_due && !as_gvsp_block_lacks(block) && (block->is_sent || is_quiet)) {
        as_gvsp_blocks_give_up(blocks, block); /* it is not known that this is all */
    } else if (is_due && patience_lacks_much(block)) {
        if (block->is_sent)
            as_gvsp_blocks_give_up(blocks, block);
        else
            block->ask = block->again = now + as_gvsp_blocks_interval(blocks);
    } else {
        patience_ask_due(blocks, block, now, is_quiet, ask, ctx);
    }
}

void as_gvsp_blocks_tick(as_gvsp_blocks *blocks, as_ns now, as_gvsp_ask *ask, void *ctx)
{
    for (uint32_t i = 0; blocks->n_open > 0 && i < blocks->n_order; i++)
        if (blocks->order[i]->end == AS_GVSP_OPEN_STILL)
            patience_tick(blocks, blocks->order[i], now, ask, ctx);
}

static as_ns patience_due(const as_gvsp_blocks *blocks, const as_gvsp_block *block)
{
    as_ns due = patience_over(blocks, block);
    if (!blocks->cfg.asks)
        return due;
    if (block->quiet != patience_silent(block))
        due = AS_MIN(due, patience_silent(block) + blocks->cfg.wait / 4);
    if (block->ask)
        due = AS_MIN(due, block->ask);
    if (block->again && block->rounds < AS_GVSP_ROUNDS)
        due = AS_MIN(due, block->again);
    return due;
}

as_ns as_gvsp_blocks_due(const as_gvsp_blocks *blocks)
{
    as_ns due = INT64_MAX;
    for (uint32_t i = 0; blocks->n_open > 0 && i < blocks->n_order; i++)
        if (blocks->order[i]->end == AS_GVSP_OPEN_STILL)
            due = AS_MIN(due, patience_due(blocks, blocks->order[i]));
    return due;
}
