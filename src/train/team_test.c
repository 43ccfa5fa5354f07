/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/optimiser.h"
#include "train/team.h"

enum { BATCH = 32, SIDE = 32, CLASSES = 3, PIXELS = SIDE * SIDE, STEPS = 3 };

static float       pictures[BATCH * PIXELS];
static uint32_t    labels[BATCH];
static const float weights[CLASSES] = {0.7f, 1.1f, 1.4f};

static void fill(void *ctx, size_t i, float *out)
{
    (void)ctx;
    memcpy(out, pictures + i * PIXELS, PIXELS * sizeof *out);
}

static const as_batch   batch = {.labels = labels, .weights = weights, .smoothing = 0.1, .fill = fill};
static const as_net_cfg net_cfg = {
    .seed = 5, .width = SIDE, .height = SIDE, .channels = 1, .n_classes = CLASSES, .batch = BATCH, .width_factor = 0.5};

static int draw(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(9);
    for (size_t i = 0; i < BATCH * PIXELS; i++)
        pictures[i] = (float)as_rng_normal(&rng);
    for (uint32_t i = 0; i < BATCH; i++)
        labels[i] = i % 5 % CLASSES;
    return 0;
}

static as_team *make_team(const as_net_cfg *cfg, uint32_t threads)
{
    as_err   err = AS_ERR_NONE;
    as_team *team = as_team_new(cfg, threads, &err);
    if (!team)
        fail_msg("%s", err.text);
    return team;
}

static double step(as_team *team)
{
    as_err err = AS_ERR_NONE;
    double loss;
    size_t right;
    if (!as_team_step(team, &batch, &loss, &right, &err))
        fail_msg("%s", err.text);
    assert_true(right <= BATCH);
    return loss;
}

static double learn(as_team *team)
{
    as_net      *net = as_team_net(team);
    as_optimiser optimiser;
    as_err       err = AS_ERR_NONE;
    double       loss = 0.0;
    assert_true(as_optimiser_init(&optimiser, as_net_n_params(net), 0.01, &err));
    for (int i = 0; i < STEPS; i++) {
        loss = step(team);
        as_optimiser_step(&optimiser, as_net_params(net), as_team_grads(team), as_net_decays(net), 1e-2);
    }
    as_optimiser_done(&optimiser);
    return loss;
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    as_team     *one = make_team(&net_cfg, 1);
    const double loss = learn(one);
    const size_t n = as_net_n_params(as_team_net(one)), n_stats = as_net_n_stats(as_team_net(one));
    for (uint32_t threads = 2; threads <= 9; threads = 2 * threads - 1) {
        as_team     *many = make_team(&net_cfg, threads);
        const double other = learn(many);
        assert_memory_equal(&loss, &other, sizeof loss);
        assert_memory_equal(as_net_params(as_team_net(one)), as_net_params(as_team_net(many)), n * sizeof(float));
        assert_memory_equal(as_team_stats(one), as_team_stats(many), n_stats * sizeof(float));
        as_team_free(many);
    }
    as_team_free(one);
}

/* Slices that hold the same pictures: the mean over them is that of one, and so is everything else. */
static void test_equal_slices_are_one_slice(void **state)
{
    (void)state;
    as_net_cfg small = net_cfg;
    small.batch = AS_TEAM_SLICE;
    for (size_t i = AS_TEAM_SLICE; i < BATCH; i++) {
        memcpy(pictures + i * PIXELS, pictures + i % AS_TEAM_SLICE * PIXELS, PIXELS * sizeof *pictures);
        labels[i] = labels[i % AS_TEAM_SLICE];
    }
    as_team     *four = make_team(&net_cfg, 2), *one = make_team(&small, 2);
    const double a = step(four), b = step(one);
    const size_t n = as_net_n_params(as_team_net(one));
    assert_true(fabs(a - b) < 1e-5);
    double difference = 0.0, length = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)as_team_grads(four)[i] - (double)as_team_grads(one)[i];
        difference += d * d;
        length += (double)as_team_grads(one)[i] * (double)as_team_grads(one)[i];
    }
    assert_true(length > 0.0 && sqrt(difference / length) < 1e-4);
    as_team_free(four);
    as_team_free(one);
    draw(NULL);
}

/* The first convolution sees the pictures themselves, so its norm's statistics can be found from the slices' nets:
 * here from one net that is given each slice, and the law of total variance over them. */
static void test_running_stats_are_the_batchs(void **state)
{
    (void)state;
    as_net_cfg single = net_cfg;
    single.batch = AS_TEAM_SLICE;
    as_team       *team = make_team(&net_cfg, 2), *slow = make_team(&single, 1);
    as_net        *net = as_team_net(slow);
    const as_unit *u = as_net_unit(net, 0);
    double         mean = 0.0, square = 0.0;
    as_err         err = AS_ERR_NONE;
    const size_t   n_slices = BATCH / AS_TEAM_SLICE, n = n_slices * u->n_values;
    step(team);
    assert_int_equal(u->n_values, AS_TEAM_SLICE * SIDE / 2 * SIDE / 2);
    for (size_t i = 0; i < n_slices; i++) {
        const as_loss loss = {.labels = labels + i * AS_TEAM_SLICE, .weights = weights, .total = 1.0};
        double        value;
        size_t        right;
        memcpy(as_net_input(net), pictures + i * AS_TEAM_SLICE * PIXELS, AS_TEAM_SLICE * PIXELS * sizeof(float));
        assert_true(as_net_refresh(net, &err) && as_net_step(net, &loss, &value, &right, &err));
        const double m = (double)as_net_stats(net)[u->mean], v = (double)as_net_stats(net)[u->variance];
        mean += m / (double)n_slices;
        square += (v + m * m) / (double)n_slices;
    }
    const double variance = (square - mean * mean) * (double)n / (double)(n - 1);
    assert_true(fabs((double)as_team_stats(team)[u->mean] - 0.1 * mean) < 1e-6);
    assert_true(fabs((double)as_team_stats(team)[u->variance] - (0.9 + 0.1 * variance)) < 1e-5);
    as_team_free(team);
    as_team_free(slow);
}

static void test_refuses_a_batch_that_does_not_divide(void **state)
{
    (void)state;
    as_net_cfg cfg = net_cfg;
    as_err     err = AS_ERR_NONE;
    cfg.batch = AS_TEAM_SLICE + 1;
    assert_null(as_team_new(&cfg, 2, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "a batch of 9"));
    assert_null(as_team_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_equal_slices_are_one_slice),
        cmocka_unit_test(test_running_stats_are_the_batchs),
        cmocka_unit_test(test_refuses_a_batch_that_does_not_divide),
    };
    return cmocka_run_group_tests(tests, draw, NULL);
}
