/* SPDX-License-Identifier: Apache-2.0 */
/* script.h - a time line of what goes wrong at a station: which fault, from which part on, how it grows, until when.
 *
 * Layer:   twin.
 * Threads: immutable once parsed.
 * Memory:  a plain value, bounded: AS_SCRIPT_MAX_STEPS steps.
 *
 *     faults:
 *       - {fault: dirty_lens, from: 200, full: 800, amount: 0.7}   # parts: begins at 200, grows, is 0.7 from 800 on
 *       - {fault: camera_dead, from: 40s, until: 45s}              # or time: s, min, h from the first part on
 *       - {fault: wrong_product, from: 90, amount: cast}           # of this fault: a recipe's name, or its number
 */
#ifndef AS_TWIN_SCRIPT_H
#define AS_TWIN_SCRIPT_H

#include "base/err.h"

typedef enum as_fault {
#define X(id, name, low, high, usual, unit) AS_FAULT_##id,
#include "twin/fault.def"
#undef X
    AS_FAULT_COUNT
} as_fault;

#define AS_SCRIPT_MAX_STEPS 256
#define AS_SCRIPT_MAX_BYTES 65536

enum { AS_SCRIPT_NAME_BYTES = 32 };

typedef struct as_fault_info {
    const char *name, *amount; /* amount: what it is, with its unit */
    double      low, high, usual;
} as_fault_info;

const as_fault_info *as_fault_info_of(size_t fault); /* NULL past the last row */

typedef struct as_script_step {
    as_fault fault;
    double   from, full, until; /* parts from 1, or seconds; from 0: from the first one on */
    bool     seconds;
    double   amount;
    char     recipe[AS_SCRIPT_NAME_BYTES]; /* wrong_product by name, which counts then; "": by amount */
} as_script_step;

typedef struct as_script {
    size_t         n;
    as_script_step steps[AS_SCRIPT_MAX_STEPS];
} as_script;

/* AS_EFORMAT "NAME:LINE:COLUMN: ...", AS_ELIMIT. */
AS_CHECK bool as_script_parse(const char *text, size_t n, const char *name, as_script *ret, as_err *err);
AS_CHECK bool as_script_read(const char *path, as_script *ret, as_err *err);

/* What is wrong while that part passes, `seconds` after the first. Bit f of the result: fault f; its amount in amounts. Of
 * several steps of one fault the last one counts. script NULL: nothing. */
uint32_t as_script_at(const as_script *script, uint64_t part, double seconds, double amounts[AS_FAULT_COUNT]);

#endif
