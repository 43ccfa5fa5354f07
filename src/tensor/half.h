/* SPDX-License-Identifier: Apache-2.0 */
/* half.h - IEEE 754 binary16 to float and back.
 *
 * Layer:   tensor (may use base/).
 * Threads: any.
 * Memory:  none.
 */
#ifndef AS_TENSOR_HALF_H
#define AS_TENSOR_HALF_H

#include <stdint.h>

float    as_half_to_float(uint16_t half);  /* exact; NaNs keep what they carry */
uint16_t as_half_from_float(float number); /* to the nearest, ties to even; 65520 and more become infinity */

#endif
