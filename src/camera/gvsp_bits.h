/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_bits.h - one bit for each packet of a picture.
 *
 * Layer:   camera.
 * Threads: pure.
 * Memory:  the caller's words.
 */
#ifndef AS_CAMERA_GVSP_BITS_H
#define AS_CAMERA_GVSP_BITS_H

#include "base/def.h"

static inline size_t as_gvsp_bits_words(uint32_t n_bits)
{
    return (size_t)n_bits / 64 + 1;
}

static inline bool as_gvsp_bits_has(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static inline bool as_gvsp_bits_set(uint64_t *bits, uint32_t i) /* false: it was */
{
    bool was = as_gvsp_bits_has(bits, i);
    bits[i / 64] |= (uint64_t)1 << (i % 64);
    return !was;
}

static inline bool as_gvsp_bits_clear(uint64_t *bits, uint32_t i) /* false: it was not set */
{
    bool was = as_gvsp_bits_has(bits, i);
    bits[i / 64] &= ~((uint64_t)1 << (i % 64));
    return was;
}

#endif
