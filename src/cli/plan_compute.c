/* SPDX-License-Identifier: Apache-2.0 */
/* How long a network takes for a frame on this machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/model_file.h"
#include "cli/plan_say.h"
#include "infer/infer.h"
#include "lab/nodes.h"

#define MOST_RUNS 200
#define MOST_NS   (AS_NS_PER_S / 2)
#define WARM_UP   2
#define SIDE      224
#define REFERENCE "a reference network of 0.37 GFLOP"

enum { LAYERS = 4 };

/* Four convolutions, each of which halves the picture, and a head: what a small classifier costs. Weights are small and all
 * alike: the time does not depend on them. */
static bool compute_layers(as_nodes *nodes, float *weights)
{
    static const int64_t channels[LAYERS + 1] = {3, 32, 64, 128, 256};
    const int64_t        kernel[] = {3, 3}, strides[] = {2, 2}, pads[] = {1, 1, 1, 1};
    const as_attr        attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2},
                                    {.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2},
                                    {.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4}};
    const as_attr        axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    char                 from[16] = "picture", weight[16], conv[16], to[16];
    for (int i = 0; i < LAYERS; i++) {
        snprintf(weight, sizeof weight, "w%d", i);
        snprintf(conv, sizeof conv, "conv%d", i);
        snprintf(to, sizeof to, "relu%d", i);
        as_nodes_floats(nodes, weight, &(as_shape){4, {channels[i + 1], channels[i], 3, 3}}, weights);
        as_nodes_add_attrs(nodes, "Conv", conv, from, weight, NULL, attrs, AS_COUNT(attrs));
        as_nodes_add(nodes, "Relu", to, conv, NULL, NULL, NULL);
        as_str_copy(from, sizeof from, to);
    }
    as_nodes_floats(nodes, "head_w", &(as_shape){2, {channels[LAYERS], 2}}, weights);
    as_nodes_add(nodes, "GlobalAveragePool", "mean", from, NULL, NULL, NULL);
    as_nodes_add(nodes, "Flatten", "flat", "mean", NULL, NULL, &axis);
    as_nodes_add(nodes, "MatMul", "scores", "flat", "head_w", NULL, NULL);
    return as_nodes_finish(nodes, "scores", &(as_shape){2, {1, 2}});
}

static bool compute_reference(as_str *out, as_err *err)
{
    as_graph *graph = as_graph_new("reference", err);
    size_t    n = 256 * 128 * 9;
    float    *weights = malloc(n * sizeof *weights);
    bool      ok = graph && (weights || AS_FAIL(err, AS_ENOMEM, "out of memory")) &&
              as_graph_add_input(graph, "picture", AS_DTYPE_F32, &(as_shape){4, {1, 3, SIDE, SIDE}}, err);
    for (size_t i = 0; ok && i < n; i++)
        weights[i] = 0.01f;
    if (ok) {
        as_nodes nodes = as_nodes_begin(graph, err);
        ok = compute_layers(&nodes, weights) && as_graph_write(graph, out, err);
    }
    free(weights);
    as_graph_free(graph);
    return ok;
}

static int compute_by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median: a machine that others use too is slow now and then. */
static bool compute_loop(as_session *session, const as_tensor *inputs, as_tensor *outputs, double *ret_s, as_err *err)
{
    double took[MOST_RUNS];
    size_t n = 0;
    as_ns  begun = as_clock_mono();
    for (size_t i = 0; n < MOST_RUNS && (n == 0 || as_clock_mono() - begun < MOST_NS); i++) {
        as_ns from = as_clock_mono();
        if (!as_session_run(session, inputs, outputs, err))
            return false;
        if (i >= WARM_UP || as_clock_mono() - from > MOST_NS / 2)
            took[n++] = (double)(as_clock_mono() - from) / (double)AS_NS_PER_S;
    }
    qsort(took, n, sizeof took[0], compute_by_time);
    *ret_s = took[n / 2];
    return true;
}

/* Pixels of the first input; 0 where it is no picture. Channels stand last where the last side is as many as they are, and the one
 * behind the pictures is not. */
static double compute_pixels(const as_session *session)
{
    const as_shape *shape = as_session_n_inputs(session) > 0 ? &as_session_input(session, 0)->shape : NULL;
    if (!shape || shape->rank < 3)
        return 0;
    const int64_t *d = shape->dims + shape->rank - 3, last = d[2], first = d[0];
    const bool     is_last = (last == 1 || last == 3 || last == 4) && first != 1 && first != 3 && first != 4;
    return is_last ? fmax((double)first, 0) * fmax((double)d[1], 0) : fmax((double)d[1], 0) * fmax((double)last, 0);
}

static bool compute_session(as_session *session, double *ret_s, as_err *err)
{
    size_t     n_in = as_session_n_inputs(session), n_out = as_session_n_outputs(session);
    as_tensor *inputs = calloc(n_in, sizeof *inputs), *outputs = calloc(n_out, sizeof *outputs);
    bool       ok = (inputs && outputs) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; ok && i < n_in; i++) {
        const as_port *port = as_session_input(session, i);
        ok = as_tensor_new(&inputs[i], port->dtype, &port->shape, err);
    }
    for (size_t i = 0; ok && i < n_out; i++) {
        const as_port *port = as_session_output(session, i);
        outputs[i] = as_tensor_view(port->dtype, &port->shape, NULL);
    }
    ok = ok && compute_loop(session, inputs, outputs, ret_s, err);
    for (size_t i = 0; inputs && i < n_in; i++)
        as_tensor_done(&inputs[i]);
    free(inputs);
    free(outputs);
    return ok;
}

static bool compute_bytes(const uint8_t *model, size_t n, const char *name, as_plan_machine *ret, as_err *err)
{
    as_session_cfg cfg = {.threads = 1, .batch = 1};
    as_session    *session = as_session_open(model, n, name, &cfg, err);
    bool           ok = session && compute_session(session, &ret->compute_s, err);
    if (ok)
        ret->input_px = compute_pixels(session);
    as_session_close(session);
    return ok;
}

bool as_plan_compute(as_cli *cli, const char *model, as_plan_machine *ret, char *ret_network, as_err *err)
{
    as_model_file file = {.n = 0};
    as_err        no_run = AS_ERR_NONE;
    if (as_model_file_open(cli, model, &file, model ? err : &no_run)) {
        bool ok = compute_bytes(file.bytes, file.n, file.name, ret, err);
        snprintf(ret_network, 256, "%.200s", file.name);
        as_model_file_done(&file);
        return ok;
    }
    if (model)
        return false;
    as_str bytes;
    as_str_init(&bytes);
    bool ok = compute_reference(&bytes, err) && compute_bytes((const uint8_t *)bytes.s, bytes.len, REFERENCE, ret, err);
    as_str_done(&bytes);
    as_str_copy(ret_network, 256, REFERENCE);
    return ok;
}
