/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/report.h"

#include <stdlib.h>

#include "lab/html.h"
#include "lab/report_page.h"

static const char report_css[] =
#include "lab/report_css.inc"
    ;

static void report_page(const as_report *report, as_str *out)
{
    /* No script runs and nothing is fetched, whatever a name tries. */
    as_str_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                    "style-src 'unsafe-inline'\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                    "<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    as_html_addf(out, "<title>%s: inspection report</title>\n<style>\n", report->spec->line);
    as_str_add(out, report_css);
    as_str_add(out, "</style>\n</head>\n<body>\n<main>\n");
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
    as_str_add(out, "</main>\n</body>\n</html>\n");
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
