/* SPDX-License-Identifier: Apache-2.0 */
/* http_request.h - what a browser asks for: the first line of an HTTP request (RFC 9112, section 3), and where it ends.
 *
 * Layer:   wire.
 * Threads: pure.
 * Memory:  plain values.
 */
#ifndef AS_WIRE_HTTP_REQUEST_H
#define AS_WIRE_HTTP_REQUEST_H

#include "base/def.h"

#define AS_HTTP_REQUEST_BYTES 8192 /* of its head; longer ones are refused */

typedef enum as_http_state {
    AS_HTTP_MORE,  /* not all of it is there yet */
    AS_HTTP_WHOLE, /* a GET or HEAD */
    AS_HTTP_BAD,   /* no HTTP/1 request, or too long */
    AS_HTTP_OTHER  /* a method that changes something, or is not known here */
} as_http_state;

typedef struct as_http_request {
    char path[128]; /* without what follows a '?' */
    bool head;      /* HEAD: no body is wanted */
} as_http_request;

/* ret is written only where it is WHOLE. */
as_http_state as_http_request_parse(const char *bytes, size_t n, as_http_request *ret);

#endif
