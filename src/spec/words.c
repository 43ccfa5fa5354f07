/* SPDX-License-Identifier: Apache-2.0 */
/* A list of words out of a few, in any number and order: a bit each. */
#include <string.h>

#include "spec/field.h"

static bool words_add(const as_reader *reader, const as_field *field, const as_yaml_node *node, unsigned *bits)
{
    as_field one = *field;
    unsigned value = 0;
    one.kind = &as_field_choice;
    one.offset = 0;
    if (!as_field_read(reader, &one, node, &value))
        return false;
    *bits |= 1u << value;
    return true;
}

static bool words_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base)
{
    unsigned *bits = (unsigned *)(void *)((char *)base + field->offset);
    *bits = 0;
    if (!node)
        return true;
    if (node->kind != AS_YAML_LIST)
        return words_add(reader, field, node, bits);
    for (size_t i = 0; i < node->n; i++)
        if (!words_add(reader, field, node->items[i], bits))
            return false;
    return true;
}

static json_t *words_write(const as_field *field, const void *base)
{
    unsigned bits = *(const unsigned *)(const void *)((const char *)base + field->offset);
    json_t  *list = json_array();
    if (!bits) { /* as a map without keys: not given */
        json_decref(list);
        return json_object();
    }
    for (const as_choice *c = field->choices; c->name; c++)
        if (bits >> c->value & 1u)
            json_array_append_new(list, json_string(c->name));
    return list;
}

static bool words_describe(const as_field *field, json_t *schema)
{
    as_field one = *field;
    one.kind = &as_field_choice;
    return as_json_set(schema, "type", json_string("array")) && as_json_set(schema, "items", as_field_schema(&one));
}

const as_field_kind as_field_words = {
    .name = "a list of words", .read = words_read, .write = words_write, .describe = words_describe};
