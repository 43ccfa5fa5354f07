/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/isa.h"
#include "base/rng.h"
#include "graph/build.h"

enum { SIDE = 24, CHANNELS = 16, VALUES = CHANNELS * SIDE * SIDE, MAX_STEPS = 32 };

static const int64_t kernel3[] = {3, 3}, pads1[] = {1, 1, 1, 1}, perm_last[] = {0, 2, 3, 1};

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static void add_node(as_graph *graph, const char *op, const char *a, const char *b, const char *out,
                     const as_attr *attrs, size_t n_attrs)
{
    const char *inputs[] = {a, b, NULL}, *outputs[] = {out, NULL};
    char        name[64];
    as_err      err = AS_ERR_NONE;
    snprintf(name, sizeof name, "%s_node", out);
    must(as_graph_add_node(graph, op, name, inputs, outputs, attrs, n_attrs, &err), &err);
}

static void add_conv(as_graph *graph, as_rng *rng, const char *in, const char *out, int64_t groups)
{
    const as_shape shape = {.rank = 4, .dims = {CHANNELS, CHANNELS / groups, 3, 3}};
    const as_attr  attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel3, .n = 2},
                              {.name = "pads", .kind = AS_ATTR_INTS, .ints = pads1, .n = 4},
                              {.name = "group", .kind = AS_ATTR_INT, .i = groups}};
    const size_t   n = (size_t)(CHANNELS * CHANNELS * 9 / groups);
    float         *data = calloc(n, sizeof *data);
    char           weights[64];
    as_err         err = AS_ERR_NONE;
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (float)(0.1 * as_rng_normal(rng));
    snprintf(weights, sizeof weights, "%s_weights", out);
    as_tensor t = as_tensor_view(AS_DTYPE_F32, &shape, data);
    must(as_graph_add_constant(graph, weights, &t, &err), &err);
    free(data);
    add_node(graph, "Conv", in, weights, out, attrs, AS_COUNT(attrs));
}

/* Convolutions with what can be fused and what cannot, one with groups that fill no block, and a transposition. */
static as_graph *some_graph(void)
{
    as_err         err = AS_ERR_NONE;
    as_rng         rng = as_rng_new(3);
    const as_shape in = {.rank = 4, .dims = {1, CHANNELS, SIDE, SIDE}},
                   out = {.rank = 4, .dims = {1, SIDE, SIDE, CHANNELS}};
    const as_attr perm = {.name = "perm", .kind = AS_ATTR_INTS, .ints = perm_last, .n = 4};
    as_graph     *graph = as_graph_new("test", &err);
    must(graph && as_graph_add_input(graph, "x", AS_DTYPE_F32, &in, &err), &err);
    add_conv(graph, &rng, "x", "a", 1);
    add_node(graph, "Relu", "a", NULL, "a_relu", NULL, 0);
    add_conv(graph, &rng, "a_relu", "b", 1);
    add_node(graph, "Add", "b", "a_relu", "sum", NULL, 0);
    add_conv(graph, &rng, "sum", "c", 4);
    add_node(graph, "Tanh", "c", NULL, "c_tanh", NULL, 0);
    add_node(graph, "Mul", "c", "c_tanh", "product", NULL, 0);
    add_node(graph, "Transpose", "product", NULL, "y", &perm, 1);
    must(as_graph_add_output(graph, "y", AS_DTYPE_F32, &out, &err) && as_graph_finish(graph, &err), &err);
    return graph;
}

/* What stands between convolutions in current networks goes on in their order of data: depthwise, a gate of each channel. */
static void test_no_layer_falls_to_a_reference(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_rng         rng = as_rng_new(4);
    size_t         n_reorders = 0;
    const as_shape shape = {.rank = 4, .dims = {1, CHANNELS, SIDE, SIDE}};
    const as_attr  axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    as_graph      *graph = as_graph_new("test", &err);
    must(graph && as_graph_add_input(graph, "x", AS_DTYPE_F32, &shape, &err), &err);
    add_conv(graph, &rng, "x", "a", 1);
    add_conv(graph, &rng, "a", "b", CHANNELS);
    add_node(graph, "Relu", "b", NULL, "b_relu", NULL, 0);
    add_node(graph, "GlobalAveragePool", "b_relu", NULL, "mean", NULL, 0);
    add_node(graph, "Sigmoid", "mean", NULL, "gate", NULL, 0);
    add_node(graph, "Mul", "b_relu", "gate", "gated", NULL, 0);
    add_conv(graph, &rng, "gated", "c", 1);
    add_node(graph, "Softmax", "c", NULL, "y", &axis, 1);
    must(as_graph_add_output(graph, "y", AS_DTYPE_F32, &shape, &err) && as_graph_finish(graph, &err), &err);
    const as_engine_cfg cfg = {.profile = true};
    as_engine          *engine = as_engine_new(graph, &cfg, &err);
    as_engine_step      step;
    must(engine != NULL, &err);
    for (size_t i = 0; as_engine_step_at(engine, i, &step); i++) {
        if (strncmp(step.how, "ref", 3) == 0)
            fail_msg("'%s' (%s) is done by '%s'", step.name, step.op, step.how);
        n_reorders += strcmp(step.op, "Reorder") == 0;
    }
    assert_in_range(n_reorders, 1, as_isa_may(AS_ISA_AVX2) ? 3 : 5); /* into blocks, and out of them */
    as_engine_free(engine);
    as_graph_free(graph);
}

static as_engine *some_engine(bool profile)
{
    as_err              err = AS_ERR_NONE;
    as_graph           *graph = some_graph();
    const as_engine_cfg cfg = {.profile = profile};
    as_engine          *engine = as_engine_new(graph, &cfg, &err);
    must(engine != NULL, &err);
    as_graph_free(graph);
    return engine;
}

static bool step_named(const as_engine *engine, const char *name, const char *op, as_engine_step *ret)
{
    for (size_t i = 0; as_engine_step_at(engine, i, ret); i++)
        if (strcmp(ret->name, name) == 0 && strcmp(ret->op, op) == 0)
            return true;
    return false;
}

static void test_every_step_says_what_it_does(void **state)
{
    (void)state;
    as_engine     *engine = some_engine(true);
    as_engine_step step;
    uint64_t       n_multiplies = 0;
    const size_t   value = VALUES * sizeof(float);
    assert_true(as_engine_n_steps(engine) <= MAX_STEPS);
    for (size_t i = 0; i < as_engine_n_steps(engine); i++) {
        assert_true(as_engine_step_at(engine, i, &step));
        assert_true(*step.name && *step.op && *step.how);
        assert_true(step.write_bytes > 0 && step.read_bytes > 0);
        n_multiplies += step.n_multiplies;
    }
    assert_int_equal(n_multiplies, VALUES * CHANNELS * 9 * 2 + VALUES * CHANNELS / 4 * 9);
    assert_true(step_named(engine, "a_node", "Conv", &step));
    assert_string_equal(step.fused, "Relu");
    assert_int_equal(step.n_multiplies, VALUES * CHANNELS * 9);
    assert_int_equal(step.write_bytes, value);
    assert_true(step.read_bytes >= value + CHANNELS * CHANNELS * 9 * sizeof(float)); /* Winograd's weights are larger */
    assert_int_equal(step.dtype, AS_DTYPE_F32);
    const uint64_t a_bytes = step.read_bytes;
    assert_true(step_named(engine, "b_node", "Conv", &step)); /* adds to what stood there, which it reads */
    assert_string_equal(step.fused, "Add");
    assert_int_equal(step.read_bytes, a_bytes + value);
    assert_false(as_engine_step_at(engine, as_engine_n_steps(engine), &step));
    as_engine_free(engine);
}

static void test_what_is_slow_is_told(void **state)
{
    (void)state;
    as_engine     *engine = some_engine(true);
    as_engine_step step;
    bool           has_order = false;
    assert_true(step_named(engine, "c_tanh_node", "Tanh", &step));
    assert_int_equal(step.slow, AS_SLOW_UNFUSED);
    assert_true(step_named(engine, "y_node", "Transpose", &step));
    assert_int_equal(step.slow, AS_SLOW_PLAIN);
    assert_string_equal(step.how, "plain C");
    for (size_t i = 0; as_engine_step_at(engine, i, &step); i++)
        has_order = has_order || (step.slow == AS_SLOW_REORDER && strcmp(step.op, "Reorder") == 0);
    assert_true(has_order); /* the transposition wants rows */
    if (step_named(engine, "c_node", "Conv", &step) && strncmp(step.how, "jit", 3) != 0) {
        print_message("%s", step.how);
        assert_int_equal(step.slow, AS_SLOW_GROUPS);
    }
    for (int slow = 1; slow < AS_SLOW_COUNT; slow++) {
        assert_true(*as_slow_name((as_slow)slow) && *as_slow_reason((as_slow)slow) && *as_slow_advice((as_slow)slow));
        for (int other = 1; other < slow; other++)
            assert_string_not_equal(as_slow_name((as_slow)slow), as_slow_name((as_slow)other));
    }
    as_engine_free(engine);
}

static void test_a_timed_run_is_the_same_run(void **state)
{
    (void)state;
    as_engine *engine = some_engine(true), *other = some_engine(false);
    as_rng     rng = as_rng_new(5);
    float     *x = malloc(VALUES * sizeof *x), *timed = malloc(VALUES * sizeof *timed);
    double     ns[MAX_STEPS], sum = 0;
    as_err     err = AS_ERR_NONE;
    assert_true(x && timed);
    for (size_t i = 0; i < VALUES; i++)
        x[i] = (float)as_rng_normal(&rng);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, x);
    as_tensor out = as_tensor_view(AS_DTYPE_F32, &as_engine_output(engine, 0)->shape, timed), plain = {0};
    must(as_engine_profile_run(engine, &in, &out, ns, &err) && as_engine_run(other, &in, &plain, &err), &err);
    assert_memory_equal(timed, plain.data, VALUES * sizeof *timed);
    for (size_t i = 0; i < as_engine_n_steps(engine); i++) {
        assert_true(ns[i] >= 0);
        sum += ns[i];
    }
    assert_true(sum > 0);
    as_tensor wrong = as_tensor_view(AS_DTYPE_F32, &(as_shape){1, {VALUES}}, x);
    assert_false(as_engine_profile_run(engine, &wrong, &out, ns, &err));
    as_engine_free(engine);
    as_engine_free(other);
    free(x);
    free(timed);
}

static void test_an_engine_without_a_profile_has_none(void **state)
{
    (void)state;
    as_engine     *engine = some_engine(false);
    as_engine_step step;
    assert_true(as_engine_n_steps(engine) > 0);
    assert_false(as_engine_step_at(engine, 0, &step));
    as_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step_says_what_it_does),
        cmocka_unit_test(test_no_layer_falls_to_a_reference),
        cmocka_unit_test(test_what_is_slow_is_told),
        cmocka_unit_test(test_a_timed_run_is_the_same_run),
        cmocka_unit_test(test_an_engine_without_a_profile_has_none),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
