/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/scene_dataset.h"

#include <math.h>
#include <stdlib.h>

#include "base/str.h"
#include "twin/dataset.h"
#include "twin/noise.h"
#include "twin/plates.h"

#define DATASET_PLACES 24    /* near its own that are tried for a defect, and as many anywhere */
#define DATASET_NEAR   0.06f /* of the picture, to each side */
#define DATASET_UNLIKE 40.0f /* levels: from there on it is another thing that lies there */

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
    bool defective;
    uint32_t class;
    size_t   good, bad; /* files */
    float    severity;  /* of the first defect */
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
    *part = (dataset_part){.good = dataset_pick(&rng, d, 0), .severity = 1.0f};
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share && part->good < d->n_files)
        return;
    if (d->n_classes < 2)
        return; /* a folder without defects: all that goes wrong is the station's */
    part->defective = true;
    part->class = 1 + as_plates_choose(&fate, d->n_classes - 1);
    part->bad = dataset_pick(&fate, d, part->class);
    part->severity = as_plates_severity(cfg, &fate);
    part->places = as_rng_u64(&fate);
}

/* Of each defect of a picture its own: some may be obvious and others not to be seen. */
static float dataset_severity(const as_twin *twin, const dataset_part *part, uint32_t which)
{
    as_rng rng = as_rng_stream(~part->places, which);
    return which == 0 ? part->severity : as_plates_severity(as_twin_cfg_of(twin), &rng);
}

/* From a point of the defect's own picture to where it comes to lie. */
static void dataset_put_point(const dataset_place *p, float x, float y, float *ret_x, float *ret_y)
{
    float u = (x - p->from_x) * (p->flip ? -p->scale : p->scale), v = (y - p->from_y) * p->scale;
    *ret_x = p->x + u * p->cos - v * p->sin;
    *ret_y = p->y + u * p->sin + v * p->cos;
}

static bool dataset_is_object(const as_picture *picture, float x, float y, float w, float h)
{
    return x >= 0.0f && y >= 0.0f && x < w && y < h &&
           picture->object[(size_t)(y * AS_PICTURE_CELLS / h)][(size_t)(x * AS_PICTURE_CELLS / w)];
}

/* A defect, the picture that it was cut from, and the one that it is laid into. */
typedef struct dataset_seat {
    const as_picture *good, *bad;
    const as_cut     *cut;
    uint32_t          width, height, planes;
} dataset_seat;

/* How unlike its old surroundings the new ones are, in levels. What lay in the object should lie in it again: as much of the
 * defect as of what was around it, since the defect itself may look like anything. */
static float dataset_unlike(const dataset_seat *s, const dataset_place *p)
{
    float  w = (float)s->width, h = (float)s->height, differ = 0.0f, on = 0.0f, around = 0.0f, n = 0.0f, x, y;
    size_t plane = (size_t)s->width * s->height;
    for (uint32_t i = 0; i < s->cut->n_points; i++) {
        dataset_put_point(p, (float)s->cut->points[i][0], (float)s->cut->points[i][1], &x, &y);
        on += dataset_is_object(s->good, x, y, w, h) ? 1.0f / (float)s->cut->n_points : 0.0f;
    }
    for (int i = 0; i < AS_CUT_POINTS; i++) {
        float from_x = s->cut->ring[i][0], from_y = s->cut->ring[i][1];
        dataset_put_point(p, from_x, from_y, &x, &y);
        bool was = from_x >= 0.0f && from_y >= 0.0f && from_x < w && from_y < h;
        bool is = x >= 0.0f && y >= 0.0f && x < w && y < h;
        if (was != is)
            differ += 64.0f / AS_CUT_POINTS;
        n += was;
        around += dataset_is_object(s->bad, from_x, from_y, w, h);
        if (!was || !is)
            continue;
        size_t from = (size_t)from_y * s->width + (size_t)from_x, to = (size_t)y * s->width + (size_t)x;
        for (uint32_t k = 0; k < s->planes; k++)
            differ += (float)abs(s->bad->pixels[k * plane + from] - s->good->pixels[k * plane + to]) /
                      (float)(AS_CUT_POINTS * s->planes);
    }
    float wanted = n > 0.0f ? around / n : 1.0f;
    return differ + 255.0f * AS_MAX(wanted - on, 0.0f);
}

static bool dataset_is_all_object(const as_picture *picture)
{
    const uint8_t *cells = &picture->object[0][0];
    return memchr(cells, 0, sizeof picture->object) == NULL;
}

/* Where its surroundings are most like those that it had: near its own place, where such defects happen; anywhere too, where
 * the picture shows nothing but one texture, or the object does not lie where it lay. */
static dataset_place dataset_find_place(const dataset_part *part, uint32_t which, const dataset_seat *s)
{
    as_rng        rng = as_rng_stream(part->places, 1 + which);
    const as_cut *cut = s->cut;
    float         w = (float)s->width, h = (float)s->height, least = 0.0f;
    dataset_place best = {0},
                  p = {.from_x = cut->core[0] + 0.5f * cut->core[2], .from_y = cut->core[1] + 0.5f * cut->core[3]};
    bool anywhere = dataset_is_all_object(s->good);
    for (uint32_t i = 0; i < 2 * DATASET_PLACES; i++) {
        if (i == DATASET_PLACES && !anywhere && least < DATASET_UNLIKE)
            break;
        p.scale = as_plates_pick(&rng, 0.8f, 1.25f);
        p.flip = as_plates_choose(&rng, 2) == 1;
        as_noise_sincos((double)as_plates_pick(&rng, -0.25f, 0.25f), &p.sin, &p.cos);
        p.x = p.from_x + w * as_plates_pick(&rng, -DATASET_NEAR, DATASET_NEAR);
        p.y = p.from_y + h * as_plates_pick(&rng, -DATASET_NEAR, DATASET_NEAR);
        if (i >= DATASET_PLACES) {
            float half_x = AS_MIN(0.5f * cut->core[2] * p.scale, 0.5f * w);
            float half_y = AS_MIN(0.5f * cut->core[3] * p.scale, 0.5f * h);
            p.x = as_plates_pick(&rng, half_x, w - half_x + 1e-3f);
            p.y = as_plates_pick(&rng, half_y, h - half_y + 1e-3f);
        }
        float unlike = dataset_unlike(s, &p);
        if (i == 0 || unlike < least) {
            least = unlike;
            best = p;
        }
    }
    return best;
}

/* One pixel of the defect, seen at a place between its own pixels: light of each plane, and how much of it there is. */
static float dataset_sample(const dataset_state *state, const dataset_seat *seat, const float at[2], float light[3])
{
    const as_cut *cut = seat->cut;
    const size_t  w = seat->width, plane = w * seat->height;
    float         x = at[0], y = at[1], u = x - (float)cut->x, v = y - (float)cut->y;
    if (u < 0.0f || v < 0.0f || u >= (float)(cut->width - 1) || v >= (float)(cut->height - 1))
        return 0.0f;
    size_t         ix = (size_t)u, iy = (size_t)v;
    float          fx = u - (float)ix, fy = v - (float)iy;
    const uint8_t *a = cut->alpha + iy * cut->width + ix;
    float          top = as_paint_mix((float)a[0], (float)a[1], fx);
    float          alpha = as_paint_mix(top, as_paint_mix((float)a[cut->width], (float)a[cut->width + 1], fx), fy);
    for (uint32_t k = 0; alpha > 0.0f && k < seat->planes; k++) {
        const uint8_t *p = seat->bad->pixels + k * plane + (iy + cut->y) * w + ix + cut->x;
        float          upper = as_paint_mix(state->light[p[0]], state->light[p[1]], fx);
        light[k] = as_paint_mix(upper, as_paint_mix(state->light[p[w]], state->light[p[w + 1]], fx), fy);
    }
    return alpha / 255.0f;
}

typedef struct dataset_patch {
    const dataset_state *state;
    dataset_seat         seat;
    dataset_place        place;
    uint32_t             x0, y0, x1, y1; /* pixels that it can touch */
    float                severity;
} dataset_patch;

/* Where a pixel of the frame comes from. */
static void dataset_take_point(const dataset_place *o, float x, float y, float at[2])
{
    float dx = x - o->x, dy = y - o->y;
    float u = (dx * o->cos + dy * o->sin) / o->scale, v = (dy * o->cos - dx * o->sin) / o->scale;
    at[0] = o->from_x + (o->flip ? -u : u);
    at[1] = o->from_y + v;
}

static float dataset_patch_at(const dataset_patch *p, uint32_t x, uint32_t y, float light[3])
{
    float at[2];
    dataset_take_point(&p->place, (float)x, (float)y, at);
    return dataset_sample(p->state, &p->seat, at, light);
}

/* How much brighter it is around the new place than it was around the old one, of each plane. */
static void dataset_match(const dataset_patch *p, const float *light, float gain[3])
{
    size_t plane = (size_t)p->seat.width * p->seat.height, n = 0;
    float  sum[3] = {0}, unused[3];
    for (uint32_t y = p->y0; y < p->y1; y++)
        for (uint32_t x = p->x0; x < p->x1; x++) {
            float alpha = dataset_patch_at(p, x, y, unused);
            if (alpha <= 0.0f || alpha > 0.45f)
                continue;
            n++;
            for (uint32_t k = 0; k < p->seat.planes; k++)
                sum[k] += light[k * plane + (size_t)y * p->seat.width + x];
        }
    for (uint32_t k = 0; k < 3; k++) {
        float around = p->seat.cut->around[k];
        gain[k] = n && around > 1e-4f ? as_paint_clamp(sum[k] / (float)n / around, 0.4f, 2.5f) : 1.0f;
    }
}

static void dataset_lay(const dataset_patch *p, float *light)
{
    size_t plane = (size_t)p->seat.width * p->seat.height;
    float  gain[3], source[3];
    dataset_match(p, light, gain);
    for (uint32_t y = p->y0; y < p->y1; y++)
        for (uint32_t x = p->x0; x < p->x1; x++) {
            float alpha = dataset_patch_at(p, x, y, source);
            for (uint32_t k = 0; alpha > 0.0f && k < p->seat.planes; k++) {
                float *to = &light[k * plane + (size_t)y * p->seat.width + x];
                *to += (AS_MIN(source[k] * gain[k], 1.0f) - *to) * alpha * p->severity;
            }
        }
}

/* Defect k of the bad picture, as it comes to lie in the good one. */
static dataset_patch dataset_patch_of(const as_twin *twin, const dataset_part *part, const as_picture *good,
                                      const as_picture *bad, uint32_t k)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    const as_cut      *cut = &bad->cuts[k];
    float              w = (float)cfg->width, h = (float)cfg->height, x0 = w, y0 = h, x1 = 0.0f, y1 = 0.0f;
    dataset_patch      p = {.state = as_twin_state(twin),
                            .seat = {.good = good,
                                     .bad = bad,
                                     .cut = cut,
                                     .width = cfg->width,
                                     .height = cfg->height,
                                     .planes = as_twin_scene_of(twin)->pixel == AS_PIXEL_MONO8 ? 1 : 3},
                            .severity = dataset_severity(twin, part, k)};
    p.place = dataset_find_place(part, k, &p.seat);
    for (int i = 0; i < 4; i++) {
        float x, y;
        dataset_put_point(&p.place, (float)(cut->x + (i % 2 ? cut->width : 0)),
                          (float)(cut->y + (i / 2 ? cut->height : 0)), &x, &y);
        x0 = AS_MIN(x0, x);
        y0 = AS_MIN(y0, y);
        x1 = AS_MAX(x1, x);
        y1 = AS_MAX(y1, y);
    }
    p.x0 = (uint32_t)as_paint_clamp(x0 - 1.0f, 0.0f, w);
    p.y0 = (uint32_t)as_paint_clamp(y0 - 1.0f, 0.0f, h);
    p.x1 = (uint32_t)as_paint_clamp(x1 + 2.0f, 0.0f, w);
    p.y1 = (uint32_t)as_paint_clamp(y1 + 2.0f, 0.0f, h);
    return p;
}

static void dataset_compose(const as_twin *twin, const dataset_part *part, const as_picture *good,
                            const as_picture *bad, uint32_t shown, float *light, as_twin_truth *truth)
{
    for (uint32_t k = 0; k < bad->n_cuts; k++) {
        dataset_patch   p = dataset_patch_of(twin, part, good, bad, k);
        as_twin_finding finding = {.class = dataset_of(twin)->classes[part->class], .severity = p.severity};
        if (p.x1 > p.x0 && p.y1 > p.y0)
            memcpy(finding.box_px, (float[4]){(float)p.x0, (float)p.y0, (float)(p.x1 - p.x0), (float)(p.y1 - p.y0)},
                   sizeof finding.box_px);
        finding.size_mm =
            AS_MAX(p.seat.cut->core[2], p.seat.cut->core[3]) * p.place.scale / (float)as_twin_px_per_mm(twin);
        if ((shown >> k) & 1u)
            dataset_lay(&p, light);
        as_plates_tell(truth, &finding);
    }
}

/* What the user's mask marks, as far as it is laid in; nothing where the picture does not change by it. */
static void dataset_mark_patch(const dataset_patch *p, const as_picture *good, float *plane)
{
    const as_cut *cut = p->seat.cut;
    size_t        pixels = (size_t)p->seat.width * p->seat.height, n = 0, seen = 0;
    for (uint32_t y = p->y0; y < p->y1; y++)
        for (uint32_t x = p->x0; x < p->x1; x++) {
            float source[3], at[2], alpha = dataset_patch_at(p, x, y, source);
            dataset_take_point(&p->place, (float)x, (float)y, at);
            int32_t u = as_noise_floor(at[0] + 0.5f) - (int32_t)cut->x,
                    v = as_noise_floor(at[1] + 0.5f) - (int32_t)cut->y;
            if (alpha <= 0.0f || u < 0 || v < 0 || u >= (int32_t)cut->width || v >= (int32_t)cut->height ||
                !cut->marked[(size_t)v * cut->width + (size_t)u])
                continue;
            plane[(size_t)y * p->seat.width + x] = 1.0f;
            n++;
            for (uint32_t k = 0; k < p->seat.planes; k++) {
                float was = p->state->light[good->pixels[k * pixels + (size_t)y * p->seat.width + x]];
                if (fabsf(source[k] - was) * alpha * p->severity > 0.010f + 0.025f * was) {
                    seen++;
                    break;
                }
            }
        }
    if (seen * 50 < n)
        memset(plane, 0, pixels * sizeof *plane);
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

/* The pictures that a part is made of, held until dataset_let_go; NULL: there is none. */
typedef struct dataset_held {
    dataset_part      part;
    const as_picture *good, *bad;
} dataset_held;

static dataset_held dataset_hold(const as_twin *twin, const as_twin_shot *shot)
{
    const dataset_state  *state = as_twin_state(twin);
    const as_twin_folder *d = dataset_of(twin);
    dataset_held          pair = {.good = NULL};
    dataset_plan(twin, shot, &pair.part);
    if (pair.part.good < d->n_files)
        pair.good = as_pictures_hold(state->pictures, pair.part.good, d->first[0], d->first[1]);
    if (pair.part.defective)
        pair.bad =
            as_pictures_hold(state->pictures, pair.part.bad, d->first[pair.part.class], d->first[pair.part.class + 1]);
    return pair;
}

static void dataset_let_go(const as_twin *twin, const dataset_held *pair)
{
    const dataset_state *state = as_twin_state(twin);
    as_pictures_release(state->pictures, pair->good);
    as_pictures_release(state->pictures, pair->bad);
}

static void dataset_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *truth)
{
    const as_twin_cfg    *cfg = as_twin_cfg_of(twin);
    const as_twin_folder *d = dataset_of(twin);
    dataset_held          pair = dataset_hold(twin, shot);
    const as_picture     *good = pair.good, *bad = pair.bad;
    const as_picture     *base = good && (!bad || bad->n_cuts || !(shot->shown & 1u)) ? good : bad;
    dataset_show(twin, base, light);
    truth->recipe = dataset_recipes[0];
    truth->frame.known = base != NULL;
    truth->source = base ? d->files[base->file].relative : NULL;
    if (good && bad && bad->n_cuts) {
        dataset_compose(twin, &pair.part, good, bad, shot->shown, light, truth);
        truth->defect_source = d->files[bad->file].relative;
    } else if (bad && (bad->n_cuts || !d->files[bad->file].mask)) {
        /* Without a mask nobody knows where it is: all of the picture. With an empty one nothing is wrong with it. */
        as_twin_finding finding = {.class = d->classes[pair.part.class],
                                   .severity = 1.0f,
                                   .box_px = {0, 0, (float)cfg->width, (float)cfg->height},
                                   .size_mm = (float)(AS_MAX(cfg->width, cfg->height) / as_twin_px_per_mm(twin))};
        as_plates_tell(truth, &finding);
    }
    as_plates_sum_up(truth, d->classes[0]);
    dataset_let_go(twin, &pair);
}

static void dataset_mark(const as_twin *twin, const as_twin_shot *shot, size_t finding, float *plane)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    dataset_held       pair = dataset_hold(twin, shot);
    size_t             n = (size_t)cfg->width * cfg->height;
    const bool         laid = pair.good && pair.bad && finding < pair.bad->n_cuts;
    for (size_t i = 0; i < n; i++)
        plane[i] = laid ? 0.0f : 1.0f;
    if (laid) {
        const dataset_patch p = dataset_patch_of(twin, &pair.part, pair.good, pair.bad, (uint32_t)finding);
        dataset_mark_patch(&p, pair.good, plane);
    }
    dataset_let_go(twin, &pair);
}

static bool dataset_can_read(const as_twin_folder *d, as_pictures *pictures, uint32_t class, as_err *err)
{
    const size_t      first = d->first[class], end = d->first[class + 1];
    const as_picture *any = as_pictures_hold(pictures, first, first, end);
    const char       *relative = d->files[first].relative, *slash = strrchr(relative, '/');
    as_pictures_release(pictures, any);
    return any || AS_FAIL(err, AS_EFORMAT,
                          "none of the %zu pictures in '%s%s%.*s' can be read (class '%s'): mend them, or "
                          "remove them",
                          end - first, d->dir, slash ? "/" : "", slash ? (int)(slash - relative) : 0, relative,
                          d->classes[class]);
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
    /* A header may be right where nothing follows it: a class of nothing would be black, or never be seen. */
    const as_twin_folder *d = dataset_of(twin);
    for (uint32_t c = 0; c < d->n_classes; c++)
        if (d->first[c + 1] > d->first[c] && !dataset_can_read(d, state->pictures, c, err))
            return false;
    return true;
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
                               .mark = dataset_mark,
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
