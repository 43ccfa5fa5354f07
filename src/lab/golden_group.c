/* SPDX-License-Identifier: Apache-2.0 */
/* How many kinds of good parts there are, seen on thumbnails: a kind is parted as long as that makes all much more alike. */
#include <stdlib.h>
#include <string.h>

#include "lab/golden.h"
#include "lab/golden_priv.h"

#define GROUP_WIDTH  40
#define GROUP_HEIGHT 32
#define GROUP_BYTES  (3 * GROUP_WIDTH * GROUP_HEIGHT)
#define GROUP_REACH  3    /* pixels that a part may be shifted by */
#define GROUP_MOST   500  /* pictures that are looked at */
#define GROUP_GAIN   0.45 /* of what is unlike in those of a new kind, at most so much may be left when it is parted */
#define GROUP_TRIES  4

typedef struct group {
    const uint8_t *at; /* n x GROUP_BYTES */
    size_t         n;
    uint32_t      *of;       /* kind of each */
    uint32_t      *distance; /* to its kind's head */
    uint32_t       heads[AS_GOLDEN_MAX + 1], n_heads;
} group;

/* Means of three by three: what lies a little otherwise is no kind. */
static void group_blur(const uint8_t *in, uint8_t *out)
{
    for (int y = 0; y < GROUP_HEIGHT; y++)
        for (int x = 0; x < GROUP_WIDTH; x++)
            for (int c = 0; c < 3; c++) {
                int sum = 0;
                for (int k = 0; k < 9; k++) {
                    int j = AS_MIN(AS_MAX(y + k / 3 - 1, 0), GROUP_HEIGHT - 1),
                        i = AS_MIN(AS_MAX(x + k % 3 - 1, 0), GROUP_WIDTH - 1);
                    sum += in[3 * (j * GROUP_WIDTH + i) + c];
                }
                out[3 * (y * GROUP_WIDTH + x) + c] = (uint8_t)(sum / 9);
            }
}

/* All as bright as one another in the mean: a lamp is no kind. */
static void group_even(uint8_t *at, size_t n)
{
    uint8_t whole[GROUP_BYTES];
    for (size_t i = 0; i < n; i++, at += GROUP_BYTES) {
        uint32_t sum = GROUP_BYTES;
        memcpy(whole, at, sizeof whole);
        group_blur(whole, at);
        for (size_t j = 0; j < GROUP_BYTES; j++)
            sum += at[j];
        for (size_t j = 0; j < GROUP_BYTES; j++)
            at[j] = (uint8_t)AS_MIN((uint64_t)at[j] * 100 * GROUP_BYTES / sum, (uint64_t)255);
    }
}

/* The mean difference where both overlap, x 64. */
static uint32_t group_shifted(const uint8_t *a, const uint8_t *b, int dx, int dy)
{
    uint64_t sum = 0;
    int      x0 = dx > 0 ? dx : 0, x1 = GROUP_WIDTH + (dx < 0 ? dx : 0), y0 = dy > 0 ? dy : 0,
        y1 = GROUP_HEIGHT + (dy < 0 ? dy : 0);
    for (int y = y0; y < y1; y++) {
        const uint8_t *p = a + 3 * (y * GROUP_WIDTH + x0), *q = b + 3 * ((y - dy) * GROUP_WIDTH + x0 - dx);
        uint32_t       row = 0;
        for (int i = 0; i < 3 * (x1 - x0); i++)
            row += (uint32_t)abs(p[i] - q[i]);
        sum += row;
    }
    return (uint32_t)(64 * sum / (uint64_t)(3 * (x1 - x0) * (y1 - y0)));
}

static uint32_t group_distance(const group *g, size_t a, size_t b)
{
    uint32_t least = UINT32_MAX;
    for (int dy = -GROUP_REACH; dy <= GROUP_REACH; dy++)
        for (int dx = -GROUP_REACH; dx <= GROUP_REACH; dx++)
            least = AS_MIN(least, group_shifted(g->at + a * GROUP_BYTES, g->at + b * GROUP_BYTES, dx, dy));
    return least;
}

/* The picture that lies most in the middle of its kind: nearest to the mean, as they lie. */
static uint32_t group_middle(const group *g, uint32_t kind)
{
    static const uint32_t none = 0;
    uint32_t              mean[GROUP_BYTES] = {0}, best = none, count = 0;
    uint64_t              least = UINT64_MAX;
    for (size_t i = 0; i < g->n; i++) {
        if (g->of[i] != kind)
            continue;
        count++;
        for (size_t j = 0; j < GROUP_BYTES; j++)
            mean[j] += g->at[i * GROUP_BYTES + j];
    }
    for (size_t i = 0; i < g->n && count; i++) {
        uint64_t sum = 0;
        if (g->of[i] != kind)
            continue;
        for (size_t j = 0; j < GROUP_BYTES; j++)
            sum += (uint64_t)llabs((long long)mean[j] - (long long)count * g->at[i * GROUP_BYTES + j]);
        if (sum < least) {
            least = sum;
            best = (uint32_t)i;
        }
    }
    return best;
}

/* Each to its nearest head. */
static void group_assign(group *g)
{
    for (size_t i = 0; i < g->n; i++) {
        g->distance[i] = UINT32_MAX;
        for (uint32_t k = 0; k < g->n_heads; k++) {
            uint32_t d = group_distance(g, i, g->heads[k]);
            if (d < g->distance[i]) {
                g->distance[i] = d;
                g->of[i] = k;
            }
        }
    }
}

static size_t group_smallest(const group *g)
{
    size_t counts[AS_GOLDEN_MAX + 1] = {0}, least = SIZE_MAX;
    for (size_t i = 0; i < g->n; i++)
        counts[g->of[i]]++;
    for (uint32_t k = 0; k < g->n_heads; k++)
        least = AS_MIN(least, counts[k]);
    return least;
}

/* The mean over the last kind's pictures of how unlike their head they are, over how unlike the nearest before they were. */
static double group_left(const group *g, const uint32_t *before)
{
    double now = 0, then = 0;
    for (size_t i = 0; i < g->n; i++)
        if (g->of[i] == g->n_heads - 1) {
            now += g->distance[i];
            then += before[i];
        }
    return then > 0 ? now / then : 1;
}

/* One kind more, around what is furthest from its head; an odd one alone is passed over. */
static bool group_part(group *g, bool *odd, uint32_t *before)
{
    uint32_t heads[AS_GOLDEN_MAX + 1];
    memcpy(heads, g->heads, sizeof heads);
    memcpy(before, g->distance, g->n * sizeof *before);
    for (int t = 0; t < GROUP_TRIES; t++) {
        size_t far = SIZE_MAX;
        for (size_t i = 0; i < g->n; i++)
            if (!odd[i] && (far == SIZE_MAX || g->distance[i] > g->distance[far]))
                far = i;
        if (far == SIZE_MAX)
            break;
        g->heads[g->n_heads++] = (uint32_t)far;
        group_assign(g);
        for (uint32_t k = 0; k < g->n_heads; k++)
            g->heads[k] = group_middle(g, k);
        group_assign(g);
        if (group_smallest(g) >= GOLDEN_KIND_LEAST && group_left(g, before) < GROUP_GAIN)
            return true;
        odd[far] = true;
        g->n_heads--;
        memcpy(g->heads, heads, sizeof heads);
        group_assign(g);
    }
    return false;
}

static void group_run(group *g, bool *odd, uint32_t *before, const as_progress *progress)
{
    g->heads[0] = group_middle(g, 0);
    g->n_heads = 1;
    group_assign(g);
    while (g->n_heads < AS_GOLDEN_MAX) {
        as_progress_step(progress, "telling kinds of good parts apart", g->n_heads, AS_GOLDEN_MAX);
        if (!group_part(g, odd, before))
            break;
    }
}

bool as_golden_group(const as_dataset *dataset, const uint32_t *good, size_t n, const as_progress *progress,
                     uint32_t ret_heads[AS_GOLDEN_MAX], uint32_t *ret_n, as_err *err)
{
    group     g = {.n = AS_MIN(n, (size_t)GROUP_MOST)};
    uint32_t *some = calloc(g.n + 1, sizeof *some), *before = calloc(g.n + 1, sizeof *before);
    bool     *odd = calloc(g.n + 1, sizeof *odd), ok = false;
    uint8_t  *pixels = NULL;
    g.of = calloc(g.n + 1, sizeof *g.of);
    g.distance = calloc(g.n + 1, sizeof *g.distance);
    if (!some || !before || !odd || !g.of || !g.distance)
        AS_FAIL(err, AS_ENOMEM, "cannot hold %zu pictures", g.n);
    else {
        for (size_t i = 0; i < g.n; i++)
            some[i] = good[i * n / g.n];
        pixels = as_dataset_pixels(dataset, some, g.n, AS_RESIZE_STANDARD, GROUP_WIDTH, GROUP_HEIGHT, 3, progress, err);
        ok = pixels != NULL;
    }
    if (ok) {
        group_even(pixels, g.n);
        g.at = pixels;
        group_run(&g, odd, before, progress);
        *ret_n = g.n_heads;
        for (uint32_t k = 0; k < g.n_heads; k++)
            ret_heads[k] = some[g.heads[k]];
    }
    free(some);
    free(before);
    free(odd);
    free(g.of);
    free(g.distance);
    free(pixels);
    return ok;
}
