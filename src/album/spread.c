/* SPDX-License-Identifier: Apache-2.0 */
/* How what was measured is distributed, with the limits of the spec; by class and split, by camera and by time. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "album/gather.h"
#include "album/quantity.h"
#include "page/html.h"
#include "page/plot.h"
#include "page/text.h"

#define SPREAD_MOST_DOTS    1500
#define SPREAD_MOST_CAMERAS 4
#define SPREAD_LEAST_TIME   (60 * AS_NS_PER_S) /* files that were copied have one time */

typedef struct spread_values {
    double *kept, *refused;
    size_t  n_kept, n_refused; /* refused: 0 where it was not asked for */
} spread_values;

static bool spread_collect(const as_album *album, const as_quantity *q, spread_values *ret, as_err *err)
{
    size_t n = as_manifest_count(album->manifest);
    *ret =
        (spread_values){.kept = calloc(n + 1, sizeof(double)), .refused = calloc(album->n_refused + 1, sizeof(double))};
    if (!ret->kept || !ret->refused)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu values", n);
    for (; ret->n_kept < n; ret->n_kept++)
        ret->kept[ret->n_kept] =
            as_quantity_value(q, as_manifest_at(album->manifest, ret->n_kept), as_notes_of(album->notes, ret->n_kept));
    for (size_t i = 0; i < album->n_refused; i++)
        if (album->refused[i].waits)
            ret->refused[ret->n_refused++] =
                as_quantity_value(q, as_manifest_at(album->refused[i].one, 0), &album->refused[i].note);
    return true;
}

static void spread_done(spread_values *values)
{
    free(values->kept);
    free(values->refused);
}

static void spread_value_text(const as_quantity *q, double v, char text[AS_PAGE_TEXT_BYTES])
{
    if (q->unit == AS_PLOT_PERCENT)
        as_page_percent(v, text);
    else if (strcmp(q->key, "bytes") == 0)
        as_page_bytes((uint64_t)fmax(v, 0), text);
    else
        snprintf(text, AS_PAGE_TEXT_BYTES, "%.4g", v);
}

static void spread_bars(as_plot *plot, const as_quantity *q, const as_bins *bins, const uint64_t *kept,
                        const uint64_t *refused)
{
    for (size_t b = 0; b < bins->n; b++) {
        double x0 = bins->low + (bins->high - bins->low) * (double)b / (double)bins->n;
        double x1 = bins->low + (bins->high - bins->low) * (double)(b + 1) / (double)bins->n;
        char   from[AS_PAGE_TEXT_BYTES], to[AS_PAGE_TEXT_BYTES], title[200];
        spread_value_text(q, x0, from);
        spread_value_text(q, x1, to);
        snprintf(title, sizeof title, "%s to %s: %" PRIu64 " kept, %" PRIu64 " refused", from,
                 bins->open && b + 1 == bins->n ? "more" : to, kept[b], refused[b]);
        if (kept[b])
            as_plot_bar(plot, "s1", x0, x1, 0, (double)kept[b], title);
        if (refused[b])
            as_plot_bar(plot, "bad", x0, x1, (double)kept[b], (double)(kept[b] + refused[b]), title);
    }
}

static void spread_caption(const as_quantity *q, const as_spread *spread, double limit, size_t n_unknown, as_str *out)
{
    char low[AS_PAGE_TEXT_BYTES], middle[AS_PAGE_TEXT_BYTES], high[AS_PAGE_TEXT_BYTES], text[400];
    spread_value_text(q, as_spread_quantile(spread, 0.05), low);
    spread_value_text(q, as_spread_quantile(spread, 0.5), middle);
    spread_value_text(q, as_spread_quantile(spread, 0.95), high);
    int    n = snprintf(text, sizeof text, "Median %s, nine of ten between %s and %s. %s", middle, low, high,
                     q->caption ? q->caption : "");
    size_t at = AS_MIN((size_t)AS_MAX(n, 0), sizeof text - 1);
    if (isnan(limit) && q->check)
        at += (size_t)AS_MAX(snprintf(text + at, sizeof text - at, " No limit is set."), 0);
    if (n_unknown && at < sizeof text)
        snprintf(text + at, sizeof text - at, " Of %zu it is not known.", n_unknown);
    as_page_figure_end(out, text);
}

static bool spread_plot(const as_album *album, const as_quantity *q, as_str *out, as_err *err)
{
    spread_values values;
    as_spread     spread = {0}, both = {0};
    uint64_t      kept[AS_BINS_MOST], refused[AS_BINS_MOST], most = 1;
    double        limit = as_quantity_limit(q, album->spec);
    double       *all = NULL;
    bool          ok = spread_collect(album, q, &values, err);
    ok = ok && (all = calloc(values.n_kept + values.n_refused + 1, sizeof *all)) != NULL;
    if (ok) {
        memcpy(all, values.kept, values.n_kept * sizeof *all);
        memcpy(all + values.n_kept, values.refused, values.n_refused * sizeof *all);
    }
    ok = ok && as_spread_make(&spread, values.kept, values.n_kept, err) &&
         as_spread_make(&both, all, values.n_kept + values.n_refused, err);
    if (ok && spread.n) {
        as_bins bins = as_bins_for(q, &both, limit);
        as_plot_count(values.kept, values.n_kept, bins.low, bins.high, kept, bins.n);
        as_plot_count(values.refused, values.n_refused, bins.low, bins.high, refused, bins.n);
        for (size_t b = 0; b < bins.n; b++)
            most = AS_MAX(most, kept[b] + refused[b]);
        as_plot plot = {.out = out,
                        .title = q->title,
                        .height = 200,
                        .x = {q->axis, bins.low, bins.high, q->unit, false, false},
                        .y = {"pictures", 0, (double)most * 1.15, AS_PLOT_NUMBER, false, false}};
        as_page_figure(out, q->title);
        as_plot_begin(&plot);
        spread_bars(&plot, q, &bins, kept, refused);
        if (isfinite(limit) && limit >= bins.low && limit <= bins.high)
            as_plot_mark_x(&plot, "bad", limit, q->side == AS_SIDE_LEAST ? "least" : "most", 0);
        as_plot_end(&plot);
        spread_caption(q, &spread, limit, values.n_kept - spread.n, out);
    }
    free(all);
    as_spread_done(&spread);
    as_spread_done(&both);
    spread_done(&values);
    return ok;
}

typedef struct spread_times {
    as_ns       first, last;
    const char *cameras[SPREAD_MOST_CAMERAS];
    size_t      n_cameras;
    bool        more; /* cameras */
} spread_times;

static spread_times spread_times_of(const as_album *album)
{
    spread_times t = {.first = INT64_MAX, .last = INT64_MIN};
    for (size_t i = 0; i < as_manifest_count(album->manifest); i++) {
        const as_sample *s = as_manifest_at(album->manifest, i);
        size_t           c = 0;
        if (s->utc) {
            t.first = AS_MIN(t.first, s->utc);
            t.last = AS_MAX(t.last, s->utc);
        }
        while (c < t.n_cameras && strcmp(t.cameras[c], s->camera) != 0)
            c++;
        if (c == t.n_cameras && c < SPREAD_MOST_CAMERAS)
            t.cameras[t.n_cameras++] = s->camera;
        else if (c == t.n_cameras)
            t.more = true;
    }
    return t;
}

static const char *const spread_tones[SPREAD_MOST_CAMERAS + 1] = {"s1", "s2", "good", "warn", "open"};

static const char *spread_tone(const spread_times *t, const char *camera)
{
    size_t c = 0;
    while (c < t->n_cameras && strcmp(t->cameras[c], camera) != 0)
        c++;
    return spread_tones[c];
}

static void spread_keys(const spread_times *t, as_str *out)
{
    as_str_add(out, "<p class=\"keys\">");
    for (size_t c = 0; c < t->n_cameras; c++)
        as_page_key(out, spread_tones[c], *t->cameras[c] ? t->cameras[c] : "files");
    if (t->more)
        as_page_key(out, spread_tones[SPREAD_MOST_CAMERAS], "others");
    as_str_add(out, "</p>\n");
}

/* Each picture a dot at its time: a lamp that ages, a lens that was moved. */
static void spread_over_time(const as_album *album, const as_quantity *q, const spread_times *t, as_str *out)
{
    size_t n = as_manifest_count(album->manifest), step = n / SPREAD_MOST_DOTS + 1;
    double high = 0, limit = as_quantity_limit(q, album->spec), hours = (double)(t->last - t->first) / 3.6e12;
    char   from[AS_PAGE_TEXT_BYTES], to[AS_PAGE_TEXT_BYTES], caption[300], title[120];
    for (size_t i = 0; i < n; i += step)
        high = fmax(high, as_quantity_value(q, as_manifest_at(album->manifest, i), as_notes_of(album->notes, i)));
    snprintf(title, sizeof title, "%s over time", q->title);
    bool    days = hours > 72;
    as_plot plot = {
        .out = out,
        .title = title,
        .height = 210,
        .x = {days ? "days since the first" : "hours since the first", 0, days ? hours / 24 : hours, AS_PLOT_NUMBER,
              false, false},
        .y = {q->axis, 0, fmax(high, isfinite(limit) && limit < 4 * high ? limit : 0) * 1.1, q->unit, false, false}};
    as_page_figure(out, title);
    if (t->n_cameras > 1)
        spread_keys(t, out);
    as_plot_begin(&plot);
    for (size_t i = 0; i < n; i += step) {
        const as_sample *s = as_manifest_at(album->manifest, i);
        double           hour = (double)(s->utc - t->first) / 3.6e12;
        if (s->utc)
            as_plot_dot(&plot, spread_tone(t, s->camera), days ? hour / 24 : hour,
                        as_quantity_value(q, s, as_notes_of(album->notes, i)), 2.6, NULL);
    }
    if (isfinite(limit) && limit < plot.y.high)
        as_plot_mark_y(&plot, "bad", limit, q->side == AS_SIDE_LEAST ? "least" : "most");
    as_plot_end(&plot);
    snprintf(caption, sizeof caption, "From %s to %s%s", as_page_day(t->first, from), as_page_day(t->last, to),
             step > 1 ? "; every few pictures a dot." : ", each picture a dot.");
    as_page_figure_end(out, caption);
}

bool as_album_distributions(const as_album *album, as_str *out, as_err *err)
{
    const as_quantity *q;
    as_page_section(out, "distributions", "How it is distributed",
                    album->n_refused
                        ? "What was kept in blue, what was refused and waits in red, the limits of assay.yaml "
                          "as dashed lines."
                        : "The limits of assay.yaml are dashed lines.");
    as_str_add(out, "<div class=\"pair\">\n");
    bool ok = true;
    for (size_t i = 0; ok && (q = as_quantity_at(i)); i++)
        ok = spread_plot(album, q, out, err);
    spread_times t = spread_times_of(album);
    if (ok && t.first < t.last && t.last - t.first >= SPREAD_LEAST_TIME) {
        spread_over_time(album, as_quantity_at(0), &t, out);
        spread_over_time(album, as_quantity_at(1), &t, out);
    }
    as_str_add(out, "</div>\n</section>\n");
    return ok;
}
