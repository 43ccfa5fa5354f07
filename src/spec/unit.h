/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - numbers with a unit, as people write them: "30 ms", "300 MB", "95 %".
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  none.
 */
#ifndef AS_SPEC_UNIT_H
#define AS_SPEC_UNIT_H

#include "base/def.h"

#define AS_UNIT_TEXT_BYTES 48

typedef enum as_unit_kind {
    AS_UNIT_NONE,
    AS_UNIT_RATIO, /* base: 1. A plain number or %; the others need their unit */
    AS_UNIT_TIME,  /* base: second */
    AS_UNIT_BYTES, /* base: byte; MB is 10^6 and MiB 2^20 (IEC 80000-13) */
    AS_UNIT_COUNT  /* a plain whole number */
} as_unit_kind;

typedef enum as_unit_fault {
    AS_UNIT_FINE,
    AS_UNIT_NO_NUMBER, /* does not start with a finite decimal number */
    AS_UNIT_MISSING,   /* a number alone where a unit is needed */
    AS_UNIT_UNKNOWN,   /* no unit of any kind */
    AS_UNIT_OTHER_KIND /* a unit of another kind */
} as_unit_fault;

/* One or more blanks may stand between number and unit. *ret, in the base unit, is written when it is AS_UNIT_FINE. */
AS_CHECK as_unit_fault as_unit_parse(const char *text, as_unit_kind kind, double *ret);

/* The unit that is left of text after its number ("ms" of "30 ms"); "" if there is none. Points into text. */
const char *as_unit_of(const char *text);

/* Units of a kind as a list for people, "us, ms, s, min"; and one example, "30 ms". */
const char *as_unit_list(as_unit_kind kind);
const char *as_unit_example(as_unit_kind kind);
const char *as_unit_noun(as_unit_kind kind); /* "a share", "a time", "a size" */

/* Shortest text that as_unit_parse reads back to the same double; into text[AS_UNIT_TEXT_BYTES]; returns text. A ratio
 * becomes a plain number. */
char *as_unit_exact_text(double value, as_unit_kind kind, char *text);

/* For people, three significant digits: "12.3 ms", "118 MB", "0.965"; "-" for NAN. Into text[AS_UNIT_TEXT_BYTES]. */
char *as_unit_text(double value, as_unit_kind kind, char *text);

/* Shortest decimal that reads back to the same double; into text[AS_UNIT_TEXT_BYTES]; returns text. */
char *as_unit_number_text(double value, char *text);

#endif
