/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/twin.h"

#include "base/str.h"
#include "twin/sensor.h"

#define X(name) extern const as_twin_scene as_twin_##name;
#include "twin/twin_list.inc"
#undef X

static const as_twin_scene *const scenes[] = {
#define X(name) &as_twin_##name,
#include "twin/twin_list.inc"
#undef X
    NULL};

struct as_twin {
    const as_twin_scene *scene;
    as_twin_cfg          cfg;
    double               px_per_mm;
    as_sensor            sensor;
    void                *state;
};

as_twin_cfg as_twin_cfg_default(void)
{
    return (as_twin_cfg){.seed = 1,
                         .belt_mm_per_s = -1,
                         .exposure_us = -1,
                         .defect_share = -1,
                         .min_severity = -1,
                         .gain_e_per_dn = -1,
                         .read_noise_e = -1};
}

const as_twin_scene *as_twin_scene_at(size_t i)
{
    return i < AS_COUNT(scenes) ? scenes[i] : NULL;
}

static const as_twin_scene *twin_find(const char *name, as_err *err)
{
    const char *names[AS_COUNT(scenes)];
    size_t      n = 0;
    for (; scenes[n]; n++) {
        names[n] = scenes[n]->name;
        if (strcmp(name, names[n]) == 0)
            return scenes[n];
    }
    const char *nearest = as_str_nearest(name, names, n);
    if (nearest)
        AS_FAIL(err, AS_ENOTFOUND, "the twin has no scene '%s': did you mean '%s'?", name, nearest);
    else
        AS_FAIL(err, AS_ENOTFOUND, "the twin has no scene '%s'; it has '%s'", name, names[0]);
    return NULL;
}

static void twin_resolve(double *value, double own)
{
    if (*value < 0.0)
        *value = own;
}

static bool twin_check(const as_twin_cfg *cfg, as_err *err)
{
    if (cfg->width < 16 || cfg->height < 16 || cfg->width > AS_IMAGE_MAX_SIDE || cfg->height > AS_IMAGE_MAX_SIDE ||
        (uint64_t)cfg->width * cfg->height > AS_IMAGE_MAX_PIXELS)
        return AS_FAIL(err, AS_ELIMIT, "the twin cannot draw %ux%u pixels (16x16 to %u pixels a side and %u in all)",
                       cfg->width, cfg->height, AS_IMAGE_MAX_SIDE, AS_IMAGE_MAX_PIXELS);
    if (!(cfg->defect_share <= 1.0))
        return AS_FAIL(err, AS_EINVAL, "a share of defects of '%g' is not within 0 to 1", cfg->defect_share);
    if (!(cfg->min_severity <= 1.0))
        return AS_FAIL(err, AS_EINVAL, "a least severity of '%g' is not within 0 to 1", cfg->min_severity);
    if (!(cfg->belt_mm_per_s <= 1e6) || !(cfg->exposure_us <= 1e7))
        return AS_FAIL(err, AS_EINVAL, "a belt of '%g' mm/s or an exposure of '%g' us is beyond any camera",
                       cfg->belt_mm_per_s, cfg->exposure_us);
    return true;
}

static bool twin_init(as_twin *twin, as_err *err)
{
    const as_twin_scene *scene = twin->scene;
    as_twin_cfg         *cfg = &twin->cfg;
    cfg->width = cfg->width ? cfg->width : scene->width;
    cfg->height = cfg->height ? cfg->height : scene->height;
    twin_resolve(&cfg->belt_mm_per_s, scene->defaults.belt_mm_per_s);
    twin_resolve(&cfg->exposure_us, scene->defaults.exposure_us);
    twin_resolve(&cfg->defect_share, scene->defaults.defect_share);
    twin_resolve(&cfg->min_severity, scene->defaults.min_severity);
    twin_resolve(&cfg->gain_e_per_dn, scene->defaults.gain_e_per_dn);
    twin_resolve(&cfg->read_noise_e, scene->defaults.read_noise_e);
    if (!twin_check(cfg, err))
        return false;
    twin->px_per_mm = scene->px_per_mm * cfg->width / scene->width;
    as_sensor_cfg sensor = {.width = cfg->width,
                            .height = cfg->height,
                            .motion_px = cfg->belt_mm_per_s * cfg->exposure_us * 1e-6 * twin->px_per_mm,
                            .lens_px = 0.45,
                            .vignette_ratio = 0.22,
                            .exposure_ratio = cfg->exposure_us / scene->defaults.exposure_us,
                            .gain_e_per_dn = cfg->gain_e_per_dn,
                            .read_noise_e = cfg->read_noise_e};
    if (!as_sensor_init(&twin->sensor, &sensor, err))
        return false;
    twin->state = calloc(1, scene->state_bytes ? scene->state_bytes : 1);
    if (!twin->state)
        return AS_FAIL(err, AS_ENOMEM, "no memory for scene '%s'", scene->name);
    return !scene->prepare || scene->prepare(twin, twin->state, err);
}

as_twin *as_twin_open(const char *scene, const as_twin_cfg *cfg, as_err *err)
{
    const as_twin_scene *found = twin_find(scene, err);
    if (!found)
        return NULL;
    as_twin *twin = calloc(1, sizeof *twin);
    if (!twin) {
        AS_FAIL(err, AS_ENOMEM, "no memory for scene '%s'", scene);
        return NULL;
    }
    twin->scene = found;
    twin->cfg = *cfg;
    return twin_init(twin, err) ? twin : as_twin_close(twin);
}

as_twin *as_twin_close(as_twin *twin)
{
    if (twin) {
        if (twin->state && twin->scene->release)
            twin->scene->release(twin->state);
        free(twin->state);
        free(twin);
    }
    return NULL;
}

const as_twin_scene *as_twin_scene_of(const as_twin *twin)
{
    return twin->scene;
}

const as_twin_cfg *as_twin_cfg_of(const as_twin *twin)
{
    return &twin->cfg;
}

const void *as_twin_state(const as_twin *twin)
{
    return twin->state;
}

double as_twin_px_per_mm(const as_twin *twin)
{
    return twin->px_per_mm;
}

size_t as_twin_scratch_bytes(const as_twin *twin)
{
    size_t plane = (size_t)twin->cfg.width * twin->cfg.height;
    return (3 * plane + as_sensor_row_floats(&twin->sensor)) * sizeof(float);
}

/* splitmix64's step (Steele, Lea and Flood 2014): neighbouring parts and views get unlike noise. */
static uint64_t twin_noise_seed(uint64_t seed, uint64_t part, uint32_t view)
{
    uint64_t z = seed * 0x9e3779b97f4a7c15u + part * 0xbf58476d1ce4e5b9u + ((uint64_t)view + 1) * 0x94d049bb133111ebu;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

bool as_twin_render(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                    as_truth *ret_truth, as_err *err)
{
    if (part == 0)
        return AS_FAIL(err, AS_EINVAL, "parts are counted from 1");
    if (image->pixel != twin->scene->pixel || image->width != twin->cfg.width || image->height != twin->cfg.height)
        return AS_FAIL(err, AS_EINVAL, "scene '%s' draws %ux%u %s, not %ux%u %s", twin->scene->name, twin->cfg.width,
                       twin->cfg.height, as_pixel_name(twin->scene->pixel), image->width, image->height,
                       as_pixel_name(image->pixel));
    float   *light = scratch, *rows = light + 3 * (size_t)twin->cfg.width * twin->cfg.height;
    as_truth truth = {.known = true};
    twin->scene->draw(twin, part, view, light, &truth);
    as_sensor_expose(&twin->sensor, light, rows, twin_noise_seed(twin->cfg.seed, part, view), image);
    *ret_truth = truth;
    return true;
}
