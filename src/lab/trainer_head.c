/* SPDX-License-Identifier: Apache-2.0 */
/* A linear classifier on the features of a network that somebody else trained, put behind it in one file. */
#include <stdlib.h>

#include "lab/backbone.h"
#include "lab/features.h"
#include "lab/logits.h"
#include "lab/samples.h"

typedef struct head {
    const as_trainer_cfg *cfg;
    const as_progress    *progress;
    as_backbone           backbone;
    as_samples            train;
    as_features           features;
    const char           *backend;
    uint32_t              n_classes;
    as_logits             logits;
} head;

static bool head_features(head *h, const as_dataset *dataset, as_err *err)
{
    as_str model;
    as_str_init(&model);
    bool            ok = as_graph_write(h->backbone.graph, &model, err);
    as_features_cfg cfg = {.model = (const uint8_t *)model.s,
                           .n_model = model.len,
                           .name = h->cfg->backbone,
                           .backend = h->backend = as_backbone_backend(h->cfg),
                           .input = h->backbone.input,
                           .threads = h->cfg->threads ? h->cfg->threads : 2};
    ok = ok && as_features_compute(dataset, h->train.indices, h->train.n, &cfg, h->progress, &h->features, err);
    as_str_done(&model);
    return ok;
}

static bool head_fit(head *h, const as_dataset *dataset, as_err *err)
{
    const as_logits_cfg cfg = {.dataset = dataset,
                               .indices = h->train.indices,
                               .labels = h->train.labels,
                               .n_classes = h->n_classes,
                               .seed = h->cfg->seed,
                               .threads = h->cfg->threads};
    return as_logits_fit(&h->features, &cfg, h->progress, &h->logits, err);
}

static bool head_append(head *h, as_err *err)
{
    as_graph      *graph = h->backbone.graph;
    const as_shape features = as_graph_value(graph, as_graph_output(graph, 0))->shape;
    as_nodes       nodes = as_nodes_begin(graph, err);
    as_logits_append(&h->logits, &nodes, h->backbone.features);
    return as_nodes_finish(&nodes, "probabilities", &(as_shape){2, {features.dims[0], h->n_classes}});
}

static json_t *head_floats(const float *values, uint32_t n)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(list, as_json_number((double)values[i]));
    return list;
}

static json_t *head_params(const head *h)
{
    json_t *params = json_object();
    as_json_set(params, "backbone", json_string(h->cfg->backbone));
    as_json_set(params, "layer", json_string(h->backbone.layer));
    as_json_set(params, "features", json_integer(h->backbone.n_features));
    as_json_set(params, "backend", json_string(h->backend));
    as_json_set(params, "width", json_integer(h->backbone.input.width));
    as_json_set(params, "height", json_integer(h->backbone.input.height));
    as_json_set(params, "channels", json_integer(h->backbone.input.channels));
    as_json_set(params, "input_order", json_string(h->backbone.input.bgr ? "bgr" : "rgb"));
    as_json_set(params, "input_mean", head_floats(h->backbone.input.mean, h->backbone.input.channels));
    as_json_set(params, "input_scale", head_floats(h->backbone.input.scale, h->backbone.input.channels));
    as_json_set(params, "input_from", json_string(h->backbone.input_from));
    as_logits_record(&h->logits, params);
    return params;
}

static void head_done(head *h)
{
    as_backbone_done(&h->backbone);
    as_samples_done(&h->train);
    as_features_done(&h->features);
    as_logits_done(&h->logits);
}

static bool head_train(const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                       const as_progress *progress, as_trained *ret, as_err *err)
{
    head h = {.cfg = cfg, .progress = progress, .n_classes = (uint32_t)spec->n_classes};
    bool ok = as_backbone_open(cfg, &h.backbone, err) &&
              as_samples_open(dataset, spec, AS_SPLIT_TRAIN, &h.train, err) && head_features(&h, dataset, err) &&
              head_fit(&h, dataset, err) && head_append(&h, err);
    if (ok) {
        *ret = (as_trained){.graph = h.backbone.graph, .params = head_params(&h)};
        as_samples_info(spec, "head", &h.backbone.input, &ret->info);
        h.backbone.graph = NULL;
    }
    head_done(&h);
    return ok;
}

const as_trainer as_trainer_head = {
    .name = "head",
    .summary = "a linear classifier on a frozen ONNX backbone's features",
    .train = head_train,
};
