/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - one request to a server and its answer. libcurl is opened when the first is made, so that no start pays for it.
 *
 * Layer:   remote.
 * Threads: any thread; connections are kept and handed out.
 * Memory:  as_http_answer_done frees; no answer is larger than was asked for.
 */
#ifndef AS_REMOTE_HTTP_H
#define AS_REMOTE_HTTP_H

#include <stdatomic.h>

#include "base/err.h"

typedef struct as_http as_http;

/* timeout_s: how long nothing (or next to nothing) may come or go. stop may be NULL. AS_EMISSING without libcurl. */
AS_CHECK as_http *as_http_open(double timeout_s, const atomic_bool *stop, as_err *err);
as_http          *as_http_close(as_http *http);

typedef struct as_http_request {
    const char        *method, *url;
    const char *const *headers;           /* "Name: value", NULL-ended */
    const void        *body;              /* NULL: none */
    size_t             n_body, max_bytes; /* max_bytes: of the answer's body */
    bool               keep_part;         /* when the answer is cut, what came of it is in *ret */
} as_http_request;

typedef struct as_http_answer {
    long     status;
    uint8_t *bytes;
    size_t   n;
    char     etag[160], region[64]; /* headers ETag and x-amz-bucket-region; "" */
} as_http_answer;

/* False when no whole answer came: AS_ETIMEOUT, AS_EIO (may go through when tried again), AS_ELIMIT (the body is larger),
 * AS_ECANCELLED, AS_EINVAL (the address). Redirections are not followed. With keep_part as_http_answer_done() it then too. */
AS_CHECK bool as_http_do(as_http *http, const as_http_request *request, as_http_answer *ret, as_err *err);
void          as_http_answer_done(as_http_answer *answer);

#endif
