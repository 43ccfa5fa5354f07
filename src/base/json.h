/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - jansson with errors that name the file and the key.
 *
 * Layer:   base.
 * Threads: a json_t belongs to one thread.
 * Memory:  returned values are new references; json_decref() them.
 */
#ifndef AS_BASE_JSON_H
#define AS_BASE_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

AS_CHECK json_t *as_json_parse(const void *bytes, size_t n, const char *name, as_err *err);
AS_CHECK json_t *as_json_read(const char *path, size_t max_bytes, as_err *err);
AS_CHECK bool    as_json_write(const char *path, const json_t *value, as_err *err); /* indented, keys sorted, atomic */

/* One line without blanks, keys sorted: the same value gives the same bytes; numbers have as few digits as read back the
 * same. Heap, free() it; NULL without memory. as_json_pretty: the same, indented, a member a line. */
AS_CHECK char *as_json_text(const json_t *value);
AS_CHECK char *as_json_pretty(const json_t *value);

/* A member of an object by key and type; false with a message naming the key when it is missing or of another type.
 * Strings are borrowed from the object. */
AS_CHECK bool as_json_get_str(const json_t *object, const char *key, const char **ret, as_err *err);
AS_CHECK bool as_json_get_i64(const json_t *object, const char *key, int64_t *ret, as_err *err);
AS_CHECK bool as_json_get_f64(const json_t *object, const char *key, double *ret, as_err *err); /* integers too */
AS_CHECK bool as_json_get_bool(const json_t *object, const char *key, bool *ret, as_err *err);

/* object[key] = value, stealing the reference; a NULL object or value (no memory) makes it false. */
bool as_json_set(json_t *object, const char *key, json_t *value);

/* A finite number, or null for NaN and infinities (JSON has none). */
json_t *as_json_number(double value);

#endif
