/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "store/state.h"

typedef AS_VEC(as_digest) list_digests;

static int list_compare(const void *a, const void *b)
{
    return memcmp(((const as_digest *)a)->b, ((const as_digest *)b)->b, sizeof(as_digest));
}

static bool list_pack(as_store *store, as_pack *pack, list_digests *found, as_err *err)
{
    as_index_entry *entries = NULL;
    size_t          n = 0;
    bool            ok = as_set_entries(store, pack, &entries, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        if (!as_index_is_tombstone(&entries[i]))
            ok = as_vec_push(found, entries[i].digest) || AS_FAIL(err, AS_ENOMEM, "cannot list objects: no memory");
    free(entries);
    return ok;
}

bool as_store_list(as_store *store, as_digest **ret, size_t *ret_n, as_err *err)
{
    as_pack_list packs;
    list_digests found = {0};
    size_t       n = 0;
    if ((!atomic_load(&store->is_writer) && !as_set_refresh(store, true, err)) || !as_set_list(store, &packs, err))
        return false;
    bool ok = as_vec_reserve(&found, 1) || AS_FAIL(err, AS_ENOMEM, "cannot list objects: no memory");
    for (size_t i = 0; ok && i < packs.n; i++)
        ok = list_pack(store, packs.at[i], &found, err);
    as_set_done(&packs);
    if (!ok) {
        as_vec_done(&found);
        return false;
    }
    qsort(found.at, found.n, sizeof found.at[0], list_compare);
    for (size_t i = 0; i < found.n; i++)
        if (as_store_has(store, &found.at[i]) && (n == 0 || list_compare(&found.at[n - 1], &found.at[i]) != 0))
            found.at[n++] = found.at[i];
    *ret = found.at;
    *ret_n = n;
    return true;
}
