/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "bench/harness.h"

enum { N_INPUTS = 3, MAX_LOG = 100000 };

/* Time that only the fake workload moves. */
static as_ns fake_ns, cost_ns[BENCH_SIDES];
static int   slow_every; /* each so many-th call takes a hundred times as long */
static int   drift_ns;   /* by which every call is slower than the one before, whoever runs */
static char  order[MAX_LOG];
static struct {
    size_t n, inputs[BENCH_SIDES][MAX_LOG], calls[BENCH_SIDES], compared;
    double difference;
    bool   missing, closed;
    int    fails_at;
} fake;

static as_ns fake_now(void)
{
    return fake_ns;
}

static bool fake_open(void *priv, bench_about *about, as_err *err)
{
    *(int *)priv = 7;
    if (fake.missing)
        return AS_FAIL(err, AS_EMISSING, "no peer");
    *about = (bench_about){.peer = "Peer 1.0", .n_inputs = N_INPUTS, .tolerance = 0.5};
    return true;
}

static bool fake_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    (void)err;
    assert_int_equal(*(int *)priv, 7);
    assert_int_equal(input, fake.compared);
    assert_int_equal(fake.n, 0); /* before anything runs */
    fake.compared++;
    *ret_difference = input == N_INPUTS - 1 ? fake.difference : 0.0;
    return true;
}

static bool fake_run(int side, size_t input, as_err *err)
{
    assert_true(input < N_INPUTS);
    assert_true(fake.n < MAX_LOG);
    fake.inputs[side][fake.calls[side]++] = input;
    order[fake.n++] = side == BENCH_OURS ? 'A' : 'B';
    fake_ns += cost_ns[side] + drift_ns * (as_ns)fake.n;
    if (slow_every && fake.n % (size_t)slow_every == 0)
        fake_ns += 99 * cost_ns[side];
    return fake.fails_at != (int)fake.n || AS_FAIL(err, AS_EIO, "broken");
}

static bool fake_ours(void *priv, size_t input, as_err *err)
{
    (void)priv;
    return fake_run(BENCH_OURS, input, err);
}

static bool fake_peer(void *priv, size_t input, as_err *err)
{
    (void)priv;
    return fake_run(BENCH_PEER, input, err);
}

static void fake_close(void *priv)
{
    (void)priv;
    fake.closed = true;
}

static const bench_workload fake_workload = {.id = "fake",
                                             .summary = "a fake",
                                             .priv_size = sizeof(int),
                                             .open = fake_open,
                                             .compare = fake_compare,
                                             .run = {fake_ours, fake_peer},
                                             .close = fake_close};

static const bench_cfg fake_cfg = {.pairs = 20, .block_ns = 10000, .warm_ns = 1000, .now = fake_now};

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake_ns = 0;
    cost_ns[BENCH_OURS] = 100;
    cost_ns[BENCH_PEER] = 250;
    slow_every = drift_ns = 0;
    return 0;
}

static void test_ratio_is_peer_over_ours(void **state)
{
    (void)state;
    bench_result r;
    as_err       err = AS_ERR_NONE;
    assert_true(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    assert_int_equal(r.n_pairs, 20);
    assert_int_equal(r.calls, 40); /* 10,000 ns of the slower side's 250 */
    assert_float_equal(r.ratio.median, 2.5, 1e-12);
    assert_float_equal(r.ratio.low, 2.5, 1e-12);
    assert_float_equal(r.ratio.high, 2.5, 1e-12);
    assert_float_equal(r.ns[BENCH_OURS].median, 100.0, 1e-12);
    assert_float_equal(r.ns[BENCH_PEER].median, 250.0, 1e-12);
    assert_int_equal(fake.compared, N_INPUTS);
    assert_true(fake.closed);
    assert_string_equal(r.about.peer, "Peer 1.0");
    bench_result_done(&r);
}

static void test_order_is_ours_peer_peer_ours(void **state)
{
    (void)state;
    bench_result r;
    as_err       err = AS_ERR_NONE;
    assert_true(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    const size_t warm = fake.n - 2 * r.n_pairs * r.calls;
    for (size_t block = 0; block < 2 * r.n_pairs; block++)
        for (size_t i = 0; i < r.calls; i++)
            assert_int_equal(order[warm + block * r.calls + i], "ABBA"[block % 4]);
    assert_false(r.pairs[0].swapped);
    assert_true(r.pairs[1].swapped);
    bench_result_done(&r);
}

static void test_both_sides_see_the_same_inputs(void **state)
{
    (void)state;
    bench_result r;
    as_err       err = AS_ERR_NONE;
    assert_true(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    const size_t n = r.n_pairs * r.calls;
    bool         seen[N_INPUTS] = {false};
    for (size_t i = 0; i < n; i++) {
        const size_t ours = fake.inputs[BENCH_OURS][fake.calls[BENCH_OURS] - n + i];
        assert_int_equal(ours, fake.inputs[BENCH_PEER][fake.calls[BENCH_PEER] - n + i]);
        seen[ours] = true;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    bench_result_done(&r);
}

static void test_interrupted_calls_do_not_count(void **state)
{
    (void)state;
    bench_result r;
    as_err       err = AS_ERR_NONE;
    slow_every = 7;
    assert_true(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    assert_float_equal(r.ratio.median, 2.5, 1e-12);
    assert_true(r.pairs[0].mean_ns[BENCH_OURS] > 1000.0); /* and are not hidden */
    assert_float_equal(r.pairs[0].worst_ns[BENCH_OURS], 10000.0, 1e-12);
    bench_result_done(&r);
}

/* A machine that slows down all the time: one order alone would see a difference where there is none. */
static void test_drift_favours_neither(void **state)
{
    (void)state;
    bench_result r;
    as_err       err = AS_ERR_NONE;
    cost_ns[BENCH_PEER] = cost_ns[BENCH_OURS];
    drift_ns = 1;
    assert_true(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    for (size_t i = 0; i < r.n_pairs; i++)
        assert_true(r.pairs[i].swapped ? r.pairs[i].ratio < 1.0 : r.pairs[i].ratio > 1.0);
    assert_float_equal(r.ratio.median, 1.0, 0.01);
    bench_result_done(&r);
}

static bool fake_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!fake_peer(priv, (first + i) % N_INPUTS, err))
            return false;
        ret_ns[i] = 310.0;
        fake_ns += 1000000; /* the way there and back, which does not count */
    }
    return true;
}

static void test_peers_in_another_process_time_themselves(void **state)
{
    (void)state;
    bench_workload workload = fake_workload;
    bench_result   r;
    as_err         err = AS_ERR_NONE;
    workload.run[BENCH_PEER] = NULL;
    workload.block[BENCH_PEER] = fake_peer_block;
    assert_true(bench_measure(&workload, &fake_cfg, &r, &err));
    assert_float_equal(r.ratio.median, 3.1, 1e-12);
    assert_int_equal(r.calls, 32); /* 10,000 ns of 310: no multiple of the inputs */
    const size_t n = r.n_pairs * r.calls;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fake.inputs[BENCH_OURS][fake.calls[BENCH_OURS] - n + i],
                         fake.inputs[BENCH_PEER][fake.calls[BENCH_PEER] - n + i]);
    bench_result_done(&r);
    reset(NULL);
    fake.fails_at = 60; /* 10 + 2 warm calls, then 32 of ours, then 32 of the peer */
    assert_false(bench_measure(&workload, &fake_cfg, &r, &err));
    assert_string_equal(err.text, "workload 'fake', peer: broken");
}

static void refused(double difference)
{
    reset(NULL);
    bench_result r = {.n_pairs = 99};
    as_err       err = AS_ERR_NONE;
    fake.difference = difference;
    assert_false(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    assert_non_null(strstr(err.text, "workload 'fake': outputs of input 2 differ"));
    assert_int_equal(fake.n, 0);
    assert_int_equal(r.n_pairs, 99);
    assert_true(fake.closed);
}

static void test_nothing_is_timed_when_outputs_differ(void **state)
{
    (void)state;
    refused(0.51);
    refused((double)NAN);
    refused((double)INFINITY);
    reset(NULL);
    bench_result r;
    as_err       err = AS_ERR_NONE;
    fake.difference = 0.5;
    assert_true(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    assert_float_equal(r.difference, 0.5, 0.0);
    bench_result_done(&r);
}

static void test_failures_are_named_and_closed(void **state)
{
    (void)state;
    bench_result r;
    as_err       err = AS_ERR_NONE;
    fake.missing = true;
    assert_false(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    assert_int_equal(err.code, AS_EMISSING);
    assert_string_equal(err.text, "workload 'fake': no peer");
    assert_true(fake.closed);
    reset(NULL);
    err = (as_err)AS_ERR_NONE;
    fake.fails_at = 200;
    assert_false(bench_measure(&fake_workload, &fake_cfg, &r, &err));
    assert_int_equal(err.code, AS_EIO);
    assert_int_equal(fake.n, 200);
    assert_true(fake.closed);
    bench_cfg none = fake_cfg;
    none.pairs = 0;
    assert_false(bench_measure(&fake_workload, &none, &r, &err));
    none.pairs = BENCH_MAX_PAIRS + 1;
    assert_false(bench_measure(&fake_workload, &none, &r, &err));
    reset(NULL);
    cost_ns[BENCH_OURS] = 0; /* a clock that stands still gives no ratio */
    none = fake_cfg;
    none.warm_ns = 0;
    assert_false(bench_measure(&fake_workload, &none, &r, &err));
}

static bool beside_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    (void)priv, (void)input, (void)err;
    *ret_difference = fake.difference;
    return true;
}

/* The first other setting makes our side four times as fast, the second makes the outputs differ. */
static bool fake_beside(void *priv, size_t i, bench_about *about, const char **ret_name, as_err *err)
{
    static const char *const names[] = {"faster", "wrong"};
    (void)err;
    assert_int_equal(*(int *)priv, 7);
    if (i >= (fake.fails_at ? 2u : 1u))
        return true;
    cost_ns[BENCH_OURS] = 25;
    fake.difference = i == 1 ? 1.0 : 0.0;
    about->calls = 3;
    *ret_name = names[i];
    return true;
}

static void test_other_settings_stand_beside(void **state)
{
    (void)state;
    bench_workload workload = fake_workload;
    bench_result   r;
    as_err         err = AS_ERR_NONE;
    workload.compare = beside_compare;
    workload.beside = fake_beside;
    assert_true(bench_measure(&workload, &fake_cfg, &r, &err));
    assert_float_equal(r.ratio.median, 2.5, 1e-12);
    assert_int_equal(r.about.calls, 0);
    assert_int_equal(r.n_beside, 1);
    assert_string_equal(r.beside[0].name, "faster");
    assert_int_equal(r.beside[0].n_pairs, 5);
    assert_float_equal(r.beside[0].ratio.median, 10.0, 1e-12);
    assert_float_equal(r.beside[0].ns[BENCH_OURS].median, 25.0, 1e-12);
    bench_result_done(&r);
    reset(NULL);
    fake.fails_at = -1; /* never, and it has a second one */
    assert_false(bench_measure(&workload, &fake_cfg, &r, &err));
    assert_non_null(strstr(err.text, "wrong: workload 'fake': outputs of input 0 differ by 1"));
    assert_true(fake.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ratio_is_peer_over_ours, reset),
        cmocka_unit_test_setup(test_order_is_ours_peer_peer_ours, reset),
        cmocka_unit_test_setup(test_both_sides_see_the_same_inputs, reset),
        cmocka_unit_test_setup(test_interrupted_calls_do_not_count, reset),
        cmocka_unit_test_setup(test_drift_favours_neither, reset),
        cmocka_unit_test_setup(test_peers_in_another_process_time_themselves, reset),
        cmocka_unit_test_setup(test_other_settings_stand_beside, reset),
        cmocka_unit_test_setup(test_nothing_is_timed_when_outputs_differ, reset),
        cmocka_unit_test_setup(test_failures_are_named_and_closed, reset),
    };
    return cmocka_run_group_tests_name("bench_harness", tests, NULL, NULL);
}
