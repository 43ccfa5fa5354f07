/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/confident.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct confident_job {
    const as_confident_cfg *cfg;
    as_confident            out;
    double                 *counts; /* samples labelled i */
    as_doubt               *pool;   /* of one cell of the joint; n */
    bool                   *taken;  /* n */
} confident_job;

static bool confident_knows(const confident_job *c, size_t class)
{
    return !c->cfg->known || c->cfg->known[class];
}

static const double *confident_row(const confident_job *c, size_t i)
{
    return c->cfg->p + i * c->cfg->n_classes;
}

static bool confident_room(confident_job *c, as_err *err)
{
    size_t k = c->cfg->n_classes, n = c->cfg->n;
    c->out.threshold = calloc(k + 1, sizeof *c->out.threshold);
    c->out.joint = calloc(k * k + 1, sizeof *c->out.joint);
    c->out.doubts = calloc(n + 1, sizeof *c->out.doubts);
    c->counts = calloc(k + 1, sizeof *c->counts);
    if (c->out.threshold && c->out.joint && c->out.doubts && c->counts)
        return true;
    return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu labels", n);
}

static void confident_thresholds(confident_job *c)
{
    for (size_t i = 0; i < c->cfg->n; i++) {
        uint32_t label = c->cfg->labels[i];
        c->counts[label]++;
        c->out.threshold[label] += confident_row(c, i)[label];
    }
    for (size_t j = 0; j < c->cfg->n_classes; j++)
        c->out.threshold[j] = c->counts[j] > 0 ? c->out.threshold[j] / c->counts[j] : NAN;
}

/* The likeliest of the classes whose threshold it reaches; n_classes: none. */
static size_t confident_class(const confident_job *c, size_t i)
{
    const double *p = confident_row(c, i);
    size_t        best = c->cfg->n_classes;
    for (size_t j = 0; j < c->cfg->n_classes; j++)
        if (confident_knows(c, j) && p[j] >= c->out.threshold[j] && (best == c->cfg->n_classes || p[j] > p[best]))
            best = j;
    return best;
}

/* Rows of the joint are scaled so that each has as many as are labelled so. */
static void confident_joint(confident_job *c)
{
    size_t k = c->cfg->n_classes;
    for (size_t i = 0; i < c->cfg->n; i++) {
        size_t label = c->cfg->labels[i], class = confident_class(c, i);
        if (class < k && confident_knows(c, label))
            c->out.joint[label * k + class]++;
    }
    for (size_t i = 0; i < k; i++) {
        double *row = c->out.joint + i * k, sum = 0;
        for (size_t j = 0; j < k; j++)
            sum += row[j];
        if (sum == 0)
            row[i] = sum = 1;
        for (size_t j = 0; j < k; j++)
            row[j] *= c->counts[i] / sum;
        for (size_t j = 0; j < k; j++)
            c->out.n_wrong += j == i ? 0 : row[j];
    }
}

static size_t confident_likeliest(const confident_job *c, size_t i)
{
    const double *p = confident_row(c, i);
    size_t        best = c->cfg->labels[i];
    for (size_t j = 0; j < c->cfg->n_classes; j++)
        if (confident_knows(c, j) && p[j] > p[best])
            best = j;
    return best;
}

static int confident_compare(const void *a, const void *b)
{
    const as_doubt *x = a, *y = b;
    if (x->p_label != y->p_label)
        return (x->p_label > y->p_label) - (x->p_label < y->p_label);
    return (x->row > y->row) - (x->row < y->row);
}

static void confident_sort(as_doubt *doubts, size_t n)
{
    if (n)
        qsort(doubts, n, sizeof *doubts, confident_compare);
}

/* As many of those labelled so as the joint has elsewhere; never one whose label is its likeliest class. */
static void confident_prune(confident_job *c, size_t label)
{
    const double *joint = c->out.joint + label * c->cfg->n_classes;
    as_doubt     *pool = c->out.doubts + c->out.n_doubts;
    size_t        n = 0, want = (size_t)lround(c->counts[label] - joint[label]);
    for (size_t i = 0; want && i < c->cfg->n; i++) {
        size_t likely = c->cfg->labels[i] == label ? confident_likeliest(c, i) : label;
        if (likely == label)
            continue;
        const double *p = confident_row(c, i);
        pool[n++] = (as_doubt){.row = (uint32_t)i,
                               .label = (uint32_t)label,
                               .likely = (uint32_t)likely,
                               .p_label = p[label],
                               .p_likely = p[likely]};
    }
    confident_sort(pool, n);
    c->out.n_doubts += AS_MIN(n, want);
}

bool as_confident_find(const as_confident_cfg *cfg, as_confident *ret, as_err *err)
{
    confident_job c = {.cfg = cfg};
    bool          ok = confident_room(&c, err);
    if (ok) {
        confident_thresholds(&c);
        confident_joint(&c);
        for (size_t i = 0; i < cfg->n_classes; i++)
            if (confident_knows(&c, i))
                confident_prune(&c, i);
        confident_sort(c.out.doubts, c.out.n_doubts);
        *ret = c.out;
    } else {
        as_confident_done(&c.out);
    }
    free(c.counts);
    return ok;
}

void as_confident_done(as_confident *confident)
{
    free(confident->threshold);
    free(confident->joint);
    free(confident->doubts);
    *confident = (as_confident){0};
}
