/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/cast.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"
#include "wire/truth_log.h"

#define USUAL_FPS 10.0
#define SLICE_NS  (50 * AS_NS_PER_MS)

struct as_cast {
    as_pump        *pump;
    as_truth_log   *log;
    as_thread      *thread;
    as_cast_take   *take;
    void           *ctx;
    char            device[96];
    double          fps;
    as_ns           born;
    atomic_bool     stop;
    pthread_mutex_t lock; /* of state */
    as_serve_state  state;
    as_cadence      cadence;
    uint64_t        number;
    as_image        cut; /* of a half picture */
};

static bool cast_has(const as_pump_item *item, as_fault fault)
{
    return (item->faults >> fault) & 1u;
}

/* Its upper part; the rest never came. */
static bool cast_half(as_cast *cast, const as_pump_item *item, as_err *err)
{
    const as_image *whole = &item->frame->image;
    const uint32_t  rows = whole->height / 3 + (uint32_t)(item->part % (whole->height / 2 + 1));
    if (!cast->cut.data && !as_image_new(&cast->cut, whole->pixel, whole->width, whole->height, err))
        return false;
    const size_t line = AS_MIN(whole->stride_bytes, cast->cut.stride_bytes);
    for (uint32_t y = 0; y < whole->height; y++) {
        uint8_t *to = cast->cut.data + y * cast->cut.stride_bytes;
        if (y < rows)
            memcpy(to, whole->data + y * whole->stride_bytes, line);
        else
            memset(to, 0, line);
    }
    return true;
}

static void cast_count(as_cast *cast, const as_pump_item *item, size_t bytes)
{
    pthread_mutex_lock(&cast->lock);
    cast->state.dead = cast_has(item, AS_FAULT_DEAD);
    cast->state.n_lost +=
        item->what == AS_PUMP_LOST || (item->what == AS_PUMP_PICTURE && cast_has(item, AS_FAULT_HALF_FRAME));
    cast->state.n_sent += item->what == AS_PUMP_PICTURE;
    cast->state.n_bytes += bytes;
    pthread_mutex_unlock(&cast->lock);
}

/* One picture, or none of it. */
static void cast_one(as_cast *cast, const as_pump_item *item, as_ns due)
{
    as_err      ignored;
    const char *what = NULL;
    size_t      bytes = 0;
    if (item->what == AS_PUMP_PICTURE || item->what == AS_PUMP_LOST)
        cast->number++;
    bool half = item->what == AS_PUMP_PICTURE && cast_has(item, AS_FAULT_HALF_FRAME) && cast_half(cast, item, &ignored);
    if (item->what == AS_PUMP_PICTURE)
        what = half ? "half" : "sent";
    /* Before the picture: whoever has it may look up what it shows. */
    as_truth_log_add(cast->log, cast->device, item->what == AS_PUMP_UNSEEN ? -1 : (int64_t)cast->number,
                     due - cast->born, what, item);
    if (item->what == AS_PUMP_PICTURE) {
        const as_cast_shot shot = {cast->number, due - cast->born, half ? &cast->cut : &item->frame->image, item};
        bytes = cast->take(cast->ctx, &shot);
    }
    cast_count(cast, item, bytes);
}

static void cast_end(as_cast *cast, const as_err *why)
{
    pthread_mutex_lock(&cast->lock);
    cast->state.ended = true;
    if (why->code != AS_EEND && why->code != AS_ECANCELLED)
        cast->state.err = *why;
    pthread_mutex_unlock(&cast->lock);
}

/* The next picture; false: none for ever, or the cast is closed. */
static bool cast_next(as_cast *cast, as_pump_item *item)
{
    as_err err = AS_ERR_NONE;
    while (!atomic_load(&cast->stop)) {
        if (as_pump_next(cast->pump, as_clock_mono() + SLICE_NS, item, &err))
            return true;
        if (err.code == AS_ETIMEOUT)
            continue;
        cast_end(cast, &err);
        break;
    }
    return false;
}

/* When it was taken: at its time, or later. The next one is due then. */
static as_ns cast_take(as_cast *cast, const as_pump_item *item, as_ns period)
{
    const as_cadence_shot shot = {.made = item->made, .now = as_clock_mono(), .period = period, .asked = true};
    as_cadence           *cadence = &cast->cadence;
    const as_ns           due = cadence->due;
    pthread_mutex_lock(&cast->lock);
    cadence->due += period;
    const as_ns at = as_cadence_take(cadence, due, &shot);
    cast->state.n_due = as_cadence_due(cadence);
    cast->state.n_late = cadence->n_late;
    cast->state.slow = cadence->cause;
    cast->state.asked_per_s = cadence->asked_per_s;
    cast->state.held_per_s = cadence->held_per_s;
    pthread_mutex_unlock(&cast->lock);
    return at;
}

static void cast_run(void *ctx)
{
    as_cast    *cast = ctx;
    const as_ns period = (as_ns)((double)AS_NS_PER_S / cast->fps);
    bool        again = false;
    as_cadence_start(&cast->cadence, as_clock_mono());
    while (!atomic_load(&cast->stop)) {
        const as_ns now = as_clock_mono(), due = cast->cadence.due;
        if (!again && now < due) {
            as_clock_sleep_until(AS_MIN(due, now + SLICE_NS));
            continue;
        }
        as_pump_item item = {.what = AS_PUMP_NONE};
        if (!cast_next(cast, &item))
            break;
        cast_one(cast, &item, again ? due - period : cast_take(cast, &item, period));
        again = cast_has(&item, AS_FAULT_DOUBLE_TRIGGER) && !item.again;
        as_pump_item_done(&item);
    }
}

static bool cast_start(as_cast *cast, const as_serve_cfg *cfg, as_err *err)
{
    as_pump_cfg pump = cfg->pump;
    as_pixel    pixel;
    uint32_t    width, height;
    pump.n_keep = 1;
    pump.fps = cast->fps;
    cast->pump = as_pump_open(&pump, err);
    if (!cast->pump)
        return false;
    as_cast_full(cast, &pixel, &width, &height);
    if (pixel != AS_PIXEL_MONO8 && pixel != AS_PIXEL_RGB8)
        return AS_FAIL(err, AS_EUNSUPPORTED, "pictures of %s cannot be sent so: add pixel=Mono8 or pixel=RGB8 to '%s'",
                       as_pixel_name(pixel), as_pump_uri(cast->pump));
    cast->thread = as_thread_start("cast", cast_run, cast, err);
    return cast->thread != NULL;
}

as_cast *as_cast_open(const as_serve_cfg *cfg, const char *device, as_cast_take *take, void *ctx, as_err *err)
{
    as_cast *cast = calloc(1, sizeof *cast);
    if (!cast) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a server");
        return NULL;
    }
    cast->log = cfg->log;
    cast->take = take;
    cast->ctx = ctx;
    cast->fps = cfg->fps > 0 ? cfg->fps : USUAL_FPS;
    cast->born = as_clock_mono();
    (void)as_str_copy(cast->device, sizeof cast->device, device);
    pthread_mutex_init(&cast->lock, NULL);
    return cast_start(cast, cfg, err) ? cast : as_cast_close(cast);
}

as_cast *as_cast_close(as_cast *cast)
{
    if (!cast)
        return NULL;
    atomic_store(&cast->stop, true);
    if (cast->pump)
        as_pump_stop(cast->pump);
    as_thread_join(cast->thread);
    as_pump_close(cast->pump);
    as_image_done(&cast->cut);
    pthread_mutex_destroy(&cast->lock);
    free(cast);
    return NULL;
}

void as_cast_state(as_cast *cast, as_serve_state *ret)
{
    pthread_mutex_lock(&cast->lock);
    *ret = cast->state;
    pthread_mutex_unlock(&cast->lock);
}

void as_cast_full(const as_cast *cast, as_pixel *ret_pixel, uint32_t *ret_width, uint32_t *ret_height)
{
    as_pump_settings settings;
    as_pump_full(cast->pump, ret_pixel, ret_width, ret_height);
    if (!as_pump_is_twin(cast->pump))
        return;
    as_pump_settings_get(cast->pump, &settings); /* a twin could be told to send larger pixels than it does */
    *ret_pixel = settings.twin.pixel;
}

double as_cast_fps(const as_cast *cast)
{
    return cast->fps;
}
