/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* value in the base unit = number * times / over: dividing by a whole number keeps 30 ms the double nearest to 0.03. */
typedef struct unit_row {
    const char  *name;
    as_unit_kind kind;
    double       times, over;
    bool shown; /* as_unit_text and as_unit_exact_text choose among these, the largest that is not above the value */
} unit_row;

static const unit_row unit_rows[] = {
    {"%", AS_UNIT_RATIO, 1, 100, false},       {"ns", AS_UNIT_TIME, 1, 1e9, false},
    {"us", AS_UNIT_TIME, 1, 1e6, true},        {"ms", AS_UNIT_TIME, 1, 1e3, true},
    {"s", AS_UNIT_TIME, 1, 1, true},           {"min", AS_UNIT_TIME, 60, 1, false},
    {"B", AS_UNIT_BYTES, 1, 1, true},          {"kB", AS_UNIT_BYTES, 1e3, 1, true},
    {"MB", AS_UNIT_BYTES, 1e6, 1, true},       {"GB", AS_UNIT_BYTES, 1e9, 1, true},
    {"TB", AS_UNIT_BYTES, 1e12, 1, true},      {"KiB", AS_UNIT_BYTES, 1024, 1, false},
    {"MiB", AS_UNIT_BYTES, 1048576, 1, false}, {"GiB", AS_UNIT_BYTES, 1073741824, 1, false},
};

static const struct {
    const char *list, *example, *noun;
} unit_kinds[] = {
    [AS_UNIT_NONE] = {"", "1", "a number"},
    [AS_UNIT_RATIO] = {"%", "95 %", "a share"},
    [AS_UNIT_TIME] = {"ns, us, ms, s, min", "30 ms", "a time"},
    [AS_UNIT_BYTES] = {"B, kB, MB, GB, TB, KiB, MiB, GiB", "300 MB", "a size"},
    [AS_UNIT_COUNT] = {"no unit", "0", "a count"},
};

const char *as_unit_list(as_unit_kind kind)
{
    return unit_kinds[kind].list;
}

const char *as_unit_example(as_unit_kind kind)
{
    return unit_kinds[kind].example;
}

const char *as_unit_noun(as_unit_kind kind)
{
    return unit_kinds[kind].noun;
}

/* Bytes of the decimal number text starts with, 0 if there is none. Written out because strtod also takes hexadecimal,
 * "inf" and "nan". */
static size_t unit_number_length(const char *text)
{
    size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
    size_t digits = 0;
    for (; text[i] >= '0' && text[i] <= '9'; i++)
        digits++;
    if (text[i] == '.')
        for (i++; text[i] >= '0' && text[i] <= '9'; i++)
            digits++;
    if (digits == 0)
        return 0;
    if (text[i] == 'e' || text[i] == 'E') {
        size_t e = i + 1;
        if (text[e] == '-' || text[e] == '+')
            e++;
        if (text[e] >= '0' && text[e] <= '9') {
            while (text[e] >= '0' && text[e] <= '9')
                e++;
            i = e;
        }
    }
    return i;
}

const char *as_unit_of(const char *text)
{
    const char *unit = text + unit_number_length(text);
    while (*unit == ' ')
        unit++;
    return unit;
}

as_unit_fault as_unit_parse(const char *text, as_unit_kind kind, double *ret)
{
    size_t n = unit_number_length(text);
    if (n == 0 || n >= 64)
        return AS_UNIT_NO_NUMBER;
    char number[64];
    memcpy(number, text, n);
    number[n] = '\0';
    double value = strtod(number, NULL);
    if (!isfinite(value))
        return AS_UNIT_NO_NUMBER;
    const char *unit = as_unit_of(text);
    if (*unit == '\0') {
        if (text[n] != '\0')
            return AS_UNIT_UNKNOWN;
        if (kind == AS_UNIT_TIME || kind == AS_UNIT_BYTES)
            return AS_UNIT_MISSING;
        *ret = value;
        return AS_UNIT_FINE;
    }
    for (size_t i = 0; i < AS_COUNT(unit_rows); i++) {
        if (strcmp(unit_rows[i].name, unit) != 0)
            continue;
        if (unit_rows[i].kind != kind)
            return AS_UNIT_OTHER_KIND;
        value = value * unit_rows[i].times / unit_rows[i].over;
        if (!isfinite(value))
            return AS_UNIT_NO_NUMBER;
        *ret = value;
        return AS_UNIT_FINE;
    }
    return AS_UNIT_UNKNOWN;
}

char *as_unit_number_text(double value, char *text)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

/* The largest shown unit in which the value is at least 1, else the smallest; NULL for a ratio. */
static const unit_row *unit_fitting(double value, as_unit_kind kind)
{
    const unit_row *best = NULL;
    for (size_t i = 0; i < AS_COUNT(unit_rows); i++)
        if (unit_rows[i].kind == kind && unit_rows[i].shown &&
            (!best || fabs(value) >= unit_rows[i].times / unit_rows[i].over))
            best = &unit_rows[i];
    return best;
}

char *as_unit_exact_text(double value, as_unit_kind kind, char *text)
{
    const unit_row *row = unit_fitting(value, kind);
    if (!row)
        return as_unit_number_text(value, text);
    char   number[AS_UNIT_TEXT_BYTES];
    double back;
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, value * row->over / row->times);
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.40s %s", number, row->name);
        if (as_unit_parse(text, kind, &back) == AS_UNIT_FINE && back == value)
            return text;
    }
    /* Rounding in the division: the base unit has none. */
    snprintf(text, AS_UNIT_TEXT_BYTES, "%.40s %s", as_unit_number_text(value, number),
             kind == AS_UNIT_TIME ? "s" : "B");
    return text;
}

char *as_unit_text(double value, as_unit_kind kind, char *text)
{
    if (isnan(value)) {
        snprintf(text, AS_UNIT_TEXT_BYTES, "-");
        return text;
    }
    const unit_row *row = unit_fitting(value, kind);
    double          number = row ? value * row->over / row->times : value;
    int             digits = fabs(number) >= 99.95 ? 0 : fabs(number) >= 9.995 ? 1 : 2;
    if (!row)
        digits = 3;
    if (fabs(number) >= 1e15)
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.3g%s%s", number, row ? " " : "", row ? row->name : "");
    else
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.*f%s%s", digits, number, row ? " " : "", row ? row->name : "");
    return text;
}
