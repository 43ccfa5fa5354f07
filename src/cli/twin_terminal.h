/* SPDX-License-Identifier: Apache-2.0 */
/* twin_terminal.h - parts that pass by in the terminal, two pixels a character.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  none is kept.
 */
#ifndef AS_CLI_TWIN_TERMINAL_H
#define AS_CLI_TWIN_TERMINAL_H

#include "cli/twin_pick.h"
#include "cli/verb.h"

typedef struct as_twin_terminal_cfg {
    uint64_t frames; /* 0: until somebody ends it */
    double   fps;
    bool     boxes;
} as_twin_terminal_cfg;

/* Until q, Ctrl-C or a signal that ends programs; the terminal is then as it was. AS_EINVAL where there is no terminal. */
AS_CHECK bool as_twin_terminal_play(as_cli *cli, const as_twin_pick *pick, const as_twin_terminal_cfg *cfg,
                                    as_err *err);

#endif
