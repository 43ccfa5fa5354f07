/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a GIF: nothing is read out of bounds, and stamps rise from 0. */
#include <stdlib.h>
#include <string.h>

#include "camera/gif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_ns   *stamps;
    size_t   n;
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes = malloc(size ? size : 1); /* of the exact size, so that a byte too many is seen */
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    if (as_gif_stamps(bytes, size, &stamps, &n, &err)) {
        if (n == 0 || n > AS_GIF_MAX_FRAMES || stamps[0] != 0)
            abort();
        for (size_t i = 1; i < n; i++)
            if (stamps[i] <= stamps[i - 1])
                abort();
        free(stamps);
    } else if (err.code != AS_EFORMAT && err.code != AS_ELIMIT && err.code != AS_ENOMEM) {
        abort();
    }
    free(bytes);
    return 0;
}
