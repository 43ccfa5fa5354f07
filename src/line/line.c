/* SPDX-License-Identifier: Apache-2.0 */
#include "line/line.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/thread.h"
#include "line/belt.h"
#include "line/line_priv.h"
#include "line/recorder.h"
#include "line/tally.h"

#define LINE_SLICE_NS   (50 * AS_NS_PER_MS) /* so soon is a stop seen */
#define LINE_STEP_NS    (100 * AS_NS_PER_MS)
#define LINE_BELT_PARTS 1024u
#define LINE_MAX_GAP    10000u /* lost parts in a row; a camera that jumps further has lost count */
#define LINE_MAX_FRAMES 256u
#define LINE_MIN_FRAMES 8u
#define LINE_WARM_UPS   3
#define LINE_GATHER_NS  AS_NS_PER_S

/* Of urgent threads: a deadline passes while the model works, a frame comes while it does. */
#define LINE_GUARD_LEVEL  3
#define LINE_CAMERA_LEVEL 2
#define LINE_JUDGE_LEVEL  1

struct as_line {
    const as_spec *spec;
    uint64_t       n_parts;
    as_ns          deadline;
    void (*told)(void *ctx, const as_record *record);
    void *ctx;

    as_line_parts  parts;
    as_camera     *camera; /* both NULL where a test brings its own */
    as_classifier *classifier;
    as_model_info  info;
    as_policy      policy;
    uint8_t        model[16];
    as_belt       *belt;
    as_recorder   *recorder;
    char           journal_dir[AS_FS_PATH_BYTES];
    as_scores     *scores; /* of a part's frames */
    as_frame     **job_frames;
    as_queue      *warm, *over; /* closed when the judge is ready, and when the last record was written */
    atomic_bool    stop;

    bool has_pace;  /* the spec's, or that of what comes into a folder */
    bool is_urgent; /* its threads ask to go before all others */
    bool is_silent; /* the judge thread's: a failure was told */

    /* the camera thread's */
    bool     has_part, is_enough;
    uint64_t part, n_triggers, n_bad_frames, n_misfits, n_fit;
    uint64_t n_jumps, n_skipped;
    as_err   trouble, jump;

    pthread_mutex_t tally_lock; /* for what follows */
    as_line_summary summary;
    as_ns           first_trigger, last_verdict;
};

/* --- the camera's thread --- */

static bool line_is_stopped(const as_line *line)
{
    return atomic_load_explicit(&line->stop, memory_order_relaxed);
}

static as_ns line_patience(const as_line *line, as_ns now)
{
    return line->parts.geometry.can_wait ? now + LINE_SLICE_NS : now + line->deadline;
}

static void line_lost_parts(as_line *line, uint64_t number, uint64_t n)
{
    line->n_triggers += as_belt_put_lost(line->belt, number, n, as_clock_mono());
}

/* Nobody knows whether parts went by or the camera's counter was set: one fault stands for all the numbers left out, and
 * the run does not end as a good one. What comes next is judged as before. */
static void line_jump(as_line *line, uint64_t number)
{
    uint64_t n_skipped = number > line->part ? number - line->part - 1 : 0;
    line->n_jumps++;
    line->n_skipped += n_skipped;
    if (n_skipped)
        line->n_triggers += as_belt_put_jump(line->belt, line->part + 1, n_skipped, as_clock_mono());
    as_log_write(AS_LOG_ERROR, "the camera's count jumped from part %llu to %llu", (unsigned long long)line->part,
                 (unsigned long long)number);
    if (line->jump.code == AS_OK)
        as_err_set(
            &line->jump, AS_EIO,
            "the camera's count jumped from part %llu to %llu: whether parts went by unseen is not known (look at "
            "the gate, and at what resets the camera)",
            (unsigned long long)line->part, (unsigned long long)number);
}

/* Parts whose every frame was lost are seen by the gap in the numbers: each gets its verdict too. */
static void line_fill_gap(as_line *line, uint64_t number)
{
    if (!line->has_part || number == line->part + 1)
        return;
    if (number < line->part || number - line->part > LINE_MAX_GAP) {
        line_jump(line, number);
    } else {
        uint64_t n = number - line->part - 1;
        if (line->n_parts)
            n = AS_MIN(n, line->n_parts - AS_MIN(line->n_triggers, line->n_parts));
        line_lost_parts(line, line->part + 1, n);
    }
}

/* A picture of another size shows more or less of the part, or shows it at another scale, than the model has learnt: what the
 * spec names is the contract, and what breaks it is a fault, as intake refuses it. */
static void line_measure(as_line *line, as_frame *frame)
{
    const uint32_t *px = line->spec->frame_px;
    if (frame->status != AS_FRAME_OK)
        return;
    if (px[0] == 0 || (frame->image.width == px[0] && frame->image.height == px[1])) {
        line->n_fit++;
        return;
    }
    frame->status = AS_FRAME_MISFIT;
    if (line->n_misfits++ > 0)
        return;
    as_log_write(AS_LOG_ERROR,
                 "a frame of camera '%s' is %ux%u, and station.frame_px says %ux%u: such frames are faults and are not "
                 "judged (set station.frame_px to [%u, %u], or the camera's Width and Height to %u and %u)",
                 line->summary.camera, frame->image.width, frame->image.height, px[0], px[1], frame->image.width,
                 frame->image.height, px[0], px[1]);
}

static void line_take_frame(as_line *line, as_frame *frame)
{
    bool     is_new = false;
    uint64_t number = frame->part;
    bool     begins = !line->has_part || number != line->part;
    if (begins)
        line_fill_gap(line, number);
    if (begins && line->n_parts && line->n_triggers >= line->n_parts)
        line->is_enough = true;
    if (line->is_enough) {
        as_frame_unref(frame);
        return;
    }
    line_measure(line, frame);
    line->n_bad_frames += frame->status != AS_FRAME_OK;
    as_ns now = as_clock_mono();
    if (as_belt_put(line->belt, frame, now, line_patience(line, now), &is_new))
        line->n_triggers += is_new;
    else
        as_frame_unref(frame);
    line->has_part = true;
    line->part = number;
}

/* A frame was taken and there was no memory to hold it. */
static void line_busy(as_line *line)
{
    if (line->parts.geometry.can_wait)
        return;
    uint64_t number = as_belt_is_gathering(line->belt) ? line->part : line->part + line->has_part;
    line_lost_parts(line, number, 1);
    line->part = number;
}

static bool line_go_on(as_line *line, const as_err *why)
{
    switch (why->code) {
    case AS_ETIMEOUT: return true;
    case AS_EBUSY: line_busy(line); return true;
    case AS_EEND:
    case AS_ECANCELLED: return false;
    default: line->trouble = *why; return false;
    }
}

static bool line_has_enough(as_line *line)
{
    if (line_is_stopped(line) || line->is_enough)
        return true;
    return line->n_parts && line->n_triggers >= line->n_parts && !as_belt_is_gathering(line->belt);
}

static void line_camera(void *ctx)
{
    as_line *line = ctx;
    bool     more = true;
    if (line->is_urgent && !line->parts.geometry.can_wait)
        as_thread_make_urgent(LINE_CAMERA_LEVEL);
    while (more && !line_has_enough(line)) {
        as_err why = AS_ERR_NONE;
        as_ns  now = as_clock_mono();
        if (line->parts.geometry.can_wait && !as_belt_is_gathering(line->belt) &&
            !as_belt_wait_idle(line->belt, now + LINE_SLICE_NS))
            continue;
        as_frame *frame = line->parts.next(line->parts.source, as_clock_mono() + LINE_STEP_NS, &why);
        if (frame)
            line_take_frame(line, frame);
        else
            more = line_go_on(line, &why);
    }
    as_belt_close(line->belt, as_clock_mono());
}

/* --- the judge's thread --- */

static void line_unref(as_belt_job *job)
{
    while (job->n_frames)
        as_frame_unref(job->frames[--job->n_frames]);
}

/* False: no answer. */
static bool line_ask(as_line *line, const as_belt_job *job, as_belt_answer *answer)
{
    for (uint32_t i = 0; i < job->n_frames; i++) {
        as_err why = AS_ERR_NONE;
        if (i > 0 && as_clock_mono() > job->deadline)
            return false;
        if (!line->parts.judge(line->parts.model, &job->frames[i]->image, &line->scores[i], &why)) {
            as_log_write(AS_LOG_WARN, "part %llu has no answer: %s", (unsigned long long)job->frames[i]->part,
                         why.text);
            return false;
        }
        answer->prepare_ns += line->scores[i].prepare_ns;
        answer->infer_ns += line->scores[i].infer_ns;
    }
    const as_scores *worst = &line->scores[as_policy_worst(&line->policy, line->scores, job->n_frames)];
    answer->score = (float)as_policy_reject_score(&line->policy, worst);
    if (worst->n != line->info.n_labels || worst->best >= worst->n || !isfinite(answer->score))
        return false;
    answer->class_score = worst->p[worst->best];
    answer->verdict = as_policy_verdict(&line->policy, worst, &answer->reason);
    as_belt_name(answer->label, line->info.labels[worst->best]);
    return isfinite(answer->class_score);
}

static void line_judge_part(as_line *line, as_belt_job *job)
{
    as_belt_answer answer = {.verdict = AS_VERDICT_NONE};
    if (!line_ask(line, job, &answer))
        answer = (as_belt_answer){.verdict = line->spec->failsafe_fault,
                                  .reason = AS_REASON_FAULT,
                                  .score = NAN,
                                  .class_score = NAN,
                                  .prepare_ns = answer.prepare_ns,
                                  .infer_ns = answer.infer_ns};
    as_belt_answer_to(line->belt, job->serial, &answer, as_clock_mono());
    line_unref(job);
}

/* The first runs take memory and time that later ones do not; they must be over before a part comes, and in the thread
 * that judges. */
static void line_warm_up(as_line *line)
{
    const as_camera_geometry *g = &line->parts.geometry;
    as_image                  image = {0};
    as_err                    why = AS_ERR_NONE;
    if (!line->classifier || !as_image_new(&image, g->pixel, g->width, g->height, &why))
        return;
    memset(image.data, 128, image.stride_bytes * image.height);
    bool ok = true;
    for (int i = 0; ok && i < LINE_WARM_UPS; i++)
        ok = line->parts.judge(line->parts.model, &image, &line->scores[0], &why);
    if (!ok)
        as_log_write(AS_LOG_WARN, "the model has no answer to a grey picture: %s", why.text);
    as_image_done(&image);
}

static void line_judge(void *ctx)
{
    as_line    *line = ctx;
    as_belt_job job = {.frames = line->job_frames};
    line_warm_up(line);
    if (line->is_urgent)
        line->summary.is_urgent = as_thread_make_urgent(LINE_JUDGE_LEVEL);
    as_queue_close(line->warm);
    while (!as_belt_is_over(line->belt))
        if (as_belt_take(line->belt, as_clock_mono() + AS_NS_PER_S, &job))
            line_judge_part(line, &job);
}

/* --- the guard's thread --- */

static void line_guard(void *ctx)
{
    as_line *line = ctx;
    as_thread_make_urgent(LINE_GUARD_LEVEL);
    while (as_belt_wait_deadline(line->belt, as_clock_mono() + AS_NS_PER_S))
        as_belt_expire(line->belt, as_clock_mono());
}

/* --- the recorder's thread --- */

static void line_record(as_line *line, as_record *record)
{
    as_ns now = as_clock_mono();
    memcpy(record->model, line->model, sizeof record->model);
    as_recorder_put(line->recorder, record, now);
    pthread_mutex_lock(&line->tally_lock);
    as_tally_add(&line->summary, line->spec, record);
    if (line->first_trigger == 0)
        line->first_trigger = record->trigger_utc;
    line->last_verdict = AS_MAX(line->last_verdict, record->trigger_utc + record->latency_ns);
    pthread_mutex_unlock(&line->tally_lock);
    if (line->told)
        line->told(line->ctx, record);
}

static void line_recorder(void *ctx)
{
    as_line  *line = ctx;
    as_record record;
    while (!as_belt_is_done(line->belt)) {
        if (as_belt_pick_up(line->belt, as_clock_mono() + LINE_STEP_NS, &record))
            line_record(line, &record);
        as_recorder_rest(line->recorder, as_clock_mono());
    }
    as_recorder_finish(line->recorder);
    as_queue_close(line->over);
}

/* --- making one --- */

static uint32_t line_pool_frames(const as_spec *spec, as_ns deadline, as_ns period)
{
    /* What waits for the judge until its deadline, what is judged, what is being filled. */
    as_ns waiting = period > 0 ? AS_MIN(deadline / period, (as_ns)LINE_MAX_FRAMES) + 3 : 3;
    as_ns n = waiting * (as_ns)spec->frames_per_part;
    return (uint32_t)AS_MIN(AS_MAX(n, (as_ns)LINE_MIN_FRAMES), (as_ns)LINE_MAX_FRAMES);
}

static as_ns line_period(const as_line_cfg *cfg)
{
    double pace = cfg->unpaced ? 0 : cfg->spec->parts_per_minute;
    return pace > 0 ? (as_ns)(60.0 * (double)AS_NS_PER_S / pace) : 0;
}

static bool line_make(as_line *line, const as_line_cfg *cfg, as_err *err)
{
    const as_spec *spec = cfg->spec;
    as_ns          period = line_period(cfg);
    as_belt_cfg    belt = {.capacity = LINE_BELT_PARTS,
                           .frames_per_part = spec->frames_per_part,
                           .deadline = line->deadline,
                           .gather = AS_MAX(period, (as_ns)LINE_GATHER_NS) + line->deadline,
                           .late = spec->failsafe_late,
                           .fault = spec->failsafe_fault};
    if (!as_policy_make(spec, &line->info, &cfg->point, &line->policy, err))
        return false;
    line->scores = calloc(spec->frames_per_part, sizeof *line->scores);
    line->job_frames = calloc(spec->frames_per_part, sizeof(as_frame *));
    if (!line->scores || !line->job_frames)
        return AS_FAIL(err, AS_ENOMEM, "cannot make a line: not enough memory");
    if (!as_str_copy(line->journal_dir, sizeof line->journal_dir, cfg->journal_dir))
        return AS_FAIL(err, AS_ELIMIT, "the path of the journal is too long");
    line->belt = as_belt_new(&belt, err);
    line->warm = line->belt ? as_queue_new(1, err) : NULL;
    line->over = line->warm ? as_queue_new(1, err) : NULL;
    as_journal *journal = line->over ? as_journal_open(cfg->journal_dir, err) : NULL;
    line->recorder = journal ? as_recorder_new(journal, err) : NULL;
    return line->recorder != NULL;
}

static as_line *line_alloc(const as_line_cfg *cfg, as_err *err)
{
    as_line *line = calloc(1, sizeof *line);
    if (!line || !as_thread_lock_init(&line->tally_lock)) {
        AS_FAIL(err, AS_ENOMEM, "cannot make a line: not enough memory");
        free(line);
        return NULL;
    }
    line->spec = cfg->spec;
    line->n_parts = cfg->n_parts;
    line->has_pace = line_period(cfg) > 0;
    line->deadline = cfg->deadline > 0 ? cfg->deadline : cfg->spec->deadline_ns;
    line->told = cfg->told;
    line->ctx = cfg->ctx;
    atomic_init(&line->stop, false);
    as_digest digest = as_sha256_of(cfg->model, cfg->n_model);
    memcpy(line->model, digest.b, sizeof line->model);
    return line;
}

as_line *as_line_new_of(const as_line_cfg *cfg, const as_line_parts *parts, as_err *err)
{
    as_line *line = line_alloc(cfg, err);
    if (!line)
        return NULL;
    line->parts = *parts;
    line->info = *parts->info;
    return line_make(line, cfg, err) ? line : as_line_free(line);
}

static as_frame *line_next_frame(void *source, as_ns deadline, as_err *err)
{
    return as_camera_next(source, deadline, err);
}

static uint64_t line_lost_frames(void *source)
{
    return as_camera_lost(source);
}

static void line_stop_camera(void *source)
{
    as_camera_stop(source);
}

static bool line_classify(void *model, const as_image *image, as_scores *ret, as_err *err)
{
    return as_classifier_run(model, image, ret, err);
}

static bool line_open_camera(as_line *line, const as_line_cfg *cfg, as_err *err)
{
    const as_spec *spec = cfg->spec;
    as_camera_cfg  camera = {.uri = cfg->camera ? cfg->camera : spec->camera,
                             .width = spec->frame_px[0],
                             .height = spec->frame_px[1],
                             .period = line_period(cfg),
                             .deadline = line->deadline,
                             .frames_per_part = spec->frames_per_part,
                             .dir = cfg->camera ? NULL : cfg->dir,
                             .typed = cfg->camera != NULL};
    camera.n_frames = line_pool_frames(spec, line->deadline, camera.period);
    if (!camera.uri[0])
        return AS_FAIL(err, AS_EINVAL, "no camera (name one with --camera, or as station.camera in '%s')", spec->path);
    line->camera = as_camera_open(&camera, err);
    if (!line->camera)
        return false;
    line->parts.next = line_next_frame;
    line->parts.lost = line_lost_frames;
    line->parts.stop = line_stop_camera;
    line->parts.source = line->camera;
    line->parts.geometry = as_camera_geometry_of(line->camera);
    as_str_copy(line->summary.camera, sizeof line->summary.camera, as_camera_uri(line->camera));
    return true;
}

as_line *as_line_new(const as_line_cfg *cfg, as_err *err)
{
    as_line *line = line_alloc(cfg, err);
    if (!line)
        return NULL;
    line->classifier = as_classifier_open(cfg->model, cfg->n_model, cfg->model_name, &cfg->session, err);
    if (!line->classifier)
        return as_line_free(line);
    line->info = *as_classifier_info(line->classifier);
    /* Several threads of a model wait for each other by spinning: urgent, they would starve the rest of the line. */
    line->is_urgent = cfg->session.threads <= 1;
    line->parts.judge = line_classify;
    line->parts.model = line->classifier;
    as_str_copy(line->summary.backend, sizeof line->summary.backend, as_classifier_backend(line->classifier));
    return line_open_camera(line, cfg, err) && line_make(line, cfg, err) ? line : as_line_free(line);
}

as_line *as_line_free(as_line *line)
{
    if (!line)
        return NULL;
    as_belt_free(line->belt); /* gives frames back to the camera */
    as_recorder_free(line->recorder);
    as_camera_close(line->camera);
    as_classifier_close(line->classifier);
    as_queue_free(line->warm);
    as_queue_free(line->over);
    free(line->job_frames);
    free(line->scores);
    pthread_mutex_destroy(&line->tally_lock);
    free(line);
    return NULL;
}

void as_line_stop(as_line *line)
{
    atomic_store(&line->stop, true);
    line->parts.stop(line->parts.source);
}

/* --- running it --- */

static void line_step(as_line *line, const as_progress *progress)
{
    char what[128];
    pthread_mutex_lock(&line->tally_lock);
    const as_line_summary *s = &line->summary;
    uint64_t               done = s->n_triggers;
    snprintf(what, sizeof what, "%llu pass  %llu reject  %llu review  %llu fault  p99 %.1f ms",
             (unsigned long long)s->n_verdict[AS_VERDICT_PASS], (unsigned long long)s->n_verdict[AS_VERDICT_REJECT],
             (unsigned long long)s->n_verdict[AS_VERDICT_REVIEW], (unsigned long long)s->n_verdict[AS_VERDICT_FAULT],
             (double)as_histogram_quantile(&s->latency, 0.99) / (double)AS_NS_PER_MS);
    pthread_mutex_unlock(&line->tally_lock);
    as_progress_step(progress, what, done, line->n_parts);
}

/* Until the queue is closed. Passes a stop on. */
static void line_wait(as_line *line, as_queue *queue, const as_progress *progress)
{
    while (!as_queue_is_closed(queue)) {
        if (!line_is_stopped(line) && !as_progress_go_on(progress, NULL))
            as_line_stop(line);
        if (progress && progress->step)
            line_step(line, progress);
        (void)!as_queue_pop(queue, as_clock_mono() + LINE_SLICE_NS);
    }
}

static void line_close(as_line *line, as_line_summary *ret)
{
    as_line_outcome outcome;
    as_err          why = AS_ERR_NONE;
    *ret = line->summary;
    ret->peak_bytes = as_cpu_peak_bytes();
    ret->n_lost_frames = line->parts.lost(line->parts.source);
    ret->n_bad_frames = line->n_bad_frames;
    ret->n_misfits = line->n_misfits;
    if (line->camera) {
        ret->n_outages = as_camera_outages(line->camera, &ret->away);
        as_camera_stream_of(line->camera, &ret->stream);
    }
    ret->n_lost_records = as_recorder_lost(line->recorder);
    ret->n_failed_syncs = as_recorder_failed_syncs(line->recorder);
    ret->n_unsafe_records = as_recorder_unsafe(line->recorder);
    ret->deadline = line->deadline;
    ret->is_unpaced = line->parts.geometry.can_wait && !line->has_pace;
    ret->line_run = as_recorder_line_run(line->recorder);
    ret->seconds = (double)AS_MAX(line->last_verdict - line->first_trigger, 0) / (double)AS_NS_PER_S;
    ret->n_jumps = line->n_jumps;
    ret->n_skipped = line->n_skipped;
    ret->trouble = line->trouble.code ? line->trouble : *as_recorder_trouble(line->recorder);
    if (ret->trouble.code == AS_OK)
        ret->trouble = line->jump;
    if (ret->trouble.code == AS_OK && line->n_misfits > 0 && line->n_fit == 0)
        as_err_set(&ret->trouble, AS_EINVAL,
                   "not one frame of camera '%s' had the %u x %u pixels that station.frame_px says: none was judged",
                   ret->camera, line->spec->frame_px[0], line->spec->frame_px[1]);
    as_str_copy(ret->cpu, sizeof ret->cpu, as_cpu_model());
    if (!as_tally_read(line->journal_dir, ret->line_run, line->spec, &outcome, &why)) {
        as_str_copy(ret->journal_text, sizeof ret->journal_text, why.text);
        return;
    }
    as_tally_audit(&outcome, ret);
    as_tally_done(&outcome);
}

bool as_line_run(as_line *line, const as_progress *progress, as_line_summary *ret, as_err *err)
{
    as_thread *threads[4] = {NULL};
    threads[0] = as_thread_start("recorder", line_recorder, line, err);
    threads[1] = threads[0] ? as_thread_start("guard", line_guard, line, err) : NULL;
    threads[2] = threads[1] ? as_thread_start("judge", line_judge, line, err) : NULL;
    if (threads[2]) {
        line_wait(line, line->warm, NULL);
        threads[3] = as_thread_start("camera", line_camera, line, err);
    }
    if (threads[3])
        line_wait(line, line->over, progress);
    else
        as_belt_close(line->belt, as_clock_mono());
    for (size_t i = AS_COUNT(threads); i-- > 0;)
        as_thread_join(threads[i]);
    if (!threads[3])
        return false;
    line_close(line, ret);
    return true;
}
