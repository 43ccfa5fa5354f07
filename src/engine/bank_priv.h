/* SPDX-License-Identifier: Apache-2.0 */
/* bank_priv.h - what a bank is made of. Private to bank.c and bank_search.c.
 *
 * Layer:   engine.
 * Threads: a bank is immutable.
 * Memory:  as bank.h says.
 */
#ifndef AS_ENGINE_BANK_PRIV_H
#define AS_ENGINE_BANK_PRIV_H

#include "engine/bank.h"
#include "engine/bank_kernel.h"
#include "engine/basis.h"

/* Single-precision sums of a few terms are off by less than that of the largest of them; so is what is rounded before. */
#define BANK_SLACK 4e-6
#define BANK_LEAST 1e-36 /* and what single precision cannot hold any more is far below this */

/* Of a block, as the first look has it: twice the value of a digit's 1, and what is largest among its rows. */
typedef struct bank_block {
    float gain, error, length, slack;
} bank_block;

struct as_bank {
    const float          *rows;
    size_t                n, n_blocks;
    uint32_t              size;
    uint32_t              n_axes, padded; /* of the first look, which all rows get; without a basis: size */
    uint32_t              n_more;         /* of the second one: a multiple of BANK_FINE_STEP; 0: there is none */
    as_basis              basis;          /* without axes: numbers are taken as they are */
    const as_bank_kernel *kernel;
    float                *mean;
    int16_t              *packed;
    float                *square, *across; /* of each row: of its length; twice that of what no axis sees */
    double                most; /* of a digit: 2047, or less where sums of so many products would not fit 32 bits */
    bank_block           *blocks;
    char                 *fine; /* n as_bank_row, each with n_more digits behind it */
};

/* A vector less the mean, as its numbers along the axes. All lengths are rounded up. */
typedef struct bank_vector {
    float *centred, *numbers; /* size; basis.n: where there are no axes, centred itself */
    double whole, error;      /* of all of it; how far the numbers may be off */
} bank_vector;

/* Fills a vector whose memory is there. False where a number is not finite, or the square of the length is not. */
bool as_bank_see(const as_bank *bank, const float *v, bank_vector *ret);

/* The length of what the first n axes do not see. */
double as_bank_across(const as_bank *bank, const bank_vector *v, uint32_t n);

/* Numbers as digits: number = gain * digit + what is left. Adds to *ret_error the length of what is left, and gives that of what the
 * digits stand for. */
void as_bank_round(const float *numbers, uint32_t n, double gain, int16_t *ret, double *ret_error, double *ret_length);

/* The digit's 1 with which none of the first n is too large: at least `least`. */
double as_bank_gain(const as_bank *bank, const float *numbers, uint32_t n, double least);

static inline as_bank_row *as_bank_fine(const as_bank *bank, size_t row)
{
    return (as_bank_row *)(void *)(bank->fine + row * AS_BANK_ROW_BYTES(bank->n_more));
}

#endif
