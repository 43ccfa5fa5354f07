/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - a file that a person asked for by name: a page, a picture, a table.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  none.
 */
#ifndef AS_CLI_OUTPUT_H
#define AS_CLI_OUTPUT_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

#define AS_OUTPUT_KIND_KEY "kind" /* of the JSON objects that are written here: "assay twin truth" */

/* Writes it whole or not at all. A file that is there is replaced when it begins as the new one does, so a page by a page;
 * anything else was hardly meant: AS_EEXIST. An input that must not be lost (or NULL) is not replaced either. */
AS_CHECK bool as_output_write(const char *path, const as_str *bytes, const char *input, as_err *err);

/* A name that a file can have: no folder, and not "-", which is none (AS_EINVAL). Asked before work is done. */
AS_CHECK bool as_output_name_may(const char *path, as_err *err);

/* The same for a JSON object, which says by its key "kind" what it is: one of another kind is not replaced. The first asks
 * beforehand, before work is done. */
AS_CHECK bool as_output_json_may(const char *path, const char *kind, as_err *err);
AS_CHECK bool as_output_write_json(const char *path, const json_t *json, as_err *err);

#endif
