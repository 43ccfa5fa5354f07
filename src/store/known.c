/* SPDX-License-Identifier: Apache-2.0 */
#include "store/known.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN_FILE       "known.bin"
#define KNOWN_HEAD_BYTES 16

static const uint8_t known_magic[8] = "ASKNOWN1";

static int known_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(as_origin));
}

static void known_put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t known_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool as_known_write(const as_run *run, as_origin *origins, size_t n, as_err *err)
{
    size_t kept = 0;
    if (n > AS_KNOWN_MAX)
        return AS_FAIL(err, AS_ELIMIT, "more than %zu pictures", AS_KNOWN_MAX);
    if (n)
        qsort(origins, n, sizeof *origins, known_order);
    for (size_t i = 0; i < n; i++)
        if (!as_origin_is_zero(&origins[i]) && (kept == 0 || known_order(&origins[kept - 1], &origins[i]) != 0))
            origins[kept++] = origins[i];
    size_t   body = kept * sizeof *origins;
    uint8_t *bytes = malloc(KNOWN_HEAD_BYTES + body);
    if (!bytes)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    memcpy(bytes, known_magic, sizeof known_magic);
    if (body)
        memcpy(bytes + KNOWN_HEAD_BYTES, origins, body);
    known_put_u32(bytes + 8, (uint32_t)kept);
    known_put_u32(bytes + 12, as_crc32c(0, bytes + KNOWN_HEAD_BYTES, body));
    bool ok = as_run_write_file(run, KNOWN_FILE, bytes, KNOWN_HEAD_BYTES + body, err);
    free(bytes);
    return ok;
}

static bool known_is_ascending(const as_origin *at, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (known_order(&at[i - 1], &at[i]) >= 0)
            return false;
    return true;
}

bool as_known_parse(const uint8_t *bytes, size_t n, as_known *ret, as_err *err)
{
    size_t body = n >= KNOWN_HEAD_BYTES ? n - KNOWN_HEAD_BYTES : 0, count = body / sizeof(as_origin);
    if (n < KNOWN_HEAD_BYTES || memcmp(bytes, known_magic, sizeof known_magic) != 0 || count > AS_KNOWN_MAX ||
        body % sizeof(as_origin) != 0 || known_get_u32(bytes + 8) != count ||
        known_get_u32(bytes + 12) != as_crc32c(0, bytes + KNOWN_HEAD_BYTES, body))
        return AS_FAIL(err, AS_ECORRUPT, "is no whole list of what a model knows");
    as_origin *at = malloc(body + 1);
    if (!at)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    memcpy(at, bytes + KNOWN_HEAD_BYTES, body);
    if (!known_is_ascending(at, count)) {
        free(at);
        return AS_FAIL(err, AS_ECORRUPT, "is not in order");
    }
    *ret = (as_known){at, count};
    return true;
}

bool as_known_read(const as_run *run, as_known *ret, as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t   n = 0;
    if (!as_fs_join(path, run->dir, KNOWN_FILE, err) ||
        !as_fs_read(path, KNOWN_HEAD_BYTES + AS_KNOWN_MAX * sizeof(as_origin), &bytes, &n, err))
        return false;
    bool ok = as_known_parse(bytes, n, ret, err);
    free(bytes);
    return ok || as_err_note(err, "'%s' (write it anew with: assay eval %s)", path, run->id);
}

bool as_known_has(const as_known *known, const as_origin *origin)
{
    return known->n && bsearch(origin, known->at, known->n, sizeof *known->at, known_order) != NULL;
}

void as_known_done(as_known *known)
{
    free(known->at);
    *known = (as_known){NULL, 0};
}
