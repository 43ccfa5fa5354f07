/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/half.h"

#include <math.h>
#include <string.h>

float as_half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    uint32_t       bits;
    float          number;
    if (exponent == 0) {
        number = ldexpf((float)fraction, -24);
        return sign ? -number : number;
    }
    bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
    memcpy(&number, &bits, sizeof number);
    return number;
}

uint16_t as_half_from_float(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000) /* 65520 */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) { /* below 2^-14: steps of 2^-24 */
        const float steps = ldexpf(fabsf(number), 24);
        return (uint16_t)(sign | (uint32_t)rintf(steps));
    }
    const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | (rounded - 0x38000000) >> 13);
}
