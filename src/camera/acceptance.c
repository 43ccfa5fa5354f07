/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/acceptance.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "camera/setting.h"
#include "camera/timing.h"
#include "image/prepare.h"

#define ACCEPT_WARM_UP   2u
#define ACCEPT_LOOKS     8u /* frames for noise and focus */
#define ACCEPT_MOST      100000u
#define ACCEPT_SETTLE    4u    /* frames under way when the exposure changes */
#define ACCEPT_AVERAGE   4u    /* frames of a step */
#define ACCEPT_BRIGHTEST 190.0 /* the longest exposure leads to about this mean */
#define ACCEPT_CLIPPED   0.02
#define ACCEPT_BLIND     0.5
#define ACCEPT_RATE      0.98 /* of what it is set to */
#define ACCEPT_DRIFT     2.0  /* percent that a clock may be off, */
#define ACCEPT_BUSY_MS   30.0 /* and so much of the time that was looked at: so long a computer may be busy elsewhere */
#define ACCEPT_SLICE_NS  (200 * AS_NS_PER_MS)

typedef struct acceptor {
    as_camera               *cam;
    const as_acceptance_cfg *cfg;
    const as_progress       *progress;
    as_acceptance           *out;
    as_image                 before;  /* for the difference of two frames */
    uint64_t                 outages; /* before, as the camera counts them, */
    as_ns                    away;    /* and for how long */
    as_timing_limit          limit;
    as_sha256               *sha;
} acceptor;

as_acceptance_cfg as_acceptance_cfg_default(void)
{
    return (as_acceptance_cfg){.n_frames = 200,
                               .wait = 5 * AS_NS_PER_S,
                               .min_fps = NAN,
                               .max_jitter_ms = NAN,
                               .max_lost = 0,
                               .max_noise = 4,
                               .min_linearity = 0.99,
                               .min_focus = NAN};
}

bool as_camera_plain(const as_image *image, as_image *ret, as_err *err)
{
    bool     mono = as_pixel_facts_of(image->pixel)->kind == AS_PIXEL_KIND_MONO;
    as_pixel pixel = mono ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8;
    if (ret->data && (ret->pixel != pixel || ret->width != image->width || ret->height != image->height)) {
        as_image_done(ret);
        memset(ret, 0, sizeof *ret);
    }
    return (ret->data || as_image_new(ret, pixel, image->width, image->height, err)) &&
           as_image_resize(image, AS_RESIZE_STANDARD, 0, ret, err);
}

static uint8_t accept_luma(const uint8_t *p, uint32_t channels)
{
    if (channels == 1)
        return p[0];
    return (uint8_t)((299u * p[0] + 587u * p[1] + 114u * p[2] + 500u) / 1000u);
}

void as_camera_levels(const as_image *plain, uint64_t ret[256])
{
    uint32_t channels = as_pixel_bytes(plain->pixel);
    memset(ret, 0, 256 * sizeof *ret);
    for (uint32_t y = 0; y < plain->height; y++)
        for (uint32_t x = 0; x < plain->width; x++)
            ret[accept_luma(plain->data + y * plain->stride_bytes + (size_t)x * channels, channels)]++;
}

/* NULL with AS_EEND at the end of a recording. */
static as_frame *accept_next(acceptor *a, as_err *err)
{
    as_ns begun = as_clock_mono();
    for (;;) {
        as_err why = AS_ERR_NONE;
        if (!as_progress_go_on(a->progress, err))
            return NULL;
        as_frame *frame = as_camera_next(a->cam, as_clock_mono() + ACCEPT_SLICE_NS, &why);
        if (frame)
            return frame;
        if (why.code == AS_EBUSY || (why.code == AS_ETIMEOUT && as_clock_mono() - begun < a->cfg->wait))
            continue;
        if (err)
            *err = why;
        return NULL;
    }
}

static bool accept_skip(acceptor *a, uint32_t n, as_err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        as_frame *frame = accept_next(a, err);
        if (!frame)
            return false;
        as_frame_unref(frame);
    }
    return true;
}

/* Nothing else is done while frames are timed. */
static bool accept_time(acceptor *a, as_err *err)
{
    as_acceptance *out = a->out;
    as_ns          host = 0, device = 0;
    for (uint32_t i = 0; i < a->cfg->n_frames; i++) {
        as_err    why = AS_ERR_NONE;
        as_frame *frame = accept_next(a, &why);
        if (!frame && why.code == AS_EEND && i > 1)
            break;
        if (!frame)
            return as_err_set(err, why.code, "%s", why.text);
        if (i == 0) {
            host = frame->time_mono;
            device = frame->time_device;
        }
        out->host_ms[i] = (double)(frame->time_mono - host) / (double)AS_NS_PER_MS;
        out->device_ms[i] =
            frame->time_device ? (double)(frame->time_device - device) / (double)AS_NS_PER_MS : (double)NAN;
        out->status[i] = frame->status;
        out->n++;
        as_frame_unref(frame);
        as_progress_step(a->progress, "timing frames", i + 1, a->cfg->n_frames);
    }
    return true;
}

#define ACCEPT_DIFFERENCES 511u /* -255 to 255 */

static uint64_t accept_count(const uint64_t *counts, int from, int to)
{
    uint64_t n = 0;
    for (int d = AS_MAX(from, -255); d <= AS_MIN(to, 255); d++)
        n += counts[d + 255];
    return n;
}

/* Temporal variance of one picture from the difference of two: half of its mean square less the square of its mean, so that
 * a lamp which is not twice alike does not count (EMVA Standard 1288, Release 4.0 Linear, section 2.4.1). Nor does what moves
 * in a corner of the picture: of a normal distribution all but 6 in 100,000 lie within four deviations, and one is where
 * 68.27 % lie around the median. */
static double accept_variance(const uint64_t counts[ACCEPT_DIFFERENCES])
{
    uint64_t all = accept_count(counts, -255, 255), n = 0;
    int      middle = -255, half = 0;
    double   sum = 0, square = 0;
    if (all == 0)
        return NAN;
    while (accept_count(counts, -255, middle) < all - all / 2)
        middle++;
    while ((double)accept_count(counts, middle - half, middle + half) < 0.6827 * (double)all)
        half++;
    int from = AS_MAX(middle - 4 * half - 4, -255), to = AS_MIN(middle + 4 * half + 4, 255);
    for (int d = from; d <= to; d++) {
        n += counts[d + 255];
        sum += (double)counts[d + 255] * d;
        square += (double)counts[d + 255] * d * d;
    }
    double mean = sum / (double)n;
    return (square / (double)n - mean * mean) / 2.0;
}

static double accept_difference(const as_image *one, const as_image *two)
{
    uint64_t counts[ACCEPT_DIFFERENCES] = {0};
    uint32_t channels = as_pixel_bytes(one->pixel);
    for (uint32_t y = 0; y < one->height; y++)
        for (uint32_t x = 0; x < one->width; x++) {
            size_t at = y * one->stride_bytes + (size_t)x * channels;
            counts[accept_luma(one->data + at, channels) - accept_luma(two->data + at, channels) + 255]++;
        }
    return accept_variance(counts);
}

/* Where one of the pictures shows something else, the others still say what the noise is. */
static double accept_median(double *values, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            double other = values[k];
            values[k] = values[k - 1];
            values[k - 1] = other;
        }
    return (values[(n - 1) / 2] + values[n / 2]) / 2.0;
}

/* Of all its pixels with all their bits. */
static as_digest accept_digest(acceptor *a, const as_image *image)
{
    for (uint32_t y = 0; y < image->height; y++)
        as_sha256_add(a->sha, image->data + y * image->stride_bytes, as_pixel_row_bytes(image->pixel, image->width));
    return as_sha256_end(a->sha);
}

static bool accept_look(acceptor *a, double *ret_noise, uint32_t *ret_n, as_err *err)
{
    double    variances[ACCEPT_LOOKS];
    as_digest last = {0}, digest = {0};
    uint32_t  n = 0;
    for (uint32_t i = 0; i < ACCEPT_LOOKS; i++) {
        as_err    why = AS_ERR_NONE;
        as_frame *frame = accept_next(a, &why);
        if (!frame && why.code == AS_EEND && i > 0)
            break;
        if (!frame)
            return as_err_set(err, why.code, "%s", why.text);
        bool whole = frame->status == AS_FRAME_OK;
        bool ok = !whole || as_camera_plain(&frame->image, &a->out->image, err);
        if (ok && whole)
            digest = accept_digest(a, &frame->image);
        as_frame_unref(frame);
        if (!ok)
            return false;
        if (whole && n++ > 0) {
            variances[n - 2] = accept_difference(&a->before, &a->out->image);
            a->out->n_alike += memcmp(last.b, digest.b, sizeof digest.b) == 0;
        }
        last = digest;
        if (whole && !as_camera_plain(&a->out->image, &a->before, err))
            return false;
    }
    *ret_n = n;
    *ret_noise = n > 1 ? sqrt(accept_median(variances, n - 1)) : (double)NAN;
    if (n == 0)
        return true; /* what is lost is counted elsewhere */
    as_camera_levels(&a->out->image, a->out->levels);
    return as_image_stats_of(&a->out->image, &a->out->look, err);
}

/* --- exposure --- */

static bool accept_exposure_feature(acceptor *a, as_setting *ret)
{
    static const char *const names[] = {"ExposureTime", "ExposureTimeAbs", "ExposureTimeRaw"};
    as_err                   ignored = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(names); i++)
        if (as_camera_setting(a->cam, names[i], ret, &ignored) && ret->readable && ret->writable &&
            (ret->kind == AS_SETTING_FLOAT || ret->kind == AS_SETTING_INT))
            return true;
    return false;
}

static bool accept_set_exposure(acceptor *a, const as_setting *feature, double us, double *ret_got, as_err *err)
{
    char       text[40];
    as_setting got;
    double     step = isfinite(feature->step) && feature->kind == AS_SETTING_INT ? feature->step : 1;
    double     low = isfinite(feature->low) ? feature->low : 0;
    us = fmin(fmax(us, low), isfinite(feature->high) ? feature->high : us);
    if (feature->kind == AS_SETTING_INT)
        snprintf(text, sizeof text, "%.0f", low + floor((us - low) / step) * step);
    else
        snprintf(text, sizeof text, "%.10g", us);
    return as_camera_set(a->cam, feature->name, text, &got, err) &&
           (as_str_to_f64(got.value, ret_got) || AS_FAIL(err, AS_EIO, "'%s' reads as '%s'", got.name, got.value));
}

/* Mean grey, and the share that is clipped, of some frames. */
static bool accept_grey(acceptor *a, double *ret_grey, double *ret_clipped, as_err *err)
{
    uint64_t sum = 0, all = 0, clipped = 0, levels[256];
    if (!accept_skip(a, ACCEPT_SETTLE, err))
        return false;
    for (uint32_t i = 0; i < ACCEPT_AVERAGE; i++) {
        as_frame *frame = accept_next(a, err);
        bool      ok = frame && as_camera_plain(&frame->image, &a->before, err);
        if (ok && frame->status == AS_FRAME_OK) {
            as_camera_levels(&a->before, levels);
            for (uint64_t v = 0; v < 256; v++) {
                sum += v * levels[v];
                all += levels[v];
            }
            clipped += levels[255] + levels[254];
        }
        as_frame_unref(frame);
        if (!ok)
            return false;
    }
    if (all == 0)
        return AS_FAIL(err, AS_EIO, "no frame came whole");
    *ret_grey = (double)sum / (double)all;
    *ret_clipped = (double)clipped / (double)all;
    return true;
}

/* From a tenth to the whole of the exposure that makes the picture bright and clips nothing. */
static bool accept_steps(acceptor *a, const as_setting *feature, double now_us, as_err *err)
{
    as_acceptance *out = a->out;
    double         grey, clipped, most = now_us;
    if (!accept_grey(a, &grey, &clipped, err))
        return false;
    for (int i = 0; i < 6 && clipped > ACCEPT_CLIPPED; i++) {
        most *= 0.5;
        if (!accept_set_exposure(a, feature, most, &most, err) || !accept_grey(a, &grey, &clipped, err))
            return false;
    }
    if (clipped <= ACCEPT_CLIPPED && grey > 1)
        most *= fmin(fmax(ACCEPT_BRIGHTEST / grey, 0.05), 8.0);
    for (size_t i = 0; i < AS_ACCEPTANCE_STEPS; i++) {
        double us = most * (double)(i + 1) / AS_ACCEPTANCE_STEPS, got;
        as_progress_step(a->progress, "exposure", i + 1, AS_ACCEPTANCE_STEPS);
        if (!accept_set_exposure(a, feature, us, &got, err) || !accept_grey(a, &grey, &clipped, err))
            return false;
        if (clipped > ACCEPT_CLIPPED)
            break;
        out->steps[out->n_steps].exposure_us = got;
        out->steps[out->n_steps++].grey = grey;
    }
    return true;
}

/* Least squares; the coefficient of determination, NAN of fewer than four points or of a constant. */
static double accept_fit(as_acceptance *out)
{
    double n = (double)out->n_steps, mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < out->n_steps; i++) {
        mx += out->steps[i].exposure_us / n;
        my += out->steps[i].grey / n;
    }
    for (size_t i = 0; i < out->n_steps; i++) {
        double x = out->steps[i].exposure_us - mx, y = out->steps[i].grey - my;
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    out->slope = xx > 0 ? xy / xx : (double)NAN;
    out->offset = my - out->slope * mx;
    return out->n_steps >= 4 && xx > 0 && yy > 0 ? xy * xy / (xx * yy) : (double)NAN;
}

/* Greys that rise, and stand above the line from the first to the last: a curve, as of gamma, does that. */
static bool accept_bends(const as_acceptance *out)
{
    size_t last = out->n_steps - 1, middle = last / 2;
    for (size_t i = 0; i < last; i++)
        if (out->steps[i + 1].grey <= out->steps[i].grey)
            return false;
    double x0 = out->steps[0].exposure_us, y0 = out->steps[0].grey, rise = out->steps[last].grey - y0;
    double line = y0 + rise * (out->steps[middle].exposure_us - x0) / (out->steps[last].exposure_us - x0);
    return out->steps[middle].grey - line > 0.02 * rise;
}

static void accept_say_linearity(const as_acceptance *out, as_acceptance_row *row)
{
    if (isnan(row->value))
        snprintf(row->note, sizeof row->note,
                 "%.0f %% black, %.0f %% white: nothing to measure; %zu exposures without clipping are too few, or all "
                 "look the same",
                 100 * out->look.clipped_low_ratio, 100 * out->look.clipped_high_ratio, out->n_steps);
    else
        snprintf(row->note, sizeof row->note, "grey of %zu exposures, %.0f to %.0f us, %.0f to %.0f levels%s",
                 out->n_steps, out->steps[0].exposure_us, out->steps[out->n_steps - 1].exposure_us, out->steps[0].grey,
                 out->steps[out->n_steps - 1].grey,
                 row->value < row->limit && accept_bends(out) ? "; they bend: a curve (gamma) may be on" : "");
}

/* False when the camera is not left as it was found. */
static bool accept_put_back(acceptor *a, const as_setting *feature, double was_us, as_err *err)
{
    as_err why = AS_ERR_NONE;
    double got, step = isfinite(feature->step) ? feature->step : 0;
    if (accept_set_exposure(a, feature, was_us, &got, &why)) {
        if (fabs(got - was_us) <= fmax(step, 1 + 1e-3 * was_us))
            return true;
        AS_FAIL(&why, AS_EIO, "it became %g", got);
    }
    return AS_FAIL(err, AS_EIO,
                   "the camera is not as it was before this test: its exposure of %g us (%s) could not be put back: %s",
                   was_us, feature->name, why.text);
}

static bool accept_linearity(acceptor *a, as_acceptance_row *row, as_err *err)
{
    as_setting feature;
    as_err     why = AS_ERR_NONE;
    double     now_us;
    if (!accept_exposure_feature(a, &feature) || !as_str_to_f64(feature.value, &now_us)) {
        row->never = true;
        as_str_copy(row->note, sizeof row->note, "the camera's exposure time cannot be set from here");
        return true;
    }
    bool ok = accept_steps(a, &feature, now_us, &why);
    if (!accept_put_back(a, &feature, now_us, err))
        return false;
    if (!ok && why.code == AS_ECANCELLED)
        return as_err_set(err, why.code, "%s", why.text);
    if (!ok) {
        snprintf(row->note, sizeof row->note, "not measured: %.140s", why.text);
        return true;
    }
    row->value = accept_fit(a->out);
    row->n = a->out->n_steps * ACCEPT_AVERAGE;
    accept_say_linearity(a->out, row);
    return true;
}

/* --- what the times say --- */

/* The camera's own clock says more exactly when a frame was taken than its arrival, if it can be believed. */
static bool accept_clock(acceptor *a, const as_timing *t)
{
    as_acceptance     *out = a->out;
    as_acceptance_row *row = &out->rows[AS_ACCEPTANCE_CLOCK];
    const bool         stands = isnan(t->drift) && out->n > 0 && isfinite(out->device_ms[out->n - 1]);
    row->n = out->n;
    row->never = !stands && isnan(t->drift);
    if (!as_camera_geometry_of(a->cam).comes_back || row->never || !t->host.known) {
        row->limit = NAN;
        snprintf(row->note, sizeof row->note, "not judged: %s",
                 row->never ? "it sends no time of its own" : "too few frames, or no device");
        return !row->never;
    }
    row->value = stands ? 100.0 : 100 * fabs(t->drift);
    row->limit = fmax(fmax(ACCEPT_DRIFT, 100 * t->uncertain), 100 * ACCEPT_BUSY_MS / out->host_ms[out->n - 1]);
    if (row->value <= row->limit)
        snprintf(row->note, sizeof row->note, "its time stamps against the arrival here, of 1 that passes");
    else
        snprintf(
            row->note, sizeof row->note,
            "its time stamps say %.4g frames a second, and %.4g came: its clock cannot be believed, and the arrival is "
            "judged",
            t->device.per_s, t->host.per_s);
    return row->value <= row->limit;
}

static void accept_say_rate(acceptor *a, const char *clock)
{
    as_acceptance           *out = a->out;
    as_acceptance_row       *fps = &out->rows[AS_ACCEPTANCE_FPS];
    const as_timing_limit   *limit = &a->limit;
    const bool               own = isfinite(fps->limit);
    static const char *const by[] = {"it does not say what it is set to", "against what it is set to",
                                     "against what it says results, as its rate is not set", ""};
    if (!own && isfinite(out->set_fps))
        fps->limit = ACCEPT_RATE * out->set_fps;
    if (limit->by == AS_TIMING_BY_TRIGGER)
        snprintf(fps->note, sizeof fps->note, "by %s; %severy frame waits for its trigger (%s)", clock,
                 own ? "" : "not judged: ", limit->source);
    else
        snprintf(fps->note, sizeof fps->note, "by %s, %s", clock,
                 own ? "against what was asked for here" : by[limit->by]);
}

static void accept_times(acceptor *a)
{
    as_acceptance     *out = a->out;
    as_acceptance_row *fps = &out->rows[AS_ACCEPTANCE_FPS], *jitter = &out->rows[AS_ACCEPTANCE_JITTER];
    const as_timing    t = as_timing_measure(out->host_ms, out->device_ms, out->n);
    out->host_jitter_ms = t.host.sd_ms;
    out->device_jitter_ms = t.device.sd_ms;
    const bool believed = accept_clock(a, &t) && t.device.known;
    if (as_camera_geometry_of(a->cam).can_wait) {
        as_str_copy(fps->note, sizeof fps->note, "not judged: this camera waits for who looks");
        as_str_copy(jitter->note, sizeof jitter->note, fps->note);
        fps->never = jitter->never = true;
        return;
    }
    const bool triggered = a->limit.by == AS_TIMING_BY_TRIGGER;
    if (!t.host.known) {
        snprintf(fps->note, sizeof fps->note, "%zu frames are too few, or came at one time", out->n);
        as_str_copy(jitter->note, sizeof jitter->note, fps->note);
        if (isnan(jitter->limit))
            jitter->limit = 2.0;
        return;
    }
    const as_timing_of *of = believed ? &t.device : &t.host;
    const char         *clock = believed ? "the camera's clock" : "the arrival here";
    jitter->value = of->p99_off_ms;
    fps->value = of->per_s;
    fps->n = jitter->n = out->n;
    if (isnan(jitter->limit) && !triggered)
        jitter->limit = fmax(2.0, 250.0 / fps->value);
    accept_say_rate(a, clock);
    snprintf(jitter->note, sizeof jitter->note,
             "%s99 %% of the intervals, by %s; standard deviation %.3f ms, of the arrival here %.3f ms",
             isnan(jitter->limit) ? "not judged: triggers come when they come; " : "", clock, of->sd_ms, t.host.sd_ms);
}

/* The rate that the camera is to hold. What it says that results may be another while frames come. */
static void accept_limit(acceptor *a)
{
    const as_timing_limit now = as_timing_limit_of(a->cam);
    const double          before = a->limit.by == AS_TIMING_BY_RESULTING ? a->limit.per_s : (double)NAN;
    a->limit = now;
    if (now.by == AS_TIMING_BY_RESULTING)
        a->limit.per_s = fmin(now.per_s, isfinite(before) ? before : now.per_s);
    a->out->set_fps = a->limit.per_s;
}

static void accept_losses(acceptor *a)
{
    as_acceptance         *out = a->out;
    as_acceptance_row     *row = &out->rows[AS_ACCEPTANCE_LOST];
    const as_camera_stats *s = &out->stats;
    uint64_t               all = s->n_lost, frames = 0;
    for (int i = 0; i < AS_FRAME_STATUS_COUNT; i++) {
        all += i == AS_FRAME_OK ? 0 : s->n_frames[i];
        frames += s->n_frames[i];
    }
    row->value = (double)all;
    row->n = frames + s->n_lost;
    snprintf(row->note, sizeof row->note,
             "%llu lost, %llu incomplete, %llu damaged, %llu late, %llu repeated; of %llu packets %llu were asked for "
             "again, and %llu of those came",
             (unsigned long long)s->n_lost, (unsigned long long)s->n_frames[AS_FRAME_INCOMPLETE],
             (unsigned long long)s->n_frames[AS_FRAME_CORRUPT], (unsigned long long)s->n_frames[AS_FRAME_LATE],
             (unsigned long long)s->n_frames[AS_FRAME_REPEATED], (unsigned long long)s->stream.n_received_packets,
             (unsigned long long)s->stream.n_resend_requests, (unsigned long long)s->stream.n_resent_packets);
}

/* A limit that any value keeps. */
static bool accept_is_off(const as_acceptance *out, const as_acceptance_row *row)
{
    return isnan(row->limit) || (row->at_least && row->limit <= 0) ||
           (row == &out->rows[AS_ACCEPTANCE_NOISE] && row->limit >= 255);
}

/* What could not be measured did not keep its limit; where such a source never can be, nobody knows. */
static void accept_judge(as_acceptance *out)
{
    for (int i = 0; i < AS_ACCEPTANCE_ROWS; i++) {
        as_acceptance_row *row = &out->rows[i];
        if (isnan(row->limit) || ((isnan(row->value) || out->n_alike > 0) && accept_is_off(out, row)))
            continue;
        if (isnan(row->value) && row->never) {
            out->incomplete = true;
            continue;
        }
        bool ok = row->at_least ? row->value >= row->limit : row->value <= row->limit; /* NAN does neither */
        if (i == AS_ACCEPTANCE_NOISE && out->n_alike > 0)
            ok = false;
        row->state = ok ? AS_ACCEPTANCE_PASS : AS_ACCEPTANCE_FAIL;
        out->failed = out->failed || !ok;
    }
}

static void accept_begin(acceptor *a)
{
    as_acceptance           *out = a->out;
    const as_acceptance_cfg *c = a->cfg;
    const as_acceptance_row  rows[AS_ACCEPTANCE_ROWS] = {
         {"frame rate", "1/s", NAN, c->min_fps, true, AS_ACCEPTANCE_OPEN, 0, "", false},
         {"jitter", "ms", NAN, c->max_jitter_ms, false, AS_ACCEPTANCE_OPEN, 0, "", false},
         {"clock", "% off", NAN, NAN, false, AS_ACCEPTANCE_OPEN, 0, "", false},
         {"lost or not whole", "frames", NAN, c->max_lost, false, AS_ACCEPTANCE_OPEN, 0, "", false},
         {"outages", "times", 0, 0, false, AS_ACCEPTANCE_OPEN, 0, "the camera was there all the time", false},
         {"temporal noise", "levels", NAN, c->max_noise, false, AS_ACCEPTANCE_OPEN, 0, "", false},
         {"exposure linearity", "R2", NAN, c->min_linearity, true, AS_ACCEPTANCE_OPEN, 0, "", false},
         {"focus", "", NAN, c->min_focus, true, AS_ACCEPTANCE_OPEN, 0, "", false},
    };
    memcpy(out->rows, rows, sizeof rows);
    a->outages = as_camera_outages(a->cam, &a->away);
    accept_limit(a);
}

static void accept_say_look(as_acceptance *out, uint32_t n)
{
    as_acceptance_row *noise = &out->rows[AS_ACCEPTANCE_NOISE], *focus = &out->rows[AS_ACCEPTANCE_FOCUS];
    double             black = out->look.clipped_low_ratio, white = out->look.clipped_high_ratio;
    noise->n = n;
    focus->value = out->look.laplacian_variance;
    focus->n = 1;
    if (black + white > ACCEPT_BLIND) { /* black and white have no noise */
        noise->value = NAN;
        snprintf(noise->note, sizeof noise->note,
                 "%.0f %% black, %.0f %% white: nothing to measure; set the exposure first (is the lens free?)",
                 100 * black, 100 * white);
    } else if (out->n_alike > 0) {
        snprintf(
            noise->note, sizeof noise->note,
            "%u of %u frames are the one before them to the last bit: no sensor does that; the picture is frozen, or "
            "sent twice",
            out->n_alike, n - 1);
    } else {
        snprintf(noise->note, sizeof noise->note, "of %u frames that follow each other, at a mean of %.0f levels%s", n,
                 out->look.mean,
                 n <= 1                        ? ": too few came whole"
                 : noise->value > noise->limit ? "; does something move before it, or does the light flicker?"
                                               : "");
    }
    snprintf(focus->note, sizeof focus->note, "variance of the Laplacian; %.1f %% black, %.1f %% white", 100 * black,
             100 * white);
}

/* The same of all that is seen in the pictures. */
static void accept_say_unseen(as_acceptance *out, const char *why, bool never)
{
    static const int rows[] = {AS_ACCEPTANCE_NOISE, AS_ACCEPTANCE_LINEARITY, AS_ACCEPTANCE_FOCUS};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_acceptance_row *row = &out->rows[rows[i]];
        as_str_copy(row->note, sizeof row->note, why);
        row->never = never;
    }
}

/* What was measured before and after is not of one camera as it is set. */
static void accept_say_outages(acceptor *a)
{
    static const char  why[] = "not measured: the camera was lost and came back meanwhile";
    as_acceptance     *out = a->out;
    as_acceptance_row *row = &out->rows[AS_ACCEPTANCE_OUTAGES];
    char               text[AS_CLOCK_TEXT_BYTES];
    as_ns              away;
    static const int   rows[] = {AS_ACCEPTANCE_FPS,   AS_ACCEPTANCE_JITTER,    AS_ACCEPTANCE_CLOCK,
                                 AS_ACCEPTANCE_NOISE, AS_ACCEPTANCE_LINEARITY, AS_ACCEPTANCE_FOCUS};
    const uint64_t     n = as_camera_outages(a->cam, &away);
    row->n = out->n;
    row->never = !as_camera_geometry_of(a->cam).comes_back;
    if (row->never)
        as_str_copy(row->note, sizeof row->note, "this source is no device that can be away");
    if (n == a->outages)
        return;
    row->value = (double)(n - a->outages);
    snprintf(row->note, sizeof row->note,
             "it was away for %s: mend that (power, cable, network), see whether its settings are still there (assay "
             "camera show), and test again",
             as_clock_duration_text(away - a->away, text));
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        out->rows[rows[i]].value = NAN;
        as_str_copy(out->rows[rows[i]].note, sizeof out->rows[rows[i]].note, why);
    }
}

static bool accept_all(acceptor *a, as_err *err)
{
    as_acceptance *out = a->out;
    uint32_t       n = 0;
    if (!accept_skip(a, ACCEPT_WARM_UP, err) || !accept_time(a, err))
        return false;
    accept_limit(a);
    as_camera_stats_of(a->cam, &out->stats); /* before the exposure is played with */
    as_err why = AS_ERR_NONE;
    if (!accept_look(a, &out->rows[AS_ACCEPTANCE_NOISE].value, &n, &why)) {
        if (why.code != AS_EEND)
            return as_err_set(err, why.code, "%s", why.text);
        accept_say_unseen(out, "the recording ended before", true);
    } else if (n == 0) {
        accept_say_unseen(out, "no frame came whole", false);
    } else {
        if (!as_camera_geometry_of(a->cam).comes_back) /* recordings show a picture as often as they have it */
            out->n_alike = 0;
        accept_say_look(out, n);
        if (!accept_linearity(a, &out->rows[AS_ACCEPTANCE_LINEARITY], err))
            return false;
    }
    accept_times(a);
    accept_losses(a);
    accept_say_outages(a);
    accept_judge(out);
    return true;
}

bool as_acceptance_run(as_camera *cam, const as_acceptance_cfg *cfg, const as_progress *progress, as_acceptance *ret,
                       as_err *err)
{
    acceptor a = {.cam = cam, .cfg = cfg, .progress = progress, .out = ret};
    memset(ret, 0, sizeof *ret);
    if (cfg->n_frames < 3 || cfg->n_frames > ACCEPT_MOST)
        return AS_FAIL(err, AS_EINVAL, "%u frames cannot be timed: 3 to %u can", cfg->n_frames, ACCEPT_MOST);
    ret->host_ms = calloc(cfg->n_frames, sizeof *ret->host_ms);
    ret->device_ms = calloc(cfg->n_frames, sizeof *ret->device_ms);
    ret->status = calloc(cfg->n_frames, sizeof *ret->status);
    bool ok = ret->host_ms && ret->device_ms && ret->status;
    if (!ok)
        AS_FAIL(err, AS_ENOMEM, "no memory for %u times", cfg->n_frames);
    a.sha = ok ? as_sha256_new(err) : NULL;
    ok = a.sha != NULL;
    if (ok) {
        accept_begin(&a);
        ok = accept_all(&a, err);
    }
    as_image_done(&a.before);
    as_sha256_free(a.sha);
    if (!ok)
        as_acceptance_done(ret);
    return ok;
}

void as_acceptance_done(as_acceptance *acceptance)
{
    free(acceptance->host_ms);
    free(acceptance->device_ms);
    free(acceptance->status);
    as_image_done(&acceptance->image);
    memset(acceptance, 0, sizeof *acceptance);
}
