/* SPDX-License-Identifier: Apache-2.0 */
/* Golden pictures and their tolerances from good parts: laid over the first picture of their kind, then over their mean.
 * Sums are of whole numbers, so that their order changes nothing. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "lab/golden.h"
#include "lab/golden_priv.h"
#include "lab/lanes.h"

#define LEARN_ROUNDS 3     /* mean of the parts, twice; then the tolerances */
#define LEARN_UNIT   65536 /* sums are of so many parts of white */
#define LEARN_FLOOR  0.006 /* of white: no tolerance is less */
#define LEARN_PRIOR  4.0   /* pictures that the usual tolerance of a scale counts as */

typedef struct golden_learn_sums {
    int64_t *sum, *square; /* n x seen: of the difference to the golden picture */
} golden_learn_sums;

typedef struct golden_learn {
    const as_dataset    *dataset;
    const uint32_t      *good;
    const as_golden_cfg *cfg;
    as_golden           *golden;
    const as_progress   *progress;
    as_str               model;
    golden_learn_sums    sums;
    size_t               pixels; /* of all scales of one golden picture */
    pthread_mutex_t      lock;
} golden_learn;

/* --- memory --- */

void as_golden_done(as_golden *golden)
{
    for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
        free(golden->mean[s]);
        free(golden->sharp[s]);
    }
    for (size_t l = 0; l < AS_GOLDEN_LEVELS; l++) {
        free(golden->level[l]);
        free(golden->step[l]);
    }
    free(golden->kind);
    free(golden->low);
    *golden = (as_golden){0};
}

static bool golden_learn_floats(float **ret, size_t n, as_err *err)
{
    *ret = calloc(n + 1, sizeof **ret);
    return *ret || AS_FAIL(err, AS_ENOMEM, "cannot hold golden pictures");
}

static bool golden_learn_room(golden_learn *l, as_err *err)
{
    as_golden *g = l->golden;
    size_t     pixels = (size_t)g->width * g->height;
    bool       ok = true;
    for (size_t s = 0; ok && s < AS_GOLDEN_SCALES; s++) {
        size_t each = 3 * as_golden_scale_width(g, s) * as_golden_scale_height(g, s);
        l->pixels += each;
        ok = golden_learn_floats(&g->mean[s], g->n * each, err) && golden_learn_floats(&g->sharp[s], g->n * each, err);
    }
    for (size_t v = 0; ok && v < AS_GOLDEN_LEVELS; v++) {
        size_t each = pixels >> (2 * as_golden_level_shift(v));
        ok = golden_learn_floats(&g->level[v], g->n * each, err) &&
             golden_learn_floats(&g->step[v], g->n * each * AS_GOLDEN_MOVES, err);
    }
    ok = ok && golden_learn_floats(&g->kind, g->n * 3 * pixels / 64, err) &&
         golden_learn_floats(&g->low, g->n * 3 * pixels / 256, err);
    l->sums.sum = ok ? calloc(g->n * l->pixels + 1, sizeof *l->sums.sum) : NULL;
    l->sums.square = ok ? calloc(g->n * l->pixels + 1, sizeof *l->sums.square) : NULL;
    return !ok || (l->sums.sum && l->sums.square) ? ok : AS_FAIL(err, AS_ENOMEM, "cannot hold golden pictures");
}

/* --- the first picture of a kind --- */

/* Half the size: means of three by three, as the graph has them, and black around the picture. */
static void golden_learn_half(const float *in, size_t h, size_t w, float *out)
{
    for (size_t y = 0; y < h / 2; y++)
        for (size_t x = 0; x < w / 2; x++) {
            float sum = 0;
            for (size_t j = 2 * y - (y > 0); j <= 2 * y + 1; j++)
                for (size_t i = 2 * x - (x > 0); i <= 2 * x + 1; i++)
                    sum += in[j * w + i];
            out[y * (w / 2) + x] = sum / 9;
        }
}

static bool golden_learn_first(golden_learn *l, uint32_t index, uint32_t k, as_err *err)
{
    as_golden  *g = l->golden;
    size_t      n = (size_t)g->width * g->height;
    as_image    image = {0};
    as_prepare *prepare = as_prepare_new(&l->cfg->input, err);
    float      *input = malloc(3 * n * sizeof *input);
    bool        ok = prepare && (input || AS_FAIL(err, AS_ENOMEM, "cannot hold a picture"));
    ok = ok && as_dataset_decode(l->dataset, index, &image, err) && as_prepare_run(prepare, &image, input, err);
    for (size_t c = 0; ok && c < 3; c++)
        golden_learn_half(input + c * n, g->height, g->width, g->mean[0] + (k * 3 + c) * n / 4);
    as_image_done(&image);
    as_prepare_free(prepare);
    free(input);
    return ok;
}

/* --- one round --- */

typedef struct golden_learn_lane {
    as_session *session;
    as_prepare *prepare;
    as_tensor   input, output;
} golden_learn_lane;

static void golden_learn_close(void *ctx, void *tools)
{
    (void)ctx;
    golden_learn_lane *lane = tools;
    if (!lane)
        return;
    as_session_close(lane->session);
    as_prepare_free(lane->prepare);
    as_tensor_done(&lane->input);
    as_tensor_done(&lane->output);
    free(lane);
}

static void *golden_learn_open(void *ctx, as_err *err)
{
    golden_learn        *l = ctx;
    golden_learn_lane   *lane = calloc(1, sizeof *lane);
    const as_session_cfg cfg = {.threads = 1, .batch = 1};
    if (!lane) {
        AS_FAIL(err, AS_ENOMEM, "cannot hold a picture");
        return NULL;
    }
    lane->session = as_session_open((const uint8_t *)l->model.s, l->model.len, "golden", &cfg, err);
    if (lane->session && (lane->prepare = as_prepare_new(&l->cfg->input, err)) &&
        as_tensor_new(&lane->input, AS_DTYPE_F32, &as_session_input(lane->session, 0)->shape, err) &&
        as_tensor_new(&lane->output, AS_DTYPE_F32, &as_session_output(lane->session, 0)->shape, err))
        return lane;
    golden_learn_close(ctx, lane);
    return NULL;
}

/* Differences to the golden picture that was taken, into its sums. */
static void golden_learn_add(golden_learn *l, const float *seen)
{
    as_golden *g = l->golden;
    size_t     k = (size_t)seen[l->pixels], at = 0;
    int64_t   *sum = l->sums.sum + k * l->pixels, *square = l->sums.square + k * l->pixels;
    pthread_mutex_lock(&l->lock);
    g->members[k]++;
    for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
        size_t       each = 3 * as_golden_scale_width(g, s) * as_golden_scale_height(g, s);
        const float *mean = g->mean[s] + k * each;
        for (size_t i = 0; i < each; i++, at++) {
            int64_t off = (int64_t)lrintf(fmaxf(fminf((seen[at] - mean[i]), 8), -8) * LEARN_UNIT);
            sum[at] += off;
            square[at] += off * off;
        }
    }
    pthread_mutex_unlock(&l->lock);
}

static bool golden_learn_item(void *ctx, void *tools, size_t i, as_err *err)
{
    golden_learn      *l = ctx;
    golden_learn_lane *lane = tools;
    as_image           image = {0};
    bool               ok = as_dataset_decode(l->dataset, l->good[i], &image, err) &&
              as_prepare_run(lane->prepare, &image, lane->input.data, err) &&
              as_session_run(lane->session, &lane->input, &lane->output, err);
    as_image_done(&image);
    if (ok)
        golden_learn_add(l, lane->output.data);
    return ok;
}

static bool golden_learn_round(golden_learn *l, size_t n, const char *what, as_err *err)
{
    as_golden *g = l->golden;
    as_lanes   lanes = {.n = n,
                        .threads = l->cfg->threads ? l->cfg->threads : 2,
                        .what = what,
                        .ctx = l,
                        .open = golden_learn_open,
                        .item = golden_learn_item,
                        .close = golden_learn_close};
    as_str_clear(&l->model);
    memset(l->sums.sum, 0, g->n * l->pixels * sizeof *l->sums.sum);
    memset(l->sums.square, 0, g->n * l->pixels * sizeof *l->sums.square);
    memset(g->members, 0, sizeof g->members);
    as_graph *graph = as_golden_align(g, err) ? as_golden_graph(g, "seen", err) : NULL;
    bool      ok = graph && as_graph_write(graph, &l->model, err) && as_lanes_run(&lanes, l->progress, err);
    as_graph_free(graph);
    return ok;
}

/* --- what came of it --- */

static void golden_learn_mean(golden_learn *l)
{
    as_golden *g = l->golden;
    for (size_t k = 0; k < g->n; k++) {
        const int64_t *sum = l->sums.sum + k * l->pixels;
        for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
            size_t each = 3 * as_golden_scale_width(g, s) * as_golden_scale_height(g, s);
            for (size_t i = 0; i < each && g->members[k]; i++)
                g->mean[s][k * each + i] += (float)((double)sum[i] / ((double)g->members[k] * LEARN_UNIT));
            sum += each;
        }
    }
}

/* Variances of one golden picture at one scale, of sums that are taken about their mean. */
static void golden_learn_variance(const int64_t *sum, const int64_t *square, size_t n, size_t members, float *ret)
{
    double count = (double)AS_MAX(members, (size_t)2), usual = 0;
    for (size_t i = 0; i < n; i++) {
        double m = (double)sum[i] / count, var = ((double)square[i] - count * m * m) / (count - 1);
        ret[i] = (float)(fmax(var, 0) / LEARN_UNIT / LEARN_UNIT);
        usual += (double)ret[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        ret[i] =
            (float)((count * (double)ret[i] + LEARN_PRIOR * usual) / (count + LEARN_PRIOR) + LEARN_FLOOR * LEARN_FLOOR);
}

/* A part may be off by a pixel: the largest variance around counts. */
static void golden_learn_widen(const float *variance, size_t h, size_t w, float *ret)
{
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            float most = 0;
            for (size_t j = y - (y > 0); j <= y + (y + 1 < h); j++)
                for (size_t i = x - (x > 0); i <= x + (x + 1 < w); i++)
                    most = fmaxf(most, variance[j * w + i]);
            ret[y * w + x] = 1 / sqrtf(most);
        }
}

static bool golden_learn_tolerance(golden_learn *l, as_err *err)
{
    as_golden *g = l->golden;
    float     *variance = malloc((l->pixels + 1) * sizeof *variance);
    if (!variance)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold a golden picture");
    for (size_t k = 0; k < g->n; k++) {
        size_t at = k * l->pixels;
        for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
            size_t h = as_golden_scale_height(g, s), w = as_golden_scale_width(g, s), each = 3 * h * w;
            golden_learn_variance(l->sums.sum + at, l->sums.square + at, each, g->members[k], variance);
            for (size_t c = 0; c < 3; c++)
                golden_learn_widen(variance + c * h * w, h, w, g->sharp[s] + (k * 3 + c) * h * w);
            at += each;
        }
    }
    free(variance);
    return true;
}

/* A kind that few pictures are laid over has no tolerances of its own: without its golden picture they are of the others.
 * Returns whether there was one. */
static bool golden_learn_drop(golden_learn *l)
{
    as_golden *g = l->golden;
    uint32_t   least = 0;
    for (uint32_t k = 1; k < g->n; k++)
        least = g->members[k] < g->members[least] ? k : least;
    if (g->n == 1 || g->members[least] >= GOLDEN_KIND_LEAST)
        return false;
    for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
        size_t each = 3 * as_golden_scale_width(g, s) * as_golden_scale_height(g, s);
        float *at = g->mean[s] + least * each;
        memmove(at, at + each, (g->n - least - 1) * each * sizeof *at);
    }
    g->n--;
    return true;
}

static bool golden_learn_heads(golden_learn *l, size_t n, uint32_t heads[AS_GOLDEN_MAX], as_err *err)
{
    const as_golden_cfg *cfg = l->cfg;
    if (!cfg->n_heads)
        return as_golden_group(l->dataset, l->good, n, l->progress, heads, &l->golden->n, err);
    l->golden->n = AS_MIN(cfg->n_heads, (uint32_t)AS_GOLDEN_MAX);
    memcpy(heads, cfg->heads, sizeof cfg->heads);
    return true;
}

static bool golden_learn_run(golden_learn *l, size_t n, as_err *err)
{
    static const char *const what[LEARN_ROUNDS] = {"laying good parts over one", "laying good parts over their mean",
                                                   "learning what good parts may differ in"};
    uint32_t                 heads[AS_GOLDEN_MAX] = {0};
    if (!golden_learn_heads(l, n, heads, err) || !golden_learn_room(l, err))
        return false;
    for (uint32_t k = 0; k < l->golden->n; k++)
        if (!golden_learn_first(l, heads[k], k, err))
            return false;
    for (int round = 0; round < LEARN_ROUNDS; round++) {
        do
            if (!golden_learn_round(l, n, what[round], err))
                return false;
        while (golden_learn_drop(l));
        golden_learn_mean(l);
    }
    return golden_learn_tolerance(l, err) && as_golden_align(l->golden, err);
}

bool as_golden_learn(const as_dataset *dataset, const uint32_t *good, size_t n, const as_golden_cfg *cfg,
                     const as_progress *progress, as_golden *ret, as_err *err)
{
    as_golden    golden = {.width = cfg->input.width, .height = cfg->input.height};
    golden_learn l = {.dataset = dataset, .good = good, .cfg = cfg, .golden = &golden, .progress = progress};
    as_str_init(&l.model);
    pthread_mutex_init(&l.lock, NULL);
    bool ok = golden_learn_run(&l, n, err);
    pthread_mutex_destroy(&l.lock);
    as_str_done(&l.model);
    free(l.sums.sum);
    free(l.sums.square);
    if (ok)
        *ret = golden;
    else
        as_golden_done(&golden);
    return ok;
}
