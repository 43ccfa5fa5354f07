/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs whose rows are counted at each run: what lies behind them is the last picture's, and no head finds it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/build.h"
#include "task/head.h"

enum { WIDTH = 64, HEIGHT = 64, PLACES = 84, FEW = 12, MOST_OUTPUTS = 9, NOT = -1 };

/* One output: a place is `each` numbers along axis + 1, or every axis-th row of columns; axis NOT: not counted. */
typedef struct rows_output {
    const char *name;
    as_dtype    dtype;
    as_shape    shape;
    int         axis;
    int64_t     factor; /* numbers of a place along that axis */
    float       place[12];
    size_t      n_place;
} rows_output;

typedef struct rows_case {
    const char *kind, *word;
    uint32_t    n_labels;
    int64_t     most; /* places */
    rows_output outputs[MOST_OUTPUTS];
} rows_case;

#define F32 AS_DTYPE_F32
#define SHAPED(rank, ...) \
    {                     \
        (rank),           \
        {                 \
            __VA_ARGS__   \
        }                 \
    }
#define PLACE(n, ...) {__VA_ARGS__}, (n)
#define MAP(name, c, h, w)                                                \
    {                                                                     \
        (name), F32, SHAPED(4, 1, (c), (h), (w)), NOT, 1, PLACE(1, 0.25f) \
    }

/* Every head of the table, and every form of its outputs that has rows. */
static const rows_case rows_cases[] = {
    {"end2end", "end2end", 2, 50, {{"o", F32, SHAPED(3, 1, 50, 6), 1, 1, PLACE(6, 1, 1, 9, 9, .75f, 1)}}},
    {"end2end-seg",
     "end2end-seg",
     2,
     50,
     {{"o", F32, SHAPED(3, 1, 50, 8), 1, 1, PLACE(8, 1, 1, 9, 9, .75f, 1, .5f, .5f)}, MAP("p", 2, 16, 16)}},
    {"detection-output",
     "detection-output",
     2,
     50,
     {{"o", F32, SHAPED(4, 1, 1, 50, 7), 2, 1, PLACE(7, 0, 1, .75f, .1f, .1f, .5f, .5f)}}},
    {"lists",
     "lists",
     2,
     50,
     {{"b", F32, SHAPED(2, 50, 5), 0, 1, PLACE(5, 1, 1, 9, 9, .75f)},
      {"c", AS_DTYPE_I64, SHAPED(1, 50), 0, 1, PLACE(1, 1)}}},
    {"lists",
     "lists",
     2,
     50,
     {{"b", F32, SHAPED(3, 1, 50, 4), 1, 1, PLACE(4, 1, 1, 9, 9)},
      {"c", AS_DTYPE_I32, SHAPED(2, 1, 50), 1, 1, PLACE(1, 1)},
      {"s", F32, SHAPED(2, 1, 50), 1, 1, PLACE(1, .75f)}}},
    {"yolov8", "yolov8", 2, PLACES, {{"o", F32, SHAPED(3, 1, 6, PLACES), 2, 1, PLACE(6, 9, 9, 5, 5, .1f, .75f)}}},
    {"yolov8", "yolov8", 2, PLACES, {{"o", F32, SHAPED(3, 1, PLACES, 6), 1, 1, PLACE(6, 9, 9, 5, 5, .1f, .75f)}}},
    {"yolov8-seg",
     "yolov8-seg",
     2,
     PLACES,
     {{"o", F32, SHAPED(3, 1, 8, PLACES), 2, 1, PLACE(8, 9, 9, 5, 5, .1f, .75f, 1, 1)}, MAP("p", 2, 16, 16)}},
    {"yolov5",
     "yolov5",
     2,
     3 * PLACES,
     {{"o", F32, SHAPED(3, 1, 3 * PLACES, 7), 1, 1, PLACE(7, 9, 9, 5, 5, 1, .1f, .75f)}}},
    {"yolov5-seg",
     "yolov5-seg",
     2,
     3 * PLACES,
     {{"o", F32, SHAPED(3, 1, 3 * PLACES, 9), 1, 1, PLACE(9, 9, 9, 5, 5, 1, .1f, .75f, 1, 1)}, MAP("p", 2, 16, 16)}},
    {"ssd",
     "ssd",
     1,
     50,
     {{"b", F32, SHAPED(3, 1, 50, 4), 1, 1, PLACE(4, .1f, .1f, .5f, .5f)},
      {"s", F32, SHAPED(3, 1, 50, 2), 1, 1, PLACE(2, .25f, .75f)}}},
    {"ssd",
     "ssd",
     1,
     50,
     {{"b", F32, SHAPED(2, 1, 200), 1, 4, PLACE(4, 0, 0, 0, 0)},
      {"s", F32, SHAPED(2, 1, 100), 1, 2, PLACE(2, .25f, .75f)},
      {"p", F32, SHAPED(2, 50, 4), 0, 1, PLACE(4, .5f, .5f, .2f, .2f)}}},
    {"ssd",
     "ssd",
     1,
     50,
     {{"b", F32, SHAPED(3, 1, 50, 4), 1, 1, PLACE(4, 0, 0, 0, 0)},
      {"s", F32, SHAPED(3, 1, 50, 2), 1, 1, PLACE(2, .25f, .75f)},
      {"p", F32, SHAPED(3, 1, 2, 200), 2, 4, PLACE(4, .1f, .1f, .5f, .5f)}}},
    /* Those whose places say where they are: fewer would be others. */
    {"yunet",
     "yunet",
     1,
     0,
     {MAP("cls_8", 1, 8, 8), MAP("cls_16", 1, 4, 4), MAP("cls_32", 1, 2, 2), MAP("obj_8", 1, 8, 8),
      MAP("obj_16", 1, 4, 4), MAP("obj_32", 1, 2, 2), MAP("bbox_8", 4, 8, 8), MAP("bbox_16", 4, 4, 4),
      MAP("bbox_32", 4, 2, 2)}},
    {"classes", "classification", 0, 0, {{"o", F32, SHAPED(2, 1, 7), NOT, 1, PLACE(1, .25f)}}},
    {"yolov8-raw", "yolov8-raw", 0, 0, {MAP("a", 66, 8, 8), MAP("b", 66, 4, 4), MAP("c", 66, 2, 2)}},
    {"yolov5-raw", "yolov5-raw", 0, 0, {MAP("a", 21, 8, 8), MAP("b", 21, 4, 4), MAP("c", 21, 2, 2)}},
    {"yolov3-raw", "yolov3-raw", 0, 0, {MAP("a", 21, 8, 8), MAP("b", 21, 4, 4), MAP("c", 21, 2, 2)}},
    {"yolox", "yolox", 0, 0, {{"o", F32, SHAPED(3, 1, PLACES, 7), NOT, 1, PLACE(1, .25f)}}},
    {"nanodet", "nanodet", 0, 0, {{"o", F32, SHAPED(3, 1, PLACES, 34), NOT, 1, PLACE(1, .25f)}}},
    {"centernet", "centernet", 0, 0, {MAP("a", 2, 16, 16), MAP("b", 2, 16, 16), MAP("c", 2, 16, 16)}},
    {"fcos",
     "fcos",
     0,
     0,
     {MAP("a", 2, 8, 8), MAP("b", 2, 4, 4), MAP("c", 4, 8, 8), MAP("d", 4, 4, 4), MAP("e", 1, 8, 8),
      MAP("f", 1, 4, 4)}},
    {"areas", "areas", 0, 0, {MAP("o", 3, 16, 16)}},
};

typedef struct rows_bed {
    as_port   ports[MOST_OUTPUTS];
    as_tensor outputs[MOST_OUTPUTS];
    size_t    n;
} rows_bed;

static void rows_set(as_tensor *t, size_t i, float value)
{
    if (t->dtype == AS_DTYPE_I64)
        ((int64_t *)t->data)[i] = (int64_t)value;
    else if (t->dtype == AS_DTYPE_I32)
        ((int32_t *)t->data)[i] = (int32_t)value;
    else
        ((float *)t->data)[i] = value;
}

/* `rows` places from the memory's beginning on, as a run of fewer rows has them; what is behind stays. */
static void rows_fill(const rows_output *out, int64_t rows, as_tensor *t)
{
    t->shape = out->shape;
    if (out->axis != NOT)
        t->shape.dims[out->axis] = rows * out->factor;
    const bool   is_columns = out->axis == 2 && out->shape.rank == 3 && out->factor == 1;
    const size_t n = as_tensor_count(t);
    for (size_t i = 0; i < n; i++)
        rows_set(t, i, out->place[is_columns ? i / (size_t)rows : i % out->n_place]);
    /* Caffe's second row are variances */
    for (size_t i = n / 2; out->factor == 4 && out->axis == 2 && i < n; i++)
        rows_set(t, i, 0.1f);
}

static void rows_begin(const rows_case *c, rows_bed *bed)
{
    as_err err = AS_ERR_NONE;
    *bed = (rows_bed){.n = 0};
    for (; bed->n < MOST_OUTPUTS && c->outputs[bed->n].name; bed->n++) {
        const rows_output *out = &c->outputs[bed->n];
        bed->ports[bed->n] = (as_port){.name = out->name, .dtype = out->dtype, .shape = out->shape};
        assert_true(as_tensor_new(&bed->outputs[bed->n], out->dtype, &out->shape, &err));
        rows_fill(out, c->most, &bed->outputs[bed->n]);
    }
}

static void rows_end(rows_bed *bed)
{
    for (size_t i = 0; i < bed->n; i++)
        as_tensor_done(&bed->outputs[i]);
}

static as_head *rows_head(const rows_case *c, const rows_bed *bed)
{
    as_err     err = AS_ERR_NONE;
    as_head_io io = {.outputs = bed->ports,
                     .n_outputs = bed->n,
                     .width = WIDTH,
                     .height = HEIGHT,
                     .n_labels = c->n_labels,
                     .word = c->word};
    as_head   *head = as_head_new(&io, NULL, &err);
    if (!head)
        fail_msg("%s: %s", c->kind, err.text);
    assert_string_equal(as_head_kind_of(head)->name, c->kind);
    return head;
}

static void rows_counted(const rows_case *c, bool open)
{
    rows_bed      bed;
    as_err        err = AS_ERR_NONE;
    const as_box *found;
    size_t        n;
    rows_begin(c, &bed);
    for (size_t i = 0; open && i < bed.n; i++)
        if (c->outputs[i].axis != NOT)
            bed.ports[i].shape.dims[c->outputs[i].axis] = -1;
    as_head      *head = rows_head(c, &bed);
    const int64_t rows[] = {c->most, FEW, 0, 1};
    for (size_t r = 0; r < AS_COUNT(rows); r++) {
        for (size_t i = 0; i < bed.n; i++)
            rows_fill(&c->outputs[i], rows[r], &bed.outputs[i]);
        if (!as_head_candidates(head, bed.outputs, 0.5f, &found, &n, &err))
            fail_msg("%s: %s", c->kind, err.text);
        if (n != (size_t)rows[r])
            fail_msg("%s: %zu places of %d", c->kind, n, (int)rows[r]);
    }
    /* More than there is room for, and as many of one output as not of another. */
    if (!open) {
        bed.outputs[0].shape.dims[c->outputs[0].axis] = (c->most + 1) * c->outputs[0].factor;
        assert_false(as_head_candidates(head, bed.outputs, 0.5f, &found, &n, &err));
        assert_int_equal(err.code, AS_ELIMIT);
    }
    for (size_t i = 0; i < bed.n; i++)
        rows_fill(&c->outputs[i], i ? 1 : FEW, &bed.outputs[i]);
    assert_true(as_head_candidates(head, bed.outputs, 0.5f, &found, &n, &err) ==
                (bed.n == 1 || c->outputs[1].axis == NOT));
    as_head_free(head);
    rows_end(&bed);
}

static void rows_fixed(const rows_case *c)
{
    rows_bed      bed;
    as_err        err = AS_ERR_NONE;
    const as_box *found;
    size_t        n;
    rows_begin(c, &bed);
    as_head *head = rows_head(c, &bed);
    if (!as_head_candidates(head, bed.outputs, 0.9f, &found, &n, &err))
        fail_msg("%s: %s", c->kind, err.text);
    for (size_t i = 0; i < bed.n; i++) {
        bed.outputs[i].shape.dims[1]--;
        assert_false(as_head_candidates(head, bed.outputs, 0.9f, &found, &n, &err));
        assert_int_equal(err.code, AS_ECORRUPT);
        assert_non_null(strstr(err.text, "was made for"));
        bed.outputs[i].shape.dims[1]++;
    }
    as_head_free(head);
    rows_end(&bed);
}

static void test_every_head_goes_by_the_rows_of_the_run(void **state)
{
    (void)state;
    for (size_t k = 0; as_head_kind_at(k); k++) {
        const as_head_kind *kind = as_head_kind_at(k);
        bool                any = false;
        for (size_t i = 0; i < AS_COUNT(rows_cases); i++) {
            if (strcmp(rows_cases[i].kind, kind->name) != 0)
                continue;
            any = true;
            if (kind->is_counted)
                rows_counted(&rows_cases[i], false);
            else
                rows_fixed(&rows_cases[i]);
        }
        if (!any)
            fail_msg("head '%s' is not tried: add it to rows_cases", kind->name);
    }
}

/* As ONNX Runtime says it: not even the most is known. */
static void test_rows_that_a_port_leaves_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(rows_cases); i++) {
        const rows_output *first = &rows_cases[i].outputs[0], *third = &rows_cases[i].outputs[2];
        if (strncmp(rows_cases[i].kind, "yolo", 4) != 0 && first->axis != NOT && first->factor == 1 &&
            (!third->name || strcmp(rows_cases[i].kind, "ssd") != 0))
            rows_counted(&rows_cases[i], true);
    }
}

/* --- from our engine to a head --- */

enum { BOXES = 50 };

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) (&(as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static void number(as_graph *graph, const char *name, as_dtype dtype, int rank, void *data)
{
    as_tensor t = as_tensor_view(dtype, &(as_shape){.rank = rank, .dims = {1}}, data);
    as_err    err = AS_ERR_NONE;
    must(as_graph_add_constant(graph, name, &t, &err), &err);
}

static void node(as_graph *graph, const char *op, const char *const *in, const char *out, int64_t axis)
{
    as_err        err = AS_ERR_NONE;
    const as_attr attr = {.name = "axis", .kind = AS_ATTR_INT, .i = axis};
    must(as_graph_add_node(graph, op, out, in, NAMES(out), &attr, axis >= 0 ? 1 : 0, &err), &err);
}

/* Boxes that were kept, and their two scores: SSD's two outputs, of rows that are counted. */
static as_str rows_model(void)
{
    static const int64_t turned[] = {0, 2, 1};
    const as_attr        perm = {.name = "perm", .kind = AS_ATTR_INTS, .ints = turned, .n = 3};
    as_err               err = AS_ERR_NONE;
    int64_t              most = BOXES, second = 1, last = 2;
    float                overlap = 0.4f, least = 0.5f;
    as_str               bytes;
    as_graph            *g = as_graph_new("detector", &err);
    as_str_init(&bytes);
    must(g && as_graph_add_input(g, "boxes", F32, SHAPE(1, BOXES, 4), &err) &&
             as_graph_add_input(g, "scores", F32, SHAPE(1, BOXES, 2), &err),
         &err);
    number(g, "most", AS_DTYPE_I64, 1, &most);
    number(g, "second", AS_DTYPE_I64, 1, &second);
    number(g, "last", AS_DTYPE_I64, 0, &last);
    number(g, "overlap", F32, 1, &overlap);
    number(g, "least", F32, 1, &least);
    node(g, "Gather", NAMES("scores", "second"), "likely", 2);
    must(as_graph_add_node(g, "Transpose", "turn", NAMES("likely"), NAMES("things"), &perm, 1, &err), &err);
    node(g, "NonMaxSuppression", NAMES("boxes", "things", "most", "overlap", "least"), "kept", -1);
    node(g, "Gather", NAMES("kept", "last"), "which", 1);
    node(g, "Gather", NAMES("boxes", "which"), "box", 1);
    node(g, "Gather", NAMES("scores", "which"), "score", 1);
    must(as_graph_add_output(g, "box", F32, SHAPE(1, -1, 4), &err) &&
             as_graph_add_output(g, "score", F32, SHAPE(1, -1, 2), &err) && as_graph_finish(g, &err) &&
             as_graph_write(g, &bytes, &err),
         &err);
    as_graph_free(g);
    return bytes;
}

/* The first picture has 20 things, the second one, the third none: each is found, and none of an earlier one. */
static void rows_run(const as_str *model, const char *backend)
{
    static float boxes[BOXES * 4], scores[BOXES * 2];
    const size_t things[] = {20, 1, 0};
    as_err       err = AS_ERR_NONE;
    as_session  *session =
        as_session_open((const uint8_t *)model->s, model->len, "detector", &(as_session_cfg){.backend = backend}, &err);
    if (!session && err.code == AS_EMISSING) {
        print_message("not tried: %s\n", err.text);
        return;
    }
    must(session != NULL, &err);
    const as_port ports[] = {*as_session_output(session, 0), *as_session_output(session, 1)};
    as_head_io    io = {.outputs = ports, .n_outputs = 2, .width = WIDTH, .height = HEIGHT, .n_labels = 1};
    io.word = "ssd";
    as_head *head = as_head_new(&io, NULL, &err);
    must(head != NULL, &err);
    as_tensor in[] = {as_tensor_view(F32, SHAPE(1, BOXES, 4), boxes), as_tensor_view(F32, SHAPE(1, BOXES, 2), scores)};
    for (size_t r = 0; r < AS_COUNT(things); r++) {
        as_tensor     out[2] = {0};
        const as_box *found = NULL;
        size_t        n = 0;
        for (size_t i = 0; i < BOXES; i++) {
            const float box[] = {(float)i, 1, (float)i + 0.9f, 9};
            memcpy(boxes + 4 * i, box, sizeof box);
            scores[2 * i + 1] = i < things[r] ? 0.75f : 0.1f;
            scores[2 * i] = 1 - scores[2 * i + 1];
        }
        must(as_session_run(session, in, out, &err) && as_head_run(head, out, &found, &n, &err), &err);
        assert_int_equal(n, things[r]);
    }
    as_head_free(head);
    as_session_close(session);
}

static void test_fewer_things_in_the_next_picture(void **state)
{
    (void)state;
    as_str model = rows_model();
    rows_run(&model, "native");
    rows_run(&model, "ort");
    as_str_done(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_head_goes_by_the_rows_of_the_run),
        cmocka_unit_test(test_rows_that_a_port_leaves_open),
        cmocka_unit_test(test_fewer_things_in_the_next_picture),
    };
    return cmocka_run_group_tests_name("task/head_rows", tests, NULL, NULL);
}
