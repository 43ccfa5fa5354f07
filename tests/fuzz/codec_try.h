/* SPDX-License-Identifier: Apache-2.0 */
/* codec_try.h - any bytes are a picture or an error, and header and pixels agree. For the targets codec*_fuzz.c.
 *
 * Layer:   tests.
 * Threads: one thread.
 * Memory:  nothing is kept.
 */
#ifndef TESTS_FUZZ_CODEC_TRY_H
#define TESTS_FUZZ_CODEC_TRY_H

#include "image/codec.h"

/* Larger pictures are the same code, more slowly. */
#define MOST_PIXELS (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void expect(bool truth)
{
    if (!truth)
        abort();
}

static inline void try_bytes(const uint8_t *data, size_t size)
{
    as_err        err = AS_ERR_NONE;
    as_codec_info seen, info;
    as_image      image = {0};
    if (!as_codec_probe(data, size, &seen, &err)) {
        expect(err.code != AS_OK && err.text[0] != 0);
        err = (as_err)AS_ERR_NONE;
        expect(!as_codec_decode(data, size, &image, &info, &err) && err.code != AS_OK && !image.data);
        return;
    }
    expect(err.code == AS_OK && seen.width > 0 && seen.height > 0);
    if ((uint64_t)seen.width * seen.height > MOST_PIXELS)
        return;
    if (!as_codec_decode(data, size, &image, &info, &err)) {
        expect(err.code != AS_OK && err.text[0] != 0 && !image.data);
        return;
    }
    expect(info.width == seen.width && info.height == seen.height && info.codec == seen.codec);
    expect(image.width == info.width && image.height == info.height && image.data);
    volatile uint8_t last = image.data[(size_t)(image.height - 1) * image.stride_bytes + image.stride_bytes - 1];
    (void)last;
    as_image_done(&image);
}

/* The same, with the first bytes made those of one kind, so that all that is tried is for its reader. */
static inline void try_as(const char *magic, size_t n, const uint8_t *data, size_t size)
{
    uint8_t *bytes = size >= n ? malloc(size) : NULL;
    if (!bytes)
        return;
    memcpy(bytes, data, size);
    memcpy(bytes, magic, n);
    try_bytes(bytes, size);
    free(bytes);
}

#endif
