/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/coreset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "base/rng.h"

#define CORESET_LANES 8

/* Squares of distances from one row to all, the least so far kept. Returns which is the furthest then: the first of equals. */
AS_ISA_CLONES(size_t, coreset_update,
              (const float *restrict rows, size_t n, size_t size, const float *restrict centre, float *restrict least),
              (rows, n, size, centre, least))
{
    size_t furthest = 0;
    for (size_t r = 0; r < n; r++) {
        const float *restrict row = rows + r * size;
        float  sums[CORESET_LANES] = {0}, sum = 0;
        size_t i = 0;
        for (; i + CORESET_LANES <= size; i += CORESET_LANES)
            for (size_t k = 0; k < CORESET_LANES; k++) {
                float gap = row[i + k] - centre[i + k];
                sums[k] += gap * gap;
            }
        for (size_t k = 0; i < size; i++, k++) {
            float gap = row[i] - centre[i];
            sums[k] += gap * gap;
        }
        for (size_t k = 0; k < CORESET_LANES; k++)
            sum += sums[k];
        least[r] = sum < least[r] ? sum : least[r];
        furthest = least[r] > least[furthest] ? r : furthest;
    }
    return furthest;
}

AS_ISA_CLONES(void, coreset_add, (float *restrict to, const float *restrict from, float gain, size_t n),
              (to, from, gain, n))
{
    for (size_t i = 0; i < n; i++)
        to[i] += gain * from[i];
}

/* Each row times a matrix of normal numbers whose columns keep a row's length in the mean. */
static float *coreset_project(const float *rows, size_t n, uint32_t size, uint32_t to, uint64_t seed, as_err *err)
{
    as_rng rng = as_rng_stream(seed, 1);
    float *matrix = malloc((size_t)size * to * sizeof *matrix), *ret = calloc(n * to, sizeof *ret);
    if (!matrix || !ret) {
        free(matrix);
        free(ret);
        AS_FAIL(err, AS_ENOMEM, "no memory to project %zu rows", n);
        return NULL;
    }
    for (size_t i = 0; i < (size_t)size * to; i++)
        matrix[i] = (float)(as_rng_normal(&rng) / sqrt((double)to));
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < size; i++)
            coreset_add(ret + r * to, matrix + i * to, rows[r * size + i], to);
    free(matrix);
    return ret;
}

static bool coreset_check(const float *rows, size_t n, uint32_t size, size_t k, as_err *err)
{
    size_t count;
    if (n < 1 || n > UINT32_MAX || size < 1 || k < 1 || k > n || !as_size_mul(n, size, &count))
        return AS_FAIL(err, AS_EINVAL, "%zu of %zu rows of %u numbers cannot be selected", k, n, size);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(rows[i]) < 1e15f))
            return AS_FAIL(err, AS_EINVAL, "row %zu has a number that is not finite, or too large", i / size);
    return true;
}

static bool coreset_greedy(const float *rows, size_t n, size_t size, const as_coreset_cfg *cfg, size_t k, float *least,
                           uint32_t *ret_rows, size_t *ret_n, double *ret_radius, as_err *err)
{
    as_rng rng = as_rng_stream(cfg->seed, 0);
    size_t next = as_rng_below(&rng, n), taken = 0;
    for (size_t r = 0; r < n; r++)
        least[r] = INFINITY;
    do {
        ret_rows[taken++] = (uint32_t)next;
        next = coreset_update(rows, n, size, rows + next * size, least);
        if (taken % 16 == 0)
            as_progress_step(cfg->progress, "selecting", taken, k);
        if (!as_progress_go_on(cfg->progress, err))
            return false;
    } while (taken < k && least[next] > 0); /* 0: every other row is a copy of one that was taken */
    *ret_n = taken;
    if (ret_radius)
        *ret_radius = sqrt((double)least[next]);
    return true;
}

bool as_coreset_select(const float *rows, size_t n, uint32_t size, const as_coreset_cfg *cfg, size_t k,
                       uint32_t *ret_rows, size_t *ret_n, double *ret_radius, as_err *err)
{
    if (!coreset_check(rows, n, size, k, err))
        return false;
    bool   is_projected = cfg->project && cfg->project < size;
    float *least = malloc(n * sizeof *least);
    float *small = is_projected ? coreset_project(rows, n, size, cfg->project, cfg->seed, err) : NULL;
    bool   ok = least || AS_FAIL(err, AS_ENOMEM, "no memory to select of %zu rows", n);
    ok = ok && (small || !is_projected) &&
         coreset_greedy(small ? small : rows, n, small ? cfg->project : size, cfg, k, least, ret_rows, ret_n,
                        ret_radius, err);
    free(least);
    free(small);
    return ok;
}
