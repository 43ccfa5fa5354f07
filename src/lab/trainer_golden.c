/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison with golden pictures of good parts, and a linear classifier on what differs. */
#include <stdlib.h>

#include "lab/golden.h"
#include "lab/logits.h"
#include "lab/samples.h"

#define GOLDEN_LONG_SIDE 640 /* pixels: what is two of them wide is still seen */
#define GOLDEN_MASKS     4   /* the parts of the features beside the first, taken or not */

typedef struct golden {
    const as_trainer_cfg *cfg;
    const as_spec        *spec;
    const as_progress    *progress;
    as_samples            train;
    as_golden_cfg         learn;
    as_golden             golden;
    as_golden_sides       sides;
    as_features           features;
    as_logits             linear;
    uint32_t              parts; /* of the features, a bit each, beside the first */
} golden;

static bool golden_size(golden *g, const as_dataset *dataset, as_err *err)
{
    as_input_spec *input = &g->learn.input;
    *input = (as_input_spec){.channels = 3, .resize = AS_RESIZE_STANDARD, .scale = {255, 255, 255}};
    as_samples_size(dataset, &g->train, GOLDEN_LONG_SIDE, AS_GOLDEN_SIDE, 0, &input->width, &input->height);
    if (g->cfg->width || g->cfg->height) {
        input->width = g->cfg->width;
        input->height = g->cfg->height;
    }
    input->width = AS_MAX(input->width, 4u * AS_GOLDEN_SIDE);
    input->height = AS_MAX(input->height, 4u * AS_GOLDEN_SIDE);
    if (input->width % AS_GOLDEN_SIDE || input->height % AS_GOLDEN_SIDE)
        return AS_FAIL(err, AS_EINVAL,
                       "trainer 'golden' cannot look at %ux%u: width and height must be multiples of %d", input->width,
                       input->height, AS_GOLDEN_SIDE);
    g->learn.threads = g->cfg->threads ? g->cfg->threads : 2;
    return true;
}

/* The features of the first part, and of those of the mask; the others are 0. */
static void golden_mask(const golden *g, uint32_t mask, float *ret)
{
    size_t width = g->features.width, from = 0;
    for (uint32_t p = 0; p < AS_GOLDEN_PARTS; p++) {
        size_t n = as_golden_n_part(&g->golden, p);
        for (size_t i = 0; i < g->sides.n_rest; i++)
            for (size_t f = from; f < from + n; f++)
                ret[i * width + f] = p == 0 || mask >> (p - 1) & 1 ? g->features.at[i * width + f] : 0;
        from += n;
    }
}

/* Features that help where defects have their places, or kinds, are chance where they have not: which of them are looked at is
 * cross-validated. The fewest are taken of which all folds together cannot say that others are better. Those left out get no
 * weight. */
static bool golden_choose(golden *g, const as_logits_cfg *cfg, as_err *err)
{
    static const uint32_t masks[GOLDEN_MASKS] = {0, 2, 1, 3}; /* from few features to many */
    as_features           some = g->features;
    as_logits             fits[GOLDEN_MASKS] = {0};
    size_t                best = 0, least = 0;
    some.at = calloc(some.n * some.width + 1, sizeof *some.at);
    bool ok = some.at || AS_FAIL(err, AS_ENOMEM, "cannot hold %u features of %zu pictures", some.width, some.n);
    for (size_t m = 0; ok && m < GOLDEN_MASKS; m++) {
        golden_mask(g, masks[m], some.at);
        ok = as_logits_fit(&some, cfg, g->progress, &fits[m], err);
        const as_crossval *judged = &fits[m].crossval, *before = &fits[best].crossval;
        best = ok && judged->loss[judged->best] < before->loss[before->best] ? m : best;
    }
    while (ok && least < best && as_crossval_is_better(&fits[best].crossval, &fits[least].crossval))
        least++;
    if (ok) {
        g->linear = fits[least];
        g->parts = masks[least];
        fits[least] = (as_logits){0};
    }
    for (size_t m = 0; m < GOLDEN_MASKS; m++)
        as_logits_done(&fits[m]);
    free(some.at);
    return ok;
}

static bool golden_fit(golden *g, const as_dataset *dataset, as_err *err)
{
    as_str    bytes;
    as_graph *graph = as_golden_graph(&g->golden, "features", err);
    as_str_init(&bytes);
    bool                  ok = graph && as_graph_write(graph, &bytes, err);
    const as_features_cfg cfg = {.model = (const uint8_t *)bytes.s,
                                 .n_model = bytes.len,
                                 .name = "golden",
                                 .input = g->learn.input,
                                 .threads = g->learn.threads};
    const as_logits_cfg   linear = {.dataset = dataset,
                                    .indices = g->sides.rest,
                                    .labels = g->sides.labels,
                                    .n_classes = (uint32_t)g->spec->n_classes,
                                    .seed = g->cfg->seed,
                                    .threads = g->cfg->threads,
                                    .by_fold = true};
    ok = ok && as_features_compute(dataset, g->sides.rest, g->sides.n_rest, &cfg, g->progress, &g->features, err) &&
         golden_choose(g, &linear, err);
    as_graph_free(graph);
    as_str_done(&bytes);
    return ok;
}

static as_graph *golden_model(const golden *g, as_err *err)
{
    as_graph *graph = as_golden_graph(&g->golden, "features", err);
    as_nodes  nodes = as_nodes_begin(graph, err);
    as_logits_append(&g->linear, &nodes, "features");
    if (as_nodes_finish(&nodes, "probabilities", &(as_shape){2, {1, (int64_t)g->spec->n_classes}}))
        return graph;
    return as_graph_free(graph);
}

static json_t *golden_params(const golden *g)
{
    json_t *params = json_object(), *members = json_array();
    for (uint32_t k = 0; k < g->golden.n; k++)
        json_array_append_new(members, json_integer((json_int_t)g->golden.members[k]));
    as_json_set(params, "width", json_integer(g->golden.width));
    as_json_set(params, "height", json_integer(g->golden.height));
    as_json_set(params, "golden_pictures", json_integer(g->golden.n));
    as_json_set(params, "learned_from", members);
    as_json_set(params, "features", json_integer(g->features.width));
    as_json_set(params, "looks_at_cells", json_boolean(g->parts & 1));
    as_json_set(params, "looks_at_place", json_boolean(g->parts & 2));
    as_logits_record(&g->linear, params);
    return params;
}

static void golden_done(golden *g)
{
    as_samples_done(&g->train);
    as_golden_done(&g->golden);
    as_features_done(&g->features);
    as_logits_done(&g->linear);
    as_golden_sides_done(&g->sides);
}

static bool golden_train(const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                         const as_progress *progress, as_trained *ret, as_err *err)
{
    golden    g = {.cfg = cfg, .spec = spec, .progress = progress};
    as_graph *graph = NULL;
    if (as_samples_open(dataset, spec, AS_SPLIT_TRAIN, &g.train, err) && golden_size(&g, dataset, err) &&
        as_progress_go_on(progress, err) && as_golden_deal(dataset, spec, &g.train, &g.sides, err) &&
        as_golden_learn(dataset, g.sides.good, g.sides.n_good, &g.learn, progress, &g.golden, err) &&
        golden_fit(&g, dataset, err))
        graph = golden_model(&g, err);
    if (graph) {
        *ret = (as_trained){.graph = graph, .params = golden_params(&g)};
        as_samples_info(spec, "golden", &g.learn.input, &ret->info);
    }
    golden_done(&g);
    return graph != NULL;
}

const as_trainer as_trainer_golden = {
    .name = "golden",
    .summary = "comparison with golden pictures of good parts",
    .train = golden_train,
};
