/* SPDX-License-Identifier: Apache-2.0 */
/* import_report.h - how the verbs that take pictures in end: split, commit, and say what came of each picture.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  as_intake_report_done frees.
 */
#ifndef AS_CLI_IMPORT_REPORT_H
#define AS_CLI_IMPORT_REPORT_H

#include "base/vec.h"
#include "cli/verb.h"
#include "intake/set.h"

typedef struct as_told {
    as_check_level level;
    char          *name, *text;
} as_told;

typedef struct as_intake_report {
    as_cli     *cli;
    const char *what, *source; /* "import", and the folder or camera as the person named it */
    bool        failed;        /* no memory for a line */
    AS_VEC(as_told) told;
} as_intake_report;

/* For the told member of as_import_cfg and as_capture_cfg; ctx is the report. */
void as_intake_report_tell(void *ctx, as_check_level level, const char *name, const char *text);
void as_intake_report_done(as_intake_report *report);

/* Reads --split-seed and --message. message NULL: made from the counts. A version that has all of it already is no error. */
AS_CHECK bool as_intake_report_finish(as_intake_report *report, as_workspace *ws, as_intake *intake, as_err *err);

/* What the checks on a whole version say of this one; print: only what is wrong, unless all. */
AS_CHECK bool as_set_checks_run(as_workspace *ws, const as_commit *commit, as_set_report *ret, as_err *err);
void          as_set_checks_print(as_cli *cli, const as_set_report *set, bool all);

/* The samples of a commit by class and split. */
AS_CHECK bool    as_counts_print(as_cli *cli, as_workspace *ws, const as_commit *commit, as_err *err);
AS_CHECK json_t *as_counts_json(as_workspace *ws, const as_commit *commit, as_err *err);

#endif
