/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/mat_kernel.h"

enum { MOST = 40000 };

static float a[MOST], b[MOST], bias[64], y[MOST], divided[MOST];

/* However the work is divided, and in whatever order it is done, the bits are the same. */
static void check_divided(as_mat m, const float *with)
{
    const size_t n = (size_t)((m.rank > 0 ? m.batch[0] : 1) * (m.rank > 1 ? m.batch[1] : 1) * m.m * m.n);
    m.parts = !m.packed && !as_mat_wants_packing(&m) ? 1 : AS_MIN((m.m + 5) / 6, (int64_t)2);
    for (m.units = 2; m.units < 6; m.units++) {
        memset(divided, 0xff, n * sizeof *divided);
        for (int unit = (int)m.units - 1; unit >= 0; unit--)
            as_mat_run(&m, unit, a, with, m.packed ? bias : NULL, divided);
        assert_memory_equal(divided, y, n * sizeof *y);
    }
}

static void check(as_mat m)
{
    const int64_t outer = m.rank > 0 ? m.batch[0] : 1, inner = m.rank > 1 ? m.batch[1] : 1;
    float        *room = aligned_alloc(64, (as_mat_packed_bytes(&m) + 63) / 64 * 64);
    assert_non_null(room);
    if (m.packed)
        as_mat_pack(&m, b, room);
    as_mat_run(&m, 0, a, m.packed ? room : b, m.packed ? bias : NULL, y);
    for (int64_t at = 0; at < outer * inner * m.m * m.n; at++) {
        const int64_t col = at % m.n, row = at / m.n % m.m, i = at / m.n / m.m % inner, o = at / m.n / m.m / inner;
        const float  *from = a + o * m.a_step[0] + i * m.a_step[1], *with = b + o * m.b_step[0] + i * m.b_step[1];
        double        sum = 0.0;
        for (int64_t k = 0; k < m.k; k++)
            sum += (double)from[row * m.a_row + k * m.a_col] * (double)with[k * m.b_row + col * m.b_col];
        const double want = (double)m.factor * sum + (m.packed ? (double)bias[col] : 0.0);
        assert_true(fabs((double)y[at] - want) < 1e-4 * (1.0 + sqrt((double)m.k)));
    }
    check_divided(m, m.packed ? room : b);
    free(room);
}

static void test_products(void **state)
{
    static const int64_t ms[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 31}, ns[] = {1, 15, 16, 17, 33, 48},
                         ks[] = {1, 7, 256, 300, 520};
    (void)state;
    for (size_t i = 0; i < AS_COUNT(ms); i++)
        for (size_t j = 0; j < AS_COUNT(ns); j++)
            for (size_t l = 0; l < AS_COUNT(ks); l++)
                for (int turned = 0; turned < 4; turned++) {
                    const int64_t m = ms[i], n = ns[j], k = ks[l];
                    as_mat        mat = {.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1};
                    mat.factor = turned ? 0.5f : 1.0f;
                    mat.packed = turned % 2 == 0;
                    if (turned & 1) {
                        mat.a_row = 1;
                        mat.a_col = m;
                    }
                    if (turned & 2) {
                        mat.b_row = 1;
                        mat.b_col = k;
                    }
                    check(mat);
                }
}

static void test_batches_may_share_an_operand(void **state)
{
    (void)state;
    const as_mat m = {
        .m = 5, .n = 9, .k = 11, .a_row = 11, .a_col = 1, .b_row = 9, .b_col = 1, .factor = 1.0f, .rank = 2};
    for (int which = 0; which < 8; which++) {
        as_mat some = m;
        some.packed = (which & 4) != 0;
        some.batch[0] = 3;
        some.batch[1] = 4;
        some.a_step[0] = which & 1 ? 4 * 55 : 0;
        some.a_step[1] = 55;
        some.b_step[0] = 99;
        some.b_step[1] = which & 2 ? 3 * 99 : 0;
        check(some);
        some.m = 2; /* so few results that nothing is packed, but what is packed already */
        check(some);
        some.b_step[0] = some.b_step[1] = 0; /* one for all: packed once */
        if (some.packed)
            assert_true(as_mat_packed_bytes(&some) <= 32 * 11 * sizeof(float));
        check(some);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_batches_may_share_an_operand),
    };
    as_rng rng = as_rng_new(1);
    for (int i = 0; i < MOST; i++) {
        a[i] = (float)as_rng_range(&rng, -1.0, 1.0);
        b[i] = (float)as_rng_range(&rng, -1.0, 1.0);
    }
    for (int i = 0; i < 64; i++)
        bias[i] = (float)i;
    return cmocka_run_group_tests_name("mat_kernel", tests, NULL, NULL);
}
