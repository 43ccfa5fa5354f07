/* SPDX-License-Identifier: Apache-2.0 */
/* codec_fuzz.c - any bytes are a picture or an error, and header and pixels agree. */
#include "image/codec.h"

/* Larger pictures are the same code, more slowly. */
#define MOST_PIXELS (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void try_bytes(const uint8_t *data, size_t size)
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

/* CRC-32 of PNG (ISO 3309). */
static uint32_t crc_of(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Makes each chunk's CRC right, or nothing that was changed would ever pass it. */
static void mend_png(uint8_t *bytes, size_t size)
{
    for (size_t at = 8; size - at >= 12;) {
        size_t n = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (n > size - at - 12)
            return;
        uint32_t crc = crc_of(bytes + at + 4, n + 4);
        for (size_t i = 0; i < 4; i++)
            bytes[at + 8 + n + i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_bytes(data, size);
    uint8_t *mended = size > 20 && data[0] == 0x89 ? malloc(size) : NULL;
    if (mended) {
        memcpy(mended, data, size);
        mend_png(mended, size);
        try_bytes(mended, size);
    }
    free(mended);
    return 0;
}
