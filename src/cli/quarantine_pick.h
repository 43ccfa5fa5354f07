/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine_pick.h - which pictures in quarantine a command is about: by name, --check and --where.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  as_pick_done frees.
 */
#ifndef AS_CLI_QUARANTINE_PICK_H
#define AS_CLI_QUARANTINE_PICK_H

#include "cli/term.h"
#include "intake/decide.h"

typedef struct as_pick {
    json_t  *list; /* all there are, settled ones too */
    json_t **at;   /* those that were chosen, borrowed from it */
    size_t   n;
} as_pick;

/* The words behind the action are names, or the first digits of an id; each must be there. states: "waiting accepted ...",
 * NULL: any. need: without a name, --check or --where nothing is chosen: AS_EINVAL. */
AS_CHECK bool as_pick_read(as_cli *cli, as_workspace *ws, const char *states, bool need, as_pick *ret, as_err *err);
void          as_pick_done(as_pick *pick);

const char *as_pick_text(const json_t *record, const char *key); /* "" if it is no text */

/* --reason, which has to say something, and who says it; author[] is the caller's. */
AS_CHECK bool as_pick_decider(as_cli *cli, char *author, size_t cap, as_decider *ret, as_err *err);

/* One decision of a record, and what the log and show print of it. */
void as_pick_decision_cells(as_table *table, const json_t *decision);

#endif
