/* SPDX-License-Identifier: Apache-2.0 */
/* One frame of a twin: what the scene draws, through the conditions of that moment, to pixels and their truth. */
#include <math.h>

#include "twin/kernel.h"
#include "twin/person.h"
#include "twin/scan.h"

#define MASK_LEAST AS_TWIN_SEEN_LEAST
#define MASK_SHARE AS_TWIN_SEEN_SHARE

static size_t take_plane(const as_twin *twin)
{
    return (size_t)twin->cfg.width * twin->cfg.height;
}

static uint32_t take_planes(const as_twin *twin)
{
    return twin->scene->pixel == AS_PIXEL_MONO8 ? 1 : 3;
}

/* Planes as drawn, the same as the lens shows them, the latter again without a defect; and what an exposure works in. */
size_t as_twin_scratch_bytes(const as_twin *twin)
{
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE)
        return as_scan_bytes(twin);
    return 3 * take_planes(twin) * take_plane(twin) * sizeof(float) +
           as_exposure_bytes(twin->cfg.width, twin->cfg.height);
}

/* splitmix64's step (Steele, Lea and Flood 2014): neighbouring parts and views get unlike noise. */
static uint64_t take_noise_seed(uint64_t seed, uint64_t part, uint32_t view)
{
    uint64_t z = seed * 0x9e3779b97f4a7c15u + part * 0xbf58476d1ce4e5b9u + ((uint64_t)view + 1) * 0x94d049bb133111ebu;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static as_twin_shot take_shot(const as_twin *twin, const as_conditions *now, uint64_t part, uint32_t view)
{
    int32_t n = 0;
    while (twin->scene->recipes[n])
        n++;
    return (as_twin_shot){
        .part = part, .view = view, .recipe = now->recipe >= 0 ? now->recipe % n : twin->recipe, .shown = UINT32_MAX};
}

static void take_draw_person(const as_twin *twin, const as_conditions *now, const as_twin_shot *shot, float *planes,
                             as_twin_truth *truth)
{
    if (!((now->faults >> AS_FAULT_PERSON) & 1u))
        return;
    size_t    plane = take_plane(twin);
    bool      grey = take_planes(twin) == 1;
    as_canvas canvas = {planes, grey ? NULL : planes + plane, grey ? NULL : planes + 2 * plane, twin->cfg.width,
                        twin->cfg.height};
    as_person person = as_person_at(&twin->cfg, shot->part, shot->view, now->amounts[AS_FAULT_PERSON]);
    as_person_draw(&person, &canvas);
    as_person_box(&person, &canvas, truth->face_px);
}

static void take_draw(const as_twin *twin, const as_conditions *now, const as_twin_shot *shot, float *planes,
                      as_twin_truth *truth)
{
    twin->scene->draw(twin, shot, planes, truth);
    take_draw_person(twin, now, shot, planes, truth);
}

/* Moves what was drawn in n planes as the lens does; returns where it is then. */
static float *take_move(const as_twin *twin, const as_conditions *now, uint32_t n, float *planes, float *moved)
{
    uint32_t w = twin->cfg.width, h = twin->cfg.height;
    size_t   plane = take_plane(twin);
    if (as_warp_is_none(&now->warp))
        return planes;
    for (uint32_t c = 0; c < n; c++)
        as_warp_plane(&now->warp, w, h, planes + c * plane, moved + c * plane);
    return moved;
}

/* Draws into planes, and moves that. */
static float *take_draw_moved(const as_twin *twin, const as_conditions *now, const as_twin_shot *shot, float *planes,
                              float *moved, as_twin_truth *truth)
{
    take_draw(twin, now, shot, planes, truth);
    return take_move(twin, now, take_planes(twin), planes, moved);
}

AS_TWIN_CLONES
static void take_sum(float *restrict r, const float *restrict g, const float *restrict b, const float share[3],
                     size_t n)
{
    float of_r = share[0], of_g = share[1], of_b = share[2];
    for (size_t i = 0; i < n; i++)
        r[i] = of_r * r[i] + of_g * g[i] + of_b * b[i];
}

/* A sensor without filters before its pixels sees all colours together. What lens and lamp do to light they do to each colour
 * alike but for the lamp's level, so that the sum may stand before them: a third of the work. */
static uint32_t take_grey(const as_twin *twin, as_conditions *now, float *planes)
{
    const float  share[3] = {0.30f, 0.45f, 0.25f};
    const size_t plane = take_plane(twin);
    float        seen[3], add = 0.0f;
    if (take_planes(twin) == 1 || as_develop_is_colour(twin->cfg.pixel))
        return take_planes(twin);
    for (int c = 0; c < 3; c++) {
        seen[c] = share[c] * now->level[c];
        add += share[c] * now->add[c];
        now->level[c] = 1.0f;
    }
    for (int c = 0; c < 3; c++)
        now->add[c] = add;
    take_sum(planes, planes + plane, planes + 2 * plane, seen, plane);
    return 1;
}

static void take_move_box(const as_twin *twin, const as_warp *warp, float box[4])
{
    double w = twin->cfg.width, h = twin->cfg.height, x0 = w, y0 = h, x1 = 0, y1 = 0;
    if (box[2] <= 0.0f || box[3] <= 0.0f || as_warp_is_none(warp))
        return;
    for (int i = 0; i < 4; i++) {
        double x = (double)(box[0] + (i % 2 ? box[2] : 0.0f)), y = (double)(box[1] + (i / 2 ? box[3] : 0.0f));
        as_warp_point(warp, twin->cfg.width, twin->cfg.height, &x, &y);
        x0 = AS_MIN(x0, x);
        y0 = AS_MIN(y0, y);
        x1 = AS_MAX(x1, x);
        y1 = AS_MAX(y1, y);
    }
    x0 = AS_MAX(x0, 0.0);
    y0 = AS_MAX(y0, 0.0);
    x1 = AS_MIN(x1, w);
    y1 = AS_MIN(y1, h);
    const float moved[4] = {(float)x0, (float)y0, (float)(x1 - x0), (float)(y1 - y0)};
    for (int i = 0; i < 4; i++)
        box[i] = x1 > x0 && y1 > y0 ? moved[i] : 0.0f;
}

static void take_expose(const as_twin *twin, const as_conditions *now, const as_lens *lens, uint32_t n,
                        const float *light, uint64_t seed, void *scratch, as_image *image, const uint16_t **ret_raw)
{
    const as_twin_cfg *cfg = &twin->cfg;
    const bool         veiled = now->veil.dirt > 0 || now->veil.print > 0 || now->veil.haze > 0;
    double             full = twin->info ? twin->imager.cfg.full_well_e / twin->imager.cfg.quantum_ratio : 0.0;
    as_exposure        exposure = {
               .width = cfg->width,
               .height = cfg->height,
               .n_planes = n,
               .lens = lens,
               .veil = veiled ? &twin->veil : NULL,
               .veil_amount = now->veil,
               .flicker = now->flicker,
               .level = {now->level[0], now->level[1], now->level[2]},
               .add = {now->add[0], now->add[1], now->add[2]},
               .sensor = twin->info ? NULL : &twin->sensor,
               .exposure_ratio = twin->light_ratio,
               .imager = twin->info ? &twin->imager : NULL,
               .develop = &twin->develop,
               .shot = {.photons = AS_TWIN_WHITE_RATIO * full * twin->light_ratio,
                        .exposure_s = cfg->exposure_us * 1e-6,
                        .temperature_c = now->temperature_c,
                        .seed = seed},
    };
    if (exposure.n_planes == 1) {
        exposure.level[0] = (now->level[0] + now->level[1] + now->level[2]) / 3.0f;
        exposure.add[0] = (now->add[0] + now->add[1] + now->add[2]) / 3.0f;
    }
    as_exposure_take(&exposure, light, scratch, image, ret_raw);
}

static bool take_check(const as_twin *twin, uint64_t part, const as_image *image, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    if (part == 0)
        return AS_FAIL(err, AS_EINVAL, "parts are counted from 1");
    if (image && (image->pixel != cfg->pixel || image->width != cfg->width || image->height != cfg->height))
        return AS_FAIL(err, AS_EINVAL, "scene '%s' draws %ux%u %s, not %ux%u %s", twin->scene->name, cfg->width,
                       cfg->height, as_pixel_name(cfg->pixel), image->width, image->height,
                       as_pixel_name(image->pixel));
    return true;
}

static void take_conditions(const as_twin *twin, uint64_t part, uint32_t view, as_conditions *ret)
{
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE) {
        double line = (double)(part - 1) * twin->cfg.height;
        as_conditions_of_line(&twin->cfg, twin->script, twin->disc_px, part,
                              as_web_s(as_web_at(&twin->web, line), line), ret);
        return;
    }
    as_conditions_at(&twin->cfg, twin->script, twin->px_per_mm, twin->disc_px, twin->line_s, part, view, ret);
}

bool as_twin_look(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                  as_twin_truth *ret_truth, const uint16_t **ret_raw, as_err *err)
{
    if (!take_check(twin, part, image, err))
        return false;
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE)
        return as_scan_look(twin, part, view, scratch, image, ret_truth, ret_raw, err);
    as_conditions now;
    take_conditions(twin, part, view, &now);
    as_lens       lens;
    as_lens_cfg   blur = {.width = twin->cfg.width,
                          .height = twin->cfg.height,
                          .motion_px = now.motion_px,
                          .spread_px = twin->spread_px,
                          .disc_px = now.disc_px,
                          .skew_px = now.skew_px,
                          .vignette_ratio = twin->cfg.vignette_ratio};
    as_twin_truth truth = {.frame = {.known = true, .faults = now.faults},
                           .part = part,
                           .seconds = now.seconds,
                           .px_per_mm = twin->px_per_mm,
                           .recipe = ""};
    as_twin_shot  shot = take_shot(twin, &now, part, view);
    size_t        floats = take_planes(twin) * take_plane(twin);
    float        *planes = scratch, *moved = planes + floats;
    if (!as_lens_init(&lens, &blur, err))
        return false;
    take_draw(twin, &now, &shot, planes, &truth);
    const uint32_t n = take_grey(twin, &now, planes);
    const float   *light = take_move(twin, &now, n, planes, moved);
    take_expose(twin, &now, &lens, n, light, take_noise_seed(twin->cfg.seed, part, view), moved + 2 * floats, image,
                ret_raw);
    take_move_box(twin, &now.warp, truth.frame.box_px);
    take_move_box(twin, &now.warp, truth.face_px);
    for (size_t i = 0; i < truth.n_findings; i++)
        take_move_box(twin, &now.warp, truth.findings[i].box_px);
    memcpy(truth.amounts, now.amounts, sizeof truth.amounts);
    *ret_truth = truth;
    return true;
}

bool as_twin_render(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                    as_truth *ret_truth, as_err *err)
{
    as_twin_truth   truth;
    const uint16_t *raw;
    if (!as_twin_look(twin, part, view, scratch, image, &truth, &raw, err))
        return false;
    *ret_truth = truth.frame;
    return true;
}

/* Within the finding's box and a little around it: a broken piece casts another shadow, and moves what hangs on it. */
static size_t take_differ(const as_twin *twin, const float *with, const float *without, const float box[4],
                          uint8_t *inside)
{
    size_t  found = 0, w = twin->cfg.width;
    float   more = 3.0f + 0.1f * AS_MAX(box[2], box[3]), right = (float)w, bottom = (float)twin->cfg.height;
    int32_t x0 = (int32_t)AS_MAX(box[0] - more, 0.0f), x1 = (int32_t)AS_MIN(box[0] + box[2] + more, right);
    int32_t y0 = (int32_t)AS_MAX(box[1] - more, 0.0f), y1 = (int32_t)AS_MIN(box[1] + box[3] + more, bottom);
    for (int32_t y = y0; y < y1; y++)
        for (int32_t x = x0; x < x1; x++) {
            size_t i = (size_t)y * w + (size_t)x;
            bool   differs = fabsf(with[i] - without[i]) > MASK_LEAST + MASK_SHARE * without[i];
            inside[i] |= differs;
            found += inside[i];
        }
    return found;
}

bool as_twin_mask(const as_twin *twin, uint64_t part, uint32_t view, size_t finding, void *scratch, uint8_t *inside,
                  size_t *ret_n, as_err *err)
{
    if (!take_check(twin, part, NULL, err))
        return false;
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE)
        return as_scan_mask(twin, part, finding, scratch, inside, ret_n, err);
    as_conditions now;
    take_conditions(twin, part, view, &now);
    as_twin_truth truth = {.n_findings = 0};
    as_twin_shot  shot = take_shot(twin, &now, part, view);
    size_t        plane = take_plane(twin), floats = take_planes(twin) * plane, n = 0;
    float        *planes = scratch, *clean = planes + floats, *with = planes + 2 * floats;
    shot.shown = 0;
    if (take_draw_moved(twin, &now, &shot, planes, clean, &truth) == planes)
        memcpy(clean, planes, floats * sizeof *planes);
    if (finding >= truth.n_findings)
        return AS_FAIL(err, AS_ENOTFOUND, "part %llu has %zu findings, none of number %zu", (unsigned long long)part,
                       truth.n_findings, finding);
    shot.shown = 1u << finding;
    truth.n_findings = 0;
    const float *drawn = take_draw_moved(twin, &now, &shot, planes, with, &truth);
    float       *box = truth.findings[finding].box_px;
    take_move_box(twin, &now.warp, box);
    memset(inside, 0, plane);
    for (uint32_t c = 0; c < take_planes(twin); c++)
        n = take_differ(twin, drawn + c * plane, clean + c * plane, box, inside);
    *ret_n = n;
    return true;
}

uint32_t as_twin_faults_at(const as_twin *twin, uint64_t part, double amounts[AS_FAULT_COUNT])
{
    as_conditions now;
    take_conditions(twin, part, 0, &now);
    memcpy(amounts, now.amounts, sizeof now.amounts);
    return now.faults;
}
