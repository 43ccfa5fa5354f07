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

enum { BANK_BLOCK = 48, BANK_TILE = 4, BANK_STEP = 2, BANK_FINE_STEP = 16, BANK_FINE_ROWS = 4 };

/* What four queries are to a block of rows: their least distances, less the query's own square, are at least
 * square - gain * product - across * query_across - what the caller knows of the block. */
typedef struct as_bank_tile {
    const int16_t *block, *queries; /* size digits each, size even. The sums must fit 32 bits. */
    uint32_t       size;
    const float   *square, *across; /* of the rows */
    float          gain[BANK_TILE], query_across[BANK_TILE];
    float         *low[BANK_TILE]; /* out: BANK_BLOCK each */
} as_bank_tile;

/* A row as the second look has it. Its digits follow. All but the square twice, and rounded up. */
typedef struct as_bank_row {
    float   square, gain, across, error, length, slack, unused[2];
    int16_t digits[];
} as_bank_row;

#define AS_BANK_ROW_BYTES(n) (sizeof(as_bank_row) + (size_t)(n) * sizeof(int16_t))

typedef struct as_bank_kernel {
    const char *name;
    uint32_t    lanes;
    /* Fills tile->low. ret_least: the smallest of each query. */
    void (*look)(const as_bank_tile *tile, float ret_least[BANK_TILE]);
    /* Products of one query with BANK_FINE_ROWS rows, size a multiple of BANK_FINE_STEP. */
    void (*fine)(const int16_t *const rows[BANK_FINE_ROWS], const int16_t *query, uint32_t size,
                 int32_t ret[BANK_FINE_ROWS]);
    /* Writes first + i for each low[i] <= limit; returns how many. low: BANK_BLOCK, ret: room for as many, and 8 more. */
    size_t (*pick)(const float *low, float limit, uint32_t first, uint32_t *ret);
} as_bank_kernel;

const as_bank_kernel *as_bank_kernel_at(
    size_t i); /* the widest first, those that may be used here; NULL past the last */

/* The square of the distance in float64; the same bits whatever the instructions. */
double as_bank_distance(const float *a, const float *b, size_t n);

float as_bank_least(const float low[BANK_BLOCK]); /* the smallest */

/* ret = v - mean. Returns the square of its length, in float64. */
double as_bank_centre(const float *v, const float *mean, size_t n, float *ret);
double as_bank_square(const float *v, size_t n);  /* of the length, in float64 */
float  as_bank_largest(const float *v, size_t n); /* of the magnitudes */

/* Numbers as digits of `gain` each; ret_error: the square of the length of what is left; ret_length: of the digits. */
void as_bank_digits(const float *v, size_t n, double gain, int16_t *ret, double *ret_error, double *ret_length);

#endif
