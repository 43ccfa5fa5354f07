/* SPDX-License-Identifier: Apache-2.0 */
#include "line/line.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/thread.h"
#include "graph/build.h"
#include "line/line_priv.h"
#include "store/test_fault.h"

/* --- allocations of this program's code once `counting`: hidden symbols, so that libraries keep glibc's --- */

static atomic_bool   counting;
static atomic_size_t n_allocations;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static void count_one(void)
{
    if (atomic_load_explicit(&counting, memory_order_relaxed))
        atomic_fetch_add(&n_allocations, 1);
}

void *malloc(size_t n)
{
    count_one();
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    count_one();
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    count_one();
    return __libc_realloc(p, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
    count_one();
    *ret = __libc_memalign(align, n);
    return *ret ? 0 : 12; /* ENOMEM */
}
#endif

/* --- a camera and a model that do as they are told --- */

typedef enum shot { SHOT_GOOD, SHOT_BAD, SHOT_CORRUPT, SHOT_GAP, SHOT_BUSY, SHOT_JUMP, SHOT_BACK, SHOT_SMALL } shot;

#define JUMP ((uint64_t)1000000000)

typedef struct source {
    as_frame_pool *pool;
    uint64_t       n_parts; /* 0: endless */
    uint32_t       frames_per_part;
    uint64_t       part, n_taken, jumped;
    uint32_t       view;
    shot (*shoot)(uint64_t part, uint32_t view);
    as_err_code end; /* what next() says after the last part; 0: AS_EEND */
    atomic_bool stopped, ended;
} source;

static as_frame *source_next(void *ctx, as_ns deadline, as_err *err)
{
    source *s = ctx;
    if (atomic_load(&s->stopped)) {
        AS_FAIL(err, AS_ECANCELLED, "stopped");
        return NULL;
    }
    if (s->view == 0)
        s->part++;
    if (s->n_parts && s->part > s->n_parts) {
        atomic_store(&s->ended, true);
        AS_FAIL(err, s->end ? s->end : AS_EEND, "no more");
        return NULL;
    }
    shot what = s->shoot ? s->shoot(s->part, s->view) : SHOT_GOOD;
    if (what == SHOT_GAP)
        what = s->shoot(++s->part, 0);
    s->view = (s->view + 1) % s->frames_per_part;
    as_frame *frame = what == SHOT_BUSY ? NULL : as_frame_pool_get(s->pool);
    while (!frame && what != SHOT_BUSY && as_clock_mono() < deadline) /* one that can wait for a free frame */
        frame = as_frame_pool_get(s->pool);
    if (!frame) {
        AS_FAIL(err, what == SHOT_BUSY ? AS_EBUSY : AS_ETIMEOUT, "no frame");
        return NULL;
    }
    s->jumped += what == SHOT_JUMP ? JUMP : what == SHOT_BACK ? -JUMP : 0;
    frame->part = s->part + s->jumped;
    frame->status = what == SHOT_CORRUPT ? AS_FRAME_CORRUPT : AS_FRAME_OK;
    if (what == SHOT_SMALL)
        assert_true(as_frame_reshape(frame, AS_PIXEL_MONO8, 16, 12, err));
    frame->truth.known = true;
    as_str_copy(frame->truth.label, sizeof frame->truth.label, what == SHOT_BAD ? "bad" : "good");
    frame->image.data[0] = what == SHOT_BAD;
    frame->time_mono = as_clock_mono();
    frame->time_utc = as_clock_utc();
    s->n_taken++;
    return frame;
}

static uint64_t source_lost(void *ctx)
{
    (void)ctx;
    return 0;
}

static void source_stop(void *ctx)
{
    source *s = ctx;
    atomic_store(&s->stopped, true);
}

typedef enum mood { MOOD_RIGHT, MOOD_WRONG, MOOD_NAN, MOOD_FAILED, MOOD_SLOW, MOOD_UNSURE } mood;

typedef struct judge {
    mood (*feel)(void *ctx);
    as_rng      rng;
    as_ns       deadline;
    atomic_bool hang; /* while true a picture is not answered */
    uint64_t    n;
} judge;

static bool judge_run(void *ctx, const as_image *image, as_scores *ret, as_err *err)
{
    judge *j = ctx;
    mood   how = j->feel ? j->feel(j) : MOOD_RIGHT;
    as_ns  end = as_clock_mono() + 2 * j->deadline;
    bool   bad = image->data[0] != 0;
    j->n++;
    while (atomic_load(&j->hang) || (how == MOOD_SLOW && as_clock_mono() < end))
        sched_yield();
    if (how == MOOD_FAILED)
        return AS_FAIL(err, AS_EINTERNAL, "the model has no answer");
    float p = how == MOOD_NAN ? NAN : how == MOOD_UNSURE ? 0.5f : (how == MOOD_WRONG) == bad ? 0.1f : 0.9f;
    *ret = (as_scores){.p = {1 - p, p}, .n = 2, .best = p > 0.5f, .prepare_ns = 1000, .infer_ns = 2000};
    return true;
}

typedef struct told {
    as_spec  *spec;
    source   *camera;
    uint64_t  n, last_part, n_disorder, n_unset, n_skipped, n_timeless;
    bool      holds; /* no part is told before the camera's end */
    as_ns     slowest_late;
    judge    *judge;
    uint64_t  release_after; /* the judge hangs until so many were told */
    uint64_t  stop_after;
    as_line  *line;
    as_record last;
} told;

static void tell(void *ctx, const as_record *record)
{
    told *t = ctx;
    while (t->holds && !atomic_load(&t->camera->ended)) /* the recorder stands still */
        sched_yield();
    t->n++;
    t->n_skipped += record->n_skipped;
    t->n_timeless += record->n_frames == 0 && record->latency_ns == 0;
    t->n_disorder += record->part <= t->last_part || record->sequence != t->n;
    t->n_unset += record->verdict == AS_VERDICT_NONE || record->reason == AS_REASON_NONE;
    t->last_part = record->part;
    t->last = *record;
    if (record->reason == AS_REASON_LATE)
        t->slowest_late = AS_MAX(t->slowest_late, record->latency_ns);
    if (t->release_after && t->n == t->release_after)
        atomic_store(&t->judge->hang, false);
    if (t->stop_after && t->n == t->stop_after)
        as_line_stop(t->line);
}

/* --- a line around them --- */

static const as_model_info info = {.labels = {"good", "bad"}, .n_labels = 2};

typedef struct rig {
    source          camera;
    judge           judge;
    told            told;
    as_spec        *spec;
    as_line_summary summary;
    char            dir[256];
    uint64_t        n_parts;
    bool            can_wait;
    as_err          err;
} rig;

static as_spec *spec_of(uint32_t frames_per_part)
{
    char   text[512];
    as_err err = AS_ERR_NONE;
    snprintf(text, sizeof text,
             "assay: 1\nline: test\ntask: classify\nclasses: {good: pass, bad: reject}\n"
             "station: {camera: \"twin:cones\", frame_px: [16, 16], frames_per_part: %u}\n"
             "failsafe: {late: reject, unsure: review, fault: fault}\nrequirements: [{id: R1, text: a, measure: "
             "accuracy, at_least: 0.5}]\n",
             frames_per_part);
    as_spec *spec = as_spec_parse(text, strlen(text), "assay.yaml", &err);
    if (!spec)
        fail_msg("%s", err.text);
    return spec;
}

static rig *rig_new(uint32_t frames_per_part, as_ns deadline)
{
    rig   *r = calloc(1, sizeof *r);
    as_err err = AS_ERR_NONE;
    assert_non_null(r);
    r->camera.pool = as_frame_pool_new(AS_PIXEL_MONO8, 16, 16, 16, &err);
    r->camera.frames_per_part = frames_per_part;
    r->spec = spec_of(frames_per_part);
    r->judge.rng = as_rng_new(1);
    r->judge.deadline = deadline;
    r->told.judge = &r->judge;
    r->told.camera = &r->camera;
    r->can_wait = true;
    as_str_copy(r->dir, sizeof r->dir, support_temp_dir("line"));
    return r;
}

static void rig_run(rig *r)
{
    as_line_parts parts = {.next = source_next,
                           .lost = source_lost,
                           .stop = source_stop,
                           .source = &r->camera,
                           .judge = judge_run,
                           .model = &r->judge,
                           .info = &info,
                           .geometry = {.can_wait = r->can_wait}};
    as_line_cfg   cfg = {.spec = r->spec,
                         .n_parts = r->n_parts,
                         .deadline = r->judge.deadline,
                         .unpaced = true,
                         .model = (const uint8_t *)"model",
                         .n_model = 5,
                         .point = {0.4, 0.6},
                         .journal_dir = r->dir,
                         .told = tell,
                         .ctx = &r->told};
    as_line      *line = as_line_new_of(&cfg, &parts, &r->err);
    assert_non_null(line);
    r->told.line = line;
    assert_true(as_line_run(line, NULL, &r->summary, &r->err));
    as_line_free(line);
    assert_int_equal(as_frame_pool_in_use(r->camera.pool), 0);
}

/* What must hold whatever went wrong. */
static void rig_check(const rig *r)
{
    const as_line_summary *s = &r->summary;
    uint64_t               n = 0;
    for (int v = AS_VERDICT_PASS; v < AS_VERDICT_COUNT; v++)
        n += s->n_verdict[v];
    assert_int_equal(n, s->n_triggers);
    assert_int_equal(s->n_lost_records, 0);
    assert_int_equal(r->told.n, s->n_triggers);
    assert_int_equal(r->told.n_disorder, 0);
    assert_int_equal(r->told.n_unset, 0);
    assert_int_equal(s->latency.n + r->told.n_timeless, r->told.n);
    assert_int_equal(s->last_sequence - s->first_sequence + 1, r->told.n);
    assert_true(s->journal_whole);
    assert_string_equal(s->journal_text, "");
}

static void rig_free(rig *r)
{
    as_frame_pool_free(r->camera.pool);
    as_spec_free(r->spec);
    support_remove_dir(r->dir);
    free(r);
}

/* --- tests --- */

static shot shoot_every_third_bad(uint64_t part, uint32_t view)
{
    (void)view;
    return part % 3 == 0 ? SHOT_BAD : SHOT_GOOD;
}

static void test_a_line_judges_every_part(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 300;
    r->camera.shoot = shoot_every_third_bad;
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_triggers, 300);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_PASS], 200);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_REJECT], 100);
    assert_int_equal(r->summary.n_reason[AS_REASON_MODEL], 300);
    assert_int_equal(r->summary.n_bad_stopped, 100);
    assert_int_equal(r->summary.n_right_verdict, 300);
    assert_int_equal(r->summary.trouble.code, AS_OK);
    assert_string_equal(r->told.last.label, "bad");
    assert_string_equal(r->told.last.truth, "bad");
    assert_int_equal(r->told.last.stage_ns[1], 1000);
    assert_int_equal(r->told.last.stage_ns[2], 2000);
    assert_true(fabsf(r->told.last.score - 0.9f) < 1e-6f);
    as_ns sum = 0;
    for (int i = 0; i < AS_JOURNAL_STAGES; i++)
        sum += r->told.last.stage_ns[i];
    assert_true(sum >= r->told.last.latency_ns);
    rig_free(r);
}

static void test_it_ends_after_the_parts_that_were_asked_for(void **state)
{
    (void)state;
    for (uint32_t frames = 1; frames <= 3; frames++) {
        rig *r = rig_new(frames, 10 * AS_NS_PER_S);
        r->n_parts = 25;
        rig_run(r);
        rig_check(r);
        assert_int_equal(r->summary.n_triggers, 25);
        assert_int_equal(r->camera.n_taken, 25 * frames);
        rig_free(r);
    }
}

static mood feel_random(void *ctx)
{
    judge   *j = ctx;
    uint64_t dice = as_rng_below(&j->rng, 100);
    return dice < 60   ? MOOD_RIGHT
           : dice < 70 ? MOOD_WRONG
           : dice < 80 ? MOOD_NAN
           : dice < 88 ? MOOD_FAILED
           : dice < 96 ? MOOD_UNSURE
                       : MOOD_SLOW;
}

static shot shoot_random(uint64_t part, uint32_t view)
{
    as_rng   rng = as_rng_stream(7 + view, part);
    uint64_t dice = as_rng_below(&rng, 100);
    return dice < 70                ? SHOT_GOOD
           : dice < 90              ? SHOT_BAD
           : dice < 95              ? SHOT_CORRUPT
           : dice < 98 && view == 0 ? SHOT_GAP
                                    : SHOT_GOOD;
}

static void test_one_verdict_a_part_whatever_fails(void **state)
{
    (void)state;
    for (int wait = 0; wait < 2; wait++) {
        rig *r = rig_new(1, 100 * AS_NS_PER_US);
        r->camera.n_parts = 10000;
        r->camera.shoot = shoot_random;
        r->judge.feel = feel_random;
        r->can_wait = wait;
        rig_run(r);
        rig_check(r);
        /* Parts that left a gap are triggers as well; the last one may have been such. */
        assert_in_range(r->summary.n_triggers, 9999, 10001);
        assert_true(r->summary.n_reason[AS_REASON_LATE] > 100);
        assert_true(r->summary.n_reason[AS_REASON_FAULT] > 500);
        assert_true(r->summary.n_bad_frames > 300);
        if (wait)
            assert_true(r->summary.n_reason[AS_REASON_UNSURE] > 100);
        rig_free(r);
    }
}

static shot shoot_second_view_bad(uint64_t part, uint32_t view)
{
    return part == 2 ? view == 1 ? SHOT_BAD : SHOT_GOOD : part == 3 && view == 2 ? SHOT_CORRUPT : SHOT_GOOD;
}

static void test_the_worst_frame_speaks(void **state)
{
    (void)state;
    rig *r = rig_new(3, 10 * AS_NS_PER_S);
    r->camera.n_parts = 3;
    r->camera.shoot = shoot_second_view_bad;
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_triggers, 3);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_PASS], 1);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_REJECT], 1);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_FAULT], 1);
    assert_int_equal(r->told.last.verdict, AS_VERDICT_FAULT);
    rig_free(r);
}

static shot shoot_third_small(uint64_t part, uint32_t view)
{
    (void)view;
    return part == 3 ? SHOT_SMALL : SHOT_GOOD;
}

static shot shoot_small(uint64_t part, uint32_t view)
{
    (void)part;
    (void)view;
    return SHOT_SMALL;
}

static void test_a_frame_of_another_size_is_a_fault(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 4;
    r->camera.shoot = shoot_third_small;
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_PASS], 3);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_FAULT], 1);
    assert_int_equal(r->summary.n_misfits, 1);
    assert_int_equal(r->summary.n_bad_frames, 1);
    assert_int_equal(r->judge.n, 3);
    assert_int_equal(r->summary.trouble.code, AS_OK);
    rig_free(r);
}

/* Not one that fits: the station is not set up, and nobody may take the run for a good one. Without a size in the spec any
 * is judged. */
static void test_a_camera_of_another_size_is_trouble(void **state)
{
    (void)state;
    for (int any = 0; any < 2; any++) {
        rig *r = rig_new(1, 10 * AS_NS_PER_S);
        r->camera.n_parts = 4;
        r->camera.shoot = shoot_small;
        if (any)
            r->spec->frame_px[0] = r->spec->frame_px[1] = 0;
        rig_run(r);
        rig_check(r);
        assert_int_equal(r->summary.n_verdict[AS_VERDICT_FAULT], any ? 0 : 4);
        assert_int_equal(r->summary.n_misfits, any ? 0 : 4);
        assert_int_equal(r->judge.n, any ? 4 : 0);
        assert_int_equal(r->summary.trouble.code, any ? AS_OK : AS_EINVAL);
        if (!any)
            assert_non_null(strstr(r->summary.trouble.text, "16 x 16 pixels that station.frame_px says"));
        rig_free(r);
    }
}

static mood feel_nan(void *ctx)
{
    (void)ctx;
    return MOOD_NAN;
}

static void test_no_number_is_a_fault(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 5;
    r->judge.feel = feel_nan;
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_reason[AS_REASON_FAULT], 5);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_FAULT], 5);
    assert_true(isnan(r->told.last.score));
    rig_free(r);
}

/* The model is released only when every safe verdict has been told: they cannot have waited for it. */
static void test_a_model_that_hangs_delays_no_verdict(void **state)
{
    (void)state;
    rig *r = rig_new(1, 5 * AS_NS_PER_MS);
    r->camera.n_parts = 20;
    r->told.release_after = 20;
    atomic_store(&r->judge.hang, true);
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_reason[AS_REASON_LATE], 20);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_REJECT], 20);
    assert_int_equal(r->judge.n, 1);
    print_message("latest safe verdict: %.3f ms after a deadline of 5 ms\n",
                  (double)(r->told.slowest_late - 5 * AS_NS_PER_MS) / (double)AS_NS_PER_MS);
    assert_true(r->told.slowest_late < 250 * AS_NS_PER_MS); /* a busy machine; a hang is without end */
    rig_free(r);
}

static shot shoot_busy(uint64_t part, uint32_t view)
{
    (void)view;
    return part % 4 == 0 ? SHOT_BUSY : SHOT_GOOD;
}

static void test_a_frame_without_memory_is_a_fault(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 12;
    r->camera.shoot = shoot_busy;
    r->can_wait = false;
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_triggers, 12);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_FAULT], 3);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_PASS], 9);
    rig_free(r);
}

/* More parts than the belt has places for come while nothing is picked up: none is judged twice, none goes untold. */
static void test_parts_without_room_are_faults(void **state)
{
    (void)state;
    for (uint32_t frames = 1; frames <= 3; frames += 2) {
        rig *r = rig_new(frames, 10 * AS_NS_PER_US);
        r->camera.n_parts = 1500;
        r->told.holds = true;
        r->can_wait = false;
        rig_run(r);
        rig_check(r);
        assert_int_equal(r->summary.n_triggers, 1500);
        assert_int_equal(r->told.last_part, 1500);
        assert_true(r->summary.n_reason[AS_REASON_FAULT] >= 1500 - 1025);
        rig_free(r);
    }
}

static shot shoot_jump(uint64_t part, uint32_t view)
{
    (void)view;
    return part == 5 ? SHOT_JUMP : SHOT_GOOD;
}

static void test_a_count_that_jumps_is_one_fault_and_trouble(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 8;
    r->camera.shoot = shoot_jump;
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_triggers, 9);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_FAULT], 1);
    assert_int_equal(r->summary.n_verdict[AS_VERDICT_PASS], 8);
    assert_int_equal(r->summary.n_jumps, 1);
    assert_int_equal(r->summary.n_skipped, JUMP);
    assert_int_equal(r->told.n_skipped, JUMP);
    assert_int_equal(r->summary.trouble.code, AS_EIO);
    assert_non_null(strstr(r->summary.trouble.text, "from part 4 to 1000000005"));
    rig_free(r);
}

static shot shoot_jump_and_back(uint64_t part, uint32_t view)
{
    (void)view;
    return part == 3 ? SHOT_JUMP : part == 6 ? SHOT_BACK : SHOT_GOOD;
}

static void test_a_count_that_goes_back_is_trouble(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 8;
    r->camera.shoot = shoot_jump_and_back;
    rig_run(r);
    assert_int_equal(r->summary.n_triggers, 9);
    assert_int_equal(r->summary.n_jumps, 2);
    assert_int_equal(r->told.last_part, 8);
    assert_true(r->summary.journal_whole);
    assert_int_equal(r->summary.trouble.code, AS_EIO);
    rig_free(r);
}

static void test_a_camera_that_fails_ends_the_run_well(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 7;
    r->camera.end = AS_EIO;
    rig_run(r);
    rig_check(r);
    assert_int_equal(r->summary.n_triggers, 7);
    assert_int_equal(r->summary.trouble.code, AS_EIO);
    rig_free(r);
}

static void test_a_stop_ends_an_endless_line(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->told.stop_after = 50; /* from the recorder's thread */
    rig_run(r);
    rig_check(r);
    assert_true(r->summary.n_triggers >= 50);
    rig_free(r);
}

static void test_a_second_run_goes_on_in_the_journal(void **state)
{
    (void)state;
    rig *r = rig_new(1, 10 * AS_NS_PER_S);
    r->camera.n_parts = 5;
    rig_run(r);
    assert_int_equal(r->summary.line_run, 1);
    r->camera.part = 0;
    r->told.n = r->told.last_part = 0;
    rig_run(r);
    assert_int_equal(r->summary.line_run, 2);
    assert_int_equal(r->summary.first_sequence, 6);
    assert_int_equal(r->summary.last_sequence, 10);
    assert_true(r->summary.journal_whole);
    rig_free(r);
}

static void test_wrong_use(void **state)
{
    (void)state;
    rig          *r = rig_new(1, AS_NS_PER_S);
    as_model_info other = {.labels = {"good", "green"}, .n_labels = 2};
    as_line_parts parts = {.info = &other};
    as_line_cfg   cfg = {
          .spec = r->spec, .point = {0.5, 0.5}, .journal_dir = r->dir, .model = (const uint8_t *)"", .model_name = "m"};
    assert_null(as_line_new_of(&cfg, &parts, &r->err));
    assert_non_null(strstr(r->err.text, "'green'"));
    parts.info = &info;
    cfg.point.pass_below = NAN;
    assert_null(as_line_new_of(&cfg, &parts, &r->err));
    cfg.n_model = 0;
    assert_null(as_line_new(&cfg, &r->err));
    assert_null(as_line_free(NULL));
    rig_free(r);
}

/* --- with a real camera and a real model --- */

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void build_model(as_str *out)
{
    static const float w[6] = {0, 0, 0, 4, 0, 0}, b[2] = {1, 0};
    as_err             err = AS_ERR_NONE;
    as_graph          *graph = as_graph_new("means", &err);
    as_attr            trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1},
            axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    as_model_info own = info;
    own.input = (as_input_spec){.channels = 3, .resize = AS_RESIZE_STANDARD, .scale = {255, 255, 255}};
    as_tensor weights = as_tensor_view(AS_DTYPE_F32, &(as_shape){2, {2, 3}}, (void *)(uintptr_t)w);
    as_tensor bias = as_tensor_view(AS_DTYPE_F32, &(as_shape){1, {2}}, (void *)(uintptr_t)b);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "input", AS_DTYPE_F32, &(as_shape){4, {-1, 3, 24, 32}}, &err) &&
                as_graph_add_constant(graph, "w", &weights, &err) && as_graph_add_constant(graph, "b", &bias, &err) &&
                as_graph_add_node(graph, "GlobalAveragePool", "gap", NAMES("input"), NAMES("gap"), NULL, 0, &err) &&
                as_graph_add_node(graph, "Flatten", "flat", NAMES("gap"), NAMES("flat"), NULL, 0, &err) &&
                as_graph_add_node(graph, "Gemm", "gemm", NAMES("flat", "w", "b"), NAMES("y"), &trans, 1, &err) &&
                as_graph_add_node(graph, "Softmax", "p", NAMES("y"), NAMES("p"), &axis, 1, &err) &&
                as_graph_add_output(graph, "p", AS_DTYPE_F32, &(as_shape){2, {-1, 2}}, &err) &&
                as_model_info_write(&own, graph, &err) && as_graph_finish(graph, &err));
    as_str_init(out);
    assert_true(as_graph_write(graph, out, &err));
    as_graph_free(graph);
}

static void count_told(void *ctx, const as_record *record)
{
    told *t = ctx;
    t->n++;
    t->last = *record;
    atomic_store(&counting, t->n >= 5 && t->n < 55); /* the first and the last of 60 parts are start and end */
}

static void test_a_running_line_allocates_nothing(void **state)
{
    (void)state;
    as_str      model;
    rig        *r = rig_new(1, 10 * AS_NS_PER_S);
    as_line_cfg cfg = {.spec = r->spec,
                       .n_parts = 60,
                       .unpaced = true,
                       .model_name = "model.onnx",
                       .point = {0.5, 0.5},
                       .journal_dir = r->dir,
                       .told = count_told,
                       .ctx = &r->told};
    build_model(&model);
    cfg.model = (const uint8_t *)model.s;
    cfg.n_model = model.len;
    as_line *line = as_line_new(&cfg, &r->err);
    if (!line)
        fail_msg("%s", r->err.text);
    as_str_done(&model);
    assert_true(as_line_run(line, NULL, &r->summary, &r->err));
    as_line_free(line);
    assert_int_equal(r->summary.n_triggers, 60);
    assert_int_equal(r->summary.n_reason[AS_REASON_MODEL], 60);
    assert_true(r->summary.journal_whole);
    assert_string_equal(r->summary.backend, "native");
    assert_string_equal(r->summary.camera, "twin:cones");
    assert_true(r->summary.peak_bytes > 0);
    assert_true(isfinite(r->told.last.score));
    if (COUNTS_ALLOCATIONS)
        assert_int_equal(n_allocations, 0);
    else
        print_message("allocations are not counted under a sanitizer\n");
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_judges_every_part),
        cmocka_unit_test(test_it_ends_after_the_parts_that_were_asked_for),
        cmocka_unit_test(test_one_verdict_a_part_whatever_fails),
        cmocka_unit_test(test_the_worst_frame_speaks),
        cmocka_unit_test(test_a_frame_of_another_size_is_a_fault),
        cmocka_unit_test(test_a_camera_of_another_size_is_trouble),
        cmocka_unit_test(test_no_number_is_a_fault),
        cmocka_unit_test(test_a_model_that_hangs_delays_no_verdict),
        cmocka_unit_test(test_a_frame_without_memory_is_a_fault),
        cmocka_unit_test(test_parts_without_room_are_faults),
        cmocka_unit_test(test_a_count_that_jumps_is_one_fault_and_trouble),
        cmocka_unit_test(test_a_count_that_goes_back_is_trouble),
        cmocka_unit_test(test_a_camera_that_fails_ends_the_run_well),
        cmocka_unit_test(test_a_stop_ends_an_endless_line),
        cmocka_unit_test(test_a_second_run_goes_on_in_the_journal),
        cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_a_running_line_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
