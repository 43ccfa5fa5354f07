/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - runs a graph forward on oneDNN primitives, memory planned once.
 *
 * Layer:   engine (may use base/, image/, tensor/, graph/).
 * Threads: an engine belongs to one thread at a time; several engines may run at once.
 * Memory:  everything is allocated by as_engine_new, and by the first run (as_engine_cfg.warm: there): as_engine_run allocates
 *          nothing, on one thread takes no lock and calls no system; several threads sleep and wake each other (futex). That
 *          is so of oneDNN too, whose small blocks heap.h serves, on AVX2 and above: its products for SSE4.1 take a buffer.
 *
 * One file an operator family, one row an operator (engine_ops in src/engine/meson.build). f32, and whole numbers (u8, i8)
 * between DequantizeLinear and QuantizeLinear and in the QLinear operators. 3x3 convolutions of floats and stride 1
 * go by Winograd's algorithm (wino.h on AVX2, oneDNN on AVX-512): results differ from the definition by some 1e-5 of the
 * largest, and not between runs. Those of whole numbers, 3x3 and 4x4, go by it exactly (wino16.h) where that is faster.
 */
#ifndef AS_ENGINE_ENGINE_H
#define AS_ENGINE_ENGINE_H

#include "graph/graph.h"

#define AS_ENGINE_MAX_BYTES ((size_t)4 << 30) /* of values on their way: a small file can ask for any amount */

typedef struct as_engine as_engine;

typedef struct as_engine_cfg {
    int64_t  batch;   /* 0: 1 */
    uint32_t threads; /* 0: 1 */
    bool     warm;    /* it runs once over zeros when it is made: the first real run is no slower than those after it */
    bool     profile; /* remember what each step is (profile.h) */
    /* What is wanted. BF16 takes half the memory, and is taken on processors with AMX and on AMD's with AVX512_BF16; on
     * others (or where ASSAY_ISA leaves these out) floats stay f32: as_engine_precision() tells, and as_engine_no_bf16()
     * why. In bfloat16
     * stand convolutions, what is added to them, and pooling; the rest, and what is over all pixels or behind it, stays f32. */
    as_floats precision;
    bool      bf16_anyway; /* also where the processor can compute it, but no faster than f32 */
    /* An input that only a QuantizeLinear with one scale reads is asked for as the u8 that this would make of it, channels
     * last: as_engine_input says so, and as_engine_input_form with which scale and zero point. */
    bool bytes_in;
} as_engine_cfg;

/* The graph is copied from (its shapes become those of this batch): it may be freed afterwards. AS_EUNSUPPORTED
 * names the operator this engine cannot run; AS_ELIMIT: it would take more than AS_ENGINE_MAX_BYTES, and nothing is
 * allocated for it. */
AS_CHECK as_engine *as_engine_new(as_graph *graph, const as_engine_cfg *cfg, as_err *err);
as_engine          *as_engine_free(as_engine *engine);

size_t          as_engine_n_inputs(const as_engine *engine);
size_t          as_engine_n_outputs(const as_engine *engine);
const as_value *as_engine_input(const as_engine *engine, size_t i); /* shape fully known */
/* False, unless the input is one that was made so by as_engine_cfg.bytes_in. */
bool            as_engine_input_form(const as_engine *engine, size_t i, float *ret_scale, int32_t *ret_zero);
const as_value *as_engine_output(const as_engine *engine, size_t i);

/* An output whose number of rows differs from run to run (of NonMaxSuppression, and what is made of it row by row) has the
 * largest it may have; a run sets that dimension of outputs[i]->shape to what it found. */

/* inputs[i] must have exactly the shape and type of as_engine_input(i). outputs[i]->data is written when it has memory
 * (shape checked); else it is set to view the engine's own, valid until the next run. */
AS_CHECK bool as_engine_run(as_engine *engine, const as_tensor *inputs, as_tensor *outputs, as_err *err);

as_floats as_engine_precision(const as_engine *engine); /* what it really runs in: BF16 where any layer does */
/* Why none does on this processor: "bf16 needs ..."; NULL: those do that can. */
const char *as_engine_no_bf16(void);
/* What it holds: values on their way; its constants (packed weights), and how many bytes of those other engines of this
 * process hold too (of 64 KiB and more each), which are there once. */
typedef struct as_engine_memory {
    size_t arena_bytes, weights_bytes, shared_bytes;
} as_engine_memory;

as_engine_memory as_engine_memory_of(const as_engine *engine);
size_t           as_engine_arena_bytes(const as_engine *engine);

#endif
