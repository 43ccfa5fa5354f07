/* SPDX-License-Identifier: Apache-2.0 */
/* Each head against its definition in float64, on numbers that are drawn; and what makes one be chosen. */
#include "task/head.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { MOST_OUTPUTS = 9, MOST_BOXES = 4000 };

/* A model's outputs, and what a head makes of them. */
typedef struct bed {
    as_port     ports[MOST_OUTPUTS];
    as_tensor   tensors[MOST_OUTPUTS];
    as_head_io  io;
    as_head_cfg cfg;
    as_head    *head;
    as_rng      rng;
    as_box     *want;
    size_t      n_want;
} bed;

static void bed_init(bed *b, uint32_t width, uint32_t height)
{
    *b = (bed){.io = {.width = width, .height = height}, .rng = as_rng_new(9)};
    b->io.outputs = b->ports;
    b->want = calloc(MOST_BOXES, sizeof *b->want);
    assert_non_null(b->want);
}

static void *bed_add(bed *b, const char *name, as_dtype dtype, int rank, const int64_t *dims)
{
    as_err   err = AS_ERR_NONE;
    as_shape shape = {.rank = rank};
    memcpy(shape.dims, dims, (size_t)rank * sizeof *dims);
    size_t i = b->io.n_outputs++;
    b->ports[i] = (as_port){.name = name, .dtype = dtype, .shape = shape};
    assert_true(as_tensor_new(&b->tensors[i], dtype, &shape, &err));
    return b->tensors[i].data;
}

#define DIMS(...)                                                                \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) \
    {                                                                            \
        __VA_ARGS__                                                              \
    }
#define ADD(b, name, ...)       ((float *)bed_add((b), (name), AS_DTYPE_F32, DIMS(__VA_ARGS__)))
#define UNIT(b)                 ((float)as_rng_unit(&(b)->rng))
#define NORMAL(b, mean, spread) ((float)((mean) + (spread)*as_rng_normal(&(b)->rng)))

static void bed_open(bed *b)
{
    as_err err = AS_ERR_NONE;
    b->head = as_head_new(&b->io, &b->cfg, &err);
    if (!b->head)
        fail_msg("%s", err.text);
}

static void bed_done(bed *b)
{
    as_head_free(b->head);
    for (size_t i = 0; i < b->io.n_outputs; i++)
        as_tensor_done(&b->tensors[i]);
    free(b->want);
}

static void bed_want(bed *b, double x0, double y0, double x1, double y1, double score, uint32_t class)
{
    assert_true(b->n_want < MOST_BOXES);
    b->want[b->n_want++] = (as_box){(float)x0, (float)y0, (float)x1, (float)y1, (float)score, class, 0};
}

static void bed_want_middle(bed *b, double x, double y, double w, double h, double score, uint32_t class)
{
    bed_want(b, x - w / 2, y - h / 2, x + w / 2, y + h / 2, score, class);
}

static as_mapping map_of(const as_input_spec *input, uint32_t width, uint32_t height)
{
    as_err     err = AS_ERR_NONE;
    as_mapping map;
    assert_true(as_prepare_to_source(input, width, height, &map, &err));
    return map;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 2e-3 + 1e-4 * fabs(b);
}

/* All candidates, in the order in which they are wanted. Scores near the limit may be on either side of it. */
static void bed_check(bed *b, const char *name, double least)
{
    const as_box *have = NULL;
    size_t        n = 0, i = 0;
    as_err        err = AS_ERR_NONE;
    assert_string_equal(as_head_kind_of(b->head)->name, name);
    if (!as_head_candidates(b->head, b->tensors, (float)least, &have, &n, &err))
        fail_msg("%s: %s", name, err.text);
    assert_true(b->n_want > 5);
    for (size_t k = 0; k < b->n_want; k++) {
        const as_box *w = &b->want[k];
        if (fabs((double)w->score - least) < 1e-5)
            fail_msg("%s: a score of the test is on the limit", name);
        if ((double)w->score < least)
            continue;
        if (i == n)
            fail_msg("%s: %zu of %zu are found", name, n, b->n_want);
        const as_box *h = &have[i++];
        if (!near((double)h->x0, (double)w->x0) || !near((double)h->y0, (double)w->y0) ||
            !near((double)h->x1, (double)w->x1) || !near((double)h->y1, (double)w->y1) ||
            fabs((double)h->score - (double)w->score) > 1e-5 || h->class != w->class)
            fail_msg("%s: box %zu is %g %g %g %g %g %u, not %g %g %g %g %g %u", name, k, (double)h->x0, (double)h->y0,
                     (double)h->x1, (double)h->y1, (double)h->score, h->class, (double)w->x0, (double)w->y0,
                     (double)w->x1, (double)w->y1, (double)w->score, w->class);
    }
    assert_int_equal(i, n);
    assert_true(n > 5);
}

static uint32_t best_of(const float *p, uint32_t n, size_t step)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++)
        best = p[i * step] > p[best * step] ? i : best;
    return best;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The mean of a distribution whose logarithms are given. */
static double mean_of(const float *p, uint32_t n, size_t step)
{
    double sum = 0, mean = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += exp((double)p[i * step]);
    for (uint32_t i = 0; i < n; i++)
        mean += i * exp((double)p[i * step]) / sum;
    return mean;
}

static void test_yolov8(void **state)
{
    (void)state;
    bed b;
    bed_init(&b, 320, 256);
    const uint32_t n = 40 * 32 + 20 * 16 + 10 * 8, classes = 7;
    float         *p = ADD(&b, "output0", 1, 4 + classes, n);
    for (uint32_t i = 0; i < n; i++) {
        float box[] = {UNIT(&b) * 320, UNIT(&b) * 256, 1 + UNIT(&b) * 90, 1 + UNIT(&b) * 90};
        for (uint32_t k = 0; k < 4; k++)
            p[k * n + i] = box[k];
        for (uint32_t c = 0; c < classes; c++)
            p[(4 + c) * n + i] = i % 50 == 7 ? UNIT(&b) : 0.1f * UNIT(&b);
        uint32_t class = best_of(p + 4 * n + i, classes, n);
        bed_want_middle(&b, (double)box[0], (double)box[1], (double)box[2], (double)box[3],
                        (double)p[(4 + class) * n + i], class);
    }
    bed_open(&b);
    bed_check(&b, "yolov8", 0.3);
    assert_int_equal(as_head_n_classes(b.head), classes);

    /* Not one number of a score may be none. */
    as_err        err = AS_ERR_NONE;
    const as_box *have;
    size_t        n_have;
    p[9 * n + n - 1] = NAN;
    assert_false(as_head_run(b.head, b.tensors, &have, &n_have, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    p[9 * n + n - 1] = 1.5f;
    assert_false(as_head_run(b.head, b.tensors, &have, &n_have, &err));
    assert_non_null(strstr(err.text, "score of 1.5"));
    p[9 * n + n - 1] = 0.9f;
    p[n - 1] = INFINITY;
    assert_false(as_head_run(b.head, b.tensors, &have, &n_have, &err));
    assert_non_null(strstr(err.text, "corner"));
    bed_done(&b);
}

static void test_yolov8_turned(void **state)
{
    (void)state;
    bed b;
    bed_init(&b, 64, 64);
    const uint32_t n = 64 + 16 + 4, classes = 2;
    float         *p = ADD(&b, "output0", 1, n, 4 + classes);
    for (uint32_t i = 0; i < n; i++, p += 6) {
        for (uint32_t k = 0; k < 6; k++)
            p[k] = k < 4 ? 1 + UNIT(&b) * 60 : UNIT(&b);
        uint32_t class = p[5] > p[4];
        bed_want_middle(&b, (double)p[0], (double)p[1], (double)p[2], (double)p[3], (double)p[4 + class], class);
    }
    b.io.n_labels = 2;
    bed_open(&b);
    bed_check(&b, "yolov8", 0.5);
    bed_done(&b);
}

/* Both layouts of one network: rows that are decoded, for v5; the same places undecoded are YOLOX's. */
static void test_yolov5_and_yolox(void **state)
{
    (void)state;
    for (int is_x = 0; is_x < 2; is_x++) {
        bed b;
        bed_init(&b, 160, 96);
        const uint32_t classes = 4, each = is_x ? 1 : 3, n = (20 * 12 + 10 * 6 + 5 * 3) * each;
        float         *p = ADD(&b, "output", 1, n, 5 + classes);
        uint32_t       cell = 0, stride = 8;
        for (uint32_t i = 0; i < n; i++, cell++, p += 5 + classes) {
            if (cell == 160 / stride * (96 / stride)) {
                stride *= 2;
                cell = 0;
            }
            for (uint32_t k = 0; k < 4; k++)
                p[k] = is_x ? NORMAL(&b, 0, 1) : 1 + UNIT(&b) * 80;
            for (uint32_t k = 4; k < 5 + classes; k++)
                p[k] = i % 3 ? UNIT(&b) : 0.2f * UNIT(&b);
            uint32_t class = best_of(p + 5, classes, 1), columns = 160 / stride;
            double score = (double)p[4] * (double)p[5 + class];
            if (is_x)
                bed_want_middle(&b, (cell % columns + (double)p[0]) * stride,
                                ((double)(cell / columns) + (double)p[1]) * stride, exp((double)p[2]) * stride,
                                exp((double)p[3]) * stride, score, class);
            else
                bed_want_middle(&b, (double)p[0], (double)p[1], (double)p[2], (double)p[3], score, class);
        }
        bed_open(&b);
        bed_check(&b, is_x ? "yolox" : "yolov5", 0.25);
        float        *first = b.tensors[0].data;
        as_err        err = AS_ERR_NONE;
        const as_box *have;
        size_t        n_have;
        first[4] = NAN;
        assert_false(as_head_run(b.head, b.tensors, &have, &n_have, &err));
        assert_int_equal(err.code, AS_ECORRUPT);
        bed_done(&b);
    }
}

static void raw_v8_level(bed *b, const char *name, uint32_t stride, uint32_t classes)
{
    uint32_t columns = b->io.width / stride, rows = b->io.height / stride, cells = columns * rows;
    float   *p = ADD(b, name, 1, 64 + classes, rows, columns);
    for (uint32_t i = 0; i < (64 + classes) * cells; i++)
        p[i] = i < 64 * cells ? NORMAL(b, 0, 2) : NORMAL(b, -3, 2);
    for (uint32_t i = 0; i < cells; i++) {
        double side[4], x = (i % columns + 0.5) * stride, y = ((double)(i / columns) + 0.5) * stride;
        for (uint32_t k = 0; k < 4; k++)
            side[k] = mean_of(p + k * 16 * cells + i, 16, cells) * stride;
        uint32_t class = best_of(p + 64 * cells + i, classes, cells);
        bed_want(b, x - side[0], y - side[1], x + side[2], y + side[3], sigmoid((double)p[(64 + class) * cells + i]),
                 class);
    }
}

static void raw_v5_level(bed *b, const char *name, uint32_t stride, uint32_t classes, bool is_rows, bool is_exp)
{
    static const double anchors[][6] = {
        {10, 13, 16, 30, 33, 23}, {30, 61, 62, 45, 59, 119}, {116, 90, 156, 198, 373, 326}};
    uint32_t columns = b->io.width / stride, rows = b->io.height / stride, cells = columns * rows, row = 5 + classes;
    float   *p = is_rows ? ADD(b, name, 1, 3, rows, columns, row) : ADD(b, name, 1, 3 * row, rows, columns);
    for (uint32_t i = 0; i < 3 * row * cells; i++)
        p[i] = NORMAL(b, 0, 1.5);
    const double *sizes = anchors[stride == 8 ? 0 : stride == 16 ? 1 : 2];
    for (uint32_t a = 0; a < 3; a++)
        for (uint32_t i = 0; i < cells; i++) {
            const float *at = is_rows ? p + (size_t)(a * cells + i) * row : p + (size_t)a * row * cells + i;
            size_t       step = is_rows ? 1 : cells;
            double       t[4], x = i % columns, y = (double)(i / columns);
            for (size_t k = 0; k < 4; k++)
                t[k] = is_exp && k > 1 ? exp((double)at[k * step]) : sigmoid((double)at[k * step]);
            uint32_t class = best_of(at + 5 * step, classes, step);
            double score = sigmoid((double)at[4 * step]) * sigmoid((double)at[(5 + class) * step]);
            if (is_exp)
                bed_want_middle(b, (x + t[0]) * stride, (y + t[1]) * stride, t[2] * sizes[2 * a],
                                t[3] * sizes[2 * a + 1], score, class);
            else
                bed_want_middle(b, (x + 2 * t[0] - 0.5) * stride, (y + 2 * t[1] - 0.5) * stride,
                                4 * t[2] * t[2] * sizes[2 * a], 4 * t[3] * t[3] * sizes[2 * a + 1], score, class);
        }
}

static void test_raw_maps(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        static const char *const names[] = {"yolov8-raw", "yolov5-raw", "yolov5-raw", "yolov3-raw"};
        bed                      b;
        bed_init(&b, 128, 96);
        for (uint32_t stride = 8; stride <= 32; stride *= 2)
            if (which == 0)
                raw_v8_level(&b, "map", stride, 6);
            else
                raw_v5_level(&b, "map", stride, 6, which == 1, which == 3);
        b.io.n_labels = which == 2 ? 6 : 0;
        b.io.word = which == 3 ? "YOLOv3-ONNX" : NULL;
        bed_open(&b);
        bed_check(&b, names[which], 0.3);
        bed_done(&b);
    }
}

static void test_nanodet(void **state)
{
    (void)state;
    bed b;
    bed_init(&b, 128, 64);
    const uint32_t n = 16 * 8 + 8 * 4 + 4 * 2 + 2, classes = 3;
    float         *p = ADD(&b, "output", 1, n, classes + 32);
    uint32_t       cell = 0, stride = 8;
    for (uint32_t i = 0; i < n; i++, cell++, p += classes + 32) {
        if (cell == 128 / stride * (64 / stride)) {
            stride *= 2;
            cell = 0;
        }
        for (uint32_t k = 0; k < classes + 32; k++)
            p[k] = k < classes ? UNIT(&b) : NORMAL(&b, 0, 1);
        uint32_t class = best_of(p, classes, 1), columns = 128 / stride;
        double x = cell % columns * stride, y = (double)(cell / columns * stride), side[4];
        for (uint32_t k = 0; k < 4; k++)
            side[k] = mean_of(p + classes + 8 * k, 8, 1) * stride;
        bed_want(&b, x - side[0], y - side[1], x + side[2], y + side[3], (double)p[class], class);
    }
    b.io.word = "NanoDet";
    bed_open(&b);
    bed_check(&b, "nanodet", 0.6);
    bed_done(&b);
}

static void test_fcos(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c"};
    bed                      b;
    bed_init(&b, 64, 96);
    float   *maps[3][3];
    uint32_t classes = 3;
    for (uint32_t role = 0; role < 3; role++)
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t channels = role == 0 ? classes : (role == 1 ? 4 : 1), rows = 96 / (8u << i),
                     columns = 64 / (8u << i);
            maps[role][i] = ADD(&b, names[i], 1, channels, rows, columns);
            for (uint32_t k = 0; k < channels * rows * columns; k++)
                maps[role][i][k] = role == 1 ? UNIT(&b) * 4 : NORMAL(&b, -0.5, 1.5);
        }
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t k = 0, stride = 8u << i, columns = 64 / stride, cells = columns * (96 / stride); k < cells; k++) {
            uint32_t class = best_of(maps[0][i] + k, classes, cells);
            double       x = (k % columns + 0.5) * stride, y = ((double)(k / columns) + 0.5) * stride;
            const float *d = maps[1][i] + k;
            bed_want(&b, x - (double)d[0] * stride, y - (double)d[cells] * stride, x + (double)d[2 * cells] * stride,
                     y + (double)d[3 * cells] * stride,
                     sqrt(sigmoid((double)maps[0][i][class * cells + k]) * sigmoid((double)maps[2][i][k])), class);
        }
    bed_open(&b);
    bed_check(&b, "fcos", 0.4);
    bed_done(&b);
}

/* Then one of them would be written over the other, and another level be without its boxes. */
static void test_two_maps_of_one_size_are_no_levels(void **state)
{
    (void)state;
    bed    b;
    as_err e = AS_ERR_NONE;
    bed_init(&b, 64, 96);
    for (uint32_t role = 0; role < 3; role++)
        for (uint32_t i = 0; i < 2; i++)
            ADD(&b, "a", 1, role == 1 ? 4 : 1, 12, 8);
    b.io.word = "fcos";
    assert_null(as_head_new(&b.io, NULL, &e));
    bed_done(&b);
}

static void test_centernet(void **state)
{
    (void)state;
    bed b;
    bed_init(&b, 128, 64);
    const uint32_t columns = 32, rows = 16, cells = columns * rows, classes = 2;
    float         *heat = ADD(&b, "hm", 1, classes, rows, columns), *size = ADD(&b, "wh", 1, 2, rows, columns),
          *shift = ADD(&b, "reg", 1, 2, rows, columns);
    for (uint32_t i = 0; i < classes * cells; i++)
        heat[i] = NORMAL(&b, -1, 1.5);
    for (uint32_t i = 0; i < 2 * cells; i++) {
        size[i] = 1 + UNIT(&b) * 5;
        shift[i] = UNIT(&b);
    }
    for (uint32_t i = 0; i < classes * cells; i++) {
        int  x = (int)(i % columns), y = (int)(i % cells / columns);
        bool is_peak = true;
        for (int v = y - 1; v <= y + 1; v++)
            for (int u = x - 1; u <= x + 1; u++)
                if (u >= 0 && v >= 0 && u < (int)columns && v < (int)rows &&
                    heat[i / cells * cells + (uint32_t)v * columns + (uint32_t)u] > heat[i])
                    is_peak = false;
        uint32_t k = i % cells;
        if (is_peak)
            bed_want_middle(&b, (x + (double)shift[k]) * 4, (y + (double)shift[cells + k]) * 4, (double)size[k] * 4,
                            (double)size[cells + k] * 4, sigmoid((double)heat[i]), i / cells);
    }
    bed_open(&b);
    bed_check(&b, "centernet", 0.4);
    bed_done(&b);
}

static void test_ssd(void **state)
{
    (void)state;
    for (int of_caffe = 0; of_caffe < 2; of_caffe++) {
        bed b;
        bed_init(&b, 300, 200);
        const uint32_t n = 150, classes = 4;
        float         *loc = ADD(&b, "loc", 1, n, 4), *conf = ADD(&b, "conf", 1, n, classes);
        float         *prior = of_caffe ? ADD(&b, "prior", 1, 2, 4 * n) : ADD(&b, "prior", n, 4);
        for (uint32_t i = 0; i < n; i++) {
            double c[4] = {(double)UNIT(&b), (double)UNIT(&b), 0.1 + 0.2 * (double)UNIT(&b),
                           0.1 + 0.2 * (double)UNIT(&b)};
            double v[4] = {0.1, 0.1, 0.2, 0.2}, sum = 0;
            for (uint32_t k = 0; k < 4; k++) {
                loc[4 * i + k] = NORMAL(&b, 0, 1);
                prior[4 * i + k] = (float)(!of_caffe ? c[k] : k < 2 ? c[k] - c[k + 2] / 2 : c[k - 2] + c[k] / 2);
                v[k] = of_caffe ? 0.1 + 0.05 * k : v[k];
                if (of_caffe)
                    prior[4 * n + 4 * i + k] = (float)v[k];
                conf[classes * i + k] = NORMAL(&b, 0, 2);
                sum += exp((double)conf[classes * i + k]);
            }
            const float *t = loc + 4 * i;
            uint32_t class = best_of(conf + classes * i + 1, classes - 1, 1);
            bed_want_middle(&b, (c[0] + (double)t[0] * v[0] * c[2]) * 300, (c[1] + (double)t[1] * v[1] * c[3]) * 200,
                            c[2] * exp((double)t[2] * v[2]) * 300, c[3] * exp((double)t[3] * v[3]) * 200,
                            exp((double)conf[classes * i + 1 + class]) / sum, class);
        }
        bed_open(&b);
        assert_int_equal(as_head_n_classes(b.head), 3);
        bed_check(&b, "ssd", 0.3);
        bed_done(&b);
    }
}

static void test_final_ones(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        static const char *const names[] = {"end2end", "detection-output", "lists", "lists"};
        bed                      b;
        bed_init(&b, 320, 160);
        uint32_t n = 50;
        float   *p = which == 0   ? ADD(&b, "out", 1, n, 6)
                     : which == 1 ? ADD(&b, "out", 1, 1, n, 7)
                                  : ADD(&b, "boxes", n, which == 2 ? 5 : 4);
        int64_t *classes = which > 1 ? bed_add(&b, "labels", AS_DTYPE_I64, DIMS(n)) : NULL;
        float   *scores = which == 3 ? ADD(&b, "scores", n) : NULL;
        for (uint32_t i = 0; i < n; i++) {
            double x = (double)UNIT(&b) / 2, y = (double)UNIT(&b) / 2, w = 0.1 + (double)UNIT(&b) / 3;
            float  score = UNIT(&b);
            uint32_t class = (uint32_t)as_rng_below(&b.rng, 5);
            float  ratios[] = {(float)x, (float)y, (float)(x + w), (float)(y + w)};
            double pixels[] = {x * 320, y * 160, (x + w) * 320, (y + w) * 160};
            for (uint32_t k = 0; k < 4; k++)
                p[which == 0   ? 6 * i + k
                  : which == 1 ? 7 * i + 3 + k
                  : which == 2 ? 5 * i + k
                               : 4 * i + k] = which % 2 ? ratios[k] : (float)pixels[k];
            if (which == 0)
                p[6 * i + 4] = score, p[6 * i + 5] = (float)class;
            if (which == 1)
                p[7 * i] = i < 40 ? 0 : -1, p[7 * i + 1] = (float)class, p[7 * i + 2] = score;
            if (which == 2)
                p[5 * i + 4] = score;
            if (classes)
                classes[i] = class;
            if (scores)
                scores[i] = score;
            if (which != 1 || i < 40)
                bed_want(&b, pixels[0], pixels[1], pixels[2], pixels[3], (double)score, class);
        }
        b.io.n_labels = 5;
        bed_open(&b);
        bed_check(&b, names[which], 0.5);
        const as_box *have;
        size_t        n_have;
        as_err        err = AS_ERR_NONE;
        assert_true(as_head_run(b.head, b.tensors, &have, &n_have, &err));
        for (size_t i = 1; i < n_have; i++)
            assert_true(have[i - 1].score >= have[i].score);
        if (which == 0) {
            p[4] = 0.9f;
            p[5] = 5;
            assert_false(as_head_run(b.head, b.tensors, &have, &n_have, &err));
            assert_non_null(strstr(err.text, "class 5, where there are 5"));
        }
        bed_done(&b);
    }
}

/* Rows that are counted at each run: as many as the run has, never more than there is room for. */
static void test_final_ones_are_counted(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        static const char *const names[] = {"end2end", "lists", "lists"};
        bed                      b;
        as_err                   err = AS_ERR_NONE;
        const as_box            *have;
        size_t                   n;
        const int64_t            most = 8;
        bed_init(&b, 320, 160);
        float *p = which == 0 ? ADD(&b, "out", 1, most, 6) : ADD(&b, "boxes", most, which == 1 ? 5 : 4);
        if (which)
            bed_add(&b, "labels", AS_DTYPE_I64, DIMS(most));
        float *scores = which == 2 ? ADD(&b, "scores", most) : NULL;
        int    axis = which == 0 ? 1 : 0, step = which == 0 ? 6 : (which == 1 ? 5 : 4);
        for (int i = 0; i < most; i++) {
            p[step * i] = p[step * i + 1] = (float)(10 * i);
            p[step * i + 2] = p[step * i + 3] = (float)(10 * i + 8);
            *(scores ? &scores[i] : &p[step * i + 4]) = 0.75f;
        }
        for (int open = 0; open < 2; open++) {
            b.io.word = names[which];
            for (size_t i = 0; open && i < b.io.n_outputs; i++)
                b.ports[i].shape.dims[i ? 0 : axis] = -1;
            bed_open(&b);
            for (int64_t rows = most; rows >= 0; rows -= 4) {
                for (size_t i = 0; i < b.io.n_outputs; i++)
                    b.tensors[i].shape.dims[i ? 0 : axis] = rows;
                assert_true(as_head_candidates(b.head, b.tensors, 0.5f, &have, &n, &err));
                assert_int_equal(n, rows);
            }
            b.tensors[0].shape.dims[axis] = open ? 100001 : most + 1;
            assert_false(as_head_candidates(b.head, b.tensors, 0.5f, &have, &n, &err));
            assert_int_equal(err.code, AS_ELIMIT);
            b.tensors[0].shape.dims[axis] = 4; /* and of the others none */
            if (which) {
                assert_false(as_head_candidates(b.head, b.tensors, 0.5f, &have, &n, &err));
                assert_non_null(strstr(err.text, "4 boxes, 0 classes"));
            }
            b.tensors[0].shape.dims[b.tensors[0].shape.rank - 1] = 3;
            assert_false(as_head_candidates(b.head, b.tensors, 0.5f, &have, &n, &err));
            assert_int_equal(err.code, AS_ECORRUPT);
            b.tensors[0].shape.dims[b.tensors[0].shape.rank - 1] = step;
            b.head = as_head_free(b.head);
        }
        bed_done(&b);
    }
}

static void test_classes(void **state)
{
    (void)state;
    bed           b;
    as_err        err = AS_ERR_NONE;
    const as_box *have;
    size_t        n;
    bed_init(&b, 32, 32);
    float       *p = ADD(&b, "logits", 1, 4);
    const float  logits[] = {1, 3, -2, 0}, sure[] = {0.25f, 0.5f, 0.125f, 0.125f};
    const double sum = exp(1) + exp(3) + exp(-2) + 1;
    memcpy(p, logits, sizeof logits);
    bed_open(&b);
    assert_true(as_head_run(b.head, b.tensors, &have, &n, &err));
    assert_int_equal(n, 4);
    assert_true(have[0].class == 1 && have[1].class == 0 && have[2].class == 3 && have[3].class == 2);
    assert_true(fabs((double)have[0].score - exp(3) / sum) < 1e-6);
    memcpy(p, sure, sizeof sure);
    assert_true(as_head_run(b.head, b.tensors, &have, &n, &err));
    assert_true(have[0].score == 0.5f && have[2].class == 2);
    p[2] = -INFINITY;
    assert_false(as_head_run(b.head, b.tensors, &have, &n, &err));
    bed_done(&b);
}

/* Prototypes of which the first is a ramp from left to right: the mask is what lies right of where it is 0. */
static void test_masks(void **state)
{
    (void)state;
    for (int is_v5 = 0; is_v5 < 2; is_v5++) {
        bed b;
        bed_init(&b, 64, 64);
        const uint32_t n = is_v5 ? 84 * 3 : 84, coeffs = 4, classes = 2, row = (is_v5 ? 5 : 4) + classes + coeffs;
        float         *p = is_v5 ? ADD(&b, "output0", 1, n, row) : ADD(&b, "output0", 1, row, n);
        float         *proto = ADD(&b, "output1", 1, coeffs, 16, 16);
        for (uint32_t i = 0; i < 16 * 16; i++)
            proto[i] = (float)(i % 16) - 7.5f;
        float place[] = {32, 32, 40, 24, 0.9f, 0, 0, 0, 0, 0, 0};
        if (is_v5)
            place[5] = 1, place[7] = 1;
        else
            place[6] = 1; /* the first coefficient */
        for (uint32_t k = 0; k < row; k++)
            p[is_v5 ? 10 * row + k : k * n + 10] = place[k];
        bed_open(&b);
        assert_string_equal(as_head_kind_of(b.head)->name, is_v5 ? "yolov5-seg" : "yolov8-seg");
        const as_box *have;
        size_t        n_have;
        as_err        err = AS_ERR_NONE;
        assert_true(as_head_run(b.head, b.tensors, &have, &n_have, &err));
        assert_int_equal(n_have, 1);

        /* The picture is twice as large as the input, and was letterboxed: 128 x 96 with 8 rows above. */
        const as_input_spec input = {.width = 64, .height = 64, .resize = AS_RESIZE_LETTERBOX};
        as_mapping          map = map_of(&input, 128, 96);
        as_box              box = have[0];
        as_head_map_box(&map, &box);
        assert_true(box.x0 == 24 && box.x1 == 104 && box.y0 == 24 && box.y1 == 72);
        uint8_t mask[48 * 80];
        memset(mask, 7, sizeof mask);
        as_head_mask(b.head, b.tensors, &box, &map, mask, 80);
        /* Number u of the map has its middle at 8 u + 4 of the picture: 7.5 of the map is 64. */
        for (uint32_t y = 0; y < 48; y++)
            for (uint32_t x = 0; x < 80; x++)
                assert_int_equal(mask[y * 80 + x], 24 + x + 0.5 > 64);
        bed_done(&b);
    }
}

static void test_areas(void **state)
{
    (void)state;
    static const char *const picture[] = {"..........", ".111...22.", ".1.1...22.", ".111......",
                                          "....1...2.", ".........2", "1.........", "33333....."};
    for (int which = 0; which < 3; which++) {
        bed           b;
        as_err        err = AS_ERR_NONE;
        const as_box *have;
        size_t        n, n_classes, n_pixels;
        bed_init(&b, 20, 16);
        b.cfg.area_min = 2;
        float   *scores = which == 0 ? ADD(&b, "scores", 1, 4, 8, 10) : which == 1 ? ADD(&b, "one", 1, 1, 8, 10) : NULL;
        int64_t *index = which == 2 ? bed_add(&b, "index", AS_DTYPE_I64, DIMS(1, 8, 10)) : NULL;
        for (uint32_t i = 0; i < 80; i++) {
            uint32_t class = picture[i / 10][i % 10] == '.' ? 0 : (uint32_t)(picture[i / 10][i % 10] - '0');
            for (uint32_t c = 0; which == 0 && c < 4; c++)
                scores[c * 80 + i] = c == class ? 2 : 0;
            if (which == 1)
                scores[i] = class == 1 ? 3 : -3;
            if (which == 2)
                index[i] = class;
        }
        b.io.n_labels = which == 2 ? 4 : 0;
        bed_open(&b);
        assert_string_equal(as_head_kind_of(b.head)->name, "areas");
        assert_true(as_head_run(b.head, b.tensors, &have, &n, &err));
        const uint32_t *areas = as_head_areas(b.head, &n_classes, &n_pixels);
        assert_int_equal(n_pixels, 80);
        if (which == 1) {
            assert_int_equal(n, 1); /* the ring with what hangs on its corner; the single pixel is too small */
            assert_int_equal(areas[0], 10);
            assert_true(have[0].class == 0 && fabs((double)have[0].score - sigmoid(3)) < 1e-6);
            bed_done(&b);
            continue;
        }
        assert_int_equal(n, 4);
        assert_true(areas[0] == 80 - 10 - 6 - 5 && areas[1] == 10 && areas[2] == 6 && areas[3] == 5);
        const as_box *ring = NULL;
        for (size_t i = 0; i < n; i++) {
            if (have[i].class == 1)
                ring = &have[i];
            if (which == 0)
                assert_true(fabs((double)have[i].score - exp(2) / (exp(2) + 3)) < 1e-6);
        }
        assert_non_null(ring);
        assert_true(ring->x0 == 2 && ring->y0 == 2 && ring->x1 == 10 && ring->y1 == 10);
        const as_input_spec input = {.width = 20, .height = 16, .resize = AS_RESIZE_STANDARD};
        as_mapping          map = map_of(&input, 20, 16);
        uint8_t             mask[64];
        uint32_t            inside = 0;
        as_head_mask(b.head, b.tensors, ring, &map, mask, 8);
        for (size_t i = 0; i < 64; i++)
            inside += mask[i];
        assert_int_equal(inside, 9 * 4);
        assert_int_equal(mask[0], 1);
        assert_int_equal(mask[2 * 8 + 2], 0); /* the hole */
        bed_done(&b);
    }
}

static void test_back_to_the_picture(void **state)
{
    (void)state;
    as_input_spec input = {.width = 200, .height = 100, .resize = AS_RESIZE_STANDARD};
    as_mapping    map = map_of(&input, 400, 50);
    as_box        box = {-5, 50, 100, 120, 1, 0, 0};
    as_head_map_box(&map, &box);
    assert_true(box.x0 == 0 && box.y0 == 25 && box.x1 == 200 && box.y1 == 50);
    input.resize = AS_RESIZE_LETTERBOX; /* 100 x 100 in the middle */
    map = map_of(&input, 300, 300);
    box = (as_box){50, 0, 100, 100, 1, 0, 0};
    as_head_map_box(&map, &box);
    assert_true(box.x0 == 0 && box.y0 == 0 && box.x1 == 150 && box.y1 == 300);
    input.resize = AS_RESIZE_CROP; /* rows 75 to 225 */
    map = map_of(&input, 300, 300);
    box = (as_box){0, 0, 200, 100, 1, 0, 0};
    as_head_map_box(&map, &box);
    assert_true(box.x0 == 0 && box.y0 == 75 && box.x1 == 300 && box.y1 == 225);
}

/* What is said is what counts; what does not fit it is named. */
static void test_choosing(void **state)
{
    (void)state;
    bed    b;
    as_err err = AS_ERR_NONE;
    bed_init(&b, 64, 64);
    ADD(&b, "left", 1, 17, 9);
    assert_null(as_head_new(&b.io, NULL, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "'left' f32 1x17x9 with an input of 64x64"));
    assert_non_null(strstr(err.text, "--head"));
    b.io.word = "YOLO v8";
    assert_null(as_head_new(&b.io, NULL, &err));
    assert_non_null(strstr(err.text, "[1, 4 + classes, places]"));
    assert_non_null(strstr(err.text, "'left' f32 1x17x9"));
    b.io.word = "ctpn";
    assert_null(as_head_new(&b.io, NULL, &err));
    assert_non_null(strstr(err.text, "no head 'ctpn' (there are yunet, classes"));
    bed_done(&b);

    bed_init(&b, 64, 64); /* the labels disagree */
    ADD(&b, "out", 1, 10, 84);
    b.io.n_labels = 7;
    assert_null(as_head_new(&b.io, NULL, &err));
    b.io.n_labels = 6;
    bed_open(&b);
    assert_string_equal(as_head_kind_of(b.head)->name, "yolov8");
    bed_done(&b);

    bed_init(&b, 64, 64); /* more than may be */
    ADD(&b, "out", 1, 2, AS_HEAD_MAX_CLASSES);
    b.ports[0].shape = (as_shape){2, {1, (int64_t)1 << 40}};
    assert_null(as_head_new(&b.io, NULL, &err));
    b.ports[0].shape = (as_shape){4, {1, 30000, 30000, 30000}};
    assert_null(as_head_new(&b.io, NULL, &err));
    bed_done(&b);
}

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; as_head_kind_at(i); i++) {
        const as_head_kind *kind = as_head_kind_at(i);
        assert_true(kind->name && *kind->name && kind->summary && *kind->summary && kind->shapes && kind->words);
        assert_true(kind->gives != AS_HEAD_NONE && kind->fits && kind->decode && kind->input);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(kind->name, as_head_kind_at(k)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yolov8),
        cmocka_unit_test(test_yolov8_turned),
        cmocka_unit_test(test_yolov5_and_yolox),
        cmocka_unit_test(test_raw_maps),
        cmocka_unit_test(test_nanodet),
        cmocka_unit_test(test_fcos),
        cmocka_unit_test(test_two_maps_of_one_size_are_no_levels),
        cmocka_unit_test(test_centernet),
        cmocka_unit_test(test_ssd),
        cmocka_unit_test(test_final_ones),
        cmocka_unit_test(test_final_ones_are_counted),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_back_to_the_picture),
        cmocka_unit_test(test_choosing),
        cmocka_unit_test(test_rows_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
