/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/hash.h"
#include "graph/build.h"
#include "infer/choice.h"
#include "infer/infer.h"

static char home[] = "/tmp/assay-choice-XXXXXX";

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static int open_home(void **state)
{
    (void)state;
    if (!mkdtemp(home))
        return 1;
    return setenv("XDG_CACHE_HOME", home, 1);
}

static int close_home(void **state)
{
    as_err err;
    (void)state;
    return as_fs_remove_tree(home, &err) ? 0 : 1;
}

static void only_file(char *path)
{
    char   dir[AS_FS_PATH_BYTES], key[AS_CHOICE_KEY_BYTES], hex[AS_SHA256_HEX_BYTES], name[100];
    as_err err = AS_ERR_NONE;
    as_choice_key((const uint8_t *)"model", 5, 1, 1, key);
    const as_digest digest = as_sha256_of(key, strlen(key));
    snprintf(name, sizeof name, "%s.json", as_digest_hex(&digest, hex));
    must(as_choice_dir("backends", dir, &err) && as_fs_join(path, dir, name, &err), &err);
}

static void test_a_choice_is_of_all_that_it_was_measured_of(void **state)
{
    (void)state;
    char keys[5][AS_CHOICE_KEY_BYTES];
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[0]);
    as_choice_key((const uint8_t *)"other", 5, 1, 1, keys[1]);
    as_choice_key((const uint8_t *)"model", 5, 2, 1, keys[2]);
    as_choice_key((const uint8_t *)"model", 5, 1, 2, keys[3]);
    setenv("ASSAY_ORT", "/nowhere/lib.so", 1);
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[4]);
    unsetenv("ASSAY_ORT");
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(keys[i], keys[k]);
}

static void write_beside(const char *name, const char *bytes)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    must(as_fs_join(path, home, name, &err) && as_fs_write(path, bytes, strlen(bytes), &err), &err);
}

/* A provider's file that comes beside the library, or is another, and another library are measured anew. */
static void test_a_provider_that_is_added_is_seen(void **state)
{
    (void)state;
    char   keys[5][AS_CHOICE_KEY_BYTES], path[AS_FS_PATH_BYTES], cuda[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    must(as_fs_join(path, home, "libonnxruntime.so.1", &err) &&
             as_fs_join(cuda, home, "libonnxruntime_providers_cuda.so", &err),
         &err);
    setenv("ASSAY_ORT", path, 1);
    write_beside("libonnxruntime.so.1", "none");
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[0]);
    write_beside("libonnxruntime_providers_cuda.so", "1");
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[1]);
    write_beside("libonnxruntime_providers_cuda.so", "22");
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[2]);
    write_beside("libonnxruntime_providers_shared.so", "22");
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[3]);
    write_beside("libonnxruntime.so.1", "another");
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[4]);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(keys[i], keys[k]);
    as_choice_key((const uint8_t *)"model", 5, 1, 1, keys[0]);
    assert_string_equal(keys[0], keys[4]);
    unsetenv("ASSAY_ORT");
    must(as_fs_remove(cuda, &err), &err);
}

static void test_what_is_remembered_comes_back(void **state)
{
    (void)state;
    char            key[AS_CHOICE_KEY_BYTES], path[AS_FS_PATH_BYTES];
    as_err          err = AS_ERR_NONE;
    const as_choice choice = {.backend = "ort:cuda", .reason = "it is \"faster\"", .when_utc = 1234567890123456789};
    as_choice       back;
    as_choice_key((const uint8_t *)"model", 5, 1, 1, key);
    assert_false(as_choice_load(key, &back, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    must(as_choice_save(key, &choice, &err) && as_choice_load(key, &back, &err), &err);
    assert_string_equal(back.backend, choice.backend);
    assert_string_equal(back.reason, choice.reason);
    assert_true(back.when_utc == choice.when_utc);
    assert_int_equal(as_choice_count(), 1);
    only_file(path);
    must(as_fs_write(path, "{\"key\": 7", 9, &err), &err);
    assert_false(as_choice_load(key, &back, &err));
    must(as_choice_save(key, &choice, &err) && as_choice_load(key, &back, &err), &err);
    must(as_fs_remove(path, &err), &err);
}

static void test_files_of_something_else_are_none(void **state)
{
    (void)state;
    static const char *const files[] = {
        "",
        "[]",
        "{}",
        "{\"key\":\"k\",\"backend\":\"native\",\"reason\":\"r\"}",
        "{\"key\":\"other\",\"backend\":\"native\",\"reason\":\"r\",\"when_utc_ns\":1}",
        "{\"key\":\"k\",\"backend\":\"auto\",\"reason\":\"r\",\"when_utc_ns\":1}", /* would open itself */
        "{\"key\":\"k\",\"backend\":\"\",\"reason\":\"r\",\"when_utc_ns\":1}",
        "{\"key\":\"k\",\"backend\":7,\"reason\":\"r\",\"when_utc_ns\":1}",
        "{\"key\":\"k\",\"backend\":\"ort:qnn,backend_path=/tmp/x.so\",\"reason\":\"r\",\"when_utc_ns\":1}",
        "{\"key\":\"k\",\"backend\":\"ort:cuda,device_id=1\",\"reason\":\"r\",\"when_utc_ns\":1}",
        "{\"key\":\"k\",\"backend\":\"native\",\"reason\":\"a\\u001b[2J\",\"when_utc_ns\":1}",
    };
    as_choice choice;
    as_err    err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(files); i++)
        assert_false(as_choice_parse((const uint8_t *)files[i], strlen(files[i]), "k", &choice, &err));
    static const char good[] = "{\"key\":\"k\",\"backend\":\"native\",\"reason\":\"r\",\"when_utc_ns\":1}";
    must(as_choice_parse((const uint8_t *)good, strlen(good), "k", &choice, &err), &err);
    assert_string_equal(choice.backend, "native");
}

static void test_without_a_home_nothing_is_remembered(void **state)
{
    (void)state;
    char      key[AS_CHOICE_KEY_BYTES], dir[AS_FS_PATH_BYTES], *old = strdup(getenv("HOME") ? getenv("HOME") : "/");
    as_err    err = AS_ERR_NONE;
    as_choice choice = {.backend = "native"};
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    as_choice_key((const uint8_t *)"model", 5, 1, 1, key);
    assert_false(as_choice_save(key, &choice, &err));
    assert_int_equal(err.code, AS_EMISSING);
    setenv("HOME", "/home/somebody", 1);
    must(as_choice_dir("backends", dir, &err), &err);
    assert_string_equal(dir, "/home/somebody/.cache/assay/backends");
    setenv("XDG_CACHE_HOME", "relative", 1); /* ignored */
    must(as_choice_dir("backends", dir, &err), &err);
    assert_string_equal(dir, "/home/somebody/.cache/assay/backends");
    setenv("XDG_CACHE_HOME", home, 1);
    setenv("HOME", old, 1);
    free(old);
}

/* --- auto --- */

static void small_model(as_str *out, const char *op)
{
    const as_shape shape = {2, {-1, 64}};
    as_err         err = AS_ERR_NONE;
    as_graph      *graph = as_graph_new("small", &err);
    must(graph && as_graph_add_input(graph, "x", AS_DTYPE_F32, &shape, &err), &err);
    must(as_graph_add_node(graph, op, "node", (const char *const[]){"x", NULL}, (const char *const[]){"y", NULL}, NULL,
                           0, &err),
         &err);
    must(as_graph_add_output(graph, "y", AS_DTYPE_F32, &shape, &err) && as_graph_finish(graph, &err) &&
             as_graph_write(graph, out, &err),
         &err);
    as_graph_free(graph);
}

static void test_auto_measures_once_and_says_why(void **state)
{
    (void)state;
    as_str               model;
    as_err               err = AS_ERR_NONE;
    const as_session_cfg cfg = {.backend = "auto", .batch = 3};
    char                 key[AS_CHOICE_KEY_BYTES];
    const char          *why;
    as_choice            kept;
    as_str_init(&model);
    small_model(&model, "Relu");
    as_session *session = as_session_open((const uint8_t *)model.s, model.len, "small.onnx", &cfg, &err);
    must(session != NULL, &err);
    assert_string_equal(as_session_backend(session), "auto");
    assert_int_equal(as_session_input(session, 0)->shape.dims[0], 3);
    const char *on = as_session_runs_on(session, &why);
    assert_true(strcmp(on, "native") == 0 || strncmp(on, "ort", 3) == 0);
    assert_true(*why);
    as_choice_key((const uint8_t *)model.s, model.len, 3, 1, key);
    must(as_choice_load(key, &kept, &err), &err);
    assert_string_equal(kept.reason, why);
    float     x[3 * 64] = {-1, 2}, y[3 * 64];
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_session_input(session, 0)->shape, x), out = in;
    out.data = y;
    must(as_session_run(session, &in, &out, &err), &err);
    assert_true(y[0] == 0 && y[1] == 2);
    as_session_close(session);
    const size_t         n = as_choice_count();
    const as_session_cfg narrow = {.backend = "auto", .batch = 3, .precision = AS_FLOATS_BF16}; /* another race */
    session = as_session_open((const uint8_t *)model.s, model.len, "small.onnx", &narrow, &err);
    must(session != NULL, &err);
    assert_int_equal(as_choice_count(), n + 1);
    as_session_close(session);
    as_str_done(&model);
}

/* What is remembered is believed, by another process at least: this one made up a reason, and finds it again. */
static void test_auto_believes_what_is_remembered(void **state)
{
    (void)state;
    as_str          model;
    as_err          err = AS_ERR_NONE;
    char            key[AS_CHOICE_KEY_BYTES];
    const char     *why;
    const as_choice choice = {.backend = "native", .reason = "a made up one", .when_utc = 1};
    as_str_init(&model);
    small_model(&model, "Abs");
    as_choice_key((const uint8_t *)model.s, model.len, 1, 1, key);
    must(as_choice_save(key, &choice, &err), &err);
    as_session *session =
        as_session_open((const uint8_t *)model.s, model.len, "small.onnx", &(as_session_cfg){.backend = "auto"}, &err);
    must(session != NULL, &err);
    assert_string_equal(as_session_runs_on(session, &why), "native");
    assert_string_equal(why, "a made up one");
    as_session_close(session);
    const as_choice gone = {.backend = "ort:nothing", .reason = "no such provider", .when_utc = 1};
    must(as_choice_save(key, &gone, &err), &err); /* cannot be opened: measured again */
    session =
        as_session_open((const uint8_t *)model.s, model.len, "small.onnx", &(as_session_cfg){.backend = "auto"}, &err);
    must(session != NULL, &err);
    as_session_runs_on(session, &why);
    assert_string_not_equal(why, "no such provider");
    as_session_close(session);
    assert_null(as_session_open((const uint8_t *)"junk", 4, "junk.onnx", &(as_session_cfg){.backend = "auto"}, &err));
    as_str_done(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_choice_is_of_all_that_it_was_measured_of),
        cmocka_unit_test(test_a_provider_that_is_added_is_seen),
        cmocka_unit_test(test_what_is_remembered_comes_back),
        cmocka_unit_test(test_files_of_something_else_are_none),
        cmocka_unit_test(test_without_a_home_nothing_is_remembered),
        cmocka_unit_test(test_auto_measures_once_and_says_why),
        cmocka_unit_test(test_auto_believes_what_is_remembered),
    };
    return cmocka_run_group_tests_name("choice", tests, open_home, close_home);
}
