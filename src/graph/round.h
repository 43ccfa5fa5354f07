/* SPDX-License-Identifier: Apache-2.0 */
/* round.h - weights of floats made whole numbers of 8 bits, such that every processor sums them alike. Private to graph.
 *
 * Layer:   graph.
 * Threads: any.
 * Memory:  the caller's.
 *
 * Processors without VNNI add two neighbouring products of u8 and i8 in 16 bits, and silently take the largest where they do
 * not fit. Tools that know this keep all weights within 7 bits. Here each channel has as many steps as its own neighbours
 * allow: of any two that some kernel may take together, the sum of those of one sign is at most 128, so that 255 times it
 * fits; what is beyond is made smaller, and the scale is the one with the least squared error (Nagel et al. 2021, "A white
 * paper on neural network quantization", section 3.1).
 */
#ifndef AS_GRAPH_ROUND_H
#define AS_GRAPH_ROUND_H

#include <stddef.h>
#include <stdint.h>

#include "base/def.h"

typedef struct as_rounding {
    const float *from;
    size_t       each;  /* weights of one channel of the output */
    size_t       step;  /* from one of them to the next */
    size_t       taps;  /* of a window: each / taps inputs, of which each has its taps side by side */
    bool         pairs; /* some kernel adds two products at a time; false: depthwise, where none does */
} as_rounding;

/* One channel: whole numbers to `to`, `step` apart as `from` is, and their scale, which is at least `least`. */
float as_round_channel(const as_rounding *r, const float *from, float least, int8_t *to);

/* By how much the mean of the channel's output falls short where its inputs have these means: what belongs to its bias
 * (Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction", section 4.2). */
float as_round_bias(const as_rounding *r, const float *from, float scale, const int8_t *q, const float *means);

#endif
