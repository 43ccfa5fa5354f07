/* SPDX-License-Identifier: Apache-2.0 */
/* bank.h - the nearest rows of a bank, exactly: PatchCore's memory (Roth et al., CVPR 2022).
 *
 * Layer:   engine (may use base/).
 * Threads: a bank is immutable: any number of searches may share it; a search belongs to one thread at a time.
 * Memory:  as_bank_new makes a copy of a quarter of the rows' size; the rows are borrowed, and may be a mapped file. A run
 *          allocates nothing.
 *
 * Products of 8-bit numbers find the candidates, 64-bit sums over the rows as they are decide. With q = q' + e and
 * b = b' + f, where q' and b' are what the 8-bit numbers stand for, |q b - q' b'| <= |q| |f| + |e| |b'| (Cauchy and Schwarz); the
 * lengths of e and f are known, rounded up. So each product gives a least and a greatest distance, and a row is left out only when
 * its least is above the k-th smallest greatest: no row that is among the k nearest can be. The answer is that of a
 * search through all rows in float64, whatever the data; what it costs is more candidates where rows are much alike.
 */
#ifndef AS_ENGINE_BANK_H
#define AS_ENGINE_BANK_H

#include "base/err.h"

#define AS_BANK_MOST_ROWS ((size_t)1 << 24)
#define AS_BANK_MOST_SIZE 8192 /* numbers of a row: their 8-bit products fit a 32-bit sum */
#define AS_BANK_MOST_K    64

typedef struct as_bank   as_bank;
typedef struct as_search as_search;

/* rows: n x size f32, row after row, kept by the caller as long as the bank. AS_EINVAL where one is NaN or infinite, or so
 * large that its square is. */
AS_CHECK as_bank *as_bank_new(const float *rows, size_t n, uint32_t size, as_err *err);
as_bank          *as_bank_free(as_bank *bank);
const char       *as_bank_kernel_name(const as_bank *bank); /* "avx512_vnni", "avx2", "plain" */

/* For the k nearest, at most as many as there are rows. */
AS_CHECK as_search *as_search_new(const as_bank *bank, uint32_t k, as_err *err);
as_search          *as_search_free(as_search *search);

/* queries: n x size. ret_rows and ret_distances: n x k, nearest first, of equals the lower row; distances are squares of
 * Euclid's. AS_EINVAL for a NaN or an infinite number, naming its query. */
AS_CHECK bool as_search_run(as_search *search, const float *queries, size_t n, uint32_t *ret_rows,
                            double *ret_distances, as_err *err);

/* Rows that were compared in float64, in all runs. */
uint64_t as_search_n_compared(const as_search *search);

#endif
