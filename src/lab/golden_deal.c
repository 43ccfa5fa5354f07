/* SPDX-License-Identifier: Apache-2.0 */
/* Which good pictures the golden one is learned from, and which judge the head beside the defects. */
#include <stdlib.h>

#include "lab/folds.h"
#include "lab/golden.h"

#define DEAL_PICTURES 15 /* good ones: fewer are no evidence of what good parts may differ in */
#define DEAL_PARTS    5  /* of them */
#define DEAL_LEARN    3  /* parts that must be left for the golden picture */
#define DEAL_EACH     3  /* of so many good parts of a class, the first judges the head instead */

typedef struct deal {
    const as_spec    *spec;
    const as_samples *train;
    uint32_t         *groups;       /* first sample of what is on one side: a part, and what shares pictures with it */
    bool             *bad, *aside;  /* by first sample: has a defect; judges the head */
    bool             *known;        /* classes that the head sees */
    size_t           *dealt;        /* good parts so far, by class */
    size_t            parts, learn; /* good ones, in all and for the golden picture */
} deal;

static bool deal_is_good(const deal *d, size_t i)
{
    return d->spec->classes[d->train->labels[i]].verdict == AS_VERDICT_PASS;
}

static bool deal_room(deal *d, as_golden_sides *sides, as_err *err)
{
    size_t n = d->train->n;
    d->groups = calloc(n + 1, sizeof *d->groups);
    d->bad = calloc(n + 1, sizeof *d->bad);
    d->aside = calloc(n + 1, sizeof *d->aside);
    d->known = calloc(d->spec->n_classes + 1, sizeof *d->known);
    d->dealt = calloc(d->spec->n_classes + 1, sizeof *d->dealt);
    sides->good = calloc(n + 1, sizeof *sides->good);
    sides->rest = calloc(n + 1, sizeof *sides->rest);
    sides->labels = calloc(n + 1, sizeof *sides->labels);
    return (d->groups && d->bad && d->aside && d->known && d->dealt && sides->good && sides->rest && sides->labels) ||
           AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
}

/* A part with a defect judges, also with its good pictures. Of each class that passes the first part judges, so that the head
 * knows all of them. */
static void deal_groups(deal *d)
{
    const uint32_t *labels = d->train->labels;
    for (size_t i = 0; i < d->train->n; i++)
        d->bad[d->groups[i]] = d->bad[d->groups[i]] || !deal_is_good(d, i);
    for (size_t i = 0; i < d->train->n; i++) {
        if (d->groups[i] != i)
            continue;
        d->aside[i] = d->bad[i] || d->dealt[labels[i]]++ % DEAL_EACH == 0;
        d->parts += !d->bad[i];
    }
    for (size_t i = 0; i < d->train->n; i++)
        d->known[labels[i]] = d->known[labels[i]] || d->aside[d->groups[i]];
    for (size_t i = 0; i < d->train->n; i++) {
        d->aside[d->groups[i]] = d->aside[d->groups[i]] || !d->known[labels[i]];
        d->known[labels[i]] = true;
    }
    for (size_t i = 0; i < d->train->n; i++)
        d->learn += d->groups[i] == i && !d->aside[i];
}

static bool deal_is_enough(const deal *d, as_err *err)
{
    size_t n_good = 0;
    for (size_t i = 0; i < d->train->n; i++)
        n_good += deal_is_good(d, i);
    if (n_good < DEAL_PICTURES || d->parts < DEAL_PARTS)
        return AS_FAIL(
            err, AS_EINVAL,
            "a golden picture is learned from at least %d good pictures of %d parts without a defect, and the "
            "training split has %zu good pictures, and %zu such parts (bring in more good parts: assay "
            "capture, or assay import FOLDER)",
            DEAL_PICTURES, DEAL_PARTS, n_good, d->parts);
    if (d->learn < DEAL_LEARN)
        return AS_FAIL(err, AS_EINVAL,
                       "the first part of each class that passes judges the golden picture, and of %zu good parts only "
                       "%zu are left to learn it from (bring in more good parts of each such class: assay capture, or "
                       "assay import FOLDER)",
                       d->parts, d->learn);
    return true;
}

bool as_golden_deal(const as_dataset *dataset, const as_spec *spec, const as_samples *train, as_golden_sides *ret,
                    as_err *err)
{
    deal            d = {.spec = spec, .train = train};
    as_golden_sides sides = {0};
    bool            ok = deal_room(&d, &sides, err) && as_folds_group(dataset, train->indices, train->n, d.groups, err);
    if (ok) {
        deal_groups(&d);
        ok = deal_is_enough(&d, err);
    }
    for (size_t i = 0; ok && i < train->n; i++)
        if (d.aside[d.groups[i]]) {
            sides.labels[sides.n_rest] = train->labels[i];
            sides.rest[sides.n_rest++] = train->indices[i];
        } else
            sides.good[sides.n_good++] = train->indices[i];
    free(d.groups);
    free(d.bad);
    free(d.aside);
    free(d.known);
    free(d.dealt);
    if (ok)
        *ret = sides;
    else
        as_golden_sides_done(&sides);
    return ok;
}

void as_golden_sides_done(as_golden_sides *sides)
{
    free(sides->good);
    free(sides->rest);
    free(sides->labels);
    *sides = (as_golden_sides){0};
}
