/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum (ONNX, Einsum). Two inputs that share letters as a matrix product does become one; anything else is summed as it
 * is written. */
#include <string.h>

#include "engine/mat_kernel.h"
#include "engine/op.h"
#include "graph/equation.h"

enum { EINSUM_INPUTS = 3, EINSUM_LETTERS = 3 * AS_TENSOR_MAX_RANK };

#define EINSUM_MOST 4e9 /* terms that are summed one by one: some ten seconds */

typedef struct einsum {
    size_t      n_in;
    int         n_letters, n_out; /* the result's letters come first */
    char        letters[EINSUM_LETTERS];
    int64_t     size[EINSUM_LETTERS], step[EINSUM_INPUTS][EINSUM_LETTERS]; /* of a letter in an input, 0: not in it */
    as_equation equation;
} einsum;

static int einsum_letter(einsum *e, char c)
{
    for (int i = 0; i < e->n_letters; i++)
        if (e->letters[i] == c)
            return i;
    e->letters[e->n_letters] = c;
    return e->n_letters++;
}

static bool einsum_read(const as_node *node, as_buf *const *ins, einsum *e, as_err *err)
{
    int ranks[EINSUM_INPUTS];
    for (size_t k = 0; k < node->n_inputs; k++)
        ranks[k] = ins[k]->shape.rank;
    if (!as_equation_read(node, ranks, &e->equation, err))
        return false;
    for (const char *p = e->equation.words[e->n_in]; *p; p++)
        einsum_letter(e, *p);
    e->n_out = e->n_letters;
    for (size_t k = 0; k < e->n_in; k++) {
        int64_t steps[AS_TENSOR_MAX_RANK];
        as_op_row_major(&ins[k]->shape, steps);
        for (int i = 0; e->equation.words[k][i]; i++) { /* a letter twice: the diagonal */
            const int l = einsum_letter(e, e->equation.words[k][i]);
            e->size[l] = AS_MAX(e->size[l], ins[k]->shape.dims[i]);
            e->step[k][l] += ins[k]->shape.dims[i] == 1 ? 0 : steps[i]; /* one broadcasts */
        }
    }
    return true;
}

/* --- as it is written ---------------------------------------------------------------------------------------------- */

static double einsum_at(const as_buf *buf, int64_t i)
{
    return buf->dtype == AS_DTYPE_F32 ? (double)((const float *)buf->data)[i] : ((const double *)buf->data)[i];
}

static double einsum_sum(const einsum *e, const as_step *step, const int64_t *base)
{
    int64_t at[EINSUM_LETTERS] = {0}, where[EINSUM_INPUTS];
    double  sum = 0.0;
    memcpy(where, base, sizeof where);
    for (;;) {
        double product = 1.0;
        for (size_t k = 0; k < e->n_in; k++)
            product *= einsum_at(step->uses.at[k + 1].buf, where[k]);
        sum += product;
        int l = e->n_letters - 1;
        for (; l >= e->n_out; l--) {
            const bool wraps = ++at[l] == e->size[l];
            for (size_t k = 0; k < e->n_in; k++)
                where[k] += e->step[k][l] * (wraps ? 1 - e->size[l] : 1);
            if (!wraps)
                break;
            at[l] = 0;
        }
        if (l < e->n_out)
            return sum;
    }
}

static void einsum_run(const as_step *step)
{
    const einsum *e = step->data;
    const as_buf *out = step->uses.at[0].buf;
    int64_t       at[EINSUM_LETTERS] = {0}, base[EINSUM_INPUTS] = {0};
    for (size_t i = 0;; i++) {
        const double sum = einsum_sum(e, step, base);
        if (out->dtype == AS_DTYPE_F32)
            ((float *)out->data)[i] = (float)sum;
        else
            ((double *)out->data)[i] = sum;
        int l = e->n_out - 1;
        for (; l >= 0; l--) {
            const bool wraps = ++at[l] == e->size[l];
            for (size_t k = 0; k < e->n_in; k++)
                base[k] += e->step[k][l] * (wraps ? 1 - e->size[l] : 1);
            if (!wraps)
                break;
            at[l] = 0;
        }
        if (l < 0)
            return;
    }
}

/* --- as a matrix product -------------------------------------------------------------------------------------------- */

typedef enum einsum_part { PART_NONE, PART_BATCH, PART_ROW, PART_COLUMN, PART_SUM } einsum_part;

static einsum_part einsum_part_of(const einsum *e, int letter)
{
    const char c = e->letters[letter];
    const bool a = strchr(e->equation.words[0], c), b = strchr(e->equation.words[1], c), out = letter < e->n_out;
    if (a && b)
        return out ? PART_BATCH : PART_SUM;
    return !out ? PART_NONE : a ? PART_ROW : PART_COLUMN;
}

static bool einsum_is_product(const einsum *e)
{
    if (e->n_in != 2)
        return false;
    for (size_t k = 0; k < 2; k++)
        for (const char *p = e->equation.words[k]; *p; p++)
            if (strchr(p + 1, *p))
                return false;
    for (int i = 0; i < e->n_letters; i++)
        if (einsum_part_of(e, i) == PART_NONE)
            return false;
    return true;
}

/* Source k with its letters in the order of three parts, as [first, second, third]. */
static as_buf *einsum_ordered(as_plan *plan, const einsum *e, size_t k, const einsum_part *parts, as_buf *src,
                              as_err *err)
{
    as_copy  copy = {.rank = 0, .bytes = sizeof(float)};
    as_shape three = {.rank = 3, .dims = {1, 1, 1}}, whole = {.rank = 0};
    for (int p = 0; p < 3; p++)
        for (int l = 0; l < e->n_letters; l++) {
            if (einsum_part_of(e, l) != parts[p])
                continue;
            copy.dims[copy.rank] = whole.dims[whole.rank++] = e->size[l];
            copy.src_step[copy.rank++] = e->step[k][l];
            three.dims[p] *= e->size[l];
        }
    as_op_row_major(&whole, copy.dst_step);
    bool same = true;
    for (int i = 0; i < copy.rank; i++)
        same = same && (copy.dims[i] == 1 || copy.src_step[i] == copy.dst_step[i]);
    if (same)
        return as_plan_reshaped(plan, src, &three, err);
    as_buf *to = as_plan_new(plan, AS_DTYPE_F32, &three, NULL, err);
    return to && as_op_copy(plan, &copy, src, to, err) ? to : NULL;
}

/* From [batch, row, column], each of its letters in order, to the letters of the result. */
static bool einsum_put_back(as_plan *plan, const einsum *e, as_buf *product, as_buf *out, as_err *err)
{
    static const einsum_part parts[] = {PART_BATCH, PART_ROW, PART_COLUMN};
    as_copy                  copy = {.rank = e->n_out, .bytes = sizeof(float)};
    int64_t                  step = 1;
    as_op_row_major(&out->shape, copy.dst_step);
    for (int p = 2; p >= 0; p--)
        for (int l = e->n_out - 1; l >= 0; l--) {
            if (einsum_part_of(e, l) != parts[p])
                continue;
            copy.dims[l] = e->size[l];
            copy.src_step[l] = step;
            step *= e->size[l];
        }
    return as_op_copy(plan, &copy, product, out, err);
}

static bool einsum_in_order(const einsum *e)
{
    einsum_part last = PART_BATCH;
    for (int l = 0; l < e->n_out; l++) {
        if (einsum_part_of(e, l) < last)
            return false;
        last = einsum_part_of(e, l);
    }
    return true;
}

/* uses: y, a, b */
static void einsum_mat_work(void *ctx, int unit)
{
    const as_step *step = ctx;
    as_mat_run(step->data, unit, step->uses.at[1].buf->data, step->uses.at[2].buf->data, NULL,
               step->uses.at[0].buf->data);
}

static void einsum_mat_run(const as_step *step)
{
    const as_mat *mat = step->data;
    as_gang_run(step->gang, (uint32_t)mat->units, step->more, einsum_mat_work, (void *)(uintptr_t)step);
}

static bool einsum_product(as_plan *plan, const as_node *node, const einsum *e, as_buf *const *ins, as_err *err)
{
    static const einsum_part left[] = {PART_BATCH, PART_ROW, PART_SUM}, right[] = {PART_BATCH, PART_SUM, PART_COLUMN};
    as_buf                  *a = einsum_ordered(plan, e, 0, left, ins[0], err);
    as_buf                  *b = a ? einsum_ordered(plan, e, 1, right, ins[1], err) : NULL;
    if (!b)
        return false;
    const int64_t  n_batch = a->shape.dims[0], m = a->shape.dims[1], k = a->shape.dims[2], n = b->shape.dims[2];
    const as_shape shape = {.rank = 3, .dims = {n_batch, m, n}};
    as_buf        *out = as_plan_out(plan, node, 0, NULL, err);
    as_buf        *to = !out || einsum_in_order(e) ? out : as_plan_new(plan, AS_DTYPE_F32, &shape, NULL, err);
    as_mat         mat = {.m = m,
                          .n = n,
                          .k = k,
                          .a_row = k,
                          .a_col = 1,
                          .b_row = n,
                          .b_col = 1,
                          .factor = 1.0f,
                          .rank = 1,
                          .batch = {n_batch},
                          .a_step = {m * k},
                          .b_step = {k * n}};
    as_buf        *both[] = {a, b};
    as_mat_divide(&mat, plan->threads);
    if (!to || !as_op_step(plan, einsum_mat_run, &mat, sizeof mat, to, both, 2, err))
        return false;
    as_step *step = plan->steps.at[plan->steps.n - 1];
    step->how = "kernel: product of matrices";
    return as_plan_help(plan, step, (size_t)mat.units, err) && (to == out || einsum_put_back(plan, e, to, out, err));
}

static bool einsum_plan(as_plan *plan, const as_node *node, as_err *err)
{
    einsum  e = {.n_in = node->n_inputs};
    as_buf *ins[EINSUM_INPUTS];
    if (e.n_in > EINSUM_INPUTS)
        return AS_FAIL(err, AS_EUNSUPPORTED, "more than %d inputs", EINSUM_INPUTS);
    for (size_t k = 0; k < e.n_in; k++) {
        ins[k] = as_plan_plain(plan, node->inputs[k], err);
        if (!ins[k])
            return false;
        if ((ins[k]->dtype != AS_DTYPE_F32 && ins[k]->dtype != AS_DTYPE_F64) || ins[k]->bytes == 0)
            return AS_FAIL(err, AS_EUNSUPPORTED, "only f32 and f64, and something of it");
    }
    if (!einsum_read(node, ins, &e, err))
        return false;
    if (ins[0]->dtype == AS_DTYPE_F32 && einsum_is_product(&e))
        return einsum_product(plan, node, &e, ins, err);
    double terms = 1.0;
    for (int i = 0; i < e.n_letters; i++)
        terms *= (double)e.size[i];
    if (terms > EINSUM_MOST)
        return AS_FAIL(err, AS_ELIMIT, "it sums %.2g terms one by one, more than %.0g (write it as matrix products)",
                       terms, EINSUM_MOST);
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, einsum_run, &e, sizeof e, out, ins, e.n_in, err);
}

const as_op as_op_einsum = {"Einsum", einsum_plan};
