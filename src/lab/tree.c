/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TREE_EQUAL 1e-9 /* gains closer than this are equal: then the gap decides */

typedef struct tree_item {
    float    x;
    uint32_t row;
} tree_item;

typedef struct tree_split {
    int32_t feature;
    float   threshold, gap;
    double  gain, margin; /* margin: gap over the spread of the feature in the node */
} tree_split;

typedef struct tree_growth {
    const as_tree_data *data;
    as_tree            *tree;
    uint32_t           *rows;  /* a permutation: each node owns a range of it */
    tree_item          *items; /* of one node, sorted by one feature */
    size_t              min_rows;
} tree_growth;

/* Ties by row, so that the order is the same everywhere. */
static int tree_compare(const void *a, const void *b)
{
    const tree_item *l = a, *r = b;
    if (l->x != r->x)
        return l->x < r->x ? -1 : 1;
    return (l->row > r->row) - (l->row < r->row);
}

/* total * Gini impurity of masses = total - sum m^2 / total */
static double tree_impurity(const double *mass, uint32_t n)
{
    double total = 0, squares = 0;
    for (uint32_t c = 0; c < n; c++) {
        total += mass[c];
        squares += mass[c] * mass[c];
    }
    return total > 0 ? total - squares / total : 0;
}

static bool tree_better(const tree_split *a, const tree_split *b)
{
    if (fabs(a->gain - b->gain) > TREE_EQUAL)
        return a->gain > b->gain;
    return a->margin > b->margin;
}

static void tree_try_feature(tree_growth *growth, const as_tree_node *node, size_t first, uint32_t feature,
                             tree_split *best)
{
    const as_tree_data *data = growth->data;
    tree_item          *items = growth->items;
    double              below[AS_SPEC_MAX_CLASSES] = {0}, above[AS_SPEC_MAX_CLASSES];
    double              whole = tree_impurity(node->mass, data->n_classes), total = 0;
    for (size_t i = 0; i < node->n_rows; i++) {
        uint32_t row = growth->rows[first + i];
        items[i] = (tree_item){data->x[(size_t)row * data->n_features + feature], row};
    }
    qsort(items, node->n_rows, sizeof *items, tree_compare);
    float spread = items[node->n_rows - 1].x - items[0].x;
    memcpy(above, node->mass, sizeof above);
    for (uint32_t c = 0; c < data->n_classes; c++)
        total += node->mass[c];
    for (size_t i = 0; i + growth->min_rows < node->n_rows; i++) {
        uint32_t row = items[i].row;
        below[data->labels[row]] += data->weights[row];
        above[data->labels[row]] -= data->weights[row];
        float gap = items[i + 1].x - items[i].x;
        if (i + 1 < growth->min_rows || !(gap > 1e-6f * spread) || !(gap > 1e-6f))
            continue;
        double     left = tree_impurity(below, data->n_classes), right = tree_impurity(above, data->n_classes);
        tree_split split = {(int32_t)feature, items[i].x + gap / 2, gap, (whole - left - right) / total,
                            (double)gap / (double)spread};
        if (split.gain > TREE_EQUAL && tree_better(&split, best))
            *best = split;
    }
}

static void tree_fill_node(const tree_growth *growth, as_tree_node *node, size_t first, size_t n)
{
    *node = (as_tree_node){.feature = -1, .n_rows = n};
    for (size_t i = 0; i < n; i++) {
        uint32_t row = growth->rows[first + i];
        node->mass[growth->data->labels[row]] += growth->data->weights[row];
    }
}

/* Rows not above the threshold first, in their order. Returns how many. */
static size_t tree_partition(tree_growth *growth, const tree_split *split, size_t first, size_t n)
{
    size_t n_below = 0, n_above = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t row = growth->rows[first + i];
        if (growth->data->x[(size_t)row * growth->data->n_features + (size_t)split->feature] > split->threshold)
            growth->items[n_above++].row = row;
        else
            growth->rows[first + n_below++] = row;
    }
    for (size_t i = 0; i < n_above; i++)
        growth->rows[first + n_below + i] = growth->items[i].row;
    return n_below;
}

/* Depth is bounded by AS_TREE_MAX_DEPTH. */
static void tree_grow_node(tree_growth *growth, uint32_t index, size_t first, uint32_t depth)
{
    as_tree   *tree = growth->tree;
    size_t     n = tree->at[index].n_rows;
    tree_split best = {.feature = -1};
    if (depth == 0 || n < 2 * growth->min_rows || n < 2)
        return;
    for (uint32_t f = 0; f < growth->data->n_features; f++)
        tree_try_feature(growth, &tree->at[index], first, f, &best);
    if (best.feature < 0)
        return;
    size_t   n_below = tree_partition(growth, &best, first, n);
    uint32_t below = tree->n_nodes, above = tree->n_nodes + 1;
    tree->n_nodes += 2;
    tree_fill_node(growth, &tree->at[below], first, n_below);
    tree_fill_node(growth, &tree->at[above], first + n_below, n - n_below);
    as_tree_node *node = &tree->at[index];
    node->feature = best.feature;
    node->threshold = best.threshold;
    node->gap = best.gap;
    node->below = below;
    node->above = above;
    tree_grow_node(growth, below, first, depth - 1);
    tree_grow_node(growth, above, first + n_below, depth - 1);
}

bool as_tree_grow(const as_tree_data *data, uint32_t max_depth, size_t min_rows, as_tree *ret, as_err *err)
{
    if (data->n_rows == 0 || max_depth > AS_TREE_MAX_DEPTH || data->n_classes > AS_SPEC_MAX_CLASSES)
        return AS_FAIL(err, AS_EINVAL, "cannot grow a tree of depth %u on %zu rows of %u classes", max_depth,
                       data->n_rows, data->n_classes);
    tree_growth growth = {.data = data, .tree = ret, .min_rows = AS_MAX(min_rows, (size_t)1)};
    growth.rows = malloc(data->n_rows * sizeof *growth.rows);
    growth.items = malloc(data->n_rows * sizeof *growth.items);
    bool ok = growth.rows && growth.items;
    if (ok) {
        memcpy(growth.rows, data->rows, data->n_rows * sizeof *growth.rows);
        ret->n_classes = data->n_classes;
        ret->n_nodes = 1;
        tree_fill_node(&growth, &ret->at[0], 0, data->n_rows);
        tree_grow_node(&growth, 0, 0, max_depth);
    } else {
        AS_FAIL(err, AS_ENOMEM, "cannot grow a tree on %zu rows", data->n_rows);
    }
    free(growth.rows);
    free(growth.items);
    return ok;
}

uint32_t as_tree_leaf(const as_tree *tree, const float *x)
{
    uint32_t at = 0;
    while (tree->at[at].feature >= 0)
        at = x[tree->at[at].feature] > tree->at[at].threshold ? tree->at[at].above : tree->at[at].below;
    return at;
}

uint32_t as_tree_class(const as_tree *tree, uint32_t node)
{
    uint32_t best = 0;
    for (uint32_t c = 1; c < tree->n_classes; c++)
        if (tree->at[node].mass[c] > tree->at[node].mass[best])
            best = c;
    return best;
}
