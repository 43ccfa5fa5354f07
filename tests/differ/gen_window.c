/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions, pools, norms, products, pictures of another size, whole numbers. */
#include "gen_ops.h"

#include <math.h>
#include <string.h>

static const as_shape *shape_of(const gen *g, int value)
{
    return &g->values[value].shape;
}

/* --- windows --- */

/* Returns whether they are given by auto_pad: ONNX Runtime takes no dilations then. */
static bool some_pads(gen *g, gen_node *n, int spatial, const int64_t *kernel)
{
    int64_t pads[6];
    if (gen_chance(g, 0.15)) {
        static const char *const how[] = {"SAME_UPPER", "SAME_LOWER", "VALID"};
        gen_text(n, "auto_pad", how[gen_below(g, AS_COUNT(how))]);
        return true;
    }
    if (gen_chance(g, 0.3))
        return false;
    bool even = gen_chance(g, 0.6);
    for (int i = 0; i < spatial; i++) {
        pads[i] = gen_between(g, 0, kernel[i] - 1);
        pads[spatial + i] = even ? pads[i] : gen_between(g, 0, kernel[i] - 1);
    }
    gen_ints(n, "pads", pads, 2 * (size_t)spatial);
    return false;
}

/* most: the kernel, where pads are automatic or sizes rounded up. Steps beyond it would make pads of less than nothing, or
 * windows that begin behind the end: on these ONNX Runtime does not agree with itself. NULL: any. */
static void some_steps(gen *g, gen_node *n, const char *name, int spatial, double chance, const int64_t *most)
{
    int64_t at[3];
    if (!gen_chance(g, chance))
        return;
    for (int i = 0; i < spatial; i++)
        at[i] = gen_between(g, 1, 3);
    if (gen_chance(g, 0.7))
        at[1] = at[2] = at[0];
    for (int i = 0; most && i < spatial; i++)
        at[i] = AS_MIN(at[i], most[i]);
    gen_ints(n, name, at, (size_t)spatial);
}

static void some_kernel(gen *g, int spatial, int64_t *kernel)
{
    static const int64_t sizes[] = {1, 1, 3, 3, 3, 2, 5, 4};
    for (int i = 0; i < spatial; i++)
        kernel[i] = i && gen_chance(g, 0.8) ? kernel[0] : sizes[gen_below(g, AS_COUNT(sizes))];
}

static int64_t some_groups(gen *g, int64_t channels)
{
    static const int64_t groups[] = {2, 3, 4, 8};
    if (gen_chance(g, 0.6))
        return 1;
    if (gen_chance(g, 0.5))
        return channels;
    int64_t group = groups[gen_below(g, AS_COUNT(groups))];
    return channels % group == 0 ? group : 1;
}

bool gen_conv(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, gen_chance(g, 0.85) ? 4 : 3, 5);
    if (!gen_in(n, x) || shape_of(g, x)->rank < 3)
        return false;
    bool     turned = strcmp(n->op, "ConvTranspose") == 0;
    int      spatial = shape_of(g, x)->rank - 2;
    int64_t  channels = shape_of(g, x)->dims[1], groups = some_groups(g, channels), kernel[3];
    int64_t  out = gen_chance(g, 0.5) ? gen_between(g, 1, 4) : gen_chance(g, 0.5) ? 8 : 16 / AS_MIN(groups, (int64_t)4);
    as_shape w = {2 + spatial, {turned ? channels : out * groups, turned ? out : channels / groups}};
    some_kernel(g, spatial, kernel);
    for (int i = 0; i < spatial; i++)
        w.dims[2 + i] = kernel[i];
    if (groups > 1 || gen_chance(g, 0.3))
        gen_int(n, "group", groups);
    if (gen_chance(g, 0.5))
        gen_ints(n, "kernel_shape", kernel, (size_t)spatial);
    bool automatic = some_pads(g, n, spatial, kernel);
    some_steps(g, n, "strides", spatial, 0.4, automatic ? kernel : NULL);
    some_steps(g, n, "dilations", spatial, automatic ? 0 : 0.15, NULL);
    return gen_in(n, gen_floats(g, &w, -0.7, 0.7)) &&
           (gen_chance(g, 0.4) || gen_in(n, gen_floats(g, &(as_shape){1, {out * groups}}, -1, 1)));
}

bool gen_pool(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_F32, gen_chance(g, 0.85) ? 4 : 3, 5);
    int64_t kernel[3];
    if (!gen_in(n, x))
        return false;
    int spatial = shape_of(g, x)->rank - 2;
    some_kernel(g, spatial, kernel);
    gen_ints(n, "kernel_shape", kernel, (size_t)spatial);
    bool automatic = some_pads(g, n, spatial, kernel), up = gen_chance(g, 0.25);
    some_steps(g, n, "strides", spatial, 0.6, automatic || up ? kernel : NULL);
    if (up)
        gen_int(n, "ceil_mode", 1);
    if (strcmp(n->op, "LpPool") == 0 && gen_chance(g, 0.6))
        gen_int(n, "p", gen_between(g, 1, 3));
    if (strcmp(n->op, "AveragePool") != 0)
        some_steps(g, n, "dilations", spatial, automatic ? 0 : 0.15, NULL);
    else if (gen_chance(g, 0.4))
        gen_int(n, "count_include_pad", 1);
    return true;
}

bool gen_global(gen *g, gen_node *n)
{
    return gen_in(n, gen_pick(g, AS_DTYPE_F32, 3, 5));
}

bool gen_lrn(gen *g, gen_node *n)
{
    gen_int(n, "size", 2 * gen_between(g, 0, 2) + 1); /* ONNX Runtime takes no even one */
    gen_float(n, "alpha", 0.1);
    if (gen_chance(g, 0.5))
        gen_float(n, "beta", 0.5);
    return gen_in(n, gen_pick(g, AS_DTYPE_F32, 4, 4));
}

/* --- norms --- */

bool gen_batch_norm(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 2, 5);
    if (!gen_in(n, x))
        return false;
    as_shape row = {1, {shape_of(g, x)->dims[1]}};
    return gen_in(n, gen_floats(g, &row, 0.5, 2)) && gen_in(n, gen_floats(g, &row, -1, 1)) &&
           gen_in(n, gen_floats(g, &row, -1, 1)) && gen_in(n, gen_floats(g, &row, 0.3, 2));
}

bool gen_instance_norm(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 3, 5);
    if (!gen_in(n, x))
        return false;
    as_shape row = {1, {shape_of(g, x)->dims[1]}};
    gen_float(n, "epsilon", 0.01);
    return gen_in(n, gen_floats(g, &row, 0.5, 2)) && gen_in(n, gen_floats(g, &row, -1, 1));
}

bool gen_group_norm(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 3, 4);
    if (!gen_in(n, x))
        return false;
    int64_t  channels = shape_of(g, x)->dims[1], groups = some_groups(g, channels);
    as_shape row = {1, {channels}};
    gen_int(n, "num_groups", groups);
    gen_float(n, "epsilon", 0.01);
    return gen_in(n, gen_floats(g, &row, 0.5, 2)) && gen_in(n, gen_floats(g, &row, -1, 1));
}

bool gen_layer_norm(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 2, 4);
    if (!gen_in(n, x))
        return false;
    int      rank = shape_of(g, x)->rank, axis = (int)gen_between(g, 1, rank - 1);
    as_shape row = {rank - axis, {0}};
    for (int i = axis; i < rank; i++)
        row.dims[i - axis] = shape_of(g, x)->dims[i];
    gen_int(n, "axis", gen_chance(g, 0.5) ? axis : axis - rank);
    gen_float(n, "epsilon", 0.01);
    return gen_in(n, gen_floats(g, &row, 0.5, 2)) && (gen_chance(g, 0.3) || gen_in(n, gen_floats(g, &row, -1, 1)));
}

/* --- products --- */

bool gen_gemm(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 2, 2);
    if (!gen_in(n, x))
        return false;
    bool    a = gen_chance(g, 0.3), b = gen_chance(g, 0.5);
    int64_t rows = shape_of(g, x)->dims[a], k = shape_of(g, x)->dims[!a], columns = gen_dim(g);
    gen_int(n, "transA", a);
    gen_int(n, "transB", b);
    if (gen_chance(g, 0.3))
        gen_float(n, "alpha", 0.5);
    if (gen_chance(g, 0.3))
        gen_float(n, "beta", 1.5);
    if (!gen_in(n, gen_floats(g, &(as_shape){2, {b ? columns : k, b ? k : columns}}, -0.7, 0.7)))
        return false;
    as_shape biases[] = {{1, {columns}}, {2, {rows, columns}}, {2, {1, columns}}, {2, {rows, 1}}, {0, {0}}, {1, {1}}};
    return gen_chance(g, 0.3) || gen_in(n, gen_floats(g, &biases[gen_below(g, AS_COUNT(biases))], -1, 1));
}

bool gen_matmul(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 4);
    if (!gen_in(n, x))
        return false;
    as_shape s = *shape_of(g, x), w = s;
    if (s.rank == 1 || gen_chance(g, 0.5))
        w = (as_shape){2, {0}};
    w.dims[w.rank - 2] = s.dims[s.rank - 1];
    w.dims[w.rank - 1] = gen_dim(g);
    for (int i = 0; i < w.rank - 2; i++)
        if (gen_chance(g, 0.3))
            w.dims[i] = 1;
    return gen_in(n, gen_floats(g, &w, -0.7, 0.7));
}

/* --- pictures of another size --- */

bool gen_resize(gen *g, gen_node *n)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const char *const places[] = {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    static const double      times[] = {1, 2, 0.5, 1.5, 3, 0.7, 2.5};
    int                      x = gen_pick(g, AS_DTYPE_F32, 4, 4);
    const char              *mode = modes[gen_below(g, 3)];
    if (!gen_in(n, x))
        return false;
    const char *place = places[gen_below(g, AS_COUNT(places))];
    gen_text(n, "mode", mode);
    gen_text(n, "coordinate_transformation_mode", place);
    /* Halves come out as they are only here; elsewhere a last digit decides to which side they go. */
    if (strcmp(mode, "nearest") == 0)
        gen_text(n, "nearest_mode",
                 strcmp(place, "asymmetric") == 0 ? nearest[2 * gen_below(g, 2)]
                                                  : nearest[gen_below(g, AS_COUNT(nearest))]);
    if (strcmp(mode, "cubic") == 0) {
        gen_float(n, "cubic_coeff_a", gen_chance(g, 0.5) ? -0.5 : -0.75);
        gen_int(n, "exclude_outside", gen_chance(g, 0.3));
    }
    if (gen_chance(g, 0.1) && g->opset >= 18 && strcmp(mode, "nearest") != 0)
        gen_int(n, "antialias", 1);
    n->in[n->n_in++] = -1;
    if (gen_chance(g, 0.5)) {
        int scales = gen_new_value(g, GEN_CONSTANT, AS_DTYPE_F32, &(as_shape){1, {4}});
        if (scales < 0)
            return false;
        g->values[scales].n = 4;
        g->values[scales].at[0] = g->values[scales].at[1] = 1;
        g->values[scales].at[2] = times[gen_below(g, AS_COUNT(times))];
        g->values[scales].at[3] = gen_chance(g, 0.7) ? g->values[scales].at[2] : times[gen_below(g, AS_COUNT(times))];
        /* Where the product is whole in float alone ONNX Runtime infers one less than it makes, and refuses what follows. */
        for (int k = 2; k < 4; k++) {
            const float times_float = (float)g->values[scales].at[k], size = (float)shape_of(g, x)->dims[k];
            if (floorf(size * times_float) != floor((double)size * (double)times_float))
                g->values[scales].at[k] = 1;
        }
        return gen_in(n, scales);
    }
    int64_t sizes[4] = {shape_of(g, x)->dims[0], shape_of(g, x)->dims[1], gen_between(g, 1, 19), gen_between(g, 1, 19)};
    n->in[n->n_in++] = -1;
    return gen_in(n, gen_whole(g, AS_DTYPE_I64, sizes, 4));
}

bool gen_grid(gen *g, gen_node *n)
{
    static const char *const modes[] = {"bilinear", "nearest"}, *const pads[] = {"zeros", "border", "reflection"};
    int x = gen_pick(g, AS_DTYPE_F32, 4, 4);
    if (!gen_in(n, x))
        return false;
    as_shape    grid = {4, {shape_of(g, x)->dims[0], gen_between(g, 1, 7), gen_between(g, 1, 7), 2}};
    const char *mode = modes[gen_below(g, 2)];
    gen_text(n, "mode", g->opset >= 20 && strcmp(mode, "bilinear") == 0 ? "linear" : mode);
    gen_text(n, "padding_mode", pads[gen_below(g, AS_COUNT(pads))]);
    gen_int(n, "align_corners", gen_chance(g, 0.5));
    return gen_in(n, gen_floats(g, &grid, -1.2, 1.2));
}

/* --- whole numbers --- */

static int some_zero(gen *g, as_dtype dtype)
{
    return gen_scalar(g, dtype,
                      dtype == AS_DTYPE_U8 ? (double)gen_between(g, 0, 255) : (double)gen_between(g, -10, 10));
}

/* No round number: sums would lie just between two steps, and either is right. */
static int some_scale(gen *g, double about)
{
    return gen_scalar(g, AS_DTYPE_F32, about * (1 + as_rng_unit(&g->rng) / 3));
}

bool gen_quantize(gen *g, gen_node *n)
{
    as_dtype dtype = gen_chance(g, 0.6) ? AS_DTYPE_U8 : AS_DTYPE_I8;
    return gen_in(n, gen_pick(g, AS_DTYPE_F32, 0, 4)) && gen_in(n, some_scale(g, 0.02)) &&
           gen_in(n, some_zero(g, dtype));
}

bool gen_dequantize(gen *g, gen_node *n)
{
    as_dtype dtype = gen_chance(g, 0.6) ? AS_DTYPE_U8 : AS_DTYPE_I8;
    return gen_in(n, gen_pick(g, dtype, 0, 4)) && gen_in(n, some_scale(g, 0.03)) && gen_in(n, some_zero(g, dtype));
}

bool gen_quantize_dynamic(gen *g, gen_node *n)
{
    gen_outs(g, n, 3);
    return gen_in(n, gen_pick(g, AS_DTYPE_F32, 1, 4));
}

/* Within 7 bits: without VNNI, ONNX Runtime's sums of two products of 8 bits stop at what 16 bits hold. */
static int some_weights(gen *g, const as_shape *shape)
{
    int id = gen_new_value(g, GEN_CONSTANT, AS_DTYPE_I8, shape);
    if (id >= 0) {
        g->values[id].low = -64;
        g->values[id].high = 64;
    }
    return id;
}

bool gen_qlinear_conv(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_U8, 4, 4);
    int64_t kernel[2];
    if (x < 0)
        return false;
    some_kernel(g, 2, kernel);
    as_shape w = {4, {gen_between(g, 1, 9), shape_of(g, x)->dims[1], kernel[0], kernel[1]}};
    bool     automatic = some_pads(g, n, 2, kernel);
    some_steps(g, n, "strides", 2, 0.4, automatic ? kernel : NULL);
    return gen_in(n, x) && gen_in(n, some_scale(g, 0.02)) && gen_in(n, some_zero(g, AS_DTYPE_U8)) &&
           gen_in(n, some_weights(g, &w)) && gen_in(n, some_scale(g, 0.01)) &&
           gen_in(n, gen_scalar(g, AS_DTYPE_I8, 0)) && gen_in(n, some_scale(g, 0.2)) &&
           gen_in(n, some_zero(g, AS_DTYPE_U8));
}

bool gen_qlinear_matmul(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_U8, 2, 3);
    if (x < 0)
        return false;
    as_shape w = {2, {shape_of(g, x)->dims[shape_of(g, x)->rank - 1], gen_dim(g)}};
    return gen_in(n, x) && gen_in(n, some_scale(g, 0.02)) && gen_in(n, some_zero(g, AS_DTYPE_U8)) &&
           gen_in(n, some_weights(g, &w)) && gen_in(n, some_scale(g, 0.01)) &&
           gen_in(n, gen_scalar(g, AS_DTYPE_I8, 0)) && gen_in(n, some_scale(g, 0.2)) &&
           gen_in(n, some_zero(g, AS_DTYPE_U8));
}

bool gen_whole_product(gen *g, gen_node *n)
{
    bool conv = strcmp(n->op, "ConvInteger") == 0;
    int  x = gen_pick(g, AS_DTYPE_U8, conv ? 4 : 2, conv ? 4 : 3);
    if (x < 0)
        return false;
    const as_shape *s = shape_of(g, x);
    as_shape        w = {2, {s->dims[s->rank - 1], gen_dim(g)}};
    int64_t         kernel[2];
    if (conv) {
        some_kernel(g, 2, kernel);
        w = (as_shape){4, {gen_between(g, 1, 9), s->dims[1], kernel[0], kernel[1]}};
        some_pads(g, n, 2, kernel);
    }
    return gen_in(n, x) && gen_in(n, some_weights(g, &w)) &&
           (gen_chance(g, 0.4) || gen_in(n, some_zero(g, AS_DTYPE_U8)));
}
