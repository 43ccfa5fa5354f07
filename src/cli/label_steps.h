/* SPDX-License-Identifier: Apache-2.0 */
/* label_steps.h - what the actions of `assay label` share: which samples are meant, and what a step did.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  as_label_choice_done frees; the rest is freed before return.
 */
#ifndef AS_CLI_LABEL_STEPS_H
#define AS_CLI_LABEL_STEPS_H

#include "cli/action.h"
#include "intake/label.h"
#include "lab/next.h"

AS_CHECK bool as_label_print(as_cli *cli, const as_label_result *result, as_err *err);

/* The label and state for the samples that the words from `first` on name, or --where; and prints what came of it. */
AS_CHECK bool as_label_step(as_cli *cli, as_workspace *ws, size_t first, const char *label, as_label_state state,
                            bool is_vote, as_err *err);

/* Each --by, NULL-ended, free() it; *ret NULL when there is none. */
AS_CHECK bool as_label_whose(as_cli *cli, const char ***ret, as_err *err);

typedef struct as_label_choice {
    as_spec    *spec;
    as_run     *runs; /* the first of them speaks */
    size_t      n_runs;
    as_dataset *dataset;
    as_next    *at;
    size_t      n, n_candidates;
} as_label_choice;

/* The samples that cfg->method finds most telling by the models of each --run, as many as --limit says, else cfg->n. */
AS_CHECK bool as_label_choose(as_cli *cli, as_workspace *ws, as_next_cfg *cfg, as_label_choice *ret, as_err *err);
void          as_label_choice_done(as_label_choice *choice);

#endif
