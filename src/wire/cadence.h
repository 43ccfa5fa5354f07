/* SPDX-License-Identifier: Apache-2.0 */
/* cadence.h - when an emulated camera takes its pictures, and what it says of that: the time of each is true.
 *
 * Layer:   wire.
 * Threads: one thread at a time; it asks no clock.
 * Memory:  plain values.
 *
 * A picture is taken when it is due. One that was not drawn by the end of its exposure is taken later, and so is one for which
 * there is no room since those before it are not sent yet; the next is due a period after that. So what cannot be held is a lower
 * rate, in the time stamps too, and never a burst of pictures that claim to be a period apart.
 */
#ifndef AS_WIRE_CADENCE_H
#define AS_WIRE_CADENCE_H

#include "base/def.h"
#include "base/str.h"

#define AS_CADENCE_LOOKS 256 /* pictures that the rate held is measured over */

typedef struct as_cadence_shot {
    as_ns made;     /* when it was drawn; 0: long ago */
    as_ns now;      /* when it can be sent */
    as_ns exposure; /* 0: none is known */
    as_ns period;   /* to the next one; 0: nobody knows when that is due */
    bool  asked;    /* that period was asked for, and is not just as fast as it goes */
} as_cadence_shot;

/* Why a rate is not held. */
typedef enum as_cadence_cause { AS_CADENCE_HELD, AS_CADENCE_DRAWING, AS_CADENCE_SENDING } as_cadence_cause;

typedef struct as_cadence {
    as_ns    due;     /* of the next picture: the taker's to move */
    uint64_t n_taken; /* pictures */
    uint64_t n_late;  /* of them, those taken later than they were due */
    double   missed;  /* pictures that were due meanwhile, by the rate asked for, and never taken */

    as_cadence_cause cause; /* of the last two seconds */
    double           asked_per_s, held_per_s;

    as_ns  stamps[AS_CADENCE_LOOKS], lags[AS_CADENCE_LOOKS]; /* of the last pictures; lag: of all since the start */
    size_t n;                                                /* pictures since the start, or since it was set */
    as_ns  lag;
    as_ns  window, window_lag[2]; /* when it began; by drawing, by sending */
    size_t window_n;
} as_cadence;

/* From now on, at a rate that may be another: the next is due at once. What was counted stays. */
void as_cadence_start(as_cadence *cadence, as_ns now);

/* Counts a picture whose time was `due`, and returns when it was taken: due, or later. */
as_ns as_cadence_take(as_cadence *cadence, as_ns due, const as_cadence_shot *shot);

/* Mean interval of the last pictures, where they came more slowly than their period; 0: they did not. */
as_ns as_cadence_held(const as_cadence *cadence);

/* Pictures that were due until now, taken or not. */
uint64_t as_cadence_due(const as_cadence *cadence);

#endif
