/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, its logarithm, and its limit: over one axis, before operator set 13 over all from that axis on. */
#include <math.h>
#include <string.h>

#include "base/isa.h"
#include "engine/op.h"

static bool softmax_line(const as_plan *plan, const as_node *node, const as_buf *src, as_op_line *ret, as_err *err)
{
    const bool    old = as_graph_opset(plan->graph) < 13;
    const int64_t axis = as_plan_int_or(node, "axis", old ? 1 : -1);
    as_shape      shape = src->shape;
    if (src->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    if (shape.rank == 0)
        shape = (as_shape){.rank = 1, .dims = {1}};
    if (!as_op_line_of(&shape, old && axis >= shape.rank ? shape.rank - 1 : axis, ret, err))
        return false;
    if (old) {
        ret->n *= ret->inner;
        ret->inner = 1;
    }
    return true;
}

enum { SOFTMAX_WIDE = 64 }; /* columns at once, whose sums stay at hand */

/* e^x for x <= 0, within 2e-7 of it; 0 from -87 on. x = n ln 2 + r, e^r by its series to the sixth power; 2^n is made of
 * the bits of a float that n was added to (Cody and Waite 1980, chapter 6). */
__attribute__((always_inline)) static inline float softmax_exp(float x)
{
    const float whole = 0x1.8p23f, least = -87.0f, v = x < least ? least : x;
    float       shifted = v * 0x1.715476p0f + whole, n = shifted - whole, power;
    const float r = (v - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
    uint32_t    bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    memcpy(&power, &bits, sizeof power);
    const float series =
        1.0f + r * (1.0f + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720))))));
    return x < least ? 0.0f : series * power;
}

/* n numbers of each of `width` columns, `step` apart. */
AS_ISA_CLONES(void, softmax_columns, (const float *x, int64_t n, int64_t step, int64_t width, float *out),
              (x, n, step, width, out))
{
    float most[SOFTMAX_WIDE], sum[SOFTMAX_WIDE];
    for (int64_t i = 0; i < width; i++) {
        most[i] = x[i];
        sum[i] = 0.0f;
    }
    for (int64_t k = 1; k < n; k++)
        for (int64_t i = 0; i < width; i++)
            most[i] = x[k * step + i] > most[i] ? x[k * step + i] : most[i];
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < width; i++) {
            const float e = softmax_exp(x[k * step + i] - most[i]);
            out[k * step + i] = e;
            sum[i] += e;
        }
    for (int64_t i = 0; i < width; i++)
        sum[i] = 1.0f / sum[i];
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < width; i++)
            out[k * step + i] *= sum[i];
}

static void softmax_run_columns(const as_step *step)
{
    const as_op_line *l = step->data;
    const float      *x = step->uses.at[1].buf->data;
    float            *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < l->outer; o++, x += l->n * l->inner, out += l->n * l->inner)
        for (int64_t i = 0; i < l->inner; i += SOFTMAX_WIDE)
            softmax_columns(x + i, l->n, l->inner, AS_MIN(l->inner - i, (int64_t)SOFTMAX_WIDE), out + i);
}

static bool softmax_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf    *src = as_plan_plain(plan, node->inputs[0], err);
    as_op_line line;
    if (!src || !softmax_line(plan, node, src, &line, err))
        return false;
    as_buf *dst = as_plan_out(plan, node, 0, NULL, err);
    if (!dst || dst->bytes == 0)
        return dst != NULL;
    if (line.inner > 1) { /* oneDNN has its reference alone */
        if (!as_op_step(plan, softmax_run_columns, &line, sizeof line, dst, (as_buf *const[]){src}, 1, err))
            return false;
        plan->steps.at[plan->steps.n - 1]->how = "kernel: softmax by columns";
        return true;
    }
    const as_shape   shape = {.rank = 3, .dims = {line.outer, line.n, line.inner}};
    const as_layout *layout = as_layout_plain(plan->dnn, &shape, err);
    as_prim         *prim = layout ? as_prim_softmax(plan->dnn, layout, 1, err) : NULL;
    return prim && as_op_unary(plan, prim, src, dst, err);
}

static void softmax_run_log(const as_step *step)
{
    const as_op_line *l = step->data;
    const float      *x = step->uses.at[1].buf->data;
    float            *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < l->outer; o++, x += l->n * l->inner, out += l->n * l->inner)
        for (int64_t i = 0; i < l->inner; i++) {
            float most = -INFINITY, sum = 0.0f;
            for (int64_t k = 0; k < l->n; k++)
                most = AS_MAX(most, x[k * l->inner + i]);
            for (int64_t k = 0; k < l->n; k++)
                sum += expf(x[k * l->inner + i] - most);
            const float shift = most + logf(sum);
            for (int64_t k = 0; k < l->n; k++)
                out[k * l->inner + i] = x[k * l->inner + i] - shift;
        }
}

static void softmax_run_hard(const as_step *step)
{
    const as_op_line *l = step->data;
    const float      *x = step->uses.at[1].buf->data;
    float            *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < l->outer; o++, x += l->n * l->inner, out += l->n * l->inner)
        for (int64_t i = 0; i < l->inner; i++) {
            int64_t best = 0;
            for (int64_t k = 0; k < l->n; k++) {
                best = x[k * l->inner + i] > x[best * l->inner + i] ? k : best;
                out[k * l->inner + i] = 0.0f;
            }
            out[best * l->inner + i] = 1.0f;
        }
}

static bool softmax_plan_plain(as_plan *plan, const as_node *node, void (*run)(const as_step *), as_err *err)
{
    as_buf    *src = as_plan_plain(plan, node->inputs[0], err);
    as_op_line line;
    if (!src || !softmax_line(plan, node, src, &line, err))
        return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && (out->bytes == 0 || as_op_step(plan, run, &line, sizeof line, out, (as_buf *const[]){src}, 1, err));
}

static bool softmax_plan_log(as_plan *plan, const as_node *node, as_err *err)
{
    return softmax_plan_plain(plan, node, softmax_run_log, err);
}

static bool softmax_plan_hard(as_plan *plan, const as_node *node, as_err *err)
{
    return softmax_plan_plain(plan, node, softmax_run_hard, err);
}

const as_op as_op_softmax = {"Softmax", softmax_plan};
const as_op as_op_logsoftmax = {"LogSoftmax", softmax_plan_log};
const as_op as_op_hardmax = {"Hardmax", softmax_plan_hard};
