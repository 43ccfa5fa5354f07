/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_receive.h - a camera's pictures from a UDP socket: a thread that receives them straight into the frames of a pool.
 *
 * Layer:   camera.
 * Threads: one of its own for each camera; next() and the rest belong to one other thread.
 * Memory:  n_frames of the pool are held from new() to free(); next() exchanges the pixels of one of them with the caller's, so
 *          that the kernel's copy is the only one.
 *
 * The thread is before all ordinary ones where the system allows it, and as urgent as the one that calls next(): a model that
 * computes at such a level would keep it from its packets. Where it is late all the same, it reads what waits before it judges what
 * is missing.
 * Within a picture the thread does not wait for each packet: it sleeps until some have come, by how fast they came so far. That is
 * until the last one at most, or an eighth of the socket's buffer, or of the wait for what is missing, or a millisecond.
 */
#ifndef AS_CAMERA_GVSP_RECEIVE_H
#define AS_CAMERA_GVSP_RECEIVE_H

#include "camera/gvsp_blocks.h"
#include "image/frame.h"

/* A socket at `own` (an address of this machine) that hears nobody but `camera`. bytes: of its buffer; *ret_bytes is what the
 * system gave. Returns -1 with an error; no address (0) is one. */
AS_CHECK int as_gvsp_socket(uint32_t own, uint32_t camera, uint64_t bytes, uint16_t *ret_port, uint64_t *ret_bytes,
                            as_err *err);

typedef struct as_gvsp_receive_cfg {
    int            fd;     /* of as_gvsp_socket; it is taken over by new(), whatever becomes of that */
    uint32_t       camera; /* requests go there; 0: to whoever the socket is connected to */
    uint64_t       socket_bytes;
    as_frame_pool *pool;
    uint32_t       n_frames;
    size_t         expected_bytes; /* as in as_gvsp_blocks_cfg, with the next four */
    uint32_t       packet_bytes;
    as_ns          wait, most;
    bool           asks;
    as_ns (*clock)(void); /* NULL: the monotonic one; tests have their own */
} as_gvsp_receive_cfg;

typedef struct as_gvsp_receive as_gvsp_receive;

AS_CHECK as_gvsp_receive *as_gvsp_receive_new(const as_gvsp_receive_cfg *cfg, as_err *err);
as_gvsp_receive          *as_gvsp_receive_free(as_gvsp_receive *receive); /* ends the thread; NULL is fine */

/* What came, beside its pixels. */
typedef struct as_gvsp_received {
    uint64_t      id;
    as_gvsp_end   end;
    as_gvsp_image image;
    size_t        bytes;  /* of pixels, with their padding */
    as_ns         opened; /* its first packet, monotonic */
} as_gvsp_received;

/* Waits for the next one. frame: of the pool; it has the pixels as they came, padding and all, when they are whole. False: none
 * by the deadline. */
AS_CHECK bool as_gvsp_receive_next(as_gvsp_receive *receive, as_frame *frame, as_ns deadline, as_gvsp_received *ret);

/* Pictures come from that port of the camera: a few bytes go there now and then, for firewalls let in only what answers. */
void as_gvsp_receive_greet(as_gvsp_receive *receive, uint16_t port);

uint64_t as_gvsp_receive_n_dozed(as_gvsp_receive *receive); /* times it slept for all that came was of no use */

bool     as_gvsp_receive_is_urgent(as_gvsp_receive *receive);
uint64_t as_gvsp_receive_n_dropped(
    const as_gvsp_receive *receive); /* packets that found the socket full, or were a stranger's */

as_gvsp_counts as_gvsp_receive_counts(as_gvsp_receive *receive);

#endif
