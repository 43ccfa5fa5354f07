/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/basis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "base/rng.h"

#define BASIS_ROUNDS  5    /* of the iteration: the spectra of features fall fast */
#define BASIS_ROWS    1024 /* that are looked at, evenly over all */
#define BASIS_LANES   8
#define BASIS_AT_ONCE 4
#define BASIS_SUMS    2
#define BASIS_UNIT    5.9604644775390625e-8 /* half of what single precision resolves: 2^-24 */

typedef float basis_lanes __attribute__((vector_size(sizeof(float) * BASIS_LANES)));

__attribute__((always_inline)) static inline float basis_sum(const basis_lanes *both)
{
    const basis_lanes x = both[0] + both[1];
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

/* n axes at once, so that v is read a quarter as often, and two sums of eight numbers of each hide how long one
 * addition takes. What is left of size is added last. */
__attribute__((always_inline)) static inline void basis_some(const float *restrict axes, size_t size,
                                                             const float *restrict v, uint32_t  n, float *restrict ret)
{
    basis_lanes sums[BASIS_AT_ONCE][BASIS_SUMS] = {{{0}}};
    float       rest[BASIS_AT_ONCE] = {0};
    size_t      i = 0;
    for (; i + BASIS_SUMS * BASIS_LANES <= size; i += BASIS_SUMS * BASIS_LANES)
        for (size_t k = 0; k < BASIS_SUMS; k++) {
            basis_lanes x, y;
            memcpy(&y, v + i + k * BASIS_LANES, sizeof y);
            for (uint32_t a = 0; a < n; a++) {
                memcpy(&x, axes + a * size + i + k * BASIS_LANES, sizeof x);
                sums[a][k] += x * y;
            }
        }
    for (; i < size; i++)
        for (uint32_t a = 0; a < n; a++)
            rest[a] += axes[a * size + i] * v[i];
    for (uint32_t a = 0; a < n; a++)
        ret[a] = basis_sum(sums[a]) + rest[a];
}

AS_ISA_CLONES(void, basis_products,
              (const float *restrict axes, size_t size, const float *restrict v, uint32_t n, float *restrict ret),
              (axes, size, v, n, ret))
{
    uint32_t a = 0;
    for (; a + BASIS_AT_ONCE <= n; a += BASIS_AT_ONCE)
        basis_some(axes + a * size, size, v, BASIS_AT_ONCE, ret + a);
    for (; a < n; a++)
        basis_some(axes + a * size, size, v, 1, ret + a);
}

/* Four vectors at once: to is read and written a quarter as often. */
AS_ISA_CLONES(void, basis_add,
              (float *restrict to, const float (*restrict gains)[BASIS_AT_ONCE], uint32_t n, const float *restrict v,
               size_t size),
              (to, gains, n, v, size))
{
    const float *restrict v1 = v + size, *restrict v2 = v1 + size, *restrict v3 = v2 + size;
    for (uint32_t a = 0; a < n; a++, to += size) {
        const float g0 = gains[a][0], g1 = gains[a][1], g2 = gains[a][2], g3 = gains[a][3];
        for (size_t i = 0; i < size; i++)
            to[i] += (g0 * v[i] + g1 * v1[i]) + (g2 * v2[i] + g3 * v3[i]);
    }
}

AS_ISA_CLONES(double, basis_dot, (const double *restrict a, const double *restrict b, size_t n), (a, b, n))
{
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sums[0] += a[i] * b[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

AS_ISA_CLONES(void, basis_take_off, (double *restrict to, const double *restrict from, double gain, size_t n),
              (to, from, gain, n))
{
    for (size_t i = 0; i < n; i++)
        to[i] -= gain * from[i];
}

void as_basis_project(const as_basis *basis, const float *v, uint32_t n, float *ret)
{
    basis_products(basis->axes, basis->size, v, AS_MIN(n, basis->n), ret);
}

/* Gram and Schmidt, twice, in float64 (exact: n x size). An axis that the others leave nothing of is drawn anew. */
static void basis_straighten(as_basis *basis, as_rng *rng, double *exact)
{
    size_t size = basis->size;
    for (uint32_t a = 0; a < basis->n; a++) {
        double *mine = exact + a * size, before, after = 0;
        float  *axis = basis->axes + a * size;
        for (int tries = 0; tries < 8; tries++) {
            for (size_t i = 0; i < size; i++)
                mine[i] = (double)axis[i];
            before = basis_dot(mine, mine, size);
            for (uint32_t pass = 0; pass < 2; pass++)
                for (uint32_t b = 0; b < a; b++)
                    basis_take_off(mine, exact + b * size, basis_dot(mine, exact + b * size, size), size);
            after = basis_dot(mine, mine, size);
            if (after > 1e-10 * before)
                break;
            for (size_t i = 0; i < size; i++)
                axis[i] = (float)as_rng_normal(rng);
        }
        for (size_t i = 0; i < size; i++) {
            mine[i] /= sqrt(after);
            axis[i] = (float)mine[i];
        }
    }
}

/* How far the axes are from right angles and length 1 (Frobenius, which is at least the spectral norm, and that at
 * least how far the nearest such axes are), and what single precision takes off a product, whoever takes it: a unit
 * for each term of the sum, and a few for the mean and what is added at last. */
static double basis_off(const as_basis *basis, double *exact)
{
    double sum = 0;
    for (size_t i = 0; i < (size_t)basis->n * basis->size; i++)
        exact[i] = (double)basis->axes[i];
    for (uint32_t a = 0; a < basis->n; a++)
        for (uint32_t b = 0; b <= a; b++) {
            double dot = basis_dot(exact + (size_t)a * basis->size, exact + (size_t)b * basis->size, basis->size);
            sum += a == b ? (dot - 1) * (dot - 1) : 2 * dot * dot;
        }
    double terms = basis->size + 12.0;
    return 1.01 * (sqrt(sum) + sqrt((double)basis->n) * terms * BASIS_UNIT);
}

/* The largest number of the rows less the mean: they are looked at as parts of it, so that nothing overflows. */
static float basis_scale(const float *rows, size_t n_rows, size_t step, uint32_t size, const float *mean)
{
    float most = 0;
    for (size_t r = 0; r < n_rows; r += step)
        for (uint32_t i = 0; i < size; i++)
            most = fmaxf(most, fabsf(rows[r * size + i] - mean[i]));
    return most > 0 ? 1 / most : 1;
}

bool as_basis_find(as_basis *basis, const float *rows, size_t n_rows, uint32_t size, const float *mean, uint32_t n,
                   as_err *err)
{
    as_rng rng = as_rng_new(size);
    size_t step = (n_rows + BASIS_ROWS - 1) / BASIS_ROWS, numbers = (size_t)n * size;
    float *next = malloc(numbers * sizeof *next), *centred = malloc(BASIS_AT_ONCE * size * sizeof *centred);
    float(*gains)[BASIS_AT_ONCE] = malloc(n * sizeof *gains), *products = malloc(n * sizeof *products);
    double *exact = malloc(numbers * sizeof *exact);
    *basis = (as_basis){.size = size, .n = n, .axes = malloc(numbers * sizeof *basis->axes)};
    bool ok = (next && centred && gains && products && exact && basis->axes) ||
              AS_FAIL(err, AS_ENOMEM, "no memory for %u axes", n);
    if (ok) {
        const float scale = basis_scale(rows, n_rows, step, size, mean);
        for (size_t i = 0; i < numbers; i++)
            basis->axes[i] = (float)as_rng_normal(&rng);
        basis_straighten(basis, &rng, exact);
        for (int round = 0; round < BASIS_ROUNDS; round++) {
            memset(next, 0, numbers * sizeof *next);
            for (size_t r = 0; r < n_rows; r += BASIS_AT_ONCE * step) {
                for (size_t k = 0; k < BASIS_AT_ONCE; k++) {
                    const float *row = rows + (r + k * step < n_rows ? r + k * step : r) * size;
                    for (uint32_t i = 0; i < size; i++)
                        centred[k * size + i] = (row[i] - mean[i]) * scale;
                    as_basis_project(basis, centred + k * size, n, products);
                    for (uint32_t a = 0; a < n; a++)
                        gains[a][k] = products[a];
                }
                basis_add(next, gains, n, centred, size);
            }
            memcpy(basis->axes, next, numbers * sizeof *next);
            basis_straighten(basis, &rng, exact);
        }
        basis->off = basis_off(basis, exact);
    }
    free(next);
    free(centred);
    free(gains);
    free(products);
    free(exact);
    if (!ok)
        as_basis_done(basis);
    return ok;
}

void as_basis_done(as_basis *basis)
{
    free(basis->axes);
    *basis = (as_basis){0};
}
