/* SPDX-License-Identifier: Apache-2.0 */
/* A compact convolutional network from scratch. */
#include <stdlib.h>

#include "lab/samples.h"

#define CNN_LONG_SIDE 192 /* pixels: a hairline crack across a part is still seen, in about a millisecond */
#define CNN_CHANNELS  3

typedef struct cnn {
    as_cnn_cfg cfg;
    as_samples train, val;
    uint8_t   *train_pixels, *val_pixels;
} cnn;

static bool cnn_configure(cnn *c, const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                          as_err *err)
{
    c->cfg = as_cnn_cfg_default((uint32_t)spec->n_classes, c->train.n);
    c->cfg.seed = cfg->seed;
    c->cfg.threads = cfg->threads ? cfg->threads : 2;
    c->cfg.epochs = cfg->epochs ? cfg->epochs : c->cfg.epochs;
    c->cfg.channels = CNN_CHANNELS;
    as_samples_size(dataset, &c->train, CNN_LONG_SIDE, 16, 0, &c->cfg.width, &c->cfg.height);
    if (cfg->width || cfg->height) {
        c->cfg.width = cfg->width;
        c->cfg.height = cfg->height;
    }
    if (!c->cfg.width || !c->cfg.height || c->cfg.width % 16 || c->cfg.height % 16)
        return AS_FAIL(err, AS_EINVAL, "trainer 'cnn' cannot look at %ux%u: width and height must be multiples of 16",
                       c->cfg.width, c->cfg.height);
    return true;
}

static uint8_t *cnn_pixels(const cnn *c, const as_dataset *dataset, const as_samples *samples,
                           const as_progress *progress, as_err *err)
{
    return as_dataset_pixels(dataset, samples->indices, samples->n, AS_RESIZE_STANDARD, c->cfg.width, c->cfg.height,
                             CNN_CHANNELS, progress, err);
}

static json_t *cnn_params(const as_cnn_cfg *cfg)
{
    const struct {
        const char *name;
        double      value;
    } numbers[] = {
        {"learning_rate", cfg->learning_rate},
        {"weight_decay", cfg->weight_decay},
        {"label_smoothing", cfg->label_smoothing},
        {"width_factor", cfg->width_factor},
        {"flip_x", cfg->flip_x},
        {"flip_y", cfg->flip_y},
        {"shift_ratio", cfg->shift_ratio},
        {"scale_ratio", cfg->scale_ratio},
        {"rotate_deg", cfg->rotate_deg},
        {"brightness", cfg->brightness},
        {"contrast", cfg->contrast},
        {"noise", cfg->noise},
    };
    json_t *params = json_object();
    as_json_set(params, "width", json_integer(cfg->width));
    as_json_set(params, "height", json_integer(cfg->height));
    as_json_set(params, "channels", json_integer(cfg->channels));
    as_json_set(params, "epochs", json_integer(cfg->epochs));
    as_json_set(params, "batch", json_integer(cfg->batch));
    for (size_t i = 0; i < AS_COUNT(numbers); i++)
        as_json_set(params, numbers[i].name, as_json_number(numbers[i].value));
    return params;
}

static bool cnn_run(cnn *c, const as_dataset *dataset, const as_spec *spec, const as_progress *progress,
                    as_trained *ret, as_err *err)
{
    as_input_spec input;
    as_trained    trained = {0};
    c->train_pixels = cnn_pixels(c, dataset, &c->train, progress, err);
    c->val_pixels = c->train_pixels ? cnn_pixels(c, dataset, &c->val, progress, err) : NULL;
    if (!c->val_pixels)
        return false;
    const as_cnn_data train = {c->train.n, c->train_pixels, c->train.labels},
                      val = {c->val.n, c->val_pixels, c->val.labels};
    if (!as_cnn_train(&c->cfg, &train, &val, progress, &trained.curve, &input, &trained.graph, err))
        return false;
    trained.params = cnn_params(&c->cfg);
    as_json_set(trained.params, "best_epoch", json_integer((json_int_t)trained.curve.best + 1));
    as_samples_info(spec, "cnn", &input, &trained.info);
    *ret = trained;
    return true;
}

static bool cnn_train(const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                      const as_progress *progress, as_trained *ret, as_err *err)
{
    cnn  c = {0};
    bool ok = as_samples_open(dataset, spec, AS_SPLIT_TRAIN, &c.train, err) &&
              as_samples_open(dataset, spec, AS_SPLIT_VALIDATION, &c.val, err) &&
              cnn_configure(&c, dataset, spec, cfg, err) && cnn_run(&c, dataset, spec, progress, ret, err);
    as_samples_done(&c.train);
    as_samples_done(&c.val);
    free(c.train_pixels);
    free(c.val_pixels);
    return ok;
}

const as_trainer as_trainer_cnn = {
    .name = "cnn",
    .summary = "a compact convolutional network, trained from scratch",
    .train = cnn_train,
};
