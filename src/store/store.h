/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - immutable objects named by their SHA-256, and a few refs that move.
 *
 * Layer:   store (may use base/).
 * Threads: any thread; readers, also in other programs, never block the one program that writes, nor it them.
 * Memory:  what get returns is on the heap: free() it.
 *
 * objects/packs/NNNNNN.pack hold the objects (pack.h), refs/NAME one line each. The first put, erase or gc makes this
 * program the one that writes, until as_store_close: AS_EBUSY when there is another.
 */
#ifndef AS_STORE_STORE_H
#define AS_STORE_STORE_H

#include "base/hash.h"
#include "base/progress.h"
#include "base/str.h"
#include "store/ref.h"

#define AS_STORE_MAX_OBJECT_BYTES ((size_t)1 << 30)
#define AS_STORE_REASON_BYTES     256

AS_CHECK as_store *as_store_open(const char *dir, as_err *err); /* makes the folders that are missing */
as_store          *as_store_close(as_store *store);

/* What is stored already and whole is not written again (*ret_new false; ret_new may be NULL); what is damaged is.
 * Durable after as_store_sync. AS_EGONE when it was erased: it does not come back. */
AS_CHECK bool as_store_put(as_store *store, const void *bytes, size_t n, as_digest *ret, bool *ret_new, as_err *err);
/* The same, of bytes whose hash the caller has just made. */
AS_CHECK bool as_store_put_hashed(as_store *store, const void *bytes, size_t n, const as_digest *digest, bool *ret_new,
                                  as_err *err);
/* Bytes that need not be in memory all at once: next clears the piece and fills it with the following ones, with those at the
 * beginning when it is the first; what it leaves empty is the end. */
typedef struct as_store_pieces {
    bool (*next)(void *ctx, bool is_first, as_str *piece, as_err *err);
    void *ctx;
} as_store_pieces;

/* As as_store_put. They are asked for twice, first to hash them: AS_EINTERNAL, and nothing is stored, when they were not the
 * same. */
AS_CHECK bool as_store_put_pieces(as_store *store, const as_store_pieces *pieces, as_digest *ret, bool *ret_new,
                                  as_err *err);

/* All objects put so far survive a power cut. When it fails, those put since the last one that did not count as never put. */
AS_CHECK bool as_store_sync(as_store *store, as_err *err);

/* The hash is checked: AS_ECORRUPT names object and pack. AS_ENOTFOUND; AS_EGONE: "... was erased at TIME: REASON". */
AS_CHECK bool as_store_get(as_store *store, const as_digest *digest, uint8_t **ret_bytes, size_t *ret_n, as_err *err);
/* As as_store_get, of what would be large in memory: its bytes in order, once all of them are known to be whole. false of
 * take ends it. Other errors after the first bytes: they moved meanwhile. */
AS_CHECK bool as_store_read(as_store *store, const as_digest                                           *digest,
                            bool (*take)(void *ctx, const uint8_t *bytes, size_t n, as_err *err), void *ctx,
                            as_err *err);
bool          as_store_has(as_store *store, const as_digest *digest); /* not when it was erased */
AS_CHECK bool as_store_size(as_store *store, const as_digest *digest, uint64_t *ret,
                            as_err *err); /* in bytes, as get; nothing is read */

/* Whole digest from at least 4 hex digits; AS_ENOTFOUND, AS_EINVAL when more than one begins so. */
AS_CHECK bool as_store_find(as_store *store, const char *prefix, as_digest *ret, as_err *err);

/* Hashes of all objects, erased ones left out, sorted, each once; free() them. */
AS_CHECK bool as_store_list(as_store *store, as_digest **ret, size_t *ret_n, as_err *err);

typedef struct as_store_check {
    uint64_t n_objects, n_bytes, n_erased, n_damaged;
    uint64_t
         n_unfinished; /* a power cut left them so before they were synced; the next program that writes drops them */
    char first_damaged[AS_SHA256_HEX_BYTES]; /* "" if none that has a name */
} as_store_check;

/* Reads and hashes every object on all cores. True also when some are damaged: look at ret. on_damaged may be NULL; it is
 * told in order of the names, first ("") what is wrong with a pack as a whole. With AS_ENOTFOUND it is told of one that was
 * not finished: damage only where something needs it. */
AS_CHECK bool as_store_verify(as_store *store, void (*on_damaged)(void *ctx, const char *hex, const as_err *why),
                              void *ctx, const as_progress *progress, as_store_check *ret, as_err *err);

typedef struct as_store_gc_result {
    uint64_t n_packs, n_moved, n_dropped; /* packs rewritten; objects of them that were kept, and not */
    uint64_t n_bytes_freed;
    uint64_t n_packs_left; /* that hold damaged objects which are to be kept: not touched */
} as_store_gc_result;

/* Drops the objects that keep does not want, in packs of which more than dead_ratio (0..1) is unused: what is wanted is
 * copied and synced before the old file goes; who reads the old one goes on. Whatever was put must be known to keep: until
 * it returns, put is AS_EBUSY. */
AS_CHECK bool as_store_gc(as_store *store, bool (*keep)(void *ctx, const as_digest *digest), void *ctx,
                          double dead_ratio, const as_progress *progress, as_store_gc_result *ret, as_err *err);
/* What as_store_gc would do; changes nothing. */
AS_CHECK bool as_store_gc_look(as_store *store, bool (*keep)(void *ctx, const as_digest *digest), void *ctx,
                               double dead_ratio, const as_progress *progress, as_store_gc_result *ret, as_err *err);

typedef struct as_tombstone {
    as_ns utc;
    char  reason[AS_STORE_REASON_BYTES];
} as_tombstone;

/* Overwrites the bytes of an object with zeros in every pack, gives their room back, and leaves a note of when and why (one
 * line). Durable on return; begun and killed, the next program that writes finishes it. Again: true. AS_ENOTFOUND. What the
 * disk itself keeps of overwritten blocks is out of reach. */
AS_CHECK bool as_store_erase(as_store *store, const as_digest *digest, const char *reason, as_err *err);
/* As as_store_erase, for n objects, each with its own reason, in one pass over each pack. When it fails or is killed, some
 * may still be there: begin it again. */
AS_CHECK bool as_store_erase_all(as_store *store, const as_digest *digests, const char *const *reasons, size_t n,
                                 const as_progress *progress, as_err *err);
/* The same for what was erased elsewhere: with the times and reasons of then, and also when the objects were never here. */
AS_CHECK bool as_store_bury(as_store *store, const as_digest *digests, const as_tombstone *stones, size_t n,
                            const as_progress *progress, as_err *err);
AS_CHECK bool as_store_erased(as_store *store, const as_digest *digest, as_tombstone *ret,
                              as_err *err); /* AS_ENOTFOUND, AS_EEXIST: it was not */

#endif
