/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what the files of this folder share: a remote as it was seen last.
 *
 * Layer:   remote.
 * Threads: one thread; the transfers of a crew only read it.
 * Memory:  as_remote_close frees.
 */
#ifndef AS_REMOTE_STATE_H
#define AS_REMOTE_STATE_H

#include "base/str.h"
#include "catalog/commit.h"
#include "remote/crew.h"
#include "remote/digests.h"
#include "remote/kind.h"
#include "remote/transfer.h"

#define AS_REMOTE_MARK     "assay-remote"
#define AS_REMOTE_HERE     "data/remotes/" /* and its name: a ref of this workspace, the version last pulled from it */
#define AS_REMOTE_REF_MAIN "refs/" AS_COMMIT_REF
#define AS_REMOTE_REF_SPEC "refs/spec"
#define AS_REMOTE_TAGS     "data/tags/"
#define AS_REMOTE_NAME_MAX (2 * AS_REMOTE_NAME_BYTES) /* of packs/HEX.pack and the like */
#define AS_REMOTE_SPEC_MAX ((size_t)1 << 20)

typedef struct as_remote_place {
    uint32_t pack; /* in packs */
    uint32_t n_bytes;
    uint64_t offset;
} as_remote_place;

/* What was there when it was looked at. Listings without their pack, or with one of another size, are `begun`: their
 * objects count as missing, and who has them puts the pack again under this name. */
typedef struct as_remote_view {
    AS_VEC(as_transfer) packs, begun;
    as_digests objects; /* places has one for each */
    AS_VEC(as_remote_place) places;
    as_digests erased; /* stones has one for each */
    AS_VEC(as_remote_stone) stones;
    AS_VEC(as_digest) orphans; /* packs without a listing */
    AS_VEC(as_ref) refs;
} as_remote_view;

struct as_remote {
    as_remote_cfg         cfg;
    const as_remote_kind *kind;
    void                 *self; /* the kind's */
    as_workspace         *ws;   /* NULL: only to look at its assay.yaml */
    as_progress           progress;
    char                  cache[AS_FS_PATH_BYTES]; /* .assay/remotes/NAME/seen */
    as_remote_view        view;
    bool                  texts_only; /* what as_remote_fetch stores: no picture that came along in a pack */
};

/* config.c */
AS_CHECK bool as_remote_cfg_check(const as_remote_cfg *cfg, as_err *err);
AS_CHECK bool as_remote_dir(const as_workspace *ws, const char *name, char *dir,
                            as_err *err); /* dir[AS_FS_PATH_BYTES] */

/* remote.c: the mark of a remote. With make it is put where there is none, else that is AS_ENOTFOUND. */
AS_CHECK bool as_remote_greet(as_remote *remote, bool make, as_err *err);
/* A file whose name ends in the SHA-256 of its bytes: AS_ECORRUPT. From the cache, where it is kept. */
AS_CHECK bool as_remote_get_named(as_remote *remote, const char *name, const as_digest *digest, size_t max_bytes,
                                  uint8_t **ret, size_t *ret_n, as_err *err);
void          as_remote_keep_named(const as_remote *remote, const char *name, const void *bytes, size_t n);

/* view.c: looks at the remote anew. */
AS_CHECK bool as_remote_look(as_remote *remote, as_err *err);
void          as_remote_view_done(as_remote_view *view);
const char   *as_remote_ref(const as_remote *remote, const char *name); /* its value as seen; NULL if there is none */
AS_CHECK bool as_remote_has(const as_remote *remote, const as_digest *digest, as_remote_place *ret); /* ret: or NULL */

/* need.c: what versions consist of. */
typedef struct as_need {
    as_digests known;    /* versions whose parts are not asked for */
    as_digests versions; /* that were walked */
    as_digests manifests;
    as_digests objects; /* commits, manifests, labels and notes; then pictures. Also those that were erased since */
    void (*see)(void *ctx, const as_sample *sample); /* gets the samples of as_need_pictures; may be NULL */
    void *ctx;
} as_need;

/* The version and all it comes from are known. What is not in the store ends the walk there. */
AS_CHECK bool as_need_skip(as_need *need, as_workspace *ws, const as_digest *commit, as_err *err);
/* fetch (may be NULL) is asked for those objects of a version that are to be read, and puts what is missing into the store. */
typedef bool  as_need_fetch(void *ctx, const as_digests *wanted, as_err *err);
AS_CHECK bool as_need_walk(as_need *need, as_workspace *ws, const as_digest *commit, as_need_fetch *bring, void *ctx,
                           as_err *err);
/* The pictures of all versions walked, after the rest. */
AS_CHECK bool as_need_pictures(as_need *need, as_workspace *ws, const as_progress *progress, as_err *err);
/* What stands now for objects that were erased, as these notes say. */
AS_CHECK bool as_need_rewritten(const as_remote_stone *stones, size_t n, as_digests *ret, as_err *err);
void          as_need_done(as_need *need);

/* send.c: puts transfer packs of those objects that are here and not there; the first n_first in packs of their own. The
 * remote was looked at before, and is looked at again. */
AS_CHECK bool as_remote_send(as_remote *remote, const as_digests *objects, size_t n_first, as_remote_moved *moved,
                             as_err *err);
/* The parts of it that others need too. */
AS_CHECK bool as_remote_put_pack(as_remote *remote, const as_transfer *transfer, const void *bytes,
                                 const as_str *listing, as_err *err);

/* fetch.c: objects from the remote into the store, each checked. */
AS_CHECK bool as_remote_fetch(as_remote *remote, const as_digests *objects, as_remote_moved *moved, as_err *err);

/* bury.c: erases here what the view says was erased there, and notes what never came; but for what a legal hold or a version
 * keeps. What stands for rewritten parts was fetched before. */
AS_CHECK bool as_remote_bury(as_remote *remote, as_remote_moved *moved, as_err *err);

/* erase.c: packs that a cut left without listing, which nobody can tell the content of. */
AS_CHECK bool as_remote_tidy(as_remote *remote, as_err *err);

#endif
