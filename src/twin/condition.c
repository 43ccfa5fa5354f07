/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/condition.h"

#include <math.h>

#include "twin/twin_priv.h"

#define SAME_SHARE    1e-9 /* of two ways to the same number */
#define DEG_OF_RADIAN 57.29577951308232

_Static_assert(AS_CONDITION_COUNT <= 32, "a bit each");

static const as_condition_info infos[] = {
#define X(id, name, about) {name, about},
#include "twin/condition.def"
#undef X
};

const as_condition_info *as_condition_info_of(size_t condition)
{
    return condition < AS_COUNT(infos) ? &infos[condition] : NULL;
}

static double condition_flicker_level(const as_flicker *flicker, uint32_t rows)
{
    double sum = 0.0;
    if (flicker->depth <= 0.0)
        return 1.0;
    if (flicker->line_s <= 0.0)
        return as_flicker_level(flicker, 0);
    for (uint32_t y = 0; y < rows; y++)
        sum += as_flicker_level(flicker, y);
    return sum / rows;
}

static void condition_read(const as_twin *twin, const as_twin_cfg *cfg, double lens_light, const as_conditions *now,
                           double is[AS_CONDITION_COUNT])
{
    const bool   named = twin->info != NULL, area = cfg->scan != AS_TWIN_SCAN_LINE;
    const double values[AS_CONDITION_COUNT] = {
        [AS_CONDITION_DIRT] = now->on_lens[0],
        [AS_CONDITION_PRINT] = now->on_lens[1],
        [AS_CONDITION_HAZE] = now->on_lens[2],
        [AS_CONDITION_LIGHT] = now->light,
        [AS_CONDITION_AGED] = now->aged,
        [AS_CONDITION_WARMTH] = now->warmth,
        [AS_CONDITION_AMBIENT] = now->ambient,
        [AS_CONDITION_FLICKER] = now->flicker.depth,
        [AS_CONDITION_FLICKER_PHASE] = now->flicker.depth > 0.0 ? now->flicker.turn : 0.0,
        [AS_CONDITION_FLICKER_LEVEL] = condition_flicker_level(&now->flicker, cfg->height),
        [AS_CONDITION_LENS_LIGHT] = lens_light,
        [AS_CONDITION_OFF] = cfg->off_focus_mm,
        [AS_CONDITION_DEFOCUS] = now->disc_px,
        [AS_CONDITION_DISTORTION] = cfg->distortion,
        [AS_CONDITION_VIGNETTE] = cfg->vignette_ratio,
        [AS_CONDITION_SHIFT_X] = now->warp.shift_x,
        [AS_CONDITION_SHIFT_Y] = now->warp.shift_y,
        [AS_CONDITION_TURN] = now->warp.turn * DEG_OF_RADIAN,
        [AS_CONDITION_BELT] = now->belt_mm_per_s,
        [AS_CONDITION_EXPOSURE] = cfg->exposure_us,
        [AS_CONDITION_MOTION] = area ? now->motion_px : 0.0,
        [AS_CONDITION_ASPECT] = 1.0,
        [AS_CONDITION_GAIN] = named ? 0.0 : cfg->gain_e_per_dn,
        [AS_CONDITION_NOISE] = named ? 0.0 : cfg->read_noise_e,
        [AS_CONDITION_DB] = named ? cfg->gain_db : 0.0,
        [AS_CONDITION_TEMPERATURE] = named ? now->temperature_c : 0.0,
    };
    memcpy(is, values, sizeof values);
}

/* The station that nobody touched: world, geometry and sensor as they are. */
static as_twin_cfg condition_ideal_cfg(const as_twin *twin)
{
    const as_twin_cfg *own = &twin->scene->defaults, none = as_twin_cfg_default();
    as_twin_cfg        ideal = twin->cfg;
    ideal.belt_mm_per_s = own->belt_mm_per_s;
    ideal.exposure_us = twin->usual_exposure_us;
    ideal.gain_e_per_dn = own->gain_e_per_dn;
    ideal.read_noise_e = own->read_noise_e;
    ideal.vignette_ratio = twin->usual_vignette;
    ideal.gain_db = none.gain_db;
    ideal.temperature_c = none.temperature_c;
    ideal.off_focus_mm = none.off_focus_mm;
    ideal.distortion = none.distortion;
    ideal.dirt = ideal.print = ideal.haze = 0.0;
    ideal.light = none.light;
    ideal.warmth = ideal.ambient = ideal.flicker = ideal.ageing = ideal.day = 0.0;
    return ideal;
}

static bool condition_is_same(double a, double b)
{
    return fabs(a - b) <= SAME_SHARE * (fabs(a) + fabs(b));
}

void as_twin_tell_station(const as_twin *twin, const as_conditions *now, double mm_per_line, as_twin_station *ret)
{
    const as_twin_cfg ideal = condition_ideal_cfg(twin);
    as_conditions     then;
    double            usual[AS_CONDITION_COUNT];
    as_conditions_at(&ideal, NULL, twin->px_per_mm, 0.0, twin->line_s, 1, 0, &then);
    condition_read(twin, &ideal, 1.0, &then, usual);
    condition_read(twin, &twin->cfg, twin->lens_light, now, ret->is);
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE)
        ret->is[AS_CONDITION_ASPECT] = mm_per_line * twin->px_per_mm;
    ret->differs = 0;
    for (size_t i = 0; i < AS_CONDITION_COUNT; i++)
        ret->differs |= condition_is_same(ret->is[i], usual[i]) ? 0u : 1u << i;
}
