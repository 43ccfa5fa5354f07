/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report_page.h"
#include "page/html.h"
#include "page/plot.h"

#define DATA_BINS             32
#define DATA_LEAST_SHARE      0.01 /* shares are drawn to here at least: less is nothing */
#define DATA_MOST_QUARANTINED 12

static void data_counts(const as_report *report, as_str *out)
{
    const as_spec *spec = report->spec;
    uint64_t       n[AS_SPEC_MAX_CLASSES][AS_SPLIT_COUNT] = {{0}}, sum[AS_SPLIT_COUNT] = {0}, all = 0;
    for (size_t i = 0; i < as_dataset_count(report->dataset); i++) {
        as_split split = as_dataset_sample(report->dataset, i)->split;
        if (as_dataset_class(report->dataset, i) == AS_DATASET_NO_CLASS)
            continue;
        n[as_dataset_class(report->dataset, i)][split]++;
        sum[split]++;
        all++;
    }
    as_page_figure(out, "Pictures by class and split");
    as_str_add(out,
               "<div class=\"scroll\"><table>\n<thead><tr><th>Class</th><th class=\"n\">training</th><th "
               "class=\"n\">validation</th><th class=\"n\">test</th><th class=\"n\">all</th></tr></thead>\n<tbody>\n");
    for (size_t c = 0; c < spec->n_classes; c++) {
        uint64_t row = 0;
        as_html_addf(out, "<tr><th scope=\"row\" class=\"name\">%s</th>", spec->classes[c].name);
        for (as_split s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++) {
            row += n[c][s];
            as_html_addf(out, "<td class=\"n\">%lu</td>", (unsigned long)n[c][s]);
        }
        as_page_share_cell(out, row, all);
        as_str_add(out, "</tr>\n");
    }
    as_str_add(out, "<tr class=\"sum\"><th scope=\"row\">all</th>");
    for (as_split s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        as_html_addf(out, "<td class=\"n\">%lu</td>", (unsigned long)sum[s]);
    as_html_addf(out, "<td class=\"n\">%lu</td></tr>\n</tbody></table></div>\n", (unsigned long)all);
    as_page_figure_end(out, "Pictures of one part, and identical ones, are always in the same split.");
}

static void data_examples(const as_report *report, as_str *out)
{
    const as_spec *spec = report->spec;
    as_str_add(out, "<div class=\"examples\">\n");
    for (size_t c = 0; c < spec->n_classes; c++) {
        if (!report->examples[c].jpeg)
            continue;
        as_str_add(out, "<figure class=\"example\">");
        as_page_picture_add(out, &report->examples[c], spec->classes[c].name);
        as_html_addf(out, "<figcaption><b class=\"name\">%s</b> <span class=\"soft\">%s</span></figcaption></figure>\n",
                     spec->classes[c].name, as_verdict_name(spec->classes[c].verdict));
    }
    as_str_add(out, "</div>\n");
}

typedef struct data_plot {
    const char *title, *label, *caption, *mark;
    double      limit; /* what intake refuses; NAN: nothing */
    bool        percent;
} data_plot;

static void data_histogram(const data_plot *what, const double *values, size_t n, as_str *out)
{
    uint64_t counts[DATA_BINS], most = 0;
    double   low = INFINITY, high = -INFINITY;
    size_t   known = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        known++;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    if (known == 0)
        return;
    if (what->percent) {
        low = 0;
        high = fmax(high, DATA_LEAST_SHARE);
    }
    if (!isnan(what->limit) && what->limit < low && what->limit > 0)
        low = what->limit * 0.9;
    if (high - low < 1e-9)
        high = low + (what->percent ? 0.01 : 1);
    as_plot_count(values, n, low, high, counts, DATA_BINS);
    for (size_t b = 0; b < DATA_BINS; b++)
        most = AS_MAX(most, counts[b]);
    as_plot plot = {.out = out,
                    .title = what->title,
                    .height = 200,
                    .x = {what->label, low, high, what->percent ? AS_PLOT_PERCENT : AS_PLOT_NUMBER, false, false},
                    .y = {"pictures", 0, (double)most * 1.1, AS_PLOT_NUMBER, false, false}};
    as_page_figure(out, what->title);
    as_plot_begin(&plot);
    for (size_t b = 0; b < DATA_BINS; b++) {
        double x0 = low + (high - low) * (double)b / DATA_BINS, x1 = low + (high - low) * (double)(b + 1) / DATA_BINS;
        char   title[96];
        snprintf(title, sizeof title, "%.4g to %.4g: %" PRIu64 " pictures", x0, x1, counts[b]);
        if (counts[b])
            as_plot_bar(&plot, "s1", x0, x1, 0, (double)counts[b], title);
    }
    if (what->limit > low && what->limit < high)
        as_plot_mark_x(&plot, "bad", what->limit, what->mark, 0);
    as_plot_end(&plot);
    as_page_figure_end(out, what->caption);
}

static void data_histograms(const as_report *report, as_str *out)
{
    size_t  n = as_dataset_count(report->dataset);
    double *values = calloc(n + 1, sizeof *values);
    if (!values) {
        out->failed = true;
        return;
    }
    const data_plot sharpness = {
        "Sharpness",     "variance of the Laplacian", "More is sharper: a tail to the left would be blurred pictures.",
        "refused below", report->spec->min_sharpness, false};
    const data_plot clipped = {
        "Exposure",      "pixels that are fully black or white", "Pixels at either end hold no detail.",
        "refused above", report->spec->max_clipped_ratio,        true};
    for (size_t i = 0; i < n; i++)
        values[i] = as_dataset_sample(report->dataset, i)->sharpness;
    data_histogram(&sharpness, values, n, out);
    for (size_t i = 0; i < n; i++)
        values[i] = as_dataset_sample(report->dataset, i)->clipped_ratio;
    data_histogram(&clipped, values, n, out);
    free(values);
}

static const char *data_text(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text ? text : "";
}

static void data_quarantine(const as_report *report, as_str *out)
{
    size_t n = json_array_size(report->quarantine);
    as_page_figure(out, "Refused on the way in");
    if (n == 0) {
        as_str_add(out, "<p>No picture was refused: each was decoded whole and passed every check.</p>\n");
        as_page_figure_end(out, NULL);
        return;
    }
    as_html_addf(
        out,
        "<p>%zu picture%s in quarantine.</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>Picture</th><th>Check</th>"
        "<th>Reason</th></tr></thead>\n<tbody>\n",
        n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n && i < DATA_MOST_QUARANTINED; i++) {
        const json_t *record = json_array_get(report->quarantine, i);
        as_html_addf(out, "<tr><td class=\"name file\">%s</td><td>%s</td><td>%s</td></tr>\n", data_text(record, "name"),
                     data_text(record, "check"), data_text(record, "reason"));
    }
    as_str_add(out, "</tbody></table></div>\n");
    if (n > DATA_MOST_QUARANTINED)
        as_html_addf(out, "<p class=\"soft\">and %zu more (assay quarantine list)</p>\n", n - DATA_MOST_QUARANTINED);
    as_page_figure_end(out, NULL);
}

void as_report_data(const as_report *report, as_str *out)
{
    const as_commit *commit = as_dataset_commit(report->dataset);
    char             hex[AS_SHA256_HEX_BYTES], lead[900], count[AS_PAGE_TEXT_BYTES], bytes[AS_PAGE_TEXT_BYTES],
        day[AS_PAGE_TEXT_BYTES];
    as_digest_hex(&commit->id, hex);
    snprintf(lead, sizeof lead, "Version %.12s of the data: %s pictures, %s, committed %s by %s (%s).", hex,
             as_page_count(commit->n_samples, count), as_page_bytes(commit->n_bytes, bytes),
             as_page_day(commit->utc, day), commit->author, commit->message);
    as_page_section(out, "data", "The pictures", lead);
    data_examples(report, out);
    as_str_add(out, "<div class=\"pair\">\n");
    data_counts(report, out);
    data_quarantine(report, out);
    data_histograms(report, out);
    as_str_add(out, "</div>\n</section>\n");
}
