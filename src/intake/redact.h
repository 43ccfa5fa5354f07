/* SPDX-License-Identifier: Apache-2.0 */
/* redact.h - faces made unrecognisable for good.
 *
 * Layer:   intake.
 * Threads: pure; the picture is the caller's.
 * Memory:  none.
 *
 * A style is one row of redact.c. Nothing of the pixels beneath is left by `fill`. `pixelate` leaves 4 x 4 cells a face, each
 * one of 8 levels: fine mosaics and blur can be undone by comparing with known faces (Hill et al., PoPETs 2016), so finer
 * ones are not offered.
 */
#ifndef AS_INTAKE_REDACT_H
#define AS_INTAKE_REDACT_H

#include "intake/face.h"

typedef struct as_redactor {
    const char *name, *summary;
    /* Box in whole pixels inside the picture; width and height at least 1. */
    void (*cover)(const as_image *image, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
} as_redactor;

const as_redactor *as_redactor_at(
    size_t i); /* NULL past the last row; in the order of as_redaction (spec.h), less one */

/* Covers each face and, on each side, margin (a share of its width and height) around it. */
void as_redact(const as_image *image, const as_faces *faces, const as_redactor *redactor, double margin);

#endif
