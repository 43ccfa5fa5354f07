/* SPDX-License-Identifier: Apache-2.0 */
/* kind.h - what a place must do to be a remote. A kind is one file, kind_<name>.c, and one word in meson.build.
 *
 * Layer:   remote.
 * Threads: open, close and swap one thread; the others any number at once.
 * Memory:  what get returns is freed by the caller.
 *
 * Names are paths below the remote, of a-z, 0-9, '.', '_', '-' and '/'. A wait ends with AS_ETIMEOUT after cfg->timeout_s
 * without a byte, and with AS_ECANCELLED soon after *stop. What may pass is tried again before it is an error.
 */
#ifndef AS_REMOTE_KIND_H
#define AS_REMOTE_KIND_H

#include <stdatomic.h>

#include "remote/remote.h"

typedef bool as_remote_visit(void *ctx, const char *name, uint64_t n_bytes, as_err *err);

typedef struct as_remote_kind {
    const char *name, *about; /* about: how its URLs look */
    bool (*takes)(const char *url);
    bool (*check)(const as_remote_cfg *cfg, as_err *err); /* the words only: nothing is touched */
    bool (*access)(const as_remote_cfg *cfg, char *text, size_t n, as_err *err); /* as as_remote_access */

    void *(*open)(const as_remote_cfg *cfg, const atomic_bool *stop, as_err *err);
    void (*close)(void *self); /* NULL is fine */
    /* Each file whose name begins with prefix ("packs/"), in byte order; with "" also files that are none of a remote. */
    bool (*list)(void *self, const char *prefix, as_remote_visit *visit, void *ctx, as_err *err);
    /* A whole file of at most max_bytes: AS_ENOTFOUND, AS_ELIMIT. */
    bool (*get)(void *self, const char *name, size_t max_bytes, uint8_t **ret, size_t *ret_n, as_err *err);
    /* n bytes (at least 1) from offset: AS_ENOTFOUND, AS_ECORRUPT when there are fewer. */
    bool (*range)(void *self, const char *name, uint64_t offset, size_t n, uint8_t **ret, as_err *err);
    /* Whole or absent, durable on return; replaces. */
    bool (*put)(void *self, const char *name, const void *bytes, size_t n, as_err *err);
    bool (*remove)(void *self, const char *name, as_err *err); /* true when it was not there */
    /* Makes the file `value` if it is `expected` (NULL: absent) now; *ret_swapped tells. *ret_sure: no other swap can have
     * come between; false: it was read again afterwards, which is nearly as good. Both are short lines. */
    bool (*swap)(void *self, const char *name, const char *expected, const char *value, bool *ret_swapped,
                 bool *ret_sure, as_err *err);
    uint64_t (*n_again)(void *self); /* requests tried again so far */
} as_remote_kind;

const as_remote_kind *as_remote_kind_at(size_t i); /* NULL past the last row */
AS_CHECK bool         as_remote_kind_of(const char *url, const as_remote_kind **ret, as_err *err); /* AS_EINVAL */

/* What a kind and its tests need besides: a name that may be one of a remote. */
bool as_remote_name_is_fine(const char *name);

#endif
