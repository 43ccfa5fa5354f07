/* SPDX-License-Identifier: Apache-2.0 */
/* One frame of a twin: what the scene draws, through the conditions of that moment, to pixels and their truth. */
#include <math.h>

#include "twin/extent.h"
#include "twin/feret.h"
#include "twin/kernel.h"
#include "twin/person.h"
#include "twin/scan.h"

#define MASK_LEAST AS_TWIN_SEEN_LEAST
#define MASK_SHARE AS_TWIN_SEEN_SHARE

static size_t take_plane(const as_twin *twin)
{
    return (size_t)twin->cfg.width * twin->cfg.height;
}

static const as_twin *take_world(const as_twin *twin)
{
    return twin->world ? twin->world : twin;
}

/* Of what is drawn: with what lies beyond the picture. */
static size_t take_wide(const as_twin *twin)
{
    return take_plane(take_world(twin));
}

static uint32_t take_planes(const as_twin *twin)
{
    return twin->scene->pixel == AS_PIXEL_MONO8 ? 1 : 3;
}

/* What a frame is made in. */
typedef struct take_room {
    float   *drawn, *moved, *clean; /* planes: as drawn, as the lens shows them, the latter again without a defect */
    void    *exposure;
    uint8_t *inside;
    void    *extent;
} take_room;

static size_t take_align(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static take_room take_room_of(const as_twin *twin, void *scratch)
{
    size_t    floats = take_planes(twin) * take_wide(twin);
    take_room room = {.drawn = scratch, .moved = room.drawn + floats, .clean = room.moved + floats};
    room.exposure = room.clean + floats;
    room.inside = (uint8_t *)room.exposure + take_align(as_exposure_bytes(twin->cfg.width, twin->cfg.height));
    room.extent = room.inside + take_align(take_plane(twin));
    return room;
}

size_t as_twin_scratch_bytes(const as_twin *twin)
{
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE)
        return take_align(as_scan_bytes(twin)) + take_plane(twin); /* and one finding's pixels */
    return 3 * take_planes(twin) * take_wide(twin) * sizeof(float) +
           take_align(as_exposure_bytes(twin->cfg.width, twin->cfg.height)) + take_align(take_plane(twin)) +
           as_extent_bytes(twin->cfg.width, twin->cfg.height);
}

/* splitmix64's step (Steele, Lea and Flood 2014): neighbouring parts and views get unlike noise. */
static uint64_t take_noise_seed(uint64_t seed, uint64_t part, uint32_t view)
{
    uint64_t z = seed * 0x9e3779b97f4a7c15u + part * 0xbf58476d1ce4e5b9u + ((uint64_t)view + 1) * 0x94d049bb133111ebu;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Which recipe the part has by itself. */
static int32_t take_right_recipe(const as_twin *twin, uint64_t part, uint32_t view, float *planes)
{
    as_twin_truth      truth = {.recipe = ""};
    const as_twin_shot shot = {.part = part, .view = view, .recipe = -1};
    if (twin->recipe >= 0)
        return twin->recipe;
    twin->scene->draw(take_world(twin), &shot, planes, &truth);
    for (int32_t i = 0; twin->scene->recipes[i]; i++)
        if (strcmp(twin->scene->recipes[i], truth.recipe) == 0)
            return i;
    return 0;
}

/* planes: to draw in, where only a drawing tells. A wrong product is a wrong one: where the right one was named, the next. */
static as_twin_shot take_shot(const as_twin *twin, as_conditions *now, uint64_t part, uint32_t view, float *planes,
                              as_twin_truth *truth)
{
    int32_t      n = 0;
    as_twin_shot shot = {.part = part, .view = view, .recipe = twin->recipe, .shown = UINT32_MAX};
    if (now->recipe == AS_RECIPE_RIGHT)
        return shot;
    while (twin->scene->recipes[n])
        n++;
    int32_t right = take_right_recipe(twin, part, view, planes);
    shot.recipe = now->recipe == AS_RECIPE_OTHER || now->recipe == right ? (right + 1) % n : now->recipe;
    now->amounts[AS_FAULT_PRODUCT] = shot.recipe;
    truth->right_recipe = twin->scene->recipes[right];
    return shot;
}

static void take_draw_person(const as_twin *twin, const as_conditions *now, const as_twin_shot *shot, float *planes,
                             as_twin_truth *truth)
{
    if (!((now->faults >> AS_FAULT_PERSON) & 1u))
        return;
    const as_twin_cfg *cfg = &take_world(twin)->cfg;
    size_t             plane = take_wide(twin);
    bool               grey = take_planes(twin) == 1;
    as_canvas          canvas = {planes, grey ? NULL : planes + plane, grey ? NULL : planes + 2 * plane, cfg->width,
                                 cfg->height};
    as_person          person = as_person_at(&twin->cfg, shot->part, shot->view, now->amounts[AS_FAULT_PERSON]);
    person.x_px += (float)twin->frame.left;
    person.y_px += (float)twin->frame.top;
    as_person_draw(&person, &canvas);
    as_person_box(&person, &canvas, truth->face_px);
}

static void take_draw(const as_twin *twin, const as_conditions *now, const as_twin_shot *shot, float *planes,
                      as_twin_truth *truth)
{
    twin->scene->draw(take_world(twin), shot, planes, truth);
    take_draw_person(twin, now, shot, planes, truth);
}

/* Moves rows y0 up to y1 of the picture, of what was drawn in n planes, as the lens does; returns where they are then. */
static float *take_move(const as_twin *twin, const as_conditions *now, uint32_t n, float *planes, float *moved,
                        uint32_t y0, uint32_t y1)
{
    const as_twin_cfg *cfg = &take_world(twin)->cfg;
    const uint32_t     top = twin->frame.top;
    size_t             plane = take_wide(twin);
    if (as_warp_is_none(&now->warp))
        return planes;
    for (uint32_t c = 0; c < n; c++)
        as_warp_rows(&now->warp, cfg->width, cfg->height, y0 + top, y1 + top, planes + c * plane, moved + c * plane);
    return moved;
}

AS_TWIN_CLONES
static void take_sum(float *restrict r, const float *restrict g, const float *restrict b, const float share[3],
                     size_t n)
{
    float of_r = share[0], of_g = share[1], of_b = share[2];
    for (size_t i = 0; i < n; i++)
        r[i] = of_r * r[i] + of_g * g[i] + of_b * b[i];
}

/* How the colours of what was drawn become what is exposed. */
typedef struct take_sight {
    uint32_t n;        /* planes that come of it: 1 or 3 */
    bool     sums;     /* three planes become one, */
    float    share[3]; /* each with so much of it */
} take_sight;

/* A sensor without filters before its pixels sees all colours together. What lens and lamp do to light they do to each colour
 * alike but for the lamp's level, so that the sum may stand before them: a third of the work. */
static take_sight take_sight_of(const as_twin *twin, as_conditions *now)
{
    const float share[3] = {0.30f, 0.45f, 0.25f};
    take_sight  sight = {.n = take_planes(twin)};
    float       add = 0.0f;
    if (sight.n == 1 || as_develop_is_colour(twin->cfg.pixel))
        return sight;
    for (int c = 0; c < 3; c++) {
        sight.share[c] = share[c] * now->level[c];
        add += share[c] * now->add[c];
        now->level[c] = 1.0f;
    }
    for (int c = 0; c < 3; c++)
        now->add[c] = add;
    sight.n = 1;
    sight.sums = true;
    return sight;
}

static void take_draw_seen(const as_twin *twin, const as_conditions *now, const take_sight *sight,
                           const as_twin_shot *shot, float *planes, as_twin_truth *truth)
{
    const size_t plane = take_wide(twin);
    take_draw(twin, now, shot, planes, truth);
    if (sight->sums)
        take_sum(planes, planes + plane, planes + 2 * plane, sight->share, plane);
}

/* A box as drawn to where the lens shows it and a rolling shutter leaves it; with what it is blurred by on each side. What
 * reaches the picture's edge reaches it still: what lies beyond is shown as the edge. */
static void take_move_box(const as_twin *twin, const as_conditions *now, double more, float box[4])
{
    const as_twin_cfg *cfg = &take_world(twin)->cfg;
    double             w = twin->cfg.width, h = twin->cfg.height, x0 = w, y0 = h, x1 = 0, y1 = 0;
    bool               left = box[0] <= 0.0f, top = box[1] <= 0.0f, right = (double)(box[0] + box[2]) >= cfg->width;
    bool               bottom = (double)(box[1] + box[3]) >= cfg->height;
    if (box[2] <= 0.0f || box[3] <= 0.0f)
        return;
    for (int i = 0; i < 4; i++) {
        double x = (double)(box[0] + (i % 2 ? box[2] : 0.0f)), y = (double)(box[1] + (i / 2 ? box[3] : 0.0f));
        x -= twin->frame.left;
        y -= twin->frame.top;
        if (!as_warp_is_none(&now->warp))
            as_warp_point(&now->warp, twin->cfg.width, twin->cfg.height, &x, &y);
        x -= now->skew_px * AS_MIN(AS_MAX(y, 0.0), h - 1.0);
        x0 = AS_MIN(x0, x - more);
        y0 = AS_MIN(y0, y - more);
        x1 = AS_MAX(x1, x + more);
        y1 = AS_MAX(y1, y + more);
    }
    x0 = left ? 0.0 : AS_MIN(AS_MAX(x0, 0.0), w);
    y0 = top ? 0.0 : AS_MIN(AS_MAX(y0, 0.0), h);
    x1 = right ? w : AS_MAX(AS_MIN(x1, w), 0.0);
    y1 = bottom ? h : AS_MAX(AS_MIN(y1, h), 0.0);
    const float moved[4] = {(float)x0, (float)y0, (float)(x1 - x0), (float)(y1 - y0)};
    for (int i = 0; i < 4; i++)
        box[i] = x1 > x0 && y1 > y0 ? moved[i] : 0.0f;
}

static as_exposure take_exposure(const as_twin *twin, const as_conditions *now, const as_lens *lens, uint32_t n,
                                 uint64_t seed)
{
    const as_twin_cfg *cfg = &twin->cfg;
    const bool         veiled = now->veil.dirt > 0 || now->veil.print > 0 || now->veil.haze > 0;
    double             full = twin->info ? twin->imager.cfg.full_well_e / twin->imager.cfg.quantum_ratio : 0.0;
    as_exposure        exposure = {
               .width = cfg->width,
               .height = cfg->height,
               .light_width = take_world(twin)->cfg.width,
               .light_height = take_world(twin)->cfg.height,
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
    return exposure;
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
    const as_twin_frame *f = &twin->frame;
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE) {
        double line = (double)(part - 1) * twin->cfg.height;
        as_conditions_of_line(&twin->cfg, twin->script, twin->disc_px, part,
                              as_web_s(as_web_at(&twin->web, line), line), ret);
        return;
    }
    as_conditions_at(&twin->cfg, twin->script, twin->px_per_mm, twin->disc_px, twin->line_s, part, view, ret);
    ret->warp.left = f->left;
    ret->warp.top = f->top;
    ret->warp.right = f->right;
    ret->warp.bottom = f->bottom;
}

static as_lens_cfg take_lens(const as_twin *twin, const as_conditions *now)
{
    return (as_lens_cfg){.width = twin->cfg.width,
                         .height = twin->cfg.height,
                         .motion_px = now->motion_px,
                         .spread_px = twin->spread_px,
                         .airy_px = twin->airy_px,
                         .disc_px = now->disc_px,
                         .skew_px = now->skew_px,
                         .left = twin->frame.left,
                         .top = twin->frame.top,
                         .right = twin->frame.right,
                         .bottom = twin->frame.bottom,
                         .vignette_ratio = twin->cfg.vignette_ratio};
}

/* --- the truth: what a defect changes of what the sensor sees --- */

/* One part's defects, each found by drawing it alone and none. */
typedef struct take_search {
    const as_twin       *twin;
    const as_conditions *now;
    as_twin_shot         shot;
    as_lens              lens;
    as_exposure          exposure;
    as_signal            signal; /* of the part without a defect */
    take_room            room;
    take_sight           sight;
    uint32_t             y0, y1; /* rows that are looked at */
    as_twin_truth       *truth;
    const as_mask_sink  *sink; /* or NULL */
} take_search;

/* From row y on. */
static as_lens_run take_run(const take_search *s, const float *light, uint32_t n, uint32_t y)
{
    uint32_t    half = (uint32_t)s->lens.n_y / 2;
    as_lens_run run = as_lens_begin(&s->lens, light, n, s->room.exposure);
    run.next_out = y;
    run.next_in = y > half ? y - half : 0;
    return run;
}

static float *take_row(const take_search *s)
{
    return (float *)s->room.exposure + as_lens_floats(&s->lens, 3);
}

/* What is seen of rows y0 up to y1 depends on those that the blur reaches. */
static float *take_move_for(const take_search *s, uint32_t n, float *light, float *to, uint32_t y0, uint32_t y1)
{
    uint32_t half = (uint32_t)s->lens.n_y / 2, h = s->twin->cfg.height;
    return take_move(s->twin, s->now, n, light, to, y0 > half ? y0 - half : 0, AS_MIN(y1 + half, h));
}

/* Where a defect may be seen: within its box and a little around it, for a broken piece casts another shadow, and moves what
 * hangs on it. */
static as_extent take_area(const take_search *s, const float box[4])
{
    float where[4], w = (float)s->twin->cfg.width, h = (float)s->twin->cfg.height;
    memcpy(where, box, sizeof where);
    if (box[2] <= 0.0f || box[3] <= 0.0f)
        return (as_extent){.n = 0};
    double more = 3.0 + 0.1 * (double)AS_MAX(box[2], box[3]);
    take_move_box(s->twin, s->now, more + 0.5 * AS_MAX(s->now->motion_px, s->now->disc_px), where);
    if (where[2] <= 0.0f || where[3] <= 0.0f) /* moved out of the picture */
        return (as_extent){.n = 0};
    return (as_extent){.x0 = (uint32_t)where[0],
                       .y0 = (uint32_t)where[1],
                       .x1 = (uint32_t)AS_MIN(where[0] + where[2] + 1.0f, w),
                       .y1 = (uint32_t)AS_MIN(where[1] + where[3] + 1.0f, h)};
}

AS_TWIN_CLONES
static void take_differ(const float *restrict with, const float *restrict without, size_t n, uint8_t *restrict inside)
{
    for (size_t i = 0; i < n; i++)
        inside[i] |= fabsf(with[i] - without[i]) > MASK_LEAST + MASK_SHARE * without[i];
}

/* The part without any defect, as the sensor sees it, in room.clean: in place where it is moved, since a row is written after
 * the last one that needs it was read. */
static void take_draw_clean(take_search *s)
{
    const as_twin *twin = s->twin;
    as_twin_truth  unused = {.n_findings = 0};
    as_twin_shot   shot = s->shot;
    size_t         w = twin->cfg.width, plane = take_wide(twin);
    uint32_t       n = s->sight.n;
    float         *row = take_row(s), *light = s->room.moved;
    shot.shown = 0;
    take_draw_seen(twin, s->now, &s->sight, &shot, light, &unused);
    s->signal = as_exposure_signal(&s->exposure, light);
    light = take_move_for(s, n, light, s->room.clean, s->y0, s->y1);
    as_lens_run run = take_run(s, light, n, s->y0);
    for (uint32_t y = s->y0; y < s->y1; y++) {
        as_lens_row(&run, row);
        as_exposure_signal_row(&s->exposure, &s->signal, y, row);
        for (uint32_t c = 0; c < n; c++)
            memcpy(s->room.clean + c * plane + y * w, row + c * w, w * sizeof *row);
    }
}

static void take_compare(const take_search *s, const float *light, const as_extent *area)
{
    size_t      w = s->twin->cfg.width, plane = take_wide(s->twin), n = area->x1 - area->x0;
    uint32_t    planes = s->sight.n;
    float      *row = take_row(s);
    as_lens_run run = take_run(s, light, planes, area->y0);
    for (uint32_t y = area->y0; y < area->y1; y++) {
        as_lens_row(&run, row);
        as_exposure_signal_row(&s->exposure, &s->signal, y, row);
        for (uint32_t c = 0; c < planes; c++)
            take_differ(row + c * w + area->x0, s->room.clean + c * plane + y * w + area->x0, n,
                        s->room.inside + y * w + area->x0);
    }
}

/* Where somebody else said which pixels it is: as they come to lie. */
static void take_marked(const take_search *s, size_t k, const as_extent *area)
{
    size_t  w = s->twin->cfg.width;
    float  *row = take_row(s), *light = s->room.moved;
    as_lens even = s->lens;
    even.cfg.vignette_ratio = 0.0;
    s->twin->scene->mark(take_world(s->twin), &s->shot, k, light);
    light = take_move_for(s, 1, light, s->room.clean, area->y0, area->y1);
    as_lens_run run = take_run(s, light, 1, area->y0);
    run.lens = &even;
    for (uint32_t y = area->y0; y < area->y1; y++) {
        as_lens_row(&run, row);
        for (size_t x = area->x0; x < area->x1; x++)
            s->room.inside[y * w + x] = row[x] >= 0.5f;
    }
}

static void take_measure(const take_search *s, const as_extent *e, as_twin_finding *finding)
{
    double most, least;
    as_feret_of_mask(s->room.inside, s->twin->cfg.width, e->y0, e->y1, s->room.extent, &most, &least);
    finding->extent_mm = (float)(most / s->twin->px_per_mm);
    finding->narrow_mm = (float)(least / s->twin->px_per_mm);
}

/* Whether any pixel changes: what was marked by somebody else is all of it, or nothing. */
static bool take_is_seen(const take_search *s, const float *with, const as_extent *area)
{
    const size_t all = take_plane(s->twin);
    take_compare(s, with, area);
    const bool seen = memchr(s->room.inside, 1, all) != NULL;
    memset(s->room.inside, 0, all);
    return seen;
}

/* with: what was drawn with that finding alone; NULL: nobody need look whether it is seen. */
static bool take_tell(const take_search *s, size_t k, const float *with, as_err *err)
{
    const as_twin_cfg *cfg = &s->twin->cfg;
    as_twin_finding   *finding = &s->truth->findings[k];
    const as_extent    area = take_area(s, finding->box_px);
    memset(s->room.inside, 0, take_plane(s->twin));
    as_extent e = {.n = 0};
    if (s->twin->scene->mark) {
        if (!with || take_is_seen(s, with, &area))
            take_marked(s, k, &area);
        e = as_extent_of(s->room.inside, cfg->width, cfg->height);
    } else {
        take_compare(s, with, &area);
        e = as_extent_paint(s->room.inside, cfg->width, cfg->height, s->room.extent);
    }
    const float box[4] = {(float)e.x0, (float)e.y0, (float)(e.x1 - e.x0), (float)(e.y1 - e.y0)};
    finding->clipped = e.cut || area.x1 == 0;
    finding->area_px = e.n;
    take_measure(s, &e, finding);
    memcpy(finding->box_px, box, sizeof box);
    return !s->sink || s->sink->take(s->sink->ctx, k, s->room.inside, e.n, err);
}

/* Finding i alone as the lens shows it. to: to draw in, where the whole part is not it. */
static const float *take_draw_with(const take_search *s, size_t i, float *to)
{
    as_twin_truth unused = {.n_findings = 0};
    as_twin_shot  shot = s->shot;
    float        *with = s->room.drawn;
    shot.shown = 1u << i;
    if (s->truth->n_findings > 1)
        take_draw_seen(s->twin, s->now, &s->sight, &shot, with = to, &unused);
    return take_move_for(s, s->sight.n, with, s->room.moved, s->y0, s->y1);
}

/* The rows that any of the findings may be seen in. */
static void take_rows(take_search *s)
{
    for (size_t i = 0; i < s->truth->n_findings; i++) {
        as_extent area = take_area(s, s->truth->findings[i].box_px);
        s->y0 = i == 0 ? area.y0 : AS_MIN(s->y0, area.y0);
        s->y1 = i == 0 ? area.y1 : AS_MAX(s->y1, area.y1);
    }
}

/* only: of this finding alone; SIZE_MAX: of them all. Returns whether room.drawn still holds the whole part. What others marked
 * is looked at where the station may hide it, and works in the planes that hold the part without it. */
static bool take_find(take_search *s, size_t only, bool *ret_whole, as_err *err)
{
    const size_t n = s->truth->n_findings;
    const bool   still = as_warp_is_none(&s->now->warp), marks = s->twin->scene->mark != NULL;
    const bool   looks = !marks || !as_exposure_signal(&s->exposure, s->room.drawn).usual;
    bool         ok = true;
    *ret_whole = n == 1 || still || !looks;
    take_rows(s);
    if (!marks)
        take_draw_clean(s);
    for (size_t i = 0; ok && i < n; i++) {
        if (only != SIZE_MAX && i != only)
            continue;
        if (marks && looks)
            take_draw_clean(s);
        ok = take_tell(s, i, looks ? take_draw_with(s, i, still ? s->room.moved : s->room.drawn) : NULL, err);
    }
    return ok;
}

static bool take_search_begin(take_search *s, as_err *err)
{
    as_lens_cfg lens = take_lens(s->twin, s->now);
    s->exposure = take_exposure(s->twin, s->now, NULL, s->sight.n, 0);
    return as_lens_init(&s->lens, &lens, err);
}

/* --- a frame --- */

static bool take_frame(const as_twin *twin, uint64_t part, uint32_t view, const take_room *room, as_image *image,
                       as_twin_truth *truth, const uint16_t **ret_raw, const as_mask_sink *sink, as_err *err)
{
    as_conditions now;
    bool          whole = true;
    as_lens       lens;
    take_conditions(twin, part, view, &now);
    as_lens_cfg blur = take_lens(twin, &now);
    *truth = (as_twin_truth){.frame = {.known = true, .faults = now.faults},
                             .part = part,
                             .seconds = now.seconds,
                             .px_per_mm = twin->px_per_mm,
                             .recipe = ""};
    as_twin_tell_station(twin, &now, 0.0, &truth->station);
    take_search s = {.twin = twin, .now = &now, .room = *room, .truth = truth, .sink = sink};
    s.sight = take_sight_of(twin, &now);
    s.shot = take_shot(twin, &now, part, view, room->drawn, truth);
    if (!as_lens_init(&lens, &blur, err) || !take_search_begin(&s, err))
        return false;
    take_draw_seen(twin, &now, &s.sight, &s.shot, room->drawn, truth);
    if (truth->n_findings > 0) {
        if (!take_find(&s, SIZE_MAX, &whole, err))
            return false;
        if (!whole) {
            as_twin_truth unused = {.n_findings = 0};
            take_draw_seen(twin, &now, &s.sight, &s.shot, room->drawn, &unused);
        }
        memcpy(truth->frame.box_px, truth->findings[as_twin_worst(truth)].box_px, sizeof truth->frame.box_px);
    }
    const float      *light = take_move(twin, &now, s.sight.n, room->drawn, room->moved, 0, twin->cfg.height);
    const as_exposure exposure =
        take_exposure(twin, &now, &lens, s.sight.n, take_noise_seed(twin->cfg.seed, part, view));
    as_exposure_take(&exposure, light, room->exposure, image, ret_raw);
    take_move_box(twin, &now, 0.0, truth->face_px);
    memcpy(truth->amounts, now.amounts, sizeof truth->amounts);
    return true;
}

static bool take_lines(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                       as_twin_truth *ret_truth, const uint16_t **ret_raw, const as_mask_sink *sink, as_err *err)
{
    uint8_t *inside = (uint8_t *)scratch + take_align(as_scan_bytes(twin));
    size_t   n;
    bool     ok = as_scan_look(twin, part, view, scratch, image, ret_truth, ret_raw, err);
    for (size_t i = 0; ok && sink && i < ret_truth->n_findings; i++)
        ok = as_scan_mask(twin, part, i, scratch, inside, &n, err) && sink->take(sink->ctx, i, inside, n, err);
    return ok;
}

bool as_twin_look_at(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                     as_twin_truth *ret_truth, const uint16_t **ret_raw, const as_mask_sink *sink, as_err *err)
{
    as_twin_truth   truth;
    const take_room room = take_room_of(twin, scratch);
    if (!take_check(twin, part, image, err))
        return false;
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE)
        return take_lines(twin, part, view, scratch, image, ret_truth, ret_raw, sink, err);
    if (!take_frame(twin, part, view, &room, image, &truth, ret_raw, sink, err))
        return false;
    *ret_truth = truth;
    return true;
}

bool as_twin_look(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                  as_twin_truth *ret_truth, const uint16_t **ret_raw, as_err *err)
{
    return as_twin_look_at(twin, part, view, scratch, image, ret_truth, ret_raw, NULL, err);
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

typedef struct take_copy {
    uint8_t *inside;
    size_t   bytes, n;
} take_copy;

static bool take_copy_mask(void *ctx, size_t finding, const uint8_t *inside, size_t n, as_err *err)
{
    take_copy *copy = ctx;
    (void)finding;
    (void)err;
    memcpy(copy->inside, inside, copy->bytes);
    copy->n = n;
    return true;
}

bool as_twin_mask(const as_twin *twin, uint64_t part, uint32_t view, size_t finding, void *scratch, uint8_t *inside,
                  size_t *ret_n, as_err *err)
{
    as_conditions      now;
    take_copy          copy = {.inside = inside, .bytes = take_plane(twin)};
    const as_mask_sink sink = {take_copy_mask, &copy};
    as_twin_truth      truth = {.n_findings = 0};
    bool               unused;
    if (!take_check(twin, part, NULL, err))
        return false;
    if (twin->cfg.scan == AS_TWIN_SCAN_LINE)
        return as_scan_mask(twin, part, finding, scratch, inside, ret_n, err);
    take_conditions(twin, part, view, &now);
    take_search s = {.twin = twin, .now = &now, .room = take_room_of(twin, scratch), .truth = &truth, .sink = &sink};
    s.sight = take_sight_of(twin, &now);
    s.shot = take_shot(twin, &now, part, view, s.room.drawn, &truth);
    if (!take_search_begin(&s, err))
        return false;
    take_draw_seen(twin, &now, &s.sight, &s.shot, s.room.drawn, &truth);
    if (finding >= truth.n_findings)
        return AS_FAIL(err, AS_ENOTFOUND, "part %llu has %zu findings, none of number %zu", (unsigned long long)part,
                       truth.n_findings, finding);
    if (!take_find(&s, finding, &unused, err))
        return false;
    *ret_n = copy.n;
    return true;
}

size_t as_twin_worst(const as_twin_truth *truth)
{
    size_t worst = 0;
    for (size_t i = 1; i < truth->n_findings; i++)
        if (truth->findings[i].severity > truth->findings[worst].severity)
            worst = i;
    return worst;
}

uint32_t as_twin_faults_at(const as_twin *twin, uint64_t part, double amounts[AS_FAULT_COUNT])
{
    as_conditions now;
    take_conditions(twin, part, 0, &now);
    memcpy(amounts, now.amounts, sizeof now.amounts);
    return now.faults;
}
