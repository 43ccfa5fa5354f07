/* SPDX-License-Identifier: Apache-2.0 */
/* PGM and PPM (P2, P3, P5, P6), as the manual pages of Netpbm define them: the first picture of a file. */
#include <stdio.h>

#include "image/codec_kind.h"

#define PNM_MOST_VALUE 65535u

typedef struct pnm_reader {
    const uint8_t *bytes;
    size_t         n, at;
    bool           plain; /* numbers in decimal */
    uint32_t       width, height, channels, most;
    as_err        *err;
} pnm_reader;

static bool pnm_fail(const pnm_reader *r, const char *why)
{
    return AS_FAIL(r->err, AS_ECORRUPT, "the PNM data is damaged: %s", why);
}

static bool pnm_is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* A number after blanks and comments. What follows it is left. */
static bool pnm_number(pnm_reader *r, uint32_t *ret)
{
    while (r->at < r->n && (pnm_is_space(r->bytes[r->at]) || r->bytes[r->at] == '#'))
        if (r->bytes[r->at++] == '#')
            while (r->at < r->n && r->bytes[r->at] != '\n' && r->bytes[r->at] != '\r')
                r->at++;
    uint64_t value = 0;
    size_t   from = r->at;
    for (; r->at < r->n && r->bytes[r->at] >= '0' && r->bytes[r->at] <= '9' && value <= UINT32_MAX; r->at++)
        value = value * 10 + (uint64_t)(r->bytes[r->at] - '0');
    if (r->at == r->n && r->at == from)
        return pnm_fail(r, "it ends early");
    if (r->at == from || value > UINT32_MAX)
        return pnm_fail(r, r->at == from ? "there is no number where one must be" : "a number is too large");
    *ret = (uint32_t)value;
    return true;
}

static bool pnm_header(pnm_reader *r)
{
    r->plain = r->bytes[1] == '2' || r->bytes[1] == '3';
    r->channels = r->bytes[1] == '2' || r->bytes[1] == '5' ? 1 : 3;
    r->at = 2;
    if (!pnm_number(r, &r->width) || !pnm_number(r, &r->height) || !pnm_number(r, &r->most))
        return false;
    if (!as_image_check_size(r->width, r->height, r->err))
        return false;
    if (r->most == 0 || r->most > PNM_MOST_VALUE)
        return pnm_fail(r, "its largest value is not from 1 to 65535");
    if (r->at == r->n || !pnm_is_space(r->bytes[r->at]))
        return pnm_fail(r, r->at == r->n ? "it ends early" : "there is no blank before the pixels");
    r->at++;
    uint64_t values = (uint64_t)r->width * r->height * r->channels;
    uint64_t least = r->plain ? values * 2 - 1 : values * (r->most > 255 ? 2 : 1);
    if (least > r->n - r->at) {
        char why[96];
        snprintf(why, sizeof why, "it ends early: %zu bytes cannot hold %u x %u pixels", r->n, r->width, r->height);
        return pnm_fail(r, why);
    }
    return true;
}

static bool pnm_value(pnm_reader *r, uint32_t *ret)
{
    if (r->plain) {
        if (!pnm_number(r, ret))
            return false;
    } else {
        *ret = r->bytes[r->at++];
        if (r->most > 255)
            *ret = *ret << 8 | r->bytes[r->at++];
    }
    return *ret <= r->most || pnm_fail(r, "a value is larger than its largest");
}

static bool pnm_pixels(pnm_reader *r, const as_codec_target *target)
{
    as_image out;
    uint32_t value, n = r->width * r->channels;
    if (!target->make(target->ctx, r->channels == 1 ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8, r->width, r->height, &out,
                      r->err))
        return false;
    for (uint32_t y = 0; y < r->height; y++) {
        uint8_t *row = out.data + y * out.stride_bytes;
        if (!r->plain && r->most == 255) {
            memcpy(row, r->bytes + r->at, n);
            r->at += n;
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (!pnm_value(r, &value))
                return false;
            row[i] = (uint8_t)((value * 255 + r->most / 2) / r->most);
        }
    }
    return true;
}

static bool pnm_read(const uint8_t *bytes, size_t n, const as_codec_target *target, as_codec_info *ret_info,
                     as_err *err)
{
    pnm_reader r = {.bytes = bytes, .n = n, .err = err};
    if (!pnm_header(&r) || (target && !pnm_pixels(&r, target)))
        return false;
    ret_info->channels = r.channels;
    ret_info->bit_depth = r.most > 255 ? 16 : 8;
    as_codec_info_size(ret_info, r.width, r.height);
    return true;
}

const as_codec_kind as_codec_kind_pnm = {AS_CODEC_PNM, "pnm", "PNM", {"P2", "P3", "P5", "P6"}, 2, pnm_read};
