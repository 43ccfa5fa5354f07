/* SPDX-License-Identifier: Apache-2.0 */
/* data_json.h - versions and samples as programs read them.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  the caller json_decref()s; NULL when there is none left.
 */
#ifndef AS_CLI_DATA_JSON_H
#define AS_CLI_DATA_JSON_H

#include "catalog/commit.h"

json_t *as_data_commit_json(const as_commit *commit);
json_t *as_data_sample_json(const as_sample *s);

#endif
