/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/timing.h"

#include <math.h>
#include <stdlib.h>

static int timing_by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static as_timing_of timing_one(const double *times, size_t n)
{
    as_timing_of ret = {.known = false, .per_s = NAN, .sd_ms = NAN, .p99_off_ms = NAN};
    double      *off = n > 2 && isfinite(times[n - 1]) ? calloc(n - 1, sizeof *off) : NULL;
    double       square = 0;
    if (!off)
        return ret;
    const double mean = times[n - 1] / (double)(n - 1);
    for (size_t i = 0; i + 1 < n; i++) {
        off[i] = fabs(times[i + 1] - times[i] - mean);
        square += off[i] * off[i];
    }
    qsort(off, n - 1, sizeof *off, timing_by_size);
    ret.sd_ms = sqrt(square / (double)(n - 2));
    ret.p99_off_ms = off[(size_t)ceil(0.99 * (double)(n - 1)) - 1];
    ret.known = mean > 0;
    ret.per_s = mean > 0 ? 1000.0 / mean : (double)NAN;
    free(off);
    return ret;
}

/* The times of the arrival over the camera's, which do not scatter, by least squares. */
static void timing_drift(const double *host, const double *device, size_t n, as_timing *ret)
{
    double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += host[i] / (double)n;
        my += device[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double x = host[i] - mx, y = device[i] - my;
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    if (n < 3 || !isfinite(yy) || !(xy > 0) || !(yy > 0))
        return;
    const double slope = xy / yy, rest = fmax(xx - slope * xy, 0);
    ret->drift = 1 / slope - 1;
    ret->uncertain = 3 * sqrt(rest / (double)(n - 2) / yy) / (slope * slope);
}

as_timing as_timing_measure(const double *host_ms, const double *device_ms, size_t n)
{
    as_timing ret = {
        .host = timing_one(host_ms, n), .device = timing_one(device_ms, n), .drift = NAN, .uncertain = NAN};
    timing_drift(host_ms, device_ms, n, &ret);
    return ret;
}

/* --- what applies --- */

static bool timing_get(as_camera *cam, const char *const *names, size_t n, as_setting *ret)
{
    as_err ignored = AS_ERR_NONE;
    for (size_t i = 0; i < n; i++)
        if (as_camera_setting(cam, names[i], ret, &ignored) && ret->readable)
            return true;
    return false;
}

static double timing_rate(as_camera *cam, const char *const *names, size_t n)
{
    as_setting f;
    double     per_s;
    return timing_get(cam, names, n, &f) && as_str_to_f64(f.value, &per_s) && per_s > 0 ? per_s : (double)NAN;
}

/* Of a frame: that of a line or of an exposure's end begins none. */
static bool timing_triggered(as_camera *cam, char *source, size_t cap)
{
    static const char *const mode[] = {"TriggerMode"}, *const selector[] = {"TriggerSelector"},
                             *const from[] = {"TriggerSource"};
    as_setting                      f;
    if (timing_get(cam, selector, 1, &f) && strcmp(f.value, "FrameStart") != 0 &&
        strcmp(f.value, "AcquisitionStart") != 0 && strcmp(f.value, "FrameBurstStart") != 0)
        return false;
    if (!timing_get(cam, mode, 1, &f) || strcmp(f.value, "On") != 0)
        return false;
    (void)as_str_copy(source, cap, timing_get(cam, from, 1, &f) ? f.value : "");
    return true;
}

as_timing_limit as_timing_limit_of(as_camera *cam)
{
    static const char *const enable[] = {"AcquisitionFrameRateEnable", "AcquisitionFrameRateEnabled"};
    static const char *const set[] = {"AcquisitionFrameRate", "AcquisitionFrameRateAbs"};
    static const char *const result[] = {"AcquisitionResultingFrameRate", "ResultingFrameRate",
                                         "ResultingFrameRateAbs"};
    as_timing_limit          ret = {.by = AS_TIMING_BY_NOTHING, .per_s = NAN};
    as_setting               f;
    if (timing_triggered(cam, ret.source, sizeof ret.source)) {
        ret.by = AS_TIMING_BY_TRIGGER;
        return ret;
    }
    const bool off = timing_get(cam, enable, AS_COUNT(enable), &f) && strcmp(f.value, "false") == 0;
    ret.per_s = off ? (double)NAN : timing_rate(cam, set, AS_COUNT(set));
    if (isfinite(ret.per_s)) {
        ret.by = AS_TIMING_BY_SETTING;
        return ret;
    }
    ret.per_s = timing_rate(cam, result, AS_COUNT(result));
    if (isfinite(ret.per_s))
        ret.by = AS_TIMING_BY_RESULTING;
    return ret;
}
