/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/interval.h"

#include <float.h>
#include <math.h>

#define CF_MAX_STEPS 400000
#define BOTH_HUGE    1e9 /* successes and failures above this: Wilson, which then differs by less than 1e-9 */
#define MOST_SAMPLES 1000000000000ULL /* further samples past this are no plan */

static double interval_lgamma(double x)
{
    int sign;
    return lgamma_r(x, &sign); /* lgamma writes a global */
}

/* ln of x^a (1-x)^b / B(a, b). */
static double beta_log_front(double x, double a, double b)
{
    return interval_lgamma(a + b) - interval_lgamma(a) - interval_lgamma(b) + a * log(x) + b * log1p(-x);
}

/* The continued fraction of I_x(a, b) (Abramowitz and Stegun 26.5.8), evaluated by Lentz's method (Applied Optics 15,
 * 1976); converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double       c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int i = 1; i <= CF_MAX_STEPS; i++) {
        double m = i;
        double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 + even * d;
        c = 1.0 + even / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        d = 1.0 + odd * d;
        c = 1.0 + odd / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1.0) < 1e-15)
            break;
    }
    return h;
}

double as_beta_cdf(double x, double a, double b)
{
    if (!(a > 0) || !(b > 0) || isnan(x))
        return NAN;
    if (x <= 0)
        return 0;
    if (x >= 1)
        return 1;
    double front = exp(beta_log_front(x, a, b));
    double p = x < (a + 1.0) / (a + b + 2.0) ? front * beta_fraction(x, a, b) / a
                                             : 1.0 - front * beta_fraction(1.0 - x, b, a) / b;
    return p < 0 ? 0 : p > 1 ? 1 : p;
}

double as_beta_quantile(double p, double a, double b)
{
    if (!(a > 0) || !(b > 0) || isnan(p))
        return NAN;
    if (p <= 0)
        return 0;
    if (p >= 1)
        return 1;
    double low = 0, high = 1, x = a / (a + b);
    for (int i = 0; i < 400; i++) {
        double diff = as_beta_cdf(x, a, b) - p;
        if (diff == 0)
            return x;
        if (diff < 0)
            low = x;
        else
            high = x;
        double density = exp(beta_log_front(x, a, b)) / (x * (1.0 - x));
        double next = x - diff / density;
        /* Newton where it stays inside; else halve, geometrically when the root may be many powers of ten away. */
        if (!(next > low && next < high))
            next = low > 0 && high > 4 * low ? sqrt(low * high) : low == 0 ? high / 16 : (low + high) / 2;
        if (fabs(next - x) <= 1e-14 * x || high - low <= DBL_EPSILON * low)
            return next;
        x = next;
    }
    return x;
}

double as_normal_quantile(double p)
{
    if (isnan(p))
        return NAN;
    if (p <= 0)
        return -INFINITY;
    if (p >= 1)
        return INFINITY;
    if (p > 0.5)
        return -as_normal_quantile(1.0 - p);
    /* A start good to 4.5e-4 (Abramowitz and Stegun 26.2.23), then Halley's method on erfc. */
    double t = sqrt(-2.0 * log(p));
    double x =
        -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
    for (int i = 0; i < 3; i++) {
        double density = exp(-x * x / 2.0) / sqrt(2.0 * M_PI);
        double step = (erfc(-x / M_SQRT2) / 2.0 - p) / density;
        x -= step / (1.0 + x * step / 2.0);
    }
    return x;
}

static as_interval interval_wilson_z(double k, double n, double z)
{
    double rate = k / n, z2 = z * z;
    double centre = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    double half = z / (1.0 + z2 / n) * sqrt(rate * (1.0 - rate) / n + z2 / (4.0 * n * n));
    return (as_interval){k <= 0 ? 0 : centre - half, k >= n ? 1 : centre + half};
}

as_interval as_interval_wilson(uint64_t k, uint64_t n, double confidence)
{
    if (n == 0 || k > n)
        return (as_interval){0, 1};
    return interval_wilson_z((double)k, (double)n, as_normal_quantile(0.5 + confidence / 2.0));
}

double as_interval_rate_low(uint64_t k, uint64_t n, double confidence)
{
    if (k == 0 || k > n)
        return 0;
    double good = (double)k, bad = (double)(n - k);
    if (good > BOTH_HUGE && bad > BOTH_HUGE)
        return interval_wilson_z(good, good + bad, as_normal_quantile(confidence)).low;
    return as_beta_quantile(1.0 - confidence, good, bad + 1.0);
}

double as_interval_rate_high(uint64_t k, uint64_t n, double confidence)
{
    if (k >= n)
        return 1;
    double good = (double)k, bad = (double)(n - k);
    if (good > BOTH_HUGE && bad > BOTH_HUGE)
        return interval_wilson_z(good, good + bad, as_normal_quantile(confidence)).high;
    return as_beta_quantile(confidence, good + 1.0, bad);
}

as_interval as_interval_rate(uint64_t k, uint64_t n, double confidence)
{
    double one_sided = 0.5 + confidence / 2.0;
    return (as_interval){as_interval_rate_low(k, n, one_sided), as_interval_rate_high(k, n, one_sided)};
}

/* Do `errors` of n prove an error rate of at most `limit`? The bound is at most the limit exactly when so few errors would
 * be as rare as 1 - confidence at the limit: one value of the distribution instead of its quantile. */
static bool interval_proves(uint64_t errors, uint64_t n, double limit, double confidence)
{
    if (errors >= n)
        return false;
    double e = (double)errors, good = (double)(n - errors);
    if (e > BOTH_HUGE && good > BOTH_HUGE)
        return interval_wilson_z(e, e + good, as_normal_quantile(confidence)).high <= limit;
    return as_beta_cdf(1.0 - limit, good, e + 1.0) <= 1.0 - confidence;
}

/* The smallest n for which `errors` of it prove the limit; MOST_SAMPLES if there is none below. */
static uint64_t interval_proving_n(uint64_t errors, double limit, double confidence)
{
    uint64_t low = errors, high = errors + 16; /* low never proves */
    while (!interval_proves(errors, high, limit, confidence)) {
        low = high;
        if (high >= MOST_SAMPLES)
            return MOST_SAMPLES;
        high *= 2;
    }
    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;
        if (interval_proves(errors, mid, limit, confidence))
            high = mid;
        else
            low = mid;
    }
    return high;
}

uint64_t as_interval_more_needed(uint64_t k, uint64_t n, double target, bool at_least, double confidence)
{
    if (k > n || isnan(target) || !(confidence > 0 && confidence < 1))
        return UINT64_MAX;
    uint64_t errors = at_least ? n - k : k;
    double   limit = at_least ? 1.0 - target : target;
    if (limit >= 1)
        return 0;
    if (limit <= 0)
        return UINT64_MAX; /* no number of samples proves perfection */
    if (n > 0 && interval_proves(errors, n, limit, confidence))
        return 0;
    if (errors == 0) {
        uint64_t need = interval_proving_n(0, limit, confidence);
        return need >= MOST_SAMPLES ? UINT64_MAX : need - n;
    }
    double rate = (double)errors / (double)n;
    if (rate >= limit)
        return UINT64_MAX;
    /* With E errors in all, n(E) samples prove it; the rate seen so far allows them when E / n(E) >= rate. As n(E) grows
     * by less than 1 / rate for each error once E is large, the first such E is found by doubling and halving. */
    uint64_t low = errors, high = errors, need;
    for (;;) {
        high *= 2;
        need = interval_proving_n(high, limit, confidence);
        if (need >= MOST_SAMPLES)
            return UINT64_MAX;
        if ((double)high >= rate * (double)need)
            break;
        low = high;
    }
    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;
        if ((double)mid >= rate * (double)interval_proving_n(mid, limit, confidence))
            high = mid;
        else
            low = mid;
    }
    return interval_proving_n(high, limit, confidence) - n;
}

uint64_t as_interval_quantile_min_n(double q, double confidence)
{
    if (!(q > 0 && q < 1) || !(confidence > 0 && confidence < 1))
        return UINT64_MAX;
    return interval_proving_n(0, 1.0 - q, confidence);
}

uint64_t as_interval_quantile_rank(uint64_t n, double q, double confidence)
{
    if (n == 0 || !(q > 0 && q < 1) || !(confidence > 0 && confidence < 1))
        return 0;
    /* The r-th smallest is an upper bound when r or more of n at or below the quantile would prove a share of q: the same
     * question as for a rate with n - r errors (Conover, Practical Nonparametric Statistics, section 3.2). */
    if (!interval_proves(0, n, 1.0 - q, confidence))
        return 0;
    uint64_t low = 0, high = n; /* high proves */
    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;
        if (interval_proves(n - mid, n, 1.0 - q, confidence))
            high = mid;
        else
            low = mid;
    }
    return high;
}
