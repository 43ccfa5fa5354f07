/* SPDX-License-Identifier: Apache-2.0 */
/* pairs512.h - products of matrices of 16-bit numbers, whole or bfloat16, for AVX-512: what Winograd's algorithm does at
 * each of its points. Private to engine.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  the caller's.
 *
 * m[tile][output] is the sum over channels of v[tile][channel] * u[channel][output], for n tiles. In u the two numbers of a
 * pair of channels stand side by side: [pair][output][2], outputs being `wide`. Channels are a multiple of 8; wide is
 * AS_PAIRS512_WIDE or AS_PAIRS512_LANES. Behind u, bytes are fetched into the cache, and not read.
 */
#ifndef AS_ENGINE_PAIRS512_H
#define AS_ENGINE_PAIRS512_H

#include "base/def.h"

enum { AS_PAIRS512_LANES = 16, AS_PAIRS512_WIDE = 2 * AS_PAIRS512_LANES };

#ifdef __x86_64__
/* With AVX512_VNNI; sums modulo 2^32. */
void as_pairs512_whole(const int16_t *v, const int16_t *u, int64_t channels, int64_t n, int64_t wide, int32_t *m);
/* With AVX512_BF16: each pair's products are added to the sum in single precision, channels in order. */
void as_pairs512_bf16(const uint16_t *v, const uint16_t *u, int64_t channels, int64_t n, int64_t wide, float *m);
#endif

#endif
