/* SPDX-License-Identifier: Apache-2.0 */
/* The `classes` key: a map whose keys are the user's own. */
#include <string.h>

#include "spec/schema.h"

static const as_choice verdict_choices[] = {
    {"pass", AS_VERDICT_PASS, NULL},
    {"reject", AS_VERDICT_REJECT, NULL},
    {"review", AS_VERDICT_REVIEW, NULL},
    {"fault", AS_VERDICT_FAULT, "a fault is what the line reports about itself, never what a part is"},
    {NULL, 0, NULL}};

static const as_field class_name = {
    .path = "class", .kind = &as_field_class_name, .high = 63, .offset = offsetof(as_class, name)};

static const as_field class_verdict = {.path = "verdict",
                                       .kind = &as_field_choice,
                                       .choices = verdict_choices,
                                       .offset = offsetof(as_class, verdict),
                                       .doc = "the verdict a part of this class gets"};

static bool class_read(const as_reader *reader, const as_yaml_node *key, const as_yaml_node *value, as_class *class)
{
    /* The message names the class: 'missing_topping' cannot be ... */
    char     quoted[AS_FIELD_QUOTE_BYTES];
    as_field verdict = class_verdict;
    if (!as_field_read(reader, &class_name, key, class))
        return false;
    if (strcmp(key->text, "reject") == 0)
        return as_field_fail(reader, key,
                             "no class can be called 'reject': the word stands for all classes that are rejected");
    as_field_quote(key->text, quoted);
    for (char *dot; (dot = strchr(quoted, '.'));)
        *dot = '_'; /* a path: what follows a dot would be taken for its key */
    verdict.path = quoted;
    return as_field_read(reader, &verdict, value, class);
}

static bool classes_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base)
{
    as_spec *spec = base;
    bool     any_pass = false, any_reject = false;
    if (!node || node->kind != AS_YAML_MAP)
        return as_field_fail(reader, node, "'%s' must be %s", as_field_key(field), field->kind->name);
    if (node->n > AS_SPEC_MAX_CLASSES)
        return as_field_fail(reader, node->keys[AS_SPEC_MAX_CLASSES], "more than %d classes", AS_SPEC_MAX_CLASSES);
    for (size_t i = 0; i < node->n; i++) {
        as_class *class = &spec->classes[i];
        if (!class_read(reader, node->keys[i], node->items[i], class))
            return false;
        any_pass = any_pass || class->verdict == AS_VERDICT_PASS;
        any_reject = any_reject || class->verdict == AS_VERDICT_REJECT;
        spec->n_classes = i + 1;
    }
    if (!any_pass)
        return as_field_fail(reader, node, "no class has 'pass': nothing could ever leave the line as good");
    if (!any_reject)
        return as_field_fail(reader, node, "no class has 'reject': nothing could ever be found bad");
    return true;
}

static json_t *classes_write(const as_field *field, const void *base)
{
    const as_spec *spec = base;
    json_t        *object = json_object();
    (void)field;
    for (size_t i = 0; i < spec->n_classes; i++) {
        json_t *word = NULL;
        bool    ok = as_field_json(&class_verdict, &spec->classes[i], &word);
        if (ok && as_json_set(object, spec->classes[i].name, word))
            continue;
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool classes_describe(const as_field *field, json_t *schema)
{
    (void)field;
    json_t *names = json_object(), *not_reject = json_pack("{s:s}", "const", "reject");
    bool    ok = names && as_json_set(names, "pattern", json_string(class_name.kind->pattern)) &&
              as_json_set(names, "maxLength", json_integer((json_int_t)class_name.high));
    ok = as_json_set(names, "not", not_reject) && ok;
    ok = as_json_set(schema, "type", json_string("object")) && ok;
    ok = as_json_set(schema, "propertyNames", names) && ok;
    return ok && as_json_set(schema, "additionalProperties", as_field_schema(&class_verdict)) &&
           as_json_set(schema, "minProperties", json_integer(2)) &&
           as_json_set(schema, "maxProperties", json_integer(AS_SPEC_MAX_CLASSES));
}

const as_field_kind as_field_classes = {.name = "a map of class names to pass, reject or review",
                                        .read = classes_read,
                                        .write = classes_write,
                                        .describe = classes_describe};
