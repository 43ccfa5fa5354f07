/* SPDX-License-Identifier: Apache-2.0 */
/* pcb.h - printed circuit boards: where things lie on a product, and each of them drawn once, to be laid into pictures.
 *
 * Layer:   twin (scene pcb).
 * Threads: immutable once prepared.
 * Memory:  as_pcb_sprites_size tells what the drawings need, the caller owns it.
 *
 * Lengths are mm, origin in the board's middle.
 */
#ifndef AS_TWIN_PCB_H
#define AS_TWIN_PCB_H

#include "twin/paint.h"

#define PCB_HALF_X     33.0f
#define PCB_HALF_Y     23.0f
#define PCB_MARGIN_MM  3.0f /* around the board in its drawing: its shadow */
#define PCB_MAX_TRACKS 160
#define PCB_MAX_PARTS  64
#define PCB_TRACK_HALF 0.17f
#define PCB_LIGHT_X    -0.56f /* towards the lamp, seen from above */
#define PCB_LIGHT_Y    -0.68f

enum { PCB_RECIPES = 3 };

typedef enum pcb_kind { PCB_CHIP, PCB_RESISTOR, PCB_CAPACITOR, PCB_CAN } pcb_kind;

typedef struct pcb_part {
    pcb_kind kind;
    float    x, y, half_x, half_y; /* of its body; half_x is along the leads' row of a chip */
    bool     upright;              /* a two-pole part that stands along y */
} pcb_part;

typedef struct pcb_track {
    float x0, y0, x1, y1;
    int32_t
        beside; /* of a bus: the next track is parallel, so far away that a bridge can form; -1: not; -2: under a part */
} pcb_track;

typedef struct pcb_layout {
    uint32_t  n_tracks, n_parts;
    pcb_track tracks[PCB_MAX_TRACKS];
    pcb_part  parts[PCB_MAX_PARTS];
} pcb_layout;

/* Something drawn once: out = out * keep + light, so that it brings its shadow with it. */
typedef struct pcb_sprite {
    uint32_t width, height; /* pixels; its middle is the thing's */
    float   *light[3], *keep;
} pcb_sprite;

void as_pcb_lay_out(pcb_layout *layout, uint32_t recipe);

/* Lacquer over bare laminate, and over copper: what an opened and a shorted track look like. */
as_colour as_pcb_laminate(uint32_t recipe);
as_colour as_pcb_copper(uint32_t recipe);

/* Floats that a sprite needs; sets its size alone. */
size_t as_pcb_board_size(float px_per_mm, pcb_sprite *ret);
size_t as_pcb_part_size(const pcb_part *part, float px_per_mm, pcb_sprite *ret);
void   as_pcb_sprite_place(pcb_sprite *sprite, float *memory);

/* work: as much as the sprite. */
void as_pcb_draw_board(const pcb_layout *layout, uint32_t recipe, float px_per_mm, uint32_t seed,
                       const pcb_sprite *sprite, float *work);
void as_pcb_draw_part(const pcb_layout *layout, uint32_t which, uint32_t recipe, float px_per_mm,
                      const pcb_sprite *sprite, float *work);

/* Lays a sprite into the picture; pose: where its middle is and how it is turned, with the scale it was drawn in. */
void as_pcb_lay(const pcb_sprite *sprite, const as_pose *pose, const as_canvas *canvas);

/* A line with round ends. */
void as_pcb_fill(const as_canvas *canvas, const as_pose *pose, const float line[4], float half, as_colour colour,
                 float alpha);

#endif
