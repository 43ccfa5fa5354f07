/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "graph/build.h"
#include "infer/infer.h"
#include "infer/ort_api.h"

static as_err refusal(const char *backend)
{
    const as_shape shape = {2, {1, 8}};
    as_err         err = AS_ERR_NONE;
    as_str         model;
    as_graph      *graph = as_graph_new("small", &err);
    as_str_init(&model);
    assert_true(graph && as_graph_add_input(graph, "x", AS_DTYPE_F32, &shape, &err) &&
                as_graph_add_node(graph, "Relu", "node", (const char *const[]){"x", NULL},
                                  (const char *const[]){"y", NULL}, NULL, 0, &err) &&
                as_graph_add_output(graph, "y", AS_DTYPE_F32, &shape, &err) && as_graph_finish(graph, &err) &&
                as_graph_write(graph, &model, &err));
    as_graph_free(graph);
    as_session *session =
        as_session_open((const uint8_t *)model.s, model.len, "small.onnx", &(as_session_cfg){.backend = backend}, &err);
    if (session) {
        float     x[8] = {-1, 1};
        as_tensor in = as_tensor_view(AS_DTYPE_F32, &shape, x), out = {0};
        assert_true(as_session_run(session, &in, &out, &err));
        assert_true(((float *)out.data)[0] == 0 && ((float *)out.data)[1] == 1);
        assert_string_equal(as_session_runs_on(session, NULL), backend);
    }
    as_session_close(session);
    as_str_done(&model);
    return err;
}

static const ort_api *library(void)
{
    const ort_api *api = NULL;
    as_err         err = AS_ERR_NONE;
    if (!as_ort_api_get(&api, &err)) {
        print_message("skipped: %s\n", err.text);
        skip();
    }
    return api;
}

static void test_every_row_is_whole(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    for (size_t i = 0; as_provider_at(i); i++) {
        const as_provider *row = as_provider_at(i);
        assert_true(*row->name && *row->library && *row->get);
        assert_ptr_equal(as_provider_find(row->name, &err), row);
        assert_non_null(strstr(row->library, "ExecutionProvider"));
    }
    assert_string_equal(as_provider_at(0)->name, "cpu");
    assert_null(as_provider_find("cud", &err));
    assert_non_null(strstr(err.text, "did you mean 'cuda'"));
    assert_null(as_provider_find("processor", &err));
    assert_non_null(strstr(err.text, "known are cpu, cuda, tensorrt, openvino"));
}

static void test_the_library_says_what_it_holds(void **state)
{
    (void)state;
    const ort_api *api = library();
    as_err         err = AS_ERR_NONE;
    as_str         list;
    bool           is_here = false;
    as_str_init(&list);
    assert_true(as_provider_list(api, &list, &err));
    assert_true(strncmp(list.s, "cpu", 3) == 0);
    assert_true(as_provider_is_here(api, as_provider_at(0), &is_here, &err));
    assert_true(is_here);
    for (size_t i = 0; as_provider_at(i); i++) {
        assert_true(as_provider_is_here(api, as_provider_at(i), &is_here, &err));
        assert_int_equal(is_here, strstr(list.s, as_provider_at(i)->name) != NULL);
    }
    as_str_done(&list);
}

/* Of those that are not here the message says what is, and how to come by one. Those that are here may still fail: no
 * device. */
static void test_a_provider_that_is_missing_is_told(void **state)
{
    (void)state;
    const ort_api *api = library();
    assert_int_equal(refusal("ort").code, AS_OK);
    assert_int_equal(refusal("ort:cpu").code, AS_OK);
    for (size_t i = 1; as_provider_at(i); i++) {
        char   name[64];
        bool   is_here = false;
        as_err err = AS_ERR_NONE;
        snprintf(name, sizeof name, "ort:%s", as_provider_at(i)->name);
        assert_true(as_provider_is_here(api, as_provider_at(i), &is_here, &err));
        if (is_here)
            continue;
        err = refusal(name);
        assert_int_equal(err.code, AS_EMISSING);
        assert_true(strstr(err.text, "was built without") || strstr(err.text, "is missing"));
        assert_non_null(strstr(err.text, "it holds cpu"));
        assert_non_null(strstr(err.text, as_provider_at(i)->get));
    }
    char path[AS_FS_PATH_BYTES]; /* built in is not enough: what it is loaded from must be there */
    snprintf(path, sizeof path, "%.*s/libonnxruntime_providers_shared.so",
             (int)(strrchr(api->path, '/') ? strrchr(api->path, '/') - api->path : 0), api->path);
    if (!as_fs_is_file(path))
        assert_int_equal(refusal("ort:cuda").code, AS_EMISSING);
    as_err err = refusal("ort:gpu");
    assert_int_equal(err.code, AS_ENOTFOUND);
    err = refusal("ort:cpu,device_id=1");
    assert_int_equal(err.code, AS_EINVAL);
    err = refusal("ort:cuda,device");
    assert_non_null(strstr(err.text, "'device' is no option of a provider"));
    err = refusal("native:cpu");
    assert_non_null(strstr(err.text, "has neither providers nor options"));
}

/* The calls for providers that this library does not hold answer with a status, and nothing is lost. */
static void test_the_calls_are_where_they_are_thought_to_be(void **state)
{
    (void)state;
    const ort_api *api = library();
    ort_options   *options = NULL;
    as_err         err = AS_ERR_NONE;
    void          *object = NULL;
    bool           is_here = false;
    assert_true(as_ort_api_ok(api, api->create_options(&options), &err));
    const char *key = "device_type", *value = "CPU";
    assert_true(as_provider_is_here(api, as_provider_find("openvino", &err), &is_here, &err));
    if (!is_here)
        assert_false(as_ort_api_ok(api, api->append_openvino(options, &key, &value, 1), &err));
    assert_true(as_provider_is_here(api, as_provider_find("dnnl", &err), &is_here, &err));
    if (!is_here && !as_ort_api_ok(api, api->create_dnnl(&object), &err))
        assert_non_null(strstr(err.text, "ONNX Runtime says"));
    assert_true(as_provider_is_here(api, as_provider_find("qnn", &err), &is_here, &err));
    if (!is_here)
        assert_false(as_ort_api_ok(api, api->append_provider(options, "QNN", NULL, NULL, 0), &err));
    if (object)
        api->release_dnnl(object);
    api->release_options(options);
}

static void test_options_are_parted(void **state)
{
    (void)state;
    char        copy[64];
    const char *keys[AS_PROVIDER_MOST_OPTIONS], *values[AS_PROVIDER_MOST_OPTIONS];
    size_t      n = 9;
    as_err      err = AS_ERR_NONE;
    assert_true(as_provider_options(NULL, copy, sizeof copy, keys, values, &n, &err));
    assert_int_equal(n, 0);
    assert_true(as_provider_options("device_id=1,path=a=b,empty=", copy, sizeof copy, keys, values, &n, &err));
    assert_int_equal(n, 3);
    assert_string_equal(keys[1], "path");
    assert_string_equal(values[1], "a=b");
    assert_string_equal(values[2], "");
    assert_false(as_provider_options("=1", copy, sizeof copy, keys, values, &n, &err));
    assert_false(as_provider_options("a=1,b", copy, sizeof copy, keys, values, &n, &err));
    char many[400] = "";
    for (int i = 0; i <= AS_PROVIDER_MOST_OPTIONS; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "k%d=1,", i);
    char room[400];
    assert_false(as_provider_options(many, room, sizeof room, keys, values, &n, &err));
    assert_false(as_provider_options(many, copy, sizeof copy, keys, values, &n, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_whole),
        cmocka_unit_test(test_the_library_says_what_it_holds),
        cmocka_unit_test(test_a_provider_that_is_missing_is_told),
        cmocka_unit_test(test_the_calls_are_where_they_are_thought_to_be),
        cmocka_unit_test(test_options_are_parted),
    };
    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
