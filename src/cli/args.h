/* SPDX-License-Identifier: Apache-2.0 */
/* args.h - a command line read against the rows of the verb table.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  as_args_done frees; strings are borrowed from argv.
 */
#ifndef AS_CLI_ARGS_H
#define AS_CLI_ARGS_H

#include "base/vec.h"
#include "cli/verb.h"

typedef struct as_given {
    const as_opt *opt;   /* NULL: a word */
    const char   *value; /* "" for a flag */
} as_given;

typedef struct as_args {
    const as_verb *verb;
    bool           help, version;
    AS_VEC(const char *) words; /* positional, without the verb */
    AS_VEC(as_given) given;
    AS_VEC(as_given) typed; /* both, in their order */
} as_args;

/* AS_EINVAL names the word, and the nearest verb or option there is. "--" ends the options. */
AS_CHECK bool as_args_parse(as_args *args, int argc, char **argv, as_err *err);
void          as_args_done(as_args *args);

#endif
