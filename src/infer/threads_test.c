/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads give what one gives, to the bit: no verdict depends on how many there are. */
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "graph/graph.h"
#include "infer/infer.h"
#include "infer/test_net.h"

#define MOST_THREADS 4u

enum { ROUNDS = 3 };

static as_session *open_with(const uint8_t *model, size_t n, uint32_t threads)
{
    as_err               e = AS_ERR_NONE;
    const as_session_cfg cfg = {.threads = threads};
    as_session          *session = as_session_open(model, n, "net", &cfg, &e);
    NET_MUST(session != NULL);
    return session;
}

static void compare(const uint8_t *model, size_t n)
{
    as_err      e = AS_ERR_NONE;
    as_session *sessions[MOST_THREADS];
    as_rng      rng = as_rng_new(3);
    as_tensor   in;
    for (uint32_t t = 0; t < MOST_THREADS; t++)
        sessions[t] = open_with(model, n, t + 1);
    const as_port *port = as_session_input(sessions[0], 0);
    NET_MUST(as_tensor_new(&in, port->dtype, &port->shape, &e));
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < as_tensor_count(&in); i++)
            ((float *)in.data)[i] = (float)as_rng_normal(&rng);
        as_tensor outs[MOST_THREADS][16] = {{{0}}};
        for (uint32_t t = 0; t < MOST_THREADS; t++) {
            assert_true(as_session_n_outputs(sessions[t]) <= 16);
            NET_MUST(as_session_run(sessions[t], &in, outs[t], &e));
            for (size_t o = 0; o < as_session_n_outputs(sessions[t]); o++)
                if (memcmp(outs[0][o].data, outs[t][o].data,
                           as_tensor_count(&outs[0][o]) * as_dtype_bytes(outs[0][o].dtype)) != 0)
                    fail_msg("output %zu with %u threads is another, by %g", o, t + 1,
                             as_tensor_apart(&outs[0][o], &outs[t][o], NULL));
        }
    }
    for (uint32_t t = 0; t < MOST_THREADS; t++)
        as_session_close(sessions[t]);
    as_tensor_done(&in);
}

static void compare_file(const char *name)
{
    const char    *shared = getenv("ASSAY_SHARED");
    char           path[AS_FS_PATH_BYTES];
    const uint8_t *model;
    size_t         n;
    as_err         e = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/models/%s", shared ? shared : "../shared", name);
    if (!as_fs_is_file(path)) {
        print_message("skipped: no '%s' (set ASSAY_SHARED)\n", path);
        skip();
    }
    NET_MUST(as_fs_map(path, AS_GRAPH_MAX_BYTES, &model, &n, &e));
    compare(model, n);
    as_fs_unmap(model, n);
}

static void add_output(as_graph *g, const char *name, int64_t rows, int64_t cols)
{
    as_err e = AS_ERR_NONE;
    NET_MUST(as_graph_add_output(g, name, AS_DTYPE_F32, &(as_shape){.rank = 3, .dims = {8, rows, cols}}, &e));
}

/* More rows than a row's kernel takes, sums longer than a block's, one matrix for all, one for each, and computed ones. */
static void test_products_of_matrices(void **state)
{
    (void)state;
    static const int64_t swap[] = {0, 2, 1};
    const as_attr        perm = {.name = "perm", .kind = AS_ATTR_INTS, .ints = swap, .n = 3};
    as_err               e = AS_ERR_NONE;
    as_rng               rng = as_rng_new(5);
    as_graph            *g = as_graph_new("net", &e);
    as_str               model;
    as_str_init(&model);
    NET_MUST(g && as_graph_add_input(g, "input", AS_DTYPE_F32, &(as_shape){.rank = 3, .dims = {8, 7, 700}}, &e));
    net_constant(g, &rng, "one", &(as_shape){.rank = 2, .dims = {700, 70}}, 0.1);
    net_constant(g, &rng, "row", &(as_shape){.rank = 1, .dims = {70}}, 0.1);
    net_constant(g, &rng, "each", &(as_shape){.rank = 3, .dims = {8, 70, 300}}, 0.1);
    net_node(g, "MatMul", (const char *const[]){"input", "one", NULL}, "a", NULL);
    net_node(g, "Add", (const char *const[]){"a", "row", NULL}, "b", NULL);
    net_node(g, "Relu", (const char *const[]){"b", NULL}, "c", NULL);
    net_node(g, "MatMul", (const char *const[]){"c", "each", NULL}, "d", NULL);
    net_node(g, "Transpose", (const char *const[]){"d", NULL}, "turned", &perm);
    net_node(g, "MatMul", (const char *const[]){"d", "turned", NULL}, "e", NULL);
    net_node(g, "MatMul", (const char *const[]){"turned", "d", NULL}, "f", NULL);
    add_output(g, "c", 7, 70);
    add_output(g, "d", 7, 300);
    add_output(g, "e", 7, 7);
    add_output(g, "f", 300, 300);
    NET_MUST(as_graph_finish(g, &e) && as_graph_write(g, &model, &e));
    as_graph_free(g);
    compare((const uint8_t *)model.s, model.len);
    as_str_done(&model);
}

/* A few rows by so many weights that several threads share them. */
static void test_few_rows_of_large_weights(void **state)
{
    (void)state;
    as_err    e = AS_ERR_NONE;
    as_rng    rng = as_rng_new(6);
    as_graph *g = as_graph_new("net", &e);
    as_str    model;
    as_str_init(&model);
    NET_MUST(g && as_graph_add_input(g, "input", AS_DTYPE_F32, &(as_shape){.rank = 2, .dims = {2, 3000}}, &e));
    net_constant(g, &rng, "w", &(as_shape){.rank = 2, .dims = {3000, 1500}}, 0.1);
    net_node(g, "MatMul", (const char *const[]){"input", "w", NULL}, "y", NULL);
    NET_MUST(as_graph_add_output(g, "y", AS_DTYPE_F32, &(as_shape){.rank = 2, .dims = {2, 1500}}, &e) &&
             as_graph_finish(g, &e) && as_graph_write(g, &model, &e));
    as_graph_free(g);
    compare((const uint8_t *)model.s, model.len);
    as_str_done(&model);
}

static void test_floats(void **state)
{
    (void)state;
    as_str model = net_model(4, false);
    compare((const uint8_t *)model.s, model.len);
    as_str_done(&model);
}

static void test_whole_numbers(void **state)
{
    (void)state;
    as_str model = net_model(4, true);
    compare((const uint8_t *)model.s, model.len);
    as_str_done(&model);
}

static void test_squeezenet(void **state)
{
    (void)state;
    compare_file("squeezenet1.1_fp32_from_winml_fp16.onnx");
}

static void test_yunet(void **state)
{
    (void)state;
    compare_file("yunet_n_320_320.onnx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_of_matrices),
        cmocka_unit_test(test_few_rows_of_large_weights),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_squeezenet),
        cmocka_unit_test(test_yunet),
    };
    return cmocka_run_group_tests_name("infer/threads", tests, NULL, NULL);
}
