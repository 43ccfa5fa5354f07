/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - functions of several tensors, number by number, with numpy's broadcasting. Private to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  a step owns its walk.
 *
 * The dimensions are joined as far as all tensors allow; a function does one line, the innermost dimension.
 */
#ifndef AS_ENGINE_WALK_H
#define AS_ENGINE_WALK_H

#include "engine/op.h"

enum { AS_WALK_INPUTS = 3, AS_WALK_RANK = AS_TENSOR_MAX_RANK + 1 };

/* n results from in[i][k * steps[i]]; steps are 1 or 0 but in rare orders. `out` may be an input that steps by 1. */
typedef void (*as_walk_line)(const void *const *in, const int64_t *steps, void *out, int64_t n, const float *params);

/* A step: out = line(ins...). ins broadcast to out's shape; all stand row major, or all in the same blocks of channels
 * and then with out's rank (as_op_partner makes it so). params: two numbers for `line`, or NULL. */
AS_CHECK bool as_op_walk(as_plan *plan, as_walk_line line, const float *params, as_buf *const *ins, size_t n,
                         as_buf *out, as_err *err);

/* The place of a type in tables of lines: f32 f64 i32 i64 i8 u8, bool; -1: none. */
enum { AS_WALK_F32, AS_WALK_F64, AS_WALK_I32, AS_WALK_I64, AS_WALK_I8, AS_WALK_U8, AS_WALK_BOOL, AS_WALK_TYPES };
int as_walk_type(as_dtype dtype);

/* A loop over a line of one or two inputs: `e` is an expression in x (and y) that gives an R. */
#define AS_WALK_LINE1(name, T, R, e)                                                                         \
    static void name(const void *const *in, const int64_t *steps, void *out, int64_t n, const float *params) \
    {                                                                                                        \
        const T      *a = in[0];                                                                             \
        R            *o = out;                                                                               \
        const int64_t s = steps[0];                                                                          \
        (void)params;                                                                                        \
        if (s == 1)                                                                                          \
            for (int64_t i = 0; i < n; i++) {                                                                \
                const T x = a[i];                                                                            \
                o[i] = (R)(e);                                                                               \
            }                                                                                                \
        else                                                                                                 \
            for (int64_t i = 0; i < n; i++) {                                                                \
                const T x = a[i * s];                                                                        \
                o[i] = (R)(e);                                                                               \
            }                                                                                                \
    }

#define AS_WALK_LINE2(name, T, R, e)                                                                         \
    static void name(const void *const *in, const int64_t *steps, void *out, int64_t n, const float *params) \
    {                                                                                                        \
        const T      *a = in[0], *b = in[1];                                                                 \
        R            *o = out;                                                                               \
        const int64_t sa = steps[0], sb = steps[1];                                                          \
        (void)params;                                                                                        \
        if (sa == 1 && sb == 1)                                                                              \
            for (int64_t i = 0; i < n; i++) {                                                                \
                const T x = a[i], y = b[i];                                                                  \
                o[i] = (R)(e);                                                                               \
            }                                                                                                \
        else if (sa == 1 && sb == 0) {                                                                       \
            const T y = *b;                                                                                  \
            for (int64_t i = 0; i < n; i++) {                                                                \
                const T x = a[i];                                                                            \
                o[i] = (R)(e);                                                                               \
            }                                                                                                \
        } else                                                                                               \
            for (int64_t i = 0; i < n; i++) {                                                                \
                const T x = a[i * sa], y = b[i * sb];                                                        \
                o[i] = (R)(e);                                                                               \
            }                                                                                                \
    }

#endif
