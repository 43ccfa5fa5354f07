/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time: monotonic for intervals, UTC for display.
 *
 * Layer:   base.
 * Threads: any thread.
 * Memory:  none.
 */
#ifndef AS_BASE_CLOCK_H
#define AS_BASE_CLOCK_H

#include "base/def.h"

#define AS_CLOCK_TEXT_BYTES 32

as_ns as_clock_mono(void); /* CLOCK_MONOTONIC */
as_ns as_clock_utc(void);  /* since 1970-01-01T00:00:00Z */

/* "2026-03-01T12:34:56.789Z" into text[AS_CLOCK_TEXT_BYTES]; returns text. */
char *as_clock_text(as_ns utc, char *text);

/* "1.2 ms", "350 us", "2 min 5 s" into text[AS_CLOCK_TEXT_BYTES]; returns text. */
char *as_clock_duration_text(as_ns interval, char *text);

/* A date and time of the proleptic Gregorian calendar, UTC; false when there is no such moment (31 June, 25:00, after
 * 2261). */
AS_CHECK bool as_clock_utc_of(int year, int month, int day, int hour, int minute, int second, as_ns *ret);

void as_clock_sleep_until(as_ns mono); /* returns at once when it has passed */

#endif
