/* SPDX-License-Identifier: Apache-2.0 */
#include "task/boxes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { MOST = 700, ROUNDS = 60 };

static double iou_of(const as_box *a, const as_box *b)
{
    double w = fmin((double)a->x1, (double)b->x1) - fmax((double)a->x0, (double)b->x0);
    double h = fmin((double)a->y1, (double)b->y1) - fmax((double)a->y0, (double)b->y0);
    double shared = fmax(w, 0) * fmax(h, 0);
    double area_a = (double)(a->x1 - a->x0) * (double)(a->y1 - a->y0);
    double area_b = (double)(b->x1 - b->x0) * (double)(b->y1 - b->y0);
    return shared / (area_a + area_b - shared);
}

/* The definition, in float64: take the best that is left (the first of equals), drop what it covers. */
static size_t reference(const as_nms_cfg *cfg, const as_box *boxes, size_t n, as_box *ret)
{
    static bool gone[MOST];
    size_t      kept = 0;
    memset(gone, 0, sizeof gone);
    while (kept < cfg->n_max) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (!gone[i] && (best == n || boxes[i].score > boxes[best].score))
                best = i;
        if (best == n)
            break;
        ret[kept++] = boxes[best];
        gone[best] = true;
        for (size_t i = 0; i < n; i++)
            if ((cfg->is_agnostic || boxes[i].class == boxes[best].class) &&
                iou_of(&boxes[best], &boxes[i]) > (double)cfg->iou_max)
                gone[i] = true;
    }
    return kept;
}

/* Corners on a grid, so that many overlap; scores of few values, so that many are equal. */
static void draw_boxes(as_rng *rng, as_box *boxes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x = (float)as_rng_below(rng, 60), y = (float)as_rng_below(rng, 60);
        boxes[i] = (as_box){x,
                            y,
                            x + 5 + (float)as_rng_below(rng, 17),
                            y + 5 + (float)as_rng_below(rng, 17),
                            (float)as_rng_below(rng, 41) / 40,
                            (uint32_t)as_rng_below(rng, 3),
                            (uint32_t)i};
    }
}

static as_nms *new_nms(size_t n)
{
    as_err  err = AS_ERR_NONE;
    as_nms *nms = as_nms_new(n, &err);
    assert_non_null(nms);
    return nms;
}

static void test_is_the_definition(void **state)
{
    (void)state;
    static as_box boxes[MOST], want[MOST];
    as_nms       *nms = new_nms(MOST);
    as_rng        rng = as_rng_new(5);
    size_t        total = 0;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = as_rng_below(&rng, round % 2 ? MOST : 40);
        /* 0.437 is the ratio of no two areas here: nothing hangs on rounding. */
        as_nms_cfg cfg = {
            .iou_max = 0.437f, .n_max = round % 3 ? 300 : 1 + (size_t)round, .is_agnostic = round % 5 == 0};
        draw_boxes(&rng, boxes, n);
        size_t n_want = reference(&cfg, boxes, n, want), have = as_nms_run(nms, &cfg, boxes, n);
        assert_int_equal(have, n_want);
        assert_memory_equal(boxes, want, have * sizeof *want);
        total += have;
    }
    assert_true(total > 1000);
    as_nms_free(nms);
}

static void test_sorting_is_stable(void **state)
{
    (void)state;
    static as_box boxes[MOST];
    as_nms       *nms = new_nms(MOST);
    as_rng        rng = as_rng_new(6);
    for (size_t n = 0; n < MOST; n = n * 2 + 1) {
        draw_boxes(&rng, boxes, n);
        assert_int_equal(as_nms_sort(nms, boxes, n, MOST), n);
        for (size_t i = 1; i < n; i++)
            assert_true(boxes[i - 1].score > boxes[i].score ||
                        (boxes[i - 1].score == boxes[i].score && boxes[i - 1].anchor < boxes[i].anchor));
    }
    boxes[0] = (as_box){.score = 0.0f, .anchor = 1};
    boxes[1] = (as_box){.score = -0.0f, .anchor = 2};
    boxes[2] = (as_box){.score = 1e-42f, .anchor = 3};
    assert_int_equal(as_nms_sort(nms, boxes, 3, 2), 2);
    assert_int_equal(boxes[0].anchor, 3);
    assert_int_equal(boxes[1].anchor, 1);
    as_nms_free(nms);
}

static void test_limits(void **state)
{
    (void)state;
    as_nms    *nms = new_nms(8);
    as_box     boxes[8];
    as_nms_cfg cfg = {.iou_max = 0.5f, .n_max = 0};
    for (uint32_t i = 0; i < 8; i++)
        boxes[i] = (as_box){(float)i * 10, 0, (float)i * 10 + 5, 5, 0.5f, 0, i};
    assert_int_equal(as_nms_run(nms, &cfg, boxes, 8), 1);
    assert_int_equal(as_nms_run(nms, &cfg, boxes, 0), 0);
    as_nms_free(nms);
    as_nms_free(NULL);

    /* More are kept than may be compared at once; twice, so that nothing of the first run stays. */
    static as_box many[3 * AS_BOXES_MOST_KEPT];
    nms = new_nms(AS_COUNT(many));
    cfg.n_max = SIZE_MAX;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < AS_COUNT(many); i++)
            many[i] = (as_box){(float)i * 10, 0, (float)i * 10 + 5, 5, 0.5f, 0, i};
        assert_int_equal(as_nms_run(nms, &cfg, many, AS_COUNT(many)), AS_BOXES_MOST_KEPT);
        assert_int_equal(many[AS_BOXES_MOST_KEPT - 1].anchor, AS_BOXES_MOST_KEPT - 1);
    }
    as_nms_free(nms);
}

static void test_soft_scores_fall(void **state)
{
    (void)state;
    as_nms    *nms = new_nms(3);
    as_box     boxes[] = {{0, 0, 10, 10, 0.9f, 0, 0}, {0, 0, 10, 5, 0.8f, 0, 1}, {50, 0, 60, 10, 0.7f, 0, 2}};
    as_nms_cfg cfg = {.soft_sigma = 0.5f, .score_min = 0.1f, .n_max = 10};
    assert_int_equal(as_nms_run(nms, &cfg, boxes, 3), 3);
    assert_int_equal(boxes[1].anchor, 2); /* 0.8 exp(-0.25 / 0.5) is 0.485 */
    assert_int_equal(boxes[2].anchor, 1);
    assert_true(fabs((double)boxes[2].score - 0.8 * exp(-0.5)) < 1e-6);
    boxes[2].class = 1;
    cfg.score_min = 0.6f; /* of two classes, none falls */
    boxes[0] = (as_box){0, 0, 10, 10, 0.9f, 0, 0};
    boxes[1] = (as_box){0, 0, 10, 5, 0.8f, 1, 1};
    assert_int_equal(as_nms_run(nms, &cfg, boxes, 2), 2);
    cfg.is_agnostic = true;
    assert_int_equal(as_nms_run(nms, &cfg, boxes, 2), 1);
    as_nms_free(nms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_the_definition),
        cmocka_unit_test(test_sorting_is_stable),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_soft_scores_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
