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

void as_camera_stamp(as_frame *frame, as_ns mono)
{
    frame->time_mono = mono;
    frame->time_utc = as_clock_utc() - (as_clock_mono() - mono);
}
