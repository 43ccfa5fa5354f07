/* SPDX-License-Identifier: Apache-2.0 */
/* Random graphs with numbers that nobody would give them, by a back end: edge TIMES SEED [BACKEND [FOLDER]]. Sizes, indices,
 * attributes and what is fed become the least and the largest there is, nothing, less than nothing, and no number at all;
 * constants are fed, and what is fed is constant. Each graph is refused or runs: a signal, or a time or a memory beyond what
 * is set, is told with its seed, the graph is written into FOLDER, and the program ends with 1. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "batches.h"
#include "gen.h"
#include "infer/infer.h"

#define SPACE_BYTES ((rlim_t)12 << 30) /* of addresses, most of which ONNX Runtime asks for and does not use */
#define SECONDS     60                 /* others work on this machine too */

typedef struct edge_tally {
    uint64_t seed, n_ran, n_refused;
    bool     is_missing, runs;
    char     why[300];
} edge_tally;

static double edge_whole(gen *g, as_dtype dtype)
{
    static const double wide[] = {0,       -1,     1,          -0x1p63, 0x1.fffffffffffffp62,
                                  -0x1p31, 0x1p31, 0x1p31 - 1, 0x1p32,  -2,
                                  255,     1000,   65536,      1e9,     4,
                                  -0x1p62, 2,      0x1p30},
                        narrow[] = {0, -1, 1, -0x1p31, 0x1p31 - 1, 2, -2, 65536, 1000000, 0x1p30};
    switch (dtype) {
    case AS_DTYPE_I64: return wide[gen_below(g, AS_COUNT(wide))];
    case AS_DTYPE_I32: return narrow[gen_below(g, AS_COUNT(narrow))];
    case AS_DTYPE_I8: return (double)gen_between(g, -128, 127);
    case AS_DTYPE_BOOL: return (double)gen_below(g, 2);
    default: return (double)gen_below(g, 256);
    }
}

static double edge_number(gen *g, as_dtype dtype)
{
    static const double reals[] = {0,    -0.0,  1,     -1,  NAN,          INFINITY, -INFINITY,
                                   3e38, -3e38, 1e-45, 0.5, 2147483648.0, 1e10};
    return dtype == AS_DTYPE_F32 || dtype == AS_DTYPE_F64 ? reals[gen_below(g, AS_COUNT(reals))] : edge_whole(g, dtype);
}

static void edge_value(gen *g, gen_value *v)
{
    if (v->n > 0) { /* a list of sizes or indices: one of them, mostly */
        v->at[gen_below(g, v->n)] = edge_number(g, v->dtype);
    } else {
        v->n = (size_t)gen_between(g, 1, GEN_INTS);
        for (size_t i = 0; i < v->n; i++)
            v->at[i] = edge_number(g, v->dtype);
    }
    if (gen_chance(g, 0.3))
        v->source = v->source == GEN_FED ? GEN_CONSTANT : GEN_FED;
}

static void edge_attr(gen *g, gen_attr *a)
{
    if (a->kind == AS_ATTR_INT)
        a->i = (int64_t)edge_whole(g, AS_DTYPE_I64);
    else if (a->kind == AS_ATTR_FLOAT)
        a->f = (float)edge_number(g, AS_DTYPE_F32);
    else if (a->kind == AS_ATTR_INTS && a->n > 0)
        a->ints[gen_below(g, a->n)] = (int64_t)edge_whole(g, AS_DTYPE_I64);
}

/* One that was fed is what a Slice leaves of another: nothing along one axis, and that may be seen only when it runs. */
static void edge_empty(gen *g)
{
    const int  v = (int)gen_below(g, g->n_values);
    gen_value *old = &g->values[v];
    const bool open = gen_chance(g, 0.3);
    gen_node   cut = {.op = "Slice", .n_in = 4, .n_out = 1, .out = {v}};
    if (old->source != GEN_FED || old->shape.rank < 1 || !gen_is_read(g, v) || g->n_nodes == GEN_NODES ||
        g->n_values + 4 > GEN_VALUES)
        return;
    const int64_t at[] = {gen_between(g, 0, 1), 0, gen_between(g, 0, old->shape.rank - 1)};
    cut.in[0] = gen_new_value(g, GEN_FED, old->dtype, &old->shape);
    g->values[cut.in[0]].low = old->low;
    g->values[cut.in[0]].high = old->high;
    for (int i = 0; i < 3; i++) {
        cut.in[i + 1] = gen_new_value(g, open && i < 2 ? GEN_FED : GEN_CONSTANT, AS_DTYPE_I64, &(as_shape){1, {1}});
        g->values[cut.in[i + 1]].n = 1;
        g->values[cut.in[i + 1]].at[0] = (double)at[i];
    }
    old->source = GEN_MADE;
    memmove(&g->nodes[1], &g->nodes[0], g->n_nodes * sizeof g->nodes[0]);
    g->nodes[0] = cut;
    g->n_nodes++;
}

static void edge_make(gen *g, uint64_t seed)
{
    gen_make(g, seed);
    uint64_t n = gen_below(g, 4);
    for (int i = 0; i < 4 && gen_chance(g, 0.5); i++)
        edge_empty(g);
    for (size_t i = 0; i < g->n_values; i++) /* of results nothing is said: they change */
        for (int k = 0; g->values[i].source == GEN_MADE && k < g->values[i].shape.rank; k++)
            g->values[i].shape.dims[k] = -1;
    for (uint64_t tries = 0; n > 0 && tries < 1000; tries++) {
        gen_value *v = &g->values[gen_below(g, g->n_values)];
        gen_node  *node = &g->nodes[gen_below(g, g->n_nodes)];
        if (node->n_attrs > 0 && gen_chance(g, 0.2)) {
            edge_attr(g, &node->attrs[gen_below(g, node->n_attrs)]);
            n--;
        } else if (v->source != GEN_MADE && gen_is_read(g, (int)(v - g->values))) {
            edge_value(g, v);
            n--;
        }
    }
}

static bool edge_model(const gen *g, as_str *ret, as_err *err)
{
    as_graph *graph = gen_build(g, GEN_LEAVES, err);
    bool      ok = graph && as_graph_write(graph, ret, err);
    as_graph_free(graph);
    return ok;
}

static bool edge_run(const gen *g, as_session *session, as_err *err)
{
    as_tensor inputs[GEN_VALUES] = {{0}}, outputs[GEN_NODES * GEN_OUTPUTS] = {{0}};
    size_t    n = as_session_n_inputs(session);
    bool      ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = gen_fill(g, gen_value_of(as_session_input(session, i)->name), &inputs[i], err);
    ok = ok && as_session_run(session, inputs, outputs, err);
    for (size_t i = 0; i < n; i++)
        as_tensor_done(&inputs[i]);
    return ok;
}

static void edge_try(edge_tally *t, const gen *g, const char *backend, bool show)
{
    as_err err = AS_ERR_NONE;
    as_str model;
    as_str_init(&model);
    as_session *session = NULL;
    t->runs = false;
    if (edge_model(g, &model, &err))
        session = as_session_open((const uint8_t *)model.s, model.len, "edge",
                                  &(as_session_cfg){.backend = backend, .threads = 1}, &err);
    t->runs = session != NULL;
    bool ok = session && edge_run(g, session, &err);
    as_session_close(session);
    as_str_done(&model);
    t->n_ran += ok;
    t->n_refused += !ok;
    if (!ok && show)
        printf("  refused: %s\n", err.text);
    t->is_missing = t->is_missing || err.code == AS_EMISSING;
    if (t->is_missing)
        as_str_copy(t->why, sizeof t->why, err.text);
}

static int edge_some(edge_tally *t, uint64_t from, uint64_t n, const char *backend, bool show)
{
    static gen g;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_AS, &(struct rlimit){SPACE_BYTES, SPACE_BYTES});
#endif
    for (uint64_t i = 0; i < n && !t->is_missing; i++) {
        t->seed = from + i;
        alarm(SECONDS);
        edge_make(&g, from + i);
        if (show) {
            gen_print(&g, stdout);
            fflush(stdout);
        }
        edge_try(t, &g, backend, show);
    }
    return t->is_missing ? BATCHES_MISSING : 0;
}

/* What is asked for, beside how many. */
typedef struct edge_asked {
    const char *backend, *folder;
} edge_asked;

static int edge_batch(const batches *b, uint64_t from, uint64_t n, bool show)
{
    const edge_asked *asked = b->ctx;
    return edge_some(b->tally, from, n, asked->backend, show);
}

static void edge_show(const batches *b, int status)
{
    static gen        g;
    const edge_asked *asked = b->ctx;
    const edge_tally *t = b->tally;
    as_str            model;
    char              path[600];
    as_err            err = AS_ERR_NONE;
    printf("seed %" PRIu64 ": ended with %s %d while it was %s\n", t->seed, WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), t->runs ? "run" : "opened");
    edge_make(&g, t->seed);
    gen_print(&g, stdout);
    as_str_init(&model);
    snprintf(path, sizeof path, "%s/edge-%" PRIu64 ".onnx", asked->folder, t->seed);
    if (*asked->folder && edge_model(&g, &model, &err) && as_fs_write(path, model.s, model.len, &err))
        printf("  %s\n", path);
    as_str_done(&model);
}

int main(int argc, char **argv)
{
    edge_tally *t = batches_tally(sizeof *t);
    edge_asked  asked = {argc > 3 ? argv[3] : "ort", argc > 4 ? argv[4] : ""};
    batches     b = {.times = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000,
                     .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
                     .tally = t,
                     .trying = t ? &t->seed : NULL,
                     .why = t ? t->why : NULL,
                     .ctx = &asked,
                     .some = edge_batch,
                     .ended = edge_show};
    int64_t     n_dead = t ? batches_run(&b) : -1;
    if (n_dead < 0)
        return n_dead == -BATCHES_MISSING ? BATCHES_MISSING : 3;
    printf("%" PRIu64 " graphs by %s: %" PRIu64 " ran, %" PRIu64 " were refused, %" PRIu64 " ended the process\n",
           b.times, asked.backend, t->n_ran, t->n_refused, (uint64_t)n_dead);
    return n_dead > 0;
}
