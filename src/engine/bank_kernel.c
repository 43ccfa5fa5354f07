/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bank_kernel.h"

#include <math.h>
#include <string.h>

#include "base/isa.h"

/* --- any processor --- */

enum { PLAIN_LANES = 8 };

/* The products of a group of rows, all of wide digits. */
static void plain_group(const as_bank_look *look, const char *group, size_t t, int32_t ret[PLAIN_LANES])
{
    const int32_t *q = look->queries + t * look->n_wide;
    for (size_t r = 0; r < PLAIN_LANES; r++)
        ret[r] = 0;
    for (size_t w = 0; w < look->n_wide; w++, group += PLAIN_LANES * sizeof(int32_t)) {
        int16_t two[BANK_WIDE], rows[PLAIN_LANES][BANK_WIDE];
        memcpy(two, q + w, sizeof two);
        memcpy(rows, group, sizeof rows);
        for (size_t r = 0; r < PLAIN_LANES; r++)
            ret[r] += two[0] * rows[r][0] + two[1] * rows[r][1];
    }
}

static void plain_look(const as_bank_look *look)
{
    const size_t bytes = look->n_wide * PLAIN_LANES * sizeof(int32_t);
    for (size_t i = 0; i < look->n_blocks * BANK_LANES * BANK_TILE; i++)
        look->least[i % BANK_TILE][i / BANK_TILE] = INFINITY;
    for (size_t row = 0; row < look->n_blocks * BANK_BLOCK; row += PLAIN_LANES)
        for (size_t t = 0; t < BANK_TILE; t++) {
            const float gain = look->query_gain[t] * look->gain[row / BANK_BLOCK];
            float      *least = look->least[t] + row / BANK_BLOCK * BANK_LANES + row % BANK_LANES;
            int32_t     products[PLAIN_LANES];
            plain_group(look, look->digits + row / PLAIN_LANES * bytes, t, products);
            for (size_t r = 0; r < PLAIN_LANES; r++) {
                const float low =
                    look->square[row + r] - gain * (float)products[r] - look->query_across[t] * look->across[row + r];
                look->low[t][row + r] = low;
                least[r] = low < least[r] ? low : least[r];
            }
        }
}

static void plain_least(const float *least, size_t n_blocks, float ret_low[BANK_LANES], int32_t ret_block[BANK_LANES])
{
    for (size_t lane = 0; lane < BANK_LANES; lane++) {
        ret_low[lane] = INFINITY;
        ret_block[lane] = 0;
    }
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t lane = 0; lane < BANK_LANES; lane++)
            if (least[b * BANK_LANES + lane] < ret_low[lane]) {
                ret_low[lane] = least[b * BANK_LANES + lane];
                ret_block[lane] = (int32_t)b;
            }
}

static size_t plain_pick(const as_bank_pick *pick, uint32_t *ret_rows, float *ret_low)
{
    size_t n = 0;
    for (uint32_t i = 0; i < pick->n_blocks * BANK_BLOCK; i++) {
        ret_rows[n] = i;
        ret_low[n] = pick->low[i];
        n += pick->low[i] <= pick->limit;
    }
    return n;
}

static size_t plain_fine(const as_bank_fine *fine, uint32_t *ret_rows, float *ret_low)
{
    const size_t bytes = fine->n_lines * BANK_LINE;
    size_t       n = 0;
    for (size_t at = 0; at < fine->n; at++) {
        const as_bank_row *row = (const void *)(fine->rows + fine->picked[at] * bytes);
        int32_t            products = 0;
        for (size_t i = 0; i < bytes - sizeof *row; i++)
            products += row->digits[i] * fine->query[sizeof *row + i];
        const float low = fine->low[at] + row->square - fine->query_gain * row->gain * (float)products +
                          fine->query_before * row->before - fine->query_across * row->across;
        if (low <= fine->limit) {
            ret_low[n] = low;
            ret_rows[n++] = fine->picked[at];
        }
    }
    return n;
}

AS_ISA_CLONES(float, plain_gap_of, (const float *restrict a, const float *restrict b, size_t n), (a, b, n))
{
    float  sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += (a[i + k] - b[i + k]) * (a[i + k] - b[i + k]);
    for (size_t k = 0; i < n; i++, k++)
        sums[k] += (a[i] - b[i]) * (a[i] - b[i]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static float plain_gap(const float *a, const float *b, size_t n)
{
    return plain_gap_of(a, b, n);
}

static const as_bank_kernel bank_plain = {.name = "plain",
                                          .lanes = PLAIN_LANES,
                                          .word = 1,
                                          .look = plain_look,
                                          .least = plain_least,
                                          .pick = plain_pick,
                                          .fine = plain_fine,
                                          .gap = plain_gap,
                                          .centre = as_bank_centre,
                                          .largest = as_bank_largest,
                                          .digits = as_bank_digits,
                                          .bytes = as_bank_bytes};

const as_bank_kernel *as_bank_kernel_at(size_t i)
{
    const as_bank_kernel *rows[3];
    size_t                n = 0;
#ifdef __x86_64__
    if (as_isa_may(AS_ISA_AVX512_VNNI))
        rows[n++] = &as_bank_vnni;
    if (as_isa_may(AS_ISA_AVX2))
        rows[n++] = &as_bank_avx2;
#endif
    rows[n++] = &bank_plain;
    return i < n ? rows[i] : NULL;
}

/* --- distances --- */

AS_ISA_CLONES(double, bank_distance, (const float *restrict a, const float *restrict b, size_t n), (a, b, n))
{
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            double gap = (double)a[i + k] - (double)b[i + k];
            sums[k] += gap * gap;
        }
    for (size_t k = 0; i < n; i++, k++) {
        double gap = (double)a[i] - (double)b[i];
        sums[k] += gap * gap;
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

double as_bank_distance(const float *a, const float *b, size_t n)
{
    return bank_distance(a, b, n);
}

/* --- vectors --- */

AS_ISA_CLONES(double, bank_centre, (const float *restrict v, const float *restrict mean, size_t n, float *restrict ret),
              (v, mean, n, ret))
{
    double sums[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            double gap = (double)v[i + k] - (double)mean[i + k];
            sums[k] += gap * gap;
            ret[i + k] = (float)gap;
        }
    for (; i < n; i++) {
        double gap = (double)v[i] - (double)mean[i];
        rest += gap * gap;
        ret[i] = (float)gap;
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])) + rest;
}

AS_ISA_CLONES(double, bank_square, (const float *restrict v, size_t n), (v, n))
{
    double sums[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += (double)v[i + k] * (double)v[i + k];
    for (; i < n; i++)
        rest += (double)v[i] * (double)v[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])) + rest;
}

AS_ISA_CLONES(float, bank_largest, (const float *restrict v, size_t n), (v, n))
{
    float  most[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            float size = v[i + k] < 0 ? -v[i + k] : v[i + k];
            most[k] = most[k] < size ? size : most[k];
        }
    for (; i < n; i++)
        rest = fmaxf(rest, fabsf(v[i]));
    for (size_t k = 0; k < 8; k++)
        rest = rest < most[k] ? most[k] : rest;
    return rest;
}

/* Adding and taking off 1.5 * 2^52 rounds to a whole number. */
AS_ISA_CLONES(void, bank_digits,
              (const float *restrict v, size_t n, double gain, int16_t *restrict ret, double *restrict sums),
              (v, n, gain, ret, sums))
{
    const double whole = 6755399441055744.0, per = 1 / gain;
    size_t       i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            double digit = ((double)v[i + k] * per + whole) - whole, left = (double)v[i + k] - digit * gain;
            ret[i + k] = (int16_t)(int32_t)digit;
            sums[k] += left * left;
            sums[8 + k] += digit * digit;
        }
    for (; i < n; i++) {
        double digit = ((double)v[i] * per + whole) - whole, left = (double)v[i] - digit * gain;
        ret[i] = (int16_t)(int32_t)digit;
        sums[0] += left * left;
        sums[8] += digit * digit;
    }
}

AS_ISA_CLONES(int32_t, bank_bytes, (const int16_t *restrict digits, size_t n, unsigned offset, uint8_t *restrict ret),
              (digits, n, offset, ret))
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += digits[i];
        ret[i] = (uint8_t)((unsigned)digits[i] + offset);
    }
    return sum;
}

double as_bank_centre(const float *v, const float *mean, size_t n, float *ret)
{
    return bank_centre(v, mean, n, ret);
}

double as_bank_square(const float *v, size_t n)
{
    return bank_square(v, n);
}

float as_bank_largest(const float *v, size_t n)
{
    return bank_largest(v, n);
}

int32_t as_bank_digits(const float *v, size_t n, float gain, int16_t *ret, double *ret_error)
{
    double sums[16] = {0}, square = 0;
    bank_digits(v, n, (double)gain, ret, sums);
    *ret_error = 0;
    for (size_t k = 0; k < 8; k++) {
        *ret_error += sums[k];
        square += sums[8 + k];
    }
    return (int32_t)square;
}

int32_t as_bank_bytes(const int16_t *digits, size_t n, unsigned offset, uint8_t *ret)
{
    return bank_bytes(digits, n, offset, ret);
}
