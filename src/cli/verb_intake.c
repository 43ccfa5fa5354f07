/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/backbone_opts.h"

static const as_opt intake_opts[] = {
    {"output", 'o', "FILE", "report: where to write the page (default: intake.html in the project's folder)", NULL},
    {"reference", 0, "COMMIT",
     "drift, outliers, learn: the version to compare with, or to learn from (default: intake.reference; learn: else "
     "the newest)",
     NULL},
    {"quantile", 0, "Q", "learn: the share of its pictures that each limit may leave out, 0 to 0.5 (default: 0.005)",
     NULL},
    {"limit", 'l', "N", "outliers: how many (default: 20; with --json all)", NULL},
    AS_CLI_BACKBONE_OPTS("outliers"),
};

#define X(name) extern const as_action as_intake_action_##name;
#include "intake_list.inc"
#undef X
static const as_action *const intake_rows[] = {
#define X(name) &as_intake_action_##name,
#include "intake_list.inc"
#undef X
    NULL};

const as_verb as_verb_intake = {
    .name = "intake",
    .summary = "ask what the way in looks at, and what it found",
    .usage = "",
    .about = "What a check does with a picture is said in assay.yaml, under intake; what was refused is in quarantine "
             "(see: assay help quarantine).",
    .examples = "  assay intake checks\n  assay intake checks --json\n  assay intake report\n"
                "  assay intake report main~1 --output monday.html\n"
                "  assay intake drift --reference main~1\n  assay intake learn --quantile 0.01\n"
                "  assay intake outliers --reference main~1 --backbone resnet18.onnx\n",
    .opts = intake_opts,
    .n_opts = AS_COUNT(intake_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = intake_rows,
    .run = as_action_run,
};
