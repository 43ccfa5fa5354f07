/* SPDX-License-Identifier: Apache-2.0 */
/* A camera that is lost is opened again by a thread of its own, so that who waits for frames keeps his deadlines. */
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "camera/camera_priv.h"

/* Between two looks for it, and between two tries to open what was found: twice as long each time, to the last. */
#define AGAIN_LOOK_NS  (50 * AS_NS_PER_MS)
#define AGAIN_FIRST_NS (100 * AS_NS_PER_MS)
#define AGAIN_LAST_NS  (500 * AS_NS_PER_MS)
#define AGAIN_STEP_NS  (10 * AS_NS_PER_MS)

struct as_again {
    as_camera         *cam;
    as_thread         *thread;
    atomic_bool        stop, is_back;
    as_camera_geometry geometry;                     /* of the camera that came back */
    as_ns              lost_at, found_at, opened_at; /* found and opened: at the last try */
    as_err             why;                          /* of the loss */
    pthread_mutex_t    lock;                         /* over last */
    as_err             last;                         /* why the last try failed */
};

static bool again_rest(as_again *again, as_ns until)
{
    while (!atomic_load(&again->stop) && as_clock_mono() < until)
        as_clock_sleep_until(AS_MIN(until, as_clock_mono() + AGAIN_STEP_NS));
    return !atomic_load(&again->stop);
}

/* With the settings of before. One that is refused now is told, and no reason to be blind. False when the camera does not
 * answer, or is not wanted any more. */
static bool again_settle(as_again *again, as_err *err)
{
    as_camera *cam = again->cam;
    for (size_t i = 0; i < cam->settings.all.n; i++) {
        const as_setting_wish *wish = &cam->settings.all.at[i];
        as_err                 why = AS_ERR_NONE;
        if (atomic_load(&again->stop))
            return AS_FAIL(err, AS_ECANCELLED, "camera '%s' is not wanted any more", cam->uri);
        if (as_driver_set(cam->driver, cam->priv, wish->name, wish->value, NULL, &why))
            continue;
        if (why.code == AS_EIO)
            return as_err_false(as_err_set(err, why.code, "%s", why.text));
        as_log_write(AS_LOG_WARN, "camera '%s' came back and did not take '%s=%s': %s", cam->uri, wish->name,
                     wish->value, why.text);
    }
    return true;
}

static bool again_fits(const as_again *again, as_err *err)
{
    const as_camera_geometry *is = &again->geometry, *was = &again->cam->geometry;
    return (is->pixel == was->pixel && is->width == was->width && is->height == was->height) ||
           AS_FAIL(err, AS_EUNSUPPORTED, "it came back with %u x %u pixels of %s, and had %u x %u of %s", is->width,
                   is->height, as_pixel_name(is->pixel), was->width, was->height, as_pixel_name(was->pixel));
}

static void again_close(as_camera *cam)
{
    cam->driver->close(cam->priv);
    memset(cam->priv, 0, cam->driver->priv_size);
}

static void again_note(as_again *again, const as_err *why)
{
    pthread_mutex_lock(&again->lock);
    again->last = *why;
    pthread_mutex_unlock(&again->lock);
}

/* Until it is there, as far as its driver can tell without opening it; the driver waits. False: it is not wanted any more. */
static bool again_find(as_again *again, const as_camera_cfg *cfg)
{
    const as_camera *cam = again->cam;
    as_ns            wait = AGAIN_LOOK_NS;
    while (cam->driver->find && !atomic_load(&again->stop)) {
        as_err why = AS_ERR_NONE;
        as_ns  until = as_clock_mono() + wait;
        if (cam->driver->find(cam->rest, cfg, until, &why))
            break;
        again_note(again, &why);
        (void)again_rest(again, until); /* it may have failed at once */
        wait = AS_MIN(2 * wait, AGAIN_LAST_NS);
    }
    return !atomic_load(&again->stop);
}

static void again_run(void *ctx)
{
    as_again     *again = ctx;
    as_camera    *cam = again->cam;
    as_ns         pause = AGAIN_FIRST_NS;
    as_camera_cfg cfg = cam->cfg;
    cfg.quit = &again->stop;
    cfg.kept = &cam->kept;
    cfg.where = cam->geometry.where;
    again_close(cam);
    while (again_find(again, &cfg)) {
        as_err why = AS_ERR_NONE;
        again->found_at = as_clock_mono();
        memset(&again->geometry, 0, sizeof again->geometry);
        if (cam->driver->open(cam->priv, cam->rest, &cfg, &again->geometry, &why) && again_fits(again, &why) &&
            as_camera_start(cam, &why) && again_settle(again, &why)) {
            again->opened_at = as_clock_mono();
            atomic_store(&again->is_back, true);
            return;
        }
        again_close(cam);
        again_note(again, &why);
        if (!again_rest(again, as_clock_mono() + pause))
            return;
        pause = AS_MIN(2 * pause, AGAIN_LAST_NS);
    }
}

bool as_again_start(as_camera *cam, const as_err *why, as_err *err)
{
    as_again *again = calloc(1, sizeof *again);
    if (!again || pthread_mutex_init(&again->lock, NULL) != 0) {
        free(again);
        return AS_FAIL(err, AS_ENOMEM, "no memory to look for camera '%s'", cam->uri);
    }
    as_camera_stream so_far; /* the thread closes its stream, which counts from 0 then */
    as_camera_stream_of(cam, &so_far);
    again->cam = cam;
    again->lost_at = as_clock_mono();
    again->why = *why;
    atomic_init(&again->stop, false);
    atomic_init(&again->is_back, false);
    again->thread = as_thread_start("camera-again", again_run, again, err);
    if (!again->thread) {
        pthread_mutex_destroy(&again->lock);
        free(again);
        return false;
    }
    cam->stats.stream = so_far;
    cam->again = again;
    as_log_write(AS_LOG_WARN, "camera '%s' is lost (%s): it is looked for until it is back", cam->uri, why->text);
    return true;
}

as_ns as_again_away(const as_camera *cam)
{
    return cam->again ? as_clock_mono() - cam->again->lost_at : 0;
}

static void again_end(as_camera *cam)
{
    as_again *again = cam->again;
    cam->again = NULL;
    as_thread_join(again->thread);
    pthread_mutex_destroy(&again->lock);
    free(again);
}

bool as_again_wait(as_camera *cam, as_ns deadline, as_err *err)
{
    as_again *again = cam->again;
    char      text[AS_CLOCK_TEXT_BYTES], answered[AS_CLOCK_TEXT_BYTES], opened[AS_CLOCK_TEXT_BYTES];
    while (!atomic_load(&again->is_back)) {
        as_ns now = as_clock_mono();
        if (now >= deadline) {
            pthread_mutex_lock(&again->lock);
            as_err last = again->last.code ? again->last : again->why;
            pthread_mutex_unlock(&again->lock);
            return AS_FAIL(err, AS_ETIMEOUT, "camera '%s' is away for %s and is being looked for: %s", cam->uri,
                           as_clock_duration_text(now - again->lost_at, text), last.text);
        }
        as_clock_sleep_until(AS_MIN(deadline, now + AGAIN_STEP_NS));
    }
    as_ns away = as_clock_mono() - again->lost_at;
    as_log_write(AS_LOG_WARN, "camera '%s' is back after %s: it answered after %s, and was opened in %s", cam->uri,
                 as_clock_duration_text(away, text), as_clock_duration_text(again->found_at - again->lost_at, answered),
                 as_clock_duration_text(again->opened_at - again->found_at, opened));
    again_end(cam);
    cam->stats.n_returns++;
    cam->stats.away += away;
    /* The driver counts from 0 again. A part that was begun is not gone on with. */
    uint64_t views = cam->cfg.frames_per_part;
    cam->base_sequence = (cam->next_sequence + views - 1) / views * views;
    return true;
}

void as_again_stop(as_camera *cam)
{
    if (!cam->again)
        return;
    atomic_store(&cam->again->stop, true);
    again_end(cam);
}
