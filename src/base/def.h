/* SPDX-License-Identifier: Apache-2.0 */
/* def.h - the few words every file needs: attributes, checked sizes, times.
 *
 * Layer:   base (no vision in it).
 * Threads: immutable.
 * Memory:  none.
 */
#ifndef AS_BASE_DEF_H
#define AS_BASE_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AS_CHECK              __attribute__((warn_unused_result))
#define AS_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define AS_UNUSED             __attribute__((unused))
#define AS_COUNT(array)       (sizeof(array) / sizeof((array)[0]))
#define AS_MIN(a, b)          ((a) < (b) ? (a) : (b))
#define AS_MAX(a, b)          ((a) > (b) ? (a) : (b))

/* Nanoseconds: intervals on the monotonic clock, or UTC since 1970 where the name says utc. */
typedef int64_t as_ns;
#define AS_NS_PER_US 1000LL
#define AS_NS_PER_MS 1000000LL
#define AS_NS_PER_S  1000000000LL

/* False if a*b or a+b does not fit; *ret is written only on success. */
static inline AS_CHECK bool as_size_mul(size_t a, size_t b, size_t *ret)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *ret = r;
    return true;
}

static inline AS_CHECK bool as_size_add(size_t a, size_t b, size_t *ret)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *ret = r;
    return true;
}

#endif
