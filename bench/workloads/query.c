/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of one class and split in a range of sharpness, the first of many by name, asked of the catalogue on the disk;
 * against numpy over columns that are in memory already. */
#include <math.h>

#include "base/rng.h"
#include "bench/child.h"
#include "bench/picture.h"
#include "catalog/catalog.h"

enum { QUERY_SAMPLES = 50000, QUERY_MOST = 10000000, QUERY_LIMIT = 100, QUERY_QUESTIONS = 2, NUMBER_BYTES = 16 };

static const char *const query_texts[QUERY_QUESTIONS] = {"sharpness >= 90", "sharpness >= 1000"};
static const char        query_spec[] =
    "assay: 1\nline: bench\ngoal: nothing bad passes\ntask: classify\nclasses: {good: pass, bad: reject}\n"
    "requirements:\n  - {id: R1, text: bad parts are caught, measure: recall, of: reject, at_least: 0.8}\n";

typedef struct query {
    bench_folder  folder; /* no files: only the temporary folder */
    bench_child   child;
    size_t        n;
    as_workspace *ws;
    as_catalog   *catalog;
    as_commit     commit;
    as_query     *where[QUERY_QUESTIONS];
    double        found, sum; /* of the last question */
} query;

static bool query_start(query *w, bench_about *about, as_err *err)
{
    const char  *python = getenv("BENCH_PYTHON"), *source = getenv("BENCH_SOURCE");
    char         path[AS_FS_PATH_BYTES], numbers[2][NUMBER_BYTES];
    const char  *argv[] = {python && *python ? python : "/usr/bin/python3", path, numbers[0], numbers[1], NULL};
    const size_t sizes[2] = {w->n, QUERY_LIMIT};
    if (!as_fs_join(path, source && *source ? source : ".", "bench/peers/query_numpy.py", err))
        return false;
    for (size_t i = 0; i < AS_COUNT(numbers); i++)
        snprintf(numbers[i], NUMBER_BYTES, "%zu", sizes[i]);
    if (!as_fs_is_file(argv[0]) || !bench_child_start(&w->child, argv, err) ||
        as_str_starts(w->child.line.s, "missing: "))
        return AS_FAIL(err, AS_EMISSING,
                       "'%s' has no numpy: install python3-opencv, or name another Python in BENCH_PYTHON", argv[0]);
    as_str_copy(about->peer, sizeof about->peer, w->child.line.s);
    return true;
}

/* Strings that all samples share live as long as the call. */
static bool query_fill(query *w, as_manifest *manifest, as_err *err)
{
    as_rng   rng = as_rng_new(5);
    double  *sharpness = w->child.memory;
    uint8_t *label = (uint8_t *)(sharpness + w->n), *split = label + w->n;
    for (size_t i = 0; i < w->n; i++) {
        char name[32];
        sharpness[i] = as_rng_range(&rng, 0, 100);
        label[i] = as_rng_below(&rng, 4) == 0;
        split[i] = (uint8_t)(AS_SPLIT_TRAIN + as_rng_below(&rng, 3));
        snprintf(name, sizeof name, "%08zu.jpg", i);
        as_sample sample = {.name = name,
                            .part = name,
                            .camera = "",
                            .format = "jpeg",
                            .label = label[i] ? "bad" : "good",
                            .split = (as_split)split[i],
                            .width = 128,
                            .height = 128,
                            .n_bytes = 8192,
                            .sharpness = sharpness[i],
                            .clipped_ratio = NAN,
                            .severity = NAN,
                            .image = as_sha256_of(name, strlen(name))};
        if (!as_manifest_add(manifest, &sample, err))
            return false;
    }
    return true;
}

static bool query_make(query *w, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    w->commit = (as_commit){.author = "bench", .message = "bench"};
    if (!as_fs_join(path, w->folder.dir, "assay.yaml", err) ||
        !as_fs_write_fast(path, query_spec, sizeof query_spec - 1, err) ||
        !(w->ws = as_workspace_open(w->folder.dir, AS_WORKSPACE_WRITE, err)))
        return false;
    as_manifest *manifest = as_manifest_new(err);
    bool         ok = manifest && query_fill(w, manifest, err) && as_commit_write(w->ws, manifest, &w->commit, err);
    as_manifest_free(manifest);
    return ok && (w->catalog = as_catalog_open(w->ws, err)) != NULL && as_catalog_index(w->catalog, &w->commit, err);
}

static bool query_open(void *priv, bench_about *about, as_err *err)
{
    query      *w = priv;
    const char *base = getenv("TMPDIR");
    snprintf(w->folder.dir, sizeof w->folder.dir, "%.200s/assay-bench-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(w->folder.dir)) {
        w->folder.dir[0] = '\0';
        return AS_FAIL(err, AS_EIO, "no temporary folder");
    }
    bool ok = bench_size(QUERY_SAMPLES, QUERY_MOST, &w->n, err) &&
              bench_child_init(&w->child, (10 * w->n + 7) / 8 * 8 + 2 * sizeof(double), err) && query_make(w, err);
    for (size_t i = 0; ok && i < QUERY_QUESTIONS; i++)
        ok = (w->where[i] = as_query_parse(query_texts[i], err)) != NULL;
    snprintf(about->note, sizeof about->note,
             "%zu samples; class, split and a range of sharpness, that a tenth has or none; the first %d by name", w->n,
             QUERY_LIMIT);
    about->n_inputs = QUERY_QUESTIONS;
    return ok && query_start(w, about, err);
}

static bool query_visit(void *ctx, const as_sample *sample)
{
    query *w = ctx;
    w->found++;
    w->sum += strtod(sample->name, NULL);
    return true;
}

static bool query_ours(void *priv, size_t input, as_err *err)
{
    query          *w = priv;
    as_sample_query ask = {
        .commit = w->commit.id, .label = "bad", .split = AS_SPLIT_TEST, .where = w->where[input], .limit = QUERY_LIMIT};
    w->found = w->sum = 0;
    return as_catalog_samples(w->catalog, &ask, query_visit, w, err);
}

static bool query_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    query *w = priv;
    double peer[2];
    if (!query_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    memcpy(peer, (uint8_t *)w->child.memory + (10 * w->n + 7) / 8 * 8, sizeof peer);
    *ret_difference = fabs(w->found - peer[0]) + fabs(w->sum - peer[1]);
    return true;
}

static bool query_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    query *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void query_close(void *priv)
{
    query *w = priv;
    bench_child_stop(&w->child);
    for (size_t i = 0; i < QUERY_QUESTIONS; i++)
        as_query_free(w->where[i]);
    as_catalog_close(w->catalog);
    as_workspace_close(w->ws);
    bench_folder_close(&w->folder);
}

const bench_workload bench_query = {
    .id = "query",
    .summary = "samples by class, split and range, against numpy in memory",
    .priv_size = sizeof(query),
    .open = query_open,
    .compare = query_compare,
    .run = {[BENCH_OURS] = query_ours},
    .peer_block = query_peer_block,
    .close = query_close,
};
