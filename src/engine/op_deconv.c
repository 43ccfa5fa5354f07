/* SPDX-License-Identifier: Apache-2.0 */
/* ConvTranspose. ONNX has its weights as [C, M / group, k...], oneDNN as [group, M / group, C / group, k...]. */
#include <string.h>

#include "engine/op.h"

typedef struct deconv {
    as_window window;
    int64_t   groups;
    as_shape  weights; /* as the primitive sees them */
} deconv;

static bool deconv_str_is(const as_node *node, const char *attr, const char *want)
{
    const char *s;
    size_t      n;
    return as_node_str(node, attr, &s, &n) && n == strlen(want) && memcmp(s, want, n) == 0;
}

static bool deconv_ints(const as_node *node, const char *attr, int n, int64_t otherwise, int64_t *ret, as_err *err)
{
    const int64_t *given;
    size_t         n_given;
    for (int i = 0; i < n; i++)
        ret[i] = otherwise;
    if (!as_node_ints(node, attr, &given, &n_given))
        return true;
    if (n_given != (size_t)n)
        return AS_FAIL(err, AS_EFORMAT, "'%s' has %zu entries, not %d", attr, n_given, n);
    memcpy(ret, given, n_given * sizeof *ret);
    return true;
}

/* What is cut off at both ends such that the inferred shape comes out; an odd rest is cut off at the end with SAME_UPPER,
 * else at the beginning (ONNX, ConvTranspose). */
static bool deconv_window(as_plan *plan, const as_node *node, const as_shape *w, as_window *ret, as_err *err)
{
    const as_shape *x = &as_plan_in(plan, node, 0)->shape, *y = &as_graph_value(plan->graph, node->outputs[0])->shape;
    const bool      upper = deconv_str_is(node, "auto_pad", "SAME_UPPER");
    const int64_t  *sizes;
    int64_t         pads[6], more[3];
    size_t          n;
    const bool      shared =
        upper || deconv_str_is(node, "auto_pad", "SAME_LOWER") || as_node_ints(node, "output_shape", &sizes, &n);
    as_window win = {.n = w->rank - 2};
    if (!deconv_ints(node, "strides", win.n, 1, win.stride, err) ||
        !deconv_ints(node, "dilations", win.n, 1, win.dilation, err) ||
        !deconv_ints(node, "pads", 2 * win.n, 0, pads, err) ||
        !deconv_ints(node, "output_padding", win.n, 0, more, err))
        return false;
    for (int i = 0; i < win.n; i++) {
        win.kernel[i] = w->dims[i + 2];
        const int64_t reach = (win.kernel[i] - 1) * win.dilation[i] + 1;
        const int64_t whole = (x->dims[i + 2] - 1) * win.stride[i] + reach, cut = whole - y->dims[i + 2];
        const int64_t rest = AS_MAX(cut + more[i], 0);
        win.pad_begin[i] = shared                                     ? (upper ? rest / 2 : rest - rest / 2)
                           : deconv_str_is(node, "auto_pad", "VALID") ? 0
                                                                      : pads[i];
        win.pad_end[i] = cut - win.pad_begin[i];
    }
    *ret = win;
    return true;
}

/* The weights in the order of the primitive's dimensions, row major. */
static as_buf *deconv_weights(as_plan *plan, const as_node *node, const deconv *d, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[1], err);
    int64_t k = 1;
    if (!src)
        return NULL;
    const int64_t in = src->shape.dims[0] / d->groups, out = src->shape.dims[1];
    for (int i = 2; i < src->shape.rank; i++)
        k *= src->shape.dims[i];
    const as_copy copy = {.rank = 4,
                          .bytes = sizeof(float),
                          .dims = {d->groups, out, in, k},
                          .src_step = {in * out * k, k, out * k, 1},
                          .dst_step = {in * out * k, in * k, k, 1}};
    const bool    constant = src->root->kind == AS_BUF_CONSTANT;
    as_buf       *to = constant ? as_plan_new_constant(plan, AS_DTYPE_F32, &d->weights, NULL, err)
                                : as_plan_new(plan, AS_DTYPE_F32, &d->weights, NULL, err);
    if (to && constant)
        as_copy_run(&copy, src->data, to->data);
    return !to || constant || as_op_copy(plan, &copy, src, to, err) ? to : NULL;
}

static bool deconv_step(as_plan *plan, const as_node *node, const deconv *d, as_prim *prim, as_err *err)
{
    const as_layout *want = as_prim_layout(prim, AS_ARG_WEIGHTS);
    as_buf          *src = as_plan_as(plan, node->inputs[0], as_prim_layout(prim, AS_ARG_SRC), err);
    as_buf          *weights = src ? deconv_weights(plan, node, d, err) : NULL, *bias = NULL;
    if (weights && weights->layout != want)
        weights = as_plan_converted(plan, weights, want, err);
    if (!weights)
        return false;
    if (as_plan_in(plan, node, 2) && !(bias = as_plan_plain(plan, node->inputs[2], err)))
        return false;
    as_buf  *dst = as_plan_out(plan, node, 0, as_prim_layout(prim, AS_ARG_DST), err);
    as_step *step = dst ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    return step && as_step_use(plan, step, AS_ARG_DST, dst, err) && as_step_use(plan, step, AS_ARG_SRC, src, err) &&
           as_step_use(plan, step, AS_ARG_WEIGHTS, weights, err) &&
           (!bias || as_step_use(plan, step, AS_ARG_BIAS, bias, err));
}

static bool deconv_plan(as_plan *plan, const as_node *node, as_err *err)
{
    const as_value *x = as_plan_in(plan, node, 0), *w = as_plan_in(plan, node, 1);
    const as_value *y = as_graph_value(plan->graph, node->outputs[0]);
    deconv          d = {.groups = as_plan_int_or(node, "group", 1)};
    size_t          n_in, n_out;
    if (x->dtype != AS_DTYPE_F32 || w->shape.rank > 5)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32 in 1 to 3 spatial dimensions");
    if (!as_shape_count(&x->shape, &n_in) || !as_shape_count(&y->shape, &n_out) || n_in == 0 || n_out == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "nothing to convolve");
    if (!deconv_window(plan, node, &w->shape, &d.window, err))
        return false;
    const int lead = d.groups > 1 ? 1 : 0;
    d.weights = (as_shape){.rank = w->shape.rank + lead};
    d.weights.dims[0] = d.groups;
    d.weights.dims[lead] = w->shape.dims[1];
    d.weights.dims[lead + 1] = w->shape.dims[0] / d.groups;
    for (int i = 2; i < w->shape.rank; i++)
        d.weights.dims[lead + i] = w->shape.dims[i];
    const as_shape   row = {.rank = 1, .dims = {y->shape.dims[1]}};
    const as_layout *src = as_layout_any(plan->dnn, &x->shape, err);
    const as_layout *weights = src ? as_layout_any(plan->dnn, &d.weights, err) : NULL;
    const as_layout *dst = weights ? as_layout_any(plan->dnn, &y->shape, err) : NULL;
    const as_layout *bias = dst && as_plan_in(plan, node, 2) ? as_layout_plain(plan->dnn, &row, err) : NULL;
    if (!dst || (as_plan_in(plan, node, 2) && !bias))
        return false;
    as_prim *prim = as_prim_deconv(plan->dnn, &d.window, src, weights, bias, dst, err);
    return prim && deconv_step(plan, node, &d, prim, err);
}

const as_op as_op_convtranspose = {"ConvTranspose", deconv_plan};
