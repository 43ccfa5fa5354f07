/* SPDX-License-Identifier: Apache-2.0 */
/* bank.h - the nearest rows of a bank, exactly: PatchCore's memory (Roth et al., CVPR 2022).
 *
 * Layer:   engine (may use base/).
 * Threads: a bank is immutable: any number of searches may share it; a search belongs to one thread at a time.
 * Memory:  as_bank_new keeps about half of the rows' size where a row has 384 numbers or more, and up to 1.4 times of it
 *          where rows are short (16 numbers); the rows are borrowed, and may be a mapped file. A run allocates nothing.
 *
 * Features of a network differ along a few axes more than along all others. With q = q1 + q2, along those axes and
 * across them, |q - b|^2 >= |q1 - b1|^2 + (|q2| - |b2|)^2. What is along the axes is kept as digits, of 16 bits along
 * the first and of 8 along others: vectors q' and b' that are off by at most e and f. So |q1 - b1| >= |q' - b'| -
 * (e + f), and for any part p between 0 and 1, as 2 x y <= p x^2 + y^2 / p,
 *     |q1 - b1|^2 >= (1 - p) |q' - b'|^2 - (1 / p - 1) (2 e^2 + 2 f^2).
 * All of these lengths are known, rounded to where they do no harm. So each product of digits gives a least distance,
 * and a row is left out only when its least is above the k-th smallest distance found so far: no row that is among the
 * k nearest can be. All rows get a look along a few axes; those that it leaves, one or two in a hundred, get a second
 * one along more; those that this leaves, one in a thousand, a last one at all numbers, of 8 bits. What that leaves is
 * compared, the likeliest first: in single precision, whose error is bounded, and where that does not tell, in 64-bit
 * sums over the rows as they are. The answer is that of a search through all rows in float64, whatever the data, the
 * axes and the instructions; what they cost is more comparisons. Which looks are best, along how many axes and of how
 * many bits, is found from the rows; where no axes help, the numbers are those of the rows as they are.
 */
#ifndef AS_ENGINE_BANK_H
#define AS_ENGINE_BANK_H

#include "base/err.h"

#define AS_BANK_MOST_ROWS ((size_t)1 << 24)
#define AS_BANK_MOST_SIZE 8192 /* numbers of a row: their products fit a 32-bit sum */
#define AS_BANK_MOST_K    64

typedef struct as_bank   as_bank;
typedef struct as_search as_search;

/* rows: n x size f32, row after row, kept by the caller as long as the bank. AS_EINVAL where one is NaN or infinite,
 * or so large that its square is. */
AS_CHECK as_bank *as_bank_new(const float *rows, size_t n, uint32_t size, as_err *err);
as_bank          *as_bank_free(as_bank *bank);
const char       *as_bank_kernel_name(const as_bank *bank);  /* "avx512_vnni", "avx2", "plain" */
uint32_t as_bank_n_axes(const as_bank *bank, uint32_t look); /* of the first look (0) or the second (1); 0: none */

/* For the k nearest, at most as many as there are rows. */
AS_CHECK as_search *as_search_new(const as_bank *bank, uint32_t k, as_err *err);
as_search          *as_search_free(as_search *search);

/* queries: n x size. ret_rows and ret_distances: n x k, nearest first, of equals the lower row; distances are squares
 * of Euclid's. AS_EINVAL for a NaN or an infinite number, naming its query. */
AS_CHECK bool as_search_run(as_search *search, const float *queries, size_t n, uint32_t *ret_rows,
                            double *ret_distances, as_err *err);

/* Rows that were compared in float64, in all runs. */
uint64_t as_search_n_compared(const as_search *search);

#endif
