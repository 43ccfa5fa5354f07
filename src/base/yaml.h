/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - a YAML document as a tree whose nodes know their line and column.
 *
 * Layer:   base.
 * Threads: a document is immutable after loading: any thread may read.
 * Memory:  as_yaml_free() frees the whole tree. Bounded: 1 MiB of text, depth 32, 100,000 nodes; aliases are refused
 *          (so that no small file can grow large), and so are anchors, tags, duplicate keys and a second document.
 */
#ifndef AS_BASE_YAML_H
#define AS_BASE_YAML_H

#include "base/err.h"

typedef enum as_yaml_kind { AS_YAML_NONE, AS_YAML_SCALAR, AS_YAML_LIST, AS_YAML_MAP } as_yaml_kind;

typedef struct as_yaml_node as_yaml_node;
struct as_yaml_node {
    as_yaml_kind         kind;
    uint32_t             line, column; /* 1-based */
    const char          *text;         /* scalar */
    bool                 quoted;       /* scalar was 'so' or "so": a string whatever it looks like */
    size_t               n;            /* items of a list, pairs of a map */
    as_yaml_node *const *items;        /* list items, or the values of a map */
    as_yaml_node *const *keys;         /* keys of a map (scalars) */
};

typedef struct as_yaml as_yaml;

/* name is what errors call the text: "FILE:LINE:COLUMN: message". AS_EFORMAT, AS_ELIMIT. */
AS_CHECK as_yaml   *as_yaml_parse(const char *text, size_t n, const char *name, as_err *err);
const as_yaml_node *as_yaml_root(const as_yaml *doc); /* never NULL; of an empty text: AS_YAML_NONE */
const char         *as_yaml_name(const as_yaml *doc);
as_yaml            *as_yaml_free(as_yaml *doc);

const as_yaml_node *as_yaml_get(const as_yaml_node *map, const char *key); /* NULL if absent */

/* Sets err to "NAME:LINE:COLUMN: message"; returns false. */
bool as_yaml_fail(const as_yaml *doc, const as_yaml_node *node, as_err *err, const char *fmt, ...) AS_PRINTF(4, 5);

#endif
