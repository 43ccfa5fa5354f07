/* SPDX-License-Identifier: Apache-2.0 */
/* gen.h - random graphs of the operators on the list: plain values that a seed makes, that can be made smaller, and of
 * which a graph is built.
 *
 * Layer:   test.
 * Threads: one thread.
 * Memory:  a gen is one plain value; graphs and tensors are the caller's.
 */
#ifndef AS_TEST_DIFFER_GEN_H
#define AS_TEST_DIFFER_GEN_H

#include "base/rng.h"
#include "graph/build.h"

enum { GEN_NODES = 16, GEN_VALUES = 120, GEN_INPUTS = 9, GEN_OUTPUTS = 4, GEN_ATTRS = 8, GEN_INTS = 16 };

typedef enum gen_source { GEN_FED = 1, GEN_CONSTANT, GEN_MADE } gen_source;

typedef struct gen_value {
    gen_source source;
    as_dtype   dtype;
    as_shape   shape;
    double     low, high; /* of random numbers */
    size_t     n;         /* > 0: these whole numbers */
    double     at[GEN_INTS];
} gen_value;

typedef struct gen_attr {
    const char *name, *s;
    int         kind; /* of as_attr */
    int64_t     i, ints[GEN_INTS];
    float       f;
    size_t      n;
} gen_attr;

typedef struct gen_node {
    const char *op;
    bool        is_exact;                         /* the same inputs give the same bits */
    bool        is_gone;                          /* taken out while a graph is made smaller */
    int         in[GEN_INPUTS], out[GEN_OUTPUTS]; /* values; -1: left out */
    size_t      n_in, n_out, n_attrs;
    gen_attr    attrs[GEN_ATTRS];
} gen_node;

typedef struct gen {
    uint64_t  seed;
    as_rng    rng;
    int       opset;
    gen_value values[GEN_VALUES];
    gen_node  nodes[GEN_NODES];
    size_t    n_values, n_nodes;
    uint64_t  n_refused; /* nodes whose shapes did not fit: not in the graph */
} gen;

void gen_make(gen *g, uint64_t seed);

/* Which values are outputs: all that are made, those that nobody reads, or the first made value alone (GEN_PROBE). */
typedef enum gen_outputs { GEN_ALL = 1, GEN_LEAVES, GEN_PROBE } gen_outputs;

as_graph *gen_build(const gen *g, gen_outputs outputs, as_err *err); /* shapes are not inferred */
bool      gen_is_read(const gen *g, int value);
void      gen_name(int value, char name[16]);
int       gen_value_of(const char *name); /* -1 */

/* The numbers of a value that is fed or constant; the same for the same seed. */
bool gen_fill(const gen *g, int value, as_tensor *ret, as_err *err);

void gen_print(const gen *g, FILE *out);

/* What operators are written with (gen_*.c). Each returns false where it cannot: the node is dropped. */
typedef struct gen_op {
    const char *op;
    int         opset; /* the least that has it as it is made here */
    bool        is_exact;
    unsigned    weight;
    bool (*emit)(gen *g, gen_node *n);
} gen_op;

const gen_op *gen_op_at(size_t i); /* NULL past the last */

uint64_t gen_below(gen *g, uint64_t n);
bool     gen_chance(gen *g, double p);
int64_t  gen_between(gen *g, int64_t low, int64_t high);
int64_t  gen_dim(gen *g);
int      gen_new_value(gen *g, gen_source source, as_dtype dtype, const as_shape *shape); /* -1: full */
int      gen_floats(gen *g, const as_shape *shape, double low, double high);              /* constant, or fed */
int      gen_scalar(gen *g, as_dtype dtype, double value);
int      gen_whole(gen *g, as_dtype dtype, const int64_t *at, size_t n); /* constant of one dimension */
/* A value that is there, of the type and with so many dimensions; else one that is fed. */
int  gen_pick(gen *g, as_dtype dtype, int min_rank, int max_rank);
int  gen_like(gen *g, int value); /* of the same type, broadcasts with it */
bool gen_in(gen_node *n, int value);
void gen_outs(gen *g, gen_node *n, size_t count);
void gen_int(gen_node *n, const char *name, int64_t i);
void gen_float(gen_node *n, const char *name, double f);
void gen_text(gen_node *n, const char *name, const char *s);
void gen_ints(gen_node *n, const char *name, const int64_t *at, size_t count);

#endif
