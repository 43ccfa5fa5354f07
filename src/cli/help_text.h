/* SPDX-License-Identifier: Apache-2.0 */
/* help_text.h - the verb table as text: for a terminal, as a man page, as a Markdown page.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  appends to the caller's string.
 */
#ifndef AS_CLI_HELP_TEXT_H
#define AS_CLI_HELP_TEXT_H

#include "base/str.h"
#include "cli/verb.h"

void as_help_overview(const as_cli *cli, as_str *out); /* all verbs, a line each */
void as_help_verb(const as_cli *cli, const as_verb *verb, as_str *out);
void as_help_man(const as_verb *verb, as_str *out); /* troff; NULL: the program's own page */
void as_help_markdown(as_str *out);                 /* every verb: docs/reference/verbs.md */

#endif
