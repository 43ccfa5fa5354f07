/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "train/net.h"

enum { BATCH = 4, SIDE = 32, CLASSES = 3 };

static const uint32_t labels[BATCH] = {0, 2, 1, 2};
static const float    weights[CLASSES] = {0.7f, 1.1f, 1.4f};
static const as_loss  loss = {.labels = labels, .weights = weights, .smoothing = 0.1, .total = 0.7 + 1.4 + 1.1 + 1.4};

static as_net *make_net(uint32_t channels)
{
    as_err           err = AS_ERR_NONE;
    const as_net_cfg cfg = {.seed = 5,
                            .width = SIDE,
                            .height = SIDE,
                            .channels = channels,
                            .n_classes = CLASSES,
                            .batch = BATCH,
                            .width_factor = 0.5};
    as_net          *net = as_net_new(&cfg, &err);
    if (!net)
        fail_msg("%s", err.text);
    as_rng rng = as_rng_new(9);
    for (size_t i = 0; i < (size_t)BATCH * channels * SIDE * SIDE; i++)
        as_net_input(net)[i] = (float)as_rng_normal(&rng);
    /* away from the special start where blocks are shortcuts and the last layer is nearly nothing */
    for (size_t i = 0; i < as_net_n_params(net); i++)
        as_net_params(net)[i] += (float)(0.05 * as_rng_normal(&rng));
    return net;
}

static double loss_of(as_net *net)
{
    as_err err = AS_ERR_NONE;
    double value = 0;
    size_t right;
    if (!as_net_refresh(net, &err) || !as_net_step(net, &loss, &value, &right, &err))
        fail_msg("%s", err.text);
    return value;
}

/* The slope along a random direction within params[from, to), by central difference and by the gradients. */
static void check_slope(as_net *net, const float *grads, size_t from, size_t to, const char *what)
{
    const double h = 2e-3;
    float       *params = as_net_params(net);
    const size_t n = to - from;
    as_rng       rng = as_rng_stream(77, from);
    float       *kept = malloc(n * sizeof *kept), *way = malloc(n * sizeof *way);
    double       by_gradient = 0.0, length = 0.0;
    assert_true(kept && way);
    for (size_t i = 0; i < n; i++) {
        kept[i] = params[from + i];
        /* mostly downhill, so that the slope stands out of the rounding */
        way[i] = grads[from + i];
        length += (double)way[i] * (double)way[i];
    }
    length = sqrt(length);
    assert_true(length > 0.0);
    for (size_t i = 0; i < n; i++) {
        way[i] = (float)((double)way[i] / length + 0.3 * as_rng_normal(&rng) / sqrt((double)n));
        by_gradient += (double)way[i] * (double)grads[from + i];
    }
    for (size_t i = 0; i < n; i++)
        params[from + i] = kept[i] + (float)(h * (double)way[i]);
    const double up = loss_of(net);
    for (size_t i = 0; i < n; i++)
        params[from + i] = kept[i] - (float)(h * (double)way[i]);
    const double down = loss_of(net), by_difference = (up - down) / (2.0 * h);
    memcpy(params + from, kept, n * sizeof *kept);
    if (fabs(by_difference - by_gradient) > 2e-3 + 0.03 * fabs(by_gradient))
        fail_msg("%s: slope %.6f by difference, %.6f by gradient", what, by_difference, by_gradient);
    free(kept);
    free(way);
}

static void test_gradients_match_differences(void **state)
{
    (void)state;
    as_net *net = make_net(3);
    loss_of(net);
    const size_t n = as_net_n_params(net);
    float       *grads = malloc(n * sizeof *grads);
    char         what[64];
    assert_non_null(grads);
    memcpy(grads, as_net_grads(net), n * sizeof *grads);
    for (size_t i = 0; i < as_net_n_units(net); i++) {
        const as_unit *u = as_net_unit(net, i);
        if (u->pool)
            continue;
        snprintf(what, sizeof what, "weights of unit %zu", i);
        check_slope(net, grads, u->weights, u->scale, what);
        snprintf(what, sizeof what, "scale of unit %zu", i);
        check_slope(net, grads, u->scale, u->shift, what);
        snprintf(what, sizeof what, "shift of unit %zu", i);
        check_slope(net, grads, u->shift, u->shift + u->c_out, what);
    }
    uint32_t features;
    size_t   linear = as_net_linear(net, &features);
    check_slope(net, grads, linear, linear + (size_t)features * CLASSES, "linear weights");
    check_slope(net, grads, linear + (size_t)features * CLASSES, n, "linear biases");
    free(grads);
    as_net_free(net);
}

/* With the statistics of the batch, inference gives the loss of the training pass. */
static void test_exported_graph_computes_the_same(void **state)
{
    (void)state;
    as_net             *net = make_net(1);
    const double        want = loss_of(net);
    double              got = 0.0, weight = 0.0;
    as_err              err = AS_ERR_NONE;
    as_graph           *graph = as_net_graph(net, as_net_params(net), as_net_stats(net), &err);
    const as_engine_cfg cfg = {.batch = BATCH};
    as_engine          *engine = graph ? as_engine_new(graph, &cfg, &err) : NULL;
    if (!engine)
        fail_msg("%s", err.text);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, as_net_input(net)), out = {0};
    assert_true(as_engine_run(engine, &in, &out, &err));
    for (size_t i = 0; i < BATCH; i++) {
        double one = 0.0;
        for (size_t k = 0; k < CLASSES; k++)
            one -= (0.1 / CLASSES + (k == labels[i] ? 0.9 : 0.0)) * log((double)((float *)out.data)[i * CLASSES + k]);
        got += one * (double)weights[labels[i]];
        weight += (double)weights[labels[i]];
    }
    assert_true(fabs(got / weight - want) < 1e-4);
    as_engine_free(engine);
    as_graph_free(graph);
    as_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients_match_differences),
        cmocka_unit_test(test_exported_graph_computes_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
