/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - numbers for what is equal: 0 to n - 1 for labels, cameras, formats and such. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: any thread.
 * Memory:  as_keys_done frees.
 */
#ifndef AS_INTAKE_KEYS_H
#define AS_INTAKE_KEYS_H

#include "catalog/commit.h"

typedef struct as_keys {
    uint32_t *of;    /* of each sample */
    size_t   *first; /* the first sample of each number: the numbers are in that order */
    size_t   *count; /* how many samples have it */
    uint32_t  n;     /* numbers */
} as_keys;

/* key: equal for two samples that belong together (a hash of 64 bits is good enough). AS_ENOMEM. */
AS_CHECK bool as_keys_make(const as_manifest *manifest, uint64_t (*key)(const void *ctx, const as_sample *sample),
                           const void *ctx, as_keys *ret, as_err *err);
void          as_keys_done(as_keys *keys);

uint64_t as_keys_text(const char *text, size_t n); /* FNV-1a (Fowler, Noll and Vo) */
uint64_t as_keys_label(const void *ctx, const as_sample *sample);
uint64_t as_keys_part(const void *ctx, const as_sample *sample);

#endif
