/* SPDX-License-Identifier: Apache-2.0 */
/* bank_kernel.h - products of four queries with a block of rows, in 16-bit numbers. Private to bank.c and bank_search.c.
 *
 * Layer:   engine.
 * Threads: pure.
 * Memory:  none.
 *
 * A block is packed as its kernel reads it: groups of `lanes` rows, in each of them two numbers of the first row, two of the
 * second, and so on, then the next two of each.
 */
#ifndef AS_ENGINE_BANK_KERNEL_H
#define AS_ENGINE_BANK_KERNEL_H

#include "base/def.h"

enum { BANK_BLOCK = 48, BANK_TILE = 4, BANK_STEP = 2 };

typedef struct as_bank_kernel {
    const char *name;
    uint32_t    lanes;
    /* size: of a row, even. queries: BANK_TILE of them, size numbers each. The sums must fit 32 bits. */
    void (*dots)(const int16_t *block, const int16_t *queries, uint32_t size, int32_t ret[BANK_TILE][BANK_BLOCK]);
} as_bank_kernel;

const as_bank_kernel *as_bank_kernel_at(
    size_t i); /* the widest first, those that may be used here; NULL past the last */

/* The square of the distance in float64; the same bits whatever the instructions. */
double as_bank_distance(const float *a, const float *b, size_t n);

/* The least distances (less the query's own square) of a block's rows, from their products. Returns the smallest. */
typedef struct as_bank_bounds {
    const float *square, *across; /* of the rows */
    float        gain, query_across, off;
} as_bank_bounds;

float as_bank_bound(const as_bank_bounds *b, const int32_t dots[BANK_BLOCK], float ret_low[BANK_BLOCK]);
float as_bank_least(const float low[BANK_BLOCK]); /* the smallest */

#endif
