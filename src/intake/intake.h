/* SPDX-License-Identifier: Apache-2.0 */
/* intake.h - the one way in: every picture is decoded, checked, kept or quarantined, and then committed.
 *
 * Layer:   intake (may use store/, catalog/, spec/, image/, camera/).
 * Threads: one thread; import decodes and hashes on all cores inside.
 * Memory:  bounded by the pictures in flight; as_intake_close frees.
 */
#ifndef AS_INTAKE_INTAKE_H
#define AS_INTAKE_INTAKE_H

#include "base/progress.h"
#include "catalog/commit.h"
#include "image/codec.h"
#include "image/stats.h"
#include "spec/spec.h"

#define AS_CHECK_TEXT_BYTES 200

/* What a check sees. */
typedef struct as_check_input {
    const as_spec             *spec;
    const char                *name; /* escaped */
    size_t                     n_bytes;
    const as_err              *undecodable; /* why it could not be decoded; NULL: it could */
    const as_codec_info       *info;
    const as_image            *image; /* decoded, perhaps without colour; NULL for checks with in_order */
    const as_image_stats      *stats; /* NULL for checks with in_order */
    const char                *label;
    as_split                   split;
    const as_finding          *findings; /* what its label says is where; may be NULL */
    size_t                     n_findings;
    const char                *part, *camera; /* as the sample's; "" */
    as_ns                      utc;
    const struct as_reference *reference; /* reference.h; NULL: there is none */
    const char         *previous_name; /* of the camera's picture before, kept or not; NULL: none; this and the next: of
                                            checks with in_order */
    as_ns               previous_utc;
    const as_image_map *map;          /* this and the next three: of checks with in_order; NULL where there is none */
    const as_image_map *previous;     /* of the camera's picture before this one */
    const as_image_map *scene_mean;   /* of the camera's pictures, when this one completes as many as make one */
    const char         *near_of;      /* name of the picture that looks most like it */
    uint32_t            near_bits;    /* in which their hashes differ */
    const char         *duplicate_of; /* name of an identical picture already in, or NULL */
    const char         *duplicate_label;
    as_split            duplicate_split;
    uint32_t            overruled; /* a bit for each row that a person overruled: it warns at most */
} as_check_input;

/* One file a check, check_<name>.c, one row in src/intake/meson.build. */
typedef struct as_check {
    const char *name, *summary;
    as_rule     rule;     /* whose level a finding gets; AS_RULE_NONE: that which run says */
    bool        in_order; /* compares with the pictures before this one: runs on one thread, without pixels */
    const char *is_final; /* why nobody can overrule it: a clause; NULL: a person can */
    /* text[AS_CHECK_TEXT_BYTES]: what was found, with its numbers and the remedy; written unless OK. Any thread. */
    as_check_level (*run)(const as_check_input *in, char *text);
} as_check;

const as_check *as_check_at(size_t i); /* NULL past the last row */

typedef struct as_intake as_intake;

#define AS_CHECK_MOST 32 /* rows */

typedef struct as_intake_counts {
    uint64_t n_warned_by[AS_CHECK_MOST], n_quarantined_by[AS_CHECK_MOST]; /* of each row; a picture can have several */
    uint64_t n_seen, n_kept, n_known, n_quarantined, n_warned, n_bytes;   /* n_known: already in this version */
} as_intake_counts;

/* Starts from the newest commit's samples, or from none. Both must outlive it. */
AS_CHECK as_intake *as_intake_open(as_workspace *ws, const as_spec *spec, as_err *err);
as_intake          *as_intake_close(as_intake *intake);

/* A picture as a file's bytes. sample: name, label, split, part, camera, utc, severity are used. True also when it was
 * quarantined: *ret tells, text[AS_CHECK_TEXT_BYTES] why ("" if ok). AS_EIO and such when the store cannot take it.
 * A picture of an earlier commit, under its own name or another of the same class, is known and not taken again. */
AS_CHECK bool as_intake_add(as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample,
                            as_check_level *ret, char *text, as_err *err);

/* A file that could not even be read or decoded goes into quarantine with its reason. bytes may be NULL. */
AS_CHECK bool as_intake_refuse(as_intake *intake, const uint8_t *bytes, size_t n, const char *name, const char *check,
                               const char *why, as_err *err);

as_intake_counts as_intake_counts_of(const as_intake *intake);

/* Ends the taking, and gives samples without a split one: stratified by class, parts and identical pictures kept together, by the spec's shares
 * (validation alone is drawn from train where the source had its own test set). Every class gets at least one sample in
 * each split where it has three or more parts. What is in a split already stays there, and counts. */
AS_CHECK bool as_intake_split(as_intake *intake, uint64_t seed, as_err *err);
uint64_t      as_intake_n_aside(const as_intake *intake); /* that a frozen test kept out of every split */

/* $ASSAY_AUTHOR, else user@host; made fit for a commit. */
void as_intake_author(char *author, size_t cap);

/* The author is $ASSAY_AUTHOR, else user@host. AS_EINVAL when nothing new was kept. The last thing done with an intake. */
AS_CHECK bool as_intake_commit(as_intake *intake, const char *message, as_commit *ret, as_err *err);

#endif
