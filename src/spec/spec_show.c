/* SPDX-License-Identifier: Apache-2.0 */
/* What was understood (JSON, YAML), and what may be written (JSON Schema, reference page): all read off the table. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "spec/schema.h"

json_t *as_spec_json(const as_spec *spec, as_err *err)
{
    json_t *json = as_schema_json("", spec);
    if (!json)
        AS_FAIL(err, AS_ENOMEM, "cannot show '%s': not enough memory", spec->path ? spec->path : "assay.yaml");
    return json;
}

json_t *as_spec_schema(as_err *err)
{
    json_t *schema = json_object(), *body = as_schema_describe("");
    bool    ok = as_json_set(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema")) &&
              as_json_set(schema, "title", json_string("assay.yaml")) &&
              as_json_set(schema, "description", json_string("what an inspection line must be true to")) && body &&
              json_object_update(schema, body) == 0;
    json_decref(body);
    if (ok)
        return schema;
    json_decref(schema);
    AS_FAIL(err, AS_ENOMEM, "cannot make the schema: not enough memory");
    return NULL;
}

/* --- YAML --- */

/* Would YAML read this word, unquoted, as the same text, and not as a number, a date or a truth value? */
static bool yaml_is_plain(const char *text)
{
    static const char *const taken[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    size_t                   n = strlen(text);
    if (n == 0 || text[n - 1] == ' ' || !isalnum((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < AS_COUNT(taken); i++)
        if (strcasecmp(text, taken[i]) == 0)
            return false;
    if (isdigit((unsigned char)text[0]) && !strchr(text, ' '))
        return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(" _-./%()+", *c))
            return false;
    return true;
}

/* Code point at text and its length; the text has passed the YAML reader, so it is valid UTF-8. */
static size_t yaml_decode(const char *text, uint32_t *ret)
{
    const unsigned char *u = (const unsigned char *)text;
    size_t               n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    uint32_t             code = n == 1 ? u[0] : u[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80) {
            *ret = u[0];
            return 1;
        }
        code = code << 6 | (u[i] & 0x3fu);
    }
    *ret = code;
    return n;
}

static void yaml_add_string(as_str *out, const char *text)
{
    if (yaml_is_plain(text)) {
        as_str_add(out, text);
        return;
    }
    as_str_add(out, "\"");
    for (size_t n; *text; text += n) {
        uint32_t code;
        n = yaml_decode(text, &code);
        /* Control characters, YAML's line breaks and what no YAML stream may hold. */
        bool hidden = code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
                      code == 0xfeff || code == 0xfffe || code == 0xffff;
        if (code == '"' || code == '\\')
            as_str_addf(out, "\\%c", (char)code);
        else if (code == '\n')
            as_str_add(out, "\\n");
        else if (hidden)
            as_str_addf(out, "\\u%04x", (unsigned)code);
        else
            as_str_add_bytes(out, text, n);
    }
    as_str_add(out, "\"");
}

static void yaml_add_scalar(as_str *out, const json_t *value)
{
    char text[AS_UNIT_TEXT_BYTES];
    if (json_is_string(value))
        yaml_add_string(out, json_string_value(value));
    else if (json_is_integer(value))
        as_str_addf(out, "%lld", (long long)json_integer_value(value));
    else
        as_str_add(out, as_unit_number_text(json_real_value(value), text));
}

static void yaml_add_list_of_scalars(as_str *out, const json_t *list)
{
    as_str_add(out, "[");
    for (size_t i = 0; i < json_array_size(list); i++) {
        as_str_add(out, i ? ", " : "");
        yaml_add_scalar(out, json_array_get(list, i));
    }
    as_str_add(out, "]");
}

/* A map, each key on a line of its own; `lead` is written before the first instead of the indent ("  - "). */
static void yaml_add_map(as_str *out, json_t *map, int indent, const char *lead)
{
    const char *key;
    json_t     *value;
    bool        first = true;
    json_object_foreach (map, key, value) {
        if (first && lead)
            as_str_add(out, lead);
        else
            as_str_addf(out, "%*s", indent, "");
        first = false;
        yaml_add_string(out, key);
        as_str_add(out, ":");
        bool has_maps = json_is_array(value) && json_is_object(json_array_get(value, 0));
        if (json_is_object(value)) {
            as_str_add(out, "\n");
            yaml_add_map(out, value, indent + 2, NULL);
        } else if (has_maps) {
            as_str_add(out, "\n");
            for (size_t i = 0; i < json_array_size(value); i++)
                yaml_add_map(out, json_array_get(value, i), indent + 4, "  - ");
        } else {
            as_str_add(out, " ");
            if (json_is_array(value))
                yaml_add_list_of_scalars(out, value);
            else
                yaml_add_scalar(out, value);
            as_str_add(out, "\n");
        }
    }
}

bool as_spec_text(const as_spec *spec, as_str *out, as_err *err)
{
    json_t *json = as_spec_json(spec, err);
    if (!json)
        return false;
    yaml_add_map(out, json, 0, NULL);
    json_decref(json);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot show '%s': not enough memory", spec->path);
}

/* --- the reference page --- */

static void reference_add_values(as_str *out, const as_field *field)
{
    char low[AS_UNIT_TEXT_BYTES], high[AS_UNIT_TEXT_BYTES];
    bool is_text = field->kind->fits != NULL;
    if (field->n)
        as_str_addf(out, "%u times ", field->n);
    if (field->choices) {
        const char *between = "";
        for (const as_choice *c = field->choices; c->name; c++) {
            if (c->refused)
                continue;
            as_str_addf(out, "%s`%s`", between, c->name);
            between = ", ";
        }
        return;
    }
    as_str_add(out, is_text ? (field->kind->rule ? field->kind->rule : field->kind->name) : field->kind->name);
    if (is_text)
        as_str_addf(out, ", at most %.0f bytes", field->high);
    else if (field->high > field->low)
        as_str_addf(out, field->open ? ", above %s and below %s" : ", %s to %s", as_unit_number_text(field->low, low),
                    as_unit_number_text(field->high, high));
}

static void reference_add_row(as_str *out, const as_field *field)
{
    as_str_addf(out, "| `%s` | ", as_field_key(field));
    reference_add_values(out, field);
    as_str_add(out, " | ");
    if (field->required)
        as_str_add(out, "required");
    else if (field->def && field->n)
        as_str_addf(out, "`%s`", field->def);
    else if (field->def)
        as_str_addf(out, "`%s`", field->def);
    as_str_addf(out, " | %s |\n", field->doc);
}

static void reference_add_section(as_str *out, const char *parent, const char *title, const char *doc)
{
    as_str_addf(out, "\n## %s\n\n%s.\n\n| key | values | default | meaning |\n|---|---|---|---|\n", title, doc);
    size_t at = 0;
    for (const as_field *field; (field = as_schema_child(parent, &at));)
        reference_add_row(out, field);
}

static void reference_add_measures(as_str *out)
{
    static const char *const intervals[] = {[AS_MEASURE_KIND_RATE] = "exact (Clopper-Pearson)",
                                            [AS_MEASURE_KIND_SCORE] = "resampled",
                                            [AS_MEASURE_KIND_QUANTILE] = "by order statistics",
                                            [AS_MEASURE_KIND_PEAK] = "none: the largest seen",
                                            [AS_MEASURE_KIND_COUNT] = "none: all are looked at"};
    as_str_add(out, "\n## Measures\n\n| measure | meaning | limit | unit | interval |\n|---|---|---|---|---|\n");
    for (unsigned m = AS_MEASURE_NONE + 1; m < AS_MEASURE_COUNT; m++) {
        const as_measure_info *info = as_measure_info_of((as_measure)m);
        as_str_addf(out, "| `%s`%s | %s | `%s` | %s | %s |\n", info->name, info->takes_of ? " with `of`" : "",
                    info->doc, info->better == AS_BETTER_MORE ? "at_least" : "at_most",
                    info->unit == AS_UNIT_RATIO   ? "plain, or %"
                    : info->unit == AS_UNIT_COUNT ? "a whole number"
                                                  : as_unit_list(info->unit),
                    intervals[info->kind]);
    }
}

bool as_spec_reference(as_str *out, as_err *err)
{
    as_str_add(out,
               "# assay.yaml\n\nEvery key the file may have. A key that is not here is refused, and so is a value out "
               "of its bounds, with file, line and column.\n");
    reference_add_section(out, "", "At the top", "These keys stand at the left margin");
    for (size_t i = 0; as_schema_at(i); i++)
        if (as_schema_at(i)->kind == &as_field_map)
            reference_add_section(out, as_schema_at(i)->path, as_schema_at(i)->path, as_schema_at(i)->doc);
    reference_add_section(out, AS_SCHEMA_REQUIREMENT, "requirements", "A list; each entry has these keys");
    reference_add_measures(out);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot make the reference: not enough memory");
}
