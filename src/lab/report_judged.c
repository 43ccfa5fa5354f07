/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/report_page.h"
#include "page/html.h"
#include "page/plot.h"

#define JUDGED_SCORE_BINS     40
#define JUDGED_SCORE_BASE     0.5 /* where bars begin: one part is still seen */
#define JUDGED_SEVERITY_BINS  5
#define JUDGED_SEVERITY_LEAST 10 /* parts, for a drawing to say something */

static uint64_t judged_row(const as_report *report, size_t truth)
{
    uint64_t n = 0;
    for (size_t f = 0; f < report->spec->n_classes; f++)
        n += report->eval.part.confusion[truth][f];
    return n;
}

static void judged_cell(as_str *out, bool is_right, uint64_t k, uint64_t n)
{
    char   share[AS_PAGE_TEXT_BYTES], count[AS_PAGE_TEXT_BYTES];
    double heat = n ? (double)k / (double)n : 0;
    /* A mistake is seen even where it is one of many. */
    double shown = k == 0 ? 0 : is_right ? 0.08 + 0.72 * heat : 0.18 + 0.62 * sqrt(heat);
    as_html_addf(out, "<td class=\"heat %s%s\" style=\"--h:%.2f\"><b>%s</b><small>%s</small></td>",
                 k == 0     ? "none"
                 : is_right ? "right"
                            : "wrong",
                 shown > 0.55 ? " deep" : "", shown, as_page_count(k, count),
                 n && k ? as_page_percent(heat, share) : "");
}

static void judged_confusion(const as_report *report, as_str *out)
{
    const as_spec *spec = report->spec;
    char           count[AS_PAGE_TEXT_BYTES];
    as_page_figure(out, "What was true, and what was found");
    as_str_add(out,
               "<div class=\"scroll\"><table class=\"confusion\">\n<thead><tr><th scope=\"col\" class=\"corner\">true "
               "\xE2\x86\x93 &#160; found \xE2\x86\x92</th>");
    for (size_t f = 0; f < spec->n_classes; f++)
        as_html_addf(out, "<th scope=\"col\" class=\"name\">%s</th>", spec->classes[f].name);
    as_str_add(out, "</tr></thead>\n<tbody>\n");
    for (size_t t = 0; t < spec->n_classes; t++) {
        uint64_t n = judged_row(report, t);
        as_html_addf(out, "<tr><th scope=\"row\" class=\"name\">%s<span class=\"between\">%s parts</span></th>",
                     spec->classes[t].name, as_page_count(n, count));
        for (size_t f = 0; f < spec->n_classes; f++)
            judged_cell(out, t == f, report->eval.part.confusion[t][f], n);
        as_str_add(out, "</tr>\n");
    }
    as_str_add(out, "</tbody></table></div>\n");
    as_page_figure_end(out, "The most probable class of each part of the test split. Shares are of the row.");
}

static void judged_verdicts(const as_report *report, as_str *out)
{
    static const as_verdict order[] = {AS_VERDICT_PASS, AS_VERDICT_REVIEW, AS_VERDICT_REJECT};
    const as_spec          *spec = report->spec;
    as_page_figure(out, "What happens to the parts of each class");
    as_str_add(out, "<div class=\"scroll\"><table>\n<thead><tr><th>Class</th><th>must</th><th class=\"n\">passed</th>"
                    "<th class=\"n\">to review</th><th class=\"n\">rejected</th></tr></thead>\n<tbody>\n");
    for (size_t t = 0; t < spec->n_classes; t++) {
        const uint64_t *verdicts = report->eval.part.verdicts[t];
        as_html_addf(out, "<tr><th scope=\"row\" class=\"name\">%s</th><td>%s</td>", spec->classes[t].name,
                     as_verdict_name(spec->classes[t].verdict));
        for (size_t v = 0; v < AS_COUNT(order); v++)
            as_page_share_cell(out, verdicts[order[v]], judged_row(report, t));
        as_str_add(out, "</tr>\n");
    }
    as_str_add(out, "</tbody></table></div>\n");
    as_page_figure_end(out, "By the score of reject at the operating point, which is what the gate obeys.");
}

static void report_classes_table(const as_report *report, bool wide, as_str *out)
{
    const as_judged *part = &report->eval.part;
    if (wide)
        as_str_add(out, "<div class=\"wide\">\n");
    as_page_figure(out, "Class by class");
    as_str_add(out,
               "<div class=\"scroll\"><table>\n<thead><tr><th>Class</th><th class=\"n\">precision</th>"
               "<th class=\"n\">recall</th><th class=\"n\">F1</th><th class=\"n\">parts</th></tr></thead>\n<tbody>\n");
    for (size_t c = 0; c < report->spec->n_classes; c++) {
        as_html_addf(out, "<tr><th scope=\"row\" class=\"name\">%s</th>", report->spec->classes[c].name);
        as_report_measured_cell(out, &part->precision[c]);
        as_report_measured_cell(out, &part->recall[c]);
        as_report_measured_cell(out, &part->f1[c]);
        as_html_addf(out, "<td class=\"n\">%lu</td></tr>\n", (unsigned long)judged_row(report, c));
    }
    as_str_add(out, "<tr class=\"sum\"><th scope=\"row\">all, each class alike</th>");
    as_report_measured_cell(out, &part->macro_precision);
    as_report_measured_cell(out, &part->macro_recall);
    as_report_measured_cell(out, &part->macro_f1);
    as_html_addf(out, "<td class=\"n\">%lu</td></tr>\n</tbody></table></div>\n", (unsigned long)part->n);
    as_page_figure_end(out, "Small figures are two-sided 95 % intervals.");
    if (wide)
        as_str_add(out, "</div>\n");
}

static void judged_measures(const as_report *report, as_str *out)
{
    const as_judged *part = &report->eval.part;
    const struct {
        const char        *name, *doc;
        const as_measured *value;
    } rows[] = {{"accuracy", "parts whose class was right", &part->accuracy},
                {"escape rate", "bad parts that were passed", &part->escape_rate},
                {"overkill rate", "good parts that were rejected", &part->overkill_rate},
                {"review rate", "parts a person must look at", &part->review_rate},
                {"AUROC", "how well the score orders bad above good", &part->auroc},
                {"average precision", "area under the precision-recall curve", &part->average_precision},
                {"calibration error", "how far confidence is from truth", &part->calibration_error}};
    as_page_figure(out, "All measures");
    as_str_add(out, "<table>\n<tbody>\n");
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_html_addf(out, "<tr><th scope=\"row\">%s<span class=\"between\">%s</span></th>", rows[i].name, rows[i].doc);
        as_report_measured_cell(out, rows[i].value);
        as_str_add(out, "</tr>\n");
    }
    as_str_add(out, "</tbody></table>\n");
    as_page_figure_end(out, NULL);
}

/* The curve's point at which the line rejects; NAN where it has none. */
static void judged_point(const as_report *report, const as_curve_point **ret)
{
    *ret = NULL;
    for (size_t i = 0; i < report->eval.n_pr && report->eval.pr[i].threshold >= report->eval.point.reject_from; i++)
        *ret = &report->eval.pr[i];
}

typedef enum judged_curve { JUDGED_PR, JUDGED_ROC } judged_curve;

static void judged_draw_curve(const as_report *report, judged_curve kind, const double *x, const double *y, size_t n,
                              as_str *out)
{
    const as_curve_point *point;
    char                  title[160];
    as_plot               plot = {.out = out,
                                  .title = kind == JUDGED_PR ? "precision over recall of reject"
                                                             : "true over false positive rate of reject",
                                  .x = {"bad parts caught (recall)", 0, 1, AS_PLOT_PERCENT, false, false},
                                  .y = {"rejects that are bad (precision)", 0, 1, AS_PLOT_PERCENT, false, false}};
    if (kind == JUDGED_ROC) {
        plot.x.label = "good parts rejected";
        plot.y.label = "bad parts caught";
    }
    as_plot_begin(&plot);
    if (kind == JUDGED_ROC)
        as_plot_reference(&plot, 0, 0, 1, 1);
    as_plot_line(&plot, "s1", x, y, n, true);
    judged_point(report, &point);
    if (point) {
        snprintf(title, sizeof title, "operating point: reject from a score of %.3f on",
                 report->eval.point.reject_from);
        as_plot_dot(&plot, "point", kind == JUDGED_PR ? point->recall : point->false_positive_rate,
                    kind == JUDGED_PR ? point->precision : point->recall, 6, title);
    }
    as_plot_end(&plot);
}

static void judged_curves(const as_report *report, as_str *out)
{
    size_t  n = report->eval.n_pr;
    double *xy = calloc(4 * (n + 1), sizeof *xy), *x = xy, *y = xy + n + 1;
    if (!xy || n == 0) {
        free(xy);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const as_curve_point *p = &report->eval.pr[i];
        x[i + 1] = p->recall;
        y[i + 1] = p->precision;
        x[2 * (n + 1) + i + 1] = p->false_positive_rate;
        y[2 * (n + 1) + i + 1] = p->recall;
    }
    y[0] = y[1];
    as_page_figure(out, "Precision against recall");
    judged_draw_curve(report, JUDGED_PR, x, y, n + 1, out);
    as_page_figure_end(out, "Every threshold there is; the ring is the one in use. It was chosen on the validation "
                            "split, never on the parts shown here.");
    as_page_figure(out, "Caught against wasted (ROC)");
    judged_draw_curve(report, JUDGED_ROC, x + 2 * (n + 1), y + 2 * (n + 1), n + 1, out);
    as_page_figure_end(out, "The dashed line is what guessing would do.");
    free(xy);
}

/* Bars of bad parts stand on those of good ones. */
static void judged_score_bars(as_plot *plot, const uint64_t *good, const uint64_t *bad)
{
    for (size_t b = 0; b < JUDGED_SCORE_BINS; b++) {
        double x0 = (double)b / JUDGED_SCORE_BINS, x1 = (double)(b + 1) / JUDGED_SCORE_BINS;
        char   title[96];
        snprintf(title, sizeof title, "score %.3f to %.3f: %" PRIu64 " good, %" PRIu64 " bad", x0, x1, good[b], bad[b]);
        if (good[b])
            as_plot_bar(plot, "good", x0, x1, JUDGED_SCORE_BASE, (double)good[b], title);
        if (bad[b])
            as_plot_bar(plot, "bad", x0, x1, fmax(JUDGED_SCORE_BASE, (double)good[b]), (double)(good[b] + bad[b]),
                        title);
    }
}

static void judged_scores(const as_report *report, as_str *out)
{
    uint64_t good[JUDGED_SCORE_BINS] = {0}, bad[JUDGED_SCORE_BINS] = {0}, most = 1;
    for (size_t i = 0; i < report->eval.n_parts; i++) {
        const as_outcome *o = &report->eval.parts[i];
        size_t            bin = AS_MIN((size_t)(o->reject_score * JUDGED_SCORE_BINS), (size_t)JUDGED_SCORE_BINS - 1);
        (o->truth_verdict == AS_VERDICT_REJECT ? bad : good)[bin]++;
    }
    for (size_t b = 0; b < JUDGED_SCORE_BINS; b++)
        most = AS_MAX(most, good[b] + bad[b]);
    const as_operating_point *point = &report->eval.point;
    as_plot                   plot = {
                          .out = out,
                          .title = "how many parts got which score of reject",
                          .x = {"score of reject", 0, 1, AS_PLOT_NUMBER, false, false},
                          .y = {"parts, on a logarithmic scale", JUDGED_SCORE_BASE, (double)most * 1.6, AS_PLOT_NUMBER, true, false}};
    as_page_figure(out, "How clearly good and bad stand apart");
    as_str_add(out, "<p class=\"keys\">");
    as_page_key(out, "good", "good parts");
    as_page_key(out, "bad", "bad parts");
    as_str_add(out, "</p>\n");
    as_plot_begin(&plot);
    judged_score_bars(&plot, good, bad);
    as_plot_mark_x(&plot, "point", point->reject_from, "reject", 0);
    if (point->pass_below < point->reject_from)
        as_plot_mark_x(&plot, "point", point->pass_below, "unsure", 1);
    as_plot_end(&plot);
    as_page_figure_end(out, "The wider the empty middle, the less a small change of light or lens can do.");
}

static void judged_calibration(const as_report *report, as_str *out)
{
    const as_eval *eval = &report->eval;
    double         x[AS_COUNT(eval->bins)], y[AS_COUNT(eval->bins)], low = 1;
    for (size_t i = 0; i < eval->n_bins; i++) {
        x[i] = eval->bins[i].confidence;
        y[i] = eval->bins[i].accuracy;
        low = fmin(low, fmin(x[i], y[i]));
    }
    low = low < 0.5 ? 0 : low < 0.8 ? 0.5 : 0.8;
    as_plot plot = {.out = out,
                    .title = "accuracy over confidence",
                    .x = {"confidence of the model", low, 1, AS_PLOT_PERCENT, false, false},
                    .y = {"and how often it was right", low, 1, AS_PLOT_PERCENT, false, false}};
    as_page_figure(out, "Can its confidence be believed?");
    as_plot_begin(&plot);
    as_plot_reference(&plot, low, low, 1, 1);
    for (size_t i = 0; i < eval->n_bins; i++) {
        uint64_t    n = eval->bins[i].n;
        as_interval sure = as_interval_rate((uint64_t)llround(y[i] * (double)n), n, 0.95);
        char        title[120];
        snprintf(title, sizeof title, "%" PRIu64 " parts of confidence %.3f: %.3f right", n, x[i], y[i]);
        as_plot_whisker(&plot, "s1", x[i], fmax(sure.low, low), sure.high);
        as_plot_dot(&plot, "s1", x[i], y[i], 4, title);
    }
    as_plot_end(&plot);
    as_page_figure_end(out,
                       "Dots on the dashed line mean: of parts with 90 % confidence, 90 % are right. Whiskers are 95 % "
                       "intervals.");
}

/* Bad parts whose defect's severity is known: how many of the faint ones are caught, and how many of the obvious. */
static bool judged_severity_count(const as_report *report, uint64_t *caught, uint64_t *n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < report->eval.n_parts; i++) {
        const as_outcome *o = &report->eval.parts[i];
        double severity = as_dataset_sample(report->dataset, report->eval.scored[o->scored].sample)->severity;
        if (o->truth_verdict != AS_VERDICT_REJECT || !(severity >= 0 && severity <= 1))
            continue;
        size_t bin = AS_MIN((size_t)(severity * JUDGED_SEVERITY_BINS), (size_t)JUDGED_SEVERITY_BINS - 1);
        n[bin]++;
        caught[bin] += o->verdict != AS_VERDICT_PASS;
        all++;
    }
    return all >= JUDGED_SEVERITY_LEAST;
}

static bool judged_severity(const as_report *report, as_str *out)
{
    uint64_t caught[JUDGED_SEVERITY_BINS] = {0}, n[JUDGED_SEVERITY_BINS] = {0};
    if (!judged_severity_count(report, caught, n))
        return false;
    as_plot plot = {.out = out,
                    .title = "share of bad parts caught over the severity of the defect",
                    .height = 240,
                    .x = {"from barely visible to obvious (severity)", 0, 1, AS_PLOT_NUMBER, false, false},
                    .y = {"bad parts caught", 0, 1, AS_PLOT_PERCENT, false, false}};
    as_page_figure(out, "Faint and obvious defects");
    as_plot_begin(&plot);
    for (size_t b = 0; b < JUDGED_SEVERITY_BINS; b++) {
        if (n[b] == 0)
            continue;
        double      x0 = (double)b / JUDGED_SEVERITY_BINS, x1 = (double)(b + 1) / JUDGED_SEVERITY_BINS;
        as_interval sure = as_interval_rate(caught[b], n[b], 0.95);
        char        title[120];
        snprintf(title, sizeof title, "severity %.1f to %.1f: %" PRIu64 " of %" PRIu64 " caught", x0, x1, caught[b],
                 n[b]);
        as_plot_bar(&plot, "s1", x0 + 0.02, x1 - 0.02, 0, (double)caught[b] / (double)n[b], title);
        as_plot_whisker(&plot, "ink", (x0 + x1) / 2, sure.low, sure.high);
    }
    as_plot_end(&plot);
    as_page_figure_end(out,
                       "Where the source of the pictures knows how severe a defect is. Whiskers are 95 % intervals.");
    return true;
}

void as_report_judged(const as_report *report, as_str *out)
{
    const as_eval *eval = &report->eval;
    char           count[AS_PAGE_TEXT_BYTES], lead[420], band[120] = "";
    if (eval->point.pass_below < eval->point.reject_from)
        snprintf(band, sizeof band, ", below %.3f it passes, and between the two a person decides",
                 eval->point.pass_below);
    snprintf(
        lead, sizeof lead,
        "Judged on %s parts of the test split, which no step of training or tuning has seen. A part is rejected from a "
        "score of %.3f on%s.",
        as_page_count(eval->part.n, count), eval->point.reject_from, band);
    as_page_section(out, "judged", "How good it is", lead);
    char warning[AS_POINT_WARNING_BYTES];
    if (*as_point_warning(&eval->solution.counts, eval->point_feasible, warning))
        as_html_addf(out, "<p class=\"note warn\">Beware: %s.</p>\n", warning);
    else if (!eval->point_feasible)
        as_str_add(
            out, "<p class=\"note warn\">No threshold met the required rates on the validation split: the one of least "
                 "cost is used.</p>\n");
    as_str_add(out, "<div class=\"pair\">\n");
    judged_confusion(report, out);
    judged_measures(report, out);
    judged_scores(report, out);
    judged_calibration(report, out);
    judged_curves(report, out);
    judged_verdicts(report, out);
    bool wide = judged_severity(report, out);
    report_classes_table(report, wide, out);
    as_str_add(out, "</div>\n</section>\n");
}
