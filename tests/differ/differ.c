/* SPDX-License-Identifier: Apache-2.0 */
#include "differ.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "graph/review.h"
#include "infer/infer.h"

#define NEAR_RATIO   2e-5    /* of the largest: what sums in another order may differ by */
#define WHOLE_RATIO  1e-3    /* after several nodes, before a node is tried alone */
#define ROUNDING     0x1p-24 /* of one operation of f32 */
#define LOG2_MOST    126     /* of a product on its way */
#define LARGE        30      /* of what is normalised */
#define ONE_STEP     (-1.0)
#define TOO_LARGE    1e15
#define SCALE_MOST   100
#define NUDGE_RATIO  1e-6
#define NUDGES       6
#define MOST_OUTPUTS (GEN_NODES * GEN_OUTPUTS)

typedef struct differ_run {
    as_session *session;
    as_tensor   outputs[MOST_OUTPUTS]; /* its own memory */
    size_t      n;
} differ_run;

typedef struct differ_job {
    const gen *g;
    as_graph  *graph; /* every value shown, shapes inferred */
    as_str     all, leaves;
    differ_run native, ort, fused;
    bool       equal[GEN_VALUES]; /* of made values: to the bit */
    bool       same_inputs;       /* of the node that is tried alone: our own result must be that, too */
    differ    *d;
} differ_job;

const char *differ_kind_name(differ_kind kind)
{
    static const char *const names[] = {
        [DIFFER_NONE] = "none",
        [DIFFER_EQUAL] = "equal",
        [DIFFER_AMPLIFIED] = "equal node by node, a last digit made more of",
        [DIFFER_ORT_ITSELF] = "ort gives other numbers than for the node alone, native the same",
        [DIFFER_NATIVE_REFUSES] = "refused by native",
        [DIFFER_ORT_REFUSES] = "refused by ort",
        [DIFFER_ORT] = "native and ort DISAGREE",
        [DIFFER_FUSED] = "fused and plain DISAGREE",
        [DIFFER_FAILED] = "native FAILED",
    };
    return names[kind];
}

bool differ_is_bad(differ_kind kind)
{
    return kind == DIFFER_ORT || kind == DIFFER_FUSED || kind == DIFFER_FAILED;
}

/* --- running --- */

/* Fed: from the graph's seed; or, where `values` is not NULL, what that run gave. nudge: a little noise on each number. */
static bool differ_feed(const differ_job *job, const as_port *port, const differ_run *values, uint64_t nudge,
                        as_tensor *ret, as_err *err)
{
    int id = gen_value_of(port->name);
    if (values && job->g->values[id].source == GEN_MADE) {
        for (size_t i = 0; i < values->n; i++)
            if (strcmp(as_session_output(values->session, i)->name, port->name) == 0) {
                *ret = as_tensor_view(values->outputs[i].dtype, &values->outputs[i].shape, values->outputs[i].data);
                return true;
            }
        return AS_FAIL(err, AS_EINTERNAL, "no value '%s'", port->name);
    }
    if (!gen_fill(job->g, id, ret, err))
        return false;
    as_rng rng = as_rng_stream(nudge, (uint64_t)id);
    for (size_t i = 0; nudge && ret->dtype == AS_DTYPE_F32 && i < as_tensor_count(ret); i++)
        ((float *)ret->data)[i] *= (float)(1 + NUDGE_RATIO * as_rng_range(&rng, -1, 1));
    return true;
}

static bool differ_run_once(const differ_job *job, differ_run *run, const differ_run *values, uint64_t nudge,
                            as_err *err)
{
    as_tensor inputs[GEN_VALUES] = {{0}};
    size_t    n_in = as_session_n_inputs(run->session);
    bool      ok = true;
    run->n = as_session_n_outputs(run->session);
    for (size_t i = 0; ok && i < n_in; i++)
        ok = differ_feed(job, as_session_input(run->session, i), values, nudge, &inputs[i], err);
    for (size_t i = 0; i < run->n && i < MOST_OUTPUTS; i++)
        run->outputs[i] = (as_tensor){0};
    ok = ok && as_session_run(run->session, inputs, run->outputs, err);
    for (size_t i = 0; i < n_in; i++)
        as_tensor_done(&inputs[i]);
    return ok;
}

static bool differ_open(differ_run *run, const as_str *model, const char *backend, as_err *err)
{
    run->session = as_session_open((const uint8_t *)model->s, model->len, "random",
                                   &(as_session_cfg){.backend = backend, .threads = 1}, err);
    return run->session != NULL;
}

/* --- comparing --- */

static bool differ_same(double a, double b, double within)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    if (isinf(a) || isinf(b)) /* one by nothing: the sign of a zero is not kept */
        return isinf(a) && isinf(b);
    return fabs(a - b) <= within;
}

static double differ_scale(const as_tensor *t)
{
    double scale = 0;
    for (size_t i = 0; i < as_tensor_count(t); i++) {
        double v = fabs(as_tensor_number(t, i));
        scale = isfinite(v) ? fmax(scale, v) : scale;
    }
    return scale;
}

/* Whole numbers made of floats: two in a thousand may be a step off, where the float lies between two. Two at least: where a
 * scale makes one number of a few hundred lie halfway, its multiples do as well. */
static size_t differ_steps(const as_tensor *a, const as_tensor *b)
{
    size_t n_off = 0, n = as_tensor_count(a);
    for (size_t i = 0; i < n; i++) {
        double off = fabs(as_tensor_number(a, i) - as_tensor_number(b, i));
        n_off += off > 0;
        if (off > 1 || n_off > 2 + n / 500)
            return i;
    }
    return SIZE_MAX;
}

/* SIZE_MAX: equal within `ratio` of the largest, of b or what b was made from; else the first number that is not. ratio 0:
 * to the bit, but for NaN. */
static size_t differ_compare(const as_tensor *a, const as_tensor *b, double ratio, double from)
{
    if (a->dtype != b->dtype || !as_shape_equal(&a->shape, &b->shape))
        return 0;
    double within = ratio * fmax(differ_scale(b), from);
    if (ratio == ONE_STEP)
        return differ_steps(a, b);
    for (size_t i = 0; i < as_tensor_count(a); i++)
        if (!differ_same(as_tensor_number(a, i), as_tensor_number(b, i), within))
            return i;
    return SIZE_MAX;
}

static void differ_say(differ_job *job, differ_kind kind, int node, const char *what, const as_tensor *a,
                       const as_tensor *b, size_t at)
{
    job->d->kind = kind;
    job->d->node = node;
    snprintf(job->d->text, sizeof job->d->text, "%s %s: number %zu is %.9g, not %.9g (largest %.4g)",
             node >= 0 ? job->g->nodes[node].op : "", what, at, as_tensor_number(a, at), as_tensor_number(b, at),
             differ_scale(b));
}

/* --- native against ort --- */

/* terms: each addition may round, to one side always where they are alike. */
static double differ_node_ratio(const gen_node *n, const as_tensor *t, double terms)
{
    if (t->dtype == AS_DTYPE_F32)
        return n->is_exact ? 0 : fmax(NEAR_RATIO, ROUNDING * terms);
    return strncmp(n->op, "QLinear", 7) == 0 ? ONE_STEP : 0;
}

static const as_tensor *differ_output(const differ_run *run, int value)
{
    for (size_t i = 0; i < run->n; i++)
        if (gen_value_of(as_session_output(run->session, i)->name) == value)
            return &run->outputs[i];
    return NULL;
}

/* Can a product of some of the node's numbers, in whatever order, be too large or too small for f32? */
static bool differ_product_leaves(const differ_job *job, const gen_node *n)
{
    const as_tensor *made = differ_output(&job->ort, n->in[0]);
    as_tensor        fed = {0};
    as_err           err = AS_ERR_NONE;
    double           up = 0, down = 0;
    if (!made && !gen_fill(job->g, n->in[0], &fed, &err))
        return true;
    const as_tensor *t = made ? made : &fed;
    for (size_t i = 0; i < as_tensor_count(t); i++) {
        const double v = fabs(as_tensor_number(t, i)), bits = v > 0 ? log2(v) : 0;
        up += fmax(bits, 0);
        down += fmax(-bits, 0);
    }
    as_tensor_done(&fed);
    return fmax(up, down) > LOG2_MOST;
}

/* How many numbers become one, where that is a sum of them. */
static double differ_terms(const differ_job *job, const gen_node *n)
{
    char   name[16];
    size_t from, to;
    if (strncmp(n->op, "Reduce", 6) != 0 && strcmp(n->op, "GlobalAveragePool") != 0)
        return 1;
    gen_name(n->in[0], name);
    const as_value *in = as_graph_value(job->graph, as_graph_find(job->graph, name));
    gen_name(n->out[0], name);
    const as_value *out = as_graph_value(job->graph, as_graph_find(job->graph, name));
    if (!as_shape_count(&in->shape, &from) || !as_shape_count(&out->shape, &to) || to == 0)
        return 1;
    return (double)from / (double)to;
}

/* What is made of n, whose largest number read is `most`, is in the last digits of what engines may round either way. */
static bool differ_is_rounding(const differ_job *job, const gen_node *n, double most)
{
    const as_tensor *out = differ_output(&job->ort, n->out[0]);
    const double     lost = ROUNDING * differ_terms(job, n) * fmax(most, 2);
    /* The logarithm makes much of what a sum has left. */
    for (size_t i = 0; strcmp(n->op, "ReduceLogSum") == 0 && out && i < as_tensor_count(out); i++)
        if (!(lost <= NEAR_RATIO * exp(as_tensor_number(out, i))))
            return true;
    if (strcmp(n->op, "ReduceProd") == 0)
        return differ_product_leaves(job, n);
    /* LRN: ONNX Runtime slides a sum of squares over the channels: what was large stays in its last digits. The others: of one
     * number, or of like ones, it takes the mean after the factor, and not before. */
    return most > LARGE && (strcmp(n->op, "LRN") == 0 || strcmp(n->op, "InstanceNormalization") == 0 ||
                            strcmp(n->op, "GroupNormalization") == 0 || strcmp(n->op, "LayerNormalization") == 0);
}

/* The largest number that ONNX Runtime read there, where numbers are made of it; a sum may be far smaller than what it is
 * of. INFINITY where one is not finite: what becomes of it is nobody's rule, and it is not compared. */
static double differ_from(const differ_job *job, int node)
{
    const gen_node *n = &job->g->nodes[node];
    double          most = 0;
    for (size_t k = 0; k < n->n_in; k++) {
        const as_tensor *t = n->in[k] >= 0 ? differ_output(&job->ort, n->in[k]) : NULL;
        for (size_t i = 0; t && t->dtype == AS_DTYPE_F32 && i < as_tensor_count(t); i++) {
            double v = fabs(as_tensor_number(t, i));
            most = fmax(most, v <= TOO_LARGE ? v : (double)INFINITY);
        }
    }
    if (differ_is_rounding(job, n, most))
        return (double)INFINITY;
    return isinf(most) ? most : fmin(fmax(most, 2), SCALE_MOST);
}

static bool differ_alone_runs(differ_job *job, int node, const as_str *model, as_err *err)
{
    const gen_node *n = &job->g->nodes[node];
    double          from = differ_from(job, node);
    differ_run      native = {0}, ort = {0};
    bool            ok = differ_open(&native, model, "native", err) && differ_open(&ort, model, "ort", err) &&
              differ_run_once(job, &native, &job->ort, 0, err) && differ_run_once(job, &ort, &job->ort, 0, err);
    for (size_t i = 0; ok && i < native.n; i++) {
        size_t at = differ_compare(&native.outputs[i], &ort.outputs[i],
                                   differ_node_ratio(n, &ort.outputs[i], differ_terms(job, n)), from);
        if (at != SIZE_MAX && !isinf(from) && !differ_is_bad(job->d->kind))
            differ_say(job, DIFFER_ORT, node, "alone", &native.outputs[i], &ort.outputs[i], at);
        const as_tensor *whole = differ_output(&job->native, gen_value_of(as_session_output(native.session, i)->name));
        at = whole && job->same_inputs ? differ_compare(whole, &native.outputs[i], NEAR_RATIO, from) : SIZE_MAX;
        if (at != SIZE_MAX)
            differ_say(job, DIFFER_ORT, node, "in the graph", whole, &native.outputs[i], at);
    }
    as_session_close(native.session);
    as_session_close(ort.session);
    return ok;
}

/* The node with what ONNX Runtime has made of its inputs, in both. */
static bool differ_alone(differ_job *job, int node, as_err *err)
{
    char   name[16];
    as_str model;
    bool   ok = true;
    gen_name(job->g->nodes[node].out[0], name);
    const as_value *value = as_graph_value(job->graph, as_graph_find(job->graph, name));
    if (value->constant || value->producer < 0)
        return true;
    as_str_init(&model);
    as_graph *alone = as_graph_alone(job->graph, (size_t)value->producer, err);
    ok = alone && as_graph_write(alone, &model, err) && differ_alone_runs(job, node, &model, err);
    as_graph_free(alone);
    as_str_done(&model);
    return ok;
}

static bool differ_inputs_equal(const differ_job *job, const gen_node *n)
{
    for (size_t k = 0; k < n->n_in; k++)
        if (n->in[k] >= 0 && job->g->values[n->in[k]].source == GEN_MADE && !job->equal[n->in[k]])
            return false;
    return true;
}

/* They disagree in the graph. Where they agree about the node alone, and ours is that, the other rewrote the graph. */
static bool differ_itself(differ_job *job, int node, as_err *err)
{
    differ said = *job->d;
    *job->d = (differ){.kind = DIFFER_ORT_ITSELF, .node = node};
    memcpy(job->d->text, said.text, sizeof said.text);
    job->same_inputs = true;
    bool ok = differ_alone(job, node, err);
    job->same_inputs = false;
    if (!ok)
        return false;
    if (job->d->kind == DIFFER_ORT)
        *job->d = said;
    return true;
}

/* With the same inputs a node is held to its own tolerance; else it is tried alone where it is far off. */
static bool differ_node(differ_job *job, int node, as_err *err)
{
    const gen_node *n = &job->g->nodes[node];
    bool            same_inputs = differ_inputs_equal(job, n), alone = false;
    double          from = differ_from(job, node);
    for (size_t o = 0; o < n->n_out; o++) {
        const as_tensor *a = differ_output(&job->native, n->out[o]), *b = differ_output(&job->ort, n->out[o]);
        if (!a || !b)
            continue;
        double ratio = same_inputs ? differ_node_ratio(n, b, differ_terms(job, n)) : WHOLE_RATIO;
        size_t at = differ_compare(a, b, ratio, from);
        job->equal[n->out[o]] = differ_compare(a, b, 0, 0) == SIZE_MAX;
        if (at == SIZE_MAX || isinf(from))
            continue;
        if (same_inputs) {
            differ_say(job, DIFFER_ORT, node, "", a, b, at);
            return differ_itself(job, node, err);
        }
        alone = true;
    }
    if (!alone)
        return true;
    if (job->d->kind == DIFFER_EQUAL)
        job->d->kind = DIFFER_AMPLIFIED;
    return differ_alone(job, node, err);
}

/* --- fused against plain --- */

/* How far each number moves when the inputs do, a little: what a fused graph may differ by as well. */
static bool differ_condition(differ_job *job, const differ_run *plain, const as_tensor *kept, int value, size_t at,
                             double *ret, as_err *err)
{
    differ_run nudged = *plain;
    double     most = 0, was = as_tensor_number(kept, at);
    for (uint64_t i = 1; i <= NUDGES; i++) {
        if (!differ_run_once(job, &nudged, NULL, job->g->seed * NUDGES + i, err))
            return false;
        double is = as_tensor_number(differ_output(&nudged, value), at);
        most = isfinite(is) && isfinite(was) ? fmax(most, fabs(is - was)) : is == was ? most : (double)INFINITY;
    }
    *ret = most;
    return true;
}

static bool differ_leaf(differ_job *job, size_t i, as_err *err)
{
    int              value = gen_value_of(as_session_output(job->fused.session, i)->name);
    const as_tensor *a = &job->fused.outputs[i], *b = differ_output(&job->native, value);
    as_tensor        kept = {0};
    double           moves = 0;
    size_t           at = b ? differ_compare(a, b, NEAR_RATIO, 2) : SIZE_MAX;
    if (at == SIZE_MAX || !as_tensor_new(&kept, b->dtype, &b->shape, err))
        return at == SIZE_MAX;
    memcpy(kept.data, b->data, as_tensor_count(b) * as_dtype_bytes(b->dtype));
    double within = NEAR_RATIO * fmax(differ_scale(&kept), 2);
    bool   ok = true;
    for (size_t k = at; ok && k < as_tensor_count(&kept) && !differ_is_bad(job->d->kind); k++) {
        double x = as_tensor_number(a, k), y = as_tensor_number(&kept, k);
        if (differ_same(x, y, within) || !isfinite(x) || !isfinite(y))
            continue;
        ok = differ_condition(job, &job->native, &kept, value, k, &moves, err);
        if (ok && !differ_same(x, y, within + 50 * moves) && !(isinf(moves) && moves > 0))
            differ_say(job, DIFFER_FUSED, -1, as_session_output(job->fused.session, i)->name, a, &kept, k);
        else
            job->d->kind = DIFFER_AMPLIFIED;
    }
    as_tensor_done(&kept);
    return ok;
}

/* Where a number is none somewhere, places and truths that are made of it are nobody's rule. */
static bool differ_is_finite(const differ_job *job)
{
    for (size_t i = 0; i < job->native.n; i++) {
        const as_tensor *t = &job->native.outputs[i];
        for (size_t k = 0; t->dtype == AS_DTYPE_F32 && k < as_tensor_count(t); k++)
            if (!isfinite(as_tensor_number(t, k)))
                return false;
    }
    return true;
}

static bool differ_fused(differ_job *job, as_err *err)
{
    bool is_finite = differ_is_finite(job);
    if (!differ_open(&job->fused, &job->leaves, "native", err) || !differ_run_once(job, &job->fused, NULL, 0, err))
        return false;
    for (size_t i = 0; i < job->fused.n && !differ_is_bad(job->d->kind); i++)
        if ((is_finite || job->fused.outputs[i].dtype == AS_DTYPE_F32) && !differ_leaf(job, i, err))
            return false;
    return true;
}

/* --- all of it --- */

static bool differ_build(differ_job *job, as_err *err)
{
    as_graph *leaves = gen_build(job->g, GEN_LEAVES, err);
    bool ok = leaves && as_graph_write(leaves, &job->leaves, err) && (job->graph = gen_build(job->g, GEN_ALL, err)) &&
              as_graph_write(job->graph, &job->all, err) && as_graph_infer_shapes(job->graph, 1, err);
    as_graph_free(leaves);
    return ok;
}

static void differ_refused(differ_job *job, differ_kind kind, const as_err *why)
{
    job->d->kind = kind;
    snprintf(job->d->text, sizeof job->d->text, "%.290s", why->text);
}

static bool differ_both(differ_job *job, as_err *err)
{
    as_err why = AS_ERR_NONE;
    bool   native = differ_open(&job->native, &job->all, "native", &why);
    if (!native)
        differ_refused(job, DIFFER_NATIVE_REFUSES, &why);
    if (!native)
        return true;
    if (!differ_open(&job->ort, &job->all, "ort", &why) || !differ_run_once(job, &job->ort, NULL, 0, &why)) {
        if (why.code == AS_EMISSING)
            return as_err_set(err, why.code, "%s", why.text);
        differ_refused(job, DIFFER_ORT_REFUSES, &why);
        return true;
    }
    if (!differ_run_once(job, &job->native, NULL, 0, &why)) {
        differ_refused(job, DIFFER_FAILED, &why);
        return true;
    }
    for (size_t i = 0; i < job->g->n_nodes && !differ_is_bad(job->d->kind); i++)
        if (!job->g->nodes[i].is_gone && !differ_node(job, (int)i, err))
            return false;
    if (!differ_is_bad(job->d->kind) && !differ_fused(job, &why))
        differ_refused(job, DIFFER_FAILED, &why);
    return true;
}

bool differ_try(const gen *g, differ *ret, as_err *err)
{
    differ      d = {.kind = DIFFER_EQUAL, .node = -1};
    differ_job *job = calloc(1, sizeof *job);
    if (!job)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    job->g = g;
    job->d = &d;
    as_str_init(&job->all);
    as_str_init(&job->leaves);
    bool ok = differ_build(job, err) && differ_both(job, err);
    as_session_close(job->native.session);
    as_session_close(job->ort.session);
    as_session_close(job->fused.session);
    as_graph_free(job->graph);
    as_str_done(&job->all);
    as_str_done(&job->leaves);
    free(job);
    *ret = d;
    return ok;
}

/* --- making it smaller --- */

static bool differ_still(const gen *g, differ_kind kind, differ *ret)
{
    as_err err = AS_ERR_NONE;
    return differ_try(g, ret, &err) && ret->kind == kind;
}

/* Without node i: what others read of it is fed with numbers of its own. */
static void differ_take_out(gen *g, size_t i)
{
    g->nodes[i].is_gone = true;
    for (size_t o = 0; o < g->nodes[i].n_out; o++)
        g->values[g->nodes[i].out[o]].source = GEN_FED;
}

void differ_shrink(gen *g, differ *d)
{
    static gen smaller;
    for (bool again = true; again;) {
        again = false;
        for (size_t i = g->n_nodes; i-- > 0;) {
            differ now;
            if (g->nodes[i].is_gone)
                continue;
            smaller = *g;
            differ_take_out(&smaller, i);
            if (!differ_still(&smaller, d->kind, &now))
                continue;
            *g = smaller;
            *d = now;
            again = true;
        }
    }
}

bool differ_write(const gen *g, differ_kind kind, const char *path, as_err *err)
{
    as_str    bytes;
    as_graph *graph = gen_build(g, kind == DIFFER_FUSED ? GEN_LEAVES : GEN_ALL, err);
    as_str_init(&bytes);
    bool ok = graph && as_graph_write(graph, &bytes, err) && as_fs_write(path, bytes.s, bytes.len, err);
    as_str_done(&bytes);
    as_graph_free(graph);
    return ok;
}
