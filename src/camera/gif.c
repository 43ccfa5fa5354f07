/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gif.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

typedef struct gif_reader {
    const uint8_t *p, *end;
    as_ns          at, delay;
    AS_VEC(as_ns) stamps;
} gif_reader;

static size_t gif_left(const gif_reader *r)
{
    return (size_t)(r->end - r->p);
}

static bool gif_skip(gif_reader *r, size_t n)
{
    if (n > gif_left(r))
        return false;
    r->p += n;
    return true;
}

/* A colour table's bytes, by the flags before it. */
static size_t gif_table(uint8_t flags)
{
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* Blocks of a length and so many bytes, to the one of length 0. */
static bool gif_skip_blocks(gif_reader *r)
{
    for (;;) {
        if (gif_left(r) == 0)
            return false;
        size_t n = *r->p++;
        if (n == 0)
            return true;
        if (!gif_skip(r, n))
            return false;
    }
}

static bool gif_extension(gif_reader *r)
{
    if (gif_left(r) < 1)
        return false;
    uint8_t label = *r->p++;
    if (label == 0xf9 && gif_left(r) >= 5 && r->p[0] == 4) {
        unsigned delay = r->p[2] | (unsigned)r->p[3] << 8;
        r->delay = (delay < 2 ? 10 : (as_ns)delay) * 10 * AS_NS_PER_MS;
    }
    return gif_skip_blocks(r);
}

/* *ret_full: there is no room for its stamp. */
static bool gif_image(gif_reader *r, bool *ret_full)
{
    if (gif_left(r) < 9)
        return false;
    uint8_t flags = r->p[8];
    if (!gif_skip(r, 9) || !gif_skip(r, gif_table(flags)) || !gif_skip(r, 1) || !gif_skip_blocks(r))
        return false;
    *ret_full = r->stamps.n >= AS_GIF_MAX_FRAMES || !as_vec_push(&r->stamps, r->at);
    r->at += r->delay;
    r->delay = 100 * AS_NS_PER_MS;
    return !*ret_full;
}

bool as_gif_is(const uint8_t *bytes, size_t n)
{
    return n >= 13 && (memcmp(bytes, "GIF87a", 6) == 0 || memcmp(bytes, "GIF89a", 6) == 0);
}

bool as_gif_stamps(const uint8_t *bytes, size_t n, as_ns **ret_stamps, size_t *ret_n, as_err *err)
{
    gif_reader r = {.p = bytes, .end = bytes + n, .delay = 100 * AS_NS_PER_MS};
    bool       full = false;
    bool       more = as_gif_is(bytes, n) && gif_skip(&r, 13) && gif_skip(&r, gif_table(bytes[10]));
    while (more && gif_left(&r) > 0) {
        uint8_t kind = *r.p++;
        more = kind == 0x21 ? gif_extension(&r) : kind == 0x2c && gif_image(&r, &full);
    }
    if (r.stamps.n && !full) {
        *ret_stamps = r.stamps.at;
        *ret_n = r.stamps.n;
        return true;
    }
    as_vec_done(&r.stamps);
    return full ? AS_FAIL(err, AS_ELIMIT, "the GIF has too many frames")
                : AS_FAIL(err, AS_EFORMAT, "it holds no whole frame of a GIF");
}
