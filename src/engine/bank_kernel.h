/* SPDX-License-Identifier: Apache-2.0 */
/* bank_kernel.h - 8-bit products of four queries with a block of rows. Private to bank.c.
 *
 * Layer:   engine.
 * Threads: pure.
 * Memory:  none.
 *
 * A block is packed as its kernel reads it: groups of `lanes` rows, in each of them `step` numbers of the first row, of the
 * second, and so on, then the next `step` numbers of each.
 */
#ifndef AS_ENGINE_BANK_KERNEL_H
#define AS_ENGINE_BANK_KERNEL_H

#include "base/def.h"

enum { BANK_BLOCK = 48, BANK_TILE = 4, BANK_ROUND = 4 };

typedef struct as_bank_kernel {
    const char *name;
    uint32_t    lanes, step;
    uint32_t    query_bytes; /* of a number of a packed query: 2, or 1, with 128 added to each */
    /* size: of a row, a multiple of BANK_ROUND. queries: BANK_TILE of them, size numbers each. */
    void (*dots)(const int8_t *block, const void *queries, uint32_t size, int32_t ret[BANK_TILE][BANK_BLOCK]);
} as_bank_kernel;

const as_bank_kernel *as_bank_kernel_at(
    size_t i); /* the widest first, those that may be used here; NULL past the last */

/* The square of the distance in float64; the same bits whatever the instructions. */
double as_bank_distance(const float *a, const float *b, size_t n);

/* Least and greatest distances (less the query's own square) of a block, from its products. Returns the smallest least. */
typedef struct as_bank_bounds {
    const float *low, *high, *gain, *error, *length; /* of the rows */
    float        query_gain, query_length, query_error;
} as_bank_bounds;

float as_bank_bound(const as_bank_bounds *b, const int32_t dots[BANK_BLOCK], float ret_low[BANK_BLOCK],
                    float ret_high[BANK_BLOCK]);

#endif
