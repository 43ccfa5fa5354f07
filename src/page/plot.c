/* SPDX-License-Identifier: Apache-2.0 */
#include "page/plot.h"

#include <math.h>
#include <string.h>

#include "page/html.h"

#define PLOT_WIDTH      480.0
#define PLOT_HEIGHT     280.0
#define PLOT_LINE       15.0 /* of text */
#define PLOT_CHAR       6.6  /* a letter is about that wide */
#define PLOT_GAUGE_W    150.0
#define PLOT_GAUGE_H    22.0
#define PLOT_STEP       0.3 /* what moves less is left out */
#define PLOT_LABEL_SIZE 32

static double plot_share(const as_plot_axis *axis, double v)
{
    double share = axis->log ? log(fmax(v, axis->low) / axis->low) / log(axis->high / axis->low)
                             : (v - axis->low) / (axis->high - axis->low);
    return fmin(fmax(share, 0), 1);
}

static double plot_x(const as_plot *plot, double v)
{
    return plot->left + plot_share(&plot->x, v) * (plot->right - plot->left);
}

static double plot_y(const as_plot *plot, double v)
{
    return plot->bottom - plot_share(&plot->y, v) * (plot->bottom - plot->top);
}

static size_t plot_log_ticks(double low, double high, double *ret)
{
    bool   few = log10(high / low) < 2.5;
    size_t n = 0;
    for (int decade = (int)floor(log10(low)); n < AS_PLOT_MAX_TICKS && pow(10, decade) <= high; decade++)
        for (int step = 0; step < 3 && n < AS_PLOT_MAX_TICKS; step++) {
            static const int steps[] = {1, 2, 5};
            double           v = pow(10, decade) * steps[step];
            if ((few || step == 0) && v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9))
                ret[n++] = v;
        }
    return n;
}

size_t as_plot_ticks(double low, double high, unsigned want, bool is_log, double *ret)
{
    if (!isfinite(low) || !isfinite(high) || !(high > low) || want == 0 || (is_log && !(low > 0)))
        return 0;
    if (is_log)
        return plot_log_ticks(low, high, ret);
    double raw = (high - low) / want, base = pow(10, floor(log10(raw))), part = raw / base;
    double step = base * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
    size_t n = 0;
    for (double i = ceil(low / step - 1e-9); n < AS_PLOT_MAX_TICKS && i * step <= high + step * 1e-9; i++)
        ret[n++] = i * step + 0.0; /* no "-0" */
    return n;
}

/* Digits that tell ticks apart which stand `step` from each other. */
static int plot_digits(double step)
{
    return step > 0 ? (int)fmin(fmax(ceil(-log10(step) - 1e-9), 0), 6) : 0;
}

static void plot_tick_text(const as_plot_axis *axis, double v, double step, char *text)
{
    double scale = axis->unit == AS_PLOT_PERCENT ? 100 : axis->unit == AS_PLOT_MS ? 1e3 : 1;
    as_str built;
    as_str_init(&built);
    if (axis->log)
        as_str_addf(&built, "%.6g", v * scale);
    else if (fabs(v * scale) >= 1e6)
        as_str_addf(&built, "%.3g", v * scale);
    else
        as_str_addf(&built, "%.*f", plot_digits(step * scale), v * scale);
    as_str_addf(&built, "%s", axis->unit == AS_PLOT_PERCENT ? " %" : "");
    as_str_copy(text, PLOT_LABEL_SIZE, built.s);
    as_str_done(&built);
}

static void plot_text(as_plot *plot, const char *css, const char *anchor, double x, double y, const char *text)
{
    as_html_addf(plot->out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", css, anchor, x, y,
                 text);
}

static void plot_segment(as_plot *plot, const char *css, double x0, double y0, double x1, double y1)
{
    as_html_addf(plot->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", css, x0, y0, x1,
                 y1);
}

static void plot_axis_x(as_plot *plot)
{
    double ticks[AS_PLOT_MAX_TICKS];
    size_t n = plot->x.bare ? 0 : as_plot_ticks(plot->x.low, plot->x.high, 6, plot->x.log, ticks);
    for (size_t i = 0; i < n; i++) {
        char text[PLOT_LABEL_SIZE];
        plot_tick_text(&plot->x, ticks[i], n > 1 ? ticks[1] - ticks[0] : 1, text);
        plot_segment(plot, "grid", plot_x(plot, ticks[i]), plot->top, plot_x(plot, ticks[i]), plot->bottom);
        plot_text(plot, "tick", "middle", plot_x(plot, ticks[i]), plot->bottom + PLOT_LINE, text);
    }
    plot_segment(plot, "axis", plot->left, plot->bottom, plot->right, plot->bottom);
    if (plot->x.label)
        plot_text(plot, "label", "middle", (plot->left + plot->right) / 2, plot->height - 4, plot->x.label);
}

static void plot_axis_y(as_plot *plot)
{
    double ticks[AS_PLOT_MAX_TICKS];
    size_t n = plot->y.bare ? 0 : as_plot_ticks(plot->y.low, plot->y.high, 5, plot->y.log, ticks);
    for (size_t i = 0; i < n; i++) {
        char text[PLOT_LABEL_SIZE];
        plot_tick_text(&plot->y, ticks[i], n > 1 ? ticks[1] - ticks[0] : 1, text);
        plot_segment(plot, "grid", plot->left, plot_y(plot, ticks[i]), plot->right, plot_y(plot, ticks[i]));
        plot_text(plot, "tick", "end", plot->left - 6, plot_y(plot, ticks[i]) + 4, text);
    }
    if (plot->y.label)
        plot_text(plot, "label", "start", 0, plot->top - 9, plot->y.label);
}

static void plot_widen(as_plot_axis *axis)
{
    if (!isfinite(axis->low) || (axis->log && !(axis->low > 0)))
        axis->low = axis->log ? 1e-3 : 0;
    if (!isfinite(axis->high) || axis->high - axis->low < 1e-12 * fmax(fabs(axis->low), 1))
        axis->high = axis->log ? axis->low * 10 : axis->low + fmax(fabs(axis->low), 1);
}

void as_plot_begin(as_plot *plot)
{
    plot_widen(&plot->x);
    plot_widen(&plot->y);
    if (!(plot->width > 0))
        plot->width = PLOT_WIDTH;
    if (!(plot->height > 0))
        plot->height = PLOT_HEIGHT;
    plot->left = plot->y.bare ? 6 : 46;
    plot->top = plot->y.label ? 26 : 12;
    plot->right = plot->width - 20;
    plot->bottom = plot->height - (plot->x.bare ? 4 : PLOT_LINE + 6) - (plot->x.label ? PLOT_LINE + 2 : 0);
    as_html_addf(plot->out,
                 "<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">"
                 "<title>%s</title>",
                 plot->width, plot->height, plot->title ? plot->title : "");
    plot_axis_y(plot);
    plot_axis_x(plot);
}

void as_plot_end(as_plot *plot)
{
    as_str_add(plot->out, "</svg>\n");
}

static bool plot_is_point(const double *x, const double *y, size_t i)
{
    return isfinite(x[i]) && isfinite(y[i]);
}

/* Every point of a run without gaps: "M x y L x y ...". */
static void plot_path(as_plot *plot, const double *x, const double *y, size_t from, size_t to)
{
    double at_x = -1, at_y = -1;
    for (size_t i = from; i < to; i++) {
        double next_x = plot_x(plot, x[i]), next_y = plot_y(plot, y[i]);
        if (fabs(next_x - at_x) + fabs(next_y - at_y) < PLOT_STEP && i + 1 < to)
            continue; /* a curve of a million points draws no more than can be seen */
        as_html_addf(plot->out, "%s%.1f %.1f", i == from ? "M" : "L", next_x, next_y);
        at_x = next_x;
        at_y = next_y;
    }
}

void as_plot_line(as_plot *plot, const char *css, const double *x, const double *y, size_t n, bool filled)
{
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && plot_is_point(x, y, end); end++) {
        }
        if (end == i) {
            end++;
            continue;
        }
        if (filled && end - i > 1) {
            as_html_addf(plot->out, "<path class=\"area %s\" d=\"", css);
            plot_path(plot, x, y, i, end);
            as_html_addf(plot->out, "L%.1f %.1fL%.1f %.1fZ\"/>", plot_x(plot, x[end - 1]), plot->bottom,
                         plot_x(plot, x[i]), plot->bottom);
        }
        if (end - i == 1) {
            as_plot_dot(plot, css, x[i], y[i], 3, NULL);
            continue;
        }
        as_html_addf(plot->out, "<path class=\"line %s\" d=\"", css);
        plot_path(plot, x, y, i, end);
        as_str_add(plot->out, "\"/>");
    }
}

static void plot_close(as_plot *plot, const char *element, const char *title)
{
    if (title)
        as_html_addf(plot->out, "><title>%s</title></%s>", title, element);
    else
        as_str_add(plot->out, "/>");
}

void as_plot_bar(as_plot *plot, const char *css, double x0, double x1, double y0, double y1, const char *title)
{
    if (!isfinite(x0) || !isfinite(x1) || !isfinite(y0) || !isfinite(y1))
        return;
    double left = plot_x(plot, fmin(x0, x1)), right = plot_x(plot, fmax(x0, x1));
    double top = plot_y(plot, fmax(y0, y1)), bottom = plot_y(plot, fmin(y0, y1));
    double gap = right - left > 4 ? 1 : 0; /* between neighbours */
    if (bottom <= top)
        return;
    as_html_addf(plot->out, "<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", css,
                 left + gap / 2, top, fmax(right - left - gap, 0.5), bottom - top);
    plot_close(plot, "rect", title);
}

void as_plot_dot(as_plot *plot, const char *css, double x, double y, double radius, const char *title)
{
    if (!isfinite(x) || !isfinite(y))
        return;
    as_html_addf(plot->out, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", css, plot_x(plot, x),
                 plot_y(plot, y), radius);
    plot_close(plot, "circle", title);
}

void as_plot_whisker(as_plot *plot, const char *css, double x, double low, double high)
{
    if (!isfinite(x) || !isfinite(low) || !isfinite(high))
        return;
    as_html_addf(plot->out, "<line class=\"whisker %s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", css,
                 plot_x(plot, x), plot_y(plot, low), plot_x(plot, x), plot_y(plot, high));
}

void as_plot_mark_x(as_plot *plot, const char *css, double x, const char *label, unsigned line)
{
    if (!isfinite(x))
        return;
    double at = plot_x(plot, x), width = label ? (double)strlen(label) * PLOT_CHAR : 0;
    bool   left = at + width + 6 > plot->right;
    as_html_addf(plot->out, "<line class=\"mark %s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", css, at,
                 plot->top, at, plot->bottom);
    if (label)
        plot_text(plot, css, left ? "end" : "start", left ? at - 5 : at + 5, plot->top + 11 + line * PLOT_LINE, label);
}

void as_plot_mark_y(as_plot *plot, const char *css, double y, const char *label)
{
    if (!isfinite(y))
        return;
    double at = plot_y(plot, y);
    as_html_addf(plot->out, "<line class=\"mark %s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", css,
                 plot->left, at, plot->right, at);
    if (label)
        plot_text(plot, css, "end", plot->right - 4, at - 5, label);
}

void as_plot_reference(as_plot *plot, double x0, double y0, double x1, double y1)
{
    plot_segment(plot, "reference", plot_x(plot, x0), plot_y(plot, y0), plot_x(plot, x1), plot_y(plot, y1));
}

void as_plot_gauge_add(as_str *out, const as_plot_gauge *gauge)
{
    as_plot plot = {.out = out,
                    .x = {.low = gauge->from, .high = gauge->to},
                    .left = 5,
                    .right = PLOT_GAUGE_W - 5,
                    .top = 0,
                    .bottom = PLOT_GAUGE_H};
    plot_widen(&plot.x);
    double target = plot_x(&plot, gauge->target), value = plot_x(&plot, gauge->value), middle = PLOT_GAUGE_H / 2;
    double low = isnan(gauge->low) ? value : plot_x(&plot, gauge->low);
    double high = isnan(gauge->high) ? value : plot_x(&plot, gauge->high);
    double goal = gauge->at_least ? target : plot.left;
    as_html_addf(out,
                 "<svg class=\"gauge\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">"
                 "<title>%s</title><rect class=\"track\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"6\" rx=\"3\"/>",
                 PLOT_GAUGE_W, PLOT_GAUGE_H, gauge->title ? gauge->title : "", plot.left, middle - 3,
                 plot.right - plot.left);
    as_html_addf(out, "<rect class=\"goal\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"6\" rx=\"3\"/>", goal,
                 middle - 3, gauge->at_least ? plot.right - target : target - plot.left);
    if (isfinite(gauge->value))
        as_html_addf(out,
                     "<rect class=\"range %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"6\" rx=\"3\"/>"
                     "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>",
                     gauge->css, low, middle - 3, fmax(high - low, 0), gauge->css, value, middle);
    as_html_addf(out, "<line class=\"target\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/></svg>", target, 1.0,
                 target, PLOT_GAUGE_H - 1);
}

void as_plot_count(const double *values, size_t n, double low, double high, uint64_t *counts, size_t bins)
{
    memset(counts, 0, bins * sizeof *counts);
    for (size_t i = 0; bins && i < n; i++) {
        if (isnan(values[i]))
            continue;
        double share = high > low ? (values[i] - low) / (high - low) : 0;
        counts[(size_t)fmin(fmax(share, 0) * (double)bins, (double)bins - 1)]++;
    }
}
