/* SPDX-License-Identifier: Apache-2.0 */
/* bottle.h - filled bottles before a bright panel: what a product is like, what one part is like, and how it is drawn.
 *
 * Layer:   twin (scenes).
 * Threads: as_bottles is immutable once prepared; drawing belongs to one thread a canvas.
 * Memory:  as_bottles_prepare allocates once, as_bottles_release frees; drawing allocates nothing.
 *
 * Lengths are mm above the base the bottle stands on, and mm to the right of its axis. A bottle is a body of revolution, so
 * that what a line of sight meets depends on how far from the axis it passes, of the radius there: one table for the empty
 * and one for the filled part of a product.
 */
#ifndef AS_TWIN_BOTTLE_H
#define AS_TWIN_BOTTLE_H

#include "twin/paint.h"
#include "twin/twin.h"

typedef enum bottle_class {
    BOTTLE_GOOD,
    BOTTLE_LOW,
    BOTTLE_OVER,
    BOTTLE_NO_CAP,
    BOTTLE_CAP,
    BOTTLE_NO_LABEL,
    BOTTLE_LABEL,
    BOTTLE_TORN,
    BOTTLE_CRACK,
    BOTTLE_INCLUSION,
    BOTTLE_CLASSES
} bottle_class;

enum { BOTTLE_KINDS = 4, BOTTLE_DEFECTS = 2, BOTTLE_KNOTS = 8, BOTTLE_STEPS = 256, BOTTLE_CHANNELS = 6 };

#define BOTTLE_VIEW_MM  200.0f /* what the picture is high, as the scene is set up */
#define BOTTLE_BASE     0.93f  /* where bottles stand, of the picture's height */
#define BOTTLE_SPAN_PX  128u
#define BOTTLE_ART_MORE 1.6f /* pixels of a label's drawing for each of the picture */

/* A product. Colours are of a screen; what takes light does so by exp(-amount), red, green and blue. */
typedef struct bottle_kind {
    const char *name, *brand, *small;
    float       height, radius, wall, fill, foam;
    float       knots[BOTTLE_KNOTS][2]; /* height and radius, upwards; ended by the bottle's height */
    float       rib_from, rib_to;       /* a corrugated body */
    float       cap_radius, cap_height, cap_flare;
    int32_t     cap_ribs;
    float       label_low, label_high, label_half; /* the last in radians to either side */
    float       glass[3], liquid[3];
    uint32_t    cap, paper, ink, accent;
} bottle_kind;

extern const bottle_kind as_bottle_kinds[BOTTLE_KINDS];

typedef struct bottle_defect {
    bottle_class class;
    float    severity, x, y, size, angle, sin, cos, amount; /* amount: mm, as the class needs it */
    int32_t  side;                                          /* -1 or 1 */
    uint32_t seed;
} bottle_defect;

typedef struct bottle_part {
    uint32_t      kind, seed, belt, n_defects;
    float         x_px, base_px, px_per_mm, lean, light, slope;
    float         fill;                   /* level that this one was filled to, were it good */
    float         turn, label_y, label_s; /* of the label: radians about the axis, mm, sine of how askew it sits */
    bottle_defect defects[BOTTLE_DEFECTS];
} bottle_part;

typedef struct bottle_art {
    uint32_t width, height;
    float    px_per_mm;
    float   *texels; /* red, green, blue and nothing, of a place after the other */
} bottle_art;

typedef struct as_bottles {
    uint32_t   width, height, belt_rows;
    float     *memory; /* all that follows lies in it */
    float     *panel[3], *belt;
    float     *tables[BOTTLE_KINDS][2]; /* empty, filled: BOTTLE_STEPS + 2 rows of BOTTLE_CHANNELS */
    bottle_art arts[BOTTLE_KINDS];
} as_bottles;

AS_CHECK bool as_bottles_prepare(const as_twin *twin, as_bottles *bottles, as_err *err);
void          as_bottles_release(as_bottles *bottles);

float as_bottle_radius(const bottle_kind *kind, float y_mm);

/* The part with those of its defects whose bit is set. */
void as_bottle_draw(const as_bottles *bottles, const bottle_part *part, uint32_t shown, const as_canvas *canvas);

/* For bottle_label.c and bottle_draw.c. */
size_t               as_bottle_art_size(const bottle_kind *kind, float px_per_mm, bottle_art *ret); /* floats */
void                 as_bottle_art_draw(const bottle_kind *kind, const bottle_art *art);
const bottle_defect *as_bottle_has(const bottle_part *part, uint32_t shown, bottle_class class);
void as_bottle_draw_label(const as_bottles *bottles, const bottle_part *part, uint32_t shown, const as_canvas *canvas);

#endif
