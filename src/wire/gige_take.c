/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that takes pictures: waits for the trigger, then for the picture, and sends what the script leaves of it. */
#include <math.h>
#include <time.h>

#include "base/clock.h"
#include "wire/gige_priv.h"

#define SLICE_NS (50 * AS_NS_PER_MS)
#define TWICE_NS (20 * AS_NS_PER_MS) /* at most, from a trigger to its like that a bouncing contact makes */

#define TAKE_LEVEL   1
#define TAKE_LOOK_NS (100 * AS_NS_PER_MS)
#define TAKE_MOST    0.5 /* share of a core */
#define TAKE_LITTLE  0.25

/* A device's clock goes on whatever this computer does: its thread is before all ordinary ones where that is allowed. But one
 * that sends without a pause would starve them, and is none then. */
typedef struct take_rank {
    as_ns at, used; /* when it was last looked at, and its processor time by then */
    bool  is_urgent, is_refused;
} take_rank;

static bool take_has(const as_pump_item *item, as_fault fault)
{
    return (item->faults >> fault) & 1u;
}

void as_gige_forget(as_gige *device)
{
    for (size_t i = 0; i < AS_GIGE_KEPT; i++) {
        as_frame_unref(device->kept[i].frame);
        device->kept[i] = (as_gvsp_picture){0};
    }
    as_gige_again_forget(device);
}

static void take_wait(as_gige *device, as_ns until)
{
    struct timespec at = {.tv_sec = until / AS_NS_PER_S, .tv_nsec = until % AS_NS_PER_S};
    pthread_cond_timedwait(&device->turn, &device->lock, &at);
}

/* Under the lock, until a picture is to be taken. False: the device is closed. *ret_due: when its trigger was. */
static bool take_await(as_gige *device, as_ns *ret_due)
{
    for (;;) {
        as_ns now = as_clock_mono(), period = as_gige_period(device);
        if (atomic_load(&device->stop))
            return false;
        if (device->ended || (!device->running && !device->dead)) { /* a dead camera's belt runs on */
            take_wait(device, now + SLICE_NS);
            continue;
        }
        bool software = device->trigger[0][0] > 0 && device->trigger[0][1] < 1.0;
        if (software && device->n_triggers > 0) {
            device->n_triggers--;
            *ret_due = now;
            return true;
        }
        if (software && device->dead)
            period = AS_NS_PER_S / 10;
        as_ns *due = &device->cadence.due;
        if (period > 0 && *due <= now && (!software || device->dead)) {
            *ret_due = *due;
            *due += period;
            return true;
        }
        if (period <= 0) /* a belt that stands has missed nothing when it goes on */
            *due = now;
        take_wait(device, period > 0 && !software ? AS_MIN(*due, now + SLICE_NS) : now + SLICE_NS);
    }
}

/* The next picture; false: none for ever, or the device is closed. */
static bool take_picture(as_gige *device, as_pump_item *item)
{
    as_err err = AS_ERR_NONE;
    while (!atomic_load(&device->stop)) {
        if (as_pump_next(device->pump, as_clock_mono() + SLICE_NS, item, &err))
            return true;
        if (err.code != AS_ETIMEOUT)
            break;
    }
    pthread_mutex_lock(&device->lock);
    device->ended_at = as_clock_mono();
    device->ended = true;
    if (err.code != AS_EEND && err.code != AS_ECANCELLED && err.code != AS_ETIMEOUT)
        device->err = err;
    pthread_mutex_unlock(&device->lock);
    return false;
}

/* What is wrong with this one, as far as it is the device's to show. Under the lock; the next block is its number. */
static void take_note(as_gige *device, const as_pump_item *item)
{
    device->dead = take_has(item, AS_FAULT_DEAD);
    device->part = item->part;
    device->belt_factor = take_has(item, AS_FAULT_BELT) ? item->truth.amounts[AS_FAULT_BELT] : 1.0;
    device->temperature_c =
        take_has(item, AS_FAULT_TEMPERATURE) ? item->truth.amounts[AS_FAULT_TEMPERATURE] : (double)NAN;
    if (item->what == AS_PUMP_UNSEEN)
        return;
    device->block = device->block == UINT16_MAX ? 1 : (uint16_t)(device->block + 1);
    if (item->what == AS_PUMP_LOST)
        device->counts.n_lost++;
}

/* From the trigger to the exposure. Under the lock. */
static as_ns take_delay(const as_gige *device)
{
    return device->trigger[0][0] > 0 ? (as_ns)(device->control.features.value[AS_FEATURE_TRIGGER_DELAY] * 1e3) : 0;
}

/* When it was taken, now that it is there. Under the lock. A second picture of a trigger moves no other one's time. */
static as_ns take_time(as_gige *device, const as_pump_item *item, as_ns due)
{
    const as_features    *features = &device->control.features;
    const as_ns           period = as_gige_period(device);
    const as_ns           exposure = (as_ns)(features->value[AS_FEATURE_EXPOSURE_TIME] * 1e3);
    const as_ns           delay = take_delay(device);
    const as_cadence_shot shot = {.made = item->made > 0 ? item->made - delay : 0,
                                  .now = as_clock_mono() - delay,
                                  .exposure = features->line ? period : exposure, /* line after line */
                                  .period = item->again ? 0 : period,
                                  .asked = as_gige_asked(device)};
    return as_cadence_take(&device->cadence, due, &shot) + delay;
}

static as_gvsp_picture take_keep(as_gige *device, as_pump_item *item, as_ns due)
{
    const double   *value = device->control.features.value;
    as_gvsp_picture picture = as_gvsp_picture_of(item->frame, device->block, (uint32_t)value[AS_FEATURE_PACKET_SIZE]);
    picture.timestamp = due - device->born;
    picture.x = (uint32_t)value[AS_FEATURE_OFFSET_X];
    picture.y = (uint32_t)value[AS_FEATURE_OFFSET_Y];
    if (take_has(item, AS_FAULT_HALF_FRAME)) {
        picture.n_there = picture.n_packets / 3 + (uint32_t)(item->part % (picture.n_packets / 2 + 1));
        picture.n_there = AS_MIN(picture.n_there, picture.n_packets - 1);
        device->counts.n_lost++;
    }
    picture.n_again = as_gige_again_most(&picture);
    as_gvsp_picture *kept = &device->kept[device->next_kept++ % AS_GIGE_KEPT];
    as_frame_unref(kept->frame);
    *kept = picture;
    kept->frame = as_frame_ref(item->frame);
    return picture;
}

static void take_log(as_gige *device, const as_pump_item *item, int64_t block, as_ns due, bool sent)
{
    const char *what = NULL;
    if (item->what == AS_PUMP_PICTURE)
        what = !sent ? "unsent" : take_has(item, AS_FAULT_HALF_FRAME) ? "half" : "sent";
    as_truth_log_add(device->log, device->address, block, due - device->born, what, item);
}

/* One picture, or what a script makes of it. Returns true when the trigger comes a second time. *due: of its trigger, and
 * then of the one that it was taken by. */
static bool take_one(as_gige *device, as_pump_item *item, as_ns *due, uint64_t generation)
{
    as_gvsp_picture picture = {.frame = NULL};
    pthread_mutex_lock(&device->lock);
    take_note(device, item);
    as_gige_fault_count(device);
    as_gv_peer to = as_gv_control_stream(&device->control);
    as_ns      delay = (as_ns)device->control.features.value[AS_FEATURE_PACKET_DELAY];
    uint16_t   block = device->block;
    bool       current = device->running && device->generation == generation;
    as_ns      taken = *due;
    if (current) {
        taken = take_time(device, item, *due);
        *due = taken - take_delay(device);
    } else /* a dead camera's belt is not made up for either */
        device->cadence.due = AS_MAX(device->cadence.due, as_clock_mono());
    bool send = item->what == AS_PUMP_PICTURE && current && !device->dead && to.port != 0;
    if (item->what == AS_PUMP_PICTURE && current)
        picture = take_keep(device, item, taken);
    if (current && item->what != AS_PUMP_UNSEEN && device->n_left > 0 && --device->n_left == 0)
        device->running = device->control.streaming = false;
    atomic_store(&device->halt, false);
    if (atomic_load(&device->stop)) /* it was closed meanwhile: what that said of halting is not to be lost */
        atomic_store(&device->halt, true);
    pthread_mutex_unlock(&device->lock);
    /* Before the picture: whoever has it may look up what it shows. */
    take_log(device, item, item->what == AS_PUMP_UNSEEN ? -1 : block, taken, send);
    if (!send)
        return take_has(item, AS_FAULT_DOUBLE_TRIGGER) && !item->again;
    uint64_t n = as_gvsp_send(device->stream, &to, &picture, delay, &device->halt);
    pthread_mutex_lock(&device->lock);
    device->counts.n_sent++;
    device->counts.n_bytes += n;
    pthread_mutex_unlock(&device->lock);
    return take_has(item, AS_FAULT_DOUBLE_TRIGGER) && !item->again;
}

/* A second trigger is a picture of its own: taken a little later, and no later than a quarter of the time to the next. */
static as_ns take_twice(as_gige *device, as_ns due)
{
    pthread_mutex_lock(&device->lock);
    const as_ns period = as_gige_period(device), delay = take_delay(device);
    pthread_mutex_unlock(&device->lock);
    due += period > 0 ? AS_MIN(period / 4, TWICE_NS) : TWICE_NS;
    as_clock_sleep_until(due + delay); /* the first one was taken after as much */
    return due;
}

static void take_look(as_gige *device, take_rank *rank)
{
    struct timespec used = {0};
    const as_ns     now = as_clock_mono();
    if (rank->is_refused || now - rank->at < TAKE_LOOK_NS || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0)
        return;
    const as_ns  used_ns = (as_ns)used.tv_sec * AS_NS_PER_S + used.tv_nsec;
    const double share = (double)(used_ns - rank->used) / (double)(now - rank->at);
    const bool   was = rank->is_urgent;
    rank->at = now;
    rank->used = used_ns;
    if (was && share > TAKE_MOST) {
        as_thread_make_ordinary();
        rank->is_urgent = false;
    } else if (!was && share < TAKE_LITTLE) {
        rank->is_urgent = as_thread_make_urgent(TAKE_LEVEL);
        rank->is_refused = !rank->is_urgent;
    }
    if (was == rank->is_urgent)
        return;
    pthread_mutex_lock(&device->lock);
    device->counts.is_urgent = rank->is_urgent;
    pthread_mutex_unlock(&device->lock);
}

void as_gige_take(void *ctx)
{
    as_gige  *device = ctx;
    as_ns     due = 0;
    take_rank rank = {.at = 0};
    for (;;) {
        pthread_mutex_lock(&device->lock);
        bool     go_on = take_await(device, &due);
        uint64_t generation = device->generation;
        as_ns    exposed = due + take_delay(device);
        pthread_mutex_unlock(&device->lock);
        if (!go_on)
            return;
        take_look(device, &rank);
        for (as_ns now = as_clock_mono(); now < exposed && !atomic_load(&device->stop); now = as_clock_mono())
            as_clock_sleep_until(AS_MIN(exposed, now + SLICE_NS));
        pthread_mutex_lock(&device->lock);
        const bool is_old = device->generation != generation; /* stopped, and started again, while the trigger waited */
        pthread_mutex_unlock(&device->lock);
        if (is_old)
            continue;
        bool again = true;
        while (again) {
            as_pump_item item = {.what = AS_PUMP_NONE};
            again = take_picture(device, &item) && take_one(device, &item, &due, generation);
            as_pump_item_done(&item);
            if (again)
                due = take_twice(device, due);
        }
    }
}
