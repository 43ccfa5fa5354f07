/* SPDX-License-Identifier: Apache-2.0 */
/* quant_kernel.h - loops over whole numbers. Private to engine.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  the caller's.
 *
 * "Planes" are [planes][n], "last" is [n][planes]: the same picture with its channels first and last. All rounding is to
 * the nearest, halves to even, as in ONNX' QuantizeLinear; what is out of range becomes the nearest that is in it.
 */
#ifndef AS_ENGINE_QUANT_KERNEL_H
#define AS_ENGINE_QUANT_KERNEL_H

#include "tensor/tensor.h"

/* round(x / scale) + zero, within [low, high], from planes to last; out is u8 or i8. */
void as_quant_kernel_from_f32(const float *x, size_t planes, size_t n, float scale, int32_t zero, int32_t low,
                              int32_t high, uint8_t *out);
/* table[q], from last to planes. */
void as_quant_kernel_to_f32(const uint8_t *q, size_t planes, size_t n, const float table[256], float *out);
void as_quant_kernel_look_up(const uint8_t *q, size_t n, const uint8_t table[256], uint8_t *out);
/* Rows of `width` bytes, `from_step` and `to_step` apart; table NULL: as they are. */
void as_quant_kernel_rows(const uint8_t *from, size_t rows, size_t width, size_t from_step, size_t to_step,
                          const uint8_t *table, uint8_t *to);
/* round(a_factor * a + b_factor * b + offset) within [low, high], all u8. */
void as_quant_kernel_add(const uint8_t *a, const uint8_t *b, size_t n, float a_factor, float b_factor, float offset,
                         int32_t low, int32_t high, uint8_t *out);
/* round((a - a_zero) * (b - b_zero) * factor + offset) within [low, high], all u8. */
void as_quant_kernel_mul(const uint8_t *a, const uint8_t *b, size_t n, float a_zero, float b_zero, float factor,
                         float offset, int32_t low, int32_t high, uint8_t *out);

/* The largest of their absolute values, 0 to 128. */
int as_quant_kernel_largest(const int8_t *q, size_t n);
/* The largest sum of two of one sign, of q[2 i][tap] and q[2 i + 1][tap], i below n: 0 to 256. */
int as_quant_kernel_largest_pair(const int8_t *q, size_t n, size_t taps);

/* Means over windows of a u8 picture [height][width][channels], last: factor / count * sum + offset. */
typedef struct as_quant_mean {
    int64_t n, channels, in[2], out[2], kernel[2], stride[2], pad[2];
    bool    count_pads;
    float   scale, x_zero; /* of what is read */
    float   y_scale;       /* of what is written, u8; 0: f32 is written */
    int32_t y_zero, low, high;
} as_quant_mean;

/* sums: room for 4 bytes a channel. f32 results are written in planes. */
void as_quant_kernel_mean(const as_quant_mean *m, const uint8_t *x, int32_t *sums, void *out);

#endif
