/* SPDX-License-Identifier: Apache-2.0 */
/* eye.h - one picture in, all that a model answers out: of a classifier that describes itself, or of any network that
 * takes a picture.
 *
 * Layer:   lab.
 * Threads: an eye belongs to one thread at a time.
 * Memory:  what an answer points at is the eye's, until it looks again.
 */
#ifndef AS_LAB_EYE_H
#define AS_LAB_EYE_H

#include "task/classify.h"

typedef struct as_eye as_eye;

typedef struct as_eye_cfg {
    const uint8_t       *model;
    size_t               n_model;
    const char          *name;
    const as_input_spec *input; /* of a model that does not describe itself; NULL: it does */
    as_session_cfg       session;
} as_eye_cfg;

typedef struct as_answer {
    const as_tensor *outputs; /* of a classifier: its probabilities alone */
    size_t           n_outputs;
    const as_scores *scores; /* of a classifier; else NULL */
    uint32_t         best;   /* of one row of numbers the largest; UINT32_MAX: the answer is no row */
} as_answer;

AS_CHECK as_eye *as_eye_open(const as_eye_cfg *cfg, as_err *err);
as_eye          *as_eye_close(as_eye *eye);
as_floats        as_eye_precision(const as_eye *eye); /* as_session_precision() */
const char      *as_eye_runs_on(const as_eye *eye);   /* as_session_runs_on() */
size_t           as_eye_n_outputs(const as_eye *eye);

/* AS_EINTERNAL, of a classifier: the answer is no distribution. */
AS_CHECK bool as_eye_look(as_eye *eye, const as_image *image, as_answer *ret, as_err *err);

/* How far each output is from the reference's, as as_tensor_apart(), and the largest number of the reference's (which may be
 * NULL); of as_eye_n_outputs() each. Of a list of findings, 1 x n x 6 or more with the best score first, rows are compared
 * with those that are most like them: which of two that are nearly as good comes first is no answer. */
void as_answer_apart(const as_answer *reference, const as_answer *other, double *ret, double *ret_largest);

#endif
