/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

static const char samples_spec[] =
    "assay: 1\nline: bench\ngoal: nothing bad passes\ntask: classify\nclasses: {good: pass, bad: reject}\n"
    "requirements:\n  - {id: R1, text: bad parts are caught, measure: recall, of: reject, at_least: 0.8}\n";

void bench_sample_name(size_t i, char name[BENCH_SAMPLE_NAME_BYTES])
{
    snprintf(name, BENCH_SAMPLE_NAME_BYTES, "%08zu.jpg", i);
}

static bool samples_fill(as_rng *rng, size_t from, size_t n, as_manifest *manifest,
                         void (*see)(void *ctx, size_t i, const as_sample *s), void *ctx, as_err *err)
{
    for (size_t i = from; i < from + n; i++) {
        char         name[BENCH_SAMPLE_NAME_BYTES];
        const double sharpness = as_rng_range(rng, 0, 100);
        const bool   is_bad = as_rng_below(rng, 4) == 0;
        bench_sample_name(i, name);
        as_sample sample = {.name = name,
                            .part = name,
                            .camera = "",
                            .format = "jpeg",
                            .label = is_bad ? "bad" : "good",
                            .split = (as_split)(AS_SPLIT_TRAIN + as_rng_below(rng, 3)),
                            .width = 128,
                            .height = 128,
                            .n_bytes = 8192,
                            .sharpness = sharpness,
                            .clipped_ratio = NAN,
                            .severity = NAN,
                            .image = as_sha256_of(name, strlen(name))};
        if (!as_manifest_add(manifest, &sample, err))
            return false;
        see(ctx, i, &sample);
    }
    return true;
}

static bool samples_version(bench_samples *samples, as_rng *rng, size_t n,
                            void (*see)(void *ctx, size_t i, const as_sample *s), void *ctx, as_err *err)
{
    as_commit   *commit = &samples->commits[samples->n_commits];
    as_manifest *manifest = as_manifest_new(err);
    *commit = (as_commit){.author = "bench", .message = "bench"};
    bool ok = manifest && samples_fill(rng, samples->n_commits * BENCH_SAMPLES_MOST, n, manifest, see, ctx, err) &&
              as_commit_write(samples->ws, manifest, commit, err);
    as_manifest_free(manifest);
    samples->n_commits++;
    return ok && as_catalog_index(samples->catalog, commit, err);
}

bool bench_samples_open(bench_samples *samples, size_t n, void (*see)(void *ctx, size_t i, const as_sample *s),
                        void *ctx, as_err *err)
{
    char   path[AS_FS_PATH_BYTES];
    as_rng rng = as_rng_new(5);
    samples->commits = calloc(n / BENCH_SAMPLES_MOST + 1, sizeof *samples->commits);
    if (!samples->commits)
        return AS_FAIL(err, AS_ENOMEM, "no memory for versions");
    if (!bench_folder_begin(&samples->folder, err) || !bench_folder_path(&samples->folder, "assay.yaml", path, err) ||
        !as_fs_write_fast(path, samples_spec, sizeof samples_spec - 1, err) ||
        !(samples->ws = as_workspace_open(samples->folder.dir, AS_WORKSPACE_WRITE, err)) ||
        !(samples->catalog = as_catalog_open(samples->ws, err)))
        return false;
    bool ok = true;
    for (size_t left = n; ok && left;) {
        const size_t some = AS_MIN(left, BENCH_SAMPLES_MOST);
        ok = samples_version(samples, &rng, some, see, ctx, err);
        left -= some;
    }
    return ok;
}

void bench_samples_close(bench_samples *samples)
{
    as_catalog_close(samples->catalog);
    as_workspace_close(samples->ws);
    bench_folder_close(&samples->folder);
    free(samples->commits);
}
