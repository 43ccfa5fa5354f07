/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/duel.h"

#include <float.h>
#include <math.h>
#include <sched.h>

#include "base/isa.h"
#include "bench/cnn.h"
#include "bench/machine.h"
#include "engine/engine.h"

enum { N_INPUTS = 4, MOST_BATCH = 8, N_PICTURES = N_INPUTS + MOST_BATCH - 1, N_JUDGED = 200, N_MAPS = 4 };
enum { LEAST_SIDE = 48, MOST_SIDE = 1024 };
#define LONG_FLOP 1e10 /* of a call that is a block of its own */

static size_t duel_values(const bench_duel *duel)
{
    return (size_t)3 * duel->model.side * duel->model.side;
}

static bool duel_run(as_session *session, float *input, as_tensor *ret, as_err *err)
{
    const as_port  *port = as_session_input(session, 0);
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &port->shape, input);
    *ret = (as_tensor){.dtype = AS_DTYPE_NONE};
    return as_session_run(session, &in, ret, err);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool duel_side(uint32_t *ret, as_err *err)
{
    const char *text = getenv("BENCH_SIDE");
    uint64_t    side = 0;
    if (text && *text && (!as_str_to_u64(text, &side) || side < LEAST_SIDE || side > MOST_SIDE))
        return AS_FAIL(err, AS_EINVAL, "'BENCH_SIDE' is '%s': a number from %d to %d was expected", text, LEAST_SIDE,
                       MOST_SIDE);
    *ret = (uint32_t)side;
    return true;
}

/* Said before a network is made for it. */
static bool duel_may(bench_form form, as_err *err)
{
    return form != BENCH_FORM_BF16 || as_isa_may(AS_ISA_AVX512_BF16) ||
           AS_FAIL(err, AS_EMISSING, "this processor has no bf16 (avx512_bf16), or ASSAY_ISA forbids it");
}

static as_session *duel_session(const bench_duel *duel, int side, bench_form form, uint32_t threads, as_err *err)
{
    static const char *const backends[] = {[BENCH_OURS] = "native", [BENCH_PEER] = "ort"};
    const as_str            *bytes = form == BENCH_FORM_INT8 ? &duel->model.whole : &duel->model.floats;
    const bool               narrow = form == BENCH_FORM_BF16 && side == BENCH_OURS;
    const as_session_cfg     cfg = {.backend = backends[side],
                                    .threads = threads,
                                    .batch = duel->batch,
                                    .precision = narrow ? AS_FLOATS_BF16 : AS_FLOATS_NONE};
    as_session *session = as_session_open((const uint8_t *)bytes->s, bytes->len, duel->model.kind->name, &cfg, err);
    if (!session || !narrow || as_engine_no_bf16() || as_session_precision(session) == AS_FLOATS_BF16)
        return session;
    AS_FAIL(err, AS_EINTERNAL, "nothing of the network is computed in bf16");
    return as_session_close(session);
}

static bool duel_sessions(bench_duel *duel, int64_t batch, uint32_t threads, as_err *err)
{
    duel->batch = batch;
    for (int side = 0; side < BENCH_SIDES; side++) {
        as_session_close(duel->sessions[side]);
        duel->sessions[side] = duel_session(duel, side, duel->form, threads, err);
        if (!duel->sessions[side])
            return false;
        if (as_session_input(duel->sessions[side], 0)->shape.dims[0] != batch)
            return AS_FAIL(err, AS_EINTERNAL, "the network does not take a batch of %d", (int)batch);
    }
    return true;
}

/* --- does the quantised network say what its floats say? ----------------------------------------------------------- */

static size_t duel_top(const as_tensor *scores)
{
    const float *s = scores->data;
    size_t       top = 0;
    for (size_t i = 1; i < as_tensor_count(scores); i++)
        top = s[i] > s[top] ? i : top;
    return top;
}

/* What 8 bits can tell apart of the outputs of floats. */
static void judge_widen(bench_duel *duel, const as_tensor *t)
{
    const float *x = t->data;
    for (size_t i = 0; i < as_tensor_count(t); i++) {
        duel->low = fminf(duel->low, x[i]);
        duel->high = fmaxf(duel->high, x[i]);
    }
    duel->step = (duel->high - duel->low) / 255.0f;
}

/* How often the class with the largest output is that of the floats. Pictures of another size than the network is for are
 * harder to tell apart, and half is asked. */
static bool judge_classes(bench_duel *duel, as_session *floats, char *say, size_t n, as_err *err)
{
    bool   seen[NET_CLASSES] = {false}, ok = true;
    size_t same = 0, classes = 0;
    for (uint32_t i = 0; ok && i < N_JUDGED; i++) {
        as_tensor want, have;
        bench_net_draw(5000 + i, i % NET_DRAWN, duel->model.side, duel->inputs);
        ok = duel_run(floats, duel->inputs, &want, err) &&
             duel_run(duel->sessions[BENCH_OURS], duel->inputs, &have, err);
        if (!ok)
            return false;
        judge_widen(duel, &want);
        const size_t top = duel_top(&want);
        same += duel_top(&have) == top;
        classes += !seen[top];
        seen[top] = true;
    }
    snprintf(say, n, "; %zu of %d top classes as in floats (%zu classes)", same, N_JUDGED, classes);
    const bench_net_kind *kind = duel->model.kind;
    const double          least = duel->model.side == kind->side ? kind->alike : 0.5;
    return ((double)same >= least * N_JUDGED && classes >= NET_DRAWN / 2) ||
           AS_FAIL(err, AS_EINTERNAL, "the quantised network names %zu of %d pictures as its floats do, %zu classes",
                   same, N_JUDGED, classes);
}

/* How far the map is from that of the floats, beside how much that differs from its mean. */
static bool judge_map(bench_duel *duel, as_session *floats, char *say, size_t n, as_err *err)
{
    double sum = 0.0, squares = 0.0, off = 0.0, count = 0.0;
    for (uint32_t i = 0; i < N_MAPS; i++) {
        as_tensor want, have;
        bench_net_draw(5000 + i, i % NET_DRAWN, duel->model.side, duel->inputs);
        if (!duel_run(floats, duel->inputs, &want, err) ||
            !duel_run(duel->sessions[BENCH_OURS], duel->inputs, &have, err))
            return false;
        judge_widen(duel, &want);
        for (size_t k = 0; k < as_tensor_count(&want); k++) {
            const double w = (double)((const float *)want.data)[k], h = (double)((const float *)have.data)[k];
            sum += w;
            squares += w * w;
            off += (w - h) * (w - h);
            count += 1.0;
        }
    }
    const double noise = sqrt(off / fmax(squares - sum * sum / count, 1e-12));
    snprintf(say, n, "; off the map of floats by %.2g of its deviation", noise);
    return noise < 0.1 ||
           AS_FAIL(err, AS_EINTERNAL, "the map of the quantised network is off by %.2g of its deviation", noise);
}

static bool duel_judge(bench_duel *duel, char *say, size_t n, as_err *err)
{
    as_session *floats = duel_session(duel, BENCH_OURS, BENCH_FORM_F32, 1, err);
    const bool  ok = floats && (duel->model.kind->classes ? judge_classes : judge_map)(duel, floats, say, n, err);
    as_session_close(floats);
    return ok;
}

/* A rounding that falls the other way grows from layer to layer where a network cannot tell its pictures apart: more is
 * allowed at another size than its own. */
static double duel_tolerance(const bench_duel *duel)
{
    if (duel->form == BENCH_FORM_INT8)
        return duel->model.side == duel->model.kind->side ? 2.0 : 8.0;
    return duel->form == BENCH_FORM_BF16 ? 0.05 : 1e-4;
}

/* What was used, and why where it is not what was asked for. */
static const char *duel_form(bench_form form)
{
    static const char *const forms[] = {"", "f32", "f32, ours in bf16", "f32, u8 activations, i8 weights a channel"};
    if (form != BENCH_FORM_BF16 || !as_engine_no_bf16())
        return forms[form];
    return as_isa_may(AS_ISA_AVX512_BF16) ? "f32, ours too (bf16 is slower with Intel's AVX512_BF16 and no AMX)"
                                          : "f32, ours too";
}

bool bench_duel_open(bench_duel *duel, const bench_net_kind *kind, bench_form form, bench_about *about, as_err *err)
{
    char     judged[96] = "";
    uint32_t side;
    duel->form = form;
    duel->low = FLT_MAX;
    duel->high = -FLT_MAX;
    if (!bench_ort_peer(about, err) || !duel_may(form, err) || !duel_side(&side, err) ||
        !bench_model_make(&duel->model, kind, side, form == BENCH_FORM_INT8, err))
        return false;
    duel->inputs = malloc(N_PICTURES * duel_values(duel) * sizeof *duel->inputs);
    if (!duel->inputs)
        return AS_FAIL(err, AS_ENOMEM, "no memory for %d inputs", N_PICTURES);
    if (!duel_sessions(duel, 1, 1, err) || (form == BENCH_FORM_INT8 && !duel_judge(duel, judged, sizeof judged, err)))
        return false;
    for (uint32_t i = 0; i < N_PICTURES; i++)
        bench_net_draw(7000 + i, i * 5 % NET_DRAWN, duel->model.side, duel->inputs + i * duel_values(duel));
    about->n_inputs = N_INPUTS;
    about->tolerance = duel_tolerance(duel);
    about->flop_per_call = duel->model.flop;
    about->int8 = form == BENCH_FORM_INT8;
    about->calls = about->flop_per_call > LONG_FLOP;
    snprintf(about->note, sizeof about->note, "input 1x3x%ux%u %s%s; batch 1, one thread; differences in %s",
             duel->model.side, duel->model.side, duel_form(form), judged,
             form == BENCH_FORM_INT8 ? "steps of the output" : "parts of the largest output");
    return true;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

bool bench_duel_beside(void *priv, size_t i, bench_about *about, const char **ret_name, as_err *err)
{
    static const char *const names[] = {"batch 8", "two threads"};
    bench_duel              *duel = priv;
    cpu_set_t                allowed;
    if (i >= AS_COUNT(names))
        return true;
    if (i == 1) {
        if (!bench_machine_unpin(err))
            return false;
        if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2)
            return true; /* one processor: there is nothing to show */
    }
    if (!duel_sessions(duel, i == 0 ? MOST_BATCH : 1, i == 0 ? 1 : 2, err))
        return false;
    about->flop_per_call = duel->model.flop * (double)duel->batch;
    about->calls = about->flop_per_call > LONG_FLOP;
    *ret_name = names[i];
    return true;
}

bool bench_duel_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    bench_duel *duel = priv;
    float      *in = duel->inputs + input * duel_values(duel);
    as_tensor   ours, peer;
    double      worst = 0.0, largest = 1e-30;
    if (!duel_run(duel->sessions[BENCH_OURS], in, &ours, err) || !duel_run(duel->sessions[BENCH_PEER], in, &peer, err))
        return false;
    if (!as_shape_equal(&ours.shape, &peer.shape))
        return AS_FAIL(err, AS_EINTERNAL, "the outputs have not the same shape");
    for (size_t i = 0; i < as_tensor_count(&ours); i++) {
        const double a = (double)((const float *)ours.data)[i], b = (double)((const float *)peer.data)[i];
        largest = fmax(largest, fabs(b));
        if (!(fabs(a - b) <= worst)) /* keeps a NaN */
            worst = fabs(a - b);
    }
    *ret_difference = worst / (duel->form == BENCH_FORM_INT8 ? (double)duel->step : largest);
    return true;
}

static bool duel_call(bench_duel *duel, int side, size_t input, as_err *err)
{
    as_tensor out;
    return duel_run(duel->sessions[side], duel->inputs + input * duel_values(duel), &out, err);
}

bool bench_duel_ours(void *priv, size_t input, as_err *err)
{
    return duel_call(priv, BENCH_OURS, input, err);
}

bool bench_duel_peer(void *priv, size_t input, as_err *err)
{
    return duel_call(priv, BENCH_PEER, input, err);
}

void bench_duel_close(void *priv)
{
    bench_duel *duel = priv;
    for (int side = 0; side < BENCH_SIDES; side++)
        duel->sessions[side] = as_session_close(duel->sessions[side]);
    bench_model_done(&duel->model);
    free(duel->inputs);
}
