/* SPDX-License-Identifier: Apache-2.0 */
/* codec_tiff_fuzz.c - any bytes that begin like TIFF are a picture or an error, and header and pixels agree. */
#include "codec_try.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool known = size >= 4 && (data[0] == 'M' || data[0] == 'I') && data[0] == data[1];
    if (known)
        try_bytes(data, size);
    else
        try_as("II*\0", 4, data, size);
    return 0;
}
