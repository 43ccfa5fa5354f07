/* SPDX-License-Identifier: Apache-2.0 */
/* wino_bf16.h - 3x3 convolutions of bfloat16 by Winograd's algorithm, for AVX512_BF16. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; each worker calls as_wino_bf16_run for its share.
 * Memory:  the caller's.
 *
 * F(2x2, 3x3) of Lavin and Gray 2016, section 4.1: 16 products where the definition takes 36. Input and filter are
 * transformed in f32 and rounded to bfloat16 once, products are summed in f32, and the result is rounded once:
 * it is as near to the definition in f32 as two to three times a convolution of bfloat16 is. F(4x4, 3x3) would lose
 * more, since its transforms subtract what is 4 and 5 times as large. Data stands channels last. Each result is
 * computed alone, so that no number of threads or tiles changes it.
 */
#ifndef AS_ENGINE_WINO_BF16_H
#define AS_ENGINE_WINO_BF16_H

#include "engine/wino.h"

/* Of a shape, channels and n_out are multiples of this; its tile is 2. */
enum { AS_WINO_BF16_BLOCK = 16 };

bool as_wino_bf16_can(void); /* the processor has the instructions */
/* It takes less time than the definition, by count of what is multiplied, moved and read. */
bool   as_wino_bf16_pays(const as_wino *w);
size_t as_wino_bf16_weight_bytes(const as_wino *w);
size_t as_wino_bf16_scratch_bytes(const as_wino *w); /* of all workers */
/* weights: floats [n_out][channels][3][3] at any address; to: as_wino_bf16_weight_bytes. */
void as_wino_bf16_weights(const as_wino *w, const void *weights, uint16_t *to);
/* The share of one worker. x and y: bfloat16, channels last. bias: n_out numbers. scratch: of all workers, 64-byte
 * aligned. */
void as_wino_bf16_run(const as_wino *w, int worker, const uint16_t *x, const uint16_t *weights, const float *bias,
                      void *scratch, uint16_t *y);

#endif
