/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what an intake remembers, and the two halves of taking a picture in. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: as_look_at, as_look_refuse and as_intake_knows from any thread, the rest from the intake's own.
 * Memory:  belongs to the intake; looks are plain values.
 *
 * A picture is first looked at (decoded, hashed, checked, and stored or quarantined: any number at once), then taken
 * (compared with those before it, and listed: in order). So the result does not depend on the number of threads, and no
 * more pictures are in memory than there are threads.
 */
#ifndef AS_INTAKE_STATE_H
#define AS_INTAKE_STATE_H

#include <pthread.h>

#include "base/vec.h"
#include "catalog/notes.h"
#include "image/hamming.h"
#include "intake/intake.h"
#include "intake/lookup.h"
#include "intake/privacy.h"
#include "intake/reference.h"
#include "intake/said.h"
#include "intake/scene.h"
#include "intake/split.h"

/* A person has the last word about a picture: what these rows would refuse they only warn of. */
typedef struct as_ruling {
    uint32_t    overruled; /* a bit a row */
    const char *by, *reason;
    as_ns       utc;
} as_ruling;

/* What was found of a new sample: to be taken back with it. */
typedef struct as_intake_taken {
    uint32_t found : AS_CHECK_MOST - 1; /* a bit a row */
    uint32_t warned : 1;
} as_intake_taken;

struct as_intake {
    as_workspace  *ws;
    const as_spec *spec;
    as_privacy    *privacy;                       /* NULL: pictures are taken as they are */
    as_reference  *reference;                     /* NULL: nothing to compare with */
    as_commit      base;                          /* when has_base */
    bool           has_base, committed, is_ended; /* the last: nothing more is taken */
    as_manifest   *manifest;                      /* the base's samples, then the new ones */
    size_t         n_base;
    as_lookup      by_name, by_image; /* places in the manifest; the latter has the first of identical pictures */
    AS_VEC(as_intake_taken) taken;    /* of samples n_base and on */
    pthread_rwlock_t lock;            /* over manifest and maps: looks ask them while the owner changes them */
    as_intake_counts counts;
    as_scenes        scenes;
    as_hamming      *near;                  /* by place in the manifest; NULL where the spec does not ask for it */
    as_split_report  split;                 /* of as_intake_split */
    bool             given[AS_SPLIT_COUNT]; /* splits that pictures came with */
    as_str           notes;                 /* lines that are not in the store yet (catalog/notes.h) */
    as_commit        noted;                 /* the objects that they are in (its notes alone) */
    const as_ruling *ruling;                /* NULL: the checks have the last word */
};

typedef struct as_look {
    as_digest      digest;
    uint64_t       n_bytes;
    uint32_t       width, height;
    as_codec       codec;
    double         sharpness, clipped_ratio;
    uint64_t       difference_hash;
    char           privacy[AS_PRIVACY_RECORD_BYTES]; /* for the manifest */
    as_image_map   map;
    bool           is_known; /* nothing was done about it */
    uint32_t       found;    /* a bit for each row that warns */
    as_note        measured; /* without what was found */
    as_said        said;     /* by each check that was not content */
    as_check_level level;
    const char    *check; /* the row behind the level; static */
    char           text[AS_CHECK_TEXT_BYTES];
} as_look;

/* The worst that the checks with this in_order find, the first of equals; stops at the first that sends to quarantine. Adds
 * the bits of those that warn to look->found, what they say to look->said. */
as_check_level as_check_run(const as_check_input *in, bool in_order, as_look *look, const char **ret_check, char *text);

size_t as_check_row(const char *name); /* of the table; AS_CHECK_MOST - 1 when there is none */

/* One picture more, or with step -1 less, with these findings; quarantined: the row it is refused by, or NULL. */
void as_check_count(as_intake_counts *counts, uint32_t found, const char *quarantined, int step);

/* Stores the picture, or quarantines it. False when it could be neither. */
AS_CHECK bool as_look_at(const as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample, as_look *ret,
                         as_err *err);
AS_CHECK bool as_look_refuse(const as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample,
                             const char *check, const char *why, as_look *ret, as_err *err);

/* Counts it, and lists it if it is to be kept. look: level, check and text are brought up to date. */
AS_CHECK bool as_look_take(as_intake *intake, as_look *look, const as_sample *sample, as_err *err);

/* Nothing more is taken, and what it would be compared with goes: splitting and committing need the room. */
void as_intake_end(as_intake *intake);

/* Takes back what was taken last, as long as it is new and of this part: no part is committed in half. What of it went into
 * quarantine stays there. */
void as_intake_forget_part(as_intake *intake, const char *part);

/* In this version by name, bytes and class; or in the base under another name, and not for another split. */
bool as_intake_knows(const as_intake *intake, const as_sample *sample, const as_digest *digest);

/* A picture that came for one split, when an identical one is in the other. From a source's train/, which validation is
 * drawn from, pictures come for none: then only validation and test are the other side. */
bool as_split_conflict(as_split wanted, as_split has);

/* Cuts text[AS_CHECK_TEXT_BYTES], which snprintf may have cut anywhere, where a character ends. */
void as_check_trim(char *text);

/* AS_EINVAL, with the nearest class, when the spec has none of that name. what: "folder", "label". */
AS_CHECK bool as_intake_check_class(const as_spec *spec, const char *label, const char *what, const char *remedy,
                                    as_err *err);

#endif
