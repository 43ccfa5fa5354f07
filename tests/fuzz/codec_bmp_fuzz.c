/* SPDX-License-Identifier: Apache-2.0 */
/* codec_bmp_fuzz.c - any bytes that begin like BMP are a picture or an error, and header and pixels agree. */
#include "codec_try.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_as("BM", 2, data, size);
    return 0;
}
