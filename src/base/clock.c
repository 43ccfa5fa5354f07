/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static as_ns clock_read(clockid_t id)
{
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (as_ns)t.tv_sec * AS_NS_PER_S + t.tv_nsec;
}

as_ns as_clock_mono(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

as_ns as_clock_utc(void)
{
    return clock_read(CLOCK_REALTIME);
}

bool as_clock_utc_of(int year, int month, int day, int hour, int minute, int second, as_ns *ret)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    time_t    s = year >= 1678 && year <= 2261 ? timegm(&tm) : -1; /* within 64 bits of nanoseconds */
    /* timegm makes 1 July of 31 June. */
    if (year < 1678 || year > 2261 || tm.tm_year != year - 1900 || tm.tm_mon != month - 1 || tm.tm_mday != day ||
        tm.tm_hour != hour || tm.tm_min != minute || tm.tm_sec != second)
        return false;
    *ret = (as_ns)s * AS_NS_PER_S;
    return true;
}

char *as_clock_text(as_ns utc, char *text)
{
    as_ns  rest = utc % AS_NS_PER_S;
    time_t s = (time_t)(utc / AS_NS_PER_S);
    if (rest < 0) { /* before 1970 the fraction still counts forward */
        rest += AS_NS_PER_S;
        s--;
    }
    struct tm tm = {0};
    gmtime_r(&s, &tm); /* int64 nanoseconds end in 2262: the year always fits */
    unsigned ms = (unsigned)(rest / AS_NS_PER_MS);
    snprintf(text, AS_CLOCK_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(tm.tm_year + 1900) % 10000U,
             (unsigned)(tm.tm_mon + 1) % 100U, (unsigned)tm.tm_mday % 100U, (unsigned)tm.tm_hour % 100U,
             (unsigned)tm.tm_min % 100U, (unsigned)tm.tm_sec % 100U, ms % 1000U);
    return text;
}

/* Two significant digits below ten, whole numbers above: 9.96 must not become "10.0". */
static void clock_unit_text(double value, const char *unit, const char *sign, char *text)
{
    snprintf(text, AS_CLOCK_TEXT_BYTES, value < 9.95 ? "%s%.1f %s" : "%s%.0f %s", sign, value, unit);
}

static void clock_pair_text(uint64_t big, const char *big_unit, uint64_t small, const char *small_unit,
                            const char *sign, char *text)
{
    snprintf(text, AS_CLOCK_TEXT_BYTES, "%s%" PRIu64 " %s %" PRIu64 " %s", sign, big, big_unit, small, small_unit);
}

char *as_clock_duration_text(as_ns interval, char *text)
{
    const char *sign = interval < 0 ? "-" : "";
    uint64_t    ns = interval < 0 ? 0 - (uint64_t)interval : (uint64_t)interval;
    if (ns < 1000) {
        snprintf(text, AS_CLOCK_TEXT_BYTES, "%s%" PRIu64 " ns", sign, ns);
    } else if (ns < 999500) {
        clock_unit_text((double)ns / 1e3, "us", sign, text);
    } else if (ns < 999500000) {
        clock_unit_text((double)ns / 1e6, "ms", sign, text);
    } else if (ns < 59500000000) {
        clock_unit_text((double)ns / 1e9, "s", sign, text);
    } else {
        uint64_t s = (ns + AS_NS_PER_S / 2) / AS_NS_PER_S, min = s / 60;
        if (min < 60)
            clock_pair_text(min, "min", s % 60, "s", sign, text);
        else if (min < 48 * 60)
            clock_pair_text(min / 60, "h", min % 60, "min", sign, text);
        else
            clock_pair_text(min / 1440, "d", min / 60 % 24, "h", sign, text);
    }
    return text;
}

void as_clock_sleep_until(as_ns mono)
{
    if (mono <= 0)
        return;
    struct timespec t = {.tv_sec = (time_t)(mono / AS_NS_PER_S), .tv_nsec = (long)(mono % AS_NS_PER_S)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
}
