/* SPDX-License-Identifier: Apache-2.0 */
/* plan_priv.h - what the files of a plan share. Private to spec.
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  none.
 */
#ifndef AS_SPEC_PLAN_PRIV_H
#define AS_SPEC_PLAN_PRIV_H

#include "spec/plan_line.h"

/* Field, pixel and pace of plan->spec. */
void as_plan_measure(as_plan *plan);

/* What of the file contradicts itself, whatever is bought: into problems. */
void as_plan_contradictions(as_plan *plan);

/* Every pair: choices, best, and feasible. */
void as_plan_search(as_plan *plan);

/* The first is the better one: it gets further, with fewer cameras and pixels. */
bool as_plan_better(const as_plan_choice *a, const as_plan_choice *b);

/* Whether some line-scan camera fits; ret_found[AS_PLAN_FOUND_BYTES], or NULL: which. */
bool as_plan_line_fits(const as_spec *spec, const as_plan_machine *machine, char *ret_found);

/* Every single number of the file that would make it feasible, the smallest change first; by spec->optics.scan for area or for
 * line-scan cameras. */
void as_plan_advise(as_plan *plan);

/* The requirements that no number of parts proves, into problems: not feasible then, whatever is bought. */
void as_plan_unproven(as_plan *plan);

/* Where the best one fails, with its numbers: into problems. */
void as_plan_why(as_plan *plan);
void as_plan_line_why(as_plan_line *plan);

/* For programs: a number, null where it is none; {"requirements",...}; and "problems" and "change" into json. */
json_t *as_plan_number(double value);
json_t *as_plan_parts_json(const as_plan_parts *parts);
bool    as_plan_problems_json(const as_plan *plan, json_t *json);

/* Bytes of a sample on the wire; 10 and 12 bits packed (GenICam PFNC 10p, 12p). An area camera's pixel is one sample, its
 * mosaic of colours too; a line camera's has one of each colour. */
double as_plan_wire_bytes(uint32_t bit_depth);

/* Share of the light that a pixel's colour filter lets through; 1 where spec->channels is no colour. */
double as_plan_filter(const as_spec *spec);

void as_plan_problem(as_plan *plan, const char *fmt, ...) AS_PRINTF(2, 3);

#endif
