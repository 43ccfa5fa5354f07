/* SPDX-License-Identifier: Apache-2.0 */
/* Models of whole numbers against what they are defined as, and fused against not fused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/count_test.h"
#include "base/isa.h"
#include "base/rng.h"
#include "engine/plan.h"
#include "engine/profile.h"
#include "engine/quant_kernel.h"
#include "engine/test_pairs.h"
#include "engine/tile8.h"
#include "engine/wino16.h"
#include "graph/build.h"

static as_engine *finish(as_graph *graph, const char *output, as_dtype dtype, const as_shape *shape)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_output(graph, output, dtype, shape, &err) && as_graph_finish(graph, &err), &err);
    as_engine *engine = as_engine_new(graph, &(as_engine_cfg){.threads = 1}, &err);
    must(engine != NULL, &err);
    return engine;
}

static as_tensor run(as_engine *engine, void *in)
{
    as_err    err = AS_ERR_NONE;
    as_tensor i = as_tensor_view(as_engine_input(engine, 0)->dtype, &as_engine_input(engine, 0)->shape, in), o = {0};
    must(as_engine_run(engine, &i, &o, &err), &err);
    return o;
}

/* --- one convolution ---------------------------------------------------------------------------------------------- */

typedef enum conv_form {
    FORM_PAIRS,
    FORM_PAIRS_RELU,
    FORM_PAIRS_SUM,
    FORM_PAIRS_MIDDLE,
    FORM_QLINEAR,
    FORM_FLOATS,
    FORMS
} conv_form;

typedef struct conv_case {
    conv_form form;
    int64_t   c, o, h, w, groups, kernel, stride, pad;
    bool      is_signed, wide; /* activations are i8; weights use all of their range */
    float     x_scale, y_scale;
    int       x_zero, y_zero;
    float     w_scale[64];
    int8_t    weights[64 * 64 * 16];
    int32_t   bias[64];
    uint8_t   x[64 * 25 * 25];
} conv_case;

static int byte_value(bool is_signed, uint8_t byte)
{
    return is_signed ? (int8_t)byte : byte;
}

static int64_t extent(const conv_case *c, int64_t in)
{
    return (in + 2 * c->pad - c->kernel) / c->stride + 1;
}

/* *ret_size: the sum of the magnitudes of what is added, which the error of a sum in floats is in proportion to. */
static double conv_define(const conv_case *c, int64_t o, int64_t oy, int64_t ox, double *ret_size)
{
    const int64_t ci = c->c / c->groups, co = c->o / c->groups;
    const double  unit = (double)c->x_scale * (double)c->w_scale[o];
    int64_t       acc = c->bias[o], size = llabs(acc);
    for (int64_t i = 0; i < ci; i++)
        for (int64_t ky = 0; ky < c->kernel; ky++)
            for (int64_t kx = 0; kx < c->kernel; kx++) {
                const int64_t y = oy * c->stride - c->pad + ky, x = ox * c->stride - c->pad + kx;
                if (y < 0 || y >= c->h || x < 0 || x >= c->w)
                    continue;
                const int each =
                    (byte_value(c->is_signed, c->x[((o / co * ci + i) * c->h + y) * c->w + x]) - c->x_zero) *
                    c->weights[((o * ci + i) * c->kernel + ky) * c->kernel + kx];
                acc += each;
                size += abs(each);
            }
    *ret_size = (double)size * unit;
    return (double)acc * unit;
}

#define MIDDLE_SCALE 0.2f
#define MIDDLE_ZERO  121 /* of u8; i8: less 128 */

static bool conv_sums(const conv_case *c)
{
    return c->form == FORM_PAIRS_SUM || c->form == FORM_PAIRS_MIDDLE;
}

/* What is added: x itself, of one shape with the result; in FORM_PAIRS_MIDDLE to a result that was rounded before. *ret_off:
 * by how much less exact sums may differ: floats, and where that rounding is a near tie. */
static double conv_want(const conv_case *c, int64_t o, int64_t y, int64_t x, double *ret_off)
{
    double       size, v = conv_define(c, o, y, x, &size);
    const double rough = 1e-6 * size; /* 4.4e-7 at most was seen: floats by Winograd's algorithm, AVX-512 */
    *ret_off = c->form == FORM_FLOATS ? rough : rough / (double)c->y_scale;
    if (c->form == FORM_PAIRS_MIDDLE) {
        const double steps = v / (double)MIDDLE_SCALE, part = steps - floor(steps);
        if (fabs(part - 0.5) < 2e-3 + rough / (double)MIDDLE_SCALE)
            *ret_off += (double)(MIDDLE_SCALE / c->y_scale);
        v = (fmin(fmax(rint(steps) + MIDDLE_ZERO, 0.0), 255.0) - MIDDLE_ZERO) * (double)MIDDLE_SCALE;
    }
    if (conv_sums(c))
        v += (double)(byte_value(c->is_signed, c->x[(o * c->h + y) * c->w + x]) - c->x_zero) * (double)c->x_scale;
    if (c->form == FORM_PAIRS_RELU || conv_sums(c))
        v = fmax(v, 0.0);
    return v;
}

static conv_case *conv_random(as_rng *rng, conv_form form, int i)
{
    static const int64_t widths[] = {1, 3, 4, 8, 16, 24, 40};
    conv_case           *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->form = form;
    c->groups = i % 5 == 4 ? 4 : 1;
    c->c = c->groups > 1 ? 4 * (1 + (int64_t)as_rng_below(rng, 3)) : widths[as_rng_below(rng, 7)];
    c->o = c->groups > 1 ? 4 * (1 + (int64_t)as_rng_below(rng, 3)) : widths[as_rng_below(rng, 7)];
    c->kernel = as_rng_below(rng, 2) ? 3 : 1;
    c->stride = 1 + (int64_t)as_rng_below(rng, 2);
    c->pad = c->kernel == 3 ? (int64_t)as_rng_below(rng, 2) : 0;
    c->h = 5 + (int64_t)as_rng_below(rng, 7);
    c->w = 5 + (int64_t)as_rng_below(rng, 7);
    if (i % 4 == 0) { /* what Winograd's algorithm takes, on processors where it pays */
        c->groups = c->stride = 1;
        c->kernel = 3;
        c->c = 16 * (1 + (int64_t)as_rng_below(rng, 3));
        c->o = 16 * (1 + (int64_t)as_rng_below(rng, 3));
        c->h = 10 + (int64_t)as_rng_below(rng, 3);
        c->w = 10 + (int64_t)as_rng_below(rng, 3);
        c->pad = (int64_t)as_rng_below(rng, 3);
    }
    if (conv_sums(c)) {
        c->o = c->c;
        c->stride = 1;
        c->pad = c->kernel / 2;
    }
    c->is_signed = i % 3 == 1;
    c->wide = i % 7 == 3;
    c->x_zero = (int)as_rng_below(rng, 256) - (c->is_signed ? 128 : 0);
    c->y_zero = (int)as_rng_below(rng, 256) - (c->is_signed ? 128 : 0);
    c->x_scale = (float)as_rng_range(rng, 0.01, 0.05);
    for (int64_t o = 0; o < c->o; o++) {
        c->w_scale[o] = (float)as_rng_range(rng, 0.001, 0.01);
        c->bias[o] = (int32_t)as_rng_below(rng, 2001) - 1000;
    }
    for (size_t k = 0; k < AS_COUNT(c->weights); k++)
        c->weights[k] = (int8_t)(c->wide ? (int)as_rng_below(rng, 256) - 128 : (int)as_rng_below(rng, 129) - 64);
    for (size_t k = 0; k < AS_COUNT(c->x); k++)
        c->x[k] = (uint8_t)as_rng_below(rng, 256);
    c->y_scale = (float)(0.05 * sqrt((double)(c->c / c->groups * c->kernel * c->kernel)));
    return c;
}

static void conv_add(as_graph *graph, conv_case *c)
{
    const as_dtype dtype = c->is_signed ? AS_DTYPE_I8 : AS_DTYPE_U8;
    const int64_t  kernel[] = {c->kernel, c->kernel}, stride[] = {c->stride, c->stride},
                  pads[] = {c->pad, c->pad, c->pad, c->pad}, w[] = {c->o, c->c / c->groups, c->kernel, c->kernel};
    const as_attr attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2},
                             {.name = "strides", .kind = AS_ATTR_INTS, .ints = stride, .n = 2},
                             {.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4},
                             {.name = "group", .kind = AS_ATTR_INT, .i = c->groups}};
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 0};
    int8_t        zeros[64] = {0};
    float         b_scale[64];
    add_scale(graph, "xs", c->x_scale, dtype, c->x_zero);
    add_scale(graph, "ys", c->y_scale, dtype, c->y_zero);
    add_constant(graph, "w", AS_DTYPE_I8, 4, w, c->weights);
    add_constant(graph, "w.s", AS_DTYPE_F32, 1, w, c->w_scale);
    add_constant(graph, "w.z", AS_DTYPE_I8, 1, w, zeros);
    add_constant(graph, "b", AS_DTYPE_I32, 1, w, c->bias);
    if (c->form == FORM_QLINEAR) {
        add_node(graph, "QLinearConv", NAMES("x", "xs.s", "xs.z", "w", "w.s", "w.z", "ys.s", "ys.z", "b"), "y", attrs,
                 4);
        return;
    }
    for (int64_t o = 0; o < c->o; o++)
        b_scale[o] = c->x_scale * c->w_scale[o];
    add_constant(graph, "b.s", AS_DTYPE_F32, 1, w, b_scale);
    add_linear(graph, "DequantizeLinear", "x", "xs", "xf");
    add_node(graph, "DequantizeLinear", NAMES("w", "w.s", "w.z"), "wf", &axis, 1);
    add_node(graph, "DequantizeLinear", NAMES("b", "b.s"), "bf", &axis, 1);
    const char *last = c->form == FORM_FLOATS ? "y" : "cf";
    add_node(graph, "Conv", NAMES("xf", "wf", "bf"), last, attrs, 4);
    if (c->form == FORM_PAIRS_MIDDLE) {
        add_scale(graph, "ms", MIDDLE_SCALE, dtype, MIDDLE_ZERO - (c->is_signed ? 128 : 0));
        add_linear(graph, "QuantizeLinear", "cf", "ms", "mq");
        add_linear(graph, "DequantizeLinear", "mq", "ms", "mf");
        last = "mf";
    }
    if (conv_sums(c)) {
        add_node(graph, "Add", NAMES("xf", last), "sf", NULL, 0);
        last = "sf";
    }
    if (c->form == FORM_PAIRS_RELU || conv_sums(c)) {
        add_node(graph, "Relu", NAMES(last), "rf", NULL, 0);
        last = "rf";
    }
    if (c->form != FORM_FLOATS)
        add_linear(graph, "QuantizeLinear", last, "ys", "y");
}

static void conv_check(conv_case *c, int i)
{
    const as_dtype dtype = c->is_signed ? AS_DTYPE_I8 : AS_DTYPE_U8;
    const as_shape in = {.rank = 4, .dims = {1, c->c, c->h, c->w}},
                   out = {.rank = 4, .dims = {1, c->o, extent(c, c->h), extent(c, c->w)}};
    as_graph *graph = new_graph(&in, dtype);
    conv_add(graph, c);
    as_engine *engine = finish(graph, "y", c->form == FORM_FLOATS ? AS_DTYPE_F32 : dtype, &out);
    as_tensor  got = run(engine, c->x);
    const int  lowest = c->is_signed ? -128 : 0;
    for (int64_t k = 0; k < (int64_t)as_tensor_count(&got); k++) {
        const int64_t area = out.dims[2] * out.dims[3];
        double        off;
        const double  want = conv_want(c, k / area, k / out.dims[3] % out.dims[2], k % out.dims[3], &off);
        if (c->form == FORM_FLOATS) {
            const double v = (double)((const float *)got.data)[k];
            if (!(fabs(v - want) <= off))
                fail_msg("case %d form %d: element %d is %g and not %g", i, (int)c->form, (int)k, v, want);
            continue;
        }
        const double steps = fmin(fmax(want / (double)c->y_scale + c->y_zero, lowest), lowest + 255);
        const int    v = byte_value(c->is_signed, ((const uint8_t *)got.data)[k]);
        if (!(fabs(v - steps) <= 0.502 + off)) /* rounded, and a little of f32 */
            fail_msg("case %d form %d (%d->%d, kernel %d stride %d pad %d groups %d %s): element %d is %d and not %g",
                     i, (int)c->form, (int)c->c, (int)c->o, (int)c->kernel, (int)c->stride, (int)c->pad, (int)c->groups,
                     c->is_signed ? "i8" : "u8", (int)k, v, steps);
    }
    as_engine_free(engine);
    as_graph_free(graph);
}

static void test_convolutions_are_what_they_are_defined_as(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(3);
    for (int i = 0; i < 360; i++) {
        conv_case *c = conv_random(&rng, (conv_form)(i / 4 % FORMS), i);
        conv_check(c, i);
        free(c);
    }
}

/* Large enough for Winograd's algorithm on every processor that has it. */
static void test_large_convolutions_are_what_they_are_defined_as(void **state)
{
    static const struct {
        conv_form form;
        int       kernel;
        bool      is_signed;
    } rows[] = {{FORM_PAIRS_RELU, 4, false},
                {FORM_QLINEAR, 4, false},
                {FORM_PAIRS_SUM, 3, false},
                {FORM_PAIRS_MIDDLE, 3, false},
                {FORM_PAIRS_MIDDLE, 3, true}};
    (void)state;
    as_rng rng = as_rng_new(5);
    for (int i = 0; i < (int)AS_COUNT(rows); i++) {
        conv_case    *c = conv_random(&rng, rows[i].form, 4 * i + (rows[i].is_signed ? 0 : 2));
        const int64_t side = rows[i].kernel == 4 ? 25 : 24;
        c->groups = c->stride = c->pad = 1;
        c->kernel = rows[i].kernel;
        c->c = c->o = 64;
        c->h = c->w = side;
        c->is_signed = rows[i].is_signed;
        c->x_zero = i % 2 ? 0 : 77;
        c->y_zero = c->is_signed ? 3 : 100;
        c->y_scale = (float)(0.05 * 8.0 * (double)c->kernel);
        for (int64_t o = 0; o < c->o; o++) {
            c->w_scale[o] = (float)as_rng_range(&rng, 0.001, 0.01);
            c->bias[o] = (int32_t)as_rng_below(&rng, 2001) - 1000;
        }
        const as_wino16 w = {.kernel = rows[i].kernel,
                             .images = 1,
                             .channels = 64,
                             .n_out = 64,
                             .in = {side, side},
                             .out = {24, 24},
                             .pad = {1, 1}};
        assert_true(!as_wino16_can() || as_wino16_pays(&w));
        conv_check(c, 2000 + i);
        free(c);
    }
}

/* Where channels are odd, the last of a place and the first of the next may be summed in 16 bits, and all behind them. None of
 * these weights has a large neighbour in its own pair of channels; x is as large as it comes. which: 0, the first and the last
 * channel of each place; 1, the second and the third. */
static void odd_check(conv_form form, int64_t per_group, int64_t groups, int64_t stride, int64_t pad, int which)
{
    conv_case *c = calloc(1, sizeof *c);
    assert_non_null(c);
    *c = (conv_case){.form = form, .c = per_group * groups, .o = 8 * groups, .h = 9, .w = 8, .groups = groups};
    c->kernel = 3;
    c->stride = stride;
    c->pad = pad;
    c->x_scale = 0.02f;
    c->y_scale = 0.25f;
    c->y_zero = 128;
    memset(c->x, 255, sizeof c->x);
    for (int64_t k = 0; k < c->o * per_group * 9; k++) {
        const int64_t channel = k / 9 % per_group;
        const bool    large = which == 0 ? channel == 0 || channel == per_group - 1 : channel == 1 || channel == 2;
        c->weights[k] = (int8_t)(large ? (k / 9 / per_group % 2 ? -127 : 127) : 0);
    }
    for (int64_t o = 0; o < c->o; o++)
        c->w_scale[o] = 0.002f;
    conv_check(c, 1000 + (int)per_group);
    free(c);
}

static void test_odd_channels_leave_no_16_bits(void **state)
{
    (void)state;
    static const conv_form forms[] = {FORM_PAIRS, FORM_QLINEAR, FORM_FLOATS};
    for (size_t form = 0; form < AS_COUNT(forms); form++)
        for (int64_t per_group = 1; per_group <= 7; per_group += 2)
            for (int64_t groups = 1; groups <= 4; groups += 1 + (groups > 1))
                for (int i = 0; i < 8; i++)
                    odd_check(forms[form], per_group, groups, 1 + i / 4, i / 2 % 2, per_group > 1 ? i % 2 : 0);
}

/* --- matrix products ---------------------------------------------------------------------------------------------- */

static void matrix_check(as_rng *rng, bool qlinear, int64_t rows)
{
    enum { K = 37, N = 19, ROWS = 6 };
    uint8_t x[ROWS * K], zero[N] = {0};
    int8_t  w[K * N];
    float   s[N], y_scale = 0.7f;
    for (size_t i = 0; i < AS_COUNT(x); i++)
        x[i] = (uint8_t)as_rng_below(rng, 256);
    for (size_t i = 0; i < AS_COUNT(w); i++)
        w[i] = (int8_t)((int)as_rng_below(rng, 129) - 64);
    for (size_t i = 0; i < N; i++)
        s[i] = (float)as_rng_range(rng, 0.001, 0.02);
    const as_shape in = {.rank = 3, .dims = {2, rows, K}}, out = {.rank = 3, .dims = {2, rows, N}};
    const as_attr  axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    as_graph      *graph = new_graph(&in, AS_DTYPE_U8);
    add_scale(graph, "xs", 0.03f, AS_DTYPE_U8, 100);
    add_scale(graph, "ys", y_scale, AS_DTYPE_U8, 130);
    add_constant(graph, "w", AS_DTYPE_I8, 2, (const int64_t[]){K, N}, w);
    add_constant(graph, "w.s", AS_DTYPE_F32, 1, (const int64_t[]){N}, s);
    add_constant(graph, "w.z", AS_DTYPE_I8, 1, (const int64_t[]){N}, zero);
    if (qlinear) {
        add_node(graph, "QLinearMatMul", NAMES("x", "xs.s", "xs.z", "w", "w.s", "w.z", "ys.s", "ys.z"), "y", NULL, 0);
    } else {
        add_linear(graph, "DequantizeLinear", "x", "xs", "xf");
        add_node(graph, "DequantizeLinear", NAMES("w", "w.s", "w.z"), "wf", &axis, 1);
        add_node(graph, "MatMul", NAMES("xf", "wf"), "yf", NULL, 0);
        add_linear(graph, "QuantizeLinear", "yf", "ys", "y");
    }
    as_engine *engine = finish(graph, "y", AS_DTYPE_U8, &out);
    as_tensor  got = run(engine, x);
    for (int64_t i = 0; i < 2 * rows * N; i++) {
        int64_t acc = 0;
        for (int64_t k = 0; k < K; k++)
            acc += (x[i / N * K + k] - 100) * w[k * N + i % N];
        const double steps = fmin(fmax((double)acc * 0.03 * (double)s[i % N] / (double)y_scale + 130.0, 0.0), 255.0);
        if (!(fabs(((const uint8_t *)got.data)[i] - steps) <= 0.502))
            fail_msg("element %d is %d and not %g", (int)i, ((const uint8_t *)got.data)[i], steps);
    }
    as_engine_free(engine);
    as_graph_free(graph);
}

static void test_matrix_products_are_what_they_are_defined_as(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(8);
    for (int64_t rows = 1; rows <= 3; rows++) {
        matrix_check(&rng, false, rows);
        matrix_check(&rng, true, rows);
    }
}

/* --- what becomes of a residual block ------------------------------------------------------------------------------- */

static void block_conv(as_graph *graph, as_rng *rng, const char *name, const char *in)
{
    static const int64_t ones[] = {1, 1, 1, 1}, dims[] = {WIDTH, WIDTH, 3, 3};
    const as_attr        pads = {.name = "pads", .kind = AS_ATTR_INTS, .ints = ones, .n = 4};
    const as_attr        axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 0};
    char                 w[32], s[32], f[32];
    int8_t               weights[WIDTH * WIDTH * 9];
    float                scales[WIDTH];
    snprintf(w, sizeof w, "%s.w", name);
    snprintf(s, sizeof s, "%s.ws", name);
    snprintf(f, sizeof f, "%s.wf", name);
    for (size_t k = 0; k < AS_COUNT(weights); k++)
        weights[k] = (int8_t)((int)as_rng_below(rng, 129) - 64);
    for (size_t k = 0; k < WIDTH; k++)
        scales[k] = 0.001f;
    add_constant(graph, w, AS_DTYPE_I8, 4, dims, weights);
    add_constant(graph, s, AS_DTYPE_F32, 1, dims, scales);
    add_node(graph, "DequantizeLinear", NAMES(w, s), f, &axis, 1);
    add_node(graph, "Conv", NAMES(in, f), name, &pads, 1);
}

static as_graph *block_graph(as_dtype dtype)
{
    const as_shape shape = {.rank = 4, .dims = {1, WIDTH, SIDE, SIDE}};
    const int      less = dtype == AS_DTYPE_I8 ? 128 : 0;
    as_rng         rng = as_rng_new(9);
    as_err         err = AS_ERR_NONE;
    as_graph      *graph = new_graph(&shape, AS_DTYPE_F32);
    add_scale(graph, "fine", 4.0f / 255.0f, dtype, 128 - less);
    add_scale(graph, "positive", 3.0f / 255.0f, dtype, 0 - less);
    add_linear(graph, "QuantizeLinear", "x", "fine", "qx");
    add_linear(graph, "DequantizeLinear", "qx", "fine", "v0");
    block_conv(graph, &rng, "c1", "v0");
    add_node(graph, "Relu", NAMES("c1"), "r1", NULL, 0);
    add_linear(graph, "QuantizeLinear", "r1", "positive", "q1");
    add_linear(graph, "DequantizeLinear", "q1", "positive", "v1");
    block_conv(graph, &rng, "c2", "v1");
    add_linear(graph, "QuantizeLinear", "c2", "fine", "q2");
    add_linear(graph, "DequantizeLinear", "q2", "fine", "v2");
    add_node(graph, "Add", NAMES("v2", "v0"), "sum", NULL, 0);
    add_node(graph, "Relu", NAMES("sum"), "r2", NULL, 0);
    add_linear(graph, "QuantizeLinear", "r2", "positive", "q3");
    add_linear(graph, "DequantizeLinear", "q3", "positive", "v3");
    add_node(graph, "GlobalAveragePool", NAMES("v3"), "mean", NULL, 0);
    add_linear(graph, "QuantizeLinear", "mean", "positive", "q4");
    add_linear(graph, "DequantizeLinear", "q4", "positive", "y");
    const as_shape out = {.rank = 4, .dims = {1, WIDTH, 1, 1}};
    must(as_graph_add_output(graph, "y", AS_DTYPE_F32, &out, &err) && as_graph_finish(graph, &err), &err);
    return graph;
}

/* One step each: quantise, two convolutions, the addition with its Relu, the mean, floats at the end. */
static void test_a_residual_block_is_six_steps(void **state)
{
    (void)state;
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        as_err     err = AS_ERR_NONE;
        as_plan    plan;
        size_t     whole = 0, own = 0;
        as_graph  *graph = block_graph(is_signed ? AS_DTYPE_I8 : AS_DTYPE_U8);
        as_onednn *dnn = as_onednn_new(1, &err);
        must(dnn && as_graph_infer_shapes(graph, 1, &err) && as_plan_init(&plan, graph, dnn, &err), &err);
        must(as_plan_nodes(&plan, &err) && as_plan_plain(&plan, as_graph_output(graph, 0), &err), &err);
        for (size_t i = 0; i < plan.steps.n; i++) {
            const as_step *step = plan.steps.at[i];
            const bool     product = step->prim ? as_prim_layout(step->prim, AS_ARG_WEIGHTS) != NULL
                                                : step->how && strstr(step->how, "whole numbers");
            for (size_t k = 0; product && k < step->uses.n; k++)
                whole += step->uses.at[k].buf->dtype == AS_DTYPE_I8 && step->uses.at[k].buf->kind == AS_BUF_CONSTANT;
            own += !product;
        }
        assert_int_equal(whole, 2);
        assert_int_equal(own, 4);
        assert_int_equal(plan.steps.n, 6);
        as_plan_done(&plan);
        as_onednn_free(dnn);
        as_graph_free(graph);
    }
}

/* --- an addition behind a product --------------------------------------------------------------------------------- */

/* shown: what is added is an output too, so that the addition is a step of its own. Every other seed adds a third and a
 * sixth: of those results a sixth are in the middle between two integers, and the smallest rounding decides. */
static as_graph *added_graph(uint64_t seed, const as_shape *shape, int64_t kernel, bool shown)
{
    const int64_t dims[] = {shape->dims[1], shape->dims[1], kernel, kernel}, side = kernel / 2,
                  around[] = {side, side, side, side};
    const as_attr  pads = {.name = "pads", .kind = AS_ATTR_INTS, .ints = around, .n = 4};
    const as_dtype dtype = seed % 3 == 2 ? AS_DTYPE_I8 : AS_DTYPE_U8;
    const int      less = dtype == AS_DTYPE_I8 ? 128 : 0;
    as_rng         rng = as_rng_new(seed);
    as_err         err = AS_ERR_NONE;
    as_graph      *graph = new_graph(shape, AS_DTYPE_F32);
    add_scale(graph, "fine", 4.0f / 255.0f, dtype, (int)as_rng_below(&rng, 256) - less);
    const bool  ties = seed / 2 % 2;
    const float sums = (float)as_rng_range(&rng, 3.0, 8.0);
    add_scale(graph, "coarse", (ties ? 2.0f : 5.3f) / 255.0f, dtype, (int)as_rng_below(&rng, 256) - less);
    add_scale(graph, "sums", (ties ? 12.0f : sums) / 255.0f, dtype, (int)as_rng_below(&rng, 256) - less);
    add_linear(graph, "QuantizeLinear", "x", "fine", "qx");
    add_linear(graph, "DequantizeLinear", "qx", "fine", "v0");
    random_weights(graph, &rng, "w", "ws", "wf", dims);
    add_node(graph, "Conv", NAMES("v0", "wf"), "c", &pads, 1);
    add_linear(graph, "QuantizeLinear", "c", "coarse", "qc");
    add_linear(graph, "DequantizeLinear", "qc", "coarse", "v1");
    add_node(graph, "Add", seed % 2 ? NAMES("v1", "v0") : NAMES("v0", "v1"), "sum", NULL, 0);
    if (seed % 5 < 3)
        add_node(graph, "Relu", NAMES("sum"), "held", NULL, 0);
    add_linear(graph, "QuantizeLinear", seed % 5 < 3 ? "held" : "sum", "sums", "q");
    add_linear(graph, "DequantizeLinear", "q", "sums", "y");
    must(as_graph_add_output(graph, "y", AS_DTYPE_F32, shape, &err), &err);
    must(!shown || as_graph_add_output(graph, "v1", AS_DTYPE_F32, shape, &err), &err);
    must(as_graph_finish(graph, &err), &err);
    return graph;
}

/* There is a kernel of ours that adds in its write. */
static bool own_adds(int64_t kernel)
{
    return !as_isa_may(AS_ISA_AMX) && (kernel == 1 ? as_tile8_can() : as_wino16_can());
}

static bool is_added_in_a_write(const as_engine *engine)
{
    as_engine_step step;
    bool           is = false;
    for (size_t i = 0; as_engine_step_at(engine, i, &step); i++)
        is = is || (strcmp(step.op, "Conv") == 0 && strstr(step.fused, "Add"));
    return is;
}

/* Whether it is done in the write or afterwards is not to be seen in any bit. */
static void added_check(uint64_t seed, int64_t width, int64_t side, int64_t kernel)
{
    static float   x[WIDEST * 28 * 28], want[WIDEST * 28 * 28];
    const as_shape shape = {.rank = 4, .dims = {1, width, side, side}};
    const size_t   n = (size_t)(width * side * side);
    as_rng         rng = as_rng_new(seed + 9);
    as_err         err = AS_ERR_NONE;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)as_rng_range(&rng, -3.0, 3.0);
    for (int shown = 1; shown >= 0; shown--) {
        as_graph  *graph = added_graph(seed, &shape, kernel, shown);
        as_engine *engine = as_engine_new(graph, &(as_engine_cfg){.profile = true}, &err);
        as_tensor  in = as_tensor_view(AS_DTYPE_F32, &shape, x), out[2] = {0};
        must(engine && as_engine_run(engine, &in, out, &err), &err);
        if (shown)
            memcpy(want, out[0].data, n * sizeof *want);
        else
            assert_memory_equal(want, out[0].data, n * sizeof *want);
        assert_true(shown || !own_adds(kernel) || is_added_in_a_write(engine));
        as_engine_free(engine);
        as_graph_free(graph);
    }
}

static void test_an_addition_is_the_same_fused_or_not(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++)
        added_check(seed, WIDTH, SIDE, 1);
}

/* As large as Winograd's algorithm takes them: the product as either operand. */
static void test_an_addition_to_a_window_is_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++)
        added_check(seed, WIDEST, 28, 3);
}

/* --- what a run allocates ------------------------------------------------------------------------------------------- */

static void test_a_run_allocates_nothing(void **state)
{
    (void)state;
#if COUNTS_ALLOCATIONS
    static float x[VALUES];
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        as_err     err = AS_ERR_NONE;
        as_graph  *graph = block_graph(is_signed ? AS_DTYPE_I8 : AS_DTYPE_U8);
        as_engine *engine = as_engine_new(graph, &(as_engine_cfg){0}, &err);
        must(engine != NULL, &err);
        (void)run(engine, x);
        count_begin();
        for (int i = 0; i < 4; i++)
            (void)run(engine, x);
        assert_int_equal(count_end(), 0);
        assert_int_equal(count_others(), 0);
        as_engine_free(engine);
        as_graph_free(graph);
    }
#else
    print_message("skipped: a sanitizer allocates for itself\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions_are_what_they_are_defined_as),
        cmocka_unit_test(test_large_convolutions_are_what_they_are_defined_as),
        cmocka_unit_test(test_odd_channels_leave_no_16_bits),
        cmocka_unit_test(test_matrix_products_are_what_they_are_defined_as),
        cmocka_unit_test(test_a_residual_block_is_six_steps),
        cmocka_unit_test(test_an_addition_is_the_same_fused_or_not),
        cmocka_unit_test(test_an_addition_to_a_window_is_the_same),
        cmocka_unit_test(test_a_run_allocates_nothing),
    };
    return cmocka_run_group_tests_name("quant", tests, NULL, NULL);
}
