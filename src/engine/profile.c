/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/profile_plan.h"

#include <stdlib.h>
#include <string.h>

#include "engine/op.h"
#include "graph/cost.h"

#define PROFILE_MAX_FUSED 200 /* bytes of the list of operators */

typedef struct profile_note {
    char *name, *op, *fused;
    bool  is_grouped, is_unfused;
} profile_note;

struct as_profile {
    as_graph_cost cost;
    AS_VEC(int32_t) absorbed; /* by the node at hand */
    AS_VEC(profile_note) notes;
    bool failed;
};

static const struct {
    const char *name, *reason, *advice;
} slow_texts[AS_SLOW_COUNT] = {
    [AS_SLOW_NONE] = {"", "", ""},
    [AS_SLOW_REFERENCE] = {"reference", "oneDNN has only its reference for this form: one number after the other",
                           "write the layer in a common form: a usual kernel, stride and dilation, 4 dimensions"},
    [AS_SLOW_GROUPS] = {"groups", "the channels of a group fill no block: neither dense nor one channel a group",
                        "export with group 1, with as many groups as channels, or 8, 16, ... channels a group"},
    [AS_SLOW_IM2COL] = {"im2col", "each window is copied into a matrix first: no direct kernel fits this form",
                        "take a usual kernel, stride and dilation, and channels that are a multiple of 8"},
    [AS_SLOW_PLAIN] = {"plain", "plain C on one thread, whatever --threads says",
                       "leave it to what reads the output, or export with an operator that has a fast form"},
    [AS_SLOW_DOUBLE] = {"double", "f64: no vector kernel has it", "export the model in f32"},
    [AS_SLOW_HALF] = {"half", "half floats come in or go out: each number is converted, on one thread",
                      "give the model inputs and outputs of f32 (its weights may stay half floats)"},
    [AS_SLOW_REORDER] =
        {"reorder", "data is only put into another order between two layers",
         "what stands here wants another order than its neighbours: Transpose, Reshape and operators in "
         "plain C between convolutions cost this"},
    [AS_SLOW_OUTPUT_ORDER] = {"output", "an output is put from blocks of channels into row major",
                              "let the model end in what is small: pooled, or one number a class"},
    [AS_SLOW_UNFUSED] = {"unfused",
                         "a function in a pass of its own over the data: it could not be done where its input "
                         "is written",
                         "read the layer's result once: a second reader, or a second function behind it, keeps it from "
                         "being fused"},
};

const char *as_slow_name(as_slow slow)
{
    return slow_texts[slow].name;
}

const char *as_slow_reason(as_slow slow)
{
    return slow_texts[slow].reason;
}

const char *as_slow_advice(as_slow slow)
{
    return slow_texts[slow].advice;
}

as_profile *as_profile_new(const as_graph *graph, as_err *err)
{
    as_profile *profile = calloc(1, sizeof *profile);
    if (!profile) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for a profile");
        return NULL;
    }
    return as_graph_cost_of(graph, &profile->cost, err) ? profile : as_profile_free(profile);
}

as_profile *as_profile_free(as_profile *profile)
{
    if (!profile)
        return NULL;
    for (size_t i = 0; i < profile->notes.n; i++) {
        free(profile->notes.at[i].name);
        free(profile->notes.at[i].op);
        free(profile->notes.at[i].fused);
    }
    as_vec_done(&profile->notes);
    as_vec_done(&profile->absorbed);
    as_graph_cost_done(&profile->cost);
    free(profile);
    return NULL;
}

void as_profile_begin(as_profile *profile)
{
    if (profile)
        profile->absorbed.n = 0;
}

void as_profile_absorb(as_profile *profile, size_t node_index)
{
    if (profile && !as_vec_push(&profile->absorbed, (int32_t)node_index))
        profile->failed = true;
}

static bool profile_is_grouped(const as_plan *plan, const as_node *node)
{
    const as_value *weights = as_plan_in(plan, node, 1);
    const int64_t   groups = as_plan_int_or(node, "group", 1);
    return strcmp(node->op, "Conv") == 0 && groups > 1 && weights && weights->shape.rank > 2 &&
           weights->shape.dims[1] > 1;
}

/* A function behind what could have written it at once. */
static bool profile_is_unfused(const as_plan *plan, const as_node *node)
{
    static const char *const writers[] = {"Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "Add",
                                          "Mul"};
    as_post                  post;
    if (node->n_inputs < 1 || node->inputs[0] < 0 || !as_op_post(plan, node, &post))
        return false;
    const int32_t by = as_graph_value(plan->graph, node->inputs[0])->producer;
    for (size_t i = 0; by >= 0 && i < AS_COUNT(writers); i++)
        if (strcmp(as_graph_node(plan->graph, (size_t)by)->op, writers[i]) == 0)
            return true;
    return false;
}

static char *profile_fused(const as_plan *plan, size_t node_index)
{
    const as_profile *profile = plan->profile;
    as_str            text;
    as_str_init(&text);
    for (size_t i = 0; i < profile->absorbed.n; i++) {
        if ((size_t)profile->absorbed.at[i] == node_index)
            continue;
        if (text.len > PROFILE_MAX_FUSED) {
            as_str_add(&text, ", ...");
            break;
        }
        as_str_addf(&text, "%s%.60s", text.len ? ", " : "",
                    as_graph_node(plan->graph, (size_t)profile->absorbed.at[i])->op);
    }
    return as_str_take(&text);
}

/* Products are done by the steps that have weights, in equal parts where there are several; else by the last. */
static void profile_share(as_plan *plan, size_t node_index, size_t from)
{
    const as_profile *profile = plan->profile;
    uint64_t          n_multiplies = profile->cost.nodes[node_index].n_multiplies;
    size_t            n = 0, last = plan->steps.n;
    for (size_t i = 0; i < profile->absorbed.n; i++)
        if ((size_t)profile->absorbed.at[i] != node_index)
            n_multiplies += profile->cost.nodes[profile->absorbed.at[i]].n_multiplies;
    for (size_t i = from; i < plan->steps.n; i++) {
        as_step *step = plan->steps.at[i];
        step->is_product = step->prim && as_prim_layout(step->prim, AS_ARG_WEIGHTS);
        n += step->is_product;
        last = step->is_reorder ? last : i;
    }
    if (n == 0 && last < plan->steps.n) {
        plan->steps.at[last]->is_product = true;
        n = 1;
    }
    for (size_t i = from; i < plan->steps.n; i++)
        plan->steps.at[i]->n_multiplies = plan->steps.at[i]->is_product ? n_multiplies / n : 0;
}

bool as_profile_note(as_plan *plan, size_t node_index, size_t from, as_err *err)
{
    as_profile *profile = plan->profile;
    if (!profile)
        return true;
    const as_node *node = as_graph_node(plan->graph, node_index);
    const char    *name = *node->name ? node->name : as_graph_value(plan->graph, node->outputs[0])->name;
    profile_note   note = {.is_grouped = profile_is_grouped(plan, node), .is_unfused = profile_is_unfused(plan, node)};
    if (plan->steps.n > from) {
        note.name = strdup(name);
        note.op = strdup(node->op);
        note.fused = profile_fused(plan, node_index);
        if (!as_vec_push(&profile->notes, note)) {
            free(note.name);
            free(note.op);
            free(note.fused);
            profile->failed = true;
        }
        profile->failed = profile->failed || !note.name || !note.op || !note.fused;
        profile_share(plan, node_index, from);
        for (size_t i = from; i < plan->steps.n; i++)
            plan->steps.at[i]->note = profile->notes.n;
    }
    return !profile->failed || AS_FAIL(err, AS_ENOMEM, "out of memory for a profile");
}

static as_slow profile_slow(const as_step *step, const as_engine_step *about, const profile_note *note)
{
    if (step->is_reorder)
        return note ? AS_SLOW_REORDER : AS_SLOW_OUTPUT_ORDER;
    for (size_t i = 0; i < step->uses.n; i++)
        if (step->uses.at[i].buf->dtype == AS_DTYPE_F64 || step->uses.at[i].buf->dtype == AS_DTYPE_F16)
            return step->uses.at[i].buf->dtype == AS_DTYPE_F64 ? AS_SLOW_DOUBLE : AS_SLOW_HALF;
    const bool is_reference = as_str_starts(about->how, "ref") || as_str_starts(about->how, "simple:any");
    const bool is_im2col = strstr(about->how, "gemm:") && strcmp(about->op, "Conv") == 0;
    if (note && note->is_grouped && (is_reference || is_im2col))
        return AS_SLOW_GROUPS;
    if (is_reference)
        return AS_SLOW_REFERENCE;
    if (is_im2col)
        return AS_SLOW_IM2COL;
    if (!step->prim && !step->how)
        return AS_SLOW_PLAIN;
    return note && note->is_unfused ? AS_SLOW_UNFUSED : AS_SLOW_NONE;
}

bool as_profile_step(const as_profile *profile, const as_step *step, as_engine_step *ret)
{
    if (!profile)
        return false;
    const profile_note *note = step->note ? &profile->notes.at[step->note - 1] : NULL;
    as_engine_step      about = {.name = note ? note->name : "output",
                                 .op = step->is_reorder || !note ? "Reorder" : note->op,
                                 .fused = step->is_reorder || !note || !step->is_product ? "" : note->fused,
                                 .n_multiplies = step->n_multiplies};
    about.how = step->prim ? as_prim_about(step->prim) : step->how ? step->how : "plain C";
    for (size_t i = 0; i < step->uses.n; i++) {
        const as_buf *buf = step->uses.at[i].buf;
        const bool    is_written = step->prim ? step->uses.at[i].arg == AS_ARG_DST : i == 0;
        if (is_written)
            about.write_bytes += buf->bytes;
        if (!is_written || step->adds)
            about.read_bytes += buf->bytes;
        if (!is_written && about.dtype == AS_DTYPE_NONE)
            about.dtype = buf->dtype;
    }
    about.is_int8 = about.dtype == AS_DTYPE_U8 || about.dtype == AS_DTYPE_I8;
    about.slow = profile_slow(step, &about, note);
    *ret = about;
    return true;
}
