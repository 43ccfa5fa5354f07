/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a checked-out folder says beyond its format: refused with a reason, or read whole. */
#include <stdlib.h>
#include <string.h>

#include "intake/side.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes = malloc(size ? size : 1); /* of the exact size, so that a byte too many is seen */
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    as_side *side = as_side_parse(bytes, size, "assay-extra.jsonl", &err);
    if (!side && (err.code == AS_OK || !err.text[0]))
        abort();
    as_side_free(side);
    free(bytes);
    return 0;
}
