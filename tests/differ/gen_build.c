/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

void gen_name(int value, char name[16])
{
    snprintf(name, 16, "v%d", value);
}

int gen_value_of(const char *name)
{
    return *name == 'v' ? (int)strtol(name + 1, NULL, 10) : -1;
}

bool gen_is_read(const gen *g, int value)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; !g->nodes[i].is_gone && k < g->nodes[i].n_in; k++)
            if (g->nodes[i].in[k] == value)
                return true;
    return false;
}

static void gen_number(as_tensor *t, size_t i, double value)
{
    switch (t->dtype) {
    case AS_DTYPE_F32: ((float *)t->data)[i] = (float)value; break;
    case AS_DTYPE_F64: ((double *)t->data)[i] = value; break;
    case AS_DTYPE_I64: ((int64_t *)t->data)[i] = (int64_t)value; break;
    case AS_DTYPE_I32: ((int32_t *)t->data)[i] = (int32_t)value; break;
    case AS_DTYPE_I8: ((int8_t *)t->data)[i] = (int8_t)value; break;
    default: ((uint8_t *)t->data)[i] = (uint8_t)value; break;
    }
}

bool gen_fill(const gen *g, int value, as_tensor *ret, as_err *err)
{
    const gen_value *v = &g->values[value];
    as_rng           rng = as_rng_stream(g->seed, (uint64_t)value + 1);
    if (!as_tensor_new(ret, v->dtype, &v->shape, err))
        return false;
    for (size_t i = 0; i < as_tensor_count(ret); i++) {
        double low = v->low, high = v->high;
        if (v->n) {
            gen_number(ret, i, v->at[i % v->n]);
            continue;
        }
        switch (v->dtype) {
        case AS_DTYPE_F32: gen_number(ret, i, as_rng_range(&rng, low, high)); break;
        case AS_DTYPE_BOOL: gen_number(ret, i, (double)as_rng_below(&rng, 2)); break;
        case AS_DTYPE_U8: gen_number(ret, i, (double)as_rng_below(&rng, 256)); break;
        case AS_DTYPE_I8:
            gen_number(ret, i, low < -2 ? floor(as_rng_range(&rng, low, high)) : (double)as_rng_below(&rng, 256) - 128);
            break;
        default: gen_number(ret, i, (double)as_rng_below(&rng, (uint64_t)(high > 0 ? high : 1) + 1)); break;
        }
    }
    return true;
}

/* --- the graph --- */

static bool gen_add_values(const gen *g, as_graph *graph, as_err *err)
{
    for (size_t i = 0; i < g->n_values; i++) {
        const gen_value *v = &g->values[i];
        char             name[16];
        bool             ok = true;
        gen_name((int)i, name);
        if (v->source == GEN_MADE || (!gen_is_read(g, (int)i) && i > 0))
            continue;
        if (v->source == GEN_FED)
            ok = as_graph_add_input(graph, name, v->dtype, &v->shape, err);
        else {
            as_tensor t = {0};
            ok = gen_fill(g, (int)i, &t, err) && as_graph_add_constant(graph, name, &t, err);
            as_tensor_done(&t);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool gen_add_node(const gen *g, size_t i, as_graph *graph, as_err *err)
{
    const gen_node *n = &g->nodes[i];
    char            names[GEN_INPUTS + GEN_OUTPUTS][16], own[32];
    const char     *in[GEN_INPUTS + 1] = {NULL}, *out[GEN_OUTPUTS + 1] = {NULL};
    as_attr         attrs[GEN_ATTRS];
    for (size_t k = 0; k < n->n_in; k++) {
        in[k] = names[k];
        names[k][0] = '\0';
        if (n->in[k] >= 0)
            gen_name(n->in[k], names[k]);
    }
    for (size_t k = 0; k < n->n_out; k++) {
        gen_name(n->out[k], names[GEN_INPUTS + k]);
        out[k] = names[GEN_INPUTS + k];
    }
    for (size_t k = 0; k < n->n_attrs; k++) {
        const gen_attr *a = &n->attrs[k];
        attrs[k] = (as_attr){.name = a->name, .i = a->i, .f = a->f, .s = a->s, .ints = a->ints, .n = a->n};
        memcpy(&attrs[k].kind, &a->kind, sizeof a->kind);
    }
    snprintf(own, sizeof own, "n%zu", i);
    return as_graph_add_node(graph, n->op, own, in, out, attrs, n->n_attrs, err);
}

static bool gen_add_outputs(const gen *g, gen_outputs which, as_graph *graph, as_err *err)
{
    if (which == GEN_PROBE) {
        const gen_value *v = &g->values[0];
        return as_graph_add_node(graph, "Identity", "probe", (const char *const[]){"v0", NULL},
                                 (const char *const[]){"probe", NULL}, NULL, 0, err) &&
               as_graph_add_output(graph, "probe", v->dtype, &v->shape, err);
    }
    for (size_t i = 0; i < g->n_values; i++) {
        const gen_value *v = &g->values[i];
        char             name[16];
        bool             lives = false;
        for (size_t k = 0; k < g->n_nodes; k++)
            for (size_t o = 0; !g->nodes[k].is_gone && o < g->nodes[k].n_out; o++)
                lives = lives || g->nodes[k].out[o] == (int)i;
        if (v->source != GEN_MADE || !lives || (which == GEN_LEAVES && gen_is_read(g, (int)i)))
            continue;
        gen_name((int)i, name);
        if (!as_graph_add_output(graph, name, v->dtype, &v->shape, err))
            return false;
    }
    return true;
}

as_graph *gen_build(const gen *g, gen_outputs outputs, as_err *err)
{
    as_graph *graph = as_graph_new("random", err);
    bool      ok = graph && as_graph_set_opset(graph, g->opset, err) && gen_add_values(g, graph, err);
    for (size_t i = 0; ok && i < g->n_nodes; i++)
        ok = g->nodes[i].is_gone || gen_add_node(g, i, graph, err);
    ok = ok && gen_add_outputs(g, outputs, graph, err) && as_graph_finish(graph, err);
    return ok ? graph : as_graph_free(graph);
}

/* --- words --- */

static void gen_print_value(const gen *g, int id, FILE *out)
{
    char text[AS_TENSOR_MAX_RANK * 24];
    if (id < 0) {
        fputs(" -", out);
        return;
    }
    const gen_value *v = &g->values[id];
    fprintf(out, " v%d:%s:%s", id, as_dtype_name(v->dtype), as_shape_text(&v->shape, text, sizeof text));
    for (size_t i = 0; i < v->n; i++)
        fprintf(out, "%s%g", i ? "," : "=", v->at[i]);
    fputs(v->source == GEN_FED ? " (fed)" : "", out);
}

static void gen_print_attr(const gen_attr *a, FILE *out)
{
    fprintf(out, " %s=", a->name);
    if (a->kind == AS_ATTR_INT)
        fprintf(out, "%" PRId64, a->i);
    else if (a->kind == AS_ATTR_FLOAT)
        fprintf(out, "%g", (double)a->f);
    else if (a->kind == AS_ATTR_STR)
        fputs(a->s, out);
    for (size_t k = 0; a->kind == AS_ATTR_INTS && k < a->n; k++)
        fprintf(out, "%s%" PRId64, k ? "," : "", a->ints[k]);
}

void gen_print(const gen *g, FILE *out)
{
    fprintf(out, "  operator set %d\n", g->opset);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const gen_node *n = &g->nodes[i];
        if (n->is_gone)
            continue;
        fprintf(out, "  n%zu %s", i, n->op);
        for (size_t k = 0; k < n->n_attrs; k++)
            gen_print_attr(&n->attrs[k], out);
        fputs(" <-", out);
        for (size_t k = 0; k < n->n_in; k++)
            gen_print_value(g, n->in[k], out);
        fputs(" ->", out);
        for (size_t k = 0; k < n->n_out; k++)
            gen_print_value(g, n->out[k], out);
        fputc('\n', out);
    }
}
