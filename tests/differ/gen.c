/* SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

#include <stdlib.h>
#include <string.h>

#define GEN_MOST_NUMBERS 20000 /* of one value */
#define GEN_FED_MOST     4

/* --- chance --- */

uint64_t gen_below(gen *g, uint64_t n)
{
    return as_rng_below(&g->rng, n);
}

bool gen_chance(gen *g, double p)
{
    return as_rng_unit(&g->rng) < p;
}

int64_t gen_between(gen *g, int64_t low, int64_t high)
{
    return low + (int64_t)gen_below(g, (uint64_t)(high - low + 1));
}

int64_t gen_dim(gen *g)
{
    static const int64_t dims[] = {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 16, 17};
    return dims[gen_below(g, AS_COUNT(dims))];
}

static void gen_shape(gen *g, int rank, as_shape *ret)
{
    static const int64_t channels[] = {1, 2, 3, 4, 6, 8, 9, 16, 17, 24, 32};
    *ret = (as_shape){.rank = rank};
    for (int i = 0; i < rank; i++)
        ret->dims[i] = rank >= 3 && i == 1   ? channels[gen_below(g, AS_COUNT(channels))]
                       : rank >= 4 && i == 0 ? gen_between(g, 1, 3)
                                             : gen_dim(g);
}

/* --- values --- */

int gen_new_value(gen *g, gen_source source, as_dtype dtype, const as_shape *shape)
{
    size_t count;
    if (g->n_values == GEN_VALUES || !as_shape_count(shape, &count) || count > GEN_MOST_NUMBERS)
        return -1;
    g->values[g->n_values] = (gen_value){.source = source, .dtype = dtype, .shape = *shape, .low = -2, .high = 2};
    return (int)g->n_values++;
}

int gen_floats(gen *g, const as_shape *shape, double low, double high)
{
    int id = gen_new_value(g, gen_chance(g, 0.9) ? GEN_CONSTANT : GEN_FED, AS_DTYPE_F32, shape);
    if (id >= 0) {
        g->values[id].low = low;
        g->values[id].high = high;
    }
    return id;
}

int gen_scalar(gen *g, as_dtype dtype, double value)
{
    int id = gen_new_value(g, GEN_CONSTANT, dtype, &(as_shape){.rank = 0});
    if (id >= 0) {
        g->values[id].n = 1;
        g->values[id].at[0] = value;
    }
    return id;
}

int gen_whole(gen *g, as_dtype dtype, const int64_t *at, size_t n)
{
    int id = n > GEN_INTS ? -1 : gen_new_value(g, GEN_CONSTANT, dtype, &(as_shape){1, {(int64_t)n}});
    if (id < 0)
        return -1;
    g->values[id].n = n;
    for (size_t i = 0; i < n; i++)
        g->values[id].at[i] = (double)at[i];
    return id;
}

static int gen_fed(gen *g, as_dtype dtype, int min_rank, int max_rank)
{
    as_shape shape;
    size_t   n_fed = 0;
    for (size_t i = 0; i < g->n_values; i++)
        n_fed += g->values[i].source == GEN_FED;
    if (n_fed >= GEN_FED_MOST)
        return -1;
    gen_shape(g, (int)gen_between(g, min_rank, max_rank), &shape);
    int id = gen_new_value(g, GEN_FED, dtype, &shape);
    if (id >= 0 && dtype == AS_DTYPE_I64)
        g->values[id].high = 4;
    return id;
}

int gen_pick(gen *g, as_dtype dtype, int min_rank, int max_rank)
{
    int    ids[GEN_VALUES];
    size_t n = 0;
    for (size_t i = 0; i < g->n_values; i++) {
        const gen_value *v = &g->values[i];
        if (v->source != GEN_CONSTANT && v->dtype == dtype && v->shape.rank >= min_rank && v->shape.rank <= max_rank)
            ids[n++] = (int)i;
    }
    if (n == 0 || gen_chance(g, 0.08)) {
        int id = gen_fed(g, dtype, min_rank, AS_MIN(max_rank, AS_MAX(min_rank, 4)));
        if (id >= 0 || n == 0)
            return id;
    }
    /* The later ones first: graphs grow deep. */
    return ids[gen_chance(g, 0.6) ? n - 1 - gen_below(g, AS_MIN(n, (size_t)2)) : gen_below(g, n)];
}

int gen_like(gen *g, int value)
{
    const gen_value *v = &g->values[value];
    as_shape         shape = v->shape;
    int              ids[GEN_VALUES];
    size_t           n = 0;
    for (size_t i = 0; i < g->n_values; i++)
        if (g->values[i].dtype == v->dtype && as_shape_equal(&g->values[i].shape, &shape) &&
            g->values[i].source != GEN_CONSTANT)
            ids[n++] = (int)i;
    if (n && gen_chance(g, 0.4))
        return ids[gen_below(g, n)];
    if (gen_chance(g, 0.25)) /* fewer dimensions */
        for (uint64_t cut = gen_below(g, (uint64_t)shape.rank + 1); cut > 0; cut--) {
            memmove(shape.dims, shape.dims + 1, sizeof shape.dims - sizeof shape.dims[0]);
            shape.rank--;
        }
    for (int i = 0; i < shape.rank; i++)
        if (gen_chance(g, 0.3))
            shape.dims[i] = 1;
    int id = gen_new_value(g, gen_chance(g, 0.8) ? GEN_CONSTANT : GEN_FED, v->dtype, &shape);
    if (id >= 0 && v->dtype == AS_DTYPE_I64)
        g->values[id].high = 4;
    return id;
}

/* --- nodes --- */

bool gen_in(gen_node *n, int value)
{
    if (value < 0 || n->n_in == GEN_INPUTS)
        return false;
    n->in[n->n_in++] = value;
    return true;
}

/* Their types and shapes are found out by inference. */
void gen_outs(gen *g, gen_node *n, size_t count)
{
    for (size_t i = 0; i < count && i < GEN_OUTPUTS; i++)
        n->out[n->n_out++] = gen_new_value(g, GEN_MADE, AS_DTYPE_NONE, &(as_shape){.rank = 0});
}

static gen_attr *gen_attr_new(gen_node *n, const char *name, int kind)
{
    gen_attr *a = &n->attrs[n->n_attrs];
    if (n->n_attrs + 1 < GEN_ATTRS)
        n->n_attrs++;
    *a = (gen_attr){.name = name, .kind = kind};
    return a;
}

void gen_int(gen_node *n, const char *name, int64_t i)
{
    gen_attr_new(n, name, AS_ATTR_INT)->i = i;
}

void gen_float(gen_node *n, const char *name, double f)
{
    gen_attr_new(n, name, AS_ATTR_FLOAT)->f = (float)f;
}

void gen_text(gen_node *n, const char *name, const char *s)
{
    gen_attr_new(n, name, AS_ATTR_STR)->s = s;
}

void gen_ints(gen_node *n, const char *name, const int64_t *at, size_t count)
{
    gen_attr *a = gen_attr_new(n, name, AS_ATTR_INTS);
    a->n = AS_MIN(count, (size_t)GEN_INTS);
    memcpy(a->ints, at, a->n * sizeof *at);
}

/* --- making --- */

static const gen_op *gen_choose(gen *g)
{
    uint64_t sum = 0, at;
    for (size_t i = 0; gen_op_at(i); i++)
        sum += gen_op_at(i)->opset <= g->opset ? gen_op_at(i)->weight : 0;
    at = gen_below(g, sum);
    for (size_t i = 0; gen_op_at(i); i++) {
        uint64_t weight = gen_op_at(i)->opset <= g->opset ? gen_op_at(i)->weight : 0;
        if (at < weight)
            return gen_op_at(i);
        at -= weight;
    }
    return gen_op_at(0);
}

/* What inference says of the values that the last node makes; false: they do not fit, or are not known. */
static bool gen_infer(gen *g)
{
    as_err    err = AS_ERR_NONE;
    gen_node *n = &g->nodes[g->n_nodes - 1];
    as_graph *graph = gen_build(g, GEN_PROBE, &err);
    bool      ok = graph && as_graph_infer_shapes(graph, 0, &err);
    for (size_t i = 0; ok && i < n->n_out; i++) {
        char   name[16];
        size_t count;
        gen_name(n->out[i], name);
        int32_t id = as_graph_find(graph, name);
        if (id < 0 || !as_graph_value(graph, id)->has_shape)
            ok = false;
        else {
            gen_value *v = &g->values[n->out[i]];
            v->dtype = as_graph_value(graph, id)->dtype;
            v->shape = as_graph_value(graph, id)->shape;
            ok = v->dtype != AS_DTYPE_NONE && as_shape_count(&v->shape, &count) && count > 0 &&
                 count <= GEN_MOST_NUMBERS;
        }
    }
    as_graph_free(graph);
    return ok;
}

static void gen_step(gen *g)
{
    const gen_op *op = gen_choose(g);
    size_t        n_values = g->n_values;
    gen_node     *n = &g->nodes[g->n_nodes];
    *n = (gen_node){.op = op->op, .is_exact = op->is_exact};
    bool ok = op->emit(g, n);
    if (ok && n->n_out == 0)
        gen_outs(g, n, 1);
    for (size_t i = 0; i < n->n_out; i++)
        ok = ok && n->out[i] >= 0;
    g->n_nodes++;
    if (ok && gen_infer(g))
        return;
    g->n_refused += ok;
    g->n_nodes--;
    g->n_values = n_values;
}

void gen_make(gen *g, uint64_t seed)
{
    static const int opsets[] = {13, 14, 17, 18, 20, 21};
    *g = (gen){.seed = seed, .rng = as_rng_new(seed)};
    g->opset = opsets[gen_below(g, AS_COUNT(opsets))];
    size_t   wanted = (size_t)gen_between(g, 1, gen_chance(g, 0.3) ? GEN_NODES - 1 : 6);
    as_shape shape;
    gen_shape(g, (int)(gen_chance(g, 0.6) ? 4 : gen_between(g, 1, 5)), &shape);
    if (gen_new_value(g, GEN_FED, AS_DTYPE_F32, &shape) < 0)
        gen_new_value(g, GEN_FED, AS_DTYPE_F32, &(as_shape){2, {3, 5}});
    for (size_t tries = 0; g->n_nodes < wanted && tries < 6 * wanted + 20; tries++)
        gen_step(g);
}
