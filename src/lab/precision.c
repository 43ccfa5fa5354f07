/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/precision.h"

#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "engine/engine.h"
#include "graph/upgrade.h"
#include "graph/widen.h"
#include "infer/calibrate.h"
#include "tensor/half.h"

#define PRECISION_MAX_BYTES ((size_t)1 << 30) /* of the pictures that a model is calibrated with */

/* --- f32 --- */

static bool precision_make_f32(const as_precision_job *job, as_str *out, as_session_cfg *cfg, as_err *err)
{
    (void)cfg;
    as_str_add_bytes(out, (const char *)job->model, job->n_model);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot hold model '%s'", job->name);
}

/* --- bf16 --- */

/* The model as it stands: what computes it makes its floats narrow. */
static bool precision_make_bf16(const as_precision_job *job, as_str *out, as_session_cfg *cfg, as_err *err)
{
    if (as_engine_no_bf16())
        return AS_FAIL(err, AS_EUNSUPPORTED, "%s (this one goes up to %s: see assay doctor)", as_engine_no_bf16(),
                       as_isa_name(as_isa_top()));
    cfg->precision = AS_FLOATS_BF16;
    return precision_make_f32(job, out, cfg, err);
}

/* --- int8 --- */

/* Pictures of the training split alone: those that are judged must not have shaped the model. Evenly over the split. */
static bool precision_pick(const as_precision_job *job, uint32_t **ret, size_t *ret_n, as_err *err)
{
    size_t    n_all = 0, n;
    uint32_t *all = calloc(as_dataset_count(job->dataset) + 1, sizeof *all);
    if (!all)
        return AS_FAIL(err, AS_ENOMEM, "cannot pick pictures to calibrate with");
    for (size_t i = 0; i < as_dataset_count(job->dataset); i++)
        if (as_dataset_sample(job->dataset, i)->split == AS_SPLIT_TRAIN)
            all[n_all++] = (uint32_t)i;
    n = AS_MIN(n_all, job->n_calibrate);
    size_t each = (size_t)job->input->channels * job->input->height * job->input->width * sizeof(float);
    n = AS_MIN(n, AS_MAX(PRECISION_MAX_BYTES / each, (size_t)1));
    for (size_t i = 0; i < n; i++)
        all[i] = all[i * n_all / n];
    if (n == 0) {
        free(all);
        return AS_FAIL(err, AS_EINVAL,
                       "the training split is empty: int8 is calibrated with its pictures (divide the data with: assay "
                       "data split)");
    }
    *ret = all;
    *ret_n = n;
    return true;
}

/* As the model takes it: of half floats where its input is. */
static bool precision_give(const as_tensor *picture, as_tensor *input, as_err *err)
{
    if (!as_tensor_new(input, input->dtype, &picture->shape, err))
        return false;
    const float *from = picture->data;
    if (input->dtype == AS_DTYPE_F32)
        memcpy(input->data, from, as_tensor_count(picture) * sizeof *from);
    for (size_t i = 0; input->dtype == AS_DTYPE_F16 && i < as_tensor_count(picture); i++)
        ((uint16_t *)input->data)[i] = as_half_from_float(from[i]);
    return true;
}

/* dtype: of the model's input, f32 or f16. */
static bool precision_fill(const as_precision_job *job, const uint32_t *indices, as_dtype dtype, as_tensor *inputs,
                           size_t n, as_err *err)
{
    const as_input_spec *input = job->input;
    const as_shape       shape = {4, {1, input->channels, input->height, input->width}};
    as_prepare          *prepare = as_prepare_new(input, err);
    as_tensor            picture = {0};
    bool                 ok = prepare && as_tensor_new(&picture, AS_DTYPE_F32, &shape, err);
    for (size_t i = 0; ok && i < n; i++) {
        as_image image = {0};
        inputs[i] = (as_tensor){.dtype = dtype};
        ok = as_progress_go_on(job->progress, err) && as_dataset_decode(job->dataset, indices[i], &image, err) &&
             as_prepare_run(prepare, &image, picture.data, err) && precision_give(&picture, &inputs[i], err);
        as_image_done(&image);
        as_progress_step(job->progress, "reading pictures to calibrate with", i + 1, n);
    }
    as_tensor_done(&picture);
    as_prepare_free(prepare);
    return ok;
}

static as_graph *precision_quantise(const as_precision_job *job, as_graph *graph, const as_tensor *inputs, size_t n,
                                    as_err *err)
{
    as_range *ranges = calloc(as_graph_n_values(graph) + 1, sizeof *ranges);
    as_graph *whole = NULL;
    if (!ranges)
        AS_FAIL(err, AS_ENOMEM, "cannot hold the ranges of model '%s'", job->name);
    else if (as_calibrate(graph, inputs, n, ranges, err))
        whole = as_graph_quantise(graph, ranges, err);
    as_range_done(ranges, as_graph_n_values(graph));
    free(ranges);
    if (whole && job->info && !as_model_info_write(job->info, whole, err))
        whole = as_graph_free(whole);
    return whole;
}

/* What is no f16 is told by who runs it. */
static as_dtype precision_input(const as_graph *graph)
{
    const bool is_half =
        as_graph_n_inputs(graph) > 0 && as_graph_value(graph, as_graph_input(graph, 0))->dtype == AS_DTYPE_F16;
    return is_half ? AS_DTYPE_F16 : AS_DTYPE_F32;
}

/* A model of half floats is widened: whole numbers are made of floats, and its ports stay what they are. One of an older operator
 * set is brought to one that has a scale a channel. */
static bool precision_make_int8(const as_precision_job *job, as_str *out, as_session_cfg *cfg, as_err *err)
{
    uint32_t *indices = NULL;
    size_t    n = 0;
    (void)cfg;
    if (!precision_pick(job, &indices, &n, err))
        return false;
    as_tensor *inputs = calloc(n + 1, sizeof *inputs);
    as_graph  *graph = NULL, *whole = NULL;
    bool       ok = inputs || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu pictures", n);
    ok = ok && (graph = as_graph_parse(job->model, job->n_model, job->name, err)) &&
         precision_fill(job, indices, precision_input(graph), inputs, n, err) && as_graph_widen(graph, err) &&
         as_graph_upgrade(graph, err) && (whole = precision_quantise(job, graph, inputs, n, err)) &&
         as_graph_write(whole, out, err);
    for (size_t i = 0; inputs && i < n; i++)
        as_tensor_done(&inputs[i]);
    as_graph_free(graph);
    as_graph_free(whole);
    free(inputs);
    free(indices);
    return ok || as_err_note(err, "cannot make model '%s' one of whole numbers", job->name);
}

/* --- the rows --- */

static const as_precision precision_rows[] = {
    {"f32", "floats of 32 bits, as models are trained", precision_make_f32},
    {"bf16", "floats of 16 bits in convolutions, on processors that have them", precision_make_bf16},
    {"int8", "whole numbers of 8 bits, calibrated with training pictures", precision_make_int8},
};

const as_precision *as_precision_at(size_t i)
{
    return i < AS_COUNT(precision_rows) ? &precision_rows[i] : NULL;
}

const as_precision *as_precision_find(const char *name)
{
    for (size_t i = 0; i < AS_COUNT(precision_rows); i++)
        if (strcmp(precision_rows[i].name, name) == 0)
            return &precision_rows[i];
    return NULL;
}

const as_precision *as_precision_of(const as_graph *graph)
{
    static const char *const whole[] = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv",
                                        "QLinearMatMul",  "ConvInteger",      "MatMulInteger"};
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++)
        for (size_t k = 0; k < AS_COUNT(whole); k++)
            if (strcmp(as_graph_node(graph, i)->op, whole[k]) == 0)
                return as_precision_find("int8");
    return &precision_rows[0];
}
