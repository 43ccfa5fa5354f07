/* SPDX-License-Identifier: Apache-2.0 */
/* Lines as ONNX Runtime 1.24 and 1.30 write them. */
#include "infer/ort_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void line(int level, const char *text)
{
    as_ort_log_line(NULL, level, "onnxruntime", "assay", "file.cc:1 f", text);
}

static void test_the_last_error_is_kept_without_its_place(void **state)
{
    (void)state;
    char wide[2000];
    as_ort_log_clear();
    assert_string_equal(as_ort_log_error(), "");
    line(1, "/core/file.cc:3 int f() no error");
    assert_string_equal(as_ort_log_error(), "");
    line(ORT_LOG_ERROR,
         "/core/a.cc:141 std::string ep::Parse(std::shared_ptr<Core>, const Options&) Device GPU is away\n\n");
    assert_string_equal(as_ort_log_error(), "Device GPU is away");
    line(ORT_LOG_ERROR, "/core/a.cc:232 ep::Parse(const Options&, Info&)::<lambda()> Invalid key: nosuch (of 9) \n");
    assert_string_equal(as_ort_log_error(), "Invalid key: nosuch (of 9) ");
    line(ORT_LOG_ERROR, "plain (and no) place");
    assert_string_equal(as_ort_log_error(), "plain (and no) place");
    line(ORT_LOG_ERROR, "/only/a/path");
    assert_string_equal(as_ort_log_error(), "/only/a/path");
    line(ORT_LOG_ERROR, NULL);
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    line(ORT_LOG_ERROR, wide);
    assert_int_equal(strlen(as_ort_log_error()), 299);
    as_ort_log_clear();
    assert_string_equal(as_ort_log_error(), "");
}

static void test_placed_nodes_are_counted(void **state)
{
    (void)state;
    size_t on = 9, all = 9;
    as_ort_log_watch("OpenVINOExecutionProvider");
    line(0, "Node placements");
    line(0, " Node(s) placed on [OpenVINOExecutionProvider]. Number of nodes: 3");
    line(0, "  Relu (placed on [a shelf])");
    line(0, " Node(s) placed on [CPUExecutionProvider]. Number of nodes: 12");
    as_ort_log_placed(&on, &all);
    assert_int_equal(on, 3);
    assert_int_equal(all, 15);
    line(0, " All nodes placed on [CPUExecutionProvider]. Number of nodes: 12"); /* nobody listens */
    as_ort_log_watch("CUDAExecutionProvider");
    line(0, " All nodes placed on [CUDAExecutionProviderNext]. Number of nodes: 12");
    as_ort_log_placed(&on, &all);
    assert_int_equal(on, 0);
    assert_int_equal(all, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_error_is_kept_without_its_place),
        cmocka_unit_test(test_placed_nodes_are_counted),
    };
    return cmocka_run_group_tests_name("infer/ort_log", tests, NULL, NULL);
}
