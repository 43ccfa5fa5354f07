/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "graph/build.h"
#include "graph/read_priv.h"

enum { WIDE = 128 };

/* y = relu(x w), w of WIDE x WIDE: 64 KiB, so that it is lent. */
static void make_model(as_str *out)
{
    as_err         err = AS_ERR_NONE;
    const as_shape row = {.rank = 2, .dims = {1, WIDE}}, square = {.rank = 2, .dims = {WIDE, WIDE}};
    as_tensor      w;
    as_graph      *graph = as_graph_new("net", &err);
    assert_true(as_tensor_new(&w, AS_DTYPE_F32, &square, &err));
    for (size_t i = 0; i < WIDE * WIDE; i++)
        ((float *)w.data)[i] = (float)i * 0.5f;
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &row, &err));
    assert_true(as_graph_add_constant(graph, "w", &w, &err));
    w.shape = row;
    assert_true(as_graph_add_constant(graph, "small", &w, &err));
    assert_true(as_graph_add_node(graph, "MatMul", "product", (const char *const[]){"x", "w", NULL},
                                  (const char *const[]){"p", NULL}, NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "Add", "sum", (const char *const[]){"p", "small", NULL},
                                  (const char *const[]){"s", NULL}, NULL, 0, &err));
    assert_true(as_graph_add_output(graph, "s", AS_DTYPE_F32, &row, &err));
    assert_true(as_graph_finish(graph, &err));
    assert_true(as_graph_write(graph, out, &err));
    as_graph_free(graph);
    as_tensor_done(&w);
}

static bool lies_in(const void *p, const as_str *bytes)
{
    return (const char *)p >= bytes->s && (const char *)p < bytes->s + bytes->len;
}

static const as_tensor *constant_of(const as_graph *graph, const char *name)
{
    return as_graph_value(graph, as_graph_find(graph, name))->constant;
}

static void test_weights_are_not_copied(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_str bytes, again;
    as_str_init(&bytes);
    as_str_init(&again);
    make_model(&bytes);
    as_graph *graph = as_graph_borrow((const uint8_t *)bytes.s, bytes.len, AS_LENT_KEPT, "net", &err);
    assert_non_null(graph);
    assert_true(lies_in(constant_of(graph, "w")->data, &bytes));
    assert_false(lies_in(constant_of(graph, "small")->data, &bytes));
    float last;
    memcpy(&last, (const char *)constant_of(graph, "w")->data + (WIDE * WIDE - 1) * sizeof last, sizeof last);
    assert_true(last == (WIDE * WIDE - 1) * 0.5f);
    assert_true(as_graph_write(graph, &again, &err));
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.s, bytes.s, bytes.len);
    as_graph_free(graph);
    as_str_done(&bytes);
    as_str_done(&again);
}

static void test_a_graph_that_is_cut_owns_its_weights(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_str bytes;
    as_str_init(&bytes);
    make_model(&bytes);
    as_graph *graph = as_graph_borrow((const uint8_t *)bytes.s, bytes.len, AS_LENT_KEPT, "net", &err);
    assert_true(as_graph_cut(graph, "p", &err));
    memset(bytes.s, 0, bytes.len);
    assert_int_equal(as_graph_n_nodes(graph), 1);
    assert_true(((const float *)constant_of(graph, "w")->data)[2] == 1.0f);
    as_graph_free(graph);
    as_str_done(&bytes);
}

/* Pages that were given up come back as they were. */
static void test_a_mapped_file_gives_its_pages_back(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_str         bytes;
    char           path[64];
    const uint8_t *map;
    size_t         n;
    as_str_init(&bytes);
    make_model(&bytes);
    snprintf(path, sizeof path, "/tmp/assay-borrow-%d.onnx", (int)getpid());
    assert_true(as_fs_write_fast(path, bytes.s, bytes.len, &err));
    assert_true(as_fs_map(path, 1 << 20, &map, &n, &err));
    as_graph *graph = as_graph_borrow(map, n, AS_LENT_MAPPED, "net", &err);
    assert_non_null(graph);
    const as_tensor *w = constant_of(graph, "w");
    as_graph_pass(graph, w, false);
    as_graph_pass(graph, constant_of(graph, "small"), false); /* not of the file: nothing happens */
    assert_true(((const float *)constant_of(graph, "small")->data)[2] == 1.0f);
    float third;
    memcpy(&third, (const char *)w->data + 10002 * sizeof third, sizeof third);
    assert_true(third == 10002 * 0.5f);
    as_graph_free(graph);
    as_fs_unmap(map, n);
    assert_true(as_fs_remove(path, &err));
    as_str_done(&bytes);
}

/* Pages that were read go when they are needed never again, and only then. */
static void test_pages_that_were_read_go_for_good(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_str         bytes;
    char           path[64];
    const uint8_t *pages;
    size_t         n;
    float          third;
    as_str_init(&bytes);
    make_model(&bytes);
    snprintf(path, sizeof path, "/tmp/assay-borrow-%d.onnx", (int)getpid());
    assert_true(as_fs_write_fast(path, bytes.s, bytes.len, &err));
    assert_true(as_fs_read_pages(path, 1 << 20, &pages, &n, &err));
    assert_int_equal(truncate(path, 0), 0); /* whatever becomes of the file */
    as_graph *graph = as_graph_borrow(pages, n, AS_LENT_SPENT, "net", &err);
    assert_non_null(graph);
    const as_tensor *w = constant_of(graph, "w");
    as_graph_pass(graph, w, false);
    memcpy(&third, (const char *)w->data + 10002 * sizeof third, sizeof third);
    assert_true(third == 10002 * 0.5f);
    as_graph_pass(graph, w, true);
    memcpy(&third, (const char *)w->data + 10002 * sizeof third, sizeof third);
    assert_true(third == 0);
    as_graph_free(graph);
    as_fs_unmap(pages, n);
    assert_false(as_fs_read_pages(path, 1 << 20, &pages, &n, &err));
    assert_non_null(strstr(err.text, "it is empty"));
    assert_true(as_fs_remove(path, &err));
    as_str_done(&bytes);
}

/* What is refused is refused with the same words, wherever the bytes end. */
static void test_what_is_cut_short_is_refused_as_when_it_is_parsed(void **state)
{
    (void)state;
    as_str bytes;
    as_str_init(&bytes);
    make_model(&bytes);
    for (size_t n = 0; n < bytes.len; n += n < 400 ? 1 : 977) {
        as_err   a = AS_ERR_NONE, b = AS_ERR_NONE;
        uint8_t *part = malloc(n + 1); /* of its own, so that reading past its end is seen */
        memcpy(part, bytes.s, n);
        as_graph *parsed = as_graph_parse(part, n, "net", &a);
        as_graph *lent = as_graph_borrow_from(part, n, 1, "net", &b);
        assert_true((parsed == NULL) == (lent == NULL));
        assert_string_equal(a.text, b.text);
        as_graph_free(parsed);
        as_graph_free(lent);
        free(part);
    }
    as_str_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_are_not_copied),
        cmocka_unit_test(test_a_graph_that_is_cut_owns_its_weights),
        cmocka_unit_test(test_a_mapped_file_gives_its_pages_back),
        cmocka_unit_test(test_pages_that_were_read_go_for_good),
        cmocka_unit_test(test_what_is_cut_short_is_refused_as_when_it_is_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
