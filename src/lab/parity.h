/* SPDX-License-Identifier: Apache-2.0 */
/* parity.h - one model by every back end and precision, on the same pictures: how far apart they are, and which verdicts
 * flip.
 *
 * Layer:   lab.
 * Threads: one thread calls; pictures are judged on several inside, and the result does not depend on how many.
 * Memory:  as_parity_done frees; names and pictures are the dataset's, which stays open until then, names of back ends the
 *          caller's.
 */
#ifndef AS_LAB_PARITY_H
#define AS_LAB_PARITY_H

#include "base/json.h"
#include "lab/eye.h"
#include "lab/precision.h"
#include "lab/trainer.h"
#include "store/run.h"

#define AS_PARITY_MAX_ROWS     16
#define AS_PARITY_MAX_BACKENDS 5

typedef struct as_parity_cfg {
    const uint8_t *model;
    size_t         n_model;
    const char    *name;   /* what people call it */
    const as_run  *run;    /* whose operating point judges; NULL: only the best class is compared */
    const char    *commit; /* as as_commit_find takes it */
    as_split       split;  /* AS_SPLIT_NONE: all of them */
    /* As as_session_cfg.backend, the first is the reference; one alone stands against `native`. 0: native and ort. */
    const char           *backends[AS_PARITY_MAX_BACKENDS];
    size_t                n_backends;
    bool                  int8;      /* also as whole numbers */
    bool                  bf16;      /* also as bfloat16 */
    bool                  lenient;   /* a precision that nothing here runs is told, not refused */
    size_t                calibrate; /* training pictures for that; 0: AS_PRECISION_CALIBRATE */
    uint32_t              threads;
    const as_trainer_cfg *input; /* input_order, input_mean, input_scale of a model that does not say */
} as_parity_cfg;

#define AS_PARITY_APART 0.01 /* an answer that names no class flips where a number is further off, of the largest */

/* What one back end said of one picture. */
typedef struct as_parity_answer {
    double
        difference; /* to the reference: of classifiers the largest of a probability, else of a number, as a share of the
                        * largest that its output has over all pictures; INFINITY: no answer on one side alone */
    double     reject_score;
    as_verdict verdict; /* AS_VERDICT_NONE: nothing to judge with; AS_VERDICT_FAULT: the answer was none */
    uint32_t   best;    /* class; UINT32_MAX: none */
    bool flipped_verdict, flipped_class, flipped_numbers; /* the last: of an answer without a class, or none here */
} as_parity_answer;

bool as_parity_flipped(const as_parity_answer *answer);

/* One back end with one precision. */
typedef struct as_parity_row {
    const char         *backend;     /* as the caller named it */
    char                runs_on[64]; /* as_session_runs_on(): of `auto` the one that it took */
    const as_precision *precision;
    bool                ran;
    as_err              why;     /* it did not */
    as_parity_answer   *answers; /* one a picture; heap */
    float              *scores;  /* of a classifier n_labels a picture; heap */
    double              worst, median, p95, p99;
    size_t              worst_at; /* picture */
    size_t              n_same;   /* pictures without any difference */
    size_t              n_flipped, n_flipped_verdicts, n_flipped_classes, n_flipped_numbers, n_flipped_parts, n_faults;
} as_parity_row;

typedef struct as_parity {
    as_dataset   *dataset;
    uint32_t     *samples; /* indices into the dataset; heap */
    uint32_t     *groups;  /* of each, the first that it is one part with: index into samples; heap */
    size_t        n, n_parts;
    uint64_t      n_erased;
    bool          has_labels, has_point;
    bool          has_classes; /* the model's answer is one row of numbers, of which the largest is compared */
    as_model_info info;        /* has_labels: all of it; else its input alone */
    const char   *input_from;  /* where that comes from, of a model that does not describe itself; static */
    as_policy     policy;      /* has_point */
    uint32_t      max_flips;
    as_parity_row rows[AS_PARITY_MAX_ROWS];
    size_t        n_rows, reference; /* the row that the others are compared with */
    double        seconds;
} as_parity;

/* Fails with the reason of the first that cannot run the model where not two can: nothing would be compared then; and where a
 * back end or precision that was asked for runs nowhere. */
AS_CHECK bool as_parity_run(as_workspace *ws, const as_spec *spec, const as_parity_cfg *cfg,
                            const as_progress *progress, as_parity *ret, as_err *err);
void          as_parity_done(as_parity *parity);

/* Every row that ran is within what the spec allows. */
bool as_parity_holds(const as_parity *parity);

/* "native int8", "auto (ort) f32" */
void as_parity_row_name(const as_parity_row *row, char *text, size_t cap);

/* The picture's name, the name of a class ("" for none). */
const char *as_parity_name(const as_parity *parity, size_t i);
const char *as_parity_class(const as_parity *parity, uint32_t best, char text[16]);

/* {"rows":[{"backend","precision",...,"flips":[...]}],...} */
AS_CHECK json_t *as_parity_json(const as_parity *parity, const as_parity_cfg *cfg, as_err *err);

/* One line a picture and row: verdict, class, difference and each score. */
AS_CHECK bool as_parity_csv(const as_parity *parity, as_str *out, as_err *err);

/* parity_page.c: one HTML page with the spread of the differences and the pictures that flipped. */
AS_CHECK bool as_parity_html(const as_parity *parity, const as_spec *spec, const as_parity_cfg *cfg, as_str *out,
                             as_err *err);

#endif
