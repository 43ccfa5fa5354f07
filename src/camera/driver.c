/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/driver.h"

#include "base/clock.h"
#include "base/str.h"

bool as_uri_query_number(const as_uri_query *query, const char *key, double low, double high, double *ret, as_err *err)
{
    const char *text = as_uri_query_get(query, key);
    double      value;
    if (!text)
        return true;
    if (!as_str_to_f64(text, &value) || !(value >= low && value <= high))
        return AS_FAIL(err, AS_EINVAL, "'%s=%s' is not a number from %g to %g", key, text, low, high);
    *ret = value;
    return true;
}

bool as_uri_query_count(const as_uri_query *query, const char *key, uint64_t low, uint64_t high, uint64_t *ret,
                        as_err *err)
{
    const char *text = as_uri_query_get(query, key);
    uint64_t    value;
    if (!text)
        return true;
    if (!as_str_to_u64(text, &value) || value < low || value > high)
        return AS_FAIL(err, AS_EINVAL, "'%s=%s' is not a whole number from %llu to %llu", key, text,
                       (unsigned long long)low, (unsigned long long)high);
    *ret = value;
    return true;
}

bool as_uri_query_flag(const as_uri_query *query, const char *key, bool *ret, as_err *err)
{
    uint64_t value = *ret;
    if (!as_uri_query_count(query, key, 0, 1, &value, err))
        return false;
    *ret = value == 1;
    return true;
}

bool as_pace_wait(as_pace *pace, as_ns deadline, as_ns *ret_due, uint64_t *ret_lost, as_err *err)
{
    as_ns now = as_clock_mono();
    *ret_lost = 0;
    if (pace->period <= 0) {
        *ret_due = now;
        return true;
    }
    if (pace->next == 0)
        pace->next = now;
    if (pace->next > deadline) {
        as_clock_sleep_until(deadline);
        return AS_FAIL(err, AS_ETIMEOUT, "no frame was due in time");
    }
    as_clock_sleep_until(pace->next);
    as_ns late = (now - pace->next) / pace->period;
    if (late > (as_ns)pace->behind) {
        *ret_lost = (uint64_t)(late - (as_ns)pace->behind);
        pace->next += (as_ns)*ret_lost * pace->period;
    }
    *ret_due = pace->next;
    pace->next += pace->period;
    return true;
}

#define DRIVER_MAX_DRIFT 200e-6 /* of a device's clock against ours: a cheap quartz has 100 ppm */

/* Frame numbers of GigE Vision 1 run from 1 to 65535 and begin again at 1. A count that goes back otherwise began anew. */
static uint64_t driver_frames_since(uint64_t last, uint64_t id)
{
    if (id >= last)
        return id - last;
    return last <= 65535 && last - id > 32768 ? id + 65535 - last : 1;
}

/* How long it took from the device's clock to here, against the shortest of the frames before; both clocks drift. A device's
 * clock that goes back was set anew: the lags before say nothing any more. */
static bool driver_is_late(as_arrivals *a, as_ns device, as_ns arrival, as_ns late)
{
    double lag = (double)(arrival - device);
    if (device <= 0)
        return false;
    if (a->last_arrival == 0 || device < a->last_device || lag < a->least_lag)
        a->least_lag = lag;
    else
        a->least_lag += DRIVER_MAX_DRIFT * (double)(arrival - a->last_arrival);
    a->last_arrival = arrival;
    return late > 0 && lag - a->least_lag > (double)late;
}

as_frame_status as_arrivals_take(as_arrivals *a, uint64_t id, as_ns device, as_ns arrival, as_ns late,
                                 uint64_t *ret_step)
{
    bool same_id = a->any && id != 0 && id == a->last_id, same_time = a->any && device != 0 && device == a->last_device;
    bool counted = id != 0 && a->last_id != 0;
    bool is_late = driver_is_late(a, device, arrival, late);
    *ret_step = !a->any || same_id || same_time ? 0 : counted ? driver_frames_since(a->last_id, id) : 1;
    a->any = true;
    a->last_id = id;
    a->last_device = device;
    if (same_id || same_time)
        return AS_FRAME_REPEATED;
    return is_late ? AS_FRAME_LATE : AS_FRAME_OK;
}

void as_camera_stamp(as_frame *frame, as_ns mono)
{
    frame->time_mono = mono;
    frame->time_utc = as_clock_utc() - (as_clock_mono() - mono);
}
