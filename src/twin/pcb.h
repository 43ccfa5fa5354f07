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

#include "base/err.h"
#include "base/rng.h"
#include "twin/paint.h"

#define PCB_HALF_X     33.0f
#define PCB_HALF_Y     23.0f
#define PCB_MARGIN_MM  3.0f /* around the board in its drawing: its shadow */
#define PCB_MAX_TRACKS 400
#define PCB_MAX_PARTS  64
#define PCB_MAX_VIAS   96
#define PCB_PART_PADS  16 /* at most */
#define PCB_FINGERS    11
#define PCB_VIA_RADIUS 0.45f
#define PCB_GRID_MM    0.635f /* pads and the bends of tracks lie on it */
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

/* What is soldered on: a rectangle about (x, y), and the place of the grid under it where its track ends. */
typedef struct pcb_pad {
    float x, y, half_x, half_y, end_x, end_y;
} pcb_pad;

/* A straight piece of a track, of which each end is that of the next piece, or lies on a pad or a via. */
typedef struct pcb_track {
    float    x0, y0, x1, y1;
    float    bare0, bare1; /* so much of either end lies under a pad or a via; 0: it goes on there */
    uint32_t net;          /* the same for all pieces that are joined */
    int32_t  beside;       /* a piece of another net, parallel and so near that a bridge can form; -1: none */
} pcb_track;

typedef struct pcb_via {
    float x, y;
} pcb_via;

typedef struct pcb_layout {
    uint32_t  n_tracks, n_parts, n_vias;
    pcb_track tracks[PCB_MAX_TRACKS];
    pcb_part  parts[PCB_MAX_PARTS];
    pcb_via   vias[PCB_MAX_VIAS];
} pcb_layout;

/* Something drawn once: out = out * keep + light, so that it brings its shadow with it. */
typedef struct pcb_sprite {
    uint32_t width, height; /* pixels; its middle is the thing's */
    float   *light[3], *keep;
} pcb_sprite;

/* The pads of a part (at most PCB_PART_PADS), and the gold fingers at the right edge, from 0 to PCB_FINGERS - 1. */
uint32_t as_pcb_pads(const pcb_part *part, pcb_pad *ret);
pcb_pad  as_pcb_finger(uint32_t i);

AS_CHECK bool as_pcb_lay_out(pcb_layout *layout, uint32_t recipe, as_err *err);

/* Parts are there already: the tracks between their pads, as a router lays them, on one side and at angles of 45 degrees. What
 * finds no way goes to a via, and on the other side of the board. The bus's come first: lanes of pieces from pad to pad. */
typedef struct pcb_lane {
    float    x[4], y[4];
    uint32_t n;
} pcb_lane;

AS_CHECK bool as_pcb_route(pcb_layout *layout, const pcb_lane *lanes, uint32_t n_lanes, as_rng *rng, as_err *err);

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
