/* SPDX-License-Identifier: Apache-2.0 */
/* field.h - one key of assay.yaml: how it is checked, where it lands, how it is shown. Private to spec.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  strings read are borrowed from the document, which the spec keeps; json is the caller's new reference.
 */
#ifndef AS_SPEC_FIELD_H
#define AS_SPEC_FIELD_H

#include "base/yaml.h"
#include "spec/spec.h"

typedef struct as_field as_field;

typedef struct as_reader {
    const as_yaml *doc;
    as_spec       *spec;
    as_err        *err;
} as_reader;

typedef struct as_choice {
    const char *name;
    unsigned    value;   /* of the enum it lands in */
    const char *refused; /* why this word is known and yet not taken; NULL: it is taken */
} as_choice;

/* What a type of value provides. `dest` and `src` point at the value in its struct. */
typedef struct as_field_kind {
    const char *name;    /* "a share (0.95 or 95 %)", for errors and the reference */
    const char *pattern; /* of texts, for the JSON Schema (ECMA 262); NULL: none */
    const char *rule;    /* what a text must be, when `fits` says no */
    bool (*fits)(const char *text);
    size_t size;
    bool (*read)(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *dest);
    json_t *(*write)(const as_field *field, const void *src);
    bool (*is_absent)(const void *src);
    bool (*describe)(const as_field *field, json_t *schema);
} as_field_kind;

struct as_field {
    const char          *path; /* "station.camera", "requirements[].id"; children follow their parent */
    const as_field_kind *kind;
    bool                 required;
    bool                 open;      /* the bounds themselves are not allowed */
    uint32_t             n;         /* 0: one value; else a list of exactly n */
    const char          *def;       /* as one would write it, blanks between the items of a list; NULL: none */
    double               low, high; /* of numbers; of a text: most bytes in high */
    const as_choice     *choices;   /* ends with a NULL name */
    unsigned             measures;  /* bits 1 << as_measure_kind a key of a requirement belongs to; 0: all */
    size_t               offset;
    const char          *doc;
};

extern const as_field_kind as_field_version, as_field_name, as_field_text, as_field_class_name, as_field_uri,
    as_field_currency, as_field_number, as_field_length, as_field_amount, as_field_count, as_field_share,
    as_field_milliseconds, as_field_bound, as_field_choice;
extern const as_field_kind as_field_retention; /* retention.c */
extern const as_field_kind as_field_map, as_field_classes, as_field_requirements, as_field_variants,
    as_field_words; /* schema.c, classes.c, requirement.c, variants.c, words.c */

/* The last word of the path. */
const char *as_field_key(const as_field *field);

/* base: the struct offset counts in. node NULL: the default, or nothing. */
AS_CHECK bool as_field_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base);

/* *ret a new reference, or NULL when the value is absent; false without memory. */
AS_CHECK bool as_field_json(const as_field *field, const void *base, json_t **ret);

/* A new reference; NULL without memory. */
AS_CHECK json_t *as_field_schema(const as_field *field);

/* Text from the file made fit for a message: at most 60 bytes, control characters escaped. Returns quoted. */
#define AS_FIELD_QUOTE_BYTES 68
const char *as_field_quote(const char *text, char *quoted);

/* "FILE:LINE:COLUMN: ..." at node (the whole document when NULL); false. */
bool as_field_fail(const as_reader *reader, const as_yaml_node *node, const char *fmt, ...) AS_PRINTF(3, 4);

/* " (did you mean 'x'?)" into hint[160], or "" when nothing is near; returns hint. */
const char *as_field_hint(const char *word, const char *const *candidates, size_t n, char *hint);
#define AS_FIELD_HINT_BYTES 160

#endif
