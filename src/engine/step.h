/* SPDX-License-Identifier: Apache-2.0 */
/* step.h - a buffer, and a step that works on buffers: what a plan is made of. Private to engine; plan.c has them.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  the plan owns buffers and steps.
 */
#ifndef AS_ENGINE_STEP_H
#define AS_ENGINE_STEP_H

#include "base/vec.h"
#include "engine/gang.h"
#include "engine/prim.h"
#include "engine/weights.h"

typedef enum as_buf_kind { AS_BUF_NONE, AS_BUF_ARENA, AS_BUF_INPUT, AS_BUF_CONSTANT } as_buf_kind;

typedef struct as_buf as_buf;
struct as_buf {
    as_buf_kind      kind;
    as_dtype         dtype;
    as_shape         shape;
    const as_layout *layout; /* NULL: row major and not f32, or without dimensions */
    size_t           bytes;
    as_buf          *root;   /* whose memory it shares: its own, or another's */
    size_t           offset; /* in root, bytes */
    void            *data;
    as_weights      *own;         /* of a root that is constant: its memory */
    size_t           input;       /* which, of an input */
    size_t           first, last; /* steps that touch it; of a root, when used */
    bool             used;        /* of a root: by a step */
    size_t           place;       /* in the arena; of a root */
    size_t           pending;     /* of a root: uses by nodes not planned yet, and as an output */
};

typedef struct as_use {
    as_arg  arg; /* of a primitive; AS_ARG_NONE in other steps */
    as_buf *buf;
} as_use;

typedef struct as_step as_step;
struct as_step {
    as_prim *prim;                                     /* or: */
    void (*run)(const as_step *step);                  /* uses[0] is what it writes */
    bool (*attempt)(const as_step *step, as_err *err); /* instead of run: what an input may make impossible */
    char    *about;                                    /* of an attempt: what errors call it */
    void    *data;                                     /* of run; heap, freed with the plan */
    as_gang *gang;                                     /* that helps run; NULL: it is alone */
    bool     more;                                     /* the step behind it has a gang too */
    AS_VEC(as_use) uses;
    const char *how;              /* of run: what it is called in a profile; NULL: plain C */
    bool        adds, is_reorder; /* it reads what it writes over; it is a conversion between layouts */
    /* For a profile (profile_plan.h). */
    size_t   note; /* 1 + which; 0: none */
    uint64_t n_multiplies;
    bool     is_product;
};

AS_CHECK bool as_step_run(const as_step *step, as_err *err);
AS_CHECK bool as_step_bind(as_step *step, void *scratch, as_err *err); /* data of all uses to the primitive */

#endif
