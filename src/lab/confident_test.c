/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/confident.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static as_confident find(const double *p, const uint32_t *labels, size_t n, uint32_t k, const bool *known)
{
    as_confident     found;
    as_confident_cfg cfg = {p, labels, known, n, k};
    as_err           err = AS_ERR_NONE;
    if (!as_confident_find(&cfg, &found, &err))
        fail_msg("%s", err.text);
    return found;
}

/* Thresholds 0.625 and 0.8 by hand. Row 3 (p(1) 0.9) counts as 1 though it is labelled 0; row 2 as neither: so the joint's
 * first row is 2 and 1 of the three that count, scaled to the four there are. */
static void test_by_hand(void **state)
{
    (void)state;
    static const double   p[] = {0.9, 0.1, 1.0, 0.0, 0.5, 0.5, 0.1, 0.9, 0.2, 0.8, 0.2, 0.8};
    static const uint32_t labels[] = {0, 0, 0, 0, 1, 1};
    as_confident          c = find(p, labels, 6, 2, NULL);
    assert_true(fabs(c.threshold[0] - 0.625) < 1e-12 && fabs(c.threshold[1] - 0.8) < 1e-12);
    assert_true(fabs(c.joint[0] - 8.0 / 3) < 1e-12 && fabs(c.joint[1] - 4.0 / 3) < 1e-12);
    assert_true(c.joint[2] == 0 && c.joint[3] == 2);
    assert_true(fabs(c.n_wrong - 4.0 / 3) < 1e-12);
    assert_int_equal(c.n_doubts, 1); /* 4/3 is one */
    assert_int_equal(c.doubts[0].row, 3);
    assert_int_equal(c.doubts[0].likely, 1);
    assert_true(c.doubts[0].p_label == 0.1 && c.doubts[0].p_likely == 0.9);
    as_confident_done(&c);
}

/* A class that cannot be judged is neither doubted nor proposed. */
static void test_unknown_class(void **state)
{
    (void)state;
    static const double   p[] = {0.9, 0.1, 0, 1.0, 0.0, 0, 0.05, 0.05, 0.9, 0.1, 0.9, 0, 0.8, 0.2, 0.0};
    static const uint32_t labels[] = {0, 0, 0, 1, 2};
    static const bool     known[] = {true, true, false};
    as_confident          c = find(p, labels, 5, 3, known);
    for (size_t i = 0; i < c.n_doubts; i++)
        assert_true(c.doubts[i].label != 2 && c.doubts[i].likely != 2);
    as_confident_done(&c);
    c = find(p, labels, 5, 3, NULL);
    assert_true(c.n_doubts > 0 && c.doubts[0].label == 2);
    as_confident_done(&c);
}

static void test_clean(void **state)
{
    (void)state;
    static const double   p[] = {0.9, 0.1, 0.7, 0.3, 0.2, 0.8, 0.4, 0.6};
    static const uint32_t labels[] = {0, 0, 1, 1};
    as_confident          c = find(p, labels, 4, 2, NULL);
    assert_int_equal(c.n_doubts, 0);
    assert_true(c.n_wrong == 0);
    as_confident_done(&c);
    c = find(p, labels, 0, 2, NULL);
    assert_int_equal(c.n_doubts, 0);
    as_confident_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_unknown_class),
        cmocka_unit_test(test_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
