/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bounded.h"

#include <stdlib.h>
#include <string.h>

#include "engine/count.h"
#include "engine/plan.h"

typedef struct bounded_rule {
    const char *op;
    /* The source and nature of the node's results, or false: it goes over rows. axis: of the first result. */
    bool (*follow)(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret);
    bool moves; /* numbers stay what they are */
} bounded_rule;

static const as_bounded_value *bounded_in(const as_plan *plan, const as_node *node, size_t i)
{
    static const as_bounded_value none = {.source = NULL};
    return i < node->n_inputs && node->inputs[i] >= 0 ? &plan->bounded.values[node->inputs[i]] : &none;
}

static const as_shape *bounded_shape(const as_plan *plan, const as_node *node, size_t i)
{
    return &as_graph_value(plan->graph, node->inputs[i])->shape;
}

/* Only this input, and its other ones are no such values. */
static bool bounded_is_alone(const as_plan *plan, const as_node *node, size_t which)
{
    for (size_t i = 0; i < node->n_inputs; i++)
        if ((bounded_in(plan, node, i)->source != NULL) != (i == which))
            return false;
    return true;
}

/* --- rules --- */

/* One for one: sizes are aligned at their ends, and what has no such rows has one for all of them. */
static bool bounded_each(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const int from_end = as_graph_value(plan->graph, node->outputs[0])->shape.rank - axis;
    for (size_t i = 0; i < node->n_inputs; i++) {
        const as_bounded_value *in = bounded_in(plan, node, i);
        if (node->inputs[i] < 0)
            continue;
        const as_shape *shape = bounded_shape(plan, node, i);
        if (in->source) {
            if ((ret->source && (ret->source != in->source || ret->each != in->each)) ||
                shape->rank - in->axis != from_end)
                return false;
            *ret = *in;
        } else if (shape->rank >= from_end && shape->dims[shape->rank - from_end] != 1)
            return false;
    }
    return true;
}

/* The first input alone; where the rows were gone over, the result has none that differ in number. */
static bool bounded_first(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    (void)axis;
    *ret = *bounded_in(plan, node, 0);
    return bounded_is_alone(plan, node, 0);
}

/* Is input i of the node integers of which that for `axis` says as many as a value has, or leaves it open? */
static bool bounded_is_asked(const as_plan *plan, const as_node *node, size_t i, int axis, const as_bounded_value *rows)
{
    as_count asked;
    if (!as_count_in(plan, node, i, &asked) || (size_t)axis >= asked.n)
        return false;
    const as_count_number *x = &asked.at[axis];
    return x->times == 0 ? x->base == -1 || x->base == 0 || x->base == 1
                         : x->base == 0 && x->times == rows->each && x->of == rows->source;
}

/* Another shape of the same numbers: as many before the rows, and whole rows. */
static bool bounded_reshape(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const as_shape *in = bounded_shape(plan, node, 0), *out = &as_graph_value(plan->graph, node->outputs[0])->shape;
    int64_t         before = 1, after;
    *ret = *bounded_in(plan, node, 0);
    if (!bounded_is_alone(plan, node, 0))
        return false;
    after = ret->each;
    for (int i = 0; i < ret->axis; i++)
        before *= in->dims[i];
    for (int i = ret->axis + 1; i < in->rank; i++)
        after *= in->dims[i];
    for (int i = 0; i < axis; i++)
        before = out->dims[i] > 0 && before % out->dims[i] == 0 ? before / out->dims[i] : 0;
    for (int i = axis + 1; i < out->rank; i++)
        after = out->dims[i] > 0 && after % out->dims[i] == 0 ? after / out->dims[i] : 0;
    ret->each = after;
    return before == 1 && after > 0 && (strcmp(node->op, "Reshape") != 0 || bounded_is_asked(plan, node, 1, axis, ret));
}

/* Its numbers once more beside one another; the rows stay what they are. */
static bool bounded_expand(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const int from_end = as_graph_value(plan->graph, node->outputs[0])->shape.rank - axis;
    *ret = *bounded_in(plan, node, 0);
    return bounded_is_alone(plan, node, 0) && bounded_shape(plan, node, 0)->rank - ret->axis == from_end &&
           bounded_is_asked(plan, node, 1, axis, ret);
}

/* Axes it names, none of them the rows': without any, one row would be no row at all. */
static bool bounded_squeeze(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const int rank = bounded_shape(plan, node, 0)->rank;
    int64_t   axes[AS_TENSOR_MAX_RANK];
    size_t    n = 0;
    if (!bounded_reshape(plan, node, axis, ret) || !as_plan_ints(plan, node, 1, "axes", axes, &n) || n == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (axes[i] + (axes[i] < 0 ? rank : 0) == ret->axis)
            return false;
    return true;
}

/* Elsewhere than along the rows: parts of them would begin where their number says. */
static bool bounded_split(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    int64_t along = as_plan_int_or(node, "axis", 0);
    along += along < 0 ? bounded_shape(plan, node, 0)->rank : 0;
    return bounded_first(plan, node, axis, ret) && along != ret->axis;
}

static bool bounded_softmax(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const int rank = bounded_shape(plan, node, 0)->rank;
    int64_t   along = as_plan_int_or(node, "axis", as_graph_opset(plan->graph) < 13 ? 1 : -1);
    along += along < 0 ? rank : 0;
    return bounded_first(plan, node, axis, ret) && ret->axis < along; /* before set 13 it goes over all from there on */
}

static bool bounded_concat(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    int64_t along = as_plan_int_or(node, "axis", 0);
    bool    moved = true;
    along += along < 0 ? bounded_shape(plan, node, 0)->rank : 0;
    *ret = *bounded_in(plan, node, 0);
    for (size_t i = 0; i < node->n_inputs; i++) {
        const as_bounded_value *in = bounded_in(plan, node, i);
        if (!in->source || in->source != ret->source || in->axis != axis)
            return false;
        moved = moved && in->moved;
    }
    ret->moved = moved;
    return along != axis;
}

/* By indices that are NonMaxSuppression's or NonZero's own, which zeros are too; or within rows. */
static bool bounded_gather(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const as_bounded_value *index = bounded_in(plan, node, 1), *data = bounded_in(plan, node, 0);
    int64_t                 along = as_plan_int_or(node, "axis", 0);
    along += along < 0 ? bounded_shape(plan, node, 0)->rank : 0;
    (void)axis;
    if (data->source && index->source && index->moved &&
        along == data->axis) { /* some of those rows, by their indices */
        const as_bounded_source *counts = index->source;
        while (counts->of)
            counts = counts->of;
        *ret = *index;
        ret->moved = false;
        return counts->among == data->source;
    }
    if (bounded_is_alone(plan, node, 0)) {
        *ret = *bounded_in(plan, node, 0);
        return along != ret->axis;
    }
    *ret = *index;
    ret->moved = false;
    return bounded_is_alone(plan, node, 1) && index->moved;
}

static bool bounded_gather_nd(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    (void)axis;
    *ret = *bounded_in(plan, node, 1);
    if (!bounded_is_alone(plan, node, 1) || !ret->moved || ret->axis == bounded_shape(plan, node, 1)->rank - 1)
        return false;
    ret->moved = false;
    return as_plan_int_or(node, "batch_dims", 0) == 0;
}

/* Boxes, and of which picture each is. */
static bool bounded_rois(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const as_bounded_value *rois = bounded_in(plan, node, 1), *of = bounded_in(plan, node, 2);
    *ret = *rois;
    return !bounded_in(plan, node, 0)->source && rois->source == of->source && axis == 0 && rois->axis == 0 &&
           of->axis == 0;
}

static bool bounded_matmul(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    *ret = *bounded_in(plan, node, 0);
    return bounded_is_alone(plan, node, 0) && ret->axis == bounded_shape(plan, node, 0)->rank - 2 && ret->axis == axis;
}

/* Elsewhere than along the rows, or their first ones: then another count. */
static bool bounded_slice(as_plan *plan, const as_node *node, int axis, as_bounded_value *ret)
{
    const int rank = bounded_shape(plan, node, 0)->rank;
    int64_t   starts[AS_TENSOR_MAX_RANK], ends[AS_TENSOR_MAX_RANK], axes[AS_TENSOR_MAX_RANK], steps[AS_TENSOR_MAX_RANK];
    size_t    n = 0, n_ends = 0, n_axes = 0, n_steps = 0;
    (void)axis;
    *ret = *bounded_in(plan, node, 0);
    if (!bounded_is_alone(plan, node, 0) || !as_plan_ints(plan, node, 1, "starts", starts, &n) ||
        !as_plan_ints(plan, node, 2, "ends", ends, &n_ends) || n != n_ends)
        return false;
    const bool has_axes = as_plan_ints(plan, node, 3, "axes", axes, &n_axes) && n_axes == n;
    const bool has_steps = as_plan_ints(plan, node, 4, NULL, steps, &n_steps) && n_steps == n;
    if ((!has_axes && as_plan_in(plan, node, 3)) || (!has_steps && as_plan_in(plan, node, 4)))
        return false;
    for (size_t i = 0; i < n; i++) {
        const int64_t at = has_axes ? axes[i] + (axes[i] < 0 ? rank : 0) : (int64_t)i;
        if (at != ret->axis)
            continue;
        if (starts[i] != 0 || ends[i] <= 0 || (has_steps && steps[i] != 1))
            return false;
        as_bounded_source *first = &plan->bounded.sources[plan->bounded.n++];
        *first = (as_bounded_source){.of = ret->source, .most = AS_MIN(ret->source->most, ends[i])};
        ret->source = first;
    }
    return true;
}

static const bounded_rule bounded_rules[] = {
    {"Identity", bounded_each, true},     {"Cast", bounded_each, true},         {"Unsqueeze", bounded_reshape, true},
    {"Squeeze", bounded_squeeze, true},   {"Reshape", bounded_reshape, true},   {"Flatten", bounded_reshape, true},
    {"Transpose", bounded_first, true},   {"Split", bounded_split, true},       {"Slice", bounded_slice, true},
    {"Concat", bounded_concat, true},     {"Gather", bounded_gather, true},     {"GatherND", bounded_gather_nd, true},
    {"MatMul", bounded_matmul, false},    {"Softmax", bounded_softmax, false},  {"LogSoftmax", bounded_softmax, false},
    {"ReduceMax", bounded_first, false},  {"ReduceMin", bounded_first, false},  {"ReduceSum", bounded_first, false},
    {"ReduceMean", bounded_first, false}, {"ArgMax", bounded_first, false},     {"ArgMin", bounded_first, false},
    {"TopK", bounded_first, false},       {"Add", bounded_each, false},         {"Sub", bounded_each, false},
    {"Mul", bounded_each, false},         {"Div", bounded_each, false},         {"Min", bounded_each, false},
    {"Max", bounded_each, false},         {"Pow", bounded_each, false},         {"Mod", bounded_each, false},
    {"Where", bounded_each, false},       {"Equal", bounded_each, false},       {"Less", bounded_each, false},
    {"Greater", bounded_each, false},     {"LessOrEqual", bounded_each, false}, {"GreaterOrEqual", bounded_each, false},
    {"And", bounded_each, false},         {"Or", bounded_each, false},          {"Not", bounded_each, false},
    {"Neg", bounded_each, false},         {"Abs", bounded_each, false},         {"Floor", bounded_each, false},
    {"Ceil", bounded_each, false},        {"Round", bounded_each, false},       {"Sqrt", bounded_each, false},
    {"Exp", bounded_each, false},         {"Log", bounded_each, false},         {"Sigmoid", bounded_each, false},
    {"Relu", bounded_each, false},        {"Expand", bounded_expand, false},    {"RoiAlign", bounded_rois, false},
};

/* --- the pass --- */

/* Which values anything is made of in the end; a constant needs nobody. */
static bool *bounded_needed(const as_plan *plan)
{
    const as_graph *graph = plan->graph;
    bool           *needed = calloc(as_graph_n_values(graph) + 1, sizeof *needed);
    for (size_t i = 0; needed && i < as_graph_n_outputs(graph); i++)
        needed[as_graph_output(graph, i)] = true;
    for (size_t i = as_graph_n_nodes(graph); needed && i-- > 0;) {
        const as_node *node = as_graph_node(graph, i);
        bool           is = false;
        for (size_t k = 0; k < node->n_outputs; k++)
            is = is || (node->outputs[k] >= 0 && needed[node->outputs[k]] &&
                        !as_graph_value(graph, node->outputs[k])->constant);
        for (size_t k = 0; is && k < node->n_inputs; k++)
            if (node->inputs[k] >= 0)
                needed[node->inputs[k]] = true;
    }
    return needed;
}

static bool bounded_is_needed(const as_plan *plan, const as_node *node, const bool *needed)
{
    bool is = false;
    for (size_t k = 0; k < node->n_outputs; k++)
        is = is || (node->outputs[k] >= 0 && needed[node->outputs[k]] &&
                    !as_graph_value(plan->graph, node->outputs[k])->constant);
    return is;
}

/* The one dimension that is open; -1: none, or several. */
static int bounded_open_axis(const as_shape *shape)
{
    int axis = -1, n = 0;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0) {
            axis = i;
            n++;
        }
    return n == 1 ? axis : -1;
}

static bool bounded_refuse(const as_plan *plan, const as_node *node, as_err *err)
{
    const char *name = "";
    for (size_t i = 0; i < node->n_inputs; i++)
        if (node->inputs[i] >= 0 && (bounded_in(plan, node, i)->source || plan->bounded.counts[node->inputs[i]]))
            name = as_graph_value(plan->graph, node->inputs[i])->name;
    return AS_FAIL(
        err, AS_EUNSUPPORTED,
        "how many rows '%.100s' has is seen when it is computed, and this node needs their number: only ONNX "
        "Runtime runs it (--backend ort)",
        name);
}

static bool bounded_set(as_plan *plan, int32_t id, const as_bounded_value *value)
{
    const int axis = bounded_open_axis(&as_graph_value(plan->graph, id)->shape);
    if (axis < 0)
        return false;
    const as_value *is = as_graph_value(plan->graph, id);
    if (is->is_output && value->each != 1)
        return false;
    plan->bounded.values[id] = *value;
    plan->bounded.values[id].axis = axis;
    as_graph_set_room(plan->graph, id, axis, value->source->most * value->each);
    return true;
}

/* Rows of several entries are for what moves all of them alike. */
static bool bounded_is_single(const as_plan *plan, const as_node *node)
{
    static const char *const alike[] = {"Reshape", "Flatten", "Identity", "Cast"};
    for (size_t i = 0; i < AS_COUNT(alike); i++)
        if (strcmp(alike[i], node->op) == 0)
            return true;
    for (size_t i = 0; i < node->n_inputs; i++)
        if (bounded_in(plan, node, i)->source && bounded_in(plan, node, i)->each != 1)
            return false;
    return true;
}

/* Rows that were padded to a number of their own are no longer counted: of a result whose size is known they are a part as any. */
static bool bounded_is_whole(const as_plan *plan, const as_node *node)
{
    for (size_t i = 0; i < node->n_inputs; i++)
        if (bounded_in(plan, node, i)->source && !bounded_in(plan, node, i)->source->fixed)
            return false;
    for (size_t i = 0; i < node->n_outputs; i++) {
        const as_value *out = node->outputs[i] >= 0 ? as_graph_value(plan->graph, node->outputs[i]) : NULL;
        for (int k = 0; out && k < out->shape.rank; k++)
            if (out->shape.dims[k] < 0)
                return false;
    }
    return true;
}

static bool bounded_follow(as_plan *plan, const as_node *node, as_err *err)
{
    const bounded_rule *rule = NULL;
    as_bounded_value    value = {.source = NULL};
    const int           axis =
        node->outputs[0] >= 0 ? bounded_open_axis(&as_graph_value(plan->graph, node->outputs[0])->shape) : -1;
    for (size_t i = 0; i < AS_COUNT(bounded_rules) && !rule; i++)
        if (strcmp(bounded_rules[i].op, node->op) == 0)
            rule = &bounded_rules[i];
    if (bounded_is_whole(plan, node))
        return true;
    if (!rule || axis < 0 || !bounded_is_single(plan, node) || !rule->follow(plan, node, axis, &value) || !value.source)
        return bounded_refuse(plan, node, err);
    value.moved = value.moved && rule->moves;
    for (size_t k = 0; k < node->n_outputs; k++)
        if (node->outputs[k] >= 0 && !bounded_set(plan, node->outputs[k], &value))
            return bounded_refuse(plan, node, err);
    return true;
}

/* Of each class of each picture as many as are asked for, if that is known, else as there are boxes. False: not known. */
static bool bounded_boxes(const as_plan *plan, const as_node *node, int64_t *ret)
{
    const as_tensor *given = as_plan_constant(plan, node, 2);
    const as_shape  *scores = bounded_shape(plan, node, 1);
    int64_t          each = as_plan_in(plan, node, 2) ? scores->dims[2] : 0;
    if (scores->dims[0] < 0 || scores->dims[1] < 0 || scores->dims[2] < 0)
        return false;
    if (given && given->dtype == AS_DTYPE_I64 && as_tensor_count(given) == 1) {
        int64_t most;
        memcpy(&most, given->data, sizeof most);
        each = AS_MIN(AS_MAX(most, 0), each);
    }
    *ret = scores->dims[0] * scores->dims[1] * each;
    return true;
}

/* Boxes and their scores may be counted themselves, of one class: those that are kept are some of them. False: otherwise. */
static bool bounded_among(const as_plan *plan, const as_node *node, const as_bounded_source **ret)
{
    const as_bounded_value *boxes = bounded_in(plan, node, 0), *scores = bounded_in(plan, node, 1);
    const as_shape         *shape = bounded_shape(plan, node, 1);
    *ret = boxes->source;
    for (size_t i = 2; i < node->n_inputs; i++)
        if (bounded_in(plan, node, i)->source)
            return false;
    if (!boxes->source && !scores->source)
        return true;
    return boxes->source == scores->source && boxes->axis == 1 && scores->axis == 2 && boxes->each == 1 &&
           scores->each == 1 && shape->dims[0] == 1 && shape->dims[1] == 1;
}

/* Another NonZero of the same numbers finds the same places. */
static const as_bounded_source *bounded_known(const as_plan *plan, const as_node *node)
{
    for (size_t i = 0; strcmp(node->op, "NonZero") == 0 && i < as_graph_n_nodes(plan->graph); i++) {
        const as_node *other = as_graph_node(plan->graph, i);
        if (other == node)
            break;
        if (strcmp(other->op, "NonZero") == 0 && other->inputs[0] == node->inputs[0])
            return plan->bounded.values[other->outputs[0]].source;
    }
    return NULL;
}

static bool bounded_begin(as_plan *plan, const as_node *node, as_err *err)
{
    size_t                   count = 0;
    int64_t                  most = 0;
    const bool               is_boxes = strcmp(node->op, "NonZero") != 0;
    const as_bounded_source *among = NULL, *known = bounded_known(plan, node);
    if (is_boxes ? !bounded_among(plan, node, &among) : bounded_in(plan, node, 0)->source != NULL)
        return bounded_refuse(plan, node, err);
    if (is_boxes ? !bounded_boxes(plan, node, &most) : !as_shape_count(bounded_shape(plan, node, 0), &count))
        return AS_FAIL(err, AS_EUNSUPPORTED, "a value's size is not known or too large");
    as_bounded_source *source = &plan->bounded.sources[plan->bounded.n];
    *source = (as_bounded_source){.among = among, .most = is_boxes ? most : (int64_t)count};
    plan->bounded.n += !known;
    return bounded_set(plan, node->outputs[0],
                       &(as_bounded_value){.source = known ? known : source, .each = 1, .moved = true}) ||
           AS_FAIL(err, AS_EUNSUPPORTED, "a value's size is not known or too large");
}

/* Pads that make the rows as many as there may be: what stands behind those that count is the value to pad with. */
static bool bounded_pad(as_plan *plan, const as_node *node, as_err *err)
{
    const as_bounded_value *rows = bounded_in(plan, node, 0);
    const as_shape         *shape = bounded_shape(plan, node, 0);
    as_count                pads;
    bool                    is = rows->source && !as_plan_in(plan, node, 3) && as_count_in(plan, node, 1, &pads) &&
              pads.n == 2 * (size_t)shape->rank;
    for (int i = 0; is && i < 2 * shape->rank; i++)
        is = i == shape->rank + rows->axis || (pads.at[i].base == 0 && pads.at[i].times == 0);
    for (int i = 0; is && i < rows->axis; i++)
        is = shape->dims[i] == 1;
    if (!is)
        return bounded_refuse(plan, node, err);
    const as_count_number *behind = &pads.at[shape->rank + rows->axis];
    if (behind->of != rows->source || behind->times != -rows->each || behind->base > INT32_MAX ||
        behind->base < rows->source->most * rows->each)
        return bounded_refuse(plan, node, err);
    as_bounded_source *all = &plan->bounded.sources[plan->bounded.n++];
    *all = (as_bounded_source){.most = behind->base, .fixed = true};
    for (int i = 0; i < shape->rank; i++) /* where the pads were not seen through, all are open */
        as_graph_set_room(plan->graph, node->outputs[0], i, i == rows->axis ? behind->base : shape->dims[i]);
    plan->bounded.values[node->outputs[0]] = (as_bounded_value){.source = all, .axis = rows->axis, .each = 1};
    return true;
}

static bool bounded_is_source(const as_node *node)
{
    return strcmp(node->op, "NonMaxSuppression") == 0 || strcmp(node->op, "NonZero") == 0;
}

/* Integers that nobody computes stand for a shape, or pads; read as numbers they would be none. */
static bool bounded_is_shape(const as_plan *plan, const as_node *node)
{
    const bool takes =
        strcmp(node->op, "Reshape") == 0 || strcmp(node->op, "Expand") == 0 || strcmp(node->op, "Pad") == 0;
    for (size_t i = 0; i < node->n_inputs; i++)
        if (node->inputs[i] >= 0 && plan->bounded.counts[node->inputs[i]] && !(takes && i == 1))
            return false;
    return true;
}

static bool bounded_take(as_plan *plan, size_t i, bool any, as_err *err)
{
    const as_node *node = as_graph_node(plan->graph, i);
    bool           is_count = false;
    if (!as_count_node(plan, node, &is_count, err))
        return false;
    if (is_count) {
        plan->planned[i] = true; /* who reads it knows */
        return true;
    }
    if (!bounded_is_shape(plan, node))
        return bounded_refuse(plan, node, err);
    if (bounded_is_source(node))
        return bounded_begin(plan, node, err);
    if (strcmp(node->op, "Pad") == 0 && any)
        return bounded_pad(plan, node, err);
    return any ? bounded_follow(plan, node, err) : bounded_refuse(plan, node, err);
}

static bool bounded_node(as_plan *plan, size_t i, const bool *needed, as_err *err)
{
    const as_node *node = as_graph_node(plan->graph, i);
    bool           any = false, counts = false;
    for (size_t k = 0; k < node->n_inputs; k++) {
        any = any || bounded_in(plan, node, k)->source;
        counts = counts || (node->inputs[k] >= 0 && plan->bounded.counts[node->inputs[k]]);
    }
    const bool is_source = bounded_is_source(node) && !as_graph_value(plan->graph, node->outputs[0])->constant;
    if (!any && !counts && !is_source)
        return true;
    if ((any || counts) && !bounded_is_needed(plan, node, needed)) {
        plan->planned[i] = true; /* of a size that is known otherwise: nobody computes it */
        return true;
    }
    if (bounded_take(plan, i, any, err))
        return true;
    const char *made = node->outputs[0] >= 0 ? as_graph_value(plan->graph, node->outputs[0])->name : "";
    return as_err_note(err, "node '%.200s' (%s)", *node->name ? node->name : made, node->op);
}

bool as_bounded_spread(as_plan *plan, as_err *err)
{
    const size_t n_nodes = as_graph_n_nodes(plan->graph);
    bool         any = false;
    for (size_t i = 0; i < n_nodes; i++)
        any = any || bounded_is_source(as_graph_node(plan->graph, i));
    plan->bounded.values = calloc(as_graph_n_values(plan->graph) + 1, sizeof *plan->bounded.values);
    plan->bounded.sources = calloc(any ? n_nodes + 1 : 1, sizeof *plan->bounded.sources);
    plan->bounded.n_values = as_graph_n_values(plan->graph);
    plan->bounded.counts = calloc(plan->bounded.n_values + 1, sizeof *plan->bounded.counts);
    bool *needed = any ? bounded_needed(plan) : NULL;
    bool  ok = (plan->bounded.values && plan->bounded.sources && plan->bounded.counts && (needed || !any)) ||
              AS_FAIL(err, AS_ENOMEM, "out of memory for a plan of %zu nodes", n_nodes);
    for (size_t i = 0; ok && any && i < n_nodes; i++)
        ok = bounded_node(plan, i, needed, err);
    free(needed);
    return ok;
}

void as_bounded_done(as_bounded *bounded)
{
    for (size_t i = 0; bounded->counts && i < bounded->n_values; i++)
        free(bounded->counts[i]);
    free(bounded->counts);
    free(bounded->sources);
    free(bounded->values);
    *bounded = (as_bounded){.n = 0};
}

int64_t as_bounded_rows(const as_bounded_source *source)
{
    if (source->fixed)
        return source->most;
    return source->of ? AS_MIN(as_bounded_rows(source->of), source->most) : source->count;
}

int64_t *as_bounded_count(as_plan *plan, int32_t value)
{
    for (size_t i = 0; i < plan->bounded.n; i++)
        if (&plan->bounded.sources[i] == plan->bounded.values[value].source)
            return &plan->bounded.sources[i].count;
    return NULL;
}
