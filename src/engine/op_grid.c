/* SPDX-License-Identifier: Apache-2.0 */
/* GridSample: pictures read at places that are computed (ONNX, GridSample). */
#include <math.h>
#include <string.h>

#include "engine/op.h"

typedef enum grid_mode { GRID_LINEAR, GRID_NEAREST, GRID_CUBIC } grid_mode;
typedef enum grid_border { BORDER_ZEROS, BORDER_EDGE, BORDER_REFLECTION } grid_border;

typedef struct grid {
    int64_t     n, channels, h, w, places; /* places of one picture */
    grid_mode   mode;
    grid_border border;
    bool        corners;
} grid;

/* Between -1 and 1 lie the middles of the outermost pixels, or their outer edges. */
static float grid_place(const grid *g, float x, int64_t n)
{
    return g->corners ? (x + 1.0f) / 2.0f * (float)(n - 1) : ((x + 1.0f) * (float)n - 1.0f) / 2.0f;
}

static float grid_reflect(const grid *g, float x, int64_t n)
{
    const float low = g->corners ? 0.0f : -0.5f, span = g->corners ? (float)(n - 1) : (float)n;
    if (!(span > 0.0f))
        return 0.0f;
    const float from = fabsf(x - low), turns = floorf(from / span), rest = from - turns * span;
    return fmodf(turns, 2.0f) < 1.0f ? rest + low : span - rest + low;
}

/* The pixel that stands at `at`, or -1 where there is none. */
static int64_t grid_index(const grid *g, float at, int64_t n)
{
    if (g->border == BORDER_REFLECTION)
        at = grid_reflect(g, at, n);
    if (g->border != BORDER_ZEROS)
        at = fminf(fmaxf(at, 0.0f), (float)(n - 1));
    return at >= 0.0f && at <= (float)(n - 1) ? (int64_t)at : -1;
}

/* First pixel and weights along one axis; returns how many. */
static int grid_weights(const grid *g, float x, float *ret_first, float *w)
{
    const float a = -0.75f;
    if (g->mode == GRID_NEAREST) {
        *ret_first = rintf(x);
        w[0] = 1.0f;
        return 1;
    }
    const float base = floorf(x), t = x - base;
    if (g->mode == GRID_LINEAR) {
        *ret_first = base;
        w[0] = 1.0f - t;
        w[1] = t;
        return 2;
    }
    *ret_first = base - 1.0f;
    for (int i = 0; i < 4; i++) {
        const float d = fabsf(t + 1.0f - (float)i);
        w[i] = d <= 1.0f ? ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f
                         : ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a;
    }
    return 4;
}

/* Before weights are taken, a place outside is moved inside, but for cubic weights, which look further. */
static float grid_inside(const grid *g, float x, int64_t n)
{
    if (!(fabsf(x) < 1e9f))
        x = -1e9f; /* NaN and what is far out */
    if (g->mode == GRID_CUBIC)
        return x;
    if (g->border == BORDER_REFLECTION)
        x = grid_reflect(g, x, n);
    return g->border == BORDER_ZEROS ? x : fminf(fmaxf(x, 0.0f), (float)(n - 1));
}

static void grid_one(const grid *g, const float *in, const float *place, float *out)
{
    float     wx[4], wy[4], x0 = 0.0f, y0 = 0.0f;
    const int nx = grid_weights(g, grid_inside(g, grid_place(g, place[0], g->w), g->w), &x0, wx);
    const int ny = grid_weights(g, grid_inside(g, grid_place(g, place[1], g->h), g->h), &y0, wy);
    for (int64_t c = 0; c < g->channels; c++)
        out[c * g->places] = 0.0f;
    for (int i = 0; i < ny; i++)
        for (int j = 0; j < nx; j++) {
            const int64_t y = grid_index(g, y0 + (float)i, g->h), x = grid_index(g, x0 + (float)j, g->w);
            const float   w = wy[i] * wx[j];
            for (int64_t c = 0; c < g->channels && x >= 0 && y >= 0; c++)
                out[c * g->places] += w * in[(c * g->h + y) * g->w + x];
        }
}

/* --- the usual case: linear, and the edge goes on outside --- */

enum { GRID_BLOCK = 64 };

/* Places of a block: the pixel above and to the left, how far it is to the ones beside and below, and the weights. */
typedef struct grid_block {
    int32_t at[GRID_BLOCK], right[GRID_BLOCK], below[GRID_BLOCK];
    float   w[4][GRID_BLOCK];
} grid_block;

static inline float grid_hold(float x, float most)
{
    x = fabsf(x) < 1e9f ? x : 0.0f; /* NaN and what is far out, as grid_inside has it */
    x = x > 0.0f ? x : 0.0f;
    return x < most ? x : most;
}

static void grid_fill(const grid *g, const float *places, int n, grid_block *b)
{
    const float most_x = (float)(g->w - 1), most_y = (float)(g->h - 1);
    for (int i = 0; i < n; i++) {
        const float x = grid_hold(grid_place(g, places[2 * i], g->w), most_x),
                    y = grid_hold(grid_place(g, places[2 * i + 1], g->h), most_y);
        const int32_t ix = (int32_t)x, iy = (int32_t)y; /* not negative: as floor */
        const float   fx = x - (float)ix, fy = y - (float)iy;
        b->at[i] = iy * (int32_t)g->w + ix;
        b->right[i] = ix < (int32_t)g->w - 1;
        b->below[i] = iy < (int32_t)g->h - 1 ? (int32_t)g->w : 0;
        b->w[0][i] = (1.0f - fy) * (1.0f - fx);
        b->w[1][i] = (1.0f - fy) * fx;
        b->w[2][i] = fy * (1.0f - fx);
        b->w[3][i] = fy * fx;
    }
}

static void grid_mix(const grid_block *b, int n, const float *in, float *out)
{
    for (int i = 0; i < n; i++) {
        const float *p = in + b->at[i], *q = p + b->below[i];
        const int    right = b->right[i];
        out[i] = b->w[0][i] * p[0] + b->w[1][i] * p[right] + b->w[2][i] * q[0] + b->w[3][i] * q[right];
    }
}

static void grid_run_usual(const grid *g, const float *in, const float *places, float *out)
{
    grid_block b;
    for (int64_t from = 0; from < g->places; from += GRID_BLOCK) {
        const int n = (int)AS_MIN(g->places - from, (int64_t)GRID_BLOCK);
        grid_fill(g, places + 2 * from, n, &b);
        for (int64_t c = 0; c < g->channels; c++)
            grid_mix(&b, n, in + c * g->h * g->w, out + c * g->places + from);
    }
}

static bool grid_is_usual(const grid *g)
{
    return g->mode == GRID_LINEAR && g->border == BORDER_EDGE && g->h * g->w < INT32_MAX / 2;
}

static void grid_run(const as_step *step)
{
    const grid  *g = step->data;
    float       *out = step->uses.at[0].buf->data;
    const float *in = step->uses.at[1].buf->data, *places = step->uses.at[2].buf->data;
    for (int64_t b = 0; b < g->n; b++, in += g->channels * g->h * g->w, out += g->channels * g->places) {
        if (grid_is_usual(g))
            grid_run_usual(g, in, places, out);
        for (int64_t i = 0; i < g->places && !grid_is_usual(g); i++)
            grid_one(g, in, places + 2 * i, out + i);
        places += 2 * g->places;
    }
}

static bool grid_word(const as_node *node, const char *attr, const char *const *words, size_t n, size_t *ret,
                      as_err *err)
{
    const char *s;
    size_t      len;
    *ret = 0;
    if (!as_node_str(node, attr, &s, &len))
        return true;
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0) {
            *ret = i;
            return true;
        }
    return AS_FAIL(err, AS_EFORMAT, "'%s' is '%.*s'", attr, (int)AS_MIN(len, (size_t)40), s);
}

static bool grid_plan(as_plan *plan, const as_node *node, as_err *err)
{
    static const char *const modes[] = {"linear", "nearest", "cubic", "bilinear", "bicubic"};
    static const char *const borders[] = {"zeros", "border", "reflection"};
    size_t                   mode, border;
    as_buf                  *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf                  *places = src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    if (!places || !grid_word(node, "mode", modes, AS_COUNT(modes), &mode, err) ||
        !grid_word(node, "padding_mode", borders, AS_COUNT(borders), &border, err))
        return false;
    if (src->dtype != AS_DTYPE_F32 || places->dtype != AS_DTYPE_F32 || src->bytes == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32, and something of it");
    as_buf    *out = as_plan_out(plan, node, 0, NULL, err);
    const grid g = {.n = src->shape.dims[0],
                    .channels = src->shape.dims[1],
                    .h = src->shape.dims[2],
                    .w = src->shape.dims[3],
                    .places = places->shape.dims[1] * places->shape.dims[2],
                    .mode = mode == 3   ? GRID_LINEAR
                            : mode == 4 ? GRID_CUBIC
                                        : (grid_mode)mode,
                    .border = (grid_border)border,
                    .corners = as_plan_int_or(node, "align_corners", 0) != 0};
    return out && as_op_step(plan, grid_run, &g, sizeof g, out, (as_buf *const[]){src, places}, 2, err);
}

const as_op as_op_gridsample = {"GridSample", grid_plan};
