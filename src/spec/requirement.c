/* SPDX-License-Identifier: Apache-2.0 */
/* The `requirements` key: each entry is read by the table, then held against the others. */
#include <math.h>
#include <string.h>

#include "spec/schema.h"

static bool requirement_refuses_strangers(const as_reader *reader, const as_yaml_node *item, const as_requirement *req)
{
    const as_measure_info *info = as_measure_info_of(req->measure);
    for (size_t i = 0; i < item->n; i++) {
        const as_field *field;
        size_t          at = 0;
        while ((field = as_schema_child(AS_SCHEMA_REQUIREMENT, &at)))
            if (strcmp(as_field_key(field), item->keys[i]->text) == 0 && !as_schema_belongs(field, req->measure))
                break;
        if (!field)
            continue;
        if (field->offset == offsetof(as_requirement, at_least))
            return as_field_fail(reader, item->keys[i],
                                 "'%s' is bounded from above: write at_most, for example 'at_most: %s'", info->name,
                                 as_unit_example(info->unit));
        return as_field_fail(reader, item->keys[i], "'%s' does not belong to '%s': leave it out", item->keys[i]->text,
                             info->name);
    }
    return true;
}

static bool requirement_has_bound(const as_reader *reader, const as_yaml_node *item, const as_requirement *req)
{
    const as_measure_info *info = as_measure_info_of(req->measure);
    bool                   least = !isnan(req->at_least), most = !isnan(req->at_most);
    if (least && most)
        return as_field_fail(reader, item, "requirement '%s' has both at_least and at_most: write two requirements",
                             req->id);
    if (info->better == AS_BETTER_MORE && most)
        return as_field_fail(reader, as_yaml_get(item, "at_most"), "'%s' is better when it is more: write at_least",
                             info->name);
    if (info->better == AS_BETTER_LESS && least)
        return as_field_fail(reader, as_yaml_get(item, "at_least"), "'%s' is better when it is less: write at_most",
                             info->name);
    if (!least && !most)
        return as_field_fail(
            reader, item, "requirement '%s' on '%s' says no limit: add %s, for example '%s: %s'", req->id, info->name,
            info->better == AS_BETTER_MORE ? "at_least" : "at_most",
            info->better == AS_BETTER_MORE ? "at_least" : "at_most",
            info->unit == AS_UNIT_RATIO && info->better == AS_BETTER_LESS ? "1 %" : as_unit_example(info->unit));
    return true;
}

static bool requirement_of_known(const as_reader *reader, const as_yaml_node *item, const as_requirement *req)
{
    const char *names[AS_SPEC_MAX_CLASSES + 1];
    char        quoted[AS_FIELD_QUOTE_BYTES], hint[AS_FIELD_HINT_BYTES];
    size_t      n = 0;
    if (!as_measure_info_of(req->measure)->takes_of)
        return true;
    if (!req->of)
        return as_field_fail(reader, item,
                             "requirement '%s' on '%s' needs 'of': a class, or 'reject' for all that are rejected",
                             req->id, as_measure_name(req->measure));
    if (strcmp(req->of, "reject") == 0 || as_spec_class(reader->spec, req->of) >= 0)
        return true;
    names[n++] = "reject";
    for (size_t i = 0; i < reader->spec->n_classes; i++)
        names[n++] = reader->spec->classes[i].name;
    return as_field_fail(reader, as_yaml_get(item, "of"), "unknown class '%s'%s", as_field_quote(req->of, quoted),
                         as_field_hint(req->of, names, n, hint));
}

static bool requirement_is_single(const as_reader *reader, const as_yaml_node *item, const as_requirement *req)
{
    for (size_t i = 0; i < reader->spec->n_requirements; i++) {
        const as_requirement *other = &reader->spec->requirements[i];
        if (strcmp(other->id, req->id) == 0)
            return as_field_fail(reader, as_yaml_get(item, "id"),
                                 "requirement '%s' is there twice, the first in line %u", req->id, other->line);
    }
    return true;
}

static bool requirement_read(const as_reader *reader, const as_yaml_node *item, as_requirement *req)
{
    if (item->kind != AS_YAML_MAP)
        return as_field_fail(reader, item,
                             "each entry of 'requirements' must be a map, for example {id: R1, measure: "
                             "recall, of: reject, at_least: 0.95}");
    *req = (as_requirement){.text = "", .at_least = NAN, .at_most = NAN, .line = item->line, .column = item->column};
    /* Whether a key belongs is decided by the measure, and a bound is read in its unit. */
    const as_yaml_node *measure = as_yaml_get(item, "measure");
    if (measure && measure->kind == AS_YAML_SCALAR) {
        req->measure = as_measure_parse(measure->text);
        if (req->measure && !requirement_refuses_strangers(reader, item, req))
            return false;
    }
    if (!as_schema_read(reader, AS_SCHEMA_REQUIREMENT, item, req))
        return false;
    if (req->per == AS_PER_FRAME && as_measure_info_of(req->measure)->kind == AS_MEASURE_KIND_QUANTILE)
        return as_field_fail(reader, as_yaml_get(item, "per"), "'%s' is per part: from its trigger to its verdict",
                             as_measure_name(req->measure));
    return requirement_is_single(reader, item, req) && requirement_of_known(reader, item, req) &&
           requirement_has_bound(reader, item, req);
}

static bool requirements_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base)
{
    as_spec *spec = base;
    if (!node || node->kind != AS_YAML_LIST)
        return as_field_fail(reader, node, "'%s' must be %s", as_field_key(field), field->kind->name);
    if (node->n == 0)
        return as_field_fail(reader, node, "'requirements' is empty: what must be true?");
    if (node->n > AS_SPEC_MAX_REQUIREMENTS)
        return as_field_fail(reader, node->items[AS_SPEC_MAX_REQUIREMENTS], "more than %d requirements",
                             AS_SPEC_MAX_REQUIREMENTS);
    for (size_t i = 0; i < node->n; i++) {
        if (!requirement_read(reader, node->items[i], &spec->requirements[i]))
            return false;
        spec->n_requirements = i + 1;
    }
    return true;
}

static json_t *requirements_write(const as_field *field, const void *base)
{
    const as_spec *spec = base;
    json_t        *list = json_array();
    (void)field;
    for (size_t i = 0; i < spec->n_requirements; i++)
        if (json_array_append_new(list, as_schema_json(AS_SCHEMA_REQUIREMENT, &spec->requirements[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* {"if": measure is one of those the key does not belong to, "then": the key is not there}, so that an editor knows. */
static json_t *requirement_rule(const as_field *field)
{
    json_t *names = json_array(), *keys = json_object();
    bool    ok = true;
    for (unsigned m = AS_MEASURE_NONE + 1; m < AS_MEASURE_COUNT; m++)
        if (!as_schema_belongs(field, (as_measure)m))
            ok = json_array_append_new(names, json_string(as_measure_name((as_measure)m))) == 0 && ok;
    ok = as_json_set(keys, as_field_key(field), json_false()) && ok;
    json_t *rule = json_pack("{s:{s:{s:{s:o}}}, s:{s:o}}", "if", "properties", "measure", "enum", names, "then",
                             "properties", keys);
    if (ok)
        return rule;
    json_decref(rule);
    return NULL;
}

static bool requirements_describe(const as_field *field, json_t *schema)
{
    json_t *item = as_schema_describe(AS_SCHEMA_REQUIREMENT), *rules = json_array();
    size_t  at = 0;
    bool    ok = item && rules;
    (void)field;
    for (const as_field *f; ok && (f = as_schema_child(AS_SCHEMA_REQUIREMENT, &at));)
        if (f->measures)
            ok = json_array_append_new(rules, requirement_rule(f)) == 0;
    ok = as_json_set(item, "allOf", rules) && ok;
    ok =
        ok && as_json_set(item, "oneOf", json_pack("[{s:[s]},{s:[s]}]", "required", "at_least", "required", "at_most"));
    ok = as_json_set(schema, "type", json_string("array")) && ok;
    ok = as_json_set(schema, "items", item) && ok;
    return ok && as_json_set(schema, "minItems", json_integer(1)) &&
           as_json_set(schema, "maxItems", json_integer(AS_SPEC_MAX_REQUIREMENTS));
}

const as_field_kind as_field_requirements = {.name = "a list of requirements",
                                             .read = requirements_read,
                                             .write = requirements_write,
                                             .describe = requirements_describe};
