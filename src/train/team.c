/* SPDX-License-Identifier: Apache-2.0 */
#include "train/team.h"

#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "train/optimiser.h"

#define TEAM_MOMENTUM 0.1 /* of the running statistics */

typedef struct slice {
    size_t first; /* picture of the batch */
    float *grads, *stats;
    double loss;
    size_t right;
    bool   ok;
    as_err err;
} slice;

typedef struct worker {
    as_team   *team;
    as_net    *net;
    as_thread *thread; /* none of the first one: it is the caller's */
    uint64_t   step;   /* whose learned numbers the net has */
} worker;

struct as_team {
    uint32_t        slice_size;
    size_t          n_slices, n_workers;
    slice          *slices;
    worker         *workers;
    as_queue       *todo, *done; /* of slices */
    const as_batch *batch;       /* of the step now, as the next two */
    double          total;
    uint64_t        step;
    float          *grads, *stats;
    const float   **parts; /* gradients of the slices */
};

/* --- one slice, on any thread ------------------------------------------------------------------------------------- */

static bool worker_step(worker *w, slice *s, as_err *err)
{
    const as_team    *team = w->team;
    const as_batch   *batch = team->batch;
    const as_net_cfg *cfg = as_net_get_cfg(w->net);
    const size_t      pixels = (size_t)cfg->channels * cfg->height * cfg->width;
    const as_loss     loss = {.labels = batch->labels + s->first,
                              .weights = batch->weights,
                              .smoothing = batch->smoothing,
                              .total = team->total};
    if (w->step != team->step && !as_net_refresh(w->net, err))
        return false;
    w->step = team->step;
    for (size_t i = 0; i < team->slice_size; i++)
        batch->fill(batch->ctx, s->first + i, as_net_input(w->net) + i * pixels);
    if (!as_net_step(w->net, &loss, &s->loss, &s->right, err))
        return false;
    memcpy(s->grads, as_net_grads(w->net), as_net_n_params(w->net) * sizeof(float));
    memcpy(s->stats, as_net_stats(w->net), as_net_n_stats(w->net) * sizeof(float));
    return true;
}

static void worker_take(worker *w, slice *s)
{
    s->err = (as_err)AS_ERR_NONE;
    s->ok = worker_step(w, s, &s->err);
}

static void worker_run(void *ctx)
{
    worker *w = ctx;
    slice  *s;
    while ((s = as_queue_pop(w->team->todo, INT64_MAX))) {
        worker_take(w, s);
        if (!as_queue_push(w->team->done, s, INT64_MAX))
            return;
    }
}

/* --- putting together --------------------------------------------------------------------------------------------- */

as_team *as_team_free(as_team *team)
{
    if (!team)
        return NULL;
    if (team->todo)
        as_queue_close(team->todo);
    for (size_t i = 0; team->workers && i < team->n_workers; i++)
        as_thread_join(team->workers[i].thread);
    for (size_t i = team->workers ? team->n_workers : 0; i-- > 0;) /* the first one owns the learned numbers */
        as_net_free(team->workers[i].net);
    for (size_t i = 0; team->slices && i < team->n_slices; i++) {
        free(team->slices[i].grads);
        free(team->slices[i].stats);
    }
    as_queue_free(team->todo);
    as_queue_free(team->done);
    free(team->workers);
    free(team->slices);
    free(team->parts);
    free(team->grads);
    free(team->stats);
    free(team);
    return NULL;
}

static bool team_make_nets(as_team *team, const as_net_cfg *cfg, as_err *err)
{
    as_net_cfg c = *cfg;
    c.batch = team->slice_size;
    for (size_t i = 0; i < team->n_workers; i++) {
        worker *w = &team->workers[i];
        w->team = team;
        w->net = as_net_new(&c, err);
        if (!w->net)
            return false;
        c.params = as_net_params(team->workers[0].net);
    }
    return true;
}

static bool team_make_room(as_team *team, as_err *err)
{
    const as_net *net = team->workers[0].net;
    const size_t  n_params = as_net_n_params(net), n_stats = as_net_n_stats(net);
    team->grads = calloc(n_params, sizeof(float));
    team->stats = calloc(n_stats, sizeof(float));
    team->parts = calloc(team->n_slices, sizeof *team->parts);
    bool ok = team->grads && team->stats && team->parts;
    for (size_t i = 0; ok && i < team->n_slices; i++) {
        slice *s = &team->slices[i];
        s->first = i * team->slice_size;
        s->grads = calloc(n_params, sizeof(float));
        s->stats = calloc(n_stats, sizeof(float));
        team->parts[i] = s->grads;
        ok = s->grads && s->stats;
    }
    for (size_t i = 0; ok && i < as_net_n_units(net); i++) {
        const as_unit *u = as_net_unit(net, i);
        for (size_t c = 0; !u->pool && c < u->c_out; c++)
            team->stats[u->variance + c] = 1.0f;
    }
    return ok ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for the gradients of %zu slices", team->n_slices);
}

static bool team_start(as_team *team, as_err *err)
{
    team->todo = as_queue_new(team->n_slices, err);
    team->done = team->todo ? as_queue_new(team->n_slices, err) : NULL;
    if (!team->done)
        return false;
    for (size_t i = 1; i < team->n_workers; i++) {
        team->workers[i].thread = as_thread_start("train", worker_run, &team->workers[i], NULL);
        if (!team->workers[i].thread) /* fewer threads are slower, not wrong */
            break;
    }
    return true;
}

as_team *as_team_new(const as_net_cfg *cfg, uint32_t threads, as_err *err)
{
    if (cfg->batch == 0 || (cfg->batch > AS_TEAM_SLICE && cfg->batch % AS_TEAM_SLICE != 0)) {
        AS_FAIL(err, AS_EINVAL, "a batch of %u: above %u it must be a multiple of %u", cfg->batch, AS_TEAM_SLICE,
                AS_TEAM_SLICE);
        return NULL;
    }
    as_team *team = calloc(1, sizeof *team);
    bool     ok = team != NULL;
    if (ok) {
        team->slice_size = AS_MIN(cfg->batch, AS_TEAM_SLICE);
        team->n_slices = cfg->batch / team->slice_size;
        team->n_workers = AS_MIN((size_t)AS_MAX(threads, 1u), team->n_slices);
        team->slices = calloc(team->n_slices, sizeof *team->slices);
        team->workers = calloc(team->n_workers, sizeof *team->workers);
        ok = team->slices && team->workers;
    }
    if (!ok) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for a team");
        return as_team_free(team);
    }
    if (!team_make_nets(team, cfg, err) || !team_make_room(team, err) || !team_start(team, err))
        return as_team_free(team);
    return team;
}

as_net *as_team_net(as_team *team)
{
    return team->workers[0].net;
}

const float *as_team_grads(const as_team *team)
{
    return team->grads;
}

const float *as_team_stats(const as_team *team)
{
    return team->stats;
}

/* --- a step ------------------------------------------------------------------------------------------------------- */

/* One channel: mean and unbiased variance over all slices, from theirs. */
static void team_move_channel(as_team *team, size_t mean_at, size_t variance_at, size_t n_values)
{
    const double n_slices = (double)team->n_slices, n = n_slices * (double)n_values;
    double       mean = 0.0, variance = 0.0;
    for (size_t i = 0; i < team->n_slices; i++)
        mean += (double)team->slices[i].stats[mean_at] / n_slices;
    for (size_t i = 0; i < team->n_slices; i++) {
        const double off = (double)team->slices[i].stats[mean_at] - mean;
        variance += ((double)team->slices[i].stats[variance_at] + off * off) / n_slices;
    }
    if (n > 1.0)
        variance *= n / (n - 1.0);
    team->stats[mean_at] += (float)(TEAM_MOMENTUM * (mean - (double)team->stats[mean_at]));
    team->stats[variance_at] += (float)(TEAM_MOMENTUM * (variance - (double)team->stats[variance_at]));
}

static void team_move_stats(as_team *team)
{
    const as_net *net = team->workers[0].net;
    for (size_t i = 0; i < as_net_n_units(net); i++) {
        const as_unit *u = as_net_unit(net, i);
        for (size_t c = 0; !u->pool && c < u->c_out; c++)
            team_move_channel(team, u->mean + c, u->variance + c, u->n_values);
    }
}

static bool team_run(as_team *team, as_err *err)
{
    slice *s;
    size_t n_pushed = 0, n_done = 0;
    while (n_pushed < team->n_slices && as_queue_push(team->todo, &team->slices[n_pushed], 0))
        n_pushed++;
    while ((s = as_queue_pop(team->todo, 0))) {
        worker_take(&team->workers[0], s);
        n_done++;
    }
    while (n_done < n_pushed && as_queue_pop(team->done, INT64_MAX))
        n_done++;
    return n_done == team->n_slices ? true : AS_FAIL(err, AS_EINTERNAL, "a slice of a batch was not done");
}

bool as_team_step(as_team *team, const as_batch *batch, double *ret_loss, size_t *ret_right, as_err *err)
{
    const size_t n_pictures = team->n_slices * team->slice_size;
    double       loss = 0.0;
    size_t       right = 0;
    team->batch = batch;
    team->step++;
    team->total = 0.0;
    for (size_t i = 0; i < n_pictures; i++)
        team->total += (double)batch->weights[batch->labels[i]];
    if (!team_run(team, err))
        return false;
    for (size_t i = 0; i < team->n_slices; i++) {
        const slice *s = &team->slices[i];
        if (!s->ok) {
            if (err)
                *err = s->err;
            return false;
        }
        loss += s->loss;
        right += s->right;
    }
    as_sum(team->grads, team->parts, team->n_slices, as_net_n_params(team->workers[0].net));
    team_move_stats(team);
    *ret_loss = loss;
    *ret_right = right;
    return true;
}
