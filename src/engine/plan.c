/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/quant.h"

#include <stdlib.h>
#include <string.h>

#include "engine/profile_plan.h"
#include "graph/cost.h"

#define PLAN_ALIGN      ((size_t)64)
#define PLAN_FOLD_BYTES ((size_t)2 << 30)    /* of what is computed of constants, all of it together */
#define PLAN_FOLD_WORK  UINT64_C(8000000000) /* as_graph_work_of() of that: some ten seconds where it is plain C */

static void *plan_alloc(size_t bytes)
{
    size_t size = (AS_MAX(bytes, 1u) + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
    void  *data = aligned_alloc(PLAN_ALIGN, size);
    if (data)
        memset(data, 0, size);
    return data;
}

/* --- buffers ------------------------------------------------------------------------------------------------------ */

static as_buf *plan_new_buf(as_plan *plan, as_buf_kind kind, as_dtype dtype, const as_shape *shape,
                            const as_layout *layout, as_err *err)
{
    size_t count, bytes;
    if (!as_shape_count(shape, &count) || !as_size_mul(count, as_dtype_bytes(dtype), &bytes) ||
        bytes > AS_TENSOR_MAX_BYTES) {
        AS_FAIL(err, AS_EUNSUPPORTED, "a value's size is not known or too large");
        return NULL;
    }
    if (!layout && dtype == AS_DTYPE_F32 && shape->rank > 0 && count > 0) {
        layout = as_layout_plain(plan->dnn, shape, err);
        if (!layout)
            return NULL;
    }
    as_buf *buf = calloc(1, sizeof *buf);
    if (!buf || !as_vec_push(&plan->bufs, buf)) {
        free(buf);
        AS_FAIL(err, AS_ENOMEM, "out of memory for a buffer");
        return NULL;
    }
    *buf = (as_buf){.kind = kind, .dtype = dtype, .shape = *shape, .layout = layout, .root = buf};
    buf->bytes = layout ? as_layout_bytes(layout) : bytes;
    return buf;
}

static bool plan_own(as_buf *root, as_err *err)
{
    root->own = as_weights_new(root->bytes, err);
    root->data = root->own ? as_weights_data(root->own) : NULL;
    return root->own != NULL;
}

as_buf *as_plan_new_constant(as_plan *plan, as_dtype dtype, const as_shape *shape, const as_layout *layout, as_err *err)
{
    as_buf *buf = plan_new_buf(plan, AS_BUF_CONSTANT, dtype, shape, layout, err);
    if (!buf)
        return NULL;
    return plan_own(buf, err) ? buf : NULL;
}

void as_plan_drop(as_buf *constant)
{
    constant->own = as_weights_unref(constant->own);
    constant->data = NULL;
}

/* Bytes of the largest constant in the graph. */
static size_t plan_largest(const as_plan *plan)
{
    size_t largest = 0;
    for (size_t id = 0; id < as_graph_n_values(plan->graph); id++) {
        const as_tensor *t = as_graph_value(plan->graph, (int32_t)id)->constant;
        largest = AS_MAX(largest, t ? as_tensor_count(t) * as_dtype_bytes(t->dtype) : 0);
    }
    return largest;
}

/* The same numbers where they stand aligned: data, or a copy that is valid until the next call. */
static const void *plan_aligned(as_plan *plan, const void *data, size_t bytes, size_t align, as_err *err)
{
    if ((uintptr_t)data % align == 0)
        return data;
    if (!plan->bounce || as_weights_bytes(plan->bounce) < bytes) {
        as_weights_unref(plan->bounce);
        plan->bounce = as_weights_new(AS_MAX(bytes, plan_largest(plan)), err);
    }
    if (!plan->bounce)
        return NULL;
    memcpy(as_weights_data(plan->bounce), data, bytes);
    return as_weights_data(plan->bounce);
}

as_buf *as_plan_packed(as_plan *plan, as_dtype dtype, const void *data, const as_shape *shape, const as_layout *want,
                       as_err *err)
{
    const as_layout *plain = as_layout_of(plan->dnn, dtype, AS_ORDER_PLAIN, shape, err);
    as_buf          *buf = plain ? as_plan_new_constant(plan, dtype, shape, want ? want : plain, err) : NULL;
    if (!buf)
        return NULL;
    if (buf->layout == plain) {
        memcpy(buf->data, data, buf->bytes);
        return buf;
    }
    const void *at = plan_aligned(plan, data, as_layout_bytes(plain), as_dtype_bytes(dtype), err);
    return at && as_onednn_convert(plan->dnn, plain, at, want, buf->data, err) ? buf : NULL;
}

as_buf *as_plan_new(as_plan *plan, as_dtype dtype, const as_shape *shape, const as_layout *layout, as_err *err)
{
    return plan_new_buf(plan, AS_BUF_ARENA, dtype, shape, layout, err);
}

as_buf *as_plan_new_input(as_plan *plan, size_t i, as_dtype dtype, const as_shape *shape, const as_layout *layout,
                          as_err *err)
{
    as_buf *buf = plan_new_buf(plan, AS_BUF_INPUT, dtype, shape, layout, err);
    if (buf)
        buf->input = i;
    return buf;
}

void as_plan_set(as_plan *plan, int32_t value, as_buf *buf)
{
    plan->of_value[value] = buf;
    buf->root->pending += plan->n_users[value];
}

bool as_plan_move_into(as_plan *plan, as_buf *part, as_buf *whole, size_t offset)
{
    as_buf *old = part->root;
    if (old->kind != AS_BUF_ARENA || old == whole->root || part->offset != 0 || part->bytes != old->bytes ||
        !old->used || whole->root != whole)
        return false;
    whole->first = whole->used ? AS_MIN(whole->first, old->first) : old->first;
    whole->last = whole->used ? AS_MAX(whole->last, old->last) : old->last;
    whole->used = true;
    whole->pending += old->pending;
    for (size_t i = 0; i < plan->bufs.n; i++) {
        as_buf *buf = plan->bufs.at[i];
        if (buf->root != old)
            continue;
        buf->root = whole;
        buf->offset += offset;
    }
    return true;
}

bool as_plan_may_overwrite(const as_plan *plan, const as_buf *buf)
{
    (void)plan;
    return buf->root->kind == AS_BUF_ARENA && buf->root->pending == 1 && buf->bytes == buf->root->bytes &&
           buf->offset == 0;
}

as_buf *as_plan_out(as_plan *plan, const as_node *node, size_t i, const as_layout *layout, as_err *err)
{
    int32_t         id = node->outputs[i];
    const as_value *value = as_graph_value(plan->graph, id);
    as_buf         *buf = plan_new_buf(plan, AS_BUF_ARENA, value->dtype, &value->shape, layout, err);
    if (buf)
        as_plan_set(plan, id, buf);
    return buf;
}

as_buf *as_plan_out_over(as_plan *plan, const as_node *node, as_buf *in, as_err *err)
{
    bool    over = as_plan_may_overwrite(plan, in);
    as_buf *buf = as_plan_out(plan, node, 0, in->layout, err);
    if (buf && over && buf->bytes == in->bytes) {
        in->root->pending += buf->pending;
        buf->root = in->root;
    }
    return buf;
}

static as_buf *plan_reshape(as_plan *plan, as_buf *of, as_dtype dtype, const as_shape *shape, as_err *err)
{
    as_buf *buf = plan_new_buf(plan, of->kind, dtype, shape, NULL, err);
    if (!buf)
        return NULL;
    if (buf->bytes != of->bytes || (of->layout && !as_layout_is_plain(of->layout))) {
        AS_FAIL(err, AS_EUNSUPPORTED, "a value cannot be seen in another shape");
        return NULL;
    }
    buf->root = of->root;
    buf->offset = of->offset;
    buf->data = of->data;
    return buf;
}

as_buf *as_plan_reshaped(as_plan *plan, as_buf *buf, const as_shape *shape, as_err *err)
{
    return plan_reshape(plan, buf, buf->dtype, shape, err);
}

bool as_plan_view(as_plan *plan, const as_node *node, size_t i, as_buf *of, as_err *err)
{
    const as_value *value = as_graph_value(plan->graph, node->outputs[i]);
    as_buf         *buf = plan_reshape(plan, of, value->dtype, &value->shape, err);
    if (buf)
        as_plan_set(plan, node->outputs[i], buf);
    return buf != NULL;
}

/* --- inputs ------------------------------------------------------------------------------------------------------- */

const as_value *as_plan_in(const as_plan *plan, const as_node *node, size_t i)
{
    if (i >= node->n_inputs || node->inputs[i] < 0)
        return NULL;
    return as_graph_value(plan->graph, node->inputs[i]);
}

/* The graph's constant where it stands, until it is known who needs it when the graph is gone; a copy where it is not
 * aligned to its type. */
static as_buf *plan_lend(as_plan *plan, const as_tensor *constant, as_err *err)
{
    as_buf *buf = plan_new_buf(plan, AS_BUF_CONSTANT, constant->dtype, &constant->shape, NULL, err);
    if (!buf)
        return NULL;
    buf->data = constant->data;
    return (uintptr_t)buf->data % as_dtype_bytes(buf->dtype) == 0 || as_plan_keep(buf, err) ? buf : NULL;
}

bool as_plan_keep(as_buf *constant, as_err *err)
{
    const void *from = constant->data;
    if (constant->own)
        return true;
    if (!plan_own(constant, err))
        return false;
    if (constant->bytes)
        memcpy(constant->data, from, constant->bytes);
    return true;
}

as_buf *as_plan_raw(as_plan *plan, int32_t value, as_err *err)
{
    const as_value *v = as_graph_value(plan->graph, value);
    if (plan->of_value[value])
        return plan->of_value[value];
    if (plan->quants[value].buf)
        return as_quant_restore(plan, value, err);
    if (!v->constant) {
        AS_FAIL(err, AS_EUNSUPPORTED, "'%s' is used before it is computed", v->name);
        return NULL;
    }
    as_buf *buf = plan_lend(plan, v->constant, err);
    if (buf)
        as_plan_set(plan, value, buf);
    return buf;
}

as_buf *as_plan_converted(as_plan *plan, as_buf *buf, const as_layout *layout, as_err *err)
{
    if (buf->kind == AS_BUF_CONSTANT) {
        as_buf *to = as_plan_new_constant(plan, buf->dtype, &buf->shape, layout, err);
        if (!to || !as_onednn_convert(plan->dnn, buf->layout, buf->data, layout, to->data, err))
            return NULL;
        return to;
    }
    as_prim *prim = as_prim_reorder(plan->dnn, buf->layout, layout, err);
    if (!prim)
        return NULL;
    as_buf  *to = plan_new_buf(plan, AS_BUF_ARENA, buf->dtype, &buf->shape, layout, err);
    as_step *step = to ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    if (!step || !as_step_use(plan, step, AS_ARG_DST, to, err) || !as_step_use(plan, step, AS_ARG_SRC, buf, err))
        return NULL;
    step->is_reorder = true;
    return to;
}

as_buf *as_plan_as(as_plan *plan, int32_t value, const as_layout *layout, as_err *err)
{
    as_buf *buf = as_plan_raw(plan, value, err);
    if (!buf || buf->layout == layout || !layout)
        return buf;
    if (!buf->layout) {
        AS_FAIL(err, AS_EUNSUPPORTED, "'%s' is not f32", as_graph_value(plan->graph, value)->name);
        return NULL;
    }
    for (size_t i = 0; i < plan->alternates.n; i++)
        if (plan->alternates.at[i].value == value && plan->alternates.at[i].buf->layout == layout)
            return plan->alternates.at[i].buf;
    as_buf *to = as_plan_converted(plan, buf, layout, err);
    /* Whoever reads the value after this may read it here: nobody writes over it, whatever else is seen in its memory. */
    if (to)
        to->root->pending += 2;
    if (to && !as_vec_push(&plan->alternates, ((struct as_alternate){value, to}))) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for a buffer");
        return NULL;
    }
    return to;
}

as_buf *as_plan_buf(as_plan *plan, int32_t value, as_err *err)
{
    as_buf *buf = as_plan_raw(plan, value, err);
    if (!buf || !buf->layout || !as_layout_is_narrow(buf->layout))
        return buf;
    const as_layout *wide = as_layout_wide(plan->dnn, buf->layout, err);
    return wide ? as_plan_as(plan, value, wide, err) : NULL;
}

as_buf *as_plan_plain(as_plan *plan, int32_t value, as_err *err)
{
    as_buf *buf = as_plan_raw(plan, value, err);
    if (!buf || !buf->layout || as_layout_is_plain(buf->layout))
        return buf;
    const as_layout *plain = as_layout_of(plan->dnn, buf->dtype, AS_ORDER_PLAIN, &buf->shape, err);
    return plain ? as_plan_as(plan, value, plain, err) : NULL;
}

const as_tensor *as_plan_constant(const as_plan *plan, const as_node *node, size_t i)
{
    const as_value *value = as_plan_in(plan, node, i);
    return value ? value->constant : NULL;
}

bool as_plan_floats(const as_tensor *constant, float **ret, as_err *err)
{
    size_t n = as_tensor_count(constant);
    if (constant->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "a constant is %s and not f32", as_dtype_name(constant->dtype));
    float *data = plan_alloc(n * sizeof *data);
    if (!data)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a constant");
    if (n)
        memcpy(data, constant->data, n * sizeof *data);
    *ret = data;
    return true;
}

bool as_plan_ints(const as_plan *plan, const as_node *node, size_t i, const char *attr, int64_t *ret, size_t *ret_n)
{
    const as_tensor *t = as_plan_constant(plan, node, i);
    const int64_t   *ints;
    size_t           n;
    if (t) {
        n = as_tensor_count(t);
        if (n > AS_TENSOR_MAX_RANK || (t->dtype != AS_DTYPE_I64 && t->dtype != AS_DTYPE_I32))
            return false;
        for (size_t k = 0; k < n; k++) {
            int32_t narrow;
            if (t->dtype == AS_DTYPE_I64) {
                memcpy(&ret[k], (const char *)t->data + k * sizeof *ret, sizeof *ret);
            } else {
                memcpy(&narrow, (const char *)t->data + k * sizeof narrow, sizeof narrow);
                ret[k] = narrow;
            }
        }
    } else {
        if (!attr || !as_node_ints(node, attr, &ints, &n) || n > AS_TENSOR_MAX_RANK)
            return false;
        if (n)
            memcpy(ret, ints, n * sizeof *ret);
    }
    *ret_n = n;
    return true;
}

float as_plan_float_or(const as_node *node, const char *attr, float otherwise)
{
    float f;
    return as_node_float(node, attr, &f) ? f : otherwise;
}

int64_t as_plan_int_or(const as_node *node, const char *attr, int64_t otherwise)
{
    int64_t i;
    return as_node_int(node, attr, &i) ? i : otherwise;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static as_step *step_free(as_step *step)
{
    if (!step)
        return NULL;
    as_vec_done(&step->uses);
    free(step->data);
    free(step->about);
    free(step);
    return NULL;
}

as_step *as_plan_step(as_plan *plan, as_prim *prim, void (*run)(const as_step *), size_t data_bytes, as_err *err)
{
    as_step *step = calloc(1, sizeof *step);
    if (step && data_bytes)
        step->data = calloc(1, data_bytes);
    if (!step || (data_bytes && !step->data) || !as_vec_push(&plan->steps, step)) {
        step_free(step);
        AS_FAIL(err, AS_ENOMEM, "out of memory for a step");
        return NULL;
    }
    step->prim = prim;
    step->run = run;
    const as_layout *scratch = prim ? as_prim_layout(prim, AS_ARG_SCRATCH) : NULL;
    if (scratch)
        plan->scratch_bytes = AS_MAX(plan->scratch_bytes, as_layout_bytes(scratch));
    return step;
}

bool as_plan_help(as_plan *plan, as_step *step, size_t units, as_err *err)
{
    if (plan->threads <= 1 || units <= 1)
        return true;
    if (!plan->gang)
        plan->gang = as_gang_new((uint32_t)plan->threads - 1, err);
    step->gang = plan->gang;
    return plan->gang != NULL;
}

bool as_step_use(as_plan *plan, as_step *step, as_arg arg, as_buf *buf, as_err *err)
{
    if (!as_vec_push(&step->uses, ((as_use){arg, buf})))
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a step");
    as_buf *root = buf->root;
    size_t  now = plan->steps.n - 1;
    if (!root->used)
        root->first = now;
    root->used = true;
    root->last = now;
    return true;
}

bool as_step_run(const as_step *step, as_err *err)
{
    if (step->prim)
        return as_prim_run(step->prim, err);
    if (step->attempt)
        return step->attempt(step, err) || as_err_note(err, "%s", step->about ? step->about : "a node");
    step->run(step);
    return true;
}

bool as_step_bind(as_step *step, void *scratch, as_err *err)
{
    if (!step->prim)
        return true;
    if (as_prim_layout(step->prim, AS_ARG_SCRATCH) && !as_prim_bind(step->prim, AS_ARG_SCRATCH, scratch, err))
        return false;
    for (size_t i = 0; i < step->uses.n; i++)
        if (!as_prim_bind(step->prim, step->uses.at[i].arg, step->uses.at[i].buf->data, err))
            return false;
    return true;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool plan_count_users(as_plan *plan, as_err *err)
{
    size_t n_nodes = as_graph_n_nodes(plan->graph), n_values = as_graph_n_values(plan->graph);
    plan->of_value = calloc(AS_MAX(n_values, 1u), sizeof(as_buf *));
    plan->n_users = calloc(AS_MAX(n_values, 1u), sizeof *plan->n_users);
    plan->only_user = calloc(AS_MAX(n_values, 1u), sizeof *plan->only_user);
    plan->planned = calloc(AS_MAX(n_nodes, 1u), sizeof *plan->planned);
    if (!plan->of_value || !plan->n_users || !plan->only_user || !plan->planned)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a plan of %zu nodes", n_nodes);
    for (size_t i = 0; i < n_values; i++)
        plan->only_user[i] = -1;
    for (size_t i = 0; i < n_nodes; i++) {
        const as_node *node = as_graph_node(plan->graph, i);
        for (size_t k = 0; k < node->n_inputs; k++) {
            if (node->inputs[k] < 0)
                continue;
            plan->only_user[node->inputs[k]] = plan->n_users[node->inputs[k]]++ == 0 ? (int32_t)i : -1;
        }
    }
    for (size_t i = 0; i < as_graph_n_outputs(plan->graph); i++) {
        int32_t id = as_graph_output(plan->graph, i);
        plan->n_users[id]++;
        plan->only_user[id] = -1;
    }
    return true;
}

bool as_plan_init(as_plan *plan, as_graph *graph, as_onednn *dnn, as_err *err)
{
    *plan = (as_plan){.graph = graph, .dnn = dnn};
    if (!plan_count_users(plan, err) || !as_quant_init(plan, err))
        return false;
    plan->inputs = calloc(AS_MAX(as_graph_n_inputs(graph), 1u), sizeof *plan->inputs);
    if (!plan->inputs)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a plan");
    for (size_t i = 0; i < as_graph_n_inputs(graph); i++) {
        int32_t         id = as_graph_input(graph, i);
        const as_value *value = as_graph_value(graph, id);
        as_buf         *buf = as_plan_new_input(plan, i, value->dtype, &value->shape, NULL, err);
        if (!buf)
            return as_err_note(err, "input '%s'", value->name);
        as_plan_set(plan, id, buf);
    }
    return true;
}

/* Where a value stands, as itself or as integers; NULL: nowhere yet. */
static as_buf *plan_where(const as_plan *plan, int32_t value)
{
    if (value < 0)
        return NULL;
    return plan->of_value[value] ? plan->of_value[value] : plan->quants[value].buf;
}

void as_plan_absorb(as_plan *plan, size_t node_index)
{
    const as_node *node = as_graph_node(plan->graph, node_index);
    plan->planned[node_index] = true;
    as_profile_absorb(plan->profile, node_index);
    for (size_t k = 0; k < node->n_inputs; k++) {
        as_buf *buf = plan_where(plan, node->inputs[k]);
        if (buf)
            buf->root->pending--;
    }
}

static bool plan_is_constant(const as_plan *plan, const as_node *node)
{
    for (size_t k = 0; k < node->n_inputs; k++) {
        if (node->inputs[k] < 0)
            continue;
        const as_buf *buf = plan_where(plan, node->inputs[k]);
        if (buf ? buf->root->kind != AS_BUF_CONSTANT : !as_graph_value(plan->graph, node->inputs[k])->constant)
            return false;
    }
    return true;
}

/* Runs the steps from `from` on, which work on constants alone, and forgets them. */
static bool plan_fold(as_plan *plan, size_t from, as_err *err)
{
    bool  ok = true;
    void *scratch = plan->scratch_bytes ? plan_alloc(plan->scratch_bytes) : NULL;
    if (plan->scratch_bytes && !scratch)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a constant");
    for (size_t s = from; ok && s < plan->steps.n; s++) {
        as_step *step = plan->steps.at[s];
        for (size_t i = 0; ok && i < step->uses.n; i++) {
            as_buf *buf = step->uses.at[i].buf, *root = buf->root;
            if (!root->data && (plan->folded_bytes += root->bytes) > PLAN_FOLD_BYTES)
                ok =
                    AS_FAIL(err, AS_ELIMIT, "what is computed of constants would take %zu bytes of memory, at most %zu",
                            plan->folded_bytes, PLAN_FOLD_BYTES);
            ok = ok && (root->data || plan_own(root, err));
            root->kind = buf->kind = AS_BUF_CONSTANT;
            root->used = root->used && root->first < from; /* by steps that stay */
            buf->data = ok && root->data ? (char *)root->data + buf->offset : NULL;
        }
        ok = ok && as_step_bind(step, scratch, err);
        ok = ok && as_step_run(step, err);
    }
    while (plan->steps.n > from)
        step_free(plan->steps.at[--plan->steps.n]);
    for (size_t i = 0; i < plan->bufs.n; i++) {
        as_buf *buf = plan->bufs.at[i];
        if (buf->root->kind != AS_BUF_CONSTANT)
            continue;
        buf->kind = AS_BUF_CONSTANT;
        buf->data = buf->root->data ? (char *)buf->root->data + buf->offset : NULL; /* it may have been dropped */
    }
    free(scratch);
    return ok;
}

/* Of a node without a name that of what it makes. */
static const char *plan_node_name(const as_plan *plan, const as_node *node)
{
    for (size_t i = 0; !*node->name && i < node->n_outputs; i++)
        if (node->outputs[i] >= 0)
            return as_graph_value(plan->graph, node->outputs[i])->name;
    return node->name;
}

/* Steps that may fail tell of which node they are. */
static bool plan_label(as_plan *plan, const as_node *node, size_t from, as_err *err)
{
    char about[300];
    snprintf(about, sizeof about, "node '%.200s' (%.60s)", plan_node_name(plan, node), node->op);
    for (size_t i = from; i < plan->steps.n; i++)
        if (plan->steps.at[i]->attempt && !(plan->steps.at[i]->about = strdup(about)))
            return AS_FAIL(err, AS_ENOMEM, "out of memory for a step");
    return true;
}

/* What is computed of constants takes time when a model is opened: no more than that. */
static bool plan_may_fold(as_plan *plan, const as_node *node, as_err *err)
{
    const uint64_t work = as_graph_work_of(plan->graph, node);
    plan->folded_work += AS_MIN(work, PLAN_FOLD_WORK + 1);
    return plan->folded_work <= PLAN_FOLD_WORK ||
           AS_FAIL(err, AS_ELIMIT,
                   "what is computed of constants would take more than %.2g steps (compute it before the model is "
                   "written)",
                   (double)PLAN_FOLD_WORK);
}

/* These pack what they read at once, and nobody else reads this constant: not another node, nor whoever sees it in another
 * shape (which takes a node), nor a buffer that it was lent to. */
static bool plan_is_spent(const as_plan *plan, const as_node *node, int32_t id)
{
    static const char *const packs[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    const as_buf            *buf = plan->of_value[id];
    const as_value          *value = as_graph_value(plan->graph, id);
    if (value->producer >= 0 || plan->n_users[id] != 1 || (buf && buf->data == value->constant->data))
        return false;
    for (size_t i = 0; i < AS_COUNT(packs); i++)
        if (strcmp(node->op, packs[i]) == 0)
            return true;
    return false;
}

/* Its constants have been packed: what is left of the file would be there twice. */
static void plan_pass(const as_plan *plan, const as_node *node)
{
    for (size_t k = 0; k < node->n_inputs; k++) {
        const as_value *value = as_plan_in(plan, node, k);
        if (value && value->constant)
            as_graph_pass(plan->graph, value->constant, plan_is_spent(plan, node, node->inputs[k]));
    }
}

bool as_plan_nodes(as_plan *plan, as_err *err)
{
    if (!as_bounded_spread(plan, err))
        return false;
    for (size_t i = 0; i < as_graph_n_nodes(plan->graph); i++) {
        if (plan->planned[i])
            continue;
        const as_node *node = as_graph_node(plan->graph, i);
        const as_op   *op = as_op_find(node->op);
        size_t         from = plan->steps.n;
        as_profile_begin(plan->profile);
        if (node->n_outputs > 0 && node->outputs[0] >= 0 && as_graph_value(plan->graph, node->outputs[0])->constant) {
            as_plan_absorb(plan, i);
            continue;
        }
        if (!op) {
            AS_FAIL(err, AS_EUNSUPPORTED, "operator '%s' (node '%s') cannot be run by this engine", node->op,
                    plan_node_name(plan, node));
            return false;
        }
        bool constant = plan_is_constant(plan, node), done = false;
        if ((constant && !plan_may_fold(plan, node, err)) || !as_quant_plan(plan, node, &done, err) ||
            (!done && !op->plan(plan, node, err)) || !plan_label(plan, node, from, err) ||
            (constant && !plan_fold(plan, from, err)))
            return as_err_note(err, "node '%.200s' (%s)", plan_node_name(plan, node), node->op);
        as_plan_absorb(plan, i);
        if (!as_profile_note(plan, i, from, err))
            return false;
        plan_pass(plan, node);
    }
    return true;
}

static int roots_by_size(const void *pa, const void *pb)
{
    const as_buf *a = *(as_buf *const *)pa, *b = *(as_buf *const *)pb;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    if (a->first != b->first)
        return a->first > b->first ? 1 : -1;
    return 0;
}

/* The lowest place where nothing that lives at the same time stands. */
static size_t place_of(as_buf *const *placed, size_t n, const as_buf *buf)
{
    size_t place = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < n; i++) {
            const as_buf *p = placed[i];
            if (p->last < buf->first || buf->last < p->first)
                continue;
            if (p->place >= place + buf->bytes || place >= p->place + p->bytes)
                continue;
            place = (p->place + p->bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
            moved = true;
        }
    }
    return place;
}

bool as_plan_place(as_plan *plan, size_t *ret_bytes, size_t *ret_scratch, as_err *err)
{
    size_t   n = 0, end = 0;
    as_buf **roots = calloc(AS_MAX(plan->bufs.n, 1u), sizeof *roots);
    if (!roots)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a plan");
    for (size_t i = 0; i < plan->bufs.n; i++) {
        as_buf *buf = plan->bufs.at[i];
        if (buf->root == buf && buf->kind == AS_BUF_ARENA && buf->used)
            roots[n++] = buf;
    }
    qsort(roots, n, sizeof *roots, roots_by_size);
    for (size_t i = 0; i < n; i++) {
        roots[i]->place = place_of(roots, i, roots[i]);
        end = AS_MAX(end, roots[i]->place + roots[i]->bytes);
    }
    free(roots);
    end = (end + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
    *ret_scratch = end;
    *ret_bytes = end + (plan->scratch_bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
    return true;
}

void as_plan_done(as_plan *plan)
{
    for (size_t i = 0; i < plan->steps.n; i++)
        step_free(plan->steps.at[i]);
    for (size_t i = 0; i < plan->bufs.n; i++) {
        as_buf *buf = plan->bufs.at[i];
        as_weights_unref(buf->own);
        free(buf);
    }
    as_vec_done(&plan->steps);
    as_vec_done(&plan->bufs);
    as_vec_done(&plan->alternates);
    free(plan->of_value);
    free(plan->n_users);
    free(plan->only_user);
    free(plan->planned);
    free(plan->quants);
    free(plan->inputs);
    as_bounded_done(&plan->bounded);
    as_profile_free(plan->profile);
    as_weights_unref(plan->bounce);
    as_gang_free(plan->gang);
    *plan = (as_plan){0};
}
