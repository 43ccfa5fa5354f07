/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a camera of the emulated factory, so that it can be looked at before anything is bought. */
#include <math.h>
#include <string.h>

#include "cli/plan_say.h"
#include "image/frame.h"
#include "twin/twin.h"

#define GREY_LEVELS 255.0

/* The scene of station.camera; the first one where that is no twin. */
static const as_twin_scene *twin_scene(const as_spec *spec)
{
    const char *name = strncmp(spec->camera, "twin:", 5) == 0 ? spec->camera + 5 : "";
    size_t      n = strcspn(name, "?");
    for (size_t i = 0; as_twin_scene_at(i); i++)
        if (strlen(as_twin_scene_at(i)->name) == n && strncmp(as_twin_scene_at(i)->name, name, n) == 0)
            return as_twin_scene_at(i);
    return as_twin_scene_at(0);
}

bool as_plan_twin(const as_plan *plan, as_str *out, as_err *err)
{
    const as_plan_choice *c = &plan->best;
    const as_twin_scene  *scene = twin_scene(plan->spec);
    char                  a[48], b[48];
    if (!plan->feasible)
        return AS_FAIL(err, AS_EINVAL, "a plan that is not feasible is no camera: mend it first (assay plan)");
    if ((uint64_t)c->sensor->width * c->sensor->height > AS_IMAGE_MAX_PIXELS)
        return AS_FAIL(err, AS_ELIMIT, "the twin draws no frames of %u x %u pixels", c->sensor->width,
                       c->sensor->height);
    /* Its scene is as wide as it is, whatever the sensor, and lit for its own exposure: what a picture shows of the plan is
     * its size, its blur in pixels and its noise. */
    double px_per_mm = scene->px_per_mm * c->sensor->width / scene->width;
    double exposure_us = scene->defaults.exposure_us;
    double belt = exposure_us > 0 ? c->blur_px / px_per_mm / (exposure_us * 1e-6) : 0;
    double white_e = fmin(c->electrons * AS_PLAN_WHITE / plan->spec->optics.reflectance, c->sensor->saturation_e);
    as_str_addf(out,
                "# Written by assay plan: what the plan of line '%s' looks like in the emulated factory.\n"
                "# It stands in place of the keys of the same names in assay.yaml.\n",
                plan->spec->line);
    as_str_addf(out, "station: {camera: \"twin:%s?belt=%.6g&exposure=%.6g&gain=%.6g&noise=%.4g", scene->name, belt,
                exposure_us, white_e / GREY_LEVELS, c->sensor->dark_noise_e);
    if (plan->frames_per_s > 0)
        as_str_addf(out, "&fps=%.6g", plan->frames_per_s);
    as_str_addf(out, "\", frame_px: [%u, %u]}\n", c->sensor->width, c->sensor->height);
    as_str_addf(out,
                "# In it: %u x %u pixels, a blur of %s pixels, white at %s electrons, their noise and the sensor's.\n",
                c->sensor->width, c->sensor->height, as_plan_say_number(c->blur_px, a), as_plan_say_number(white_e, b));
    as_str_addf(
        out,
        "# Not in it: the field (the scene is %s mm wide, the plan %s), lens, depth of field, diffraction and\n"
        "# more than one camera; light is the scene's own, so belt and exposure are those that blur as planned.\n",
        as_plan_say_number(scene->width / scene->px_per_mm, a), as_plan_say_number(c->seen_mm[0], b));
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}
