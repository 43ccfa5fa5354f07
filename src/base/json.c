/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

#define JSON_NUMBER_BYTES 40

json_t *as_json_parse(const void *bytes, size_t n, const char *name, as_err *err)
{
    json_error_t problem;
    json_t      *value = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &problem);
    if (value)
        return value;
    if (json_error_code(&problem) == json_error_out_of_memory)
        AS_FAIL(err, AS_ENOMEM, "cannot read '%s': not enough memory", name);
    else
        AS_FAIL(err, AS_EFORMAT, "%s:%d:%d: %s", name, AS_MAX(problem.line, 1), AS_MAX(problem.column, 1),
                problem.text);
    return NULL;
}

json_t *as_json_read(const char *path, size_t max_bytes, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(path, max_bytes, &bytes, &n, err))
        return NULL;
    json_t *value = as_json_parse(bytes, n, path, err);
    free(bytes);
    return value;
}

/* A number as jansson writes it (17 digits, always with a point or an exponent) in as few digits as read back the same. */
static size_t json_short_number(const char *number, size_t n, char out[JSON_NUMBER_BYTES])
{
    char  *end;
    double value = strtod(number, &end);
    int    len = 0;
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(out, JSON_NUMBER_BYTES, "%.*g", digits, value);
        if (memcmp(&(double){strtod(out, NULL)}, &value, sizeof value) == 0)
            break;
    }
    if (end != number + n || len < 1 || len + 3 > JSON_NUMBER_BYTES)
        return 0;
    char *e = strchr(out, 'e');
    if (!e && !strchr(out, '.')) {
        memcpy(out + len, ".0", 3);
        len += 2;
    } else if (e) {
        char *from = e + 1, *to = e + 1;
        if (*from == '-')
            to++;
        from += strspn(from, "+-0");
        memmove(to, from, strlen(from) + 1);
        len = (int)strlen(out);
    }
    return (size_t)len <= n ? (size_t)len : 0;
}

/* In place: 0.59999999999999998 becomes 0.6. What stands in strings is left alone. */
static char *json_shorten(char *text)
{
    char *to = text, number[JSON_NUMBER_BYTES];
    bool  quoted = false;
    for (const char *from = text; from && *from;) {
        size_t n = quoted ? 0 : strspn(from, "-+.eE0123456789"), short_n = 0;
        if (quoted && *from == '\\' && from[1])
            *to++ = *from++;
        else if (*from == '"')
            quoted = !quoted;
        if (n > 1 && from[0] != 'e' && strcspn(from, ".e") < n)
            short_n = json_short_number(from, n, number);
        if (short_n) {
            memcpy(to, number, short_n);
            to += short_n;
            from += n;
        } else {
            n = AS_MAX(n, (size_t)1);
            memmove(to, from, n);
            to += n;
            from += n;
        }
    }
    if (to)
        *to = '\0';
    return text;
}

static char *json_text(const json_t *value, size_t flags)
{
    return json_shorten(json_dumps(value, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY));
}

bool as_json_write(const char *path, const json_t *value, as_err *err)
{
    char *text = json_text(value, JSON_INDENT(2));
    if (!text)
        return AS_FAIL(err, AS_ENOMEM, "cannot write '%s': not enough memory", path);
    size_t n = strlen(text);
    text[n] = '\n'; /* in place of the zero byte: a text file ends with a line end, and nobody reads this as a string */
    bool ok = as_fs_write(path, text, n + 1, err);
    free(text);
    return ok;
}

char *as_json_text(const json_t *value)
{
    return json_text(value, JSON_COMPACT);
}

char *as_json_pretty(const json_t *value)
{
    return json_text(value, JSON_INDENT(2));
}

static const char *json_type_text(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "a list";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return "an integer";
    case JSON_REAL: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "true or false";
    case JSON_NULL: return "null";
    }
    return "unknown";
}

static const json_t *json_member(const json_t *object, const char *key, as_err *err)
{
    if (!json_is_object(object)) {
        AS_FAIL(err, AS_EFORMAT, "cannot look for key '%s' in %s", key, object ? json_type_text(object) : "nothing");
        return NULL;
    }
    const json_t *value = json_object_get(object, key);
    if (!value)
        AS_FAIL(err, AS_EFORMAT, "key '%s' is missing", key);
    return value;
}

static bool json_wrong_type(const json_t *value, const char *key, const char *wanted, as_err *err)
{
    return AS_FAIL(err, AS_EFORMAT, "key '%s' must be %s, not %s", key, wanted, json_type_text(value));
}

bool as_json_get_str(const json_t *object, const char *key, const char **ret, as_err *err)
{
    const json_t *value = json_member(object, key, err);
    if (!value)
        return false;
    if (!json_is_string(value))
        return json_wrong_type(value, key, "a string", err);
    *ret = json_string_value(value);
    return true;
}

bool as_json_get_i64(const json_t *object, const char *key, int64_t *ret, as_err *err)
{
    const json_t *value = json_member(object, key, err);
    if (!value)
        return false;
    if (!json_is_integer(value))
        return json_wrong_type(value, key, "an integer", err);
    *ret = json_integer_value(value);
    return true;
}

bool as_json_get_f64(const json_t *object, const char *key, double *ret, as_err *err)
{
    const json_t *value = json_member(object, key, err);
    if (!value)
        return false;
    if (!json_is_number(value))
        return json_wrong_type(value, key, "a number", err);
    *ret = json_number_value(value);
    return true;
}

bool as_json_get_bool(const json_t *object, const char *key, bool *ret, as_err *err)
{
    const json_t *value = json_member(object, key, err);
    if (!value)
        return false;
    if (!json_is_boolean(value))
        return json_wrong_type(value, key, "true or false", err);
    *ret = json_is_true(value);
    return true;
}

bool as_json_set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

json_t *as_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
