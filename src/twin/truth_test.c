/* SPDX-License-Identifier: Apache-2.0 */
/* The truth follows the picture: what differs between a part and the same part without its defects is what the masks say,
 * whatever moved, blurred or sheared it on its way, and boxes are those of the masks. */
#include <math.h>

#include "twin/conditions.h"
#include "twin/sheet.h"
#include "twin/twin_rig.h"

enum { WIDTH = 640, HEIGHT = 480, MANY = WIDTH * HEIGHT, DIFFERS = 10, NEAR_PX = 3 };

typedef struct pair {
    twin_rig with, without;
    uint8_t *mask, *all;
} pair;

static pair pair_open(const char *scene, as_twin_cfg cfg)
{
    pair p = {.mask = malloc(MANY), .all = malloc(MANY)};
    assert_true(p.mask && p.all);
    cfg.width = WIDTH;
    cfg.height = HEIGHT;
    cfg.seed = 3;
    cfg.min_severity = 0.6;
    cfg.defect_share = 1;
    p.with = twin_rig_open(scene, &cfg);
    cfg.defect_share = 0;
    p.without = twin_rig_open(scene, &cfg);
    return p;
}

static void pair_close(pair *p)
{
    twin_rig_close(&p->with);
    twin_rig_close(&p->without);
    free(p->mask);
    free(p->all);
}

static bool pair_differs(const pair *p, size_t x, size_t y)
{
    size_t         step = p->with.image.pixel == AS_PIXEL_MONO8 ? 1 : 3;
    const uint8_t *a = p->with.image.data + y * p->with.image.stride_bytes + step * x;
    const uint8_t *b = p->without.image.data + y * p->without.image.stride_bytes + step * x;
    int            most = 0;
    for (size_t k = 0; k < step; k++)
        most = AS_MAX(most, abs(a[k] - b[k]));
    return most > DIFFERS;
}

static bool pair_is_near(const uint8_t *mask, size_t x, size_t y)
{
    size_t x0 = x > NEAR_PX ? x - NEAR_PX : 0, y0 = y > NEAR_PX ? y - NEAR_PX : 0;
    for (size_t v = y0; v <= AS_MIN(y + NEAR_PX, HEIGHT - 1u); v++)
        if (memchr(mask + v * WIDTH + x0, 1, AS_MIN(x + NEAR_PX + 1, (size_t)WIDTH) - x0))
            return true;
    return false;
}

/* All masks of a part in one, each within its box and up to its edges. */
static void pair_masks(pair *p, const char *what, uint64_t part)
{
    const as_twin_truth truth = *twin_rig_look(&p->with, part, 0);
    memset(p->all, 0, MANY);
    for (size_t k = 0; k < truth.n_findings; k++) {
        as_err       err = AS_ERR_NONE;
        size_t       n = 0, low_x = WIDTH, low_y = HEIGHT, high_x = 0, high_y = 0;
        const float *box = truth.findings[k].box_px;
        if (!as_twin_mask(p->with.twin, part, 0, k, p->with.scratch, p->mask, &n, &err))
            fail_msg("%s", err.text);
        for (size_t i = 0; i < MANY; i++) {
            p->all[i] |= p->mask[i];
            if (!p->mask[i])
                continue;
            low_x = AS_MIN(low_x, i % WIDTH);
            high_x = AS_MAX(high_x, i % WIDTH + 1);
            low_y = AS_MIN(low_y, i / WIDTH);
            high_y = AS_MAX(high_y, i / WIDTH + 1);
        }
        const float tight[4] = {(float)low_x, (float)low_y, (float)high_x - (float)low_x, (float)high_y - (float)low_y};
        for (int i = 0; i < 4; i++)
            if (n ? box[i] != tight[i] : box[i] != 0.0f)
                fail_msg("%s, part %d, %s: box %g %g %g %g, of its mask %g %g %g %g", what, (int)part,
                         truth.findings[k].class, (double)box[0], (double)box[1], (double)box[2], (double)box[3],
                         (double)tight[0], (double)tight[1], (double)tight[2], (double)tight[3]);
    }
    (void)twin_rig_look(&p->with, part, 0); /* the mask was made in its scratch */
}

static void pair_check(const char *what, const char *scene, const as_twin_cfg *cfg)
{
    pair   p = pair_open(scene, *cfg);
    size_t all = 0, near = 0;
    for (uint64_t part = 1; part <= 4; part++) {
        pair_masks(&p, what, part);
        (void)twin_rig_look(&p.without, part, 0);
        for (size_t y = 0; y < HEIGHT; y++)
            for (size_t x = 0; x < WIDTH; x++) {
                if (!pair_differs(&p, x, y))
                    continue;
                all++;
                near += pair_is_near(p.all, x, y);
            }
    }
    if (all < 50 || near * 100 < all * 97)
        fail_msg("%s, %s: %zu of %zu pixels that differ are within the masks", scene, what, near, all);
    pair_close(&p);
}

static as_twin_cfg truth_cfg(const char *sensor, double belt, double exposure)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.sensor = sensor;
    cfg.belt_mm_per_s = belt;
    cfg.exposure_us = exposure;
    return cfg;
}

static void truth_follows_the_shutter(void **state)
{
    (void)state;
    as_twin_cfg cfg = truth_cfg("rolling", 600, 100);
    cfg.light = 2;
    pair_check("rolling shutter", "pcb", &cfg);
    cfg.sensor = "imx250";
    pair_check("global shutter", "pcb", &cfg);
    cfg = as_twin_cfg_default();
    cfg.sensor = "imx178";
    pair_check("rolling shutter", "fabric", &cfg);
}

static void truth_follows_the_belt(void **state)
{
    (void)state;
    as_twin_cfg cfg = truth_cfg(NULL, 3000, 400);
    cfg.read_noise_e = 0;
    pair_check("a fast belt", "metal", &cfg);
    pair_check("a fast belt", "bottles", &cfg);
}

static void truth_follows_the_camera(void **state)
{
    (void)state;
    static const as_script_step steps[] = {
        {.fault = AS_FAULT_MOVED, .from = 1, .until = 99, .amount = 15},
        {.fault = AS_FAULT_VIBRATION, .from = 1, .until = 99, .amount = 15},
        {.fault = AS_FAULT_JITTER, .from = 1, .until = 99, .amount = 8},
        {.fault = AS_FAULT_FOCUS, .from = 1, .until = 99, .amount = 12},
    };
    for (size_t i = 0; i < AS_COUNT(steps); i++) {
        as_script   script = {.n = 1, .steps = {steps[i]}};
        as_twin_cfg cfg = as_twin_cfg_default();
        cfg.script = &script;
        pair_check(as_fault_info_of(steps[i].fault)->name, "metal", &cfg);
    }
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.distortion = -0.2;
    pair_check("distortion", "pcb", &cfg);
}

/* All at once, where each step could hide what another one does. */
static void truth_follows_all_of_it(void **state)
{
    (void)state;
    as_script   script = {.n = 2,
                          .steps = {{.fault = AS_FAULT_MOVED, .from = 1, .until = 99, .amount = -9},
                                    {.fault = AS_FAULT_BELT, .from = 1, .until = 99, .amount = 1.5}}};
    as_twin_cfg cfg = truth_cfg("rolling", 500, 200);
    cfg.distortion = 0.1;
    cfg.light = 2;
    cfg.script = &script;
    pair_check("all at once", "pcb", &cfg);
    pair_check("all at once", "fabric", &cfg);
}

/* A box that ends at the picture's edge says so, and only such a one. */
static void truth_says_what_is_cut_off(void **state)
{
    (void)state;
    as_twin_cfg cfg = as_twin_cfg_default();
    uint32_t    n_cut = 0, n_whole = 0;
    cfg.width = 320;
    cfg.height = 240;
    cfg.defect_share = 1;
    cfg.min_severity = 0.6;
    twin_rig r = twin_rig_open("film", &cfg);
    for (uint64_t part = 1; part <= 40; part++) {
        const as_twin_truth *truth = twin_rig_look(&r, part, 0);
        for (size_t k = 0; k < truth->n_findings; k++) {
            const as_twin_finding *f = &truth->findings[k];
            bool at_edge = f->box_px[0] <= 0 || f->box_px[1] <= 0 || f->box_px[0] + f->box_px[2] >= 320 ||
                           f->box_px[1] + f->box_px[3] >= 240;
            if (f->area_px == 0)
                continue;
            assert_int_equal(f->clipped, at_edge);
            n_cut += f->clipped;
            n_whole += !f->clipped;
            if ((double)f->size_mm * truth->px_per_mm > 400) /* more than the picture's diagonal */
                assert_true(f->clipped);
        }
    }
    assert_true(n_cut > 0 && n_whole > 0);
    twin_rig_close(&r);
}

/* How far apart the ends of a mask lie, by looking along many directions, in pixels. */
static double truth_extent(const uint8_t *mask, uint32_t w, uint32_t h)
{
    double most = 0;
    for (int turn = 0; turn < 360; turn++) {
        double c = cos(turn * M_PI / 360), s = sin(turn * M_PI / 360), low = 1e9, high = -1e9;
        for (size_t i = 0; i < (size_t)w * h; i++)
            if (mask[i]) {
                double at = (double)(i % w) * c + (double)(i / w) * s;
                low = AS_MIN(low, at);
                high = AS_MAX(high, at);
            }
        most = AS_MAX(most, high - low + 1);
    }
    return most;
}

/* What is told to be so long is as long in the picture, on a web too. */
static void truth_lengths_are_those_of_the_mask(void **state)
{
    static uint8_t mask[200 * 150];
    size_t         n_all = 0;
    (void)state;
    for (size_t i = 0; as_twin_scene_at(i); i++)
        for (int line = 0; line < (as_twin_scene_at(i)->web ? 2 : 1); line++) {
            as_twin_cfg cfg = truth_cfg(NULL, -1, -1);
            cfg.width = 200;
            cfg.height = 150;
            cfg.defect_share = 1;
            cfg.scan = line ? AS_TWIN_SCAN_LINE : AS_TWIN_SCAN_NONE;
            twin_rig r = twin_rig_open(as_twin_scene_at(i)->name, &cfg);
            for (uint64_t part = 1; part <= 6; part++) {
                const as_twin_truth truth = *twin_rig_look(&r, part, 0);
                for (size_t k = 0; k < truth.n_findings; k++) {
                    const as_twin_finding *f = &truth.findings[k];
                    as_err                 err = AS_ERR_NONE;
                    size_t                 n;
                    assert_true(as_twin_mask(r.twin, part, 0, k, r.scratch, mask, &n, &err));
                    double is = truth_extent(mask, 200, 150), told = (double)f->extent_mm * truth.px_per_mm;
                    n_all += n > 0;
                    if (n ? fabs(is - told) > 0.01 * is + (line ? 2.0 : 0.0) : told > 0)
                        fail_msg("%s, %s: %g pixels long, told as %g", as_twin_scene_at(i)->name, f->class, is, told);
                    assert_true(f->narrow_mm <= f->extent_mm);
                    assert_true(f->extent_mm <= hypotf(f->box_px[2], f->box_px[3]) / (float)truth.px_per_mm + 1e-3f);
                }
            }
            twin_rig_close(&r);
        }
    assert_true(n_all > 20);
}

/* Pixels of all masks of some parts. */
static size_t truth_seen(const char *scene, const char *sensor, bool line, void (*spoil)(as_twin_cfg *))
{
    as_twin_cfg cfg = truth_cfg(sensor, -1, -1);
    size_t      n = 0;
    cfg.width = 200;
    cfg.height = 150;
    cfg.defect_share = 1;
    cfg.min_severity = 0.7;
    cfg.scan = line ? AS_TWIN_SCAN_LINE : AS_TWIN_SCAN_NONE;
    if (spoil)
        spoil(&cfg);
    twin_rig r = twin_rig_open(scene, &cfg);
    for (uint64_t part = 1; part <= 5; part++) {
        const as_twin_truth *truth = twin_rig_look(&r, part, 0);
        for (size_t k = 0; k < truth->n_findings; k++)
            n += truth->findings[k].area_px;
    }
    twin_rig_close(&r);
    return n;
}

static void spoil_sun(as_twin_cfg *cfg)
{
    cfg->ambient = 2;
}

static void spoil_night(as_twin_cfg *cfg)
{
    cfg->light = 0;
}

/* All that there is is less than what a change must be. */
static void spoil_dusk(as_twin_cfg *cfg)
{
    cfg->light = 0.004;
}

static void spoil_glare(as_twin_cfg *cfg)
{
    cfg->light = 100;
    cfg->ambient = 0.9;
}

/* What the sensor cannot see has no annotation: white or black as it is. What it still sees has one. */
static void truth_is_what_the_sensor_sees(void **state)
{
    static void (*const spoils[])(as_twin_cfg *) = {spoil_sun, spoil_night, spoil_dusk, spoil_glare};
    static const char *const sensors[] = {NULL, "imx250"};
    (void)state;
    for (size_t i = 0; as_twin_scene_at(i); i++)
        for (int line = 0; line < (as_twin_scene_at(i)->web ? 2 : 1); line++)
            for (size_t k = 0; k < AS_COUNT(sensors); k++) {
                const char *scene = as_twin_scene_at(i)->name;
                if (truth_seen(scene, sensors[k], line, NULL) == 0)
                    fail_msg("%s: nothing is seen in any light", scene);
                for (size_t s = 0; s < AS_COUNT(spoils); s++) {
                    size_t n = truth_seen(scene, sensors[k], line, spoils[s]);
                    if (n > 0)
                        fail_msg("%s, %s%s: %zu pixels of defects in light %zu", scene,
                                 sensors[k] ? sensors[k] : "plain", line ? ", lines" : "", n, s);
                }
            }
}

/* A stain in the sun is smaller than one in the lamp's light, where a part of it is white. */
static void truth_shrinks_with_glare(void **state)
{
    (void)state;
    size_t      lamp = truth_seen("metal", NULL, false, NULL), glare = 0;
    as_twin_cfg cfg = truth_cfg(NULL, -1, -1);
    cfg.width = 200;
    cfg.height = 150;
    cfg.defect_share = 1;
    cfg.min_severity = 0.7;
    cfg.ambient = 0.6;
    twin_rig r = twin_rig_open("metal", &cfg);
    for (uint64_t part = 1; part <= 5; part++) {
        const as_twin_truth *truth = twin_rig_look(&r, part, 0);
        for (size_t k = 0; k < truth->n_findings; k++)
            glare += truth->findings[k].area_px;
    }
    twin_rig_close(&r);
    assert_true(glare > 0 && glare < lamp);
}

/* A caption tells of one defect: the worst, and how much is seen of it. */
static void truth_captions_tell_of_one(void **state)
{
    (void)state;
    char          text[AS_SHEET_TEXT_BYTES];
    as_twin_truth truth = {.part = 7,
                           .recipe = "cast",
                           .n_findings = 2,
                           .frame = {.label = "dent", .severity = 0.75f},
                           .findings = {{.class = "stain", .severity = 0.5f, .size_mm = 31.0f},
                                        {.class = "dent", .severity = 0.75f, .size_mm = 4.5f}}};
    assert_string_equal(as_sheet_text(&truth, text), "#7 dent 0.75");
    assert_string_equal(as_sheet_note(&truth, text), "cast 4.5 mm");
    truth.findings[1].area_px = 9;
    truth.findings[1].extent_mm = 6.5f;
    assert_string_equal(as_sheet_note(&truth, text), "cast 6.5 mm");
    truth.n_findings = 0;
    assert_string_equal(as_sheet_note(&truth, text), "cast");
}

/* How many pieces of that value a mask has, by what touches along rows and columns. */
static size_t truth_pieces(uint8_t *mask, uint32_t w, uint32_t h, uint8_t value)
{
    uint32_t *stack = malloc((size_t)w * h * sizeof *stack);
    size_t    pieces = 0;
    assert_non_null(stack);
    for (uint32_t i = 0; i < w * h; i++) {
        if (mask[i] != value)
            continue;
        size_t n = 0;
        pieces++;
        mask[i] = 7;
        stack[n++] = i;
        while (n > 0) {
            uint32_t at = stack[--n], x = at % w, y = at / w;
            for (int k = 0; k < 4; k++) {
                uint32_t u = x + (k == 0) - (k == 1), v = y + (k == 2) - (k == 3);
                if (u < w && v < h && mask[v * w + u] == value) {
                    mask[v * w + u] = 7;
                    stack[n++] = v * w + u;
                }
            }
        }
    }
    free(stack);
    return pieces;
}

/* What a person would paint in one: both sides of a dent, and a label with its letters. */
static void truth_masks_are_whole(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"metal", "dent"}, {"film", "wrinkle"}, {"film", "gel"}, {"bottles", "missing_label"}};
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        const bool  bottles = table[i][0][0] == 'b';
        as_twin_cfg cfg = as_twin_cfg_default();
        uint32_t    n_seen = 0;
        cfg.defect_share = 1;
        cfg.min_severity = 0.6;
        cfg.recipe = bottles ? "water" : NULL;
        twin_rig r = twin_rig_open(bottles ? "bottles" : table[i][0], &cfg);
        uint8_t *inside = malloc((size_t)r.image.width * r.image.height);
        assert_non_null(inside);
        for (uint64_t part = 1; part <= 30; part++) {
            const as_twin_truth truth = *twin_rig_look(&r, part, 0);
            for (size_t k = 0; k < truth.n_findings; k++) {
                as_err err = AS_ERR_NONE;
                size_t n;
                if (strcmp(truth.findings[k].class, table[i][1]) != 0)
                    continue;
                assert_true(as_twin_mask(r.twin, part, 0, k, r.scratch, inside, &n, &err));
                size_t pieces = truth_pieces(inside, r.image.width, r.image.height, 1);
                size_t around = truth_pieces(inside, r.image.width, r.image.height, 0);
                bool   cut = truth.findings[k].box_px[0] <= 0 || truth.findings[k].box_px[1] <= 0 ||
                           truth.findings[k].box_px[0] + truth.findings[k].box_px[2] >= (float)r.image.width ||
                           truth.findings[k].box_px[1] + truth.findings[k].box_px[3] >= (float)r.image.height;
                if (!cut && (pieces != 1 || around != 1))
                    fail_msg("%s, part %d, %s: %zu pieces, %zu holes", table[i][0], (int)part, table[i][1], pieces,
                             around - 1);
                n_seen++;
            }
        }
        assert_true(n_seen >= 2);
        free(inside);
        twin_rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truth_follows_the_shutter),
        cmocka_unit_test(truth_follows_the_belt),
        cmocka_unit_test(truth_follows_the_camera),
        cmocka_unit_test(truth_follows_all_of_it),
        cmocka_unit_test(truth_says_what_is_cut_off),
        cmocka_unit_test(truth_masks_are_whole),
        cmocka_unit_test(truth_lengths_are_those_of_the_mask),
        cmocka_unit_test(truth_is_what_the_sensor_sees),
        cmocka_unit_test(truth_shrinks_with_glare),
        cmocka_unit_test(truth_captions_tell_of_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
