/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/near.h"
#include "intake/set.h"

extern const as_set_check as_set_check_near;

static void near_tell_none(const as_set *set, as_set_report *report)
{
    const as_near_pairs *pairs = set->pairs;
    as_set_finding      *f = as_set_report_add(report, &as_set_check_near, AS_CHECK_OK);
    uint64_t             n_close = pairs->n_at[0] + pairs->n_at[1] + pairs->n_at[2];
    f->value = 0;
    f->n = pairs->n_hashed;
    if (pairs->n_hashed == 0)
        snprintf(f->text, sizeof f->text, "these pictures were taken in without a hash: not compared");
    else if (pairs->most < 0 && n_close)
        snprintf(f->text, sizeof f->text,
                 "%llu pairs differ in two bits of 64 or less, no more than chance gives for parts that look this much "
                 "alike: the hash tells nothing here",
                 (unsigned long long)n_close);
    else
        snprintf(f->text, sizeof f->text, "no two that look alike are in different splits");
}

static bool set_near_run(const as_set *set, as_set_report *report, as_err *err)
{
    const as_near_pairs *pairs = set->pairs;
    const as_sample     *a = NULL, *b = NULL;
    uint64_t             n = 0;
    unsigned             least = AS_NEAR_MOST_BITS + 1;
    (void)err;
    for (size_t i = 0; i < pairs->at.n; i++) {
        const as_near_pair *pair = &pairs->at.at[i];
        const as_sample    *x = as_manifest_at(set->manifest, pair->a), *y = as_manifest_at(set->manifest, pair->b);
        if ((int)pair->bits > pairs->most || x->split == y->split || !x->split || !y->split)
            continue;
        n++;
        if (pair->bits >= least)
            continue;
        least = pair->bits;
        a = x;
        b = y;
    }
    if (n == 0) {
        near_tell_none(set, report);
        return true;
    }
    as_set_finding *f = as_set_report_add(report, &as_set_check_near, AS_CHECK_QUARANTINE);
    f->value = (double)n;
    f->limit = 0;
    f->n = pairs->n_hashed;
    snprintf(f->text, sizeof f->text,
             "%s%llu pair%s of near-identical pictures in different splits, the nearest: '%.120s' (%s) and '%.120s' "
             "(%s), which differ in %u of 64 bits",
             pairs->cut ? "at least " : "", (unsigned long long)n, n == 1 ? "" : "s", a->name, as_split_name(a->split),
             b->name, as_split_name(b->split), least);
    snprintf(f->remedy, sizeof f->remedy,
             "look at them; where both show one part, keep one, or import both into one of train/ and test/");
    return true;
}

const as_set_check as_set_check_near = {
    .name = "near",
    .summary = "no two pictures that look the same are in different splits",
    .run = set_near_run,
};
