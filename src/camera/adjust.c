/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of an open camera: one by one, and many that depend on each other. */
#include "base/log.h"
#include "camera/camera_priv.h"

#define ADJUST_ROUNDS 6 /* Width may have to wait for OffsetX, which waits for BinningHorizontal, ... */

static bool adjust_can(as_camera *cam, as_err *err)
{
    if (cam->again)
        return AS_FAIL(err, AS_EIO, "camera '%s' is not there now", cam->uri);
    return cam->driver->features ||
           AS_FAIL(err, AS_EUNSUPPORTED, "camera '%s' has no settings that this program knows", cam->uri);
}

typedef struct adjust_list {
    as_setting_list   *list;
    const as_progress *progress;
    as_err             why; /* it was ended early */
} adjust_list;

static bool adjust_visit(void *ctx, const as_setting *feature)
{
    adjust_list *l = ctx;
    if (l->list->all.n >= AS_SETTINGS_MAX)
        return AS_FAIL(&l->why, AS_ELIMIT, "the camera has more features than the %d that can be held",
                       AS_SETTINGS_MAX);
    return as_progress_go_on(l->progress, &l->why) &&
           (as_vec_push(&l->list->all, *feature) || AS_FAIL(&l->why, AS_ENOMEM, "no memory for a camera's settings"));
}

bool as_camera_settings(as_camera *cam, const as_progress *progress, as_setting_list *ret, as_err *err)
{
    as_setting_list list = {0};
    adjust_list     l = {&list, progress, AS_ERR_NONE};
    if (!adjust_can(cam, err))
        return false;
    bool ok = cam->driver->features(cam->priv, adjust_visit, &l, err);
    if (ok && l.why.code)
        ok = as_err_set(err, l.why.code, "%s", l.why.text);
    if (!ok) {
        as_err_note(err, "camera '%s'", cam->uri);
        as_setting_list_done(&list);
        return false;
    }
    *ret = list;
    return true;
}

/* AS_ENOTFOUND with the nearest name there is. */
static bool adjust_unknown(as_camera *cam, const char *name, as_err *err)
{
    as_setting_list list = {0};
    if (!as_camera_settings(cam, NULL, &list, err))
        return false;
    const as_setting *found = as_setting_list_need(&list, name, err);
    as_setting_list_done(&list);
    return found != NULL;
}

bool as_camera_setting(as_camera *cam, const char *name, as_setting *ret, as_err *err)
{
    as_err why = AS_ERR_NONE;
    if (!adjust_can(cam, err))
        return false;
    if (cam->driver->get(cam->priv, name, ret, &why))
        return true;
    if (why.code == AS_ENOTFOUND)
        adjust_unknown(cam, name, &why);
    return as_err_set(err, why.code, "%s", why.text);
}

bool as_driver_set(const as_camera_driver *driver, void *priv, const char *name, const char *value, as_setting *ret,
                   as_err *err)
{
    as_setting feature;
    if (!driver->get(priv, name, &feature, err) || !as_setting_check(&feature, value, err))
        return false;
    if (feature.kind == AS_SETTING_COMMAND)
        value = NULL;
    if (!driver->set(priv, name, value, err) || (ret && !driver->get(priv, name, ret, err)))
        return false;
    return true;
}

bool as_camera_set(as_camera *cam, const char *name, const char *value, as_setting *ret, as_err *err)
{
    as_setting got;
    as_err     why = AS_ERR_NONE;
    if (!adjust_can(cam, err))
        return false;
    if (!as_driver_set(cam->driver, cam->priv, name, value, &got, &why)) {
        if (why.code == AS_ENOTFOUND)
            adjust_unknown(cam, name, &why);
        return as_err_set(err, why.code, "%s", why.text);
    }
    if (got.kind != AS_SETTING_COMMAND && !as_setting_wishes_put(&cam->settings, name, value, err))
        return false;
    if (ret)
        *ret = got;
    return true;
}

/* --- many at once --- */

typedef struct adjust_job {
    as_camera               *cam;
    const as_setting_wishes *wishes;
    as_setting_wishes        old; /* of those that were written, before */
    as_err                   why; /* of the last one that was refused */
    char                     refused[64];
} adjust_job;

static bool adjust_keep_old(adjust_job *job, const as_setting *now, as_err *err)
{
    as_setting_wish wish;
    for (size_t i = 0; i < job->old.all.n; i++)
        if (strcmp(job->old.all.at[i].name, now->name) == 0)
            return true;
    as_str_copy(wish.name, sizeof wish.name, now->name);
    as_str_copy(wish.value, sizeof wish.value, now->value);
    return as_vec_push(&job->old.all, wish) || AS_FAIL(err, AS_ENOMEM, "no memory for a camera's settings");
}

/* Writes each that differs. *ret_left: how many differ still. False: nothing more can be done. */
static bool adjust_round(adjust_job *job, bool keep_old, size_t *ret_left, size_t *ret_written, as_err *err)
{
    *ret_left = *ret_written = 0;
    for (size_t i = 0; i < job->wishes->all.n; i++) {
        const as_setting_wish *wish = &job->wishes->all.at[i];
        as_setting             now, got;
        as_err                 why = AS_ERR_NONE;
        if (!as_camera_setting(job->cam, wish->name, &now, err))
            return false;
        if (as_setting_same(&now, now.value, wish->value))
            continue;
        if (now.kind == AS_SETTING_COMMAND)
            return AS_FAIL(err, AS_EINVAL, "'%s' is a command: it has no value to be set", now.name);
        if (keep_old && !adjust_keep_old(job, &now, err))
            return false;
        bool ok = as_camera_set(job->cam, wish->name, wish->value, &got, &why);
        *ret_written += ok;
        if (ok && as_setting_same(&got, got.value, wish->value))
            continue;
        if (ok)
            AS_FAIL(&why, AS_EINVAL, "the camera made '%.100s' of '%s=%.100s'", got.value, wish->name, wish->value);
        job->why = why;
        ++*ret_left;
    }
    return true;
}

/* Until all are as wished; and read again after the last one was written. */
static bool adjust_reach(adjust_job *job, bool keep_old, as_err *err)
{
    size_t left = 1, written = 1, before = SIZE_MAX;
    for (int round = 0; round < ADJUST_ROUNDS && left + written > 0; round++) {
        if (!adjust_round(job, keep_old, &left, &written, err))
            return false;
        if (left > 0 && written == 0 && before == left)
            break;
        before = left;
    }
    if (left + written == 0)
        return true;
    if (job->why.code == AS_OK)
        AS_FAIL(&job->why, AS_EINVAL, "the features change each other: no order gives all of them their values");
    return as_err_set(err, job->why.code, "%s", job->why.text);
}

static void adjust_undo(adjust_job *job)
{
    adjust_job back = {.cam = job->cam, .wishes = &job->old};
    as_err     why = AS_ERR_NONE;
    if (job->old.all.n > 0 && !adjust_reach(&back, false, &why))
        as_log_write(AS_LOG_ERROR, "camera '%s' did not get all of its old values back: %s", job->cam->uri, why.text);
}

bool as_camera_set_all(as_camera *cam, const as_setting_wishes *wishes, size_t *ret_changed, as_err *err)
{
    adjust_job job = {.cam = cam, .wishes = wishes};
    bool       ok = adjust_reach(&job, true, err);
    if (!ok)
        adjust_undo(&job);
    else if (ret_changed)
        *ret_changed = job.old.all.n;
    as_vec_done(&job.old.all);
    return ok;
}
