/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_packet.h - packets of GigE Vision's stream protocol as a receiver reads them, and its request for some of them again.
 *
 * Layer:   camera.
 * Threads: pure.
 * Memory:  none.
 *
 * What was built to: GigE Vision 1.2 and 2.0, "GVSP" (data packet headers, image payload type) and "PACKETRESEND". A picture
 * (block) is a leader (packet 0), packets of pixels from 1 on, each as long as the one before but the last, and a trailer.
 * A head is 8 bytes: status, block, format and packet, with 16 and 24 bits for the two numbers. An extended one (2.0) is 20
 * bytes: status, flags, 0x80 | format, then block and packet with 64 and 32 bits. All numbers are big-endian.
 */
#ifndef AS_CAMERA_GVSP_PACKET_H
#define AS_CAMERA_GVSP_PACKET_H

#include "camera/gvcp.h"

#define AS_GVSP_SHORT_BYTES   8 /* of a head */
#define AS_GVSP_LONG_BYTES    20
#define AS_GVSP_ABOVE_BYTES   28 /* the headers of IP and UDP, which count for a packet's size */
#define AS_GVSP_IMAGE_BYTES   36 /* of a leader behind its head, at least */
#define AS_GVSP_REQUEST_BYTES (AS_GVCP_HEAD_BYTES + 20)

typedef enum as_gvsp_format {
    AS_GVSP_NONE = 0,
    AS_GVSP_LEADER = 1,
    AS_GVSP_TRAILER = 2,
    AS_GVSP_PIXELS = 3,
    AS_GVSP_ALL_IN = 4, /* leader, pixels and trailer in one packet */
} as_gvsp_format;

typedef struct as_gvsp_packet {
    uint16_t status;
    uint8_t  format; /* an as_gvsp_format, or one of those that are not known here */
    bool     is_long;
    uint64_t block;
    uint32_t packet;
} as_gvsp_packet;

/* What a packet is not but says of one that was asked for: it exists no more, or not yet. */
enum {
    AS_GVSP_UNAVAILABLE = 0x800c,
    AS_GVSP_NOT_YET = 0x8010,
    AS_GVSP_ALL_REMOVED = 0x8011, /* and every one before it */
    AS_GVSP_REMOVED = 0x8012,
};

/* False: these bytes are no packet. Returns its head; what follows it is the packet's own. */
AS_CHECK bool as_gvsp_packet_parse(const uint8_t *bytes, size_t n, as_gvsp_packet *ret);

static inline size_t as_gvsp_head_bytes(bool is_long)
{
    return is_long ? AS_GVSP_LONG_BYTES : AS_GVSP_SHORT_BYTES;
}

/* What a leader says of the picture behind it. */
typedef struct as_gvsp_image {
    uint16_t payload; /* its type: AS_GVSP_PAYLOAD_IMAGE and others; with AS_GVSP_PAYLOAD_CHUNKS when more follows it */
    uint64_t timestamp; /* in the camera's ticks */
    uint32_t code;      /* of the pixels: the PFNC's; 0 of what is no image */
    uint32_t width, height, x, y;
    uint32_t pad_x, pad_y; /* bytes behind each row, and behind the last */
} as_gvsp_image;

#define AS_GVSP_PAYLOAD_IMAGE  0x0001u
#define AS_GVSP_PAYLOAD_CHUNKS 0x4000u
#define AS_GVSP_PAYLOAD_CHUNK  0x0004u /* nothing but chunks: the leader does not tell what the image among them is */
#define AS_GVSP_PAYLOAD_EXTEND 0x0005u /* chunks, of which an image is the first */

/* bytes: behind the head. False: too short for what it says it is. */
AS_CHECK bool as_gvsp_image_parse(const uint8_t *bytes, size_t n, as_gvsp_image *ret);

bool as_gvsp_image_is_plain(const as_gvsp_image *image); /* pixels row by row, and maybe more behind them */

bool as_gvsp_image_has_more(const as_gvsp_image *image); /* something follows its pixels */

bool as_gvsp_image_is_chunks(const as_gvsp_image *image);

/* Which part of n bytes of chunks is `want` bytes long, and so the image. False: none is, two are, or they are no chunks. Each
 * chunk is followed by its number and its length, so that they are read from the end (GigE Vision 1.2, "chunk data"). */
AS_CHECK bool as_gvsp_chunk_find(const uint8_t *bytes, size_t n, size_t want, size_t *ret_at);

/* Whether n bytes are chunks from the first to the last. */
bool as_gvsp_chunk_is(const uint8_t *bytes, size_t n);

/* Kinds of payload that hold no image that can be used, and which of the camera's features makes it send one (SFNC 2.7). Those
 * that are known; else one row that speaks of any. */
typedef struct as_gvsp_payload {
    uint16_t    type;
    const char *name, *remedy;
} as_gvsp_payload;

const as_gvsp_payload *as_gvsp_payload_of(uint16_t type);

/* All bytes of its pixels; 0 when it is not plain, has none, or more than `most`. */
size_t as_gvsp_image_bytes(const as_gvsp_image *image, size_t most);

/* Asks for packets first to last of a block once more; returns the length. No answer is wanted but the packets. */
size_t as_gvsp_request(uint8_t out[AS_GVSP_REQUEST_BYTES], uint16_t number, bool is_long, uint64_t block,
                       uint32_t first, uint32_t last);

#endif
