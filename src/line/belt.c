/* SPDX-License-Identifier: Apache-2.0 */
#include "line/belt.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"

typedef enum belt_state { BELT_NONE, BELT_GATHERING, BELT_WAITING, BELT_JUDGED, BELT_DECIDED } belt_state;

typedef struct belt_part {
    belt_state state;
    bool       is_bad; /* a frame was bad or lost */
    as_ns      trigger, deadline;
    as_ns      taken;    /* by the judge; 0: not yet */
    uint32_t   n_frames; /* held here */
    as_frame **frames;
    as_record  record; /* of a run: of the first of its parts that was not picked up */
    bool       is_run; /* parts in a row that nobody judges */
    uint64_t   n_more; /* of the run, behind this one */
} belt_part;

/* A ring of capacity + 1 places, the last of which only a run may take: parts that find no room are remembered there.
 * first <= undecided <= next, first <= untaken <= next. */
struct as_belt {
    as_belt_cfg     cfg;
    pthread_mutex_t lock;
    pthread_cond_t  work;  /* for the judge: a part waits, or closed */
    pthread_cond_t  alarm; /* for the guard: an earlier deadline than the one it sleeps to, or closed */
    pthread_cond_t  ready; /* for the recorder: the first part is decided, or closed */
    pthread_cond_t  room;  /* for the camera: a part left, or all are decided */
    bool            closed;
    uint64_t        first, next; /* the oldest that was not picked up; the one to come */
    uint64_t        untaken;     /* none before it waits for the judge */
    uint64_t        undecided;   /* every one before it is decided */
    uint64_t        n_undecided;
    uint64_t        newest;   /* number of the part that began last */
    as_ns           alarm_at; /* when the guard wakes by itself */
    as_frame      **frames;
    belt_part      *parts;
};

static bool belt_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr))
        return false;
    bool ok = !pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) && !pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return ok;
}

static bool belt_init_locks(as_belt *belt)
{
    pthread_cond_t *conds[] = {&belt->work, &belt->alarm, &belt->ready, &belt->room};
    if (!as_thread_lock_init(&belt->lock))
        return false;
    for (size_t i = 0; i < AS_COUNT(conds); i++) {
        if (belt_cond_init(conds[i]))
            continue;
        while (i-- > 0)
            pthread_cond_destroy(conds[i]);
        pthread_mutex_destroy(&belt->lock);
        return false;
    }
    return true;
}

as_belt *as_belt_new(const as_belt_cfg *cfg, as_err *err)
{
    size_t   n_frames, n_places = (size_t)cfg->capacity + 1;
    as_belt *belt = calloc(1, sizeof *belt);
    if (cfg->capacity == 0 || cfg->capacity == UINT32_MAX || cfg->frames_per_part == 0 ||
        !as_size_mul(n_places, cfg->frames_per_part, &n_frames)) {
        AS_FAIL(err, AS_EINVAL, "a line for %u parts of %u frames cannot be", cfg->capacity, cfg->frames_per_part);
        free(belt);
        return NULL;
    }
    if (belt) {
        belt->cfg = *cfg;
        belt->alarm_at = INT64_MAX;
        belt->parts = calloc(n_places, sizeof *belt->parts);
        belt->frames = calloc(n_frames, sizeof(as_frame *));
    }
    if (!belt || !belt->parts || !belt->frames || !belt_init_locks(belt)) {
        AS_FAIL(err, AS_ENOMEM, "cannot make a line for %u parts: not enough memory", cfg->capacity);
        if (belt) {
            free(belt->parts);
            free(belt->frames);
        }
        free(belt);
        return NULL;
    }
    for (size_t i = 0; i < n_places; i++)
        belt->parts[i].frames = belt->frames + i * cfg->frames_per_part;
    return belt;
}

static void belt_drop_frames(belt_part *part)
{
    while (part->n_frames)
        as_frame_unref(part->frames[--part->n_frames]);
}

as_belt *as_belt_free(as_belt *belt)
{
    if (!belt)
        return NULL;
    for (size_t i = 0; i < (size_t)belt->cfg.capacity + 1; i++)
        belt_drop_frames(&belt->parts[i]);
    pthread_cond_destroy(&belt->room);
    pthread_cond_destroy(&belt->ready);
    pthread_cond_destroy(&belt->alarm);
    pthread_cond_destroy(&belt->work);
    pthread_mutex_destroy(&belt->lock);
    free(belt->frames);
    free(belt->parts);
    free(belt);
    return NULL;
}

static belt_part *belt_at(const as_belt *belt, uint64_t serial)
{
    return &belt->parts[serial % ((uint64_t)belt->cfg.capacity + 1)];
}

/* False when `until` has passed. The lock is held before and after. */
static bool belt_wait(as_belt *belt, pthread_cond_t *cond, as_ns until)
{
    if (until <= 0)
        return false;
    if (until == INT64_MAX)
        return pthread_cond_wait(cond, &belt->lock) == 0;
    struct timespec t = {.tv_sec = (time_t)(until / AS_NS_PER_S), .tv_nsec = (long)(until % AS_NS_PER_S)};
    return pthread_cond_timedwait(cond, &belt->lock, &t) == 0;
}

/* The one place where a part gets its verdict. record holds what else is known. */
static void belt_decide(as_belt *belt, uint64_t serial, as_verdict verdict, as_reason reason, as_ns now)
{
    belt_part *part = belt_at(belt, serial);
    belt_drop_frames(part);
    part->record.verdict = verdict;
    part->record.reason = reason;
    part->record.latency_ns = AS_MAX(now - part->trigger, 0);
    part->state = BELT_DECIDED;
    belt->n_undecided--;
    if (serial == belt->first)
        pthread_cond_signal(&belt->ready);
    if (belt->n_undecided > 0)
        return;
    pthread_cond_signal(&belt->room);
    if (belt->closed) {
        pthread_cond_signal(&belt->work);
        pthread_cond_signal(&belt->alarm);
    }
}

/* A verdict without an answer: the time is shown where it was spent, in the queue or in the model. */
static void belt_decide_safe(as_belt *belt, uint64_t serial, as_verdict verdict, as_reason reason, as_ns now)
{
    belt_part *part = belt_at(belt, serial);
    as_ns      latency = AS_MAX(now - part->trigger, 0);
    as_ns      wait = part->taken ? AS_MIN(AS_MAX(part->taken - part->trigger, 0), latency) : latency;
    part->record.stage_ns[0] = wait;
    part->record.stage_ns[2] = latency - wait;
    belt_decide(belt, serial, verdict, reason, now);
}

/* --- the camera's thread --- */

/* The part that waits for frames, or NULL: it can only be the newest. */
static belt_part *belt_gathering(const as_belt *belt)
{
    belt_part *part = belt->next > belt->first ? belt_at(belt, belt->next - 1) : NULL;
    return part && part->state == BELT_GATHERING ? part : NULL;
}

static void belt_end_gathering(as_belt *belt, as_ns now)
{
    if (belt_gathering(belt))
        belt_decide_safe(belt, belt->next - 1, belt->cfg.fault, AS_REASON_FAULT, now);
}

static bool belt_wait_room(as_belt *belt, as_ns until)
{
    bool in_time = true;
    while (belt->next - belt->first >= belt->cfg.capacity && !belt->closed && in_time)
        in_time = belt_wait(belt, &belt->room, until);
    return belt->next - belt->first < belt->cfg.capacity && !belt->closed;
}

static belt_part *belt_begin(as_belt *belt, uint64_t number, as_ns trigger, as_ns utc)
{
    belt_part *part = belt_at(belt, belt->next);
    belt->newest = number;
    part->state = BELT_GATHERING;
    part->is_bad = part->is_run = false;
    part->n_more = 0;
    part->trigger = trigger;
    part->deadline = trigger + belt->cfg.gather;
    part->taken = 0;
    part->record = (as_record){.part = number, .trigger_utc = utc, .score = NAN, .class_score = NAN};
    belt->next++;
    belt->n_undecided++;
    return part;
}

static void belt_alarm(as_belt *belt, as_ns deadline)
{
    if (deadline < belt->alarm_at)
        pthread_cond_signal(&belt->alarm);
}

/* What a frame's arrival means for its part. */
static void belt_frame_came(as_belt *belt, belt_part *part, as_ns now)
{
    if (part->record.n_frames < belt->cfg.frames_per_part) {
        belt_alarm(belt, part->deadline);
        return;
    }
    if (part->is_bad) {
        belt_decide_safe(belt, belt->next - 1, belt->cfg.fault, AS_REASON_FAULT, now);
        return;
    }
    part->deadline = part->trigger + belt->cfg.deadline;
    part->state = BELT_WAITING;
    belt_alarm(belt, part->deadline);
    pthread_cond_signal(&belt->work);
}

/* True for a frame of a part that has its verdict, or all its frames, already: there is nothing to do with it. */
static bool belt_is_extra(const as_belt *belt, uint64_t number)
{
    return belt->next > 0 && !belt_gathering(belt) && belt->newest == number;
}

/* Room or not: n parts from this number on are faults. With every place taken the last one is a run, and they join it. */
static void belt_lose(as_belt *belt, uint64_t number, uint64_t n, uint64_t n_skipped, as_ns trigger, as_ns now)
{
    belt_part *run = belt->next > belt->first ? belt_at(belt, belt->next - 1) : NULL;
    bool       full = belt->next - belt->first > belt->cfg.capacity;
    if (run && run->is_run && (full || (n_skipped == 0 && number == run->record.part + run->n_more + 1))) {
        run->n_more += n;
        run->record.latency_ns = AS_MAX(run->record.latency_ns, now - trigger);
    } else {
        run = belt_begin(belt, number, trigger, as_clock_utc());
        run->is_run = true;
        run->n_more = n - 1;
        belt_decide_safe(belt, belt->next - 1, belt->cfg.fault, AS_REASON_FAULT, now);
    }
    run->record.n_skipped += n_skipped;
    belt->newest = number + (n - 1);
}

void as_belt_name(char *ret, const char *name)
{
    size_t n = 0, all = strlen(name), step;
    while (n < all && (step = as_str_char_bytes(name + n, all - n)) > 0 && n + step < AS_BELT_NAME_BYTES)
        n += step;
    memcpy(ret, name, n);
    ret[n] = '\0';
}

static void belt_add(as_belt *belt, belt_part *part, as_frame *frame, as_ns now)
{
    if (part->record.n_frames++ == 0)
        part->record.origin = frame->origin;
    part->trigger = frame->time_mono > 0 ? AS_MIN(frame->time_mono, now) : now;
    if (frame->truth.known && !part->record.truth[0])
        as_belt_name(part->record.truth, frame->truth.label);
    if (frame->status == AS_FRAME_OK) {
        part->frames[part->n_frames++] = frame;
    } else {
        part->is_bad = true;
        as_frame_unref(frame);
    }
    belt_frame_came(belt, part, now);
}

bool as_belt_put(as_belt *belt, as_frame *frame, as_ns now, as_ns until, bool *ret_new)
{
    bool is_new = false;
    pthread_mutex_lock(&belt->lock);
    if (belt_is_extra(belt, frame->part)) {
        pthread_mutex_unlock(&belt->lock);
        as_frame_unref(frame);
        if (ret_new)
            *ret_new = false;
        return true;
    }
    belt_part *part = belt_gathering(belt);
    if (part && part->record.part != frame->part) {
        belt_end_gathering(belt, now);
        part = NULL;
    }
    bool has_room = part || belt_wait_room(belt, until), ok = has_room || !belt->closed;
    is_new = ok && !part;
    if (has_room && !part)
        part = belt_begin(belt, frame->part, now, frame->time_utc > 0 ? frame->time_utc : as_clock_utc());
    if (has_room) {
        belt_add(belt, part, frame, now);
    } else if (ok) {
        belt_lose(belt, frame->part, 1, 0, frame->time_mono > 0 ? AS_MIN(frame->time_mono, now) : now,
                  AS_MAX(now, until));
        as_frame_unref(frame);
    }
    pthread_mutex_unlock(&belt->lock);
    if (ok && ret_new)
        *ret_new = is_new;
    return ok;
}

uint64_t as_belt_put_lost(as_belt *belt, uint64_t number, uint64_t n, as_ns now)
{
    pthread_mutex_lock(&belt->lock);
    const belt_part *part = belt_gathering(belt);
    bool             begun = part && part->record.part == number;
    belt_end_gathering(belt, now);
    n = belt->closed ? 0 : n - AS_MIN(n, (uint64_t)begun);
    if (n > 0)
        belt_lose(belt, number + begun, n, 0, now, now);
    pthread_mutex_unlock(&belt->lock);
    return n;
}

uint64_t as_belt_put_jump(as_belt *belt, uint64_t number, uint64_t n_skipped, as_ns now)
{
    pthread_mutex_lock(&belt->lock);
    belt_end_gathering(belt, now);
    uint64_t n = !belt->closed;
    if (n > 0) {
        belt_lose(belt, number, 1, n_skipped, now, now);
        belt->newest = number + (n_skipped - 1);
    }
    pthread_mutex_unlock(&belt->lock);
    return n;
}

void as_belt_close(as_belt *belt, as_ns now)
{
    pthread_mutex_lock(&belt->lock);
    belt_end_gathering(belt, now);
    belt->closed = true;
    pthread_cond_broadcast(&belt->work);
    pthread_cond_broadcast(&belt->alarm);
    pthread_cond_broadcast(&belt->ready);
    pthread_cond_broadcast(&belt->room);
    pthread_mutex_unlock(&belt->lock);
}

bool as_belt_is_gathering(as_belt *belt)
{
    pthread_mutex_lock(&belt->lock);
    bool gathering = belt_gathering(belt) != NULL;
    pthread_mutex_unlock(&belt->lock);
    return gathering;
}

static bool belt_is_idle(const as_belt *belt)
{
    return belt->n_undecided == 0 && belt->next - belt->first < belt->cfg.capacity;
}

bool as_belt_wait_idle(as_belt *belt, as_ns until)
{
    bool in_time = true;
    pthread_mutex_lock(&belt->lock);
    while (!belt_is_idle(belt) && in_time)
        in_time = belt_wait(belt, &belt->room, until);
    bool idle = belt_is_idle(belt);
    pthread_mutex_unlock(&belt->lock);
    return idle;
}

/* --- the judge's --- */

static belt_part *belt_waiting(as_belt *belt)
{
    belt->untaken = AS_MAX(belt->untaken, belt->first);
    for (; belt->untaken < belt->next; belt->untaken++) {
        belt_part *part = belt_at(belt, belt->untaken);
        if (part->state == BELT_WAITING)
            return part;
        if (part->state == BELT_GATHERING)
            break;
    }
    return NULL;
}

static bool belt_is_over(const as_belt *belt)
{
    return belt->closed && belt->n_undecided == 0;
}

bool as_belt_take(as_belt *belt, as_ns until, as_belt_job *job)
{
    belt_part *part;
    bool       in_time = true;
    pthread_mutex_lock(&belt->lock);
    while (!(part = belt_waiting(belt)) && !belt_is_over(belt) && in_time)
        in_time = belt_wait(belt, &belt->work, until);
    if (part) {
        job->serial = belt->untaken;
        job->deadline = part->deadline;
        part->taken = as_clock_mono();
        job->n_frames = part->n_frames;
        memcpy(job->frames, part->frames, part->n_frames * sizeof(as_frame *));
        part->n_frames = 0;
        part->state = BELT_JUDGED;
    }
    pthread_mutex_unlock(&belt->lock);
    return part != NULL;
}

bool as_belt_answer_to(as_belt *belt, uint64_t serial, const as_belt_answer *answer, as_ns now)
{
    pthread_mutex_lock(&belt->lock);
    belt_part *part = serial >= belt->first && serial < belt->next ? belt_at(belt, serial) : NULL;
    bool       open = part && part->state == BELT_JUDGED;
    bool       in_time = open && now <= part->deadline;
    if (open && !in_time) {
        belt_decide_safe(belt, serial, belt->cfg.late, AS_REASON_LATE, now);
    } else if (open) {
        as_record *record = &part->record;
        as_ns      latency = AS_MAX(now - part->trigger, 0);
        record->score = answer->score;
        record->class_score = answer->class_score;
        memcpy(record->label, answer->label, sizeof record->label);
        record->stage_ns[0] = AS_MAX(part->taken - part->trigger, 0);
        record->stage_ns[1] = answer->prepare_ns;
        record->stage_ns[2] = answer->infer_ns;
        record->stage_ns[3] = AS_MAX(latency - record->stage_ns[0] - answer->prepare_ns - answer->infer_ns, 0);
        belt_decide(belt, serial, answer->verdict, answer->reason, now);
    }
    pthread_mutex_unlock(&belt->lock);
    return in_time;
}

/* --- the guard's --- */

static as_ns belt_next_deadline(as_belt *belt)
{
    as_ns earliest = INT64_MAX;
    belt->undecided = AS_MAX(belt->undecided, belt->first);
    while (belt->undecided < belt->next && belt_at(belt, belt->undecided)->state == BELT_DECIDED)
        belt->undecided++;
    for (uint64_t serial = belt->undecided; serial < belt->next; serial++) {
        const belt_part *part = belt_at(belt, serial);
        if (part->state != BELT_DECIDED)
            earliest = AS_MIN(earliest, part->deadline);
    }
    return earliest;
}

as_ns as_belt_expire(as_belt *belt, as_ns now)
{
    pthread_mutex_lock(&belt->lock);
    for (uint64_t serial = AS_MAX(belt->undecided, belt->first); serial < belt->next; serial++) {
        const belt_part *part = belt_at(belt, serial);
        if (part->state == BELT_DECIDED || now <= part->deadline)
            continue;
        if (part->state == BELT_GATHERING)
            belt_decide_safe(belt, serial, belt->cfg.fault, AS_REASON_FAULT, now);
        else
            belt_decide_safe(belt, serial, belt->cfg.late, AS_REASON_LATE, now);
    }
    as_ns next = belt_next_deadline(belt);
    pthread_mutex_unlock(&belt->lock);
    return next;
}

bool as_belt_wait_deadline(as_belt *belt, as_ns until)
{
    pthread_mutex_lock(&belt->lock);
    as_ns earliest = belt_next_deadline(belt);
    /* One past it: an answer at the deadline itself is in time. */
    belt->alarm_at = AS_MIN(until, earliest < INT64_MAX ? earliest + 1 : earliest);
    if (!belt_is_over(belt) && as_clock_mono() < belt->alarm_at)
        (void)belt_wait(belt, &belt->alarm, belt->alarm_at);
    belt->alarm_at = 0; /* awake: it looks again before it sleeps */
    bool over = belt_is_over(belt);
    pthread_mutex_unlock(&belt->lock);
    return !over;
}

/* --- the recorder's --- */

/* The first part, or the first one of its run, was picked up. */
static void belt_leave(as_belt *belt, belt_part *part)
{
    if (part->n_more > 0) {
        part->n_more--;
        part->record.part++;
        part->record.n_skipped = 0;
        return;
    }
    part->state = BELT_NONE;
    part->is_run = false;
    belt->first++;
    pthread_cond_signal(&belt->room);
}

bool as_belt_pick_up(as_belt *belt, as_ns until, as_record *ret)
{
    bool in_time = true, found = false;
    pthread_mutex_lock(&belt->lock);
    while (in_time) {
        found = belt->first < belt->next && belt_at(belt, belt->first)->state == BELT_DECIDED;
        if (found || (belt->closed && belt->first == belt->next))
            break;
        in_time = belt_wait(belt, &belt->ready, until);
    }
    if (found) {
        belt_part *part = belt_at(belt, belt->first);
        *ret = part->record;
        belt_leave(belt, part);
    }
    pthread_mutex_unlock(&belt->lock);
    return found;
}

bool as_belt_is_over(as_belt *belt)
{
    pthread_mutex_lock(&belt->lock);
    bool over = belt_is_over(belt);
    pthread_mutex_unlock(&belt->lock);
    return over;
}

bool as_belt_is_done(as_belt *belt)
{
    pthread_mutex_lock(&belt->lock);
    bool done = belt->closed && belt->first == belt->next;
    pthread_mutex_unlock(&belt->lock);
    return done;
}
