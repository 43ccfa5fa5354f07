/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of whole numbers, against sums as they are defined. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/isa.h"
#include "base/rng.h"
#include "engine/depth8.h"
#include "engine/gang.h"
#include "engine/max8.h"
#include "engine/point8.h"
#include "engine/product8.h"
#include "engine/quant_kernel.h"
#include "engine/row8.h"

enum { MOST = 1 << 16, GUARD = 64 };

static uint8_t x[MOST], y[MOST + GUARD], threaded[MOST + GUARD];
static int8_t  w[MOST];
static float   factors[256], biases[256], floats[1 << 13];

/* weight_most: 127 where each product stands alone, 64 where two are added in 16 bits. */
static void draw(uint64_t seed, int weight_most)
{
    as_rng rng = as_rng_new(seed);
    for (int i = 0; i < MOST; i++) {
        x[i] = (uint8_t)(seed % 3 ? as_rng_below(&rng, 256) : 255);
        w[i] = (int8_t)(seed % 3 ? (int)as_rng_below(&rng, 2 * (uint32_t)weight_most + 1) - weight_most : weight_most);
    }
    for (int i = 0; i < 256; i++) {
        factors[i] = (float)as_rng_range(&rng, 0.0001, 0.01);
        biases[i] = (float)as_rng_range(&rng, -4000.0, 4000.0);
    }
    if (seed % 4 == 0)
        factors[0] = 1e30f; /* beyond 32 bits */
    memset(y, 0xa5, sizeof y);
    memset(threaded, 0xa5, sizeof threaded);
}

static uint8_t result(int64_t sum, size_t o, const as_limits *limits)
{
    float v = ((float)sum + biases[o]) * factors[o];
    v = limits->on ? fminf(fmaxf(v, limits->low), limits->high) : v;
    return (uint8_t)rintf(fminf(fmaxf(v, 0.0f), 255.0f));
}

typedef struct depth8_kernel {
    bool (*can)(void);
    size_t (*bytes)(const as_depth8 *d);
    void (*pack)(const as_depth8 *d, const int8_t *weights, const float *factors, const float *biases, void *to);
    void (*run)(const as_depth8 *d, int worker, const uint8_t *from, const void *weights, uint8_t *to);
} depth8_kernel;

static const depth8_kernel depth8_kernels[] = {
    {as_depth8_can, as_depth8_weight_bytes, as_depth8_weights, as_depth8_run},
    {as_depth8_wide_can, as_depth8_wide_weight_bytes, as_depth8_wide_weights, as_depth8_wide_run},
};

typedef struct shared {
    const void          *d, *weights;
    void                *to;
    const depth8_kernel *kernel;
} shared;

static void depth8_unit(void *ctx, int unit)
{
    const shared *s = ctx;
    s->kernel->run(s->d, unit, x, s->weights, s->to);
}

static void depth8_check(const depth8_kernel *kernel, as_depth8 d, uint64_t seed, as_gang *gang)
{
    draw(seed, 127);
    for (int i = 0; i < 2; i++)
        d.out[i] = (d.in[i] + 2 * d.pad[i] - 3) / d.stride + 1;
    const size_t bytes = (size_t)(d.images * d.channels * d.out[0] * d.out[1]);
    void        *weights = aligned_alloc(64, kernel->bytes(&d));
    assert_true(weights && bytes <= MOST && d.images * d.channels * d.in[0] * d.in[1] <= MOST);
    kernel->pack(&d, w, factors, biases, weights);
    kernel->run(&d, 0, x, weights, y);
    for (size_t i = 0; i < bytes; i++) {
        const int64_t c = (int64_t)i % d.channels, at = (int64_t)i / d.channels;
        const int64_t col = at % d.out[1], row = at / d.out[1] % d.out[0], image = at / d.out[1] / d.out[0];
        int64_t       sum = 0;
        for (int64_t k = 0; k < 9; k++) {
            const int64_t yy = row * d.stride + k / 3 - d.pad[0], xx = col * d.stride + k % 3 - d.pad[1];
            if (yy >= 0 && yy < d.in[0] && xx >= 0 && xx < d.in[1])
                sum += (x[((image * d.in[0] + yy) * d.in[1] + xx) * d.channels + c] - d.x_zero) * w[c * 9 + k];
        }
        assert_int_equal(y[i], result(sum, (size_t)c, &d.limits));
    }
    assert_int_equal(y[bytes], 0xa5); /* nothing behind it is written */
    d.workers = 5;
    as_gang_run(gang, 5, false, depth8_unit, &(shared){&d, weights, threaded, kernel});
    assert_memory_equal(y, threaded, bytes + GUARD);
    free(weights);
}

static void depth8_all(const depth8_kernel *kernel, as_gang *gang)
{
    static const int64_t channels[] = {16, 32, 64, 96, 144, 192};
    if (!kernel->can())
        skip();
    const as_limits six = {true, 3.0f, 200.0f}, none = {false, 0.0f, 0.0f};
    for (uint64_t seed = 0; seed < 12; seed++)
        for (int64_t stride = 1; stride <= 2; stride++)
            for (int64_t pad = 0; pad <= 1; pad++)
                depth8_check(kernel,
                             (as_depth8){.images = 1 + (int64_t)(seed % 2),
                                         .channels = channels[seed % AS_COUNT(channels)],
                                         .in = {3 + (int64_t)seed % 7, 3 + (int64_t)seed % 5},
                                         .pad = {pad, pad},
                                         .stride = stride,
                                         .x_zero = seed % 2 ? 0 : 77,
                                         .limits = seed % 5 ? six : none},
                             seed, gang);
}

static void test_depthwise(void **state)
{
    depth8_all(&depth8_kernels[0], *state);
}

static void test_depthwise_wide(void **state)
{
    depth8_all(&depth8_kernels[1], *state);
}

static void point8_unit(void *ctx, int unit)
{
    const shared *s = ctx;
    as_point8_run(s->d, unit, x, s->weights, s->to);
}

static void point8_check(as_point8 d, uint64_t seed, as_gang *gang)
{
    const size_t bytes = (size_t)(d.pixels * d.outputs);
    draw(seed, 64);
    as_point8_divide(&d, 1);
    assert_int_equal(d.units, 1);
    void *weights = aligned_alloc(64, as_point8_weight_bytes(&d));
    assert_true(weights && bytes <= MOST && d.pixels * d.inputs <= MOST && d.outputs * d.inputs <= MOST);
    as_point8_weights(&d, w, factors, biases, weights);
    as_point8_run(&d, 0, x, weights, y);
    for (size_t i = 0; i < bytes; i++) {
        const int64_t o = (int64_t)i % d.outputs, pixel = (int64_t)i / d.outputs;
        int64_t       sum = 0;
        for (int64_t k = 0; k < d.inputs; k++)
            sum += x[pixel * d.inputs + k] * w[o * d.inputs + k];
        assert_int_equal(y[i], result(sum, (size_t)o, &d.limits));
    }
    assert_int_equal(y[bytes], 0xa5);
    as_point8_divide(&d, 3);
    as_gang_run(gang, (uint32_t)d.units, false, point8_unit, &(shared){.d = &d, .weights = weights, .to = threaded});
    assert_memory_equal(y, threaded, bytes + GUARD);
    free(weights);
}

static void test_one_pixel(void **state)
{
    static const int64_t pixels[] = {1, 3, 4, 49, 131}, inputs[] = {4, 24, 96, 200}, outputs[] = {8, 16, 24, 96, 184};
    as_gang             *gang = *state;
    uint64_t             seed = 0;
    if (!as_point8_can())
        skip();
    for (size_t p = 0; p < AS_COUNT(pixels); p++)
        for (size_t i = 0; i < AS_COUNT(inputs); i++)
            for (size_t o = 0; o < AS_COUNT(outputs); o++, seed++)
                point8_check((as_point8){.pixels = pixels[p],
                                         .inputs = inputs[i],
                                         .outputs = outputs[o],
                                         .limits = {seed % 2 == 0, 2.0f, 190.0f}},
                             seed, gang);
}

static void test_rows(void **state)
{
    static const int64_t ks[] = {1, 31, 32, 100, 333};
    (void)state;
    if (!as_row8_can())
        skip();
    for (size_t i = 0; i < AS_COUNT(ks); i++)
        for (int64_t n = 1; n < 12; n++)
            for (int whole = 0; whole < 2; whole++) {
                as_row8 r = {.rows = 1 + n % 4, .k = ks[i], .n = n, .workers = 3, .floats = !whole};
                float   numbers[24];
                draw((uint64_t)n, 64);
                memcpy(numbers, factors, (size_t)n * sizeof(float));
                memcpy(numbers + n, biases, (size_t)n * sizeof(float));
                for (int worker = 0; worker < 3; worker++)
                    as_row8_run(&r, worker, x, w, numbers, whole ? (void *)y : (void *)floats);
                for (int64_t at = 0; at < r.rows * n; at++) {
                    int64_t sum = 0;
                    for (int64_t k = 0; k < r.k; k++)
                        sum += x[at / n * r.k + k] * w[at % n * r.k + k];
                    if (whole)
                        assert_int_equal(y[at], result(sum, (size_t)(at % n), &r.limits));
                    else
                        assert_true(fabsf(floats[at] - ((float)sum + biases[at % n]) * factors[at % n]) <= 0.0f);
                }
            }
}

static void max8_unit(void *ctx, int unit)
{
    const shared  *s = ctx;
    static uint8_t scratch[MOST];
    as_max8_run(s->d, unit, x, scratch, s->to);
}

static void max8_check(as_max8 m, uint64_t seed, as_gang *gang)
{
    static uint8_t scratch[MOST];
    draw(seed * 3 + 1, 127);
    for (int i = 0; i < 2; i++)
        m.out[i] = (m.in[i] + 2 * m.pad[i] - m.kernel[i]) / m.stride[i] + 1;
    const size_t bytes = (size_t)(m.images * m.channels * m.out[0] * m.out[1]);
    assert_true(as_max8_can(&m) && bytes <= MOST && m.images * m.channels * m.in[0] * m.in[1] <= MOST);
    as_max8_run(&m, 0, x, scratch, y);
    for (size_t i = 0; i < bytes; i++) {
        const int64_t c = (int64_t)i % m.channels, at = (int64_t)i / m.channels;
        const int64_t col = at % m.out[1], row = at / m.out[1] % m.out[0], image = at / m.out[1] / m.out[0];
        uint8_t       most = 0;
        for (int64_t k = 0; k < m.kernel[0] * m.kernel[1]; k++) {
            const int64_t yy = row * m.stride[0] + k / m.kernel[1] - m.pad[0],
                          xx = col * m.stride[1] + k % m.kernel[1] - m.pad[1];
            if (yy >= 0 && yy < m.in[0] && xx >= 0 && xx < m.in[1])
                most = AS_MAX(most, x[((image * m.in[0] + yy) * m.in[1] + xx) * m.channels + c]);
        }
        assert_int_equal(y[i], most);
    }
    assert_int_equal(y[bytes], 0xa5);
    m.units = 4;
    assert_true(as_max8_scratch_bytes(&m) <= MOST);
    as_gang_run(gang, 4, false, max8_unit, &(shared){.d = &m, .to = threaded});
    assert_memory_equal(y, threaded, bytes + GUARD);
}

static void test_maxima(void **state)
{
    uint64_t seed = 0;
    for (int64_t kernel = 1; kernel <= 5; kernel++)
        for (int64_t stride = 1; stride <= 3; stride++)
            for (int64_t pad = 0; pad < kernel; pad++, seed++)
                max8_check((as_max8){.images = 1 + (int64_t)(seed % 2),
                                     .channels = seed % 3 ? 64 : 7,
                                     .in = {6 + (int64_t)seed % 7, 5 + (int64_t)seed % 9},
                                     .kernel = {kernel, seed % 4 ? kernel : 1},
                                     .stride = {stride, 1 + stride % 3},
                                     .pad = {pad, seed % 4 ? pad : 0}},
                           seed, *state);
    assert_false(
        as_max8_can(&(as_max8){.in = {4, 4}, .out = {6, 4}, .kernel = {1, 1}, .stride = {1, 1}, .pad = {1, 0}}));
}

/* Means of windows, two by two and others, inside and at the border: every step rounded as the definition's. */
static void test_means(void **state)
{
    static const struct {
        int64_t kernel, stride, pad;
        bool    count_pads;
    } rows[] = {{2, 2, 0, false}, {2, 1, 1, true}, {2, 2, 1, false}, {3, 2, 1, false}, {7, 1, 0, false}};
    (void)state;
    for (size_t r = 0; r < AS_COUNT(rows); r++)
        for (uint64_t seed = 0; seed < 6; seed++) {
            as_quant_mean m = {
                .n = 2, .channels = 5 + (int64_t)seed * 9, .in = {8, 7}, .count_pads = rows[r].count_pads};
            for (int i = 0; i < 2; i++) {
                m.kernel[i] = rows[r].kernel;
                m.stride[i] = rows[r].stride;
                m.pad[i] = rows[r].pad;
                m.out[i] = (m.in[i] + 2 * m.pad[i] - m.kernel[i]) / m.stride[i] + 1;
            }
            m.scale = 0.013f;
            m.x_zero = (float)(seed * 40);
            m.y_scale = seed == 3 ? 0.0f : 0.011f;
            m.y_zero = 90;
            m.low = 7;
            m.high = 240;
            draw(seed, 127);
            int32_t sums[64];
            as_quant_kernel_mean(&m, x, sums, m.y_scale > 0.0f ? (void *)y : (void *)floats);
            const int64_t pixels = m.out[0] * m.out[1];
            for (int64_t i = 0; i < m.n * pixels * m.channels; i++) {
                const int64_t c = i % m.channels, at = i / m.channels % pixels, image = i / m.channels / pixels;
                int64_t       sum = 0, inside = 0;
                for (int64_t k = 0; k < m.kernel[0] * m.kernel[1]; k++) {
                    const int64_t yy = at / m.out[1] * m.stride[0] - m.pad[0] + k / m.kernel[1];
                    const int64_t xx = at % m.out[1] * m.stride[1] - m.pad[1] + k % m.kernel[1];
                    if (yy < 0 || yy >= m.in[0] || xx < 0 || xx >= m.in[1])
                        continue;
                    sum += x[((image * m.in[0] + yy) * m.in[1] + xx) * m.channels + c];
                    inside++;
                }
                const int64_t  counted = m.count_pads ? m.kernel[0] * m.kernel[1] : inside;
                volatile float v = m.x_zero * (float)inside;
                v = (float)sum - v;
                v = v * (m.scale / (float)counted);
                if (m.y_scale > 0.0f)
                    assert_int_equal(y[i], fminf(fmaxf(rintf(v / m.y_scale), -83.0f), 150.0f) + 90.0f);
                else
                    assert_true(fabsf(floats[(image * m.channels + c) * pixels + at] - v) <= 0.0f);
            }
        }
}

/* Bytes that stand channels last become floats in planes. */
static void test_planes(void **state)
{
    float table[256];
    (void)state;
    for (int i = 0; i < 256; i++)
        table[i] = 0.25f * (float)(i - 77);
    for (size_t planes = 1; planes <= 200; planes += 33)
        for (size_t n = 1; n * planes <= AS_COUNT(floats); n += 7) {
            draw(n, 127);
            as_quant_kernel_to_f32(x, planes, n, table, floats);
            for (size_t i = 0; i < n * planes; i++)
                assert_true(fabsf(floats[i] - table[x[i % n * planes + i / n]]) <= 0.0f);
        }
}

/* A layer that Winograd's algorithm takes on every processor but one with AMX, whose primitives are faster. */
static void test_winograd_is_not_for_amx(void **state)
{
    enum { WIDTH = 64, SIDE = 56 };
    const unsigned  all = as_isa_find(), avx2 = 1u << AS_ISA_AVX2, vnni = avx2 | 1u << AS_ISA_AVX512_VNNI;
    const as_shape  shape = {.rank = 4, .dims = {1, WIDTH, SIDE, SIDE}};
    const as_window window = {
        .n = 2, .kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad_begin = {1, 1}, .pad_end = {1, 1}};
    const as_plan plan = {.threads = 1};
    as_product8   p = {.order = AS_ORDER_CHANNELS_LAST, .in = shape, .out = shape, .window = window, .groups = 1};
    (void)state;
    memset(w, 1, sizeof w);
    p.n_out = WIDTH;
    p.each = WIDTH * 9;
    p.weights = w;
    p.target = (as_quant_target){.dtype = AS_DTYPE_U8, .scale = 1.0f};
    p.middle = p.target;
    atomic_store(&as_isa_mask, avx2);
    const bool with_avx2 = as_product8_own(&plan, &p, true) && as_product8_adds(&plan, &p);
    atomic_store(&as_isa_mask, vnni);
    const bool with_vnni = as_product8_own(&plan, &p, true) && as_product8_adds(&plan, &p);
    atomic_store(&as_isa_mask, vnni | 1u << AS_ISA_AMX);
    const bool with_amx = as_product8_own(&plan, &p, true) || as_product8_adds(&plan, &p);
    atomic_store(&as_isa_mask, all);
#ifdef __x86_64__
    assert_true(with_avx2);
    assert_true(with_vnni);
#else
    assert_false(with_avx2 || with_vnni);
#endif
    assert_false(with_amx);
}

static uint8_t byte_of(float from, float scale, int32_t zero, int32_t low, int32_t high)
{
    const float v = from / scale, least = (float)(low - zero), most = (float)(high - zero);
    return (uint8_t)((int32_t)rintf(v > least ? v < most ? v : most : least) + zero);
}

/* Also of what lies next to the middle between two integers, beyond both ends, or is no number. */
static void test_three_planes_become_pixels(void **state)
{
    (void)state;
    enum { N = 1000 };
    static float   planes[3 * N];
    static uint8_t out[3 * N + 1];
    as_rng         rng = as_rng_new(5);
    for (int round = 0; round < 60; round++) {
        const float   scale = round == 7 ? 1e-33f : (float)exp(as_rng_range(&rng, -12.0, 4.0));
        const bool    is_signed = round % 2 == 1;
        const int32_t low = is_signed ? -128 : 0, zero = low + (int32_t)as_rng_below(&rng, 256);
        const size_t  n = round % 3 ? N : 1 + as_rng_below(&rng, 40);
        for (size_t i = 0; i < 3 * n; i++) {
            planes[i] = scale * ((float)as_rng_below(&rng, 600) - 300.0f + 0.5f * (float)as_rng_below(&rng, 2));
            for (uint64_t step = as_rng_below(&rng, 4); step > 0; step--)
                planes[i] = nextafterf(planes[i], i % 2 ? INFINITY : -INFINITY);
            if (as_rng_below(&rng, 50) == 0)
                planes[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f;
        }
        memset(out, 0xa5, sizeof out);
        as_quant_kernel_from_f32(planes, 3, n, scale, zero, low, low + 255, out);
        for (size_t i = 0; i < 3 * n; i++)
            assert_int_equal(out[i], byte_of(planes[i % 3 * n + i / 3], scale, zero, low, low + 255));
        assert_int_equal(out[3 * n], 0xa5);
    }
}

static int setup(void **state)
{
    as_err err = AS_ERR_NONE;
    *state = as_gang_new(2, &err);
    return *state ? 0 : 1;
}

static int teardown(void **state)
{
    as_gang_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_depthwise_wide),
        cmocka_unit_test(test_one_pixel),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_maxima),
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_planes),
        cmocka_unit_test(test_three_planes_become_pixels),
        cmocka_unit_test(test_winograd_is_not_for_amx),
    };
    return cmocka_run_group_tests_name("product8", tests, setup, teardown);
}
