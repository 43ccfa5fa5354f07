/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured of a model, as one page. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/thread.h"
#include "build_config.h"
#include "engine/onednn.h"
#include "lab/bench.h"
#include "page/html.h"
#include "page/page.h"
#include "page/plot.h"
#include "page/text.h"

enum { PAGE_BINS = 40, PAGE_ROOF_POINTS = 64 };

static const char *const page_css[AS_BENCH_SIDES] = {"s1", "s2"};

/* "3.42 ms"; "-" for what is not known. */
static const char *page_time(double seconds, char *text)
{
    static const struct {
        double      s;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}};
    size_t u = 0;
    while (u + 1 < AS_COUNT(units) && seconds < units[u].s)
        u++;
    if (isnan(seconds))
        snprintf(text, AS_PAGE_TEXT_BYTES, "\xE2\x80\x93");
    else
        snprintf(text, AS_PAGE_TEXT_BYTES, "%.3g %s", seconds / units[u].s, units[u].name);
    return text;
}

static void page_tiles(const as_bench *b, as_str *out)
{
    char text[AS_PAGE_TEXT_BYTES], note[320], ratio[32];
    as_str_add(out, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < b->n_sides; i++) {
        const as_bench_side *side = &b->sides[i];
        if (!side->runs)
            continue;
        snprintf(note, sizeof note, "median of %zu runs; %.4g a second", side->n_runs, side->per_second);
        as_page_tile(out, side->backend, page_time(side->p50, text), note);
    }
    if (!isnan(b->pairs.ratio.median)) {
        snprintf(ratio, sizeof ratio, "%.2f x", b->pairs.ratio.median);
        snprintf(note, sizeof note, "%s against %s: 80 %% of %zu pairs within %.2f to %.2f", b->sides[0].backend,
                 b->sides[1].backend, b->pairs.n, b->pairs.ratio.low, b->pairs.ratio.high);
        as_page_tile(out, "speed", ratio, note);
    }
    if (b->engine) {
        snprintf(note, sizeof note, "%zu steps of the native engine", b->n_steps);
        as_page_tile(out, "on the fast path", as_page_percent(b->fast_share, text), note);
    }
    as_str_add(out, "</dl>\n");
}

static void page_latency_row(const as_bench_side *side, as_str *out)
{
    const double values[] = {side->p50, side->p90, side->p99, side->p999, side->mean};
    char         text[AS_PAGE_TEXT_BYTES];
    as_html_addf(out, "<tr><th scope=\"row\">%s</th>", side->backend);
    if (!side->runs) {
        as_html_addf(out, "<td colspan=\"9\">%s</td></tr>\n", side->why.text);
        return;
    }
    for (size_t i = 0; i < AS_COUNT(values); i++)
        as_html_addf(out, "<td class=\"n\">%s</td>", page_time(values[i], text));
    as_html_addf(out, "<td class=\"n\">%zu</td><td class=\"n\">%.4g</td>", side->n_runs, side->per_second);
    as_html_addf(out, "<td class=\"n\">%s</td>", page_time(side->has_start ? side->start_seconds : NAN, text));
    as_html_addf(out, "<td class=\"n\">%s</td></tr>\n",
                 side->has_start ? as_page_bytes(side->start_bytes, text) : "\xE2\x80\x93");
}

/* Both sides in the same bins, side by side. */
static void page_histogram(const as_bench *b, as_str *out)
{
    double low = INFINITY, high = 0;
    size_t n = b->pairs.n * b->pairs.calls;
    for (int k = 0; k < AS_BENCH_SIDES && b->pairs.times[k]; k++) {
        low = fmin(low, as_quantile_of(b->pairs.times[k], n, 0));
        high = fmax(high, as_quantile_of(b->pairs.times[k], n, 0.995));
    }
    uint64_t counts[AS_BENCH_SIDES][PAGE_BINS] = {{0}}, most = 1;
    for (int k = 0; k < AS_BENCH_SIDES && b->pairs.times[k]; k++) {
        as_plot_count(b->pairs.times[k], n, low, high, counts[k], PAGE_BINS);
        for (int i = 0; i < PAGE_BINS; i++)
            most = AS_MAX(most, counts[k][i]);
    }
    as_plot plot = {.out = out,
                    .title = "how long the runs took",
                    .width = 760,
                    .height = 260,
                    .x = {"milliseconds a run (the slowest 0.5 % stand in the last bar)", low / 1e9, high / 1e9,
                          AS_PLOT_MS, false, false},
                    .y = {"runs", 0, (double)most, AS_PLOT_NUMBER, false, false}};
    as_page_figure(out, "Latency");
    as_str_add(out, "<p class=\"keys\">");
    for (int k = 0; k < AS_BENCH_SIDES && b->pairs.times[k]; k++)
        as_page_key(out, page_css[k], b->sides[k + b->first].backend);
    as_str_add(out, "</p>");
    as_plot_begin(&plot);
    const double step = (plot.x.high - plot.x.low) / PAGE_BINS;
    for (int i = 0; i < PAGE_BINS; i++)
        for (int k = 0; k < AS_BENCH_SIDES && b->pairs.times[k]; k++) {
            char title[AS_PAGE_TEXT_BYTES];
            snprintf(title, sizeof title, "%llu runs", (unsigned long long)counts[k][i]);
            if (counts[k][i])
                as_plot_bar(&plot, page_css[k], plot.x.low + step * (i + 0.5 * k),
                            plot.x.low + step * (i + 0.5 * k + 0.5), 0, (double)counts[k][i], title);
        }
    as_plot_end(&plot);
    as_page_figure_end(out, NULL);
}

static void page_latency(const as_bench *b, as_str *out)
{
    as_page_section(out, "latency", "How long a run takes",
                    "Both sides ran in turn in one process, on the same inputs. A quantile is shown where at least one "
                    "run lies beyond it.");
    as_str_add(out,
               "<figure><div class=\"scroll\"><table>\n<thead><tr><th>back end</th><th class=\"n\">p50</th><th "
               "class=\"n\">p90</th><th class=\"n\">p99</th><th class=\"n\">p99.9</th><th class=\"n\">mean</th><th "
               "class=\"n\">runs</th><th class=\"n\">a second</th><th class=\"n\">file to first result</th><th "
               "class=\"n\">memory for it</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < b->n_sides; i++)
        page_latency_row(&b->sides[i], out);
    as_str_add(out, "</tbody></table></div></figure>\n");
    page_histogram(b, out);
    as_str_add(out, "</section>\n");
}

static void page_agreement(const as_bench *b, as_str *out)
{
    char shape[AS_TENSOR_MAX_RANK * 24];
    if (b->n_outputs == 0)
        return;
    as_page_section(
        out, "agreement", "Do they say the same?",
        "The largest difference of two numbers, over the largest number; and how often the largest of a row "
        "stands at the same place.");
    as_str_add(out, "<figure><div class=\"scroll\"><table>\n<thead><tr><th>output</th><th>shape</th><th "
                    "class=\"n\">difference</th><th class=\"n\">same top class</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < b->n_outputs; i++) {
        const as_bench_output *o = &b->outputs[i];
        as_html_addf(out, "<tr><th scope=\"row\">%s</th><td>%s %s</td><td class=\"n\">%.2g</td>", o->name,
                     as_dtype_name(o->dtype), as_shape_text(&o->shape, shape, sizeof shape), o->difference);
        if (o->n_rows)
            as_html_addf(out, "<td class=\"n\">%zu of %zu</td></tr>\n", o->n_same_top, o->n_rows);
        else
            as_str_add(out, "<td class=\"n\">\xE2\x80\x93</td></tr>\n");
    }
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

/* min(peak, bandwidth x) */
static void page_roof(as_plot *plot, const char *css, double peak, double bandwidth)
{
    double x[PAGE_ROOF_POINTS], y[PAGE_ROOF_POINTS];
    for (int i = 0; i < PAGE_ROOF_POINTS; i++) {
        x[i] = plot->x.low * pow(plot->x.high / plot->x.low, (double)i / (PAGE_ROOF_POINTS - 1));
        y[i] = fmin(peak, bandwidth * x[i]) / 1e9;
    }
    as_plot_line(plot, css, x, y, PAGE_ROOF_POINTS, false);
}

static bool page_roof_range(const as_bench *b, as_plot *plot, bool *ret_int8)
{
    plot->x.low = plot->y.low = INFINITY;
    plot->x.high = 0;
    *ret_int8 = false;
    for (size_t i = 0; i < b->n_steps; i++) {
        const as_bench_step *s = &b->steps[i];
        if (!(s->ops_per_s > 0))
            continue;
        plot->x.low = fmin(plot->x.low, s->intensity / 2);
        plot->x.high = fmax(plot->x.high, s->intensity * 2);
        plot->y.low = fmin(plot->y.low, s->ops_per_s / 2e9);
        plot->y.high = fmax(plot->y.high, s->ops_per_s * 2 / 1e9);
        *ret_int8 = *ret_int8 || s->step.is_int8;
    }
    plot->y.high = fmax(plot->y.high, 2 * (*ret_int8 ? b->peak.int8_ops : b->peak.flops) / 1e9);
    return plot->x.high > 0;
}

static void page_roofline(const as_bench *b, as_str *out)
{
    bool    has_int8;
    as_plot plot = {.out = out,
                    .title = "the layers' arithmetic under the roofs of this processor",
                    .width = 760,
                    .height = 420,
                    .x = {.label = "operations a byte", .log = true},
                    .y = {.label = "GFLOP/s (of whole numbers: GOP/s)", .log = true}};
    if (!page_roof_range(b, &plot, &has_int8))
        return;
    as_page_figure(out, "Roofline");
    as_str_add(out, "<p class=\"keys\">");
    as_page_key(out, "s1", "a layer on the fast path");
    as_page_key(out, "warn", "off it");
    as_page_key(out, "open", "roofs: arithmetic, with data in a cache of 256 KiB, and in memory");
    as_str_add(out, "</p>");
    as_plot_begin(&plot);
    page_roof(&plot, "open", b->peak.flops, as_peak_bandwidth(&b->peak, 256 << 10));
    page_roof(&plot, "open", b->peak.flops, as_peak_memory(&b->peak));
    if (has_int8)
        page_roof(&plot, "open", b->peak.int8_ops, as_peak_bandwidth(&b->peak, 256 << 10));
    for (size_t i = 0; i < b->n_steps; i++) {
        const as_bench_step *s = &b->steps[i];
        char                 title[400];
        if (!(s->ops_per_s > 0))
            continue;
        snprintf(title, sizeof title, "%.200s (%.60s): %.1f GFLOP/s, %.1f operations a byte, %.1f %% of the time",
                 s->step.name, s->step.op, s->ops_per_s / 1e9, s->intensity, 100 * s->share);
        as_plot_dot(&plot, s->step.slow ? "warn" : "s1", s->intensity, s->ops_per_s / 1e9,
                    fmin(fmax(3 + 30 * sqrt(s->share / 3.14), 3), 14), title);
    }
    as_plot_end(&plot);
    as_page_figure_end(out, "A dot is a layer, the larger the more of the time it takes. Operations are those of the "
                            "definition: Winograd's algorithm does fewer, so that its layers may stand above a roof.");
}

static void page_step_row(const as_bench_step *s, as_str *out)
{
    char text[AS_PAGE_TEXT_BYTES];
    as_html_addf(out, "<tr><th scope=\"row\" class=\"name\">%s</th><td>%s%s%s</td><td>%s</td><td class=\"n\">%s</td>",
                 s->step.name, s->step.op, *s->step.fused ? " + " : "", s->step.fused, s->step.how,
                 page_time(s->seconds, text));
    as_html_addf(out, "<td class=\"n\">%s</td>", as_page_percent(s->share, text));
    if (s->n_ops > 0)
        as_html_addf(out, "<td class=\"n\">%.1f</td><td class=\"n\">%.1f</td>", s->ops_per_s / 1e9, s->intensity);
    else
        as_str_add(out, "<td class=\"n\"></td><td class=\"n\"></td>");
    as_html_addf(out, "<td class=\"n\">%.1f</td><td class=\"n\">%s</td><td>%s</td></tr>\n", s->bytes_per_s / 1e9,
                 as_page_percent(s->of_roof, text), as_slow_name(s->step.slow));
}

static void page_slow(const as_bench *b, as_str *out)
{
    char text[AS_PAGE_TEXT_BYTES];
    for (size_t i = 0; i < b->n_slow; i++) {
        const as_bench_slow *slow = &b->slow[i];
        as_html_addf(out, "<p class=\"note warn\"><b>%s, %s of the time in %zu step%s</b>: %s. ",
                     as_slow_name(slow->slow), as_page_percent(slow->share, text), slow->n_steps,
                     slow->n_steps == 1 ? "" : "s", as_slow_reason(slow->slow));
        as_html_addf(out, "Most of it in %s (%s). To change: %s.</p>\n", slow->worst, slow->op,
                     as_slow_advice(slow->slow));
    }
}

static void page_steps(const as_bench *b, as_str *out)
{
    char text[AS_PAGE_TEXT_BYTES], lead[400];
    if (!b->engine) {
        as_page_section(out, "layers", "The layers", NULL);
        as_html_addf(out, "<p class=\"note warn\">The native engine does not run this model: %s</p></section>\n",
                     b->sides[0].why.text);
        return;
    }
    snprintf(
        lead, sizeof lead,
        "The median of %zu runs of the native engine, each step timed: %s together. Roofs measured here: %.0f GFLOP/s, "
        "%.0f GOP/s of whole numbers, %.1f GB/s from memory, on %u thread%s.",
        b->n_step_runs, page_time(b->step_seconds, text), b->peak.flops / 1e9, b->peak.int8_ops / 1e9,
        as_peak_memory(&b->peak) / 1e9, b->peak.threads, b->peak.threads == 1 ? "" : "s");
    as_page_section(out, "layers", "The layers", lead);
    page_slow(b, out);
    page_roofline(b, out);
    as_str_add(out,
               "<figure><div class=\"scroll\"><table>\n<thead><tr><th>layer</th><th>operator</th><th>by</th><th "
               "class=\"n\">time</th><th class=\"n\">share</th><th class=\"n\">GFLOP/s</th><th class=\"n\">op/byte</th>"
               "<th class=\"n\">GB/s</th><th class=\"n\">of its roof</th><th>slow</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < b->n_steps; i++)
        page_step_row(&b->steps[i], out);
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

static void page_machine(const as_bench *b, as_str *out)
{
    as_page_section(out, "machine", "Where this was measured", NULL);
    as_html_addf(out, "<p>%s (%s), %u cores; load %.1f when it began.</p>\n", as_cpu_model(), as_cpu_features(),
                 as_thread_cores(), b->load);
    as_html_addf(out, "<p>Assay %s (%s, %s), oneDNN %s.", AS_VERSION, AS_COMPILER, AS_BUILD_TYPE, as_onednn_version());
    for (size_t i = 0; i < b->n_sides; i++)
        as_html_addf(out, " %s: %s.", b->sides[i].backend, b->sides[i].about);
    as_str_add(out, "</p>\n</section>\n");
}

void as_bench_page(const as_bench *b, const char *model, size_t model_bytes, as_str *out)
{
    static const as_page_link links[] = {
        {"latency", "Latency"}, {"agreement", "Agreement"}, {"layers", "Layers"}, {"machine", "Machine"}};
    char title[300], day[AS_PAGE_TEXT_BYTES], bytes[AS_PAGE_TEXT_BYTES], input[64];
    snprintf(title, sizeof title, "%.250s: speed", model);
    if (b->n_images)
        snprintf(input, sizeof input, "%zu pictures", b->n_images);
    else
        snprintf(input, sizeof input, "random numbers");
    as_page_begin(out, title);
    as_str_add(out, "<header>\n");
    as_html_addf(out, "<h1>%s</h1>\n", model);
    as_html_addf(out, "<p class=\"lead\">How fast it runs here. %s; %s, batch %zu, %u thread%s, fed with %s.</p>\n",
                 as_page_day(b->when_utc, day), as_page_bytes(model_bytes, bytes), (size_t)b->cfg.batch, b->cfg.threads,
                 b->cfg.threads == 1 ? "" : "s", input);
    if (b->pairs.n < AS_PAIRS_MIN_SOUND)
        as_html_addf(out, "<p class=\"note warn\">%zu pairs are no evidence: %d are needed.</p>\n", b->pairs.n,
                     AS_PAIRS_MIN_SOUND);
    as_page_nav(out, links, AS_COUNT(links));
    as_str_add(out, "</header>\n");
    page_tiles(b, out);
    page_latency(b, out);
    page_agreement(b, out);
    page_steps(b, out);
    page_machine(b, out);
    as_page_end(out);
}
