/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/scan.h"

#include <math.h>

#include "twin/feret.h"
#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/plates.h"

enum { SCAN_RING = AS_LENS_MAX_Y, SCAN_MOST_SUB = 64 };

#define SCAN_SHAKE_HZ   25.0 /* of what vibrates: a motor at 1,500 turns a minute */
#define SCAN_LEAST_RATE 1.0
#define SCAN_MOST_RATE  1e6
#define SCAN_SLACK      (1.0 + 1e-9)

/* --- set up --- */

bool as_twin_web_knows(as_fault fault)
{
    return fault != AS_FAULT_MOVED && fault != AS_FAULT_JITTER && fault != AS_FAULT_PERSON;
}

static bool scan_check_script(const as_script *script, as_err *err)
{
    for (size_t i = 0; script && i < script->n; i++) {
        as_fault fault = script->steps[i].fault;
        if (!as_twin_web_knows(fault))
            return AS_FAIL(err, AS_EINVAL,
                           "a line-scan camera of the twin knows no fault '%s': take it out of the script",
                           as_fault_info_of(fault)->name);
    }
    return true;
}

static bool scan_check(const as_twin *twin, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    if (!twin->scene->web)
        return AS_FAIL(err, AS_EINVAL, "scene '%s' is no web: a line-scan camera can look at fabric and film",
                       twin->scene->name);
    if (!(cfg->belt_mm_per_s > 0.0))
        return AS_FAIL(err, AS_EINVAL, "a web that stands still makes no picture in a line-scan camera: set belt");
    if (twin->info && as_develop_is_colour(cfg->pixel))
        return AS_FAIL(err, AS_EINVAL, "a line of the twin's sensors has no colours: Mono8 to Mono16, not %s",
                       as_pixel_name(cfg->pixel));
    return scan_check_script(twin->script, err);
}

/* With an encoder a line sensor leaves out the pulses that come faster than it takes lines. */
static double scan_most_rate(const as_twin *twin)
{
    const bool line = twin->info && as_chip_is_line(twin->info);
    return line ? AS_MIN(twin->info->frames_per_s, SCAN_MOST_RATE) : SCAN_MOST_RATE;
}

static bool scan_check_rate(const as_twin *twin, double lines_per_s, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    if (!(lines_per_s >= SCAN_LEAST_RATE && lines_per_s <= SCAN_MOST_RATE) ||
        !(cfg->line_rate >= SCAN_LEAST_RATE && cfg->line_rate <= SCAN_MOST_RATE))
        return AS_FAIL(err, AS_EINVAL, "%g lines a second are not within %g to %g: set line_rate or belt", lines_per_s,
                       SCAN_LEAST_RATE, SCAN_MOST_RATE);
    if (twin->info && as_chip_is_line(twin->info) && !cfg->encoder && lines_per_s > twin->info->frames_per_s)
        return AS_FAIL(err, AS_EINVAL, "%g lines a second are more than the %g of '%s': set line_rate or belt",
                       lines_per_s, twin->info->frames_per_s, twin->info->name);
    if (cfg->exposure_us * 1e-6 * lines_per_s > SCAN_SLACK)
        return AS_FAIL(err, AS_EINVAL,
                       "an exposure of %g us does not fit into a line of %.4g us: at most exposure=%.4g, or %s=%.4g",
                       cfg->exposure_us, 1e6 / lines_per_s, 1e6 / lines_per_s, cfg->encoder ? "belt" : "line_rate",
                       (cfg->encoder ? 1.0 / twin->px_per_mm : 1.0) * 1e6 / cfg->exposure_us);
    return true;
}

bool as_twin_set_up_scan(as_twin *twin, bool own_exposure, as_err *err)
{
    as_twin_cfg *cfg = &twin->cfg;
    if (cfg->scan != AS_TWIN_SCAN_LINE) {
        cfg->scan = AS_TWIN_SCAN_AREA;
        return (cfg->line_rate < 0.0 && !cfg->encoder) ||
               AS_FAIL(err, AS_EINVAL, "line_rate and trigger=encoder are of a line-scan camera: add scan=line");
    }
    if (!scan_check(twin, err))
        return false;
    const double square = cfg->belt_mm_per_s * twin->px_per_mm; /* lines a second, or pulses of the encoder */
    double       lines = cfg->encoder || cfg->line_rate < 0.0 ? square : cfg->line_rate;
    if (own_exposure)
        cfg->exposure_us = twin->usual_exposure_us = AS_MIN(cfg->exposure_us, 1e6 / lines);
    twin->light_ratio = cfg->exposure_us / twin->scene->defaults.exposure_us * twin->lens_light;
    if (cfg->line_rate < 0.0)
        cfg->line_rate = cfg->encoder ? AS_MIN(1e6 / cfg->exposure_us, scan_most_rate(twin)) : square;
    if (!scan_check_rate(twin, lines, err))
        return false;
    as_web_cfg web = {cfg->belt_mm_per_s, cfg->line_rate, cfg->encoder, 1.0 / twin->px_per_mm, cfg->height};
    cfg->parts_per_s = AS_MIN(lines / cfg->height, 1e4);
    return as_web_init(&twin->web, &web, twin->script, err);
}

/* --- one line --- */

typedef struct scan_line {
    as_conditions now;
    double        mm, s, rows_per_px, way_mm; /* way: of the web while it is exposed */
    uint32_t      n_sub;                      /* places along the way that are drawn */
    uint32_t      recipe;
} scan_line;

static uint32_t scan_recipe(const as_twin *twin, const as_conditions *now)
{
    int32_t  n = 0;
    uint32_t chance = as_noise_mix((uint32_t)twin->cfg.seed ^ as_noise_mix((uint32_t)(twin->cfg.seed >> 32) + 5u));
    while (twin->scene->recipes[n])
        n++;
    if (now->recipe >= 0)
        return (uint32_t)(now->recipe % n);
    return twin->recipe >= 0 ? (uint32_t)twin->recipe : chance % (uint32_t)n;
}

static scan_line scan_line_at(const as_twin *twin, int64_t line)
{
    const as_twin_cfg  *cfg = &twin->cfg;
    const as_web_piece *piece = as_web_at(&twin->web, (double)line);
    uint64_t            part = line < 0 ? 1 : (uint64_t)line / cfg->height + 1;
    double              speed = piece->mm_per_line / piece->s_per_line;
    scan_line           l = {.mm = as_web_mm(piece, (double)line), .s = as_web_s(piece, (double)line)};
    l.rows_per_px = 1.0 / (twin->px_per_mm * piece->mm_per_line);
    l.way_mm = AS_MIN(speed * cfg->exposure_us * 1e-6, piece->mm_per_line);
    l.n_sub = (uint32_t)AS_MIN(AS_MAX(ceil(l.way_mm * twin->px_per_mm - 1e-6), 1.0), (double)SCAN_MOST_SUB);
    as_conditions_of_line(cfg, twin->script, twin->disc_px, part, l.s, &l.now);
    l.recipe = scan_recipe(twin, &l.now);
    l.now.warp.shift_x = l.now.warp.shift_y = 0.0;
    if ((l.now.faults >> AS_FAULT_VIBRATION) & 1u) {
        float  s, c;
        double turns = l.s * SCAN_SHAKE_HZ;
        as_noise_sincos(6.283185307179586 * (turns - floor(turns)), &s, &c);
        l.now.warp.shift_x = l.now.amounts[AS_FAULT_VIBRATION] * (double)s;
    }
    return l;
}

/* What of the blur across is blur along: the same way on the web, in lines; and the way of the web between two places that
 * are drawn, a box, by its variance. What is beyond the most that can be shown is cut to it. */
static bool scan_lens_along(const as_twin *twin, const scan_line *l, as_lens *ret, as_err *err)
{
    double      step_px = l->way_mm * twin->px_per_mm / l->n_sub, spread = twin->spread_px;
    double      rows = sqrt(spread * spread + step_px * step_px / 12.0) * l->rows_per_px;
    as_lens_cfg cfg = {.width = twin->cfg.width,
                       .height = 1,
                       .spread_px = AS_MIN(rows, AS_LENS_MAX_SPREAD_PX),
                       .airy_px = AS_MIN(twin->airy_px * l->rows_per_px, AS_LENS_MAX_AIRY_PX),
                       .disc_px = AS_MIN(l->now.disc_px * l->rows_per_px, AS_LENS_MAX_DISC_PX)};
    return as_lens_init(ret, &cfg, err);
}

static bool scan_lens_across(const as_twin *twin, const scan_line *l, as_lens *ret, as_err *err)
{
    as_lens_cfg cfg = {.width = twin->cfg.width,
                       .height = 1,
                       .spread_px = twin->spread_px,
                       .airy_px = twin->airy_px,
                       .disc_px = l->now.disc_px,
                       .vignette_ratio = twin->cfg.vignette_ratio};
    return as_lens_init(ret, &cfg, err);
}

/* Its own for each line of the web; see take_noise_seed for splitmix64's step. */
static uint64_t scan_noise_seed(uint64_t seed, int64_t line, uint32_t view)
{
    uint64_t z =
        seed * 0x9e3779b97f4a7c15u + (uint64_t)line * 0xbf58476d1ce4e5b9u + ((uint64_t)view + 1) * 0x94d049bb133111ebu;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static as_exposure scan_exposure(const as_twin *twin, const as_lens *lens, const scan_line *l, uint64_t seed)
{
    const as_twin_cfg   *cfg = &twin->cfg;
    const as_conditions *now = &l->now;
    const bool           veiled = now->veil.dirt > 0 || now->veil.print > 0 || now->veil.haze > 0;
    double               full = twin->info ? twin->imager.cfg.full_well_e / twin->imager.cfg.quantum_ratio : 0.0;
    return (as_exposure){
        .width = cfg->width,
        .height = 1,
        .light_width = cfg->width,
        .light_height = 1,
        .n_planes = 1,
        .lens = lens,
        .veil = veiled ? &twin->veil : NULL,
        .veil_amount = now->veil,
        .veil_row = twin->veil.height / 2,
        .flicker = now->flicker,
        .level = {(now->level[0] + now->level[1] + now->level[2]) / 3.0f},
        .add = {(now->add[0] + now->add[1] + now->add[2]) / 3.0f},
        .sensor = twin->info ? NULL : &twin->sensor,
        .exposure_ratio = twin->light_ratio,
        .imager = twin->info ? &twin->imager : NULL,
        .develop = &twin->develop,
        .shot = {.photons = AS_TWIN_WHITE_RATIO * full * twin->light_ratio,
                 .exposure_s = cfg->exposure_us * 1e-6,
                 .temperature_c = now->temperature_c,
                 .seed = seed},
    };
}

/* --- lines as drawn --- */

typedef struct scan_run {
    const as_twin    *twin;
    void             *plan, *exposing;
    float            *ring, *line, *spare, *sub, *other;
    uint8_t          *inside; /* of a line */
    uint16_t         *raw;
    double            first_mm;
    int64_t           first, next; /* line of the frame; the next to be drawn */
    as_twin_web_mark  marks[AS_TWIN_MAX_FINDINGS];
    as_twin_web_touch touches[AS_TWIN_MAX_FINDINGS]; /* of the line drawn last */
    size_t            n_marks;
    float             boxes[AS_TWIN_MAX_FINDINGS][4]; /* x0, y0, x1, y1; y1 < y0: not seen */
    size_t            areas[AS_TWIN_MAX_FINDINGS];
    as_feret          spans[AS_TWIN_MAX_FINDINGS]; /* mm across and along the web */
    as_lens           along, across;
    double            along_of[4], across_of; /* what they were made for */
} scan_run;

static size_t scan_round(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

size_t as_scan_bytes(const as_twin *twin)
{
    size_t w = twin->cfg.width;
    return scan_round(twin->scene->web->plan_bytes) + (SCAN_RING + 4) * scan_round(w * sizeof(float)) +
           scan_round(as_exposure_bytes(twin->cfg.width, 1)) + scan_round(w * twin->cfg.height * sizeof(uint16_t)) +
           AS_TWIN_MAX_FINDINGS * 2 * (size_t)twin->cfg.height * sizeof(as_feret_point) + w + 64;
}

/* Half of the lines that blur into the first ones: the belt's speed may change within them. */
static bool scan_before(const as_twin *twin, int64_t first, int64_t *ret, as_err *err)
{
    *ret = first;
    for (int64_t i = 0; i <= SCAN_RING / 2; i++) {
        as_lens   lens;
        scan_line l = scan_line_at(twin, first + i);
        if (!scan_lens_along(twin, &l, &lens, err))
            return false;
        *ret = AS_MIN(*ret, first + i - lens.n_y / 2);
    }
    return true;
}

static bool scan_begin(const as_twin *twin, uint64_t part, void *scratch, scan_run *run, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    size_t             row = scan_round(cfg->width * sizeof(float)) / sizeof(float);
    char              *at = scratch;
    *run = (scan_run){.twin = twin, .plan = at, .first = (int64_t)((part - 1) * cfg->height), .across_of = -1.0};
    at += scan_round(twin->scene->web->plan_bytes);
    run->ring = (float *)(void *)at;
    run->line = run->ring + SCAN_RING * row;
    run->spare = run->line + row;
    run->sub = run->spare + row;
    run->other = run->sub + row;
    at = (char *)(run->other + row);
    run->exposing = at;
    run->raw = (uint16_t *)(void *)(at + scan_round(as_exposure_bytes(cfg->width, 1)));
    if (!scan_before(twin, run->first, &run->next, err))
        return false;
    int64_t   after = run->first + cfg->height + SCAN_RING / 2;
    scan_line low = scan_line_at(twin, run->next), high = scan_line_at(twin, after);
    run->n_marks = twin->scene->web->plan(twin, low.mm - low.way_mm, high.mm + high.way_mm, run->plan, run->marks);
    as_feret_point *points =
        (as_feret_point *)(void *)((char *)run->raw + scan_round((size_t)cfg->width * cfg->height * sizeof *run->raw));
    run->inside = (uint8_t *)(points + AS_TWIN_MAX_FINDINGS * 2 * (size_t)cfg->height);
    run->first_mm = scan_line_at(twin, run->first).mm;
    for (size_t i = 0; i < run->n_marks; i++) {
        run->boxes[i][0] = run->boxes[i][1] = 1e9f, run->boxes[i][2] = run->boxes[i][3] = -1.0f, run->areas[i] = 0;
        run->spans[i] = as_feret_begin(points + i * 2 * cfg->height, cfg->height);
    }
    return true;
}

AS_TWIN_CLONES
static void scan_add(const float *restrict in, float weight, bool first, size_t w, float *restrict out)
{
    if (first)
        for (size_t x = 0; x < w; x++)
            out[x] = weight * in[x];
    else
        for (size_t x = 0; x < w; x++)
            out[x] += weight * in[x];
}

/* A line moved as the lens and what shakes move it; beyond the ends the last pixel goes on. */
static void scan_warp(const as_warp *warp, uint32_t w, const float *in, float *out)
{
    float mid = ((float)w - 1.0f) * 0.5f, k = (float)(-warp->distortion / (0.25 * (double)w * (double)w));
    float top = (float)(w - 1) - 0.001f;
    for (uint32_t i = 0; i < w; i++) {
        float u = (float)i - mid, x = u * (1.0f + k * u * u) + mid - (float)warp->shift_x;
        x = x < 0.0f ? 0.0f : (x > top ? top : x);
        int32_t at = (int32_t)x;
        out[i] = in[at] + (x - (float)at) * (in[at + 1] - in[at]);
    }
}

static float scan_warp_x(const as_warp *warp, uint32_t w, float x)
{
    float mid = ((float)w - 1.0f) * 0.5f, u = x - mid + (float)warp->shift_x, r = 2.0f * u / (float)w;
    return AS_MIN(AS_MAX(mid + u * (1.0f + (float)warp->distortion * r * r), 0.0f), (float)w);
}

/* One line's light into out, with these defects; its touches into the run. */
static void scan_draw(scan_run *run, const scan_line *l, uint32_t shown, float *out)
{
    const as_twin *twin = run->twin;
    const uint32_t w = twin->cfg.width;
    const bool     still = l->now.warp.distortion == 0.0 && l->now.warp.shift_x == 0.0;
    float         *sum = still ? out : run->sub;
    for (size_t i = 0; i < run->n_marks; i++)
        run->touches[i] = (as_twin_web_touch){INT32_MAX, -1};
    for (uint32_t i = 0; i < l->n_sub; i++) {
        double mm = l->mm + l->way_mm * (((double)i + 0.5) / l->n_sub - 0.5);
        float *to = l->n_sub == 1 ? sum : run->other;
        twin->scene->web->line(twin, run->plan, l->recipe, mm, shown, to, run->touches);
        if (to != sum)
            scan_add(to, 1.0f / (float)l->n_sub, i == 0, w, sum);
    }
    if (!still)
        scan_warp(&l->now.warp, w, sum, out);
}

AS_TWIN_CLONES
static size_t scan_differ(const float *restrict with, const float *restrict without, size_t w, uint8_t *restrict inside)
{
    size_t n = 0;
    for (size_t x = 0; x < w; x++) {
        inside[x] = fabsf(with[x] - without[x]) > AS_TWIN_SEEN_LEAST + AS_TWIN_SEEN_SHARE * without[x];
        n += inside[x];
    }
    return n;
}

/* Where that defect alone changes what the sensor sees of a line; in how many pixels. Draws in line and spare. */
static size_t scan_seen(scan_run *run, const scan_line *l, size_t mark, uint8_t *inside)
{
    const as_exposure exposure = scan_exposure(run->twin, NULL, l, 0);
    scan_draw(run, l, 0, run->line);
    scan_draw(run, l, 1u << mark, run->spare);
    const as_signal signal = as_exposure_signal(&exposure, run->line);
    as_exposure_signal_row(&exposure, &signal, 0, run->line);
    as_exposure_signal_row(&exposure, &signal, 0, run->spare);
    return scan_differ(run->spare, run->line, run->twin->cfg.width, inside);
}

/* What is touched of a line, and hidden by a lamp too dark or too bright, is not touched. */
static void scan_hide(scan_run *run, const scan_line *l)
{
    as_twin_web_touch touches[AS_TWIN_MAX_FINDINGS];
    bool              any = false;
    for (size_t i = 0; i < run->n_marks; i++)
        any = any || run->touches[i].x0 <= run->touches[i].x1;
    if (!any)
        return;
    const as_exposure exposure = scan_exposure(run->twin, NULL, l, 0);
    if (as_exposure_signal(&exposure, run->line).usual)
        return;
    memcpy(touches, run->touches, sizeof touches);
    for (size_t i = 0; i < run->n_marks; i++)
        if (touches[i].x0 <= touches[i].x1 && scan_seen(run, l, i, run->inside) == 0)
            touches[i] = (as_twin_web_touch){INT32_MAX, -1};
    memcpy(run->touches, touches, sizeof touches);
}

/* The line drawn last. Where its light may hide what is there, the line is drawn again. */
static void scan_note(scan_run *run, const scan_line *l, int64_t line)
{
    const uint32_t w = run->twin->cfg.width;
    const float    px_per_mm = (float)run->twin->px_per_mm;
    scan_hide(run, l);
    for (size_t i = 0; i < run->n_marks; i++) {
        const as_twin_web_touch *touch = &run->touches[i];
        float                   *box = run->boxes[i], y = (float)(line - run->first);
        if (touch->x0 > touch->x1 || line < run->first || line >= run->first + run->twin->cfg.height)
            continue;
        float x0 = scan_warp_x(&l->now.warp, w, (float)touch->x0),
              x1 = scan_warp_x(&l->now.warp, w, (float)touch->x1 + 1.0f);
        box[0] = AS_MIN(box[0], x0);
        box[1] = AS_MIN(box[1], y);
        box[2] = AS_MAX(box[2], x1);
        box[3] = AS_MAX(box[3], y + 1.0f);
        run->areas[i] += (size_t)(touch->x1 - touch->x0) + 1;
        as_feret_row(&run->spans[i], (x0 + 0.5f) / px_per_mm, (x1 - 0.5f) / px_per_mm, (float)(l->mm - run->first_mm));
    }
}

static float *scan_ring(const scan_run *run, int64_t line)
{
    size_t row = scan_round(run->twin->cfg.width * sizeof(float)) / sizeof(float);
    return run->ring + (size_t)((line % SCAN_RING + SCAN_RING) % SCAN_RING) * row;
}

/* --- lines as seen --- */

static bool scan_lenses(scan_run *run, const scan_line *l, as_err *err)
{
    const double along[4] = {l->rows_per_px, l->way_mm, l->n_sub, l->now.disc_px};
    bool         same = true;
    for (int i = 0; i < 4; i++) {
        same = same && along[i] <= run->along_of[i] && along[i] >= run->along_of[i];
        run->along_of[i] = along[i];
    }
    if (!same && !scan_lens_along(run->twin, l, &run->along, err))
        return false;
    if (l->now.disc_px >= run->across_of && l->now.disc_px <= run->across_of)
        return true;
    run->across_of = l->now.disc_px;
    return scan_lens_across(run->twin, l, &run->across, err);
}

static void scan_expose(const scan_run *run, const scan_line *l, int64_t line, uint32_t view, as_image *image)
{
    const as_twin_cfg *cfg = &run->twin->cfg;
    const uint32_t     y = (uint32_t)(line - run->first);
    const uint16_t    *raw = NULL;
    as_image           one = *image;
    const as_exposure  exposure = scan_exposure(run->twin, &run->across, l, scan_noise_seed(cfg->seed, line, view));
    one.height = 1;
    one.data += (size_t)y * one.stride_bytes;
    as_exposure_take(&exposure, run->line, run->exposing, &one, &raw);
    if (raw)
        memcpy(run->raw + (size_t)y * cfg->width, raw, cfg->width * sizeof *raw);
}

static bool scan_make(scan_run *run, uint32_t view, as_image *image, as_err *err)
{
    const int64_t end = run->first + run->twin->cfg.height;
    for (int64_t line = run->first; line < end; line++) {
        const scan_line l = scan_line_at(run->twin, line);
        if (!scan_lenses(run, &l, err))
            return false;
        const int half = run->along.n_y / 2;
        for (; run->next <= line + half; run->next++) {
            const scan_line drawn = scan_line_at(run->twin, run->next);
            scan_draw(run, &drawn, UINT32_MAX, scan_ring(run, run->next));
            scan_note(run, &drawn, run->next);
        }
        for (int k = -half; k <= half; k++)
            scan_add(scan_ring(run, line + k), run->along.y[k + half], k == -half, run->twin->cfg.width, run->line);
        scan_expose(run, &l, line, view, image);
    }
    return true;
}

/* --- truth --- */

/* Whether a defect is the frame's to tell: some of it is seen there, or it cannot be seen and its middle lies there. */
static bool scan_tells(const scan_run *run, size_t i, const double web_mm[2])
{
    return run->boxes[i][3] > run->boxes[i][1] ||
           (run->marks[i].web_mm >= web_mm[0] && run->marks[i].web_mm < web_mm[1]);
}

/* From the middle of a pixel to that of another, and one more. */
static void scan_measure(const scan_run *run, size_t i, as_twin_finding *f)
{
    double most, least, pixel = 1.0 / run->twin->px_per_mm;
    as_feret_end(&run->spans[i], &most, &least);
    f->extent_mm = (float)(most + pixel);
    f->narrow_mm = (float)(least + pixel);
}

static void scan_tell(const scan_run *run, as_twin_truth *truth)
{
    const as_twin *twin = run->twin;
    const float    w = (float)twin->cfg.width, h = (float)twin->cfg.height;
    for (size_t i = 0; i < run->n_marks; i++) {
        const as_twin_web_mark *mark = &run->marks[i];
        const float            *box = run->boxes[i];
        if (!scan_tells(run, i, truth->web_mm))
            continue;
        as_twin_on_web  *on_web = &truth->on_web[truth->n_findings];
        as_twin_finding *f = &truth->findings[truth->n_findings++];
        *f = (as_twin_finding){.class = mark->class, .severity = mark->severity, .size_mm = mark->size_mm};
        *on_web = (as_twin_on_web){.number = mark->number, .mm = mark->web_mm};
        if (box[3] <= box[1])
            continue;
        f->box_px[0] = box[0];
        f->box_px[1] = box[1];
        f->box_px[2] = box[2] - box[0];
        f->box_px[3] = box[3] - box[1];
        on_web->cut = box[1] < 0.5f || box[3] > h - 0.5f;
        f->area_px = run->areas[i];
        scan_measure(run, i, f);
        f->clipped = on_web->cut || box[0] < 0.5f || box[2] > w - 0.5f;
    }
    as_plates_sum_up(truth, twin->scene->classes[0]);
}

static void scan_where(const as_twin *twin, uint64_t part, double web_mm[2])
{
    for (int i = 0; i < 2; i++) {
        double line = (double)(part - 1 + (uint64_t)i) * twin->cfg.height;
        web_mm[i] = as_web_mm(as_web_at(&twin->web, line), line);
    }
}

bool as_scan_look(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                  as_twin_truth *ret_truth, const uint16_t **ret_raw, as_err *err)
{
    scan_run run;
    if (!scan_begin(twin, part, scratch, &run, err) || !scan_make(&run, view, image, err))
        return false;
    const scan_line l = scan_line_at(twin, run.first);
    as_twin_truth   truth = {.frame = {.known = true, .faults = l.now.faults},
                             .part = part,
                             .seconds = l.s,
                             .px_per_mm = twin->px_per_mm,
                             .recipe = twin->scene->recipes[l.recipe]};
    memcpy(truth.amounts, l.now.amounts, sizeof truth.amounts);
    as_twin_tell_station(twin, &l.now, as_web_at(&twin->web, (double)run.first)->mm_per_line, &truth.station);
    scan_where(twin, part, truth.web_mm);
    scan_tell(&run, &truth);
    *ret_truth = truth;
    if (ret_raw)
        *ret_raw = twin->info ? run.raw : NULL;
    return true;
}

static bool scan_is_near(const as_twin_web_mark *mark, const scan_line *l)
{
    return fabs(l->mm - mark->web_mm) <= (double)mark->reach_mm + l->way_mm;
}

/* Which of the marks is the frame's finding of that number: those that as_scan_look tells, in their order. */
static bool scan_find(scan_run *run, uint64_t part, size_t finding, size_t *ret)
{
    double web_mm[2];
    size_t n = 0;
    for (int64_t line = run->first; line < run->first + run->twin->cfg.height; line++) {
        const scan_line l = scan_line_at(run->twin, line);
        bool            near = false;
        for (size_t i = 0; i < run->n_marks; i++)
            near = near || scan_is_near(&run->marks[i], &l);
        if (!near)
            continue;
        scan_draw(run, &l, UINT32_MAX, run->line);
        scan_note(run, &l, line);
    }
    scan_where(run->twin, part, web_mm);
    for (*ret = 0; *ret < run->n_marks; ++*ret)
        if (scan_tells(run, *ret, web_mm) && n++ == finding)
            return true;
    return false;
}

bool as_scan_mask(const as_twin *twin, uint64_t part, size_t finding, void *scratch, uint8_t *inside, size_t *ret_n,
                  as_err *err)
{
    const size_t w = twin->cfg.width;
    scan_run     run;
    size_t       mark, found = 0;
    if (!scan_begin(twin, part, scratch, &run, err))
        return false;
    if (!scan_find(&run, part, finding, &mark))
        return AS_FAIL(err, AS_ENOTFOUND, "part %llu has no finding of number %zu", (unsigned long long)part, finding);
    memset(inside, 0, w * twin->cfg.height);
    for (uint32_t y = 0; y < twin->cfg.height; y++) {
        const scan_line l = scan_line_at(twin, run.first + y);
        if (scan_is_near(&run.marks[mark], &l))
            found += scan_seen(&run, &l, mark, inside + y * w);
    }
    *ret_n = found;
    return true;
}
