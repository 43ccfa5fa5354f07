/* SPDX-License-Identifier: Apache-2.0 */
/* backend_ort.c: ONNX Runtime. What a model may hold is checked by our own reader before it gets there. */
#include "graph/graph.h"
#include "infer/infer.h"
#include "infer/ort_api.h"
#include "infer/ort_safe.h"

typedef struct ort_port {
    as_port    port;
    bool       is_open; /* an output whose shape is seen when it is computed: it is ONNX Runtime's memory */
    char      *name;
    as_tensor  own;       /* of an output: what views look at */
    ort_value *own_value; /* the same as ONNX Runtime sees it */
} ort_port;

typedef struct ort_priv {
    const ort_api   *api;
    ort_session     *session;
    ort_memory      *memory;
    ort_run_options *quiet;    /* of a run whose session tells everything */
    ort_port        *ports[2]; /* inputs, outputs */
    size_t           n[2];
    const char     **names[2];
    ort_value      **values[2]; /* of the run at hand */
} ort_priv;

static bool ort_add_port(ort_port *port, const as_value *value, bool out, const char *model, as_err *err)
{
    size_t count;
    char   text[AS_TENSOR_MAX_RANK * 24];
    for (int i = 0; out && value->has_shape && i < value->shape.rank; i++)
        port->is_open = port->is_open || value->shape.dims[i] < 0;
    if (!value->has_shape || (!port->is_open && (!as_shape_count(&value->shape, &count) || count == 0)))
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "the shape of '%s' of model '%s' is not known: %s (export it with fixed sizes)", value->name,
                       model, value->has_shape ? as_shape_text(&value->shape, text, sizeof text) : "none");
    port->name = strdup(value->name);
    if (!port->name)
        return AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", model);
    port->port = (as_port){.name = port->name, .dtype = value->dtype, .shape = value->shape};
    return true;
}

static bool ort_make_ports(ort_priv *ort, const as_graph *graph, const char *model, as_err *err)
{
    ort->n[0] = as_graph_n_inputs(graph);
    ort->n[1] = as_graph_n_outputs(graph);
    for (int out = 0; out < 2; out++) {
        ort->ports[out] = calloc(ort->n[out] + 1, sizeof *ort->ports[out]);
        ort->names[out] = calloc(ort->n[out] + 1, sizeof *ort->names[out]);
        ort->values[out] = calloc(ort->n[out] + 1, sizeof *ort->values[out]);
        if (!ort->ports[out] || !ort->names[out] || !ort->values[out])
            return AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", model);
        for (size_t i = 0; i < ort->n[out]; i++) {
            int32_t id = out ? as_graph_output(graph, i) : as_graph_input(graph, i);
            if (!ort_add_port(&ort->ports[out][i], as_graph_value(graph, id), out, model, err))
                return false;
            ort->names[out][i] = ort->ports[out][i].name;
        }
    }
    return true;
}

static bool ort_read_ports(ort_priv *ort, const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                           as_err *err)
{
    as_graph *graph = as_graph_parse(model, n, name, err);
    if (!graph)
        return false;
    bool ok = as_graph_infer_shapes(graph, cfg->batch, err) && as_ort_safe(graph, err) &&
              ort_make_ports(ort, graph, name, err);
    as_graph_free(graph);
    return ok;
}

static bool ort_value_of(const ort_priv *ort, as_dtype dtype, const as_shape *shape, void *data, ort_value **ret,
                         as_err *err)
{
    size_t count = 0;
    return as_shape_count(shape, &count) &&
           as_ort_api_ok(ort->api,
                         ort->api->create_tensor(ort->memory, data, count * as_dtype_bytes(dtype), shape->dims,
                                                 (size_t)shape->rank, (int)dtype, ret),
                         err);
}

/* Where its nodes are placed is told to who listens to everything. */
static bool ort_set_options(const ort_api *api, ort_options *options, const as_session_cfg *cfg, as_err *err)
{
    const int threads = (int)cfg->threads, level = cfg->provider ? ORT_LOG_VERBOSE : ORT_LOG_ERROR;
    return as_ort_api_ok(api, api->set_intra_threads(options, threads), err) &&
           as_ort_api_ok(api, api->set_inter_threads(options, 1), err) &&
           as_ort_api_ok(api, api->set_log_level(options, level), err) &&
           as_ort_api_ok(api, api->set_optimisation(options, ORT_OPTIMISE_ALL), err) &&
           as_ort_api_ok(api, api->add_config(options, "session.intra_op.allow_spinning", "0"), err);
}

/* A provider that takes no node of a model leaves all of them to the processor: that is not what was asked for. */
static bool ort_create(ort_priv *ort, const uint8_t *model, size_t n, const as_session_cfg *cfg,
                       const ort_options *options, as_err *err)
{
    const ort_api     *api = ort->api;
    const as_provider *provider = cfg->provider ? as_provider_find(cfg->provider, err) : NULL;
    size_t             n_on = 0, n_all = 0;
    if (!provider)
        return as_ort_api_ok(api, api->create_session(api->env, model, n, options, &ort->session), err);
    as_ort_log_watch(provider->library);
    const bool ok = as_ort_api_ok(api, api->create_session(api->env, model, n, options, &ort->session), err);
    as_ort_log_placed(&n_on, &n_all);
    if (ok && n_all > 0 && n_on == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "provider '%s' takes none of the model's %zu nodes: all of them would run on ONNX Runtime's "
                       "processor (--backend ort); look at the provider's options%s%.100s",
                       provider->name, n_all, cfg->options ? ": " : "", cfg->options ? cfg->options : "");
    return ok && as_ort_api_ok(api, api->create_run_options(&ort->quiet), err) &&
           as_ort_api_ok(api, api->set_run_log_level(ort->quiet, ORT_LOG_ERROR), err);
}

static bool ort_make_session(ort_priv *ort, const uint8_t *model, size_t n, const as_session_cfg *cfg, as_err *err)
{
    const ort_api *api = ort->api;
    ort_options   *options = NULL;
    bool ok = as_ort_api_ok(api, api->create_options(&options), err) && ort_set_options(api, options, cfg, err) &&
              as_provider_append(api, options, cfg->provider, cfg->options, cfg->threads, err) &&
              ort_create(ort, model, n, cfg, options, err) &&
              as_ort_api_ok(api, api->create_cpu_memory(ORT_ARENA_ALLOCATOR, ORT_MEM_DEFAULT, &ort->memory), err);
    if (options)
        api->release_options(options);
    return ok;
}

static bool ort_own_outputs(ort_priv *ort, as_err *err)
{
    for (size_t i = 0; i < ort->n[1]; i++) {
        ort_port *out = &ort->ports[1][i];
        if (out->is_open)
            continue;
        if (!as_tensor_new(&out->own, out->port.dtype, &out->port.shape, err) ||
            !ort_value_of(ort, out->port.dtype, &out->port.shape, out->own.data, &out->own_value, err))
            return false;
    }
    return true;
}

static bool backend_ort_open(void *priv, const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                             as_err *err)
{
    ort_priv *ort = priv;
    if (!as_ort_api_get(&ort->api, err) || !ort_read_ports(ort, model, n, name, cfg, err))
        return false;
    if (ort_make_session(ort, model, n, cfg, err) && ort_own_outputs(ort, err))
        return true;
    return as_err_note(err, "cannot open model '%s'", name);
}

static void backend_ort_close(void *priv)
{
    ort_priv *ort = priv;
    for (int out = 0; out < 2; out++) {
        for (size_t i = 0; ort->ports[out] && i < ort->n[out]; i++) {
            if (ort->ports[out][i].own_value)
                ort->api->release_value(ort->ports[out][i].own_value);
            as_tensor_done(&ort->ports[out][i].own);
            free(ort->ports[out][i].name);
        }
        free(ort->ports[out]);
        free(ort->names[out]);
        free(ort->values[out]);
    }
    if (ort->session)
        ort->api->release_session(ort->session);
    if (ort->quiet)
        ort->api->release_run_options(ort->quiet);
    if (ort->memory)
        ort->api->release_memory(ort->memory);
}

static size_t backend_ort_n_ports(const void *priv, bool output)
{
    return ((const ort_priv *)priv)->n[output];
}

static const as_port *backend_ort_port(const void *priv, bool output, size_t i)
{
    return &((const ort_priv *)priv)->ports[output][i].port;
}

static bool ort_wrap(ort_priv *ort, const as_tensor *inputs, const as_tensor *outputs, as_err *err)
{
    for (size_t i = 0; i < ort->n[0]; i++)
        if (!ort_value_of(ort, inputs[i].dtype, &inputs[i].shape, inputs[i].data, &ort->values[0][i], err))
            return false;
    for (size_t i = 0; i < ort->n[1]; i++) {
        if (ort->ports[1][i].is_open)
            ort->values[1][i] = NULL; /* it makes one */
        else if (!outputs[i].data)
            ort->values[1][i] = ort->ports[1][i].own_value;
        else if (!ort_value_of(ort, outputs[i].dtype, &outputs[i].shape, outputs[i].data, &ort->values[1][i], err))
            return false;
    }
    return true;
}

static void ort_unwrap(ort_priv *ort)
{
    for (int out = 0; out < 2; out++)
        for (size_t i = 0; i < ort->n[out]; i++) {
            if (ort->values[out][i] && ort->values[out][i] != ort->ports[out][i].own_value)
                ort->api->release_value(ort->values[out][i]);
            ort->values[out][i] = NULL;
        }
}

/* What an open output is now; the last run's goes. */
static bool ort_take(ort_priv *ort, size_t i, as_err *err)
{
    static char    nothing;
    const ort_api *api = ort->api;
    ort_port      *port = &ort->ports[1][i];
    ort_shape     *about = NULL;
    as_shape       shape = {.rank = 0};
    size_t         rank = 0;
    void          *data = NULL;
    if (port->own_value)
        api->release_value(port->own_value);
    port->own_value = ort->values[1][i];
    bool ok = as_ort_api_ok(api, api->tensor_shape(port->own_value, &about), err) &&
              as_ort_api_ok(api, api->shape_rank(about, &rank), err) &&
              (rank <= AS_TENSOR_MAX_RANK || AS_FAIL(err, AS_ELIMIT, "output '%s' has %zu dimensions, more than %d",
                                                     port->port.name, rank, AS_TENSOR_MAX_RANK)) &&
              as_ort_api_ok(api, api->shape_dims(about, shape.dims, rank), err) &&
              as_ort_api_ok(api, api->tensor_data(port->own_value, &data), err);
    if (about)
        api->release_shape(about);
    shape.rank = (int)rank;
    port->own = as_tensor_view(port->port.dtype, &shape, data ? data : &nothing);
    return ok;
}

static bool backend_ort_run(void *priv, const as_tensor *inputs, as_tensor *outputs, as_err *err)
{
    ort_priv *ort = priv;
    bool      ok =
        ort_wrap(ort, inputs, outputs, err) &&
        as_ort_api_ok(ort->api,
                      ort->api->run(ort->session, ort->quiet, ort->names[0], (const ort_value *const *)ort->values[0],
                                    ort->n[0], ort->names[1], ort->n[1], ort->values[1]),
                      err);
    for (size_t i = 0; ok && i < ort->n[1]; i++) {
        ok = !ort->ports[1][i].is_open || ort_take(ort, i, err);
        if (!outputs[i].data)
            outputs[i] =
                as_tensor_view(ort->ports[1][i].own.dtype, &ort->ports[1][i].own.shape, ort->ports[1][i].own.data);
    }
    ort_unwrap(ort);
    return ok;
}

static bool backend_ort_about(as_str *out, as_err *err)
{
    const ort_api *api;
    if (!as_ort_api_get(&api, err))
        return false;
    as_str_addf(out, "ONNX Runtime %s, %s, with ", api->version, api->path);
    return as_provider_list(api, out, err);
}

const as_backend as_backend_ort = {
    .name = "ort",
    .summary = "ONNX Runtime, opened when it is used",
    .priv_size = sizeof(ort_priv),
    .open = backend_ort_open,
    .close = backend_ort_close,
    .n_ports = backend_ort_n_ports,
    .port = backend_ort_port,
    .run = backend_ort_run,
    .about = backend_ort_about,
};
