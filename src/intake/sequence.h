/* SPDX-License-Identifier: Apache-2.0 */
/* sequence.h - the number that a picture's name ends in: "cones-7/000012.2.png" is number 12 of "cones-7/" in view 2.
 *
 * Layer:   intake.
 * Threads: pure functions.
 * Memory:  none; the name must live as long as what points at it.
 */
#ifndef AS_INTAKE_SEQUENCE_H
#define AS_INTAKE_SEQUENCE_H

#include "base/def.h"

#define AS_SEQUENCE_SLACK_NS ((as_ns)1000000) /* that a time may be before the last: clocks are read and rounded */

typedef struct as_sequence {
    const char *name;
    size_t      n_stem; /* bytes of the name before the number */
    const char *rest;   /* what follows it: ".png" */
    uint64_t    number;
} as_sequence;

/* The digits at the end of the file's stem; with a view behind a dot ("12.2.png") those before the dot. False: none. */
bool as_sequence_of(const char *name, as_sequence *ret);

/* 0: numbered in one row. */
int as_sequence_compare_stem(const as_sequence *a, const as_sequence *b);

#endif
