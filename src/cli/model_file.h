/* SPDX-License-Identifier: Apache-2.0 */
/* model_file.h - the model that an action of `assay model` is about: a file, or that of a run.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  as_model_file_done frees the bytes; JSON values are the caller's.
 */
#ifndef AS_CLI_MODEL_FILE_H
#define AS_CLI_MODEL_FILE_H

#include "cli/verb.h"
#include "graph/graph.h"

typedef struct as_model_file {
    char     name[AS_FS_PATH_BYTES]; /* what people call it: the file, or "run 3-cnn" */
    uint8_t *bytes;
    size_t   n;
} as_model_file;

/* word: a file, or else a run (its id, its number, "last"); NULL: the current run. */
AS_CHECK bool as_model_file_open(as_cli *cli, const char *word, as_model_file *ret, as_err *err);
void          as_model_file_done(as_model_file *file);

/* What --batch says (1 without it), and each --input NAME=SHAPE done to the graph. */
AS_CHECK bool as_model_batch(as_cli *cli, int64_t *ret, as_err *err);
AS_CHECK bool as_model_set_inputs(as_cli *cli, as_graph *graph, as_err *err);

/* A text from inside a model, of any bytes: safe to print, into the string (which is cleared first); and as JSON. */
const char *as_model_text(as_str *to, const char *text);
json_t     *as_model_json(const char *text);

#endif
