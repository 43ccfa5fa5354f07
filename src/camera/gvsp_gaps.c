/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gvsp_gaps.h"

int64_t as_gvsp_ahead(bool is_long, uint64_t a, uint64_t b)
{
    if (is_long)
        return (int64_t)(b - a);
    int64_t d = ((int64_t)b - (int64_t)a) % 65535;
    d = d < 0 ? d + 65535 : d;
    return d > 32767 ? d - 65535 : d;
}

static void gaps_drop(as_gvsp_gaps *gaps, uint32_t i)
{
    memmove(gaps->ids + i, gaps->ids + i + 1, (--gaps->n - i) * sizeof gaps->ids[0]);
}

void as_gvsp_gaps_begin(as_gvsp_gaps *gaps, bool last_long, uint64_t last, bool is_long, uint64_t id)
{
    const int64_t n = last_long == is_long ? as_gvsp_ahead(is_long, last, id) : 0;
    if (n <= 0 || n > AS_GVSP_GAP_MOST || gaps->is_long != is_long)
        gaps->n = 0;
    gaps->is_long = is_long;
    for (int64_t i = AS_MAX(n - AS_GVSP_GAPS, (int64_t)1); i < n && n <= AS_GVSP_GAP_MOST; i++) {
        const uint64_t left_out = last + (uint64_t)i;
        if (gaps->n == AS_GVSP_GAPS)
            gaps_drop(gaps, 0);
        gaps->ids[gaps->n++] = is_long || left_out <= 65535 ? left_out : left_out - 65535;
    }
}

void as_gvsp_gaps_pass(as_gvsp_gaps *gaps, bool is_long, uint64_t id)
{
    for (uint32_t i = gaps->n; i-- > 0 && gaps->is_long == is_long;)
        if (as_gvsp_ahead(is_long, id, gaps->ids[i]) <= 0)
            gaps_drop(gaps, i);
}

bool as_gvsp_gaps_has(const as_gvsp_gaps *gaps, bool is_long, uint64_t id)
{
    for (uint32_t i = 0; i < gaps->n && gaps->is_long == is_long; i++)
        if (gaps->ids[i] == id)
            return true;
    return false;
}

void as_gvsp_gaps_fill(as_gvsp_gaps *gaps, uint64_t id)
{
    for (uint32_t i = gaps->n; i-- > 0;)
        if (gaps->ids[i] == id)
            gaps_drop(gaps, i);
}
