/* SPDX-License-Identifier: Apache-2.0 */
/* A run of the native engine allocates nothing, and on one thread takes no lock and calls no system: small networks, products,
 * and those of ASSAY_SHARED. bench/quiet_test.c tries the networks that are measured. */
#include "base/fs.h"
#include "infer/test_net.h"
#include "infer/test_quiet.h"

static void test_floats_run_quietly(void **state)
{
    (void)state;
    as_str model = net_model(1, false);
    quiet_assert((const uint8_t *)model.s, model.len, "floats");
    as_str_done(&model);
}

static void test_whole_numbers_run_quietly(void **state)
{
    (void)state;
    as_str model = net_model(1, true);
    quiet_assert((const uint8_t *)model.s, model.len, "whole numbers");
    as_str_done(&model);
}

/* rows x 96 by 96 x 64, of which the second is constant, or fed. */
static void quiet_product(int64_t rows, bool fed)
{
    const as_shape a = {.rank = 2, .dims = {rows, 96}}, b = {.rank = 2, .dims = {96, 64}};
    as_err         e = AS_ERR_NONE;
    as_rng         rng = as_rng_new(1);
    as_graph      *g = as_graph_new("product", &e);
    char           name[60];
    as_str         bytes;
    as_str_init(&bytes);
    NET_MUST(g && as_graph_add_input(g, "a", AS_DTYPE_F32, &a, &e));
    if (fed)
        NET_MUST(as_graph_add_input(g, "b", AS_DTYPE_F32, &b, &e));
    else
        net_constant(g, &rng, "b", &b, 0.1);
    net_node(g, "MatMul", (const char *const[]){"a", "b", NULL}, "y", NULL);
    NET_MUST(as_graph_add_output(g, "y", AS_DTYPE_F32, &(as_shape){.rank = 2, .dims = {rows, 64}}, &e) &&
             as_graph_finish(g, &e) && as_graph_write(g, &bytes, &e));
    as_graph_free(g);
    snprintf(name, sizeof name, "a product of %lld rows, %s", (long long)rows, fed ? "fed" : "constant");
    quiet_assert((const uint8_t *)bytes.s, bytes.len, name);
    as_str_done(&bytes);
}

static void test_products_run_quietly(void **state)
{
    (void)state;
    static const int64_t rows[] = {1, 4, 5, 7, 16, 50, 197};
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        for (int fed = 0; fed < 2; fed++)
            quiet_product(rows[i], fed);
}

static void test_real_models_run_quietly(void **state)
{
    (void)state;
    static const char *const names[] = {"squeezenet1.1_fp32_from_winml_fp16.onnx", "SqueezeNet_fp16.onnx", "mnist.onnx",
                                        "yunet_n_320_320.onnx"};
    const char              *shared = getenv("ASSAY_SHARED");
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        char     path[AS_FS_PATH_BYTES];
        uint8_t *bytes;
        size_t   n;
        as_err   e = AS_ERR_NONE;
        snprintf(path, sizeof path, "%s/models/%s", shared ? shared : "../shared", names[i]);
        if (!as_fs_is_file(path)) {
            print_message("skipped: no '%s' (set ASSAY_SHARED)\n", path);
            skip();
        }
        NET_MUST(as_fs_read(path, AS_GRAPH_MAX_BYTES, &bytes, &n, &e));
        quiet_assert(bytes, n, names[i]);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_test_counts),
        cmocka_unit_test(test_floats_run_quietly),
        cmocka_unit_test(test_whole_numbers_run_quietly),
        cmocka_unit_test(test_products_run_quietly),
        cmocka_unit_test(test_real_models_run_quietly),
    };
    if (!quiet_is_counted()) {
        puts("skipped: a sanitizer locks and allocates for itself");
        return 0;
    }
    return cmocka_run_group_tests_name("quiet", tests, NULL, NULL);
}
