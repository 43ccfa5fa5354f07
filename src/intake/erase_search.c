/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/erase_search.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

#define SEARCH_WINDOW       64
#define SEARCH_BASE         0x9e3779b97f4a7c15u /* odd: no power of it is 0 */
#define SEARCH_BUFFER       ((size_t)1 << 20)
#define SEARCH_LEAST_VALUES 24 /* different bytes of a window that tells pictures apart */
#define SEARCH_FILTER_BITS  16

static uint64_t search_sum(const uint8_t *bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SEARCH_WINDOW; i++)
        sum = sum * SEARCH_BASE + bytes[i] + 1;
    return sum;
}

static size_t search_values(const uint8_t *bytes)
{
    bool   seen[256] = {false};
    size_t n = 0;
    for (size_t i = 0; i < SEARCH_WINDOW; i++) {
        n += !seen[bytes[i]];
        seen[bytes[i]] = true;
    }
    return n;
}

bool as_probes_of(const as_digest *image, const uint8_t *bytes, size_t n, as_probes *add, as_err *err)
{
    /* From the middle on: files begin, and end, alike. */
    size_t at = n / 2;
    for (size_t found = 0; found < AS_PROBES && at + SEARCH_WINDOW <= n; at += SEARCH_WINDOW) {
        if (search_values(bytes + at) < SEARCH_LEAST_VALUES)
            continue;
        as_probe probe = {.sum = search_sum(bytes + at), .offset = at, .n_bytes = n, .image = *image};
        if (!as_vec_push(add, probe))
            return AS_FAIL(err, AS_ENOMEM, "cannot search: not enough memory");
        found++;
        at += (n - at) / 2;
    }
    return true;
}

json_t *as_probes_json(const as_probes *probes)
{
    json_t *list = json_array();
    char    sum[24], hex[AS_SHA256_HEX_BYTES];
    for (size_t i = 0; list && i < probes->n; i++) {
        const as_probe *probe = &probes->at[i];
        snprintf(sum, sizeof sum, "%016" PRIx64, probe->sum);
        if (json_array_append_new(list, json_pack("[s, I, I, s]", sum, (json_int_t)probe->offset,
                                                  (json_int_t)probe->n_bytes, as_digest_hex(&probe->image, hex))) !=
            0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

bool as_probes_parse(const json_t *json, as_probes *ret, as_err *err)
{
    as_probes probes = {0};
    bool      ok = json_is_array(json) || AS_FAIL(err, AS_EFORMAT, "there are no probes");
    for (size_t i = 0; ok && i < json_array_size(json); i++) {
        const json_t *one = json_array_get(json, i);
        const char   *sum = json_string_value(json_array_get(one, 0)), *hex = json_string_value(json_array_get(one, 3));
        json_int_t offset = json_integer_value(json_array_get(one, 1)), n = json_integer_value(json_array_get(one, 2));
        as_probe   probe = {.sum = 0};
        int        n_read = 0;
        ok = sum && hex && strlen(sum) == 16 && sscanf(sum, "%16" SCNx64 "%n", &probe.sum, &n_read) == 1 &&
             n_read == 16 && as_digest_parse(hex, &probe.image) && offset >= 0 && n >= SEARCH_WINDOW &&
             offset <= n - SEARCH_WINDOW && n <= 1 << 30;
        if (!ok) {
            AS_FAIL(err, AS_EFORMAT, "probe %zu is none", i + 1);
            break;
        }
        probe.offset = (uint64_t)offset;
        probe.n_bytes = (uint64_t)n;
        ok = as_vec_push(&probes, probe) || AS_FAIL(err, AS_ENOMEM, "cannot search: not enough memory");
    }
    if (ok)
        *ret = probes;
    else
        as_vec_done(&probes);
    return ok;
}

typedef struct search_job {
    as_probes         *probes;
    const as_progress *progress;
    as_search_result   result;
    uint8_t           *buffer;
    uint64_t           drop; /* BASE^WINDOW: what the byte that leaves counts */
    uint64_t           filter[(1 << SEARCH_FILTER_BITS) / 64];
} search_job;

static size_t search_filter_at(uint64_t sum)
{
    return (size_t)((sum * SEARCH_BASE) >> (64 - SEARCH_FILTER_BITS));
}

static int search_compare(const void *a, const void *b)
{
    const as_probe *x = a, *y = b;
    return (x->sum > y->sum) - (x->sum < y->sum);
}

/* The bytes around the piece, as many as the picture had. */
static bool search_is_copy(const as_probe *probe, int fd, uint64_t at)
{
    if (at < probe->offset)
        return false;
    uint8_t *bytes = malloc(probe->n_bytes + 1);
    size_t   n = 0;
    while (bytes && n < probe->n_bytes) {
        ssize_t got = pread(fd, bytes + n, probe->n_bytes - n, (off_t)(at - probe->offset + n));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    as_digest digest = {{0}};
    if (bytes && n == probe->n_bytes)
        digest = as_sha256_of(bytes, n);
    free(bytes);
    return as_digest_equal(&digest, &probe->image);
}

static void search_hit(search_job *job, uint64_t sum, const char *path, int fd, uint64_t at)
{
    const as_probe key = {.sum = sum},
                   *found = bsearch(&key, job->probes->at, job->probes->n, sizeof key, search_compare);
    if (!found)
        return;
    while (found > job->probes->at && found[-1].sum == sum)
        found--;
    bool is_copy = false;
    for (; found < job->probes->at + job->probes->n && found->sum == sum && !is_copy; found++)
        is_copy = search_is_copy(found, fd, at);
    job->result.n_copies += is_copy;
    job->result.n_alike += !is_copy;
    if (is_copy && !job->result.first[0])
        as_str_copy(job->result.first, sizeof job->result.first, path);
}

/* Holes read as zeros, fast. */
static bool search_fd(search_job *job, const char *path, int fd, as_err *err)
{
    uint64_t at = 0, sum = 0, n_in = 0; /* bytes of the window that are there */
    for (;;) {
        ssize_t got = pread(fd, job->buffer + SEARCH_WINDOW, SEARCH_BUFFER, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return as_err_errno(err, errno, "cannot read '%s'", path);
        if (got == 0)
            return true;
        /* The last window of the block before stands in front of this one. */
        for (size_t i = SEARCH_WINDOW; i < SEARCH_WINDOW + (size_t)got; i++) {
            sum = sum * SEARCH_BASE + job->buffer[i] + 1;
            if (n_in < SEARCH_WINDOW)
                n_in++;
            else
                sum -= job->drop * (job->buffer[i - SEARCH_WINDOW] + 1u);
            size_t bit = search_filter_at(sum);
            if (job->filter[bit / 64] >> (bit % 64) & 1 && n_in == SEARCH_WINDOW)
                search_hit(job, sum, path, fd, at + (i - SEARCH_WINDOW) + 1 - SEARCH_WINDOW);
        }
        memmove(job->buffer, job->buffer + (size_t)got, SEARCH_WINDOW);
        at += (uint64_t)got;
        job->result.n_bytes += (uint64_t)got;
        as_progress_step(job->progress, "reading again", job->result.n_bytes, 0);
        if (!as_progress_go_on(job->progress, err))
            return false;
    }
}

static bool search_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    search_job *job = ctx;
    if (entry->kind != AS_FS_FILE)
        return true;
    int fd = open(entry->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT || as_err_errno(err, errno, "cannot read '%s'", entry->path);
    bool ok = search_fd(job, entry->path, fd, err);
    close(fd);
    job->result.n_files++;
    return ok;
}

bool as_probes_search(const char *dir, as_probes *probes, const as_progress *progress, as_search_result *ret,
                      as_err *err)
{
    search_job *job = calloc(1, sizeof *job);
    uint8_t    *buffer = malloc(SEARCH_WINDOW + SEARCH_BUFFER);
    bool        ok = (job && buffer) || AS_FAIL(err, AS_ENOMEM, "cannot search: not enough memory");
    if (ok) {
        *job = (search_job){.probes = probes, .progress = progress, .buffer = buffer, .drop = 1};
        for (int i = 0; i < SEARCH_WINDOW; i++)
            job->drop *= SEARCH_BASE;
        if (probes->n)
            qsort(probes->at, probes->n, sizeof *probes->at, search_compare);
        for (size_t i = 0; i < probes->n; i++) {
            size_t bit = search_filter_at(probes->at[i].sum);
            job->filter[bit / 64] |= (uint64_t)1 << (bit % 64);
        }
        ok = as_fs_walk(dir, search_visit, job, err);
        if (ok)
            *ret = job->result;
    }
    free(buffer);
    free(job);
    return ok;
}
