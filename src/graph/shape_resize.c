/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling: Resize and the Upsample it replaced (ONNX, Operators.md). */
#include <math.h>

#include "graph/fold.h"

#define RESIZE_MAX_SCALE 65536.0f

typedef struct resize {
    const as_value *x;
    int             axes[AS_TENSOR_MAX_RANK];
    size_t          n; /* axes */
    as_shape        out;
} resize;

/* Attribute `name`, one of the `n` words given, the first where it is absent. */
static bool resize_word(const as_node *node, const char *name, const char *const *words, size_t n, size_t *ret,
                        as_err *err)
{
    const char *s;
    size_t      len;
    *ret = 0;
    if (!as_node_str(node, name, &s, &len))
        return true;
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0) {
            *ret = i;
            return true;
        }
    return AS_FAIL(err, AS_EUNSUPPORTED, "its '%s' of '%.*s' is not known", name, (int)AS_MIN(len, (size_t)40), s);
}

static bool resize_words(const as_node *node, size_t *ret_policy, size_t *ret_coordinate, as_err *err)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
    static const char *const coordinates[] = {"half_pixel",          "half_pixel_symmetric", "pytorch_half_pixel",
                                              "asymmetric",          "align_corners",        "tf_crop_and_resize",
                                              "tf_half_pixel_for_nn"};
    size_t                   ignored;
    return resize_word(node, "mode", modes, AS_COUNT(modes), &ignored, err) &&
           resize_word(node, "nearest_mode", roundings, AS_COUNT(roundings), &ignored, err) &&
           resize_word(node, "keep_aspect_ratio_policy", policies, AS_COUNT(policies), ret_policy, err) &&
           resize_word(node, "coordinate_transformation_mode", coordinates, AS_COUNT(coordinates), ret_coordinate, err);
}

static bool resize_axes(resize *r, const as_node *node, as_err *err)
{
    const int64_t *given;
    bool           seen[AS_TENSOR_MAX_RANK] = {false};
    r->n = (size_t)r->out.rank;
    bool has = as_node_ints(node, "axes", &given, &r->n);
    if (r->n > (size_t)r->out.rank)
        return AS_FAIL(err, AS_EFORMAT, "it has %zu axes for %d dimensions", r->n, r->out.rank);
    for (size_t i = 0; i < r->n; i++) {
        if (!as_rule_axis(has ? given[i] : (int64_t)i, r->out.rank, &r->axes[i], err))
            return false;
        if (seen[r->axes[i]])
            return AS_FAIL(err, AS_EFORMAT, "it names axis %d twice", r->axes[i]);
        seen[r->axes[i]] = true;
    }
    return true;
}

/* Multiplies dimension axes[i] by scale(i). */
static bool resize_by(resize *r, size_t i, float scale, as_err *err)
{
    int64_t *dim = &r->out.dims[r->axes[i]];
    if (!(scale > 0 && scale <= RESIZE_MAX_SCALE))
        return AS_FAIL(err, AS_EFORMAT, "it scales dimension %d by %g", r->axes[i], (double)scale);
    if (*dim < 0)
        return true;
    *dim = (int64_t)floorf((float)*dim * scale); /* in floats, as ONNX has it: 10 by 0.7 is 7 */
    return *dim > 0 || r->x->shape.dims[r->axes[i]] == 0 ||
           AS_FAIL(err, AS_EFORMAT, "it makes dimension %d 0 long", r->axes[i]);
}

/* Scales that are computed leave a dimension open. */
static bool resize_scales(resize *r, as_graph *graph, const as_node *node, size_t which, as_err *err)
{
    fold_in scales;
    if (!as_fold_read(graph, node, which, &scales) || scales.dtype != AS_DTYPE_F32 || scales.n != r->n)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its scales are not %zu constants", r->n);
    for (size_t i = 0; i < r->n; i++) {
        if (!as_fold_has(scales.at[i], true) && !as_rule_in(graph, node, which)->constant)
            r->out.dims[r->axes[i]] = -1;
        else if (!resize_by(r, i, (float)as_fold_real(scales.at[i]), err))
            return false;
    }
    return true;
}

/* One scale for all axes, such that no size is exceeded (not_larger) or missed. */
static bool resize_keep_aspect(resize *r, const graph_known *sizes, bool larger, as_err *err)
{
    double scale = larger ? 0 : INFINITY;
    for (size_t i = 0; i < r->n; i++) {
        const int64_t in = r->x->shape.dims[r->axes[i]];
        if (in < 1 || sizes->at[i] == GRAPH_UNKNOWN)
            return AS_FAIL(err, AS_EUNSUPPORTED, "it keeps an aspect ratio of sizes that are not known");
        const double own = (double)sizes->at[i] / (double)in;
        scale = larger ? AS_MAX(scale, own) : AS_MIN(scale, own);
    }
    for (size_t i = 0; i < r->n; i++) {
        const double dim = floor(scale * (double)r->x->shape.dims[r->axes[i]] + 0.5);
        r->out.dims[r->axes[i]] = (int64_t)AS_MIN(AS_MAX(dim, 1.0), (double)GRAPH_MAX_DIM);
    }
    return true;
}

static bool resize_sizes(resize *r, as_graph *graph, const as_node *node, size_t policy, as_err *err)
{
    const graph_known *sizes = as_rule_in_known(graph, node, 3);
    if (as_rule_in(graph, node, 3) && !sizes)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its input 3 is not constant");
    if (!sizes || sizes->n != r->n)
        return AS_FAIL(err, AS_EFORMAT, "it has neither scales nor sizes for %zu dimensions", r->n);
    for (size_t i = 0; i < r->n; i++) {
        if (sizes->at[i] != GRAPH_UNKNOWN && (sizes->at[i] < 1 || sizes->at[i] > GRAPH_MAX_DIM))
            return AS_FAIL(err, AS_EFORMAT, "it makes dimension %d %lld long", r->axes[i], (long long)sizes->at[i]);
        r->out.dims[r->axes[i]] = sizes->at[i] == GRAPH_UNKNOWN ? -1 : sizes->at[i];
    }
    return policy == 0 || resize_keep_aspect(r, sizes, policy == 2, err);
}

static bool resize_given(const as_value *value)
{
    return value && !(value->shape.rank == 1 && value->shape.dims[0] == 0);
}

/* The part of the input that tf_crop_and_resize looks at. */
static bool resize_roi(const resize *r, const as_value *roi, as_err *err)
{
    size_t n = resize_given(roi) && roi->constant ? as_tensor_count(roi->constant) : 0;
    return (n == 2 * r->n && roi->dtype == AS_DTYPE_F32) ||
           AS_FAIL(err, AS_EUNSUPPORTED, "its region is not %zu constants", 2 * r->n);
}

bool as_graph_rule_resize(as_graph *graph, const as_node *node, as_err *err)
{
    resize          r = {.x = as_rule_in(graph, node, 0)};
    const as_value *scales = as_rule_in(graph, node, graph->opset < 11 ? 1 : 2);
    size_t          policy, coordinate;
    r.out = r.x->shape;
    if (!resize_words(node, &policy, &coordinate, err) || !resize_axes(&r, node, err))
        return false;
    if (coordinate == 5 && !resize_roi(&r, as_rule_in(graph, node, 1), err))
        return false;
    bool ok = resize_given(scales) ? resize_scales(&r, graph, node, graph->opset < 11 ? 1 : 2, err)
                                   : resize_sizes(&r, graph, node, policy, err);
    return ok && as_rule_set(graph, node, 0, r.x->dtype, &r.out, err);
}

/* Scales are an attribute in operator set 7, the second input in 9. */
bool as_graph_rule_upsample(as_graph *graph, const as_node *node, as_err *err)
{
    resize          r = {.x = as_rule_in(graph, node, 0)};
    const as_value *scales = as_rule_in(graph, node, 1);
    const float    *given;
    size_t          n, ignored;
    r.out = r.x->shape;
    r.n = (size_t)r.out.rank;
    if (!resize_words(node, &ignored, &ignored, err))
        return false;
    for (int i = 0; i < r.out.rank; i++)
        r.axes[i] = i;
    if (scales)
        return resize_scales(&r, graph, node, 1, err) && as_rule_set(graph, node, 0, r.x->dtype, &r.out, err);
    if (!as_node_floats(node, "scales", &given, &n) || n != r.n)
        return AS_FAIL(err, AS_EFORMAT, "it has no scales for %zu dimensions", r.n);
    for (size_t i = 0; i < n; i++)
        if (!resize_by(&r, i, given[i], err))
            return false;
    return as_rule_set(graph, node, 0, r.x->dtype, &r.out, err);
}
