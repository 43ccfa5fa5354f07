/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of one model hold its weights once, whoever opens and closes them when. */
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/thread.h"
#include "infer/infer.h"
#include "infer/test_net.h"

enum { N_THREADS = 4, N_ROUNDS = 6 };

static as_session *open_net(const as_str *model)
{
    as_err      e = AS_ERR_NONE;
    as_session *session = as_session_open((const uint8_t *)model->s, model->len, "net", NULL, &e);
    NET_MUST(session != NULL);
    return session;
}

static void run_net(as_session *session, uint64_t seed, float *out)
{
    float    picture[NET_VALUES];
    as_err   e = AS_ERR_NONE;
    as_shape shape = {.rank = 4, .dims = {1, 3, NET_SIDE, NET_SIDE}}, row = {.rank = 2, .dims = {1, NET_CLASSES}};
    net_draw(seed, picture);
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &shape, picture);
    as_tensor       to = as_tensor_view(AS_DTYPE_F32, &row, out);
    NET_MUST(as_session_run(session, &in, &to, &e));
}

static as_session_memory memory_of(const as_session *session)
{
    as_session_memory m;
    assert_true(as_session_memory_of(session, &m));
    assert_true(m.shared <= m.weights && m.arena > 0);
    return m;
}

static void check_sharing(bool whole)
{
    const as_str model = net_model(1, whole), other_model = net_model(2, whole);
    const size_t large = (size_t)NET_WIDE * NET_WIDE * 9 * (whole ? 1 : sizeof(float));
    float        want[NET_CLASSES], have[NET_CLASSES];
    as_session  *a = open_net(&model), *other = open_net(&other_model);
    run_net(a, 5, want);
    assert_true(memory_of(a).weights >= large);
    assert_int_equal(memory_of(a).shared, 0);
    as_session *b = open_net(&model);
    assert_true(memory_of(a).shared >= large);
    assert_int_equal(memory_of(b).shared, memory_of(a).shared);
    assert_int_equal(memory_of(other).shared, 0);
    a = as_session_close(a);
    assert_int_equal(memory_of(b).shared, 0);
    run_net(b, 5, have);
    assert_memory_equal(want, have, sizeof want);
    run_net(other, 5, have);
    assert_memory_not_equal(want, have, sizeof want);
    as_session_close(b);
    as_session_close(other);
    as_str_done(&(as_str){.s = model.s, .len = model.len, .cap = model.cap});
    as_str_done(&(as_str){.s = other_model.s, .len = other_model.len, .cap = other_model.cap});
}

static void test_weights_of_floats_are_held_once(void **state)
{
    (void)state;
    check_sharing(false);
}

static void test_weights_of_whole_numbers_are_held_once(void **state)
{
    (void)state;
    check_sharing(true);
}

/* A file gives the same session as its bytes, though its pages go while it is opened. */
static void test_a_file_is_opened_as_its_bytes_are(void **state)
{
    (void)state;
    as_err e = AS_ERR_NONE;
    as_str model = net_model(3, false);
    char   path[64];
    float  want[NET_CLASSES], have[NET_CLASSES];
    snprintf(path, sizeof path, "/tmp/assay-share-%d.onnx", (int)getpid());
    NET_MUST(as_fs_write_fast(path, model.s, model.len, &e));
    as_session *a = open_net(&model), *b = as_session_open_file(path, NULL, &e);
    NET_MUST(b != NULL);
    NET_MUST(as_fs_write_fast(path, "", 0, &e)); /* another file in its place */
    assert_true(memory_of(b).shared > 0);
    run_net(a, 5, want);
    run_net(b, 5, have);
    assert_memory_equal(want, have, sizeof want);
    assert_null(as_session_open_file(path, NULL, &e));
    assert_non_null(strstr(e.text, "it is empty"));
    NET_MUST(as_fs_remove(path, &e));
    e = (as_err)AS_ERR_NONE;
    assert_null(as_session_open_file(path, NULL, &e));
    assert_int_equal(e.code, AS_ENOTFOUND);
    as_session_close(a);
    as_session_close(b);
    as_str_done(&model);
}

typedef struct opener {
    const as_str *model;
    float         out[NET_CLASSES];
    bool          same;
} opener;

static void open_run_close(void *ctx)
{
    opener *o = ctx;
    o->same = true;
    for (int i = 0; i < N_ROUNDS; i++) {
        float       out[NET_CLASSES];
        as_session *session = open_net(o->model);
        run_net(session, 5, out);
        if (i == 0)
            memcpy(o->out, out, sizeof out);
        o->same = o->same && memcmp(o->out, out, sizeof out) == 0;
        as_session_close(session);
    }
}

static void test_threads_open_run_and_close_at_once(void **state)
{
    (void)state;
    as_err     e = AS_ERR_NONE;
    as_str     models[] = {net_model(1, false), net_model(1, true)};
    opener     openers[N_THREADS] = {0};
    as_thread *threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++) {
        openers[i].model = &models[i % 2];
        threads[i] = as_thread_start("share", open_run_close, &openers[i], &e);
        NET_MUST(threads[i] != NULL);
    }
    for (int i = 0; i < N_THREADS; i++)
        as_thread_join(threads[i]);
    for (int i = 0; i < N_THREADS; i++) {
        assert_true(openers[i].same);
        assert_memory_equal(openers[i].out, openers[i % 2].out, sizeof openers[i].out);
    }
    as_str_done(&models[0]);
    as_str_done(&models[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_of_floats_are_held_once),
        cmocka_unit_test(test_weights_of_whole_numbers_are_held_once),
        cmocka_unit_test(test_a_file_is_opened_as_its_bytes_are),
        cmocka_unit_test(test_threads_open_run_and_close_at_once),
    };
    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
