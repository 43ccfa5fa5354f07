/* SPDX-License-Identifier: Apache-2.0 */
/* person.h - somebody who walks into the picture: head and shoulders, drawn so that what looks for faces finds one.
 *
 * Layer:   twin.
 * Threads: pure; a canvas belongs to one thread.
 * Memory:  none.
 *
 * Nobody's picture went into it: a face is a rounded head under a lamp with eyes, brows, nose and mouth where most have them.
 */
#ifndef AS_TWIN_PERSON_H
#define AS_TWIN_PERSON_H

#include "twin/paint.h"
#include "twin/twin.h"

typedef struct as_person {
    float    x_px, y_px, unit_px; /* middle of the head, and half of its height */
    float    sin, cos;            /* the head is inclined */
    uint32_t seed;                /* whose face it is */
} as_person;

/* Where the person is while that part passes: from part to part a little further on. face_share: height of the face (hairline
 * to chin) of the picture's. */
as_person as_person_at(const as_twin_cfg *cfg, uint64_t part, uint32_t view, double face_share);

void as_person_draw(const as_person *person, const as_canvas *canvas); /* canvas->g NULL: one plane of grey */

/* The upright box of the face, from hairline to chin, cut to the picture; all 0 when nothing of it is there. */
void as_person_box(const as_person *person, const as_canvas *canvas, float box_px[4]);

#endif
