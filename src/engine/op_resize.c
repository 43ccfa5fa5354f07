/* SPDX-License-Identifier: Apache-2.0 */
/* Resize and Upsample: one axis after the other, each by a table of which numbers make one and with which weights (ONNX,
 * Resize; the cubic weights are those of Keys 1981). Data stays in blocks of channels where it stands so. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/op.h"

typedef enum resize_mode { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC } resize_mode;
typedef enum resize_round { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, ROUND_FLOOR, ROUND_CEIL } resize_round;
typedef enum resize_coordinate {
    COORDINATE_HALF_PIXEL,
    COORDINATE_HALF_PIXEL_SYMMETRIC,
    COORDINATE_PYTORCH_HALF_PIXEL,
    COORDINATE_ASYMMETRIC,
    COORDINATE_ALIGN_CORNERS,
    COORDINATE_CROP,
    COORDINATE_HALF_PIXEL_OF_NEAREST
} resize_coordinate;

typedef struct resize {
    resize_mode       mode;
    resize_round      round;
    resize_coordinate coordinate;
    float             cubic, outside; /* Keys' coefficient; what stands outside of a crop */
    bool              exclude_outside, antialias;
    float             scale[AS_TENSOR_MAX_RANK], begin[AS_TENSOR_MAX_RANK], end[AS_TENSOR_MAX_RANK];
} resize;

/* One axis of a tensor seen as [outer, n_in, inner]. */
typedef struct resize_pass {
    int64_t outer, n_in, n_out, inner;
    size_t  bytes; /* of an element */
    int     taps;  /* 0: each is a copy of one */
    float   outside;
    int32_t from[]; /* n_out times what it is made of, -1: `outside`; behind them as many weights */
} resize_pass;

/* --- the table of an axis ----------------------------------------------------------------------------------------- */

static float resize_origin(const resize *r, int axis, int64_t in, int64_t out, int64_t at)
{
    const float scale = r->scale[axis], x = (float)at, last = (float)(in - 1);
    switch (r->coordinate) {
    case COORDINATE_ASYMMETRIC: return x / scale;
    case COORDINATE_HALF_PIXEL_OF_NEAREST: return (x + 0.5f) / scale;
    case COORDINATE_ALIGN_CORNERS: return out == 1 ? 0.0f : x * last / (float)(out - 1);
    case COORDINATE_PYTORCH_HALF_PIXEL: return out == 1 ? 0.0f : (x + 0.5f) / scale - 0.5f;
    case COORDINATE_HALF_PIXEL_SYMMETRIC: {
        const float shrunk = (float)out / (scale * (float)in);
        return (float)in / 2.0f * (1.0f - shrunk) + (x + 0.5f) / scale - 0.5f;
    }
    case COORDINATE_CROP:
        if (out == 1)
            return 0.5f * (r->begin[axis] + r->end[axis]) * last;
        return r->begin[axis] * last + x * (r->end[axis] - r->begin[axis]) * last / (float)(out - 1);
    case COORDINATE_HALF_PIXEL:
    default: return (x + 0.5f) / scale - 0.5f;
    }
}

static float resize_rounded(resize_round round, float x)
{
    switch (round) {
    case ROUND_PREFER_CEIL: return floorf(x + 0.5f);
    case ROUND_FLOOR: return floorf(x);
    case ROUND_CEIL: return ceilf(x);
    case ROUND_PREFER_FLOOR:
    default: return ceilf(x - 0.5f);
    }
}

static float resize_weight(const resize *r, float distance)
{
    const float d = fabsf(distance), a = r->cubic;
    if (r->mode == RESIZE_LINEAR)
        return d < 1.0f ? 1.0f - d : 0.0f;
    if (d <= 1.0f)
        return ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f;
    return d < 2.0f ? ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a : 0.0f;
}

/* How many numbers make one, and by which factor a filter is wider than it is defined. */
static int resize_taps(const resize *r, int axis, float *ret_stretch)
{
    const float radius = r->mode == RESIZE_LINEAR ? 1.0f : 2.0f;
    *ret_stretch = r->antialias && r->scale[axis] < 1.0f ? 1.0f / r->scale[axis] : 1.0f;
    return r->mode == RESIZE_NEAREST ? 0 : (int)ceilf(2.0f * radius * *ret_stretch);
}

static void resize_fill(const resize *r, int axis, resize_pass *p, float stretch)
{
    float        *weights = (float *)(p->from + p->n_out * AS_MAX(p->taps, 1));
    const int64_t last = p->n_in - 1;
    const float   reach = (r->mode == RESIZE_LINEAR ? 1.0f : 2.0f) * stretch;
    for (int64_t j = 0; j < p->n_out; j++) {
        const float x =
            fminf(fmaxf(resize_origin(r, axis, p->n_in, p->n_out, j), -4e9f), 4e9f); /* a crop's may be any */
        const bool out = r->coordinate == COORDINATE_CROP && (x < 0.0f || x > (float)last);
        int32_t   *from = p->from + j * AS_MAX(p->taps, 1);
        float     *w = weights + j * p->taps, sum = 0.0f;
        if (p->taps == 0)
            from[0] = (int32_t)AS_MIN(AS_MAX((int64_t)resize_rounded(r->round, x), 0), last);
        const int64_t first = (int64_t)floorf(x - reach) + 1;
        for (int t = 0; t < p->taps; t++) {
            const int64_t at = first + t;
            const bool    beyond = at < 0 || at > last;
            from[t] = (int32_t)AS_MIN(AS_MAX(at, 0), last);
            w[t] = beyond && r->exclude_outside ? 0.0f : resize_weight(r, ((float)at - x) / stretch);
            sum += w[t];
        }
        for (int t = 0; t < p->taps && (r->exclude_outside || r->antialias) && fabsf(sum) > 1e-12f; t++)
            w[t] /= sum;
        if (out)
            from[0] = -1;
    }
}

/* --- running it --------------------------------------------------------------------------------------------------- */

static void resize_copy_one(const resize_pass *p, const char *in, char *out)
{
    const size_t each = (size_t)p->inner * p->bytes;
    if (each == 4) {
        for (int64_t j = 0; j < p->n_out; j++)
            memcpy(out + j * 4, in + (int64_t)p->from[j] * 4, 4);
    } else if (each == 64) {
        for (int64_t j = 0; j < p->n_out; j++)
            memcpy(out + j * 64, in + (int64_t)p->from[j] * 64, 64);
    } else {
        for (int64_t j = 0; j < p->n_out; j++)
            memcpy(out + (size_t)j * each, in + (size_t)p->from[j] * each, each);
    }
}

static void resize_fill_outside(const resize_pass *p, float *out)
{
    for (int64_t i = 0; i < p->inner; i++)
        out[i] = p->outside;
}

/* Crops are rare: what lies outside is marked, and only floats have it. */
static void resize_copy_some(const resize_pass *p, const char *in, char *out)
{
    const size_t each = (size_t)p->inner * p->bytes;
    for (int64_t j = 0; j < p->n_out; j++)
        if (p->from[j] < 0)
            resize_fill_outside(p, (float *)(void *)(out + (size_t)j * each));
        else
            memcpy(out + (size_t)j * each, in + (size_t)p->from[j] * each, each);
}

static void resize_run_nearest(const as_step *step)
{
    const resize_pass *p = step->data;
    char              *out = step->uses.at[0].buf->data;
    const char        *in = step->uses.at[1].buf->data;
    bool               some = false;
    for (int64_t j = 0; j < p->n_out; j++)
        some = some || p->from[j] < 0;
    for (int64_t o = 0; o < p->outer; o++) {
        const char *from = in + (size_t)(o * p->n_in * p->inner) * p->bytes;
        char       *to = out + (size_t)(o * p->n_out * p->inner) * p->bytes;
        if (some)
            resize_copy_some(p, from, to);
        else
            resize_copy_one(p, from, to);
    }
}

static void resize_mix_line(const resize_pass *p, const float *in, const int32_t *from, const float *w, float *out)
{
    const int64_t n = p->inner;
    if (p->taps == 2) {
        const float *a = in + from[0] * n, *b = in + from[1] * n, wa = w[0], wb = w[1];
        for (int64_t i = 0; i < n; i++)
            out[i] = wa * a[i] + wb * b[i];
        return;
    }
    for (int64_t i = 0; i < n; i++)
        out[i] = 0.0f;
    for (int t = 0; t < p->taps; t++) {
        const float *a = in + from[t] * n, wa = w[t];
        for (int64_t i = 0; i < n; i++)
            out[i] += wa * a[i];
    }
}

static void resize_run_mixed(const as_step *step)
{
    const resize_pass *p = step->data;
    float             *out = step->uses.at[0].buf->data;
    const float       *in = step->uses.at[1].buf->data, *weights = (const float *)(p->from + p->n_out * p->taps);
    for (int64_t o = 0; o < p->outer; o++, in += p->n_in * p->inner)
        for (int64_t j = 0; j < p->n_out; j++, out += p->inner)
            if (p->from[j * p->taps] < 0)
                resize_fill_outside(p, out);
            else
                resize_mix_line(p, in, p->from + j * p->taps, weights + j * p->taps, out);
}

/* --- planning ----------------------------------------------------------------------------------------------------- */

static size_t resize_word(const as_node *node, const char *attr, const char *const *words, size_t n)
{
    const char *s;
    size_t      len;
    for (size_t i = 0; as_node_str(node, attr, &s, &len) && i < n; i++)
        if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0)
            return i;
    return 0;
}

static void resize_read_words(const as_node *node, resize *r)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    static const char *const coordinates[] = {"half_pixel",          "half_pixel_symmetric", "pytorch_half_pixel",
                                              "asymmetric",          "align_corners",        "tf_crop_and_resize",
                                              "tf_half_pixel_for_nn"};
    r->mode = (resize_mode)resize_word(node, "mode", modes, AS_COUNT(modes));
    r->round = (resize_round)resize_word(node, "nearest_mode", rounds, AS_COUNT(rounds));
    r->coordinate =
        (resize_coordinate)resize_word(node, "coordinate_transformation_mode", coordinates, AS_COUNT(coordinates));
    r->cubic = as_plan_float_or(node, "cubic_coeff_a", -0.75f);
    r->outside = as_plan_float_or(node, "extrapolation_value", 0.0f);
    r->exclude_outside = as_plan_int_or(node, "exclude_outside", 0) != 0 && r->mode == RESIZE_CUBIC;
    r->antialias = as_plan_int_or(node, "antialias", 0) != 0 && r->mode != RESIZE_NEAREST;
}

/* The n numbers of a constant input, or of an attribute; false where it has others. */
static bool resize_floats(const as_plan *plan, const as_node *node, size_t i, const char *attr, size_t n, float *ret)
{
    const as_tensor *t = as_plan_constant(plan, node, i);
    const float     *given;
    size_t           n_given;
    if (t && t->dtype == AS_DTYPE_F32 && as_tensor_count(t) == n) {
        if (n)
            memcpy(ret, t->data, n * sizeof *ret);
        return true;
    }
    if (t || !attr || !as_node_floats(node, attr, &given, &n_given) || n_given != n)
        return false;
    if (n)
        memcpy(ret, given, n * sizeof *ret);
    return true;
}

/* Scales that are not given follow from the sizes; where the aspect ratio is kept, one for all. */
static void resize_scales_of_sizes(const as_node *node, const as_shape *in, const as_shape *out, const int64_t *axes,
                                   size_t n, const int64_t *sizes, float *ret)
{
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
    const size_t             policy = resize_word(node, "keep_aspect_ratio_policy", policies, AS_COUNT(policies));
    float                    one = 0.0f;
    for (size_t i = 0; i < n; i++) {
        const float own = (float)(policy ? sizes[i] : out->dims[axes[i]]) / (float)AS_MAX(in->dims[axes[i]], 1);
        ret[i] = own;
        one = i == 0 ? own : policy == 1 ? AS_MIN(one, own) : AS_MAX(one, own);
    }
    for (size_t i = 0; policy != 0 && i < n; i++)
        ret[i] = one;
}

static bool resize_read(as_plan *plan, const as_node *node, resize *r, as_err *err)
{
    const as_shape *in = &as_plan_in(plan, node, 0)->shape,
                   *out = &as_graph_value(plan->graph, node->outputs[0])->shape;
    const int      opset = as_graph_opset(plan->graph);
    const bool     old = opset < 11; /* Upsample, and Resize's first form: no choice of coordinates */
    const int64_t *given;
    int64_t        axes[AS_TENSOR_MAX_RANK], sizes[AS_TENSOR_MAX_RANK] = {0};
    float          numbers[2 * AS_TENSOR_MAX_RANK];
    size_t         n = (size_t)in->rank, n_sizes = 0;
    bool           has = as_node_ints(node, "axes", &given, &n);
    resize_read_words(node, r);
    if (old) {
        r->coordinate = COORDINATE_ASYMMETRIC;
        r->round = ROUND_FLOOR;
    }
    for (size_t i = 0; i < n; i++)
        axes[i] = has ? (given[i] < 0 ? given[i] + in->rank : given[i]) : (int64_t)i;
    for (int i = 0; i < in->rank; i++)
        r->scale[i] = r->end[i] = 1.0f;
    if (!resize_floats(plan, node, old ? 1 : 2, "scales", n, numbers)) {
        as_plan_ints(plan, node, 3, NULL, sizes, &n_sizes);
        resize_scales_of_sizes(node, in, out, axes, n, sizes, numbers);
    }
    for (size_t i = 0; i < n; i++)
        r->scale[axes[i]] = numbers[i];
    if (r->coordinate != COORDINATE_CROP)
        return true;
    if (!resize_floats(plan, node, 1, NULL, 2 * n, numbers))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its region is computed");
    for (size_t i = 0; i < n; i++) {
        r->begin[axes[i]] = numbers[i];
        r->end[axes[i]] = numbers[n + i];
    }
    return true;
}

static bool resize_changes(const resize *r, const as_shape *in, const as_shape *out, int axis)
{
    return in->dims[axis] != out->dims[axis] || r->scale[axis] < 1.0f || r->scale[axis] > 1.0f ||
           (r->coordinate == COORDINATE_CROP &&
            (r->begin[axis] > 0.0f || r->begin[axis] < 0.0f || r->end[axis] < 1.0f || r->end[axis] > 1.0f));
}

/* From `src` to `dst`, which differ in length along `axis` alone. */
static bool resize_step(as_plan *plan, const resize *r, int axis, as_buf *src, as_buf *dst, as_err *err)
{
    const int64_t lanes = src->layout ? as_layout_lanes(src->layout) : 1;
    float         stretch;
    const int     taps = resize_taps(r, axis, &stretch);
    resize_pass   p = {.outer = 1, .inner = lanes, .bytes = as_dtype_bytes(src->dtype), .outside = r->outside};
    size_t        bytes = (size_t)dst->shape.dims[axis] * (size_t)AS_MAX(taps, 1) * (sizeof(float) + sizeof(int32_t));
    for (int i = 0; i < src->shape.rank; i++) {
        const int64_t dim = i == 1 ? (src->shape.dims[1] + lanes - 1) / lanes : src->shape.dims[i];
        if (i < axis)
            p.outer *= dim;
        if (i > axis)
            p.inner *= dim;
    }
    p.n_in = src->shape.dims[axis];
    p.n_out = dst->shape.dims[axis];
    p.taps = taps;
    as_step *step = as_plan_step(plan, NULL, taps ? resize_run_mixed : resize_run_nearest, sizeof p + bytes, err);
    if (!step)
        return false;
    memcpy(step->data, &p, sizeof p);
    resize_fill(r, axis, step->data, stretch);
    return as_step_use(plan, step, AS_ARG_NONE, dst, err) && as_step_use(plan, step, AS_ARG_NONE, src, err);
}

static bool resize_plan(as_plan *plan, const as_node *node, as_err *err)
{
    const as_shape *in = &as_plan_in(plan, node, 0)->shape,
                   *out = &as_graph_value(plan->graph, node->outputs[0])->shape;
    resize  r = {.mode = RESIZE_NEAREST};
    as_buf *buf = as_plan_buf(plan, node->inputs[0], err);
    size_t  count;
    int     n_left = 0;
    if (!buf || !resize_read(plan, node, &r, err))
        return false;
    if ((r.mode != RESIZE_NEAREST || r.coordinate == COORDINATE_CROP) && buf->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32, but for plain nearest");
    if (!as_shape_count(in, &count) || count == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "nothing to resize");
    for (int i = 0; i < in->rank; i++)
        n_left += resize_changes(&r, in, out, i);
    const bool blocks = buf->layout && as_layout_lanes(buf->layout) > 1 && r.coordinate != COORDINATE_CROP &&
                        !resize_changes(&r, in, out, 0) && !resize_changes(&r, in, out, 1);
    if (!blocks && !(buf = as_plan_plain(plan, node->inputs[0], err)))
        return false;
    if (n_left == 0) {
        as_plan_set(plan, node->outputs[0], buf);
        return true;
    }
    as_shape shape = *in;
    for (int i = in->rank - 1; i >= 0; i--) { /* the last first: what grows, grows late in long lines */
        if (!resize_changes(&r, in, out, i))
            continue;
        shape.dims[i] = out->dims[i];
        const as_layout *layout = blocks ? as_layout_like(plan->dnn, buf->layout, &shape, true, err) : NULL;
        if (blocks && !layout)
            return false;
        as_buf *to = --n_left == 0 ? as_plan_out(plan, node, 0, layout, err)
                                   : as_plan_new(plan, buf->dtype, &shape, layout, err);
        if (!to || !resize_step(plan, &r, i, buf, to, err))
            return false;
        buf = to;
    }
    return true;
}

const as_op as_op_resize = {"Resize", resize_plan};
const as_op as_op_upsample = {"Upsample", resize_plan};
