/* SPDX-License-Identifier: Apache-2.0 */
/* eval_print.h - an evaluation as tables for the person at the terminal.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  nothing is kept.
 */
#ifndef AS_CLI_EVAL_PRINT_H
#define AS_CLI_EVAL_PRINT_H

#include "cli/term.h"
#include "lab/eval.h"

/* Confusion matrix, measures, operating point, cost and requirements. */
AS_CHECK bool as_eval_print(as_cli *cli, const as_eval *eval, const as_spec *spec, const as_run *run,
                            const char *backend, as_err *err);

#endif
