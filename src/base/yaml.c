/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/str.h"

#define YAML_TEXT_BYTES ((size_t)1 << 20)
#define YAML_DEPTH      32
#define YAML_NODES      100000

/* What as_yaml_node shows as const, as the builder fills it. */
typedef struct yaml_node {
    as_yaml_node       see; /* first: the one is cast to the other */
    char              *text;
    struct yaml_node **items, **keys;
    size_t             cap;
} yaml_node;

struct as_yaml {
    char      *name;
    yaml_node *root;
    size_t     n_nodes;
};

static void yaml_node_free(yaml_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->see.n; i++) {
        yaml_node_free(node->items[i]);
        if (node->keys)
            yaml_node_free(node->keys[i]);
    }
    free(node->items);
    free(node->keys);
    free(node->text);
    free(node);
}

as_yaml *as_yaml_free(as_yaml *doc)
{
    if (doc) {
        yaml_node_free(doc->root);
        free(doc->name);
    }
    free(doc);
    return NULL;
}

static bool yaml_failv(const as_yaml *doc, size_t line, size_t column, as_err_code code, as_err *err, const char *fmt,
                       va_list ap) AS_PRINTF(6, 0);
static bool yaml_failv(const as_yaml *doc, size_t line, size_t column, as_err_code code, as_err *err, const char *fmt,
                       va_list ap)
{
    char text[sizeof err->text];
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    return AS_FAIL(err, code, "%s:%zu:%zu: %s", doc->name, line, column, text);
}

bool as_yaml_fail(const as_yaml *doc, const as_yaml_node *node, as_err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    yaml_failv(doc, node ? node->line : 1, node ? node->column : 1, AS_EFORMAT, err, fmt, ap);
    va_end(ap);
    return false;
}

static bool yaml_fail_at(const as_yaml *doc, yaml_mark_t mark, as_err_code code, as_err *err, const char *fmt, ...)
    AS_PRINTF(5, 6);
static bool yaml_fail_at(const as_yaml *doc, yaml_mark_t mark, as_err_code code, as_err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    yaml_failv(doc, mark.line + 1, mark.column + 1, code, err, fmt, ap);
    va_end(ap);
    return false;
}

/* One text on its way to a tree: what is open stands on a stack. */
typedef struct yaml_load {
    as_yaml      *doc;
    yaml_parser_t parser;
    const char   *text;
    size_t        n_text;
    yaml_node    *open[YAML_DEPTH];
    yaml_node    *key[YAML_DEPTH]; /* of an open map: the key whose value comes next */
    int           depth;
    as_err       *err;
} yaml_load;

static bool yaml_fail_memory(yaml_load *load)
{
    return AS_FAIL(load->err, AS_ENOMEM, "cannot read '%s': not enough memory", load->doc->name);
}

static yaml_node *yaml_node_new(yaml_load *load, as_yaml_kind kind, yaml_mark_t mark)
{
    if (load->doc->n_nodes >= YAML_NODES) {
        yaml_fail_at(load->doc, mark, AS_ELIMIT, load->err, "more than %d values", YAML_NODES);
        return NULL;
    }
    yaml_node *node = calloc(1, sizeof *node);
    if (!node) {
        yaml_fail_memory(load);
        return NULL;
    }
    load->doc->n_nodes++;
    node->see.kind = kind;
    node->see.line = (uint32_t)mark.line + 1;
    node->see.column = (uint32_t)mark.column + 1;
    return node;
}

static bool yaml_node_grow(yaml_load *load, yaml_node *parent)
{
    if (parent->see.n < parent->cap)
        return true;
    size_t      cap = parent->cap ? parent->cap * 2 : 4; /* at most YAML_NODES: no overflow */
    yaml_node **items = realloc(parent->items, cap * sizeof(yaml_node *));
    if (!items)
        return yaml_fail_memory(load);
    parent->items = items;
    if (parent->see.kind == AS_YAML_MAP) {
        yaml_node **keys = realloc(parent->keys, cap * sizeof(yaml_node *));
        if (!keys)
            return yaml_fail_memory(load);
        parent->keys = keys;
    }
    parent->cap = cap;
    return true;
}

/* Hands a finished or just opened node to what is open; on failure the node is freed. */
static bool yaml_place(yaml_load *load, yaml_node *node)
{
    if (load->depth == 0) {
        load->doc->root = node;
        return true;
    }
    yaml_node *parent = load->open[load->depth - 1], **key = &load->key[load->depth - 1];
    if (parent->see.kind == AS_YAML_MAP && !*key) {
        if (node->see.kind == AS_YAML_SCALAR) {
            *key = node;
            return true;
        }
        as_yaml_fail(load->doc, &node->see, load->err, "a key must be a word, not a %s",
                     node->see.kind == AS_YAML_MAP ? "map" : "list");
    } else if (yaml_node_grow(load, parent)) {
        parent->items[parent->see.n] = node;
        if (parent->keys)
            parent->keys[parent->see.n] = *key;
        *key = NULL;
        parent->see.n++;
        return true;
    }
    yaml_node_free(node);
    return false;
}

/* Anchors, aliases and tags are refused: what a file says stands where one reads it. */
static bool yaml_is_plain(yaml_load *load, yaml_mark_t mark, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return yaml_fail_at(load->doc, mark, AS_EFORMAT, load->err, "anchor '&%s' is not allowed (write the value out)",
                            (const char *)anchor);
    if (tag)
        return yaml_fail_at(load->doc, mark, AS_EFORMAT, load->err, "tag '%s' is not allowed (leave it out)",
                            (const char *)tag);
    return true;
}

static bool yaml_scalar(yaml_load *load, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t      n = event->data.scalar.length;
    if (!yaml_is_plain(load, event->start_mark, event->data.scalar.anchor, event->data.scalar.tag))
        return false;
    if (memchr(value, '\0', n))
        return yaml_fail_at(load->doc, event->start_mark, AS_EFORMAT, load->err,
                            "a zero byte is not allowed in a text");
    yaml_node *node = yaml_node_new(load, AS_YAML_SCALAR, event->start_mark);
    if (!node)
        return false;
    node->text = strndup(value, n);
    if (!node->text) {
        yaml_node_free(node);
        return yaml_fail_memory(load);
    }
    node->see.text = node->text;
    node->see.quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return yaml_place(load, node);
}

static bool yaml_open(yaml_load *load, const yaml_event_t *event, as_yaml_kind kind, const yaml_char_t *anchor,
                      const yaml_char_t *tag)
{
    if (!yaml_is_plain(load, event->start_mark, anchor, tag))
        return false;
    if (load->depth == YAML_DEPTH)
        return yaml_fail_at(load->doc, event->start_mark, AS_ELIMIT, load->err, "nested more than %d deep", YAML_DEPTH);
    yaml_node *node = yaml_node_new(load, kind, event->start_mark);
    if (!node || !yaml_place(load, node))
        return false;
    load->open[load->depth] = node;
    load->key[load->depth] = NULL;
    load->depth++;
    return true;
}

static int yaml_compare_keys(const void *a, const void *b)
{
    const as_yaml_node *x = *(as_yaml_node *const *)a, *y = *(as_yaml_node *const *)b;
    int                 order = strcmp(x->text, y->text);
    if (order == 0)
        order = (x->line > y->line) - (x->line < y->line);
    if (order == 0)
        order = (x->column > y->column) - (x->column < y->column);
    return order;
}

/* Sorted, because a map may have 50,000 keys. */
static bool yaml_keys_differ(yaml_load *load, const yaml_node *map)
{
    const as_yaml_node *twice = NULL, *first = NULL;
    yaml_node         **sorted = malloc((map->see.n + 1) * sizeof(yaml_node *));
    if (!sorted)
        return yaml_fail_memory(load);
    if (map->see.n)
        memcpy(sorted, map->keys, map->see.n * sizeof(yaml_node *));
    qsort(sorted, map->see.n, sizeof *sorted, yaml_compare_keys);
    for (size_t i = 1; i < map->see.n && !twice; i++) {
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) != 0)
            continue;
        first = &sorted[i - 1]->see;
        twice = &sorted[i]->see;
    }
    free(sorted);
    if (!twice)
        return true;
    return as_yaml_fail(load->doc, twice, load->err, "key '%s' is there twice, the first in line %u", twice->text,
                        first->line);
}

static bool yaml_close(yaml_load *load)
{
    yaml_node *node = load->open[--load->depth];
    node->see.items = (as_yaml_node *const *)node->items;
    node->see.keys = (as_yaml_node *const *)node->keys;
    return node->see.kind != AS_YAML_MAP || yaml_keys_differ(load, node);
}

static bool yaml_event(yaml_load *load, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return yaml_scalar(load, event);
    case YAML_SEQUENCE_START_EVENT:
        return yaml_open(load, event, AS_YAML_LIST, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return yaml_open(load, event, AS_YAML_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return yaml_close(load);
    case YAML_ALIAS_EVENT:
        return yaml_fail_at(load->doc, event->start_mark, AS_EFORMAT, load->err,
                            "alias '*%s' is not allowed (write the value out)", (const char *)event->data.alias.anchor);
    case YAML_DOCUMENT_START_EVENT:
        if (!load->doc->root)
            return true;
        return yaml_fail_at(load->doc, event->start_mark, AS_EFORMAT, load->err, "a second document is not allowed");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT: break;
    }
    return true;
}

/* The reader knows a byte offset, all others a line and a column. */
static bool yaml_fail_syntax(yaml_load *load)
{
    const yaml_parser_t *p = &load->parser;
    yaml_mark_t          mark = p->problem_mark;
    if (p->error == YAML_MEMORY_ERROR)
        return yaml_fail_memory(load);
    if (p->error == YAML_READER_ERROR) {
        mark = (yaml_mark_t){0};
        for (size_t i = 0; i < p->problem_offset && i < load->n_text; i++) {
            bool is_end = load->text[i] == '\n';
            mark.line += is_end;
            mark.column = is_end ? 0 : mark.column + 1;
        }
    }
    const char *problem = p->problem ? p->problem : "not YAML";
    if (!p->context)
        return yaml_fail_at(load->doc, mark, AS_EFORMAT, load->err, "%s", problem);
    return yaml_fail_at(load->doc, mark, AS_EFORMAT, load->err, "%s %s that begins in line %zu", problem, p->context,
                        p->context_mark.line + 1);
}

static bool yaml_run(yaml_load *load)
{
    bool ok = true, at_end = false;
    yaml_parser_set_encoding(&load->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&load->parser, (const unsigned char *)load->text, load->n_text);
    while (ok && !at_end) {
        yaml_event_t event;
        if (!yaml_parser_parse(&load->parser, &event))
            return yaml_fail_syntax(load);
        at_end = event.type == YAML_STREAM_END_EVENT;
        ok = yaml_event(load, &event);
        yaml_event_delete(&event);
    }
    if (ok && !load->doc->root)
        load->doc->root = yaml_node_new(load, AS_YAML_NONE, (yaml_mark_t){0});
    return ok && load->doc->root;
}

as_yaml *as_yaml_parse(const char *text, size_t n, const char *name, as_err *err)
{
    if (n > YAML_TEXT_BYTES) {
        AS_FAIL(err, AS_ELIMIT, "cannot read '%s': more than %zu bytes", name, YAML_TEXT_BYTES);
        return NULL;
    }
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* libyaml would count the mark as a column */
        text += 3;
        n -= 3;
    }
    yaml_load load = {.doc = calloc(1, sizeof *load.doc), .text = text, .n_text = n, .err = err};
    if (load.doc)
        load.doc->name = strdup(name);
    if (!load.doc || !load.doc->name || !yaml_parser_initialize(&load.parser)) {
        AS_FAIL(err, AS_ENOMEM, "cannot read '%s': not enough memory", name);
        return as_yaml_free(load.doc);
    }
    bool ok = yaml_run(&load);
    yaml_parser_delete(&load.parser);
    for (int i = 0; i < load.depth; i++)
        yaml_node_free(load.key[i]); /* keys whose value never came */
    return ok ? load.doc : as_yaml_free(load.doc);
}

const as_yaml_node *as_yaml_root(const as_yaml *doc)
{
    return &doc->root->see;
}

const char *as_yaml_name(const as_yaml *doc)
{
    return doc->name;
}

const as_yaml_node *as_yaml_get(const as_yaml_node *map, const char *key)
{
    if (!map || map->kind != AS_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    return NULL;
}
