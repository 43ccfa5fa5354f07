/* SPDX-License-Identifier: Apache-2.0 */
#include "image/mask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

void as_mask_done(as_mask *mask)
{
    free(mask->runs);
    *mask = (as_mask){0};
}

/* Runs as they come out, pixel by pixel or span by span. */
typedef struct mask_maker {
    AS_VEC(uint32_t) runs;
    uint32_t n;      /* of the run that is open */
    bool     inside; /* what it holds */
    bool     failed;
} mask_maker;

static void maker_add(mask_maker *m, bool inside, uint32_t n)
{
    if (n == 0)
        return;
    if (inside != m->inside) {
        m->failed = m->failed || !as_vec_push(&m->runs, m->n);
        m->inside = inside;
        m->n = 0;
    }
    m->n += n;
}

static bool maker_done(mask_maker *m, uint32_t width, uint32_t height, as_mask *ret, as_err *err)
{
    if (m->n)
        m->failed = m->failed || !as_vec_push(&m->runs, m->n);
    if (m->failed) {
        as_vec_done(&m->runs);
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
    }
    *ret = (as_mask){width, height, m->runs.at, m->runs.n};
    return true;
}

static bool mask_check_size(uint32_t width, uint32_t height, as_err *err)
{
    if (width == 0 || height == 0)
        return AS_FAIL(err, AS_EINVAL, "a mask of %u x %u pixels", width, height);
    return (width <= AS_MASK_MAX_SIDE && height < AS_MASK_MAX_SIDE) ||
           AS_FAIL(err, AS_ELIMIT, "a mask of %u x %u pixels is larger than %d", width, height, AS_MASK_MAX_SIDE);
}

bool as_mask_from_pixels(const uint8_t *inside, size_t stride, uint32_t width, uint32_t height, uint8_t value,
                         as_mask *ret, as_err *err)
{
    mask_maker m = {0};
    if (!mask_check_size(width, height, err))
        return false;
    for (uint32_t x = 0; x < width; x++)
        for (uint32_t y = 0; y < height; y++)
            maker_add(&m, inside[y * stride + x] == value, 1);
    return maker_done(&m, width, height, ret, err);
}

void as_mask_to_pixels(const as_mask *mask, uint8_t *inside, size_t stride)
{
    uint32_t x = 0, y = 0;
    for (size_t i = 0; i < mask->n_runs; i++) {
        for (uint32_t k = 0; k < mask->runs[i]; k++) {
            inside[y * stride + x] = i % 2;
            if (++y == mask->height) {
                y = 0;
                x++;
            }
        }
    }
}

static int mask_compare(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;
    return (d > 0) - (d < 0);
}

typedef AS_VEC(double) mask_crossings;

/* Where the ring crosses the line through the pixel centres at x, from above to below. */
static bool mask_cross(const double *ring, size_t n, double x, mask_crossings *at)
{
    for (size_t i = 0, before = n - 1; i < n; before = i++) {
        double x0 = ring[2 * before], y0 = ring[2 * before + 1], x1 = ring[2 * i], y1 = ring[2 * i + 1];
        if ((x0 <= x) != (x1 <= x) && !as_vec_push(at, y0 + (x - x0) * (y1 - y0) / (x1 - x0)))
            return false;
    }
    return true;
}

/* Pixels whose centre is above (before) y. */
static uint32_t mask_rows_above(double y, uint32_t height)
{
    double n = ceil(y - 0.5);
    return n <= 0 ? 0 : n >= height ? height : (uint32_t)n;
}

static void mask_fill_column(mask_maker *m, const mask_crossings *at, uint32_t height)
{
    uint32_t y = 0;
    for (size_t i = 0; i < at->n; i++) {
        uint32_t next = mask_rows_above(at->at[i], height);
        maker_add(m, i % 2, next - y);
        y = next;
    }
    maker_add(m, false, height - y);
}

bool as_mask_from_rings(const double *points, const size_t *ends, size_t n_rings, uint32_t width, uint32_t height,
                        as_mask *ret, as_err *err)
{
    mask_maker     m = {0};
    mask_crossings at = {0};
    if (!mask_check_size(width, height, err))
        return false;
    for (uint32_t x = 0; x < width && !m.failed; x++) {
        at.n = 0;
        for (size_t i = 0, from = 0; i < n_rings && !m.failed; from = ends[i++])
            m.failed = ends[i] > from && !mask_cross(points + 2 * from, ends[i] - from, x + 0.5, &at);
        if (at.n)
            qsort(at.at, at.n, sizeof at.at[0], mask_compare);
        mask_fill_column(&m, &at, height);
    }
    as_vec_done(&at);
    return maker_done(&m, width, height, ret, err);
}

bool as_mask_add_text(const as_mask *mask, as_str *out, as_err *err)
{
    for (size_t i = 0; i < mask->n_runs; i++) {
        int64_t v = (int64_t)mask->runs[i] - (i > 2 ? (int64_t)mask->runs[i - 2] : 0);
        bool    more = true;
        while (more) {
            int64_t low = v & 0x1f;
            v >>= 5;
            more = (low & 0x10) ? v != -1 : v != 0;
            char c = (char)(48 + (low | (more ? 0x20 : 0)));
            as_str_add_bytes(out, &c, 1);
        }
    }
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
}

/* One number; false at what is no such text. */
static bool mask_number(const char **p, int64_t *ret)
{
    int64_t v = 0;
    for (int shift = 0; shift <= 35; shift += 5) {
        int64_t c = (int64_t)(unsigned char)**p - 48;
        if (c < 0 || c > 0x3f)
            return false;
        (*p)++;
        v |= (c & 0x1f) << shift;
        if (c & 0x20)
            continue;
        if (c & 0x10)
            v -= (int64_t)1 << (shift + 5);
        *ret = v;
        return true;
    }
    return false;
}

static bool mask_check_sum(const as_mask *mask, as_err *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < mask->n_runs; i++)
        sum += mask->runs[i];
    return sum == (uint64_t)mask->width * mask->height ||
           AS_FAIL(err, AS_EFORMAT, "a mask of %llu pixels for a picture of %u x %u", (unsigned long long)sum,
                   mask->width, mask->height);
}

bool as_mask_from_text(const char *text, uint32_t width, uint32_t height, as_mask *ret, as_err *err)
{
    AS_VEC(uint32_t) runs = {0};
    as_mask mask = {width, height, NULL, 0};
    bool    ok = mask_check_size(width, height, err);
    for (const char *p = text; ok && *p;) {
        int64_t v;
        ok = mask_number(&p, &v) || AS_FAIL(err, AS_EFORMAT, "a mask's counts do not read: '%.20s'", p);
        if (ok && runs.n > 2)
            v += runs.at[runs.n - 2];
        if (ok && (v < 0 || v > UINT32_MAX))
            ok = AS_FAIL(err, AS_EFORMAT, "a mask has a run of %lld pixels", (long long)v);
        if (ok && !as_vec_push(&runs, (uint32_t)v))
            ok = AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
    }
    mask.runs = runs.at;
    mask.n_runs = runs.n;
    if (!ok || !mask_check_sum(&mask, err)) {
        as_mask_done(&mask);
        return false;
    }
    *ret = mask;
    return true;
}

bool as_mask_from_runs(const uint32_t *runs, size_t n, uint32_t width, uint32_t height, as_mask *ret, as_err *err)
{
    mask_maker m = {0};
    as_mask    mask = {width, height, (uint32_t *)(uintptr_t)runs, n};
    if (!mask_check_size(width, height, err) || !mask_check_sum(&mask, err))
        return false;
    for (size_t i = 0; i < n; i++)
        maker_add(&m, i % 2, runs[i]);
    return maker_done(&m, width, height, ret, err);
}

uint64_t as_mask_area(const as_mask *mask)
{
    uint64_t n = 0;
    for (size_t i = 1; i < mask->n_runs; i += 2)
        n += mask->runs[i];
    return n;
}

void as_mask_bounds(const as_mask *mask, double ret_box[4])
{
    uint64_t left = UINT64_MAX, right = 0, top = UINT64_MAX, bottom = 0, at = 0;
    for (size_t i = 0; i < mask->n_runs; at += mask->runs[i++]) {
        if (i % 2 == 0 || mask->runs[i] == 0)
            continue;
        uint64_t last = at + mask->runs[i] - 1, h = mask->height;
        bool     wraps = last / h > at / h; /* then it has the last row of one column and the first of the next */
        left = AS_MIN(left, at / h);
        right = AS_MAX(right, last / h);
        top = AS_MIN(top, wraps ? 0 : at % h);
        bottom = AS_MAX(bottom, wraps ? h - 1 : last % h);
    }
    bool empty = left == UINT64_MAX;
    ret_box[0] = empty ? 0 : (double)left;
    ret_box[1] = empty ? 0 : (double)top;
    ret_box[2] = empty ? 0 : (double)(right + 1 - left);
    ret_box[3] = empty ? 0 : (double)(bottom + 1 - top);
}

double as_mask_iou(const as_mask *a, const as_mask *b)
{
    uint64_t both = 0, either = 0, left_a = 0, left_b = 0;
    size_t   i = 0, k = 0;
    if (a->width != b->width || a->height != b->height)
        return 0;
    for (;;) { /* i and k have passed the runs that left_a and left_b are what is left of */
        while (left_a == 0 && i < a->n_runs)
            left_a = a->runs[i++];
        while (left_b == 0 && k < b->n_runs)
            left_b = b->runs[k++];
        uint64_t n = AS_MIN(left_a, left_b);
        if (n == 0)
            break;
        bool in_a = i % 2 == 0, in_b = k % 2 == 0;
        both += in_a && in_b ? n : 0;
        either += in_a || in_b ? n : 0;
        left_a -= n;
        left_b -= n;
    }
    return either ? (double)both / (double)either : 0;
}
