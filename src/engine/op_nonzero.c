/* SPDX-License-Identifier: Apache-2.0 */
/* NonZero: where the numbers are that are not zero, a column each; how many is seen in each run (bounded.h). */
#include <string.h>

#include "engine/op.h"

typedef struct nonzero {
    as_shape shape; /* of the input */
    int64_t  n;     /* numbers of it, and columns that there is room for */
    int64_t *found; /* the plan's */
} nonzero;

static bool nonzero_is(const as_buf *buf, int64_t i)
{
    switch (as_dtype_bytes(buf->dtype)) {
    case 4:
        return buf->dtype == AS_DTYPE_F32 ? !(((const float *)buf->data)[i] >= 0 && ((const float *)buf->data)[i] <= 0)
                                          : ((const uint32_t *)buf->data)[i] != 0;
    case 8:
        return buf->dtype == AS_DTYPE_F64
                   ? !(((const double *)buf->data)[i] >= 0 && ((const double *)buf->data)[i] <= 0)
                   : ((const uint64_t *)buf->data)[i] != 0;
    default: return ((const uint8_t *)buf->data)[i] != 0;
    }
}

static void nonzero_run(const as_step *step)
{
    const nonzero *s = step->data;
    const as_buf  *x = step->uses.at[1].buf, *out = step->uses.at[0].buf;
    int64_t       *places = out->data, found = 0, at[AS_TENSOR_MAX_RANK] = {0};
    memset(places, 0, out->bytes); /* an index that is one too, where there is none */
    for (int64_t i = 0; i < s->n; i++) {
        if (nonzero_is(x, i)) {
            for (int k = 0; k < s->shape.rank; k++)
                places[k * s->n + found] = at[k];
            found++;
        }
        for (int k = s->shape.rank - 1; k >= 0 && ++at[k] == s->shape.dims[k]; k--)
            at[k] = 0;
    }
    *s->found = found;
}

static bool nonzero_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *x = as_plan_plain(plan, node->inputs[0], err);
    size_t  count;
    if (!x)
        return false;
    if (as_dtype_bytes(x->dtype) == 2 || !as_shape_count(&x->shape, &count))
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(x->dtype));
    const nonzero s = {.shape = x->shape, .n = (int64_t)count, .found = as_bounded_count(plan, node->outputs[0])};
    as_buf       *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, nonzero_run, &s, sizeof s, out, &x, 1, err);
}

const as_op as_op_nonzero = {"NonZero", nonzero_plan};
