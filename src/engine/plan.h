/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - a graph on its way to becoming steps over buffers; what an operator's file works with. Private to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  the plan owns buffers, steps and constants; a buffer's data is placed after all operators have planned.
 *
 * An operator's plan() asks for its inputs as buffers (in the layout it wants), makes steps, and sets its outputs. A
 * value may stand in several layouts; conversions are steps too, or done at once where the value is constant.
 */
#ifndef AS_ENGINE_PLAN_H
#define AS_ENGINE_PLAN_H

#include "engine/bounded.h"
#include "engine/engine.h"
#include "engine/step.h"

typedef struct as_quant   as_quant;
typedef struct as_profile as_profile;

struct as_plan {
    as_graph  *graph;
    as_onednn *dnn;
    AS_VEC(as_buf *) bufs;
    AS_VEC(as_step *) steps;
    as_buf  **of_value;  /* value id -> where it was first written, NULL: nowhere yet */
    uint32_t *n_users;   /* value id -> uses by nodes, and as an output */
    int32_t  *only_user; /* value id -> the node that uses it, when it is used once and is no output; else -1 */
    bool     *planned;   /* node */
    as_quant *quants;    /* value id -> the integers it stands as (quant.h) */
    AS_VEC(struct as_alternate {
        int32_t value;
        as_buf *buf;
    })
    alternates;
    struct as_plan_input {
        bool    quantised; /* the caller gives the integers of the QuantizeLinear behind it, channels last */
        float   scale;
        int32_t zero;
    } * inputs;                         /* of the graph, in order */
    bool        bytes_in;               /* inputs may become so */
    size_t      scratch_bytes, threads; /* threads: 0 is 1 */
    as_gang    *gang;                   /* what as_plan_help made; or NULL */
    bool        narrow;                 /* bfloat16 where a primitive has it */
    size_t      n_narrow;               /* steps that do */
    size_t      folded_bytes;           /* of all that was computed of constants */
    uint64_t    folded_work;            /* as_graph_work_of() of it */
    as_profile *profile;                /* NULL: nobody asks for one */
    as_bounded  bounded;                /* values of so many rows as there are */
    as_weights *bounce;                 /* where numbers that are to be packed stand aligned */
};

typedef struct as_op {
    const char *name; /* in ONNX */
    bool (*plan)(as_plan *plan, const as_node *node, as_err *err);
} as_op;

const as_op *as_op_at(size_t i); /* NULL past the last row */
const as_op *as_op_find(const char *name);

AS_CHECK bool as_plan_init(as_plan *plan, as_graph *graph, as_onednn *dnn, as_err *err);
AS_CHECK bool as_plan_nodes(as_plan *plan, as_err *err);        /* all of them */
void          as_plan_absorb(as_plan *plan, size_t node_index); /* it is done by another node's steps */
void          as_plan_done(as_plan *plan);
/* Gives every root its place; *ret_bytes is the arena's size, scratch memory behind it at *ret_scratch. */
AS_CHECK bool as_plan_place(as_plan *plan, size_t *ret_bytes, size_t *ret_scratch, as_err *err);

/* Input i of a node, or value itself. in() is NULL where it was left out. buf() has any layout of its type, plain() is row
 * major, as() has the layout asked for. raw() may be bfloat16, for those that can go on with it. */
const as_value  *as_plan_in(const as_plan *plan, const as_node *node, size_t i);
AS_CHECK as_buf *as_plan_buf(as_plan *plan, int32_t value, as_err *err);
AS_CHECK as_buf *as_plan_raw(as_plan *plan, int32_t value, as_err *err);
AS_CHECK as_buf *as_plan_plain(as_plan *plan, int32_t value, as_err *err);
AS_CHECK as_buf *as_plan_as(as_plan *plan, int32_t value, const as_layout *layout, as_err *err);
AS_CHECK as_buf *as_plan_converted(as_plan *plan, as_buf *buf, const as_layout *layout, as_err *err); /* a new copy */
AS_CHECK as_buf *as_plan_reshaped(as_plan *plan, as_buf *buf, const as_shape *shape, as_err *err);    /* row major */
const as_tensor *as_plan_constant(const as_plan *plan, const as_node *node, size_t i); /* NULL: none, or computed */
AS_CHECK bool    as_plan_floats(const as_tensor *constant, float **ret, as_err *err);  /* heap, aligned copy */
/* The integers of a constant input, or of an attribute of that name; at most 8. False where there are none. */
bool    as_plan_ints(const as_plan *plan, const as_node *node, size_t i, const char *attr, int64_t *ret, size_t *ret_n);
float   as_plan_float_or(const as_node *node, const char *attr, float otherwise);
int64_t as_plan_int_or(const as_node *node, const char *attr, int64_t otherwise);

/* New memory for output i of a node, in that layout (NULL: row major), and set as its value. */
AS_CHECK as_buf *as_plan_out(as_plan *plan, const as_node *node, size_t i, const as_layout *layout, as_err *err);
/* The same, on the memory of `in` where nobody needs that any more. */
AS_CHECK as_buf *as_plan_out_over(as_plan *plan, const as_node *node, as_buf *in, as_err *err);
AS_CHECK bool    as_plan_view(as_plan *plan, const as_node *node, size_t i, as_buf *of, as_err *err); /* same bytes */
AS_CHECK as_buf *as_plan_new_constant(as_plan *plan, as_dtype dtype, const as_shape *shape, const as_layout *layout,
                                      as_err *err);
/* A constant in the layout `want` (NULL: row major), of numbers that stand row major at any address. */
AS_CHECK as_buf *as_plan_packed(as_plan *plan, as_dtype dtype, const void *data, const as_shape *shape,
                                const as_layout *want, as_err *err);
/* A constant that stands in the graph gets memory of its own. Constants are not written to, but by who made them. */
AS_CHECK bool as_plan_keep(as_buf *constant, as_err *err);
/* Nobody asks for this constant any more, which was only made on the way: its memory is given back. */
void             as_plan_drop(as_buf *constant);
AS_CHECK as_buf *as_plan_new(as_plan *plan, as_dtype dtype, const as_shape *shape, const as_layout *layout,
                             as_err *err); /* in the arena */
/* Memory of the caller: input i of the graph, as something else than the file says. */
AS_CHECK as_buf *as_plan_new_input(as_plan *plan, size_t i, as_dtype dtype, const as_shape *shape,
                                   const as_layout *layout, as_err *err);
void             as_plan_set(as_plan *plan, int32_t value, as_buf *buf);
/* Lets `part`, and all that shares its memory, stand in `whole` from that offset on. False where it must stay. */
bool as_plan_move_into(as_plan *plan, as_buf *part, as_buf *whole, size_t offset);
/* Nobody but one use by a node not planned yet needs what is in buf. */
bool as_plan_may_overwrite(const as_plan *plan, const as_buf *buf);

/* The step's units are shared by the plan's threads; one unit starts none. */
AS_CHECK bool     as_plan_help(as_plan *plan, as_step *step, size_t units, as_err *err);
AS_CHECK as_step *as_plan_step(as_plan *plan, as_prim *prim, void (*run)(const as_step *), size_t data_bytes,
                               as_err *err);
AS_CHECK bool     as_step_use(as_plan *plan, as_step *step, as_arg arg, as_buf *buf, as_err *err);

#endif
