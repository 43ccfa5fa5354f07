/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "image/mask.h"

static double match_overlap(double a, double n_a, double b, double n_b)
{
    return fmax(fmin(a + n_a, b + n_b) - fmax(a, b), 0);
}

static double match_box_iou(const double a[4], const double b[4])
{
    const double both = match_overlap(a[0], a[2], b[0], b[2]) * match_overlap(a[1], a[3], b[1], b[3]);
    const double either = a[2] * a[3] + b[2] * b[3] - both;
    return either > 0 ? both / either : 0;
}

/* The part of a picture in which both lie, so that a scratch in a large picture costs what the scratch does. */
typedef struct match_window {
    double   x, y;
    uint32_t width, height;
} match_window;

static match_window match_window_of(const as_finding *a, const as_finding *b, uint32_t width, uint32_t height)
{
    const double left = fmax(floor(fmin(a->box[0], b->box[0])), 0), top = fmax(floor(fmin(a->box[1], b->box[1])), 0);
    const double right = fmin(ceil(fmax(a->box[0] + a->box[2], b->box[0] + b->box[2])), width);
    const double bottom = fmin(ceil(fmax(a->box[1] + a->box[3], b->box[1] + b->box[3])), height);
    match_window w = {.x = left, .y = top};
    w.width = right > left ? (uint32_t)(right - left) : 0;
    w.height = bottom > top ? (uint32_t)(bottom - top) : 0;
    return w;
}

static bool match_mask_rings(double *points, const size_t *ends, size_t n_rings, const match_window *w, as_mask *ret,
                             as_err *err)
{
    for (size_t i = 0; n_rings && i < ends[n_rings - 1]; i++) {
        points[2 * i] -= w->x;
        points[2 * i + 1] -= w->y;
    }
    return as_mask_from_rings(points, ends, n_rings, w->width, w->height, ret, err);
}

static bool match_mask(const as_finding *f, const match_window *w, as_mask *ret, as_err *err)
{
    const double *b = f->box;
    double        corners[8] = {b[0], b[1], b[0] + b[2], b[1], b[0] + b[2], b[1] + b[3], b[0], b[1] + b[3]};
    size_t        end = 4, n_rings, *ends = NULL;
    double       *points = NULL;
    if (f->outline != AS_OUTLINE_POLYGON)
        return match_mask_rings(corners, &end, 1, w, ret, err);
    bool ok = as_finding_rings(f->geometry, &points, &ends, &n_rings, err) &&
              match_mask_rings(points, ends, n_rings, w, ret, err);
    free(points);
    free(ends);
    return ok;
}

bool as_finding_iou(const as_finding *a, const as_finding *b, uint32_t width, uint32_t height, double *ret, as_err *err)
{
    const bool   masks = a->outline == AS_OUTLINE_MASK || b->outline == AS_OUTLINE_MASK;
    match_window w = match_window_of(a, b, width, height);
    as_mask      x = {0}, y = {0};
    if (a->outline == AS_OUTLINE_BOX && b->outline == AS_OUTLINE_BOX) {
        *ret = match_box_iou(a->box, b->box);
        return true;
    }
    if (masks)
        w = (match_window){.width = width, .height = height};
    if (w.width == 0 || w.height == 0 || match_box_iou(a->box, b->box) == 0) {
        *ret = 0;
        return true;
    }
    bool ok = (a->outline == AS_OUTLINE_MASK ? as_mask_from_text(a->geometry, width, height, &x, err)
                                             : match_mask(a, &w, &x, err)) &&
              (b->outline == AS_OUTLINE_MASK ? as_mask_from_text(b->geometry, width, height, &y, err)
                                             : match_mask(b, &w, &y, err));
    if (ok)
        *ret = as_mask_iou(&x, &y);
    as_mask_done(&x);
    as_mask_done(&y);
    return ok;
}

typedef struct match_pair {
    size_t a, b;
    double iou;
} match_pair;

static int match_compare(const void *a, const void *b)
{
    const match_pair *x = a, *y = b;
    if (x->iou != y->iou)
        return x->iou < y->iou ? 1 : -1;
    return x->a != y->a ? (x->a > y->a) - (x->a < y->a) : (x->b > y->b) - (x->b < y->b);
}

bool as_match_findings(const as_finding *a, size_t n_a, const as_finding *b, size_t n_b, uint32_t width,
                       uint32_t height, as_match *sum, as_err *err)
{
    AS_VEC(match_pair) pairs = {0};
    bool *taken = calloc(n_a + n_b + 1, sizeof *taken);
    bool  ok = taken || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    if (ok && (n_a > AS_MATCH_MOST || n_b > AS_MATCH_MOST))
        ok = AS_FAIL(err, AS_ELIMIT, "%zu outlines in one picture are too many to compare (at most %d)",
                     n_a > n_b ? n_a : n_b, AS_MATCH_MOST);
    for (size_t i = 0; ok && i < n_a; i++) {
        for (size_t k = 0; ok && k < n_b; k++) {
            match_pair pair = {.a = i, .b = k};
            if (strcmp(a[i].label, b[k].label) != 0)
                continue;
            ok = as_finding_iou(&a[i], &b[k], width, height, &pair.iou, err);
            if (ok && pair.iou >= AS_MATCH_IOU && !as_vec_push(&pairs, pair))
                ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
        }
    }
    if (ok && pairs.n)
        qsort(pairs.at, pairs.n, sizeof pairs.at[0], match_compare);
    for (size_t i = 0; ok && i < pairs.n; i++) {
        const match_pair *pair = &pairs.at[i];
        if (taken[pair->a] || taken[n_a + pair->b])
            continue;
        taken[pair->a] = taken[n_a + pair->b] = true;
        sum->n_matched++;
        sum->sum_iou += pair->iou;
    }
    if (ok) {
        sum->n_a += n_a;
        sum->n_b += n_b;
    }
    as_vec_done(&pairs);
    free(taken);
    return ok;
}
