/* SPDX-License-Identifier: Apache-2.0 */
/* twin_pick.h - the emulated camera that a command of assay twin is about.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  as_twin_pick_done frees; zeros are fine.
 */
#ifndef AS_CLI_TWIN_PICK_H
#define AS_CLI_TWIN_PICK_H

#include "camera/twin_uri.h"
#include "cli/verb.h"

typedef struct as_twin_pick {
    as_twin_uri uri;
    as_twin    *twin;
    uint64_t    first; /* part */
} as_twin_pick;

/* From word (NULL: there is none) or --scene, "cones?sensor=imx250" with or without "twin:" before it; else the first scene
 * there is. */
AS_CHECK bool as_twin_pick_open(const as_cli *cli, const char *word, as_twin_pick *ret, as_err *err);
void          as_twin_pick_done(as_twin_pick *pick);

#endif
