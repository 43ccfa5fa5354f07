/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "intake/set.h"

extern const as_set_check as_set_check_variants;

/* How many variants each sample of the manifest shows. */
typedef struct variants {
    const as_manifest *manifest;
    uint8_t           *shows;
    uint64_t           n; /* of the variant looked for */
} variants;

static bool variants_visit(void *ctx, const as_sample *sample)
{
    variants        *v = ctx;
    const as_sample *here = as_manifest_find(v->manifest, sample->name);
    size_t           i = here ? (size_t)(here - as_manifest_at(v->manifest, 0)) : 0;
    if (here && v->shows[i] < UINT8_MAX)
        v->shows[i]++;
    v->n++;
    return true;
}

static void variants_tell(const as_variant *variant, uint64_t n, as_set_report *report)
{
    as_set_finding *f = as_set_report_add(report, &as_set_check_variants, AS_CHECK_WARN);
    snprintf(f->text, sizeof f->text, "variant '%s' has %llu picture%s, and product.variants asks for %u (%.200s)",
             variant->name, (unsigned long long)n, n == 1 ? "" : "s", variant->at_least, variant->where);
    snprintf(f->remedy, sizeof f->remedy, "take pictures of it: nothing is known of how it is judged");
    f->value = (double)n;
    f->limit = variant->at_least;
    f->n = n;
}

static bool variants_tell_strangers(const variants *v, as_set_report *report)
{
    uint64_t         n = 0;
    const as_sample *first = NULL;
    for (size_t i = 0; i < as_manifest_count(v->manifest); i++) {
        if (v->shows[i])
            continue;
        first = first ? first : as_manifest_at(v->manifest, i);
        n++;
    }
    if (n == 0)
        return false;
    as_set_finding *f = as_set_report_add(report, &as_set_check_variants, AS_CHECK_WARN);
    snprintf(f->text, sizeof f->text, "%llu picture%s of no variant, the first: '%.200s'", (unsigned long long)n,
             n == 1 ? " is" : "s are", first->name);
    snprintf(f->remedy, sizeof f->remedy, "name the variant in product.variants of assay.yaml, or mend its query");
    f->value = (double)n;
    f->limit = 0;
    f->n = as_manifest_count(v->manifest);
    return true;
}

static bool variants_count(const as_set *set, as_catalog *catalog, const as_variant *variant, variants *v, as_err *err)
{
    as_query       *query = as_query_parse(variant->where, err);
    as_sample_query ask = {.commit = set->commit->id, .where = query};
    v->n = 0;
    bool ok = query && as_catalog_samples(catalog, &ask, variants_visit, v, err);
    as_query_free(query);
    return ok;
}

static bool variants_all(const as_set *set, as_catalog *catalog, variants *v, as_set_report *report, as_err *err)
{
    size_t n_missing = 0;
    for (size_t i = 0; i < set->spec->n_variants; i++) {
        const as_variant *variant = &set->spec->variants[i];
        as_err            why = AS_ERR_NONE;
        if (!variants_count(set, catalog, variant, v, &why)) {
            if (why.code != AS_EINVAL)
                return as_err_set(err, why.code, "%s", why.text);
            as_set_finding *f = as_set_report_add(report, &as_set_check_variants, AS_CHECK_WARN);
            snprintf(f->text, sizeof f->text, "variant '%s' cannot be looked for: %.300s", variant->name, why.text);
            snprintf(f->remedy, sizeof f->remedy, "mend its 'where' in product.variants of assay.yaml");
            n_missing++;
        } else if (v->n < variant->at_least) {
            variants_tell(variant, v->n, report);
            n_missing++;
        }
    }
    if (!variants_tell_strangers(v, report) && n_missing == 0) {
        as_set_finding *f = as_set_report_add(report, &as_set_check_variants, AS_CHECK_OK);
        f->n = as_manifest_count(v->manifest);
        snprintf(f->text, sizeof f->text, "there are enough pictures of each of %zu variants, and none of others",
                 set->spec->n_variants);
    }
    return true;
}

static bool variants_run(const as_set *set, as_set_report *report, as_err *err)
{
    if (!set->ws || set->spec->n_variants == 0) {
        as_set_finding *f = as_set_report_add(report, &as_set_check_variants, AS_CHECK_OK);
        snprintf(f->text, sizeof f->text, "not looked for: assay.yaml names no product.variants");
        return true;
    }
    variants    v = {.manifest = set->manifest, .shows = calloc(as_manifest_count(set->manifest) + 1, 1)};
    as_catalog *catalog = v.shows ? as_catalog_open(set->ws, err) : NULL;
    if (!v.shows)
        AS_FAIL(err, AS_ENOMEM, "out of memory");
    bool ok = catalog && as_catalog_index(catalog, set->commit, err) && variants_all(set, catalog, &v, report, err);
    as_catalog_close(catalog);
    free(v.shows);
    return ok;
}

const as_set_check as_set_check_variants = {
    .name = "variants",
    .summary = "there are enough pictures of each of product.variants",
    .run = variants_run,
};
