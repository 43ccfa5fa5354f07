/* SPDX-License-Identifier: Apache-2.0 */
/* plot.h - small drawings in a page: lines, bars, marks and axes as SVG.
 *
 * Layer:   page (may use base/).
 * Threads: a plot belongs to one thread.
 * Memory:  appends to the caller's string; texts are borrowed during the call.
 *
 * Colours come from the page: `css` names a class ("s1", "good", "bad", ...), so that one drawing serves light and dark.
 * Each drawing has a title that is read aloud, and its marks may have one of their own that shows under the pointer.
 */
#ifndef AS_PAGE_PLOT_H
#define AS_PAGE_PLOT_H

#include "base/str.h"

typedef enum as_plot_unit {
    AS_PLOT_NUMBER,
    AS_PLOT_PERCENT, /* of ratios */
    AS_PLOT_MS       /* of seconds */
} as_plot_unit;

typedef struct as_plot_axis {
    const char  *label;
    double       low, high;
    as_plot_unit unit;
    bool         log;  /* low > 0 */
    bool         bare; /* neither grid nor numbers */
} as_plot_axis;

typedef struct as_plot {
    as_str      *out;
    const char  *title;         /* what is seen, in words */
    double       width, height; /* in the drawing's own units, of which a letter is about 12 high; 0: 480 x 280 */
    as_plot_axis x, y;
    double       left, top, right, bottom; /* of the area inside the axes; set by begin */
} as_plot;

/* Writes <svg>, grid, numbers and labels. An axis without extent is widened. */
void as_plot_begin(as_plot *plot);
void as_plot_end(as_plot *plot);

/* Through n points; one that is not finite breaks the line. filled: what is below it is tinted. */
void as_plot_line(as_plot *plot, const char *css, const double *x, const double *y, size_t n, bool filled);

/* A rectangle between two corners. title may be NULL, here and below. */
void as_plot_bar(as_plot *plot, const char *css, double x0, double x1, double y0, double y1, const char *title);
void as_plot_dot(as_plot *plot, const char *css, double x, double y, double radius, const char *title);

/* A vertical line from low to high at x. */
void as_plot_whisker(as_plot *plot, const char *css, double x, double low, double high);

/* A dashed line across the drawing at a value of x, labelled at its upper end, `line` lines of text below it. */
void as_plot_mark_x(as_plot *plot, const char *css, double x, const char *label, unsigned line);
void as_plot_mark_y(as_plot *plot, const char *css, double y, const char *label);

/* A straight reference line between two points. */
void as_plot_reference(as_plot *plot, double x0, double y0, double x1, double y1);

/* Where a value lies, how sure that is, and what was asked for: on one small bar. */
typedef struct as_plot_gauge {
    const char *title, *css;
    double      from, to;         /* ends of the bar */
    double      value, low, high; /* low, high: NAN where there is no bound */
    double      target;
    bool        at_least;
} as_plot_gauge;

void as_plot_gauge_add(as_str *out, const as_plot_gauge *gauge);

/* Round numbers from low to high, about `want` of them: at most AS_PLOT_MAX_TICKS into ret. Returns how many. */
#define AS_PLOT_MAX_TICKS 24
size_t as_plot_ticks(double low, double high, unsigned want, bool is_log, double *ret);

/* Counts of n values in `bins` equal bins from low to high; what lies outside goes into the nearest; NAN is left out. */
void as_plot_count(const double *values, size_t n, double low, double high, uint64_t *counts, size_t bins);

#endif
