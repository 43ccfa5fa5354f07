/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/video.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "camera/camera.h"
#include "intake/capture.h"
#include "intake/gather.h"
#include "intake/state.h"

/* Containers round stamps, Matroska to a whole millisecond: the frame of second 1/30 has 0.033. */
#define VIDEO_ROUND_NS AS_NS_PER_MS

bool as_video_pick_takes(as_video_pick *pick, as_ns time_stream)
{
    double at = (double)time_stream / (double)AS_NS_PER_S;
    if (pick->fps <= 0)
        return true;
    double period = 1 / pick->fps, round = AS_MIN((double)VIDEO_ROUND_NS / (double)AS_NS_PER_S, period / 4);
    if (at + round < (double)pick->k * period)
        return false;
    double next = floor((at + round) * pick->fps) + 1;
    pick->k = next < 1e18 ? AS_MAX((uint64_t)AS_MAX(next, 0.0), pick->k + 1) : UINT64_MAX;
    return true;
}

bool as_video_is_file(const char *relative)
{
    static const char *const endings[] = {".mp4", ".m4v",  ".mov", ".avi", ".mkv", ".webm",
                                          ".mpg", ".mpeg", ".wmv", ".ogv", ".gif"};
    const char              *ending = relative + as_gather_stem(relative);
    for (size_t i = 0; i < AS_COUNT(endings); i++)
        if (strcasecmp(endings[i], ending) == 0)
            return true;
    return false;
}

bool as_video_is_stream(const char *where)
{
    return as_str_starts(where, "rtsp://") || as_str_starts(where, "rtsps://");
}

/* What a camera's URI would take as its own. */
static void video_add_uri(as_str *uri, const char *where)
{
    for (; *where; where++)
        if (*where == '%' || *where == '?')
            as_str_addf(uri, "%%%02X", (unsigned)*where);
        else
            as_str_add_bytes(uri, where, 1);
}

AS_PRINTF(3, 4) static void video_tell(const as_import_cfg *cfg, const char *name, const char *form, ...)
{
    char    text[AS_CHECK_TEXT_BYTES];
    va_list args;
    if (!cfg->told)
        return;
    va_start(args, form);
    vsnprintf(text, sizeof text, form, args);
    va_end(args);
    as_check_trim(text);
    cfg->told(cfg->ctx, AS_CHECK_WARN, name, text);
}

static bool video_run(as_intake *intake, const as_spec *spec, const as_video *video, const as_import_cfg *cfg,
                      const as_progress *progress, as_capture_end *ret, as_err *err)
{
    as_str uri;
    bool   stream = as_video_is_stream(video->path);
    char *public = stream ? as_uri_public(video->path) : as_strdupf("video:%s", video->name);
    as_str_init(&uri);
    as_str_add(&uri, stream ? "gst:rtsp=" : "gst:file=");
    video_add_uri(&uri, video->path);
    as_video_pick        pick = {.fps = cfg->fps};
    as_capture_recording recording = {.name = video->name,
                                      .camera = public,
                                      .pick = &pick,
                                      .n_frames = cfg->n_frames ? cfg->n_frames : AS_VIDEO_MAX_FRAMES,
                                      .split = video->split,
                                      .utc = video->utc};
    as_capture_cfg       how = {.camera = uri.s,
                                .label = video->label && *video->label ? video->label : cfg->label,
                                .recording = &recording,
                                .told = cfg->told,
                                .ctx = cfg->ctx};
    bool                 ok = (as_str_ok(&uri) && public) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_capture_run(intake, spec, &how, progress, ret, err);
    as_str_done(&uri);
    free(public);
    if (ok && ret->broke.code)
        video_tell(cfg, video->name, "broke off after %llu frames, which are kept: %s",
                   (unsigned long long)ret->n_parts, ret->broke.text);
    if (ok && !stream && !cfg->n_frames && ret->n_parts == AS_VIDEO_MAX_FRAMES)
        video_tell(cfg, video->name, "has more than %llu frames: the rest is left out",
                   (unsigned long long)ret->n_parts);
    return ok;
}

bool as_video_take(as_intake *intake, const as_spec *spec, const as_video *video, const as_import_cfg *cfg,
                   const as_progress *progress, as_err *err)
{
    as_capture_end end = {.stopped = false};
    as_err         why = AS_ERR_NONE;
    if (video_run(intake, spec, video, cfg, progress, &end, &why))
        return !end.stopped || as_progress_go_on(progress, err);
    if (why.code != AS_EIO && why.code != AS_EFORMAT && why.code != AS_EEND && why.code != AS_ETIMEOUT &&
        why.code != AS_EMISSING)
        return as_err_set(err, why.code, "%s", why.text);
    if (why.code == AS_EMISSING) { /* not the file's fault */
        video_tell(cfg, video->name, "is left out: %s", why.text);
        return true;
    }
    /* Nobody looked for faces in it, so nothing of it is kept but its name and the reason. */
    return as_intake_refuse(intake, NULL, 0, video->name, "whole", why.text, err);
}

/* "live" of rtsp://10.0.0.9/cam/live?x=1; the path's last word. */
static void video_stream_name(const char *address, as_str *name)
{
    const char *begin = strstr(address, "://") + 3, *at = begin;
    size_t      n = strcspn(begin, "?#");
    while (n && begin[n - 1] == '/')
        n--;
    for (size_t i = 0; i < n; i++)
        if (begin[i] == '/' || begin[i] == '@')
            at = begin + i + 1;
    as_str_add_escaped(name, at, (size_t)(begin + n - at));
}

/* Each time that a stream is looked at is a recording of its own: live-1, live-2. */
static void video_number(const as_intake *intake, as_str *name)
{
    uint64_t last = 0, number;
    for (size_t i = 0; i < as_manifest_count(intake->manifest); i++) {
        const char *part = as_manifest_at(intake->manifest, i)->part;
        if (strncmp(part, name->s, name->len) == 0 && part[name->len] == '-' &&
            as_str_to_u64(part + name->len + 1, &number) && number < UINT64_MAX)
            last = AS_MAX(last, number);
    }
    as_str_addf(name, "-%llu", (unsigned long long)last + 1);
}

static bool video_import_named(as_intake *intake, const as_spec *spec, const as_video *video, const as_import_cfg *cfg,
                               const as_progress *progress, as_err *err)
{
    as_capture_end end = {.stopped = false};
    if (!video_run(intake, spec, video, cfg, progress, &end, err))
        return false;
    if (end.n_parts == 0)
        return as_progress_go_on(progress, err) &&
               AS_FAIL(err, AS_ENOTFOUND, "'%.300s' ended before its first frame", video->name);
    if (!end.stopped)
        return true;
    if (!as_video_is_stream(video->path) || !cfg->ret_stopped)
        return as_progress_go_on(progress, err);
    video_tell(cfg, video->name, "stopped after %llu frames: these are kept", (unsigned long long)end.n_parts);
    *cfg->ret_stopped = true;
    return true;
}

bool as_video_import(as_intake *intake, const as_spec *spec, const as_import_cfg *cfg, const as_progress *progress,
                     as_err *err)
{
    const char *where = cfg->folder, *slash = strrchr(where, '/'), *base = slash ? slash + 1 : where;
    bool        stream = as_video_is_stream(where);
    struct stat info = {0};
    as_str      name;
    if (!stream && !as_video_is_file(where))
        return AS_FAIL(err, AS_EINVAL,
                       "'%.300s' is a file: name its folder, or a recording (" AS_VIDEO_ENDINGS
                       "), or a stream (rtsp://...)",
                       where);
    if (stream && !cfg->n_frames)
        return AS_FAIL(err, AS_EINVAL, "a stream has no end of its own: say how many frames to take with --frames N");
    if (!stream && stat(where, &info) != 0)
        return AS_FAIL(err, AS_EIO, "cannot look at '%.300s'", where);
    as_str_init(&name);
    if (cfg->prefix && *cfg->prefix) {
        as_str_add_escaped(&name, cfg->prefix, strlen(cfg->prefix));
        as_str_add(&name, "/");
    }
    if (stream) {
        video_stream_name(where, &name);
        video_number(intake, &name);
    } else {
        as_str_add_escaped(&name, base, as_gather_stem(base));
    }
    as_video video = {.path = where,
                      .name = name.s,
                      .label = cfg->label,
                      .utc = stream ? 0 : (as_ns)info.st_mtim.tv_sec * AS_NS_PER_S + info.st_mtim.tv_nsec};
    bool     ok = as_str_ok(&name) ? video_import_named(intake, spec, &video, cfg, progress, err)
                                   : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    as_str_done(&name);
    return ok;
}
