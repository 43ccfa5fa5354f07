/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pump.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"
#include "twin/export.h"
#include "wire/source.h"

enum { MAX_THREADS = 4, MAX_KEEP = 1024 };

#define MAX_AHEAD   64u
#define USUAL_AHEAD 3u

typedef enum slot_state { SLOT_EMPTY, SLOT_MAKING, SLOT_READY, SLOT_FAILED } slot_state;

typedef struct pump_slot {
    slot_state    state;
    uint64_t      generation;
    as_source_at  before; /* to begin again from here */
    as_source_job job;
    as_err        err;
} pump_slot;

/* A picture of a replay, once drawn. */
typedef struct pump_kept {
    uint64_t     generation; /* of the settings; 0: not drawn yet */
    as_pump_item item;
} pump_kept;

struct as_pump {
    const as_source_kind *kind;
    void                 *state;
    char                 *uri;
    as_source_facts       facts;
    as_frame_pool        *pool;
    uint32_t              n_ahead, n_threads, n_kept;
    as_thread            *threads[MAX_THREADS];
    bool                  has_lock;

    pthread_mutex_t  lock;
    pthread_cond_t   made, wanted;
    as_pump_settings settings;
    as_script        script; /* settings.twin.script, where there is one */
    uint64_t         generation;
    bool             stopped, at_end;
    pump_slot        ring[MAX_AHEAD];
    uint64_t         next_make, next_take;
    as_source_at     at;
    as_frame        *last;
    pump_kept       *kept;
};

/* --- the threads that draw ------------------------------------------------------------------------------------------ */

/* A job for this thread, under the lock; NULL: none now. */
static pump_slot *pump_claim(as_pump *pump)
{
    pump_slot *slot = &pump->ring[pump->next_make % pump->n_ahead];
    if (pump->at_end || pump->next_make - pump->next_take >= pump->n_ahead || slot->state != SLOT_EMPTY)
        return NULL;
    slot->before = pump->at;
    slot->generation = pump->generation;
    slot->job = (as_source_job){.key = 0};
    slot->err = (as_err)AS_ERR_NONE;
    if (!pump->kind->plan(pump->state, &pump->at, &slot->job)) {
        pump->at_end = true;
        slot->state = SLOT_FAILED;
        (void)AS_FAIL(&slot->err, AS_EEND, "all parts of '%s' have passed", pump->uri);
    } else {
        slot->state = slot->job.item.what == AS_PUMP_PICTURE ? SLOT_MAKING : SLOT_READY;
        slot->job.item.truth.part = slot->job.item.part;
        slot->job.item.truth.frame.faults = slot->job.item.faults;
    }
    pump->next_make++;
    return slot;
}

/* A replay has this picture already. */
static bool pump_from_kept(as_pump *pump, pump_slot *slot)
{
    pump_kept *kept = pump->n_kept ? &pump->kept[slot->job.key] : NULL;
    if (!kept || kept->generation != pump->generation)
        return false;
    bool again = slot->job.item.again;
    slot->job.item = kept->item;
    slot->job.item.again = again;
    slot->job.item.made = 0;
    as_frame_ref(slot->job.item.frame);
    slot->job.twin = as_twin_close(slot->job.twin);
    slot->state = SLOT_READY;
    return true;
}

static void pump_keep(as_pump *pump, const pump_slot *slot)
{
    pump_kept *kept = pump->n_kept ? &pump->kept[slot->job.key] : NULL;
    if (!kept)
        return;
    as_frame_unref(kept->item.frame);
    kept->item = slot->job.item;
    as_frame_ref(kept->item.frame);
    kept->generation = slot->generation;
}

/* Draws without the lock; a source that has nothing yet is asked again until the pump stops. */
static bool pump_draw(as_pump *pump, as_source_job *job, as_source_room *room, as_err *err)
{
    for (;;) {
        as_err why = AS_ERR_NONE;
        if (pump->kind->make(pump->state, job, room, &why))
            return true;
        pthread_mutex_lock(&pump->lock);
        bool stopped = pump->stopped;
        pthread_mutex_unlock(&pump->lock);
        if (why.code != AS_ETIMEOUT || stopped) {
            *err = why;
            return false;
        }
    }
}

static void pump_make(as_pump *pump, pump_slot *slot, as_source_room *room)
{
    const as_pump_settings *now = &pump->settings;
    as_source_job           job = slot->job;
    as_err                  err = AS_ERR_NONE;
    job.item.frame = as_frame_pool_get(pump->pool);
    bool ok = job.item.frame ? as_frame_reshape(job.item.frame, now->twin.pixel, now->width, now->height, &err)
                             : AS_FAIL(&err, AS_ELIMIT, "all pictures of '%s' are in use", pump->uri);
    pthread_mutex_unlock(&pump->lock);
    ok = ok && pump_draw(pump, &job, room, &err);
    as_twin_close(job.twin);
    job.twin = NULL;
    job.item.made = as_clock_mono();
    pthread_mutex_lock(&pump->lock);
    if (!ok || job.item.what != AS_PUMP_PICTURE)
        job.item.frame = as_frame_unref(job.item.frame);
    slot->job = job;
    slot->err = err;
    if (slot->generation != pump->generation) { /* it was tuned meanwhile */
        as_frame_unref(job.item.frame);
        slot->job.item.frame = NULL;
        slot->state = SLOT_EMPTY;
        return;
    }
    slot->state = ok ? SLOT_READY : SLOT_FAILED;
    if (ok && job.item.what == AS_PUMP_PICTURE)
        pump_keep(pump, slot);
}

static void pump_work(void *ctx)
{
    as_pump       *pump = ctx;
    as_source_room room = {.scratch = NULL};
    pthread_mutex_lock(&pump->lock);
    while (!pump->stopped) {
        pump_slot *slot = pump_claim(pump);
        if (!slot) {
            pthread_cond_wait(&pump->wanted, &pump->lock);
            continue;
        }
        if (slot->state == SLOT_MAKING && !pump_from_kept(pump, slot))
            pump_make(pump, slot, &room);
        pthread_cond_broadcast(&pump->made);
        pthread_cond_broadcast(&pump->wanted); /* a slot that was emptied may be filled by any */
    }
    pthread_mutex_unlock(&pump->lock);
    as_source_room_done(&room);
}

/* --- opening and closing ---------------------------------------------------------------------------------------------- */

static bool pump_check(const as_pump_cfg *cfg, as_err *err)
{
    if (cfg->n_keep > MAX_KEEP || cfg->n_ahead > MAX_AHEAD || cfg->n_replay > AS_PUMP_MAX_REPLAY)
        return AS_FAIL(err, AS_ELIMIT, "at most %d pictures can be kept, %u made ahead and %d replayed", MAX_KEEP,
                       MAX_AHEAD, AS_PUMP_MAX_REPLAY);
    return true;
}

static bool pump_init_locks(as_pump *pump, as_err *err)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pump->has_lock = as_thread_lock_init(&pump->lock) && pthread_cond_init(&pump->made, &attr) == 0 &&
                     pthread_cond_init(&pump->wanted, NULL) == 0;
    pthread_condattr_destroy(&attr);
    return pump->has_lock || AS_FAIL(err, AS_ENOMEM, "no memory for a pump of pictures");
}

static bool pump_init(as_pump *pump, const as_pump_cfg *cfg, as_err *err)
{
    pump->kind = as_str_starts(cfg->uri, "twin:") ? &as_source_twin : &as_source_camera;
    pump->generation = 1;
    pump->n_ahead = cfg->n_ahead ? cfg->n_ahead : AS_MIN(AS_MAX(cfg->n_replay, USUAL_AHEAD), MAX_AHEAD);
    pump->n_threads = cfg->n_threads ? cfg->n_threads : as_thread_cores();
    pump->n_threads = AS_MIN(AS_MIN(pump->n_threads, pump->kind->max_threads), MAX_THREADS);
    pump->n_kept = cfg->n_replay;
    pump->uri = as_uri_public(cfg->uri);
    pump->state = calloc(1, pump->kind->state_bytes);
    pump->kept = calloc(cfg->n_replay + 1, sizeof *pump->kept);
    if (!pump->uri || !pump->state || !pump->kept)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a pump of pictures");
    if (!pump_init_locks(pump, err) || !pump->kind->open(pump->state, cfg, &pump->facts, &pump->settings, err))
        return false;
    if (pump->settings.twin.script) {
        pump->script = *pump->settings.twin.script;
        pump->settings.twin.script = &pump->script;
    }
    uint32_t n = pump->n_ahead + pump->n_threads + cfg->n_keep + cfg->n_replay + 2; /* the last one, and one taken */
    pump->pool = as_frame_pool_new(pump->facts.pixel, pump->facts.width, pump->facts.height, n, err);
    for (uint32_t i = 0; pump->pool && i < pump->n_threads; i++)
        if (!(pump->threads[i] = as_thread_start("pump", pump_work, pump, err)))
            return false;
    return pump->pool != NULL;
}

as_pump *as_pump_open(const as_pump_cfg *cfg, as_err *err)
{
    if (!pump_check(cfg, err))
        return NULL;
    as_pump *pump = calloc(1, sizeof *pump);
    if (!pump) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a pump of pictures");
        return NULL;
    }
    return pump_init(pump, cfg, err) ? pump : as_pump_close(pump);
}

void as_pump_stop(as_pump *pump)
{
    pthread_mutex_lock(&pump->lock);
    pump->stopped = true;
    pthread_cond_broadcast(&pump->made);
    pthread_cond_broadcast(&pump->wanted);
    pthread_mutex_unlock(&pump->lock);
}

as_pump *as_pump_close(as_pump *pump)
{
    if (!pump)
        return NULL;
    if (pump->has_lock)
        as_pump_stop(pump);
    for (uint32_t i = 0; i < MAX_THREADS; i++)
        as_thread_join(pump->threads[i]);
    for (uint32_t i = 0; i < MAX_AHEAD; i++) {
        as_frame_unref(pump->ring[i].job.item.frame);
        as_twin_close(pump->ring[i].job.twin);
    }
    for (uint32_t i = 0; pump->kept && i < pump->n_kept; i++)
        as_frame_unref(pump->kept[i].item.frame);
    as_frame_unref(pump->last);
    as_frame_pool_free(pump->pool);
    if (pump->state)
        pump->kind->close(pump->state);
    if (pump->has_lock) {
        pthread_cond_destroy(&pump->made);
        pthread_cond_destroy(&pump->wanted);
        pthread_mutex_destroy(&pump->lock);
    }
    free(pump->state);
    free(pump->kept);
    free(pump->uri);
    free(pump);
    return NULL;
}

/* --- facts and settings ------------------------------------------------------------------------------------------------ */

const char *as_pump_uri(const as_pump *pump)
{
    return pump->uri;
}

bool as_pump_is_twin(const as_pump *pump)
{
    return pump->kind == &as_source_twin;
}

bool as_pump_has_sensor(const as_pump *pump)
{
    return as_pump_is_twin(pump) && as_twin_sensor_of(as_source_twin_of(pump->state)) != NULL;
}

void as_pump_sensor(const as_pump *pump, as_pump_chip *ret)
{
    *ret = (as_pump_chip){pump->facts.width, pump->facts.height, 0};
    if (!as_pump_has_sensor(pump))
        return;
    const as_twin *twin = as_source_twin_of(pump->state);
    const as_chip *chip = as_twin_sensor_of(twin);
    ret->width = AS_MAX(ret->width, chip->width);
    ret->height = AS_MAX(ret->height, chip->height);
    ret->black_dn = as_twin_imager_of(twin)->black_dn;
}

bool as_pump_can(const as_pump *pump, as_pixel pixel)
{
    return pump->kind->can ? pump->kind->can(pump->state, pixel) : pixel == pump->facts.pixel;
}

void as_pump_full(const as_pump *pump, as_pixel *ret_pixel, uint32_t *ret_width, uint32_t *ret_height)
{
    *ret_pixel = pump->facts.pixel;
    *ret_width = pump->facts.width;
    *ret_height = pump->facts.height;
}

void as_pump_settings_get(as_pump *pump, as_pump_settings *ret)
{
    pthread_mutex_lock(&pump->lock);
    *ret = pump->settings;
    pthread_mutex_unlock(&pump->lock);
}

/* The lines of packed formats are cut at whole bytes, and a mosaic stays one. */
static bool pump_check_window(const as_pump *pump, const as_pump_settings *want, as_err *err)
{
    const as_pixel_facts *facts = as_pixel_facts_of(want->twin.pixel);
    uint64_t              bits = facts->packed ? facts->bits : 8;
    if (!as_pump_can(pump, want->twin.pixel))
        return AS_FAIL(err, AS_EINVAL, "'%s' has no pictures of %s", pump->uri, as_pixel_name(want->twin.pixel));
    if (want->width == 0 || want->height == 0 || want->width > pump->facts.width || want->height > pump->facts.height ||
        want->x > pump->facts.width - want->width || want->y > pump->facts.height - want->height)
        return AS_FAIL(err, AS_EINVAL, "a window of %u x %u at %u, %u does not lie within %u x %u", want->width,
                       want->height, want->x, want->y, pump->facts.width, pump->facts.height);
    if (want->x * bits % 8 != 0 || (facts->kind == AS_PIXEL_KIND_BAYER && (want->x % 2 != 0 || want->y % 2 != 0)))
        return AS_FAIL(err, AS_EINVAL, "a window of %s cannot begin at %u, %u: a multiple of 4 can", facts->name,
                       want->x, want->y);
    return true;
}

/* What was made ahead is forgotten, and the row stands where the taker is. */
static void pump_rewind(as_pump *pump)
{
    pump->generation++;
    if (pump->next_take < pump->next_make)
        pump->at = pump->ring[pump->next_take % pump->n_ahead].before;
    for (uint32_t i = 0; i < pump->n_ahead; i++) {
        pump_slot *slot = &pump->ring[i];
        if (slot->state == SLOT_MAKING) /* whoever makes it will find out */
            continue;
        slot->job.item.frame = as_frame_unref(slot->job.item.frame);
        slot->state = SLOT_EMPTY;
    }
    pump->next_make = pump->next_take;
    pump->at_end = false;
}

bool as_pump_tune(as_pump *pump, const as_pump_settings *settings, as_err *err)
{
    if (!pump_check_window(pump, settings, err))
        return false;
    pthread_mutex_lock(&pump->lock);
    bool ok = pump->kind->tune(pump->state, settings, err);
    if (ok) {
        if (settings->twin.script)
            pump->script = *settings->twin.script;
        pump->settings = *settings;
        pump->settings.twin.script = settings->twin.script ? &pump->script : NULL;
        pump_rewind(pump);
        pthread_cond_broadcast(&pump->wanted);
    }
    pthread_mutex_unlock(&pump->lock);
    return ok;
}

uint64_t as_pump_next_part(as_pump *pump)
{
    if (!pump->kind->part)
        return 0;
    pthread_mutex_lock(&pump->lock);
    const as_source_at *at =
        pump->next_take < pump->next_make ? &pump->ring[pump->next_take % pump->n_ahead].before : &pump->at;
    const uint64_t part = pump->kind->part(pump->state, at);
    pthread_mutex_unlock(&pump->lock);
    return part;
}

void as_pump_fresh(as_pump *pump)
{
    if (!pump->kind->fresh || !pump->facts.is_live)
        return;
    pthread_mutex_lock(&pump->lock);
    pump->kind->fresh(pump->state, as_clock_mono());
    pump_rewind(pump);
    pthread_cond_broadcast(&pump->wanted);
    pthread_mutex_unlock(&pump->lock);
}

/* --- taking ------------------------------------------------------------------------------------------------------------- */

static struct timespec pump_time(as_ns at)
{
    return (struct timespec){.tv_sec = at / AS_NS_PER_S, .tv_nsec = at % AS_NS_PER_S};
}

static bool pump_is_like(const as_frame *a, const as_frame *b)
{
    return a && a->image.pixel == b->image.pixel && a->image.width == b->image.width &&
           a->image.height == b->image.height;
}

/* Out of the ring, under the lock. */
static void pump_take(as_pump *pump, pump_slot *slot, as_pump_item *ret)
{
    as_frame *frame = slot->job.item.frame;
    if (frame && slot->job.frozen && pump_is_like(pump->last, frame)) {
        as_frame_unref(frame);
        frame = slot->job.item.frame = as_frame_ref(pump->last);
    }
    if (frame && frame != pump->last) {
        as_frame_unref(pump->last);
        pump->last = as_frame_ref(frame);
    }
    *ret = slot->job.item;
    slot->job.item.frame = NULL;
    slot->state = SLOT_EMPTY;
    pump->next_take++;
}

bool as_pump_next(as_pump *pump, as_ns deadline, as_pump_item *ret, as_err *err)
{
    struct timespec until = pump_time(deadline);
    int             waited = 0;
    bool            ok = false;
    pthread_mutex_lock(&pump->lock);
    for (;;) {
        pump_slot *slot = &pump->ring[pump->next_take % pump->n_ahead];
        bool       mine = pump->next_take < pump->next_make && slot->generation == pump->generation;
        if (pump->stopped) {
            AS_FAIL(err, AS_ECANCELLED, "'%s' was stopped", pump->uri);
            break;
        }
        if (mine && slot->state == SLOT_FAILED) {
            if (err)
                *err = slot->err;
            break;
        }
        if (mine && slot->state == SLOT_READY) {
            pump_take(pump, slot, ret);
            pthread_cond_broadcast(&pump->wanted);
            ok = true;
            break;
        }
        if (waited == ETIMEDOUT) {
            AS_FAIL(err, AS_ETIMEOUT, "no picture of '%s' in time", pump->uri);
            break;
        }
        waited = pthread_cond_timedwait(&pump->made, &pump->lock, &until);
    }
    pthread_mutex_unlock(&pump->lock);
    return ok;
}

void as_pump_item_done(as_pump_item *item)
{
    item->frame = as_frame_unref(item->frame);
}

json_t *as_pump_item_json(const as_pump_item *item)
{
    static const char *const words[] = {"none", "picture", "lost", "unseen"};
    as_twin_truth            truth = item->truth;
    const float              severity = truth.frame.severity;
    truth.frame.severity = severity >= 0.0f ? severity : 0.0f; /* not known */
    truth.recipe = truth.recipe ? truth.recipe : "";
    json_t *json = as_twin_export_truth(&truth), *faults = json_object_get(json, "faults");
    for (size_t f = AS_FAULT_DOUBLE_TRIGGER; faults && f < AS_FAULT_COUNT; f++) /* a device has these too */
        if ((item->faults >> f) & 1u)
            as_json_set(faults, as_fault_info_of(f)->name, json_real(truth.amounts[f]));
    as_json_set(json, "severity", as_json_number((double)severity));
    as_json_set(json, "view", json_integer((json_int_t)item->view));
    as_json_set(json, "what", json_string(words[item->what]));
    as_json_set(json, "again", json_boolean(item->again));
    as_json_set(json, "known", json_boolean(item->known));
    return json;
}
