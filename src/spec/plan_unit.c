/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "spec/unit.h"

/* value in the base unit = number * times / over. */
static const struct {
    const char *base, *name;
    double      times, over;
} plan_unit_rows[] = {
    {"mm", "mm", 1, 1},          {"mm", "cm", 10, 1},         {"mm", "m", 1000, 1},
    {"mm", "um", 1, 1000},       {"mm", "in", 25.4, 1},       {"mm/s", "mm/s", 1, 1},
    {"mm/s", "cm/s", 10, 1},     {"mm/s", "m/s", 1000, 1},    {"mm/s", "mm/min", 1, 60},
    {"mm/s", "m/min", 1000, 60}, {"mm/s", "m/h", 1000, 3600}, {"mm/s", "ft/min", 304.8, 60},
    {"/min", "/min", 1, 1},      {"/min", "/s", 60, 1},       {"/min", "/h", 1, 60},
    {"ms", "ms", 1, 1},          {"ms", "us", 1, 1000},       {"ms", "s", 1000, 1},
    {"us", "us", 1, 1},          {"us", "ms", 1000, 1},       {"us", "s", 1000000, 1},
    {"lx", "lx", 1, 1},          {"lx", "lux", 1, 1},         {"lx", "klx", 1000, 1},
    {"px", "px", 1, 1},          {"nm", "nm", 1, 1},          {"h", "h", 1, 1},
};

static const struct {
    const char *end, *base;
} unit_ends[] = {{"_mm_per_s", "mm/s"}, {"_per_minute", "/min"}, {"_mm", "mm"}, {"_ms", "ms"},
                 {"_us", "us"},         {"_lx", "lx"},           {"_px", "px"}, {"_nm", "nm"}};

const char *as_plan_unit_of(const char *path)
{
    const size_t n = strlen(path);
    for (size_t i = 0; i < AS_COUNT(unit_ends); i++) {
        const size_t n_end = strlen(unit_ends[i].end);
        if (n > n_end && strcmp(path + n - n_end, unit_ends[i].end) == 0)
            return unit_ends[i].base;
    }
    return "";
}

/* The micro sign (U+00B5) and the Greek letter (U+03BC) are a u; blanks within "m / min" do not count. */
static void unit_clean(const char *given, size_t n, char out[16])
{
    size_t to = 0;
    for (size_t i = 0; i < n && to < 15; i++) {
        const unsigned char a = (unsigned char)given[i], b = i + 1 < n ? (unsigned char)given[i + 1] : 0;
        if ((a == 0xc2 && b == 0xb5) || (a == 0xce && b == 0xbc)) {
            out[to++] = 'u';
            i++;
        } else if (a != ' ') {
            out[to++] = (char)a;
        }
    }
    out[to] = '\0';
}

static bool unit_find(const char *base, const char *name, double *ret_times, double *ret_over, as_err *err)
{
    char   list[96] = "";
    size_t n = 0;
    for (size_t i = 0; i < AS_COUNT(plan_unit_rows); i++) {
        if (strcmp(plan_unit_rows[i].base, base) != 0)
            continue;
        if (strcasecmp(plan_unit_rows[i].name, name) == 0) {
            *ret_times = plan_unit_rows[i].times;
            *ret_over = plan_unit_rows[i].over;
            return true;
        }
        const int more = snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", plan_unit_rows[i].name);
        n = AS_MIN(n + (size_t)AS_MAX(more, 0), sizeof list - 1);
    }
    return AS_FAIL(err, AS_EINVAL, "'%s' is no unit that can be written here: %s%s", name, n ? list : "none",
                   n ? " can" : "");
}

/* One value: its number and, after it, its unit. Both 0 long where it begins with no number. */
typedef struct unit_part {
    const char *number, *unit;
    size_t      n_number, n_unit;
} unit_part;

static unit_part unit_split(const char *text, size_t n)
{
    unit_part part = {.number = text};
    while (n > 0 && (text[0] == ' ' || text[0] == '\t')) {
        text++;
        n--;
    }
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    const char *unit = as_unit_of(text);
    part.number = text;
    part.n_number = AS_MIN((size_t)(unit - text), n);
    while (part.n_number > 0 && text[part.n_number - 1] == ' ')
        part.n_number--;
    if (part.n_number > 0 && (size_t)(unit - text) < n) {
        part.unit = unit;
        part.n_unit = n - (size_t)(unit - text);
    }
    return part;
}

/* part's number in the base unit, shortest; a number that needs no change keeps its letters. */
static bool unit_write(const unit_part *part, const char *base, const char *name, char text[AS_UNIT_TEXT_BYTES],
                       as_err *err)
{
    double value, times = 1, over = 1;
    if (part->n_number >= AS_UNIT_TEXT_BYTES)
        return AS_FAIL(err, AS_EINVAL, "longer than any number: '%.40s...'", part->number);
    memcpy(text, part->number, part->n_number);
    text[part->n_number] = '\0';
    if (*name == '\0')
        return true;
    if (!unit_find(base, name, &times, &over, err))
        return false;
    if (as_unit_parse(text, AS_UNIT_NONE, &value) != AS_UNIT_FINE || !isfinite(value * times))
        return AS_FAIL(err, AS_EINVAL, "'%.40s' is no number", text);
    if (times != over) /* twelve digits: what is beyond them is the division's */
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.12g", value * times / over);
    return true;
}

bool as_plan_unit_convert(const char *given, const char *base, char *ret, as_err *err)
{
    char         first[AS_UNIT_TEXT_BYTES], second[AS_UNIT_TEXT_BYTES], name[16], own[16];
    const char  *cross = strchr(given, 'x');
    const bool   is_pair = cross && (strcmp(base, "mm") == 0 || strcmp(base, "px") == 0);
    const size_t n_first = is_pair ? (size_t)(cross - given) : strlen(given);
    unit_part    a = unit_split(given, n_first), b = is_pair ? unit_split(cross + 1, strlen(cross + 1)) : a;
    if (*base == '\0' || a.n_number == 0 || b.n_number == 0) {
        if (strlen(given) >= AS_PLAN_UNIT_BYTES)
            return AS_FAIL(err, AS_EINVAL, "longer than any number: '%.40s...'", given);
        memcpy(ret, given, strlen(given) + 1);
        return true;
    }
    unit_clean(b.unit, b.n_unit, name);
    unit_clean(a.unit, a.n_unit, own);
    if (!unit_write(&a, base, a.n_unit ? own : name, first, err))
        return false;
    if (is_pair && !unit_write(&b, base, name, second, err))
        return false;
    snprintf(ret, AS_PLAN_UNIT_BYTES, "%s%s%s", first, is_pair ? "x" : "", is_pair ? second : "");
    return true;
}
