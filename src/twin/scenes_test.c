/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every scene: a defect is where the truth says, can be seen the better the worse it is, and not at all at 0. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "twin/twin.h"

enum { WIDTH = 320, HEIGHT = 240, MAX_CLASSES = 16 };

typedef struct rig {
    as_twin *twin;
    void    *scratch;
    uint8_t *inside;
    as_image image;
} rig;

static rig rig_open(const char *scene, double least, double most)
{
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = WIDTH;
    cfg.height = HEIGHT;
    cfg.defect_share = 1;
    cfg.min_severity = least;
    cfg.max_severity = most;
    rig r = {.twin = as_twin_open(scene, &cfg, &err), .inside = malloc(WIDTH * HEIGHT)};
    if (!r.twin)
        fail_msg("%s: %s", scene, err.text);
    r.scratch = malloc(as_twin_scratch_bytes(r.twin));
    assert_true(r.scratch && r.inside);
    assert_true(as_image_new(&r.image, as_twin_cfg_of(r.twin)->pixel, WIDTH, HEIGHT, &err));
    return r;
}

static void rig_close(rig *r)
{
    free(r->scratch);
    free(r->inside);
    as_image_done(&r->image);
    as_twin_close(r->twin);
}

static as_twin_truth rig_look(rig *r, uint64_t part)
{
    as_err          err = AS_ERR_NONE;
    as_twin_truth   truth;
    const uint16_t *raw;
    if (!as_twin_look(r->twin, part, 0, r->scratch, &r->image, &truth, &raw, &err))
        fail_msg("%s", err.text);
    return truth;
}

static size_t rig_mask(rig *r, uint64_t part, size_t finding)
{
    as_err err = AS_ERR_NONE;
    size_t n = 0;
    if (!as_twin_mask(r->twin, part, 0, finding, r->scratch, r->inside, &n, &err))
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
            const bool  missing = strncmp(name, "missing_", 8) == 0 && strcmp(name, "missing_thread") != 0;
            if (all[i] < 12 || (!missing && !(none[i] >= 0 && none[i] <= 0.06 * all[i] && some[i] < 1.15 * all[i])))
                fail_msg("%s, %s: %.1f pixels at severity 0, %.1f at 0.4, %.1f at 1", scene->name, name, none[i],
                         some[i], all[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenes_boxes_hold_their_defects),
        cmocka_unit_test(scenes_defects_grow_with_severity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
