/* SPDX-License-Identifier: Apache-2.0 */
/* What a label says is where must be in the picture, have an extent, and not cross itself. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/mask.h"
#include "intake/intake.h"

#define LABELS_SLACK_PX     1.0    /* tools round at the edge of a picture */
#define LABELS_MAX_EDGES    200000 /* of a polygon */
#define LABELS_MAX_COMPARED 5000000
#define LABELS_LEAST_AREA   0.01 /* px * px */
#define LABELS_MAX_TWICE    2000 /* findings, of which each is compared with those before it */

typedef struct labels_edge {
    double a[2], b[2]; /* a[0] <= b[0] */
    size_t ring;
} labels_edge;

static int labels_compare(const void *a, const void *b)
{
    double d = ((const labels_edge *)a)->a[0] - ((const labels_edge *)b)->a[0];
    return (d > 0) - (d < 0);
}

static double labels_side(const double a[2], const double b[2], const double c[2])
{
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/* Do they cross, each with its ends on both sides of the other? To touch is no crossing. */
static bool labels_cross(const labels_edge *p, const labels_edge *q)
{
    return labels_side(p->a, p->b, q->a) * labels_side(p->a, p->b, q->b) < 0 &&
           labels_side(q->a, q->b, p->a) * labels_side(q->a, q->b, p->b) < 0;
}

/* Edges sorted from left to right: only those whose extents in x overlap are compared. */
static bool labels_any_cross(labels_edge *edges, size_t n, double ret_at[2])
{
    size_t n_compared = 0;
    qsort(edges, n, sizeof *edges, labels_compare);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n && edges[k].a[0] <= edges[i].b[0] && n_compared < LABELS_MAX_COMPARED; k++) {
            n_compared++;
            if (edges[i].ring == edges[k].ring && labels_cross(&edges[i], &edges[k])) {
                memcpy(ret_at, edges[k].a, 2 * sizeof *ret_at);
                return true;
            }
        }
    return false;
}

static bool labels_crosses(const as_finding *f, double ret_at[2])
{
    double *points;
    size_t *ends, n_rings;
    as_err  err = AS_ERR_NONE;
    if (!as_finding_rings(f->geometry, &points, &ends, &n_rings, &err))
        return false;
    size_t       n = n_rings ? ends[n_rings - 1] : 0;
    labels_edge *edges = n <= LABELS_MAX_EDGES ? malloc((n + 1) * sizeof *edges) : NULL;
    for (size_t ring = 0, from = 0; edges && ring < n_rings; from = ends[ring++])
        for (size_t k = from; k < ends[ring]; k++) {
            const double *p = points + 2 * k, *q = points + 2 * (k + 1 < ends[ring] ? k + 1 : from);
            edges[k] = (labels_edge){.ring = ring};
            memcpy(edges[k].a, p[0] <= q[0] ? p : q, sizeof edges[k].a);
            memcpy(edges[k].b, p[0] <= q[0] ? q : p, sizeof edges[k].b);
        }
    bool found = edges && labels_any_cross(edges, n, ret_at);
    free(edges);
    free(points);
    free(ends);
    return found;
}

/* Of all its rings by the shoelace formula, each for itself; NAN when it cannot be told. */
static double labels_area(const as_finding *f)
{
    double *points, area = 0;
    size_t *ends, n_rings;
    as_err  err = AS_ERR_NONE;
    if (!as_finding_rings(f->geometry, &points, &ends, &n_rings, &err))
        return NAN;
    for (size_t ring = 0, from = 0; ring < n_rings; from = ends[ring++]) {
        double twice = 0;
        for (size_t k = from; k < ends[ring]; k++) {
            const double *p = points + 2 * k, *q = points + 2 * (k + 1 < ends[ring] ? k + 1 : from);
            twice += p[0] * q[1] - q[0] * p[1];
        }
        area += fabs(twice) / 2;
    }
    free(points);
    free(ends);
    return area;
}

static bool labels_mask_fits(const as_finding *f, uint32_t width, uint32_t height)
{
    as_mask mask;
    as_err  err = AS_ERR_NONE;
    if (!as_mask_from_text(f->geometry, width, height, &mask, &err))
        return err.code == AS_ENOMEM;
    as_mask_done(&mask);
    return true;
}

/* Drawn twice: of one class, at one place. */
static bool labels_twice(const as_check_input *in, size_t i)
{
    const as_finding *f = &in->findings[i];
    for (size_t k = 0; k < i && i < LABELS_MAX_TWICE; k++) {
        const as_finding *other = &in->findings[k];
        if (other->outline == f->outline && memcmp(other->box, f->box, sizeof f->box) == 0 &&
            strcmp(other->label, f->label) == 0 && strcmp(other->geometry, f->geometry) == 0)
            return true;
    }
    return false;
}

/* What is wrong with it; false when nothing is. */
static bool labels_wrong(const as_check_input *in, size_t i, char *text)
{
    const as_finding *f = &in->findings[i];
    const double     *b = f->box;
    double            width = in->info->width, height = in->info->height, at[2];
    int    n = snprintf(text, AS_CHECK_TEXT_BYTES, "%s %zu of %zu, %.40s, ", as_outline_name(f->outline), i + 1,
                        in->n_findings, f->label);
    size_t room = AS_CHECK_TEXT_BYTES - (size_t)AS_MIN(AS_MAX(n, 0), AS_CHECK_TEXT_BYTES - 1);
    text += AS_CHECK_TEXT_BYTES - room;
    if (as_spec_class(in->spec, f->label) < 0)
        snprintf(text, room, "is of no class of assay.yaml: add it there, or --rename it");
    else if (f->outline == AS_OUTLINE_MASK && b[2] * b[3] <= 0)
        snprintf(text, room, "has no pixel: remove it, or draw it again");
    else if (b[2] <= 0 || b[3] <= 0)
        snprintf(text, room, "is %.4g x %.4g px: it shows nothing; draw it again", b[2], b[3]);
    else if (b[0] < -LABELS_SLACK_PX || b[1] < -LABELS_SLACK_PX || b[0] + b[2] > width + LABELS_SLACK_PX ||
             b[1] + b[3] > height + LABELS_SLACK_PX)
        snprintf(
            text, room,
            "reaches (%.5g, %.5g) to (%.5g, %.5g), and the picture is %g x %g px: was it labelled at another size or "
            "turned?",
            b[0], b[1], b[0] + b[2], b[1] + b[3], width, height);
    else if (f->outline == AS_OUTLINE_POLYGON && labels_crosses(f, at))
        snprintf(text, room, "crosses itself near (%.5g, %.5g): draw it again", at[0], at[1]);
    else if (f->outline == AS_OUTLINE_POLYGON && labels_area(f) < LABELS_LEAST_AREA)
        snprintf(text, room, "is a line of points without an area: draw it again");
    else if (f->outline == AS_OUTLINE_MASK && !labels_mask_fits(f, in->info->width, in->info->height))
        snprintf(text, room, "was drawn on a picture of another size than %g x %g px: draw it again", width, height);
    else if (labels_twice(in, i))
        snprintf(text, room, "is there twice, at the same place: remove one");
    else
        return false;
    return true;
}

static as_check_level labels_run(const as_check_input *in, char *text)
{
    for (size_t i = 0; i < in->n_findings; i++)
        if (labels_wrong(in, i, text))
            return AS_CHECK_WARN;
    return AS_CHECK_OK;
}

extern const as_check as_check_labels;
const as_check        as_check_labels = {
           .name = "labels",
           .summary = "boxes, polygons and masks are of a class, lie in the picture, have an extent, do not cross themselves, "
                             "are there once",
           .run = labels_run,
};
