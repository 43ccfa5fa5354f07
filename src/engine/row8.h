/* SPDX-License-Identifier: Apache-2.0 */
/* row8.h - a few rows of u8 times a matrix of i8: what ends a quantised classifier. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; each worker computes its columns of the result.
 * Memory:  the caller's.
 *
 * Each weight is read once, at the speed of memory. Two neighbouring products are added in 16 bits: the caller has seen that
 * none of them leaves those. For AVX2 without VNNI; and for AVX512_VNNI, where sums have 32 bits.
 */
#ifndef AS_ENGINE_ROW8_H
#define AS_ENGINE_ROW8_H

#include "engine/prim_int8.h"

enum { AS_ROW8_MOST = 4, AS_ROW8_WIDE_MOST = 16 }; /* rows */

typedef struct as_row8 {
    int64_t   rows, k, n;
    int       workers;
    bool      floats; /* y is f32; else u8 */
    as_limits limits; /* of the result, in its numbers */
} as_row8;

bool as_row8_can(void);      /* the processor has the instructions */
bool as_row8_wide_can(void); /* those of AVX512_VNNI: as_row8_run takes them where it may */
/* x: [rows][k]; w: [n][k]; y[r][o] = limits((sum of x w + numbers[n + o]) * numbers[o]), rounded to even where it is u8. */
void as_row8_run(const as_row8 *r, int worker, const uint8_t *x, const int8_t *w, const float *numbers, void *y);

#endif
