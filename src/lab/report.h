/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - one self-contained HTML page about a run: what a customer would be shown.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  appends to the caller's string; pictures are embedded, nothing is loaded from elsewhere.
 */
#ifndef AS_LAB_REPORT_H
#define AS_LAB_REPORT_H

#include "base/str.h"
#include "lab/eval.h"

AS_CHECK bool as_report_html(as_workspace *ws, const as_spec *spec, as_run *run, const as_progress *progress,
                             as_str *out, as_err *err);

#endif
