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
    char        value[128], why[224];
} as_plan_row;

#define AS_PLAN_MOST_ROWS 24

/* network: what was measured, "run 1-cnn"; NULL: nothing was. Returns how many rows. */
size_t as_plan_say_rows(const as_plan *plan, const char *network, as_plan_row *ret);
size_t as_plan_line_rows(const as_plan_line *plan, const char *network, as_plan_row *ret);

/* One more row, *n of AS_PLAN_MOST_ROWS, and why the last one is so. */
void as_plan_row_add(as_plan_row *rows, size_t *n, const char *name, const char *value_fmt, ...) AS_PRINTF(4, 5);
void as_plan_row_why(as_plan_row *rows, size_t n, const char *fmt, ...) AS_PRINTF(3, 4);

/* Texts of several numbers at once, so that a row is one line. */
typedef struct as_plan_texts {
    char   at[12][48];
    size_t n;
} as_plan_texts;

const char *as_plan_text(as_plan_texts *texts, double value); /* as as_plan_say_number */

#define AS_PLAN_SAY_ADVICE_BYTES 256

/* "optics.snr: 31.2 instead of 40", "optics.sensor: leave it out (IMX250, ... would do)"; text[AS_PLAN_SAY_ADVICE_BYTES]. */
char *as_plan_say_advice(const as_plan_advice *advice, char *text);
char *as_plan_say_number(double value, char *text); /* three digits or all before the point; text[48] */
char *as_plan_say_count(uint64_t n, char *text);    /* "12,345"; "-" for 0; text[48] */

/* The terminal's table; and what of it is alike for all cameras. */
AS_CHECK bool as_plan_say(as_cli *cli, const as_plan *plan, const char *network, as_err *err);
AS_CHECK bool as_plan_say_table(as_cli *cli, const as_plan_row *rows, size_t n, as_err *err);
AS_CHECK bool as_plan_say_parts(as_cli *cli, const as_plan *plan, double collect_m, as_err *err); /* NAN: no web */
void          as_plan_say_verdict(as_cli *cli, const as_plan *plan);

/* --- the same of line-scan cameras --- */

AS_CHECK bool as_plan_line_say(as_cli *cli, const as_plan_line *plan, const char *network, as_err *err);
AS_CHECK bool as_plan_line_page(const as_plan_line *plan, const char *network, as_str *out, as_err *err);
AS_CHECK bool as_plan_line_svg(const as_plan_line *plan, as_str *out, as_err *err);
AS_CHECK bool as_plan_line_twin(const as_plan_line *plan, as_str *out, as_err *err);

/* --- what the verb does besides --- */

/* Runs the model that --model names, else that of the current run, else a reference network, for half a second on one core:
 * ret's time and input. ret_network: what it was; text[256]. */
AS_CHECK bool as_plan_compute(as_cli *cli, const char *model, as_plan_machine *ret, char *ret_network, as_err *err);

/* The camera of the emulated factory that comes nearest to the plan, as a fragment of assay.yaml. */
AS_CHECK bool as_plan_twin(const as_plan *plan, as_str *out, as_err *err);

/* One self-contained page; and its drawing alone. */
AS_CHECK bool as_plan_page(const as_plan *plan, const char *network, as_str *out, as_err *err);
AS_CHECK bool as_plan_svg(const as_plan *plan, as_str *out, as_err *err);

#endif
