/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of any other camera, as they come. */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "wire/source.h"

#define WAIT_NS (100 * AS_NS_PER_MS) /* so soon is a stop seen */

typedef struct camera_state {
    as_camera     *camera;
    uint64_t       n_replay;
    uint32_t       x, y;
    _Atomic(as_ns) since;
} camera_state;

static bool camera_open(void *p, const as_pump_cfg *cfg, as_source_facts *ret, as_pump_settings *settings, as_err *err)
{
    camera_state *state = p;
    as_camera_cfg asked = {.uri = cfg->uri, .width = cfg->width, .height = cfg->height, .n_frames = 2};
    state->camera = as_camera_open(&asked, err);
    if (!state->camera)
        return false;
    as_camera_geometry got = as_camera_geometry_of(state->camera);
    state->n_replay = cfg->n_replay;
    ret->is_live = !got.can_wait && cfg->n_replay == 0;
    atomic_init(&state->since, 0);
    if (!as_pixel_plain(got.pixel))
        return AS_FAIL(err, AS_EUNSUPPORTED, "pictures of %s cannot be sent on", as_pixel_name(got.pixel));
    ret->pixel = settings->twin.pixel = got.pixel;
    ret->width = settings->width = settings->twin.width = got.width;
    ret->height = settings->height = settings->twin.height = got.height;
    return true;
}

static bool camera_plan(void *p, as_source_at *at, as_source_job *job)
{
    const camera_state *state = p;
    job->item.what = AS_PUMP_PICTURE;
    job->item.part = at->at + 1;
    job->key = state->n_replay ? at->at % state->n_replay : 0;
    job->x = state->x;
    job->y = state->y;
    at->at++;
    return true;
}

static bool camera_make(void *p, as_source_job *job, as_source_room *room, as_err *err)
{
    camera_state *state = p;
    (void)room;
    as_frame *got = as_camera_next(state->camera, as_clock_mono() + WAIT_NS, err);
    while (got && got->time_mono < atomic_load(&state->since)) { /* it waited in the camera */
        as_frame_unref(got);
        got = as_camera_next(state->camera, as_clock_mono() + WAIT_NS, err);
    }
    if (!got)
        return false;
    as_frame *frame = job->item.frame;
    as_image  to = frame->image;
    if (got->status == AS_FRAME_OK)
        as_source_window(&got->image, job->x, job->y, &to);
    else
        job->item.what = AS_PUMP_LOST;
    frame->status = got->status;
    frame->time_mono = got->time_mono;
    frame->time_utc = got->time_utc;
    frame->truth = got->truth;
    job->item.part = frame->part = got->part;
    job->item.known = got->truth.known;
    job->item.truth.frame = got->truth;
    memcpy(frame->name, got->name, sizeof frame->name);
    as_frame_unref(got);
    return true;
}

/* Only the window: light and lens are the camera's own. */
static bool camera_tune(void *p, const as_pump_settings *settings, as_err *err)
{
    camera_state *state = p;
    (void)err;
    state->x = settings->x;
    state->y = settings->y;
    return true;
}

static void camera_fresh(void *p, as_ns since)
{
    camera_state *state = p;
    atomic_store(&state->since, since);
}

static void camera_close(void *p)
{
    camera_state *state = p;
    state->camera = as_camera_close(state->camera);
}

const as_source_kind as_source_camera = {
    .state_bytes = sizeof(camera_state),
    .max_threads = 1,
    .open = camera_open,
    .plan = camera_plan,
    .make = camera_make,
    .tune = camera_tune,
    .fresh = camera_fresh,
    .close = camera_close,
};
