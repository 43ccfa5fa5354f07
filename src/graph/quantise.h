/* SPDX-License-Identifier: Apache-2.0 */
/* quantise.h - a graph of floats made one of whole numbers.
 *
 * Layer:   graph.
 * Threads: one thread.
 * Memory:  the new graph is the caller's; the old one stays as it is.
 *
 * The form is that of ONNX Runtime's tools: pairs of QuantizeLinear and DequantizeLinear around the convolutions, matrix
 * products, additions and pools (u8, one scale and zero point a value), weights as i8 with one scale a channel, biases as
 * i32. Whoever runs it may compute with the whole numbers (Jacob et al. 2018) or with floats.
 */
#ifndef AS_GRAPH_QUANTISE_H
#define AS_GRAPH_QUANTISE_H

#include "graph/graph.h"

/* Which numbers a value took, over pictures that are like those it will see. */
typedef struct as_range {
    bool   known; /* false: the value stays f32 */
    float  low, high;
    float *means; /* of each channel, or column of a matrix that is multiplied; or NULL: not known */
    size_t n_means;
} as_range;

void as_range_done(as_range *ranges, size_t n); /* the means of n ranges; the array stays */

/* ranges: one a value of the graph, by id. Any two neighbouring weights are held within what 16 bits take of their products,
 * so that processors without VNNI compute the same as those with it (round.h). Where the means of what is multiplied are
 * known, the biases take back what the rounding of weights does to them. A last product of matrices ends in floats: which
 * score is the largest is not lost to their rounding. AS_EUNSUPPORTED: nothing in it can be quantised. */
AS_CHECK as_graph *as_graph_quantise(const as_graph *graph, const as_range *ranges, as_err *err);

#endif
