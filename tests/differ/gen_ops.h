/* SPDX-License-Identifier: Apache-2.0 */
/* gen_ops.h - how the nodes of each operator are made up, declared from the table.
 *
 * Layer:   test.
 * Threads: one thread.
 * Memory:  none.
 */
#ifndef AS_TEST_DIFFER_GEN_OPS_H
#define AS_TEST_DIFFER_GEN_OPS_H

#include "gen.h"

#define X(op, opset, exact, weight, emit) bool gen_##emit(gen *g, gen_node *n);
#include "gen_ops.def"
#undef X

#endif
