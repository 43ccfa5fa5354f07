/* SPDX-License-Identifier: Apache-2.0 */
/* row_kernel.h - the loops a resize spends its time in: rows of bytes added up, and a row brought to its new width.
 *
 * Layer:   image, for resample.c.
 * Threads: immutable.
 * Memory:  the caller's.
 *
 * Down first, then across. Down adds bytes to sums of 15 bits in whole numbers; across multiplies these by whole weights
 * and turns the result into floats once, at the end. So every set of instructions gives the same bits: row_plain.c is what
 * the others are tested against.
 */
#ifndef AS_IMAGE_ROW_KERNEL_H
#define AS_IMAGE_ROW_KERNEL_H

#include "image/axis.h"

/* out[i] = (sum of mid's rows << shift) + sum of (edge * weight >> 8) + bias. Rows are of bytes; a row that does not matter
 * has weight 0, and points to something that may be read. n_mid <= 128, and the result must fit 15 bits. */
typedef struct as_row_down {
    const uint8_t *edge[2], *mid;
    uint16_t       weight[2];
    uint16_t       bias;
    size_t         stride_bytes; /* of mid's rows */
    uint32_t       n_mid;
    int            shift;
} as_row_down;

/* Values in front of which and behind which a row of sums must be readable: what is there does not matter. */
#define AS_ROW_MARGIN 8u

/* What a sum of products becomes: sum * gain + offset. */
typedef struct as_row_affine {
    float gain, offset;
} as_row_affine;

typedef struct as_row_kernels {
    const char *name;
    void (*down)(int16_t *restrict out, const as_row_down *job, size_t n);
    /* A row of cells of 1, 2 or 3 interleaved values to as many rows of axis->n_out floats. Behind the row's last cell,
     * axis->taps cells and AS_ROW_MARGIN values are read too. */
    void (*across[3])(float *const *out, const int16_t *in, const as_axis *axis, const as_row_affine *affine);
    /* n samples of 10 or 12 bits that follow each other without a gap, lowest bits first (PFNC "p"), from a row that ends
     * where the last of them ends. */
    void (*unpack)(uint16_t *restrict out, const uint8_t *restrict from, uint32_t bits, size_t n);
} as_row_kernels;

const as_row_kernels *as_row_kernels_at(size_t i); /* the plain ones first, the widest last; NULL past it */
/* Those that this processor has and ASSAY_ISA leaves, widest. */
const as_row_kernels *as_row_kernels_best(void);
bool                  as_row_kernels_may(size_t i);

extern const as_row_kernels as_row_kernels_plain;
#ifdef __x86_64__
extern const as_row_kernels as_row_kernels_avx2, as_row_kernels_avx512;
#endif

/* The ends of rows, of the wider kernels too. */
void as_row_down_plain(int16_t *restrict out, const as_row_down *job, size_t from, size_t n);
void as_row_unpack_plain(uint16_t *restrict out, const uint8_t *restrict from, uint32_t bits, size_t begin, size_t n);
void as_row_across_plain(float *const *out, const int16_t *in, const as_axis *axis, const as_row_affine *affine,
                         uint32_t channels, uint32_t from, uint32_t n);

#endif
