/* SPDX-License-Identifier: Apache-2.0 */
/* s3_list.h - what a server of buckets answers, in XML: names (ListObjectsV2), and errors.
 *
 * Layer:   remote.
 * Threads: pure.
 * Memory:  as_s3_page_done frees.
 */
#ifndef AS_REMOTE_S3_LIST_H
#define AS_REMOTE_S3_LIST_H

#include "base/err.h"
#include "base/vec.h"

#define AS_S3_PAGE_MAX_BYTES  ((size_t)4 << 20)
#define AS_S3_PAGE_MAX_NAMES  ((size_t)10000)
#define AS_S3_KEY_BYTES       1025
#define AS_S3_TOKEN_MAX_BYTES ((size_t)4096)

typedef struct as_s3_entry {
    char    *name; /* of the whole key */
    uint64_t n_bytes;
} as_s3_entry;

typedef struct as_s3_page {
    AS_VEC(as_s3_entry) entries;
    char *token; /* of the next page; NULL: this is the last */
} as_s3_page;

/* Any bytes. AS_EFORMAT, AS_ELIMIT. */
AS_CHECK bool as_s3_page_parse(const uint8_t *bytes, size_t n, as_s3_page *ret, as_err *err);
void          as_s3_page_done(as_s3_page *page);

/* Code and message of an error, made printable; "" where there are none. */
void as_s3_error_parse(const uint8_t *bytes, size_t n, char code[64], char message[256]);

#endif
