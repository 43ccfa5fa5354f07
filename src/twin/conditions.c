/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/conditions.h"

#include "twin/noise.h"

#define HOUR_S 3600.0

/* [0, 1), its own for each part, view and purpose. */
static double conditions_chance(uint64_t seed, uint64_t part, uint32_t view, uint32_t what)
{
    uint32_t h = as_noise_hash2((uint32_t)part, (uint32_t)(part >> 32) + view * 7919u, (uint32_t)seed + what * 0x9e37u);
    return (double)as_noise_unit(as_noise_mix(h ^ (uint32_t)(seed >> 32)));
}

/* About normal: mean 0, deviation 1. */
static double conditions_normal(uint64_t seed, uint64_t part, uint32_t view, uint32_t what)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < 4; i++)
        sum += conditions_chance(seed, part, view, what + 100u * i) - 0.5;
    return sum * 1.7320508;
}

static double conditions_amount(const as_conditions *c, as_fault fault)
{
    return (c->faults >> fault) & 1u ? c->amounts[fault] : 0.0;
}

/* What happens to a share of the frames happens to this one, or not. */
static void conditions_draw_lots(const as_twin_cfg *cfg, uint64_t part, as_conditions *c)
{
    for (uint32_t f = AS_FAULT_DOUBLE_TRIGGER; f < AS_FAULT_COUNT; f++)
        if ((c->faults >> f) & 1u && conditions_chance(cfg->seed, part, 0, 40u + f) >= c->amounts[f])
            c->faults &= ~(1u << f);
}

static double conditions_daylight(const as_twin_cfg *cfg, double seconds)
{
    if (cfg->day <= 0.0)
        return 0.0;
    double hour = cfg->hour + seconds / HOUR_S, days = hour / 24.0;
    float  s, c;
    hour -= 24.0 * (double)(int64_t)days;
    as_noise_sincos((hour - 6.0) / 24.0 * 6.283185307179586, &s, &c); /* the sun is up from 6 to 18 */
    return s > 0.0f ? cfg->day * (double)s : 0.0;
}

static void conditions_lamp(const as_twin_cfg *cfg, double line_s, uint64_t part, uint32_t view, as_conditions *c)
{
    double lost = conditions_amount(c, AS_FAULT_LAMP), age = cfg->ageing * (cfg->age_h + c->seconds / HOUR_S) / 1000.0;
    double level = cfg->light * (1.0 - lost) * (age < 0.95 ? 1.0 - age : 0.05);
    double warm = cfg->warmth + conditions_amount(c, AS_FAULT_COLOUR) + (lost > 0.9 ? (lost - 0.9) * 8.0 : 0.0);
    double ambient = cfg->ambient + conditions_amount(c, AS_FAULT_AMBIENT) + conditions_daylight(cfg, c->seconds);
    warm = AS_MIN(AS_MAX(warm, -1.0), 1.0);
    c->light = level;
    c->aged = AS_MIN(age, 0.95);
    c->warmth = warm;
    c->ambient = ambient;
    const double tint[3] = {1.0 + 0.35 * warm, 1.0, 1.0 - 0.45 * warm}, sky[3] = {0.88, 1.0, 1.16};
    for (int i = 0; i < 3; i++) {
        c->level[i] = (float)(level * tint[i]);
        c->add[i] = (float)(ambient * sky[i]);
    }
    double phase = conditions_chance(cfg->seed, 0, 0, 7) + c->seconds * 2.0 * cfg->mains_hz;
    phase += 0.13 * conditions_chance(cfg->seed, part, view, 8); /* no belt is that regular */
    c->flicker = (as_flicker){.depth = AS_MIN(cfg->flicker + conditions_amount(c, AS_FAULT_FLICKER), 1.0),
                              .per_s = 2.0 * cfg->mains_hz,
                              .turn = phase - (double)(int64_t)phase,
                              .line_s = line_s,
                              .open_s = cfg->exposure_us * 1e-6};
}

static void conditions_move(const as_twin_cfg *cfg, double px_per_mm, uint64_t part, uint32_t view, as_conditions *c)
{
    double moved = conditions_amount(c, AS_FAULT_MOVED), jitter = conditions_amount(c, AS_FAULT_JITTER);
    double shake = conditions_amount(c, AS_FAULT_VIBRATION);
    c->warp.distortion = cfg->distortion;
    c->warp.turn = moved / 10.0 * 0.0174532925;
    c->warp.shift_x = moved * px_per_mm;
    if (jitter > 0.0)
        c->warp.shift_x += jitter * px_per_mm * conditions_normal(cfg->seed, part, view, 11);
    if (shake > 0.0) {
        c->warp.shift_x += shake * (2.0 * conditions_chance(cfg->seed, part, view, 12) - 1.0);
        c->warp.shift_y += shake * (2.0 * conditions_chance(cfg->seed, part, view, 13) - 1.0);
    }
}

static void conditions_veil(const as_twin_cfg *cfg, as_conditions *c)
{
    const double   own[3] = {cfg->dirt, cfg->print, cfg->haze};
    const as_fault faults[3] = {AS_FAULT_DIRTY_LENS, AS_FAULT_FINGERPRINT, AS_FAULT_HAZE};
    for (int i = 0; i < 3; i++)
        c->on_lens[i] = AS_MIN(own[i] + conditions_amount(c, faults[i]), 1.0);
    c->veil = (as_veil_amount){(float)c->on_lens[0], (float)c->on_lens[1], (float)c->on_lens[2]};
}

static void conditions_at(const as_twin_cfg *cfg, const as_script *script, double px_per_mm, double disc_px,
                          double line_s, uint64_t part, uint32_t view, double seconds, as_conditions *ret)
{
    as_conditions c = {.seconds = seconds, .recipe = AS_RECIPE_RIGHT};
    c.faults = as_script_at(script, part, c.seconds, c.amounts);
    conditions_draw_lots(cfg, part, &c);
    double belt = cfg->belt_mm_per_s * ((c.faults >> AS_FAULT_BELT) & 1u ? c.amounts[AS_FAULT_BELT] : 1.0);
    c.belt_mm_per_s = belt;
    c.motion_px = belt * cfg->exposure_us * 1e-6 * px_per_mm;
    c.motion_px = AS_MIN(c.motion_px, AS_LENS_MAX_MOTION_PX);
    c.skew_px = AS_MIN(belt * line_s * px_per_mm, AS_SKEW_MOST_PX);
    c.disc_px = AS_MIN(disc_px + conditions_amount(&c, AS_FAULT_FOCUS), AS_LENS_MAX_DISC_PX);
    c.temperature_c = (c.faults >> AS_FAULT_TEMPERATURE) & 1u ? c.amounts[AS_FAULT_TEMPERATURE] : cfg->temperature_c;
    conditions_move(cfg, px_per_mm, part, view, &c);
    conditions_lamp(cfg, line_s, part, view, &c);
    conditions_veil(cfg, &c);
    if ((c.faults >> AS_FAULT_PRODUCT) & 1u)
        c.recipe = c.amounts[AS_FAULT_PRODUCT] < 0.0 ? AS_RECIPE_OTHER : (int32_t)c.amounts[AS_FAULT_PRODUCT];
    *ret = c;
}

void as_conditions_at(const as_twin_cfg *cfg, const as_script *script, double px_per_mm, double disc_px, double line_s,
                      uint64_t part, uint32_t view, as_conditions *ret)
{
    conditions_at(cfg, script, px_per_mm, disc_px, line_s, part, view, (double)(part - 1) / cfg->parts_per_s, ret);
}

/* Lines come when they come: no chance from frame to frame in the lamp, and the web itself says where one is. */
void as_conditions_of_line(const as_twin_cfg *cfg, const as_script *script, double disc_px, uint64_t part,
                           double seconds, as_conditions *ret)
{
    conditions_at(cfg, script, 0.0, disc_px, 0.0, part, 0, seconds, ret);
    double phase = conditions_chance(cfg->seed, 0, 0, 7) + seconds * 2.0 * cfg->mains_hz;
    ret->flicker.turn = phase - (double)(int64_t)phase;
}
