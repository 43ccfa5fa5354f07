/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_batch.h - messages that the kernel writes to where their pixels belong: packets are aimed as if they came in order, and
 * those that did not are moved.
 *
 * Layer:   camera.
 * Threads: one. Touches no socket: aim(), then recvmmsg() by the caller, then land().
 * Memory:  made by new(); pixels go to the blocks' memory, or through pages here that are touched only where packets stray.
 *
 * With UDP_GRO the kernel may hand over several packets as one message; they are taken apart here.
 */
#ifndef AS_CAMERA_GVSP_BATCH_H
#define AS_CAMERA_GVSP_BATCH_H

#include <sys/socket.h>

#include "camera/gvsp_blocks.h"

typedef struct as_gvsp_batch as_gvsp_batch;

AS_CHECK as_gvsp_batch *as_gvsp_batch_new(as_err *err);
as_gvsp_batch          *as_gvsp_batch_free(as_gvsp_batch *batch);

/* Messages to receive into, *ret_n of them; valid until land(). The blocks must not change in between. */
struct mmsghdr *as_gvsp_batch_aim(as_gvsp_batch *batch, const as_gvsp_blocks *blocks, unsigned *ret_n);

/* The first n of them came. Returns how many packets those held. */
size_t as_gvsp_batch_land(as_gvsp_batch *batch, as_gvsp_blocks *blocks, unsigned n, as_ns now);

uint64_t as_gvsp_batch_n_moved(const as_gvsp_batch *batch); /* packets of pixels that were not where they belong */

#endif
