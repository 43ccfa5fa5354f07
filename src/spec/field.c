/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/field.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MOST_ITEMS 8

const char *as_field_key(const as_field *field)
{
    const char *dot = strrchr(field->path, '.');
    return dot ? dot + 1 : field->path;
}

const char *as_field_quote(const char *text, char *quoted)
{
    static const char hex[] = "0123456789abcdef";
    size_t            n = 0;
    for (; *text && n < 60; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7f) {
            quoted[n++] = *text;
            continue;
        }
        quoted[n++] = '\\';
        quoted[n++] = 'x';
        quoted[n++] = hex[c >> 4];
        quoted[n++] = hex[c & 15];
    }
    if (*text) {
        while (n > 0 && ((unsigned char)quoted[n - 1] & 0xc0) == 0x80) /* no half character before the dots */
            n--;
        if (n > 0 && ((unsigned char)quoted[n - 1] & 0x80))
            n--;
        memcpy(quoted + n, "...", 3);
        n += 3;
    }
    quoted[n] = '\0';
    return quoted;
}

bool as_field_fail(const as_reader *reader, const as_yaml_node *node, const char *fmt, ...)
{
    char    text[800];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    return as_yaml_fail(reader->doc, node ? node : as_yaml_root(reader->doc), reader->err, "%s", text);
}

const char *as_field_hint(const char *word, const char *const *candidates, size_t n, char *hint)
{
    const char *nearest = strlen(word) < 200 ? as_str_nearest(word, candidates, n) : NULL;
    hint[0] = '\0';
    if (nearest)
        snprintf(hint, AS_FIELD_HINT_BYTES, " (did you mean '%.120s'?)", nearest);
    return hint;
}

static bool field_is_empty(const as_yaml_node *node)
{
    if (node->kind == AS_YAML_NONE)
        return true;
    return node->kind == AS_YAML_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

/* The default, through the same checks as what is written in a file. */
static bool field_read_default(const as_reader *reader, const as_field *field, char *dest)
{
    char   text[64];
    char  *word = text, *rest = NULL;
    size_t i = 0;
    if (!as_str_copy(text, sizeof text, field->def))
        return AS_FAIL(reader->err, AS_EINTERNAL, "default of '%s' is too long", field->path);
    if (field->n == 0) {
        as_yaml_node node = {.kind = AS_YAML_SCALAR, .line = 1, .column = 1, .text = field->def};
        return field->kind->read(reader, field, &node, dest);
    }
    for (word = strtok_r(text, " ", &rest); word && i < field->n; word = strtok_r(NULL, " ", &rest), i++) {
        as_yaml_node node = {.kind = AS_YAML_SCALAR, .line = 1, .column = 1, .text = word};
        if (!field->kind->read(reader, field, &node, dest + i * field->kind->size))
            return false;
    }
    return true;
}

bool as_field_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base)
{
    char *dest = (char *)base + field->offset;
    if (field->kind->size == 0) /* a map or a list of maps looks after itself, given or not */
        return field->kind->read(reader, field, node, base);
    if (!node)
        return field->def ? field_read_default(reader, field, dest) : true;
    if (field_is_empty(node))
        return as_field_fail(reader, node, "'%s' has no value; it is %s", as_field_key(field), field->kind->name);
    if (field->n == 0) {
        if (node->kind == AS_YAML_SCALAR)
            return field->kind->read(reader, field, node, dest);
        return as_field_fail(reader, node, "'%s' must be %s, not a %s", as_field_key(field), field->kind->name,
                             node->kind == AS_YAML_MAP ? "map" : "list");
    }
    if (node->kind != AS_YAML_LIST || node->n != field->n)
        return as_field_fail(reader, node, "'%s' must be a list of %u values, each %s", as_field_key(field), field->n,
                             field->kind->name);
    for (size_t i = 0; i < field->n; i++) {
        if (node->items[i]->kind != AS_YAML_SCALAR || field_is_empty(node->items[i]))
            return as_field_fail(reader, node->items[i], "each value of '%s' must be %s", as_field_key(field),
                                 field->kind->name);
        if (!field->kind->read(reader, field, node->items[i], dest + i * field->kind->size))
            return false;
    }
    return true;
}

bool as_field_json(const as_field *field, const void *base, json_t **ret)
{
    const char *src = (const char *)base + field->offset;
    if (field->n == 0) {
        json_t *value = NULL;
        if (!field->kind->is_absent(src)) {
            value = field->kind->write(field, src);
            if (!value)
                return false;
        }
        *ret = value;
        return true;
    }
    bool any = false;
    for (size_t i = 0; i < field->n; i++)
        any = any || !field->kind->is_absent(src + i * field->kind->size);
    json_t *list = any ? json_array() : NULL;
    for (size_t i = 0; any && i < field->n; i++)
        if (json_array_append_new(list, field->kind->write(field, src + i * field->kind->size)) != 0) {
            json_decref(list);
            return false;
        }
    *ret = list;
    return true;
}

/* The default as JSON, read the way a file is. */
static json_t *field_default_json(const as_field *field)
{
    union {
        char        bytes[MOST_ITEMS * sizeof(double)];
        double      align;
        const char *align_text;
    } value = {{0}};
    as_err    err = AS_ERR_NONE;
    as_reader reader = {.err = &err};
    as_field  here = *field;
    json_t   *json = NULL;
    here.offset = 0;
    if (!field_read_default(&reader, field, value.bytes))
        return NULL;
    return as_field_json(&here, value.bytes, &json) ? json : NULL;
}

json_t *as_field_schema(const as_field *field)
{
    json_t *schema = json_object(), *one = schema;
    bool    ok = as_json_set(schema, "description", json_string(field->doc));
    if (field->n) {
        one = json_object();
        ok = ok && as_json_set(schema, "type", json_string("array"));
        ok = ok && as_json_set(schema, "minItems", json_integer(field->n));
        ok = ok && as_json_set(schema, "maxItems", json_integer(field->n));
        ok = as_json_set(schema, "items", one) && ok;
    }
    ok = ok && field->kind->describe(field, one);
    if (ok && field->def)
        ok = as_json_set(schema, "default", field_default_json(field));
    if (!ok) {
        json_decref(schema);
        return NULL;
    }
    return schema;
}
