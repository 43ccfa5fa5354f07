/* SPDX-License-Identifier: Apache-2.0 */
/* native.h - the engine that the native back end opens for a model, for who looks into it.
 *
 * Layer:   infer (may use graph/, engine/).
 * Threads: as engine.h.
 * Memory:  as_engine_free.
 */
#ifndef AS_INFER_NATIVE_H
#define AS_INFER_NATIVE_H

#include "engine/engine.h"
#include "infer/infer.h"

/* The model read, made of floats, fused and planned, as as_session_open does it. profile: it remembers what its steps are. */
AS_CHECK as_engine *as_native_engine(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                                     bool profile, as_err *err);

#endif
