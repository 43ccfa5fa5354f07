/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/infer.h"

#include "base/fs.h"
#include "graph/graph.h"
#include "tensor/half.h"

#define X(name) extern const as_backend as_backend_##name;
#include "infer/backend_list.inc"
#undef X

static const as_backend *const backends[] = {
#define X(name) &as_backend_##name,
#include "infer/backend_list.inc"
#undef X
};

#define INFER_TEXT_BYTES 2048

/* A port of f16 that the caller sees as one of f32. */
typedef struct infer_edge {
    as_port   port;
    bool      converts;   /* else the port is as it is */
    as_tensor half, wide; /* what an input is narrowed into, an output widened into: as large as was needed so far */
} infer_edge;

struct as_session {
    const as_backend *backend;
    char              runs_on[64];
    infer_edge       *edges[2]; /* inputs, outputs; NULL: none is converted */
    as_tensor        *passed[2];
    _Alignas(16) uint8_t priv[]; /* of the backend */
};

const as_backend *as_backend_at(size_t i)
{
    return i < AS_COUNT(backends) ? backends[i] : NULL;
}

static const as_backend *infer_backend(const char *name, as_err *err)
{
    const char *names[AS_COUNT(backends)];
    for (size_t i = 0; i < AS_COUNT(backends); i++) {
        names[i] = backends[i]->name;
        if (strcmp(names[i], name) == 0)
            return backends[i];
    }
    const char *near = as_str_nearest(name, names, AS_COUNT(backends));
    AS_FAIL(err, AS_ENOTFOUND, "no back end '%s'%s%s%s", name, near ? " (did you mean '" : "", near ? near : "",
            near ? "'?)" : " (there are native, ort and auto)");
    return NULL;
}

/* "ort:cuda,device_id=1" parted, in text[INFER_TEXT_BYTES]. */
static const as_backend *infer_part(as_session_cfg *cfg, char *text, as_err *err)
{
    if (!as_str_copy(text, INFER_TEXT_BYTES, cfg->backend)) {
        AS_FAIL(err, AS_EINVAL, "the name of a back end is longer than %d bytes", INFER_TEXT_BYTES - 1);
        return NULL;
    }
    const size_t n = strcspn(text, ":,");
    if (text[n]) {
        char *comma = strchr(text + n, ',');
        cfg->provider = text[n] == ':' ? text + n + 1 : NULL;
        if (comma) {
            *comma = '\0';
            cfg->options = comma + 1;
        }
        text[n] = '\0';
    }
    const as_backend *backend = infer_backend(text, err);
    if (backend && (cfg->provider || cfg->options) && strcmp(backend->name, "ort") != 0) {
        AS_FAIL(err, AS_EINVAL, "back end '%s' has neither providers nor options ('%.100s' was given)", text,
                cfg->backend);
        return NULL;
    }
    cfg->backend = text;
    return backend;
}

/* --- ports of half floats --- */

static bool infer_is_open(const as_shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0)
            return true;
    return false;
}

static bool infer_widen(as_session *session, as_err *err)
{
    const as_backend *backend = session->backend;
    bool              any = false;
    for (int out = 0; out < 2; out++)
        for (size_t i = 0; i < backend->n_ports(session->priv, out); i++)
            any = any || backend->port(session->priv, out, i)->dtype == AS_DTYPE_F16;
    for (int out = 0; any && out < 2; out++) {
        const size_t n = backend->n_ports(session->priv, out);
        session->edges[out] = calloc(n + 1, sizeof *session->edges[out]);
        session->passed[out] = calloc(n + 1, sizeof *session->passed[out]);
        if (!session->edges[out] || !session->passed[out])
            return AS_FAIL(err, AS_ENOMEM, "out of memory for %zu ports", n);
        for (size_t i = 0; i < n; i++) {
            infer_edge    *edge = &session->edges[out][i];
            const as_port *port = backend->port(session->priv, out, i);
            edge->port = *port;
            if (port->dtype != AS_DTYPE_F16)
                continue;
            edge->port.dtype = AS_DTYPE_F32;
            edge->converts = true;
            if (!(out && infer_is_open(&port->shape)) &&
                !as_tensor_new(out ? &edge->wide : &edge->half, out ? AS_DTYPE_F32 : AS_DTYPE_F16, &port->shape, err))
                return false;
        }
    }
    return true;
}

static void infer_narrow_input(const as_tensor *from, as_tensor *to)
{
    const float *wide = from->data;
    uint16_t    *half = to->data;
    for (size_t i = 0; i < as_tensor_count(from); i++)
        half[i] = as_half_from_float(wide[i]);
}

/* Memory for what an open output has come to be. */
static bool infer_grow(infer_edge *edge, const as_shape *shape, as_err *err)
{
    size_t count;
    if (edge->wide.data && as_shape_count(shape, &count) && count <= as_tensor_count(&edge->wide))
        return true;
    as_tensor_done(&edge->wide);
    return as_tensor_new(&edge->wide, AS_DTYPE_F32, shape, err);
}

static void infer_widen_output(const as_tensor *from, as_tensor *to)
{
    const uint16_t *half = from->data;
    float          *wide = to->data;
    for (size_t i = 0; i < as_tensor_count(from); i++)
        wide[i] = as_half_to_float(half[i]);
}

static bool infer_run_wide(as_session *session, const as_tensor *inputs, as_tensor *outputs, as_err *err)
{
    const size_t n_in = as_session_n_inputs(session), n_out = as_session_n_outputs(session);
    as_tensor   *in = session->passed[0], *out = session->passed[1];
    for (size_t i = 0; i < n_in; i++) {
        infer_edge *edge = &session->edges[0][i];
        if (edge->converts)
            infer_narrow_input(&inputs[i], &edge->half);
        in[i] = edge->converts ? edge->half : inputs[i];
    }
    for (size_t i = 0; i < n_out; i++)
        out[i] = session->edges[1][i].converts ? (as_tensor){.data = NULL} : outputs[i];
    if (!session->backend->run(session->priv, in, out, err))
        return false;
    for (size_t i = 0; i < n_out; i++) {
        infer_edge *edge = &session->edges[1][i];
        if (!edge->converts) {
            outputs[i] = out[i];
            continue;
        }
        if (!outputs[i].data && !infer_grow(edge, &out[i].shape, err))
            return false;
        if (!outputs[i].data)
            outputs[i] = as_tensor_view(AS_DTYPE_F32, &out[i].shape, edge->wide.data);
        outputs[i].shape = out[i].shape; /* of this run: there may be fewer rows than fit */
        infer_widen_output(&out[i], &outputs[i]);
    }
    return true;
}

/* --- opening --- */

as_session *as_session_open(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg, as_err *err)
{
    as_session_cfg full = cfg ? *cfg : (as_session_cfg){0};
    full.threads = full.threads ? full.threads : 1;
    full.batch = full.batch ? full.batch : 1;
    full.backend = full.backend ? full.backend : "native";
    full.provider = full.options = NULL;
    char              text[INFER_TEXT_BYTES];
    const as_backend *backend = infer_part(&full, text, err);
    if (!backend)
        return NULL;
    if (full.threads > 1024) {
        AS_FAIL(err, AS_EINVAL, "%u threads are more than 1024", full.threads);
        return NULL;
    }
    if (full.precision == AS_FLOATS_BF16 && !backend->precision) {
        AS_FAIL(err, AS_EUNSUPPORTED, "back end '%s' computes in what the model says: bf16 is for 'native' alone",
                backend->name);
        return NULL;
    }
    as_session *session = calloc(1, sizeof *session + backend->priv_size);
    if (!session) {
        AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", name);
        return NULL;
    }
    session->backend = backend;
    snprintf(session->runs_on, sizeof session->runs_on, "%s%s%.40s", backend->name, full.provider ? ":" : "",
             full.provider ? full.provider : "");
    return backend->open(session->priv, model, n, name, &full, err) && (!full.wide || infer_widen(session, err))
               ? session
               : as_session_close(session);
}

as_session *as_session_open_file(const char *path, const as_session_cfg *cfg, as_err *err)
{
    as_session_cfg full = cfg ? *cfg : (as_session_cfg){0};
    const uint8_t *bytes;
    size_t         n;
    if (!as_fs_read_pages(path, AS_GRAPH_MAX_BYTES, &bytes, &n, err))
        return NULL;
    full.mapped = false;
    full.spent = true;
    as_session *session = as_session_open(bytes, n, path, &full, err);
    as_fs_unmap(bytes, n);
    return session;
}

as_session *as_session_close(as_session *session)
{
    if (!session)
        return NULL;
    for (int out = 0; out < 2; out++) {
        for (size_t i = 0; session->edges[out] && i < session->backend->n_ports(session->priv, out); i++) {
            as_tensor_done(&session->edges[out][i].half);
            as_tensor_done(&session->edges[out][i].wide);
        }
        free(session->edges[out]);
        free(session->passed[out]);
    }
    session->backend->close(session->priv);
    free(session);
    return NULL;
}

const char *as_session_backend(const as_session *session)
{
    return session->backend->name;
}

as_floats as_session_precision(const as_session *session)
{
    return session->backend->precision ? session->backend->precision(session->priv) : AS_FLOATS_F32;
}

const char *as_session_runs_on(const as_session *session, const char **ret_why)
{
    const char *why = "", *name = session->runs_on;
    if (session->backend->chosen)
        name = session->backend->chosen(session->priv, &why);
    if (ret_why)
        *ret_why = why;
    return name;
}

bool as_session_memory_of(const as_session *session, as_session_memory *ret)
{
    if (!session->backend->memory)
        return false;
    session->backend->memory(session->priv, ret);
    return true;
}

size_t as_session_n_inputs(const as_session *session)
{
    return session->backend->n_ports(session->priv, false);
}

size_t as_session_n_outputs(const as_session *session)
{
    return session->backend->n_ports(session->priv, true);
}

static const as_port *infer_port(const as_session *session, bool out, size_t i)
{
    if (i >= session->backend->n_ports(session->priv, out))
        return NULL;
    return session->edges[out] ? &session->edges[out][i].port : session->backend->port(session->priv, out, i);
}

const as_port *as_session_input(const as_session *session, size_t i)
{
    return infer_port(session, false, i);
}

const as_port *as_session_output(const as_session *session, size_t i)
{
    return infer_port(session, true, i);
}

static bool infer_fits(const as_port *port, const as_tensor *tensor, const char *what, as_err *err)
{
    char have[AS_TENSOR_MAX_RANK * 24], want[AS_TENSOR_MAX_RANK * 24];
    if (tensor->data && tensor->dtype == port->dtype && as_shape_equal(&tensor->shape, &port->shape))
        return true;
    return AS_FAIL(err, AS_EINVAL, "%s '%s' is %s %s%s, the model needs %s %s", what, port->name,
                   as_dtype_name(tensor->dtype), as_shape_text(&tensor->shape, have, sizeof have),
                   tensor->data ? "" : " without data", as_dtype_name(port->dtype),
                   as_shape_text(&port->shape, want, sizeof want));
}

bool as_session_run(as_session *session, const as_tensor *inputs, as_tensor *outputs, as_err *err)
{
    size_t n_in = as_session_n_inputs(session), n_out = as_session_n_outputs(session);
    for (size_t i = 0; i < n_in; i++)
        if (!infer_fits(as_session_input(session, i), &inputs[i], "input", err))
            return false;
    for (size_t i = 0; i < n_out; i++)
        if (outputs[i].data && !infer_fits(as_session_output(session, i), &outputs[i], "output", err))
            return false;
    return session->edges[0] ? infer_run_wide(session, inputs, outputs, err)
                             : session->backend->run(session->priv, inputs, outputs, err);
}
