/* SPDX-License-Identifier: Apache-2.0 */
/* Filled bottles on a conveyor, in colour before a bright panel: four products; level, cap, label and glass go wrong. */
#include "twin/bottle.h"
#include "twin/noise.h"
#include "twin/plates.h"

static const char *const bottles_names[] = {"good",      "low_fill",      "over_fill",   "missing_cap",
                                            "askew_cap", "missing_label", "askew_label", "torn_label",
                                            "crack",     "inclusion",     NULL};
static const char *const bottles_recipes[] = {"water", "juice", "beer", "oil", NULL};

const bottle_kind as_bottle_kinds[BOTTLE_KINDS] = {
    {.name = "water",
     .brand = "LUMO",
     .small = "STILL WATER",
     .height = 168,
     .radius = 29,
     .wall = 0.025f,
     .fill = 139,
     .knots = {{0, 26}, {4, 29}, {104, 29}, {110, 27.5f}, {142, 13}, {153, 11}, {168, 11}},
     .rib_from = 12,
     .rib_to = 44.5f,
     .cap_radius = 13.2f,
     .cap_height = 15,
     .cap_ribs = 44,
     .label_low = 54,
     .label_high = 100,
     .label_half = 1.15f,
     .glass = {0.05f, 0.03f, 0.025f},
     .liquid = {0.05f, 0.02f, 0.01f},
     .cap = 0x2a6fd6,
     .paper = 0xf3f6fa,
     .ink = 0x173a7a,
     .accent = 0x4aa3e0},
    {.name = "juice",
     .brand = "KVITA",
     .small = "SEA BUCKTHORN",
     .height = 146,
     .radius = 32,
     .wall = 0.07f,
     .fill = 120,
     .knots = {{0, 30}, {5, 32}, {88, 32}, {92, 31.4f}, {126, 20}, {132, 19}, {146, 19}},
     .cap_radius = 21.5f,
     .cap_height = 14,
     .cap_ribs = 60,
     .label_low = 20,
     .label_high = 78,
     .label_half = 1.05f,
     .glass = {0.06f, 0.04f, 0.06f},
     .liquid = {0.12f, 0.95f, 5.5f},
     .cap = 0xd8d5c8,
     .paper = 0xfbf3df,
     .ink = 0x5a2a10,
     .accent = 0xe98a1e},
    {.name = "beer",
     .brand = "BREN",
     .small = "AMBER ALE",
     .height = 166,
     .radius = 31,
     .wall = 0.08f,
     .fill = 131,
     .foam = 7,
     .knots = {{0, 29}, {5, 31}, {84, 31}, {90, 30.4f}, {128, 14}, {160, 12.4f}, {166, 12.8f}},
     .cap_radius = 13.4f,
     .cap_height = 6.5f,
     .cap_flare = 2.2f,
     .cap_ribs = 11,
     .label_low = 22,
     .label_high = 78,
     .label_half = 1.10f,
     .glass = {0.75f, 2.1f, 6.5f},
     .liquid = {0.10f, 0.30f, 0.95f},
     .cap = 0xc9a23a,
     .paper = 0xefe2c0,
     .ink = 0x2b1c10,
     .accent = 0x9c2b22},
    {.name = "oil",
     .brand = "AVENA",
     .small = "COLD PRESSED",
     .height = 164,
     .radius = 26,
     .wall = 0.07f,
     .fill = 130,
     .knots = {{0, 25}, {3, 26}, {108, 26}, {112, 25.4f}, {126, 12.5f}, {140, 11.5f}, {164, 11.5f}},
     .cap_radius = 13.0f,
     .cap_height = 20,
     .cap_ribs = 50,
     .label_low = 30,
     .label_high = 92,
     .label_half = 1.20f,
     .glass = {1.7f, 0.40f, 1.5f},
     .liquid = {0.18f, 0.14f, 1.5f},
     .cap = 0x202224,
     .paper = 0xf4efdf,
     .ink = 0x2c3a16,
     .accent = 0x7d8b2e},
};

static bool bottles_prepare(const as_twin *twin, void *priv, as_err *err)
{
    return as_bottles_prepare(twin, priv, err);
}

static void bottles_release(void *priv)
{
    as_bottles_release(priv);
}

/* --- what chance decides --- */

static void bottles_plan_glass(const bottle_kind *kind, as_rng *rng, float strong, bottle_defect *d)
{
    float low = kind->label_high + 5.0f, high = AS_MIN(kind->fill, kind->height - kind->cap_height) - 3.0f;
    d->y = as_plates_pick(rng, low, AS_MAX(high, low + 4.0f));
    d->x = as_bottle_radius(kind, d->y) * as_plates_pick(rng, -0.55f, 0.55f);
    if (d->class == BOTTLE_CRACK) {
        d->size = 5.0f + 22.0f * strong * as_plates_pick(rng, 0.7f, 1.1f);
        d->angle = 1.5707963f + as_plates_pick(rng, -0.7f, 0.7f);
        d->amount = 0.85f * strong;
    } else {
        d->size = 0.8f + 3.2f * strong * as_plates_pick(rng, 0.7f, 1.2f);
        d->angle = 0.0f;
        d->amount = strong;
    }
}

static void bottles_plan_defect(const bottle_kind *kind, const as_twin_cfg *cfg, as_rng *rng, float severity,
                                bottle_defect *d)
{
    float strong = 1.0f - (1.0f - severity) * (1.0f - severity), side, spread = as_plates_pick(rng, 0.8f, 1.15f);
    *d = (bottle_defect){.class = (bottle_class)(1 + as_plates_choose(rng, BOTTLE_CLASSES - 1)), .severity = severity};
    if (cfg->max_severity < 1.0 && (d->class == BOTTLE_NO_CAP || d->class == BOTTLE_NO_LABEL))
        d->class ++; /* there is no being a little missing: it sits askew */
    d->seed = (uint32_t)as_rng_u64(rng);
    d->side = as_plates_choose(rng, 2) ? 1 : -1;
    side = (float)d->side;
    switch (d->class) {
    case BOTTLE_LOW: d->amount = -26.0f * severity * spread; break;
    case BOTTLE_OVER:
        d->amount = (kind->height - kind->cap_height + 1.5f - kind->fill) * severity * AS_MIN(spread, 1.0f);
        break;
    case BOTTLE_NO_CAP:
    case BOTTLE_NO_LABEL: d->severity = 1.0f; break;
    case BOTTLE_CAP:
        d->angle = side * 0.30f * severity * spread;
        d->amount = fabsf(d->angle) * kind->cap_radius * 0.55f;
        break;
    case BOTTLE_LABEL:
        d->angle = side * 0.24f * severity * spread;
        d->amount = side * -7.0f * severity * spread;
        break;
    case BOTTLE_TORN:
        d->angle = (as_plates_choose(rng, 2) ? 1.0f : -1.0f) * as_plates_pick(rng, 0.5f, 1.1f);
        d->amount = (3.0f + 30.0f * strong) * strong * spread;
        break;
    default: bottles_plan_glass(kind, rng, strong, d); break;
    }
    as_noise_sincos((double)d->angle, &d->sin, &d->cos);
}

/* Level, cap, label, glass: what is wrong with one is not wrong with it in two ways. */
static int bottles_group(bottle_class class)
{
    return class <= BOTTLE_OVER ? 0 : class <= BOTTLE_CAP ? 1 : class <= BOTTLE_TORN ? 2 : 3;
}

static void bottles_plan(const as_twin *twin, const as_twin_shot *shot, bottle_part *part)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    as_rng             rng = as_rng_stream(cfg->seed, shot->part), fate = as_rng_stream(~cfg->seed, shot->part);
    as_pose            pose;
    *part = (bottle_part){.seed = (uint32_t)as_rng_u64(&rng)};
    part->kind = as_plates_choose(&rng, BOTTLE_KINDS);
    if (shot->recipe >= 0)
        part->kind = (uint32_t)shot->recipe;
    const bottle_kind *kind = &as_bottle_kinds[part->kind];
    as_plates_pose(twin, shot, &rng, 0.0f, &pose);
    part->x_px = pose.x_px;
    part->px_per_mm = pose.px_per_mm;
    part->base_px = BOTTLE_BASE * (float)cfg->height + pose.px_per_mm * as_plates_pick(&rng, 1.5f, 3.0f);
    part->belt = as_plates_choose(&rng, BOTTLE_SPAN_PX);
    part->lean = as_plates_pick(&rng, -0.008f, 0.008f);
    part->light = as_plates_pick(&rng, 0.94f, 1.06f) * (shot->view % 2 ? 1.01f : 1.0f);
    part->fill = kind->fill + as_plates_pick(&rng, -1.2f, 1.2f);
    part->turn = as_plates_pick(&rng, -0.22f, 0.22f) + 0.02f * (float)(shot->view % 16u);
    part->label_y = as_plates_pick(&rng, -0.7f, 0.7f);
    part->label_s = as_plates_pick(&rng, -0.006f, 0.006f);
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
        return;
    part->n_defects = 1u + (as_plates_choose(&fate, 6) == 0);
    for (uint32_t i = 0; i < part->n_defects; i++)
        bottles_plan_defect(kind, cfg, &fate, as_plates_severity(cfg, &fate), &part->defects[i]);
    if (part->n_defects == 2 && bottles_group(part->defects[0].class) == bottles_group(part->defects[1].class))
        part->n_defects = 1;
}

/* --- what is told --- */

/* What a defect can touch: left, top, right, bottom in mm, heights downwards from the base (so negative). */
static void bottles_extent(const bottle_part *part, const bottle_defect *d, float rect[4])
{
    const bottle_kind *kind = &as_bottle_kinds[part->kind];
    float half_label = AS_MIN(kind->label_half + 0.25f, 1.5707963f), s, c, cap = kind->cap_radius + kind->cap_flare;
    as_noise_sincos((double)half_label, &s, &c);
    float label = kind->radius * s + 0.5f,
          tall = 0.5f * (kind->label_high - kind->label_low) + fabsf(part->label_s) * label;
    float mid = 0.5f * (kind->label_low + kind->label_high) + part->label_y, extra = 1.4f;
    float low = part->fill, high = part->fill, half = label;
    switch (d->class) {
    case BOTTLE_LOW:
    case BOTTLE_OVER:
        low += AS_MIN(d->amount, 0.0f) - extra;
        high += AS_MAX(d->amount, 0.0f) + extra + kind->foam;
        half = as_bottle_radius(kind, low) + 0.5f;
        break;
    case BOTTLE_NO_CAP:
    case BOTTLE_CAP:
        half = cap * d->cos + kind->cap_height * fabsf(d->sin) + 0.5f;
        low = kind->height + 0.7f - kind->cap_height - cap * fabsf(d->sin);
        high = kind->height + 1.7f + d->amount + cap * fabsf(d->sin);
        break;
    case BOTTLE_LABEL:
        low = mid + AS_MIN(d->amount, 0.0f) - tall - fabsf(d->sin) * label;
        high = mid + AS_MAX(d->amount, 0.0f) + tall + fabsf(d->sin) * label;
        break;
    default:
        low = mid - tall - 0.5f;
        high = mid + tall + 0.5f;
        break;
    }
    rect[0] = -half;
    rect[1] = -high;
    rect[2] = half;
    rect[3] = -low;
    if (d->class == BOTTLE_TORN) { /* no further from the corner than the tear can reach */
        float deep = d->amount + 3.4f, across = AS_MIN(deep / AS_MAX(d->cos, 0.2f), 2.0f * label),
              down = AS_MIN(deep / AS_MAX(fabsf(d->sin), 0.2f), 2.0f * tall);
        rect[d->side > 0 ? 0 : 2] = d->side > 0 ? half - across : across - half;
        rect[d->sin > 0.0f ? 1 : 3] = d->sin > 0.0f ? -low - down : down - high;
    }
}

static float bottles_size(const bottle_kind *kind, const bottle_defect *d)
{
    switch (d->class) {
    case BOTTLE_NO_CAP:
    case BOTTLE_CAP: return 2.0f * (kind->cap_radius + kind->cap_flare);
    case BOTTLE_NO_LABEL:
    case BOTTLE_LABEL: return 2.0f * kind->label_half * kind->radius;
    case BOTTLE_CRACK:
    case BOTTLE_INCLUSION: return d->size;
    default: return fabsf(d->amount);
    }
}

static void bottles_tell(const bottle_part *part, const bottle_defect *d, const as_canvas *canvas, as_twin_truth *truth)
{
    const bottle_kind *kind = &as_bottle_kinds[part->kind];
    as_twin_finding    finding = {
           .class = bottles_names[d->class], .severity = d->severity, .size_mm = bottles_size(kind, d)};
    as_pose pose = {part->x_px, part->base_px, 0.0f, 1.0f, part->px_per_mm};
    float   rect[4], half = 0.5f * d->size + 0.6f, x = 0.0f, y = 0.0f, sin = 0.0f, cos = 1.0f;
    bottles_extent(part, d, rect);
    if (d->class >= BOTTLE_CRACK) {
        float wide = d->class == BOTTLE_CRACK ? 2.4f + 0.35f * d->size : half + 0.5f * d->size;
        x = d->x;
        y = -d->y;
        sin = d->sin;
        cos = d->cos;
        rect[0] = d->class == BOTTLE_CRACK ? -half : -wide;
        rect[2] = -rect[0];
        rect[1] = d->class == BOTTLE_CRACK && d->side > 0 ? -2.2f : -wide;
        rect[3] = d->class == BOTTLE_CRACK && d->side < 0 ? 2.2f : wide;
    }
    as_plates_box(&pose, canvas, x, y, sin, cos, rect, finding.box_px);
    as_plates_tell(truth, &finding);
}

static void bottles_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *truth)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    size_t             plane = (size_t)cfg->width * cfg->height;
    as_canvas          canvas = {light, light + plane, light + 2 * plane, cfg->width, cfg->height};
    bottle_part        part;
    bottles_plan(twin, shot, &part);
    as_bottle_draw(as_twin_state(twin), &part, shot->shown, &canvas);
    truth->recipe = bottles_recipes[part.kind];
    float fill = part.fill;
    for (uint32_t i = 0; i < part.n_defects; i++) {
        bottles_tell(&part, &part.defects[i], &canvas, truth);
        fill += part.defects[i].class <= BOTTLE_OVER ? part.defects[i].amount : 0.0f;
    }
    truth->measure = (as_twin_measure){"fill_mm", (double)fill};
    as_plates_sum_up(truth, bottles_names[BOTTLE_GOOD]);
}

const as_twin_scene as_twin_bottles = {
    .name = "bottles",
    .summary = "filled bottles in colour: level, cap, label and glass",
    .classes = bottles_names,
    .recipes = bottles_recipes,
    .pixel = AS_PIXEL_RGB8,
    .width = 640,
    .height = 480,
    .px_per_mm = 2.4,
    .tall = true,
    .defaults = {.belt_mm_per_s = 300,
                 .exposure_us = 200,
                 .defect_share = 0.4,
                 .min_severity = 0.3,
                 .gain_e_per_dn = 40,
                 .read_noise_e = 8},
    .state_bytes = sizeof(as_bottles),
    .prepare = bottles_prepare,
    .release = bottles_release,
    .draw = bottles_draw,
};
