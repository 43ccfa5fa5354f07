/* SPDX-License-Identifier: Apache-2.0 */
/* result.h - what was measured, as lines, as a table, as JSON and as one page.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  nothing is kept.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdio.h>

#include "base/str.h"
#include "bench/harness.h"
#include "bench/machine.h"

/* For people; the last line is `ID ratio MEDIAN [LOW HIGH] against PEER VERSION`. */
void bench_result_print(FILE *out, const bench_result *result, const bench_machine *machine);

/* DIR/ID.csv (a row a pair) and DIR/ID.json (all of it). */
AS_CHECK bool bench_result_write(const char *dir, const bench_result *result, const bench_machine *machine,
                                 as_err *err);

/* DIR/index.html of every workload that has a result in DIR, whenever that was measured. */
AS_CHECK bool bench_page_write(const char *dir, as_err *err);

/* "1.2 ms", for nanoseconds with a fraction, into text[AS_CLOCK_TEXT_BYTES]; returns text. */
char *bench_ns_text(double ns, char *text);

#endif
