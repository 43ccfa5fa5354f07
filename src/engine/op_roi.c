/* SPDX-License-Identifier: Apache-2.0 */
/* RoiAlign: boxes of pictures, each brought to one size (He et al. 2017, section 3; ONNX, RoiAlign).
 *
 * A box is cut into bins, and a bin looks at places between pixels. Their mean is a product of one row of weights down and
 * one across, because the places form a grid and are mixed linearly. Places far outside count as zeros and are not gone
 * through, so a box of any size costs no more than its picture. */
#include <math.h>
#include <string.h>

#include "engine/op.h"

typedef struct roi {
    int64_t                  pictures, channels, n, size[2], out[2]; /* n boxes; heights and widths */
    int64_t                  samples;                                /* of a bin along a side; 0: by its size */
    float                    scale, offset;
    bool                     at_least_one, largest; /* pixels along a side; or the mean */
    const as_bounded_source *among;                 /* how many boxes there are; NULL: always n */
} roi;

/* One side of a box: bin i begins at `start` + i `bin`, and looks at `grid` places, `bin` / `grid` apart. */
typedef struct roi_side {
    float   start, bin;
    double  grid;
    int64_t size; /* of the picture */
} roi_side;

/* The places of one bin along one side that may be inside: from <= i < to. */
typedef struct roi_places {
    float   from_px;
    int64_t from, to;
    bool    outside; /* there are others */
} roi_places;

/* A place lies between pixels `at` and `next`. */
typedef struct roi_tap {
    int64_t at, next;
    float   w_at, w_next;
} roi_tap;

static roi_side roi_side_of(const roi *r, const float *box, int axis)
{
    const float from = box[axis == 0 ? 1 : 0] * r->scale - r->offset;
    float       size = box[axis == 0 ? 3 : 2] * r->scale - r->offset - from;
    if (r->at_least_one)
        size = size > 1.0f ? size : 1.0f;
    const float bin = size / (float)r->out[axis];
    return (roi_side){.start = from,
                      .bin = bin,
                      .grid = r->samples > 0 ? (double)r->samples : (double)ceilf(bin),
                      .size = r->size[axis]};
}

static roi_places roi_places_of(const roi_side *s, int64_t bin)
{
    roi_places   p = {.from_px = s->start + (float)bin * s->bin};
    const double step = (double)s->bin / s->grid;
    if (!isfinite(p.from_px) || !isfinite(s->bin) || !(s->grid >= 1.0))
        return (roi_places){.outside = true};
    double from = 0.0, to = s->grid;
    if (step > 0.0) { /* one more on both sides: roi_tap_of decides */
        from = fmin(fmax(floor((-1.0 - (double)p.from_px) / step) - 1.0, 0.0), s->grid);
        to = fmin(fmax(ceil(((double)s->size - (double)p.from_px) / step) + 1.0, from), s->grid);
    }
    const double most = from + 2.0 * (double)s->size + 512.0; /* not reached: steps are shorter than half where few */
    p.from = from < 1e15 ? (int64_t)from : 0;
    p.to = from < 1e15 ? (int64_t)fmin(to, most) : 0;
    p.outside = (double)(p.to - p.from) < s->grid;
    return p;
}

/* False: outside. */
static bool roi_tap_of(const roi_side *s, const roi_places *p, int64_t i, roi_tap *ret)
{
    float x = p->from_px + ((float)i + 0.5f) * s->bin / (float)s->grid;
    if (!(x >= -1.0f && x <= (float)s->size))
        return false;
    x = x > 0.0f ? x : 0.0f;
    int64_t at = (int64_t)x, next = at + 1;
    if (at >= s->size - 1) {
        at = next = s->size - 1;
        x = (float)at;
    }
    const float part = x - (float)at;
    *ret = (roi_tap){at, next, 1.0f - part, part};
    return true;
}

/* --- the mean ------------------------------------------------------------------------------------------------------ */

/* The weights of pixels first <= i < end: `w` is zero elsewhere, and all zero when it comes in. */
typedef struct roi_band {
    int64_t first, end;
    float  *w;
} roi_band;

static void roi_band_fill(const roi_side *s, int64_t bin, roi_band *band)
{
    const roi_places p = roi_places_of(s, bin);
    roi_tap          tap;
    band->first = s->size;
    band->end = 0;
    for (int64_t i = p.from; i < p.to; i++) {
        if (!roi_tap_of(s, &p, i, &tap))
            continue;
        band->w[tap.at] += tap.w_at;
        band->w[tap.next] += tap.w_next;
        band->first = AS_MIN(band->first, AS_MIN(tap.at, tap.next));
        band->end = AS_MAX(band->end, AS_MAX(tap.at, tap.next) + 1);
    }
}

static void roi_band_clear(roi_band *band)
{
    for (int64_t i = band->first; i < band->end; i++)
        band->w[i] = 0.0f;
}

static float roi_band_sum(const roi_band *down, const roi_band *across, const float *in, int64_t width)
{
    float all = 0.0f;
    for (int64_t y = down->first; y < down->end; y++) {
        const float *row = in + y * width;
        float        sum = 0.0f;
        for (int64_t x = across->first; x < across->end; x++)
            sum += across->w[x] * row[x];
        all += down->w[y] * sum;
    }
    return all;
}

static void roi_mean(const roi *r, const roi_side *sides, const float *in, float *weights, float *out)
{
    const int64_t pixels = r->size[0] * r->size[1], bins = r->out[0] * r->out[1];
    const float   count = (float)fmax(sides[0].grid * sides[1].grid, 1.0);
    for (int64_t i = 0; i < r->out[0]; i++) {
        roi_band down = {.w = weights};
        roi_band_fill(&sides[0], i, &down);
        for (int64_t k = 0; k < r->out[1]; k++) {
            roi_band across = {.w = weights + r->size[0]};
            roi_band_fill(&sides[1], k, &across);
            for (int64_t c = 0; c < r->channels; c++)
                out[c * bins + i * r->out[1] + k] = roi_band_sum(&down, &across, in + c * pixels, r->size[1]) / count;
            roi_band_clear(&across);
        }
        roi_band_clear(&down);
    }
}

/* --- the largest ---------------------------------------------------------------------------------------------------- */

/* Of a place the largest of its four weighted pixels, not their sum: as ONNX Runtime and ONNX's own reference have it. */
static void roi_largest_at(const roi *r, const roi_tap *y, const roi_tap *x, bool first, const float *in, float *out)
{
    const int64_t pixels = r->size[0] * r->size[1], bins = r->out[0] * r->out[1];
    for (int64_t c = 0; c < r->channels; c++, in += pixels, out += bins) {
        const float *up = in + y->at * r->size[1], *low = in + y->next * r->size[1];
        const float  a = y->w_at * x->w_at * up[x->at], b = y->w_at * x->w_next * up[x->next];
        const float  d = y->w_next * x->w_at * low[x->at], e = y->w_next * x->w_next * low[x->next];
        const float  most = AS_MAX(AS_MAX(a, b), AS_MAX(d, e));
        *out = first ? most : AS_MAX(*out, most);
    }
}

static void roi_largest_bin(const roi *r, const roi_side *sides, int64_t i, int64_t k, const float *in, float *out)
{
    const roi_places rows = roi_places_of(&sides[0], i), columns = roi_places_of(&sides[1], k);
    const int64_t    bins = r->out[0] * r->out[1];
    bool             any = false, outside = rows.outside || columns.outside;
    roi_tap          y, x;
    for (int64_t a = rows.from; a < rows.to; a++) {
        const bool is_row = roi_tap_of(&sides[0], &rows, a, &y);
        for (int64_t b = columns.from; b < columns.to && is_row; b++) {
            const bool is = roi_tap_of(&sides[1], &columns, b, &x);
            if (is)
                roi_largest_at(r, &y, &x, !any, in, out);
            any = any || is;
            outside = outside || !is;
        }
        outside = outside || !is_row;
    }
    for (int64_t c = 0; c < r->channels && outside; c++)
        out[c * bins] = any ? AS_MAX(out[c * bins], 0.0f) : 0.0f;
}

static void roi_largest(const roi *r, const roi_side *sides, const float *in, float *out)
{
    for (int64_t i = 0; i < r->out[0]; i++)
        for (int64_t k = 0; k < r->out[1]; k++)
            roi_largest_bin(r, sides, i, k, in, out + i * r->out[1] + k);
}

static bool roi_attempt(const as_step *step, as_err *err)
{
    const roi     *r = step->data;
    float         *out = step->uses.at[0].buf->data, *weights = step->uses.at[4].buf->data;
    const float   *in = step->uses.at[1].buf->data, *boxes = step->uses.at[2].buf->data;
    const int64_t *of = step->uses.at[3].buf->data;
    const int64_t  each = r->channels * r->out[0] * r->out[1], n = r->among ? as_bounded_rows(r->among) : r->n;
    memset(weights, 0, step->uses.at[4].buf->bytes);
    for (int64_t i = 0; i < n; i++) {
        if (of[i] < 0 || of[i] >= r->pictures)
            return AS_FAIL(err, AS_EFORMAT, "box %lld is of picture %lld, of %lld", (long long)i, (long long)of[i],
                           (long long)r->pictures);
        const roi_side sides[2] = {roi_side_of(r, boxes + 4 * i, 0), roi_side_of(r, boxes + 4 * i, 1)};
        const float   *from = in + of[i] * r->channels * r->size[0] * r->size[1];
        if (r->largest)
            roi_largest(r, sides, from, out + i * each);
        else
            roi_mean(r, sides, from, weights, out + i * each);
    }
    memset(out + n * each, 0, (size_t)((r->n - n) * each) * sizeof *out);
    return true;
}

static bool roi_is(const as_node *node, const char *attr, const char *word)
{
    const char *s;
    size_t      n;
    return as_node_str(node, attr, &s, &n) && strlen(word) == n && memcmp(s, word, n) == 0;
}

/* Before operator set 16 boxes were not moved by half a pixel, and at least one pixel large. */
static bool roi_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *ins[4];
    for (size_t i = 0; i < 3; i++)
        if (!(ins[i] = as_plan_plain(plan, node->inputs[i], err)))
            return false;
    if (ins[0]->dtype != AS_DTYPE_F32 || ins[1]->dtype != AS_DTYPE_F32 || ins[0]->bytes == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32, and something of it");
    const as_bounded_value *rows = &plan->bounded.values[node->inputs[1]];
    const bool              old =
        as_graph_opset(plan->graph) < 16 || roi_is(node, "coordinate_transformation_mode", "output_half_pixel");
    const roi      r = {.pictures = ins[0]->shape.dims[0],
                        .channels = ins[0]->shape.dims[1],
                        .n = ins[1]->shape.dims[0],
                        .size = {ins[0]->shape.dims[2], ins[0]->shape.dims[3]},
                        .out = {as_plan_int_or(node, "output_height", 1), as_plan_int_or(node, "output_width", 1)},
                        .samples = as_plan_int_or(node, "sampling_ratio", 0),
                        .scale = as_plan_float_or(node, "spatial_scale", 1.0f),
                        .offset = old ? 0.0f : 0.5f,
                        .at_least_one = old,
                        .largest = roi_is(node, "mode", "max"),
                        .among = rows->source};
    const as_shape room = {.rank = 1, .dims = {r.size[0] + r.size[1]}};
    as_buf        *out = as_plan_out(plan, node, 0, NULL, err);
    ins[3] = out ? as_plan_new(plan, AS_DTYPE_F32, &room, NULL, err) : NULL;
    return ins[3] && as_op_attempt(plan, roi_attempt, &r, sizeof r, out, ins, 4, err);
}

const as_op as_op_roialign = {"RoiAlign", roi_plan};
