/* SPDX-License-Identifier: Apache-2.0 */
/* where.h - "ADDRESS", "ADDRESS:PORT" or "[IPV6]:PORT" of a server.
 *
 * Layer:   wire.
 * Threads: pure; listen opens a socket.
 * Memory:  plain values.
 */
#ifndef AS_WIRE_WHERE_H
#define AS_WIRE_WHERE_H

#include "base/err.h"

typedef struct as_where {
    char     host[64]; /* numeric, without brackets */
    uint16_t port;     /* 0: any that is free */
    bool     is_v6;
} as_where;

/* AS_EINVAL says what is wrong. Names are not looked up. */
AS_CHECK bool as_where_parse(const char *text, uint16_t port, as_where *ret, as_err *err);

/* A TCP socket that listens there and does not block; where->port becomes the port it has. AS_EBUSY, AS_EINVAL: no such
 * address here, AS_EACCESS. -1 is failure. */
AS_CHECK int as_where_listen(as_where *where, as_err *err);

bool as_where_is_local(const as_where *where); /* nobody else can reach it */

/* "127.0.0.1:8080", "[::1]:8080"; text[80]; returns text. */
char *as_where_text(const as_where *where, char *text);

#endif
