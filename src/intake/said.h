/* SPDX-License-Identifier: Apache-2.0 */
/* said.h - what several checks said of one picture. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: pure.
 * Memory:  a plain value, as looks are; what does not fit is left out.
 */
#ifndef AS_INTAKE_SAID_H
#define AS_INTAKE_SAID_H

#include "catalog/notes.h"

#define AS_SAID_BYTES 2000

typedef struct as_said {
    uint16_t n, n_bytes;
    char     packed[AS_SAID_BYTES]; /* check, 0, text, 0, check ... */
} as_said;

void as_said_add(as_said *said, const char *check, const char *text);

/* Points found[] into said; returns how many. */
size_t as_said_found(const as_said *said, as_note_found found[AS_NOTE_MAX_FOUND]);

#endif
