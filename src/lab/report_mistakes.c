/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "lab/report_page.h"
#include "page/html.h"

static const struct {
    const char *css, *name;
} mistake_kinds[] = {
    [AS_MISTAKE_NONE] = {"soft", ""},
    [AS_MISTAKE_ESCAPE] = {"bad", "escaped"},
    [AS_MISTAKE_OVERKILL] = {"warn", "overkill"},
    [AS_MISTAKE_CLASS] = {"s2", "another class"},
    [AS_MISTAKE_NEAR] = {"soft", "right"},
};

static void mistake_add(const as_report *report, const as_mistake *m, as_str *out)
{
    const as_outcome *o = &report->eval.parts[m->outcome];
    const as_scored  *scored = &report->eval.scored[o->scored];
    const as_sample  *sample = as_dataset_sample(report->dataset, scored->sample);
    const char       *truth = report->spec->classes[o->truth].name, *found = report->spec->classes[o->found].name;
    as_html_addf(out, "<figure class=\"mistake\">\n");
    as_page_picture_add(out, &m->picture, sample->name);
    as_html_addf(out, "<figcaption><span class=\"badge %s\">%s</span>", mistake_kinds[m->kind].css,
                 mistake_kinds[m->kind].name);
    as_html_addf(out, "<span class=\"facts\">is <b class=\"name\">%s</b>, found <b class=\"name\">%s</b></span>", truth,
                 found);
    as_html_addf(out, "<span class=\"facts soft\">score %.3f: %s</span>", o->reject_score, as_verdict_name(o->verdict));
    as_html_addf(out, "<span class=\"file name\">%s</span></figcaption>\n</figure>\n", sample->name);
}

void as_report_mistakes(const as_report *report, as_str *out)
{
    size_t escapes = report->n_of_kind[AS_MISTAKE_ESCAPE], overkill = report->n_of_kind[AS_MISTAKE_OVERKILL];
    size_t others = report->n_of_kind[AS_MISTAKE_CLASS];
    char   lead[360];
    if (report->n_mistakes == 0)
        return;
    bool none = escapes + overkill + others == 0;
    if (none)
        snprintf(lead, sizeof lead,
                 "All %zu parts of the test split got the right verdict and the right class. These came nearest to the "
                 "threshold.",
                 report->eval.n_parts);
    else
        snprintf(lead, sizeof lead,
                 "Of %zu parts %zu bad one%s escaped, %zu good one%s %s rejected, and %zu got the right verdict under "
                 "another class. The worst come first, then what was right but nearest to the threshold.",
                 report->eval.n_parts, escapes, escapes == 1 ? "" : "s", overkill, overkill == 1 ? "" : "s",
                 overkill == 1 ? "was" : "were", others);
    as_page_section(out, "mistakes", none ? "No mistake" : "The worst mistakes", lead);
    as_str_add(out, "<div class=\"gallery\">\n");
    for (size_t i = 0; i < report->n_mistakes; i++)
        mistake_add(report, &report->mistakes[i], out);
    as_str_add(out, "</div>\n");
    if (report->eval.n_parts > 0 && escapes + overkill + others > report->n_mistakes)
        as_html_addf(out, "<p class=\"soft\">The worst %zu are shown.</p>\n", report->n_mistakes);
    as_str_add(out, "</section>\n");
}
