/* SPDX-License-Identifier: Apache-2.0 */
/* action.h - a verb that has several: `assay data log`. One file an action, one row, as with verbs.
 *
 * Layer:   cli (may use everything).
 * Threads: one thread.
 * Memory:  static tables.
 */
#ifndef AS_CLI_ACTION_H
#define AS_CLI_ACTION_H

#include "cli/verb.h"

struct as_action {
    const char       *name;
    const char       *usage;              /* what follows "assay VERB NAME": "DIR [COMMIT]" */
    const char       *about;              /* one item of a list, without a full stop at its end */
    int               min_args, max_args; /* words after its name; max -1: any number */
    as_workspace_mode mode;               /* NONE: run gets no workspace */
    /* As as_verb.run. */
    int (*run)(as_cli *cli, as_workspace *ws, as_err *err);
};

/* The run of a verb with a table of actions: that of the first word, with the workspace open. */
int as_action_run(as_cli *cli, as_err *err);

#endif
