/* SPDX-License-Identifier: Apache-2.0 */
/* bank_priv.h - what a bank is made of. Private to the bank.
 *
 * Layer:   engine.
 * Threads: a bank is immutable.
 * Memory:  as bank.h says.
 */
#ifndef AS_ENGINE_BANK_PRIV_H
#define AS_ENGINE_BANK_PRIV_H

#include <math.h>

#include "engine/bank.h"
#include "engine/bank_kernel.h"
#include "engine/basis.h"
#include "engine/mat_kernel.h"

/* Single-precision sums of a few terms are off by less than that of the largest of them; so is what is rounded
 * before. */
#define BANK_SLACK 4e-6
#define BANK_LEAST 1e-34 /* and what single precision cannot hold any more, times a sum of products, is below this */
enum { BANK_BATCH = 96 /* vectors that are taken at once: whole tiles */ };

/* In single precision, at most and at least. */
static inline float as_bank_down(double v)
{
    return nextafterf((float)v, -INFINITY);
}

static inline float as_bank_up(double v)
{
    return v > 0 ? nextafterf((float)v, INFINITY) : (float)v;
}

/* What the looks see. n_wide of n_axes have digits of 16 bits; the second look adds those up to n_more (0: there is
 * none); the last one sees all numbers as they are, less the mean. */
typedef struct bank_axes {
    uint32_t n_axes, n_wide, n_more;
    bool     last;            /* there is a last look */
    double   part, last_part; /* of a distance that digits may be off by, as bank.h has it; of the last look */
} bank_axes;

struct as_bank {
    const float          *rows;
    size_t                n, n_blocks;
    uint32_t              size;
    bank_axes             axes;
    uint32_t              wide_words, narrow_words; /* of the first look */
    size_t                n_lines, whole_lines;     /* of a row of the second one, and of the last */
    as_basis              basis;                    /* without axes: numbers are taken as they are */
    as_mat                product;                  /* with the axes that are looked along */
    float                *packed_axes;
    const as_bank_kernel *kernel;
    float                *mean;
    char                 *digits;
    float                *square, *across; /* of each row */
    float                *gain;            /* of each block, twice */
    char                 *fine, *whole;    /* as_bank_row each, for the second look and for the last one */
};

/* Vectors less the mean, and their numbers along the axes. */
typedef struct bank_seen {
    float   *centred, *numbers; /* BANK_BATCH each: of the size; of product.n (without axes centred itself) */
    double   whole[BANK_BATCH]; /* their lengths */
    int16_t *digits;            /* of one, as it is turned into them */
} bank_seen;

/* Some of a vector's numbers as digits. */
typedef struct bank_view {
    float  gain;          /* a digit's 1 */
    double square, error; /* of the length of what they stand for; how far that may be from the truth */
} bank_view;

/* as_bank_new with a kernel that may be used here, along axes that are given; NULL: those that are best. */
AS_CHECK as_bank *as_bank_new_with(const as_bank_kernel *kernel, const bank_axes *axes, const float *rows, size_t n,
                                   uint32_t size, as_err *err);

AS_CHECK bool as_bank_seen_init(const as_bank *bank, bank_seen *seen, as_err *err);
void          as_bank_seen_done(bank_seen *seen);

/* n: at most BANK_BATCH. False where a number is not finite, or the square of a length is not: *ret_bad. */
bool as_bank_see(const as_bank *bank, const float *vectors, size_t n, bank_seen *seen, size_t *ret_bad);

/* The length of what the first n axes do not see of vector i: at least *ret_low, at most *ret_high. */
void as_bank_across(const as_bank *bank, const bank_seen *seen, size_t i, uint32_t n, double *ret_low,
                    double *ret_high);

/* The digit's 1 with which the digits of the first look are none too large. */
float as_bank_first_gain(const as_bank *bank, const bank_seen *seen, size_t i);
/* The digits of the first look as words in `to`, one after another; offset: added to those of 8 bits. *ret_sum: of
 * those of 8. */
bank_view as_bank_first(const as_bank *bank, const bank_seen *seen, size_t i, float gain, unsigned offset, int32_t *to,
                        int32_t *ret_sum);
/* The digits of the second look behind an as_bank_row. */
bank_view as_bank_second(const as_bank *bank, const bank_seen *seen, size_t i, unsigned offset, char *to,
                         int32_t *ret_sum);

/* The digits of the last look, as those. */
bank_view as_bank_last(const as_bank *bank, const bank_seen *seen, size_t i, unsigned offset, char *to,
                       int32_t *ret_sum);

/* The largest wide digit with which no sum exceeds 32 bits. */
double as_bank_most(uint32_t n_wide, uint32_t n_narrow);
/* Makes as_bank_see take products with the first n axes. */
AS_CHECK bool as_bank_pack_axes(as_bank *bank, uint32_t n, as_err *err);

/* How many axes are best for the bank's rows: fills axes and, where any are of use, basis. */
AS_CHECK bool as_bank_choose(as_bank *bank, as_err *err);

#endif
