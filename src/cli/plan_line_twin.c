/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of line-scan cameras as one of the emulated factory. */
#include <math.h>
#include <string.h>

#include "camera/twin_uri.h"
#include "cli/plan_say.h"

#define FRAME_LINES 512u

/* The web of station.camera; fabric where that is none. */
static const char *line_scene(const as_spec *spec)
{
    return strncmp(spec->camera, "twin:film", 9) == 0 ? "film" : "fabric";
}

static bool line_light_of(const as_plan_line_choice *c, const char *scene, double *ret, as_err *err)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = c->chip->pixels;
    cfg.height = 16;
    cfg.pitch_um = c->chip->pitch_um;
    cfg.scan = AS_TWIN_SCAN_LINE;
    as_twin *twin = as_twin_open(scene, &cfg, err);
    if (!twin)
        return false;
    as_optics usual = as_twin_optics_of(twin);
    as_optics lens = {c->focal_mm, c->f_number, c->distance_mm, c->chip->pitch_um};
    *ret = as_optics_light(&usual) /
           (as_optics_light(&lens) * c->exposure_s * 1e6 / as_twin_scene_of(twin)->defaults.exposure_us);
    as_twin_close(twin);
    return true;
}

bool as_plan_line_twin(const as_plan_line *plan, as_str *out, as_err *err)
{
    const as_plan_line_choice *c = &plan->best;
    const char                *scene = line_scene(plan->plan.spec);
    as_twin_uri                uri;
    as_str                     text;
    double                     light;
    if (!plan->plan.feasible)
        return AS_FAIL(err, AS_EINVAL, "a plan that is not feasible is no camera: mend it first (assay plan)");
    if (!line_light_of(c, scene, &light, err))
        return false;
    as_str_init(&text);
    as_str_addf(&text, "%s?scan=line&trigger=encoder&focal=%.6g&fnumber=%.4g&distance=%.6g&pitch=%.4g", scene,
                c->focal_mm, c->f_number, c->distance_mm, c->chip->pitch_um);
    as_str_addf(&text, "&belt=%.6g&exposure=%.6g&light=%.5g", plan->plan.spec->optics.belt_mm_per_s,
                c->exposure_s * 1e6 * (1 - 1e-4), fmin(light, 100.0));
    as_twin *twin = NULL;
    bool     ok = as_str_ok(&text) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (ok && as_twin_uri_parse(text.s, &uri, err)) {
        uri.cfg.width = c->chip->pixels;
        uri.cfg.height = FRAME_LINES;
        twin = as_twin_open(uri.query.path, &uri.cfg, err);
        as_twin_uri_done(&uri);
    }
    if (twin)
        as_str_addf(
            out,
            "# Written by assay plan: what the plan of line '%s' looks like in the emulated factory.\n"
            "# It stands in place of the keys of the same names in assay.yaml.\n"
            "station: {camera: \"twin:%s\", frame_px: [%u, %u]}\n"
            "# In it: the lens from its distance, a line of so many pixels, belt, encoder and exposure.\n"
            "# Not in it: your web and its defect (the scene's own are seen), and the sensor's noise: &sensor=NAME\n"
            "# takes the pixels of one of the table as a line.\n",
            plan->plan.spec->line, text.s, c->chip->pixels, FRAME_LINES);
    if (twin && c->stages > 1)
        as_str_addf(out, "# The light of %u stages falls on one line.\n", c->stages);
    if (twin && c->cameras > 1)
        as_str_addf(out, "# This is one of %u cameras.\n", c->cameras);
    as_str_done(&text);
    as_twin_close(twin);
    return twin && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory"));
}
