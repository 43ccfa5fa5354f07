/* SPDX-License-Identifier: Apache-2.0 */
/* NonMaxSuppression inside of a model, as exporters write it: how many rows there are is seen at each run, and is what ONNX
 * Runtime finds. What our engine cannot follow names its node, and `auto` takes ONNX Runtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "graph/build.h"
#include "infer/infer.h"

enum { BOXES = 60, CLASSES = 3, ROUNDS = 12, OUTPUTS = 4 };

#define NAMES(...)       ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...)       (&(as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})
#define INT(attr, value) (&(as_attr){.name = (attr), .kind = AS_ATTR_INT, .i = (value)})

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static void ints(as_graph *graph, const char *name, int rank, int64_t a, int64_t b)
{
    int64_t   values[] = {a, b};
    as_tensor t = as_tensor_view(AS_DTYPE_I64, &(as_shape){.rank = rank, .dims = {rank ? rank : 1}}, values);
    as_err    err = AS_ERR_NONE;
    if (rank == 2)
        t.shape = (as_shape){.rank = 1, .dims = {2}};
    must(as_graph_add_constant(graph, name, &t, &err), &err);
}

static void number(as_graph *graph, const char *name, float value)
{
    as_tensor t = as_tensor_view(AS_DTYPE_F32, SHAPE(1), &value);
    as_err    err = AS_ERR_NONE;
    must(as_graph_add_constant(graph, name, &t, &err), &err);
}

static void node(as_graph *graph, const char *op, const char *const *in, const char *out, const as_attr *attr)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_node(graph, op, out, in, NAMES(out), attr, attr ? 1 : 0, &err), &err);
}

/* Boxes and scores come in; what stands in front of the suppression does not matter. n: classes. */
static as_graph *begin(int64_t n, int64_t most)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("detector", &err);
    must(graph && as_graph_add_input(graph, "boxes", AS_DTYPE_F32, SHAPE(1, BOXES, 4), &err) &&
             as_graph_add_input(graph, "scores", AS_DTYPE_F32, SHAPE(1, n, BOXES), &err),
         &err);
    ints(graph, "most", 1, most, 0);
    number(graph, "overlap", 0.4f);
    number(graph, "least", 0.5f);
    ints(graph, "0", 0, 0, 0);
    ints(graph, "1", 0, 1, 0);
    ints(graph, "2", 0, 2, 0);
    ints(graph, "[0]", 1, 0, 0);
    ints(graph, "[1]", 1, 1, 0);
    ints(graph, "[2]", 1, 2, 0);
    ints(graph, "[3]", 1, 3, 0);
    ints(graph, "[5]", 1, 5, 0);
    ints(graph, "[-1]", 1, -1, 0);
    ints(graph, "[-1,1]", 2, -1, 1);
    node(graph, "NonMaxSuppression", NAMES("boxes", "scores", "most", "overlap", "least"), "kept", NULL);
    return graph;
}

/* The end-to-end form of YOLOv7 for ONNX Runtime: picture, box, class and score of each, beside one another. */
static as_graph *end_to_end(void)
{
    as_graph *g = begin(CLASSES, 20);
    node(g, "Gather", NAMES("kept", "0"), "x", INT("axis", 1));
    node(g, "Gather", NAMES("kept", "2"), "y", INT("axis", 1));
    node(g, "Gather", NAMES("kept", "1"), "c", INT("axis", 1));
    node(g, "Unsqueeze", NAMES("x", "[-1]"), "x1", NULL);
    node(g, "Unsqueeze", NAMES("y", "[-1]"), "y1", NULL);
    node(g, "Unsqueeze", NAMES("c", "[-1]"), "c1", NULL);
    node(g, "Concat", NAMES("x1", "y1"), "xy", INT("axis", -1));
    node(g, "GatherND", NAMES("boxes", "xy"), "box", NULL);
    node(g, "GatherND", NAMES("scores", "kept"), "score", NULL);
    node(g, "Unsqueeze", NAMES("score", "[1]"), "score1", NULL);
    node(g, "Cast", NAMES("x1"), "xf", INT("to", AS_DTYPE_F32));
    node(g, "Cast", NAMES("c1"), "cf", INT("to", AS_DTYPE_F32));
    node(g, "Concat", NAMES("xf", "box", "cf", "score1"), "y0", INT("axis", 1));
    return g;
}

/* torchvision.ops.nms: the column of a single class, the first few of it, and what they stand for; corners made of middles. */
static as_graph *first_few(void)
{
    as_graph *g = begin(1, INT64_MAX);
    number(g, "half", 0.5f);
    node(g, "Slice", NAMES("kept", "[2]", "[3]", "[1]"), "column", NULL);
    node(g, "Squeeze", NAMES("column", "[1]"), "keep", NULL);
    node(g, "Slice", NAMES("keep", "[0]", "[5]", "[0]", "[1]"), "few", NULL);
    node(g, "Squeeze", NAMES("boxes", "[0]"), "flat", NULL);
    node(g, "Gather", NAMES("flat", "few"), "box", NULL);
    node(g, "Slice", NAMES("box", "[0]", "[2]", "[1]"), "low", NULL);
    node(g, "Slice", NAMES("box", "[2]", "[5]", "[1]"), "high", NULL);
    node(g, "Add", NAMES("low", "high"), "sum", NULL);
    node(g, "Mul", NAMES("sum", "half"), "middle", NULL);
    node(g, "Sub", NAMES("high", "low"), "size", NULL);
    node(g, "Gather", NAMES("scores", "few"), "score", INT("axis", 2));
    node(g, "Reshape", NAMES("score", "[-1,1]"), "score1", NULL);
    node(g, "Sigmoid", NAMES("score1"), "likely", NULL);
    node(g, "Concat", NAMES("middle", "size", "likely"), "row", INT("axis", -1));
    node(g, "Unsqueeze", NAMES("row", "[0]"), "y0", NULL); /* as of a batch of one */
    return g;
}

/* Of each box its best coordinate: rows are gone over one by one. */
static as_graph *within_rows(void)
{
    static const int64_t axes[] = {1};
    const as_attr        along = {.name = "axes", .kind = AS_ATTR_INTS, .ints = axes, .n = 1};
    as_graph            *g = begin(CLASSES, 7);
    node(g, "Gather", NAMES("kept", "2"), "y", INT("axis", 1));
    node(g, "Squeeze", NAMES("boxes", "[0]"), "flat", NULL);
    node(g, "Gather", NAMES("flat", "y"), "box", NULL);
    node(g, "Softmax", NAMES("box"), "share", INT("axis", -1));
    node(g, "ReduceMax", NAMES("share"), "y0", &along);
    return g;
}

/* What a picture has in each box that is kept, as the second stage of a Mask R-CNN looks at it. */
static as_graph *looked_at(void)
{
    const as_attr attrs[] = {{.name = "output_width", .kind = AS_ATTR_INT, .i = 3},
                             {.name = "sampling_ratio", .kind = AS_ATTR_INT, .i = 1},
                             {.name = "spatial_scale", .kind = AS_ATTR_FLOAT, .f = 0.7f}};
    as_err        err = AS_ERR_NONE;
    as_graph     *g = begin(CLASSES, 7);
    node(g, "Gather", NAMES("kept", "0"), "picture", INT("axis", 1));
    node(g, "Gather", NAMES("kept", "2"), "y", INT("axis", 1));
    node(g, "Squeeze", NAMES("boxes", "[0]"), "flat", NULL);
    node(g, "Gather", NAMES("flat", "y"), "box", NULL);
    node(g, "Unsqueeze", NAMES("boxes", "[0]"), "pictures", NULL);
    must(as_graph_add_node(g, "RoiAlign", "y0", NAMES("pictures", "box", "picture"), NAMES("y0"), attrs, 3, &err),
         &err);
    return g;
}

/* Boxes by a mask, as "box[score > 0.5]" is written: where it is true, turned, and what stands there. */
static as_graph *masked(void)
{
    as_graph *g = begin(1, 20);
    node(g, "Greater", NAMES("scores", "least"), "mask", NULL);
    node(g, "NonZero", NAMES("mask"), "where", NULL);
    node(g, "Transpose", NAMES("where"), "places", NULL);
    node(g, "GatherND", NAMES("scores", "places"), "score", NULL);
    node(g, "Gather", NAMES("where", "2"), "which", NULL);
    node(g, "Squeeze", NAMES("boxes", "[0]"), "flat", NULL);
    node(g, "Gather", NAMES("flat", "which"), "box", NULL);
    node(g, "Unsqueeze", NAMES("score", "[-1]"), "score1", NULL);
    node(g, "Concat", NAMES("box", "score1"), "y0", INT("axis", 1));
    return g;
}

/* Halves of rows, put together the other way round: what stands in a row is parted, its rows are not. */
static as_graph *halves(void)
{
    as_err    err = AS_ERR_NONE;
    as_graph *g = begin(CLASSES, 20);
    node(g, "Gather", NAMES("kept", "2"), "y", INT("axis", 1));
    node(g, "Squeeze", NAMES("boxes", "[0]"), "flat", NULL);
    node(g, "Gather", NAMES("flat", "y"), "box", NULL);
    must(as_graph_add_node(g, "Split", "halves", NAMES("box"), NAMES("low", "high"), INT("axis", -1), 1, &err), &err);
    node(g, "Concat", NAMES("high", "low"), "y0", INT("axis", 1));
    return g;
}

/* One row would be none, and two are two. */
static as_graph *squeezed(bool named)
{
    as_graph *g = begin(1, 1);
    node(g, "GatherND", NAMES("scores", "kept"), "score", NULL);
    node(g, "Unsqueeze", NAMES("score", "[1]"), "score1", NULL);
    if (named)
        node(g, "Squeeze", NAMES("score1", "[1]"), "y0", NULL);
    else
        node(g, "Squeeze", NAMES("score1"), "y0", NULL);
    return g;
}

/* Shares of a box among all numbers of all boxes, as operator sets before 13 have it where no axis is named. */
static as_graph *shares(const char *op, int opset)
{
    as_err    err = AS_ERR_NONE;
    as_graph *g = begin(1, 20);
    node(g, "Gather", NAMES("kept", "2"), "y", INT("axis", 1));
    node(g, "Gather", NAMES("boxes", "y"), "box", INT("axis", 1)); /* of a batch of one */
    node(g, op, NAMES("box"), "y0", NULL);
    must(as_graph_set_opset(g, opset, &err), &err);
    return g;
}

/* Boxes as half floats, or as they are. */
static as_graph *kept_boxes(bool half)
{
    as_graph *g = begin(CLASSES, 20);
    node(g, "Gather", NAMES("kept", "2"), "y", INT("axis", 1));
    node(g, "Squeeze", NAMES("boxes", "[0]"), "flat", NULL);
    node(g, "Gather", NAMES("flat", "y"), half ? "box" : "y0", NULL);
    if (half)
        node(g, "Cast", NAMES("box"), "y0", INT("to", AS_DTYPE_F16));
    return g;
}

/* Columns, of which each is a place: those that count are no longer beside one another. */
static as_graph *columns(void)
{
    as_graph *g = begin(CLASSES, 20);
    node(g, "Greater", NAMES("scores", "least"), "mask", NULL);
    node(g, "NonZero", NAMES("mask"), "y0", NULL);
    return g;
}

/* --- as ultralytics suppresses (nms=True): a picture's boxes that are likely enough, one class apart from another by a shift,
 * torchvision's nms, the first few, and zeros up to their number --- */

/* What a mask takes: each time with a NonZero of its own. */
static void taken(as_graph *g, const char *data, const char *name)
{
    char where[40], places[40];
    snprintf(where, sizeof where, "%s.where", name);
    snprintf(places, sizeof places, "%s.places", name);
    node(g, "NonZero", NAMES("mask"), where, NULL);
    node(g, "Transpose", NAMES(where), places, NULL);
    node(g, "GatherND", NAMES(data, places), name, NULL);
}

/* cls.view(cls.shape[0], 1).expand(cls.shape[0], 4), as it is traced. */
static void shifted(as_graph *g)
{
    number(g, "third", 1.0f / 3);
    number(g, "side", 7);
    ints(g, "[4]", 1, 4, 0);
    ints(g, "[1,1]", 2, 1, 1);
    ints(g, "[-1,-1]", 2, -1, -1);
    ints(g, "[end]", 1, INT64_MAX, 0);
    node(g, "Div", NAMES("b", "side"), "small", NULL);
    node(g, "Mul", NAMES("small", "third"), "unit", NULL);
    node(g, "Shape", NAMES("c"), "c.size", NULL);
    node(g, "Gather", NAMES("c.size", "0"), "m", INT("axis", 0));
    node(g, "Unsqueeze", NAMES("m", "[0]"), "m1", NULL);
    node(g, "Concat", NAMES("m1", "[1]"), "as column", INT("axis", 0));
    node(g, "Reshape", NAMES("c", "as column"), "column", NULL);
    node(g, "Concat", NAMES("m1", "[4]"), "wide", INT("axis", 0));
    node(g, "Equal", NAMES("wide", "[-1,-1]"), "left", NULL);
    node(g, "Where", NAMES("left", "[1,1]", "wide"), "to", NULL);
    node(g, "Expand", NAMES("column", "to"), "classes", NULL);
    node(g, "Cast", NAMES("classes"), "classes.f", INT("to", AS_DTYPE_F32));
    node(g, "Mul", NAMES("classes.f", "third"), "shift", NULL);
    node(g, "Slice", NAMES("unit", "[0]", "[4]", "[1]"), "corners", NULL);
    node(g, "Add", NAMES("corners", "shift"), "apart", NULL);
    node(g, "Slice", NAMES("unit", "[4]", "[end]", "[1]"), "rest", NULL); /* nothing */
    node(g, "Concat", NAMES("apart", "rest"), "nms.boxes", INT("axis", -1));
}

/* torchvision.ops.nms, and the first 20. */
static void kept(as_graph *g)
{
    ints(g, "all", 1, INT64_MAX, 0);
    ints(g, "[20]", 1, 20, 0);
    node(g, "Unsqueeze", NAMES("nms.boxes", "[0]"), "n.boxes", NULL);
    node(g, "Unsqueeze", NAMES("s", "[0]"), "s.row", NULL);
    node(g, "Unsqueeze", NAMES("s.row", "[0]"), "n.scores", NULL);
    node(g, "NonMaxSuppression", NAMES("n.boxes", "n.scores", "all", "overlap"), "n.kept", NULL);
    node(g, "Gather", NAMES("n.kept", "[2]"), "n.column", INT("axis", 1));
    node(g, "Squeeze", NAMES("n.column", "[1]"), "n.keep", NULL);
    node(g, "Slice", NAMES("n.keep", "[0]", "[20]", "[0]"), "keep", NULL);
    node(g, "Gather", NAMES("b", "keep"), "k.box", INT("axis", 0));
    node(g, "Gather", NAMES("s", "keep"), "k.score", INT("axis", 0));
    node(g, "Gather", NAMES("c", "keep"), "k.class", INT("axis", 0));
    node(g, "Gather", NAMES("rest", "keep"), "k.rest", INT("axis", 0));
    node(g, "Reshape", NAMES("k.score", "[-1,1]"), "k.score1", NULL);
    node(g, "Reshape", NAMES("k.class", "[-1,1]"), "k.class1", NULL);
    node(g, "Cast", NAMES("k.class1"), "k.class.f", INT("to", AS_DTYPE_F32));
    node(g, "Concat", NAMES("k.box", "k.score1", "k.class.f", "k.rest"), "dets", INT("axis", -1));
}

/* torch's pads count from the last dimension, ONNX's from the first: before all, behind all. flat: of one row of numbers. */
static void padded_up(as_graph *g, bool flat)
{
    ints(g, "20", 0, 20, 0);
    ints(g, "6", 0, 6, 0);
    ints(g, "[20,6]", 2, 20, 6);
    ints(g, "[-1,2]", 2, -1, 2);
    node(g, "Shape", NAMES("dets"), "d.size", NULL);
    node(g, "Gather", NAMES("d.size", "0"), "d.n", INT("axis", 0));
    node(g, "Sub", NAMES("20", "d.n"), "none", NULL);
    node(g, "Mul", NAMES("none", "6"), "none6", NULL);
    node(g, "Unsqueeze", NAMES(flat ? "none6" : "none", "[0]"), "behind", NULL);
    node(g, "Reshape", NAMES("dets", "[-1]"), "flat", NULL);
    node(g, "Concat", flat ? NAMES("[0]", "behind") : NAMES("[0]", "[0]", "[0]", "behind"), "p", INT("axis", 0));
    node(g, "Reshape", NAMES("p", "[-1,2]"), "p2", NULL);
    node(g, "Slice", NAMES("p2", "[-1]", "[-end]", "[0]", "[-1]"), "p3", NULL);
    node(g, "Transpose", NAMES("p3"), "p4", NULL);
    node(g, "Reshape", NAMES("p4", "[-1]"), "p5", NULL);
    node(g, "Cast", NAMES("p5"), "pads", INT("to", AS_DTYPE_I64));
    node(g, "Pad", NAMES(flat ? "flat" : "dets", "pads", "nought"), "padded", NULL);
    node(g, "Reshape", NAMES("padded", "[20,6]"), "whole", NULL);
}

/* most - rows zeros behind the scores that were kept, of which there are 20 at most; most < 0: rows of them. */
static as_graph *padded_by(int64_t most)
{
    as_graph *g = begin(1, 20);
    ints(g, "most rows", 0, most, 0);
    node(g, "GatherND", NAMES("scores", "kept"), "score", NULL);
    node(g, "Unsqueeze", NAMES("score", "[1]"), "score1", NULL);
    node(g, "Shape", NAMES("score1"), "size", NULL);
    node(g, "Gather", NAMES("size", "0"), "n", NULL);
    node(g, most < 0 ? "Mul" : "Sub", NAMES("most rows", "n"), "none", NULL);
    node(g, "Unsqueeze", NAMES("none", "[0]"), "none1", NULL);
    node(g, "Concat", NAMES("[0]", "[0]", "none1", "[0]"), "pads", INT("axis", 0));
    node(g, "Pad", NAMES("score1", "pads"), "rows", NULL);
    node(g, "Unsqueeze", NAMES("rows", "[0]"), "y0", NULL);
    return g;
}

static as_graph *suppressed(bool flat)
{
    static const int64_t turned[] = {0, 2, 1}, last[] = {-1};
    static float         zeros[20 * 6];
    int64_t              first[] = {0};
    const as_attr        perm = {.name = "perm", .kind = AS_ATTR_INTS, .ints = turned, .n = 3};
    const as_attr        best[] = {{.name = "axes", .kind = AS_ATTR_INTS, .ints = last, .n = 1},
                                   {.name = "keepdims", .kind = AS_ATTR_INT}},
                  most[] = {{.name = "axis", .kind = AS_ATTR_INT, .i = -1}, best[1]};
    as_tensor none = as_tensor_view(AS_DTYPE_F32, SHAPE(1, 20, 6), zeros);
    as_tensor index = as_tensor_view(AS_DTYPE_I64, SHAPE(1, 1), first);
    as_err    err = AS_ERR_NONE;
    as_graph *g = begin(CLASSES, 20);
    ints(g, "[-end]", 1, -INT64_MAX, 0);
    number(g, "nought", 0);
    must(as_graph_add_constant(g, "out", &none, &err) && as_graph_add_constant(g, "at", &index, &err) &&
             as_graph_add_node(g, "Transpose", "t", NAMES("scores"), NAMES("turned"), &perm, 1, &err) &&
             as_graph_add_node(g, "ReduceMax", "r", NAMES("turned"), NAMES("best"), best, 2, &err) &&
             as_graph_add_node(g, "ArgMax", "a", NAMES("turned"), NAMES("class"), most, 2, &err),
         &err);
    node(g, "Gather", NAMES("boxes", "0"), "box", INT("axis", 0));
    node(g, "Gather", NAMES("best", "0"), "score", INT("axis", 0));
    node(g, "Gather", NAMES("class", "0"), "cls", INT("axis", 0));
    node(g, "Greater", NAMES("score", "least"), "mask", NULL);
    taken(g, "box", "b");
    taken(g, "score", "s");
    taken(g, "cls", "c");
    shifted(g);
    kept(g);
    padded_up(g, flat);
    node(g, "Unsqueeze", NAMES("whole", "[0]"), "whole1", NULL);
    node(g, "ScatterND", NAMES("out", "at", "whole1"), "y0", NULL);
    return g;
}

static as_str finish(as_graph *graph, const char *out, as_dtype dtype, int rank)
{
    as_err   err = AS_ERR_NONE;
    as_shape open = {.rank = rank, .dims = {-1, -1, -1, -1}};
    as_str   bytes;
    as_str_init(&bytes);
    must(as_graph_add_output(graph, out, dtype, &open, &err) && as_graph_finish(graph, &err) &&
             as_graph_write(graph, &bytes, &err),
         &err);
    as_graph_free(graph);
    return bytes;
}

static as_session *session_of(const as_str *model, const char *backend, as_err *err)
{
    return as_session_open((const uint8_t *)model->s, model->len, "detector", &(as_session_cfg){.backend = backend},
                           err);
}

/* round 0 has no box at all that is likely enough, the last has all of them. */
static void draw(as_rng *rng, int round, size_t n_scores, float *boxes, float *scores)
{
    for (int i = 0; i < BOXES; i++) {
        const float x = (float)as_rng_range(rng, 0, 4), y = (float)as_rng_range(rng, 0, 4);
        boxes[4 * i] = y;
        boxes[4 * i + 1] = x;
        boxes[4 * i + 2] = y + (float)as_rng_range(rng, 0.5, 2);
        boxes[4 * i + 3] = x + (float)as_rng_range(rng, 0.5, 2);
    }
    for (size_t i = 0; i < n_scores; i++)
        scores[i] = round == 0 ? 0.1f : (float)as_rng_range(rng, round == ROUNDS - 1 ? 0.5 : 0, 1);
}

static void compare_all(as_str model, size_t n_classes, bool counted)
{
    static float boxes[BOXES * 4], scores[CLASSES * BOXES];
    as_err       err = AS_ERR_NONE;
    as_rng       rng = as_rng_new(7);
    as_session  *native = session_of(&model, "native", &err), *ort;
    must(native != NULL, &err);
    if (!(ort = session_of(&model, "ort", &err))) {
        if (err.code != AS_EMISSING)
            fail_msg("%s", err.text);
        print_message("not compared: %s\n", err.text);
    }
    as_tensor in[] = {as_tensor_view(AS_DTYPE_F32, SHAPE(1, BOXES, 4), boxes),
                      as_tensor_view(AS_DTYPE_F32, SHAPE(1, (int64_t)n_classes, BOXES), scores)};
    size_t    least = SIZE_MAX, most = 0;
    for (int round = 0; round < ROUNDS; round++) {
        as_tensor ours = {0}, theirs = {0};
        draw(&rng, round, n_classes * BOXES, boxes, scores);
        must(as_session_run(native, in, &ours, &err), &err);
        least = AS_MIN(least, as_tensor_count(&ours));
        most = AS_MAX(most, as_tensor_count(&ours));
        if (!ort)
            continue;
        must(as_session_run(ort, in, &theirs, &err), &err);
        char a[200], b[200];
        if (!as_shape_equal(&ours.shape, &theirs.shape))
            fail_msg("round %d: %s and %s", round, as_shape_text(&ours.shape, a, sizeof a),
                     as_shape_text(&theirs.shape, b, sizeof b));
        assert_true(as_tensor_apart(&theirs, &ours, NULL) < 1e-6);
    }
    assert_true(counted ? least == 0 : least == most);
    assert_true(most > 0);
    as_session_close(native);
    as_session_close(ort);
    as_str_done(&model);
}

static void compare(as_str model, size_t n_classes)
{
    compare_all(model, n_classes, true);
}

static void test_end_to_end_form(void **state)
{
    (void)state;
    compare(finish(end_to_end(), "y0", AS_DTYPE_F32, 2), CLASSES);
}

static void test_the_first_few(void **state)
{
    (void)state;
    compare(finish(first_few(), "y0", AS_DTYPE_F32, 3), 1);
}

static void test_zeros_up_to_a_number(void **state)
{
    (void)state;
    compare_all(finish(suppressed(false), "y0", AS_DTYPE_F32, 3), CLASSES, false);
    compare_all(finish(suppressed(true), "y0", AS_DTYPE_F32, 3), CLASSES, false);
    compare_all(finish(padded_by(20), "y0", AS_DTYPE_F32, 3), 1, false);
}

static void test_within_rows(void **state)
{
    (void)state;
    compare(finish(within_rows(), "y0", AS_DTYPE_F32, 2), CLASSES);
    compare(finish(looked_at(), "y0", AS_DTYPE_F32, 4), CLASSES);
}

static void test_by_a_mask(void **state)
{
    (void)state;
    compare(finish(masked(), "y0", AS_DTYPE_F32, 2), 1);
    compare(finish(columns(), "y0", AS_DTYPE_I64, 2), CLASSES);
}

static void test_parts_of_rows(void **state)
{
    (void)state;
    compare(finish(halves(), "y0", AS_DTYPE_F32, 2), CLASSES);
    compare(finish(squeezed(true), "y0", AS_DTYPE_F32, 1), 1);
    compare(finish(shares("Softmax", 13), "y0", AS_DTYPE_F32, 3), 1);
}

/* Of half floats that the caller sees as floats there are as many as of floats, at each run. */
static void compare_wide(const char *backend)
{
    static float         boxes[BOXES * 4], scores[CLASSES * BOXES], mine[CLASSES * BOXES * 4];
    as_err               err = AS_ERR_NONE;
    as_rng               rng = as_rng_new(7);
    as_str               half = finish(kept_boxes(true), "y0", AS_DTYPE_F16, 2);
    as_str               full = finish(kept_boxes(false), "y0", AS_DTYPE_F32, 2);
    const as_session_cfg cfg = {.backend = backend, .wide = true};
    as_session          *wide = as_session_open((const uint8_t *)half.s, half.len, "detector", &cfg, &err);
    as_session          *plain = wide ? session_of(&full, "native", &err) : NULL;
    if (!wide && err.code == AS_EMISSING)
        print_message("not tried: %s\n", err.text);
    else
        must(plain != NULL, &err);
    as_tensor in[] = {as_tensor_view(AS_DTYPE_F32, SHAPE(1, BOXES, 4), boxes),
                      as_tensor_view(AS_DTYPE_F32, SHAPE(1, CLASSES, BOXES), scores)};
    for (int round = ROUNDS; plain && round-- > 0;) { /* the one with most boxes first */
        as_tensor want = {0}, have = {0};
        draw(&rng, round, AS_COUNT(scores), boxes, scores);
        if (round % 2 && strcmp(backend, "native") == 0) /* the caller's memory, with room for all */
            have = as_tensor_view(AS_DTYPE_F32, &as_session_output(wide, 0)->shape, mine);
        must(as_session_run(plain, in, &want, &err) && as_session_run(wide, in, &have, &err), &err);
        assert_int_equal(have.dtype, AS_DTYPE_F32);
        assert_true(as_shape_equal(&have.shape, &want.shape) && have.data);
        assert_true(as_tensor_count(&want) == 0 || as_tensor_apart(&want, &have, NULL) < 1e-2);
    }
    as_session_close(wide);
    as_session_close(plain);
    as_str_done(&half);
    as_str_done(&full);
}

static void test_half_floats_are_counted_too(void **state)
{
    (void)state;
    compare_wide("native");
    compare_wide("ort");
}

/* --- what goes over rows --- */

/* The largest score of all that were kept. */
static as_graph *over_rows(void)
{
    static const int64_t axes[] = {0};
    const as_attr        along = {.name = "axes", .kind = AS_ATTR_INTS, .ints = axes, .n = 1};
    as_graph            *g = begin(1, 20);
    node(g, "GatherND", NAMES("scores", "kept"), "score", NULL);
    node(g, "ReduceMax", NAMES("score"), "y0", &along);
    return g;
}

/* How many there are. */
static as_graph *their_number(void)
{
    as_graph *g = begin(1, 20);
    node(g, "Shape", NAMES("kept"), "size", NULL);
    node(g, "Gather", NAMES("size", "0"), "y0", NULL);
    return g;
}

/* As many zeros as rows. */
static as_graph *counted_up(void)
{
    as_graph *g = begin(1, 20);
    node(g, "Shape", NAMES("kept"), "size", NULL);
    node(g, "Gather", NAMES("size", "0"), "n", NULL);
    node(g, "Unsqueeze", NAMES("n", "[0]"), "n1", NULL);
    node(g, "ConstantOfShape", NAMES("n1"), "y0", NULL);
    return g;
}

/* Each index times their number, and their number by an index: numbers that would have to be computed. */
static as_graph *times_their_number(bool by_index)
{
    as_graph *g = begin(1, 20);
    node(g, "Gather", NAMES("kept", "0"), "x", INT("axis", 1));
    node(g, "Shape", NAMES("kept"), "size", NULL);
    node(g, "Gather", NAMES("size", "0"), "n", NULL);
    if (by_index)
        node(g, "Gather", NAMES("size", "x"), "y0", NULL);
    else
        node(g, "Mul", NAMES("x", "n"), "y0", NULL);
    return g;
}

/* The best one: a row by its place. */
static as_graph *one_row(void)
{
    as_graph *g = begin(1, 20);
    node(g, "Gather", NAMES("kept", "0"), "y0", INT("axis", 0));
    return g;
}

/* Neighbours: indices that are none of NonMaxSuppression's might be outside where there is no row. */
static as_graph *other_indices(void)
{
    as_graph *g = begin(1, 20);
    node(g, "Gather", NAMES("kept", "2"), "y", INT("axis", 1));
    node(g, "Sub", NAMES("y", "1"), "before", NULL);
    node(g, "Gather", NAMES("scores", "before"), "y0", INT("axis", 2));
    return g;
}

/* The first half of what was kept, and the second: where that begins is said by how many there are. */
static as_graph *parted(int64_t axis)
{
    as_err    err = AS_ERR_NONE;
    as_graph *g = begin(1, 20);
    must(as_graph_add_node(g, "Split", "parts", NAMES("kept"), NAMES("first", "y0"), INT("axis", axis), 1, &err), &err);
    return g;
}

static void refused(as_graph *graph, as_dtype dtype, int rank, const char *who)
{
    as_err      err = AS_ERR_NONE;
    as_str      model = finish(graph, "y0", dtype, rank);
    const char *why;
    assert_null(session_of(&model, "native", &err));
    if (err.code != AS_EUNSUPPORTED || !strstr(err.text, who) || !strstr(err.text, "--backend ort"))
        fail_msg("%s", err.text);
    as_session *chosen = session_of(&model, "auto", &err);
    if (!chosen && err.code == AS_EUNSUPPORTED)
        print_message("without ort\n"); /* the reason is the native engine's */
    else {
        must(chosen != NULL, &err);
        assert_string_equal(as_session_runs_on(chosen, &why), "ort");
        assert_non_null(strstr(why, "the native engine does not run it"));
        static float boxes[BOXES * 4], scores[BOXES];
        as_rng       rng = as_rng_new(7);
        as_tensor    in[] = {as_tensor_view(AS_DTYPE_F32, SHAPE(1, BOXES, 4), boxes),
                             as_tensor_view(AS_DTYPE_F32, SHAPE(1, 1, BOXES), scores)};
        as_tensor    out = {0};
        draw(&rng, 3, BOXES, boxes, scores);
        must(as_session_run(chosen, in, &out, &err), &err);
        assert_non_null(out.data);
    }
    as_session_close(chosen);
    as_str_done(&model);
}

static void test_what_goes_over_rows_is_refused(void **state)
{
    (void)state;
    refused(over_rows(), AS_DTYPE_F32, 1, "node 'y0' (ReduceMax)");
    refused(their_number(), AS_DTYPE_I64, 0, "node 'y0' (Gather)");
    refused(counted_up(), AS_DTYPE_F32, 1, "node 'y0' (ConstantOfShape)");
    refused(times_their_number(false), AS_DTYPE_I64, 1, "node 'y0' (Mul)");
    refused(times_their_number(true), AS_DTYPE_I64, 1, "node 'y0' (Gather)");
    refused(padded_by(19), AS_DTYPE_F32, 3, "node 'rows' (Pad)"); /* one too few, where there are most */
    refused(padded_by(-1), AS_DTYPE_F32, 3, "node 'rows' (Pad)");
    refused(one_row(), AS_DTYPE_I64, 1, "node 'y0' (Gather)");
    refused(other_indices(), AS_DTYPE_F32, 3, "node 'y0' (Gather)");
    refused(parted(0), AS_DTYPE_I64, 2, "node 'parts' (Split)");
    refused(parted(-2), AS_DTYPE_I64, 2, "node 'parts' (Split)");
    refused(squeezed(false), AS_DTYPE_F32, 1, "node 'y0' (Squeeze)");
    refused(shares("Softmax", 12), AS_DTYPE_F32, 3, "node 'y0' (Softmax)");
    refused(shares("LogSoftmax", 12), AS_DTYPE_F32, 3, "node 'y0' (LogSoftmax)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_to_end_form),
        cmocka_unit_test(test_the_first_few),
        cmocka_unit_test(test_zeros_up_to_a_number),
        cmocka_unit_test(test_within_rows),
        cmocka_unit_test(test_by_a_mask),
        cmocka_unit_test(test_parts_of_rows),
        cmocka_unit_test(test_half_floats_are_counted_too),
        cmocka_unit_test(test_what_goes_over_rows_is_refused),
    };
    return cmocka_run_group_tests_name("infer/rows", tests, NULL, NULL);
}
