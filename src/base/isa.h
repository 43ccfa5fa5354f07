/* SPDX-License-Identifier: Apache-2.0 */
/* isa.h - which sets of instructions may be used: what the processor has, held under what ASSAY_ISA says.
 *
 * Layer:   base.
 * Threads: any thread.
 * Memory:  static.
 *
 * The environment is read once. Everything that chooses instructions at run time asks here: the kernels (AS_ISA_CLONES),
 * and oneDNN through the engine.
 */
#ifndef AS_BASE_ISA_H
#define AS_BASE_ISA_H

#include <stdatomic.h>

#include "base/err.h"

/* Each holds those before it, but AVX2_VNNI stands beside AVX512. */
typedef enum as_isa {
    AS_ISA_NONE, /* what every processor of this architecture has */
    AS_ISA_SSE41,
    AS_ISA_SSE42,
    AS_ISA_AVX,
    AS_ISA_AVX2 /* and FMA */,
    AS_ISA_AVX2_VNNI,
    AS_ISA_AVX512 /* F, BW, DQ, VL */,
    AS_ISA_AVX512_VNNI,
    AS_ISA_AVX512_BF16,
    AS_ISA_AMX /* of i8 and of bf16 */
} as_isa;

const char *as_isa_name(as_isa isa); /* "avx2"; NULL past the last */
bool        as_isa_has(as_isa isa);  /* the processor does, and its system switched it on */
as_isa      as_isa_limit(void);      /* what ASSAY_ISA says; NONE: nothing, or what as_isa_check() refuses */
as_isa      as_isa_top(void);        /* the widest that may be used */

/* False where ASSAY_ISA is none of the names: AS_EINVAL. *ret_lacks: the processor has not what it names, and is used up
 * to as_isa_top(). */
AS_CHECK bool as_isa_check(bool *ret_lacks, as_err *err);

extern atomic_uint as_isa_mask; /* of as_isa_may(); 0: not asked for yet */
unsigned           as_isa_find(void);

/* The processor has it and ASSAY_ISA leaves it. */
static inline bool as_isa_may(as_isa isa)
{
    unsigned mask = atomic_load_explicit(&as_isa_mask, memory_order_relaxed);
    if (mask == 0)
        mask = as_isa_find();
    return mask >> isa & 1;
}

/* A function file-local to a kernel, compiled twice: plainly, and with AVX2 without FMA (a product that is rounded before
 * it is added gives the same bits as the plain version). AS_ISA_CLONES(void, noun_verb, (float *x, size_t n), (x, n)) { ... } */
#ifdef __x86_64__
#define AS_ISA_CLONES(ret, name, params, args)                                 \
    __attribute__((always_inline)) static inline ret name##_body params;       \
    __attribute__((target("avx2"), noinline)) static ret name##_avx2 params    \
    {                                                                          \
        return name##_body args;                                               \
    }                                                                          \
    __attribute__((noinline)) static ret name##_plain params                   \
    {                                                                          \
        return name##_body args;                                               \
    }                                                                          \
    static ret name params                                                     \
    {                                                                          \
        return as_isa_may(AS_ISA_AVX2) ? name##_avx2 args : name##_plain args; \
    }                                                                          \
    static inline ret name##_body params
#else
#define AS_ISA_CLONES(ret, name, params, args) static ret name params
#endif

#endif
