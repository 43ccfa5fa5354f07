/* SPDX-License-Identifier: Apache-2.0 */
/* cast.h - a pump in real time: each picture at its moment, as a script lets it out, handed to whoever sends it on.
 *
 * Layer:   wire.
 * Threads: take() is called from a thread of the cast, one picture after the other; the others from any.
 * Memory:  the pump's, and one picture that is cut short.
 *
 * Clients of such a server ask for nothing: the belt runs, and who is slow misses parts. What a script makes of a picture is
 * seen as it would be of a network camera: lost ones do not come, halves are black below.
 */
#ifndef AS_WIRE_CAST_H
#define AS_WIRE_CAST_H

#include "wire/serve.h"

typedef struct as_cast as_cast;

typedef struct as_cast_shot {
    uint64_t            number; /* from 1 */
    as_ns               time;   /* since the cast began */
    const as_image     *image;  /* Mono8 or RGB8, until take() returns */
    const as_pump_item *item;
} as_cast_shot;

/* Returns bytes that went out (or will), for the count; 0: to nobody. */
typedef size_t as_cast_take(void *ctx, const as_cast_shot *shot);

/* device: its name in the log of the truth. AS_EUNSUPPORTED: the source's pixels are neither Mono8 nor RGB8. */
AS_CHECK as_cast *as_cast_open(const as_serve_cfg *cfg, const char *device, as_cast_take *take, void *ctx, as_err *err);
as_cast          *as_cast_close(as_cast *cast); /* NULL is fine; take() is not called any more then */

void   as_cast_state(as_cast *cast, as_serve_state *ret); /* client is left empty */
void   as_cast_full(const as_cast *cast, as_pixel *ret_pixel, uint32_t *ret_width, uint32_t *ret_height);
double as_cast_fps(const as_cast *cast);

#endif
