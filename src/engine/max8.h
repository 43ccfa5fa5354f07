/* SPDX-License-Identifier: Apache-2.0 */
/* max8.h - the largest of windows of u8, channels last. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; each unit is some rows of the output.
 * Memory:  the caller's.
 *
 * First down, a whole row at once, then across: a window of k x k costs 2 k steps and not k^2.
 */
#ifndef AS_ENGINE_MAX8_H
#define AS_ENGINE_MAX8_H

#include "base/def.h"

typedef struct as_max8 {
    int64_t images, channels;
    int64_t in[2], out[2], kernel[2], stride[2], pad[2]; /* heights and widths; padding before */
    int     units;                                       /* that share the rows; 0: 1 */
} as_max8;

bool   as_max8_can(const as_max8 *m); /* every window has a pixel in it */
size_t as_max8_scratch_bytes(const as_max8 *m);
void   as_max8_run(const as_max8 *m, int unit, const uint8_t *x, uint8_t *scratch, uint8_t *y);

#endif
