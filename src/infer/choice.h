/* SPDX-License-Identifier: Apache-2.0 */
/* choice.h - which back end was faster for a model on this machine, remembered: what `auto` goes by.
 *
 * Layer:   infer.
 * Threads: any thread, any number of processes: a choice is a file, whole or absent.
 * Memory:  plain values.
 *
 * One file a choice in assay/backends of the user's cache ($XDG_CACHE_HOME, else $HOME/.cache). It holds what it was
 * measured of, and is for no other: another model, batch, number of threads, processor, accelerator, or version of
 * either back end, or a provider that came to ONNX Runtime, is measured anew. So is one that cannot be read.
 */
#ifndef AS_INFER_CHOICE_H
#define AS_INFER_CHOICE_H

#include "base/err.h"

#define AS_CHOICE_KEY_BYTES 1400
#define AS_CHOICE_MOST      1000 /* files; then the oldest goes */
#define AS_CHOICE_MAX_FILE  ((size_t)64 << 10)

typedef struct as_choice {
    char  backend[128]; /* "native", "ort:cuda" */
    char  reason[400];  /* for people */
    as_ns when_utc;
} as_choice;

/* The folder assay/NAME of the user's cache, into dir[AS_FS_PATH_BYTES]; it may not exist. AS_EMISSING: no home. */
AS_CHECK bool as_choice_dir(const char *name, char *dir, as_err *err);

/* What a choice is of, in words. */
void as_choice_key(const uint8_t *model, size_t n, int64_t batch, uint32_t threads, char key[AS_CHOICE_KEY_BYTES]);

/* AS_ENOTFOUND: none is remembered; AS_EFORMAT: what is there is none. */
AS_CHECK bool as_choice_load(const char *key, as_choice *ret, as_err *err);
AS_CHECK bool as_choice_save(const char *key, const as_choice *choice, as_err *err);

/* A file's bytes. */
AS_CHECK bool as_choice_parse(const uint8_t *bytes, size_t n, const char *key, as_choice *ret, as_err *err);

size_t as_choice_count(void); /* remembered here, of all models */

#endif
