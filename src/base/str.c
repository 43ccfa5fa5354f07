/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char str_empty[1]; /* shared by all strings without memory: never written */

void as_str_init(as_str *str)
{
    *str = (as_str){.s = str_empty};
}

void as_str_done(as_str *str)
{
    if (str->cap)
        free(str->s);
    as_str_init(str);
}

void as_str_clear(as_str *str)
{
    str->len = 0;
    str->failed = false;
    if (str->cap)
        str->s[0] = '\0';
}

bool as_str_ok(const as_str *str)
{
    return !str->failed;
}

/* Room for n more bytes and the zero byte. */
static bool str_grow(as_str *str, size_t n)
{
    size_t want;
    if (str->failed)
        return false;
    if (!as_size_add(str->len, n, &want) || want >= SIZE_MAX / 4) {
        str->failed = true;
        return false;
    }
    if (want < str->cap)
        return true;
    size_t cap = str->cap ? str->cap : 32;
    while (cap <= want)
        cap *= 2;
    char *s = realloc(str->cap ? str->s : NULL, cap);
    if (!s) {
        str->failed = true;
        return false;
    }
    str->s = s;
    str->cap = cap;
    return true;
}

void as_str_add_bytes(as_str *str, const void *bytes, size_t n)
{
    if (!n || !str_grow(str, n))
        return;
    memcpy(str->s + str->len, bytes, n);
    str->len += n;
    str->s[str->len] = '\0';
}

void as_str_add(as_str *str, const char *s)
{
    as_str_add_bytes(str, s, strlen(s));
}

void as_str_addv(as_str *str, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        str->failed = true;
        return;
    }
    if (!str_grow(str, (size_t)n))
        return;
    vsnprintf(str->s + str->len, (size_t)n + 1, fmt, ap);
    str->len += (size_t)n;
}

void as_str_addf(as_str *str, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    as_str_addv(str, fmt, ap);
    va_end(ap);
}

char *as_str_take(as_str *str)
{
    char *ret = NULL;
    if (!str->failed && str_grow(str, 0)) {
        ret = str->s;
        ret[str->len] = '\0';
        as_str_init(str);
    }
    as_str_done(str);
    return ret;
}

char *as_strdupf(const char *fmt, ...)
{
    as_str  str;
    va_list ap;
    as_str_init(&str);
    va_start(ap, fmt);
    as_str_addv(&str, fmt, ap);
    va_end(ap);
    return as_str_take(&str);
}

bool as_str_copy(char *dst, size_t cap, const char *src)
{
    if (!cap)
        return false;
    size_t n = strnlen(src, cap);
    bool   fitted = n < cap;
    if (!fitted)
        n = cap - 1;
    memmove(dst, src, n);
    dst[n] = '\0';
    return fitted;
}

/* RFC 3629, section 4: the ranges keep out overlong forms, surrogates and what is past U+10FFFF. */
size_t as_str_char_bytes(const char *s, size_t n)
{
    const uint8_t *b = (const uint8_t *)s;
    if (n == 0 || b[0] < 0x20 || b[0] == 0x7f)
        return 0;
    if (b[0] < 0x80)
        return 1;
    size_t  want = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    uint8_t low = 0x80, high = 0xbf;
    if (b[0] < 0xc2 || b[0] > 0xf4 || n < want)
        return 0;
    if (b[0] == 0xe0)
        low = 0xa0;
    if (b[0] == 0xed)
        high = 0x9f;
    if (b[0] == 0xf0)
        low = 0x90;
    if (b[0] == 0xf4)
        high = 0x8f;
    if (b[0] == 0xc2)
        low = 0xa0; /* U+0080 to U+009F are controls */
    if (b[1] < low || b[1] > high)
        return 0;
    for (size_t i = 2; i < want; i++)
        if (b[i] < 0x80 || b[i] > 0xbf)
            return 0;
    return want;
}

void as_str_add_escaped(as_str *str, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t n_char = as_str_char_bytes(bytes + i, n - i);
        if (n_char == 0)
            as_str_addf(str, "\\x%02x", (unsigned)(uint8_t)bytes[i]);
        else if (bytes[i] == '\\')
            as_str_add(str, "\\\\");
        else
            as_str_add_bytes(str, bytes + i, n_char);
        i += n_char ? n_char : 1;
    }
}

static int str_hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool str_unescape(as_str *raw, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\\");
        as_str_add_bytes(raw, text, n);
        text += n;
        if (!*text)
            break;
        if (text[1] == '\\') {
            as_str_add(raw, "\\");
            text += 2;
        } else if (text[1] == 'x' && str_hex_digit(text[2]) >= 0 && str_hex_digit(text[3]) >= 0) {
            char c = (char)(str_hex_digit(text[2]) * 16 + str_hex_digit(text[3]));
            as_str_add_bytes(raw, &c, 1);
            text += 4;
        } else {
            return false;
        }
    }
    return true;
}

bool as_str_add_unescaped(as_str *str, const char *text)
{
    as_str raw, again;
    as_str_init(&raw);
    as_str_init(&again);
    bool ok = str_unescape(&raw, text) && as_str_ok(&raw);
    /* One name has one spelling: what would be written differently ("\x41" for "A") is refused. */
    if (ok)
        as_str_add_escaped(&again, raw.s, raw.len);
    ok = ok && as_str_ok(&again) && strcmp(again.s, text) == 0;
    if (ok)
        as_str_add_bytes(str, raw.s, raw.len);
    as_str_done(&raw);
    as_str_done(&again);
    return ok && as_str_ok(str);
}

bool as_str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool as_str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), n_suffix = strlen(suffix);
    return n >= n_suffix && memcmp(s + n - n_suffix, suffix, n_suffix) == 0;
}

#define STR_NEAR_BYTES 100 /* longer words get no suggestion */

static bool str_same(char a, char b)
{
    return a == b || ((a | 0x20) == (b | 0x20) && (a | 0x20) >= 'a' && (a | 0x20) <= 'z');
}

/* Edit distance with neighbours swapped as one step (Damerau 1964; the restricted form, no substring edited twice). Capitals
 * are no difference: who writes imx250 means IMX250. */
static size_t str_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t rows[3][STR_NEAR_BYTES + 1], *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n_b; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (size_t i = 1; i <= n_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t d = last[j - 1] + !str_same(a[i - 1], b[j - 1]);
            d = AS_MIN(d, last[j] + 1);
            d = AS_MIN(d, row[j - 1] + 1);
            if (i > 1 && j > 1 && str_same(a[i - 1], b[j - 2]) && str_same(a[i - 2], b[j - 1]))
                d = AS_MIN(d, before[j - 2] + 1);
            row[j] = d;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[n_b];
}

const char *as_str_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t      n_word = strlen(word), least = AS_MAX(n_word / 3, (size_t)1) + 1;
    if (n_word > STR_NEAR_BYTES)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t n_candidate = strlen(candidates[i]);
        if (n_candidate > STR_NEAR_BYTES)
            continue;
        size_t d = str_distance(word, n_word, candidates[i], n_candidate);
        if (d >= least)
            continue;
        least = d;
        best = candidates[i];
    }
    return best;
}

/* strtoll and its kin skip blanks in front, and strtoull takes a minus sign. */
static bool str_is_decimal(const char *s, bool may_be_negative)
{
    if (*s == '+' || (may_be_negative && *s == '-'))
        s++;
    return *s >= '0' && *s <= '9';
}

bool as_str_to_i64(const char *s, int64_t *ret)
{
    char *end;
    if (!str_is_decimal(s, true))
        return false;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end)
        return false;
    *ret = v;
    return true;
}

bool as_str_to_u64(const char *s, uint64_t *ret)
{
    char *end;
    if (!str_is_decimal(s, false))
        return false;
    errno = 0;
    unsigned long long v = strtoull(s, &end, 10);
    if (errno || *end)
        return false;
    *ret = v;
    return true;
}

bool as_str_to_f64(const char *s, double *ret)
{
    char *end;
    if (s[strspn(s, "+-0123456789.eE")] != '\0')
        return false; /* no blanks, "inf", "nan" or hexadecimal */
    double v = strtod(s, &end);
    if (end == s || *end || !isfinite(v))
        return false;
    *ret = v;
    return true;
}
