/* SPDX-License-Identifier: Apache-2.0 */
#include "task/classify.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

/* How far a sum of up to 64 f32 probabilities may be from 1. */
#define CLASSIFY_SUM_TOLERANCE 1e-3

struct as_classifier {
    as_model_info info;
    as_prepare   *prepare;
    as_session   *session;
    as_tensor     input, output;
};

/* The session must take one picture and give one number for each label. */
static bool classify_check_ports(const as_classifier *c, const char *name, as_err *err)
{
    const as_port       *out = as_session_output(c->session, 0);
    const as_input_spec *spec = &c->info.input;
    char                 shape[AS_TENSOR_MAX_RANK * 24];
    if (as_session_n_inputs(c->session) != 1 || as_session_n_outputs(c->session) != 1)
        return AS_FAIL(err, AS_EFORMAT, "model '%s' has %zu inputs and %zu outputs, not one of each", name,
                       as_session_n_inputs(c->session), as_session_n_outputs(c->session));
    as_shape row = {2, {1, (int64_t)c->info.n_labels}}, picture = {4, {1, spec->channels, spec->height, spec->width}};
    if (out->dtype != AS_DTYPE_F32 || !as_shape_equal(&out->shape, &row))
        return AS_FAIL(err, AS_EFORMAT, "model '%s' gives %s %s, not one f32 for each of its %zu labels", name,
                       as_dtype_name(out->dtype), as_shape_text(&out->shape, shape, sizeof shape), c->info.n_labels);
    const as_port *in = as_session_input(c->session, 0);
    if (in->scale > 0) /* the session made it of a picture of floats */
        picture = (as_shape){4, {1, spec->height, spec->width, spec->channels}};
    if (in->dtype != (in->scale > 0 ? AS_DTYPE_U8 : AS_DTYPE_F32) || !as_shape_equal(&in->shape, &picture))
        return AS_FAIL(err, AS_EFORMAT, "model '%s' takes %s %s, not one f32 picture", name, as_dtype_name(in->dtype),
                       as_shape_text(&in->shape, shape, sizeof shape));
    return true;
}

static bool classify_read_info(as_classifier *c, const uint8_t *model, size_t n, const char *name, as_err *err)
{
    as_graph *graph = as_graph_borrow(model, n, AS_LENT_KEPT, name, err);
    if (!graph)
        return false;
    bool ok = as_model_info_read(graph, &c->info, err) || as_err_note(err, "model '%s'", name);
    as_graph_free(graph);
    return ok;
}

/* A network of whole numbers gets the bytes that its first node would make of floats: no picture of floats is ever made. */
static bool classify_make_input(as_classifier *c, as_err *err)
{
    const as_port    *in = as_session_input(c->session, 0);
    const bool        bytes = in->scale > 0;
    const as_put_spec put = {.layout = bytes ? AS_PUT_LAST : AS_PUT_PLANAR,
                             .type = bytes ? AS_PUT_U8 : AS_PUT_F32,
                             .scale = in->scale,
                             .zero = in->zero};
    c->prepare = as_prepare_new_as(&c->info.input, &put, err);
    return c->prepare && as_tensor_new(&c->input, in->dtype, &in->shape, err);
}

static bool classify_open(as_classifier *c, const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                          as_err *err)
{
    as_session_cfg one = cfg ? *cfg : (as_session_cfg){0};
    one.batch = 1;
    one.warm = true; /* a part's verdict is due at its deadline, the first one's too */
    one.bytes_in = true;
    if (!classify_read_info(c, model, n, name, err))
        return false;
    c->session = as_session_open(model, n, name, &one, err);
    if (!c->session || !classify_check_ports(c, name, err))
        return false;
    return classify_make_input(c, err) &&
           as_tensor_new(&c->output, AS_DTYPE_F32, &as_session_output(c->session, 0)->shape, err);
}

as_classifier *as_classifier_open(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                                  as_err *err)
{
    as_classifier *c = calloc(1, sizeof *c);
    if (!c) {
        AS_FAIL(err, AS_ENOMEM, "cannot open model '%s': out of memory", name);
        return NULL;
    }
    return classify_open(c, model, n, name, cfg, err) ? c : as_classifier_close(c);
}

as_classifier *as_classifier_close(as_classifier *c)
{
    if (!c)
        return NULL;
    as_session_close(c->session);
    as_prepare_free(c->prepare);
    as_tensor_done(&c->input);
    as_tensor_done(&c->output);
    free(c);
    return NULL;
}

const as_model_info *as_classifier_info(const as_classifier *c)
{
    return &c->info;
}

as_floats as_classifier_precision(const as_classifier *c)
{
    return as_session_precision(c->session);
}

const char *as_classifier_backend(const as_classifier *c)
{
    return as_session_runs_on(c->session, NULL);
}

/* An answer counts only when it is a distribution: NaN, or numbers that sum to something else, are a fault. */
static bool classify_check(const as_classifier *c, const float *p, as_err *err)
{
    double sum = 0;
    for (size_t i = 0; i < c->info.n_labels; i++) {
        if (!(p[i] >= 0 && (double)p[i] <= 1 + CLASSIFY_SUM_TOLERANCE))
            return AS_FAIL(err, AS_EINTERNAL, "the model's answer for '%s' is %g, not a probability", c->info.labels[i],
                           (double)p[i]);
        sum += (double)p[i];
    }
    if (fabs(sum - 1.0) > CLASSIFY_SUM_TOLERANCE)
        return AS_FAIL(err, AS_EINTERNAL, "the model's answers sum to %g, not to 1", sum);
    return true;
}

static void classify_take(const as_classifier *c, const float *p, as_scores *ret)
{
    ret->n = (uint32_t)c->info.n_labels;
    ret->best = 0;
    for (uint32_t i = 0; i < ret->n; i++) {
        ret->p[i] = p[i];
        if (p[i] > p[ret->best])
            ret->best = i;
    }
}

bool as_classifier_run(as_classifier *c, const as_image *image, as_scores *ret, as_err *err)
{
    as_ns began = as_clock_mono();
    if (!as_prepare_run(c->prepare, image, c->input.data, err))
        return false;
    as_ns prepared = as_clock_mono();
    if (!as_session_run(c->session, &c->input, &c->output, err))
        return false;
    as_ns inferred = as_clock_mono();
    if (!classify_check(c, c->output.data, err))
        return false;
    classify_take(c, c->output.data, ret);
    ret->prepare_ns = prepared - began;
    ret->infer_ns = inferred - prepared;
    return true;
}
