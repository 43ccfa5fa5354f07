/* SPDX-License-Identifier: Apache-2.0 */
/* verb.h - what a command is: one file, one row, and from the row come parser, help, completion and man page.
 *
 * Layer:   cli (may use everything).
 * Threads: one thread; stop may be set by a signal.
 * Memory:  static tables; an as_cli lives as long as the program.
 */
#ifndef AS_CLI_VERB_H
#define AS_CLI_VERB_H

#include <stdio.h>

#include "base/json.h"
#include "base/progress.h"
#include "store/workspace.h"

typedef struct as_opt {
    const char        *name;    /* "seed" for --seed */
    char               letter;  /* 's' for -s; 0: none */
    const char        *arg;     /* "N", "FILE", "URI"; NULL: a flag */
    const char        *help;    /* one line, with the default */
    const char *const *choices; /* for completion, and checked; one that ends in ':' has more behind it; NULL: free */
} as_opt;

typedef struct as_cli    as_cli;
typedef struct as_action as_action; /* action.h */

typedef struct as_verb {
    const char        *name, *summary; /* summary: one line, imperative */
    const char        *usage;    /* what follows "assay NAME": "FOLDER [--split-seed N]"; of rows, theirs come first */
    const char        *about;    /* a few paragraphs; a list of the rows comes first */
    const char        *examples; /* "  assay import photos/\n..." */
    const as_opt      *opts;
    size_t             n_opts;
    int                min_args, max_args; /* positional; max -1: any number */
    const char *const *actions;            /* choices of the first positional one, NULL-ended; NULL: free */
    const as_action *const *rows;          /* or: what each of them does, NULL-ended; run is as_action_run */
    /* The exit status (0, 1, 2, 3), or AS_VERB_FAILED with err set: then it is printed and its status returned. */
    int (*run)(as_cli *cli, as_err *err);
} as_verb;

#define AS_VERB_FAILED (-1)

const as_verb *as_verb_at(size_t i); /* NULL past the last row */
const as_verb *as_verb_find(const char *name);
const char    *as_program_name(void); /* "assay" or "assay-edge" */

/* The i-th choice of the first positional argument, of rows or actions; NULL past the last. */
const char *as_verb_word(const as_verb *verb, size_t i);

/* Options every verb has: -C DIR, --json, -q, --no-color, -h. */
const as_opt *as_verb_common_opts(size_t *ret_n);

struct as_cli {
    const as_verb  *verb;
    const char     *dir;                     /* -C, default "." */
    bool            json, quiet, tty, color; /* tty: stderr is a terminal: progress may be drawn */
    FILE           *out;                     /* results; stdout */
    as_progress     progress;                /* hand to libraries: draws a bar on a terminal, silent in a pipe */
    struct as_args *args;
    bool            error_told; /* it is in the JSON that was printed: one document, not two */
};

/* Positional arguments and options of the command line, checked against the row. */
size_t      as_cli_n_args(const as_cli *cli);
const char *as_cli_arg(const as_cli *cli, size_t i); /* NULL past the last */
bool        as_cli_flag(const as_cli *cli, const char *name);
const char *as_cli_opt(const as_cli *cli, const char *name);              /* last one given; NULL if not */
const char *as_cli_opt_at(const as_cli *cli, const char *name, size_t i); /* repeated options; NULL past the last */

/* Words and options as they were typed, from 0: its value, and the option's name ("": a word). NULL past the last. */
const char *as_cli_typed(const as_cli *cli, size_t i, const char **ret_name);

/* The option as a number in [min, max], or *ret unchanged when it was not given. AS_EINVAL names option and bounds. */
AS_CHECK bool as_cli_u64(const as_cli *cli, const char *name, uint64_t min, uint64_t max, uint64_t *ret, as_err *err);
AS_CHECK bool as_cli_f64(const as_cli *cli, const char *name, double min, double max, double *ret, as_err *err);

/* Prints {"..."} on cli->out, indented on a terminal, else one line. Steals value; NULL is out of memory. */
AS_CHECK bool as_cli_print_json(as_cli *cli, json_t *value, as_err *err);

/* The same of what ended in failure, with why under "error": what was found before, and no second document after it. */
AS_CHECK bool as_cli_print_failed_json(as_cli *cli, json_t *value, const as_err *why);

#endif
