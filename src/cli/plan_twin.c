/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a camera of the emulated factory, so that it can be looked at before anything is bought. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "camera/twin_uri.h"
#include "cli/plan_say.h"

#define GREY_LEVELS 255.0
#define MOST_LIGHT  100.0 /* of the scene's own that the twin takes */

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

/* The twin's own row of the sensor, which it calls by small letters; NULL: it has none. */
static const as_imager_info *twin_sensor(const as_plan_sensor *sensor)
{
    for (size_t i = 0; as_imager_info_at(i); i++)
        if (strcasecmp(as_imager_info_at(i)->name, sensor->name) == 0)
            return as_imager_info_at(i);
    return NULL;
}

/* Light on the part, against the scene's, with which exposure and aperture of the plan make the scene's own brightness. */
static bool twin_light(const as_plan_choice *c, const as_twin_scene *scene, double *ret, as_err *err)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = c->sensor->width;
    cfg.height = c->sensor->height;
    cfg.pitch_um = c->sensor->pitch_um; /* the rest of the lens: as the scene is set up */
    as_twin *twin = as_twin_open(scene->name, &cfg, err);
    if (!twin)
        return false;
    as_optics usual = as_twin_optics_of(twin);
    as_optics lens = {c->lens.focal_mm, c->f_number, c->distance_mm, c->sensor->pitch_um};
    double    exposure = c->exposure_s * 1e6 / as_twin_scene_of(twin)->defaults.exposure_us;
    *ret = as_optics_light(&usual) / (as_optics_light(&lens) * exposure);
    as_twin_close(twin);
    return true;
}

static void twin_uri(const as_plan *plan, const as_twin_scene *scene, double light, as_str *out)
{
    const as_plan_choice *c = &plan->best;
    const as_imager_info *sensor = twin_sensor(c->sensor);
    double                white_e = c->electrons * AS_PLAN_WHITE / plan->spec->optics.reflectance;
    as_str_addf(out, "%s?focal=%.6g&fnumber=%.4g&distance=%.6g&pitch=%.4g", scene->name, c->lens.focal_mm, c->f_number,
                c->distance_mm, c->sensor->pitch_um);
    as_str_addf(out, "&belt=%.6g&exposure=%.6g&light=%.5g", plan->spec->optics.belt_mm_per_s, c->exposure_s * 1e6,
                fmin(light, MOST_LIGHT));
    if (sensor)
        as_str_addf(out, "&sensor=%s", sensor->name);
    else
        as_str_addf(out, "&gain=%.5g&noise=%.4g", fmin(white_e, c->sensor->saturation_e) / GREY_LEVELS,
                    c->sensor->dark_noise_e);
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
    if (as_plan_cameras(c) > 1)
        as_str_addf(out, "# This is one of %u cameras.\n", as_plan_cameras(c));
    if (light > MOST_LIGHT)
        as_str_add(out, "# The lamp of the scene cannot be as bright as the plan's: the picture is darker.\n");
    if (!twin_sensor(c->sensor))
        as_str_addf(out, "# The twin has no row for the %s: a plain camera with its noise stands for it.\n",
                    c->sensor->name);
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
