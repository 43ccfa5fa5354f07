/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/traits.h"

#include <stdio.h>
#include <string.h>

#include "lab/backbone.h"
#include "lab/rule_features.h"
#include "lab/samples.h"

#define TRAITS_LONG_SIDE 146 /* px; as trainer_rule sees pictures */

typedef struct traits {
    const as_dataset     *dataset;
    const uint32_t       *indices;
    size_t                n;
    const as_trainer_cfg *cfg;
    const as_progress    *progress;
} traits;

static bool traits_compute(const traits *t, const as_graph *graph, const as_input_spec *input, const char *name,
                           const char *backend, as_features *ret, as_err *err)
{
    as_str bytes;
    as_str_init(&bytes);
    bool            ok = as_graph_write(graph, &bytes, err);
    as_features_cfg cfg = {.model = (const uint8_t *)bytes.s,
                           .n_model = bytes.len,
                           .name = name,
                           .backend = backend,
                           .input = *input,
                           .threads = t->cfg->threads ? t->cfg->threads : 2};
    ok = ok && as_features_compute(t->dataset, t->indices, t->n, &cfg, t->progress, ret, err);
    as_str_done(&bytes);
    return ok;
}

static bool traits_of_backbone(const traits *t, as_features *ret, char *text, as_err *err)
{
    as_backbone backbone = {0};
    bool        ok =
        as_backbone_open(t->cfg, &backbone, err) &&
        traits_compute(t, backbone.graph, &backbone.input, t->cfg->backbone, as_backbone_backend(t->cfg), ret, err);
    if (ok && text)
        snprintf(text, AS_TRAITS_TEXT_BYTES, "%u features of %.400s at '%.100s'", ret->width, t->cfg->backbone,
                 backbone.layer);
    as_backbone_done(&backbone);
    return ok;
}

static bool traits_of_shape(const traits *t, as_features *ret, char *text, as_err *err)
{
    as_rule_layout   layout = as_rule_layout_all();
    const as_samples samples = {.indices = t->indices, .n = t->n};
    as_input_spec    input = {.channels = 3, .resize = AS_RESIZE_STANDARD, .scale = {255, 255, 255}};
    as_samples_size(t->dataset, &samples, TRAITS_LONG_SIDE, 3, 2, &input.width, &input.height);
    if (t->cfg->width && t->cfg->height) { /* a size that the filters' rim and the 3 x 3 cells leave whole */
        input.width = AS_MAX(t->cfg->width / 3 * 3, 15u) - 1;
        input.height = AS_MAX(t->cfg->height / 3 * 3, 15u) - 1;
    }
    as_graph *graph = as_rule_graph(&layout, input.width, input.height, err);
    bool      ok = graph && traits_compute(t, graph, &input, "colour and shape", t->cfg->backend, ret, err);
    if (ok && text)
        snprintf(text, AS_TRAITS_TEXT_BYTES, "%u statistics of colour and shape", ret->width);
    as_graph_free(graph);
    return ok;
}

bool as_traits_compute(const as_dataset *dataset, const uint32_t *indices, size_t n, const as_trainer_cfg *cfg,
                       const as_progress *progress, as_features *ret, char *text, as_err *err)
{
    const traits t = {dataset, indices, n, cfg, progress};
    return (cfg->backbone ? traits_of_backbone : traits_of_shape)(&t, ret, text, err);
}

void as_traits_fix_size(const as_dataset *dataset, const uint32_t *indices, size_t n, as_trainer_cfg *cfg)
{
    const as_samples samples = {.indices = indices, .n = n};
    if (cfg->backbone || (cfg->width && cfg->height))
        return;
    as_samples_size(dataset, &samples, TRAITS_LONG_SIDE, 3, 2, &cfg->width, &cfg->height);
    cfg->width++;
    cfg->height++;
}
