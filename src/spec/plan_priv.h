/* SPDX-License-Identifier: Apache-2.0 */
/* plan_priv.h - what the files of a plan share. Private to spec.
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  none.
 */
#ifndef AS_SPEC_PLAN_PRIV_H
#define AS_SPEC_PLAN_PRIV_H

#include "spec/plan.h"

/* Field, pixel and pace of plan->spec. */
void as_plan_measure(as_plan *plan);

/* What of the file contradicts itself, whatever is bought: into problems. */
void as_plan_contradictions(as_plan *plan);

/* Every pair: choices, best, and feasible. */
void as_plan_search(as_plan *plan);

/* The first is the better one: it gets further, with fewer cameras and pixels. */
bool as_plan_better(const as_plan_choice *a, const as_plan_choice *b);

/* Every single number of the file that would make it feasible, the smallest change first. */
void as_plan_advise(as_plan *plan);

/* The requirements that no number of parts proves, into problems: not feasible then, whatever is bought. */
void as_plan_unproven(as_plan *plan);

/* Where the best one fails, with its numbers: into problems. */
void as_plan_why(as_plan *plan);

void as_plan_problem(as_plan *plan, const char *fmt, ...) AS_PRINTF(2, 3);

#endif
