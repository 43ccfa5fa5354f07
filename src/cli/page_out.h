/* SPDX-License-Identifier: Apache-2.0 */
/* page_out.h - where a page about the data goes, and what is said of it.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  none.
 */
#ifndef AS_CLI_PAGE_OUT_H
#define AS_CLI_PAGE_OUT_H

#include "album/album.h"
#include "cli/verb.h"

/* Into --output FILE or --html FILE, as seen from the folder the program was started in; without: `name` in the project's
 * folder. Prints the path. */
AS_CHECK bool as_page_out(as_cli *cli, const as_workspace *ws, const char *name, const as_str *page,
                          const as_commit *commit, as_err *err);

#endif
