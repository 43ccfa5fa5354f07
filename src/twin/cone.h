/* SPDX-License-Identifier: Apache-2.0 */
/* cone.h - one ice-cream cone: everything chance decides about it, and how it is drawn.
 *
 * Layer:   twin (scene "cones").
 * Threads: pure; an as_cone belongs to one thread.
 * Memory:  plain values; drawing works on the caller's planes.
 *
 * Millimetres in the part's own frame: origin in the middle of its 60 x 160, y towards the tip of the wafer.
 */
#ifndef AS_TWIN_CONE_H
#define AS_TWIN_CONE_H

#include "base/rng.h"
#include "twin/paint.h"
#include "twin/twin.h"

#define AS_CONE_RIM_MM    -28.0f
#define AS_CONE_TIP_MM    80.0f
#define AS_CONE_MAX_DRIPS 6
#define AS_CONE_MAX_SPOTS 24

typedef enum as_cone_class {
    AS_CONE_GOOD,
    AS_CONE_NO_TOPPING,
    AS_CONE_SPILLED,
    AS_CONE_BROKEN,
    AS_CONE_CLASSES
} as_cone_class;
typedef enum as_cone_break { AS_CONE_WHOLE, AS_CONE_TIP, AS_CONE_CHIP, AS_CONE_CRACK } as_cone_break;
typedef enum as_cone_topping {
    AS_CONE_SPRINKLES,
    AS_CONE_NUTS,
    AS_CONE_SAUCE,
    AS_CONE_SAUCE_SPRINKLES,
    AS_CONE_TOPPINGS
} as_cone_topping;

/* Something small that lies on the belt or on the part. */
typedef struct as_cone_spot {
    float     x, y, radius; /* mm */
    as_colour colour;
    float     alpha, flat, gloss;
} as_cone_spot;

/* Ice cream that runs down from the scoop. */
typedef struct as_cone_drip {
    float x0, y0, x1, y1, radius; /* mm */
} as_cone_drip;

typedef struct as_cone {
    as_pose         pose;
    uint32_t        seed; /* of its textures */
    float           light, slope_x, slope_y;
    as_colour       tint, wafer, burnt, cream, fleck, sauce;
    float           fleck_ratio, toast;
    float           rim_half, scoop_x, scoop_y, scoop_radius; /* mm */
    float           wave_cos[4], wave_sin[4];                 /* of the scoop's outline: 2 to 5 a turn */
    uint32_t        flavour;
    as_cone_topping topping;
    float           amount, topping_x, topping_y;
    as_cone_class class;
    float         severity;
    as_cone_break break_kind;
    float         break_x, break_y, break_slope, break_size, break_gap, break_side;
    size_t        n_drips, n_spots;
    as_cone_drip  drips[AS_CONE_MAX_DRIPS];
    as_cone_spot  spots[AS_CONE_MAX_SPOTS];
} as_cone;

extern const char *const as_cone_names[];   /* class names, NULL-ended */
extern const char *const as_cone_recipes[]; /* flavours, NULL-ended */

/* Uniform in [low, high) from one draw, the same on every machine. */
static inline float as_cone_pick(as_rng *rng, float low, float high)
{
    return low + (high - low) * ((float)(as_rng_u64(rng) >> 40) * (1.0f / 16777216.0f));
}

/* What the part is. Its defect is planned whether shown or not, and told by class and severity. */
void as_cone_plan(const as_twin *twin, const as_twin_shot *shot, as_cone *ret);

/* Pixels that hold the defect. All 0 for a good part. */
void as_cone_defect_box(const as_cone *cone, const as_canvas *canvas, float box_px[4]);

/* Its longest side in mm; of what was spilled, of the longest run or heap. 0 for a good part, or one whose defect is not shown. */
float as_cone_defect_mm(const as_cone *cone);

/* Signed distance in mm to the scoop. */
float as_cone_scoop_distance(const as_cone *cone, float x, float y);

/* All of it, after the belt. */
void as_cone_draw(const as_cone *cone, const as_canvas *canvas);

#endif
