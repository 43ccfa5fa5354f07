/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/digests.h"

#include <string.h>

#define DIGESTS_MAX ((size_t)1 << 31)

/* They are hashes already: their first bytes are as good as any. */
static size_t digests_slot(const as_digests *set, const as_digest *digest)
{
    uint64_t first;
    memcpy(&first, digest->b, sizeof first);
    size_t at = (size_t)first & (set->n_slots - 1);
    while (set->slots[at] && !as_digest_equal(&set->all.at[set->slots[at] - 1], digest))
        at = (at + 1) & (set->n_slots - 1);
    return at;
}

static bool digests_grow(as_digests *set)
{
    as_digests grown = {.all = {set->all.at, set->all.n, set->all.cap},
                        .n_slots = set->n_slots ? set->n_slots * 2 : 64};
    grown.slots = calloc(grown.n_slots, sizeof *grown.slots);
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < set->all.n; i++)
        grown.slots[digests_slot(&grown, &set->all.at[i])] = (uint32_t)(i + 1);
    free(set->slots);
    set->slots = grown.slots;
    set->n_slots = grown.n_slots;
    return true;
}

bool as_digests_add(as_digests *set, const as_digest *digest, size_t *ret, bool *ret_new)
{
    if (set->all.n >= DIGESTS_MAX || (set->all.n * 3 >= set->n_slots * 2 && !digests_grow(set)))
        return false;
    size_t     at = digests_slot(set, digest);
    const bool is_new = set->slots[at] == 0;
    if (is_new) {
        if (!as_vec_push(&set->all, *digest))
            return false;
        set->slots[at] = (uint32_t)set->all.n;
    }
    if (ret)
        *ret = set->slots[at] - 1;
    if (ret_new)
        *ret_new = is_new;
    return true;
}

bool as_digests_find(const as_digests *set, const as_digest *digest, size_t *ret)
{
    if (set->n_slots == 0)
        return false;
    const uint32_t slot = set->slots[digests_slot(set, digest)];
    if (slot && ret)
        *ret = slot - 1;
    return slot != 0;
}

void as_digests_done(as_digests *set)
{
    as_vec_done(&set->all);
    free(set->slots);
    set->slots = NULL;
    set->n_slots = 0;
}
