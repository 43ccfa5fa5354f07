/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/unlike.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNLIKE_FLOOR 1e-6
#define UNLIKE_SHARE 0.1 /* of the usual deviation: a column that varies less is taken for one that does not */
#define UNLIKE_ROWS  10  /* of the reference, for each column, to know a covariance by */

struct as_unlike {
    size_t   n;
    uint32_t width;
    bool     whitens;
    double  *mean, *scale; /* of the columns: they are standardised before all else */
    double  *factor;       /* lower triangle of the shrunk covariance (Cholesky); width x width */
    double  *rows;         /* whitened; n x width */
    double  *usual;        /* distance of each row to the others, ascending */
};

static bool unlike_room(as_unlike *u, as_err *err)
{
    size_t width = u->width, count;
    if (!as_size_mul(u->n, width, &count) || !as_size_mul(width, width, &count))
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu rows of %u numbers", u->n, u->width);
    u->mean = calloc(width + 1, sizeof *u->mean);
    u->scale = calloc(width + 1, sizeof *u->scale);
    u->factor = calloc(width * width + 1, sizeof *u->factor);
    u->rows = calloc(u->n * width + 1, sizeof *u->rows);
    u->usual = calloc(u->n + 1, sizeof *u->usual);
    return (u->mean && u->scale && u->factor && u->rows && u->usual) ||
           AS_FAIL(err, AS_ENOMEM, "cannot hold %zu rows of %u numbers", u->n, u->width);
}

/* Columns to mean 0; returns the mean of their variances. */
static double unlike_centre(as_unlike *u)
{
    double total = 0;
    for (uint32_t f = 0; f < u->width; f++) {
        double sum = 0, squared = 0;
        for (size_t i = 0; i < u->n; i++)
            sum += u->rows[i * u->width + f];
        u->mean[f] = sum / (double)u->n;
        for (size_t i = 0; i < u->n; i++) {
            double d = u->rows[i * u->width + f] -= u->mean[f];
            squared += d * d;
        }
        u->scale[f] = sqrt(squared / (double)u->n);
        total += squared / (double)u->n;
    }
    return total / u->width;
}

static void unlike_standardise(as_unlike *u, const double *floors)
{
    double usual = sqrt(unlike_centre(u));
    for (uint32_t f = 0; f < u->width; f++) {
        u->scale[f] = fmax(u->scale[f], floors ? floors[f] : fmax(UNLIKE_SHARE * usual, UNLIKE_FLOOR));
        for (size_t i = 0; i < u->n; i++)
            u->rows[i * u->width + f] /= u->scale[f];
    }
}

/* The covariance in the lower triangle of factor. */
static void unlike_covariance(as_unlike *u)
{
    for (size_t i = 0; i < u->n; i++) {
        const double *row = u->rows + i * u->width;
        for (uint32_t a = 0; a < u->width; a++)
            for (uint32_t b = 0; b <= a; b++)
                u->factor[a * u->width + b] += row[a] * row[b] / (double)u->n;
    }
}

static void unlike_shrink(as_unlike *u)
{
    double trace = 0, norm = 0, fourth = 0, n = (double)u->n, width = u->width;
    for (uint32_t a = 0; a < u->width; a++)
        for (uint32_t b = 0; b <= a; b++) {
            double v = u->factor[a * u->width + b];
            norm += (a == b ? 1 : 2) * v * v;
            trace += a == b ? v : 0;
        }
    for (size_t i = 0; i < u->n; i++) {
        double squared = 0;
        for (uint32_t f = 0; f < u->width; f++)
            squared += u->rows[i * u->width + f] * u->rows[i * u->width + f];
        fourth += squared * squared;
    }
    double mean = trace / width, spread = norm - mean * mean * width, noise = (fourth / n - norm) / n;
    double share = spread > 0 ? fmin(fmax(noise, 0), spread) / spread : 1;
    share = fmax(share, 1e-3); /* what does not vary at all must not decide */
    /* Of columns that are all constant there is no mean variance: then they count as they are, in floors. */
    mean = fmax(mean, UNLIKE_FLOOR);
    for (uint32_t a = 0; a < u->width; a++)
        for (uint32_t b = 0; b <= a; b++)
            u->factor[a * u->width + b] = (1 - share) * u->factor[a * u->width + b] + (a == b ? share * mean : 0);
}

static void unlike_factor(as_unlike *u)
{
    for (uint32_t a = 0; a < u->width; a++) {
        double *row = u->factor + (size_t)a * u->width;
        for (uint32_t b = 0; b <= a; b++) {
            const double *other = u->factor + (size_t)b * u->width;
            double        sum = row[b];
            for (uint32_t k = 0; k < b; k++)
                sum -= row[k] * other[k];
            row[b] = a == b ? sqrt(fmax(sum, UNLIKE_FLOOR * UNLIKE_FLOOR)) : sum / other[b];
        }
    }
}

/* In place: forward substitution. */
static void unlike_whiten(const as_unlike *u, double *row)
{
    for (uint32_t a = 0; a < u->width; a++) {
        const double *factor = u->factor + (size_t)a * u->width;
        for (uint32_t k = 0; k < a; k++)
            row[a] -= factor[k] * row[k];
        row[a] /= factor[a];
    }
}

/* To the K-th nearest row but the one called `without`; row is whitened. */
static double unlike_nearest(const as_unlike *u, const double *row, size_t without)
{
    double nearest[AS_UNLIKE_K];
    for (size_t k = 0; k < AS_UNLIKE_K; k++)
        nearest[k] = INFINITY;
    for (size_t i = 0; i < u->n; i++) {
        double        squared = 0;
        const double *other = u->rows + i * u->width;
        for (uint32_t f = 0; f < u->width; f++)
            squared += (row[f] - other[f]) * (row[f] - other[f]);
        if (i == without || squared >= nearest[AS_UNLIKE_K - 1])
            continue;
        size_t at = AS_UNLIKE_K - 1;
        for (; at > 0 && nearest[at - 1] > squared; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = squared;
    }
    return sqrt(nearest[AS_UNLIKE_K - 1]);
}

static int unlike_compare(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;
    return (l > r) - (l < r);
}

as_unlike *as_unlike_new(const double *rows, size_t n, uint32_t width, const double *floors, as_err *err)
{
    if (n < AS_UNLIKE_LEAST || width == 0) {
        AS_FAIL(err, AS_EINVAL, "a reference of %zu pictures is too small: it takes %d to say what is usual", n,
                AS_UNLIKE_LEAST);
        return NULL;
    }
    as_unlike *u = calloc(1, sizeof *u);
    if (!u) {
        AS_FAIL(err, AS_ENOMEM, "out of memory");
        return NULL;
    }
    u->n = AS_MIN(n, (size_t)AS_UNLIKE_MOST);
    u->width = width;
    if (!unlike_room(u, err))
        return as_unlike_free(u);
    for (size_t i = 0; i < u->n; i++)
        memcpy(u->rows + i * width, rows + i * n / u->n * width, width * sizeof *rows);
    unlike_standardise(u, floors);
    u->whitens = u->n >= (size_t)width * UNLIKE_ROWS;
    if (u->whitens) {
        unlike_covariance(u);
        unlike_shrink(u);
        unlike_factor(u);
    }
    for (size_t i = 0; u->whitens && i < u->n; i++)
        unlike_whiten(u, u->rows + i * width);
    for (size_t i = 0; i < u->n; i++)
        u->usual[i] = unlike_nearest(u, u->rows + i * width, i);
    qsort(u->usual, u->n, sizeof *u->usual, unlike_compare);
    return u;
}

as_unlike *as_unlike_free(as_unlike *unlike)
{
    if (!unlike)
        return NULL;
    free(unlike->mean);
    free(unlike->scale);
    free(unlike->factor);
    free(unlike->rows);
    free(unlike->usual);
    free(unlike);
    return NULL;
}

size_t as_unlike_count(const as_unlike *unlike)
{
    return unlike->n;
}

double as_unlike_distance(const as_unlike *unlike, const double *row)
{
    double few[64] = {0}, *whitened = unlike->width <= AS_COUNT(few) ? few : malloc(unlike->width * sizeof *whitened);
    if (!whitened)
        return NAN;
    for (uint32_t f = 0; f < unlike->width; f++)
        whitened[f] = (row[f] - unlike->mean[f]) / unlike->scale[f];
    if (unlike->whitens)
        unlike_whiten(unlike, whitened);
    double distance = unlike_nearest(unlike, whitened, SIZE_MAX);
    if (whitened != few)
        free(whitened);
    return distance;
}

double as_unlike_limit(const as_unlike *unlike, double share)
{
    double rank = ceil(share * (double)unlike->n);
    size_t at = rank < 1 ? 0 : AS_MIN((size_t)rank, unlike->n) - 1;
    return unlike->usual[at];
}

uint32_t as_unlike_column(const as_unlike *unlike, const double *row, double *ret_deviations)
{
    uint32_t at = 0;
    double   most = -1;
    for (uint32_t f = 0; f < unlike->width; f++) {
        double z = fabs(row[f] - unlike->mean[f]) / unlike->scale[f];
        if (z > most) {
            most = z;
            at = f;
        }
    }
    *ret_deviations = most;
    return at;
}
