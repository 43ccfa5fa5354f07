/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/action.h"
#include "cli/model_file.h"
#include "cli/term.h"
#include "engine/engine.h"
#include "graph/cost.h"
#include "graph/review.h"
#include "graph/widen.h"
#include "infer/choice.h"
#include "infer/infer.h"
#include "spec/unit.h"

#define CHECK_MAX_BACKENDS 8
#define CHECK_MAX_ALONE    10000 /* nodes that are tried by themselves */

typedef struct model_check_try {
    const char *backend;
    bool        runs;
    as_err      why; /* it does not */
} model_check_try;

typedef struct model_check {
    as_cli         *cli;
    as_model_file   file;
    as_review       review;
    int64_t         batch;
    model_check_try tries[CHECK_MAX_BACKENDS];
    size_t          n_tries;
    as_choice       choice;    /* of `auto`, where it was measured already; else its backend is "" */
    const char     *skipped;   /* why no back end is asked; NULL: all are */
    bool            runs;      /* in the native engine */
    size_t          n_untried; /* nodes beyond CHECK_MAX_ALONE */
} model_check;

/* --- trying --- */

/* Once over zeros, its outputs where the session keeps them. */
static bool model_check_run_once(as_session *session, as_err *err)
{
    size_t     n_in = as_session_n_inputs(session), n_out = as_session_n_outputs(session);
    as_tensor *inputs = calloc(n_in + 1, sizeof *inputs), *outputs = calloc(n_out + 1, sizeof *outputs);
    bool       ok = (inputs && outputs) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; ok && i < n_in; i++) {
        const as_port *port = as_session_input(session, i);
        ok = as_tensor_new(&inputs[i], port->dtype, &port->shape, err);
    }
    ok = ok && as_session_run(session, inputs, outputs, err);
    for (size_t i = 0; inputs && i < n_in; i++)
        as_tensor_done(&inputs[i]);
    free(inputs);
    free(outputs);
    return ok;
}

static void model_check_try_one(const model_check *c, const as_str *model, model_check_try *ret)
{
    as_session_cfg cfg = {.backend = ret->backend, .threads = 1, .batch = c->batch};
    as_session    *session = as_session_open((const uint8_t *)model->s, model->len, c->file.name, &cfg, &ret->why);
    ret->runs = session && model_check_run_once(session, &ret->why);
    as_session_close(session);
}

/* What `auto` goes by; nothing is measured for it here. */
static void model_check_choice(model_check *c, const as_str *model)
{
    char key[AS_CHOICE_KEY_BYTES];
    as_choice_key((const uint8_t *)model->s, model->len, c->batch, 1, key);
    if (!as_choice_load(key, &c->choice, NULL))
        c->choice = (as_choice){.backend = ""};
}

static bool model_check_try_all(model_check *c, as_err *err)
{
    as_str model;
    as_str_init(&model);
    if (c->review.graph && !as_graph_write(c->review.graph, &model, err)) {
        as_str_done(&model);
        return false;
    }
    for (size_t i = 0; as_backend_at(i) && i < CHECK_MAX_BACKENDS; i++) {
        if (as_backend_at(i)->chosen) /* it opens one of the others */
            continue;
        model_check_try *one = &c->tries[c->n_tries++];
        one->backend = as_backend_at(i)->name;
        if (!c->skipped)
            model_check_try_one(c, &model, one);
        else
            as_err_set(&one->why, AS_EUNSUPPORTED, "not asked: %s", c->skipped);
        if (strcmp(one->backend, "native") == 0)
            c->runs = one->runs;
    }
    model_check_choice(c, &model);
    as_str_done(&model);
    return true;
}

/* What comes in has as many rows as a node before it finds: alone nobody would know. */
static bool model_check_is_counted(const as_graph *graph, const as_node *node)
{
    bool is = false;
    for (size_t i = 0; i < node->n_inputs; i++) {
        const as_value *value = node->inputs[i] >= 0 ? as_graph_value(graph, node->inputs[i]) : NULL;
        for (int k = 0; value && value->has_shape && k < value->shape.rank; k++)
            is = is || value->shape.dims[k] < 0;
    }
    return is;
}

/* The engine stops at the first node that it cannot run. Each is tried alone, so that all of them are told. */
static bool model_check_nodes(model_check *c, as_err *err)
{
    const as_graph *graph = c->review.graph;
    const size_t    n = AS_MIN(as_graph_n_nodes(graph), (size_t)CHECK_MAX_ALONE);
    c->n_untried = as_graph_n_nodes(graph) - n;
    for (size_t i = 0; i < n; i++) {
        const as_node *node = as_graph_node(graph, i);
        as_err         why = AS_ERR_NONE;
        if (as_graph_value(graph, node->outputs[0])->constant)
            continue; /* computed while it is read */
        if (model_check_is_counted(graph, node))
            continue;
        as_graph  *alone = as_graph_alone(graph, i, &why);
        as_engine *engine = NULL;
        if (alone && as_graph_widen(alone, &why))
            engine = as_engine_new(alone, &(as_engine_cfg){.batch = c->batch}, &why);
        as_graph_free(alone);
        as_engine_free(engine);
        if (!engine && !as_review_add(&c->review, node, &why, err))
            return false;
        as_progress_step(&c->cli->progress, "trying each node", i + 1, n);
        if (!as_progress_go_on(&c->cli->progress, err))
            return false;
    }
    return true;
}

static bool model_check_open_sizes(model_check *c, as_err *err)
{
    const as_graph *graph = c->review.graph;
    char            shape[AS_TENSOR_MAX_RANK * 24];
    for (size_t i = 0; i < as_graph_n_inputs(graph); i++) {
        const as_value *value = as_graph_value(graph, as_graph_input(graph, i));
        as_err          why = AS_ERR_NONE;
        size_t          count;
        if (value->has_shape && as_shape_count(&value->shape, &count))
            continue;
        c->skipped = "the size of an input is open";
        as_err_set(&why, AS_EUNSUPPORTED,
                   "input '%.200s': its size %s is open (say which, as: --input NAME=1x3x224x224)", value->name,
                   value->has_shape ? as_shape_text(&value->shape, shape, sizeof shape)
                                    : "of any number of dimensions");
        if (!as_review_add(&c->review, NULL, &why, err))
            return false;
    }
    return true;
}

static bool model_check_memory(model_check *c, as_err *err)
{
    as_graph_cost cost;
    char          have[AS_UNIT_TEXT_BYTES], may[AS_UNIT_TEXT_BYTES];
    as_err        why = AS_ERR_NONE;
    if (!as_graph_cost_of(c->review.graph, &cost, err))
        return false;
    bool     is_large = cost.peak_bytes > AS_ENGINE_MAX_BYTES;
    uint64_t peak = cost.peak_bytes;
    int32_t  at = cost.peak_node;
    as_graph_cost_done(&cost);
    if (!is_large)
        return true;
    c->skipped = "it takes too much memory";
    as_err_set(&why, AS_ELIMIT, "values on their way take %s here, more than the %s that are tried",
               as_unit_text((double)peak, AS_UNIT_BYTES, have),
               as_unit_text((double)AS_ENGINE_MAX_BYTES, AS_UNIT_BYTES, may));
    return as_review_add(&c->review, as_graph_node(c->review.graph, (size_t)at), &why, err);
}

/* Those from `from` on come first: what was found before follows from them. */
static void model_check_lead(as_review *review, size_t from)
{
    for (size_t i = from; i < review->refusals.n; i++) {
        const as_graph_refusal one = review->refusals.at[i];
        memmove(&review->refusals.at[i - from + 1], &review->refusals.at[i - from], from * sizeof one);
        review->refusals.at[i - from] = one;
    }
}

/* What is known before anything is run. */
static bool model_check_before(model_check *c, as_err *err)
{
    if (!c->review.graph) {
        c->skipped = "the reader refuses the model";
        return true;
    }
    if (!as_model_set_inputs(c->cli, c->review.graph, err) || !as_review_shapes(&c->review, c->batch, err))
        return false;
    const size_t n = c->review.refusals.n;
    if (!model_check_open_sizes(c, err))
        return false;
    model_check_lead(&c->review, n);
    return model_check_memory(c, err);
}

static bool model_check_load(model_check *c, as_err *err)
{
    if (!as_model_batch(c->cli, &c->batch, err) || !as_model_file_open(c->cli, as_cli_arg(c->cli, 1), &c->file, err) ||
        !as_review_read(c->file.bytes, c->file.n, c->file.name, &c->review, err))
        return false;
    if (!model_check_before(c, err))
        return false;
    if (!model_check_try_all(c, err))
        return false;
    if (c->runs || c->review.refusals.n)
        return true;
    if (!model_check_nodes(c, err))
        return false;
    for (size_t i = 0; c->review.refusals.n == 0 && i < c->n_tries; i++) /* no node alone: what was said of the whole */
        if (strcmp(c->tries[i].backend, "native") == 0 && !as_review_add(&c->review, NULL, &c->tries[i].why, err))
            return false;
    return true;
}

/* --- telling --- */

/* "ort", of those that ran the model; "" for none. */
static void model_check_others(const model_check *c, as_str *out)
{
    for (size_t i = 0; i < c->n_tries; i++)
        if (c->tries[i].runs)
            as_str_addf(out, "%s%s", out->len ? ", " : "", c->tries[i].backend);
}

static bool model_check_text(const model_check *c, as_err *err)
{
    static const char *const columns[] = {"back end", "runs it", "why not", NULL};
    FILE                    *out = c->cli->out;
    as_table                *table = as_table_new(columns);
    as_str                   text, others;
    for (size_t i = 0; i < c->n_tries; i++) {
        const model_check_try *one = &c->tries[i];
        as_table_cell(table, AS_STYLE_BOLD, "%s", one->backend);
        as_table_cell(table, one->runs ? AS_STYLE_GOOD : AS_STYLE_BAD, "%s", one->runs ? "yes" : "no");
        as_table_cell(table, AS_STYLE_NONE, "%s", one->runs ? "" : one->why.text);
    }
    if (!as_table_print(table, c->cli, err))
        return false;
    as_str_init(&text);
    as_str_init(&others);
    model_check_others(c, &others);
    fputc('\n', out);
    for (size_t i = 0; i < c->review.refusals.n; i++) {
        const as_graph_refusal *one = &c->review.refusals.at[i];
        if (*one->node)
            fprintf(out, "node '%s' ", as_model_text(&text, one->node));
        if (*one->op)
            fprintf(out, "(%s): ", as_model_text(&text, one->op));
        fprintf(out, "%s", one->reason);
        fprintf(out, " [%s%s]\n", others.len ? "runs in: " : "no back end runs it", others.s);
    }
    if (c->review.n_more)
        fprintf(out, "... and %zu more\n", c->review.n_more);
    if (c->n_untried)
        fprintf(out, "the last %zu nodes were not tried by themselves\n", c->n_untried);
    fprintf(out, "%s%s: the native engine %s%s\n", as_term_style(c->cli, c->runs ? AS_STYLE_GOOD : AS_STYLE_BAD),
            as_model_text(&text, c->file.name), c->runs ? "runs it" : "does not run it", as_term_plain(c->cli));
    if (*c->choice.backend)
        fprintf(out, "auto takes %s: %s\n", c->choice.backend, as_model_text(&text, c->choice.reason));
    else if (c->runs && !c->skipped)
        fprintf(out, "auto has not measured it yet (assay bench-model --backend auto)\n");
    as_str_done(&text);
    as_str_done(&others);
    return true;
}

static json_t *model_check_refusals_json(const model_check *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->review.refusals.n; i++) {
        const as_graph_refusal *one = &c->review.refusals.at[i];
        json_t                 *json = json_object(), *others = json_array();
        as_json_set(json, "node", *one->node ? as_model_json(one->node) : json_null());
        as_json_set(json, "operator", *one->op ? as_model_json(one->op) : json_null());
        as_json_set(json, "code", json_string(as_err_name(one->code)));
        as_json_set(json, "reason", as_model_json(one->reason));
        for (size_t k = 0; k < c->n_tries; k++)
            if (c->tries[k].runs)
                json_array_append_new(others, json_string(c->tries[k].backend));
        as_json_set(json, "runs_in", others);
        json_array_append_new(list, json);
    }
    return list;
}

static bool model_check_json(const model_check *c, as_err *err)
{
    json_t *json = json_object(), *list = json_array();
    for (size_t i = 0; i < c->n_tries; i++) {
        json_t *one = json_object();
        as_json_set(one, "backend", json_string(c->tries[i].backend));
        as_json_set(one, "runs", json_boolean(c->tries[i].runs));
        as_json_set(one, "reason", c->tries[i].runs ? json_null() : as_model_json(c->tries[i].why.text));
        json_array_append_new(list, one);
    }
    as_json_set(json, "model", as_model_json(c->file.name));
    as_json_set(json, "runs", json_boolean(c->runs));
    as_json_set(json, "backends", list);
    as_json_set(json, "refusals", model_check_refusals_json(c));
    as_json_set(json, "auto",
                *c->choice.backend
                    ? json_pack("{s:s, s:o}", "backend", c->choice.backend, "reason", as_model_json(c->choice.reason))
                    : json_null());
    as_json_set(json, "n_more", json_integer((json_int_t)c->review.n_more));
    as_json_set(json, "n_untried", json_integer((json_int_t)c->n_untried));
    return as_cli_print_json(c->cli, json, err);
}

static int model_check_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    model_check *c = calloc(1, sizeof *c);
    (void)ws;
    if (!c)
        return AS_FAIL(err, AS_ENOMEM, "out of memory") ? 0 : AS_VERB_FAILED;
    c->cli = cli;
    bool ok = model_check_load(c, err) && (cli->json ? model_check_json(c, err) : model_check_text(c, err)),
         runs = c->runs;
    as_review_done(&c->review);
    as_model_file_done(&c->file);
    free(c);
    return ok ? (runs ? 0 : 1) : AS_VERB_FAILED;
}

const as_action as_model_action_check = {
    .name = "check",
    .usage = "[MODEL] [--batch N] [--input NAME=SHAPE]",
    .about = "whether the native engine runs it: every node that is refused, why, and which back end does run it",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = model_check_run,
};
