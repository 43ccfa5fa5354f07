/* SPDX-License-Identifier: Apache-2.0 */
/* curve.h - from linear values to grey levels of a screen (IEC 61966-2-1), without the C library's rounding.
 *
 * Layer:   twin.
 * Threads: pure.
 * Memory:  none.
 */
#ifndef AS_TWIN_CURVE_H
#define AS_TWIN_CURVE_H

#include "base/def.h"

/* curve[code] for n codes, of which `black` is no light and `white` full: the level of 0 to 255 nearest in sRGB, or where
 * linear is set in proportion. */
void as_curve_make(uint8_t *curve, size_t n, double black, double white, bool linear);

#endif
