/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests as bytes. Written and read by hand and not through a JSON tree: it is one flat object a line, a hundred
 * thousand times, each time a dataset is opened. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "catalog/manifest.h"

#define TEXT_LINE_BYTES (8 * AS_MANIFEST_NAME_BYTES)

static const char text_digits[] = "0123456789abcdef";

/* as_manifest_add has seen to it that there are no controls and that it is UTF-8. */
static void text_add_string(as_str *out, const char *key, const char *value)
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

static void text_add_int(as_str *out, const char *key, int64_t value)
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
static void text_add_real(as_str *out, const char *key, double value)
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

static void text_add_sample(as_str *out, const as_sample *sample)
{
    char hex[AS_SHA256_HEX_BYTES];
    text_add_string(out, "{\"name\":\"", sample->name);
    text_add_string(out, ",\"label\":\"", sample->label);
    if (sample->split != AS_SPLIT_NONE)
        text_add_string(out, ",\"split\":\"", as_split_name(sample->split));
    if (sample->part != sample->name && strcmp(sample->part, sample->name) != 0)
        text_add_string(out, ",\"part\":\"", sample->part);
    if (*sample->camera)
        text_add_string(out, ",\"camera\":\"", sample->camera);
    text_add_string(out, ",\"image\":\"", as_digest_hex(&sample->image, hex));
    text_add_string(out, ",\"format\":\"", sample->format);
    text_add_int(out, ",\"width\":", sample->width);
    text_add_int(out, ",\"height\":", sample->height);
    text_add_int(out, ",\"n_bytes\":", (int64_t)sample->n_bytes);
    text_add_int(out, ",\"utc\":", sample->utc);
    text_add_real(out, ",\"sharpness\":", sample->sharpness);
    text_add_real(out, ",\"clipped_ratio\":", sample->clipped_ratio);
    text_add_real(out, ",\"severity\":", sample->severity);
    as_str_add(out, "}\n");
}

bool as_manifest_write(const as_manifest *manifest, as_str *out, as_err *err)
{
    const char *name;
    if (!as_manifest_is_ordered(manifest, &name))
        return AS_FAIL(err, AS_EINVAL, "cannot write the manifest: '%s' is in it twice or not in order", name);
    size_t n = as_manifest_count(manifest);
    for (size_t i = 0; i < n && as_str_ok(out); i++)
        text_add_sample(out, as_manifest_at(manifest, i));
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot write a manifest of %zu samples: not enough memory", n);
}

/* One line being read; `why` says what is wrong with it. */
typedef struct text_cursor {
    const char *p, *end;
    const char *why;
} text_cursor;

static bool text_fail(text_cursor *c, const char *why)
{
    c->why = why;
    return false;
}

static void text_skip_blanks(text_cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r'))
        c->p++;
}

static bool text_expect(text_cursor *c, char want)
{
    text_skip_blanks(c);
    if (c->p == c->end || *c->p != want)
        return text_fail(c, "it is no JSON object of strings and numbers");
    c->p++;
    return true;
}

static bool text_hex4(text_cursor *c, uint32_t *ret)
{
    uint32_t v = 0;
    if (c->end - c->p < 4)
        return text_fail(c, "a \\u escape is cut off");
    for (int i = 0; i < 4; i++, c->p++) {
        const char *digit = *c->p ? strchr(text_digits, *c->p | (*c->p >= 'A' && *c->p <= 'F' ? 0x20 : 0)) : NULL;
        if (!digit)
            return text_fail(c, "a \\u escape has no four digits");
        v = v * 16 + (uint32_t)(digit - text_digits);
    }
    *ret = v;
    return true;
}

/* RFC 8259, section 7: past U+FFFF as a pair of surrogates. */
static bool text_unicode(text_cursor *c, as_str *out)
{
    uint32_t v, low;
    if (!text_hex4(c, &v))
        return false;
    if (v >= 0xd800 && v < 0xdc00) {
        if (c->end - c->p < 2 || c->p[0] != '\\' || c->p[1] != 'u')
            return text_fail(c, "half a surrogate pair");
        c->p += 2;
        if (!text_hex4(c, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return text_fail(c, "half a surrogate pair");
        v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    }
    char   b[4];
    size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; v >>= 6)
        b[i] = (char)(0x80 | (v & 0x3f));
    b[0] = (char)(n == 1 ? v : (0xf00u >> n & 0xff) | v);
    if (as_str_char_bytes(b, n) != n)
        return text_fail(c, "a character that is not allowed");
    as_str_add_bytes(out, b, n);
    return true;
}

/* A string into out, which is emptied first. What is no printable UTF-8 is found by as_manifest_add. */
static bool text_string(text_cursor *c, as_str *out)
{
    as_str_clear(out);
    if (!text_expect(c, '"'))
        return false;
    for (;;) {
        const char *from = c->p;
        while (c->p < c->end && *c->p != '"' && *c->p != '\\' && *c->p != '\0')
            c->p++;
        as_str_add_bytes(out, from, (size_t)(c->p - from));
        if (c->end - c->p < 1 || *c->p == '\0')
            return text_fail(c, "a string is not closed");
        if (*c->p++ == '"')
            break;
        char escape = c->p < c->end ? *c->p++ : '\0';
        if (escape == 'u' ? !text_unicode(c, out) : escape != '"' && escape != '\\' && escape != '/')
            return text_fail(c, "a string has an escape that is not allowed");
        if (escape != 'u')
            as_str_add_bytes(out, &escape, 1);
    }
    return as_str_ok(out) || text_fail(c, "not enough memory");
}

static bool text_number(text_cursor *c, char *digits, size_t cap)
{
    size_t n = 0;
    text_skip_blanks(c);
    while (c->p < c->end && n + 1 < cap && *c->p && strchr("+-0123456789.eE", *c->p))
        digits[n++] = *c->p++;
    digits[n] = '\0';
    return (n > 0 && digits[0] != '+') || text_fail(c, "a number is missing");
}

static bool text_int(text_cursor *c, int64_t min, int64_t max, int64_t *ret)
{
    char    digits[40];
    int64_t v;
    if (!text_number(c, digits, sizeof digits))
        return false;
    if (!as_str_to_i64(digits, &v) || v < min || v > max)
        return text_fail(c, "a whole number is wrong or out of its range");
    *ret = v;
    return true;
}

static bool text_real(text_cursor *c, double *ret)
{
    char digits[40];
    return text_number(c, digits, sizeof digits) &&
           (as_str_to_f64(digits, ret) || text_fail(c, "a number is wrong or out of its range"));
}

typedef enum text_key {
    KEY_NAME,
    KEY_LABEL,
    KEY_PART,
    KEY_CAMERA,
    KEY_FORMAT,
    KEY_SPLIT,
    KEY_IMAGE,
    N_KEY_STRINGS,
    KEY_WIDTH = N_KEY_STRINGS,
    KEY_HEIGHT,
    KEY_N_BYTES,
    KEY_UTC,
    KEY_SHARPNESS,
    KEY_CLIPPED_RATIO,
    KEY_SEVERITY,
    N_KEYS
} text_key;

static const char *const text_keys[N_KEYS] = {"name",  "label",     "part",          "camera",  "format",
                                              "split", "image",     "width",         "height",  "n_bytes",
                                              "utc",   "sharpness", "clipped_ratio", "severity"};

#define KEYS_NEEDED                                                                                               \
    (1u << KEY_NAME | 1u << KEY_LABEL | 1u << KEY_FORMAT | 1u << KEY_IMAGE | 1u << KEY_WIDTH | 1u << KEY_HEIGHT | \
     1u << KEY_N_BYTES | 1u << KEY_UTC)

typedef struct text_reader {
    as_str   key, strings[N_KEY_STRINGS];
    unsigned seen; /* bit a key */
} text_reader;

static bool text_value(text_reader *r, text_cursor *c, unsigned key, as_sample *sample)
{
    int64_t v;
    switch (key) {
    case KEY_WIDTH:
    case KEY_HEIGHT:
        if (!text_int(c, 0, UINT32_MAX, &v))
            return false;
        *(key == KEY_WIDTH ? &sample->width : &sample->height) = (uint32_t)v;
        return true;
    case KEY_N_BYTES:
        if (!text_int(c, 0, INT64_MAX, &v))
            return false;
        sample->n_bytes = (uint64_t)v;
        return true;
    case KEY_UTC: return text_int(c, INT64_MIN, INT64_MAX, &sample->utc);
    case KEY_SHARPNESS: return text_real(c, &sample->sharpness);
    case KEY_CLIPPED_RATIO: return text_real(c, &sample->clipped_ratio);
    case KEY_SEVERITY: return text_real(c, &sample->severity);
    default: return text_string(c, &r->strings[key]);
    }
}

static bool text_member(text_reader *r, text_cursor *c, as_sample *sample)
{
    unsigned key = 0;
    if (!text_string(c, &r->key) || !text_expect(c, ':'))
        return false;
    while (key < N_KEYS && strcmp(r->key.s, text_keys[key]) != 0)
        key++;
    if (key == N_KEYS)
        return text_fail(c, "it has a key that is not known (was it made by a newer version?)");
    if (r->seen & 1u << key)
        return text_fail(c, "it has a key twice");
    r->seen |= 1u << key;
    return text_value(r, c, key, sample);
}

static bool text_line(text_reader *r, text_cursor *c, as_sample *sample)
{
    r->seen = 0;
    *sample = (as_sample){.sharpness = NAN, .clipped_ratio = NAN, .severity = NAN};
    if (!text_expect(c, '{'))
        return false;
    do
        if (!text_member(r, c, sample))
            return false;
    while (text_skip_blanks(c), c->p < c->end && *c->p == ',' && c->p++);
    if (!text_expect(c, '}'))
        return false;
    text_skip_blanks(c);
    if (c->p != c->end)
        return text_fail(c, "something follows the object");
    if ((r->seen & KEYS_NEEDED) != KEYS_NEEDED)
        return text_fail(c, "a key is missing");
    sample->name = r->strings[KEY_NAME].s;
    sample->label = r->strings[KEY_LABEL].s;
    sample->part = r->seen & 1u << KEY_PART ? r->strings[KEY_PART].s : sample->name;
    sample->camera = r->seen & 1u << KEY_CAMERA ? r->strings[KEY_CAMERA].s : "";
    sample->format = r->strings[KEY_FORMAT].s;
    if (r->seen & 1u << KEY_SPLIT) {
        sample->split = as_split_parse(r->strings[KEY_SPLIT].s);
        if (sample->split == AS_SPLIT_NONE)
            return text_fail(c, "its split is none of train, validation and test");
    }
    return as_digest_parse(r->strings[KEY_IMAGE].s, &sample->image) || text_fail(c, "its image is no SHA-256");
}

static bool text_lines(text_reader *r, as_manifest *manifest, const char *p, const char *end, as_err *err)
{
    for (size_t n_line = 1; p < end; n_line++) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end)
            return AS_FAIL(err, AS_EFORMAT, "manifest line %zu is cut off", n_line);
        as_sample   sample;
        as_err      why = AS_ERR_NONE;
        text_cursor c = {.p = p, .end = line_end, .why = "it is too long"};
        if (line_end - p > TEXT_LINE_BYTES || !text_line(r, &c, &sample))
            return AS_FAIL(err, AS_EFORMAT, "manifest line %zu: %s", n_line, c.why);
        const as_sample *last = n_line > 1 ? as_manifest_at(manifest, n_line - 2) : NULL;
        if (last && strcmp(last->name, sample.name) >= 0)
            return AS_FAIL(err, AS_EFORMAT, "manifest line %zu: '%s' is there twice or not in order", n_line,
                           sample.name);
        if (!as_manifest_add(manifest, &sample, &why))
            return AS_FAIL(err, why.code == AS_ENOMEM ? AS_ENOMEM : AS_EFORMAT, "manifest line %zu: %s", n_line,
                           why.text);
        p = line_end + 1;
    }
    return true;
}

as_manifest *as_manifest_parse(const uint8_t *bytes, size_t n, as_err *err)
{
    text_reader  r;
    as_manifest *manifest = as_manifest_new(err);
    if (!manifest)
        return NULL;
    as_str_init(&r.key);
    for (size_t i = 0; i < N_KEY_STRINGS; i++)
        as_str_init(&r.strings[i]);
    if (n && !text_lines(&r, manifest, (const char *)bytes, (const char *)bytes + n, err))
        manifest = as_manifest_free(manifest);
    as_str_done(&r.key);
    for (size_t i = 0; i < N_KEY_STRINGS; i++)
        as_str_done(&r.strings[i]);
    return manifest;
}
