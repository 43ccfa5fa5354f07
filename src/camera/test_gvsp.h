/* SPDX-License-Identifier: Apache-2.0 */
/* test_gvsp.h - packets of a camera that is not there, for tests: each byte of a picture is known by its block and place.
 *
 * Layer:   camera (tests alone).
 * Threads: pure.
 * Memory:  none.
 */
#ifndef AS_CAMERA_TEST_GVSP_H
#define AS_CAMERA_TEST_GVSP_H

#include "camera/gvsp_packet.h"

#define AS_TEST_GVSP_MONO8 0x01080001u
#define AS_TEST_GVSP_BYTES 9100 /* of a packet, at most */

typedef struct as_test_gvsp {
    bool     is_long;
    uint64_t block, stamp; /* stamp 0: the block's number */
    uint32_t width, height, packet_bytes, payload, pad_x;
} as_test_gvsp;

static inline uint8_t as_test_gvsp_pixel(uint64_t block, size_t at)
{
    return (uint8_t)(block * 37 + at + at / 251 + 1);
}

static inline size_t as_test_gvsp_size(const as_test_gvsp *p)
{
    return ((size_t)p->width + p->pad_x) * p->height;
}

static inline uint32_t as_test_gvsp_n(const as_test_gvsp *p) /* packets of pixels */
{
    return (uint32_t)((as_test_gvsp_size(p) + p->packet_bytes - 1) / p->packet_bytes);
}

static inline size_t as_test_gvsp_head(uint8_t *out, const as_test_gvsp *p, uint16_t status, uint8_t format,
                                       uint32_t id)
{
    memset(out, 0, AS_GVSP_LONG_BYTES);
    as_gv_put16(out, status);
    if (!p->is_long) {
        as_gv_put16(out + 2, (uint16_t)p->block);
        as_gv_put32(out + 4, (uint32_t)format << 24 | (id & 0xffffffu));
        return AS_GVSP_SHORT_BYTES;
    }
    out[4] = (uint8_t)(0x80 | format);
    as_gv_put64(out + 8, p->block);
    as_gv_put32(out + 16, id);
    return AS_GVSP_LONG_BYTES;
}

/* Packet id of a picture: 0 its leader, one behind the last its trailer. Returns its length. */
static inline size_t as_test_gvsp_make(uint8_t *out, const as_test_gvsp *p, uint32_t id)
{
    const uint32_t n = as_test_gvsp_n(p);
    const uint8_t  format = id == 0 ? AS_GVSP_LEADER : id > n ? AS_GVSP_TRAILER : AS_GVSP_PIXELS;
    uint8_t       *at = out + as_test_gvsp_head(out, p, 0, format, id);
    if (format == AS_GVSP_LEADER) {
        memset(at, 0, AS_GVSP_IMAGE_BYTES);
        as_gv_put16(at + 2, (uint16_t)(p->payload ? p->payload : AS_GVSP_PAYLOAD_IMAGE));
        as_gv_put64(at + 4, p->stamp ? p->stamp : p->block);
        as_gv_put32(at + 12, AS_TEST_GVSP_MONO8);
        as_gv_put32(at + 16, p->width);
        as_gv_put32(at + 20, p->height);
        as_gv_put16(at + 32, (uint16_t)p->pad_x);
        return (size_t)(at - out) + AS_GVSP_IMAGE_BYTES;
    }
    if (format == AS_GVSP_TRAILER) {
        as_gv_put32(at, AS_GVSP_PAYLOAD_IMAGE);
        as_gv_put32(at + 4, p->height);
        return (size_t)(at - out) + 8;
    }
    size_t from = (size_t)(id - 1) * p->packet_bytes;
    size_t bytes = AS_MIN((size_t)p->packet_bytes, as_test_gvsp_size(p) - from);
    for (size_t i = 0; i < bytes; i++)
        at[i] = as_test_gvsp_pixel(p->block, from + i);
    return (size_t)(at - out) + bytes;
}

static inline bool as_test_gvsp_is(const uint8_t *data, uint64_t block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (data[i] != as_test_gvsp_pixel(block, i))
            return false;
    return true;
}

#endif
