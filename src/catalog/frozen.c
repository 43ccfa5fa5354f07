/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/frozen.h"

#include <stdlib.h>
#include <string.h>

#define FROZEN_REMEDY "(the test split is frozen; to change it: assay data split --thaw --reason TEXT)"

uint64_t as_frozen_count(const as_manifest *manifest)
{
    uint64_t n = 0;
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        n += as_manifest_at(manifest, i)->is_frozen;
    return n;
}

static bool frozen_check_kept(const as_manifest *before, const as_manifest *now, as_err *err)
{
    for (size_t i = 0; i < as_manifest_count(before); i++) {
        const as_sample *was = as_manifest_at(before, i), *is;
        if (was->is_frozen && (is = as_manifest_find(now, was->name)) && !is->is_frozen)
            return AS_FAIL(err, AS_EINVAL, "sample '%.200s' would leave the test split " FROZEN_REMEDY, was->name);
    }
    return true;
}

static int frozen_by_part(const void *a, const void *b)
{
    return strcmp((*(const as_sample *const *)a)->part, (*(const as_sample *const *)b)->part);
}

static int frozen_by_image(const void *a, const void *b)
{
    return memcmp((*(const as_sample *const *)a)->image.b, (*(const as_sample *const *)b)->image.b, AS_SHA256_BYTES);
}

static bool frozen_check_apart(const as_manifest *now, const as_sample **frozen, size_t n,
                               int (*compare)(const void *, const void *), const char *what, as_err *err)
{
    qsort(frozen, n, sizeof *frozen, compare);
    for (size_t i = 0; i < as_manifest_count(now); i++) {
        const as_sample        *s = as_manifest_at(now, i);
        const as_sample *const *same = s->split == AS_SPLIT_TRAIN || s->split == AS_SPLIT_VALIDATION
                                           ? bsearch(&s, frozen, n, sizeof *frozen, compare)
                                           : NULL;
        if (same)
            return AS_FAIL(err, AS_EINVAL,
                           "sample '%.150s' in %s shows the %s that '%.150s' of the test shows " FROZEN_REMEDY, s->name,
                           as_split_name(s->split), what, (*same)->name);
    }
    return true;
}

bool as_frozen_check(const as_manifest *before, const as_manifest *now, as_err *err)
{
    size_t            n = 0;
    const as_sample **frozen = NULL;
    if (before && !frozen_check_kept(before, now, err))
        return false;
    const uint64_t n_frozen = as_frozen_count(now);
    if (n_frozen == 0)
        return true;
    frozen = calloc((size_t)n_frozen, sizeof *frozen);
    if (!frozen)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory to check the test split");
    bool ok = true;
    for (size_t i = 0; ok && i < as_manifest_count(now); i++) {
        const as_sample *s = as_manifest_at(now, i);
        if (s->is_frozen)
            frozen[n++] = s;
        else if (s->split == AS_SPLIT_TEST)
            ok = AS_FAIL(err, AS_EINVAL, "sample '%.200s' would come into the test split " FROZEN_REMEDY, s->name);
    }
    ok = ok && frozen_check_apart(now, frozen, n, frozen_by_part, "part", err) &&
         frozen_check_apart(now, frozen, n, frozen_by_image, "very picture", err);
    free(frozen);
    return ok;
}
