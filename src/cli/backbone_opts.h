/* SPDX-License-Identifier: Apache-2.0 */
/* backbone_opts.h - the options with which a network somebody else trained is named.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  the numbers are the caller's, and live as long as the as_trainer_cfg that points at them.
 */
#ifndef AS_CLI_BACKBONE_OPTS_H
#define AS_CLI_BACKBONE_OPTS_H

#include "cli/backend_opt.h"
#include "lab/trainer.h"

extern const char *const as_cli_input_orders[];

/* Rows of a verb's table of options; of: the trainer or action that they are for. */
#define AS_CLI_BACKBONE_OPTS(of)                                                                                     \
    {"backbone", 0, "FILE", of ": an ONNX file whose features are used", NULL},                                      \
        {"layer", 0, "NAME", of ": the value to take features from (default: the last feature map)", NULL},          \
        {"input-order", 0, "ORDER", of ": rgb or bgr (default: what the file says, else rgb)", as_cli_input_orders}, \
        {"input-mean", 0, "A,B,C",                                                                                   \
         of ": taken off each channel, 0 to 255 (default: what the file says, else ImageNet's)", NULL},              \
        {"input-scale", 0, "A,B,C",                                                                                  \
         of ": divides each channel after that (default: likewise; 1 where a mean is given)", NULL},                 \
        AS_CLI_BACKEND_OPT(of ": what computes the features (default: ort where it is, else native)")

typedef struct as_cli_backbone_numbers {
    double mean[3], scale[3];
} as_cli_backbone_numbers;

/* Fills what they say into cfg: backbone, layer, input_order, input_mean, input_scale, backend. AS_EINVAL. */
AS_CHECK bool as_cli_backbone(const as_cli *cli, as_cli_backbone_numbers *numbers, as_trainer_cfg *cfg, as_err *err);

#endif
