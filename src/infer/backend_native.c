/* SPDX-License-Identifier: Apache-2.0 */
/* backend_native.c: our own engine. */
#include "base/cpu.h"
#include "base/isa.h"
#include "graph/fuse.h"
#include "graph/widen.h"
#include "infer/native.h"

typedef struct native_priv {
    as_engine *engine;
    as_port   *ports[2]; /* inputs, outputs; their names are the engine's */
    size_t     n[2];
} native_priv;

static bool native_make_ports(native_priv *native, const char *model, as_err *err)
{
    native->n[0] = as_engine_n_inputs(native->engine);
    native->n[1] = as_engine_n_outputs(native->engine);
    for (int out = 0; out < 2; out++) {
        native->ports[out] = calloc(native->n[out] + 1, sizeof *native->ports[out]);
        if (!native->ports[out])
            return AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", model);
        for (size_t i = 0; i < native->n[out]; i++) {
            const as_value *value = out ? as_engine_output(native->engine, i) : as_engine_input(native->engine, i);
            as_port        *port = &native->ports[out][i];
            *port = (as_port){.name = value->name, .dtype = value->dtype, .shape = value->shape};
            if (!out)
                (void)as_engine_input_form(native->engine, i, &port->scale, &port->zero);
        }
    }
    return true;
}

as_engine *as_native_engine(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg, bool profile,
                            as_err *err)
{
    const as_engine_cfg engine_cfg = {.batch = cfg->batch,
                                      .threads = cfg->threads,
                                      .precision = cfg->precision,
                                      .warm = cfg->warm,
                                      .profile = profile,
                                      .bytes_in = cfg->bytes_in};
    as_engine          *engine = NULL;
    const as_lent       lent = cfg->mapped ? AS_LENT_MAPPED : cfg->spent ? AS_LENT_SPENT : AS_LENT_KEPT;
    as_graph           *graph = as_graph_borrow(model, n, lent, name, err);
    if (!graph)
        return NULL;
    if (as_graph_widen(graph, err) && as_graph_fuse(graph, cfg->batch, NULL, err))
        engine = as_engine_new(graph, &engine_cfg, err);
    as_graph_free(graph);
    if (!engine)
        as_err_note(err, "cannot open model '%s'", name);
    return engine;
}

static bool backend_native_open(void *priv, const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                                as_err *err)
{
    native_priv *native = priv;
    native->engine = as_native_engine(model, n, name, cfg, false, err);
    return native->engine && native_make_ports(native, name, err);
}

static void backend_native_close(void *priv)
{
    native_priv *native = priv;
    free(native->ports[0]);
    free(native->ports[1]);
    as_engine_free(native->engine);
}

static size_t backend_native_n_ports(const void *priv, bool output)
{
    return ((const native_priv *)priv)->n[output];
}

static const as_port *backend_native_port(const void *priv, bool output, size_t i)
{
    return &((const native_priv *)priv)->ports[output][i];
}

static bool backend_native_run(void *priv, const as_tensor *inputs, as_tensor *outputs, as_err *err)
{
    return as_engine_run(((native_priv *)priv)->engine, inputs, outputs, err);
}

static as_floats backend_native_precision(const void *priv)
{
    return as_engine_precision(((const native_priv *)priv)->engine);
}

static void backend_native_memory(const void *priv, as_session_memory *ret)
{
    const as_engine_memory m = as_engine_memory_of(((const native_priv *)priv)->engine);
    *ret = (as_session_memory){.arena = m.arena_bytes, .weights = m.weights_bytes, .shared = m.shared_bytes};
}

static bool backend_native_about(as_str *out, as_err *err)
{
    (void)err;
    if (as_isa_limit() != AS_ISA_NONE) {
        as_str_addf(out, "built in, on %s (ASSAY_ISA)", as_isa_name(as_isa_top()));
        return true;
    }
    as_str_addf(out, "built in, on %s",
                *as_cpu_features() ? as_cpu_features() : "a processor without vector instructions");
    return true;
}

const as_backend as_backend_native = {
    .name = "native",
    .summary = "the engine of this program, on oneDNN",
    .priv_size = sizeof(native_priv),
    .open = backend_native_open,
    .close = backend_native_close,
    .n_ports = backend_native_n_ports,
    .port = backend_native_port,
    .run = backend_native_run,
    .precision = backend_native_precision,
    .about = backend_native_about,
    .memory = backend_native_memory,
};
