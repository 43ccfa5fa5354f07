/* SPDX-License-Identifier: Apache-2.0 */
/* Windows and OS/2 bitmaps (Microsoft, "Bitmap Storage" and [MS-WMF] 2.2.2): 1, 4, 8, 16, 24 and 32 bits, RLE8. */
#include <stdio.h>

#include "image/codec_kind.h"

#define BMP_FILE_BYTES      14u
#define BMP_CORE_BYTES      12u /* the header of OS/2 1.x; all others begin as BITMAPINFOHEADER */
#define BMP_INFO_BYTES      40u
#define BMP_MASKS_BYTES     52u /* from here on the masks are in the header, below it behind it */
#define BMP_ALPHA_BYTES     56u
#define BMP_MOST_INFO_BYTES 1024u
#define BMP_RGB             0u
#define BMP_RLE8            1u
#define BMP_BITFIELDS       3u
#define BMP_ALPHABITFIELDS  6u
#define BMP_ALPHA           3 /* of the masks */

typedef struct bmp_mask {
    uint32_t bits, shift, most; /* most: 0 when there is none of this channel */
} bmp_mask;

typedef struct bmp_reader {
    const uint8_t *bytes;
    size_t         n, at_pixels;
    uint32_t       info_bytes, width, height, depth, compression, n_colors;
    bool           top_down, grey, has_alpha;
    uint8_t        palette[256][3];
    bmp_mask       masks[4]; /* red, green, blue, alpha */
    as_image       out;
    uint8_t       *row;   /* packed pixels of one stored row */
    uint8_t       *index; /* of RLE8: the palette indices of one row */
    as_err        *err;
} bmp_reader;

static uint32_t bmp_u16(const uint8_t *p)
{
    return (uint32_t)p[1] << 8 | p[0];
}

static uint32_t bmp_u32(const uint8_t *p)
{
    return bmp_u16(p + 2) << 16 | bmp_u16(p);
}

static bool bmp_fail(const bmp_reader *r, const char *why)
{
    return AS_FAIL(r->err, AS_ECORRUPT, "the BMP data is damaged: %s", why);
}

static bool bmp_unsupported(const bmp_reader *r, const char *what, uint32_t number)
{
    return AS_FAIL(r->err, AS_EUNSUPPORTED, "this BMP picture cannot be read: %s %u", what, number);
}

static bool bmp_geometry(bmp_reader *r)
{
    const uint8_t *info = r->bytes + BMP_FILE_BYTES;
    bool           core = r->info_bytes == BMP_CORE_BYTES;
    r->width = core ? bmp_u16(info + 4) : bmp_u32(info + 4);
    r->height = core ? bmp_u16(info + 6) : bmp_u32(info + 8);
    /* A height below zero says that the rows come from the top. */
    r->top_down = !core && r->height > INT32_MAX;
    if (r->top_down)
        r->height = 0u - r->height;
    r->depth = bmp_u16(info + (core ? 10 : 14));
    r->compression = core ? BMP_RGB : bmp_u32(info + 16);
    r->n_colors = core ? 0 : bmp_u32(info + 32);
    return as_image_check_size(r->width, r->height, r->err);
}

static bool bmp_mask_set(bmp_reader *r, int channel, uint32_t bits)
{
    bmp_mask *mask = &r->masks[channel];
    if (bits == 0) {
        *mask = (bmp_mask){0};
        return channel == BMP_ALPHA || bmp_fail(r, "a colour has no bits");
    }
    *mask = (bmp_mask){.bits = bits, .shift = (uint32_t)__builtin_ctz(bits)};
    mask->most = bits >> mask->shift;
    if (mask->most & (mask->most + 1))
        return bmp_fail(r, "the bits of a colour have gaps");
    return true;
}

/* Reads the masks of 16 and 32 bits. *ret: where the file goes on behind them. */
static bool bmp_read_masks(bmp_reader *r, size_t *ret)
{
    bool           fields = r->compression != BMP_RGB, inside = r->info_bytes >= BMP_MASKS_BYTES;
    const uint8_t *from = r->bytes + BMP_FILE_BYTES + BMP_INFO_BYTES;
    size_t         n = fields ? r->compression == BMP_ALPHABITFIELDS || r->info_bytes >= BMP_ALPHA_BYTES ? 4 : 3 : 0;
    bool           wide = r->depth == 32;
    uint32_t       usual[4] = {wide ? 0xff0000u : 0x7c00u, wide ? 0xff00u : 0x3e0u, wide ? 0xffu : 0x1fu, 0};
    *ret = BMP_FILE_BYTES + r->info_bytes + (inside ? 0 : n * 4);
    if (*ret > r->n)
        return bmp_fail(r, "it ends early");
    for (int c = 0; c < 4; c++)
        if (!bmp_mask_set(r, c, (size_t)c < n ? bmp_u32(from + 4 * c) : usual[c]))
            return false;
    r->has_alpha = r->masks[BMP_ALPHA].most != 0;
    return true;
}

static bool bmp_read_palette(bmp_reader *r)
{
    bool     core = r->info_bytes == BMP_CORE_BYTES;
    size_t   from = BMP_FILE_BYTES + r->info_bytes, step = core ? 3 : 4;
    uint32_t most = 1u << r->depth, n = r->n_colors && r->n_colors < most ? r->n_colors : most;
    if (core) /* says it by where the pixels begin only */
        n = AS_MIN(n, r->at_pixels > from ? (uint32_t)AS_MIN((r->at_pixels - from) / step, (size_t)most) : 0);
    if (n == 0 || from + n * step > r->n)
        return bmp_fail(r, "its palette is not there");
    r->n_colors = n;
    r->grey = true;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *bgr = r->bytes + from + i * step;
        for (int c = 0; c < 3; c++)
            r->palette[i][c] = bgr[2 - c];
        r->grey = r->grey && bgr[0] == bgr[1] && bgr[1] == bgr[2];
    }
    return true;
}

static size_t bmp_stride(const bmp_reader *r)
{
    return ((size_t)r->width * r->depth + 31) / 32 * 4;
}

static bool bmp_check_room(const bmp_reader *r)
{
    /* Two bytes of RLE8 make 255 pixels at most; what skips more is no picture. */
    uint64_t need =
        r->compression == BMP_RLE8 ? (uint64_t)r->width * r->height / 255 * 2 : (uint64_t)bmp_stride(r) * r->height;
    if (r->at_pixels <= r->n && need <= r->n - r->at_pixels)
        return true;
    char why[96];
    snprintf(why, sizeof why, "it ends early: %zu bytes cannot hold %u x %u pixels", r->n, r->width, r->height);
    return bmp_fail(r, why);
}

static bool bmp_header(bmp_reader *r)
{
    size_t end = 0;
    if (r->n < BMP_FILE_BYTES + BMP_CORE_BYTES)
        return bmp_fail(r, "it ends early");
    r->at_pixels = bmp_u32(r->bytes + 10);
    r->info_bytes = bmp_u32(r->bytes + BMP_FILE_BYTES);
    if (r->info_bytes != BMP_CORE_BYTES && (r->info_bytes < BMP_INFO_BYTES || r->info_bytes > BMP_MOST_INFO_BYTES))
        return bmp_unsupported(r, "its header has the size", r->info_bytes);
    if (BMP_FILE_BYTES + r->info_bytes > r->n)
        return bmp_fail(r, "it ends early");
    if (!bmp_geometry(r))
        return false;
    bool palette = r->depth == 1 || r->depth == 4 || r->depth == 8, packed = r->depth == 16 || r->depth == 32;
    if (!palette && !packed && r->depth != 24)
        return bmp_unsupported(r, "the bits of its pixels are", r->depth);
    bool plain = r->compression == BMP_RGB || (r->compression == BMP_RLE8 && r->depth == 8 && !r->top_down) ||
                 (packed && (r->compression == BMP_BITFIELDS || r->compression == BMP_ALPHABITFIELDS));
    if (!plain)
        return bmp_unsupported(r, "its compression has the number", r->compression);
    if ((palette && !bmp_read_palette(r)) || (packed && !bmp_read_masks(r, &end)))
        return false;
    return bmp_check_room(r);
}

static uint8_t bmp_channel(const bmp_mask *mask, uint32_t value)
{
    uint64_t part = (value & mask->bits) >> mask->shift;
    return (uint8_t)((part * 255 + mask->most / 2) / mask->most);
}

static void bmp_masked_row(const bmp_reader *r, const uint8_t *from)
{
    for (uint32_t x = 0; x < r->width; x++) {
        uint32_t value = r->depth == 16 ? bmp_u16(from + 2 * (size_t)x) : bmp_u32(from + 4 * (size_t)x);
        uint32_t alpha = r->has_alpha ? bmp_channel(&r->masks[BMP_ALPHA], value) : 255;
        for (int c = 0; c < 3; c++)
            r->row[3 * (size_t)x + (size_t)c] = (uint8_t)((bmp_channel(&r->masks[c], value) * alpha + 127) / 255);
    }
}

static bool bmp_index_row(const bmp_reader *r, const uint8_t *from)
{
    uint32_t per_byte = 8 / r->depth, mask = (1u << r->depth) - 1;
    for (uint32_t x = 0; x < r->width; x++) {
        uint32_t shift = (per_byte - 1 - x % per_byte) * r->depth;
        uint32_t i = (uint32_t)(from[x / per_byte] >> shift) & mask;
        if (i >= r->n_colors)
            return bmp_fail(r, "a pixel has no colour in its palette");
        if (r->grey)
            r->row[x] = r->palette[i][0];
        else
            memcpy(r->row + 3 * (size_t)x, r->palette[i], 3);
    }
    return true;
}

/* y: counted as the rows are stored. */
static bool bmp_put_row(bmp_reader *r, uint32_t y, const uint8_t *from)
{
    uint32_t row = r->top_down ? y : r->height - 1 - y;
    r->row = r->out.data + row * r->out.stride_bytes;
    if (r->depth <= 8)
        return bmp_index_row(r, from);
    if (r->depth != 24) {
        bmp_masked_row(r, from);
        return true;
    }
    for (size_t x = 0; x < (size_t)r->width * 3; x += 3)
        for (size_t c = 0; c < 3; c++)
            r->row[x + c] = from[x + 2 - c];
    return true;
}

typedef struct bmp_runs {
    size_t   at;
    uint32_t x, y;
    bool     ended;
} bmp_runs;

static bool bmp_next_row(bmp_reader *r, bmp_runs *runs)
{
    if (!bmp_put_row(r, runs->y, r->index))
        return false;
    memset(r->index, 0, r->width);
    runs->y++;
    return true;
}

/* One escape: the end of a row or of the picture, a jump, or pixels as they are. */
static bool bmp_escape(bmp_reader *r, bmp_runs *runs, uint32_t code)
{
    size_t left = r->n - runs->at;
    if (code == 0) {
        runs->x = 0;
        return bmp_next_row(r, runs);
    }
    if (code == 1) {
        runs->ended = true;
        return true;
    }
    if (code == 2) {
        if (left < 2 || r->bytes[runs->at] > r->width - runs->x || r->bytes[runs->at + 1] > r->height - runs->y)
            return bmp_fail(r, left < 2 ? "it ends early" : "a jump leads out of the picture");
        runs->x += r->bytes[runs->at];
        for (uint32_t k = r->bytes[runs->at + 1]; k; k--)
            if (!bmp_next_row(r, runs))
                return false;
        runs->at += 2;
        return true;
    }
    if (left < code + (code & 1) || code > r->width - runs->x)
        return bmp_fail(r, left < code + (code & 1) ? "it ends early" : "a row is longer than the picture is wide");
    memcpy(r->index + runs->x, r->bytes + runs->at, code);
    runs->x += code;
    runs->at += code + (code & 1);
    return true;
}

static bool bmp_runs_read(bmp_reader *r)
{
    bmp_runs runs = {.at = r->at_pixels};
    r->index = calloc(1, r->width);
    if (!r->index)
        return AS_FAIL(r->err, AS_ENOMEM, "no memory for a row of %u pixels", r->width);
    while (runs.y < r->height && !runs.ended) {
        if (r->n - runs.at < 2)
            return bmp_fail(r, "it ends early");
        uint32_t count = r->bytes[runs.at], value = r->bytes[runs.at + 1];
        runs.at += 2;
        if (count == 0) {
            if (!bmp_escape(r, &runs, value))
                return false;
            continue;
        }
        if (count > r->width - runs.x)
            return bmp_fail(r, "a row is longer than the picture is wide");
        memset(r->index + runs.x, (int)value, count);
        runs.x += count;
    }
    /* What the end of the picture leaves out is of the palette's first colour. */
    while (runs.y < r->height)
        if (!bmp_next_row(r, &runs))
            return false;
    return true;
}

static bool bmp_pixels(bmp_reader *r, const as_codec_target *target)
{
    bool mono = r->depth <= 8 && r->grey;
    if (!target->make(target->ctx, mono ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8, r->width, r->height, &r->out, r->err))
        return false;
    if (r->compression == BMP_RLE8)
        return bmp_runs_read(r);
    for (uint32_t y = 0; y < r->height; y++)
        if (!bmp_put_row(r, y, r->bytes + r->at_pixels + y * bmp_stride(r)))
            return false;
    return true;
}

static bool bmp_read(const uint8_t *bytes, size_t n, const as_codec_target *target, as_codec_info *ret_info,
                     as_err *err)
{
    bmp_reader r = {.bytes = bytes, .n = n, .err = err};
    bool       ok = bmp_header(&r) && (!target || bmp_pixels(&r, target));
    free(r.index);
    if (!ok)
        return false;
    bool palette = r.depth <= 8;
    ret_info->has_palette = palette;
    ret_info->has_alpha = r.has_alpha;
    ret_info->channels = palette && r.grey ? 1 : r.has_alpha ? 4 : 3;
    ret_info->bit_depth = palette ? r.depth : r.depth == 16 ? 5 : 8;
    as_codec_info_size(ret_info, r.width, r.height);
    return true;
}

const as_codec_kind as_codec_kind_bmp = {AS_CODEC_BMP, "bmp", "BMP", {"BM"}, 2, bmp_read};
