/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "build_config.h"
#include "lab/report_page.h"
#include "page/html.h"
#include "page/plot.h"

typedef struct head_mark {
    const char *css, *sign;
} head_mark;

static const head_mark head_marks[] = {
    [AS_STANDING_NONE] = {"soft", ""},
    [AS_STANDING_OPEN] = {"open", "\xE2\x97\x8B"},
    [AS_STANDING_NOT_MET] = {"bad", "\xE2\x9C\x95"},
    [AS_STANDING_NOT_PROVEN] = {"warn", "\xE2\x89\x88"},
    [AS_STANDING_MET] = {"good", "\xE2\x9C\x93"},
};

size_t as_report_rows(const as_report *report, const as_requirement *req)
{
    size_t n = 0;
    for (size_t i = 0; i < report->n_evidence; i++)
        if (strcmp(report->evidence[i].id, req->id) == 0)
            report->rows[n++] = report->evidence[i];
    return n;
}

as_standing as_report_standing(const as_report *report, const as_requirement *req)
{
    return as_evidence_overall(req, report->rows, as_report_rows(report, req));
}

static size_t head_count(const as_report *report, as_standing standing)
{
    size_t n = 0;
    for (size_t i = 0; i < report->spec->n_requirements; i++)
        n += as_report_standing(report, &report->spec->requirements[i]) == standing;
    return n;
}

/* "R1, R3" */
static void head_ids(const as_report *report, as_standing standing, as_str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < report->spec->n_requirements; i++)
        if (as_report_standing(report, &report->spec->requirements[i]) == standing)
            as_html_addf(out, "%s%s", n++ ? ", " : "", report->spec->requirements[i].id);
}

static void head_sentence(const as_report *report, as_standing standing, const char *one, const char *many, as_str *out)
{
    size_t n = head_count(report, standing);
    if (n == 0)
        return;
    as_html_addf(out, "<p>%zu of %zu %s: ", n, report->spec->n_requirements, n == 1 ? one : many);
    head_ids(report, standing, out);
    as_str_add(out, ".</p>\n");
}

static void head_verdict(const as_report *report, as_str *out)
{
    size_t n = report->spec->n_requirements, met = head_count(report, AS_STANDING_MET);
    bool   broken = head_count(report, AS_STANDING_NOT_MET) > 0, all = n > 0 && met == n;
    as_html_addf(out, "<div class=\"verdict %s\">\n<p class=\"sign\" aria-hidden=\"true\">%s</p>\n<div>\n<h2>%s</h2>\n",
                 all      ? "good"
                 : broken ? "bad"
                          : "warn",
                 head_marks[all      ? AS_STANDING_MET
                            : broken ? AS_STANDING_NOT_MET
                                     : AS_STANDING_NOT_PROVEN]
                     .sign,
                 n == 0   ? "No requirement is set"
                 : all    ? "Every requirement is met and proven"
                 : broken ? "Not every requirement is met"
                          : "Nothing is missed, but not everything is proven");
    head_sentence(report, AS_STANDING_NOT_MET, "is not met", "are not met", out);
    head_sentence(report, AS_STANDING_NOT_PROVEN, "is met by the value, not yet by its interval",
                  "are met by the value, not yet by the interval", out);
    head_sentence(report, AS_STANDING_OPEN, "has no evidence yet", "have no evidence yet", out);
    if (all)
        as_html_addf(out, "<p>All %zu: the rates by the bound of their interval, not by the value alone.</p>\n", n);
    as_str_add(out, "</div>\n</div>\n");
}

static void head_tile(as_str *out, const char *name, const char *value, const char *note)
{
    as_html_addf(out, "<div class=\"tile\"><dt>%s</dt><dd>%s<small>%s</small></dd></div>\n", name, value, note);
}

static void head_rate_tile(as_str *out, const char *name, const as_measured *m)
{
    char value[AS_PAGE_TEXT_BYTES], low[AS_PAGE_TEXT_BYTES], high[AS_PAGE_TEXT_BYTES], n[AS_PAGE_TEXT_BYTES];
    char note[4 * AS_PAGE_TEXT_BYTES];
    snprintf(note, sizeof note, "%s to %s, of %s parts", as_page_percent(m->low, low), as_page_percent(m->high, high),
             as_page_count(m->n, n));
    head_tile(out, name, as_page_percent(m->value, value), m->n ? note : "no such part in the test split");
}

static void head_latency_tile(const as_report *report, as_str *out)
{
    char value[AS_UNIT_TEXT_BYTES], deadline[AS_UNIT_TEXT_BYTES], note[96];
    snprintf(note, sizeof note, "deadline %s",
             as_unit_text((double)report->spec->deadline_ns / 1e9, AS_UNIT_TIME, deadline));
    double p99 = (double)as_histogram_quantile(&report->line.latency, 0.99) / 1e9;
    bool   has = report->line.line_run != 0;
    head_tile(out, "Trigger to verdict, p99", has ? as_unit_text(p99, AS_UNIT_TIME, value) : "\xE2\x80\x93",
              has ? note : "not run on a line yet");
}

static void head_tiles(const as_report *report, as_str *out)
{
    const as_judged *part = &report->eval.part;
    char             cost[AS_PAGE_TEXT_BYTES];
    as_str_add(out, "<dl class=\"tiles\">\n");
    head_rate_tile(out, "Bad parts caught", &part->reject_recall);
    head_rate_tile(out, "Rejects that are bad", &part->reject_precision);
    head_tile(out, "Cost of mistakes, 1,000 parts", as_page_money(part->cost_per_1000, report->spec->currency, cost),
              "at the mix of the test split");
    head_latency_tile(report, out);
    as_str_add(out, "</dl>\n");
}

void as_report_head(const as_report *report, as_str *out)
{
    static const struct {
        const char *id, *text;
    } links[] = {
        {"requirements", "Requirements"}, {"judged", "How good it is"}, {"cost", "Cost"}, {"mistakes", "Mistakes"},
        {"line", "On the line"},          {"learning", "Learning"},     {"data", "Data"}, {"model", "Model"},
        {"repeat", "Repeat it"}};
    char day[AS_PAGE_TEXT_BYTES], commit[13];
    as_str_add(out, "<header>\n<p class=\"kicker\">Inspection report</p>\n");
    as_html_addf(out, "<h1>%s</h1>\n", report->spec->line);
    if (report->spec->goal[0])
        as_html_addf(out, "<p class=\"goal\">%s</p>\n", report->spec->goal);
    as_str_add(out, "<p class=\"meta\">");
    if (report->spec->product[0])
        as_html_addf(out, "<span>%s</span> ", report->spec->product);
    as_str_copy(commit, sizeof commit, report->run->commit);
    as_html_addf(out, "<span>run %s</span> <span>data version %s</span> <span>%s</span> <span>Assay %s</span></p>\n",
                 report->run->id, commit, as_page_day(as_clock_utc(), day), AS_VERSION);
    head_verdict(report, out);
    head_tiles(report, out);
    as_str_add(out, "<nav>");
    for (size_t i = 0; i < AS_COUNT(links); i++)
        as_html_addf(out, "<a href=\"#%s\">%s</a> ", links[i].id, links[i].text);
    as_str_add(out, "</nav>\n</header>\n");
}

/* The ends of the bar: enough to hold value, bounds and target, and for a share no more than there is. */
static void head_gauge_ends(const as_requirement *req, const as_evidence *e, as_plot_gauge *gauge)
{
    bool   ratio = as_measure_info_of(req->measure)->unit == AS_UNIT_RATIO;
    double least = fmin(gauge->target, isnan(e->low) ? e->value : e->low);
    double most = fmax(gauge->target, isnan(e->high) ? e->value : e->high);
    if (!ratio) {
        gauge->from = 0;
        gauge->to = most * 1.15;
    } else if (gauge->at_least) {
        gauge->from = fmax(0, 1 - (1 - least) * 1.6);
        gauge->to = 1;
    } else {
        gauge->from = 0;
        gauge->to = fmin(1, most * 1.6);
    }
}

static void head_gauge(const as_requirement *req, const as_evidence *e, const char *css, as_str *out)
{
    char value[48], low[48], high[48], words[160], title[480];
    if (isnan(e->value))
        return;
    snprintf(title, sizeof title, "%s: %s, between %s and %s", as_requirement_text(req, words),
             as_requirement_value_text(req, e->value, value), as_requirement_value_text(req, e->low, low),
             as_requirement_value_text(req, e->high, high));
    as_plot_gauge gauge = {.title = title,
                           .css = css,
                           .value = e->value,
                           .low = e->low,
                           .high = e->high,
                           .at_least = !isnan(req->at_least),
                           .target = isnan(req->at_least) ? req->at_most : req->at_least};
    head_gauge_ends(req, e, &gauge);
    as_plot_gauge_add(out, &gauge);
}

static void head_stage_row(const as_requirement *req, const as_evidence *e, as_str *out)
{
    char        value[48], bound[48], words[96], count[AS_PAGE_TEXT_BYTES];
    as_standing standing = as_evidence_standing(e);
    bool        upper = !isnan(req->at_most);
    double      edge = upper ? e->high : e->low;
    as_html_addf(out, "<td class=\"stage\">%s</td><td class=\"n measured\">%s",
                 strcmp(e->stage, "eval") == 0  ? "test split"
                 : strcmp(e->stage, "run") == 0 ? "line"
                                                : e->stage,
                 as_requirement_value_text(req, e->value, value));
    if (!isnan(edge))
        as_html_addf(out, "<span class=\"between\">surely %s %s</span>", upper ? "\xE2\x89\xA4" : "\xE2\x89\xA5",
                     as_requirement_value_text(req, edge, bound));
    as_str_add(out, "</td><td class=\"where\">");
    head_gauge(req, e, head_marks[standing].css, out);
    as_html_addf(out, "</td><td class=\"n samples\">%s</td><td class=\"standing %s\">%s %s</td></tr>\n",
                 as_page_count(e->n, count), head_marks[standing].css, head_marks[standing].sign,
                 as_evidence_text(standing, e, words));
}

/* "recall of reject >= 90.0 %, 95 % sure", with the signs that printed pages have. */
static void head_words(const as_requirement *req, as_str *out)
{
    const as_measure_info *info = as_measure_info_of(req->measure);
    char                   words[160], *sign;
    as_requirement_text(req, words);
    if ((sign = strstr(words, ">= ")) == NULL)
        sign = strstr(words, "<= ");
    as_str_add(out, "<span class=\"between\">");
    if (sign) {
        bool least = *sign == '>';
        *sign = '\0';
        as_html_addf(out, "%s%s %s", words, least ? "\xE2\x89\xA5" : "\xE2\x89\xA4", sign + 3);
    } else {
        as_html_text(out, words);
    }
    if (info->kind != AS_MEASURE_KIND_PEAK && info->kind != AS_MEASURE_KIND_COUNT)
        as_html_addf(out, "%s, %g %% sure",
                     info->kind == AS_MEASURE_KIND_RATE && req->per == AS_PER_FRAME ? " per frame" : "",
                     req->confidence * 100);
    as_str_add(out, "</span></td>");
}

static void head_requirement(const as_report *report, const as_requirement *req, as_str *out)
{
    char   words[96];
    size_t n = as_report_rows(report, req);
    as_html_addf(
        out,
        "<tr class=\"first\"><th scope=\"row\" rowspan=\"%zu\"><b>%s</b></th><td class=\"words\" rowspan=\"%zu\">%s",
        n ? n : 1, req->id, n ? n : 1, req->text && req->text[0] ? req->text : "");
    head_words(req, out);
    if (n == 0)
        as_html_addf(out, "<td class=\"nothing\" colspan=\"4\"></td><td class=\"standing open\">%s %s</td></tr>\n",
                     head_marks[AS_STANDING_OPEN].sign, as_evidence_text(AS_STANDING_OPEN, NULL, words));
    for (size_t i = 0; i < n; i++) {
        if (i)
            as_str_add(out, "<tr>");
        head_stage_row(req, &report->rows[i], out);
    }
}

void as_report_requirements(const as_report *report, as_str *out)
{
    as_page_section(
        out, "requirements", "Requirements and their evidence",
        "A rate counts as proven only when the bound of its interval, at the confidence asked for, reaches the "
        "target. On each bar: the line is the target, the dot the value measured, the band what the "
        "samples allow it to be.");
    as_str_add(
        out, "<div class=\"scroll\"><table class=\"requirements\">\n<thead><tr><th></th><th>Requirement</th><th>Seen "
             "on</th><th class=\"n\">Measured</th><th></th><th class=\"n\">Samples</th><th>Standing</th></tr></thead>\n"
             "<tbody>\n");
    for (size_t i = 0; i < report->spec->n_requirements; i++)
        head_requirement(report, &report->spec->requirements[i], out);
    as_str_add(out, "</tbody></table></div>\n</section>\n");
}
