/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_trigger.h"

#include "base/clock.h"

static void trigger_once(as_gige_trigger *trigger, as_err *err)
{
    GError *error = NULL;
    as_gige_trigger_lock(trigger);
    arv_camera_software_trigger(trigger->camera, &error);
    as_gige_trigger_unlock(trigger);
    if (error)
        AS_FAIL(err, AS_EIO, "the camera is not triggered: %s", error->message);
    g_clear_error(&error);
}

static void trigger_run(void *ctx)
{
    as_gige_trigger *trigger = ctx;
    pthread_mutex_lock(&trigger->lock);
    while (!trigger->stop) {
        if (!trigger->wanted) {
            pthread_cond_wait(&trigger->turn, &trigger->lock);
            continue;
        }
        as_err why = AS_ERR_NONE;
        trigger->sent = as_clock_mono();
        pthread_mutex_unlock(&trigger->lock);
        trigger_once(trigger, &why);
        pthread_mutex_lock(&trigger->lock);
        trigger->wanted = false;
        trigger->err = why;
    }
    pthread_mutex_unlock(&trigger->lock);
}

bool as_gige_trigger_start(as_gige_trigger *trigger, ArvCamera *camera, as_err *err)
{
    *trigger = (as_gige_trigger){.camera = camera};
    if (pthread_mutex_init(&trigger->lock, NULL) != 0)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a trigger");
    if (pthread_mutex_init(&trigger->device, NULL) != 0 || pthread_cond_init(&trigger->turn, NULL) != 0) {
        pthread_mutex_destroy(&trigger->lock);
        return AS_FAIL(err, AS_ENOMEM, "no memory for a trigger");
    }
    trigger->is_on = true;
    trigger->thread = as_thread_start("gige-trigger", trigger_run, trigger, err);
    return trigger->thread != NULL;
}

void as_gige_trigger_stop(as_gige_trigger *trigger)
{
    if (!trigger->is_on)
        return;
    pthread_mutex_lock(&trigger->lock);
    trigger->stop = true;
    pthread_cond_broadcast(&trigger->turn);
    pthread_mutex_unlock(&trigger->lock);
    as_thread_join(trigger->thread);
    pthread_cond_destroy(&trigger->turn);
    pthread_mutex_destroy(&trigger->device);
    pthread_mutex_destroy(&trigger->lock);
    trigger->is_on = false;
}

bool as_gige_trigger_fire(as_gige_trigger *trigger, as_err *err)
{
    pthread_mutex_lock(&trigger->lock);
    as_err why = trigger->err;
    trigger->err = (as_err)AS_ERR_NONE;
    if (why.code == AS_OK) {
        if (!trigger->wanted)
            trigger->sent = 0;
        trigger->wanted = true;
        pthread_cond_signal(&trigger->turn);
    }
    pthread_mutex_unlock(&trigger->lock);
    return why.code == AS_OK || as_err_set(err, why.code, "%s", why.text);
}

as_ns as_gige_trigger_sent(as_gige_trigger *trigger)
{
    pthread_mutex_lock(&trigger->lock);
    as_ns sent = trigger->sent;
    pthread_mutex_unlock(&trigger->lock);
    return sent;
}

void as_gige_trigger_lock(as_gige_trigger *trigger)
{
    if (trigger->is_on)
        pthread_mutex_lock(&trigger->device);
}

void as_gige_trigger_unlock(as_gige_trigger *trigger)
{
    if (trigger->is_on)
        pthread_mutex_unlock(&trigger->device);
}
