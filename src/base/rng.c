/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>

/* Steele, Lea, Flood 2014, as given by Vigna at prng.di.unimi.it/splitmix64.c */
static uint64_t rng_splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static uint64_t rng_rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

as_rng as_rng_new(uint64_t seed)
{
    as_rng rng = {0};
    for (size_t i = 0; i < AS_COUNT(rng.s); i++)
        rng.s[i] = rng_splitmix(&seed);
    return rng;
}

as_rng as_rng_stream(uint64_t seed, uint64_t stream)
{
    /* Both words go through the mixer, one after the other: neighbouring pairs such as (1, 2) and (2, 1) or (0, 1) and
     * (1, 0) share nothing. */
    uint64_t state = seed;
    uint64_t mixed = rng_splitmix(&state);
    state = mixed ^ stream;
    mixed = rng_splitmix(&state);
    return as_rng_new(mixed);
}

uint64_t as_rng_u64(as_rng *rng)
{
    uint64_t *s = rng->s, ret = rng_rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rng_rotl(s[3], 45);
    return ret;
}

uint64_t as_rng_below(as_rng *rng, uint64_t n)
{
    /* Values under 2^64 mod n would make the first remainders a little likelier. */
    uint64_t least = (0 - n) % n, r;
    do
        r = as_rng_u64(rng);
    while (r < least);
    return r % n;
}

double as_rng_unit(as_rng *rng)
{
    return (double)(as_rng_u64(rng) >> 11) * 0x1p-53;
}

double as_rng_range(as_rng *rng, double low, double high)
{
    double r = low + (high - low) * as_rng_unit(rng);
    return r < high || !(low < high) ? r : low; /* rounding may reach high */
}

double as_rng_normal(as_rng *rng)
{
    if (rng->has_spare) {
        rng->has_spare = false;
        return rng->spare;
    }
    double u, v, q;
    do {
        u = 2 * as_rng_unit(rng) - 1;
        v = 2 * as_rng_unit(rng) - 1;
        q = u * u + v * v;
    } while (q >= 1 || q == 0);
    double f = sqrt(-2 * log(q) / q);
    rng->spare = v * f;
    rng->has_spare = true;
    return u * f;
}

uint32_t as_rng_poisson(as_rng *rng, double mean)
{
    if (!(mean > 0))
        return 0;
    if (mean > 30) {
        double r = round(mean + sqrt(mean) * as_rng_normal(rng));
        return r <= 0 ? 0 : r >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)r;
    }
    /* Knuth, The Art of Computer Programming 2, 3.4.1 */
    double   least = exp(-mean), product = as_rng_unit(rng);
    uint32_t n = 0;
    while (product > least) {
        product *= as_rng_unit(rng);
        n++;
    }
    return n;
}

void as_rng_shuffle_u32(as_rng *rng, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t   j = (size_t)as_rng_below(rng, i);
        uint32_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}
