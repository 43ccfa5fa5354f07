/* SPDX-License-Identifier: Apache-2.0 */
/* setup_priv.h - what drawings of a set-up share: their measures, colours and marks. Private to page.
 *
 * Layer:   page.
 * Threads: pure but for the caller's string.
 * Memory:  appends to the caller's string.
 */
#ifndef AS_PAGE_SETUP_PRIV_H
#define AS_PAGE_SETUP_PRIV_H

#include "page/setup.h"

/* The drawing's own units; a letter is about 12 high. */
#define SETUP_WIDTH   1080.0
#define SETUP_HEIGHT  640.0
#define SETUP_SIDE_X  20.0 /* the panel on the left: from the side */
#define SETUP_SIDE_W  640.0
#define SETUP_PANEL_Y 20.0
#define SETUP_PANEL_H 600.0
#define SETUP_RIGHT_X 680.0
#define SETUP_RIGHT_W 380.0
#define SETUP_TOP_H   284.0
#define SETUP_GRID_Y  324.0
#define SETUP_GRID_H  296.0
#define SETUP_BELT_H  16.0
#define SETUP_LETTER  6.4  /* wide, on the mean */
#define SETUP_OVERLAP 0.05 /* of what a camera sees, with its neighbour */

/* A usual industrial camera and lens, in mm. */
#define SETUP_BODY_MM   29.0
#define SETUP_BODY_L_MM 42.0
#define SETUP_LENS_MM   33.0
#define SETUP_LENS_L_MM 48.0

void as_setup_style(as_str *out, bool alone);
void as_setup_rect(as_str *out, const char *css, double x, double y, double w, double h, double round);
void as_setup_line(as_str *out, const char *css, double x0, double y0, double x1, double y1);
void as_setup_circle(as_str *out, const char *css, double x, double y, double r);
void as_setup_text(as_str *out, const char *css, const char *anchor, double x, double y, const char *text);

/* An arrow's head at (x, y), pointing along (dx, dy), which is one long; and a line with one at each end. */
void as_setup_tip(as_str *out, double x, double y, double dx, double dy);
void as_setup_span(as_str *out, double x0, double y0, double x1, double y1);

/* A camera whose lens ends at (x, y), k drawing units a mm. */
void as_setup_camera(as_str *out, double x, double y, double k);

/* A round length, about a sixth of the left panel, to hold against the rest of what is drawn at `scale` units a mm. */
void as_setup_ruler(as_str *out, double scale);

void as_setup_names(as_str *out, const as_setup *setup); /* camera and lens, above on the right of the left panel */
bool as_setup_is_sound(const as_setup *setup);           /* there is something to draw */

/* The smallest defect on the pixels, in the panel below on the right. */
void as_setup_pixels(as_str *out, const as_setup *setup);

void as_setup_open(as_str *out, const as_setup *setup, bool alone); /* <svg>, title and style; </svg> is the caller's */

#endif
