/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4.h - AWS Signature Version 4 in the Authorization header (AWS "Create a signed AWS API request").
 *
 * Layer:   remote.
 * Threads: pure.
 * Memory:  what is written goes into the caller's strings.
 *
 * As S3 wants it: the path is encoded once and not made shorter.
 */
#ifndef AS_REMOTE_SIGV4_H
#define AS_REMOTE_SIGV4_H

#include "base/err.h"
#include "base/str.h"

#define AS_SIGV4_TIME_BYTES 17 /* "20150830T123600Z" */

typedef struct as_sigv4_pair {
    const char *name, *value;
} as_sigv4_pair;

typedef struct as_sigv4_key {
    const char *id, *secret; /* a session token is one of the headers: x-amz-security-token */
} as_sigv4_key;

typedef struct as_sigv4_request {
    const char          *method, *path; /* path: "/a b/c", not encoded */
    const as_sigv4_pair *query;         /* not encoded, in any order */
    size_t               n_query;
    const as_sigv4_pair *headers; /* all that are to be signed, host among them; in any order, any case */
    size_t               n_headers;
    const char          *payload; /* SHA-256 of the body in hex */
    const char          *time, *region, *service;
} as_sigv4_request;

char *as_sigv4_time(as_ns utc, char time[AS_SIGV4_TIME_BYTES]); /* returns time */

/* RFC 3986: all but letters, digits and "-._~" (and '/', with keep_slash) as %XX. */
void as_sigv4_encode(const char *text, bool keep_slash, as_str *out);
/* Name by name, as it is signed and as it can stand in the URL. AS_ENOMEM. */
AS_CHECK bool as_sigv4_query(const as_sigv4_pair *query, size_t n, as_str *out, as_err *err);

/* The value of the header Authorization. canonical (may be NULL) gets what was hashed, for tests. */
AS_CHECK bool as_sigv4_sign(const as_sigv4_request *request, const as_sigv4_key *key, as_str *out, as_str *canonical,
                            as_err *err);

#endif
