/* SPDX-License-Identifier: Apache-2.0 */
/* gige_trigger.h - the software trigger of a camera, from a thread of its own. For the gige driver.
 *
 * Layer:   camera.
 * Threads: fire() from the camera's thread; lock() wherever else its features are read or written.
 * Memory:  the camera is borrowed until stop().
 *
 * A trigger is a register that is written, and who waits for the answer of a camera that is gone waits for seconds: longer than
 * any deadline of who asked for a frame.
 */
#ifndef AS_CAMERA_GIGE_TRIGGER_H
#define AS_CAMERA_GIGE_TRIGGER_H

#include <arv.h>
#include <pthread.h>

#include "base/thread.h"

typedef struct as_gige_trigger {
    ArvCamera      *camera;
    as_thread      *thread;
    pthread_mutex_t lock, device; /* device: Aravis evaluates the features of one in one thread only */
    pthread_cond_t  turn;
    bool            is_on, wanted, stop; /* zeroed: off */
    as_ns           sent;                /* when the last one began to be written; 0: it waits for its turn */
    as_err          err;                 /* of the last one */
} as_gige_trigger;

AS_CHECK bool as_gige_trigger_start(as_gige_trigger *trigger, ArvCamera *camera, as_err *err);
void          as_gige_trigger_stop(as_gige_trigger *trigger); /* waits for one that is under way; harmless when off */

/* Never waits. False: the one before failed; AS_EIO. One that is still under way counts for this one too. */
AS_CHECK bool as_gige_trigger_fire(as_gige_trigger *trigger, as_err *err);

/* What the camera sent before that, monotonic, is not of the last fire(). 0: it is still to be sent. */
as_ns as_gige_trigger_sent(as_gige_trigger *trigger);

/* Around each use of the camera's features meanwhile; harmless when off. */
void as_gige_trigger_lock(as_gige_trigger *trigger);
void as_gige_trigger_unlock(as_gige_trigger *trigger);

#endif
