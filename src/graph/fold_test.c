/* SPDX-License-Identifier: Apache-2.0 */
/* Folding: the published cases of ONNX (Debian's libonnx-testdata) with all inputs as constants, and chains that exporters
 * write between a shape and a size. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
#include "graph/fold.h"

#define CASES_DIR  "/usr/share/libonnx-testdata/data/node"
#define MOST_PORTS 8

typedef struct fold_case {
    Onnx__ModelProto  *model;
    Onnx__TensorProto *expected[MOST_PORTS];
    size_t             n_expected;
} fold_case;

typedef struct fold_tally {
    unsigned n_folded, n_open, n_large, n_wrong;
} fold_tally;

static bool read_bytes(const char *dir, const char *name, uint8_t **bytes, size_t *n)
{
    char path[AS_FS_PATH_BYTES];
    return as_fs_join(path, dir, name, NULL) && as_fs_is_file(path) &&
           as_fs_read(path, (size_t)1 << 26, bytes, n, NULL);
}

static Onnx__TensorProto *read_tensor(const char *dir, const char *what, size_t i)
{
    char     name[80];
    uint8_t *bytes;
    size_t   n;
    snprintf(name, sizeof name, "test_data_set_0/%s_%zu.pb", what, i);
    if (!read_bytes(dir, name, &bytes, &n))
        return NULL;
    Onnx__TensorProto *tensor = onnx__tensor_proto__unpack(NULL, n, bytes);
    free(bytes);
    return tensor;
}

/* Input i becomes an initialiser. */
static bool feed(Onnx__GraphProto *graph, size_t i, Onnx__TensorProto *tensor)
{
    free(tensor->name);
    tensor->name = strdup(graph->input[i]->name);
    return tensor->name && as_graph_append(&graph->initializer, &graph->n_initializer, tensor, NULL);
}

static bool case_read(const char *dir, fold_case *ret)
{
    uint8_t *bytes;
    size_t   n;
    *ret = (fold_case){0};
    if (!read_bytes(dir, "model.onnx", &bytes, &n))
        return false;
    ret->model = onnx__model_proto__unpack(NULL, n, bytes);
    free(bytes);
    Onnx__GraphProto *graph = ret->model ? ret->model->graph : NULL;
    if (!graph || graph->n_node != 1 || graph->n_output > MOST_PORTS || graph->n_input == 0)
        return false;
    for (size_t i = 0; i < graph->n_input; i++) {
        Onnx__TensorProto *tensor = read_tensor(dir, "input", i);
        if (!tensor || !feed(graph, i, tensor))
            return false;
        onnx__value_info_proto__free_unpacked(graph->input[i], NULL);
    }
    graph->n_input = 0;
    for (; ret->n_expected < graph->n_output; ret->n_expected++)
        if (!(ret->expected[ret->n_expected] = read_tensor(dir, "output", ret->n_expected)))
            return false;
    return true;
}

static void case_done(fold_case *c)
{
    for (size_t i = 0; i < c->n_expected; i++)
        onnx__tensor_proto__free_unpacked(c->expected[i], NULL);
    if (c->model)
        onnx__model_proto__free_unpacked(c->model, NULL);
}

static bool is_near(const as_tensor *got, const as_tensor *want)
{
    const double within = want->dtype == AS_DTYPE_F16 ? 1e-3 : 1e-6;
    if (got->dtype != want->dtype || !as_shape_equal(&got->shape, &want->shape))
        return false;
    for (size_t i = 0; i < as_tensor_count(want); i++) {
        const double a = as_tensor_number(got, i), b = as_tensor_number(want, i);
        if (a != b && !(fabs(a - b) <= within * fmax(1, fabs(b))))
            return false;
    }
    return true;
}

/* False: a result is not what is published. */
static bool case_compare(const fold_case *c, const as_graph *graph, bool *ret_folded)
{
    bool good = true;
    *ret_folded = true;
    for (size_t i = 0; i < c->n_expected; i++) {
        const as_value *value = as_graph_value(graph, as_graph_output(graph, i));
        as_tensor       want = {0};
        assert_true(as_graph_read_constant(c->expected[i], &want, NULL));
        *ret_folded = *ret_folded && value->constant;
        good = good && (!value->constant || is_near(value->constant, &want));
        as_tensor_done(&want);
    }
    return good;
}

static bool case_is_large(const fold_case *c)
{
    as_tensor want = {0};
    assert_true(as_graph_read_constant(c->expected[0], &want, NULL));
    const bool large = as_tensor_count(&want) > GRAPH_MAX_KNOWN;
    as_tensor_done(&want);
    return large;
}

static void case_try(const char *dir, const char *name, fold_tally *tally)
{
    fold_case       c;
    const graph_op *op = NULL;
    as_err          err = AS_ERR_NONE;
    bool            folded, read = case_read(dir, &c);
    if (read)
        op = as_graph_op_find(c.model->graph->node[0]->op_type);
    if (op && op->fold != as_graph_fold_none) {
        size_t    n = onnx__model_proto__get_packed_size(c.model);
        uint8_t  *bytes = malloc(n);
        as_graph *graph = NULL;
        assert_non_null(bytes);
        onnx__model_proto__pack(c.model, bytes);
        graph = as_graph_parse(bytes, n, name, &err);
        free(bytes);
        if (graph && as_graph_infer_shapes(graph, 1, &err)) {
            fold_tally *t = &tally[op - as_graph_op_find("Conv")];
            const bool  good = case_compare(&c, graph, &folded);
            if (!good)
                print_message("%s: not what is published\n", name);
            t->n_wrong += !good;
            t->n_folded += good && folded;
            t->n_open += good && !folded;
            t->n_large += good && !folded && case_is_large(&c);
            if (getenv("FOLD_TEST_OPEN") && !folded)
                print_message("%s: left to the engine\n", name);
        }
        as_graph_free(graph);
    }
    case_done(&c);
}

/* No row of op.def has a fold that no case looks at, where ONNX has one. */
static void test_published_cases(void **state)
{
    static fold_tally tally[256];
    char              path[AS_FS_PATH_BYTES];
    unsigned          n_wrong = 0, n_folded = 0, n_none = 0;
    DIR              *dir = opendir(CASES_DIR);
    (void)state;
    if (!dir) {
        print_message("skipped: %s is missing\n", CASES_DIR);
        skip();
    }
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && as_fs_join(path, CASES_DIR, entry->d_name, NULL))
            case_try(path, entry->d_name, tally);
    closedir(dir);
    for (size_t i = 0; as_graph_op_name(i); i++) {
        const bool none = tally[i].n_folded == 0 && tally[i].n_open > tally[i].n_large;
        n_wrong += tally[i].n_wrong;
        n_folded += tally[i].n_folded;
        n_none += none;
        if (none || tally[i].n_open)
            print_message("%s: %u folded, %u left to the engine\n", as_graph_op_name(i), tally[i].n_folded,
                          tally[i].n_open);
    }
    print_message("%u cases folded\n", n_folded);
    assert_int_equal(n_wrong, 0);
    assert_int_equal(n_none, 0);
    assert_true(n_folded > 300);
}

/* --- chains --- */

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) (&(as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})
#define INTS(name, ...) \
    ints(graph, name, (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static as_graph *begin(int opset)
{
    as_graph *graph = as_graph_new("chain", NULL);
    assert_non_null(graph);
    assert_true(as_graph_set_opset(graph, opset, NULL));
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, SHAPE(-1, 3, 7, 11), NULL));
    return graph;
}

static const char *ints(as_graph *graph, const char *name, const int64_t *at, size_t n)
{
    as_tensor t = as_tensor_view(AS_DTYPE_I64, SHAPE((int64_t)n), (void *)(uintptr_t)at);
    assert_true(as_graph_add_constant(graph, name, &t, NULL));
    return name;
}

static const char *node(as_graph *graph, const char *op, const char *out, const char *const *in, const as_attr *attrs,
                        size_t n)
{
    assert_true(as_graph_add_node(graph, op, out, in, NAMES(out), attrs, n, NULL));
    return out;
}

static as_attr one_int(const char *name, int64_t i)
{
    return (as_attr){.name = name, .kind = AS_ATTR_INT, .i = i};
}

/* The value `name` after inference for that batch; the graph goes on living. */
static const as_value *infer(as_graph *graph, const char *name, as_dtype dtype, int64_t batch)
{
    as_err err = AS_ERR_NONE;
    assert_true(as_graph_add_output(graph, name, dtype, SHAPE(-1), NULL));
    assert_true(as_graph_finish(graph, NULL));
    if (!as_graph_infer_shapes(graph, batch, &err))
        fail_msg("%s", err.text);
    return as_graph_value(graph, as_graph_find(graph, name));
}

static void assert_shape(const as_value *value, const as_shape *shape)
{
    char a[200], b[200];
    assert_string_equal(as_shape_text(&value->shape, a, sizeof a), as_shape_text(shape, b, sizeof b));
}

/* As PyTorch writes F.pad: the pads from the last axis on, turned around by a Slice of step -1 and a Transpose. */
static void test_pads_turned_around(void **state)
{
    as_graph     *graph = begin(13);
    const as_attr axis = one_int("axis", 0), zero = one_int("to", AS_DTYPE_I64),
                  perm = {.name = "perm", .kind = AS_ATTR_INTS, .ints = (const int64_t[]){1, 0}, .n = 2};
    (void)state;
    node(graph, "ConstantOfShape", "rest", NAMES(INTS("four", 4)), NULL, 0);
    node(graph, "Cast", "zeros", NAMES("rest"), &zero, 1);
    node(graph, "Concat", "all", NAMES(INTS("pads", 1, 2, 3, 4), "zeros"), &axis, 1);
    node(graph, "Reshape", "pairs", NAMES("all", INTS("by2", -1, 2)), NULL, 0);
    node(graph, "Slice", "back",
         NAMES("pairs", INTS("from", -1), INTS("to", -INT64_MAX), INTS("along", 0), INTS("step", -1)), NULL, 0);
    node(graph, "Transpose", "turned", NAMES("back"), &perm, 1);
    node(graph, "Reshape", "flat", NAMES("turned", INTS("by1", -1)), NULL, 0);
    const as_value *y = infer(graph, node(graph, "Pad", "y", NAMES("x", "flat"), NULL, 0), AS_DTYPE_F32, 2);
    assert_shape(y, SHAPE(2, 3, 7 + 3 + 4, 11 + 1 + 2));
    as_graph_free(graph);
}

static void scale_chain(as_graph *graph)
{
    const as_attr to = one_int("to", AS_DTYPE_F32), axis = one_int("axis", 0);
    as_tensor     ones = as_tensor_view(AS_DTYPE_F32, SHAPE(2), (float[]){1, 1});
    assert_true(as_graph_add_constant(graph, "ones", &ones, NULL));
    node(graph, "Shape", "sizes", NAMES("x"), NULL, 0);
    node(graph, "Slice", "places", NAMES("sizes", INTS("two", 2), INTS("end", 4), INTS("axis0", 0)), NULL, 0);
    node(graph, "Cast", "have", NAMES("places"), &to, 1);
    node(graph, "Cast", "want", NAMES(INTS("size", 14, 33)), &to, 1);
    node(graph, "Div", "ratio", NAMES("want", "have"), NULL, 0);
    node(graph, "Concat", "scales", NAMES("ones", "ratio"), &axis, 1);
}

/* As PyTorch writes F.interpolate(size=) for the oldest operator sets. */
static void test_scales_of_sizes(void **state)
{
    as_graph *graph = begin(10);
    (void)state;
    scale_chain(graph);
    const as_value *y = infer(graph, node(graph, "Resize", "y", NAMES("x", "scales"), NULL, 0), AS_DTYPE_F32, 0);
    assert_shape(y, SHAPE(-1, 3, 14, 33));
    as_graph_free(graph);
}

/* The batch is not known, and what is made of it is not; the rest is. */
static void test_part_of_it(void **state)
{
    as_graph     *graph = begin(17);
    const as_attr to = one_int("to", AS_DTYPE_F32), back = one_int("to", AS_DTYPE_I64);
    float         half = 0.5f;
    as_tensor     t = as_tensor_view(AS_DTYPE_F32, &(as_shape){.rank = 0}, &half);
    (void)state;
    assert_true(as_graph_add_constant(graph, "half", &t, NULL));
    node(graph, "Shape", "sizes", NAMES("x"), NULL, 0);
    node(graph, "Cast", "floats", NAMES("sizes"), &to, 1);
    node(graph, "Mul", "halves", NAMES("floats", "half"), NULL, 0);
    node(graph, "Ceil", "up", NAMES("halves"), NULL, 0);
    node(graph, "Cast", "whole", NAMES("up"), &back, 1);
    const as_value *y = infer(graph, node(graph, "ConstantOfShape", "y", NAMES("whole"), NULL, 0), AS_DTYPE_F32, 0);
    assert_shape(y, SHAPE(-1, 2, 4, 6));
    assert_true(as_graph_infer_shapes(graph, 5, NULL));
    assert_shape(y, SHAPE(3, 2, 4, 6));
    as_graph_free(graph);
}

/* Results that 64 bits do not hold, or nobody defines, are left to those who compute. */
static void test_not_folded(void **state)
{
    static const struct {
        const char *op;
        int64_t     a, b;
    } rows[] = {{"Div", INT64_MIN, -1}, {"Mod", INT64_MIN, -1}, {"Div", 1, 0},   {"Mod", 1, 0},
                {"Add", INT64_MAX, 1},  {"Mul", INT64_MAX, 2},  {"Pow", 10, 19}, {"Sub", INT64_MIN, 1}};
    (void)state;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_graph *graph = begin(17);
        INTS("a", rows[i].a);
        INTS("b", rows[i].b);
        const as_value *y = infer(graph, node(graph, rows[i].op, "y", NAMES("a", "b"), NULL, 0), AS_DTYPE_I64, 1);
        if (y->constant)
            fail_msg("%s of %lld and %lld was folded", rows[i].op, (long long)rows[i].a, (long long)rows[i].b);
        as_graph_free(graph);
    }
}

/* Of a node that makes several, all are constants or none is. */
static void test_all_results_or_none(void **state)
{
    as_graph     *graph = begin(13);
    const as_attr axis = one_int("axis", 0);
    (void)state;
    node(graph, "Shape", "sizes", NAMES("x"), NULL, 0);
    assert_true(as_graph_add_node(graph, "Split", "split", NAMES("sizes", INTS("parts", 1, 3)), NAMES("batch", "rest"),
                                  &axis, 1, NULL));
    const as_value *rest = infer(graph, "rest", AS_DTYPE_I64, 0);
    assert_null(rest->constant);
    assert_true(as_graph_infer_shapes(graph, 2, NULL));
    assert_non_null(rest->constant);
    assert_int_equal(((const int64_t *)rest->constant->data)[2], 11);
    assert_non_null(as_graph_value(graph, as_graph_find(graph, "batch"))->constant);
    as_graph_free(graph);
}

/* What a pass follows is bounded: the last of many is not known, and nothing else is wrong with it. */
static void test_bounded(void **state)
{
    enum { N = 3000 };
    as_graph *graph = begin(17);
    int64_t   at[GRAPH_MAX_KNOWN] = {1};
    char      names[2][16] = {"first", ""};
    (void)state;
    ints(graph, "first", at, GRAPH_MAX_KNOWN);
    INTS("one", 1);
    for (int i = 0; i < N; i++) {
        snprintf(names[(i + 1) % 2], sizeof names[0], "v%d", i);
        node(graph, "Add", names[(i + 1) % 2], NAMES(names[i % 2], "one"), NULL, 0);
    }
    const as_value *y = infer(graph, names[N % 2], AS_DTYPE_I64, 1);
    assert_shape(y, SHAPE(GRAPH_MAX_KNOWN));
    assert_null(y->constant);
    assert_non_null(as_graph_value(graph, as_graph_find(graph, "v1000"))->constant);
    assert_true(graph->view.n_cells <= GRAPH_MAX_CELLS + GRAPH_MAX_KNOWN);
    as_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_cases), cmocka_unit_test(test_pads_turned_around),
        cmocka_unit_test(test_scales_of_sizes), cmocka_unit_test(test_part_of_it),
        cmocka_unit_test(test_not_folded),      cmocka_unit_test(test_all_results_or_none),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
