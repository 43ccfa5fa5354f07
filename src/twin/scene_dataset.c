/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/scene_dataset.h"

#include <math.h>

#include "base/str.h"
#include "twin/dataset.h"
#include "twin/noise.h"
#include "twin/plates.h"

#define DATASET_PLACES 40 /* that are tried for a defect, until it lies on the object */

typedef struct dataset_scene {
    as_twin_scene   scene;
    as_twin_folder *dataset;
    char           *name;
} dataset_scene;

static const char *const dataset_recipes[] = {"all", NULL};

typedef struct dataset_state {
    as_pictures *pictures;
    float        light[256];
} dataset_state;

static const as_twin_folder *dataset_of(const as_twin *twin)
{
    return ((const dataset_scene *)(const void *)as_twin_scene_of(twin))->dataset;
}

/* What chance decides of one part. */
typedef struct dataset_part {
    bool defective, flip;
    uint32_t class;
    size_t   good, bad; /* files */
    float    severity, sin, cos, scale;
    uint64_t places;
} dataset_part;

/* Where a defect lies: its middle in its own picture and in this one, and how it is turned. */
typedef struct dataset_place {
    float from_x, from_y, x, y, sin, cos, scale;
    bool  flip;
} dataset_place;

static size_t dataset_pick(as_rng *rng, const as_twin_folder *d, uint32_t class)
{
    size_t n = d->first[class + 1] - d->first[class];
    return n ? d->first[class] + (size_t)((as_rng_u64(rng) >> 20) % n) : d->n_files;
}

static void dataset_plan(const as_twin *twin, const as_twin_shot *shot, dataset_part *part)
{
    const as_twin_cfg    *cfg = as_twin_cfg_of(twin);
    const as_twin_folder *d = dataset_of(twin);
    as_rng                rng = as_rng_stream(cfg->seed, shot->part), fate = as_rng_stream(~cfg->seed, shot->part);
    *part = (dataset_part){.good = dataset_pick(&rng, d, 0), .severity = 1.0f, .scale = 1.0f, .cos = 1.0f};
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share && part->good < d->n_files)
        return;
    if (d->n_classes < 2)
        return; /* a folder without defects: all that goes wrong is the station's */
    part->defective = true;
    part->class = 1 + as_plates_choose(&fate, d->n_classes - 1);
    part->bad = dataset_pick(&fate, d, part->class);
    part->severity = as_plates_severity(cfg, &fate);
    part->scale = as_plates_pick(&fate, 0.75f, 1.25f);
    part->flip = as_plates_choose(&fate, 2) == 1;
    as_noise_sincos((double)as_plates_pick(&fate, -3.1415927f, 3.1415927f), &part->sin, &part->cos);
    part->places = as_rng_u64(&fate);
}

/* From a point of the defect's own picture to where it comes to lie. */
static void dataset_put_point(const dataset_place *p, float x, float y, float *ret_x, float *ret_y)
{
    float u = (x - p->from_x) * (p->flip ? -p->scale : p->scale), v = (y - p->from_y) * p->scale;
    *ret_x = p->x + u * p->cos - v * p->sin;
    *ret_y = p->y + u * p->sin + v * p->cos;
}

static uint32_t dataset_on_object(const as_picture *good, const as_cut *cut, const dataset_place *p, float w, float h)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < cut->n_points; i++) {
        float x, y;
        dataset_put_point(p, (float)cut->points[i][0], (float)cut->points[i][1], &x, &y);
        if (x < 0.0f || y < 0.0f || x >= w || y >= h)
            continue;
        n += good->object[(size_t)(y * AS_PICTURE_CELLS / h)][(size_t)(x * AS_PICTURE_CELLS / w)];
    }
    return n;
}

/* Anywhere on the object; where it does not fit, the best of many places. */
static dataset_place dataset_find_place(const dataset_part *part, const as_picture *good, const as_cut *cut, float w,
                                        float h)
{
    as_rng        rng = as_rng_stream(part->places, 1);
    uint32_t      most = 0;
    dataset_place best = {0}, p = {.from_x = cut->core[0] + 0.5f * cut->core[2],
                                   .from_y = cut->core[1] + 0.5f * cut->core[3],
                                   .sin = part->sin,
                                   .cos = part->cos,
                                   .scale = part->scale,
                                   .flip = part->flip};
    float         half_x = 0.5f * p.scale * (fabsf(p.cos) * cut->core[2] + fabsf(p.sin) * cut->core[3]);
    float         half_y = 0.5f * p.scale * (fabsf(p.sin) * cut->core[2] + fabsf(p.cos) * cut->core[3]);
    for (uint32_t i = 0; i < DATASET_PLACES && most < cut->n_points; i++) {
        p.x = half_x * 2.0f < w ? as_plates_pick(&rng, half_x, w - half_x) : 0.5f * w;
        p.y = half_y * 2.0f < h ? as_plates_pick(&rng, half_y, h - half_y) : 0.5f * h;
        uint32_t on = dataset_on_object(good, cut, &p, w, h);
        if (on > most || i == 0) {
            most = on;
            best = p;
        }
    }
    return best;
}

/* One pixel of the defect, seen at a place between its own pixels: light of each plane, and how much of it there is. */
static float dataset_sample(const dataset_state *state, const as_picture *bad, const float at[2], size_t w,
                            size_t plane, uint32_t planes, float light[3])
{
    const as_cut *cut = bad->cut;
    float         x = at[0], y = at[1], u = x - (float)cut->x, v = y - (float)cut->y;
    if (u < 0.0f || v < 0.0f || u >= (float)(cut->width - 1) || v >= (float)(cut->height - 1))
        return 0.0f;
    size_t         ix = (size_t)u, iy = (size_t)v;
    float          fx = u - (float)ix, fy = v - (float)iy;
    const uint8_t *a = cut->alpha + iy * cut->width + ix;
    float          top = as_paint_mix((float)a[0], (float)a[1], fx);
    float          alpha = as_paint_mix(top, as_paint_mix((float)a[cut->width], (float)a[cut->width + 1], fx), fy);
    for (uint32_t k = 0; alpha > 0.0f && k < planes; k++) {
        const uint8_t *p = bad->pixels + k * plane + (iy + cut->y) * w + ix + cut->x;
        float          upper = as_paint_mix(state->light[p[0]], state->light[p[1]], fx);
        light[k] = as_paint_mix(upper, as_paint_mix(state->light[p[w]], state->light[p[w + 1]], fx), fy);
    }
    return alpha / 255.0f;
}

typedef struct dataset_patch {
    const dataset_state *state;
    const as_picture    *bad;
    const dataset_place *place;
    uint32_t             width, height, planes, x0, y0, x1, y1;
} dataset_patch;

static float dataset_patch_at(const dataset_patch *p, uint32_t x, uint32_t y, float light[3])
{
    const dataset_place *o = p->place;
    float                dx = (float)x - o->x, dy = (float)y - o->y;
    float                u = (dx * o->cos + dy * o->sin) / o->scale, v = (dy * o->cos - dx * o->sin) / o->scale;
    const float          at[2] = {o->from_x + (o->flip ? -u : u), o->from_y + v};
    return dataset_sample(p->state, p->bad, at, p->width, (size_t)p->width * p->height, p->planes, light);
}

/* How much brighter it is around the new place than it was around the old one, of each plane. */
static void dataset_match(const dataset_patch *p, const float *light, float gain[3])
{
    size_t plane = (size_t)p->width * p->height, n = 0;
    float  sum[3] = {0}, unused[3];
    for (uint32_t y = p->y0; y < p->y1; y++)
        for (uint32_t x = p->x0; x < p->x1; x++) {
            float alpha = dataset_patch_at(p, x, y, unused);
            if (alpha <= 0.0f || alpha > 0.45f)
                continue;
            n++;
            for (uint32_t k = 0; k < p->planes; k++)
                sum[k] += light[k * plane + (size_t)y * p->width + x];
        }
    for (uint32_t k = 0; k < 3; k++) {
        float around = p->bad->cut->around[k];
        gain[k] = n && around > 1e-4f ? as_paint_clamp(sum[k] / (float)n / around, 0.4f, 2.5f) : 1.0f;
    }
}

static void dataset_lay(const dataset_patch *p, float severity, bool shown, float *light, float box[4])
{
    size_t   plane = (size_t)p->width * p->height;
    float    gain[3];
    uint32_t x0 = p->x1, y0 = p->y1, x1 = p->x0, y1 = p->y0;
    dataset_match(p, light, gain);
    for (uint32_t y = p->y0; y < p->y1; y++)
        for (uint32_t x = p->x0; x < p->x1; x++) {
            float source[3], alpha = dataset_patch_at(p, x, y, source);
            if (alpha <= 0.0f)
                continue;
            x0 = AS_MIN(x0, x);
            y0 = AS_MIN(y0, y);
            x1 = AS_MAX(x1, x + 1);
            y1 = AS_MAX(y1, y + 1);
            for (uint32_t k = 0; shown && k < p->planes; k++) {
                float *to = &light[k * plane + (size_t)y * p->width + x];
                *to += (AS_MIN(source[k] * gain[k], 1.0f) - *to) * alpha * severity;
            }
        }
    if (x1 > x0 && y1 > y0)
        memcpy(box, (float[4]){(float)x0, (float)y0, (float)(x1 - x0), (float)(y1 - y0)}, 4 * sizeof *box);
}

static void dataset_compose(const as_twin *twin, const dataset_part *part, const as_picture *good,
                            const as_picture *bad, bool shown, float *light, as_twin_finding *finding)
{
    const as_twin_cfg   *cfg = as_twin_cfg_of(twin);
    const as_cut        *cut = bad->cut;
    const dataset_state *state = as_twin_state(twin);
    float                w = (float)cfg->width, h = (float)cfg->height, x0 = w, y0 = h, x1 = 0.0f, y1 = 0.0f;
    dataset_place        place = dataset_find_place(part, good, cut, w, h);
    for (int i = 0; i < 4; i++) {
        float x, y;
        dataset_put_point(&place, (float)(cut->x + (i % 2 ? cut->width : 0)),
                          (float)(cut->y + (i / 2 ? cut->height : 0)), &x, &y);
        x0 = AS_MIN(x0, x);
        y0 = AS_MIN(y0, y);
        x1 = AS_MAX(x1, x);
        y1 = AS_MAX(y1, y);
    }
    dataset_patch patch = {.state = state,
                           .bad = bad,
                           .place = &place,
                           .width = cfg->width,
                           .height = cfg->height,
                           .planes = as_twin_scene_of(twin)->pixel == AS_PIXEL_MONO8 ? 1 : 3,
                           .x0 = (uint32_t)as_paint_clamp(x0 - 1.0f, 0.0f, w),
                           .y0 = (uint32_t)as_paint_clamp(y0 - 1.0f, 0.0f, h),
                           .x1 = (uint32_t)as_paint_clamp(x1 + 2.0f, 0.0f, w),
                           .y1 = (uint32_t)as_paint_clamp(y1 + 2.0f, 0.0f, h)};
    dataset_lay(&patch, part->severity, shown, light, finding->box_px);
    finding->severity = part->severity;
    finding->size_mm = AS_MAX(cut->core[2], cut->core[3]) * place.scale / (float)as_twin_px_per_mm(twin);
}

static void dataset_show(const as_twin *twin, const as_picture *picture, float *light)
{
    const as_twin_cfg   *cfg = as_twin_cfg_of(twin);
    const dataset_state *state = as_twin_state(twin);
    size_t               planes = as_twin_scene_of(twin)->pixel == AS_PIXEL_MONO8 ? 1 : 3;
    size_t               n = planes * cfg->width * cfg->height;
    for (size_t i = 0; i < n; i++)
        light[i] = picture ? state->light[picture->pixels[i]] : 0.0f;
}

static void dataset_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *truth)
{
    const dataset_state  *state = as_twin_state(twin);
    const as_twin_cfg    *cfg = as_twin_cfg_of(twin);
    const as_twin_folder *d = dataset_of(twin);
    const as_picture     *good = NULL, *bad = NULL;
    dataset_part          part;
    dataset_plan(twin, shot, &part);
    if (part.good < d->n_files)
        good = as_pictures_hold(state->pictures, part.good, d->first[0], d->first[1]);
    if (part.defective)
        bad = as_pictures_hold(state->pictures, part.bad, d->first[part.class], d->first[part.class + 1]);
    const as_picture *base = good && (!bad || bad->cut || !(shot->shown & 1u)) ? good : bad;
    dataset_show(twin, base, light);
    truth->recipe = dataset_recipes[0];
    truth->frame.known = base != NULL;
    truth->source = base ? d->files[base->file].relative : NULL;
    if (bad && (bad->cut || !d->files[bad->file].mask)) {
        /* Without a mask nobody knows where it is: all of the picture. With an empty one nothing is wrong with it. */
        as_twin_finding finding = {.class = d->classes[part.class],
                                   .severity = 1.0f,
                                   .box_px = {0, 0, (float)cfg->width, (float)cfg->height},
                                   .size_mm = (float)(AS_MAX(cfg->width, cfg->height) / as_twin_px_per_mm(twin))};
        if (good && bad->cut) {
            dataset_compose(twin, &part, good, bad, shot->shown & 1u, light, &finding);
            truth->defect_source = d->files[bad->file].relative;
        }
        as_plates_tell(truth, &finding);
    }
    as_plates_sum_up(truth, d->classes[0]);
    as_pictures_release(state->pictures, good);
    as_pictures_release(state->pictures, bad);
}

static bool dataset_prepare(const as_twin *twin, void *priv, as_err *err)
{
    dataset_state     *state = priv;
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    for (int i = 0; i < 256; i++)
        state->light[i] = as_picture_light((uint8_t)i);
    state->pictures =
        as_pictures_new(dataset_of(twin), cfg->width, cfg->height,
                        as_twin_scene_of(twin)->pixel == AS_PIXEL_MONO8 ? 1 : 3, AS_DATASET_CACHE_BYTES, err);
    if (!state->pictures)
        return false;
    /* A header may be right where nothing follows it: a scene of nothing would be black, and good. */
    const as_twin_folder *d = dataset_of(twin);
    const as_picture     *any = as_pictures_hold(state->pictures, 0, 0, d->n_files);
    as_pictures_release(state->pictures, any);
    return any || AS_FAIL(err, AS_EFORMAT, "none of the %zu pictures in '%s' can be read", d->n_files,
                          as_twin_scene_of(twin)->name + strlen(AS_DATASET_PREFIX));
}

static void dataset_release(void *priv)
{
    dataset_state *state = priv;
    as_pictures_free(state->pictures);
}

const as_twin_scene *as_dataset_scene_new(const char *dir, as_err *err)
{
    dataset_scene *s = calloc(1, sizeof *s);
    if (!s || !(s->name = as_strdupf(AS_DATASET_PREFIX "%s", dir))) {
        free(s);
        AS_FAIL(err, AS_ENOMEM, "no memory for '%s'", dir);
        return NULL;
    }
    s->dataset = as_twin_folder_open(dir, err);
    if (!s->dataset) {
        as_dataset_scene_free(&s->scene);
        return NULL;
    }
    s->scene = (as_twin_scene){.name = s->name,
                               .summary = "pictures of a folder, defects cut from one laid into another",
                               .classes = (const char *const *)s->dataset->classes,
                               .recipes = dataset_recipes,
                               .pixel = s->dataset->colour ? AS_PIXEL_RGB8 : AS_PIXEL_MONO8,
                               .width = s->dataset->width,
                               .height = s->dataset->height,
                               .px_per_mm = 10.0,
                               .photographed = true,
                               .defaults = {.belt_mm_per_s = 0,
                                            .exposure_us = 400,
                                            .defect_share = 0.4,
                                            .min_severity = 0.3,
                                            .gain_e_per_dn = 40,
                                            .read_noise_e = 8},
                               .state_bytes = sizeof(dataset_state),
                               .prepare = dataset_prepare,
                               .release = dataset_release,
                               .draw = dataset_draw};
    return &s->scene;
}

void as_dataset_scene_free(const as_twin_scene *scene)
{
    dataset_scene *s = (dataset_scene *)(uintptr_t)scene;
    if (s) {
        as_twin_folder_free(s->dataset);
        free(s->name);
        free(s);
    }
}
