/* SPDX-License-Identifier: Apache-2.0 */
/* condition.h - what a frame's station was like, in numbers that stand beside each other: see condition.def.
 *
 * Layer:   twin.
 * Threads: plain values.
 * Memory:  none of its own.
 */
#ifndef AS_TWIN_CONDITION_H
#define AS_TWIN_CONDITION_H

#include "base/def.h"

typedef enum as_condition {
#define X(id, name, about) AS_CONDITION_##id,
#include "twin/condition.def"
#undef X
    AS_CONDITION_COUNT
} as_condition;

typedef struct as_condition_info {
    const char *name, *about;
} as_condition_info;

const as_condition_info *as_condition_info_of(size_t condition); /* NULL past the last row */

/* Bit i of differs: is[i] is not what it would be in a station that is as the scene is set up. */
typedef struct as_twin_station {
    uint32_t differs;
    double   is[AS_CONDITION_COUNT];
} as_twin_station;

#endif
