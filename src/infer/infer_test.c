/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite of the back ends: every row, the same models, the same answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/count_test.h"
#include "base/fs.h"
#include "base/isa.h"
#include "base/rng.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "graph/build.h"
#include "graph/fuse.h"
#include "infer/infer.h"
#include "tensor/half.h"

#define MAX_ROWS 8

typedef struct model_bytes {
    uint8_t *at;
    size_t   n;
} model_bytes;

static model_bytes read_shared(const char *name)
{
    const char *shared = getenv("ASSAY_SHARED");
    char        path[AS_FS_PATH_BYTES];
    as_err      err = AS_ERR_NONE;
    model_bytes model;
    snprintf(path, sizeof path, "%s/models/%s", shared ? shared : "../shared", name);
    if (!as_fs_is_file(path)) {
        print_message("skipped: no '%s' (set ASSAY_SHARED)\n", path);
        skip();
    }
    assert_true(as_fs_read(path, AS_GRAPH_MAX_BYTES, &model.at, &model.n, &err));
    return model;
}

/* --- a small network of our own: every kind of layer that `train` writes --- */

static void add_random(as_graph *graph, as_rng *rng, const char *name, as_shape shape)
{
    as_tensor t;
    as_err    err = AS_ERR_NONE;
    assert_true(as_tensor_new(&t, AS_DTYPE_F32, &shape, &err));
    for (size_t i = 0; i < as_tensor_count(&t); i++)
        ((float *)t.data)[i] = (float)as_rng_range(rng, -0.3, 0.3);
    assert_true(as_graph_add_constant(graph, name, &t, &err));
    as_tensor_done(&t);
}

#define NAMES(...)                 ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...)                 ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})
#define ADD(op, in, out, attrs, n) assert_true(as_graph_add_node(graph, op, op "_" out, in, NAMES(out), attrs, n, &err))

static void build_layers(as_graph *graph)
{
    static const int64_t pads[] = {1, 1, 1, 1}, strides[] = {2, 2}, two[] = {2, 2};
    const as_attr        conv[] = {{.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4},
                                   {.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2}};
    const as_attr        group[] = {{.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4},
                                    {.name = "group", .kind = AS_ATTR_INT, .i = 8}};
    const as_attr        pool[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = two, .n = 2},
                                   {.name = "strides", .kind = AS_ATTR_INTS, .ints = two, .n = 2}};
    const as_attr        gemm[] = {{.name = "transB", .kind = AS_ATTR_INT, .i = 1}};
    const as_attr        axis[] = {{.name = "axis", .kind = AS_ATTR_INT, .i = 1}};
    as_err               err = AS_ERR_NONE;
    ADD("Conv", NAMES("input", "w1", "b1"), "c1", conv, 2);
    ADD("Relu", NAMES("c1"), "r1", NULL, 0);
    ADD("Conv", NAMES("r1", "w2"), "c2", group, 2);
    ADD("Add", NAMES("c2", "r1"), "a2", NULL, 0);
    ADD("Relu", NAMES("a2"), "r2", NULL, 0);
    ADD("MaxPool", NAMES("r2"), "p2", pool, 2);
    ADD("AveragePool", NAMES("p2"), "p3", pool, 2);
    ADD("Concat", NAMES("p3", "p3"), "cat", axis, 1);
    ADD("GlobalAveragePool", NAMES("cat"), "gap", NULL, 0);
    ADD("Flatten", NAMES("gap"), "flat", NULL, 0);
    ADD("Gemm", NAMES("flat", "w3", "b3"), "logits", gemm, 1);
    ADD("Softmax", NAMES("logits"), "probabilities", axis, 1);
}

static model_bytes build_model(void)
{
    as_err    err = AS_ERR_NONE;
    as_rng    rng = as_rng_new(7);
    as_str    out;
    as_graph *graph = as_graph_new("built", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "input", AS_DTYPE_F32, &SHAPE(-1, 3, 32, 32), &err));
    assert_true(as_graph_add_output(graph, "probabilities", AS_DTYPE_F32, &SHAPE(-1, 5), &err));
    add_random(graph, &rng, "w1", SHAPE(8, 3, 3, 3));
    add_random(graph, &rng, "b1", SHAPE(8));
    add_random(graph, &rng, "w2", SHAPE(8, 1, 3, 3));
    add_random(graph, &rng, "w3", SHAPE(5, 16));
    add_random(graph, &rng, "b3", SHAPE(5));
    build_layers(graph);
    assert_true(as_graph_finish(graph, &err));
    as_str_init(&out);
    assert_true(as_graph_write(graph, &out, &err));
    as_graph_free(graph);
    model_bytes model = {.n = out.len};
    model.at = (uint8_t *)as_str_take(&out);
    assert_non_null(model.at);
    return model;
}

/* --- running --- */

/* NULL, with a word about it, where the library of `backend` is not installed. */
static as_session *open_row(const as_backend *backend, model_bytes model, int64_t batch)
{
    as_err      err = AS_ERR_NONE;
    as_session *session = as_session_open(model.at, model.n, "model under test",
                                          &(as_session_cfg){.backend = backend->name, .batch = batch}, &err);
    if (!session && err.code == AS_EMISSING) {
        print_message("without back end '%s': %s\n", backend->name, err.text);
        return NULL;
    }
    if (!session)
        fail_msg("%s: %s", backend->name, err.text);
    return session;
}

static as_tensor random_input(const as_session *session, uint64_t seed)
{
    const as_port *port = as_session_input(session, 0);
    as_rng         rng = as_rng_new(seed);
    as_tensor      t;
    as_err         err = AS_ERR_NONE;
    assert_true(as_tensor_new(&t, port->dtype, &port->shape, &err));
    for (size_t i = 0; t.dtype == AS_DTYPE_F32 && i < as_tensor_count(&t); i++)
        ((float *)t.data)[i] = (float)as_rng_range(&rng, -1.0, 1.0);
    return t;
}

static void assert_close(const float *a, const float *b, size_t n, const char *what)
{
    double largest = 1e-6;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= 1e-4 * largest))
            fail_msg("%s: entry %zu is %g and %g", what, i, (double)a[i], (double)b[i]);
}

enum { MAX_OUTPUTS = 16 };

/* Each output, written where the caller says, is what the session's own memory holds. */
static void check_outputs(as_session *session, const as_tensor *in, as_tensor *firsts, const char *backend)
{
    const size_t n = as_session_n_outputs(session);
    as_tensor    views[MAX_OUTPUTS] = {0}, copies[MAX_OUTPUTS] = {0};
    as_err       err = AS_ERR_NONE;
    char         what[100];
    assert_in_range(n, 1, MAX_OUTPUTS);
    if (!as_session_run(session, in, views, &err))
        fail_msg("%s: %s", backend, err.text);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(views[i].data);
        assert_true(as_shape_equal(&views[i].shape, &as_session_output(session, i)->shape));
        assert_true(as_tensor_new(&copies[i], views[i].dtype, &views[i].shape, &err));
    }
    assert_true(as_session_run(session, in, copies, &err));
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(copies[i].data, views[i].data, as_tensor_count(&views[i]) * sizeof(float));
        if (!firsts[i].data) {
            firsts[i] = copies[i];
            continue;
        }
        snprintf(what, sizeof what, "%s, output '%s'", backend, as_session_output(session, i)->name);
        assert_close(firsts[i].data, copies[i].data, as_tensor_count(&copies[i]), what);
        as_tensor_done(&copies[i]);
    }
}

/* Every back end's outputs for the same input, of numbers up to `most`. Returns how many back ends there were. */
static size_t compare_rows_up_to(model_bytes model, int64_t batch, float most)
{
    as_tensor firsts[MAX_OUTPUTS] = {0};
    size_t    n = 0;
    for (size_t i = 0; as_backend_at(i); i++) {
        as_session *session = open_row(as_backend_at(i), model, batch);
        if (!session)
            continue;
        as_tensor in = random_input(session, 11);
        for (size_t k = 0; k < as_tensor_count(&in); k++)
            ((float *)in.data)[k] *= most;
        assert_int_equal(as_session_output(session, 0)->shape.dims[0], batch ? batch : 1);
        check_outputs(session, &in, firsts, as_backend_at(i)->name);
        as_tensor_done(&in);
        as_session_close(session);
        n++;
    }
    for (size_t i = 0; i < MAX_OUTPUTS; i++)
        as_tensor_done(&firsts[i]);
    free(model.at);
    return n;
}

static void compare_rows(model_bytes model, int64_t batch)
{
    compare_rows_up_to(model, batch, 1.0f);
}

static void test_yunet_is_equal_in_every_row(void **state)
{
    (void)state;
    assert_true(compare_rows_up_to(read_shared("yunet_n_320_320.onnx"), 0, 255.0f) >= 1);
}

static void test_squeezenet_is_equal_in_every_row(void **state)
{
    (void)state;
    compare_rows(read_shared("squeezenet1.1_fp32_from_winml_fp16.onnx"), 0);
}

static void test_mnist_is_equal_in_every_row(void **state)
{
    (void)state;
    compare_rows(read_shared("mnist.onnx"), 0);
}

static void test_built_model_is_equal_in_every_row(void **state)
{
    (void)state;
    compare_rows(build_model(), 0);
    compare_rows(build_model(), 3);
}

/* What exporters write as chains, one behind the other: the native engine runs each as one operator. */
static void add_chains(as_graph *graph)
{
    static const int64_t last[] = {-1};
    const as_attr        axes[] = {{.name = "axes", .kind = AS_ATTR_INTS, .ints = last, .n = 1}};
    as_err               err = AS_ERR_NONE;
    ADD("Pad", NAMES("input", "pads"), "padded", NULL, 0);
    ADD("Conv", NAMES("padded", "w"), "c", NULL, 0);
    ADD("Add", NAMES("c", "three"), "h1", NULL, 0);
    ADD("Clip", NAMES("h1", "zero", "six"), "h2", NULL, 0);
    ADD("Mul", NAMES("c", "h2"), "h3", NULL, 0);
    ADD("Div", NAMES("h3", "six"), "h", NULL, 0);
    ADD("ReduceMean", NAMES("h"), "m", axes, 1);
    ADD("Sub", NAMES("h", "m"), "d", NULL, 0);
    ADD("Pow", NAMES("d", "two"), "q", NULL, 0);
    ADD("ReduceMean", NAMES("q"), "v", axes, 1);
    ADD("Add", NAMES("v", "tiny"), "ve", NULL, 0);
    ADD("Sqrt", NAMES("ve"), "s", NULL, 0);
    ADD("Div", NAMES("d", "s"), "n", NULL, 0);
    ADD("Mul", NAMES("n", "scale"), "ns", NULL, 0);
    ADD("Add", NAMES("ns", "bias"), "ln", NULL, 0);
    ADD("Div", NAMES("ln", "root"), "g1", NULL, 0);
    ADD("Erf", NAMES("g1"), "g2", NULL, 0);
    ADD("Add", NAMES("g2", "one"), "g3", NULL, 0);
    ADD("Mul", NAMES("ln", "g3"), "g4", NULL, 0);
    ADD("Mul", NAMES("g4", "half"), "gelu", NULL, 0);
    ADD("Softplus", NAMES("gelu"), "p1", NULL, 0);
    ADD("Tanh", NAMES("p1"), "p2", NULL, 0);
    ADD("Mul", NAMES("gelu", "p2"), "out", NULL, 0);
}

static model_bytes build_chains(void)
{
    static const struct {
        const char *name;
        float       value;
    } numbers[] = {{"zero", 0.0f}, {"half", 0.5f},  {"one", 1.0f},         {"two", 2.0f},
                   {"six", 6.0f},  {"tiny", 1e-5f}, {"root", 1.41421356f}, {"three", 3.0f}};
    as_err    err = AS_ERR_NONE;
    as_rng    rng = as_rng_new(8);
    as_str    out;
    int64_t   pads[8] = {0, 0, 1, 2, 0, 0, 3, 0};
    as_tensor t = as_tensor_view(AS_DTYPE_I64, &SHAPE(8), pads);
    as_graph *graph = as_graph_new("chains", &err);
    assert_non_null(graph);
    assert_true(as_graph_set_opset(graph, 17, &err));
    assert_true(as_graph_add_input(graph, "input", AS_DTYPE_F32, &SHAPE(-1, 3, 9, 8), &err));
    assert_true(as_graph_add_output(graph, "out", AS_DTYPE_F32, &SHAPE(-1, 6, 11, 8), &err));
    assert_true(as_graph_add_constant(graph, "pads", &t, &err));
    for (size_t i = 0; i < AS_COUNT(numbers); i++) {
        float value = numbers[i].value;
        t = as_tensor_view(AS_DTYPE_F32, &(as_shape){.rank = 0}, &value);
        assert_true(as_graph_add_constant(graph, numbers[i].name, &t, &err));
    }
    add_random(graph, &rng, "w", SHAPE(6, 3, 3, 3));
    add_random(graph, &rng, "scale", SHAPE(8));
    add_random(graph, &rng, "bias", SHAPE(8));
    add_chains(graph);
    assert_true(as_graph_finish(graph, &err));
    as_str_init(&out);
    assert_true(as_graph_write(graph, &out, &err));
    as_graph_free(graph);
    model_bytes model = {.n = out.len};
    model.at = (uint8_t *)as_str_take(&out);
    return model;
}

static void test_chains_of_exporters_are_equal_in_every_row(void **state)
{
    (void)state;
    model_bytes model = build_chains();
    as_err      err = AS_ERR_NONE;
    size_t      n = 0;
    as_graph   *graph = as_graph_parse(model.at, model.n, "chains", &err);
    assert_non_null(graph);
    assert_true(as_graph_fuse(graph, 1, &n, &err));
    assert_int_equal(n, 5);
    assert_int_equal(as_graph_n_nodes(graph), 5);
    as_graph_free(graph);
    compare_rows(model, 0);
    compare_rows(build_chains(), 2);
}

static void test_native_runs_allocate_nothing(void **state)
{
    (void)state;
#if COUNTS_ALLOCATIONS
    model_bytes model = build_model();
    as_err      err = AS_ERR_NONE;
    as_session *session = as_session_open(model.at, model.n, "m", NULL, &err);
    assert_non_null(session);
    assert_string_equal(as_session_backend(session), "native");
    as_tensor in = random_input(session, 1), out = {0};
    assert_true(as_session_run(session, &in, &out, &err));
    count_begin();
    for (int i = 0; i < 10; i++)
        if (!as_session_run(session, &in, &out, &err))
            fail_msg("%s", err.text);
    assert_int_equal(count_end(), 0);
    as_tensor_done(&in);
    as_session_close(session);
    free(model.at);
#else
    print_message("skipped: a sanitizer allocates for itself\n");
    skip();
#endif
}

/* Weights of f16, computed with in f32: equal within what a half float holds. Its input and output stay f16. */
static void test_half_precision_is_equal_in_every_row(void **state)
{
    (void)state;
    enum { N_CLASSES = 1000 };
    model_bytes model = read_shared("SqueezeNet_fp16.onnx");
    float       first[N_CLASSES] = {0.0f};
    bool        has_first = false;
    for (size_t i = 0; as_backend_at(i); i++) {
        as_err      err = AS_ERR_NONE;
        as_session *session = open_row(as_backend_at(i), model, 0);
        if (!session)
            continue;
        assert_int_equal(as_session_input(session, 0)->dtype, AS_DTYPE_F16);
        as_rng    rng = as_rng_new(3);
        as_tensor in = random_input(session, 3), out = {0};
        for (size_t k = 0; k < as_tensor_count(&in); k++)
            ((uint16_t *)in.data)[k] = as_half_from_float((float)as_rng_range(&rng, -100.0, 150.0));
        if (!as_session_run(session, &in, &out, &err))
            fail_msg("%s: %s", as_backend_at(i)->name, err.text);
        assert_int_equal(out.dtype, AS_DTYPE_F16);
        assert_int_equal(as_tensor_count(&out), N_CLASSES);
        for (size_t k = 0; k < N_CLASSES; k++) {
            const float p = as_half_to_float(((const uint16_t *)out.data)[k]);
            if (has_first && fabsf(p - first[k]) > 2e-3f)
                fail_msg("%s: class %zu is %g, %g before", as_backend_at(i)->name, k, (double)p, (double)first[k]);
            first[k] = p;
        }
        has_first = true;
        as_tensor_done(&in);
        as_session_close(session);
    }
    assert_true(has_first);
    free(model.at);
}

/* A sum of a port of f16 and one of f32, each given back as it came too. */
static model_bytes build_half(void)
{
    as_err         err = AS_ERR_NONE;
    as_str         bytes;
    const as_shape shape = SHAPE(1, 5);
    const as_attr  to = {.name = "to", .kind = AS_ATTR_INT, .i = (int64_t)AS_DTYPE_F32};
    as_graph      *graph = as_graph_new("half", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "a", AS_DTYPE_F16, &shape, &err) &&
                as_graph_add_input(graph, "b", AS_DTYPE_F32, &shape, &err));
    ADD("Cast", NAMES("a"), "wide", &to, 1);
    ADD("Add", NAMES("a", "a"), "twice", NULL, 0);
    ADD("Add", NAMES("wide", "b"), "sum", NULL, 0);
    assert_true(as_graph_add_output(graph, "twice", AS_DTYPE_F16, &shape, &err) &&
                as_graph_add_output(graph, "sum", AS_DTYPE_F32, &shape, &err) && as_graph_finish(graph, &err));
    as_str_init(&bytes);
    assert_true(as_graph_write(graph, &bytes, &err));
    as_graph_free(graph);
    return (model_bytes){.at = (uint8_t *)bytes.s, .n = bytes.len};
}

static void run_half_as_floats(const as_backend *backend, model_bytes model)
{
    as_err               err = AS_ERR_NONE;
    const as_session_cfg cfg = {.backend = backend->name, .wide = true};
    as_session          *session = as_session_open(model.at, model.n, "half", &cfg, &err);
    if (!session && err.code == AS_EMISSING)
        return;
    if (!session)
        fail_msg("%s: %s", backend->name, err.text);
    float          a[] = {1, -2.5f, 0.333333f, 1e6f, 0}, b[] = {10, 20, 30, 40, 50}, mine[5] = {0};
    const as_shape shape = SHAPE(1, 5);
    as_tensor      in[] = {as_tensor_view(AS_DTYPE_F32, &shape, a), as_tensor_view(AS_DTYPE_F32, &shape, b)};
    as_tensor      out[2] = {{0}};
    assert_int_equal(as_session_input(session, 0)->dtype, AS_DTYPE_F32);
    assert_int_equal(as_session_output(session, 0)->dtype, AS_DTYPE_F32);
    assert_null(as_session_input(session, 2));
    for (int round = 0; round < 2; round++) { /* its own memory, then the caller's */
        if (!as_session_run(session, in, out, &err))
            fail_msg("%s: %s", backend->name, err.text);
        const float *twice = out[0].data, *sum = out[1].data;
        assert_int_equal(out[0].dtype, AS_DTYPE_F32);
        assert_true(twice[0] == 2 && twice[1] == -5 && twice[4] == 0 && isinf(twice[3])); /* half floats end at 65504 */
        assert_true(fabsf(twice[2] - 0.666666f) < 5e-4f && twice[2] != 0.666666f);
        assert_true(sum[0] == 11 && sum[1] == 17.5f && sum[4] == 50);
        out[0] = as_tensor_view(AS_DTYPE_F32, &shape, mine);
        out[1].data = NULL;
    }
    assert_ptr_equal(out[0].data, mine);
    assert_true(mine[0] == 2 && mine[1] == -5);
    as_session_close(session);
}

static void test_half_ports_can_be_floats(void **state)
{
    (void)state;
    model_bytes model = build_half();
    for (size_t i = 0; as_backend_at(i); i++)
        run_half_as_floats(as_backend_at(i), model);
    free(model.at);
}

static void test_rows_are_whole(void **state)
{
    (void)state;
    assert_non_null(as_backend_at(0));
    for (size_t i = 0; as_backend_at(i); i++) {
        const as_backend *row = as_backend_at(i);
        assert_true(*row->name && *row->summary && row->priv_size);
        assert_true(row->open && row->close && row->n_ports && row->port && row->run && row->about);
        as_str text;
        as_err err = AS_ERR_NONE;
        as_str_init(&text);
        if (row->about(&text, &err))
            assert_true(text.len > 0);
        else
            assert_int_equal(err.code, AS_EMISSING);
        as_str_done(&text);
    }
    assert_null(as_backend_at(MAX_ROWS));
}

static void test_wrong_tensors_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; as_backend_at(i); i++) {
        model_bytes model = build_model();
        as_err      err = AS_ERR_NONE;
        as_session *session = open_row(as_backend_at(i), model, 0);
        if (!session) {
            free(model.at);
            continue;
        }
        as_tensor in = random_input(session, 1), out = {0}, bad = in;
        assert_int_equal(as_session_n_inputs(session), 1);
        assert_string_equal(as_session_input(session, 0)->name, "input");
        assert_string_equal(as_session_output(session, 0)->name, "probabilities");
        assert_null(as_session_input(session, 1));
        assert_string_equal(as_session_backend(session), as_backend_at(i)->name);
        bad.shape.dims[3] = 31;
        assert_false(as_session_run(session, &bad, &out, &err));
        assert_int_equal(err.code, AS_EINVAL);
        assert_string_equal(err.text, "input 'input' is f32 1x3x32x31, the model needs f32 1x3x32x32");
        bad = in;
        bad.dtype = AS_DTYPE_I32;
        assert_false(as_session_run(session, &bad, &out, &err));
        bad = in;
        bad.data = NULL;
        assert_false(as_session_run(session, &bad, &out, &err));
        float     few[4];
        as_tensor short_out = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 4), few);
        assert_false(as_session_run(session, &in, &short_out, &err));
        assert_true(as_session_run(session, &in, &out, &err)); /* and it still works */
        as_tensor_done(&in);
        as_session_close(session);
        free(model.at);
    }
}

static void test_bad_models_are_refused(void **state)
{
    (void)state;
    static const uint8_t text[] = "this is no model\n";
    for (size_t i = 0; as_backend_at(i); i++) {
        as_session_cfg cfg = {.backend = as_backend_at(i)->name};
        as_err         err = AS_ERR_NONE;
        assert_null(as_session_open(text, sizeof text - 1, "notes.onnx", &cfg, &err));
        if (err.code == AS_EMISSING)
            continue;
        assert_int_equal(err.code, AS_EFORMAT);
        assert_non_null(strstr(err.text, "notes.onnx"));
        assert_null(as_session_open(NULL, 0, "empty.onnx", &cfg, &err));
        assert_non_null(strstr(err.text, "empty.onnx"));
    }
    as_err err = AS_ERR_NONE;
    assert_null(as_session_open(text, 1, "x", &(as_session_cfg){.backend = "ortt"}, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "did you mean 'ort'"));
}

static void test_bf16_is_of_the_native_backend(void **state)
{
    (void)state;
    model_bytes    model = build_model();
    as_err         err = AS_ERR_NONE;
    as_session_cfg cfg = {.backend = "ort", .precision = AS_FLOATS_BF16};
    assert_null(as_session_open(model.at, model.n, "m", &cfg, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "'ort'"));
    cfg.backend = NULL;
    as_session *session = as_session_open(model.at, model.n, "m", &cfg, &err);
    assert_non_null(session);
    assert_int_equal(as_session_precision(session), as_engine_no_bf16() ? AS_FLOATS_F32 : AS_FLOATS_BF16);
    as_session_close(session);
    cfg.precision = AS_FLOATS_NONE;
    session = as_session_open(model.at, model.n, "m", &cfg, &err);
    assert_non_null(session);
    assert_int_equal(as_session_precision(session), AS_FLOATS_F32);
    as_session_close(session);
    free(model.at);
}

/* ONNX Runtime is opened once a process: the missing one needs a process of its own. */
static int missing_library_child(void)
{
    as_err      err = AS_ERR_NONE;
    model_bytes model = build_model();
    setenv("ASSAY_ORT", "/nonexistent", 1);
    as_session *session = as_session_open(model.at, model.n, "m", &(as_session_cfg){.backend = "ort"}, &err);
    bool        good =
        !session && err.code == AS_EMISSING && strstr(err.text, "/nonexistent") && strstr(err.text, "run: tools/setup");
    if (!good)
        fprintf(stderr, "%s\n", err.text);
    free(model.at);
    return good ? 0 : 1;
}

static void test_missing_library_says_how_to_get_it(void **state)
{
    (void)state;
    int   status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(missing_library_child());
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

typedef struct worker {
    as_session *session;
    as_tensor   in;
    float       sum;
    bool        ok;
} worker;

static void work(void *ctx)
{
    worker *w = ctx;
    w->ok = true;
    for (int i = 0; i < 20; i++) {
        as_tensor out = {0};
        w->ok = w->ok && as_session_run(w->session, &w->in, &out, NULL);
        w->sum += w->ok ? ((const float *)out.data)[0] : 0;
    }
}

static void run_two_at_once(const as_backend *backend, model_bytes model)
{
    as_err     err = AS_ERR_NONE;
    worker     workers[2] = {0};
    as_thread *threads[2];
    for (int k = 0; k < 2; k++) {
        workers[k].session = open_row(backend, model, 0);
        if (!workers[k].session)
            return;
        workers[k].in = random_input(workers[k].session, 5);
    }
    for (int k = 0; k < 2; k++) {
        threads[k] = as_thread_start("infer", work, &workers[k], &err);
        assert_non_null(threads[k]);
    }
    for (int k = 0; k < 2; k++)
        as_thread_join(threads[k]);
    assert_true(workers[0].ok && workers[1].ok);
    assert_true(workers[0].sum > 0 && workers[0].sum == workers[1].sum);
    for (int k = 0; k < 2; k++) {
        as_tensor_done(&workers[k].in);
        as_session_close(workers[k].session);
    }
}

static void test_two_sessions_run_at_once(void **state)
{
    (void)state;
    model_bytes model = build_model();
    for (size_t i = 0; as_backend_at(i); i++)
        run_two_at_once(as_backend_at(i), model);
    free(model.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_library_says_how_to_get_it), /* first: nothing is opened yet */
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_chains_of_exporters_are_equal_in_every_row),
        cmocka_unit_test(test_native_runs_allocate_nothing),
        cmocka_unit_test(test_half_precision_is_equal_in_every_row),
        cmocka_unit_test(test_half_ports_can_be_floats),
        cmocka_unit_test(test_squeezenet_is_equal_in_every_row),
        cmocka_unit_test(test_mnist_is_equal_in_every_row),
        cmocka_unit_test(test_yunet_is_equal_in_every_row),
        cmocka_unit_test(test_built_model_is_equal_in_every_row),
        cmocka_unit_test(test_wrong_tensors_are_refused),
        cmocka_unit_test(test_bad_models_are_refused),
        cmocka_unit_test(test_bf16_is_of_the_native_backend),
        cmocka_unit_test(test_two_sessions_run_at_once),
    };
    return cmocka_run_group_tests_name("infer", tests, NULL, NULL);
}
