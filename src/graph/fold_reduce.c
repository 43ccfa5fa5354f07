/* SPDX-License-Identifier: Apache-2.0 */
/* Folds of what goes over an axis, or several: reductions, the place of the largest, running sums. */
#include <math.h>

#include "graph/fold.h"

typedef enum reduce_kind {
    REDUCE_SUM = 1,
    REDUCE_MEAN,
    REDUCE_MAX,
    REDUCE_MIN,
    REDUCE_PROD,
    REDUCE_L1,
    REDUCE_L2,
    REDUCE_SQUARES
} reduce_kind;

static reduce_kind reduce_of(const char *op)
{
    static const char *const names[] = {
        [REDUCE_SUM] = "ReduceSum", [REDUCE_MEAN] = "ReduceMean",        [REDUCE_MAX] = "ReduceMax",
        [REDUCE_MIN] = "ReduceMin", [REDUCE_PROD] = "ReduceProd",        [REDUCE_L1] = "ReduceL1",
        [REDUCE_L2] = "ReduceL2",   [REDUCE_SQUARES] = "ReduceSumSquare"};
    for (size_t i = 1; i < AS_COUNT(names); i++)
        if (strcmp(names[i], op) == 0)
            return (reduce_kind)i;
    return 0;
}

static double reduce_real(reduce_kind kind, double sum, double x)
{
    switch (kind) {
    case REDUCE_MAX: return fmax(sum, x);
    case REDUCE_MIN: return fmin(sum, x);
    case REDUCE_PROD: return sum * x;
    case REDUCE_L1: return sum + fabs(x);
    case REDUCE_L2:
    case REDUCE_SQUARES: return sum + x * x;
    default: return sum + x;
    }
}

/* False: it is more than 64 bits hold. */
static bool reduce_whole(reduce_kind kind, int64_t x, int64_t *sum)
{
    int64_t square;
    switch (kind) {
    case REDUCE_MAX: *sum = AS_MAX(*sum, x); return true;
    case REDUCE_MIN: *sum = AS_MIN(*sum, x); return true;
    case REDUCE_PROD: return !__builtin_mul_overflow(*sum, x, sum);
    case REDUCE_L1: return !__builtin_add_overflow(*sum, x < 0 ? -x : x, sum);
    case REDUCE_SQUARES: return !__builtin_mul_overflow(x, x, &square) && !__builtin_add_overflow(*sum, square, sum);
    default: return !__builtin_add_overflow(*sum, x, sum);
    }
}

static double reduce_first(reduce_kind kind)
{
    return kind == REDUCE_MAX ? (double)-INFINITY : kind == REDUCE_MIN ? (double)INFINITY : kind == REDUCE_PROD;
}

/* What one result is made of: the places of the walk's way 0. */
static int64_t reduce_one(reduce_kind kind, const fold_in *in, fold_walk *walk)
{
    double  real = reduce_first(kind);
    int64_t whole = kind == REDUCE_MAX ? INT64_MIN : kind == REDUCE_MIN ? INT64_MAX : kind == REDUCE_PROD, n = 0;
    for (bool more = true; more; more = as_fold_next(walk), n++) {
        const int64_t cell = in->at[walk->at[0]];
        if (!as_fold_has(cell, in->real) || (!in->real && !reduce_whole(kind, cell, &whole)))
            return as_fold_none(in->real);
        real = in->real ? reduce_real(kind, real, as_fold_real(cell)) : real;
    }
    if (!in->real)
        return as_fold_whole(in->dtype, kind == REDUCE_MEAN ? whole / n : whole);
    return as_fold_float(in->dtype, kind == REDUCE_MEAN ? real / (double)n : kind == REDUCE_L2 ? sqrt(real) : real);
}

/* The shape of a result whose axes stay, as ones; which of them are ones is what the result's own dimensions tell. */
static bool reduce_axes(as_graph *graph, const as_node *node, int rank, bool *over)
{
    const int64_t *axes = NULL;
    size_t         n = 0;
    if (as_rule_in(graph, node, 1)) {
        const graph_known *known = as_rule_in_known(graph, node, 1);
        if (!known)
            return false;
        axes = known->at;
        n = known->n;
    } else {
        as_node_ints(node, "axes", &axes, &n);
    }
    const bool all = n == 0 && !as_node_int_or(node, "noop_with_empty_axes", 0);
    for (int i = 0; i < rank; i++)
        over[i] = all;
    for (size_t i = 0; i < n; i++)
        over[axes[i] < 0 ? axes[i] + rank : axes[i]] = true; /* the rule has looked at them */
    return true;
}

void as_graph_fold_reduce(as_graph *graph, const as_node *node)
{
    const reduce_kind kind = reduce_of(node->op);
    fold_in           in;
    fold_walk         outer, inner;
    int64_t           stride[AS_TENSOR_MAX_RANK], *out;
    bool              over[AS_TENSOR_MAX_RANK];
    if (!kind || !as_fold_read(graph, node, 0, &in) || in.n == 0 || (!in.real && kind == REDUCE_L2) ||
        !reduce_axes(graph, node, in.shape->rank, over) || !(out = as_fold_new(graph, node, 0)))
        return;
    as_shape kept = *in.shape, gone = *in.shape;
    as_fold_strides(in.shape, stride);
    for (int i = 0; i < in.shape->rank; i++)
        (over[i] ? &kept : &gone)->dims[i] = 1;
    (void)as_fold_walk(&outer, &kept);
    memcpy(outer.step[0], stride, sizeof stride);
    do {
        (void)as_fold_walk(&inner, &gone);
        memcpy(inner.step[0], stride, sizeof stride);
        inner.at[0] = outer.at[0];
        *out++ = reduce_one(kind, &in, &inner);
    } while (as_fold_next(&outer));
}

/* --- along one axis --- */

typedef struct reduce_line {
    int64_t n, step; /* numbers on it, and how far they are apart */
    int64_t outer;   /* lines are outer x step */
} reduce_line;

static reduce_line reduce_lines(const as_shape *shape, int64_t axis)
{
    reduce_line line = {.n = shape->dims[axis + (axis < 0 ? shape->rank : 0)], .step = 1, .outer = 1};
    const int   at = (int)(axis < 0 ? axis + shape->rank : axis);
    for (int i = 0; i < at; i++)
        line.outer *= shape->dims[i];
    for (int i = at + 1; i < shape->rank; i++)
        line.step *= shape->dims[i];
    return line;
}

static int64_t reduce_best(const fold_in *in, int64_t from, const reduce_line *line, bool largest, bool last)
{
    int64_t best = 0;
    for (int64_t i = 0; i < line->n; i++) {
        const int64_t x = in->at[from + i * line->step], y = in->at[from + best * line->step];
        if (!as_fold_has(x, in->real))
            return GRAPH_UNKNOWN;
        const int order =
            in->real ? (as_fold_real(x) > as_fold_real(y)) - (as_fold_real(x) < as_fold_real(y)) : (x > y) - (x < y);
        if ((largest ? order > 0 : order < 0) || (last && order == 0))
            best = i;
    }
    return best;
}

void as_graph_fold_best(as_graph *graph, const as_node *node)
{
    fold_in  in;
    int64_t *out;
    if (!as_fold_read(graph, node, 0, &in) || in.shape->rank == 0 || !(out = as_fold_new(graph, node, 0)))
        return;
    const reduce_line line = reduce_lines(in.shape, as_node_int_or(node, "axis", 0));
    const bool last = as_node_int_or(node, "select_last_index", 0) != 0, largest = node->op[4] == 'a'; /* ArgMax */
    for (int64_t o = 0; o < line.outer && line.n > 0; o++)
        for (int64_t k = 0; k < line.step; k++)
            *out++ = reduce_best(&in, o * line.n * line.step + k, &line, largest, last);
}

void as_graph_fold_running(as_graph *graph, const as_node *node)
{
    fold_in  in, axis;
    int64_t *out;
    if (!as_fold_read(graph, node, 0, &in) || !as_fold_read(graph, node, 1, &axis) || axis.real || axis.n != 1 ||
        in.shape->rank == 0 || !(out = as_fold_new(graph, node, 0)))
        return;
    const reduce_line line = reduce_lines(in.shape, axis.at[0]);
    const bool back = as_node_int_or(node, "reverse", 0) != 0, without = as_node_int_or(node, "exclusive", 0) != 0;
    for (int64_t l = 0; l < line.outer * line.step; l++) {
        const int64_t from = l / line.step * line.n * line.step + l % line.step;
        double        real = 0;
        int64_t       whole = 0;
        bool          good = true;
        for (int64_t k = 0; k < line.n && good; k++) {
            const int64_t at = from + (back ? line.n - 1 - k : k) * line.step, x = in.at[at];
            const int64_t before = in.real ? as_fold_float(in.dtype, real) : as_fold_whole(in.dtype, whole);
            good = as_fold_has(x, in.real) && (in.real || !__builtin_add_overflow(whole, x, &whole));
            real = good && in.real ? real + as_fold_real(x) : real;
            out[at] = without   ? before
                      : !good   ? as_fold_none(in.real)
                      : in.real ? as_fold_float(in.dtype, real)
                                : as_fold_whole(in.dtype, whole);
        }
    }
}
