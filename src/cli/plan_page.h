/* SPDX-License-Identifier: Apache-2.0 */
/* plan_page.h - what the pages of all plans have. Private to the verb.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  appends to the caller's string.
 */
#ifndef AS_CLI_PLAN_PAGE_H
#define AS_CLI_PLAN_PAGE_H

#include "cli/plan_say.h"

/* "7,820 lx for 667 us"; without light where the plan fails before it. */
void as_plan_page_light(as_plan_stage stage, double lux, double exposure_s, char text[64]);

/* fits: said where it is feasible. */
void as_plan_page_head(const as_plan *plan, const char *fits, as_str *out);
void as_plan_page_rows(const as_plan_row *rows, size_t n, as_str *out);
void as_plan_page_advice(const as_plan *plan, as_str *out);
void as_plan_page_parts(const as_plan *plan, double collect_m, as_str *out); /* NAN: no web */
void as_plan_page_number(as_str *out, double value);                         /* a cell */
void as_plan_page_sources(as_str *out);

#endif
