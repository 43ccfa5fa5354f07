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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err        err = AS_ERR_NONE;
    as_codec_info seen, info;
    as_image      image = {0};
    if (!as_codec_probe(data, size, &seen, &err)) {
        expect(err.code != AS_OK && err.text[0] != 0);
        err = (as_err)AS_ERR_NONE;
        expect(!as_codec_decode(data, size, &image, &info, &err) && err.code != AS_OK && !image.data);
        return 0;
    }
    expect(err.code == AS_OK && seen.width > 0 && seen.height > 0);
    if ((uint64_t)seen.width * seen.height > MOST_PIXELS)
        return 0;
    if (!as_codec_decode(data, size, &image, &info, &err)) {
        expect(err.code != AS_OK && err.text[0] != 0 && !image.data);
        return 0;
    }
    expect(info.width == seen.width && info.height == seen.height && info.codec == seen.codec);
    expect(image.width == info.width && image.height == info.height && image.data);
    volatile uint8_t last = image.data[(size_t)(image.height - 1) * image.stride_bytes + image.stride_bytes - 1];
    (void)last;
    as_image_done(&image);
    return 0;
}
