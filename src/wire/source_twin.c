/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a twin: its settings may change between two of them. */
#include <stdlib.h>
#include <string.h>

#include "camera/twin_uri.h"
#include "twin/develop.h"
#include "wire/source.h"

typedef struct twin_state {
    as_twin_uri uri; /* its words are needed to open the twin anew */
    as_twin    *twin;
    uint64_t    first, n_parts, n_replay; /* 0: endless; ever new ones */
    uint32_t    n_views, x, y;
} twin_state;

static bool twin_open(void *p, const as_pump_cfg *cfg, as_source_facts *ret, as_pump_settings *settings, as_err *err)
{
    twin_state *state = p;
    if (!as_twin_uri_parse(strchr(cfg->uri, ':') + 1, &state->uri, err) || !as_twin_uri_files(&state->uri, NULL, err))
        return false;
    as_twin_cfg *asked = &state->uri.cfg;
    if (cfg->has_sensor)
        as_twin_uri_usual_sensor(&state->uri);
    asked->width = asked->width ? asked->width : cfg->width;
    asked->height = asked->height ? asked->height : cfg->height;
    if (cfg->fps > 0) /* what sends the pictures knows how many */
        state->uri.fps = cfg->fps;
    as_twin_uri_rate(&state->uri, 0, state->uri.views);
    state->twin = as_twin_open(state->uri.query.path, asked, err);
    if (!state->twin)
        return false;
    state->first = state->uri.from ? state->uri.from : 1;
    state->n_parts = state->uri.parts;
    state->n_replay = cfg->n_replay;
    state->n_views = state->uri.views ? (uint32_t)state->uri.views : 1;
    settings->twin = *as_twin_cfg_of(state->twin);
    settings->twin.script = as_twin_script_of(state->twin);
    settings->width = ret->width = settings->twin.width;
    settings->height = ret->height = settings->twin.height;
    ret->pixel = AS_PIXEL_RGB8;
    return true;
}

static bool twin_can(const void *p, as_pixel pixel)
{
    const twin_state *state = p;
    return as_twin_sensor_of(state->twin) ? as_develop_can(pixel) : as_pixel_plain(pixel);
}

static bool twin_has(const as_pump_item *item, as_fault fault)
{
    return (item->faults >> fault) & 1u;
}

static uint64_t twin_part(const void *p, const as_source_at *at)
{
    const twin_state *state = p;
    uint64_t          passed = at->at / state->n_views;
    return state->first + (state->n_replay ? passed % state->n_replay : passed);
}

static bool twin_plan(void *p, as_source_at *at, as_source_job *job)
{
    const twin_state *state = p;
    uint64_t          passed = at->at / state->n_views;
    as_pump_item     *item = &job->item;
    if (state->n_parts && passed >= state->n_parts)
        return false;
    passed = state->n_replay ? passed % state->n_replay : passed;
    item->part = twin_part(p, at);
    item->view = (uint32_t)(at->at % state->n_views);
    item->faults = as_twin_faults_at(state->twin, item->part, item->truth.amounts);
    job->key = passed * state->n_views + item->view;
    if (twin_has(item, AS_FAULT_MISSING_TRIGGER)) {
        item->what = AS_PUMP_UNSEEN;
        at->at += state->n_views - item->view;
        return true;
    }
    if (twin_has(item, AS_FAULT_FRAME_LOSS) || twin_has(item, AS_FAULT_DEAD)) {
        item->what = AS_PUMP_LOST;
        at->at++;
        return true;
    }
    item->what = AS_PUMP_PICTURE;
    job->frozen = twin_has(item, AS_FAULT_FROZEN) && at->shown != 0;
    at->shown = item->part;
    item->again = at->again;
    at->again = twin_has(item, AS_FAULT_DOUBLE_TRIGGER) && !at->again;
    at->at += !at->again;
    job->twin = as_twin_ref(state->twin);
    job->x = state->x;
    job->y = state->y;
    return true;
}

/* Room for the whole picture where only a window of it is handed on. */
static bool twin_room(const as_twin *twin, as_source_room *room, bool whole, as_err *err)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    size_t             bytes = as_twin_scratch_bytes(twin);
    if (room->n_scratch < bytes) {
        free(room->scratch);
        room->scratch = malloc(bytes);
        room->n_scratch = room->scratch ? bytes : 0;
    }
    if (!room->scratch)
        return AS_FAIL(err, AS_ENOMEM, "no memory to draw in");
    if (!whole || (room->whole.data && room->whole.pixel == cfg->pixel))
        return true;
    as_image_done(&room->whole);
    return as_image_new(&room->whole, cfg->pixel, cfg->width, cfg->height, err);
}

static bool twin_make(void *p, as_source_job *job, as_source_room *room, as_err *err)
{
    as_frame          *frame = job->item.frame;
    const as_twin_cfg *cfg = as_twin_cfg_of(job->twin);
    const uint16_t    *raw;
    bool               whole = frame->image.width != cfg->width || frame->image.height != cfg->height;
    (void)p;
    if (!twin_room(job->twin, room, whole, err))
        return false;
    if (!as_twin_look(job->twin, job->item.part, job->item.view, room->scratch, whole ? &room->whole : &frame->image,
                      &job->item.truth, &raw, err))
        return false;
    if (whole)
        as_source_window(&room->whole, job->x, job->y, &frame->image);
    job->item.known = true;
    frame->truth = job->item.truth.frame;
    frame->part = job->item.part;
    frame->status = AS_FRAME_OK;
    return true;
}

static bool twin_tune(void *p, const as_pump_settings *settings, as_err *err)
{
    twin_state        *state = p;
    const as_twin_cfg *was = as_twin_cfg_of(state->twin);
    as_twin_cfg        asked = settings->twin;
    as_twin           *twin;
    if (asked.width != was->width || asked.height != was->height || asked.seed != was->seed)
        return AS_FAIL(err, AS_EINVAL, "neither the size that is drawn nor the seed can change while a twin is served");
    if (asked.pixel == was->pixel) {
        twin = as_twin_retune(state->twin, &asked, err);
    } else {
        as_twin_cfg anew = state->uri.cfg;
        anew.pixel = asked.pixel;
        twin = as_twin_open(state->uri.query.path, &anew, err);
        as_twin *opened = twin;
        /* What the lens resolved to is the new one's own; the light is as it was tuned. */
        if (opened) {
            const as_twin_cfg *own = as_twin_cfg_of(opened);
            asked.focal_mm = own->focal_mm;
            asked.f_number = own->f_number;
            asked.distance_mm = own->distance_mm;
            asked.pitch_um = own->pitch_um;
            twin = as_twin_retune(opened, &asked, err);
            as_twin_close(opened);
        }
    }
    if (!twin)
        return false;
    as_twin_close(state->twin);
    state->twin = twin;
    state->x = settings->x;
    state->y = settings->y;
    return true;
}

static void twin_close(void *p)
{
    twin_state *state = p;
    as_twin_close(state->twin);
    as_twin_uri_done(&state->uri);
}

const as_twin *as_source_twin_of(const void *p)
{
    return ((const twin_state *)p)->twin;
}

const as_source_kind as_source_twin = {
    .state_bytes = sizeof(twin_state),
    .max_threads = 4,
    .open = twin_open,
    .can = twin_can,
    .plan = twin_plan,
    .part = twin_part,
    .make = twin_make,
    .tune = twin_tune,
    .close = twin_close,
};
