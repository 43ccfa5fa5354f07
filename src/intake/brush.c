/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/brush.h"

#include <stdlib.h>

#include "image/frame.h"

typedef struct brush_bits {
    const uint8_t *bytes;
    size_t         n_bits, at;
    bool           failed;
} brush_bits;

static uint32_t brush_read(brush_bits *b, uint32_t n)
{
    uint32_t v = 0;
    if (b->n_bits - b->at < n) {
        b->failed = true;
        return 0;
    }
    for (; n; n--, b->at++)
        v = v << 1 | (b->bytes[b->at / 8] >> (7 - b->at % 8) & 1);
    return v;
}

bool as_brush_decode(const uint8_t *bytes, size_t n, uint32_t width, uint32_t height, as_mask *ret, as_err *err)
{
    brush_bits b = {.bytes = bytes, .n_bits = n * 8};
    uint32_t   sizes[4], total = brush_read(&b, 32), word = brush_read(&b, 5) + 1;
    if (!as_image_check_size(width, height, err))
        return false;
    for (size_t i = 0; i < 4; i++)
        sizes[i] = brush_read(&b, 4) + 1;
    if (b.failed || total != (uint64_t)width * height * 4)
        return AS_FAIL(err, AS_EFORMAT, "its run lengths are not of a picture of %u x %u", width, height);
    uint8_t *inside = calloc(height, width);
    if (!inside)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
    for (uint32_t i = 0; i < total && !b.failed;) {
        bool     repeated = brush_read(&b, 1);
        uint64_t end = (uint64_t)i + 1 + brush_read(&b, sizes[brush_read(&b, 2)]);
        uint32_t value = repeated ? brush_read(&b, word) : 0;
        b.failed = b.failed || end > total;
        for (; i < end && !b.failed; i++) {
            value = repeated ? value : brush_read(&b, word);
            if (i % 4 == 3 && value)
                inside[i / 4] = 1;
        }
    }
    bool ok = b.failed ? AS_FAIL(err, AS_EFORMAT, "its run lengths end early")
                       : as_mask_from_pixels(inside, width, width, height, 1, ret, err);
    free(inside);
    return ok;
}

typedef struct brush_writer {
    as_str  *out;
    uint8_t  byte;
    uint32_t n;
} brush_writer;

static void brush_write(brush_writer *w, uint32_t value, uint32_t n)
{
    while (n--) {
        w->byte = (uint8_t)((unsigned)w->byte << 1 | (value >> n & 1u));
        if (++w->n == 8) {
            as_str_add_bytes(w->out, &w->byte, 1);
            w->n = 0;
            w->byte = 0;
        }
    }
}

static void brush_write_run(brush_writer *w, uint64_t n, uint32_t value)
{
    static const uint32_t sizes[] = {3, 4, 8, 16};
    while (n) {
        uint32_t part = (uint32_t)AS_MIN(n, (uint64_t)65536), i = 0;
        while (i < 3 && part - 1 >= 1u << sizes[i])
            i++;
        brush_write(w, 1, 1);
        brush_write(w, i, 2);
        brush_write(w, part - 1, sizes[i]);
        brush_write(w, value, 8);
        n -= part;
    }
}

bool as_brush_encode(const as_mask *mask, as_str *out, as_err *err)
{
    uint64_t     total = (uint64_t)mask->width * mask->height, run = 0;
    brush_writer w = {.out = out};
    uint8_t     *inside = total * 4 <= UINT32_MAX ? malloc(total) : NULL;
    if (!inside)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
    as_mask_to_pixels(mask, inside, mask->width);
    brush_write(&w, (uint32_t)(total * 4), 32);
    brush_write(&w, 8 - 1, 5);
    brush_write(&w, 3 - 1, 4);
    brush_write(&w, 4 - 1, 4);
    brush_write(&w, 8 - 1, 4);
    brush_write(&w, 16 - 1, 4);
    for (uint64_t i = 0; i < total; i += run) {
        run = 1;
        while (i + run < total && inside[i + run] == inside[i])
            run++;
        brush_write_run(&w, run * 4, inside[i] ? 255 : 0);
    }
    if (w.n)
        brush_write(&w, 0, 8 - w.n);
    free(inside);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
}
