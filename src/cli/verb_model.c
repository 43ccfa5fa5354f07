/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"

static const as_opt model_opts[] = {
    {"batch", 0, "N", "show, check: pictures at once, where the model leaves that open (default: 1)", NULL},
    {"input", 0, "NAME=SHAPE", "show, check: the size of an input, as data=1x3x224x224; may be repeated", NULL},
    {"head", 0, "HEAD", "run: what the outputs are (default: what the model says, else what their shapes are of)",
     NULL},
    {"labels", 0, "FILE", "run: names of the classes, one a line (default: what the model says)", NULL},
    {"prepare", 0, "WAY", "run: how pictures become its input (default: what the model says, else its head's)", NULL},
    {"mean", 0, "A,B,C", "run: what is taken off each channel, in the network's order", NULL},
    {"scale", 0, "A,B,C", "run: and what is divided by afterwards", NULL},
    {"resize", 0, "HOW", "run: standard, fit_to_window_letterbox or crop", NULL},
    {"score", 0, "S", "run: findings from this score on, 0 to 1 (default: the model's, else 0.25)", NULL},
    {"overlap", 0, "S", "run: of boxes that share more than this, the best stays (default: the model's, else 0.45)",
     NULL},
    {"any-class", 0, NULL, "run: boxes of different classes are compared too", NULL},
    {"soft", 0, "SIGMA", "run: scores of boxes that overlap fall, instead (Gaussian soft-NMS, as 0.5)", NULL},
    {"top", 0, "N", "run: at most N findings of a picture (default: 100 boxes, 5 classes)", NULL},
    {"anchors", 0, "W,H,...", "run: sizes of anchors in pixels, three for each stride (default: YOLOv5's of COCO)",
     NULL},
    {"backend", 'b', "NAME", "run: native or ort (default: native, and ort for what native cannot run)", NULL},
    {"threads", 'j', "N", "run: threads of the network (default: 1)", NULL},
    {"draw", 0, "PATH", "run: a PNG of the picture with its findings; of several pictures, a folder of them", NULL},
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

/* clang-format off: lists of the program's own tables within a text */
static const char model_about[] =
    "MODEL is an ONNX file, or a run: its id, its number, or last. Without one it is the current run.\n\n"
    "run finds out what a model gives from its metadata (OpenVINO's model_info, ultralytics' task and names) or from "
    "the "
    "shapes of its outputs, and how it wants pictures from the metadata or from what is usual; it says which on "
    "stderr. "
    "Everything found is in pixels of the picture; masks are COCO's run lengths with --json.\n\n"
    "HEAD is one of:"
#define X(name) " " #name
#include "task/head_list.inc"
#undef X
    ".\n\nWAY is one of:"
#define X(title, says, how, pad, is_bgr, off, by) "\n\n" title ": " says
#include "task/preset.def"
#undef X
    "\n\n"
    "check reads the model as all of this program does (operator sets 7 to 21, data inside the file), infers its "
    "shapes, "
    "and runs it once over zeros in each back end. What the reader refuses goes to none of them.\n\n"
    "diff takes things of the same name for the same: the order of nodes and how numbers are stored are no "
    "difference.\n\n"
    "Exit status of check: 0 the native engine runs the model, 1 it does not; of diff: 0 the models are equal, 1 they "
    "differ; 2 wrong use, or no ONNX model, 3 the outside failed.\n\n"
    "Operators on the list:"
#define X(name, min_in, max_in, min_out, max_out, types, rule, fold, attrs) " " #name
#include "graph/op.def"
#undef X
    ".";
/* clang-format on */

const as_verb as_verb_model = {
    .name = "model",
    .summary = "look into an ONNX model, ask what runs it, and run it on pictures",
    .usage = "",
    .about = model_about,
    .examples = "  assay model run yolo11n.onnx photo.jpg --draw found.png\n"
                "  assay model run yunet.onnx photos/ --score 0.6 --json\n"
                "  assay model run squeezenet1.1.onnx photo.jpg --prepare caffe --labels imagenet.txt\n"
                "  assay model show squeezenet1.1.onnx\n  assay model show last --json\n"
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
