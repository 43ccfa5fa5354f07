/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "spec/evidence.h"
#include "spec/plan_priv.h"

/* Ten digits: what is beyond them is the arithmetic's, and nobody's measurement. */
json_t *as_plan_number(double value)
{
    char text[32];
    if (!isfinite(value))
        return json_null();
    snprintf(text, sizeof text, "%.10g", value);
    return as_json_number(strtod(text, NULL));
}

static json_t *plan_pair(double a, double b)
{
    return json_pack("[o,o]", as_plan_number(a), as_plan_number(b));
}

static void plan_set_numbers(json_t *json, const as_plan_choice *c)
{
    const struct {
        const char *key;
        double      value;
    } rows[] = {
        {"focal_mm", c->lens.focal_mm},
        {"extension_mm", c->extension_mm},
        {"f_number", c->f_number},
        {"distance_mm", c->distance_mm},
        {"magnification", c->magnification},
        {"pixel_mm", c->pixel_mm},
        {"pixel_near_mm", c->pixel_near_mm},
        {"pixel_far_mm", c->pixel_far_mm},
        {"defect_px", c->defect_px},
        {"nyquist_lp_per_mm", c->nyquist_lp_mm},
        {"sharp_from_mm", c->depth.near_mm},
        {"sharp_to_mm", c->depth.far_mm},
        {"airy_um", c->airy_um},
        {"airy_px", c->airy_px},
        {"longest_exposure_us", c->longest_s * 1e6},
        {"exposure_us", c->exposure_s * 1e6},
        {"blur_px", c->blur_px},
        {"light_lx", c->light_lx},
        {"most_light_lx", c->most_lx},
        {"electrons", c->electrons},
        {"snr", c->snr},
        {"readout_ms", c->readout_s * 1e3},
        {"transfer_ms", c->transfer_s * 1e3},
        {"latency_ms", c->latency_s * 1e3},
        {"frame_bytes", c->frame_bytes},
        {"bytes_per_s", c->bytes_per_s},
        {"stored_bytes_per_day", c->stored_bytes_per_day},
        {"judged_px", c->judged_px},
        {"judged_ms", c->compute_s * 1e3},
        {"busy_cores", c->busy_cores},
    };
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        as_json_set(json, rows[i].key, as_plan_number(rows[i].value));
}

static json_t *plan_choice_json(const as_plan_choice *c)
{
    json_t *json = json_object();
    if (!c->sensor)
        return json;
    as_json_set(json, "sensor", json_string(c->sensor->name));
    as_json_set(json, "maker", json_string(c->sensor->maker));
    as_json_set(json, "sensor_px", json_pack("[i,i]", (int)c->sensor->width, (int)c->sensor->height));
    as_json_set(json, "pitch_um", as_plan_number(c->sensor->pixel->pitch_um));
    as_json_set(json, "shutter", json_string(as_chip_shutter_name(c->sensor->shutter)));
    as_json_set(json, "fits", json_boolean(c->stage == AS_PLAN_FITS));
    as_json_set(json, "why", json_string(as_plan_stage_text(c->stage)));
    as_json_set(json, "cameras", json_integer(as_plan_cameras(c)));
    as_json_set(json, "turned", json_boolean(c->turned));
    as_json_set(json, "macro_lens", json_boolean(c->lens.kind == AS_PLAN_LENS_MACRO));
    as_json_set(json, "needs_spacer", json_boolean(c->needs_spacer));
    as_json_set(json, "seen_mm", plan_pair(c->seen_mm[0], c->seen_mm[1]));
    as_json_set(json, "lamp", c->lamp ? json_string(c->lamp->name) : json_null());
    as_json_set(json, "link", c->link ? json_string(c->link->name) : json_null());
    plan_set_numbers(json, c);
    return json;
}

static json_t *plan_count(uint64_t n)
{
    return n ? json_integer((json_int_t)n) : json_null();
}

static json_t *plan_needs_json(const as_plan_parts *parts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < parts->n; i++) {
        const as_plan_need *need = &parts->need[i];
        char                words[160];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:f, s:o, s:o, s:I, s:o, s:o, s:I, s:o}", "id",
                                              need->req->id, "requirement", as_requirement_text(need->req, words),
                                              "counts", as_plan_kind_text(need->kind), "confidence",
                                              need->req->confidence, "accept_clean", plan_count(need->clean), "accept",
                                              plan_count(need->likely), "accept_errors", (json_int_t)need->errors,
                                              "accept_chance", as_plan_number(need->chance > 0 ? need->chance : NAN),
                                              "accept_sure", plan_count(need->sure), "accept_sure_errors",
                                              (json_int_t)need->sure_errors, "collect", plan_count(need->collect)));
    }
    return list;
}

json_t *as_plan_parts_json(const as_plan_parts *parts)
{
    json_t *json = json_object();
    as_json_set(json, "requirements", plan_needs_json(parts));
    as_json_set(json, "accept_bad", json_integer((json_int_t)parts->accept_bad));
    as_json_set(json, "accept_good", json_integer((json_int_t)parts->accept_good));
    as_json_set(json, "collect_bad", json_integer((json_int_t)parts->collect_bad));
    as_json_set(json, "collect_good", json_integer((json_int_t)parts->collect_good));
    as_json_set(json, "collect_parts", as_plan_number(parts->collect_parts));
    as_json_set(json, "mix_counts", json_boolean(parts->mix_counts));
    as_json_set(json, "collect_days", as_plan_number(parts->collect_days));
    return json;
}

bool as_plan_problems_json(const as_plan *plan, json_t *json)
{
    json_t *problems = json_array(), *levers = json_array();
    for (size_t i = 0; i < plan->n_problems; i++)
        json_array_append_new(problems, json_string(plan->problems[i]));
    for (size_t i = 0; i < plan->n_advice; i++) {
        const as_plan_advice *a = &plan->advice[i];
        json_t               *to = a->to2 > 0 ? plan_pair(a->to, a->to2) : as_plan_number(a->to > 0 ? a->to : NAN);
        json_t               *lever =
            json_pack("{s:s, s:o, s:o}", "key", a->path, "from", as_plan_number(a->from > 0 ? a->from : NAN), "to", to);
        if (lever && a->path2)
            as_json_set(lever, "and", json_string(a->path2));
        if (lever && a->found[0])
            as_json_set(lever, "found", json_string(a->found));
        json_array_append_new(levers, lever);
    }
    bool ok = as_json_set(json, "problems", problems);
    return as_json_set(json, "change", levers) && ok;
}

static bool plan_lists(const as_plan *plan, json_t *json)
{
    json_t *choices = json_array();
    for (size_t i = 0; i < plan->n_choices; i++)
        json_array_append_new(choices, plan_choice_json(&plan->choices[i]));
    return as_plan_problems_json(plan, json) && as_json_set(json, "candidates", choices);
}

json_t *as_plan_json(const as_plan *plan)
{
    json_t *json = json_object();
    bool    ok = as_json_set(json, "line", json_string(plan->spec->line)) &&
              as_json_set(json, "feasible", json_boolean(plan->feasible)) &&
              as_json_set(json, "field_mm", plan_pair(plan->field_mm[0], plan->field_mm[1])) &&
              as_json_set(json, "defect_mm", as_plan_number(plan->spec->optics.defect_mm)) &&
              as_json_set(json, "largest_pixel_mm", as_plan_number(plan->pixel_mm)) &&
              as_json_set(json, "needs_px", plan_pair(plan->needs_px[0], plan->needs_px[1])) &&
              as_json_set(json, "frames_per_s", as_plan_number(plan->frames_per_s)) &&
              as_json_set(json, "part_pitch_mm", as_plan_number(plan->pitch_mm)) &&
              as_json_set(json, "compute_ms", as_plan_number(plan->machine.compute_s * 1e3)) &&
              as_json_set(json, "cores", json_integer(plan->machine.cores)) &&
              as_json_set(json, "plan", plan_choice_json(&plan->best)) &&
              as_json_set(json, "parts", as_plan_parts_json(&plan->parts)) && plan_lists(plan, json);
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}
