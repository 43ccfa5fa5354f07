/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h - the key of a bucket, from where the tools of AWS look for it. It is never stored or printed.
 *
 * Layer:   remote.
 * Threads: pure, but for the environment, which is read.
 * Memory:  plain values; as_credentials_done overwrites them.
 */
#ifndef AS_REMOTE_CREDENTIALS_H
#define AS_REMOTE_CREDENTIALS_H

#include "base/err.h"

#define AS_CREDENTIALS_MAX_BYTES ((size_t)1 << 20) /* of the file */

typedef struct as_credentials {
    char id[256], secret[256], token[4096]; /* token: "" if there is none */
} as_credentials;

/* AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), else the profile AWS_PROFILE ("default") of
 * AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials). where[n] says in a sentence which it was, or where there was none (then
 * AS_EACCESS with the same text and the remedy). */
AS_CHECK bool as_credentials_find(as_credentials *ret, char *where, size_t n, as_err *err);
/* A profile of such a file, any bytes. AS_ENOTFOUND: no such profile, or it has no key; AS_EFORMAT, AS_ELIMIT. */
AS_CHECK bool as_credentials_parse(const uint8_t *bytes, size_t n, const char *profile, as_credentials *ret,
                                   as_err *err);
void          as_credentials_done(as_credentials *credentials);

#endif
