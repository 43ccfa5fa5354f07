/* SPDX-License-Identifier: Apache-2.0 */
/* append.h - the pack that is added to; for this folder only.
 *
 * Layer:   store.
 * Threads: as said at each; locks as in state.h.
 * Memory:  none of its own.
 */
#ifndef AS_STORE_APPEND_H
#define AS_STORE_APPEND_H

#include "store/state.h"

/* Makes this program the one that writes; AS_EBUSY when another is. */
AS_CHECK bool as_store_begin(as_store *store, as_err *err);
/* One of both, or neither for a record without bytes. */
typedef struct as_append_from {
    const void            *bytes;
    const as_store_pieces *pieces;
} as_append_from;

/* A record at the end of the open pack. *ret_new false: the pack has this object, other than at `damaged` (may be NULL). */
AS_CHECK bool as_store_append(as_store *store, as_pack_record *record, const void *bytes, const as_place *damaged,
                              bool *ret_new, as_err *err);
AS_CHECK bool as_store_append_from(as_store *store, as_pack_record *record, const as_append_from *from,
                                   const as_place *damaged, bool *ret_new, as_err *err);
/* Under `append`: waits until no record is being written, and lets none begin until as_store_flow. */
void          as_store_drain(as_store *store);
void          as_store_flow(as_store *store);
AS_CHECK bool as_store_seal(as_store *store, as_err *err); /* under `append`, drained */
AS_CHECK bool as_store_seal_pack(as_pack *pack, as_store *store, as_err *err);
AS_CHECK bool as_store_sync_locked(as_store *store, as_err *err); /* under `write` */
AS_CHECK bool as_store_new_pack(as_store *store, as_err *err);    /* under `append`: there is an open one afterwards */

#endif
