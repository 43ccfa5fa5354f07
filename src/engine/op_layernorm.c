/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisations by what the data itself says: over a layer, an instance, groups of channels, a vector's length, the
 * neighbouring channels (ONNX, Operators.md). */
#include <math.h>
#include <string.h>

#include "engine/op.h"

enum { NORM_LANES = 8 };

/* Rows of `channels` parts of `each` numbers. The scale is one for each number (LAYER), or one for a part of a row: row r's
 * part c has that of (r % groups) * channels + c, or of r % groups where there is one a group. */
typedef struct layernorm {
    int64_t rows, channels, each, groups;
    bool    per_number, per_group, scalar;
    float   epsilon;
} layernorm;

static float layernorm_sum(const float *x, int64_t n, float mean, bool squares)
{
    float   lanes[NORM_LANES] = {0};
    int64_t i = 0;
    for (; i + NORM_LANES <= n; i += NORM_LANES)
        for (int k = 0; k < NORM_LANES; k++) {
            const float d = x[i + k] - mean;
            lanes[k] += squares ? d * d : d;
        }
    for (; i < n; i++) {
        const float d = x[i] - mean;
        lanes[0] += squares ? d * d : d;
    }
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

static void layernorm_write(const layernorm *l, int64_t row, const float *x, float mean, float factor,
                            const float *scale, const float *bias, float *out)
{
    if (l->per_number) {
        const int64_t n = l->channels * l->each, s = l->scalar ? 0 : 1;
        for (int64_t i = 0; i < n; i++)
            out[i] = (x[i] - mean) * factor * scale[i * s] + (bias ? bias[i * s] : 0.0f);
        return;
    }
    for (int64_t c = 0; c < l->channels; c++) {
        const int64_t at = l->per_group ? row % l->groups : row % l->groups * l->channels + c;
        const float   a = factor * scale[at], b = bias[at] - mean * a;
        for (int64_t i = 0; i < l->each; i++)
            out[c * l->each + i] = x[c * l->each + i] * a + b;
    }
}

/* uses: result, input, scale, then bias, mean and inverse deviation; the result stands for what is not there. */
static void layernorm_run(const as_step *step)
{
    const layernorm *l = step->data;
    const as_buf    *b[6];
    for (size_t i = 0; i < 6; i++)
        b[i] = step->uses.at[i].buf;
    const float *x = b[1]->data, *scale = b[2]->data, *bias = b[3] == b[0] ? NULL : b[3]->data;
    float *out = b[0]->data, *means = b[4] == b[0] ? NULL : b[4]->data, *inverses = b[5] == b[0] ? NULL : b[5]->data;
    const int64_t n = l->channels * l->each;
    for (int64_t row = 0; row < l->rows; row++, x += n, out += n) {
        const float mean = layernorm_sum(x, n, 0.0f, false) / (float)n;
        const float variance = layernorm_sum(x, n, mean, true) / (float)n;
        const float factor = 1.0f / sqrtf(variance + l->epsilon);
        layernorm_write(l, row, x, mean, factor, scale, bias, out);
        if (means)
            means[row] = mean;
        if (inverses)
            inverses[row] = factor;
    }
}

static bool layernorm_step(as_plan *plan, const as_node *node, const layernorm *l, as_buf *src, as_err *err)
{
    as_buf *ins[5] = {src};
    for (size_t i = 1; i < 3; i++)
        if (as_plan_in(plan, node, i) && !(ins[i] = as_plan_plain(plan, node->inputs[i], err)))
            return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    if (!out)
        return false;
    for (size_t i = 1; i < 3; i++)
        if (i < node->n_outputs && node->outputs[i] >= 0 && !(ins[2 + i] = as_plan_out(plan, node, i, NULL, err)))
            return false;
    for (size_t i = 1; i < 5; i++)
        ins[i] = ins[i] ? ins[i] : out;
    return as_op_step(plan, layernorm_run, l, sizeof *l, out, ins, 5, err);
}

static as_buf *layernorm_source(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    if (src && (src->dtype != AS_DTYPE_F32 || src->bytes == 0)) {
        AS_FAIL(err, AS_EUNSUPPORTED, "only f32, and something of it");
        return NULL;
    }
    return src;
}

static bool layernorm_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf   *src = layernorm_source(plan, node, err);
    layernorm l = {.rows = 1, .channels = 1, .each = 1, .per_number = true};
    size_t    n[3] = {0, 0, 0};
    if (!src)
        return false;
    int64_t axis = as_plan_int_or(node, "axis", -1);
    axis += axis < 0 ? src->shape.rank : 0;
    for (int i = 0; i < src->shape.rank; i++)
        *(i < axis ? &l.rows : &l.each) *= src->shape.dims[i];
    for (size_t i = 1; i < 3; i++) {
        const as_value *p = as_plan_in(plan, node, i);
        if (p && (!as_shape_count(&p->shape, &n[i]) || (n[i] != (size_t)l.each && n[i] != 1)))
            return AS_FAIL(err, AS_EUNSUPPORTED, "'%.200s' is neither one number nor one for each", p->name);
    }
    if (as_plan_in(plan, node, 2) && n[1] != n[2])
        return AS_FAIL(err, AS_EUNSUPPORTED, "its scale and its bias differ in size");
    l.scalar = n[1] == 1;
    l.epsilon = as_plan_float_or(node, "epsilon", 1e-5f);
    return layernorm_step(plan, node, &l, src, err);
}

/* An instance norm has as many groups as channels. */
static bool groupnorm_make(as_plan *plan, const as_node *node, int64_t groups, bool per_group, as_err *err)
{
    as_buf   *src = layernorm_source(plan, node, err);
    layernorm l = {.per_group = per_group, .each = 1, .epsilon = as_plan_float_or(node, "epsilon", 1e-5f)};
    if (!src)
        return false;
    const int64_t channels = src->shape.dims[1];
    l.groups = groups ? groups : channels;
    l.channels = channels / l.groups;
    l.rows = src->shape.dims[0] * l.groups;
    for (int i = 2; i < src->shape.rank; i++)
        l.each *= src->shape.dims[i];
    return layernorm_step(plan, node, &l, src, err);
}

static bool instancenorm_plan(as_plan *plan, const as_node *node, as_err *err)
{
    return groupnorm_make(plan, node, 0, false, err);
}

static bool groupnorm_plan(as_plan *plan, const as_node *node, as_err *err)
{
    const bool per_group = as_graph_opset(plan->graph) < 21;
    return groupnorm_make(plan, node, as_plan_int_or(node, "num_groups", 1), per_group, err);
}

/* --- a vector's length --------------------------------------------------------------------------------------------- */

typedef struct lpnorm {
    as_op_line line;
    bool       squares;
} lpnorm;

static void lpnorm_run(const as_step *step)
{
    const lpnorm *l = step->data;
    const float  *x = step->uses.at[1].buf->data;
    float        *out = step->uses.at[0].buf->data;
    const int64_t n = l->line.n, inner = l->line.inner;
    for (int64_t o = 0; o < l->line.outer; o++, x += n * inner, out += n * inner)
        for (int64_t i = 0; i < inner; i++) {
            float sum = 0.0f;
            for (int64_t k = 0; k < n; k++)
                sum += l->squares ? x[k * inner + i] * x[k * inner + i] : fabsf(x[k * inner + i]);
            const float length = l->squares ? sqrtf(sum) : sum;
            for (int64_t k = 0; k < n; k++)
                out[k * inner + i] = length > 0.0f ? x[k * inner + i] / length : 0.0f;
        }
}

static bool lpnorm_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf       *src = layernorm_source(plan, node, err);
    const int64_t p = as_plan_int_or(node, "p", 2);
    lpnorm        l = {.squares = p == 2};
    if (!src || !as_op_line_of(&src->shape, as_plan_int_or(node, "axis", -1), &l.line, err))
        return false;
    if (p != 1 && p != 2)
        return AS_FAIL(err, AS_EFORMAT, "'p' is %lld, neither 1 nor 2", (long long)p);
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, lpnorm_run, &l, sizeof l, out, (as_buf *const[]){src}, 1, err);
}

/* --- the neighbouring channels (Krizhevsky et al. 2012, section 3.3) ------------------------------------------------- */

typedef struct lrn {
    int64_t n, channels, inner, before, after;
    float   factor, beta, bias;
} lrn;

static void lrn_run(const as_step *step)
{
    const lrn   *l = step->data;
    const float *x = step->uses.at[1].buf->data;
    float       *out = step->uses.at[0].buf->data;
    for (int64_t b = 0; b < l->n; b++, x += l->channels * l->inner)
        for (int64_t c = 0; c < l->channels; c++, out += l->inner) {
            const int64_t from = AS_MAX(c - l->before, 0), to = AS_MIN(c + l->after, l->channels - 1);
            for (int64_t i = 0; i < l->inner; i++)
                out[i] = 0.0f;
            for (int64_t k = from; k <= to; k++)
                for (int64_t i = 0; i < l->inner; i++)
                    out[i] += x[k * l->inner + i] * x[k * l->inner + i];
            for (int64_t i = 0; i < l->inner; i++)
                out[i] = x[c * l->inner + i] / powf(l->bias + l->factor * out[i], l->beta);
        }
}

static bool lrn_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf       *src = layernorm_source(plan, node, err);
    const int64_t size = as_plan_int_or(node, "size", 0);
    if (!src)
        return false;
    if (size < 1 || size > 65536 || src->shape.rank < 2)
        return AS_FAIL(err, AS_EFORMAT, "'size' is %lld", (long long)size);
    lrn l = {.n = src->shape.dims[0],
             .channels = src->shape.dims[1],
             .inner = 1,
             .before = (size - 1) / 2,
             .after = size / 2,
             .factor = as_plan_float_or(node, "alpha", 1e-4f) / (float)size,
             .beta = as_plan_float_or(node, "beta", 0.75f),
             .bias = as_plan_float_or(node, "bias", 1.0f)};
    for (int i = 2; i < src->shape.rank; i++)
        l.inner *= src->shape.dims[i];
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, lrn_run, &l, sizeof l, out, (as_buf *const[]){src}, 1, err);
}

/* --- mean and deviation over any axes (ONNX, MeanVarianceNormalization) ---------------------------------------------- */

/* Dimensions with their steps in memory; neighbours are joined. */
typedef struct mvn_side {
    int     n;
    int64_t dims[AS_TENSOR_MAX_RANK], steps[AS_TENSOR_MAX_RANK];
} mvn_side;

typedef struct mvn {
    mvn_side outer, inner; /* each of these has a mean of its own; over those */
} mvn;

static void mvn_add(mvn_side *side, int64_t n, int64_t step)
{
    if (side->n > 0 && side->steps[side->n - 1] == n * step) {
        side->dims[side->n - 1] *= n;
        side->steps[side->n - 1] = step;
        return;
    }
    side->dims[side->n] = n;
    side->steps[side->n++] = step;
}

/* The next place of the first n dimensions; false after the last. */
static bool mvn_next(const mvn_side *side, int n, int64_t *at, int64_t *offset)
{
    for (int i = n - 1; i >= 0; i--) {
        *offset += side->steps[i];
        if (++at[i] < side->dims[i])
            return true;
        *offset -= at[i] * side->steps[i];
        at[i] = 0;
    }
    return false;
}

/* The sum of x - mean over all of a side, or of its squares. */
static double mvn_sum(const mvn_side *over, const float *x, float mean, bool squares)
{
    const int     last = over->n - 1;
    const int64_t n = over->dims[last], step = over->steps[last];
    int64_t       at[AS_TENSOR_MAX_RANK] = {0}, offset = 0;
    double        sum = 0.0;
    do {
        if (step == 1)
            sum += (double)layernorm_sum(x + offset, n, mean, squares);
        for (int64_t i = 0; i < n && step != 1; i++) {
            const float d = x[offset + i * step] - mean;
            sum += (double)(squares ? d * d : d);
        }
    } while (mvn_next(over, last, at, &offset));
    return sum;
}

static void mvn_write(const mvn_side *over, const float *x, float mean, float factor, float *out)
{
    const int     last = over->n - 1;
    const int64_t n = over->dims[last], step = over->steps[last];
    int64_t       at[AS_TENSOR_MAX_RANK] = {0}, offset = 0;
    do {
        for (int64_t i = 0; i < n && step == 1; i++)
            out[offset + i] = (x[offset + i] - mean) * factor;
        for (int64_t i = 0; i < n && step != 1; i++)
            out[offset + i * step] = (x[offset + i * step] - mean) * factor;
    } while (mvn_next(over, last, at, &offset));
}

static void mvn_run(const as_step *step)
{
    const mvn   *m = step->data;
    const float *x = step->uses.at[1].buf->data;
    float       *out = step->uses.at[0].buf->data;
    int64_t      at[AS_TENSOR_MAX_RANK] = {0}, offset = 0;
    double       n = 1.0;
    for (int i = 0; i < m->inner.n; i++)
        n *= (double)m->inner.dims[i];
    do {
        const float  mean = (float)(mvn_sum(&m->inner, x + offset, 0.0f, false) / n);
        const double variance = mvn_sum(&m->inner, x + offset, mean, true) / n;
        mvn_write(&m->inner, x + offset, mean, (float)(1.0 / (sqrt(variance) + 1e-9)), out + offset);
    } while (mvn_next(&m->outer, m->outer.n, at, &offset));
}

static bool mvn_plan(as_plan *plan, const as_node *node, as_err *err)
{
    static const int64_t usual[] = {0, 2, 3};
    const int64_t       *axes = usual;
    size_t               n = AS_COUNT(usual);
    as_buf              *src = layernorm_source(plan, node, err);
    int64_t              steps[AS_TENSOR_MAX_RANK];
    bool                 over[AS_TENSOR_MAX_RANK] = {false};
    mvn                  m = {.outer = {.n = 0}};
    (void)as_node_ints(node, "axes", &axes, &n);
    if (!src)
        return false;
    for (size_t i = 0; i < n; i++)
        over[axes[i] + (axes[i] < 0 ? src->shape.rank : 0)] = true;
    as_op_row_major(&src->shape, steps);
    for (int i = 0; i < src->shape.rank; i++)
        mvn_add(over[i] ? &m.inner : &m.outer, src->shape.dims[i], steps[i]);
    if (m.inner.n == 0)
        mvn_add(&m.inner, 1, 1);
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, mvn_run, &m, sizeof m, out, (as_buf *const[]){src}, 1, err);
}

const as_op as_op_meanvariancenormalization = {"MeanVarianceNormalization", mvn_plan};
const as_op as_op_layernormalization = {"LayerNormalization", layernorm_plan};
const as_op as_op_instancenormalization = {"InstanceNormalization", instancenorm_plan};
const as_op as_op_groupnormalization = {"GroupNormalization", groupnorm_plan};
const as_op as_op_lpnormalization = {"LpNormalization", lpnorm_plan};
const as_op as_op_lrn = {"LRN", lrn_plan};
