/* SPDX-License-Identifier: Apache-2.0 */
/* plan_say.h - a plan in words: the rows that the terminal and the page show alike.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  rows hold their own texts.
 */
#ifndef AS_CLI_PLAN_SAY_H
#define AS_CLI_PLAN_SAY_H

#include "cli/verb.h"
#include "spec/plan_line.h"

typedef struct as_plan_row {
    const char *name;
    char        value[128], why[192];
} as_plan_row;

#define AS_PLAN_MOST_ROWS 20

/* network: what was measured, "run 1-cnn"; NULL: nothing was. Returns how many rows. */
size_t as_plan_say_rows(const as_plan *plan, const char *network, as_plan_row *ret);

#define AS_PLAN_SAY_ADVICE_BYTES 256

/* "optics.snr: 31.2 instead of 40", "optics.sensor: leave it out (IMX250, ... would do)"; text[AS_PLAN_SAY_ADVICE_BYTES]. */
char *as_plan_say_advice(const as_plan_advice *advice, char *text);
char *as_plan_say_number(double value, char *text); /* three digits or all before the point; text[48] */
char *as_plan_say_count(uint64_t n, char *text);    /* "12,345"; "-" for 0; text[48] */

/* The terminal's table. */
AS_CHECK bool as_plan_say(as_cli *cli, const as_plan *plan, const char *network, as_err *err);

/* --- the same of line-scan cameras --- */

AS_CHECK bool as_plan_line_say(as_cli *cli, const as_plan_line *plan, const char *network, as_err *err);
AS_CHECK bool as_plan_line_svg(const as_plan_line *plan, as_str *out, as_err *err);
AS_CHECK bool as_plan_line_twin(const as_plan_line *plan, as_str *out, as_err *err);

/* --- what the verb does besides --- */

/* Runs the model that --model names, else that of the current run, else a reference network, for half a second on one core.
 * ret_network: what it was; text[256]. */
AS_CHECK bool as_plan_compute(as_cli *cli, const char *model, double *ret_s, char *ret_network, as_err *err);

/* The camera of the emulated factory that comes nearest to the plan, as a fragment of assay.yaml. */
AS_CHECK bool as_plan_twin(const as_plan *plan, as_str *out, as_err *err);

/* One self-contained page; and its drawing alone. */
AS_CHECK bool as_plan_page(const as_plan *plan, const char *network, as_str *out, as_err *err);
AS_CHECK bool as_plan_svg(const as_plan *plan, as_str *out, as_err *err);

#endif
