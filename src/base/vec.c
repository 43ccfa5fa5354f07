/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

bool as_vec_grow_(void **at, size_t *cap, size_t want, size_t item_bytes)
{
    if (want <= *cap)
        return true;
    size_t new_cap = *cap < 8 ? 8 : *cap, bytes;
    while (new_cap < want)
        if (!as_size_mul(new_cap, 2, &new_cap))
            return false;
    if (!as_size_mul(new_cap, item_bytes, &bytes))
        return false;
    void *grown = realloc(*at, bytes);
    if (!grown)
        return false;
    *at = grown;
    *cap = new_cap;
    return true;
}
