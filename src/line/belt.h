/* SPDX-License-Identifier: Apache-2.0 */
/* belt.h - the parts between trigger and record: each gets exactly one verdict, by its deadline, and leaves in order.
 *
 * Layer:   line.
 * Threads: any; in a line the camera's puts, the judge's takes and answers, the guard's lets deadlines pass, the
 *          recorder's picks up. Whoever comes first decides a part; what comes later is told so.
 * Memory:  allocated by as_belt_new. Frames handed over are given back by the belt, or by the judge who took them.
 *
 * A part's trigger is that of its last frame. `now` and times are monotonic; waits end at `until`, at the latest.
 */
#ifndef AS_LINE_BELT_H
#define AS_LINE_BELT_H

#include "image/frame.h"
#include "journal/journal.h"

#define AS_BELT_NAME_BYTES sizeof(((as_record *)0)->label)

typedef struct as_belt as_belt;

typedef struct as_belt_cfg {
    uint32_t   capacity; /* parts that were triggered and not picked up yet */
    uint32_t   frames_per_part;
    as_ns      deadline;    /* trigger to verdict */
    as_ns      gather;      /* from a part's first frame until all have come; later it is a fault */
    as_verdict late, fault; /* the safe verdicts */
} as_belt_cfg;

AS_CHECK as_belt *as_belt_new(const as_belt_cfg *cfg, as_err *err);
as_belt          *as_belt_free(as_belt *belt); /* gives back what frames it holds */

/* --- the camera's thread --- */

/* A frame of `part`. Frames of one part come one after the other; one that is not AS_FRAME_OK, or a part that another one
 * follows too early, makes a fault, and so does a part for which there is no room until then: what is left of it is one
 * of a run of faults, which takes one place however long it is. True: the belt has the reference. False: the belt is
 * closed, and the reference stays with the caller. *ret_new (may be NULL): a part began with it. */
AS_CHECK bool as_belt_put(as_belt *belt, as_frame *frame, as_ns now, as_ns until, bool *ret_new);

/* `n` parts from number `part` on that were triggered and never seen, or of the first of which a frame was not: faults at
 * once; never waits. Returns how many of them began with it. */
uint64_t as_belt_put_lost(as_belt *belt, uint64_t part, uint64_t n, as_ns now);

/* One fault that stands for n_skipped numbers from `part` on, of which nobody knows whether parts were behind them. */
uint64_t as_belt_put_jump(as_belt *belt, uint64_t part, uint64_t n_skipped, as_ns now);

/* Nothing more will come: a part that waits for frames is a fault. Wakes all. */
void as_belt_close(as_belt *belt, as_ns now);

/* True while a part waits for more of its frames. */
bool as_belt_is_gathering(as_belt *belt);

/* True when every part has its verdict and there is room for one more. */
AS_CHECK bool as_belt_wait_idle(as_belt *belt, as_ns until);

/* --- the judge's --- */

typedef struct as_belt_job {
    uint64_t   serial;
    as_ns      deadline;
    uint32_t   n_frames;
    as_frame **frames; /* room for frames_per_part; the taker's to unref */
} as_belt_job;

/* The next part that waits for its verdict. False: none until then, or never (as_belt_is_over). */
AS_CHECK bool as_belt_take(as_belt *belt, as_ns until, as_belt_job *job);

typedef struct as_belt_answer {
    as_verdict verdict;
    as_reason  reason;
    float      score, class_score;
    char       label[32];
    as_ns      prepare_ns, infer_ns;
} as_belt_answer;

/* False when the part has its verdict already, or gets the late one now. */
bool as_belt_answer_to(as_belt *belt, uint64_t serial, const as_belt_answer *answer, as_ns now);

bool as_belt_is_over(as_belt *belt);            /* closed, and every part is decided */
void as_belt_name(char *ret, const char *name); /* into AS_BELT_NAME_BYTES, cut between characters */

/* --- the guard's --- */

/* Decides every part whose time is over at `now`; returns when the next one's will be, INT64_MAX if there is none. */
as_ns as_belt_expire(as_belt *belt, as_ns now);

/* Waits until a deadline may have come, at most until then. False when there is nothing more to guard. */
AS_CHECK bool as_belt_wait_deadline(as_belt *belt, as_ns until);

/* --- the recorder's --- */

/* The next part in the order of triggers, once it is decided. */
AS_CHECK bool as_belt_pick_up(as_belt *belt, as_ns until, as_record *ret);
bool          as_belt_is_done(as_belt *belt); /* closed, and everything was picked up */

#endif
