/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - what somebody says of a sample, beside what others said. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  the manifest keeps copies.
 *
 * A sample has one label, which all else goes by, and the votes of others: what they say, or said before. A new label by
 * somebody else makes a vote of the one before; the same label by somebody else, and whatever is said as a vote only, is
 * a vote of his; so is what a model says after a person. So each person's newest word stands there once.
 */
#ifndef AS_INTAKE_SAY_H
#define AS_INTAKE_SAY_H

#include "catalog/commit.h"
#include "spec/spec.h"

/* said: label, state, by, said_utc, findings and n_findings. "" without findings takes all away that was said. AS_EINVAL
 * when it is a vote and says nothing. */
AS_CHECK bool as_say(as_manifest *manifest, size_t at, const as_sample *said, bool is_vote, bool *ret_changed,
                     as_err *err);

/* What `by` says of it now: label and findings; NULL when nothing. *ret is filled in, pointing into the sample. */
const as_vote *as_said_by(const as_sample *sample, const char *by, as_vote *ret);

/* The samples without a split get one (see label.h), and the manifest is a new version after `before`. restores: the version
 * whose labels these are again, or NULL. */
AS_CHECK bool as_say_commit(as_workspace *ws, const as_spec *spec, as_manifest *manifest, uint64_t seed,
                            const as_commit *before, const as_digest *restores, const char *message, as_commit *ret,
                            as_err *err);

/* Where it is in the manifest; AS_ENOTFOUND with the nearest name. */
AS_CHECK bool as_say_find(const as_manifest *manifest, const char *name, size_t *ret, as_err *err);

/* Who speaks: by, or "person:" and the author. */
#define AS_SAY_BY_BYTES 300
void as_say_who(const char *by, char ret[AS_SAY_BY_BYTES]);

#endif
