/* SPDX-License-Identifier: Apache-2.0 */
/* count.h - integers that are made of how many rows a value has (bounded.h): what exporters compute shapes and pads of. Private
 * to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  the plan's, until as_bounded_done.
 *
 * Each is a number and a multiple of the rows of one source. Nobody computes them: whoever takes them (Reshape, Expand, Pad)
 * understands them, and anything else is refused.
 */
#ifndef AS_ENGINE_COUNT_H
#define AS_ENGINE_COUNT_H

#include "engine/bounded.h"

enum { AS_COUNT_MOST = 2 * AS_TENSOR_MAX_RANK };

typedef struct as_count_number {
    int64_t                  base, times;
    const as_bounded_source *of; /* NULL where times is 0 */
} as_count_number;

/* In the order of the value that they are, whose rank is at most 2. */
struct as_count {
    as_count_number at[AS_COUNT_MOST];
    size_t          n;
};

/* Input i of a node as such numbers: of a constant too. False: it is something else. */
bool as_count_in(const as_plan *plan, const as_node *node, size_t i, as_count *ret);

/* The node's result, where all that it reads are such numbers, or it is a Shape of such rows. *ret_is: it is some, and the
 * plan has them. False: AS_ENOMEM. */
AS_CHECK bool as_count_node(as_plan *plan, const as_node *node, bool *ret_is, as_err *err);

#endif
