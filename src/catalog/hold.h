/* SPDX-License-Identifier: Apache-2.0 */
/* hold.h - legal holds: pictures that may neither be dropped nor erased until somebody releases them.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread.
 * Memory:  as_holds_free frees a list with all that is in it.
 *
 * .assay/holds/N.json: id, reason, who, utc, images (SHA-256 of each), and once it is released by whom and when: a hold
 * that ended stays on record. It names pictures, not samples: it holds them in every version, under whatever name.
 */
#ifndef AS_CATALOG_HOLD_H
#define AS_CATALOG_HOLD_H

#include "catalog/history.h"

#define AS_HOLD_TEXT_BYTES 256
#define AS_HOLD_MAX_BYTES  ((size_t)256 << 20)

typedef struct as_hold {
    uint64_t       id;
    char           reason[AS_HOLD_TEXT_BYTES], who[AS_HOLD_TEXT_BYTES], released_by[AS_HOLD_TEXT_BYTES];
    as_ns          utc, released_utc; /* 0: it holds */
    as_digest_list images;            /* sorted */
} as_hold;

/* reason, who and images of *hold are given; id and utc are filled in. Durable on return. */
AS_CHECK bool as_hold_add(as_workspace *ws, as_hold *hold, as_err *err);
/* AS_ENOTFOUND; AS_EEXIST: it was released before. */
AS_CHECK bool as_hold_release(as_workspace *ws, uint64_t id, const char *who, as_err *err);

/* All of them by number, released ones too. One that cannot be read is an error: what it holds is not known. */
AS_CHECK bool as_hold_list(as_workspace *ws, as_hold **ret, size_t *ret_n, as_err *err);
as_hold      *as_holds_free(as_hold *holds, size_t n);

/* The pictures that are held now, sorted. */
AS_CHECK bool as_hold_images(as_workspace *ws, as_digest_list *ret, as_err *err);

/* Any JSON; AS_EFORMAT. */
AS_CHECK bool as_hold_parse(const json_t *json, as_hold *ret, as_err *err);

#endif
