/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - the one table of the keys of assay.yaml. Private to spec.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  static.
 *
 * Parsing, the refusal of unknown keys, the JSON Schema, what `assay spec show` prints and the reference page are all read
 * off these rows.
 */
#ifndef AS_SPEC_SCHEMA_H
#define AS_SPEC_SCHEMA_H

#include "spec/field.h"

#define AS_SCHEMA_VERSION     1
#define AS_SCHEMA_REQUIREMENT "requirements[]" /* parent of the keys of one requirement */
#define AS_SCHEMA_MOST_KEYS   32               /* of one parent; a test holds the table to it */

const as_field *as_schema_at(size_t i); /* NULL past the last row */

/* The next row whose parent is `parent` ("" for the keys at the top), from *at on, which is moved past it; NULL when there
 * is none. Start with *at = 0. */
const as_field *as_schema_child(const char *parent, size_t *at);

/* Reads each child of parent out of map (NULL: nothing is given) into base; refuses keys that are none. */
AS_CHECK bool as_schema_read(const as_reader *reader, const char *parent, const as_yaml_node *map, void *base);

/* Does the key belong to a requirement on this measure? */
bool as_schema_belongs(const as_field *field, as_measure measure);

/* A new reference; NULL without memory. Absent values are left out. */
AS_CHECK json_t *as_schema_json(const char *parent, const void *base);

/* One schema object {"type":"object","properties":...} of all children; NULL without memory. */
AS_CHECK json_t *as_schema_describe(const char *parent);

#endif
