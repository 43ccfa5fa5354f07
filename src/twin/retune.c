/* SPDX-License-Identifier: Apache-2.0 */
/* A twin under other light: what was made at opening and does not depend on it stays where it is, and is counted. */
#include "twin/twin_priv.h"

/* What the scene's state, the sensor's maps and the scale were made from. */
static bool retune_is_same_world(const as_twin_cfg *a, const as_twin_cfg *b)
{
    const double was[] = {a->defect_share, a->min_severity, a->max_severity, a->focal_mm,
                          a->f_number,     a->distance_mm,  a->pitch_um};
    const double is[] = {b->defect_share, b->min_severity, b->max_severity, b->focal_mm,
                         b->f_number,     b->distance_mm,  b->pitch_um};
    bool         same = a->seed == b->seed && a->width == b->width && a->height == b->height && a->pixel == b->pixel &&
                a->srgb == b->srgb && a->scan == b->scan && memcmp(&a->own, &b->own, sizeof a->own) == 0;
    for (size_t i = 0; i < AS_COUNT(was); i++)
        same = same && was[i] >= is[i] && was[i] <= is[i];
    return same;
}

static bool retune_camera(as_twin *twin, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    as_sensor_cfg      plain = {cfg->width, cfg->gain_e_per_dn, cfg->read_noise_e};
    if (!twin->info)
        return as_sensor_init(&twin->sensor, &plain, err);
    as_imager_cfg *imager = &twin->imager.cfg;
    imager->gain_dn_per_e = as_imager_cfg_own(twin->info, &cfg->own, cfg->width, cfg->height).gain_dn_per_e;
    imager->gain_dn_per_e *= as_twin_times_of_db(cfg->gain_db);
    return as_develop_init(&twin->develop, imager->bits, imager->black_dn, as_imager_white_dn(&twin->imager),
                           !imager->bayer && !cfg->srgb, err);
}

static bool retune_init(as_twin *twin, const as_script *script, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    if (!as_twin_check_cfg(cfg, twin->info != NULL, err))
        return false;
    twin->light_ratio = cfg->exposure_us / twin->scene->defaults.exposure_us * twin->lens_light;
    twin->disc_px = cfg->off_focus_mm != 0.0 ? as_optics_disc_px(&twin->optics, cfg->off_focus_mm) : 0.0;
    if (!as_twin_keep_script(twin, script, err) || !as_twin_set_up_scan(twin, false, err) ||
        !as_twin_check_blur(twin, err) || !retune_camera(twin, err))
        return false;
    return twin->veil.dirt || as_twin_set_up_veil(twin, err);
}

as_twin *as_twin_retune(as_twin *twin, const as_twin_cfg *cfg, as_err *err)
{
    as_twin *root = twin->root ? twin->root : twin, *other = NULL;
    if (!retune_is_same_world(&root->cfg, cfg)) {
        AS_FAIL(err, AS_EINVAL, "size, pixel format, seed, lens and defects of a twin cannot be changed: open it anew");
        return NULL;
    }
    other = malloc(sizeof *other);
    if (!other) {
        AS_FAIL(err, AS_ENOMEM, "no memory for scene '%s'", root->scene->name);
        return NULL;
    }
    /* Not the count, which changes meanwhile. */
    const size_t from = offsetof(as_twin, scene);
    memcpy((char *)other + from, (const char *)root + from, sizeof *other - from);
    atomic_init(&other->refs, 1);
    other->root = as_twin_ref(root);
    other->cfg = *cfg;
    other->cfg.recipe = other->cfg.sensor = NULL;
    other->cfg.script = NULL;
    other->cfg.chip_file = NULL;
    other->script = NULL;
    other->web = (as_web){0};
    other->develop = (as_develop){0};
    return retune_init(other, cfg->script, err) ? other : as_twin_close(other);
}
