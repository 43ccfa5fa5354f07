/* SPDX-License-Identifier: Apache-2.0 */
/* Sliding windows: convolution and pooling. */
#include "graph/rules.h"

#define WINDOW_MAX 65536 /* of a kernel size, stride, dilation or padding */

typedef struct window {
    int     n; /* spatial dimensions */
    int64_t kernel[AS_TENSOR_MAX_RANK], stride[AS_TENSOR_MAX_RANK], dilation[AS_TENSOR_MAX_RANK];
    int64_t pads[2 * AS_TENSOR_MAX_RANK];
    bool    same, ceil;
} window;

/* Attribute `name` of n integers in [low, WINDOW_MAX]; all `otherwise` when it is absent. */
static bool window_ints(const as_node *node, const char *name, size_t n, int64_t low, int64_t otherwise, int64_t *ret,
                        as_err *err)
{
    const int64_t *given;
    size_t         n_given;
    bool           has = as_node_ints(node, name, &given, &n_given);
    if (has && n_given != n)
        return AS_FAIL(err, AS_EFORMAT, "'%s' has %zu entries, not %zu", name, n_given, n);
    for (size_t i = 0; i < n; i++) {
        ret[i] = has ? given[i] : otherwise;
        if (ret[i] < low || ret[i] > WINDOW_MAX)
            return AS_FAIL(err, AS_EFORMAT, "'%s' is %lld", name, (long long)ret[i]);
    }
    return true;
}

static bool window_auto_pad(const as_node *node, window *win, as_err *err)
{
    const char *mode = "NOTSET";
    size_t      n = 6;
    as_node_str(node, "auto_pad", &mode, &n);
    win->same = (n == 10 && memcmp(mode, "SAME_UPPER", 10) == 0) || (n == 10 && memcmp(mode, "SAME_LOWER", 10) == 0);
    if (win->same)
        return true;
    if (n == 5 && memcmp(mode, "VALID", 5) == 0) {
        memset(win->pads, 0, sizeof win->pads);
        return true;
    }
    return (n == 6 && memcmp(mode, "NOTSET", 6) == 0) || n == 0 ||
           AS_FAIL(err, AS_EFORMAT, "'auto_pad' is '%.*s'", (int)AS_MIN(n, (size_t)40), mode);
}

static bool window_read(const as_node *node, int rank, window *win, as_err *err)
{
    size_t n = (size_t)(rank - 2);
    *win = (window){.n = rank - 2, .ceil = as_node_int_or(node, "ceil_mode", 0) != 0};
    return window_ints(node, "strides", n, 1, 1, win->stride, err) &&
           window_ints(node, "dilations", n, 1, 1, win->dilation, err) &&
           window_ints(node, "pads", 2 * n, 0, 0, win->pads, err) && window_auto_pad(node, win, err);
}

/* The size of spatial dimension i, as ONNX Runtime computes it (with ceil_mode, no window starts in the end padding). */
static bool window_out(const window *win, int i, int64_t in, int64_t *ret, as_err *err)
{
    int64_t span = (win->kernel[i] - 1) * win->dilation[i] + 1, stride = win->stride[i];
    if (in < 0) {
        *ret = -1;
        return true;
    }
    if (win->same) {
        *ret = (in + stride - 1) / stride;
        return true;
    }
    int64_t room = in + win->pads[i] + win->pads[i + win->n] - span;
    if (room < 0)
        return AS_FAIL(err, AS_EFORMAT, "a window of %lld does not fit into %lld padded to %lld", (long long)span,
                       (long long)in, (long long)(room + span));
    int64_t out = (win->ceil ? room + stride - 1 : room) / stride + 1;
    if (win->ceil && (out - 1) * stride >= in + win->pads[i])
        out--;
    *ret = out;
    return true;
}

static bool window_outs(const window *win, const as_shape *in, as_shape *out, as_err *err)
{
    for (int i = 0; i < win->n; i++)
        if (!window_out(win, i, in->dims[i + 2], &out->dims[i + 2], err))
            return false;
    return true;
}

static bool window_channels(const as_node *node, const as_shape *x, const as_shape *w, as_err *err)
{
    int64_t group = as_node_int_or(node, "group", 1);
    if (group < 1 || group > GRAPH_MAX_DIM || w->dims[0] % group != 0)
        return AS_FAIL(err, AS_EFORMAT, "%lld output channels cannot form %lld groups", (long long)w->dims[0],
                       (long long)group);
    if (x->dims[1] >= 0 && x->dims[1] != w->dims[1] * group)
        return AS_FAIL(err, AS_EFORMAT, "its input has %lld channels, its weights take %lld", (long long)x->dims[1],
                       (long long)(w->dims[1] * group));
    return true;
}

bool as_rule_conv_shape(const as_node *node, const as_value *x, const as_value *w, as_shape *ret, as_err *err)
{
    window         win;
    const int64_t *given;
    size_t         n;
    int            rank = x->shape.rank;
    if (rank < 3 || w->shape.rank != rank)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions and its weights %d", rank, w->shape.rank);
    if (!window_read(node, rank, &win, err))
        return false;
    for (int i = 0; i < rank; i++)
        if (w->shape.dims[i] < 1)
            return AS_FAIL(err, AS_EUNSUPPORTED, "the shape of its weights is not known");
    for (int i = 0; i < win.n; i++)
        win.kernel[i] = w->shape.dims[i + 2];
    for (int i = 0; i < win.n; i++)
        if (win.kernel[i] > WINDOW_MAX)
            return AS_FAIL(err, AS_ELIMIT, "its kernel is %lld wide", (long long)win.kernel[i]);
    if (as_node_ints(node, "kernel_shape", &given, &n) &&
        (n != (size_t)win.n || memcmp(given, win.kernel, n * sizeof *given) != 0))
        return AS_FAIL(err, AS_EFORMAT, "'kernel_shape' is not that of its weights");
    if (!window_channels(node, &x->shape, &w->shape, err))
        return false;
    as_shape out = {.rank = rank, .dims = {x->shape.dims[0], w->shape.dims[0]}};
    if (!window_outs(&win, &x->shape, &out, err))
        return false;
    *ret = out;
    return true;
}

bool as_rule_conv_bias(const as_value *bias, const as_value *w, as_err *err)
{
    if (bias && (bias->shape.rank != 1 || bias->shape.dims[0] != w->shape.dims[0]))
        return AS_FAIL(err, AS_EFORMAT, "its bias does not have one entry for each of %lld channels",
                       (long long)w->shape.dims[0]);
    return true;
}

bool as_graph_rule_conv(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *w = as_rule_in(graph, node, 1), *b = as_rule_in(graph, node, 2);
    as_shape        out;
    if (w->dtype != x->dtype || (b && b->dtype != x->dtype))
        return AS_FAIL(err, AS_EFORMAT, "its input is %s, its weights are not", as_dtype_name(x->dtype));
    return as_rule_conv_shape(node, x, w, &out, err) && as_rule_conv_bias(b, w, err) &&
           as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* The size of spatial dimension i of a transposed convolution; output_shape is what auto_pad then pads for. */
static bool window_out_transposed(const window *win, int i, int64_t in, int64_t more, as_shape *out, as_err *err)
{
    int64_t *dim = &out->dims[i + 2];
    if (more < 0 || more >= AS_MAX(win->stride[i], win->dilation[i]))
        return AS_FAIL(err, AS_EFORMAT, "'output_padding' is %lld", (long long)more);
    *dim = -1;
    if (in < 0)
        return true;
    const int64_t span = (win->kernel[i] - 1) * win->dilation[i] + 1;
    *dim = win->same ? in * win->stride[i]
                     : (in - 1) * win->stride[i] + more + span - win->pads[i] - win->pads[i + win->n];
    return *dim > 0 || AS_FAIL(err, AS_EFORMAT, "it makes dimension %d %lld long", i + 2, (long long)*dim);
}

/* Weights are [C, M / group, k...]. */
bool as_graph_rule_conv_transpose(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *w = as_rule_in(graph, node, 1), *b = as_rule_in(graph, node, 2);
    window          win;
    const int64_t   group = as_node_int_or(node, "group", 1), *given;
    int64_t         more[AS_TENSOR_MAX_RANK];
    size_t          n;
    const int       rank = x->shape.rank;
    if (rank < 3 || w->shape.rank != rank)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions and its weights %d", rank, w->shape.rank);
    if (w->dtype != x->dtype || (b && b->dtype != x->dtype))
        return AS_FAIL(err, AS_EFORMAT, "its input is %s, its weights are not", as_dtype_name(x->dtype));
    for (int i = 0; i < rank; i++)
        if (w->shape.dims[i] < 1 || (i > 1 && w->shape.dims[i] > WINDOW_MAX))
            return AS_FAIL(err, AS_EUNSUPPORTED, "the shape of its weights is not known or too large");
    if (!window_read(node, rank, &win, err) || !window_ints(node, "output_padding", (size_t)win.n, 0, 0, more, err))
        return false;
    memcpy(win.kernel, w->shape.dims + 2, (size_t)win.n * sizeof win.kernel[0]);
    if (as_node_ints(node, "kernel_shape", &given, &n) &&
        (n != (size_t)win.n || memcmp(given, win.kernel, n * sizeof *given) != 0))
        return AS_FAIL(err, AS_EFORMAT, "'kernel_shape' is not that of its weights");
    if (group < 1 || w->shape.dims[0] % group != 0 || (x->shape.dims[1] >= 0 && x->shape.dims[1] != w->shape.dims[0]))
        return AS_FAIL(err, AS_EFORMAT, "%lld channels and weights for %lld do not form %lld groups",
                       (long long)x->shape.dims[1], (long long)w->shape.dims[0], (long long)group);
    as_shape out = {.rank = rank, .dims = {x->shape.dims[0], w->shape.dims[1] * group}};
    if (b && (b->shape.rank != 1 || b->shape.dims[0] != out.dims[1]))
        return AS_FAIL(err, AS_EFORMAT, "its bias does not have one entry for each of %lld channels",
                       (long long)out.dims[1]);
    for (int i = 0; i < win.n; i++)
        if (!window_out_transposed(&win, i, x->shape.dims[i + 2], more[i], &out, err))
            return false;
    if (!as_node_ints(node, "output_shape", &given, &n))
        return as_rule_set(graph, node, 0, x->dtype, &out, err);
    for (size_t i = 0; i < (size_t)win.n; i++) { /* some write all dimensions, some the spatial ones */
        const int64_t want = n == (size_t)win.n ? given[i] : n == (size_t)rank ? given[i + 2] : 0;
        if (want < 1 || want > GRAPH_MAX_DIM)
            return AS_FAIL(err, AS_EFORMAT, "'output_shape' is %lld", (long long)want);
        out.dims[i + 2] = want;
    }
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_grid_sample(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *grid = as_rule_in(graph, node, 1);
    if (x->shape.rank != 4 || grid->shape.rank != 4 || (grid->shape.dims[3] >= 0 && grid->shape.dims[3] != 2) ||
        grid->dtype != x->dtype)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its grid is not N x H x W x 2 for an input of N x C x H x W");
    as_shape out = {.rank = 4, .dims = {x->shape.dims[0], x->shape.dims[1], grid->shape.dims[1], grid->shape.dims[2]}};
    if (x->shape.dims[0] >= 0 && grid->shape.dims[0] >= 0 && x->shape.dims[0] != grid->shape.dims[0])
        return AS_FAIL(err, AS_EFORMAT, "it has %lld grids for %lld inputs", (long long)grid->shape.dims[0],
                       (long long)x->shape.dims[0]);
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* There is nothing to take the largest, or the mean, of. */
static bool window_some(const as_value *x, as_err *err)
{
    char text[AS_TENSOR_MAX_RANK * 24];
    bool some = true;
    for (int i = 0; i < x->shape.rank; i++)
        some = some && x->shape.dims[i] != 0;
    return some ||
           AS_FAIL(err, AS_EFORMAT, "its input of %s has no numbers", as_shape_text(&x->shape, text, sizeof text));
}

bool as_graph_rule_pool(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    window          win;
    const int64_t  *given;
    size_t          n;
    if (x->shape.rank < 3)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions", x->shape.rank);
    if (!window_some(x, err))
        return false;
    if (!as_node_ints(node, "kernel_shape", &given, &n))
        return AS_FAIL(err, AS_EFORMAT, "it has no 'kernel_shape'");
    if (!window_read(node, x->shape.rank, &win, err) ||
        !window_ints(node, "kernel_shape", (size_t)win.n, 1, 1, win.kernel, err))
        return false;
    for (int i = 0; i < win.n; i++) /* a window may not lie in the padding alone */
        if (!win.same &&
            (win.pads[i] >= win.kernel[i] * win.dilation[i] || win.pads[i + win.n] >= win.kernel[i] * win.dilation[i]))
            return AS_FAIL(err, AS_EFORMAT, "its padding is not smaller than its window");
    as_shape out = {.rank = x->shape.rank, .dims = {x->shape.dims[0], x->shape.dims[1]}};
    return window_outs(&win, &x->shape, &out, err) && as_rule_set(graph, node, 0, x->dtype, &out, err) &&
           as_rule_set(graph, node, 1, AS_DTYPE_I64, &out, err); /* where each of MaxPool's was */
}

static bool window_power(const as_node *node, as_err *err)
{
    const int64_t p = as_node_int_or(node, "p", 2);
    return (p >= 1 && p <= WINDOW_MAX) || AS_FAIL(err, AS_EFORMAT, "'p' is %lld", (long long)p);
}

bool as_graph_rule_lp_pool(as_graph *graph, const as_node *node, as_err *err)
{
    return window_power(node, err) && as_graph_rule_pool(graph, node, err);
}

bool as_graph_rule_global_lp_pool(as_graph *graph, const as_node *node, as_err *err)
{
    return window_power(node, err) && as_graph_rule_global_pool(graph, node, err);
}

/* What was pooled without ceil_mode, where it is not said. */
static bool window_unpooled(const window *win, as_shape *out, as_err *err)
{
    for (int i = 0; i < win->n; i++) {
        int64_t *dim = &out->dims[i + 2];
        if (*dim < 0)
            continue;
        *dim = (*dim - 1) * win->stride[i] + win->kernel[i] - win->pads[i] - win->pads[i + win->n];
        if (*dim < 1)
            return AS_FAIL(err, AS_EFORMAT, "it makes dimension %d %lld long", i + 2, (long long)*dim);
    }
    return true;
}

/* Indices that are in the file are read now: ONNX Runtime is not asked where a number beyond all others goes. */
static bool window_within(const as_value *indices, const as_shape *shape, as_err *err)
{
    const as_tensor *t = indices->constant;
    size_t           room;
    if (!t || !as_shape_count(shape, &room))
        return true;
    for (size_t i = 0; i < as_tensor_count(t); i++) {
        int64_t at;
        memcpy(&at, (const uint8_t *)t->data + i * sizeof at, sizeof at);
        if (at < 0 || (uint64_t)at >= room)
            return AS_FAIL(err, AS_EFORMAT, "index %lld is not one of %zu", (long long)at, room);
    }
    return true;
}

bool as_graph_rule_max_unpool(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *at = as_rule_in(graph, node, 1),
                   *size = as_rule_in(graph, node, 2);
    const graph_known *known = as_rule_in_known(graph, node, 2);
    const int64_t     *given;
    size_t             n;
    window             win;
    as_shape           out = x->shape;
    if (x->shape.rank < 3 || at->dtype != AS_DTYPE_I64 || at->shape.rank != x->shape.rank)
        return AS_FAIL(err, AS_EFORMAT, "its indices are %s in %d dimensions, its input has %d",
                       as_dtype_name(at->dtype), at->shape.rank, x->shape.rank);
    for (int i = 0; i < x->shape.rank; i++)
        if (x->shape.dims[i] >= 0 && at->shape.dims[i] >= 0 && x->shape.dims[i] != at->shape.dims[i])
            return AS_FAIL(err, AS_EFORMAT, "it has %lld indices for %lld numbers in dimension %d",
                           (long long)at->shape.dims[i], (long long)x->shape.dims[i], i);
    if (!as_node_ints(node, "kernel_shape", &given, &n))
        return AS_FAIL(err, AS_EFORMAT, "it has no 'kernel_shape'");
    if (!window_read(node, x->shape.rank, &win, err) ||
        !window_ints(node, "kernel_shape", (size_t)win.n, 1, 1, win.kernel, err))
        return false;
    if (!size)
        return window_unpooled(&win, &out, err) && window_within(at, &out, err) &&
               as_rule_set(graph, node, 0, x->dtype, &out, err);
    if (size->dtype != AS_DTYPE_I64 || size->shape.rank != 1 || (known && known->n != (size_t)out.rank))
        return AS_FAIL(err, AS_EFORMAT, "its size does not have %d integers", out.rank);
    for (int i = 0; i < out.rank; i++) {
        out.dims[i] = known && known->at[i] != GRAPH_UNKNOWN ? known->at[i] : -1;
        if (known && known->at[i] != GRAPH_UNKNOWN && known->at[i] < 0)
            return AS_FAIL(err, AS_EFORMAT, "it makes dimension %d %lld long", i, (long long)known->at[i]);
    }
    return window_within(at, &out, err) && as_rule_set(graph, node, 0, x->dtype, &out, err);
}

static bool window_is_one_of(const as_node *node, const char *name, const char *a, const char *b, as_err *err)
{
    const char *s;
    size_t      n;
    if (!as_node_str(node, name, &s, &n) || (strlen(a) == n && memcmp(s, a, n) == 0) ||
        (strlen(b) == n && memcmp(s, b, n) == 0))
        return true;
    return AS_FAIL(err, AS_EUNSUPPORTED, "its '%s' of '%.*s' is not known", name, (int)AS_MIN(n, (size_t)40), s);
}

#define WINDOW_MAX_SAMPLES 256 /* of a bin of RoiAlign, along one side */

bool as_graph_rule_roi_align(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *rois = as_rule_in(graph, node, 1),
                   *of = as_rule_in(graph, node, 2);
    const int64_t samples = as_node_int_or(node, "sampling_ratio", 0), h = as_node_int_or(node, "output_height", 1),
                  w = as_node_int_or(node, "output_width", 1);
    if (x->shape.rank != 4)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions", x->shape.rank);
    if (rois->shape.rank != 2 || (rois->shape.dims[1] >= 0 && rois->shape.dims[1] != 4) || rois->dtype != x->dtype)
        return AS_FAIL(err, AS_EFORMAT, "its boxes are not N x 4 of %s", as_dtype_name(x->dtype));
    if (of->shape.rank != 1 || of->dtype != AS_DTYPE_I64 ||
        (of->shape.dims[0] >= 0 && rois->shape.dims[0] >= 0 && of->shape.dims[0] != rois->shape.dims[0]))
        return AS_FAIL(err, AS_EFORMAT, "its boxes do not have one i64 each that says of which picture");
    if (h < 1 || h > WINDOW_MAX || w < 1 || w > WINDOW_MAX)
        return AS_FAIL(err, AS_EFORMAT, "it makes %lld x %lld of a box", (long long)h, (long long)w);
    if (samples < 0 || samples > WINDOW_MAX_SAMPLES)
        return AS_FAIL(err, AS_ELIMIT, "'sampling_ratio' is %lld and not 0 to %d", (long long)samples,
                       WINDOW_MAX_SAMPLES);
    if (!window_is_one_of(node, "mode", "avg", "max", err) ||
        !window_is_one_of(node, "coordinate_transformation_mode", "half_pixel", "output_half_pixel", err))
        return false;
    as_shape out = {.rank = 4, .dims = {rois->shape.dims[0], x->shape.dims[1], h, w}};
    if (out.dims[0] < 0)
        out.dims[0] = of->shape.dims[0];
    return window_within(of, &(as_shape){.rank = 1, .dims = {x->shape.dims[0]}}, err) &&
           as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_global_pool(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    as_shape        out = x->shape;
    if (out.rank < 3)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions", out.rank);
    for (int i = 2; i < out.rank; i++)
        out.dims[i] = 1;
    return window_some(x, err) && as_rule_set(graph, node, 0, x->dtype, &out, err);
}
