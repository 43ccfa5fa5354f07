/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/shift.h"

#include <math.h>
#include <stdlib.h>

#define SHIFT_STEPS 500
#define SHIFT_TINY  1e-300

double as_shift_ks(const double *a, size_t n, const double *b, size_t m)
{
    double most = 0;
    size_t i = 0, k = 0;
    while (i < n && k < m) {
        double x = fmin(a[i], b[k]);
        while (i < n && a[i] <= x)
            i++;
        while (k < m && b[k] <= x)
            k++;
        most = fmax(most, fabs((double)i / (double)n - (double)k / (double)m));
    }
    return most;
}

double as_shift_kolmogorov(double x)
{
    double sum = 0;
    if (x <= 0)
        return 1;
    if (x < 1.18) { /* here the alternating series needs many terms, and its twin by Jacobi's identity few */
        for (int k = 1; k <= 9; k += 2)
            sum += exp(-k * k * M_PI * M_PI / (8 * x * x));
        return fmax(0, 1 - sqrt(2 * M_PI) / x * sum);
    }
    for (int k = 1; k <= 8; k++)
        sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    return sum;
}

double as_shift_ks_p(double distance, size_t n, size_t m)
{
    double s = sqrt((double)n * (double)m / ((double)n + (double)m));
    return as_shift_kolmogorov((s + 0.12 + 0.11 / s) * distance);
}

double as_shift_chi2(const uint64_t *a, const uint64_t *b, size_t k, size_t *ret_df)
{
    double n = 0, m = 0, chi2 = 0;
    size_t used = 0;
    for (size_t i = 0; i < k; i++) {
        n += (double)a[i];
        m += (double)b[i];
    }
    *ret_df = 0;
    if (n == 0 || m == 0)
        return 0;
    for (size_t i = 0; i < k; i++) {
        double both = (double)(a[i] + b[i]), in_a = both * n / (n + m), in_b = both * m / (n + m);
        if (both == 0)
            continue;
        chi2 += ((double)a[i] - in_a) * ((double)a[i] - in_a) / in_a;
        chi2 += ((double)b[i] - in_b) * ((double)b[i] - in_b) / in_b;
        used++;
    }
    *ret_df = used - 1;
    return chi2;
}

static double shift_lgamma(double x)
{
    int sign;
    return lgamma_r(x, &sign); /* lgamma writes a global */
}

/* Upper incomplete gamma function over the whole: by the series below a + 1, by the continued fraction above (Abramowitz and
 * Stegun 6.5.29, 6.5.31). */
static double shift_gamma_above(double a, double x)
{
    double front = exp(a * log(x) - x - shift_lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int i = 1; i < SHIFT_STEPS && term > sum * 1e-16; i++)
            sum += term *= x / (a + i);
        return fmax(0, 1 - front * sum);
    }
    double b = x + 1 - a, c = 1 / SHIFT_TINY, d = 1 / b, h = d;
    for (int i = 1; i < SHIFT_STEPS; i++) {
        double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < SHIFT_TINY ? SHIFT_TINY : d);
        c = b + an / c;
        c = fabs(c) < SHIFT_TINY ? SHIFT_TINY : c;
        h *= c * d;
        if (fabs(c * d - 1) < 1e-15)
            break;
    }
    return front * h;
}

double as_shift_chi2_p(double chi2, size_t df)
{
    return df == 0 || chi2 <= 0 ? 1 : shift_gamma_above((double)df / 2, chi2 / 2);
}

double as_shift_psi(const uint64_t *a, const uint64_t *b, size_t k)
{
    double n = 0, m = 0, psi = 0;
    for (size_t i = 0; i < k; i++) {
        n += (double)a[i] + 0.5;
        m += (double)b[i] + 0.5;
    }
    for (size_t i = 0; i < k; i++) {
        double p = ((double)a[i] + 0.5) / n, q = ((double)b[i] + 0.5) / m;
        psi += (q - p) * log(q / p);
    }
    return psi;
}

double as_shift_psi_of(const double *a, size_t n, const double *b, size_t m)
{
    double   edges[AS_SHIFT_CELLS];
    uint64_t in_a[AS_SHIFT_CELLS + 1] = {0}, in_b[AS_SHIFT_CELLS + 1] = {0};
    size_t   k = 0;
    for (size_t i = 1; i < AS_SHIFT_CELLS; i++) {
        double edge = a[i * n / AS_SHIFT_CELLS];
        if (k == 0 || edge > edges[k - 1])
            edges[k++] = edge;
    }
    /* Up to the first edge, and so on; one cell more for what is above all of a: a picture may be of another kind. */
    if (a[n - 1] > edges[k - 1])
        edges[k++] = a[n - 1];
    for (size_t i = 0, cell = 0; i < n; i++) {
        while (cell < k && a[i] > edges[cell])
            cell++;
        in_a[cell]++;
    }
    for (size_t i = 0, cell = 0; i < m; i++) {
        while (cell < k && b[i] > edges[cell])
            cell++;
        in_b[cell]++;
    }
    return as_shift_psi(in_a, in_b, k + 1);
}

void as_shift_holm(double *p, size_t k)
{
    size_t order[AS_SHIFT_MOST];
    double before = 0;
    k = AS_MIN(k, (size_t)AS_SHIFT_MOST);
    for (size_t i = 0; i < k; i++) {
        size_t at = i;
        for (; at > 0 && p[order[at - 1]] > p[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < k; i++)
        before = p[order[i]] = fmin(1, fmax(before, p[order[i]] * (double)(k - i)));
}
