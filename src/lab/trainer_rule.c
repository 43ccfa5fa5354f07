/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told apart by colour and shape with at most seven thresholds: what every other model must beat. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/features.h"
#include "lab/folds.h"
#include "lab/logistic.h"
#include "lab/nodes.h"
#include "lab/rule_features.h"
#include "lab/samples.h"
#include "lab/tree.h"

#define RULE_LONG_SIDE  146 /* pixels; two go at the rim of the edge filter, 144 are left */
#define RULE_MAX_DEPTH  3
#define RULE_FOLDS      5
#define RULE_MAX_SPLITS ((1u << RULE_MAX_DEPTH) - 1)
#define RULE_MAX_LEAVES (1u << RULE_MAX_DEPTH)
#define RULE_GRID       (1.f / 256) /* thresholds lie between its points: what differs by less is chance and no rule */
#define RULE_MAX_RAMP   0.05        /* a threshold is a ramp as wide as the gap there, and no wider than this */

typedef struct rule_leaf {
    uint32_t node;
    double   above[RULE_MAX_SPLITS]; /* 1: wants split i above, -1: below, 0: does not ask */
    uint32_t asks[RULE_MAX_DEPTH];   /* the splits on its path */
    uint32_t n_asks;
    double   p[AS_SPEC_MAX_CLASSES];
} rule_leaf;

typedef struct rule {
    const as_trainer_cfg *cfg;
    const as_progress    *progress;
    const as_spec        *spec;
    as_samples            train;
    as_features           features;
    as_rule_layout        layout; /* of the features */
    as_input_spec         input;
    double               *weights;
    float                *grid; /* features, on the grid */
    uint32_t             *rows, *groups, *folds;
    double                accuracy[RULE_MAX_DEPTH]; /* balanced, cross-validated, by depth - 1 */
    uint32_t              depth;
    as_tree               tree;
    uint32_t              splits[RULE_MAX_SPLITS]; /* node indices */
    rule_leaf             leaves[RULE_MAX_LEAVES];
    uint32_t              n_splits, n_leaves;
} rule;

/* --- learning --- */

static bool rule_room(rule *r, as_err *err)
{
    r->weights = calloc(r->train.n + 1, sizeof *r->weights);
    r->rows = calloc(r->train.n + 1, sizeof *r->rows);
    r->groups = calloc(r->train.n + 1, sizeof *r->groups);
    r->folds = calloc(r->train.n + 1, sizeof *r->folds);
    if (r->weights && r->rows && r->groups && r->folds)
        return true;
    return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", r->train.n);
}

static bool rule_see(rule *r, const as_dataset *dataset, as_err *err)
{
    as_str    bytes;
    as_graph *graph;
    as_str_init(&bytes);
    r->layout = as_rule_layout_all();
    r->input = (as_input_spec){.channels = 3, .resize = AS_RESIZE_STANDARD, .scale = {255, 255, 255}};
    as_samples_size(dataset, &r->train, RULE_LONG_SIDE, 3, 2, &r->input.width, &r->input.height);
    if (r->cfg->width && r->cfg->height) {
        r->input.width = AS_MAX(r->cfg->width / 3 * 3, 15u) - 1;
        r->input.height = AS_MAX(r->cfg->height / 3 * 3, 15u) - 1;
    }
    graph = as_rule_graph(&r->layout, r->input.width, r->input.height, err);
    bool            ok = graph && as_graph_write(graph, &bytes, err);
    as_features_cfg cfg = {.model = (const uint8_t *)bytes.s,
                           .n_model = bytes.len,
                           .name = "rule",
                           .backend = r->cfg->backend,
                           .input = r->input,
                           .threads = r->cfg->threads ? r->cfg->threads : 2};
    ok = ok && as_features_compute(dataset, r->train.indices, r->train.n, &cfg, r->progress, &r->features, err);
    as_graph_free(graph);
    as_str_done(&bytes);
    return ok;
}

static as_tree_data rule_data(const rule *r, const uint32_t *rows, size_t n_rows)
{
    return (as_tree_data){
        r->features.width, (uint32_t)r->spec->n_classes, r->grid, r->train.labels, r->weights, rows, n_rows};
}

static size_t rule_min_rows(const rule *r)
{
    return AS_MAX(r->train.n / 100, (size_t)2);
}

/* Mean weight of what a tree of that depth gets right on the folds it did not see. */
static bool rule_judge_depth(rule *r, uint32_t depth, as_err *err)
{
    double right = 0, total = 0;
    for (uint32_t fold = 0; fold < RULE_FOLDS; fold++) {
        size_t n_fit = 0;
        for (uint32_t i = 0; i < r->train.n; i++)
            if (r->folds[i] != fold)
                r->rows[n_fit++] = i;
        if (n_fit == 0 || n_fit == r->train.n)
            continue;
        as_tree_data data = rule_data(r, r->rows, n_fit);
        if (!as_progress_go_on(r->progress, err) || !as_tree_grow(&data, depth, rule_min_rows(r), &r->tree, err))
            return false;
        for (size_t i = 0; i < r->train.n; i++) {
            if (r->folds[i] != fold)
                continue;
            uint32_t leaf = as_tree_leaf(&r->tree, r->grid + i * r->features.width);
            right += as_tree_class(&r->tree, leaf) == r->train.labels[i] ? r->weights[i] : 0;
            total += r->weights[i];
        }
    }
    r->accuracy[depth - 1] = total > 0 ? right / total : 0;
    return true;
}

static bool rule_grow(rule *r, const as_dataset *dataset, as_err *err)
{
    size_t n = r->train.n * r->features.width;
    r->grid = malloc((n + 1) * sizeof *r->grid);
    if (!r->grid)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu features", n);
    for (size_t i = 0; i < n; i++)
        r->grid[i] = roundf(r->features.at[i] / RULE_GRID) * RULE_GRID;
    as_logistic_balance(r->train.labels, r->train.n, (uint32_t)r->spec->n_classes, r->weights);
    if (!as_folds_group(dataset, r->train.indices, r->train.n, r->groups, err) ||
        !as_folds_deal(r->groups, r->train.labels, r->train.n, (uint32_t)r->spec->n_classes, RULE_FOLDS, r->cfg->seed,
                       r->folds, err))
        return false;
    r->depth = 1;
    for (uint32_t depth = 1; depth <= RULE_MAX_DEPTH; depth++) {
        as_progress_step(r->progress, "finding thresholds", depth - 1, RULE_MAX_DEPTH);
        if (!rule_judge_depth(r, depth, err))
            return false;
        if (r->accuracy[depth - 1] > r->accuracy[r->depth - 1])
            r->depth = depth;
    }
    for (uint32_t i = 0; i < r->train.n; i++)
        r->rows[i] = i;
    as_tree_data data = rule_data(r, r->rows, r->train.n);
    return as_tree_grow(&data, r->depth, rule_min_rows(r), &r->tree, err);
}

/* --- from the tree to leaves that each know their path --- */

static void rule_add_leaf(rule *r, uint32_t node, const rule_leaf *path)
{
    rule_leaf *leaf = &r->leaves[r->n_leaves++];
    *leaf = *path;
    leaf->node = node;
}

/* Depth is bounded by RULE_MAX_DEPTH. */
static void rule_collect(rule *r, uint32_t node, const rule_leaf *path)
{
    const as_tree_node *at = &r->tree.at[node];
    if (at->feature < 0) {
        rule_add_leaf(r, node, path);
        return;
    }
    uint32_t  split = r->n_splits++;
    rule_leaf below = *path, above = *path;
    r->splits[split] = node;
    below.above[split] = -1;
    above.above[split] = 1;
    below.asks[below.n_asks++] = split;
    above.asks[above.n_asks++] = split;
    rule_collect(r, at->below, &below);
    rule_collect(r, at->above, &above);
}

static double rule_gain(const rule *r, uint32_t split)
{
    double gap = (double)r->tree.at[r->splits[split]].gap;
    return 1 / fmin(fmax(gap, (double)RULE_GRID), RULE_MAX_RAMP);
}

/* How far a picture belongs to a leaf, 0 to 1; over all leaves it sums to 1. */
static double rule_membership(const rule *r, const rule_leaf *leaf, const float *x)
{
    double product = 1;
    for (uint32_t k = 0; k < leaf->n_asks; k++) {
        uint32_t            split = leaf->asks[k];
        const as_tree_node *node = &r->tree.at[r->splits[split]];
        double              step = rule_gain(r, split) * ((double)x[node->feature] - (double)node->threshold) + 0.5;
        step = fmin(fmax(step, 0), 1);
        product *= leaf->above[split] > 0 ? step : 1 - step;
    }
    return product;
}

/* Laplace's rule of succession, on memberships. */
static void rule_fill_leaves(rule *r)
{
    size_t n_classes = r->spec->n_classes;
    rule_collect(r, 0, &(rule_leaf){0});
    for (uint32_t l = 0; l < r->n_leaves; l++) {
        rule_leaf *leaf = &r->leaves[l];
        double     total = (double)n_classes;
        for (size_t c = 0; c < n_classes; c++)
            leaf->p[c] = 1;
        for (size_t i = 0; i < r->train.n; i++) {
            double m = r->weights[i] * rule_membership(r, leaf, r->features.at + i * r->features.width);
            leaf->p[r->train.labels[i]] += m;
            total += m;
        }
        for (size_t c = 0; c < n_classes; c++)
            leaf->p[c] /= total;
    }
}

/* --- the graph --- */

static as_rule_layout rule_used(const rule *r)
{
    as_rule_feature used[RULE_MAX_SPLITS] = {{0}};
    for (uint32_t s = 0; s < r->n_splits; s++)
        used[s] = as_rule_at(&r->layout, (uint32_t)r->tree.at[r->splits[s]].feature);
    return as_rule_layout_of(used, AS_MAX(r->n_splits, 1u)); /* a tree without splits still needs one feature */
}

/* "steps" N x splits: 0 below the threshold, 1 above, a ramp between. */
static bool rule_steps(const rule *r, as_nodes *nodes, const as_rule_layout *used, as_err *err)
{
    size_t        width = as_rule_width(used), n = AS_MAX(r->n_splits, 1u);
    const as_attr trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    float         bias[RULE_MAX_SPLITS] = {0}, *weights = calloc(n * width + 1, sizeof *weights);
    if (!weights)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold the rules");
    for (uint32_t s = 0; s < r->n_splits; s++) {
        const as_tree_node *node = &r->tree.at[r->splits[s]];
        as_rule_feature     feature = as_rule_at(&r->layout, (uint32_t)node->feature);
        weights[s * width + as_rule_index(used, &feature)] = (float)rule_gain(r, s);
        bias[s] = (float)(0.5 - rule_gain(r, s) * (double)node->threshold);
    }
    as_nodes_floats(nodes, "steps_w", &(as_shape){2, {(int64_t)n, (int64_t)width}}, weights);
    as_nodes_floats(nodes, "steps_b", &(as_shape){1, {(int64_t)n}}, bias);
    as_nodes_floats(nodes, "steps_low", &(as_shape){0}, &(float){0});
    as_nodes_floats(nodes, "steps_high", &(as_shape){0}, &(float){1});
    as_nodes_add(nodes, "Gemm", "steps_raw", "features", "steps_w", "steps_b", &trans);
    as_nodes_add(nodes, "Clip", "steps", "steps_raw", "steps_low", "steps_high", NULL);
    free(weights);
    return true;
}

/* N x leaves: what the leaf's k-th question says for it; 1 where it has no such question. */
static void rule_factor(const rule *r, as_nodes *nodes, uint32_t k, const char *name)
{
    size_t        n = AS_MAX(r->n_splits, 1u);
    float         weights[RULE_MAX_LEAVES * RULE_MAX_SPLITS] = {0}, bias[RULE_MAX_LEAVES] = {0};
    char          w[32], b[32];
    const as_attr trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    for (uint32_t l = 0; l < r->n_leaves; l++) {
        const rule_leaf *leaf = &r->leaves[l];
        double           above = k < leaf->n_asks ? leaf->above[leaf->asks[k]] : 0;
        if (k < leaf->n_asks)
            weights[l * n + leaf->asks[k]] = (float)above;
        bias[l] = above > 0 ? 0 : 1;
    }
    snprintf(w, sizeof w, "%s_w", name);
    snprintf(b, sizeof b, "%s_b", name);
    as_nodes_floats(nodes, w, &(as_shape){2, {r->n_leaves, (int64_t)n}}, weights);
    as_nodes_floats(nodes, b, &(as_shape){1, {r->n_leaves}}, bias);
    as_nodes_add(nodes, "Gemm", name, "steps", w, b, &trans);
}

/* "probabilities": memberships are products of the factors, and sum to 1. */
static void rule_answer(const rule *r, as_nodes *nodes)
{
    static const char *const factors[] = {"factor_1", "factor_2", "factor_3"};
    static const char *const products[] = {"factor_1", "leaves_2", "leaves_3"};
    float                    p[AS_SPEC_MAX_CLASSES * RULE_MAX_LEAVES];
    int64_t                  n_classes = (int64_t)r->spec->n_classes;
    for (uint32_t k = 0; k < RULE_MAX_DEPTH; k++) {
        rule_factor(r, nodes, k, factors[k]);
        if (k)
            as_nodes_add(nodes, "Mul", products[k], products[k - 1], factors[k], NULL, NULL);
    }
    for (uint32_t l = 0; l < r->n_leaves; l++)
        for (int64_t c = 0; c < n_classes; c++)
            p[l * n_classes + c] = (float)r->leaves[l].p[c];
    as_nodes_floats(nodes, "leaf_p", &(as_shape){2, {r->n_leaves, n_classes}}, p);
    as_nodes_add(nodes, "MatMul", "probabilities", products[RULE_MAX_DEPTH - 1], "leaf_p", NULL, NULL);
}

static as_graph *rule_graph(const rule *r, as_err *err)
{
    as_rule_layout used = rule_used(r);
    as_graph      *graph = as_rule_graph(&used, r->input.width, r->input.height, err);
    if (!graph)
        return NULL;
    as_nodes nodes = as_nodes_begin(graph, err);
    if (!rule_steps(r, &nodes, &used, err))
        return as_graph_free(graph);
    rule_answer(r, &nodes);
    if (as_nodes_finish(&nodes, "probabilities", &(as_shape){2, {-1, (int64_t)r->spec->n_classes}}))
        return graph;
    return as_graph_free(graph);
}

/* --- the record --- */

static json_t *rule_in_words(const rule *r, const rule_leaf *leaf)
{
    char     text[128];
    as_str   words;
    uint32_t best = as_tree_class(&r->tree, leaf->node);
    as_str_init(&words);
    for (uint32_t k = 0; k < leaf->n_asks; k++) {
        const as_tree_node *node = &r->tree.at[r->splits[leaf->asks[k]]];
        as_rule_feature     feature = as_rule_at(&r->layout, (uint32_t)node->feature);
        as_str_addf(&words, "%s%s %s %.3g", k ? " and " : "", as_rule_text(&feature, text),
                    leaf->above[leaf->asks[k]] > 0 ? ">" : "<=", (double)node->threshold);
    }
    as_str_addf(&words, "%s -> %s (%.0f %%, %zu pictures)", leaf->n_asks ? "" : "always", r->spec->classes[best].name,
                100 * leaf->p[best], r->tree.at[leaf->node].n_rows);
    json_t *json = json_string(words.s);
    as_str_done(&words);
    return json;
}

static json_t *rule_params(const rule *r)
{
    json_t *params = json_object(), *rules = json_array(), *depths = json_array();
    for (uint32_t l = 0; l < r->n_leaves; l++)
        json_array_append_new(rules, rule_in_words(r, &r->leaves[l]));
    for (uint32_t d = 1; d <= RULE_MAX_DEPTH; d++) {
        json_t *one = json_object();
        as_json_set(one, "depth", json_integer(d));
        as_json_set(one, "balanced_accuracy", as_json_number(r->accuracy[d - 1]));
        json_array_append_new(depths, one);
    }
    as_json_set(params, "width", json_integer(r->input.width));
    as_json_set(params, "height", json_integer(r->input.height));
    as_json_set(params, "features", json_integer(r->features.width));
    as_json_set(params, "depth", json_integer(r->depth));
    as_json_set(params, "cross_validation", depths);
    as_json_set(params, "rules", rules);
    return params;
}

static void rule_done(rule *r)
{
    as_samples_done(&r->train);
    as_features_done(&r->features);
    free(r->grid);
    free(r->weights);
    free(r->rows);
    free(r->groups);
    free(r->folds);
    free(r);
}

static bool rule_train(const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                       const as_progress *progress, as_trained *ret, as_err *err)
{
    as_graph *graph = NULL;
    rule     *r = calloc(1, sizeof *r);
    if (!r)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold the rules");
    r->cfg = cfg;
    r->progress = progress;
    r->spec = spec;
    if (as_samples_open(dataset, spec, AS_SPLIT_TRAIN, &r->train, err) && rule_room(r, err) &&
        rule_see(r, dataset, err) && rule_grow(r, dataset, err)) {
        rule_fill_leaves(r);
        graph = rule_graph(r, err);
    }
    if (graph) {
        *ret = (as_trained){.graph = graph, .params = rule_params(r)};
        as_samples_info(spec, "rule", &r->input, &ret->info);
    }
    rule_done(r);
    return graph != NULL;
}

const as_trainer as_trainer_rule = {
    .name = "rule",
    .summary = "thresholds on colour and shape, no learning: the baseline to beat",
    .train = rule_train,
};
