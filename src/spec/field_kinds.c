/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "spec/field.h"
#include "spec/schema.h"

/* --- texts --- */

/* Bytes of a control character (C0, DEL, C1) at text, 0 if there is none. */
static size_t text_control_length(const char *text)
{
    unsigned char c = (unsigned char)text[0];
    if (c < 0x20 || c == 0x7f)
        return 1;
    return c == 0xc2 && (unsigned char)text[1] < 0xa0 ? 2 : 0;
}

static bool text_fits(const char *text)
{
    for (; *text; text++)
        if (text_control_length(text) && *text != '\n' && *text != '\t')
            return false;
    return true;
}

static bool name_fits(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    return n > 0 && text[n] == '\0' && text[0] != '.' && text[0] != '-';
}

/* A class is a folder too: nothing that could leave it. */
static bool class_name_fits(const char *text)
{
    if (text[0] == '\0' || text[0] == '.' || text[0] == ' ' || text[strlen(text) - 1] == ' ')
        return false;
    for (; *text; text++)
        if (text_control_length(text) || *text == '/' || *text == '\\')
            return false;
    return true;
}

static bool uri_fits(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (n == 0 || text[n] != ':' || text[n + 1] == '\0')
        return false;
    for (; *text; text++)
        if (text_control_length(text))
            return false;
    return true;
}

static bool currency_fits(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3 && text[3] == '\0';
}

static bool text_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    char quoted[AS_FIELD_QUOTE_BYTES];
    if ((double)strlen(node->text) > field->high)
        return as_field_fail(reader, node, "'%s' is longer than %.0f bytes: '%s'", as_field_key(field), field->high,
                             as_field_quote(node->text, quoted));
    if (!field->kind->fits(node->text))
        return as_field_fail(reader, node, "'%s' must be %s, not '%s'", as_field_key(field), field->kind->rule,
                             as_field_quote(node->text, quoted));
    *(const char **)dest = node->text;
    return true;
}

static json_t *text_write(const as_field *field, const void *src)
{
    (void)field;
    return json_string(*(const char *const *)src);
}

static bool text_is_absent(const void *src)
{
    const char *text = *(const char *const *)src;
    return !text || text[0] == '\0';
}

static bool text_describe(const as_field *field, json_t *schema)
{
    return as_json_set(schema, "type", json_string("string")) &&
           as_json_set(schema, "maxLength", json_integer((json_int_t)field->high)) &&
           (!field->kind->pattern || as_json_set(schema, "pattern", json_string(field->kind->pattern)));
}

/* YAML makes an unquoted 17 a number, and a name may be that. */
static bool name_describe(const as_field *field, json_t *schema)
{
    return text_describe(field, schema) && as_json_set(schema, "type", json_pack("[s,s]", "string", "integer"));
}

/* --- numbers --- */

static bool number_in_bounds(const as_reader *reader, const as_field *field, const as_yaml_node *node, double value)
{
    char low[AS_UNIT_TEXT_BYTES], high[AS_UNIT_TEXT_BYTES], quoted[AS_FIELD_QUOTE_BYTES];
    bool inside = field->open ? value > field->low && value < field->high : value >= field->low && value <= field->high;
    if (inside)
        return true;
    bool percent = field->kind == &as_field_share && value > 1 && value <= 100 && !strchr(node->text, '%');
    as_unit_number_text(field->low, low);
    as_unit_number_text(field->high, high);
    return as_field_fail(reader, node,
                         field->open ? "'%s' must be above %s and below %s, not %s%s%s%s"
                                     : "'%s' must be from %s to %s, not %s%s%s%s",
                         as_field_key(field), low, high, as_field_quote(node->text, quoted),
                         percent ? " (per cent? write '" : "", percent ? quoted : "", percent ? " %')" : "");
}

static bool number_parse(const as_reader *reader, const as_field *field, const as_yaml_node *node, as_unit_kind unit,
                         double *ret)
{
    char   quoted[AS_FIELD_QUOTE_BYTES];
    double value = 0;
    if (node->quoted && !(unit == AS_UNIT_RATIO && strchr(node->text, '%')))
        return as_field_fail(reader, node, "'%s' must be %s, not a text (leave the quotes out)", as_field_key(field),
                             field->kind->name);
    switch (as_unit_parse(node->text, unit, &value)) {
    case AS_UNIT_FINE: break;
    case AS_UNIT_OTHER_KIND:
    case AS_UNIT_UNKNOWN:
    case AS_UNIT_MISSING:
    case AS_UNIT_NO_NUMBER:
        return as_field_fail(reader, node, "'%s' must be %s, not '%s'", as_field_key(field), field->kind->name,
                             as_field_quote(node->text, quoted));
    }
    if (!number_in_bounds(reader, field, node, value))
        return false;
    *ret = value;
    return true;
}

static bool number_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    return number_parse(reader, field, node, AS_UNIT_NONE, dest);
}

static bool share_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    return number_parse(reader, field, node, AS_UNIT_RATIO, dest);
}

static json_t *number_json(double value)
{
    return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *number_write(const as_field *field, const void *src)
{
    (void)field;
    return number_json(*(const double *)src);
}

static bool number_is_absent(const void *src)
{
    return isnan(*(const double *)src);
}

static bool bounds_describe(const as_field *field, json_t *schema, const char *type)
{
    return as_json_set(schema, "type", json_string(type)) &&
           as_json_set(schema, field->open ? "exclusiveMinimum" : "minimum", number_json(field->low)) &&
           as_json_set(schema, field->open ? "exclusiveMaximum" : "maximum", number_json(field->high));
}

static bool number_describe(const as_field *field, json_t *schema)
{
    return bounds_describe(field, schema, "number");
}

static bool share_describe(const as_field *field, json_t *schema)
{
    json_t *number = json_object(), *percent = json_object();
    bool    ok = bounds_describe(field, number, "number") && as_json_set(percent, "type", json_string("string")) &&
              as_json_set(percent, "pattern", json_string("^[0-9.]+ *%$"));
    json_t *any = json_array();
    ok = json_array_append_new(any, number) == 0 && ok;
    ok = json_array_append_new(any, percent) == 0 && ok;
    return as_json_set(schema, "anyOf", any) && ok;
}

static bool count_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    double value = 0;
    char   quoted[AS_FIELD_QUOTE_BYTES];
    if (!number_parse(reader, field, node, AS_UNIT_NONE, &value))
        return false;
    if (value != floor(value))
        return as_field_fail(reader, node, "'%s' must be %s, not '%s'", as_field_key(field), field->kind->name,
                             as_field_quote(node->text, quoted));
    *(uint32_t *)dest = (uint32_t)value; /* no bound of the table is above 2^32 */
    return true;
}

static json_t *count_write(const as_field *field, const void *src)
{
    (void)field;
    return json_integer(*(const uint32_t *)src);
}

static bool count_is_absent(const void *src)
{
    return *(const uint32_t *)src == 0;
}

static bool count_describe(const as_field *field, json_t *schema)
{
    return bounds_describe(field, schema, "integer");
}

static bool milliseconds_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    double value = 0;
    if (!number_parse(reader, field, node, AS_UNIT_NONE, &value))
        return false;
    *(as_ns *)dest = (as_ns)llround(value * (double)AS_NS_PER_MS);
    return true;
}

static json_t *milliseconds_write(const as_field *field, const void *src)
{
    (void)field;
    return number_json((double)*(const as_ns *)src / (double)AS_NS_PER_MS);
}

static bool milliseconds_is_absent(const void *src)
{
    (void)src;
    return false;
}

/* A length is > 0 where it is given: 0 says that it is not. */
static bool length_is_absent(const void *src)
{
    return *(const double *)src <= 0;
}

/* --- the version of the format --- */

static bool version_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    char    quoted[AS_FIELD_QUOTE_BYTES];
    int64_t version;
    (void)dest;
    if (node->quoted || !as_str_to_i64(node->text, &version) || version < 1)
        return as_field_fail(reader, node, "'%s' must be %s, not '%s'", as_field_key(field), field->kind->name,
                             as_field_quote(node->text, quoted));
    if (version > AS_SCHEMA_VERSION)
        return as_field_fail(reader, node, "format %s is newer than this program, which reads %d",
                             as_field_quote(node->text, quoted), AS_SCHEMA_VERSION);
    return true;
}

static json_t *version_write(const as_field *field, const void *src)
{
    (void)field, (void)src;
    return json_integer(AS_SCHEMA_VERSION);
}

static bool version_is_absent(const void *src)
{
    (void)src;
    return false;
}

static bool version_describe(const as_field *field, json_t *schema)
{
    (void)field;
    return as_json_set(schema, "const", json_integer(AS_SCHEMA_VERSION));
}

/* --- one word of several --- */

#define MOST_CHOICES 64

static bool choice_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    const char *names[MOST_CHOICES];
    char        quoted[AS_FIELD_QUOTE_BYTES], hint[AS_FIELD_HINT_BYTES], list[400];
    size_t      n = 0, used = 0;
    list[0] = '\0';
    for (const as_choice *c = field->choices; c->name && n < MOST_CHOICES; c++) {
        if (strcmp(c->name, node->text) == 0) {
            if (c->refused)
                return as_field_fail(reader, node, "'%s' cannot be '%s': %s", as_field_key(field), c->name, c->refused);
            memcpy(dest, &c->value, sizeof c->value);
            return true;
        }
        if (c->refused)
            continue;
        names[n++] = c->name;
        int wrote = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", c->name);
        if (wrote > 0 && (size_t)wrote < sizeof list - used)
            used += (size_t)wrote;
    }
    as_field_hint(node->text, names, n, hint);
    return as_field_fail(reader, node, "'%s' cannot be '%s'%s: one of %s", as_field_key(field),
                         as_field_quote(node->text, quoted), hint, list);
}

static json_t *choice_write(const as_field *field, const void *src)
{
    unsigned value;
    memcpy(&value, src, sizeof value);
    for (const as_choice *c = field->choices; c->name; c++)
        if (c->value == value && !c->refused)
            return json_string(c->name);
    return json_null(); /* only a spec nobody has read */
}

static bool choice_is_absent(const void *src)
{
    unsigned value;
    memcpy(&value, src, sizeof value);
    return value == 0;
}

static bool choice_describe(const as_field *field, json_t *schema)
{
    json_t *names = json_array();
    bool    ok = true;
    for (const as_choice *c = field->choices; c->name; c++)
        if (!c->refused)
            ok = json_array_append_new(names, json_string(c->name)) == 0 && ok;
    return as_json_set(schema, "enum", names) && ok;
}

/* --- the bound of a requirement: its unit is the measure's --- */

static bool bound_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest)
{
    const as_requirement  *req = (const as_requirement *)(const void *)((char *)dest - field->offset);
    const as_measure_info *info = as_measure_info_of(req->measure);
    char                   quoted[AS_FIELD_QUOTE_BYTES];
    const char            *key = as_field_key(field);
    double                 value = 0;
    as_field_quote(node->text, quoted);
    if (node->quoted && info->unit == AS_UNIT_RATIO && as_unit_of(node->text)[0] == '\0')
        return as_field_fail(reader, node, "'%s' must be a number, not a text (leave the quotes out)", key);
    switch (as_unit_parse(node->text, info->unit, &value)) {
    case AS_UNIT_FINE: break;
    case AS_UNIT_MISSING:
        return as_field_fail(reader, node, "'%s' of '%s' needs a unit (%s), for example %s", key, info->name,
                             as_unit_list(info->unit), as_unit_example(info->unit));
    case AS_UNIT_UNKNOWN:
        return as_field_fail(reader, node, "unknown unit '%s' (%s of '%s' takes %s)", as_unit_of(quoted), key,
                             info->name, as_unit_list(info->unit));
    case AS_UNIT_OTHER_KIND:
        return as_field_fail(reader, node, "'%s' is %s, so '%s' cannot be '%s' (it takes %s)", info->name,
                             as_unit_noun(info->unit), key, quoted, as_unit_list(info->unit));
    case AS_UNIT_NO_NUMBER:
        return as_field_fail(reader, node, "'%s' must be %s such as %s, not '%s'", key, as_unit_noun(info->unit),
                             as_unit_example(info->unit), quoted);
    }
    if (info->unit == AS_UNIT_RATIO && !(value >= 0 && value <= 1))
        return as_field_fail(reader, node, "'%s' of '%s' must be from 0 to 1, or from 0 %% to 100 %%, not '%s'", key,
                             info->name, quoted);
    if (info->kind == AS_MEASURE_KIND_COUNT && !(value >= 0 && value == floor(value)))
        return as_field_fail(reader, node, "'%s' of '%s' must be a whole number, not '%s'", key, info->name, quoted);
    if (info->unit != AS_UNIT_RATIO && info->kind != AS_MEASURE_KIND_COUNT && !(value > 0))
        return as_field_fail(reader, node, "'%s' of '%s' must be above 0, not '%s'", key, info->name, quoted);
    *(double *)dest = value;
    return true;
}

static json_t *bound_write(const as_field *field, const void *src)
{
    const as_requirement *req = (const as_requirement *)(const void *)((const char *)src - field->offset);
    double                value = *(const double *)src;
    char                  text[AS_UNIT_TEXT_BYTES];
    as_unit_kind          unit = as_measure_info_of(req->measure)->unit;
    return unit == AS_UNIT_RATIO || unit == AS_UNIT_COUNT ? number_json(value)
                                                          : json_string(as_unit_exact_text(value, unit, text));
}

static bool bound_describe(const as_field *field, json_t *schema)
{
    (void)field;
    json_t *types = json_pack("[s,s]", "number", "string");
    return as_json_set(schema, "type", types) && as_json_set(schema, "minimum", json_integer(0)) &&
           as_json_set(schema, "maximum", json_integer(1)) &&
           as_json_set(schema, "pattern", json_string("^[0-9.]+ *(%|[num]?s|min|[kMG]?B|[KMG]iB)$"));
}

#define TEXTS   .size = sizeof(const char *), .read = text_read, .write = text_write, .is_absent = text_is_absent
#define NUMBERS .size = sizeof(double), .write = number_write

const as_field_kind as_field_version = {.name = "the version of the format, a whole number",
                                        .size = 1,
                                        .read = version_read,
                                        .write = version_write,
                                        .is_absent = version_is_absent,
                                        .describe = version_describe};
const as_field_kind as_field_name = {.name = "a name",
                                     .pattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
                                     .rule = "a name of letters, digits, '_', '.' and '-'",
                                     .fits = name_fits,
                                     TEXTS,
                                     .describe = name_describe};
const as_field_kind as_field_text = {
    .name = "a text", .rule = "a text without control characters", .fits = text_fits, TEXTS, .describe = text_describe};
const as_field_kind as_field_class_name = {.name = "a class",
                                           .rule = "a name without '/', '\\' or a leading '.'",
                                           .pattern = "^[^./\\\\ ]([^/\\\\]*[^/\\\\ ])?$",
                                           .fits = class_name_fits,
                                           TEXTS,
                                           .describe = name_describe};
const as_field_kind as_field_uri = {.name = "a camera",
                                    .pattern = "^[a-z0-9]+:.+$",
                                    .rule = "DRIVER:REST, for example \"twin:cones\"",
                                    .fits = uri_fits,
                                    TEXTS,
                                    .describe = text_describe};
const as_field_kind as_field_currency = {.name = "a currency",
                                         .pattern = "^[A-Z]{3}$",
                                         .rule = "three capital letters (ISO 4217), for example EUR",
                                         .fits = currency_fits,
                                         TEXTS,
                                         .describe = text_describe};
const as_field_kind as_field_number = {
    .name = "a number", NUMBERS, .read = number_read, .is_absent = number_is_absent, .describe = number_describe};
const as_field_kind as_field_length = {
    .name = "a length in mm", NUMBERS, .read = number_read, .is_absent = length_is_absent, .describe = number_describe};
const as_field_kind as_field_amount = {
    .name = "a number", NUMBERS, .read = number_read, .is_absent = length_is_absent, .describe = number_describe};
const as_field_kind as_field_share = {.name = "a share (0.95 or 95 %)",
                                      NUMBERS,
                                      .read = share_read,
                                      .is_absent = number_is_absent,
                                      .describe = share_describe};
const as_field_kind as_field_count = {.name = "a whole number",
                                      .size = sizeof(uint32_t),
                                      .read = count_read,
                                      .write = count_write,
                                      .is_absent = count_is_absent,
                                      .describe = count_describe};
const as_field_kind as_field_milliseconds = {.name = "a number of milliseconds",
                                             .size = sizeof(as_ns),
                                             .read = milliseconds_read,
                                             .write = milliseconds_write,
                                             .is_absent = milliseconds_is_absent,
                                             .describe = number_describe};
const as_field_kind as_field_bound = {.name = "a value in the unit of the measure",
                                      .size = sizeof(double),
                                      .read = bound_read,
                                      .write = bound_write,
                                      .is_absent = number_is_absent,
                                      .describe = bound_describe};
const as_field_kind as_field_choice = {.name = "one word",
                                       .size = sizeof(unsigned),
                                       .read = choice_read,
                                       .write = choice_write,
                                       .is_absent = choice_is_absent,
                                       .describe = choice_describe};
