/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a camera of the emulated factory, so that it can be looked at before anything is bought. */
#include <math.h>
#include <string.h>

#include "camera/twin_uri.h"
#include "cli/plan_say.h"

#define MOST_DB    48.0
#define MOST_LIGHT 100.0 /* of the scene's own that the twin takes */

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

/* Light on the part, against the scene's, with which exposure and aperture of the plan make the scene's own brightness. */
static bool twin_light(const as_plan_choice *c, const as_twin_scene *scene, double *ret, as_err *err)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = c->sensor->width;
    cfg.height = c->sensor->height;
    cfg.pitch_um = c->sensor->pixel->pitch_um; /* the rest of the lens: as the scene is set up */
    as_twin *twin = as_twin_open(scene->name, &cfg, err);
    if (!twin)
        return false;
    as_optics usual = as_twin_optics_of(twin);
    as_optics lens = {c->lens.focal_mm, c->f_number, c->distance_mm, c->sensor->pixel->pitch_um};
    double    exposure = c->exposure_s * 1e6 / as_twin_scene_of(twin)->defaults.exposure_us;
    *ret = as_optics_light(&usual) / (as_optics_light(&lens) * exposure);
    as_twin_close(twin);
    return true;
}

/* Share of the well that white fills in the plan, of what it fills in a scene as it is set up: so much less light falls on the
 * sensor, and its amplifier makes up for it. What the well cannot hold is cut. */
static double twin_filled(const as_plan *plan)
{
    const as_plan_choice *c = &plan->best;
    double                white_e = c->electrons * AS_PLAN_WHITE / plan->spec->optics.reflectance;
    return fmin(white_e / c->sensor->pixel->full_well_e, 1.0) / AS_TWIN_WHITE_RATIO;
}

static void twin_uri(const as_plan *plan, const as_twin_scene *scene, double light, as_str *out)
{
    const as_plan_choice *c = &plan->best;
    double                filled = twin_filled(plan);
    as_str_addf(out, "%s?focal=%.6g&fnumber=%.4g&distance=%.6g&pitch=%.4g", scene->name, c->lens.focal_mm, c->f_number,
                c->distance_mm, c->sensor->pixel->pitch_um);
    as_str_addf(out, "&belt=%.6g&exposure=%.6g&light=%.5g", plan->spec->optics.belt_mm_per_s, c->exposure_s * 1e6,
                fmin(light * filled, MOST_LIGHT));
    as_str_addf(out, "&sensor=%s", c->sensor->name);
    if (filled < 1)
        as_str_addf(out, "&db=%.3g", fmin(-20.0 * log10(filled), MOST_DB));
    if (plan->frames_per_s > 0)
        as_str_addf(out, "&fps=%.6g", plan->frames_per_s);
}

/* What cannot be drawn is told here, not by whoever opens the camera. */
static bool twin_opens(const as_plan_choice *c, const char *uri_text, as_err *err)
{
    as_twin_uri uri;
    as_twin    *twin = NULL;
    if (as_twin_uri_parse(uri_text, &uri, err)) {
        uri.cfg.width = c->sensor->width;
        uri.cfg.height = c->sensor->height;
        twin = as_twin_open(uri.query.path, &uri.cfg, err);
    }
    as_twin_uri_done(&uri);
    as_twin_close(twin);
    return twin != NULL;
}

static void twin_left_out(const as_plan *plan, double light, as_str *out)
{
    const as_plan_choice *c = &plan->best;
    as_str_add(
        out, "# In it: the sensor's pixels, the lens from its distance (pixels a millimetre, diffraction), belt and\n"
             "# exposure (blur), and the noise of the light that is planned.\n"
             "# Not in it: your part and its defect (the scene's own are seen), its reflectance, and its height: with\n"
             "# &off=MM the part lies so far out of focus.\n");
    if (c->turned)
        as_str_add(
            out,
            "# The plan turns the sensor, its longer side across the belt; the scene's belt runs along that side.\n");
    if (as_plan_cameras(c) > 1)
        as_str_addf(out, "# This is one of %u cameras.\n", as_plan_cameras(c));
    if (light * twin_filled(plan) > MOST_LIGHT)
        as_str_add(out, "# The lamp of the scene cannot be as bright as the plan's: the picture is darker.\n");
}

bool as_plan_twin(const as_plan *plan, as_str *out, as_err *err)
{
    const as_plan_choice *c = &plan->best;
    const as_twin_scene  *scene = twin_scene(plan->spec);
    double                light;
    as_str                uri;
    if (!plan->feasible)
        return AS_FAIL(err, AS_EINVAL, "a plan that is not feasible is no camera: mend it first (assay plan)");
    if (!twin_light(c, scene, &light, err))
        return false;
    as_str_init(&uri);
    twin_uri(plan, scene, light, &uri);
    bool ok = as_str_ok(&uri) ? twin_opens(c, uri.s, err) : AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (ok) {
        as_str_addf(out,
                    "# Written by assay plan: what the plan of line '%s' looks like in the emulated factory.\n"
                    "# It stands in place of the keys of the same names in assay.yaml.\n",
                    plan->spec->line);
        as_str_addf(out, "station: {camera: \"twin:%s\", frame_px: [%u, %u]}\n", uri.s, c->sensor->width,
                    c->sensor->height);
        twin_left_out(plan, light, out);
        ok = as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    }
    as_str_done(&uri);
    return ok;
}
