/* SPDX-License-Identifier: Apache-2.0 */
/* backbone.h - a network somebody else trained, made ready to give one row of features a picture.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  as_backbone_done frees the graph.
 */
#ifndef AS_LAB_BACKBONE_H
#define AS_LAB_BACKBONE_H

#include "lab/trainer.h"

typedef struct as_backbone {
    as_graph     *graph;      /* cut at the layer, pooled over the picture: its one output is N x n_features */
    char          layer[512]; /* its name */
    const char   *features;   /* the output's name; static */
    const char   *input_from; /* where order, mean and scale come from: "options", "metadata", "ImageNet"; static */
    uint32_t      n_features;
    as_input_spec input;
} as_backbone;

/* Reads cfg->backbone, cuts it at cfg->layer (NULL: the last feature map before the classifier) and averages over rows and
 * columns. Input size: the network's own, or cfg's (default 224) where it leaves that open. Order, mean and scale: cfg's,
 * else the file's metadata (OpenVINO's model_info words, or Windows ML's Image.BitmapPixelFormat and
 * Image.NominalPixelRange), else ImageNet's. AS_EINVAL without a backbone, or when its input is no picture. */
AS_CHECK bool as_backbone_open(const as_trainer_cfg *cfg, as_backbone *ret, as_err *err);

/* The same of a model that Assay trained, which says itself how a picture becomes its input. AS_ENOTFOUND when it has no
 * feature map (trainer rule). */
AS_CHECK bool as_backbone_of_model(const uint8_t *model, size_t n, const char *name, as_backbone *ret, as_err *err);
void          as_backbone_done(as_backbone *backbone);

/* The three of them, from cfg and the graph's metadata; *ret has size and channels already. */
AS_CHECK bool as_backbone_input(const as_trainer_cfg *cfg, const as_graph *graph, as_input_spec *ret,
                                const char **ret_from, as_err *err);

/* What computes its features: cfg->backend, else ort if it is there, else native. */
const char *as_backbone_backend(const as_trainer_cfg *cfg);

#endif
