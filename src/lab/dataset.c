/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/erased.h"
#include "lab/lanes.h"

#define DATASET_MAX_PIXEL_BYTES ((size_t)8 << 30)

struct as_dataset {
    as_workspace *ws;
    as_commit     commit;
    as_manifest  *manifest; /* of what was not erased */
    uint64_t      n_erased;
    uint32_t     *classes;                /* of each sample */
    uint32_t     *splits[AS_SPLIT_COUNT]; /* indices, one list a split */
    size_t        n_split[AS_SPLIT_COUNT];
};

static bool dataset_class(const as_spec *spec, const as_commit *commit, const as_sample *sample, uint32_t *ret,
                          as_err *err)
{
    int found = as_spec_class(spec, sample->label);
    if (found >= 0) {
        *ret = (uint32_t)found;
        return true;
    }
    char        hex[AS_SHA256_HEX_BYTES];
    const char *names[AS_SPEC_MAX_CLASSES];
    for (size_t c = 0; c < spec->n_classes; c++)
        names[c] = spec->classes[c].name;
    const char *nearest = as_str_nearest(sample->label, names, spec->n_classes);
    as_digest_hex(&commit->id, hex);
    return AS_FAIL(err, AS_EINVAL, "picture '%s' of commit %.12s has class '%s', which %s does not have%s%s%s",
                   sample->name, hex, sample->label, spec->path ? spec->path : "the spec",
                   nearest ? " (did you mean '" : "", nearest ? nearest : "",
                   nearest ? "'?)" : " (add it to classes:)");
}

static bool dataset_index(as_dataset *dataset, const as_spec *spec, as_err *err)
{
    size_t n = as_manifest_count(dataset->manifest);
    bool   ok = n <= UINT32_MAX && (dataset->classes = calloc(n + 1, sizeof *dataset->classes)) != NULL;
    for (int s = 0; s < AS_SPLIT_COUNT && ok; s++)
        ok = (dataset->splits[s] = calloc(n + 1, sizeof **dataset->splits)) != NULL;
    if (!ok)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    for (size_t i = 0; i < n; i++) {
        const as_sample *sample = as_manifest_at(dataset->manifest, i);
        dataset->classes[i] = AS_DATASET_NO_CLASS;
        if (!*sample->label || sample->state < AS_LABEL_GIVEN)
            continue; /* nothing is learnt from it, and nothing judged by it */
        if (!dataset_class(spec, &dataset->commit, sample, &dataset->classes[i], err))
            return false;
        dataset->splits[sample->split][dataset->n_split[sample->split]++] = (uint32_t)i;
    }
    return true;
}

static bool dataset_load(as_dataset *dataset, as_err *err)
{
    as_manifest *whole = as_commit_manifest(dataset->ws, &dataset->commit, err);
    dataset->manifest = whole ? as_manifest_present(dataset->ws, whole, &dataset->n_erased, err) : NULL;
    as_manifest_free(whole);
    return dataset->manifest != NULL;
}

uint64_t as_dataset_n_erased(const as_dataset *dataset)
{
    return dataset->n_erased;
}

as_dataset *as_dataset_open(as_workspace *ws, const as_spec *spec, const char *commit, as_err *err)
{
    as_dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset) {
        AS_FAIL(err, AS_ENOMEM, "cannot open a dataset");
        return NULL;
    }
    dataset->ws = ws;
    if (as_commit_find(ws, commit ? commit : "", &dataset->commit, err) && dataset_load(dataset, err) &&
        dataset_index(dataset, spec, err))
        return dataset;
    return as_dataset_close(dataset);
}

as_dataset *as_dataset_close(as_dataset *dataset)
{
    if (!dataset)
        return NULL;
    as_manifest_free(dataset->manifest);
    free(dataset->classes);
    for (int s = 0; s < AS_SPLIT_COUNT; s++)
        free(dataset->splits[s]);
    free(dataset);
    return NULL;
}

const as_commit *as_dataset_commit(const as_dataset *dataset)
{
    return &dataset->commit;
}

size_t as_dataset_count(const as_dataset *dataset)
{
    return as_manifest_count(dataset->manifest);
}

const as_sample *as_dataset_sample(const as_dataset *dataset, size_t i)
{
    return as_manifest_at(dataset->manifest, i);
}

uint32_t as_dataset_class(const as_dataset *dataset, size_t i)
{
    return dataset->classes[i];
}

const uint32_t *as_dataset_split(const as_dataset *dataset, as_split split, size_t *ret_n)
{
    *ret_n = dataset->n_split[split];
    return dataset->splits[split];
}

bool as_dataset_decode(const as_dataset *dataset, size_t i, as_image *ret, as_err *err)
{
    const as_sample *sample = as_manifest_at(dataset->manifest, i);
    uint8_t         *bytes = NULL;
    size_t           n = 0;
    bool             ok =
        as_store_get(dataset->ws->store, &sample->image, &bytes, &n, err) && as_codec_decode(bytes, n, ret, NULL, err);
    free(bytes);
    return ok || as_err_note(err, "cannot read picture '%s'", sample->name);
}

typedef struct dataset_pixels {
    const as_dataset *dataset;
    const uint32_t   *indices;
    as_resize         resize;
    uint32_t          width, height, channels;
    size_t            bytes_each;
    uint8_t          *out;
} dataset_pixels;

static bool dataset_pixels_one(void *ctx, void *tools, size_t i, as_err *err)
{
    (void)tools;
    const dataset_pixels *job = ctx;
    as_image              image = {0};
    as_image              out = {.pixel = job->channels == 1 ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8,
                                 .width = job->width,
                                 .height = job->height,
                                 .stride_bytes = (size_t)job->width * job->channels,
                                 .data = job->out + i * job->bytes_each};
    bool                  ok = as_dataset_decode(job->dataset, job->indices[i], &image, err) &&
              as_image_resize(&image, job->resize, 0, &out, err);
    as_image_done(&image);
    return ok;
}

uint8_t *as_dataset_pixels(const as_dataset *dataset, const uint32_t *indices, size_t n, as_resize resize,
                           uint32_t width, uint32_t height, uint32_t channels, const as_progress *progress, as_err *err)
{
    dataset_pixels job = {dataset, indices, resize, width, height, channels, 0, NULL};
    size_t         total;
    if ((channels != 1 && channels != 3) || !as_image_check_size(width, height, err)) {
        AS_FAIL(err, AS_EINVAL, "cannot hold pictures of %ux%u with %u channels", width, height, channels);
        return NULL;
    }
    job.bytes_each = (size_t)width * height * channels;
    if (!as_size_mul(n, job.bytes_each, &total) || total > DATASET_MAX_PIXEL_BYTES || !(job.out = malloc(total + 1))) {
        AS_FAIL(err, AS_ENOMEM, "cannot hold %zu pictures of %ux%u in memory (choose a smaller --size)", n, width,
                height);
        return NULL;
    }
    as_lanes lanes = {.n = n, .what = "reading pictures", .ctx = &job, .item = dataset_pixels_one};
    if (as_lanes_run(&lanes, progress, err))
        return job.out;
    free(job.out);
    return NULL;
}
