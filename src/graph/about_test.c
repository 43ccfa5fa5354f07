/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/about.h"
#include "graph/build.h"
#include "graph/graph_priv.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

static as_graph *small_model(void)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("small", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &SHAPE(-1, 3, -1), &err));
    assert_true(as_graph_add_node(graph, "Relu", "relu", NAMES("x"), NAMES("y"), NULL, 0, &err));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &SHAPE(-1, 3, -1), &err));
    assert_true(as_graph_finish(graph, &err));
    return graph;
}

static void test_who_made_it(void **state)
{
    (void)state;
    as_graph      *graph = small_model();
    as_graph_about about = as_graph_about_of(graph);
    assert_string_equal(about.producer, "assay");
    assert_string_equal(about.producer_version, "");
    assert_string_equal(about.name, "small");
    assert_string_equal(about.doc, "");
    assert_int_equal(about.ir, 8);
    assert_int_equal(about.n_initializers, 0);
    as_graph_free(graph);
}

static void test_metadata_and_licence(void **state)
{
    (void)state;
    static const char *const keys[] = {"license", "License", "LICENCE", "org.example.licence", "model_license_url"};
    as_err                   err = AS_ERR_NONE;
    const char              *key, *value;
    for (size_t i = 0; i < AS_COUNT(keys); i++) {
        as_graph *graph = small_model();
        assert_true(as_graph_set_meta(graph, "lice", "head", &err));
        assert_null(as_graph_licence(graph));
        assert_true(as_graph_set_meta(graph, keys[i], "MIT", &err));
        assert_string_equal(as_graph_licence(graph), "MIT");
        assert_true(as_graph_meta_at(graph, 1, &key, &value));
        assert_string_equal(key, keys[i]);
        assert_string_equal(value, "MIT");
        assert_false(as_graph_meta_at(graph, 2, &key, &value));
        as_graph_free(graph);
    }
}

static void test_names_of_open_dimensions(void **state)
{
    (void)state;
    as_graph *graph = small_model();
    assert_string_equal(as_graph_input_symbol(graph, 0, 0), "N");
    assert_null(as_graph_input_symbol(graph, 0, 1));
    assert_string_equal(as_graph_input_symbol(graph, 0, 2), "D2");
    assert_null(as_graph_input_symbol(graph, 0, 3));
    assert_null(as_graph_input_symbol(graph, 1, 0));
    as_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_made_it),
        cmocka_unit_test(test_metadata_and_licence),
        cmocka_unit_test(test_names_of_open_dimensions),
    };
    return cmocka_run_group_tests_name("about", tests, NULL, NULL);
}
