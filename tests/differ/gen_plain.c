/* SPDX-License-Identifier: Apache-2.0 */
/* Operators on numbers one by one, on axes and on shapes. */
#include "gen_ops.h"

#include <stdlib.h>
#include <string.h>

static const as_shape *shape_of(const gen *g, int value)
{
    return &g->values[value].shape;
}

static int64_t some_axis(gen *g, int rank)
{
    return gen_between(g, -rank, rank - 1);
}

static int64_t plain_axis(int64_t axis, int rank)
{
    return axis < 0 ? axis + rank : axis;
}

/* --- one by one --- */

bool gen_unary(gen *g, gen_node *n)
{
    return gen_in(n, gen_pick(g, AS_DTYPE_F32, 0, 5));
}

bool gen_unary_alpha(gen *g, gen_node *n)
{
    if (gen_chance(g, 0.7))
        gen_float(n, "alpha", (double)gen_between(g, 1, 19) / 10);
    return gen_unary(g, n);
}

bool gen_hard_sigmoid(gen *g, gen_node *n)
{
    if (gen_chance(g, 0.5))
        gen_float(n, "beta", (double)gen_between(g, 0, 9) / 10);
    return gen_unary_alpha(g, n);
}

bool gen_selu(gen *g, gen_node *n)
{
    if (gen_chance(g, 0.5))
        gen_float(n, "gamma", (double)gen_between(g, 1, 19) / 10);
    return gen_unary_alpha(g, n);
}

bool gen_shrink(gen *g, gen_node *n)
{
    gen_float(n, "lambd", (double)gen_between(g, 0, 9) / 10);
    gen_float(n, "bias", (double)gen_between(g, 0, 9) / 10);
    return gen_unary(g, n);
}

bool gen_gelu(gen *g, gen_node *n)
{
    if (gen_chance(g, 0.5))
        gen_text(n, "approximate", gen_chance(g, 0.5) ? "tanh" : "none");
    return gen_unary(g, n);
}

bool gen_is_inf(gen *g, gen_node *n)
{
    gen_int(n, "detect_negative", gen_chance(g, 0.5));
    return gen_unary(g, n);
}

bool gen_clip(gen *g, gen_node *n)
{
    double low = (double)gen_between(g, -20, 5) / 10;
    if (!gen_unary(g, n))
        return false;
    bool has_low = gen_chance(g, 0.7);
    n->in[n->n_in++] = has_low ? gen_scalar(g, AS_DTYPE_F32, low) : -1;
    return !gen_chance(g, 0.7) || gen_in(n, gen_scalar(g, AS_DTYPE_F32, low + (double)gen_between(g, 0, 30) / 10));
}

/* A copy goes along now and then: x * sigmoid(x), x + f(x). */
bool gen_binary(gen *g, gen_node *n)
{
    as_dtype dtype = gen_chance(g, 0.08) ? AS_DTYPE_I64 : AS_DTYPE_F32;
    int      a = gen_pick(g, dtype, 0, 5);
    int      b = a < 0 ? -1 : gen_chance(g, 0.3) ? gen_pick(g, dtype, 0, 5) : gen_like(g, a);
    return gen_chance(g, 0.5) ? gen_in(n, a) && gen_in(n, b) : gen_in(n, b) && gen_in(n, a);
}

/* Above zero on the right, so that most of it is finite. */
bool gen_divide(gen *g, gen_node *n)
{
    int a = gen_pick(g, AS_DTYPE_F32, 0, 5), b = a < 0 ? -1 : gen_like(g, a);
    if (b >= 0 && g->values[b].source != GEN_MADE && gen_chance(g, 0.9))
        g->values[b].low = 0.25;
    if (strcmp(n->op, "Mod") == 0)
        gen_int(n, "fmod", 1);
    return gen_in(n, a) && gen_in(n, b);
}

bool gen_power(gen *g, gen_node *n)
{
    static const double powers[] = {2, 0.5, 3, 1, -1, 0, 1.5};
    return gen_unary(g, n) && gen_in(n, gen_scalar(g, AS_DTYPE_F32, powers[gen_below(g, AS_COUNT(powers))]));
}

bool gen_many(gen *g, gen_node *n)
{
    int a = gen_pick(g, AS_DTYPE_F32, 0, 5);
    if (!gen_in(n, a))
        return false;
    for (int64_t k = gen_between(g, 0, 3); k > 0; k--)
        if (!gen_in(n, gen_like(g, a)))
            return false;
    return true;
}

bool gen_logic(gen *g, gen_node *n)
{
    int a = gen_pick(g, AS_DTYPE_BOOL, 0, 4);
    return gen_in(n, a) && (strcmp(n->op, "Not") == 0 || gen_in(n, gen_like(g, a)));
}

bool gen_where(gen *g, gen_node *n)
{
    int a = gen_pick(g, AS_DTYPE_F32, 0, 4);
    int c = a < 0 ? -1 : gen_new_value(g, GEN_FED, AS_DTYPE_BOOL, shape_of(g, a));
    for (size_t i = 0; i < g->n_values && gen_chance(g, 0.9); i++)
        if (g->values[i].source == GEN_MADE && g->values[i].dtype == AS_DTYPE_BOOL)
            c = (int)i;
    return gen_in(n, c) && gen_in(n, a) && gen_in(n, gen_like(g, a));
}

bool gen_prelu(gen *g, gen_node *n)
{
    int a = gen_pick(g, AS_DTYPE_F32, 1, 4);
    if (!gen_in(n, a))
        return false;
    as_shape slope = *shape_of(g, a);
    for (int i = 0; i < slope.rank; i++)
        if (i != (slope.rank > 2 ? 1 : slope.rank - 1) || gen_chance(g, 0.2))
            slope.dims[i] = 1;
    if (slope.rank > 2) {
        memmove(slope.dims, slope.dims + 1, sizeof slope.dims - sizeof slope.dims[0]);
        slope.rank--;
    }
    return gen_in(n, gen_floats(g, &slope, -1, 1));
}

bool gen_cast(gen *g, gen_node *n)
{
    static const as_dtype types[] = {AS_DTYPE_F32, AS_DTYPE_I64, AS_DTYPE_I32, AS_DTYPE_BOOL, AS_DTYPE_F32};
    as_dtype              from = types[gen_below(g, AS_COUNT(types))];
    gen_int(n, "to", types[gen_below(g, AS_COUNT(types))]);
    return gen_in(n, gen_pick(g, from, 0, 5));
}

/* --- along axes --- */

bool gen_axis(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    if (x >= 0 && gen_chance(g, 0.8))
        gen_int(n, "axis", some_axis(g, shape_of(g, x)->rank));
    return gen_in(n, x);
}

bool gen_lp(gen *g, gen_node *n)
{
    gen_int(n, "p", gen_between(g, 1, 2));
    return gen_axis(g, n);
}

static size_t some_axes(gen *g, int rank, int64_t *axes)
{
    size_t count = 0;
    for (int i = 0; i < rank; i++)
        if (gen_chance(g, 0.5))
            axes[count++] = gen_chance(g, 0.5) ? i : i - rank;
    return count;
}

bool gen_reduce(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    int64_t axes[AS_TENSOR_MAX_RANK];
    if (!gen_in(n, x))
        return false;
    size_t count = some_axes(g, shape_of(g, x)->rank, axes);
    if (gen_chance(g, 0.7))
        gen_int(n, "keepdims", gen_chance(g, 0.5));
    if (count == 0 && gen_chance(g, 0.2) && g->opset >= 18)
        gen_int(n, "noop_with_empty_axes", 1);
    if (count == 0)
        return true;
    if (g->opset >= 18 || strcmp(n->op, "ReduceSum") == 0)
        return gen_in(n, gen_whole(g, AS_DTYPE_I64, axes, count));
    gen_ints(n, "axes", axes, count);
    return true;
}

bool gen_argmax(gen *g, gen_node *n)
{
    gen_int(n, "keepdims", gen_chance(g, 0.5));
    gen_int(n, "select_last_index", gen_chance(g, 0.2));
    return gen_axis(g, n);
}

bool gen_topk(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 4);
    if (!gen_in(n, x))
        return false;
    int64_t axis = some_axis(g, shape_of(g, x)->rank);
    int64_t most = shape_of(g, x)->dims[plain_axis(axis, shape_of(g, x)->rank)], k = gen_between(g, 1, most);
    gen_int(n, "axis", axis);
    gen_int(n, "largest", gen_chance(g, 0.7));
    if (!gen_in(n, gen_whole(g, AS_DTYPE_I64, &k, 1)))
        return false;
    gen_outs(g, n, 2);
    return true;
}

bool gen_cumsum(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 4);
    gen_int(n, "exclusive", gen_chance(g, 0.3));
    gen_int(n, "reverse", gen_chance(g, 0.3));
    return gen_in(n, x) && gen_in(n, gen_scalar(g, AS_DTYPE_I64, (double)some_axis(g, shape_of(g, x)->rank)));
}

/* --- shapes --- */

bool gen_concat(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    if (!gen_in(n, x))
        return false;
    int64_t axis = some_axis(g, shape_of(g, x)->rank);
    gen_int(n, "axis", axis);
    for (int64_t k = gen_between(g, 0, 3); k > 0; k--) {
        as_shape shape = *shape_of(g, x);
        int      other = -1;
        shape.dims[plain_axis(axis, shape.rank)] = gen_between(g, 1, 9);
        for (size_t i = 0; i < g->n_values && other < 0 && gen_chance(g, 0.95); i++) {
            as_shape there = g->values[i].shape;
            bool     fits = g->values[i].dtype == AS_DTYPE_F32 && there.rank == shape.rank;
            there.dims[plain_axis(axis, shape.rank)] = shape.dims[plain_axis(axis, shape.rank)];
            other = fits && as_shape_equal(&there, &shape) && gen_chance(g, 0.5) ? (int)i : -1;
        }
        if (!gen_in(n, other >= 0 ? other : gen_floats(g, &shape, -2, 2)))
            return false;
    }
    return true;
}

bool gen_split(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    if (!gen_in(n, x))
        return false;
    int     rank = shape_of(g, x)->rank;
    int64_t axis = some_axis(g, rank), size = shape_of(g, x)->dims[plain_axis(axis, rank)];
    int64_t parts[GEN_OUTPUTS], count = gen_between(g, 1, AS_MIN(size, (int64_t)GEN_OUTPUTS)), left = size;
    gen_int(n, "axis", axis);
    for (int64_t i = 0; i < count; i++) {
        parts[i] = i + 1 == count ? left : gen_between(g, 1, left - (count - 1 - i));
        left -= parts[i];
    }
    if (g->opset >= 18 && gen_chance(g, 0.4))
        gen_int(n, "num_outputs", count);
    else if (!gen_in(n, gen_whole(g, AS_DTYPE_I64, parts, (size_t)count)))
        return false;
    gen_outs(g, n, (size_t)count);
    return true;
}

bool gen_slice(gen *g, gen_node *n)
{
    static const int64_t steps[] = {1, 1, 1, 2, 3, -1, -2};
    int64_t              starts[5], ends[5], axes[5], step[5];
    int                  x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    if (!gen_in(n, x))
        return false;
    size_t count = some_axes(g, shape_of(g, x)->rank, axes);
    for (size_t i = 0; i < count; i++) {
        int64_t dim = shape_of(g, x)->dims[plain_axis(axes[i], shape_of(g, x)->rank)];
        step[i] = steps[gen_below(g, AS_COUNT(steps))];
        int64_t a = gen_between(g, -dim, dim - 1), b = gen_chance(g, 0.3) ? INT64_MAX : gen_between(g, -dim, dim + 2);
        starts[i] = step[i] < 0 ? (b == INT64_MAX ? dim - 1 : AS_MAX(a, b)) : a;
        ends[i] = step[i] < 0 ? (b == INT64_MAX ? INT64_MIN + 1 : AS_MIN(a, b)) : b;
    }
    if (count == 0)
        return false;
    /* Whole numbers are held as doubles: the far ends are those that survive it. */
    for (size_t i = 0; i < count; i++)
        ends[i] = ends[i] > 1000 ? INT32_MAX : ends[i] < -1000 ? -INT32_MAX : ends[i];
    return gen_in(n, gen_whole(g, AS_DTYPE_I64, starts, count)) && gen_in(n, gen_whole(g, AS_DTYPE_I64, ends, count)) &&
           gen_in(n, gen_whole(g, AS_DTYPE_I64, axes, count)) &&
           (gen_chance(g, 0.3) || gen_in(n, gen_whole(g, AS_DTYPE_I64, step, count)));
}

bool gen_gather(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 4);
    if (!gen_in(n, x))
        return false;
    int64_t axis = some_axis(g, shape_of(g, x)->rank), at[6];
    int64_t dim = shape_of(g, x)->dims[plain_axis(axis, shape_of(g, x)->rank)];
    size_t  count = (size_t)gen_between(g, 1, 6);
    for (size_t i = 0; i < count; i++)
        at[i] = gen_between(g, -dim, dim - 1);
    gen_int(n, "axis", axis);
    return gen_in(n, gen_chance(g, 0.2) ? gen_scalar(g, AS_DTYPE_I64, (double)at[0])
                                        : gen_whole(g, AS_DTYPE_I64, at, count));
}

/* Indices that are fed, of the size of x but for the axis. */
static int some_indices(gen *g, int x, int64_t axis)
{
    as_shape shape = *shape_of(g, x);
    int64_t  dim = shape.dims[plain_axis(axis, shape.rank)];
    shape.dims[plain_axis(axis, shape.rank)] = gen_between(g, 1, dim);
    int id = gen_new_value(g, GEN_FED, AS_DTYPE_I64, &shape);
    if (id >= 0)
        g->values[id].high = (double)(dim - 1);
    if (id >= 0 && dim == 1)
        g->values[id].n = 1; /* zeros */
    return id;
}

bool gen_gather_elements(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 4);
    if (!gen_in(n, x))
        return false;
    int64_t axis = some_axis(g, shape_of(g, x)->rank);
    gen_int(n, "axis", axis);
    return gen_in(n, some_indices(g, x, axis));
}

bool gen_gather_nd(gen *g, gen_node *n)
{
    int      x = gen_pick(g, AS_DTYPE_F32, 2, 4);
    as_shape shape = {2, {gen_between(g, 1, 5), gen_between(g, 1, 2)}};
    int64_t  most = INT64_MAX;
    if (!gen_in(n, x))
        return false;
    for (int i = 0; i < shape.dims[1]; i++)
        most = AS_MIN(most, shape_of(g, x)->dims[i]);
    int id = gen_new_value(g, GEN_FED, AS_DTYPE_I64, &shape);
    if (id >= 0 && most == 1)
        g->values[id].n = 1;
    if (id >= 0)
        g->values[id].high = (double)(most - 1);
    return gen_in(n, id);
}

/* Each place once at most: which of two writes stays is nobody's rule. */
bool gen_scatter(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 3);
    if (!gen_in(n, x))
        return false;
    int64_t  dim = shape_of(g, x)->dims[0], at[GEN_INTS];
    size_t   count = (size_t)gen_between(g, 1, AS_MIN(dim, (int64_t)8));
    as_shape updates = *shape_of(g, x);
    for (size_t i = 0; i < count; i++)
        at[i] = (int64_t)i * dim / (int64_t)count;
    updates.dims[0] = (int64_t)count;
    if (strcmp(n->op, "ScatterND") == 0) {
        int id = gen_new_value(g, GEN_CONSTANT, AS_DTYPE_I64, &(as_shape){2, {(int64_t)count, 1}});
        if (id < 0)
            return false;
        g->values[id].n = count;
        for (size_t i = 0; i < count; i++)
            g->values[id].at[i] = (double)at[i];
        return gen_in(n, id) && gen_in(n, gen_floats(g, &updates, -2, 2));
    }
    gen_int(n, "axis", 0);
    if (updates.rank != 1)
        return false;
    return gen_in(n, gen_whole(g, AS_DTYPE_I64, at, count)) && gen_in(n, gen_floats(g, &updates, -2, 2));
}

bool gen_reshape(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_F32, 0, 5);
    int64_t dims[6], rank = 0, left = 1;
    if (!gen_in(n, x))
        return false;
    for (int i = 0; i < shape_of(g, x)->rank; i++)
        left *= shape_of(g, x)->dims[i];
    for (; rank < 4 && (left > 1 || gen_chance(g, 0.2));) {
        int64_t part = left;
        for (int64_t d = 2; d <= left && gen_chance(g, 0.8); d++)
            if (left % d == 0) {
                part = gen_chance(g, 0.5) ? d : left / d;
                if (gen_chance(g, 0.5))
                    break;
            }
        dims[rank++] = part;
        left /= part;
    }
    dims[rank++] = left;
    if (gen_chance(g, 0.4))
        dims[gen_below(g, (uint64_t)rank)] = -1;
    return gen_in(n, gen_whole(g, AS_DTYPE_I64, dims, (size_t)rank));
}

bool gen_flatten(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    if (x >= 0 && gen_chance(g, 0.6))
        gen_int(n, "axis", gen_between(g, -shape_of(g, x)->rank, shape_of(g, x)->rank));
    return gen_in(n, x);
}

bool gen_transpose(gen *g, gen_node *n)
{
    int      x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    uint32_t perm[5] = {0, 1, 2, 3, 4};
    int64_t  at[5];
    if (!gen_in(n, x))
        return false;
    as_rng_shuffle_u32(&g->rng, perm, (size_t)shape_of(g, x)->rank);
    for (int i = 0; i < 5; i++)
        at[i] = perm[i];
    if (gen_chance(g, 0.85))
        gen_ints(n, "perm", at, (size_t)shape_of(g, x)->rank);
    return true;
}

bool gen_squeeze(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    int64_t axes[5];
    size_t  count = 0;
    if (!gen_in(n, x))
        return false;
    for (int i = 0; i < shape_of(g, x)->rank; i++)
        if (shape_of(g, x)->dims[i] == 1 && gen_chance(g, 0.7))
            axes[count++] = gen_chance(g, 0.5) ? i : i - shape_of(g, x)->rank;
    return count == 0 ? gen_chance(g, 0.2) : gen_in(n, gen_whole(g, AS_DTYPE_I64, axes, count));
}

bool gen_unsqueeze(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_F32, 0, 4);
    int64_t axes[2];
    size_t  count = (size_t)gen_between(g, 1, 2);
    if (!gen_in(n, x))
        return false;
    int64_t rank = shape_of(g, x)->rank + (int64_t)count;
    axes[0] = gen_between(g, 0, rank - 1);
    axes[1] = (axes[0] + 1) % rank - rank;
    return gen_in(n, gen_whole(g, AS_DTYPE_I64, axes, count));
}

bool gen_expand(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_F32, 0, 4);
    int64_t dims[6];
    size_t  count = 0;
    if (!gen_in(n, x))
        return false;
    const as_shape *shape = shape_of(g, x);
    if (gen_chance(g, 0.3))
        dims[count++] = gen_between(g, 1, 3);
    for (int i = 0; i < shape->rank; i++)
        dims[count++] = shape->dims[i] == 1 ? gen_between(g, 1, 5) : gen_chance(g, 0.3) ? 1 : shape->dims[i];
    return count > 0 && gen_in(n, gen_whole(g, AS_DTYPE_I64, dims, count));
}

bool gen_tile(gen *g, gen_node *n)
{
    int     x = gen_pick(g, AS_DTYPE_F32, 1, 4);
    int64_t times[4];
    if (!gen_in(n, x))
        return false;
    for (int i = 0; i < 4; i++)
        times[i] = gen_chance(g, 0.6) ? 1 : gen_between(g, 1, 3);
    return gen_in(n, gen_whole(g, AS_DTYPE_I64, times, (size_t)shape_of(g, x)->rank));
}

bool gen_pad(gen *g, gen_node *n)
{
    static const char *const modes[] = {"constant", "reflect", "edge", "constant", "wrap"};
    int                      x = gen_pick(g, AS_DTYPE_F32, 1, 5);
    int64_t                  pads[10] = {0};
    if (!gen_in(n, x))
        return false;
    const as_shape *shape = shape_of(g, x);
    const char     *mode = modes[gen_below(g, g->opset >= 19 ? 5 : 4)];
    for (int i = 0; i < 2 * shape->rank; i++)
        if (gen_chance(g, 0.4))
            pads[i] =
                gen_between(g, strcmp(mode, "constant") == 0 ? -1 : 0,
                            strcmp(mode, "constant") == 0 ? 3 : AS_MIN(shape->dims[i % shape->rank] - 1, (int64_t)3));
    gen_text(n, "mode", mode);
    return gen_in(n, gen_whole(g, AS_DTYPE_I64, pads, 2 * (size_t)shape->rank)) &&
           (gen_chance(g, 0.5) || gen_in(n, gen_scalar(g, AS_DTYPE_F32, (double)gen_between(g, -10, 10) / 10)));
}

bool gen_depth(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 4, 4);
    gen_int(n, "blocksize", gen_between(g, 2, 3));
    if (strcmp(n->op, "DepthToSpace") == 0 && gen_chance(g, 0.6))
        gen_text(n, "mode", gen_chance(g, 0.5) ? "DCR" : "CRD");
    return gen_in(n, x);
}

bool gen_trilu(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_F32, 2, 4);
    gen_int(n, "upper", gen_chance(g, 0.5));
    return gen_in(n, x) &&
           (gen_chance(g, 0.4) || gen_in(n, gen_scalar(g, AS_DTYPE_I64, (double)gen_between(g, -3, 3))));
}

bool gen_any(gen *g, gen_node *n)
{
    static const as_dtype types[] = {AS_DTYPE_F32, AS_DTYPE_F32, AS_DTYPE_BOOL, AS_DTYPE_I64};
    return gen_in(n, gen_pick(g, types[gen_below(g, AS_COUNT(types))], 0, 5));
}

bool gen_one_hot(gen *g, gen_node *n)
{
    int x = gen_pick(g, AS_DTYPE_I64, 1, 3); /* ONNX Runtime takes no scalar */
    if (!gen_in(n, x))
        return false;
    gen_int(n, "axis", gen_between(g, -1, shape_of(g, x)->rank));
    int values = gen_new_value(g, GEN_CONSTANT, AS_DTYPE_F32, &(as_shape){1, {2}});
    return gen_in(n, gen_scalar(g, AS_DTYPE_I64, (double)gen_between(g, 2, 7))) && gen_in(n, values);
}

bool gen_einsum(gen *g, gen_node *n)
{
    static const struct {
        const char *equation;
        int         a, b; /* dimensions; b 0: one input */
        int         swap; /* b is a with these... 1: ij,jk  2: bij,bjk  3: bij,bkj  4: the same */
    } rows[] = {{"ij,jk->ik", 2, 2, 1}, {"bij,bjk->bik", 3, 3, 2}, {"bij,bkj->bik", 3, 3, 3},   {"ij->ji", 2, 0, 0},
                {"bij->bj", 3, 0, 0},   {"ij,ij->i", 2, 2, 4},     {"bhid,bhjd->bhij", 4, 4, 5}};
    size_t at = gen_below(g, AS_COUNT(rows));
    int    x = gen_pick(g, AS_DTYPE_F32, rows[at].a, rows[at].a);
    if (!gen_in(n, x))
        return false;
    gen_text(n, "equation", rows[at].equation);
    as_shape s = *shape_of(g, x), b = s;
    if (rows[at].swap == 1 || rows[at].swap == 2) {
        b.dims[s.rank - 2] = s.dims[s.rank - 1];
        b.dims[s.rank - 1] = gen_between(g, 1, 9);
    }
    if (rows[at].swap == 3 || rows[at].swap == 5)
        b.dims[s.rank - 2] = gen_between(g, 1, 9);
    return rows[at].b == 0 || gen_in(n, gen_floats(g, &b, -1, 1));
}
