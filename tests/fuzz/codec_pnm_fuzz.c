/* SPDX-License-Identifier: Apache-2.0 */
/* codec_pnm_fuzz.c - any bytes that begin like PGM and PPM are a picture or an error, and header and pixels agree. */
#include "codec_try.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const magics[] = {"P2", "P3", "P5", "P6"};
    for (size_t i = 0; i < AS_COUNT(magics); i++)
        try_as(magics[i], 2, data, size);
    return 0;
}
