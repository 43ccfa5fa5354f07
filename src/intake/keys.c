/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/keys.h"

#include <stdlib.h>
#include <string.h>

typedef struct keys_item {
    uint64_t key;
    size_t   index;
} keys_item;

uint64_t as_keys_text(const char *text, size_t n)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

uint64_t as_keys_label(const void *ctx, const as_sample *sample)
{
    (void)ctx;
    return as_keys_text(sample->label, strlen(sample->label));
}

uint64_t as_keys_part(const void *ctx, const as_sample *sample)
{
    (void)ctx;
    return as_keys_text(sample->part, strlen(sample->part));
}

static int keys_by_key(const void *a, const void *b)
{
    const keys_item *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->index > y->index) - (x->index < y->index);
}

/* items are sorted; their keys become the index of the first that is equal. */
static void keys_number(as_keys *keys, keys_item *items, size_t n)
{
    for (size_t i = 0, begin = 0; i < n; i++) {
        if (i > 0 && items[i].key != items[i - 1].key)
            begin = i;
        keys->first[items[i].index] = items[begin].index;
    }
    for (size_t i = 0; i < n; i++) {
        size_t first = keys->first[i];
        if (first == i) {
            keys->of[i] = keys->n;
            keys->first[keys->n] = i; /* no later sample than i asks for this place */
            keys->count[keys->n++] = 1;
        } else {
            keys->of[i] = keys->of[first];
            keys->count[keys->of[i]]++;
        }
    }
}

bool as_keys_make(const as_manifest *manifest, uint64_t (*key)(const void *ctx, const as_sample *sample),
                  const void *ctx, as_keys *ret, as_err *err)
{
    size_t     n = as_manifest_count(manifest);
    keys_item *items = calloc(n + 1, sizeof *items);
    *ret = (as_keys){.of = calloc(n + 1, sizeof *ret->of),
                     .first = calloc(n + 1, sizeof *ret->first),
                     .count = calloc(n + 1, sizeof *ret->count)};
    bool ok = items && ret->of && ret->first && ret->count && n < UINT32_MAX;
    if (ok) {
        for (size_t i = 0; i < n; i++)
            items[i] = (keys_item){key(ctx, as_manifest_at(manifest, i)), i};
        qsort(items, n, sizeof *items, keys_by_key);
        keys_number(ret, items, n);
    } else {
        as_keys_done(ret);
        AS_FAIL(err, AS_ENOMEM, "not enough memory to compare %zu samples", n);
    }
    free(items);
    return ok;
}

void as_keys_done(as_keys *keys)
{
    free(keys->of);
    free(keys->first);
    free(keys->count);
    *keys = (as_keys){.n = 0};
}
