/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/count.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan.h"

#define COUNT_LARGEST    ((int64_t)1 << 31) /* numbers beyond are no sizes, and two of them may be multiplied */
#define COUNT_MOST_TIMES ((int64_t)1 << 20)

static bool count_constant(const as_tensor *t, as_count *ret)
{
    ret->n = as_tensor_count(t);
    if ((t->dtype != AS_DTYPE_I64 && t->dtype != AS_DTYPE_I32) || t->shape.rank > 2 || ret->n > AS_COUNT_MOST)
        return false;
    for (size_t i = 0; i < ret->n; i++) {
        int32_t narrow;
        ret->at[i] = (as_count_number){.times = 0};
        if (t->dtype == AS_DTYPE_I64)
            memcpy(&ret->at[i].base, (const char *)t->data + i * sizeof(int64_t), sizeof(int64_t));
        else {
            memcpy(&narrow, (const char *)t->data + i * sizeof narrow, sizeof narrow);
            ret->at[i].base = narrow;
        }
    }
    return true;
}

bool as_count_in(const as_plan *plan, const as_node *node, size_t i, as_count *ret)
{
    const as_value *value = as_plan_in(plan, node, i);
    if (!value)
        return false;
    if (value->constant)
        return count_constant(value->constant, ret);
    const as_count *known = plan->bounded.counts[node->inputs[i]];
    if (known)
        *ret = *known;
    return known != NULL;
}

/* --- rules: the first input is *x, the result is written over it --- */

typedef bool (*count_rule)(const as_plan *plan, const as_node *node, as_count *x);

static bool count_same(const as_plan *plan, const as_node *node, as_count *x)
{
    (void)plan;
    (void)node;
    (void)x;
    return true;
}

/* Whole numbers alone: of floats nobody makes a size. */
static bool count_cast(const as_plan *plan, const as_node *node, as_count *x)
{
    const int64_t to = as_plan_int_or(node, "to", 0);
    (void)plan;
    (void)x;
    return to == AS_DTYPE_I64 || to == AS_DTYPE_I32;
}

static bool count_transpose(const as_plan *plan, const as_node *node, as_count *x)
{
    const as_shape *shape = &as_plan_in(plan, node, 0)->shape;
    const as_count  from = *x;
    const int64_t  *perm;
    size_t          n;
    if (shape->rank < 2 || (as_node_ints(node, "perm", &perm, &n) && (n != 2 || perm[0] != 1)))
        return shape->rank < 2;
    const size_t rows = (size_t)shape->dims[0], columns = (size_t)shape->dims[1];
    for (size_t i = 0; i < x->n; i++)
        x->at[i] = from.at[i % rows * columns + i / rows];
    return true;
}

static bool count_gather(const as_plan *plan, const as_node *node, as_count *x)
{
    const as_count from = *x;
    as_count       index;
    if (as_plan_in(plan, node, 0)->shape.rank != 1 || as_plan_int_or(node, "axis", 0) > 0 ||
        !as_count_in(plan, node, 1, &index))
        return false;
    for (size_t i = 0; i < index.n; i++) {
        const int64_t at = index.at[i].base + (index.at[i].base < 0 ? (int64_t)from.n : 0);
        if (index.at[i].times != 0 || at < 0 || at >= (int64_t)from.n)
            return false;
        x->at[i] = from.at[at];
    }
    x->n = index.n;
    return true;
}

/* Along the first axis, by known numbers. */
static bool count_slice(const as_plan *plan, const as_node *node, as_count *x)
{
    const as_shape *shape = &as_plan_in(plan, node, 0)->shape, *out;
    int64_t         start[AS_TENSOR_MAX_RANK], axis[AS_TENSOR_MAX_RANK] = {0}, step[AS_TENSOR_MAX_RANK] = {1};
    size_t          n = 0, n_axes = 1, n_steps = 1;
    const as_count  from = *x;
    out = &as_graph_value(plan->graph, node->outputs[0])->shape;
    if (shape->rank < 1 || !as_plan_ints(plan, node, 1, "starts", start, &n) || n != 1 ||
        (as_plan_in(plan, node, 3) && (!as_plan_ints(plan, node, 3, "axes", axis, &n_axes) || n_axes != 1)) ||
        (as_plan_in(plan, node, 4) && (!as_plan_ints(plan, node, 4, NULL, step, &n_steps) || n_steps != 1)) ||
        (axis[0] != 0 && axis[0] != -shape->rank) || out->dims[0] < 0)
        return false;
    const int64_t rows = shape->dims[0], each = shape->rank == 2 ? shape->dims[1] : 1;
    const int64_t by = AS_MIN(AS_MAX(step[0], -rows - 1), rows + 1);
    int64_t       at = start[0] + (start[0] < 0 ? rows : 0);
    at = AS_MIN(AS_MAX(at, 0), step[0] < 0 ? rows - 1 : rows);
    x->n = 0;
    for (int64_t r = 0; r < out->dims[0]; r++, at += by)
        for (int64_t k = 0; k < each; k++) {
            if (at < 0 || at >= rows)
                return false;
            x->at[x->n++] = from.at[at * each + k];
        }
    return true;
}

static bool count_concat(const as_plan *plan, const as_node *node, as_count *x)
{
    as_count more;
    if (as_plan_in(plan, node, 0)->shape.rank != 1)
        return false;
    for (size_t i = 1; i < node->n_inputs; i++) {
        if (!as_count_in(plan, node, i, &more) || x->n + more.n > AS_COUNT_MOST)
            return false;
        memcpy(x->at + x->n, more.at, more.n * sizeof *more.at);
        x->n += more.n;
    }
    return true;
}

/* Is x 0, whatever the number of rows? False: that depends on it. */
static bool count_is_zero(const as_count_number *x, bool *ret)
{
    const int64_t last = x->times == 0 ? x->base : x->base + x->times * x->of->most;
    *ret = x->times == 0 && x->base == 0;
    return x->times == 0 || (x->base > 0 && last > 0) || (x->base < 0 && last < 0);
}

static bool count_combine(const char *op, const as_count_number *a, const as_count_number *b, as_count_number *ret)
{
    const as_bounded_source *of = a->times ? a->of : b->times ? b->of : NULL;
    bool                     equal;
    if (*op == 'M') { /* Mul */
        if (a->times && b->times)
            return false;
        const int64_t          by = a->times ? b->base : a->base;
        const as_count_number *x = a->times ? a : b;
        *ret = (as_count_number){x->base * by, x->times * by, by ? of : NULL};
    } else if (a->times && b->times && a->of != b->of) {
        return false;
    } else {
        const int64_t sign = *op == 'A' ? 1 : -1; /* Add; Sub, Equal */
        *ret = (as_count_number){a->base + sign * b->base, a->times + sign * b->times, of};
    }
    if (ret->times == 0)
        ret->of = NULL;
    if (*op == 'E') {
        if (!count_is_zero(ret, &equal))
            return false;
        *ret = (as_count_number){.base = equal};
    }
    return true;
}

/* What is made of such by one sum or product, and then by as many rows as there can be, stays within 64 bits. */
static bool count_is_small(const as_count *x)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->at[i].base >= COUNT_LARGEST || x->at[i].base <= -COUNT_LARGEST || x->at[i].times >= COUNT_MOST_TIMES ||
            x->at[i].times <= -COUNT_MOST_TIMES)
            return false;
    return true;
}

static bool count_arithmetic(const as_plan *plan, const as_node *node, as_count *x)
{
    const as_count a = *x;
    as_count       b;
    if (!as_count_in(plan, node, 1, &b) || (a.n != b.n && a.n != 1 && b.n != 1) || a.n == 0 || b.n == 0 ||
        as_graph_value(plan->graph, node->outputs[0])->shape.rank > 1 || !count_is_small(&a) || !count_is_small(&b))
        return false;
    x->n = AS_MAX(a.n, b.n);
    for (size_t i = 0; i < x->n; i++)
        if (!count_combine(node->op, &a.at[a.n == 1 ? 0 : i], &b.at[b.n == 1 ? 0 : i], &x->at[i]))
            return false;
    return count_is_small(x);
}

static bool count_where(const as_plan *plan, const as_node *node, as_count *x)
{
    const as_count which = *x;
    as_count       a, b;
    if (!as_count_in(plan, node, 1, &a) || !as_count_in(plan, node, 2, &b) || which.n != a.n || a.n != b.n)
        return false;
    for (size_t i = 0; i < x->n; i++) {
        if (which.at[i].times != 0)
            return false;
        x->at[i] = which.at[i].base ? a.at[i] : b.at[i];
    }
    return true;
}

static const struct {
    const char *op;
    count_rule  rule;
} count_rules[] = {
    {"Identity", count_same},  {"Cast", count_cast},        {"Unsqueeze", count_same},      {"Squeeze", count_same},
    {"Reshape", count_same},   {"Flatten", count_same},     {"Transpose", count_transpose}, {"Gather", count_gather},
    {"Slice", count_slice},    {"Concat", count_concat},    {"Add", count_arithmetic},      {"Sub", count_arithmetic},
    {"Mul", count_arithmetic}, {"Equal", count_arithmetic}, {"Where", count_where},
};

/* --- the node --- */

static bool count_shape(const as_plan *plan, const as_node *node, as_count *ret)
{
    const as_bounded_value *rows = &plan->bounded.values[node->inputs[0]];
    const as_shape         *shape = &as_graph_value(plan->graph, node->inputs[0])->shape;
    int64_t                 first = as_plan_int_or(node, "start", 0), end = as_plan_int_or(node, "end", shape->rank);
    first = AS_MIN(AS_MAX(first + (first < 0 ? shape->rank : 0), 0), shape->rank);
    end = AS_MIN(AS_MAX(end + (end < 0 ? shape->rank : 0), 0), shape->rank);
    ret->n = 0;
    for (int64_t i = first; i < end; i++)
        ret->at[ret->n++] = i == rows->axis ? (as_count_number){.times = rows->each, .of = rows->source}
                                            : (as_count_number){.base = shape->dims[i]};
    return rows->source != NULL;
}

static bool count_find(const as_plan *plan, const as_node *node, as_count *ret)
{
    if (node->n_inputs == 0 || node->inputs[0] < 0 || node->n_outputs == 0 || node->outputs[0] < 0 ||
        as_graph_value(plan->graph, node->outputs[0])->shape.rank > 2)
        return false;
    if (strcmp(node->op, "Shape") == 0)
        return count_shape(plan, node, ret);
    for (size_t i = 0; i < AS_COUNT(count_rules); i++)
        if (strcmp(count_rules[i].op, node->op) == 0)
            return as_count_in(plan, node, 0, ret) && count_rules[i].rule(plan, node, ret);
    return false;
}

bool as_count_node(as_plan *plan, const as_node *node, bool *ret_is, as_err *err)
{
    as_count        found = {.n = 0};
    const as_value *out =
        node->n_outputs && node->outputs[0] >= 0 ? as_graph_value(plan->graph, node->outputs[0]) : NULL;
    *ret_is = out && !out->constant && !out->is_output && count_find(plan, node, &found);
    if (!*ret_is)
        return true;
    as_count *kept = malloc(sizeof *kept);
    if (!kept)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a plan");
    *kept = found;
    plan->bounded.counts[node->outputs[0]] = kept;
    return true;
}
