/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab/report_page.h"
#include "page/html.h"
#include "page/plot.h"

#define LINE_BINS 56

static const double line_quantiles[] = {0.5, 0.95, 0.99, 0.999};

static double line_seconds(int64_t ns)
{
    return (double)ns / (double)AS_NS_PER_S;
}

static double line_log_place(double v, double low, double high)
{
    return fmin(fmax(log(v / low) / log(high / low), 0), 1) * LINE_BINS;
}

/* The histogram's own buckets are finer or coarser than the drawing's: each is spread over the bins it touches. */
static void line_spread(const as_histogram *h, double low, double high, double *bins)
{
    for (size_t b = 0; b < AS_HISTOGRAM_BUCKETS; b++) {
        if (h->count[b] == 0)
            continue;
        int64_t from_ns = as_histogram_bucket_low(b),
                to_ns = b + 1 < AS_HISTOGRAM_BUCKETS ? as_histogram_bucket_low(b + 1) : h->max;
        double from = line_log_place(fmax(line_seconds(AS_MAX(from_ns, h->min)), low), low, high);
        double to = line_log_place(fmax(line_seconds(AS_MIN(to_ns, h->max + 1)), low), low, high);
        if (to - from < 1e-9) {
            bins[(size_t)fmin(from, LINE_BINS - 1)] += (double)h->count[b];
            continue;
        }
        for (size_t i = (size_t)from; i < LINE_BINS && (double)i < to; i++) {
            double overlap = fmin(to, (double)i + 1) - fmax(from, (double)i);
            bins[i] += (double)h->count[b] * overlap / (to - from);
        }
    }
}

static void line_plot(const as_report *report, as_str *out)
{
    const as_histogram *h = &report->line.latency;
    double              bins[LINE_BINS] = {0}, most = 0, deadline = line_seconds(report->spec->deadline_ns);
    double              low = fmax(line_seconds(h->min) * 0.8, 1e-6), high = fmax(line_seconds(h->max), deadline) * 1.3;
    char                text[AS_UNIT_TEXT_BYTES], label[80];
    line_spread(h, low, high, bins);
    for (size_t i = 0; i < LINE_BINS; i++)
        most = fmax(most, bins[i]);
    as_plot plot = {.out = out,
                    .title = "how long the verdicts took, with the deadline",
                    .x = {"trigger to verdict, ms", low, high, AS_PLOT_MS, true, false},
                    .y = {"parts", 0, most * 1.3, AS_PLOT_NUMBER, false, false}};
    as_plot_begin(&plot);
    for (size_t i = 0; i < LINE_BINS; i++) {
        double x0 = low * pow(high / low, (double)i / LINE_BINS),
               x1 = low * pow(high / low, (double)(i + 1) / LINE_BINS);
        snprintf(label, sizeof label, "%.3g to %.3g ms: about %.0f parts", x0 * 1e3, x1 * 1e3, bins[i]);
        if (bins[i] > 0)
            as_plot_bar(&plot, x0 >= deadline ? "bad" : "s1", x0, x1, 0, bins[i], label);
    }
    double p99 = line_seconds(as_histogram_quantile(h, 0.99));
    snprintf(label, sizeof label, "p99 %s", as_unit_text(p99, AS_UNIT_TIME, text));
    as_plot_mark_x(&plot, "point", p99, label, 0);
    snprintf(label, sizeof label, "deadline %s", as_unit_text(deadline, AS_UNIT_TIME, text));
    as_plot_mark_x(&plot, "bad", deadline, label, 1);
    as_plot_end(&plot);
}

static void line_quantile_row(as_str *out, const char *name, const as_histogram *h)
{
    char text[AS_UNIT_TEXT_BYTES];
    as_html_addf(out, "<tr><th scope=\"row\">%s</th>", name);
    for (size_t i = 0; i < AS_COUNT(line_quantiles); i++)
        as_html_addf(out, "<td class=\"n\">%s</td>",
                     as_unit_text(line_seconds(as_histogram_quantile(h, line_quantiles[i])), AS_UNIT_TIME, text));
    as_html_addf(out, "<td class=\"n\">%s</td></tr>\n", as_unit_text(line_seconds(h->max), AS_UNIT_TIME, text));
}

static void line_quantile_table(const as_report_line *line, as_str *out)
{
    static const char *const stages[AS_JOURNAL_STAGES] = {"wait for a free judge", "prepare the picture", "network",
                                                          "decide"};
    as_str_add(out, "<div class=\"scroll\"><table>\n<thead><tr><th>Time</th><th class=\"n\">p50</th><th "
                    "class=\"n\">p95</th><th class=\"n\">p99</th><th class=\"n\">p99.9</th><th "
                    "class=\"n\">longest</th></tr></thead>\n<tbody>\n");
    line_quantile_row(out, "trigger to verdict", &line->latency);
    for (size_t s = 0; s < AS_JOURNAL_STAGES; s++)
        if (line->stage[s].n)
            line_quantile_row(out, stages[s], &line->stage[s]);
    as_str_add(out, "</tbody></table></div>\n");
}

static void line_verdicts(const as_report_line *line, as_str *out)
{
    static const struct {
        as_verdict  verdict;
        const char *css, *name;
    } rows[] = {{AS_VERDICT_PASS, "good", "passed"},
                {AS_VERDICT_REJECT, "bad", "rejected"},
                {AS_VERDICT_REVIEW, "warn", "to review"},
                {AS_VERDICT_FAULT, "open", "fault"}};
    char count[AS_PAGE_TEXT_BYTES];
    as_str_add(out, "<div class=\"stack\" aria-hidden=\"true\">");
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        if (line->n_verdict[rows[i].verdict])
            as_html_addf(out, "<i class=\"%s\" style=\"flex-grow:%lu\"></i>", rows[i].css,
                         (unsigned long)line->n_verdict[rows[i].verdict]);
    as_str_add(out, "</div>\n<p class=\"keys\">");
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        char text[AS_PAGE_TEXT_BYTES + 16];
        snprintf(text, sizeof text, "%s %s", as_page_count(line->n_verdict[rows[i].verdict], count), rows[i].name);
        as_page_key(out, rows[i].css, text);
    }
    as_str_add(out, "</p>\n");
}

static void line_facts(const as_report_line *line, as_str *out)
{
    char count[AS_PAGE_TEXT_BYTES];
    as_str_add(out, "<table>\n<tbody>\n");
    static const struct {
        as_reason   reason;
        const char *name;
    } reasons[] = {{AS_REASON_MODEL, "decided by the model"},
                   {AS_REASON_UNSURE, "between the thresholds: unsure"},
                   {AS_REASON_LATE, "late: the safe verdict at the deadline"},
                   {AS_REASON_FAULT, "no usable picture or answer: the safe verdict"}};
    for (size_t i = 0; i < AS_COUNT(reasons); i++) {
        as_html_addf(out, "<tr><th scope=\"row\">%s</th>", reasons[i].name);
        as_page_share_cell(out, line->n_reason[reasons[i].reason], line->n);
        as_str_add(out, "</tr>\n");
    }
    if (line->n_bad) {
        as_str_add(out, "<tr><th scope=\"row\">bad parts passed (the source knew the truth)</th>");
        as_page_share_cell(out, line->n_bad_passed, line->n_bad);
        as_str_add(out, "</tr>\n");
    }
    if (line->n_good) {
        as_str_add(out, "<tr><th scope=\"row\">good parts rejected</th>");
        as_page_share_cell(out, line->n_good_rejected, line->n_good);
        as_str_add(out, "</tr>\n");
    }
    as_html_addf(out,
                 "<tr><th scope=\"row\">triggers, each with exactly one verdict</th><td class=\"n\">%s</td></tr>\n",
                 as_page_count(line->n, count));
    as_html_addf(out, "<tr><th scope=\"row\">journal</th><td class=\"n\">%s</td></tr>\n</tbody></table>\n",
                 line->whole ? "chain whole" : line->text);
}

void as_report_on_line(const as_report *report, as_str *out)
{
    const as_report_line *line = &report->line;
    char                  first[AS_PAGE_TEXT_BYTES], last[AS_PAGE_TEXT_BYTES], lead[300], count[AS_PAGE_TEXT_BYTES];
    if (line->line_run == 0) {
        as_page_section(out, "line", "On the line", "This model has not run on a line yet (assay run).");
        as_str_add(out, "</section>\n");
        return;
    }
    bool brief = strcmp(as_page_day(line->first_utc, first), as_page_day(line->last_utc, last)) == 0;
    snprintf(lead, sizeof lead, "The last time the line ran with this model: %s parts, %s%s%s.",
             as_page_count(line->n, count), first, brief ? "" : " to ", brief ? "" : last);
    as_page_section(out, "line", "On the line", lead);
    as_str_add(out, "<div class=\"pair\">\n");
    as_page_figure(out, "How long a verdict takes");
    line_plot(report, out);
    as_page_figure_end(out, "The scale of time grows tenfold from decade to decade, so that the deadline is in sight.");
    as_page_figure(out, "What the parts got");
    line_verdicts(line, out);
    line_facts(line, out);
    as_page_figure_end(out, NULL);
    as_str_add(out, "<div class=\"wide\">\n");
    as_page_figure(out, "Where the time goes");
    line_quantile_table(line, out);
    as_page_figure_end(out, "pNN: so many percent of the parts took no longer.");
    as_str_add(out, "</div>\n</div>\n</section>\n");
}
