/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the list of what a model knows; then with count and checksum made right, so that what is behind them is
 * looked at too. What is accepted is in order, and all of it is found again. */
#include <stdlib.h>
#include <string.h>

#include "store/known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *bytes, size_t n)
{
    as_known known;
    as_err   err = AS_ERR_NONE;
    if (!as_known_parse(bytes, n, &known, &err)) {
        if (err.code != AS_ECORRUPT)
            abort();
        return;
    }
    for (size_t i = 0; i < known.n; i++)
        if (!as_known_has(&known, &known.at[i]))
            abort();
    as_known_done(&known);
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size);
    uint8_t *bytes = malloc(size + 1);
    if (bytes && size >= 16) {
        memcpy(bytes, data, size);
        put_u32(bytes + 8, (uint32_t)((size - 16) / 16));
        put_u32(bytes + 12, as_crc32c(0, bytes + 16, size - 16));
        check(bytes, size);
    }
    free(bytes);
    return 0;
}
