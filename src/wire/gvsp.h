/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp.h - pictures as packets of GigE Vision's stream protocol, and the socket they leave by.
 *
 * Layer:   wire.
 * Threads: a stream sends from one thread, sends again from another, and tests from any one; the rest is pure.
 * Memory:  heads of one batch for each of the two; pixels are never copied but by the kernel.
 *
 * A picture is a leader (packet 0), its pixels in packets of equal size from 1 on, and a trailer. Each begins with 8 bytes:
 * status, number of the picture, format and number of the packet.
 */
#ifndef AS_WIRE_GVSP_H
#define AS_WIRE_GVSP_H

#include <stdatomic.h>

#include "base/err.h"
#include "image/frame.h"
#include "wire/control.h"

#define AS_GVSP_HEAD_BYTES    8
#define AS_GVSP_LEADER_BYTES  (AS_GVSP_HEAD_BYTES + 36)
#define AS_GVSP_TRAILER_BYTES (AS_GVSP_HEAD_BYTES + 8)
#define AS_GVSP_OVERHEAD      36 /* headers of IP, UDP and this protocol within a packet's size */

/* A picture that is sent, or kept to be sent again. */
typedef struct as_gvsp_picture {
    as_frame *frame; /* NULL: none */
    uint16_t  block; /* from 1; 0 is left out when it begins again */
    as_ns     timestamp;
    uint32_t  x, y;         /* of the window */
    uint32_t  packet_bytes; /* of pixels */
    uint32_t  n_packets;    /* of pixels */
    uint32_t  n_there;      /* as many of them exist: less of half a picture */
    uint32_t  n_again;      /* so many packets of it may still be sent again */
} as_gvsp_picture;

/* packet_size: with all headers, at least AS_GVSP_OVERHEAD + 1. frame: its rows packed; it is borrowed. */
as_gvsp_picture as_gvsp_picture_of(as_frame *frame, uint16_t block, uint32_t packet_size);
size_t          as_gvsp_payload(const as_frame *frame); /* bytes of pixels */

size_t as_gvsp_leader(const as_gvsp_picture *picture, uint8_t *out);
size_t as_gvsp_trailer(const as_gvsp_picture *picture, uint8_t *out);
void   as_gvsp_head(uint8_t *out, as_gv_status status, uint16_t block, uint8_t format, uint32_t packet);

typedef struct as_gvsp_stream as_gvsp_stream;

/* A socket on that address. link_mbit: pictures leave no faster; 0: as fast as they can. */
AS_CHECK as_gvsp_stream *as_gvsp_open(uint32_t address, double link_mbit, as_err *err);
as_gvsp_stream          *as_gvsp_close(as_gvsp_stream *stream); /* NULL is fine */
uint16_t                 as_gvsp_port(const as_gvsp_stream *stream);
bool                     as_gvsp_uses_gso(const as_gvsp_stream *stream);

/* The whole picture. delay: between packets. stop: true ends it early. Returns the bytes that left. */
uint64_t as_gvsp_send(as_gvsp_stream *stream, const as_gv_peer *to, const as_gvsp_picture *picture, as_ns delay,
                      const atomic_bool *stop);
typedef struct as_gvsp_again {
    uint32_t n_done; /* packets dealt with, from the first: sent, or answered as gone */
    uint32_t n_sent; /* of these */
    as_ns    pause;  /* until more may follow, so that half of the wire is left to new pictures */
} as_gvsp_again;

/* Packets first to last of it once more, as many as may leave at one go; it never waits. Of half a picture's missing ones a
 * status is sent, and one status of those that the picture under way has not come to. What is left is for another call. */
as_gvsp_again as_gvsp_send_again(as_gvsp_stream *stream, const as_gv_peer *to, const as_gvsp_picture *picture,
                                 uint32_t first, uint32_t last, as_ns delay);
/* "This packet is gone" for one. False: the network takes nothing now. */
bool as_gvsp_send_gone(as_gvsp_stream *stream, const as_gv_peer *to, uint16_t block, uint32_t packet);
/* One packet of that size, to see whether the network carries it whole; never waits, and disturbs no picture under way. */
void as_gvsp_send_test(as_gvsp_stream *stream, const as_gv_peer *to, uint32_t packet_size);

#endif
