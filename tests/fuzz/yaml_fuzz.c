/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a YAML text: either a tree within its limits or an error with a text. */
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static size_t check_node(const as_yaml_node *node, int depth)
{
    size_t n = 1;
    must(depth <= 33 && node->line >= 1 && node->column >= 1);
    must((node->kind == AS_YAML_SCALAR) == (node->text != NULL));
    for (size_t i = 0; i < node->n; i++) {
        if (node->kind == AS_YAML_MAP) {
            must(node->keys[i]->kind == AS_YAML_SCALAR);
            n += check_node(node->keys[i], depth + 1);
        }
        n += check_node(node->items[i], depth + 1);
    }
    /* each key is found, and is the only one of its name */
    for (size_t i = 0; node->kind == AS_YAML_MAP && i < AS_MIN(node->n, (size_t)50); i++)
        must(as_yaml_get(node, node->keys[i]->text) == node->items[i]);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err   err = AS_ERR_NONE;
    as_yaml *doc = as_yaml_parse((const char *)data, size, "fuzz", &err);
    if (doc)
        must(err.code == AS_OK && check_node(as_yaml_root(doc), 0) <= 100000);
    else
        must(err.code != AS_OK && err.text[0] != '\0');
    as_yaml_free(doc);
    return 0;
}
