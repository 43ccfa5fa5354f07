/* SPDX-License-Identifier: Apache-2.0 */
/* What a client asks for once more. It is noted under the lock and sent without it, a little at a time: neither new pictures
 * nor answers wait for it, and no picture is sent again more than a few times, however often it is asked for. */
#include "base/clock.h"
#include "wire/gige_priv.h"

/* Each lost packet may get lost again, and that one: at one in ten a picture's worth is gone after 0.11 of it. */
#define TIMES 2u

static as_gvsp_picture *again_find(as_gige *device, uint16_t block)
{
    for (size_t i = 1; i <= AS_GIGE_KEPT; i++) { /* the newest first */
        as_gvsp_picture *picture = &device->kept[(device->next_kept - i) % AS_GIGE_KEPT];
        if (picture->frame && picture->block == block)
            return picture;
    }
    return NULL;
}

uint32_t as_gige_again_most(const as_gvsp_picture *picture)
{
    return TIMES * (picture->n_packets + 2);
}

as_gv_status as_gige_again_ask(as_gige *device, uint16_t block, uint32_t first, uint32_t last)
{
    as_gige_again         *again = &device->again;
    const as_gvsp_picture *picture = again_find(device, block);
    if (as_gv_control_stream(&device->control).port == 0)
        return AS_GV_OK;
    if (picture && (first > picture->n_packets + 1 || first > last))
        return AS_GV_INVALID_PARAMETER;
    if (again->n == AS_GIGE_AGAIN)
        return AS_GV_BUSY;
    again->jobs[(again->at + again->n++) % AS_GIGE_AGAIN] =
        (as_gige_job){block, first, picture ? AS_MIN(last, picture->n_packets + 1) : first};
    return picture && picture->n_again > 0 ? AS_GV_OK : AS_GV_PACKET_UNAVAILABLE;
}

void as_gige_again_forget(as_gige *device)
{
    device->again.at = device->again.n = 0;
}

/* Under the lock. False: nothing is to be sent now, and *ret_wait says for how long. The frame is counted. */
static bool again_claim(as_gige *device, as_ns now, as_gige_job *job, as_gvsp_picture *ret, as_ns *ret_wait)
{
    as_gige_again         *again = &device->again;
    const as_gvsp_picture *picture;
    *ret_wait = again->n > 0 ? AS_MAX(again->due - now, (as_ns)0) : INT64_MAX;
    if (*ret_wait > 0)
        return false;
    *job = again->jobs[again->at];
    picture = again_find(device, job->block);
    *ret = picture ? *picture : (as_gvsp_picture){.frame = NULL};
    if (ret->frame)
        as_frame_ref(ret->frame);
    return true;
}

/* Under the lock, after so many packets of the first job. A start meanwhile has dropped that job. */
static void again_note(as_gige *device, const as_gige_job *job, const as_gvsp_again *sent, as_ns now)
{
    as_gige_again   *again = &device->again;
    as_gvsp_picture *picture = again_find(device, job->block);
    if (picture)
        picture->n_again -= AS_MIN(picture->n_again, sent->n_sent);
    device->counts.n_again += sent->n_sent;
    again->due = now + sent->pause;
    again->jobs[again->at].first += sent->n_done;
    if (again->jobs[again->at].first > again->jobs[again->at].last) {
        again->at = (again->at + 1) % AS_GIGE_AGAIN;
        again->n--;
    }
}

as_ns as_gige_again_send(as_gige *device, as_ns now)
{
    as_gige_job     job;
    as_gvsp_picture picture;
    as_gvsp_again   sent = {.n_done = 0};
    as_ns           wait;
    pthread_mutex_lock(&device->lock);
    bool             any = again_claim(device, now, &job, &picture, &wait);
    const as_gv_peer to = as_gv_control_stream(&device->control);
    const as_ns      delay = (as_ns)device->control.features.value[AS_FEATURE_PACKET_DELAY];
    const uint64_t   generation = device->generation;
    pthread_mutex_unlock(&device->lock);
    if (!any)
        return wait;
    if (to.port != 0 && picture.frame && picture.n_again > 0)
        sent = as_gvsp_send_again(device->stream, &to, &picture, job.first,
                                  AS_MIN(job.last, job.first + picture.n_again - 1), delay);
    else if (to.port == 0 || as_gvsp_send_gone(device->stream, &to, job.block, job.first))
        sent.n_done = job.last - job.first + 1; /* all of it */
    else
        sent.pause = AS_NS_PER_MS;
    pthread_mutex_lock(&device->lock);
    as_frame_unref(picture.frame);
    if (device->generation == generation && device->again.n > 0)
        again_note(device, &job, &sent, now);
    pthread_mutex_unlock(&device->lock);
    return sent.pause;
}
