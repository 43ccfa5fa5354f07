/* SPDX-License-Identifier: Apache-2.0 */
/* What a camera's URI says after its driver: no input reads or writes out of bounds, and what was understood obeys its
 * own limits. */
#include "camera/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"fps", "loop", "seed", AS_URI_FEATURES, NULL};
    as_uri_query             query;
    as_err                   err = AS_ERR_NONE;
    double                   fps = 0;
    uint64_t                 seed = 0;
    bool                     loop = false;
    char                    *rest = malloc(size + 1);
    if (!rest)
        return 0;
    memcpy(rest, data, size);
    rest[size] = 0;
    if (as_uri_query_parse(rest, keys, &query, &err)) {
        size_t n_known = 0;
        for (size_t i = 0; i < query.n; i++)
            n_known += query.pairs[i].key[0] < 'A' || query.pairs[i].key[0] > 'Z';
        if (n_known > 3 || query.n > AS_COUNT(query.pairs) || strlen(query.path) >= sizeof query.path)
            abort();
        if (!as_uri_query_number(&query, "fps", 0.5, 10, &fps, &err) && err.code != AS_EINVAL)
            abort();
        if (!as_uri_query_count(&query, "seed", 1, 9, &seed, &err) && err.code != AS_EINVAL)
            abort();
        if (!as_uri_query_flag(&query, "loop", &loop, &err) && err.code != AS_EINVAL)
            abort();
        if (!(fps >= 0 && fps <= 10) || seed > 9)
            abort();
    } else if (err.code != AS_EINVAL && err.code != AS_ELIMIT) {
        abort();
    }
    free(rest);
    return 0;
}
