/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "infer/infer.h"
#include "lab/folds.h"
#include "lab/golden.h"
#include "lab/test_model.h"
#include "lab/test_pictures.h"
#include "store/test_fault.h"

enum { BOARD_WIDTH = 160, BOARD_HEIGHT = 128 };

static test_set    set;
static as_dataset *data;
static double      reach = 3; /* pixels that a board is shifted by at most */

/* What a board shows at a place: 0 to 255. Two kinds of boards, by the light they are printed in. */
static double board_at(double x, double y, uint32_t class_index)
{
    if (x < 14 || y < 12 || x >= 146 || y >= 116)
        return 30; /* the belt */
    for (int i = 0; i < 5; i++) {
        double at = 24 + 18 * i;
        if (fabs(y - at) < 2 && x > 20 && x < 90 + 6 * i)
            return class_index == 1 && i == 2 && fabs(x - 60) < 3 ? 90 : 190; /* red: a track that is open */
    }
    for (int i = 0; i < 3; i++)
        if (fabs(x - 124) < 8 && fabs(y - 30 - 32 * i) < 6)
            return class_index == 2 && i == 1 ? 90 : 220; /* small: a part that is missing */
    return 90;
}

static void board_draw(as_image *image, uint32_t width, uint32_t height, uint32_t class_index, uint64_t seed)
{
    as_rng rng = as_rng_stream(seed, class_index);
    as_err err = AS_ERR_NONE;
    double dx = as_rng_range(&rng, -reach, reach), dy = as_rng_range(&rng, -reach, reach);
    double turn = as_rng_range(&rng, -0.02, 0.02), light = as_rng_range(&rng, 0.85, 1.1);
    bool   other = as_rng_below(&rng, 2) == 1;
    SUPPORT_CHECK(as_image_new(image, AS_PIXEL_RGB8, width, height, &err));
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (uint32_t c = 0; c < 3; c++) {
                double u = x - dx - turn * (y - 64.0), v = y - dy + turn * (x - 80.0);
                double p = board_at(u, v, class_index) * light * (1 + 0.1 * x / width);
                p *= other && c == 2 ? 0.5 : 1;
                image->data[y * image->stride_bytes + x * 3 + c] = (uint8_t)fmin(p + as_rng_range(&rng, -4, 4), 255);
            }
}

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    test_set_make_of(&set, "golden", &(test_set_cfg){BOARD_WIDTH, BOARD_HEIGHT, {48, 4, 12}, -1, 1}, board_draw);
    data = as_dataset_open(set.ws, set.spec, NULL, &err);
    return data ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    data = as_dataset_close(data);
    test_set_done(&set);
    return 0;
}

static size_t board_rejects(const as_dataset *dataset, const as_features *answers, uint32_t class_index)
{
    size_t          n, rejects = 0;
    const uint32_t *indices = as_dataset_split(dataset, AS_SPLIT_TEST, &n);
    for (size_t i = 0; i < n; i++)
        rejects += as_dataset_class(dataset, indices[i]) == class_index && answers->at[i * answers->width] < 0.5f;
    return rejects;
}

/* Opens and missing parts are found, on both kinds of boards; and boards that lie further off than any that was learned from
 * pass. */
static void test_finds(void **state)
{
    (void)state;
    const as_trainer *golden = as_trainer_find("golden");
    as_trained        trained = {0};
    as_err            err = AS_ERR_NONE;
    as_str            bytes;
    test_set          further;
    as_str_init(&bytes);
    test_model_train(data, set.spec, golden, &(as_trainer_cfg){.seed = 3}, &trained, &bytes);
    assert_int_equal(json_integer_value(json_object_get(trained.params, "golden_pictures")), 2);
    as_features answers = test_model_answers(data, AS_SPLIT_TEST, &bytes, &trained, "native");
    assert_true(test_model_accuracy(data, AS_SPLIT_TEST, &answers) > 0.9);
    assert_int_equal(board_rejects(data, &answers, 1), 12);
    assert_int_equal(board_rejects(data, &answers, 2), 12);
    as_features_done(&answers);
    assert_true(test_model_parity(data, AS_SPLIT_TEST, &bytes, &trained) < 1e-3);
    reach = 8;
    test_set_make_of(&further, "further", &(test_set_cfg){BOARD_WIDTH, BOARD_HEIGHT, {1, 1, 12}, -1, 2}, board_draw);
    reach = 3;
    as_dataset *off = as_dataset_open(further.ws, further.spec, NULL, &err);
    assert_non_null(off);
    answers = test_model_answers(off, AS_SPLIT_TEST, &bytes, &trained, "native");
    assert_true(board_rejects(off, &answers, 0) <= 1);
    assert_true(board_rejects(off, &answers, 1) >= 11);
    as_features_done(&answers);
    as_dataset_close(off);
    test_set_done(&further);
    as_trained_done(&trained);
    as_str_done(&bytes);
}

static void test_repeats(void **state)
{
    (void)state;
    const as_trainer *golden = as_trainer_find("golden");
    as_trained        one = {0}, three = {0};
    as_str            a, b;
    as_str_init(&a);
    as_str_init(&b);
    test_model_train(data, set.spec, golden, &(as_trainer_cfg){.seed = 3, .threads = 1}, &one, &a);
    test_model_train(data, set.spec, golden, &(as_trainer_cfg){.seed = 3, .threads = 3}, &three, &b);
    assert_true(a.len == b.len && memcmp(a.s, b.s, a.len) == 0);
    as_trained_done(&one);
    as_trained_done(&three);
    as_str_done(&a);
    as_str_done(&b);
}

/* The parts of the set's samples named anew, as another version of it. */
static as_dataset *board_part(test_set *boards, void (*name)(const as_sample *sample, char part[64]))
{
    as_err       err = AS_ERR_NONE;
    as_commit    commit = {.author = "test", .message = "parts", .utc = 2}, before;
    as_manifest *manifest = as_manifest_new(&err), *from = NULL;
    SUPPORT_CHECK(manifest && as_commit_find(boards->ws, "", &before, &err));
    SUPPORT_CHECK((from = as_commit_manifest(boards->ws, &before, &err)) != NULL);
    for (size_t i = 0; i < as_manifest_count(from); i++) {
        as_sample sample = *as_manifest_at(from, i);
        char      part[64];
        name(&sample, part);
        sample.part = part;
        SUPPORT_CHECK(as_manifest_add(manifest, &sample, &err));
    }
    SUPPORT_CHECK(as_commit_write(boards->ws, manifest, &commit, &err));
    as_manifest_free(from);
    as_manifest_free(manifest);
    as_dataset *dataset = as_dataset_open(boards->ws, boards->spec, NULL, &err);
    SUPPORT_CHECK(dataset != NULL);
    return dataset;
}

static unsigned board_number(const as_sample *sample)
{
    return (unsigned)strtoul(strrchr(sample->name, '/') + 1, NULL, 10);
}

/* As of two cameras: first all parts from above, then all from the side; the last shows a defect from the side. */
static void board_two_views(const as_sample *sample, char part[64])
{
    unsigned n = board_number(sample);
    bool     last = sample->split == AS_SPLIT_TRAIN && (n == 9 || strcmp(sample->label, "good") != 0);
    snprintf(part, 64, last ? "%s-last" : "%s-%s-%u", as_split_name(sample->split), sample->label, n % 10);
}

static void board_two_parts(const as_sample *sample, char part[64])
{
    snprintf(part, 64, "%s-%s-%u", as_split_name(sample->split), sample->label, board_number(sample) % 2);
}

static void test_deals_parts(void **state)
{
    (void)state;
    test_set        views;
    as_samples      train = {0};
    as_golden_sides sides = {0};
    as_err          err = AS_ERR_NONE;
    uint32_t        groups[64] = {0}, side[64] = {0}, has[3] = {0};
    test_set_make_of(&views, "views", &(test_set_cfg){16, 16, {20, 1, 1}, -1, 1}, board_draw);
    as_dataset *dataset = board_part(&views, board_two_views);
    assert_true(as_samples_open(dataset, views.spec, AS_SPLIT_TRAIN, &train, &err));
    assert_true(as_folds_group(dataset, train.indices, train.n, groups, &err));
    assert_true(as_golden_deal(dataset, views.spec, &train, &sides, &err));
    assert_int_equal(sides.n_good + sides.n_rest, train.n);
    assert_int_equal(sides.n_good, 12); /* of 9 parts whose views are all good 3 are in the rest */
    for (size_t i = 0; i < train.n; i++) {
        uint32_t in = 0;
        for (size_t k = 0; k < sides.n_good; k++)
            in |= sides.good[k] == train.indices[i] ? 1 : 0;
        for (size_t k = 0; k < sides.n_rest; k++)
            in |= sides.rest[k] == train.indices[i] ? 2 : 0;
        has[train.labels[i]] |= in;
        side[groups[i]] |= in;
    }
    for (size_t i = 0; i < train.n; i++)
        assert_true(side[groups[i]] == 1 || side[groups[i]] == 2);
    assert_int_equal(has[0], 3);
    assert_int_equal(has[1], 2);
    assert_int_equal(has[2], 2);
    as_golden_sides_done(&sides);
    as_samples_done(&train);
    as_dataset_close(dataset);
    test_set_done(&views);
}

/* Many pictures of two parts are no evidence of what good parts differ in. */
static void test_too_few_parts(void **state)
{
    (void)state;
    test_set   views;
    as_trained trained = {0};
    as_err     err = AS_ERR_NONE;
    test_set_make_of(&views, "two", &(test_set_cfg){64, 64, {16, 1, 1}, -1, 1}, board_draw);
    as_dataset *dataset = board_part(&views, board_two_parts);
    assert_false(
        as_trainer_find("golden")->train(dataset, views.spec, &(as_trainer_cfg){.seed = 1}, NULL, &trained, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "16 good pictures, and 2 such parts"));
    assert_non_null(strstr(err.text, "bring in more good parts"));
    as_dataset_close(dataset);
    test_set_done(&views);
}

static const as_input_spec board_input = {.width = BOARD_WIDTH,
                                          .height = BOARD_HEIGHT,
                                          .channels = 3,
                                          .resize = AS_RESIZE_STANDARD,
                                          .scale = {255, 255, 255}};

static as_golden board_learn(const as_golden_sides *sides, const uint32_t *heads, uint32_t n_heads)
{
    as_golden     golden = {0};
    as_err        err = AS_ERR_NONE;
    as_golden_cfg cfg = {.input = board_input, .n_heads = n_heads};
    memcpy(cfg.heads, heads, n_heads * sizeof *heads);
    if (!as_golden_learn(data, sides->good, sides->n_good, &cfg, NULL, &golden, &err))
        support_fail(__FILE__, __LINE__, err.text);
    return golden;
}

/* Of two golden pictures of one kind the second is never taken, and would have the least tolerance there is: it is none. */
static void test_drops_kinds(void **state)
{
    (void)state;
    as_samples      train = {0};
    as_golden_sides sides = {0};
    as_err          err = AS_ERR_NONE;
    uint32_t        heads[AS_GOLDEN_MAX] = {0}, n = 0;
    assert_true(as_samples_open(data, set.spec, AS_SPLIT_TRAIN, &train, &err));
    assert_true(as_golden_deal(data, set.spec, &train, &sides, &err));
    assert_true(as_golden_group(data, sides.good, sides.n_good, NULL, heads, &n, &err));
    assert_int_equal(n, 2);
    as_golden two = board_learn(&sides, heads, 2);
    as_golden three = board_learn(&sides, (uint32_t[]){heads[0], heads[0], heads[1]}, 3);
    assert_int_equal(three.n, 2);
    for (uint32_t k = 0; k < 2; k++)
        assert_int_equal(three.members[k], two.members[k]);
    for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
        size_t bytes = 2 * 3 * as_golden_scale_width(&two, s) * as_golden_scale_height(&two, s) * sizeof(float);
        assert_memory_equal(three.mean[s], two.mean[s], bytes);
        assert_memory_equal(three.sharp[s], two.sharp[s], bytes);
    }
    as_golden_done(&two);
    as_golden_done(&three);
    as_golden_sides_done(&sides);
    as_samples_done(&train);
}

typedef struct board_eye {
    as_session *session;
    as_tensor   picture, seen, output;
    size_t      n_place;
} board_eye;

/* What is told of the worst place when one spot is 0.3 brighter, and another by `other`. */
static void board_spots(board_eye *eye, double other, float *ret)
{
    as_err err = AS_ERR_NONE;
    memcpy(eye->seen.data, eye->picture.data, 3 * BOARD_WIDTH * BOARD_HEIGHT * sizeof(float));
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < 8; y++)
            for (size_t x = 0; x < 8; x++) {
                float *plane = (float *)eye->seen.data + c * BOARD_WIDTH * BOARD_HEIGHT;
                plane[(64 + y) * BOARD_WIDTH + 100 + x] += 0.3f;
                plane[(58 + y) * BOARD_WIDTH + 120 + x] += (float)other;
            }
    SUPPORT_CHECK(as_session_run(eye->session, &eye->seen, &eye->output, &err));
    size_t n = (size_t)as_session_output(eye->session, 0)->shape.dims[1];
    memcpy(ret, (float *)eye->output.data + n - eye->n_place, eye->n_place * sizeof *ret);
}

static double board_apart(const board_eye *eye, const float *a, const float *b)
{
    double most = 0;
    for (size_t f = 0; f < eye->n_place; f++)
        most = fmax(most, fabs((double)a[f] - (double)b[f]));
    return most;
}

/* The eye of a golden picture from one good board, which it is shown. */
static void board_open(board_eye *eye, const as_golden_sides *sides)
{
    as_err      err = AS_ERR_NONE;
    as_str      bytes;
    as_image    image = {0};
    as_golden   golden = board_learn(sides, sides->good, 1);
    as_graph   *graph = as_golden_graph(&golden, "features", &err);
    as_prepare *prepare = as_prepare_new(&board_input, &err);
    as_str_init(&bytes);
    SUPPORT_CHECK(graph && prepare && as_graph_write(graph, &bytes, &err));
    eye->n_place = as_golden_n_part(&golden, AS_GOLDEN_PARTS - 1);
    eye->session = as_session_open((const uint8_t *)bytes.s, bytes.len, "golden",
                                   &(as_session_cfg){.threads = 1, .batch = 1}, &err);
    SUPPORT_CHECK(eye->session != NULL);
    SUPPORT_CHECK(as_tensor_new(&eye->picture, AS_DTYPE_F32, &as_session_input(eye->session, 0)->shape, &err));
    SUPPORT_CHECK(as_tensor_new(&eye->seen, AS_DTYPE_F32, &as_session_input(eye->session, 0)->shape, &err));
    SUPPORT_CHECK(as_tensor_new(&eye->output, AS_DTYPE_F32, &as_session_output(eye->session, 0)->shape, &err));
    SUPPORT_CHECK(as_dataset_decode(data, sides->good[0], &image, &err));
    SUPPORT_CHECK(as_prepare_run(prepare, &image, eye->picture.data, &err));
    as_image_done(&image);
    as_prepare_free(prepare);
    as_graph_free(graph);
    as_golden_done(&golden);
    as_str_done(&bytes);
}

static void board_close(board_eye *eye)
{
    as_tensor_done(&eye->picture);
    as_tensor_done(&eye->seen);
    as_tensor_done(&eye->output);
    as_session_close(eye->session);
}

/* Two spots of which rounding says which is worse: neither the one nor the other is all that is looked at. */
static void test_two_spots(void **state)
{
    (void)state;
    as_samples      train = {0};
    as_golden_sides sides = {0};
    as_err          err = AS_ERR_NONE;
    board_eye       eye = {0};
    float           one[32], other[32], low[32], high[32], middle[32];
    double          from = 0, to = 0.9;
    assert_true(as_samples_open(data, set.spec, AS_SPLIT_TRAIN, &train, &err));
    assert_true(as_golden_deal(data, set.spec, &train, &sides, &err));
    board_open(&eye, &sides);
    board_spots(&eye, from, one);
    board_spots(&eye, to, other);
    assert_true(board_apart(&eye, one, other) > 0.1);
    for (int i = 0; i < 20; i++) {
        board_spots(&eye, (from + to) / 2, middle);
        *(board_apart(&eye, middle, one) < board_apart(&eye, middle, other) ? &from : &to) = (from + to) / 2;
    }
    board_spots(&eye, from, low);
    board_spots(&eye, to, high);
    assert_true(board_apart(&eye, low, high) < 0.01);
    board_close(&eye);
    as_golden_sides_done(&sides);
    as_samples_done(&train);
}

static void test_too_little(void **state)
{
    (void)state;
    as_trained trained = {0};
    as_err     err = AS_ERR_NONE, odd = AS_ERR_NONE;
    test_set   few;
    test_set_make_of(&few, "few", &(test_set_cfg){64, 64, {9, 1, 1}, -1, 1}, board_draw);
    as_dataset *some = as_dataset_open(few.ws, few.spec, NULL, &err);
    assert_non_null(some);
    assert_false(as_trainer_find("golden")->train(some, few.spec, &(as_trainer_cfg){.seed = 1}, NULL, &trained, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "has 9 good pictures"));
    assert_non_null(strstr(err.text, "assay capture"));
    assert_false(as_trainer_find("golden")->train(data, set.spec, &(as_trainer_cfg){.width = 100, .height = 64}, NULL,
                                                  &trained, &odd));
    assert_non_null(strstr(odd.text, "100x64"));
    as_dataset_close(some);
    test_set_done(&few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),       cmocka_unit_test(test_repeats),       cmocka_unit_test(test_drops_kinds),
        cmocka_unit_test(test_deals_parts), cmocka_unit_test(test_too_few_parts), cmocka_unit_test(test_too_little),
        cmocka_unit_test(test_two_spots),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
