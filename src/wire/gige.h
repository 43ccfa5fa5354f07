/* SPDX-License-Identifier: Apache-2.0 */
/* gige.h - a GigE Vision camera whose pictures come from a pump: sockets, threads, triggers, and what is kept to be sent again.
 *
 * Layer:   wire.
 * Threads: open and close from one; the others from any. A device has two threads: control, and pictures.
 * Memory:  bounded: the pump's, and 8 pictures kept to be sent again.
 */
#ifndef AS_WIRE_GIGE_H
#define AS_WIRE_GIGE_H

#include "wire/serve.h"

typedef struct as_gige as_gige;

/* address: IPv4 of this machine, "127.0.0.2". AS_EINVAL: there is no such; AS_EBUSY: its port is taken. */
AS_CHECK as_gige *as_gige_open(const as_serve_cfg *cfg, const char *address, as_err *err);
as_gige          *as_gige_close(as_gige *device); /* NULL is fine; returns NULL */
void              as_gige_state(as_gige *device, as_serve_state *ret);
const char       *as_gige_address(const as_gige *device);

#endif
