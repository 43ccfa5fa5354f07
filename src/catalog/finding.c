/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/finding.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

#define RING_MIN_POINTS 3

const char *as_outline_name(as_outline outline)
{
    static const char *const names[AS_OUTLINE_COUNT] = {"none", "box", "polygon", "mask"};
    return (unsigned)outline < AS_OUTLINE_COUNT ? names[outline] : names[0];
}

typedef struct rings {
    AS_VEC(double) points;
    AS_VEC(size_t) ends;
} rings;

static bool rings_read_one(as_text_cursor *c, rings *r)
{
    size_t from = r->points.n;
    if (!as_text_expect(c, '['))
        return false;
    do {
        double x;
        if (!as_text_real(c, &x))
            return false;
        if (!as_vec_push(&r->points, x))
            return as_text_fail(c, "not enough memory");
    } while (as_text_have(c, ','));
    size_t n = r->points.n - from;
    if (n % 2 || n < 2 * RING_MIN_POINTS)
        return as_text_fail(c, "a ring needs at least three points, x and y each");
    return as_text_expect(c, ']') && (as_vec_push(&r->ends, r->points.n / 2) || as_text_fail(c, "not enough memory"));
}

static bool rings_read(as_text_cursor *c, rings *r)
{
    if (!as_text_expect(c, '['))
        return false;
    do
        if (!rings_read_one(c, r))
            return false;
    while (as_text_have(c, ','));
    return as_text_expect(c, ']') && as_text_end(c);
}

bool as_finding_rings(const char *geometry, double **ret_points, size_t **ret_ends, size_t *ret_n_rings, as_err *err)
{
    rings          r = {0};
    as_text_cursor c = {.p = geometry, .end = geometry + strlen(geometry)};
    if (!rings_read(&c, &r)) {
        as_vec_done(&r.points);
        as_vec_done(&r.ends);
        return AS_FAIL(err, AS_EFORMAT, "the polygon '%.40s' does not read: %s", geometry, c.why);
    }
    *ret_points = r.points.at;
    *ret_ends = r.ends.at;
    *ret_n_rings = r.ends.n;
    return true;
}

bool as_finding_add_rings(as_str *geometry, const double *points, const size_t *ends, size_t n_rings, as_err *err)
{
    for (size_t i = 0, at = 0; i < n_rings; at = ends[i++]) {
        if (ends[i] < at + RING_MIN_POINTS)
            return AS_FAIL(err, AS_EINVAL, "a polygon with a ring of %zu points", ends[i] - at);
        for (size_t k = 2 * at; k < 2 * ends[i]; k++) {
            if (!isfinite(points[k]))
                return AS_FAIL(err, AS_EINVAL, "a polygon with a coordinate that is no number");
            as_text_add_real(geometry, k > 2 * at ? "," : i ? ",[" : "[[", points[k]);
        }
        as_str_add(geometry, "]");
    }
    as_str_add(geometry, n_rings ? "]" : "");
    return as_str_ok(geometry) || AS_FAIL(err, AS_ENOMEM, "not enough memory for a polygon");
}

void as_finding_bounds(const double *points, size_t n_points, double ret_box[4])
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < 2 * n_points; i++) {
        low[i % 2] = fmin(low[i % 2], points[i]);
        high[i % 2] = fmax(high[i % 2], points[i]);
    }
    ret_box[0] = n_points ? low[0] : 0;
    ret_box[1] = n_points ? low[1] : 0;
    ret_box[2] = n_points ? high[0] - low[0] : 0;
    ret_box[3] = n_points ? high[1] - low[1] : 0;
}

static bool finding_check_geometry(const as_finding *f, as_err *err)
{
    double *points = NULL;
    size_t *ends = NULL, n;
    if (strnlen(f->geometry, AS_FINDING_MAX_BYTES + 1) > AS_FINDING_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "a %s of class '%s' is longer than %zu bytes", as_outline_name(f->outline),
                       f->label, AS_FINDING_MAX_BYTES);
    if (f->outline == AS_OUTLINE_BOX)
        return !*f->geometry || AS_FAIL(err, AS_EINVAL, "a box of class '%s' has a geometry", f->label);
    if (f->outline == AS_OUTLINE_POLYGON) {
        if (!as_finding_rings(f->geometry, &points, &ends, &n, err))
            return false;
        free(points);
        free(ends);
        return true;
    }
    for (const char *p = f->geometry; *p; p++) /* the alphabet of COCO's counts: 48 to 111 */
        if (*p < '0' || *p > 'o')
            return AS_FAIL(err, AS_EINVAL, "a mask of class '%s' has counts that do not read", f->label);
    return *f->geometry || AS_FAIL(err, AS_EINVAL, "a mask of class '%s' is empty", f->label);
}

static bool finding_check_extra(const as_finding *f, as_err *err)
{
    if (!*f->extra)
        return true;
    json_t *value = json_loads(f->extra, JSON_REJECT_DUPLICATES, NULL);
    bool    ok = json_is_object(value) && !strchr(f->extra, '\n');
    json_decref(value);
    return ok || AS_FAIL(err, AS_EINVAL, "what else is said of a '%s' is no JSON object on one line", f->label);
}

bool as_finding_check(const as_finding *f, as_err *err)
{
    if (!f->label || !*f->label || !f->geometry || !f->extra)
        return AS_FAIL(err, AS_EINVAL, "a finding needs a class");
    if (f->outline <= AS_OUTLINE_NONE || f->outline >= AS_OUTLINE_COUNT)
        return AS_FAIL(err, AS_EINVAL, "a finding of class '%s' has no outline", f->label);
    for (int i = 0; i < 4; i++)
        if (!isfinite(f->box[i]) || (i >= 2 && f->box[i] < 0))
            return AS_FAIL(err, AS_EINVAL, "a finding of class '%s' has a box that is none", f->label);
    if (!isnan(f->score) && !(f->score >= 0 && f->score <= 1))
        return AS_FAIL(err, AS_EINVAL, "a finding of class '%s' has the score %g, not within 0..1", f->label, f->score);
    return finding_check_geometry(f, err) && finding_check_extra(f, err);
}
