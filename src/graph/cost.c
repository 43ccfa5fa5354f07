/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/cost.h"

#include "graph/rules.h"

/* Saturates: beyond 2^64 nobody counts. */
static uint64_t cost_mul(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t cost_add(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static bool cost_count(const as_value *value, uint64_t *ret)
{
    size_t count;
    if (!value || !value->has_shape || !as_shape_count(&value->shape, &count))
        return false;
    *ret = count;
    return true;
}

/* --- multiply-adds --- */

typedef enum cost_kind {
    COST_CONV = 1,  /* each result sums over one filter */
    COST_CONV_BACK, /* each input goes through one filter */
    COST_MATMUL,
    COST_GEMM,
    COST_EINSUM
} cost_kind;

static const struct {
    const char *op;
    cost_kind   kind;
    size_t      a, b; /* inputs: what comes in, and the weights */
} cost_rows[] = {
    {"Conv", COST_CONV, 0, 1},     {"QLinearConv", COST_CONV, 0, 3},        {"ConvInteger", COST_CONV, 0, 1},
    {"MatMul", COST_MATMUL, 0, 1}, {"QLinearMatMul", COST_MATMUL, 0, 3},    {"MatMulInteger", COST_MATMUL, 0, 1},
    {"Gemm", COST_GEMM, 0, 1},     {"ConvTranspose", COST_CONV_BACK, 0, 1}, {"Einsum", COST_EINSUM, 0, 1},
};

/* Elements of one filter: all dimensions of the weights but the first. */
static bool cost_filter(const as_value *w, uint64_t *ret)
{
    *ret = 1;
    if (!w || !w->has_shape)
        return false;
    for (int i = 1; i < w->shape.rank; i++) {
        if (w->shape.dims[i] < 0)
            return false;
        *ret = cost_mul(*ret, (uint64_t)w->shape.dims[i]);
    }
    return true;
}

/* How long the sums of a matrix product are. */
static bool cost_depth(const as_value *a, bool is_transposed, uint64_t *ret)
{
    int64_t depth = -1;
    if (a && a->has_shape && a->shape.rank > 0)
        depth = a->shape.dims[is_transposed ? AS_MAX(a->shape.rank - 2, 0) : a->shape.rank - 1];
    *ret = (uint64_t)depth;
    return depth >= 0;
}

/* Each letter of the equation is a loop around one multiply-add. Dots stand for dimensions without a letter: not counted. */
static bool cost_einsum(const as_graph *graph, const as_node *node, uint64_t *ret)
{
    const char *equation;
    size_t      n, input = 0;
    int         axis = 0;
    bool        seen[256] = {false};
    *ret = 1;
    if (!as_node_str(node, "equation", &equation, &n) || memchr(equation, '.', n))
        return false;
    for (size_t i = 0; i < n && equation[i] != '-' && equation[i] != '='; i++) {
        const unsigned char letter = (unsigned char)equation[i];
        if (letter == ',') {
            input++;
            axis = 0;
        }
        if (letter == ',' || letter == ' ')
            continue;
        const as_value *value = as_rule_in(graph, node, input);
        if (!value || !value->has_shape || axis >= value->shape.rank || value->shape.dims[axis] < 0)
            return false;
        if (!seen[letter])
            *ret = cost_mul(*ret, (uint64_t)value->shape.dims[axis]);
        seen[letter] = true;
        axis++;
    }
    return true;
}

/* False: not known. */
static bool cost_multiplies(const as_graph *graph, const as_node *node, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < AS_COUNT(cost_rows); i++) {
        if (strcmp(cost_rows[i].op, node->op) != 0)
            continue;
        const as_value *a = as_rule_in(graph, node, cost_rows[i].a), *w = as_rule_in(graph, node, cost_rows[i].b);
        const cost_kind kind = cost_rows[i].kind;
        uint64_t        many, each;
        if (kind == COST_EINSUM)
            return cost_einsum(graph, node, ret);
        if (!cost_count(kind == COST_CONV_BACK ? a : as_graph_value(graph, node->outputs[0]), &many))
            return false;
        bool is_transposed = kind == COST_GEMM && as_node_int_or(node, "transA", 0) != 0;
        if (kind == COST_CONV || kind == COST_CONV_BACK ? !cost_filter(w, &each) : !cost_depth(a, is_transposed, &each))
            return false;
        *ret = cost_mul(many, each);
    }
    return true;
}

/* --- work --- */

#define COST_PLAIN 4 /* multiply-adds: what a number takes on its own, as an exponential of it */

/* Each box may be all of its picture; a number that comes out may be of so many places. */
static uint64_t cost_rois(const as_graph *graph, const as_node *node)
{
    const as_value *rois = as_rule_in(graph, node, 1);
    const uint64_t  samples = (uint64_t)AS_MAX(as_node_int_or(node, "sampling_ratio", 0), 1);
    const bool      known = rois && rois->has_shape && rois->shape.rank == 2;
    return cost_add(cost_mul(samples, samples), known ? (uint64_t)AS_MAX(rois->shape.dims[0], 1) : 1);
}

/* How often an operator looks at each number that goes in or out. */
static uint64_t cost_looks(const as_graph *graph, const as_node *node)
{
    static const struct {
        const char *op;
        uint64_t    looks;
    } rows[] = {{"TopK", 32},
                {"Resize", 64},
                {"Upsample", 16},
                {"GridSample", 64},
                {"Einsum", 1},
                /* exponentials and powers in plain C */
                {"ReduceLogSumExp", 4},
                {"ReduceLogSum", 4},
                {"Pow", 4},
                {"Gelu", 4},
                {"Mish", 4}};
    const as_value *scores = strcmp(node->op, "NonMaxSuppression") == 0 ? as_rule_in(graph, node, 1) : NULL;
    const int64_t  *kernel;
    size_t          n;
    uint64_t        looks = (uint64_t)AS_MAX(as_node_int_or(node, "size", 1), 1); /* of LRN */
    if (as_node_ints(node, "kernel_shape", &kernel, &n) && as_str_ends(node->op, "Pool"))
        for (size_t i = 0; i < n; i++)
            looks = cost_mul(looks, (uint64_t)AS_MAX(kernel[i], 1));
    if (scores && scores->has_shape && scores->shape.rank == 3)
        looks = (uint64_t)AS_MAX(scores->shape.dims[2], 1); /* each box may be held against all others */
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        if (strcmp(rows[i].op, node->op) == 0)
            looks = rows[i].looks;
    return strcmp(node->op, "RoiAlign") == 0 ? cost_rois(graph, node) : looks;
}

uint64_t as_graph_work_of(const as_graph *graph, const as_node *node)
{
    uint64_t multiplies = 0, numbers = 0, count;
    if (!cost_multiplies(graph, node, &multiplies))
        return UINT64_MAX;
    for (size_t i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i] >= 0 && !cost_count(as_rule_in(graph, node, i), &count))
            return UINT64_MAX;
        numbers = node->inputs[i] >= 0 ? cost_add(numbers, count) : numbers;
    }
    for (size_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i] >= 0 && !cost_count(as_graph_value(graph, node->outputs[i]), &count))
            return UINT64_MAX;
        numbers = node->outputs[i] >= 0 ? cost_add(numbers, count) : numbers;
    }
    return cost_add(multiplies, cost_mul(cost_mul(numbers, COST_PLAIN), cost_looks(graph, node)));
}

/* --- parameters --- */

static bool cost_is_stored(const as_graph *graph, const as_value *value)
{
    if (!value || !value->constant)
        return false;
    return value->producer < 0 || strcmp(as_graph_node(graph, (size_t)value->producer)->op, "Constant") == 0;
}

static void cost_parameters(const as_graph *graph, const as_node *node, bool *seen, as_graph_cost *cost,
                            as_node_cost *ret)
{
    for (size_t k = 0; k < node->n_inputs; k++) {
        const as_value *value = as_rule_in(graph, node, k);
        if (!cost_is_stored(graph, value) || seen[node->inputs[k]] || value->dtype == AS_DTYPE_I64 ||
            value->dtype == AS_DTYPE_BOOL)
            continue;
        size_t count = as_tensor_count(value->constant);
        seen[node->inputs[k]] = true;
        ret->n_parameters = cost_add(ret->n_parameters, count);
        cost->parameter_bytes = cost_add(cost->parameter_bytes, cost_mul(count, as_dtype_bytes(value->dtype)));
    }
}

/* --- memory --- */

typedef struct cost_lives {
    int32_t  *root;         /* value -> whose memory it is */
    size_t   *first, *last; /* of a root: steps */
    uint64_t *comes, *goes; /* step -> bytes */
} cost_lives;

static void cost_lives_done(cost_lives *lives)
{
    free(lives->root);
    free(lives->first);
    free(lives->last);
    free(lives->comes);
    free(lives->goes);
}

static bool cost_lives_init(cost_lives *lives, size_t n_values, size_t n_steps, as_err *err)
{
    lives->root = calloc(n_values + 1, sizeof *lives->root);
    lives->first = calloc(n_values + 1, sizeof *lives->first);
    lives->last = calloc(n_values + 1, sizeof *lives->last);
    lives->comes = calloc(n_steps + 2, sizeof *lives->comes);
    lives->goes = calloc(n_steps + 2, sizeof *lives->goes);
    return (lives->root && lives->first && lives->last && lives->comes && lives->goes) ||
           AS_FAIL(err, AS_ENOMEM, "cannot count the memory of %zu values", n_values);
}

static bool cost_is_view(const as_node *node)
{
    static const char *const views[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"};
    for (size_t i = 0; i < AS_COUNT(views); i++)
        if (strcmp(node->op, views[i]) == 0)
            return true;
    return false;
}

static void cost_live(const as_graph *graph, cost_lives *lives)
{
    for (size_t v = 0; v < as_graph_n_values(graph); v++)
        lives->root[v] = (int32_t)v;
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++) {
        const as_node *node = as_graph_node(graph, i);
        for (size_t k = 0; k < node->n_inputs; k++)
            if (node->inputs[k] >= 0)
                lives->last[lives->root[node->inputs[k]]] = i;
        for (size_t k = 0; k < node->n_outputs; k++) {
            if (node->outputs[k] < 0)
                continue;
            if (k == 0 && node->n_inputs && node->inputs[0] >= 0 && cost_is_view(node))
                lives->root[node->outputs[k]] = lives->root[node->inputs[0]];
            else
                lives->first[node->outputs[k]] = lives->last[node->outputs[k]] = i;
        }
    }
    for (size_t i = 0; i < as_graph_n_outputs(graph); i++)
        lives->last[lives->root[as_graph_output(graph, i)]] = as_graph_n_nodes(graph);
}

static bool cost_peak(const as_graph *graph, as_graph_cost *ret, as_err *err)
{
    cost_lives lives = {0};
    size_t     n_nodes = as_graph_n_nodes(graph);
    uint64_t   now = 0, bytes;
    if (!cost_lives_init(&lives, as_graph_n_values(graph), n_nodes, err)) {
        cost_lives_done(&lives);
        return false;
    }
    cost_live(graph, &lives);
    ret->is_peak_known = true;
    for (size_t v = 0; v < as_graph_n_values(graph); v++) {
        const as_value *value = as_graph_value(graph, (int32_t)v);
        if (value->constant || lives.root[v] != (int32_t)v)
            continue;
        if (!cost_count(value, &bytes))
            ret->is_peak_known = false;
        else
            bytes = cost_mul(bytes, as_dtype_bytes(value->dtype));
        if (!ret->is_peak_known)
            break;
        lives.comes[lives.first[v]] = cost_add(lives.comes[lives.first[v]], bytes);
        lives.goes[lives.last[v] + 1] = cost_add(lives.goes[lives.last[v] + 1], bytes);
    }
    for (size_t i = 0; ret->is_peak_known && i < n_nodes; i++) {
        now = cost_add(now - AS_MIN(now, lives.goes[i]), lives.comes[i]);
        if (now > ret->peak_bytes) {
            ret->peak_bytes = now;
            ret->peak_node = (int32_t)i;
        }
    }
    cost_lives_done(&lives);
    return true;
}

bool as_graph_cost_of(const as_graph *graph, as_graph_cost *ret, as_err *err)
{
    as_graph_cost cost = {.peak_node = -1};
    bool         *seen = calloc(as_graph_n_values(graph) + 1, sizeof *seen);
    cost.nodes = calloc(as_graph_n_nodes(graph) + 1, sizeof *cost.nodes);
    if (!seen || !cost.nodes) {
        free(seen);
        free(cost.nodes);
        return AS_FAIL(err, AS_ENOMEM, "cannot count the cost of %zu nodes", as_graph_n_nodes(graph));
    }
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++) {
        as_node_cost *one = &cost.nodes[i];
        cost_parameters(graph, as_graph_node(graph, i), seen, &cost, one);
        one->is_counted = cost_multiplies(graph, as_graph_node(graph, i), &one->n_multiplies);
        cost.n_uncounted += !one->is_counted;
        cost.n_parameters = cost_add(cost.n_parameters, one->n_parameters);
        cost.n_multiplies = cost_add(cost.n_multiplies, one->n_multiplies);
    }
    free(seen);
    if (!cost_peak(graph, &cost, err)) {
        free(cost.nodes);
        return false;
    }
    *ret = cost;
    return true;
}

void as_graph_cost_done(as_graph_cost *cost)
{
    free(cost->nodes);
    *cost = (as_graph_cost){0};
}
