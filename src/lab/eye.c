/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/eye.h"

#include <math.h>
#include <stdlib.h>

struct as_eye {
    as_classifier *judge; /* of a model that describes itself; else what follows it */
    as_scores      scores;
    as_session    *session;
    as_prepare    *prepare;
    as_tensor      input;
    as_tensor     *outputs;
    size_t         n_outputs;
};

static bool eye_check(const as_session *session, const as_eye_cfg *cfg, as_err *err)
{
    char           have[AS_TENSOR_MAX_RANK * 24];
    as_shape       want = {4, {1, cfg->input->channels, cfg->input->height, cfg->input->width}};
    const as_port *in = as_session_input(session, 0);
    if (as_session_n_inputs(session) != 1 || as_session_n_outputs(session) == 0)
        return AS_FAIL(err, AS_EINVAL, "model '%s' has %zu inputs and %zu outputs: one picture in is needed", cfg->name,
                       as_session_n_inputs(session), as_session_n_outputs(session));
    if (in->dtype != AS_DTYPE_F32 || !as_shape_equal(&in->shape, &want))
        return AS_FAIL(err, AS_EINVAL, "input '%s' of model '%s' is %s %s, pictures are f32 1x%ux%ux%u", in->name,
                       cfg->name, as_dtype_name(in->dtype), as_shape_text(&in->shape, have, sizeof have),
                       cfg->input->channels, cfg->input->height, cfg->input->width);
    return true;
}

static bool eye_open(as_eye *eye, const as_eye_cfg *cfg, as_err *err)
{
    eye->n_outputs = 1;
    if (cfg->input) {
        as_session_cfg session = cfg->session;
        session.wide = true;
        eye->session = as_session_open(cfg->model, cfg->n_model, cfg->name, &session, err);
        if (!eye->session || !eye_check(eye->session, cfg, err))
            return false;
        eye->n_outputs = as_session_n_outputs(eye->session);
    } else if (!(eye->judge = as_classifier_open(cfg->model, cfg->n_model, cfg->name, &cfg->session, err)))
        return false;
    eye->outputs = calloc(eye->n_outputs, sizeof *eye->outputs);
    if (!eye->outputs)
        return AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", cfg->name);
    return !cfg->input || ((eye->prepare = as_prepare_new(cfg->input, err)) &&
                           as_tensor_new(&eye->input, AS_DTYPE_F32, &as_session_input(eye->session, 0)->shape, err));
}

as_eye *as_eye_open(const as_eye_cfg *cfg, as_err *err)
{
    as_eye *eye = calloc(1, sizeof *eye);
    if (!eye) {
        AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", cfg->name);
        return NULL;
    }
    return eye_open(eye, cfg, err) ? eye : as_eye_close(eye);
}

as_eye *as_eye_close(as_eye *eye)
{
    if (!eye)
        return NULL;
    as_classifier_close(eye->judge);
    as_session_close(eye->session);
    as_prepare_free(eye->prepare);
    as_tensor_done(&eye->input);
    free(eye->outputs);
    free(eye);
    return NULL;
}

as_floats as_eye_precision(const as_eye *eye)
{
    return eye->judge ? as_classifier_precision(eye->judge) : as_session_precision(eye->session);
}

const char *as_eye_runs_on(const as_eye *eye)
{
    return eye->judge ? as_classifier_backend(eye->judge) : as_session_runs_on(eye->session, NULL);
}

size_t as_eye_n_outputs(const as_eye *eye)
{
    return eye->n_outputs;
}

/* --- looking --- */

/* The largest of a single output that is a row: 1 x n, n, 1 x n x 1 x 1. */
static uint32_t eye_best(const as_tensor *t)
{
    size_t best = 0, n = as_tensor_count(t);
    int    wide = 0;
    for (int i = 0; i < t->shape.rank; i++)
        wide += t->shape.dims[i] != 1;
    if (wide != 1 || n > UINT32_MAX || (t->dtype != AS_DTYPE_F32 && t->dtype != AS_DTYPE_F64))
        return UINT32_MAX;
    for (size_t i = 1; i < n; i++)
        if (as_tensor_number(t, i) > as_tensor_number(t, best))
            best = i;
    return (uint32_t)best;
}

bool as_eye_look(as_eye *eye, const as_image *image, as_answer *ret, as_err *err)
{
    if (eye->judge) {
        if (!as_classifier_run(eye->judge, image, &eye->scores, err))
            return false;
        eye->outputs[0] = as_tensor_view(AS_DTYPE_F32, &(as_shape){1, {eye->scores.n}}, eye->scores.p);
        *ret = (as_answer){eye->outputs, 1, &eye->scores, eye->scores.best};
        return true;
    }
    for (size_t i = 0; i < eye->n_outputs; i++)
        eye->outputs[i] = (as_tensor){0};
    if (!as_prepare_run(eye->prepare, image, eye->input.data, err) ||
        !as_session_run(eye->session, &eye->input, eye->outputs, err))
        return false;
    *ret = (as_answer){eye->outputs, eye->n_outputs, NULL, eye->n_outputs == 1 ? eye_best(eye->outputs) : UINT32_MAX};
    return true;
}

/* --- comparing --- */

enum { ROW_SCORE = 4, ROW_LEAST = 6 /* two corners, a score, a class */, ROW_MOST = 64, ROWS_MOST = 4096 };
#define ROW_CUT 0.02 /* scores that lie so near to the last one's are those of which the cut may leave either */

static double eye_score(const as_tensor *t, int64_t row)
{
    return as_tensor_number(t, (size_t)(row * t->shape.dims[2] + ROW_SCORE));
}

/* What a detector that suppresses by itself answers: 1 x n rows, the best first. */
static bool eye_is_list(const as_tensor *t)
{
    const int64_t *dims = t->shape.dims;
    if ((t->dtype != AS_DTYPE_F32 && t->dtype != AS_DTYPE_F64) || t->shape.rank != 3 || dims[0] != 1 || dims[1] < 2 ||
        dims[1] > ROWS_MOST || dims[2] < ROW_LEAST || dims[2] > ROW_MOST ||
        !(eye_score(t, dims[1] - 1) < eye_score(t, 0)))
        return false;
    for (int64_t i = 1; i < dims[1]; i++)
        if (!(eye_score(t, i) <= eye_score(t, i - 1)))
            return false;
    return true;
}

static double eye_row_apart(const as_tensor *a, int64_t row, const as_tensor *b, int64_t other)
{
    const int64_t n = a->shape.dims[2];
    double        apart = 0;
    for (int64_t i = 0; i < n; i++) {
        const double off = as_tensor_number(a, (size_t)(row * n + i)) - as_tensor_number(b, (size_t)(other * n + i));
        apart = fmax(apart, isnan(off) ? (double)INFINITY : fabs(off));
    }
    return apart;
}

/* How far the rows of `a` are from those of `b`, whatever their order. A row without its like there whose score is that of the
 * last one, or nearly so, counts by how much it is above: it may have been cut off. */
static double eye_rows_apart(const as_tensor *a, const as_tensor *b)
{
    const int64_t n = a->shape.dims[1];
    const double  last = eye_score(b, n - 1);
    bool          taken[ROWS_MOST] = {false};
    double        apart = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t best = -1;
        double  least = INFINITY;
        for (int64_t k = 0; k < n; k++) {
            const double d = taken[k] ? (double)INFINITY : eye_row_apart(a, i, b, k);
            best = d < least ? k : best;
            least = fmin(least, d);
        }
        const double cut = fmax(eye_score(a, i) - last, 0);
        const bool   may_be_cut = cut <= ROW_CUT && cut < least;
        if (best >= 0 && !may_be_cut)
            taken[best] = true;
        apart = fmax(apart, may_be_cut ? cut : least);
    }
    return apart;
}

void as_answer_apart(const as_answer *reference, const as_answer *other, double *ret, double *ret_largest)
{
    for (size_t i = 0; i < reference->n_outputs; i++) {
        const as_tensor *a = &reference->outputs[i], *b = i < other->n_outputs ? &other->outputs[i] : NULL;
        ret[i] = b ? as_tensor_apart(a, b, ret_largest ? &ret_largest[i] : NULL) : (double)INFINITY;
        if (ret[i] > 0 && isfinite(ret[i]) && eye_is_list(a) && eye_is_list(b))
            ret[i] = fmin(ret[i], fmax(eye_rows_apart(a, b), eye_rows_apart(b, a)));
    }
}
