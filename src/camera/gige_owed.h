/* SPDX-License-Identifier: Apache-2.0 */
/* gige_owed.h - pictures that a camera still owes for triggers it was sent, so that none is taken for another one's.
 *
 * Layer:   camera.
 * Threads: the camera's.
 * Memory:  none.
 *
 * Each trigger is owed one picture, and they come in the triggers' order. Once a trigger was given up and sent again, the picture
 * that comes next may be of either, and so would be every one behind it: none is triggered before what is owed came, or until as
 * long after the last trigger as a picture is waited for.
 */
#ifndef AS_CAMERA_GIGE_OWED_H
#define AS_CAMERA_GIGE_OWED_H

#include "base/clock.h"

typedef struct as_gige_owed { /* zeroed: nothing */
    uint64_t n, seen;         /* pictures; the number of the last that came, 0 unknown */
    as_ns    until;           /* what did not come by then does not come */
} as_gige_owed;

/* A trigger is sent, whose picture is waited for until then. */
void as_gige_owed_fire(as_gige_owed *owed, as_ns until);

/* A picture came, whole or not. Those that its number leaves out were taken as well, and are lost. is_old: it was sent before the
 * last trigger, so that that one's still is owed. Returns whether it may be of a trigger before the last. */
bool as_gige_owed_take(as_gige_owed *owed, uint64_t id, bool is_old);

/* Whether one of a trigger that was given up may still come. */
bool as_gige_owed_waits(as_gige_owed *owed, as_ns now);

#endif
