/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_DEPTH 64

static const char text_digits[] = "0123456789abcdef";

/* What is kept has no controls and is UTF-8: its keeper has seen to that. */
void as_text_add_string(as_str *out, const char *key, const char *value)
{
    as_str_add(out, key);
    for (;;) {
        size_t n = strcspn(value, "\"\\");
        as_str_add_bytes(out, value, n);
        value += n;
        if (!*value)
            break;
        as_str_add_bytes(out, "\\", 1);
        as_str_add_bytes(out, value++, 1);
    }
    as_str_add_bytes(out, "\"", 1);
}

void as_text_add_int(as_str *out, const char *key, int64_t value)
{
    char     digits[24];
    size_t   at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        digits[--at] = text_digits[rest % 10];
    while (rest /= 10);
    if (value < 0)
        digits[--at] = '-';
    as_str_add(out, key);
    as_str_add_bytes(out, digits + at, sizeof digits - at);
}

/* The fewest of 15 or 17 digits that read back as the same number (IEEE 754-2019, 5.12.2: 17 always do). */
void as_text_add_real(as_str *out, const char *key, double value)
{
    char digits[40];
    if (!isfinite(value))
        return;
    int n = snprintf(digits, sizeof digits, "%.15g", value);
    if (strtod(digits, NULL) != value)
        n = snprintf(digits, sizeof digits, "%.17g", value);
    as_str_add(out, key);
    as_str_add_bytes(out, digits, (size_t)n);
}

bool as_text_fail(as_text_cursor *c, const char *why)
{
    c->why = why;
    return false;
}

static void text_skip_blanks(as_text_cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
        c->p++;
}

bool as_text_expect(as_text_cursor *c, char want)
{
    text_skip_blanks(c);
    if (c->p == c->end || *c->p != want)
        return as_text_fail(c, "it is no JSON object of strings and numbers");
    c->p++;
    return true;
}

static bool text_hex4(as_text_cursor *c, uint32_t *ret)
{
    uint32_t v = 0;
    if (c->end - c->p < 4)
        return as_text_fail(c, "a \\u escape is cut off");
    for (int i = 0; i < 4; i++, c->p++) {
        const char *digit = *c->p ? strchr(text_digits, *c->p | (*c->p >= 'A' && *c->p <= 'F' ? 0x20 : 0)) : NULL;
        if (!digit)
            return as_text_fail(c, "a \\u escape has no four digits");
        v = v * 16 + (uint32_t)(digit - text_digits);
    }
    *ret = v;
    return true;
}

/* RFC 8259, section 7: past U+FFFF as a pair of surrogates. */
static bool text_unicode(as_text_cursor *c, as_str *out)
{
    uint32_t v, low;
    if (!text_hex4(c, &v))
        return false;
    if (v >= 0xd800 && v < 0xdc00) {
        if (c->end - c->p < 2 || c->p[0] != '\\' || c->p[1] != 'u')
            return as_text_fail(c, "half a surrogate pair");
        c->p += 2;
        if (!text_hex4(c, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return as_text_fail(c, "half a surrogate pair");
        v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    }
    char   b[4];
    size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; v >>= 6)
        b[i] = (char)(0x80 | (v & 0x3f));
    b[0] = (char)(n == 1 ? v : (0xf00u >> n & 0xff) | v);
    if (as_str_char_bytes(b, n) != n)
        return as_text_fail(c, "a character that is not allowed");
    as_str_add_bytes(out, b, n);
    return true;
}

/* What is no printable UTF-8 is found by who keeps it. */
bool as_text_string(as_text_cursor *c, as_str *out)
{
    as_str_clear(out);
    if (!as_text_expect(c, '"'))
        return false;
    for (;;) {
        const char *from = c->p;
        while (c->p < c->end && *c->p != '"' && *c->p != '\\' && *c->p != '\0')
            c->p++;
        as_str_add_bytes(out, from, (size_t)(c->p - from));
        if (c->end - c->p < 1 || *c->p == '\0')
            return as_text_fail(c, "a string is not closed");
        if (*c->p++ == '"')
            break;
        char escape = c->p < c->end ? *c->p++ : '\0';
        if (escape == 'u' ? !text_unicode(c, out) : escape != '"' && escape != '\\' && escape != '/')
            return as_text_fail(c, "a string has an escape that is not allowed");
        if (escape != 'u')
            as_str_add_bytes(out, &escape, 1);
    }
    return as_str_ok(out) || as_text_fail(c, "not enough memory");
}

static bool text_number(as_text_cursor *c, char *digits, size_t cap)
{
    size_t n = 0;
    text_skip_blanks(c);
    while (c->p < c->end && n + 1 < cap && *c->p && strchr("+-0123456789.eE", *c->p))
        digits[n++] = *c->p++;
    digits[n] = '\0';
    return (n > 0 && digits[0] != '+') || as_text_fail(c, "a number is missing");
}

bool as_text_int(as_text_cursor *c, int64_t min, int64_t max, int64_t *ret)
{
    char    digits[40];
    int64_t v;
    if (!text_number(c, digits, sizeof digits))
        return false;
    if (!as_str_to_i64(digits, &v) || v < min || v > max)
        return as_text_fail(c, "a whole number is wrong or out of its range");
    *ret = v;
    return true;
}

bool as_text_real(as_text_cursor *c, double *ret)
{
    char digits[40];
    return text_number(c, digits, sizeof digits) &&
           (as_str_to_f64(digits, ret) || as_text_fail(c, "a number is wrong or out of its range"));
}

bool as_text_have(as_text_cursor *c, char want)
{
    text_skip_blanks(c);
    bool have = c->p < c->end && *c->p == want;
    c->p += have;
    return have;
}

bool as_text_end(as_text_cursor *c)
{
    text_skip_blanks(c);
    return c->p == c->end || as_text_fail(c, "something follows the object");
}

/* Past the string that begins here. */
static bool text_pass_string(as_text_cursor *c)
{
    const char *p = c->p + 1;
    for (; p < c->end && *p != '"'; p++)
        if (*p == '\\' && ++p == c->end)
            break;
    c->p = AS_MIN(p, c->end);
    if (p >= c->end)
        return as_text_fail(c, "a string is not closed");
    c->p++;
    return true;
}

/* To the next quote or bracket: most of a large file lies between them. */
static void text_pass_plain(as_text_cursor *c)
{
    static const bool ends[256] = {['"'] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true};
    const char       *p = c->p;
    while (p < c->end && !ends[(uint8_t)*p])
        p++;
    c->p = p;
}

bool as_text_value(as_text_cursor *c, const char **ret, size_t *ret_n)
{
    char   closes[TEXT_MAX_DEPTH];
    size_t depth = 0;
    text_skip_blanks(c);
    const char *from = c->p;
    do {
        if (depth > 0)
            text_pass_plain(c);
        if (c->p == c->end)
            return as_text_fail(c, "a value is cut off");
        char ch = *c->p;
        if (ch == '"') {
            if (!text_pass_string(c))
                return false;
            continue;
        }
        if (depth == 0 && (ch == ',' || ch == '}' || ch == ']'))
            break;
        c->p++;
        if (ch == '{' || ch == '[') {
            if (depth == TEXT_MAX_DEPTH)
                return as_text_fail(c, "a value is nested too deeply");
            closes[depth++] = ch == '{' ? '}' : ']';
        } else if (ch == '}' || ch == ']') {
            if (closes[--depth] != ch)
                return as_text_fail(c, "its brackets do not match");
        } else if (depth == 0) {
            while (c->p < c->end && !strchr(",}] \t\r\n", *c->p))
                c->p++;
        }
    } while (depth > 0);
    if (c->p == from)
        return as_text_fail(c, "a value is missing");
    *ret = from;
    *ret_n = (size_t)(c->p - from);
    return true;
}
