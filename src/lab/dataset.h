/* SPDX-License-Identifier: Apache-2.0 */
/* dataset.h - the samples of a commit, by split and class, with their pictures.
 *
 * Layer:   lab (may use everything above but line).
 * Threads: immutable after opening; as_dataset_decode from any thread.
 * Memory:  pictures are decoded when asked for and belong to the caller.
 */
#ifndef AS_LAB_DATASET_H
#define AS_LAB_DATASET_H

#include "catalog/commit.h"
#include "image/codec.h"
#include "image/prepare.h"
#include "spec/spec.h"

#define AS_DATASET_NO_CLASS UINT32_MAX

typedef struct as_dataset as_dataset;

/* commit: as as_commit_find takes it. AS_EINVAL names a sample whose class the spec does not have. */
AS_CHECK as_dataset *as_dataset_open(as_workspace *ws, const as_spec *spec, const char *commit, as_err *err);
as_dataset          *as_dataset_close(as_dataset *dataset);
/* How many samples of the commit are left out, because their pictures were erased. */
uint64_t         as_dataset_n_erased(const as_dataset *dataset);
const as_commit *as_dataset_commit(const as_dataset *dataset);
size_t           as_dataset_count(const as_dataset *dataset);
const as_sample *as_dataset_sample(const as_dataset *dataset, size_t i);
uint32_t         as_dataset_class(const as_dataset *dataset, size_t i); /* index into the spec's classes; NO_CLASS: not
                                                                              labelled, or by a model only */

/* Indices of the labelled samples of a split, in manifest order; valid while the dataset is open. */
const uint32_t *as_dataset_split(const as_dataset *dataset, as_split split, size_t *ret_n);

AS_CHECK bool as_dataset_decode(const as_dataset *dataset, size_t i, as_image *ret, as_err *err);

/* The pictures of indices[n] at one size as bytes, n x height x width x channels, on all cores; heap. */
AS_CHECK uint8_t *as_dataset_pixels(const as_dataset *dataset, const uint32_t *indices, size_t n, as_resize resize,
                                    uint32_t width, uint32_t height, uint32_t channels, const as_progress *progress,
                                    as_err *err);

#endif
