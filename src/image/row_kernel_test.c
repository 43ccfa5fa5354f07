/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "image/row_kernel.h"

enum { MOST = 700 };

static void noise(void *to, size_t n, as_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)to)[i] = (uint8_t)as_rng_u64(rng);
}

/* Sums as large as they may become, of rows that end where their memory ends. */
static void check_down(const as_row_kernels *kernels, as_rng *rng, size_t n, uint32_t n_mid)
{
    const size_t stride = n + as_rng_below(rng, 7);
    uint8_t     *rows = malloc(stride * (n_mid + 2) - (stride - n));
    int16_t     *want = malloc(n * sizeof *want), *got = malloc(n * sizeof *got);
    assert_true(rows && want && got);
    noise(rows, stride * (n_mid + 2) - (stride - n), rng);
    if (as_rng_below(rng, 4) == 0)
        memset(rows, 255, n);
    int shift = 0;
    while (shift < 7 && (uint32_t)(255 * (n_mid + 2)) << (shift + 1) <= 32766)
        shift++;
    const uint32_t    full = 256u << shift;
    const bool        edges = 255u * (n_mid + 2) << shift <= 32766;
    const as_row_down job = {
        .edge = {rows, rows + (n_mid + 1) * stride},
        .mid = rows + stride,
        .weight = {edges ? (uint16_t)as_rng_below(rng, full) : 0, edges ? (uint16_t)as_rng_below(rng, full) : 0},
        .bias = (uint16_t)as_rng_below(rng, 2),
        .stride_bytes = stride,
        .n_mid = n_mid,
        .shift = shift,
    };
    as_row_kernels_plain.down(want, &job, n);
    kernels->down(got, &job, n);
    assert_memory_equal(want, got, n * sizeof *got);
    for (size_t i = 0; i < n; i++)
        assert_true(want[i] >= 0);
    free(rows);
    free(want);
    free(got);
}

static void check_across(const as_row_kernels *kernels, as_rng *rng, as_span span, uint32_t n_out, as_filter filter)
{
    as_err  err = AS_ERR_NONE;
    as_axis axis = {0};
    assert_true(as_axis_init(&axis, span, n_out, filter, &err));
    for (uint32_t channels = 1; channels <= 3; channels++) {
        const size_t n = ((size_t)axis.n_cells + axis.taps) * channels + AS_ROW_MARGIN;
        int16_t     *in = calloc(n, sizeof *in);
        float       *want = malloc(3 * n_out * sizeof *want), *got = malloc(3 * n_out * sizeof *got);
        assert_true(in && want && got);
        for (size_t i = 0; i < n; i++)
            in[i] = (int16_t)(as_rng_below(rng, 9) == 0 ? 32767 : as_rng_below(rng, 32768));
        const as_row_affine affine[3] = {{1e-6f, 3}, {0.7f, -9.25f}, {-1e-3f, 0}};
        float *const        w[3] = {want, want + n_out, want + 2 * (size_t)n_out};
        float *const        g[3] = {got, got + n_out, got + 2 * (size_t)n_out};
        as_row_kernels_plain.across[channels - 1](w, in, &axis, affine);
        kernels->across[channels - 1](g, in, &axis, affine);
        assert_memory_equal(want, got, channels * n_out * sizeof *got);
        free(in);
        free(want);
        free(got);
    }
    as_axis_done(&axis);
}

/* Rows that end where their memory ends. */
static void check_unpack(const as_row_kernels *kernels, as_rng *rng, uint32_t bits, size_t n)
{
    const size_t bytes = (n * bits + 7) / 8;
    uint8_t     *row = malloc(bytes);
    uint16_t    *want = malloc(n * sizeof *want), *got = malloc(n * sizeof *got);
    assert_true(row && want && got);
    noise(row, bytes, rng);
    as_row_kernels_plain.unpack(want, row, bits, n);
    kernels->unpack(got, row, bits, n);
    assert_memory_equal(want, got, n * sizeof *got);
    free(row);
    free(want);
    free(got);
}

static void check_set(const as_row_kernels *kernels)
{
    as_rng rng = as_rng_new(7);
    for (size_t n = 1; n < 300; n += n < 140 ? 1 : 37)
        for (uint32_t n_mid = 0; n_mid <= 128; n_mid += n_mid < 6 ? 1 : 61)
            check_down(kernels, &rng, n, n_mid);
    for (size_t n = 1; n < 120; n++) {
        check_unpack(kernels, &rng, 10, n);
        check_unpack(kernels, &rng, 12, n);
    }
    for (uint32_t i = 0; i < 400; i++) {
        const uint32_t n_in = 1 + (uint32_t)as_rng_below(&rng, MOST), n_out = 1 + (uint32_t)as_rng_below(&rng, 90);
        const uint32_t from = (uint32_t)as_rng_below(&rng, n_in), pixels = 1 + i % 2;
        const as_span  span = {from, n_in - from, (n_in + pixels - 1) / pixels, pixels};
        check_across(kernels, &rng, span, n_out, i % 3 ? AS_FILTER_AREA : AS_FILTER_BILINEAR);
    }
}

/* Each set of instructions gives the bits of the plain one. */
static void test_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; as_row_kernels_at(i); i++) {
        if (as_row_kernels_may(i))
            check_set(as_row_kernels_at(i));
        else
            printf("skipped: %s is not in this processor, or ASSAY_ISA keeps it out\n", as_row_kernels_at(i)->name);
    }
    assert_true(as_row_kernels_may(0));
}

/* What an axis says of itself: shares add up to the total, weights to as much in whole numbers, and nothing lies outside. */
static void test_axes(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(8);
    as_err err = AS_ERR_NONE;
    for (uint32_t i = 0; i < 3000; i++) {
        const uint32_t n_in = 1 + (uint32_t)as_rng_below(&rng, i % 9 ? MOST : 32768);
        const uint32_t n_out = 1 + (uint32_t)as_rng_below(&rng, 90), pixels = 1 + i % 2;
        const uint32_t from = (uint32_t)as_rng_below(&rng, n_in);
        const as_span  span = {from, n_in - from, (n_in + pixels - 1) / pixels, pixels};
        as_axis        axis = {0};
        assert_true(as_axis_init(&axis, span, n_out, i % 3 ? AS_FILTER_AREA : AS_FILTER_BILINEAR, &err));
        assert_true(axis.full >= 1 && (double)axis.full * (double)axis.total < 65536);
        assert_true(axis.first_cell + axis.n_cells <= span.cells);
        for (uint32_t o = 0; o < n_out; o++) {
            const int16_t *weight = axis.weight + (size_t)o * axis.taps;
            double         sum = (double)axis.first[o] + (double)axis.last[o], whole = 0;
            sum += axis.count[o] > 2 ? axis.count[o] - 2 : 0;
            for (uint32_t k = 0; k < axis.taps; k++)
                whole += weight[k];
            assert_true(axis.count[o] > 0 && axis.start[o] + axis.count[o] <= axis.n_cells);
            assert_true(sum / (double)axis.total > 1 - 1e-5 && sum / (double)axis.total < 1 + 1e-5);
            assert_true(whole - sum * (double)axis.full > -1.01 && whole - sum * (double)axis.full < 1.01);
        }
        as_axis_done(&axis);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits), cmocka_unit_test(test_axes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
