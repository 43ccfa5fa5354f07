/* SPDX-License-Identifier: Apache-2.0 */
/* notes.h - what intake measured of each picture and what its checks said, kept beside manifest and labels.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread; read notes are immutable.
 * Memory:  as_notes_free; strings live as long as the notes.
 *
 * A version has notes of the pictures that came in with it, and no others: those of all its pictures are gathered along
 * the history. They lie in objects of JSON lines (RFC 8259, UTF-8, "\n") that the commit names. The first line of each is
 * {"assay_notes":1}, every other line one picture: name, image (the first 16 hex digits), [black], [white], [mean],
 * [contrast], [noise], [motion_px] (0: none was seen), [found]: an array of check, text, and where a person overruled it
 * [by, reason, utc].
 */
#ifndef AS_CATALOG_NOTES_H
#define AS_CATALOG_NOTES_H

#include "catalog/commit.h"

#define AS_NOTE_MAX_FOUND 64

typedef struct as_note_found {
    const char *check, *text;
    const char *by, *reason; /* who overruled it, and why; NULL: nobody */
    as_ns       utc;
} as_note_found;

typedef struct as_note {
    double               black_ratio, white_ratio, mean, contrast, noise, motion_px; /* NAN: not known */
    size_t               n_found;
    const as_note_found *found;
} as_note;

/* A line for the sample (name and image are used). */
void as_note_add(as_str *out, const as_sample *sample, const as_note *note);

/* One object more of the commit, of these lines; without lines nothing is done. AS_ELIMIT beyond AS_COMMIT_MAX_NOTES. */
AS_CHECK bool as_notes_put(as_store *store, const as_str *lines, as_commit *commit, as_err *err);

/* Any bytes as such an object: visit(name, first bytes of the image, note) a line. AS_EFORMAT. */
typedef bool (*as_note_visit)(void *ctx, const char *name, const uint8_t image[8], const as_note *note, as_err *err);
AS_CHECK bool as_notes_parse(const uint8_t *bytes, size_t n, as_note_visit visit, void *ctx, as_err *err);

/* The first line, with which an object begins. */
extern const char as_notes_head[];

typedef struct as_notes as_notes;

/* Of the manifest's samples, from this version and those before it; what history lacks has none. Both must outlive it. */
AS_CHECK as_notes *as_notes_read(as_workspace *ws, const as_commit *commit, const as_manifest *manifest, as_err *err);
as_notes          *as_notes_free(as_notes *notes);
const as_note     *as_notes_of(const as_notes *notes, size_t i); /* of sample i; NULL: nothing is known */

#endif
