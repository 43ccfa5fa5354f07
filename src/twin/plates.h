/* SPDX-License-Identifier: Apache-2.0 */
/* plates.h - what scenes of flat parts share: where a part lies, what chance decides, and how findings are told.
 *
 * Layer:   twin (scenes).
 * Threads: pure.
 * Memory:  none.
 */
#ifndef AS_TWIN_PLATES_H
#define AS_TWIN_PLATES_H

#include "base/rng.h"
#include "twin/paint.h"
#include "twin/twin.h"

/* Uniform in [low, high) from one draw, the same on every machine. */
static inline float as_plates_pick(as_rng *rng, float low, float high)
{
    return low + (high - low) * ((float)(as_rng_u64(rng) >> 40) * (1.0f / 16777216.0f));
}

static inline uint32_t as_plates_choose(as_rng *rng, uint32_t n)
{
    return (uint32_t)((as_rng_u64(rng) >> 33) % n);
}

/* Of one defect: from the least to the most that is asked for. */
float as_plates_severity(const as_twin_cfg *cfg, as_rng *rng);

/* In the middle but for a little, and turned by at most max_turn; a later view lies a little further on. */
void as_plates_pose(const as_twin *twin, const as_twin_shot *shot, as_rng *rng, float max_turn, as_pose *ret);

/* The upright box in pixels of a rectangle (x0, y0, x1, y1 in mm) that lies about (x, y), turned by (sin, cos). All 0 when
 * nothing of it is in the picture. */
void as_plates_box(const as_pose *pose, const as_canvas *canvas, float x, float y, float sin, float cos,
                   const float rect[4], float box_px[4]);

void as_plates_cut(float box_px[4], const float to_px[4]); /* to what lies in the other box too */

void as_plates_tell(as_twin_truth *truth, const as_twin_finding *finding); /* adds it, while there is room */

/* Class, severity and box of the worst finding become the frame's; without one it is the good class. */
void as_plates_sum_up(as_twin_truth *truth, const char *good);

#endif
