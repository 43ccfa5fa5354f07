/* SPDX-License-Identifier: Apache-2.0 */
/* mjpeg.h - pictures for a browser: a small HTTP server that shows them as they come, with the truth beside them.
 *
 * Layer:   wire.
 * Threads: open and close from one; state from any. One thread accepts, each client has one of its own.
 * Memory:  bounded: AS_MJPEG_CLIENTS clients, and the last picture while somebody sends it.
 *
 * Each picture becomes a JPEG once, while there are clients. A client gets the newest there is whenever it has taken the last:
 * who is slow misses pictures, and keeps nobody waiting.
 */
#ifndef AS_WIRE_MJPEG_H
#define AS_WIRE_MJPEG_H

#include "wire/serve.h"

#define AS_MJPEG_CLIENTS 16

typedef struct as_mjpeg as_mjpeg;

/* where: "127.0.0.1:8080". */
AS_CHECK as_mjpeg *as_mjpeg_open(const as_serve_cfg *cfg, const char *where, as_err *err);
as_mjpeg          *as_mjpeg_close(as_mjpeg *server); /* NULL is fine; returns NULL */
void               as_mjpeg_state(as_mjpeg *server, as_serve_state *ret);
const char        *as_mjpeg_address(const as_mjpeg *server); /* "127.0.0.1:8080", with the port that it has */
bool               as_mjpeg_is_local(const as_mjpeg *server);

#endif
