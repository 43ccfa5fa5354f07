/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/vec.h"
#include "store/layout.h"

#define VERIFY_CHUNK_BYTES 65536

typedef struct verify_object {
    as_digest digest;
    uint64_t  bytes;
    int       e; /* errno value; VERIFY_DAMAGED */
} verify_object;

#define VERIFY_DAMAGED (-1)

typedef struct verify_job {
    const char *objects; /* folder */
    AS_VEC(verify_object) found;
    const as_progress   *progress;
    pthread_t            caller;
    atomic_uint_fast64_t n_done;
} verify_job;

static bool verify_list_one(verify_job *job, const char *folder, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!as_fs_join(path, job->objects, folder, err))
        return false;
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT || as_err_errno(err, errno, "cannot read '%s'", path);
    bool ok = true;
    for (const struct dirent *entry; ok && (entry = readdir(dir));) {
        char          hex[AS_SHA256_HEX_BYTES];
        verify_object object = {.e = 0};
        if (strlen(entry->d_name) != AS_SHA256_HEX_BYTES - 3)
            continue;
        snprintf(hex, sizeof hex, "%.2s%.62s", folder, entry->d_name);
        if (as_digest_parse(hex, &object.digest) && !as_vec_push(&job->found, object))
            ok = AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", path);
    }
    closedir(dir);
    return ok;
}

static int verify_compare(const void *a, const void *b)
{
    return memcmp(((const verify_object *)a)->digest.b, ((const verify_object *)b)->digest.b, AS_SHA256_BYTES);
}

static bool verify_list(verify_job *job, as_err *err)
{
    for (unsigned i = 0; i < 256; i++) {
        char folder[3];
        snprintf(folder, sizeof folder, "%02x", i);
        if (!verify_list_one(job, folder, err))
            return false;
    }
    if (job->found.n)
        qsort(job->found.at, job->found.n, sizeof job->found.at[0], verify_compare);
    return true;
}

static void verify_hash(verify_object *object, int fd, uint8_t *chunk, as_sha256 *sha)
{
    for (;;) {
        ssize_t n = read(fd, chunk, VERIFY_CHUNK_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            object->e = errno;
        if (n <= 0)
            break;
        as_sha256_add(sha, chunk, (size_t)n);
        object->bytes += (uint64_t)n;
    }
    as_digest real = as_sha256_end(sha);
    if (object->e == 0 && !as_digest_equal(&real, &object->digest))
        object->e = VERIFY_DAMAGED;
}

static bool verify_one(void *ctx, size_t i, as_err *err)
{
    verify_job    *job = ctx;
    verify_object *object = &job->found.at[i];
    char           hex[AS_SHA256_HEX_BYTES], path[AS_FS_PATH_BYTES];
    if (!as_progress_go_on(job->progress, err))
        return false;
    as_digest_hex(&object->digest, hex);
    snprintf(path, sizeof path, "%.*s/%.2s/%s", AS_FS_PATH_BYTES - 80, job->objects, hex, hex + 2);
    uint8_t   *chunk = malloc(VERIFY_CHUNK_BYTES);
    as_sha256 *sha = as_sha256_new(err);
    bool       ok = sha && chunk;
    if (ok) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
            object->e = errno;
        else
            verify_hash(object, fd, chunk, sha);
        if (fd >= 0)
            close(fd);
    } else if (sha) {
        AS_FAIL(err, AS_ENOMEM, "cannot check object '%s': not enough memory", hex);
    }
    as_sha256_free(sha);
    free(chunk);
    uint64_t done = atomic_fetch_add(&job->n_done, 1) + 1;
    if (pthread_equal(pthread_self(), job->caller)) /* progress belongs to one thread */
        as_progress_step(job->progress, "hashing", done, job->found.n);
    return ok;
}

static void verify_tell(const verify_job *job, void (*on_damaged)(void *ctx, const char *hex, const as_err *why),
                        void *ctx, as_store_check *ret)
{
    for (size_t i = 0; i < job->found.n; i++) {
        const verify_object *object = &job->found.at[i];
        char                 hex[AS_SHA256_HEX_BYTES];
        as_err               why = AS_ERR_NONE;
        ret->n_objects++;
        ret->n_bytes += object->bytes;
        if (object->e == 0)
            continue;
        as_digest_hex(&object->digest, hex);
        if (ret->n_damaged++ == 0)
            as_str_copy(ret->first_damaged, sizeof ret->first_damaged, hex);
        if (object->e == VERIFY_DAMAGED)
            AS_FAIL(&why, AS_ECORRUPT, "object '%s' is damaged: its bytes do not have this hash", hex);
        else
            as_err_errno(&why, object->e, "cannot read object '%s'", hex);
        if (on_damaged)
            on_damaged(ctx, hex, &why);
    }
}

bool as_store_verify(as_store *store, void (*on_damaged)(void *ctx, const char *hex, const as_err *why), void *ctx,
                     const as_progress *progress, as_store_check *ret, as_err *err)
{
    char       objects[AS_FS_PATH_BYTES];
    verify_job job = {.objects = objects, .progress = progress, .caller = pthread_self()};
    if (!as_fs_join(objects, as_store_dir_of(store), "objects", err))
        return false;
    bool ok = verify_list(&job, err) && as_thread_for(job.found.n, 0, verify_one, &job, err);
    if (ok) {
        as_store_check check = {.n_objects = 0};
        as_progress_step(progress, "hashing", job.found.n, job.found.n);
        verify_tell(&job, on_damaged, ctx, &check);
        *ret = check;
    }
    as_vec_done(&job.found);
    return ok;
}
