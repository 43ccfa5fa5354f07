/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - the inspection that runs: trigger, picture, verdict by the deadline or the safe one, one journal record a part.
 *
 * Layer:   line (may use base/, spec/, camera/, journal/, task/, watch/; never train, lab or intake).
 * Threads: as_line_run blocks its caller and runs a camera, a judge, a guard and a recorder thread; as_line_stop from any.
 * Memory:  everything is allocated before the first trigger; after that nothing.
 *
 * Every trigger gets exactly one verdict: pass, reject, review or fault as configured when the model is late, unsure, or
 * fails, when a frame is bad or lost. triggers == pass + reject + review + fault, audited from the journal.
 *
 * Parts that a gap in the camera's numbers shows get a verdict and a record each. A count that jumps by more than 10,000,
 * or back, tells nothing of parts: one fault, one record with the numbers left out, and the run ends with trouble.
 *
 * Where the spec has a frame_px, a frame of another size is a bad one; a run that saw no other ends with trouble.
 *
 * A camera that can wait (files, an emulated one without a pace) is asked for the next part when the last one has its
 * verdict; any other is never waited for.
 */
#ifndef AS_LINE_LINE_H
#define AS_LINE_LINE_H

#include "base/progress.h"
#include "camera/camera.h"
#include "journal/journal.h"
#include "spec/spec.h"
#include "task/classify.h"
#include "watch/histogram.h"

typedef struct as_line_cfg {
    const as_spec     *spec;
    const char        *camera;   /* URI; NULL: the spec's */
    const char        *dir;      /* of relative paths in the spec's; NULL: the caller's own */
    uint64_t           n_parts;  /* stop after so many; 0: when the camera ends or the line is stopped */
    as_ns              deadline; /* trigger to verdict; 0: the spec's */
    bool               unpaced;  /* as fast as it goes: the spec's parts a minute are ignored */
    const uint8_t     *model;    /* not kept beyond as_line_new; spent there, where session says so */
    size_t             n_model;
    const char        *model_name;
    as_session_cfg     session;
    as_operating_point point;
    const char        *journal_dir;
    /* Called for each part from one thread, in order, outside the deadline path. May be NULL. record->sequence is 0 while
     * the disk does not take the record. */
    void (*told)(void *ctx, const as_record *record);
    void *ctx;
} as_line_cfg;

typedef struct as_line_summary {
    uint64_t         n_triggers;
    uint64_t         n_verdict[AS_VERDICT_COUNT];
    uint64_t         n_reason[AS_REASON_COUNT];
    uint64_t         n_lost_frames, n_bad_frames;
    uint64_t         n_misfits; /* bad ones that were not of the spec's frame_px */
    uint64_t         n_outages; /* of the camera, and how long it was away in them */
    as_ns            away;
    as_camera_stream stream;                            /* of the camera's wire */
    uint64_t         n_jumps, n_skipped;                /* of the camera's count, and the numbers it left out */
    uint64_t         n_lost_records;                    /* verdicts that were given, and which the disk did not take */
    uint64_t         n_failed_syncs, n_unsafe_records;  /* times the disk failed to keep records; not kept at the end */
    uint64_t         n_truth, n_right_verdict;          /* parts whose truth was known */
    uint64_t         n_bad, n_bad_stopped;              /* truth must be rejected; and was not passed */
    uint64_t         n_good, n_good_rejected;           /* truth may pass; and was rejected */
    uint64_t         n_rejected_known, n_rejected_bad;  /* rejected with known truth; of these really bad */
    as_histogram     latency, stage[AS_JOURNAL_STAGES]; /* ns */
    as_ns            deadline;                          /* that was kept to */
    double           seconds;                           /* first trigger to last verdict */
    uint64_t         peak_bytes;                        /* resident, of the whole program */
    bool             journal_whole;                     /* the audit of the journal agreed */
    char             journal_text[200];                 /* if not: what is wrong */
    uint64_t         first_sequence, last_sequence;     /* of this line run in the journal */
    uint32_t         line_run;
    as_err trouble;    /* AS_OK, or why the camera ended before its time, lost count or never had the right size, or the
                            * disk took no records */
    bool   is_unpaced; /* the camera was asked as fast as it goes: parts a second are this machine's, with the time
                              * to make or read the pictures, and no belt's */
    bool   is_urgent;  /* the system gave the line's threads real-time priority */
    char   backend[16], cpu[96], camera[256];
} as_line_summary;

typedef struct as_line as_line;

AS_CHECK as_line *as_line_new(const as_line_cfg *cfg, as_err *err);

/* Once. progress->stop and as_line_stop end it early and well: every part that was triggered has its verdict. False only
 * when it could not run at all; a camera that failed is told in ret->trouble. */
AS_CHECK bool as_line_run(as_line *line, const as_progress *progress, as_line_summary *ret, as_err *err);
void          as_line_stop(as_line *line);
as_line      *as_line_free(as_line *line);

#endif
