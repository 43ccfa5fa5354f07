/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gvsp_packet.h"

#define HEAD_LONG        0x80
#define FORMAT_MASK      0x7f
#define PACKET_MASK      0xffffffu
#define CHUNK_TAIL_BYTES 8u
#define REQUEST_LONG     0x10 /* among the flags of a request: its block has 64 bits */

static uint64_t packet_get64(const uint8_t *at)
{
    return (uint64_t)as_gv_get32(at) << 32 | as_gv_get32(at + 4);
}

bool as_gvsp_packet_parse(const uint8_t *bytes, size_t n, as_gvsp_packet *ret)
{
    if (n < AS_GVSP_SHORT_BYTES)
        return false;
    *ret = (as_gvsp_packet){.status = as_gv_get16(bytes),
                            .format = bytes[4] & FORMAT_MASK,
                            .is_long = (bytes[4] & HEAD_LONG) != 0,
                            .block = as_gv_get16(bytes + 2),
                            .packet = as_gv_get32(bytes + 4) & PACKET_MASK};
    if (!ret->is_long)
        return ret->block != 0;
    if (n < AS_GVSP_LONG_BYTES)
        return false;
    ret->block = packet_get64(bytes + 8);
    ret->packet = as_gv_get32(bytes + 16);
    return ret->block != 0;
}

bool as_gvsp_image_is_plain(const as_gvsp_image *image)
{
    return (image->payload & ~AS_GVSP_PAYLOAD_CHUNKS) == AS_GVSP_PAYLOAD_IMAGE ||
           image->payload == AS_GVSP_PAYLOAD_EXTEND;
}

bool as_gvsp_image_has_more(const as_gvsp_image *image)
{
    return image->payload & AS_GVSP_PAYLOAD_CHUNKS || image->payload == AS_GVSP_PAYLOAD_EXTEND;
}

bool as_gvsp_image_is_chunks(const as_gvsp_image *image)
{
    return (image->payload & ~AS_GVSP_PAYLOAD_CHUNKS) == AS_GVSP_PAYLOAD_CHUNK;
}

bool as_gvsp_chunk_find(const uint8_t *bytes, size_t n, size_t want, size_t *ret_at)
{
    size_t at = 0;
    bool   found = false;
    while (n > 0) {
        if (n < CHUNK_TAIL_BYTES)
            return false;
        n -= CHUNK_TAIL_BYTES;
        const size_t length = as_gv_get32(bytes + n + 4);
        if (length > n)
            return false;
        n -= length;
        if (length != want)
            continue;
        if (found)
            return false;
        found = true;
        at = n;
    }
    if (found)
        *ret_at = at;
    return found;
}

bool as_gvsp_chunk_is(const uint8_t *bytes, size_t n)
{
    size_t at = n;
    while (at >= CHUNK_TAIL_BYTES) {
        const size_t length = as_gv_get32(bytes + at - 4);
        if (length > at - CHUNK_TAIL_BYTES)
            return false;
        at -= CHUNK_TAIL_BYTES + length;
    }
    return n > 0 && at == 0;
}

static const as_gvsp_payload packet_payloads[] = {
    {0x0002, "raw data", "choose a pixel format of images (PixelFormat)"},
    {0x0003, "a file", "end the transfer of files, and choose a pixel format of images (PixelFormat)"},
    {AS_GVSP_PAYLOAD_CHUNK, "chunks of which none is the image", "set ChunkModeActive to false"},
    {0x0006, "JPEG", "set ImageCompressionMode to Off"},
    {0x0007, "JPEG 2000", "set ImageCompressionMode to Off"},
    {0x0008, "H.264", "set ImageCompressionMode to Off"},
    {0x0009, "an image of several zones",
     "let the sensor be read in one zone (SensorTaps, or RegionMode of all but one)"},
    {0x000a, "several parts", "leave one component on (ComponentSelector and ComponentEnable), as Intensity"},
    {0x000b, "GenDC", "set GenDCStreamingMode to Off"},
    {0x0000, "all in one packet", "set GevSCCFGAllInTransmission to false"},
};
static const as_gvsp_payload packet_unknown = {0xffff, "a kind that is not known",
                                               "choose a pixel format of images (PixelFormat), without compression"};

const as_gvsp_payload *as_gvsp_payload_of(uint16_t type)
{
    for (size_t i = 0; i < AS_COUNT(packet_payloads); i++)
        if (packet_payloads[i].type == (type & ~AS_GVSP_PAYLOAD_CHUNKS))
            return &packet_payloads[i];
    return &packet_unknown;
}

bool as_gvsp_image_parse(const uint8_t *bytes, size_t n, as_gvsp_image *ret)
{
    if (n < 12)
        return false;
    as_gvsp_image image = {.payload = as_gv_get16(bytes + 2), .timestamp = packet_get64(bytes + 4)};
    if (as_gvsp_image_is_plain(&image)) {
        if (n < AS_GVSP_IMAGE_BYTES)
            return false;
        image.code = as_gv_get32(bytes + 12);
        image.width = as_gv_get32(bytes + 16);
        image.height = as_gv_get32(bytes + 20);
        image.x = as_gv_get32(bytes + 24);
        image.y = as_gv_get32(bytes + 28);
        image.pad_x = as_gv_get16(bytes + 32);
        image.pad_y = as_gv_get16(bytes + 34);
    }
    *ret = image;
    return true;
}

/* The PFNC's codes tell the bits of a pixel (PFNC 2.1, "Pixel format 32-bit value"). */
size_t as_gvsp_image_bytes(const as_gvsp_image *image, size_t most)
{
    uint64_t bits = image->code >> 16 & 0xffu;
    if (!as_gvsp_image_is_plain(image) || bits == 0 || image->width == 0 || image->height == 0)
        return 0;
    uint64_t row = ((uint64_t)image->width * bits + 7) / 8 + image->pad_x, all = 0;
    if (__builtin_mul_overflow(row, (uint64_t)image->height, &all) || __builtin_add_overflow(all, image->pad_y, &all))
        return 0;
    return all <= most ? (size_t)all : 0;
}

size_t as_gvsp_request(uint8_t out[AS_GVSP_REQUEST_BYTES], uint16_t number, bool is_long, uint64_t block,
                       uint32_t first, uint32_t last)
{
    uint8_t *at = out + AS_GVCP_HEAD_BYTES;
    size_t   n = as_gvcp_ask(out, AS_GVCP_RESEND, number, is_long ? 20 : 12);
    out[1] = is_long ? REQUEST_LONG : 0;
    as_gv_put16(at, 0); /* the first stream */
    as_gv_put16(at + 2, is_long ? 0 : (uint16_t)block);
    as_gv_put32(at + 4, is_long ? first : first & PACKET_MASK);
    as_gv_put32(at + 8, is_long ? last : last & PACKET_MASK);
    if (is_long)
        as_gv_put64(at + 12, block);
    return n;
}
