/* SPDX-License-Identifier: Apache-2.0 */
/* erase_loose.h - texts about samples in the store that no version here leads to: of a killed import, or of a pull that was cut,
 * and then they may be parts of versions elsewhere.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  a list of the store's objects, and one text at a time.
 */
#ifndef AS_INTAKE_ERASE_LOOSE_H
#define AS_INTAKE_ERASE_LOOSE_H

#include "base/json.h"
#include "catalog/erased.h"

/* Each such manifest, labels and notes. */
typedef bool as_loose_text(void *ctx, const as_digest *object, const uint8_t *bytes, size_t n, as_err *err);

AS_CHECK bool as_loose_walk(as_workspace *ws, as_loose_text *text, void *ctx, const as_progress *progress, as_err *err);

/* Each line of one that is JSON; it may be changed, and is not kept. */
AS_CHECK bool as_loose_lines(const uint8_t *bytes, size_t n, bool (*line)(void *ctx, json_t *line, as_err *err),
                             void *ctx, as_err *err);

/* The text without what names them: as of a version (as_manifest_redact, as_notes_redact). AS_EFORMAT: it is none. */
AS_CHECK bool as_loose_redact(const uint8_t *bytes, size_t n, as_aliases *names, as_aliases *parts,
                              const as_digest_list *images, as_str *out, as_err *err);

#endif
