/* SPDX-License-Identifier: Apache-2.0 */
/* backend_auto.c: the other back end that is faster for this model on this machine, measured when it is first used here. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pairs.h"
#include "base/rng.h"
#include "infer/choice.h"
#include "infer/infer.h"
#include "infer/ort_api.h"

#define AUTO_PAIRS      6
#define AUTO_BLOCK_NS   (40 * AS_NS_PER_MS)
#define AUTO_WARM_NS    (60 * AS_NS_PER_MS)
#define AUTO_LONG_NS    (200 * AS_NS_PER_MS) /* a call that takes longer is made as few times as can be */
#define AUTO_LEAST      1.05 /* by so much another must be faster than the native engine, which is the same everywhere */
#define AUTO_MOST_APART 0.05 /* of the largest number: outputs that differ by more are no choice */

typedef struct auto_priv {
    as_session *session;
    as_choice   choice;
} auto_priv;

/* One measures, the others of this process wait and take the same. */
static pthread_mutex_t auto_lock = PTHREAD_MUTEX_INITIALIZER;
static char            auto_last_key[AS_CHOICE_KEY_BYTES];
static as_choice       auto_last; /* where there is no folder to remember in */

typedef struct auto_race {
    const uint8_t *model;
    size_t         n;
    const char    *name;
    as_session_cfg cfg;
    as_session    *sessions[2]; /* so far the best, and who runs against it */
    as_tensor     *inputs, *outputs[2];
    as_choice     *choice;
    as_err         first; /* why the first did not open */
} auto_race;

static as_session *auto_open_one(const auto_race *race, const char *backend, as_err *err)
{
    as_session_cfg cfg = race->cfg;
    cfg.backend = backend;
    cfg.bytes_in = false; /* all of them get the same inputs */
    cfg.spent = false;    /* and the same model */
    return as_session_open(race->model, race->n, race->name, &cfg, err);
}

static void auto_free_inputs(auto_race *race)
{
    for (size_t i = 0; race->inputs && i < as_session_n_inputs(race->sessions[0]); i++)
        as_tensor_done(&race->inputs[i]);
    free(race->inputs);
    free(race->outputs[0]);
    free(race->outputs[1]);
    race->inputs = race->outputs[0] = race->outputs[1] = NULL;
}

/* Any numbers: how long a network takes hardly depends on them. */
static bool auto_make_inputs(auto_race *race, as_err *err)
{
    const size_t n = as_session_n_inputs(race->sessions[0]);
    as_rng       rng = as_rng_new(1);
    race->inputs = calloc(n + 1, sizeof *race->inputs);
    for (int k = 0; k < 2; k++)
        race->outputs[k] = calloc(as_session_n_outputs(race->sessions[k]) + 1, sizeof(as_tensor));
    if (!race->inputs || !race->outputs[0] || !race->outputs[1])
        return AS_FAIL(err, AS_ENOMEM, "out of memory to compare back ends");
    for (size_t i = 0; i < n; i++) {
        const as_port *port = as_session_input(race->sessions[0], i);
        if (!as_tensor_new(&race->inputs[i], port->dtype, &port->shape, err))
            return false;
        for (size_t k = 0; port->dtype == AS_DTYPE_F32 && k < as_tensor_count(&race->inputs[i]); k++)
            ((float *)race->inputs[i].data)[k] = (float)as_rng_normal(&rng);
    }
    return true;
}

static bool auto_call(auto_race *race, int side, as_err *err)
{
    for (size_t i = 0; i < as_session_n_outputs(race->sessions[side]); i++)
        race->outputs[side][i].data = NULL;
    return as_session_run(race->sessions[side], race->inputs, race->outputs[side], err);
}

static bool auto_block(void *ctx, int side, size_t first, size_t n, double *ret_ns, as_err *err)
{
    auto_race *race = ctx;
    (void)first;
    for (size_t i = 0; i < n; i++) {
        const as_ns before = as_clock_mono();
        if (!auto_call(race, side, err))
            return false;
        ret_ns[i] = (double)(as_clock_mono() - before);
    }
    return true;
}

/* Over the largest number of each output. */
static double auto_apart(const auto_race *race)
{
    double worst = 0;
    for (size_t i = 0; i < as_session_n_outputs(race->sessions[0]); i++) {
        double       largest;
        const double apart = as_tensor_apart(&race->outputs[0][i], &race->outputs[1][i], &largest);
        worst = fmax(worst, apart / fmax(largest, 1e-30));
    }
    return worst;
}

static bool auto_measure(auto_race *race, double *ret_apart, as_pairs *ret, as_err *err)
{
    as_pairs_cfg cfg = {.n_sides = 2,
                        .pairs = AUTO_PAIRS,
                        .block_ns = AUTO_BLOCK_NS,
                        .warm_ns = AUTO_WARM_NS,
                        .least_calls = 1,
                        .now = as_clock_mono};
    const as_ns  start = as_clock_mono();
    if (!auto_make_inputs(race, err) || !auto_call(race, 0, err) || !auto_call(race, 1, err))
        return false;
    if (as_clock_mono() - start > 2 * AUTO_LONG_NS) {
        cfg.calls = 1;
        cfg.pairs = AUTO_PAIRS / 2;
    }
    *ret_apart = auto_apart(race);
    return as_pairs_run(&cfg, auto_block, race, ret, err);
}

/* The one that is opened now against the best so far. */
static void auto_against(auto_race *race, const char *backend)
{
    as_choice *choice = race->choice;
    as_err     err = AS_ERR_NONE;
    as_pairs   pairs;
    double     apart = 0;
    char       better[sizeof choice->backend];
    bool       ok = auto_measure(race, &apart, &pairs, &err);
    auto_free_inputs(race);
    if (!ok) {
        snprintf(choice->reason, sizeof choice->reason, "%s cannot be measured: %.250s", backend, err.text);
    } else if (apart > AUTO_MOST_APART) {
        snprintf(choice->reason, sizeof choice->reason, "outputs of %s differ from those of %s by %.2g of the largest",
                 backend, choice->backend, apart);
    } else {
        const bool wins = pairs.ratio.median < 1 / AUTO_LEAST;
        as_str_copy(better, sizeof better, wins ? backend : choice->backend);
        snprintf(choice->reason, sizeof choice->reason,
                 "%.3g ms against %.3g ms of %s: %.2f times as fast [%.2f %.2f] over %zu pairs%s",
                 pairs.ns[wins].median / 1e6, pairs.ns[!wins].median / 1e6, wins ? choice->backend : backend,
                 wins ? 1 / pairs.ratio.median : pairs.ratio.median, wins ? 1 / pairs.ratio.high : pairs.ratio.low,
                 wins ? 1 / pairs.ratio.low : pairs.ratio.high, pairs.n,
                 !wins && pairs.ratio.median < 1 ? ", which is no reason to leave the native engine" : "");
        if (wins) {
            as_session *slower = race->sessions[0];
            race->sessions[0] = race->sessions[1];
            race->sessions[1] = slower;
            as_str_copy(choice->backend, sizeof choice->backend, better);
        }
    }
    if (ok)
        as_pairs_done(&pairs);
    race->sessions[1] = as_session_close(race->sessions[1]);
}

static void auto_try(auto_race *race, const char *backend)
{
    as_choice  *choice = race->choice;
    as_err      why = AS_ERR_NONE;
    as_session *session = auto_open_one(race, backend, &why);
    if (!session && race->sessions[0] && !*choice->reason)
        snprintf(choice->reason, sizeof choice->reason, "%s: %.300s", backend, why.text);
    if (!session && !race->first.code)
        race->first = why;
    if (!session)
        return;
    if (race->sessions[0]) {
        race->sessions[1] = session;
        auto_against(race, backend);
        return;
    }
    race->sessions[0] = session;
    as_str_copy(choice->backend, sizeof choice->backend, backend);
    if (race->first.code)
        snprintf(choice->reason, sizeof choice->reason, "the native engine does not run it: %.300s", race->first.text);
}

/* The native engine, ONNX Runtime, and each accelerator that its library holds. */
static void auto_try_all(auto_race *race)
{
    const ort_api *api;
    auto_try(race, "native");
    auto_try(race, "ort");
    if (!as_ort_api_get(&api, NULL))
        return;
    for (size_t i = 0; as_provider_at(i); i++) {
        char name[64];
        bool is_here = false;
        snprintf(name, sizeof name, "ort:%s", as_provider_at(i)->name);
        if (as_provider_at(i)->races && as_provider_is_here(api, as_provider_at(i), &is_here, NULL) && is_here)
            auto_try(race, name);
    }
}

static bool auto_find(auto_race *race, auto_priv *priv, const char *key, as_err *err)
{
    const bool is_last = strcmp(auto_last_key, key) == 0;
    if (is_last || as_choice_load(key, &priv->choice, NULL)) {
        if (is_last)
            priv->choice = auto_last;
        priv->session = auto_open_one(race, priv->choice.backend, NULL);
        if (priv->session)
            return true;
    }
    priv->choice = (as_choice){.when_utc = as_clock_utc()};
    auto_try_all(race);
    priv->session = race->sessions[0];
    if (!priv->session)
        return as_err_set(err, race->first.code, "%s", race->first.text);
    as_err unkept; /* where nothing can be kept another process measures again */
    as_str_copy(auto_last_key, sizeof auto_last_key, key);
    auto_last = priv->choice;
    return as_choice_save(key, &priv->choice, &unkept) || unkept.code != AS_OK;
}

static bool backend_auto_open(void *priv, const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                              as_err *err)
{
    auto_priv *own = priv;
    auto_race  race = {.model = model, .n = n, .name = name, .cfg = *cfg, .choice = &own->choice};
    char       key[AS_CHOICE_KEY_BYTES];
    as_choice_key(model, n, cfg->batch, cfg->threads, key);
    if (cfg->precision == AS_FLOATS_BF16) { /* another race: the native engine runs in it, the others do not */
        const size_t end = strlen(key);
        snprintf(key + end, sizeof key - end, "; bf16");
    }
    pthread_mutex_lock(&auto_lock);
    bool ok = auto_find(&race, own, key, err);
    pthread_mutex_unlock(&auto_lock);
    return ok;
}

static void backend_auto_close(void *priv)
{
    as_session_close(((auto_priv *)priv)->session);
}

static size_t backend_auto_n_ports(const void *priv, bool output)
{
    const auto_priv *own = priv;
    return output ? as_session_n_outputs(own->session) : as_session_n_inputs(own->session);
}

static const as_port *backend_auto_port(const void *priv, bool output, size_t i)
{
    const auto_priv *own = priv;
    return output ? as_session_output(own->session, i) : as_session_input(own->session, i);
}

static bool backend_auto_run(void *priv, const as_tensor *inputs, as_tensor *outputs, as_err *err)
{
    return as_session_run(((auto_priv *)priv)->session, inputs, outputs, err);
}

static as_floats backend_auto_precision(const void *priv)
{
    return as_session_precision(((const auto_priv *)priv)->session);
}

static const char *backend_auto_chosen(const void *priv, const char **ret_why)
{
    const auto_priv *own = priv;
    *ret_why = own->choice.reason;
    return as_session_runs_on(own->session, NULL);
}

static bool backend_auto_about(as_str *out, as_err *err)
{
    const size_t n = as_choice_count();
    (void)err;
    as_str_addf(out, "the faster of the others, measured when a model is first used here; %zu remembered", n);
    return true;
}

const as_backend as_backend_auto = {
    .name = "auto",
    .summary = "whichever of the others is faster for the model on this machine",
    .priv_size = sizeof(auto_priv),
    .open = backend_auto_open,
    .close = backend_auto_close,
    .n_ports = backend_auto_n_ports,
    .port = backend_auto_port,
    .run = backend_auto_run,
    .about = backend_auto_about,
    .precision = backend_auto_precision,
    .chosen = backend_auto_chosen,
};
