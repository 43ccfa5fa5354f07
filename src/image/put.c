/* SPDX-License-Identifier: Apache-2.0 */
#include "image/put.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"

/* v + this has no room for what comes after the point: the processor rounds to even, and the low bits are the result.
 * For |v| < 2^22. */
#define PUT_ROUNDER      12582912.0f /* 1.5 * 2^23 */
#define PUT_ROUNDER_BITS 0x4b400000

static uint32_t put_block(const as_put *put)
{
    switch (put->spec.layout) {
    case AS_PUT_LAST: return put->channels;
    case AS_PUT_BLOCK8: return 8;
    case AS_PUT_BLOCK16: return 16;
    default: return 1;
    }
}

bool as_put_init(as_put *put, const as_put_spec *spec, uint32_t width, uint32_t height, uint32_t channels, as_err *err)
{
    static const size_t each[AS_PUT_TYPE_COUNT] = {4, 2, 1};
    if ((unsigned)spec->layout >= AS_PUT_LAYOUT_COUNT || (unsigned)spec->type >= AS_PUT_TYPE_COUNT)
        return AS_FAIL(err, AS_EINVAL, "the network's input has layout %d of type %d: neither is known",
                       (int)spec->layout, (int)spec->type);
    if (spec->type == AS_PUT_U8 && (!isnormal(spec->scale) || spec->scale < 0 || spec->zero < 0 || spec->zero > 255))
        return AS_FAIL(err, AS_EINVAL, "the network's input cannot be quantised with scale %g and zero point %d",
                       (double)spec->scale, (int)spec->zero);
    *put = (as_put){.spec = *spec, .width = width, .height = height, .channels = channels, .each = each[spec->type]};
    bool ok = true;
    for (uint32_t c = 0; ok && c < channels; c++) {
        put->rows[c] = calloc(width, sizeof *put->rows[c]);
        put->typed[c] = calloc(width, put->each);
        ok = put->rows[c] && put->typed[c];
    }
    if (ok)
        return true;
    as_put_done(put);
    return AS_FAIL(err, AS_ENOMEM, "no memory for rows of %u values", width);
}

void as_put_done(as_put *put)
{
    for (int c = 0; c < 3; c++) {
        free(put->rows[c]);
        free(put->typed[c]);
    }
    *put = (as_put){0};
}

size_t as_put_bytes(const as_put *put)
{
    uint32_t each = put->spec.layout == AS_PUT_PLANAR ? put->channels : put_block(put);
    return (size_t)put->width * put->height * each * put->each;
}

float *as_put_direct(const as_put *put, void *out, uint32_t channel, uint32_t x, uint32_t y)
{
    if (put->spec.type != AS_PUT_F32 || put->spec.layout != AS_PUT_PLANAR)
        return NULL;
    return (float *)out + ((size_t)channel * put->height + y) * put->width + x;
}

AS_ISA_CLONES(void, put_u8, (uint8_t *restrict to, const float *restrict from, float scale, int32_t zero, size_t n),
              (to, from, scale, zero, n))
{
    const float low = (float)-zero, high = (float)(255 - zero);
    for (size_t i = 0; i < n; i++) {
        float   v = from[i] / scale;
        int32_t bits;
        v = v > low ? v : low;
        v = v < high ? v : high;
        v += PUT_ROUNDER;
        memcpy(&bits, &v, sizeof bits);
        to[i] = (uint8_t)(bits - PUT_ROUNDER_BITS + zero);
    }
}

AS_ISA_CLONES(void, put_bf16, (uint16_t *restrict to, const float *restrict from, size_t n), (to, from, n))
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, from + i, sizeof bits);
        to[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
}

/* Values of three rows beside each other, `step` apart. */
#define PUT_SPREAD(type, name)                                                                                 \
    AS_ISA_CLONES(                                                                                             \
        void, put_##name##_3,                                                                                  \
        (type *restrict to, const type *restrict a, const type *restrict b, const type *restrict c, size_t n), \
        (to, a, b, c, n))                                                                                      \
    {                                                                                                          \
        for (size_t i = 0; i < n; i++) {                                                                       \
            to[3 * i] = a[i];                                                                                  \
            to[3 * i + 1] = b[i];                                                                              \
            to[3 * i + 2] = c[i];                                                                              \
        }                                                                                                      \
    }                                                                                                          \
    static void put_##name(void *to, void *const *rows, uint32_t channels, uint32_t step, size_t n)            \
    {                                                                                                          \
        type *at = to;                                                                                         \
        if (channels == 3 && step == 3)                                                                        \
            put_##name##_3(to, rows[0], rows[1], rows[2], n);                                                  \
        for (uint32_t c = 0; (channels != 3 || step != 3) && c < channels; c++)                                \
            for (size_t i = 0; i < n; i++)                                                                     \
                at[i * step + c] = ((const type *)rows[c])[i];                                                 \
    }

PUT_SPREAD(uint8_t, bytes)
PUT_SPREAD(uint16_t, words)
PUT_SPREAD(uint32_t, longs)

void as_put_row(const as_put *put, void *out, float *const *rows, uint32_t x, uint32_t y, uint32_t n)
{
    void    *typed[3] = {NULL};
    uint32_t block = put_block(put);
    size_t   at = (size_t)y * put->width + x, plane = (size_t)put->width * put->height;
    uint8_t *to = (uint8_t *)out + at * block * put->each;
    for (uint32_t c = 0; c < put->channels; c++) {
        typed[c] = put->spec.type == AS_PUT_F32 ? (void *)rows[c] : put->typed[c];
        if (put->spec.type == AS_PUT_U8)
            put_u8(typed[c], rows[c], put->spec.scale, put->spec.zero, n);
        else if (put->spec.type == AS_PUT_BF16)
            put_bf16(typed[c], rows[c], n);
        if (put->spec.layout == AS_PUT_PLANAR)
            memcpy(to + c * plane * put->each, typed[c], n * put->each);
    }
    if (put->spec.layout == AS_PUT_PLANAR)
        return;
    if (block > put->channels)
        memset(to, 0, n * block * put->each);
    if (put->each == 1)
        put_bytes(to, typed, put->channels, block, n);
    else if (put->each == 2)
        put_words(to, typed, put->channels, block, n);
    else
        put_longs(to, typed, put->channels, block, n);
}
