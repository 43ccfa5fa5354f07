/* SPDX-License-Identifier: Apache-2.0 */
/* program.h - what main() of both programs does: read the words, run the verb, say what went wrong.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  frees what it made.
 */
#ifndef AS_CLI_PROGRAM_H
#define AS_CLI_PROGRAM_H

#include "cli/verb.h"

/* name: "assay" or "assay-edge"; verbs: its table, NULL-ended. Returns the exit status. */
int as_program_main(const char *name, const as_verb *const *verbs, int argc, char **argv);

/* True from the first Ctrl-C or SIGTERM on; a second one ends the program at once. */
extern atomic_bool as_program_stop;

#endif
