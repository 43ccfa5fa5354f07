/* SPDX-License-Identifier: Apache-2.0 */
/* A linear classifier on the features of a network that somebody else trained, put behind it in one file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/build.h"
#include "lab/backbone.h"
#include "lab/crossval.h"
#include "lab/features.h"
#include "lab/folds.h"
#include "lab/samples.h"

#define HEAD_LOGITS  "assay_logits"
#define HEAD_WEIGHTS "assay_head_weights"
#define HEAD_BIAS    "assay_head_bias"
#define HEAD_OUTPUT  "probabilities"

typedef struct head {
    const as_trainer_cfg *cfg;
    const as_progress    *progress;
    as_backbone           backbone;
    as_samples            train;
    as_features           features;
    const char           *backend;
    double               *x, *weights, *mean, *scale; /* x: standardised features */
    uint32_t             *rows, *groups;
    uint32_t              n_classes;
    as_crossval           crossval;
    as_logistic           linear;
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

static bool head_room(head *h, as_err *err)
{
    size_t n = h->train.n, width = h->features.width;
    h->x = calloc(n * width + 1, sizeof *h->x);
    h->weights = calloc(n + 1, sizeof *h->weights);
    h->mean = calloc(width + 1, sizeof *h->mean);
    h->scale = calloc(width + 1, sizeof *h->scale);
    h->rows = calloc(n + 1, sizeof *h->rows);
    h->groups = calloc(n + 1, sizeof *h->groups);
    if (h->x && h->weights && h->mean && h->scale && h->rows && h->groups)
        return true;
    return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu features of %zu pictures", width, n);
}

static as_logistic_data head_data(const head *h, const uint32_t *rows, size_t n_rows)
{
    return (as_logistic_data){h->features.width, h->n_classes, h->x, h->train.labels, h->weights, rows, n_rows};
}

static bool head_choose(head *h, const as_dataset *dataset, as_err *err)
{
    as_crossval_cfg cfg = {.n_features = h->features.width,
                           .n_classes = h->n_classes,
                           .x = h->x,
                           .labels = h->train.labels,
                           .weights = h->weights,
                           .groups = h->groups,
                           .n = h->train.n,
                           .seed = h->cfg->seed,
                           .threads = h->cfg->threads};
    if (!as_folds_group(dataset, h->train.indices, h->train.n, h->groups, err))
        return false;
    as_progress_step(h->progress, "choosing the head's regularisation", 0, 1);
    if (!as_crossval_run(&cfg, h->progress, &h->crossval, err))
        return false;
    as_progress_step(h->progress, "choosing the head's regularisation", 1, 1);
    return true;
}

static bool head_fit(head *h, const as_dataset *dataset, as_err *err)
{
    if (!head_room(h, err))
        return false;
    for (size_t i = 0; i < h->train.n * h->features.width; i++)
        h->x[i] = (double)h->features.at[i];
    for (uint32_t i = 0; i < h->train.n; i++)
        h->rows[i] = i;
    as_logistic_standardise(h->x, h->train.n, h->features.width, h->mean, h->scale);
    as_logistic_balance(h->train.labels, h->train.n, h->n_classes, h->weights);
    if (!head_choose(h, dataset, err))
        return false;
    as_logistic_data all = head_data(h, h->rows, h->train.n);
    if (!as_logistic_fit(&all, as_crossval_l2(h->crossval.best), NULL, h->progress, &h->linear, err))
        return false;
    as_logistic_unstandardise(&h->linear, h->mean, h->scale);
    return true;
}

/* Weights and intercepts as constants of the graph. */
static bool head_constants(head *h, as_err *err)
{
    as_tensor weights = {0}, bias = {0};
    size_t    width = h->linear.n_features;
    bool      ok = as_tensor_new(&weights, AS_DTYPE_F32, &(as_shape){2, {h->n_classes, (int64_t)width}}, err) &&
              as_tensor_new(&bias, AS_DTYPE_F32, &(as_shape){1, {h->n_classes}}, err);
    for (size_t c = 0; ok && c < h->n_classes; c++) {
        const double *from = h->linear.weights + c * (width + 1);
        for (size_t f = 0; f < width; f++)
            ((float *)weights.data)[c * width + f] = (float)from[f];
        ((float *)bias.data)[c] = (float)from[width];
    }
    ok = ok && as_graph_add_constant(h->backbone.graph, HEAD_WEIGHTS, &weights, err) &&
         as_graph_add_constant(h->backbone.graph, HEAD_BIAS, &bias, err);
    as_tensor_done(&weights);
    as_tensor_done(&bias);
    return ok;
}

static bool head_append(head *h, as_err *err)
{
    as_graph      *graph = h->backbone.graph;
    const as_value features = *as_graph_value(graph, as_graph_output(graph, 0));
    as_shape       shape = {2, {features.shape.dims[0], h->n_classes}};
    const as_attr  trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1},
                  axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    const char *in[] = {h->backbone.features, HEAD_WEIGHTS, HEAD_BIAS, NULL}, *logits[] = {HEAD_LOGITS, NULL};
    const char *out[] = {HEAD_OUTPUT, NULL};
    return head_constants(h, err) && as_graph_add_node(graph, "Gemm", HEAD_LOGITS, in, logits, &trans, 1, err) &&
           as_graph_add_node(graph, "Softmax", HEAD_OUTPUT, logits, out, &axis, 1, err) &&
           as_graph_clear_outputs(graph, err) && as_graph_add_output(graph, HEAD_OUTPUT, AS_DTYPE_F32, &shape, err) &&
           as_graph_finish(graph, err);
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
    json_t *params = json_object(), *grid = json_array();
    for (size_t g = 0; g < AS_CROSSVAL_N_L2; g++) {
        json_t *point = json_object();
        as_json_set(point, "l2", as_json_number(as_crossval_l2(g)));
        as_json_set(point, "loss", as_json_number(h->crossval.loss[g]));
        json_array_append_new(grid, point);
    }
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
    as_json_set(params, "l2", as_json_number(as_crossval_l2(h->crossval.best)));
    as_json_set(params, "folds", json_integer(h->crossval.n_folds));
    as_json_set(params, "cross_validation", grid);
    as_json_set(params, "steps", json_integer(h->linear.n_steps));
    return params;
}

static void head_done(head *h)
{
    as_backbone_done(&h->backbone);
    as_samples_done(&h->train);
    as_features_done(&h->features);
    as_crossval_done(&h->crossval);
    as_logistic_done(&h->linear);
    free(h->x);
    free(h->weights);
    free(h->mean);
    free(h->scale);
    free(h->rows);
    free(h->groups);
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
