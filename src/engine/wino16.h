/* SPDX-License-Identifier: Apache-2.0 */
/* wino16.h - 3x3 and 4x4 convolutions of u8 by Winograd's algorithm in whole numbers, exact. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; each worker calls as_wino16_run for its share.
 * Memory:  the caller's.
 *
 * F(4x4, 3x3) and F(3x3, 4x4) of Lavin and Gray 2016 (section 4), on the points 0, 1, -1, 2, -2 and infinity of Toom
 * and Cook (Winograd 1980, "Arithmetic complexity of computations"): 36 products of 16 bits for 144 of 8.
 *
 *   input   V = B' d B, the rows of B' being 4 0 -5 0 1 0 | 0 -4 -4 1 1 0 | 0 4 -4 -1 1 0 | 0 -2 -1 2 1 0 |
 *           0 2 -1 -2 1 0 | 0 4 0 -5 0 1. The second has 2 above zero and 8 below, the others at most 5 and 5,
 *           so that |V| <= (2 * 2 + 8 * 8) * 255 = 17,340.
 *   filter  U = G g G', a row for each point x being 1 x x^2 (x^3), for 0 and infinity 6 at the end that counts: at most
 *           15 * 15 * 128 = 28,800. Its fractions, 1/4, -1/6, -1/6, 1/24, 1/24 and 1, wait for the output.
 *   output  24 times each fraction is 6 (in U already), -4, -4, 1, 1, 24 (6 in U): sums and shifts of the products' sums give
 *           576 y, less the powers of two that a row has in common.
 *
 * Products are summed in 32 bits and may leave them: all sums are exact modulo 2^32. So is 576 y = 9 * 64 y, which times the
 * inverse of 9 is 64 y, and y itself where |y| < 2^25. as_wino16_bounded proves that from the weights. Nothing is rounded
 * before the result is: it equals the direct sum.
 */
#ifndef AS_ENGINE_WINO16_H
#define AS_ENGINE_WINO16_H

#include "engine/prim_int8.h"

enum { AS_WINO16_BLOCK = 16 };

typedef struct as_wino16 {
    int       kernel;                  /* 3 or 4 a side */
    int       workers;                 /* threads that share the work; 0: 1 */
    int64_t   images, channels, n_out; /* channels and n_out: multiples of AS_WINO16_BLOCK */
    int64_t   in[2], out[2], pad[2];   /* heights and widths; padding before */
    int32_t   x_zero;
    bool      middle; /* first made u8, of which middle_factor * it + middle_offset goes on */
    float     middle_factor, middle_offset;
    bool      sum; /* sum_factor * what stood there is added */
    float     sum_factor;
    as_limits limits; /* of the result */
} as_wino16;

bool as_wino16_can(void); /* the processor has the instructions */
/* No sum of products of these weights leaves what can be told apart. weights: i8 [n_out][channels][kernel][kernel]. */
bool as_wino16_bounded(const as_wino16 *w, const int8_t *weights);
/* It takes less time than the definition, by count of what is multiplied and read. */
bool   as_wino16_pays(const as_wino16 *w);
size_t as_wino16_weight_bytes(const as_wino16 *w);
size_t as_wino16_scratch_bytes(const as_wino16 *w); /* of all workers */
/* to: as_wino16_weight_bytes. */
void as_wino16_weights(const as_wino16 *w, const int8_t *weights, int16_t *to);
/* The share of one worker. x and y: u8, channels last. rows: a factor for each of n_out, then what is added to its sum
 * before that. scratch: of all workers, 64-byte aligned. */
void as_wino16_run(const as_wino16 *w, int worker, const uint8_t *x, const int16_t *weights, const float *rows,
                   void *scratch, uint8_t *y);

#endif
