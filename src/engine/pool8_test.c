/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pool8.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* What the window of output (i, k) gives in one lane, by the definition. */
static double direct(const as_pool8 *p, const float *x, int64_t plane, int64_t i, int64_t k, int64_t lane)
{
    double  best = -INFINITY, sum = 0;
    int64_t n = 0, n_padded = 0;
    for (int64_t a = 0; a < p->kernel[0]; a++)
        for (int64_t b = 0; b < p->kernel[1]; b++) {
            const int64_t y = i * p->stride[0] - p->pad[0] + a * p->dilation[0];
            const int64_t z = k * p->stride[1] - p->pad[1] + b * p->dilation[1];
            n_padded += y + p->pad[0] < p->padded[0] && z + p->pad[1] < p->padded[1];
            if (y < 0 || y >= p->in[0] || z < 0 || z >= p->in[1])
                continue;
            const double v = (double)x[((plane * p->in[0] + y) * p->in[1] + z) * AS_POOL8_LANES + lane];
            best = fmax(best, v);
            sum += v;
            n++;
        }
    return p->kind == AS_POOL_MAX ? best : sum / (double)(p->kind == AS_POOL_MEAN ? n : n_padded);
}

static void check(const as_pool8 *p, as_rng *rng)
{
    const size_t n_in = (size_t)(p->planes * p->in[0] * p->in[1] * AS_POOL8_LANES);
    const size_t n_out = (size_t)(p->planes * p->out[0] * p->out[1] * AS_POOL8_LANES);
    float       *x = malloc(n_in * sizeof *x), *y = malloc(n_out * sizeof *y), *row = malloc(as_pool8_scratch_bytes(p));
    assert_true(x && y && row);
    for (size_t i = 0; i < n_in; i++)
        x[i] = (float)as_rng_unit(rng) - 0.7f;
    as_pool8_run(p, x, row, y);
    for (int64_t plane = 0, at = 0; plane < p->planes; plane++)
        for (int64_t i = 0; i < p->out[0]; i++)
            for (int64_t k = 0; k < p->out[1]; k++)
                for (int64_t l = 0; l < AS_POOL8_LANES; l++, at++)
                    assert_true(fabs(direct(p, x, plane, i, k, l) - (double)y[at]) < 1e-5);
    free(x);
    free(y);
    free(row);
}

static void test_windows(void **state)
{
    (void)state;
    as_rng  rng = as_rng_new(7);
    int64_t tried = 0;
    for (int round = 0; round < 3000; round++) {
        as_pool8 p = {.kind = (as_pool_kind)(AS_POOL_MAX + round % 3), .planes = 1 + round % 2};
        int64_t  reach;
        bool     ok = true;
        for (int i = 0; i < 2; i++) {
            const int64_t pad_end = (int64_t)as_rng_below(&rng, 3);
            p.in[i] = 1 + (int64_t)as_rng_below(&rng, 12);
            p.kernel[i] = 1 + (int64_t)as_rng_below(&rng, 5);
            p.stride[i] = 1 + (int64_t)as_rng_below(&rng, 3);
            p.dilation[i] = 1 + (int64_t)as_rng_below(&rng, 2);
            p.pad[i] = (int64_t)as_rng_below(&rng, 3);
            p.padded[i] = p.in[i] + p.pad[i] + pad_end;
            reach = (p.kernel[i] - 1) * p.dilation[i] + 1;
            ok = ok && p.padded[i] >= reach;
            p.out[i] = ok ? (p.padded[i] - reach) / p.stride[i] + 1 : 1;
        }
        if (!ok || !as_pool8_can(&p))
            continue;
        tried++;
        check(&p, &rng);
    }
    assert_true(tried > 1000);
}

static void test_a_window_in_the_padding(void **state)
{
    (void)state;
    as_pool8 p = {.kind = AS_POOL_MAX,
                  .planes = 1,
                  .in = {4, 4},
                  .out = {2, 2},
                  .kernel = {2, 2},
                  .stride = {2, 2},
                  .dilation = {1, 1},
                  .padded = {4, 4}};
    assert_true(as_pool8_can(&p));
    p.out[1] = 3;
    assert_false(as_pool8_can(&p));
    p.out[1] = 2;
    p.pad[0] = 2;
    assert_false(as_pool8_can(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_a_window_in_the_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
