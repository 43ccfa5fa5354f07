/* SPDX-License-Identifier: Apache-2.0 */
/* The `retention` key: a list of rules, each with a bound on age or on bytes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/schema.h"
#include "spec/unit.h"

#define RETENTION_MAX_DAYS 36525.0

static const struct {
    const char *name;
    double      hours;
} retention_ages[] = {{"h", 1}, {"d", 24}, {"w", 168}};

/* "90 d": a whole number of hours, days or weeks. */
static bool retention_age(const char *text, double *ret_hours)
{
    char       *end;
    const char *unit = as_unit_of(text);
    double      n = strtod(text, &end);
    if (end == text || strspn(text, "0123456789.") == 0)
        return false;
    for (size_t i = 0; i < AS_COUNT(retention_ages); i++) {
        if (strcmp(unit, retention_ages[i].name) != 0)
            continue;
        *ret_hours = n * retention_ages[i].hours;
        return isfinite(*ret_hours) && *ret_hours > 0 && *ret_hours <= RETENTION_MAX_DAYS * 24;
    }
    return false;
}

static bool retention_read_class(const as_reader *reader, const as_yaml_node *node, as_retention *ret)
{
    const char *names[AS_SPEC_MAX_CLASSES];
    char        quoted[AS_FIELD_QUOTE_BYTES], hint[AS_FIELD_HINT_BYTES];
    for (size_t i = 0; i < reader->spec->n_classes; i++)
        names[i] = reader->spec->classes[i].name;
    if (node->kind != AS_YAML_SCALAR || as_spec_class(reader->spec, node->text) < 0)
        return as_field_fail(
            reader, node, "unknown class '%s'%s",
            as_field_quote(node->kind == AS_YAML_SCALAR ? node->text : "", quoted),
            as_field_hint(node->kind == AS_YAML_SCALAR ? node->text : "", names, reader->spec->n_classes, hint));
    ret->class_name = node->text;
    return true;
}

static bool retention_read_bound(const as_reader *reader, const as_yaml_node *key, const as_yaml_node *node,
                                 as_retention *ret)
{
    char quoted[AS_FIELD_QUOTE_BYTES];
    bool is_text = node->kind == AS_YAML_SCALAR;
    if (is_text)
        as_field_quote(node->text, quoted);
    if (strcmp(key->text, "older_than") == 0)
        return (is_text && retention_age(node->text, &ret->older_than_hours)) ||
               as_field_fail(reader, node, "'older_than' must be an age such as 90 d (h, d or w), up to 100 years");
    return (is_text && as_unit_parse(node->text, AS_UNIT_BYTES, &ret->keep_at_most_bytes) == AS_UNIT_FINE &&
            ret->keep_at_most_bytes >= 0 && ret->keep_at_most_bytes < 1e18) ||
           as_field_fail(reader, node, "'keep_at_most' must be a size such as 200 GB (%s)",
                         as_unit_list(AS_UNIT_BYTES));
}

static bool retention_read_one(const as_reader *reader, const as_yaml_node *item, as_retention *ret)
{
    *ret = (as_retention){.class_name = "", .older_than_hours = NAN, .keep_at_most_bytes = NAN};
    if (item->kind != AS_YAML_MAP)
        return as_field_fail(reader, item,
                             "each entry of 'retention' must be a map such as {class: good, older_than: 90 d}");
    for (size_t i = 0; i < item->n; i++) {
        const char *key = item->keys[i]->text;
        bool        ok;
        if (strcmp(key, "class") == 0)
            ok = retention_read_class(reader, item->items[i], ret);
        else if (strcmp(key, "older_than") == 0 || strcmp(key, "keep_at_most") == 0)
            ok = retention_read_bound(reader, item->keys[i], item->items[i], ret);
        else
            ok = as_field_fail(reader, item->keys[i],
                               "a rule of 'retention' has 'class', 'older_than' and 'keep_at_most', and nothing else");
        if (!ok)
            return false;
    }
    return isnan(ret->older_than_hours) != isnan(ret->keep_at_most_bytes) ||
           as_field_fail(reader, item, "a rule of 'retention' needs one of 'older_than' and 'keep_at_most'%s",
                         isnan(ret->older_than_hours) ? "" : ": write two rules");
}

static bool retention_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base)
{
    as_spec *spec = base;
    if (!node)
        return true;
    if (node->kind != AS_YAML_LIST)
        return as_field_fail(reader, node, "'%s' must be %s", as_field_key(field), field->kind->name);
    if (node->n > AS_SPEC_MAX_RETENTION)
        return as_field_fail(reader, node->items[AS_SPEC_MAX_RETENTION], "more than %d rules", AS_SPEC_MAX_RETENTION);
    for (size_t i = 0; i < node->n; i++) {
        if (!retention_read_one(reader, node->items[i], &spec->retention[i]))
            return false;
        spec->n_retention = i + 1;
    }
    return true;
}

const char *as_retention_text(const as_retention *rule, char *text)
{
    char bound[AS_UNIT_TEXT_BYTES];
    if (isnan(rule->older_than_hours))
        snprintf(bound, sizeof bound, "at most %s", as_unit_exact_text(rule->keep_at_most_bytes, AS_UNIT_BYTES, text));
    else if (fmod(rule->older_than_hours, 24) == 0)
        snprintf(bound, sizeof bound, "older than %.10g d", rule->older_than_hours / 24);
    else
        snprintf(bound, sizeof bound, "older than %.10g h", rule->older_than_hours);
    snprintf(text, AS_RETENTION_TEXT_BYTES, "%.60s%s%s", rule->class_name, *rule->class_name ? ", " : "", bound);
    return text;
}

static json_t *retention_write_one(const as_retention *rule)
{
    json_t *one = json_object();
    char    text[AS_UNIT_TEXT_BYTES];
    bool    ok = !*rule->class_name || as_json_set(one, "class", json_string(rule->class_name));
    if (isnan(rule->older_than_hours))
        as_unit_exact_text(rule->keep_at_most_bytes, AS_UNIT_BYTES, text);
    else if (fmod(rule->older_than_hours, 24) == 0)
        snprintf(text, sizeof text, "%.17g d", rule->older_than_hours / 24);
    else
        snprintf(text, sizeof text, "%.17g h", rule->older_than_hours);
    ok = ok && as_json_set(one, isnan(rule->older_than_hours) ? "keep_at_most" : "older_than", json_string(text));
    if (ok)
        return one;
    json_decref(one);
    return NULL;
}

/* Without rules an empty object, which is left out. */
static json_t *retention_write(const as_field *field, const void *base)
{
    const as_spec *spec = base;
    json_t        *list = spec->n_retention ? json_array() : json_object();
    (void)field;
    for (size_t i = 0; list && i < spec->n_retention; i++)
        if (json_array_append_new(list, retention_write_one(&spec->retention[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool retention_describe(const as_field *field, json_t *schema)
{
    (void)field;
    json_t *keys = json_pack("{s:{s:s}, s:{s:s, s:s}, s:{s:s, s:s}}", "class", "type", "string", "older_than", "type",
                             "string", "pattern", "^[0-9.]+ *[hdw]$", "keep_at_most", "type", "string", "pattern",
                             "^[0-9.]+ *([kMG]?B|[KMG]iB)$");
    json_t *one = json_object();
    bool    ok = as_json_set(one, "type", json_string("object"));
    ok = as_json_set(one, "properties", keys) && ok;
    ok = as_json_set(one, "additionalProperties", json_false()) && ok;
    ok = as_json_set(one, "oneOf",
                     json_pack("[{s:[s]},{s:[s]}]", "required", "older_than", "required", "keep_at_most")) &&
         ok;
    ok = as_json_set(schema, "type", json_string("array")) && ok;
    ok = as_json_set(schema, "items", one) && ok;
    return ok && as_json_set(schema, "maxItems", json_integer(AS_SPEC_MAX_RETENTION));
}

const as_field_kind as_field_retention = {
    .name = "a list of rules, each {class: CLASS, older_than: 90 d} or {class: CLASS, keep_at_most: 200 GB}",
    .read = retention_read,
    .write = retention_write,
    .describe = retention_describe};
