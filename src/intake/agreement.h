/* SPDX-License-Identifier: Apache-2.0 */
/* agreement.h - do people who look at the same pictures see the same?
 *
 * Layer:   intake (may use catalog/, spec/).
 * Threads: one thread.
 * Memory:  as_agreement_free; names point into the manifest and the spec, which must outlive it.
 *
 * What counts is what each said without having seen the others' label: given, not reviewed. A model's proposal counts
 * where the model is asked for by name.
 */
#ifndef AS_INTAKE_AGREEMENT_H
#define AS_INTAKE_AGREEMENT_H

#include "base/json.h"
#include "catalog/commit.h"
#include "catalog/match.h"
#include "spec/kappa.h"
#include "spec/spec.h"

#define AS_AGREEMENT_MOST 64 /* people */

typedef struct as_annotator {
    const char *by;
    uint64_t    n; /* samples that he labelled and somebody else too */
} as_annotator;

typedef struct as_agreement_pair {
    size_t    a, b;   /* of people, a < b */
    uint64_t *counts; /* [class of a * n_classes + class of b]: samples */
    as_kappa  kappa;  /* Cohen's */
    as_match  outlines;
    uint64_t  n_outlined;  /* samples in which both drew something: what outlines rests on */
    uint64_t  n_one_sided; /* in which one of the two drew something: not compared */
} as_agreement_pair;

typedef struct as_dispute {
    size_t sample;  /* in the manifest */
    bool   classes; /* they call it different things; else their outlines do not match */
} as_dispute;

typedef struct as_agreement {
    const char        *classes[AS_KAPPA_MAX_CLASSES]; /* the spec's, then what else was said ("": none) */
    size_t             n_classes;
    as_annotator      *people; /* by name */
    size_t             n_people;
    as_agreement_pair *pairs; /* that have samples in common */
    size_t             n_pairs;
    as_kappa           all; /* Fleiss', of all people */
    as_dispute        *disputes;
    size_t             n_disputes;
} as_agreement;

/* by: whose labels, NULL-ended; NULL: of all that are no model: and no import:. AS_ENOTFOUND when no sample has labels of two
 * of them; AS_ELIMIT for more than AS_AGREEMENT_MOST people. */
AS_CHECK as_agreement *as_agreement_new(const as_manifest *manifest, const as_spec *spec, const char *const *by,
                                        double confidence, as_err *err);
as_agreement          *as_agreement_free(as_agreement *agreement);

const char *as_kappa_word(double kappa); /* "slight" .. "almost perfect": Landis and Koch, Biometrics 33 (1977) */

AS_CHECK json_t *as_agreement_json(const as_agreement *agreement, const as_manifest *manifest); /* NULL: no memory */

#endif
