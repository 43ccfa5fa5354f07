/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "lab/report_page.h"
#include "page/html.h"
#include "page/plot.h"

#define COST_POINTS 61
#define COST_FROM   1e-4 /* shares of bad parts that are drawn */
#define COST_TO     0.5
#define COST_LEAST  1e-7 /* of the highest cost; less is drawn as this */

/* Shares of the bad, and of the good, that get each verdict. */
typedef struct cost_rates {
    uint64_t n_bad, n_good, n_other, escaped, overkilled, bad_reviewed, good_reviewed;
} cost_rates;

static cost_rates cost_count(const as_report *report)
{
    cost_rates rates = {0};
    for (size_t t = 0; t < report->spec->n_classes; t++) {
        const uint64_t *v = report->eval.part.verdicts[t];
        uint64_t        n = 0;
        for (size_t i = 0; i < AS_VERDICT_COUNT; i++)
            n += v[i];
        switch (report->spec->classes[t].verdict) {
        case AS_VERDICT_REJECT:
            rates.n_bad += n;
            rates.escaped += v[AS_VERDICT_PASS];
            rates.bad_reviewed += v[AS_VERDICT_REVIEW];
            break;
        case AS_VERDICT_PASS:
            rates.n_good += n;
            rates.overkilled += v[AS_VERDICT_REJECT];
            rates.good_reviewed += v[AS_VERDICT_REVIEW];
            break;
        default: rates.n_other += n; break;
        }
    }
    return rates;
}

static double cost_share(uint64_t k, uint64_t n)
{
    return n ? (double)k / (double)n : 0;
}

/* Of 1,000 parts when `bad` of them are bad. */
static double cost_at(const as_spec *spec, const cost_rates *r, double bad)
{
    double review = isnan(spec->cost_review) ? 0 : spec->cost_review;
    double of_bad =
        cost_share(r->escaped, r->n_bad) * spec->cost_escape + cost_share(r->bad_reviewed, r->n_bad) * review;
    double of_good =
        cost_share(r->overkilled, r->n_good) * spec->cost_overkill + cost_share(r->good_reviewed, r->n_good) * review;
    return 1000 * (bad * of_bad + (1 - bad) * of_good);
}

static void cost_row(const as_report *report, const cost_rates *rates, const char *name, double bad, as_str *out)
{
    const as_spec *spec = report->spec;
    double         with = cost_at(spec, rates, bad), without = 1000 * bad * spec->cost_escape;
    char           a[AS_PAGE_TEXT_BYTES], b[AS_PAGE_TEXT_BYTES], c[AS_PAGE_TEXT_BYTES];
    as_html_addf(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td>", name,
                 as_page_money(without, "", a), as_page_money(with, "", b));
    as_html_addf(out, "<td class=\"n standing %s\">%s</td></tr>\n", with <= without ? "good" : "bad",
                 as_page_money(without - with, "", c));
}

static void cost_table(const as_report *report, const cost_rates *rates, as_str *out)
{
    static const double shares[] = {0.001, 0.01, 0.05};
    double              here = cost_share(rates->n_bad, rates->n_bad + rates->n_good);
    char                name[80], percent[AS_PAGE_TEXT_BYTES];
    as_page_figure(out, "What 1,000 parts cost");
    as_html_addf(out,
                 "<table>\n<thead><tr><th>Of the parts are bad</th><th class=\"n\">uninspected</th><th "
                 "class=\"n\">inspected</th><th class=\"n\">saved, %s</th></tr></thead>\n<tbody>\n",
                 report->spec->currency[0] ? report->spec->currency : "units");
    for (size_t i = 0; i < AS_COUNT(shares); i++)
        cost_row(report, rates, as_page_percent(shares[i], percent), shares[i], out);
    snprintf(name, sizeof name, "%s, as in the test split", as_page_percent(here, percent));
    cost_row(report, rates, name, here, out);
    as_str_add(out, "</tbody></table>\n");
    as_page_figure_end(out, "Uninspected: every bad part escapes.");
}

static void cost_plot(const as_report *report, const cost_rates *rates, as_str *out)
{
    double x[COST_POINTS], with[COST_POINTS], without[COST_POINTS], most = 0;
    for (size_t i = 0; i < COST_POINTS; i++) {
        x[i] = COST_FROM * pow(COST_TO / COST_FROM, (double)i / (COST_POINTS - 1));
        with[i] = cost_at(report->spec, rates, x[i]);
        without[i] = 1000 * x[i] * report->spec->cost_escape;
        most = fmax(most, fmax(with[i], without[i]));
    }
    char    label[48];
    double  least = fmax(most * COST_LEAST, fmin(without[0], with[0] > 0 ? with[0] : without[0]));
    as_plot plot = {.out = out,
                    .title = "cost of 1,000 parts over the share of bad ones",
                    .x = {"share of the parts that are bad", COST_FROM, COST_TO, AS_PLOT_PERCENT, true, false},
                    .y = {label, fmax(least, 1e-9), most, AS_PLOT_NUMBER, true, false}};
    snprintf(label, sizeof label, "%.15s for 1,000 parts", report->spec->currency[0] ? report->spec->currency : "cost");
    as_page_figure(out, "Does inspection pay?");
    as_str_add(out, "<p class=\"keys\">");
    as_page_key(out, "s2", "uninspected");
    as_page_key(out, "s1", "inspected");
    as_str_add(out, "</p>\n");
    as_plot_begin(&plot);
    as_plot_line(&plot, "s2", x, without, COST_POINTS, false);
    as_plot_line(&plot, "s1", x, with, COST_POINTS, false);
    as_plot_end(&plot);
    as_page_figure_end(out, "Both scales grow tenfold from step to step.");
}

void as_report_cost(const as_report *report, as_str *out)
{
    const as_spec *spec = report->spec;
    cost_rates     rates = cost_count(report);
    if (rates.n_bad == 0 || rates.n_good == 0)
        return;
    char lead[400], review[64] = "";
    if (!isnan(spec->cost_review))
        snprintf(review, sizeof review, ", a look by a person %.2f", spec->cost_review);
    snprintf(lead, sizeof lead,
             "A bad part that escapes costs %.2f %.15s, a good one that is rejected %.2f%s. The operating point is the "
             "cheapest one that keeps the requirements. Rates are those of the test split.",
             spec->cost_escape, spec->currency, spec->cost_overkill, review);
    as_page_section(out, "cost", "What mistakes cost", lead);
    as_str_add(out, "<div class=\"pair\">\n");
    cost_table(report, &rates, out);
    cost_plot(report, &rates, out);
    as_str_add(out, "</div>\n</section>\n");
}
