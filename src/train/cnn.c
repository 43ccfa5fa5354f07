/* SPDX-License-Identifier: Apache-2.0 */
#include "train/cnn.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "train/augment.h"
#include "train/optimiser.h"
#include "train/team.h"

#define CNN_MAX_SIDE      1024u
#define CNN_MAX_CLASSES   1000u
#define CNN_AVERAGE_SHARE 0.05 /* how far back the averaged weights reach, of all steps */
#define CNN_VAL_BATCH     8u

/* Streams of random numbers of one seed: 1 is the network's. */
enum { STREAM_ORDER = 2, STREAM_PICTURE = 3 };

typedef struct trainer {
    const as_cnn_cfg  *cfg;
    const as_cnn_data *train, *val;
    as_input_spec      spec;
    as_team           *team;
    as_net            *net; /* the team's */
    as_optimiser       optimiser;
    float             *weights;                  /* of the classes */
    uint32_t          *order, *batch_labels;     /* n, batch */
    float             *mean_params, *mean_stats; /* averages of the path */
    float             *best_params, *best_stats;
    float             *val_output; /* probabilities of the validation pictures */
    uint64_t           step, n_steps;
    size_t             n_batches;
    uint32_t           epoch;
    double             learning_rate, val_accuracy; /* the latest */
} trainer;

as_cnn_cfg as_cnn_cfg_default(uint32_t n_classes, size_t n_train)
{
    /* some 1,800 steps, but no picture too often or too seldom */
    const double epochs = n_train ? 28000.0 / (double)n_train : 45.0;
    return (as_cnn_cfg){
        .seed = 1,
        .width = 128,
        .height = 128,
        .channels = 3,
        .n_classes = n_classes,
        .epochs = (uint32_t)AS_MIN(AS_MAX(epochs, 12.0), 45.0),
        .batch = 16,
        .threads = 1,
        .learning_rate = 1e-2,
        .weight_decay = 0.05,
        .label_smoothing = 0.1,
        .width_factor = 1.0,
        .flip_x = 0.5,
        .flip_y = 0.0,
        .shift_ratio = 0.06,
        .scale_ratio = 0.1,
        .rotate_deg = 8.0,
        .brightness = 0.1,
        .contrast = 0.2,
        .noise = 0.02,
    };
}

/* --- checks and statistics ---------------------------------------------------------------------------------------- */

static bool cnn_check(const as_cnn_cfg *c, as_err *err)
{
    if (c->width == 0 || c->height == 0 || c->width % 16 != 0 || c->height % 16 != 0)
        return AS_FAIL(err, AS_EINVAL, "an input of %ux%u: both must be multiples of 16", c->width, c->height);
    if (c->width > CNN_MAX_SIDE || c->height > CNN_MAX_SIDE)
        return AS_FAIL(err, AS_ELIMIT, "an input of %ux%u: at most %u", c->width, c->height, CNN_MAX_SIDE);
    if (c->channels != 1 && c->channels != 3)
        return AS_FAIL(err, AS_EINVAL, "an input of %u channels: only 1 or 3", c->channels);
    if (c->n_classes < 2 || c->n_classes > CNN_MAX_CLASSES)
        return AS_FAIL(err, AS_EINVAL, "%u classes: 2 to %u", c->n_classes, CNN_MAX_CLASSES);
    if (c->batch > 512 || c->epochs > 10000)
        return AS_FAIL(err, AS_ELIMIT, "batch %u and %u epochs: at most 512 and 10000", c->batch, c->epochs);
    const double limits[] = {c->learning_rate, c->weight_decay, c->width_factor, c->shift_ratio, c->scale_ratio,
                             c->rotate_deg,    c->brightness,   c->contrast,     c->noise,       c->label_smoothing};
    for (size_t i = 0; i < AS_COUNT(limits); i++)
        if (!isfinite(limits[i]) || limits[i] < 0.0 || limits[i] > 360.0)
            return AS_FAIL(err, AS_EINVAL, "a training parameter is %g", limits[i]);
    if (c->width_factor > 8.0 || c->scale_ratio >= 1.0 || c->label_smoothing >= 1.0)
        return AS_FAIL(err, AS_EINVAL, "width factor, scale or label smoothing is too large");
    return true;
}

static bool cnn_check_labels(const as_cnn_cfg *cfg, const as_cnn_data *data, const char *what, as_err *err)
{
    for (size_t i = 0; i < data->n; i++)
        if (data->labels[i] >= cfg->n_classes)
            return AS_FAIL(err, AS_EINVAL, "picture %zu of the %s set has class %u of %u", i, what, data->labels[i],
                           cfg->n_classes);
    return true;
}

/* Inverse frequency, 1 on average over the pictures. */
static bool cnn_weigh(trainer *t, as_err *err)
{
    const uint32_t k = t->cfg->n_classes;
    for (size_t i = 0; i < t->train->n; i++)
        t->weights[t->train->labels[i]] += 1.0f;
    for (uint32_t c = 0; c < k; c++) {
        if (t->weights[c] < 1.0f)
            return AS_FAIL(err, AS_EINVAL, "class %u has no picture to train on", c);
        t->weights[c] = (float)((double)t->train->n / ((double)k * (double)t->weights[c]));
    }
    return true;
}

static void cnn_measure(trainer *t)
{
    const uint32_t n_channels = t->cfg->channels;
    const size_t   n = t->train->n * t->cfg->width * t->cfg->height;
    t->spec = (as_input_spec){.width = t->cfg->width,
                              .height = t->cfg->height,
                              .channels = n_channels,
                              .resize = AS_RESIZE_STANDARD,
                              .scale = {1.0f, 1.0f, 1.0f}};
    for (uint32_t c = 0; c < n_channels; c++) {
        uint64_t sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            const uint64_t v = t->train->pixels[i * n_channels + c];
            sum += v;
            squares += v * v;
        }
        const double mean = (double)sum / (double)n, variance = (double)squares / (double)n - mean * mean;
        t->spec.mean[c] = (float)mean;
        t->spec.scale[c] = (float)sqrt(AS_MAX(variance, 1.0));
    }
}

/* --- an epoch ----------------------------------------------------------------------------------------------------- */

static size_t cnn_position(const trainer *t, size_t i)
{
    return (t->step % t->n_batches) * t->cfg->batch + i;
}

static uint32_t cnn_index(const trainer *t, size_t i)
{
    return t->order[cnn_position(t, i) % t->train->n];
}

static void cnn_fill_one(void *ctx, size_t i, float *out)
{
    const trainer *t = ctx;
    const size_t   pixels = (size_t)t->cfg->width * t->cfg->height * t->cfg->channels;
    as_rng         rng = as_rng_stream(t->cfg->seed ^ ((uint64_t)STREAM_PICTURE << 56),
                                       (uint64_t)t->epoch * ((uint64_t)t->train->n + t->cfg->batch) + cnn_position(t, i));
    as_augment(t->cfg, &t->spec, &rng, t->train->pixels + cnn_index(t, i) * pixels, out);
}

static bool cnn_one_batch(trainer *t, as_epoch *e, as_err *err)
{
    const as_batch batch = {.labels = t->batch_labels,
                            .weights = t->weights,
                            .smoothing = t->cfg->label_smoothing,
                            .fill = cnn_fill_one,
                            .ctx = t};
    const double   reach = AS_MIN(CNN_AVERAGE_SHARE * (double)t->n_steps, (double)t->step);
    double         value;
    size_t         right;
    for (size_t i = 0; i < t->cfg->batch; i++)
        t->batch_labels[i] = t->train->labels[cnn_index(t, i)];
    if (!as_team_step(t->team, &batch, &value, &right, err))
        return false;
    if (!isfinite(value))
        return AS_FAIL(err, AS_EINVAL, "the loss is not finite at epoch %u (a lower learning rate may help)",
                       t->epoch + 1);
    t->learning_rate =
        as_schedule(t->cfg->learning_rate, t->step, t->n_steps, AS_MIN(t->n_steps / 10, 3 * t->n_batches));
    as_optimiser_step(&t->optimiser, as_net_params(t->net), as_team_grads(t->team), as_net_decays(t->net),
                      t->learning_rate);
    as_average(t->mean_params, as_net_params(t->net), as_net_n_params(t->net), 1.0 / (1.0 + reach));
    as_average(t->mean_stats, as_team_stats(t->team), as_net_n_stats(t->net), 1.0 / (1.0 + reach));
    e->train_loss += value;
    e->train_accuracy += (double)right;
    t->step++;
    return true;
}

static bool cnn_one_epoch(trainer *t, const as_progress *progress, as_epoch *e, as_err *err)
{
    as_rng rng = as_rng_stream(t->cfg->seed ^ ((uint64_t)STREAM_ORDER << 56), t->epoch);
    char   text[96];
    for (size_t i = 0; i < t->train->n; i++)
        t->order[i] = (uint32_t)i;
    as_rng_shuffle_u32(&rng, t->order, t->train->n);
    for (size_t b = 0; b < t->n_batches; b++) {
        if (!as_progress_go_on(progress, err) || !cnn_one_batch(t, e, err))
            return false;
        int n = snprintf(text, sizeof text, "epoch %u loss %.3f", t->epoch + 1, e->train_loss / (double)(b + 1));
        if (t->epoch > 0 && t->val->n > 0)
            snprintf(text + n, sizeof text - (size_t)n, ", validation %.1f %% right", 100.0 * t->val_accuracy);
        as_progress_step(progress, text, t->step, t->n_steps);
    }
    e->train_loss /= (double)t->n_batches;
    e->train_accuracy /= (double)(t->n_batches * t->cfg->batch);
    e->learning_rate = t->learning_rate;
    return true;
}

/* --- validation: the exported graph on the engine that will run it ---------------------------------------------------- */

typedef struct tally {
    size_t *right, *wrong, *missed; /* a class: found, wrongly named so, not found */
    double  loss;
} tally;

static void cnn_count(tally *c, const float *p, uint32_t n, uint32_t label)
{
    uint32_t best = 0;
    for (uint32_t o = 1; o < n; o++)
        if (p[o] > p[best])
            best = o;
    c->loss -= log(AS_MAX((double)p[label], 1e-12));
    if (best == label) {
        c->right[label]++;
    } else {
        c->wrong[best]++;
        c->missed[label]++;
    }
}

/* Classes that are not in the set do not count. */
static void cnn_summarise(const tally *c, uint32_t n_classes, size_t n, as_epoch *e)
{
    double   f1 = 0.0;
    size_t   right = 0;
    uint32_t present = 0;
    for (uint32_t k = 0; k < n_classes; k++) {
        right += c->right[k];
        if (c->right[k] + c->missed[k] == 0)
            continue;
        present++;
        f1 += 2.0 * (double)c->right[k] / (double)(2 * c->right[k] + c->wrong[k] + c->missed[k]);
    }
    e->val_loss = c->loss / (double)n;
    e->val_accuracy = (double)right / (double)n;
    e->val_macro_f1 = f1 / (double)AS_MAX(present, 1u);
}

/* Engines of one thread each, which take the chunks in turn: the probabilities do not depend on how many there are. */
typedef struct judge {
    trainer           *t;
    const as_progress *progress;
    size_t             n_chunks;
    atomic_size_t      next;
} judge;

static bool judge_chunk(const judge *j, as_engine *engine, float *input, size_t chunk, as_err *err)
{
    const trainer *t = j->t;
    const size_t   pixels = (size_t)t->cfg->width * t->cfg->height * t->cfg->channels;
    const size_t   from = chunk * CNN_VAL_BATCH, n = AS_MIN(t->val->n - from, (size_t)CNN_VAL_BATCH);
    float         *output = t->val_output + from * t->cfg->n_classes;
    as_tensor      in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, input);
    as_tensor      out = as_tensor_view(AS_DTYPE_F32, &as_engine_output(engine, 0)->shape, output);
    for (size_t i = 0; i < n; i++)
        as_augment_none(t->cfg, &t->spec, t->val->pixels + (from + i) * pixels, input + i * pixels);
    return as_progress_go_on(j->progress, err) && as_engine_run(engine, &in, &out, err);
}

static bool judge_work(void *ctx, size_t worker, as_err *err)
{
    judge              *j = ctx;
    const as_cnn_cfg   *c = j->t->cfg;
    const as_engine_cfg cfg = {.batch = CNN_VAL_BATCH, .threads = 1};
    (void)worker;
    if (atomic_load(&j->next) >= j->n_chunks) /* the others were faster */
        return true;
    float     *input = calloc((size_t)CNN_VAL_BATCH * c->width * c->height * c->channels, sizeof *input);
    bool       ok = input ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for validation");
    as_graph  *graph = ok ? as_net_graph(j->t->net, j->t->mean_params, j->t->mean_stats, err) : NULL;
    as_engine *engine = graph ? as_engine_new(graph, &cfg, err) : NULL;
    ok = engine != NULL;
    for (size_t i; ok && (i = atomic_fetch_add(&j->next, 1)) < j->n_chunks;)
        ok = judge_chunk(j, engine, input, i, err);
    as_engine_free(engine);
    as_graph_free(graph);
    free(input);
    return ok;
}

static bool cnn_judge(trainer *t, const as_progress *progress, as_err *err)
{
    judge j = {.t = t, .progress = progress, .n_chunks = (t->val->n + CNN_VAL_BATCH - 1) / CNN_VAL_BATCH};
    atomic_init(&j.next, 0);
    return as_thread_for(AS_MIN((size_t)t->cfg->threads, j.n_chunks), t->cfg->threads, judge_work, &j, err);
}

static bool cnn_validate(trainer *t, const as_progress *progress, as_epoch *e, as_err *err)
{
    const uint32_t n_classes = t->cfg->n_classes;
    size_t        *counts = calloc(3 * (size_t)n_classes, sizeof *counts);
    if (!counts)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for validation");
    tally c = {.right = counts, .wrong = counts + n_classes, .missed = counts + 2 * (size_t)n_classes};
    bool  ok = cnn_judge(t, progress, err);
    for (size_t i = 0; ok && i < t->val->n; i++)
        cnn_count(&c, t->val_output + i * n_classes, n_classes, t->val->labels[i]);
    if (ok)
        cnn_summarise(&c, n_classes, t->val->n, e);
    free(counts);
    return ok;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool cnn_is_better(const as_curve *curve)
{
    const as_epoch *now = &curve->at[curve->n - 1], *best = &curve->at[curve->best];
    if (now->val_macro_f1 < best->val_macro_f1 || now->val_macro_f1 > best->val_macro_f1)
        return now->val_macro_f1 > best->val_macro_f1;
    return now->val_loss <= best->val_loss;
}

static bool cnn_epochs(trainer *t, const as_progress *progress, as_curve *curve, as_err *err)
{
    for (t->epoch = 0; t->epoch < t->cfg->epochs; t->epoch++) {
        const as_ns begin = as_clock_mono();
        as_epoch   *e = &curve->at[curve->n];
        if (!cnn_one_epoch(t, progress, e, err) || (t->val->n > 0 && !cnn_validate(t, progress, e, err)))
            return false;
        t->val_accuracy = e->val_accuracy;
        e->seconds = (double)(as_clock_mono() - begin) / (double)AS_NS_PER_S;
        curve->n++;
        if (t->val->n > 0 && !cnn_is_better(curve))
            continue;
        curve->best = curve->n - 1;
        memcpy(t->best_params, t->mean_params, as_net_n_params(t->net) * sizeof(float));
        memcpy(t->best_stats, t->mean_stats, as_net_n_stats(t->net) * sizeof(float));
    }
    return true;
}

static bool trainer_init(trainer *t, as_err *err)
{
    const as_net_cfg cfg = {.seed = t->cfg->seed,
                            .width = t->cfg->width,
                            .height = t->cfg->height,
                            .channels = t->cfg->channels,
                            .n_classes = t->cfg->n_classes,
                            .batch = t->cfg->batch,
                            .width_factor = t->cfg->width_factor};
    t->n_batches = (t->train->n + t->cfg->batch - 1) / t->cfg->batch;
    t->n_steps = (uint64_t)t->n_batches * t->cfg->epochs;
    t->weights = calloc(t->cfg->n_classes, sizeof *t->weights);
    if (!t->weights)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for training");
    if (!cnn_weigh(t, err))
        return false;
    cnn_measure(t);
    t->team = as_team_new(&cfg, t->cfg->threads, err);
    t->net = t->team ? as_team_net(t->team) : NULL;
    if (!t->net || !as_optimiser_init(&t->optimiser, as_net_n_params(t->net), t->cfg->weight_decay, err))
        return false;
    const size_t n_params = as_net_n_params(t->net), n_stats = as_net_n_stats(t->net);
    const size_t n_chunks = (t->val->n + CNN_VAL_BATCH - 1) / CNN_VAL_BATCH;
    t->order = calloc(t->train->n, sizeof *t->order);
    t->batch_labels = calloc(t->cfg->batch, sizeof *t->batch_labels);
    t->mean_params = calloc(n_params, sizeof(float));
    t->mean_stats = calloc(n_stats, sizeof(float));
    t->best_params = calloc(n_params, sizeof(float));
    t->best_stats = calloc(n_stats, sizeof(float));
    t->val_output = calloc(AS_MAX(n_chunks, 1u) * CNN_VAL_BATCH * t->cfg->n_classes, sizeof(float));
    if (!t->order || !t->batch_labels || !t->mean_params || !t->mean_stats || !t->best_params || !t->best_stats ||
        !t->val_output)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for training");
    return true;
}

static void trainer_done(trainer *t)
{
    as_team_free(t->team);
    as_optimiser_done(&t->optimiser);
    free(t->weights);
    free(t->order);
    free(t->batch_labels);
    free(t->mean_params);
    free(t->mean_stats);
    free(t->best_params);
    free(t->best_stats);
    free(t->val_output);
}

bool as_cnn_train(const as_cnn_cfg *cfg, const as_cnn_data *train, const as_cnn_data *val, const as_progress *progress,
                  as_curve *ret_curve, as_input_spec *ret_input, as_graph **ret_graph, as_err *err)
{
    const as_cnn_cfg chosen = as_cnn_cfg_default(cfg->n_classes, train->n);
    as_cnn_cfg       c = *cfg;
    if (c.epochs == 0)
        c.epochs = chosen.epochs;
    if (c.batch == 0)
        c.batch = chosen.batch;
    if (c.threads == 0)
        c.threads = chosen.threads;
    if (!cnn_check(&c, err) || !cnn_check_labels(&c, train, "training", err) ||
        !cnn_check_labels(&c, val, "validation", err))
        return false;
    if (train->n == 0 || train->n > UINT32_MAX / 2)
        return AS_FAIL(err, AS_EINVAL, "%zu pictures to train on", train->n);
    trainer  t = {.cfg = &c, .train = train, .val = val};
    as_curve curve = {.at = calloc(c.epochs, sizeof *curve.at)};
    bool     ok = curve.at ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for training");
    ok = ok && trainer_init(&t, err) && cnn_epochs(&t, progress, &curve, err);
    as_graph *graph = ok ? as_net_graph(t.net, t.best_params, t.best_stats, err) : NULL;
    if (graph) {
        *ret_curve = curve;
        *ret_input = t.spec;
        *ret_graph = graph;
    } else {
        free(curve.at);
    }
    trainer_done(&t);
    return graph != NULL;
}
