/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a TIFF whose pages are taken out: none is larger than the file by more than its directory, and what is taken
 * out is read again as one page. */
#include <stdlib.h>
#include <string.h>

#include "image/codec.h"
#include "image/tiff_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size ? size : 1); /* of the exact size, so that a byte too many is seen */
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    for (uint32_t page = 0; page < 4; page++) {
        as_str        one;
        as_err        err = AS_ERR_NONE;
        as_codec_info info;
        as_str_init(&one);
        if (as_tiff_page(bytes, size, page, &one, &err)) {
            if (one.len > size + 64 * 1024 + size * 8) /* directory, words for strips, what aligns them */
                abort();
            if (as_codec_probe((const uint8_t *)one.s, one.len, &info, &err) && info.n_pages != 1)
                abort();
        } else if (one.len != 0 || err.code == AS_OK) {
            abort();
        }
        as_str_done(&one);
    }
    free(bytes);
    return 0;
}
