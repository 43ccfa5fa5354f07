/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool samples_whole(const as_dataset *dataset, const as_spec *spec, const as_samples *samples, as_err *err)
{
    size_t counts[AS_SPEC_MAX_CLASSES] = {0};
    if (as_dataset_count(dataset) == 1)
        return AS_FAIL(err, AS_EINVAL,
                       "there is one picture alone: nothing can be learned from it (bring in more with: assay "
                       "import FOLDER, or assay capture)");
    if (samples->n == 0)
        return AS_FAIL(err, AS_EINVAL,
                       "the training split is empty (bring in more pictures with: assay import FOLDER, or "
                       "assay capture)");
    for (size_t i = 0; i < samples->n; i++)
        counts[samples->labels[i]]++;
    for (size_t c = 0; c < spec->n_classes; c++)
        if (counts[c] == 0)
            return AS_FAIL(err, AS_EINVAL,
                           "class '%s' has no training picture (import some, or remove it from assay.yaml)",
                           spec->classes[c].name);
    return true;
}

bool as_samples_open(const as_dataset *dataset, const as_spec *spec, as_split split, as_samples *ret, as_err *err)
{
    as_samples samples = {0};
    samples.indices = as_dataset_split(dataset, split, &samples.n);
    samples.labels = calloc(samples.n + 1, sizeof *samples.labels);
    if (!samples.labels)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", samples.n);
    for (size_t i = 0; i < samples.n; i++)
        samples.labels[i] = as_dataset_class(dataset, samples.indices[i]);
    if (split == AS_SPLIT_TRAIN && !samples_whole(dataset, spec, &samples, err)) {
        as_samples_done(&samples);
        return false;
    }
    *ret = samples;
    return true;
}

void as_samples_done(as_samples *samples)
{
    free(samples->labels);
    samples->labels = NULL;
}

void as_samples_info(const as_spec *spec, const char *trainer, const as_input_spec *input, as_model_info *ret)
{
    *ret = (as_model_info){.n_labels = spec->n_classes, .input = *input};
    as_str_copy(ret->trainer, sizeof ret->trainer, trainer);
    for (size_t c = 0; c < spec->n_classes; c++)
        as_str_copy(ret->labels[c], sizeof ret->labels[c], spec->classes[c].name);
}

/* The nearest size that fits, at least two multiples. */
static uint32_t samples_side(double wanted, uint32_t multiple, uint32_t plus)
{
    double n = floor((wanted - plus) / multiple + 0.5);
    return (uint32_t)fmax(n, 2) * multiple + plus;
}

void as_samples_size(const as_dataset *dataset, const as_samples *samples, uint32_t long_side, uint32_t multiple,
                     uint32_t plus, uint32_t *ret_width, uint32_t *ret_height)
{
    double width = 0, height = 0;
    for (size_t i = 0; i < samples->n; i++) {
        width += as_dataset_sample(dataset, samples->indices[i])->width;
        height += as_dataset_sample(dataset, samples->indices[i])->height;
    }
    width = fmax(width / (double)AS_MAX(samples->n, (size_t)1), 1);
    height = fmax(height / (double)AS_MAX(samples->n, (size_t)1), 1);
    double scale = fmin(1, (double)long_side / fmax(width, height));
    *ret_width = samples_side(width * scale, multiple, plus);
    *ret_height = samples_side(height * scale, multiple, plus);
}
