/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/near.h"

#include <math.h>
#include <stdlib.h>

#define NEAR_PIECES (AS_NEAR_MOST_BITS + 1)

typedef struct near_hash {
    uint64_t hash;
    size_t   index;
} near_hash;

typedef struct near_job {
    const as_manifest *manifest;
    as_near_pairs     *ret;
    near_hash         *at;
    size_t             n;
    uint64_t           steps;
} near_job;

/* 64 bits in five pieces of 12 or 13. */
static uint64_t near_mask(unsigned piece)
{
    unsigned from = piece * 64 / NEAR_PIECES, to = (piece + 1) * 64 / NEAR_PIECES;
    return ((1ull << (to - from)) - 1) << from;
}

static int near_compare(const void *a, const void *b, void *ctx)
{
    const near_hash *x = a, *y = b;
    uint64_t         mask = *(const uint64_t *)ctx, p = x->hash & mask, q = y->hash & mask;
    return p != q ? (p > q) - (p < q) : (x->index > y->index) - (x->index < y->index);
}

static bool near_comparable(const as_sample *a, const as_sample *b)
{
    return a->width == b->width && a->height == b->height && !as_digest_equal(&a->image, &b->image);
}

static bool near_as_sharp(const as_sample *a, const as_sample *b)
{
    return !isfinite(a->sharpness) || !isfinite(b->sharpness) ||
           fabs(a->sharpness - b->sharpness) <= AS_NEAR_SHARPNESS * fmax(a->sharpness, b->sharpness);
}

static bool near_pair(near_job *job, unsigned piece, const near_hash *a, const near_hash *b, as_err *err)
{
    uint64_t differ = a->hash ^ b->hash;
    unsigned bits = (unsigned)__builtin_popcountll(differ);
    if (bits > AS_NEAR_MOST_BITS)
        return true;
    for (unsigned before = 0; before < piece; before++)
        if (!(differ & near_mask(before)))
            return true; /* counted there */
    const as_sample *x = as_manifest_at(job->manifest, a->index), *y = as_manifest_at(job->manifest, b->index);
    if (!near_comparable(x, y))
        return true;
    job->ret->n_any[bits]++;
    if (!near_as_sharp(x, y))
        return true;
    job->ret->n_at[bits]++;
    if (bits > AS_NEAR_MOST_BITS - 2)
        return true;
    as_near_pair pair = {AS_MIN(a->index, b->index), AS_MAX(a->index, b->index), bits};
    if (job->ret->at.n == AS_NEAR_MAX_PAIRS)
        job->ret->cut = true;
    else if (!as_vec_push(&job->ret->at, pair))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for pairs of pictures");
    return true;
}

static bool near_piece(near_job *job, unsigned piece, as_err *err)
{
    uint64_t mask = near_mask(piece);
    qsort_r(job->at, job->n, sizeof *job->at, near_compare, &mask);
    for (size_t i = 0; i < job->n; i++)
        for (size_t k = i + 1; k < job->n && !((job->at[i].hash ^ job->at[k].hash) & mask); k++) {
            if (job->steps++ >= AS_NEAR_MAX_STEPS) {
                job->ret->cut = true;
                return true;
            }
            if (!near_pair(job, piece, &job->at[i], &job->at[k], err))
                return false;
        }
    return true;
}

bool as_near_find(const as_manifest *manifest, as_near_pairs *ret, as_err *err)
{
    size_t   n = as_manifest_count(manifest);
    near_job job = {.manifest = manifest, .ret = ret, .at = calloc(n + 1, sizeof *job.at)};
    *ret = (as_near_pairs){.most = -1};
    if (!job.at)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory to compare %zu pictures", n);
    for (size_t i = 0; i < n; i++)
        if (as_manifest_at(manifest, i)->difference_hash)
            job.at[job.n++] = (near_hash){as_manifest_at(manifest, i)->difference_hash, i};
    ret->n_hashed = job.n;
    bool ok = true;
    for (unsigned piece = 0; ok && piece < NEAR_PIECES; piece++)
        ok = near_piece(&job, piece, err);
    free(job.at);
    if (!ok) {
        as_near_done(ret);
        return false;
    }
    uint64_t sum = 0;
    for (int bits = 0; bits <= AS_NEAR_MOST_BITS - 2; bits++) {
        sum += ret->n_at[bits];
        if (sum && sum >= ret->n_any[bits + 1] + ret->n_any[bits + 2]) {
            ret->most = bits;
            ret->n = sum;
        }
    }
    return true;
}

void as_near_done(as_near_pairs *pairs)
{
    as_vec_done(&pairs->at);
}
