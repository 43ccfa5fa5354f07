/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/folds.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

typedef struct folds_key {
    const as_sample *sample;
    uint32_t         i;
} folds_key;

static int folds_by_part(const void *a, const void *b)
{
    const folds_key *l = a, *r = b;
    int              order = strcmp(l->sample->part, r->sample->part);
    return order ? order : (l->i > r->i) - (l->i < r->i);
}

static int folds_by_image(const void *a, const void *b)
{
    const folds_key *l = a, *r = b;
    int              order = memcmp(l->sample->image.b, r->sample->image.b, AS_SHA256_BYTES);
    return order ? order : (l->i > r->i) - (l->i < r->i);
}

static uint32_t folds_root(uint32_t *groups, uint32_t i)
{
    while (groups[i] != i)
        i = groups[i] = groups[groups[i]];
    return i;
}

static void folds_join(uint32_t *groups, uint32_t a, uint32_t b)
{
    a = folds_root(groups, a);
    b = folds_root(groups, b);
    groups[AS_MAX(a, b)] = AS_MIN(a, b);
}

bool as_folds_group(const as_dataset *dataset, const uint32_t *indices, size_t n, uint32_t *ret_groups, as_err *err)
{
    folds_key *keys = calloc(n + 1, sizeof *keys);
    if (!keys)
        return AS_FAIL(err, AS_ENOMEM, "cannot group %zu samples", n);
    for (size_t i = 0; i < n; i++) {
        keys[i] = (folds_key){as_dataset_sample(dataset, indices[i]), (uint32_t)i};
        ret_groups[i] = (uint32_t)i;
    }
    qsort(keys, n, sizeof *keys, folds_by_part);
    for (size_t i = 1; i < n; i++)
        if (strcmp(keys[i - 1].sample->part, keys[i].sample->part) == 0)
            folds_join(ret_groups, keys[i - 1].i, keys[i].i);
    qsort(keys, n, sizeof *keys, folds_by_image);
    for (size_t i = 1; i < n; i++)
        if (as_digest_equal(&keys[i - 1].sample->image, &keys[i].sample->image))
            folds_join(ret_groups, keys[i - 1].i, keys[i].i);
    for (size_t i = 0; i < n; i++)
        ret_groups[i] = folds_root(ret_groups, (uint32_t)i);
    free(keys);
    return true;
}

/* The fold with the fewest samples of the class, then with the fewest at all, then the first. */
static uint32_t folds_least(const size_t *of_class, const size_t *of_all, uint32_t k)
{
    uint32_t best = 0;
    for (uint32_t f = 1; f < k; f++)
        if (of_class[f] < of_class[best] || (of_class[f] == of_class[best] && of_all[f] < of_all[best]))
            best = f;
    return best;
}

typedef struct folds_table {
    uint32_t *order;  /* first samples of the groups, shuffled */
    size_t   *sizes;  /* by first sample */
    size_t   *counts; /* k for all, then k for each class */
    size_t    n_groups;
} folds_table;

static bool folds_table_init(folds_table *table, const uint32_t *groups, size_t n, uint32_t n_classes, uint32_t k,
                             uint64_t seed, as_err *err)
{
    as_rng rng = as_rng_new(seed);
    *table = (folds_table){.order = calloc(n + 1, sizeof *table->order),
                           .sizes = calloc(n + 1, sizeof *table->sizes),
                           .counts = calloc(((size_t)n_classes + 1) * k, sizeof *table->counts)};
    if (!table->order || !table->sizes || !table->counts)
        return AS_FAIL(err, AS_ENOMEM, "cannot deal %zu samples into folds", n);
    for (size_t i = 0; i < n; i++) {
        table->sizes[groups[i]]++;
        if (groups[i] == i)
            table->order[table->n_groups++] = (uint32_t)i;
    }
    as_rng_shuffle_u32(&rng, table->order, table->n_groups);
    return true;
}

bool as_folds_deal(const uint32_t *groups, const uint32_t *labels, size_t n, uint32_t n_classes, uint32_t k,
                   uint64_t seed, uint32_t *ret_folds, as_err *err)
{
    folds_table table = {0};
    if (k == 0 || !folds_table_init(&table, groups, n, n_classes, k, seed, err)) {
        free(table.order);
        free(table.sizes);
        free(table.counts);
        return k > 0 ? false : AS_FAIL(err, AS_EINVAL, "cannot deal samples into no folds");
    }
    for (size_t g = 0; g < table.n_groups; g++) {
        uint32_t first = table.order[g];
        size_t  *of_class = table.counts + ((size_t)labels[first] + 1) * k;
        uint32_t fold = folds_least(of_class, table.counts, k);
        ret_folds[first] = fold;
        of_class[fold] += table.sizes[first];
        table.counts[fold] += table.sizes[first];
    }
    for (size_t i = 0; i < n; i++)
        ret_folds[i] = ret_folds[groups[i]];
    free(table.order);
    free(table.sizes);
    free(table.counts);
    return true;
}
