/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/capture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"
#include "intake/state.h"
#include "intake/video.h"

#define CAPTURE_FRAMES     8 /* of the pool, and jobs in flight: one more is with the camera */
#define CAPTURE_THREADS    64
#define CAPTURE_SLICE      (AS_NS_PER_S / 5)  /* how soon a stop is seen */
#define CAPTURE_PATIENCE   (60 * AS_NS_PER_S) /* a camera silent for longer is not there */
#define CAPTURE_PNG_EFFORT 1
#define CAPTURE_NAME_BYTES 1200 /* a recording's may have folders */

/* A frame on its way: encoded and looked at by a worker, taken in the order of the camera. */
typedef struct capture_job {
    as_frame       *frame; /* NULL once it went back */
    char            name[CAPTURE_NAME_BYTES], part[CAPTURE_NAME_BYTES - 32];
    const char     *label, *why; /* why: refused unseen, with this reason */
    const char     *check;
    as_ns           utc;
    double          severity;
    as_look         look;
    as_err          err;
    bool            ok, finished;
    struct capture *owner;
} capture_job;

typedef struct capture {
    as_intake            *intake;
    const as_spec        *spec;
    const as_capture_cfg *cfg;
    const as_progress    *progress;
    as_camera            *cam;
    as_queue             *todo, *done;
    as_thread            *threads[CAPTURE_THREADS];
    size_t                n_threads;
    capture_job           jobs[CAPTURE_FRAMES]; /* a ring */
    size_t                first, n_jobs;
    char                  stem[CAPTURE_NAME_BYTES - 64];   /* "cones-3" */
    uint64_t              part, n_parts, view, most_views; /* of the camera: the part it is at, parts and views seen */
    uint64_t              n_frames, n_known;               /* given; of a class that the camera knew */
    bool                  stopped;
    as_err                broke;
} capture;

static const char *const capture_why[AS_FRAME_STATUS_COUNT] = {
    [AS_FRAME_NONE] = "the frame has no status: a defect of its camera's driver",
    [AS_FRAME_INCOMPLETE] = "the frame came in incomplete: look at cable, network and packet size",
    [AS_FRAME_CORRUPT] = "the frame came in damaged and could not be decoded",
    [AS_FRAME_LATE] =
        "the frame came in so late that its part had gone by: look at the network and at this computer's load",
    [AS_FRAME_REPEATED] = "the frame came in a second time: look at the camera",
    [AS_FRAME_MISFIT] = "the frame is not of the size that station.frame_px says",
};

static as_sample capture_sample(const capture_job *job)
{
    const as_capture_cfg *cfg = job->owner->cfg;
    return (as_sample){.name = job->name,
                       .label = job->label,
                       .part = job->part,
                       .camera = cfg->recording ? cfg->recording->camera : as_camera_uri(job->owner->cam),
                       .split = cfg->recording ? cfg->recording->split : AS_SPLIT_NONE,
                       .utc = job->utc,
                       .severity = job->severity};
}

static bool capture_look(capture_job *job, as_err *err)
{
    as_sample  sample = capture_sample(job);
    as_intake *intake = job->owner->intake;
    if (job->why && job->frame->status == AS_FRAME_CORRUPT)
        return as_look_refuse(intake, NULL, 0, &sample, job->check, job->why, &job->look, err);
    as_str png;
    as_str_init(&png);
    bool ok = as_codec_encode_png_any(&job->frame->image, CAPTURE_PNG_EFFORT, &png, err);
    job->frame = as_frame_unref(job->frame); /* the camera may need it */
    const uint8_t *bytes = (const uint8_t *)png.s;
    if (ok && job->why)
        ok = as_look_refuse(intake, bytes, png.len, &sample, job->check, job->why, &job->look, err);
    else if (ok)
        ok = as_look_at(intake, bytes, png.len, &sample, &job->look, err);
    as_str_done(&png);
    return ok;
}

static void capture_work(void *ctx)
{
    capture *c = ctx;
    for (capture_job *job; (job = as_queue_pop(c->todo, INT64_MAX)) != NULL;) {
        job->ok = capture_look(job, &job->err);
        job->frame = as_frame_unref(job->frame);
        if (!as_queue_push(c->done, job, INT64_MAX))
            return;
    }
}

static bool capture_start_threads(capture *c, as_err *err)
{
    size_t want = AS_MIN((size_t)as_thread_cores(), (size_t)CAPTURE_THREADS);
    c->todo = as_queue_new(CAPTURE_FRAMES, err);
    c->done = c->todo ? as_queue_new(CAPTURE_FRAMES, err) : NULL;
    if (!c->done)
        return false;
    for (; c->n_threads < want; c->n_threads++) {
        c->threads[c->n_threads] = as_thread_start("encode", capture_work, c, c->n_threads ? NULL : err);
        if (!c->threads[c->n_threads])
            return c->n_threads > 0; /* fewer will do */
    }
    return true;
}

/* Also frames that nobody worked on go back to the camera. */
static void capture_stop_threads(capture *c)
{
    if (c->todo)
        as_queue_close(c->todo);
    if (c->done)
        as_queue_close(c->done);
    while (c->n_threads)
        as_thread_join(c->threads[--c->n_threads]);
    for (size_t i = 0; i < CAPTURE_FRAMES; i++)
        c->jobs[i].frame = as_frame_unref(c->jobs[i].frame);
    as_queue_free(c->todo);
    as_queue_free(c->done);
}

static bool capture_take(capture *c, capture_job *job, as_err *err)
{
    as_sample sample = capture_sample(job);
    if (!job->ok)
        return as_err_set(err, job->err.code, "%s", job->err.text);
    if (!as_look_take(c->intake, &job->look, &sample, err))
        return false;
    if (job->look.level > AS_CHECK_OK && c->cfg->told)
        c->cfg->told(c->cfg->ctx, job->look.level, job->name, job->look.text);
    return true;
}

/* Takes what is finished, in the camera's order. Waits until no more than `most` jobs are under way. */
static bool capture_drain(capture *c, size_t most, as_err *err)
{
    for (;;) {
        while (c->n_jobs && c->jobs[c->first].finished) {
            if (!capture_take(c, &c->jobs[c->first], err))
                return false;
            c->first = (c->first + 1) % CAPTURE_FRAMES;
            c->n_jobs--;
        }
        capture_job *job = as_queue_pop(c->done, c->n_jobs > most ? as_clock_mono() + CAPTURE_SLICE : 0);
        if (job)
            job->finished = true;
        else if (c->n_jobs <= most)
            return true;
    }
}

/* The truth if the camera has it and it is a class, else what the caller says. */
static const char *capture_label(capture *c, const as_frame *frame, as_err *err)
{
    int at = frame->truth.known ? as_spec_class(c->spec, frame->truth.label) : -1;
    if (at >= 0) {
        c->n_known++;
        return c->spec->classes[at].name;
    }
    if (c->cfg->recording && (!c->cfg->label || !*c->cfg->label))
        return "";
    if (c->cfg->label)
        return c->spec->classes[as_spec_class(c->spec, c->cfg->label)].name;
    if (frame->truth.known && !as_intake_check_class(c->spec, frame->truth.label, "the camera's class",
                                                     ": say --label CLASS, or add it there", err))
        return NULL;
    AS_FAIL(err, AS_EINVAL, "camera '%s' does not know what it sees: name the class of these parts with --label CLASS",
            c->cfg->camera);
    return NULL;
}

static void capture_name(const capture *c, uint64_t number, capture_job *job)
{
    char part[sizeof job->part];
    if (c->cfg->recording) {
        snprintf(job->name, sizeof job->name, "%s/%06llu.png", c->stem, (unsigned long long)number);
        as_str_copy(job->part, sizeof job->part, c->stem);
        return;
    }
    snprintf(part, sizeof part, "%s/%06llu", c->stem, (unsigned long long)number);
    as_str_copy(job->part, sizeof job->part, part);
    if (c->view > 1)
        snprintf(job->name, sizeof job->name, "%s.%llu.png", part, (unsigned long long)c->view);
    else
        snprintf(job->name, sizeof job->name, "%s.png", part);
}

/* Gives the frame its names, and a worker to look at it. */
static bool capture_give(capture *c, as_frame *frame, as_err *err)
{
    const char *label = capture_label(c, frame, err);
    if (!label || !capture_drain(c, CAPTURE_FRAMES - 1, err)) {
        as_frame_unref(frame);
        return false;
    }
    capture_job *job = &c->jobs[(c->first + c->n_jobs) % CAPTURE_FRAMES];
    *job = (capture_job){.frame = frame, .label = label, .owner = c, .utc = frame->time_utc, .severity = NAN};
    if (frame->truth.known)
        job->severity = (double)frame->truth.severity;
    if (c->cfg->recording && c->cfg->recording->utc)
        job->utc = c->cfg->recording->utc + frame->time_stream;
    capture_name(c, c->cfg->recording ? frame->sequence : frame->part, job);
    if (frame->status != AS_FRAME_OK) {
        job->check = "frame";
        job->why = capture_why[frame->status];
    }
    c->n_jobs++;
    c->n_frames++;
    if (as_queue_push(c->todo, job, as_clock_mono() + CAPTURE_PATIENCE))
        return true;
    return AS_FAIL(err, AS_EINTERNAL, "no worker takes frames");
}

/* Counts parts and views. False when the frame belongs to a part that is not wanted any more. */
static bool capture_count(capture *c, const as_frame *frame)
{
    if (c->n_parts == 0 || frame->part != c->part) {
        if (c->cfg->n_parts && c->n_parts == c->cfg->n_parts)
            return false;
        c->part = frame->part;
        c->n_parts++;
        c->view = 0;
    }
    c->view++;
    c->most_views = AS_MAX(c->most_views, c->view);
    return true;
}

/* All parts are in. A camera that waits is asked for one frame more, which shows that the last part has no more views; any
 * other is taken at its word, the spec's or what earlier parts had. */
static bool capture_is_full(const capture *c)
{
    if (c->cfg->recording)
        return c->n_frames >= c->cfg->recording->n_frames;
    uint64_t views = AS_MAX(c->most_views, (uint64_t)c->spec->frames_per_part);
    return c->cfg->n_parts && c->n_parts == c->cfg->n_parts && !as_camera_geometry_of(c->cam).can_wait &&
           c->view >= views;
}

static void capture_tell_end(const capture *c)
{
    char text[AS_CHECK_TEXT_BYTES];
    if (!c->cfg->told)
        return;
    if (c->cfg->label && c->n_known) {
        snprintf(text, sizeof text, "knew the class of %llu of %llu frames itself: --label %.60s %s",
                 (unsigned long long)c->n_known, (unsigned long long)c->n_frames, c->cfg->label,
                 c->n_known == c->n_frames ? "was not needed" : "is that of the others only");
        c->cfg->told(c->cfg->ctx, AS_CHECK_WARN, c->cfg->camera, text);
    }
    if (c->n_parts < c->cfg->n_parts && !c->stopped) {
        snprintf(text, sizeof text, "ended after %llu of %llu parts", (unsigned long long)c->n_parts,
                 (unsigned long long)c->cfg->n_parts);
        c->cfg->told(c->cfg->ctx, AS_CHECK_WARN, c->cfg->camera, text);
    }
    if (as_camera_lost(c->cam)) {
        snprintf(text, sizeof text, "%llu frames were lost on the way: too many for this computer, or its network",
                 (unsigned long long)as_camera_lost(c->cam));
        c->cfg->told(c->cfg->ctx, AS_CHECK_WARN, c->cfg->camera, text);
    }
}

/* A part is whole when it has as many frames as the spec says or the parts before it had. Of the first one, where the
 * spec says nothing, nobody knows. */
static void capture_forget_half(capture *c)
{
    char     part[sizeof c->jobs[0].part];
    uint64_t views = AS_MAX(c->most_views, (uint64_t)c->spec->frames_per_part);
    bool     whole = c->view >= views && (c->n_parts > 1 || c->spec->frames_per_part > 1);
    if (c->n_parts == 0 || whole)
        return;
    snprintf(part, sizeof part, "%s/%06llu", c->stem, (unsigned long long)c->part);
    as_intake_forget_part(c->intake, part);
    c->n_parts--;
}

/* A part's frame, or one of a recording that is wanted. NULL, and *ret_over, when no more are. */
static as_frame *capture_wanted(capture *c, as_frame *frame, bool *ret_over)
{
    bool wanted = true;
    *ret_over = false;
    if (c->cfg->recording)
        wanted = as_video_pick_takes(c->cfg->recording->pick, frame->time_stream);
    else
        *ret_over = !(wanted = capture_count(c, frame));
    return wanted ? frame : as_frame_unref(frame);
}

static bool capture_broke(capture *c, const as_err *why, as_err *err)
{
    if (!c->cfg->recording || c->n_frames == 0)
        return as_err_set(err, why->code, "%s", why->text);
    c->broke = *why;
    return true;
}

static bool capture_loop(capture *c, as_err *err)
{
    as_ns heard = as_clock_mono();
    bool  over = false;
    while (!capture_is_full(c)) {
        as_err why = AS_ERR_NONE;
        c->stopped = !as_progress_go_on(c->progress, &why);
        if (c->stopped)
            break;
        if (!capture_drain(c, CAPTURE_FRAMES, err))
            return false;
        as_frame *frame = as_camera_next(c->cam, as_clock_mono() + CAPTURE_SLICE, &why);
        if (!frame && why.code == AS_EEND)
            break;
        if (frame || why.code == AS_EBUSY)
            heard = as_clock_mono();
        else if (why.code != AS_ETIMEOUT || as_clock_mono() - heard > CAPTURE_PATIENCE) {
            if (!capture_broke(c, &why, err))
                return false;
            break;
        }
        frame = frame ? capture_wanted(c, frame, &over) : NULL;
        if (over)
            break;
        if (frame && !capture_give(c, frame, err))
            return false;
        as_progress_step(c->progress, "capturing", c->cfg->recording ? c->n_frames : c->n_parts, c->cfg->n_parts);
    }
    if (!capture_drain(c, 0, err))
        return false;
    if (c->stopped && !c->cfg->recording)
        capture_forget_half(c);
    return true;
}

/* "cones" of "twin:cones?seed=2", "parts" of "folder:/data/parts". */
static void capture_short_name(const char *uri, char *name, size_t cap)
{
    const char *colon = strchr(uri, ':'), *begin = colon ? colon + 1 : uri;
    size_t      n = strcspn(begin, "?"), at = 0;
    while (n && begin[n - 1] == '/')
        n--;
    for (size_t i = n; i-- > 0;)
        if (begin[i] == '/') {
            begin += i + 1;
            n -= i + 1;
            break;
        }
    if (n == 0) {
        begin = uri;
        n = colon ? (size_t)(colon - uri) : strlen(uri);
    }
    for (size_t i = 0; i < n && at + 1 < cap; i++) {
        char ch = begin[i];
        bool plain =
            (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-';
        name[at++] = plain ? ch : '_';
    }
    name[at] = '\0';
}

/* The first number that no sample's name has yet behind the camera's. */
static bool capture_name_stem(capture *c, as_err *err)
{
    if (c->cfg->recording)
        return as_str_copy(c->stem, sizeof c->stem, c->cfg->recording->name) ||
               AS_FAIL(err, AS_ELIMIT, "the name '%.60s...' is longer than %zu bytes", c->cfg->recording->name,
                       sizeof c->stem - 1);
    char     name[40];
    uint64_t last = 0, number;
    capture_short_name(c->cfg->camera, name, sizeof name);
    size_t n = strlen(name);
    for (size_t i = 0; i < as_manifest_count(c->intake->manifest); i++) {
        const char *sample = as_manifest_at(c->intake->manifest, i)->name;
        char        digits[24];
        size_t      n_digits = strncmp(sample, name, n) == 0 && sample[n] == '-' ? strcspn(sample + n + 1, "/") : 0;
        if (n_digits == 0 || n_digits >= sizeof digits)
            continue;
        memcpy(digits, sample + n + 1, n_digits);
        digits[n_digits] = '\0';
        if (as_str_to_u64(digits, &number) && number < UINT64_MAX)
            last = AS_MAX(last, number);
    }
    snprintf(c->stem, sizeof c->stem, "%s-%llu", name, (unsigned long long)last + 1);
    return true;
}

static bool capture_open(capture *c, as_err *err)
{
    as_camera_cfg cfg = {.uri = c->cfg->camera,
                         .width = c->spec->frame_px[0],
                         .height = c->spec->frame_px[1],
                         .n_frames = CAPTURE_FRAMES,
                         .frames_per_part = c->spec->frames_per_part,
                         .dir = c->cfg->dir,
                         .typed = c->cfg->typed,
                         .ends = c->cfg->recording != NULL};
    if (c->cfg->label && !as_intake_check_class(c->spec, c->cfg->label, "label", "", err))
        return false;
    c->cam = as_camera_open(&cfg, err);
    return c->cam != NULL;
}

bool as_capture_run(as_intake *intake, const as_spec *spec, const as_capture_cfg *cfg, const as_progress *progress,
                    as_capture_end *ret, as_err *err)
{
    capture *c = calloc(1, sizeof *c);
    if (!c)
        return AS_FAIL(err, AS_ENOMEM, "cannot capture: not enough memory");
    c->intake = intake;
    c->spec = spec;
    c->cfg = cfg;
    c->progress = progress;
    bool ok = capture_open(c, err);
    if (ok) {
        ok = capture_name_stem(c, err) && capture_start_threads(c, err) && capture_loop(c, err);
        if (ok) {
            capture_tell_end(c);
            *ret = (as_capture_end){
                .n_parts = cfg->recording ? c->n_frames : c->n_parts, .stopped = c->stopped, .broke = c->broke};
        }
    }
    capture_stop_threads(c);
    as_camera_close(c->cam);
    free(c);
    return ok;
}
