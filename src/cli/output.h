/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - a file that a person asked for by name: a page, a picture, a table.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  none.
 */
#ifndef AS_CLI_OUTPUT_H
#define AS_CLI_OUTPUT_H

#include "base/err.h"
#include "base/str.h"

/* Writes it whole or not at all. A file that is there is replaced when it begins as the new one does, so a page by a page;
 * anything else was hardly meant: AS_EEXIST. An input that must not be lost (or NULL) is not replaced either. */
AS_CHECK bool as_output_write(const char *path, const as_str *bytes, const char *input, as_err *err);

#endif
