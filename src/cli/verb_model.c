/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"

static const as_opt model_opts[] = {
    {"batch", 0, "N", "show, check: pictures at once, where the model leaves that open (default: 1)", NULL},
    {"input", 0, "NAME=SHAPE", "show, check: the size of an input, as data=1x3x224x224; may be repeated", NULL},
    {"limit", 'l', "N", "show, diff: at most N layers, or differences (default: all)", NULL},
};

#define X(name) extern const as_action as_model_action_##name;
#include "model_list.inc"
#undef X
static const as_action *const model_rows[] = {
#define X(name) &as_model_action_##name,
#include "model_list.inc"
#undef X
    NULL};

#define X(name, min_in, max_in, min_out, max_out, types, rule, fold, attrs) " " #name
static const char model_about[] =
    "MODEL is an ONNX file, or a run: its id, its number, or last. Without one it is the current run.\n\n"
    "check reads the model as all of this program does (operator sets 7 to 21, data inside the file), infers its "
    "shapes, "
    "and runs it once over zeros in each back end. What the reader refuses goes to none of them.\n\n"
    "diff takes things of the same name for the same: the order of nodes and how numbers are stored are no "
    "difference.\n\n"
    "Exit status of check: 0 the native engine runs the model, 1 it does not; of diff: 0 the models are equal, 1 they "
    "differ; 2 wrong use, or no ONNX model, 3 the outside failed.\n\n"
    "Operators on the list:"
#include "graph/op.def"
    ".";
#undef X

const as_verb as_verb_model = {
    .name = "model",
    .summary = "look into an ONNX model, and ask what runs it",
    .usage = "",
    .about = model_about,
    .examples = "  assay model show squeezenet1.1.onnx\n  assay model show last --json\n"
                "  assay model show detector.onnx --input images=1x3x640x640\n"
                "  assay model check squeezenet1.1.onnx\n  assay model check detector.onnx --batch 4 --json\n"
                "  assay model diff 1-cnn 2-cnn\n  assay model diff before.onnx after.onnx --limit 20\n",
    .opts = model_opts,
    .n_opts = AS_COUNT(model_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = model_rows,
    .run = as_action_run,
};
