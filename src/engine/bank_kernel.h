/* SPDX-License-Identifier: Apache-2.0 */
/* bank_kernel.h - what a search in a bank does often, per set of instructions. Private to the bank.
 *
 * Layer:   engine.
 * Threads: pure.
 * Memory:  the caller's.
 *
 * Numbers are digits: of 16 bits along the first axes (`wide`), of 8 bits along the others (`narrow`), all of one
 * vector in the same unit, so that their products join one sum of 32 bits. A block is packed as its kernel reads it:
 * groups of `lanes` rows; in each of them two wide digits of the first row, two of the second, and so on, then the
 * next two of each; then the narrow ones, by four. A query has its digits in that order too: words of 32 bits.
 */
#ifndef AS_ENGINE_BANK_KERNEL_H
#define AS_ENGINE_BANK_KERNEL_H

#include "base/def.h"

enum {
    BANK_BLOCK = 64, /* rows */
    BANK_TILE = 6,   /* queries */
    BANK_LANES = 16,
    BANK_LINE = 64, /* bytes */
    BANK_SOME = 16, /* rows that the second look takes at once */
    BANK_WIDE = 2,
    BANK_NARROW = 4 /* digits of a word */
};

/* The first look: a tile of queries and the rows of some blocks. Of each the least distance, less what the caller
 * knows of the query: square - gain * (begin + products) - across * query_across. */
typedef struct as_bank_look {
    const char    *digits; /* n_blocks * BANK_BLOCK rows of n_wide + n_narrow words, at a multiple of BANK_LINE */
    size_t         n_blocks;
    uint32_t       n_wide, n_narrow;       /* words */
    const float   *square, *across, *gain; /* of each row; gain: of each block */
    const int32_t *queries;                /* BANK_TILE * (n_wide + n_narrow) */
    float          query_gain[BANK_TILE], query_across[BANK_TILE];
    int32_t        begin[BANK_TILE];
    float         *low[BANK_TILE];   /* out: of each row */
    float         *least[BANK_TILE]; /* out, BANK_LANES of each block: of its rows i, BANK_LANES + i, ... */
} as_bank_look;

/* What one query's first look wrote. */
typedef struct as_bank_pick {
    const float *low, *least; /* no low is below its least */
    size_t       n_blocks;
    float        limit;
    uint32_t    *room; /* n_blocks * BANK_LANES and as many more */
} as_bank_pick;

/* A row as the second look has it; its digits follow, so that the whole is some BANK_LINE bytes. */
typedef struct as_bank_row {
    float  square, gain, before, across;
    int8_t digits[]; /* plus the kernel's offset */
} as_bank_row;

/* The second look: one query and rows that the first one leaves:
 * low + square - gain * query_gain * (begin + products) + before * query_before - across * query_across. */
typedef struct as_bank_fine {
    const char     *rows;  /* of the bank: as_bank_row, n_lines * BANK_LINE bytes each, at a multiple of BANK_LINE */
    const int8_t   *query; /* as much: nothing where a row's four numbers are, then the digits */
    size_t          n_lines;
    float           query_gain, query_before, query_across, limit;
    int32_t         begin;
    const uint32_t *picked; /* of the rows; n rounded up to BANK_SOME can be read */
    const float    *low;
    size_t          n;
} as_bank_fine;

typedef struct as_bank_kernel {
    const char *name;
    uint32_t    lanes;
    bool        narrow; /* it has digits of 8 bits in the first look */
    uint8_t     offset; /* added to digits of 8 bits of rows */
    double      word;   /* what a word of a row takes in the first look: cycles */
    void (*look)(const as_bank_look *look);
    /* Of each lane of look->least the smallest of the blocks, and the first block that has it. */
    void (*least)(const float *least, size_t n_blocks, float ret_low[BANK_LANES], int32_t ret_block[BANK_LANES]);
    /* Writes the rows whose low is at most the limit, in any order, and their lows; returns how many. Room for
     * n_blocks * BANK_BLOCK and BANK_SOME. */
    size_t (*pick)(const as_bank_pick *pick, uint32_t *ret_rows, float *ret_low);
    /* Writes what rows are not above the limit, and their least distances; returns how many. Room for n and
     * BANK_SOME. */
    size_t (*fine)(const as_bank_fine *fine, uint32_t *ret_rows, float *ret_low);
    /* The square of the distance, in single precision: off by a part of BANK_GAP_OFF(n) at most. */
    float (*gap)(const float *a, const float *b, size_t n);
    /* ret = v - mean. Returns the square of its length, in float64. */
    double (*centre)(const float *v, const float *mean, size_t n, float *ret);
    float (*largest)(const float *v, size_t n); /* of the magnitudes */
    /* Numbers as digits of `gain` each (at least BANK_LEAST_GAIN); ret_error: at least the square of the length of
     * what is left. Returns the sum of the digits' squares, which must fit. */
    int32_t (*digits)(const float *v, size_t n, float gain, int16_t *ret, double *ret_error);
    /* Digits of 8 bits, plus the offset. Returns their sum, without it. */
    int32_t (*bytes)(const int16_t *digits, size_t n, unsigned offset, uint8_t *ret);
} as_bank_kernel;

#define BANK_LEAST_GAIN 1e-37f /* single precision holds what it divides */

/* A unit of single precision for each term of the longest of at least 8 sums, for what joins them, and for each
 * difference. */
#define BANK_GAP_OFF(n) (1.01 * 0x1p-24 * ((double)(n) / 8 + 24))

const as_bank_kernel *as_bank_kernel_at(
    size_t i); /* the widest first, those that may be used here; NULL past the last */

#ifdef __x86_64__
extern const as_bank_kernel as_bank_vnni, as_bank_avx2;
#endif

/* The square of the distance in float64; the same bits whatever the instructions. */
double as_bank_distance(const float *a, const float *b, size_t n);

double as_bank_square(const float *v, size_t n); /* of the length, in float64 */

/* Those of a kernel that has none of its own. */
double  as_bank_centre(const float *v, const float *mean, size_t n, float *ret);
float   as_bank_largest(const float *v, size_t n);
int32_t as_bank_digits(const float *v, size_t n, float gain, int16_t *ret, double *ret_error);
int32_t as_bank_bytes(const int16_t *digits, size_t n, unsigned offset, uint8_t *ret);

#endif
