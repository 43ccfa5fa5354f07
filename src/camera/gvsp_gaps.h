/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_gaps.h - the numbers of a camera's pictures, and those of them that were left out lately.
 *
 * Layer:   camera.
 * Threads: pure.
 * Memory:  the caller's.
 *
 * A number that was left out may be of a picture that the camera never sent, or of one that was overtaken on its way. It is believed
 * to be on its way until a later picture is handed on; and few are, so that nothing old is taken for it.
 */
#ifndef AS_CAMERA_GVSP_GAPS_H
#define AS_CAMERA_GVSP_GAPS_H

#include <string.h>

#include "base/def.h"

#define AS_GVSP_GAPS     8
#define AS_GVSP_GAP_MOST 1000 /* numbers further on: another count */

typedef struct as_gvsp_gaps { /* zeroed: none */
    bool     is_long;
    uint32_t n;
    uint64_t ids[AS_GVSP_GAPS];
} as_gvsp_gaps;

/* How many pictures further b is than a; below 0: before it. Numbers of 16 bits go from 1 to 65535. */
int64_t as_gvsp_ahead(bool is_long, uint64_t a, uint64_t b);

/* Picture `id` begins, and the newest was `last`. */
void as_gvsp_gaps_begin(as_gvsp_gaps *gaps, bool last_long, uint64_t last, bool is_long, uint64_t id);

/* Picture `id` is handed on: those before it are late from now on. */
void as_gvsp_gaps_pass(as_gvsp_gaps *gaps, bool is_long, uint64_t id);

bool as_gvsp_gaps_has(const as_gvsp_gaps *gaps, bool is_long, uint64_t id);
void as_gvsp_gaps_fill(as_gvsp_gaps *gaps, uint64_t id); /* it has come after all */

#endif
