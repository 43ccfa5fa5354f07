/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every scene: a defect is where the truth says, can be seen the better the worse it is, and not at all at 0. */
#include <math.h>

#include "twin/twin_rig.h"

enum { WIDTH = 320, HEIGHT = 240, MAX_CLASSES = 16 };

typedef struct rig {
    twin_rig base;
    as_twin *twin;
    uint8_t *inside;
} rig;

static rig rig_open(const char *scene, double least, double most)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = WIDTH;
    cfg.height = HEIGHT;
    cfg.defect_share = 1;
    cfg.min_severity = least;
    cfg.max_severity = most;
    rig r = {.base = twin_rig_open(scene, &cfg), .inside = malloc(WIDTH * HEIGHT)};
    r.twin = r.base.twin;
    assert_non_null(r.inside);
    return r;
}

static void rig_close(rig *r)
{
    free(r->inside);
    twin_rig_close(&r->base);
}

static as_twin_truth rig_look(rig *r, uint64_t part)
{
    return *twin_rig_look(&r->base, part, 0);
}

static size_t rig_mask(rig *r, uint64_t part, size_t finding)
{
    as_err err = AS_ERR_NONE;
    size_t n = 0;
    if (!as_twin_mask(r->twin, part, 0, finding, r->base.scratch, r->inside, &n, &err))
        fail_msg("%s", err.text);
    return n;
}

static size_t rig_class(const rig *r, const char *name)
{
    const char *const *classes = as_twin_scene_of(r->twin)->classes;
    size_t             i = 0;
    while (classes[i] && strcmp(classes[i], name) != 0)
        i++;
    assert_non_null(classes[i]);
    return i;
}

/* Light of the whole frame with that finding alone (-1: with none). */
static void rig_draw(rig *r, uint64_t part, int finding, float *light)
{
    as_twin_shot  shot = {.part = part, .recipe = -1, .shown = finding < 0 ? 0 : 1u << finding};
    as_twin_truth truth = {.n_findings = 0};
    as_twin_scene_of(r->twin)->draw(r->twin, &shot, light, &truth);
}

static size_t scenes_outside(const float *with, const float *without, const float box[4], size_t *ret_all)
{
    size_t out = 0;
    float  more = 3.0f + 0.05f * AS_MAX(box[2], box[3]);
    *ret_all = 0;
    for (size_t at = 0; at < (size_t)WIDTH * HEIGHT; at++) {
        float x = (float)(at % WIDTH), y = (float)(at / WIDTH);
        if (fabsf(with[at] - without[at]) < 0.015f)
            continue;
        out += x < box[0] - more || x > box[0] + box[2] + more || y < box[1] - more || y > box[1] + box[3] + more;
        (*ret_all)++;
    }
    return out;
}

/* Nothing of a defect is outside its box, wherever in the frame one looks; but the piece below a break through a cone slips. */
static void scenes_boxes_hold_their_defects(void **state)
{
    (void)state;
    const as_twin_scene *scene;
    float               *with = calloc(6 * WIDTH * HEIGHT, sizeof *with), *without = with + 3 * WIDTH * HEIGHT;
    assert_non_null(with);
    for (size_t k = 0; (scene = as_twin_scene_at(k)) != NULL; k++) {
        rig r = rig_open(scene->name, 0.5, 1.0);
        for (uint64_t part = 1; part <= 40; part++) {
            as_twin_truth truth = rig_look(&r, part);
            assert_true(truth.n_findings > 0 && truth.frame.severity >= 0.5f);
            rig_draw(&r, part, -1, without);
            for (size_t i = 0; i < truth.n_findings; i++) {
                const float *box = truth.findings[i].box_px;
                size_t       all, out;
                assert_true(box[0] >= 0 && box[1] >= 0 && box[0] + box[2] <= WIDTH && box[1] + box[3] <= HEIGHT);
                rig_draw(&r, part, (int)i, with);
                out = scenes_outside(with, without, box, &all);
                if (out * 20 > all && strcmp(truth.findings[i].class, "broken") != 0)
                    fail_msg("%s, part %d, %s: %zu of %zu pixels lie outside its box", scene->name, (int)part,
                             truth.findings[i].class, out, all);
            }
        }
        rig_close(&r);
    }
    free(with);
}

/* Mean pixels that a defect of each class changes visibly; -1 where there was none. */
static void scenes_visible(const char *scene, double least, double most, double ret[MAX_CLASSES])
{
    rig    r = rig_open(scene, least, most);
    double sum[MAX_CLASSES] = {0}, n[MAX_CLASSES] = {0};
    for (uint64_t part = 1; part <= 70; part++) {
        as_twin_truth truth = rig_look(&r, part);
        for (size_t i = 0; i < truth.n_findings; i++) {
            size_t class = rig_class(&r, truth.findings[i].class);
            sum[class] += (double)rig_mask(&r, part, i);
            n[class]++;
        }
    }
    for (size_t i = 0; i < MAX_CLASSES; i++)
        ret[i] = n[i] > 0 ? sum[i] / n[i] : -1;
    rig_close(&r);
}

static void scenes_defects_grow_with_severity(void **state)
{
    (void)state;
    const as_twin_scene *scene;
    for (size_t k = 0; (scene = as_twin_scene_at(k)) != NULL; k++) {
        double none[MAX_CLASSES], some[MAX_CLASSES], all[MAX_CLASSES];
        scenes_visible(scene->name, 0.0, 0.002, none);
        scenes_visible(scene->name, 0.3, 0.5, some);
        scenes_visible(scene->name, 0.9, 1.0, all);
        for (size_t i = 1; scene->classes[i]; i++) {
            const char *name = scene->classes[i];
            const bool  all_or_none = some[i] < 0;
            if (all[i] < 12 || (!all_or_none && !(none[i] >= 0 && none[i] <= 0.06 * all[i] && some[i] < 1.15 * all[i])))
                fail_msg("%s, %s: %.1f pixels at severity 0, %.1f at 0.4, %.1f at 1", scene->name, name, none[i],
                         some[i], all[i]);
        }
    }
}

/* What a defect of each class changes in all, light times pixels, on average; -1 where there was none. */
static void scenes_contrast(const char *scene, double severity, double ret[MAX_CLASSES])
{
    rig          r = rig_open(scene, severity, severity);
    const size_t n_light = WIDTH * HEIGHT * (r.base.image.pixel == AS_PIXEL_MONO8 ? 1 : 3);
    float       *with = calloc(2 * n_light, sizeof *with), *without = with + n_light;
    double       sum[MAX_CLASSES] = {0}, n[MAX_CLASSES] = {0};
    assert_non_null(with);
    for (uint64_t part = 1; part <= 36; part++) {
        as_twin_truth truth = {.n_findings = 0};
        as_twin_shot  shot = {.part = part, .recipe = -1};
        as_twin_scene_of(r.twin)->draw(r.twin, &shot, without, &truth);
        for (size_t i = 0; i < truth.n_findings; i++) {
            size_t class = rig_class(&r, truth.findings[i].class);
            rig_draw(&r, part, (int)i, with);
            for (size_t k = 0; k < n_light; k++)
                sum[class] += fabs((double)with[k] - without[k]);
            n[class]++;
        }
    }
    for (size_t i = 0; i < MAX_CLASSES; i++)
        ret[i] = n[i] > 0 ? sum[i] / n[i] : -1;
    free(with);
    rig_close(&r);
}

enum { STEPS = 6 };

/* From nothing to its most, and never back. */
static void scenes_contrast_grows_from_nothing(void **state)
{
    (void)state;
    const as_twin_scene *scene;
    for (size_t k = 0; (scene = as_twin_scene_at(k)) != NULL; k++) {
        double seen[STEPS][MAX_CLASSES];
        for (int s = 0; s < STEPS; s++)
            scenes_contrast(scene->name, (double)s / (STEPS - 1), seen[s]);
        for (size_t i = 1; scene->classes[i]; i++) {
            const char *name = scene->classes[i];
            const bool  all_or_none = seen[STEPS - 2][i] < 0; /* what is not there at all, or is */
            double      most = seen[STEPS - 1][i];
            if (most <= 0 || (!all_or_none && !(seen[0][i] >= 0 && seen[0][i] <= 0.03 * most)))
                fail_msg("%s, %s: %.2f at severity 0, %.2f at 1", scene->name, name, seen[0][i], most);
            for (int s = 1; s < STEPS && !all_or_none; s++)
                if (seen[s][i] < 0.9 * seen[s - 1][i]) /* some become another kind at 1: fewer are counted there */
                    fail_msg("%s, %s: %.2f at severity %.1f, %.2f at %.1f", scene->name, name, seen[s - 1][i],
                             (s - 1.0) / (STEPS - 1), seen[s][i], (double)s / (STEPS - 1));
            if (!all_or_none && seen[STEPS / 2][i] < 3 * AS_MAX(seen[0][i], 0.01 * most))
                fail_msg("%s, %s: %.2f at severity 0 and %.2f in the middle", scene->name, name, seen[0][i],
                         seen[STEPS / 2][i]);
        }
    }
}

/* "0 cannot be seen": of no part, not just on average. */
static void scenes_nothing_shows_no_pixel(void **state)
{
    (void)state;
    const as_twin_scene *scene;
    for (size_t k = 0; (scene = as_twin_scene_at(k)) != NULL; k++) {
        rig r = rig_open(scene->name, 0.0, 0.0);
        for (uint64_t part = 1; part <= 40; part++) {
            as_twin_truth truth = rig_look(&r, part);
            for (size_t i = 0; i < truth.n_findings; i++)
                if (truth.findings[i].severity > 0.0f || rig_mask(&r, part, i) > 0)
                    fail_msg("%s, part %d, %s of severity %g: %zu pixels", scene->name, (int)part,
                             truth.findings[i].class, (double)truth.findings[i].severity, rig_mask(&r, part, i));
        }
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenes_boxes_hold_their_defects),
        cmocka_unit_test(scenes_defects_grow_with_severity),
        cmocka_unit_test(scenes_contrast_grows_from_nothing),
        cmocka_unit_test(scenes_nothing_shows_no_pixel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
