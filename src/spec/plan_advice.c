/* SPDX-License-Identifier: Apache-2.0 */
/* Which number would have to be another one: each is moved alone, both ways where both may help, until the plan fits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/plan_priv.h"
#include "spec/schema.h"

typedef struct advice_lever {
    const char *path;
    bool        up, down;
} advice_lever;

static const advice_lever advice_levers[] = {
    {"product.defect_mm", true, false},
    {"product.height_mm", false, true},
    {"station.belt_mm_per_s", true, true},
    {"station.parts_per_minute", false, true},
    {"station.frames_per_part", true, true},
    {"station.deadline_ms", true, false},
    {"optics.field_mm", true, true},
    {"optics.distance_mm", true, true},
    {"optics.defect_px", false, true},
    {"optics.max_blur_px", true, false},
    {"optics.exposure_us", true, true},
    {"optics.light_lx", true, true},
    {"optics.snr", false, true},
    {"optics.f_number", true, true},
    {"optics.focal_mm", true, true},
    {"optics.max_cameras", true, false},
    {"optics.tdi_stages", true, false},
    {"station.encoder_per_mm", true, false},
};

#define STEP       1.15
#define MOST_STEPS 50 /* a thousandfold */
#define HALVINGS   16
#define NYQUIST_PX 2.0 /* fewer pixels on a defect are no advice */

static const as_field *advice_field(const char *path)
{
    for (size_t i = 0; as_schema_at(i); i++)
        if (strcmp(as_schema_at(i)->path, path) == 0)
            return as_schema_at(i);
    return NULL;
}

static double advice_get(const as_spec *spec, const as_field *field)
{
    const void *at = (const char *)spec + field->offset;
    if (field->kind == &as_field_count)
        return *(const uint32_t *)at;
    if (field->kind == &as_field_milliseconds)
        return (double)*(const as_ns *)at / (double)AS_NS_PER_MS;
    return *(const double *)at;
}

/* A pair keeps its shape. */
static void advice_set(as_spec *spec, const as_field *field, double value)
{
    void *at = (char *)spec + field->offset;
    if (field->kind == &as_field_count) {
        *(uint32_t *)at = (uint32_t)llround(value);
    } else if (field->kind == &as_field_milliseconds) {
        *(as_ns *)at = (as_ns)llround(value * (double)AS_NS_PER_MS);
    } else {
        if (field->n == 2)
            ((double *)at)[1] *= value / *(double *)at;
        *(double *)at = value;
    }
}

typedef struct advice {
    const as_plan  *plan;
    const as_field *field;
    as_spec        *spec; /* a copy to try in */
    as_plan        *tried;
    char            found[AS_PLAN_FOUND_BYTES]; /* what fits, where cameras are line-scan ones */
} advice;

/* Of what is in a->spec. */
static bool advice_fits_now(advice *a)
{
    if (a->spec->optics.scan == AS_SPEC_SCAN_LINE)
        return as_plan_line_fits(a->spec, &a->plan->machine, a->found);
    *a->tried = (as_plan){.spec = a->spec, .machine = a->plan->machine};
    as_plan_measure(a->tried);
    as_plan_contradictions(a->tried);
    if (a->tried->n_problems == 0)
        as_plan_search(a->tried);
    return a->tried->feasible;
}

static bool advice_fits(advice *a, double value)
{
    *a->spec = *a->plan->spec;
    advice_set(a->spec, a->field, value);
    return advice_fits_now(a);
}

static size_t advice_bytes(const as_field *field)
{
    return field->kind->size * AS_MAX(field->n, 1U);
}

static bool advice_is_given(const as_spec *spec, const as_field *field)
{
    static const char zeros[2 * sizeof(double)];
    return memcmp((const char *)spec + field->offset, zeros, advice_bytes(field)) != 0;
}

/* Three digits: the nearer way where that fits, else away from where it does not. */
static double advice_round(advice *a, double value, bool up)
{
    double unit = pow(10, floor(log10(value)) - 2);
    double below = floor(value / unit) * unit, above = ceil(value / unit) * unit;
    if (advice_fits(a, up ? below : above))
        return up ? below : above;
    return advice_fits(a, up ? above : below) ? (up ? above : below) : value;
}

/* The nearest value that fits, or 0. */
static double advice_seek(advice *a, double from, bool up)
{
    double low = a->field->low, high = a->field->high, bad = from, good = 0;
    if (strcmp(a->field->path, "optics.defect_px") == 0)
        low = NYQUIST_PX;
    for (int i = 1; i <= MOST_STEPS && !(good > 0); i++) {
        double value = up ? from * pow(STEP, i) : from / pow(STEP, i);
        if (a->field->kind == &as_field_count)
            value = strcmp(a->field->path, "optics.tdi_stages") == 0 ? from * pow(2, i) : up ? from + i : from - i;
        if (value < low || value > high || !(value > 0))
            break;
        if (advice_fits(a, value))
            good = value;
        else
            bad = value;
    }
    if (!(good > 0) || a->field->kind == &as_field_count)
        return good;
    for (int i = 0; i < HALVINGS; i++) {
        double mid = sqrt(good * bad);
        if (advice_fits(a, mid))
            good = mid;
        else
            bad = mid;
    }
    return advice_round(a, good, up);
}

static void advice_try(as_plan *plan, advice *a, bool up)
{
    double from = advice_get(plan->spec, a->field);
    if (!(from > 0) || plan->n_advice == AS_PLAN_MOST_ADVICE)
        return;
    double to = advice_seek(a, from, up);
    if (!(to > 0))
        return;
    as_plan_advice one = {.path = a->field->path, .from = from, .to = to};
    if (a->field->n == 2)
        one.to2 = plan->spec->optics.field_mm[1] * to / from;
    size_t at = plan->n_advice++;
    double change = fabs(log(to / from));
    for (; at > 0 && change < fabs(log(plan->advice[at - 1].to / plan->advice[at - 1].from)); at--)
        plan->advice[at] = plan->advice[at - 1];
    plan->advice[at] = one;
}

/* What may be left out, for the plan to choose: one, or two together (also NULL: one). */
static void advice_leave(as_plan *plan, advice *a, const as_field *also)
{
    if (plan->n_advice == AS_PLAN_MOST_ADVICE || !advice_is_given(plan->spec, a->field) ||
        (also && !advice_is_given(plan->spec, also)))
        return;
    *a->spec = *plan->spec;
    memset((char *)a->spec + a->field->offset, 0, advice_bytes(a->field));
    if (also)
        memset((char *)a->spec + also->offset, 0, advice_bytes(also));
    if (!advice_fits_now(a))
        return;
    as_plan_advice       *one = &plan->advice[plan->n_advice++];
    const as_plan_choice *c = &a->tried->best;
    char                  lens[80];
    *one = (as_plan_advice){.path = a->field->path, .path2 = also ? also->path : NULL};
    if (a->spec->optics.scan == AS_SPEC_SCAN_LINE) {
        as_str_copy(one->found, sizeof one->found, a->found);
        return;
    }
    snprintf(one->found, sizeof one->found, "%s, %s at F/%g from %.4g mm", c->sensor->name, as_plan_lens_text(c, lens),
             c->f_number, c->distance_mm);
}

void as_plan_advise(as_plan *plan)
{
    static const char *const optional[] = {"optics.distance_mm", "optics.exposure_us", "optics.f_number",
                                           "optics.focal_mm",    "optics.sensor",      "station.frame_px"};
    as_spec                 *spec = malloc(sizeof *spec);
    as_plan                 *tried = malloc(sizeof *tried);
    for (size_t i = 0; spec && tried && i < AS_COUNT(advice_levers); i++) {
        const advice_lever *lever = &advice_levers[i];
        advice              a = {.plan = plan, .field = advice_field(lever->path), .spec = spec, .tried = tried};
        if (a.field && lever->up)
            advice_try(plan, &a, true);
        if (a.field && lever->down)
            advice_try(plan, &a, false);
    }
    advice a = {.plan = plan, .spec = spec, .tried = tried};
    for (size_t i = 0; spec && tried && i < AS_COUNT(optional); i++)
        if ((a.field = advice_field(optional[i])) != NULL)
            advice_leave(plan, &a, NULL);
    for (size_t i = 0, alone = plan->n_advice; spec && tried && alone == 0 && i < AS_COUNT(optional); i++)
        for (size_t k = i + 1; k < AS_COUNT(optional); k++)
            if ((a.field = advice_field(optional[i])) != NULL && advice_field(optional[k]))
                advice_leave(plan, &a, advice_field(optional[k]));
    free(spec);
    free(tried);
}
