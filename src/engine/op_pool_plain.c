/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling that no primitive has, number by number: the largest of a window and where it stands, means that count pads but
 * not what ceil_mode adds, norms; and the way back from where the largest stood (ONNX, Operators.md). */
#include <math.h>
#include <string.h>

#include "engine/op.h"

typedef enum plain_kind { PLAIN_MAX, PLAIN_MEAN, PLAIN_NORM } plain_kind;

/* Up to three dimensions, ones in front where there are fewer. */
typedef struct plain_pool {
    plain_kind kind;
    as_dtype   dtype;
    int64_t    planes, in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
    int64_t    counted[3]; /* what a mean counts ends here, from the first pixel on */
    int64_t    index_step[3];
    float      p;
} plain_pool;

/* The pixels of one window: `n` along each dimension from `first` on, `step` apart in memory. */
typedef struct plain_window {
    int64_t n[3], first[3], counted[3];
} plain_window;

static int64_t plain_steps(int64_t from, int64_t to, int64_t step)
{
    if (step == 1)
        return AS_MAX(to - from, 0);
    return to > from ? (to - from + step - 1) / step : 0;
}

/* The window of result `at` along dimension i. */
static void plain_along(const plain_pool *p, int i, int64_t at, plain_window *w)
{
    const int64_t start = at * p->stride[i] - p->pad[i], d = p->dilation[i];
    const int64_t skip = AS_MIN(plain_steps(start, 0, d), p->kernel[i]);
    const int64_t end = AS_MIN(plain_steps(start, p->in[i], d), p->kernel[i]);
    w->first[i] = start + skip * d;
    w->n[i] = AS_MAX(end - skip, 0);
    w->counted[i] = AS_MIN(plain_steps(start, p->counted[i], d), p->kernel[i]);
}

/* `e` is done for each pixel `x` of a window, which stands at `y0`, `y1`, `y2`. */
#define PLAIN_EACH(T, e)                                                                 \
    for (int64_t i = 0; i < w->n[0]; i++)                                                \
        for (int64_t j = 0; j < w->n[1]; j++)                                            \
            for (int64_t k = 0; k < w->n[2]; k++) {                                      \
                const int64_t y0 = w->first[0] + i * p->dilation[0];                     \
                const int64_t y1 = w->first[1] + j * p->dilation[1];                     \
                const int64_t y2 = w->first[2] + k * p->dilation[2];                     \
                const T       x = ((const T *)in)[(y0 * p->in[1] + y1) * p->in[2] + y2]; \
                e;                                                                       \
            }

/* Which of a plane it is; with storage_order the columns stand one behind another. */
#define PLAIN_LARGEST(name, T, least)                                                                     \
    static int64_t name(const plain_pool *p, const plain_window *w, const void *in, void *out, int64_t o) \
    {                                                                                                     \
        T       best = (least);                                                                           \
        int64_t where = -1;                                                                               \
        PLAIN_EACH(                                                                                       \
            T, if (where < 0 || x > best) {                                                               \
                best = x;                                                                                 \
                where = y0 * p->index_step[0] + y1 * p->index_step[1] + y2 * p->index_step[2];            \
            })                                                                                            \
        ((T *)out)[o] = best;                                                                             \
        return AS_MAX(where, 0);                                                                          \
    }

PLAIN_LARGEST(plain_largest_f32, float, -INFINITY)
PLAIN_LARGEST(plain_largest_u8, uint8_t, 0)
PLAIN_LARGEST(plain_largest_i8, int8_t, INT8_MIN)

static float plain_mean(const plain_pool *p, const plain_window *w, const float *in)
{
    float sum = 0.0f;
    PLAIN_EACH(float, sum += x)
    return sum / (float)AS_MAX(w->counted[0] * w->counted[1] * w->counted[2], 1);
}

static float plain_norm(const plain_pool *p, const plain_window *w, const float *in)
{
    float sum = 0.0f;
    if (p->p <= 1.0f) {
        PLAIN_EACH(float, sum += fabsf(x))
        return sum;
    }
    if (p->p <= 2.0f) {
        PLAIN_EACH(float, sum += x * x)
        return sqrtf(sum);
    }
    PLAIN_EACH(float, sum += powf(fabsf(x), p->p))
    return powf(sum, 1.0f / p->p);
}

static int64_t plain_one(const plain_pool *p, const plain_window *w, const void *in, void *out, int64_t o)
{
    if (p->kind != PLAIN_MAX)
        ((float *)out)[o] = p->kind == PLAIN_MEAN ? plain_mean(p, w, in) : plain_norm(p, w, in);
    else if (p->dtype == AS_DTYPE_F32)
        return plain_largest_f32(p, w, in, out, o);
    else
        return (p->dtype == AS_DTYPE_U8 ? plain_largest_u8 : plain_largest_i8)(p, w, in, out, o);
    return 0;
}

static void plain_plane(const plain_pool *p, const void *in, int64_t plane, void *out, int64_t *where)
{
    const int64_t base = plane * p->in[0] * p->in[1] * p->in[2];
    const char   *from = (const char *)in + base * (int64_t)as_dtype_bytes(p->dtype);
    int64_t       o = plane * p->out[0] * p->out[1] * p->out[2];
    plain_window  w;
    for (int64_t i = 0; i < p->out[0]; i++) {
        plain_along(p, 0, i, &w);
        for (int64_t j = 0; j < p->out[1]; j++) {
            plain_along(p, 1, j, &w);
            for (int64_t k = 0; k < p->out[2]; k++, o++) {
                plain_along(p, 2, k, &w);
                const int64_t found = plain_one(p, &w, from, out, o);
                if (where)
                    where[o] = base + found;
            }
        }
    }
}

/* uses: result, input, and where the largest stand; the result stands for that where nobody asks. */
static void plain_run(const as_step *step)
{
    const plain_pool *p = step->data;
    const as_buf     *out = step->uses.at[0].buf, *where = step->uses.at[2].buf;
    for (int64_t i = 0; i < p->planes; i++)
        plain_plane(p, step->uses.at[1].buf->data, i, out->data, where == out ? NULL : where->data);
}

/* What was asked to be padded behind dimension i: more comes from ceil_mode, which a mean does not count. */
static int64_t plain_asked(const as_node *node, const as_window *w, int i)
{
    const char    *mode = "";
    const int64_t *pads;
    size_t         n = 0;
    if (as_node_str(node, "auto_pad", &mode, &n) && n >= 4 && memcmp(mode, "SAME", 4) == 0)
        return w->pad_end[i];
    return as_node_ints(node, "pads", &pads, &n) && n == 2 * (size_t)w->n ? pads[w->n + i] : 0;
}

static plain_pool plain_pool_of(const as_node *node, plain_kind kind, const as_window *w, const as_buf *src,
                                const as_shape *out)
{
    plain_pool p = {.kind = kind,
                    .dtype = src->dtype,
                    .planes = src->shape.dims[0] * src->shape.dims[1],
                    .in = {1, 1, 1},
                    .out = {1, 1, 1},
                    .kernel = {1, 1, 1},
                    .stride = {1, 1, 1},
                    .dilation = {1, 1, 1},
                    .counted = {1, 1, 1},
                    .p = (float)as_plan_int_or(node, "p", 2)};
    for (int i = 0; i < w->n; i++) {
        const int to = 3 - w->n + i;
        p.in[to] = src->shape.dims[i + 2];
        p.out[to] = out->dims[i + 2];
        p.kernel[to] = w->kernel[i];
        p.stride[to] = w->stride[i];
        p.dilation[to] = w->dilation[i];
        p.pad[to] = w->pad_begin[i];
        p.counted[to] = p.in[to] + plain_asked(node, w, i);
    }
    const bool columns = as_plan_int_or(node, "storage_order", 0) != 0;
    for (int i = 0; i < 3; i++) {
        p.index_step[i] = 1;
        for (int k = columns ? 0 : i + 1; k < (columns ? i : 3); k++)
            p.index_step[i] *= p.in[k];
    }
    return p;
}

static bool plain_make(as_plan *plan, const as_node *node, plain_kind kind, const as_window *window, as_err *err)
{
    as_buf    *src = as_plan_plain(plan, node->inputs[0], err);
    const bool whole = src && kind == PLAIN_MAX && (src->dtype == AS_DTYPE_U8 || src->dtype == AS_DTYPE_I8);
    if (!src || (src->dtype != AS_DTYPE_F32 && !whole))
        return src ? AS_FAIL(err, AS_EUNSUPPORTED, "only f32%s", kind == PLAIN_MAX ? ", u8 and i8" : "") : false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err), *where = out;
    if (out && node->n_outputs > 1 && node->outputs[1] >= 0)
        where = as_plan_out(plan, node, 1, NULL, err);
    if (!where)
        return false;
    const plain_pool p = plain_pool_of(node, kind, window, src, &out->shape);
    return as_op_step(plan, plain_run, &p, sizeof p, out, (as_buf *const[]){src, where}, 2, err);
}

bool as_op_pool_plain(as_plan *plan, const as_node *node, bool largest, const as_window *window, as_err *err)
{
    return plain_make(plan, node, largest ? PLAIN_MAX : PLAIN_MEAN, window, err);
}

static bool plain_plan_norm(as_plan *plan, const as_node *node, as_err *err)
{
    as_window window;
    return as_op_pool_window(plan, node, &window, err) && plain_make(plan, node, PLAIN_NORM, &window, err);
}

static bool plain_plan_global(as_plan *plan, const as_node *node, as_err *err)
{
    const as_shape *in = &as_plan_in(plan, node, 0)->shape;
    as_window       w = {.n = in->rank - 2};
    if (w.n < 1 || w.n > 3)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only 1 to 3 spatial dimensions");
    for (int i = 0; i < w.n; i++) {
        w.kernel[i] = in->dims[i + 2];
        w.stride[i] = w.dilation[i] = 1;
    }
    return plain_make(plan, node, PLAIN_NORM, &w, err);
}

/* --- the way back --------------------------------------------------------------------------------------------------- */

static bool unpool_attempt(const as_step *step, as_err *err)
{
    const as_buf  *to = step->uses.at[0].buf, *from = step->uses.at[1].buf;
    const int64_t *where = step->uses.at[2].buf->data, room = (int64_t)(to->bytes / sizeof(float));
    const float   *x = from->data;
    float         *out = to->data;
    memset(out, 0, to->bytes);
    for (int64_t i = 0; i < (int64_t)(from->bytes / sizeof(float)); i++) {
        if (where[i] < 0 || where[i] >= room)
            return AS_FAIL(err, AS_EFORMAT, "index %lld is not one of %lld numbers", (long long)where[i],
                           (long long)room);
        out[where[i]] = x[i];
    }
    return true;
}

static bool unpool_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *where = src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    if (!where)
        return false;
    if (src->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_attempt(plan, unpool_attempt, NULL, 0, out, (as_buf *const[]){src, where}, 2, err);
}

const as_op as_op_lppool = {"LpPool", plain_plan_norm};
const as_op as_op_globallppool = {"GlobalLpPool", plain_plan_global};
const as_op as_op_maxunpool = {"MaxUnpool", unpool_plan};
