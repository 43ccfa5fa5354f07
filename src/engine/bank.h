/* SPDX-License-Identifier: Apache-2.0 */
/* bank.h - the nearest rows of a bank, exactly: PatchCore's memory (Roth et al., CVPR 2022).
 *
 * Layer:   engine (may use base/).
 * Threads: a bank is immutable: any number of searches may share it; a search belongs to one thread at a time.
 * Memory:  as_bank_new keeps half of the rows' size and 12 bytes a row, or less where a few axes do; the rows are borrowed, and may be a
 *          mapped file. A run allocates nothing.
 *
 * Features of a network differ along a few axes more than along all others. With q = q1 + q2, along those axes and across them,
 * |q b - q1 b1| <= |q2| |b2| (Cauchy and Schwarz). The products along the axes are of numbers of 12 bits: with q1 = q' + e and
 * b1 = b' + f, |q1 b1 - q' b'| <= |q1| |f| + |e| |b'|; the lengths of all of these are known, rounded up. So each product gives a
 * least distance, and a row is left out only when its least is above the k-th smallest distance found so far: no row that is
 * among the k nearest can be. All rows get a look along a few axes; those that it leaves, a few in a hundred, get a second one along
 * more; those that this leaves are compared, the likeliest first. A query begins with what is near the query before it, since the next
 * patch of a picture is like the one before. The distances are 64-bit sums over the rows as they are: the answer is that of a
 * search through all rows in float64, whatever the data and whatever the axes; what they cost is more comparisons. How many axes
 * are best is found from the rows; where none help, the numbers are those of the rows as they are.
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
const char       *as_bank_kernel_name(const as_bank *bank);  /* "avx512_vnni", "avx2", "plain" */
uint32_t as_bank_n_axes(const as_bank *bank, uint32_t look); /* of the first look (0) or the second (1); 0: none */

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
