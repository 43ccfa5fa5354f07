/* SPDX-License-Identifier: Apache-2.0 */
/* retention.h - a rule by which pictures go in time: by class, age and bytes.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  strings are the spec's.
 */
#ifndef AS_SPEC_RETENTION_H
#define AS_SPEC_RETENTION_H

#define AS_SPEC_MAX_RETENTION   32
#define AS_RETENTION_TEXT_BYTES 128

/* Which pictures go in time; one of the bounds is NAN. */
typedef struct as_retention {
    const char *class_name; /* "": any */
    double      older_than_hours, keep_at_most_bytes;
} as_retention;

/* "good, older than 90 d" into text[AS_RETENTION_TEXT_BYTES]; returns text. */
const char *as_retention_text(const as_retention *rule, char *text);

#endif
