/* SPDX-License-Identifier: Apache-2.0 */
/* differ.h - one random graph by our engine and by ONNX Runtime, as it stands and fused.
 *
 * Layer:   test.
 * Threads: one thread.
 * Memory:  plain values.
 */
#ifndef AS_TEST_DIFFER_DIFFER_H
#define AS_TEST_DIFFER_DIFFER_H

#include "gen.h"

typedef enum differ_kind {
    DIFFER_NONE,
    DIFFER_EQUAL,
    DIFFER_AMPLIFIED,      /* equal node by node, but not as a whole: a step or a root made more of a last digit */
    DIFFER_ORT_ITSELF,     /* ONNX Runtime gives other numbers in the graph than for the node alone; ours are those */
    DIFFER_NATIVE_REFUSES, /* our engine does not take it */
    DIFFER_ORT_REFUSES,
    DIFFER_ORT,   /* a node gives other numbers than ONNX Runtime's */
    DIFFER_FUSED, /* the fused graph gives other numbers than the graph with every value shown */
    DIFFER_FAILED /* our engine took it, and then failed */
} differ_kind;

typedef struct differ {
    differ_kind kind;
    int         node; /* -1: none */
    char        text[300];
} differ;

const char *differ_kind_name(differ_kind kind);
bool        differ_is_bad(differ_kind kind);

bool differ_try(const gen *g, differ *ret, as_err *err);

/* Takes out what the disagreement does not need. */
void differ_shrink(gen *g, differ *d);

/* The graph as a file. */
bool differ_write(const gen *g, differ_kind kind, const char *path, as_err *err);

#endif
