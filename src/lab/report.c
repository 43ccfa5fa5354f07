/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "lab/report_page.h"
#include "page/page.h"

static void report_page(const as_report *report, as_str *out)
{
    char title[300];
    snprintf(title, sizeof title, "%s: inspection report", report->spec->line);
    as_page_begin(out, title);
    as_report_head(report, out);
    as_report_requirements(report, out);
    as_report_judged(report, out);
    as_report_cost(report, out);
    as_report_mistakes(report, out);
    as_report_on_line(report, out);
    as_report_learning(report, out);
    as_report_data(report, out);
    as_report_model(report, out);
    as_report_repeat(report, out);
    as_report_glossary(out);
    as_page_end(out);
}

bool as_report_html(as_workspace *ws, const as_spec *spec, as_run *run, const as_progress *progress, as_str *out,
                    as_err *err)
{
    as_report *report = calloc(1, sizeof *report); /* a quarter of a megabyte */
    bool       ok = report ? as_report_load(report, ws, spec, run, progress, err)
                           : AS_FAIL(err, AS_ENOMEM, "cannot hold the report");
    if (ok) {
        report_page(report, out);
        ok = as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot hold the page");
    }
    if (report)
        as_report_done(report);
    free(report);
    return ok;
}
