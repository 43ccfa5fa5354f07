/* SPDX-License-Identifier: Apache-2.0 */
/* help_text.h - the verb table as text: for a terminal, as a man page, as a Markdown page, as JSON.
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
/* One thing that a verb does, with the options and examples that are about it. */
void as_help_action(const as_cli *cli, const as_verb *verb, const as_action *action, as_str *out);
void as_help_man(const as_verb *verb, as_str *out); /* troff; NULL: the program's own page */
void as_help_markdown(as_str *out);                 /* every verb: docs/reference/verbs.md */

/* "assay train [--trainer rule|cnn|head] ...": the row's own words, then every option that they do not name; of a
 * verb with actions a line each, without an end to the last. */
void as_help_usage(const as_verb *verb, as_str *out);

/* A list of its rows, if it has any, and its own words. */
void as_help_about(const as_verb *verb, as_str *out);

/* {"program","version","options":[what every verb has],"verbs":[{"name","summary","usage","about","examples","options",
 * "actions"}]}: one verb, or all with NULL. A new reference; NULL is out of memory. */
json_t *as_help_json(const as_verb *verb);

#endif
