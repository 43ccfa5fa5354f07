/* SPDX-License-Identifier: Apache-2.0 */
/* coreset.h - a few rows that stand for many: greedy k-centre selection, as PatchCore thins its bank.
 *
 * Layer:   engine (may use base/).
 * Threads: any thread.
 * Memory:  as_coreset_select allocates for its call: n x `project` f32 when it projects, and n distances.
 *
 * Each step takes the row that is furthest from all that were taken (Gonzalez 1985: within twice the best radius), and
 * brings the distances up to date in one pass: O(n k d). Distances may be those of a random projection (Johnson and
 * Lindenstrauss; PatchCore, Roth et al. 2022, section 3.2). The same seed gives the same rows, on every processor.
 */
#ifndef AS_ENGINE_CORESET_H
#define AS_ENGINE_CORESET_H

#include "base/progress.h"

typedef struct as_coreset_cfg {
    uint32_t           project; /* numbers of a row after projecting; 0, or as many as there are: none */
    uint64_t           seed;    /* of the first row, and of the projection */
    const as_progress *progress;
} as_coreset_cfg;

/* rows: n x size. ret_rows: k of them (k <= n) in the order in which they were taken. Fewer are taken only where the rest are
 * copies: *ret_n. ret_radius: how far the furthest row is from those taken, in what distances were taken in; NULL: not asked.
 * AS_EINVAL for a NaN or an infinite number, AS_ECANCELLED. */
AS_CHECK bool as_coreset_select(const float *rows, size_t n, uint32_t size, const as_coreset_cfg *cfg, size_t k,
                                uint32_t *ret_rows, size_t *ret_n, double *ret_radius, as_err *err);

#endif
