/* SPDX-License-Identifier: Apache-2.0 */
/* Folds of what computes number by number, compares, and chooses. Floats are computed as doubles and rounded to their type:
 * for a sum, difference, product, quotient and root of f32 that is the number of one rounding. */
#include <math.h>

#include "graph/fold.h"

/* --- one input --- */

static double math_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double math_relu(double x)
{
    return x > 0 ? x : 0;
}

static double math_sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

static double math_negative(double x)
{
    return -x;
}

static double math_reciprocal(double x)
{
    return 1 / x;
}

static const struct {
    const char *op;
    double (*of)(double x);
} math_functions[] = {
    {"Abs", fabs},        {"Ceil", ceil},
    {"Cos", cos},         {"Erf", erf},
    {"Exp", exp},         {"Floor", floor},
    {"Log", log},         {"Neg", math_negative},
    {"Relu", math_relu},  {"Reciprocal", math_reciprocal},
    {"Round", nearbyint}, {"Sigmoid", math_sigmoid},
    {"Sign", math_sign},  {"Sin", sin},
    {"Sqrt", sqrt},       {"Tan", tan},
    {"Atan", atan},       {"Tanh", tanh},
};

static int64_t math_whole(const char *op, as_dtype dtype, int64_t x)
{
    switch (op[0]) { /* Abs, Neg, Not, Relu, Sign: GRAPH_UNKNOWN, which has no opposite, does not get here */
    case 'A': return as_fold_whole(dtype, x < 0 ? -x : x);
    case 'N': return op[1] == 'o' ? !x : as_fold_whole(dtype, -x);
    case 'R': return x < 0 ? 0 : x;
    case 'S': return (x > 0) - (x < 0);
    default: return GRAPH_UNKNOWN;
    }
}

void as_graph_fold_function(as_graph *graph, const as_node *node)
{
    fold_in  in;
    int64_t *out = as_fold_read(graph, node, 0, &in) ? as_fold_new(graph, node, 0) : NULL;
    size_t   which = 0;
    while (which < AS_COUNT(math_functions) && strcmp(math_functions[which].op, node->op) != 0)
        which++;
    for (size_t i = 0; out && i < in.n; i++)
        if (!as_fold_has(in.at[i], in.real))
            continue;
        else if (!in.real)
            out[i] = math_whole(node->op, in.dtype, in.at[i]);
        else if (which < AS_COUNT(math_functions))
            out[i] = as_fold_float(in.dtype, math_functions[which].of(as_fold_real(in.at[i])));
}

/* --- two inputs, or more --- */

static int64_t math_whole_power(int64_t x, int64_t n)
{
    int64_t product = 1;
    if (n < 0 || n > 63)
        return n > 63 && (x == 0 || x == 1) ? x : GRAPH_UNKNOWN;
    for (int64_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(product, x, &product))
            return GRAPH_UNKNOWN;
    return product;
}

/* Towards zero, as ONNX has it for integers; a Mod has the sign of what divides, unless fmod says otherwise. */
static int64_t math_whole_quotient(int64_t a, int64_t b, bool rest, bool fmodulo)
{
    if (b == 0)
        return GRAPH_UNKNOWN; /* and a is not the least of all */
    if (!rest)
        return a / b;
    const int64_t r = a % b;
    return r != 0 && !fmodulo && (r < 0) != (b < 0) ? r + b : r;
}

static int64_t math_whole_pair(const char *op, bool fmodulo, int64_t a, int64_t b)
{
    int64_t r = GRAPH_UNKNOWN;
    if (strcmp(op, "Add") == 0 || strcmp(op, "Sum") == 0)
        return __builtin_add_overflow(a, b, &r) ? GRAPH_UNKNOWN : r;
    if (strcmp(op, "Sub") == 0)
        return __builtin_sub_overflow(a, b, &r) ? GRAPH_UNKNOWN : r;
    if (strcmp(op, "Mul") == 0)
        return __builtin_mul_overflow(a, b, &r) ? GRAPH_UNKNOWN : r;
    if (strcmp(op, "Div") == 0 || strcmp(op, "Mod") == 0)
        return math_whole_quotient(a, b, op[0] == 'M', fmodulo);
    if (strcmp(op, "Pow") == 0)
        return math_whole_power(a, b);
    if (strcmp(op, "Min") == 0)
        return AS_MIN(a, b);
    if (strcmp(op, "Max") == 0)
        return AS_MAX(a, b);
    return GRAPH_UNKNOWN;
}

static double math_real_pair(const char *op, double a, double b)
{
    if (strcmp(op, "Add") == 0 || strcmp(op, "Sum") == 0 || strcmp(op, "Mean") == 0)
        return a + b;
    if (strcmp(op, "Sub") == 0)
        return a - b;
    if (strcmp(op, "Mul") == 0)
        return a * b;
    if (strcmp(op, "Div") == 0)
        return a / b;
    if (strcmp(op, "Pow") == 0)
        return pow(a, b);
    if (strcmp(op, "Mod") == 0)
        return fmod(a, b);
    if (strcmp(op, "Min") == 0)
        return fmin(a, b);
    return strcmp(op, "Max") == 0 ? fmax(a, b) : (double)NAN;
}

/* The numbers of two values, of which one may be in Pow of another type; the result is of the first's. */
static int64_t math_pair(const as_node *node, bool fmodulo, const fold_in *x, int64_t a, const fold_in *y, int64_t b)
{
    if (!as_fold_has(a, x->real) || !as_fold_has(b, y->real))
        return as_fold_none(x->real);
    if (!x->real && !y->real) {
        const int64_t r = math_whole_pair(node->op, fmodulo, a, b);
        return r == GRAPH_UNKNOWN ? r : as_fold_whole(x->dtype, r);
    }
    const double p = x->real ? as_fold_real(a) : (double)a, q = y->real ? as_fold_real(b) : (double)b;
    const double r = math_real_pair(node->op, p, q);
    if (x->real)
        return as_fold_float(x->dtype, r);
    return fabs(r) < 0x1p53 ? as_fold_whole(x->dtype, (int64_t)r) : GRAPH_UNKNOWN;
}

/* As many inputs as there are: what there is so far, with the next. */
/* Something is known of every input, and there is time for so many of them: each is gone over. */
static bool math_may(as_graph *graph, const as_node *node)
{
    size_t n = 0;
    for (size_t i = 0; i < node->n_inputs; i++) {
        const as_value *in = as_rule_in(graph, node, i);
        if (in && !in->constant && !graph->view.known[node->inputs[i]])
            return false;
    }
    if (node->n_inputs <= 2)
        return true;
    if (!as_shape_count(&as_graph_value(graph, node->outputs[0])->shape, &n))
        return false;
    n = AS_MIN(n, (size_t)GRAPH_MAX_KNOWN) * node->n_inputs;
    if (graph->view.n_cells + n > GRAPH_MAX_CELLS)
        return false;
    graph->view.n_cells += n;
    return true;
}

void as_graph_fold_arithmetic(as_graph *graph, const as_node *node)
{
    fold_in    x, y, so_far;
    fold_walk  walk;
    const bool fmodulo = as_node_int_or(node, "fmod", 0) != 0;
    if (!math_may(graph, node)) /* before numbers are made of a constant that stands beside what is computed */
        return;
    for (size_t i = 0; i < node->n_inputs; i++)
        if (!as_fold_read(graph, node, i, &x))
            return;
    const as_value *value = as_graph_value(graph, node->outputs[0]);
    int64_t        *out = as_fold_read(graph, node, 0, &x) ? as_fold_new(graph, node, 0) : NULL;
    if (!out || !as_fold_walk(&walk, &value->shape))
        return;
    as_fold_walk_over(&walk, 0, x.shape);
    size_t k = 0;
    do
        out[k++] = x.at[walk.at[0]];
    while (as_fold_next(&walk));
    so_far = (fold_in){.n = k, .at = out, .shape = &value->shape, .dtype = value->dtype, .real = x.real};
    for (size_t i = 1; i < node->n_inputs && as_fold_read(graph, node, i, &y); i++) {
        (void)as_fold_walk(&walk, &value->shape);
        as_fold_walk_over(&walk, 0, y.shape);
        k = 0;
        do {
            out[k] = math_pair(node, fmodulo, &so_far, out[k], &y, y.at[walk.at[0]]);
            k++;
        } while (as_fold_next(&walk));
    }
    for (size_t i = 0; i < k && strcmp(node->op, "Mean") == 0; i++)
        out[i] = as_fold_float(value->dtype, as_fold_real(out[i]) / (double)node->n_inputs);
}

/* --- comparing and choosing --- */

static int64_t math_compare(const char *op, double a, double b)
{
    switch (op[0]) {
    case 'E': return a == b;
    case 'L': return op[4] ? a <= b : a < b; /* Less, LessOrEqual */
    case 'G': return op[7] ? a >= b : a > b;
    case 'A': return a != 0 && b != 0;
    case 'O': return a != 0 || b != 0;
    default: return (a != 0) != (b != 0);
    }
}

static int64_t math_compare_whole(const char *op, int64_t a, int64_t b)
{
    return math_compare(op, (double)((a > b) - (a < b)), 0);
}

void as_graph_fold_compare(as_graph *graph, const as_node *node)
{
    fold_in   x, y;
    fold_walk walk;
    int64_t  *out;
    if (!as_fold_read(graph, node, 0, &x) || !as_fold_read(graph, node, 1, &y) ||
        !(out = as_fold_new(graph, node, 0)) || !as_fold_walk(&walk, &as_graph_value(graph, node->outputs[0])->shape))
        return;
    as_fold_walk_over(&walk, 0, x.shape);
    as_fold_walk_over(&walk, 1, y.shape);
    const bool logic = strchr("AOX", node->op[0]) != NULL; /* And, Or, Xor */
    for (bool more = true; more; more = as_fold_next(&walk), out++) {
        const int64_t a = x.at[walk.at[0]], b = y.at[walk.at[1]];
        if (!as_fold_has(a, x.real) || !as_fold_has(b, y.real))
            continue;
        *out = x.real  ? math_compare(node->op, as_fold_real(a), as_fold_real(b))
               : logic ? math_compare(node->op, (double)a, (double)b)
                       : math_compare_whole(node->op, a, b);
    }
}

void as_graph_fold_where(as_graph *graph, const as_node *node)
{
    fold_in   in[3];
    fold_walk walk;
    int64_t  *out;
    for (size_t i = 0; i < 3; i++)
        if (!as_fold_read(graph, node, i, &in[i]))
            return;
    if (!(out = as_fold_new(graph, node, 0)) || !as_fold_walk(&walk, &as_graph_value(graph, node->outputs[0])->shape))
        return;
    for (size_t i = 0; i < 3; i++)
        as_fold_walk_over(&walk, i, in[i].shape);
    for (bool more = true; more; more = as_fold_next(&walk), out++) {
        const int64_t which = in[0].at[walk.at[0]];
        if (which != GRAPH_UNKNOWN)
            *out = which ? in[1].at[walk.at[1]] : in[2].at[walk.at[2]];
    }
}

/* The bound that an attribute (before operator set 11) or an input gives; false: it is given and not known. */
static bool math_bound(as_graph *graph, const as_node *node, size_t i, const fold_in *x, int64_t *ret, bool *ret_has)
{
    float   f;
    fold_in bound;
    *ret_has = false;
    if (as_node_float(node, i == 1 ? "min" : "max", &f)) {
        *ret = as_fold_cast(as_fold_float(AS_DTYPE_F32, (double)f), true, x->dtype);
        *ret_has = true;
    } else if (as_rule_in(graph, node, i)) {
        if (!as_fold_read(graph, node, i, &bound) || bound.n != 1)
            return false;
        *ret = bound.at[0];
        *ret_has = true;
    }
    return !*ret_has || as_fold_has(*ret, x->real);
}

static bool math_less(int64_t a, int64_t b, bool real)
{
    return real ? as_fold_real(a) < as_fold_real(b) : a < b;
}

void as_graph_fold_clip(as_graph *graph, const as_node *node)
{
    fold_in x;
    int64_t low = 0, high = 0, *out;
    bool    has_low, has_high;
    if (!as_fold_read(graph, node, 0, &x) || !math_bound(graph, node, 1, &x, &low, &has_low) ||
        !math_bound(graph, node, 2, &x, &high, &has_high) || !(out = as_fold_new(graph, node, 0)))
        return;
    for (size_t i = 0; i < x.n; i++) {
        if (!as_fold_has(x.at[i], x.real))
            continue;
        out[i] = has_low && math_less(x.at[i], low, x.real) ? low : x.at[i];
        out[i] = has_high && math_less(high, out[i], x.real) ? high : out[i];
    }
}
