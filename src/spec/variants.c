/* SPDX-License-Identifier: Apache-2.0 */
/* The `product.variants` key: a map whose keys are the user's own, each with a query and a count. */
#include <string.h>

#include "spec/schema.h"

static const as_field variant_fields[] = {
    {.path = "name", .kind = &as_field_class_name, .high = 63, .offset = offsetof(as_variant, name)},
    {.path = "where",
     .kind = &as_field_text,
     .high = 1000,
     .offset = offsetof(as_variant, where),
     .doc = "which pictures show it, as in `assay data ls --where`"},
    {.path = "at_least",
     .kind = &as_field_count,
     .def = "1",
     .low = 1,
     .high = 1e9,
     .offset = offsetof(as_variant, at_least),
     .doc = "pictures that a version must have of it"},
};
enum { VARIANT_NAME, VARIANT_WHERE, VARIANT_AT_LEAST };

static bool variant_read(const as_reader *reader, const as_yaml_node *key, const as_yaml_node *value, as_variant *ret)
{
    char quoted[AS_FIELD_QUOTE_BYTES];
    if (!as_field_read(reader, &variant_fields[VARIANT_NAME], key, ret))
        return false;
    as_field_quote(key->text, quoted);
    if (value->kind != AS_YAML_MAP)
        return as_field_fail(reader, value, "variant '%s' must be {where: QUERY, at_least: N}", quoted);
    for (size_t i = 0; i < value->n; i++)
        if (strcmp(value->keys[i]->text, "where") != 0 && strcmp(value->keys[i]->text, "at_least") != 0)
            return as_field_fail(reader, value->keys[i], "a variant has 'where' and 'at_least', and nothing else");
    const as_yaml_node *where = as_yaml_get(value, "where");
    if (!where)
        return as_field_fail(reader, value, "variant '%s' does not say 'where': a query as in 'name~\"*red*\"'",
                             quoted);
    return as_field_read(reader, &variant_fields[VARIANT_WHERE], where, ret) &&
           as_field_read(reader, &variant_fields[VARIANT_AT_LEAST], as_yaml_get(value, "at_least"), ret);
}

static bool variants_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base)
{
    as_spec *spec = base;
    if (!node)
        return true;
    if (node->kind != AS_YAML_MAP)
        return as_field_fail(reader, node, "'%s' must be %s", as_field_key(field), field->kind->name);
    if (node->n > AS_SPEC_MAX_VARIANTS)
        return as_field_fail(reader, node->keys[AS_SPEC_MAX_VARIANTS], "more than %d variants", AS_SPEC_MAX_VARIANTS);
    for (size_t i = 0; i < node->n; i++) {
        if (!variant_read(reader, node->keys[i], node->items[i], &spec->variants[i]))
            return false;
        spec->n_variants = i + 1;
    }
    return true;
}

static json_t *variants_write(const as_field *field, const void *base)
{
    const as_spec *spec = base;
    json_t        *object = json_object();
    (void)field;
    for (size_t i = 0; i < spec->n_variants; i++) {
        const as_variant *v = &spec->variants[i];
        json_t           *one = json_pack("{s:s,s:I}", "where", v->where, "at_least", (json_int_t)v->at_least);
        if (as_json_set(object, v->name, one))
            continue;
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool variants_describe(const as_field *field, json_t *schema)
{
    (void)field;
    json_t *one = json_object(), *keys = json_object();
    bool    ok = as_json_set(keys, "where", as_field_schema(&variant_fields[VARIANT_WHERE])) &&
              as_json_set(keys, "at_least", as_field_schema(&variant_fields[VARIANT_AT_LEAST]));
    ok = as_json_set(one, "type", json_string("object")) && ok;
    ok = as_json_set(one, "properties", keys) && ok;
    ok = as_json_set(one, "required", json_pack("[s]", "where")) && ok;
    ok = as_json_set(one, "additionalProperties", json_false()) && ok;
    ok = as_json_set(schema, "type", json_string("object")) && ok;
    ok = as_json_set(schema, "additionalProperties", one) && ok;
    return ok && as_json_set(schema, "maxProperties", json_integer(AS_SPEC_MAX_VARIANTS));
}

const as_field_kind as_field_variants = {.name = "a map of variants, each {where: QUERY, at_least: N}",
                                         .read = variants_read,
                                         .write = variants_write,
                                         .describe = variants_describe};
