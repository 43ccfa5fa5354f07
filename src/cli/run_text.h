/* SPDX-License-Identifier: Apache-2.0 */
/* run_text.h - what a run of the line came to, for programs and for people.
 *
 * Layer:   cli.
 * Threads: as_run_text_record may be called from a thread of its own; the rest from main's.
 * Memory:  the json returned is the caller's reference; NULL is out of memory.
 */
#ifndef AS_CLI_RUN_TEXT_H
#define AS_CLI_RUN_TEXT_H

#include "cli/verb.h"
#include "line/line.h"

json_t *as_run_text_record(const as_record *record);                          /* one part */
json_t *as_run_text_summary(const as_line_summary *summary, const char *run); /* {"summary":{...}} */

/* Writes it as one line and steals it; false when it did not get out, or memory is out. Who reads acts on it: it is out before the next one is made. */
AS_CHECK bool as_run_text_line(as_cli *cli, json_t *json);
AS_CHECK bool as_run_text_print(as_cli *cli, const as_line_summary *summary, as_err *err);

#endif
