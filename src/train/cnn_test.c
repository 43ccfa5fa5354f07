/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/engine.h"
#include "train/cnn.h"

enum { SIDE = 32, N_TRAIN = 48, N_VAL = 24, CLASSES = 3, PIXELS = SIDE * SIDE };

static uint8_t  train_pixels[N_TRAIN * PIXELS], val_pixels[N_VAL * PIXELS];
static uint32_t train_labels[N_TRAIN], val_labels[N_VAL];

/* Lines across, lines down, or squares; of random phase, strength and noise. */
static void draw(as_rng *rng, uint32_t label, uint8_t *pixels)
{
    const double phase = as_rng_range(rng, 0.0, 6.28), strength = as_rng_range(rng, 30.0, 60.0);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            double across = sin(0.9 * y + phase), down = sin(0.9 * x + phase);
            double v = label == 0 ? across : label == 1 ? down : across * down;
            pixels[y * SIDE + x] = (uint8_t)(128.0 + strength * v + 8.0 * as_rng_normal(rng));
        }
    }
}

static int draw_all(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(3);
    for (uint32_t i = 0; i < N_TRAIN; i++)
        draw(&rng, train_labels[i] = i % 4 == 3 ? 0 : i % 4, train_pixels + i * PIXELS);
    for (uint32_t i = 0; i < N_VAL; i++)
        draw(&rng, val_labels[i] = i % CLASSES, val_pixels + i * PIXELS);
    return 0;
}

static as_cnn_cfg small_cfg(void)
{
    as_cnn_cfg cfg = as_cnn_cfg_default(CLASSES, N_TRAIN);
    cfg.width = cfg.height = SIDE;
    cfg.channels = 1;
    cfg.epochs = 16;
    cfg.batch = 8;
    cfg.width_factor = 0.5;
    cfg.rotate_deg = 3.0;
    return cfg;
}

static const as_cnn_data train_set = {N_TRAIN, train_pixels, train_labels}, val_set = {N_VAL, val_pixels, val_labels};
static const as_cnn_data empty_set = {0, NULL, NULL};

static as_str train_bytes(const as_cnn_cfg *cfg, const as_cnn_data *val, as_curve *ret_curve)
{
    as_err        err = AS_ERR_NONE;
    as_input_spec input;
    as_graph     *graph;
    as_str        bytes;
    as_str_init(&bytes);
    if (!as_cnn_train(cfg, &train_set, val, NULL, ret_curve, &input, &graph, &err))
        fail_msg("%s", err.text);
    assert_int_equal(input.width, SIDE);
    assert_int_equal(input.channels, 1);
    assert_true(input.mean[0] > 100.0f && input.mean[0] < 156.0f && input.scale[0] > 15.0f);
    if (!as_graph_write(graph, &bytes, &err))
        fail_msg("%s", err.text);
    as_graph_free(graph);
    return bytes;
}

static void test_learns_and_repeats(void **state)
{
    (void)state;
    as_cnn_cfg cfg = small_cfg();
    as_curve   a_curve, b_curve, c_curve;
    as_str     a = train_bytes(&cfg, &val_set, &a_curve), b = train_bytes(&cfg, &val_set, &b_curve);
    cfg.seed++;
    as_str c = train_bytes(&cfg, &val_set, &c_curve);
    print_message("%zu epochs, best %zu, macro F1 %.3f\n", a_curve.n, a_curve.best + 1,
                  a_curve.at[a_curve.best].val_macro_f1);
    assert_true(a_curve.at[a_curve.best].val_macro_f1 > 0.95);
    assert_true(a_curve.at[a_curve.n - 1].train_loss < a_curve.at[0].train_loss);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.s, b.s, a.len);
    assert_true(a.len != c.len || memcmp(a.s, c.s, a.len) != 0);
    as_str_done(&a);
    as_str_done(&b);
    as_str_done(&c);
    free(a_curve.at);
    free(b_curve.at);
    free(c_curve.at);
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    as_cnn_cfg cfg = small_cfg();
    as_curve   a_curve, b_curve;
    cfg.epochs = 3;
    cfg.batch = 24; /* three slices */
    as_str a = train_bytes(&cfg, &val_set, &a_curve);
    for (cfg.threads = 2; cfg.threads <= 3; cfg.threads++) {
        as_str b = train_bytes(&cfg, &val_set, &b_curve);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.s, b.s, a.len);
        assert_int_equal(a_curve.best, b_curve.best);
        for (size_t i = 0; i < cfg.epochs; i++) {
            assert_memory_equal(&a_curve.at[i].train_loss, &b_curve.at[i].train_loss, sizeof(double));
            assert_memory_equal(&a_curve.at[i].val_loss, &b_curve.at[i].val_loss, sizeof(double));
        }
        as_str_done(&b);
        free(b_curve.at);
    }
    as_str_done(&a);
    free(a_curve.at);
}

static void test_without_validation(void **state)
{
    (void)state;
    as_cnn_cfg cfg = small_cfg();
    as_curve   curve;
    cfg.threads = 2;
    cfg.epochs = 2;
    as_str bytes = train_bytes(&cfg, &empty_set, &curve);
    assert_int_equal(curve.best, 1); /* the last epoch is kept */
    as_str_done(&bytes);
    free(curve.at);
}

static void refuse(const as_cnn_cfg *cfg, const as_cnn_data *train, const as_progress *progress, as_err_code code,
                   const char *text)
{
    as_err        err = AS_ERR_NONE;
    as_curve      curve;
    as_input_spec input;
    as_graph     *graph;
    assert_false(as_cnn_train(cfg, train, &val_set, progress, &curve, &input, &graph, &err));
    if (err.code != code || !strstr(err.text, text))
        fail_msg("%s: %s", as_err_name(err.code), err.text);
}

static void test_refuses(void **state)
{
    (void)state;
    as_cnn_cfg        cfg = small_cfg();
    uint32_t          without[N_TRAIN] = {0};
    const as_cnn_data lacking = {N_TRAIN, train_pixels, without};
    refuse(&cfg, &lacking, NULL, AS_EINVAL, "class 1 has no picture");
    refuse(&cfg, &empty_set, NULL, AS_EINVAL, "0 pictures");
    without[5] = CLASSES;
    refuse(&cfg, &lacking, NULL, AS_EINVAL, "picture 5 of the training set has class 3 of 3");
    cfg.width = 40;
    refuse(&cfg, &train_set, NULL, AS_EINVAL, "multiples of 16");
    cfg = small_cfg();
    cfg.learning_rate = NAN;
    refuse(&cfg, &train_set, NULL, AS_EINVAL, "parameter is nan");
    cfg = small_cfg();
    cfg.n_classes = 1;
    refuse(&cfg, &train_set, NULL, AS_EINVAL, "1 classes");
    cfg = small_cfg();
    cfg.batch = 10;
    refuse(&cfg, &train_set, NULL, AS_EINVAL, "a batch of 10");
}

typedef struct stopper {
    atomic_bool stop;
    uint64_t    at, seen;
} stopper;

static void stop_at(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    stopper *s = ctx;
    assert_true(strstr(what, "epoch ") == what && done <= total);
    s->seen = done;
    if (done == s->at)
        atomic_store(&s->stop, true);
}

static void test_stops_when_told(void **state)
{
    (void)state;
    as_cnn_cfg  cfg = small_cfg();
    stopper     s = {.at = 4};
    as_progress progress = {.step = stop_at, .ctx = &s, .stop = &s.stop};
    refuse(&cfg, &train_set, &progress, AS_ECANCELLED, "");
    assert_int_equal(s.seen, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_and_repeats), cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_without_validation), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_stops_when_told),
    };
    return cmocka_run_group_tests(tests, draw_all, NULL);
}
