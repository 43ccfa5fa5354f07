/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - the versions of a workspace elsewhere: in a folder, on a share, in a bucket; push, pull and erase there.
 *
 * Layer:   remote (may use base/, store/, catalog/).
 * Threads: one thread a remote; it starts its own for the transfers.
 * Memory:  an as_remote keeps what it knows of the remote: about 60 bytes an object. Transfers hold at most
 *          AS_REMOTE_THREADS packs of AS_REMOTE_PACK_BYTES, or one larger object.
 *
 * In the workspace: .assay/remotes/NAME/remote.json (where it is; never a secret), and copies of listings.
 * In the remote, each name written once and whole, but for refs/:
 *   assay-remote          that this is one
 *   packs/HEX.idx .pack   objects behind each other, and which ones they are: transfer.h. HEX is the SHA-256 of the
 *                         listing, which has the SHA-256 of each object: both can be checked. The listing is put first
 *                         and removed last, so that what a pack holds is always known; objects are there when both are
 *   erased/HEX            which objects were erased, when and why; HEX is its SHA-256
 *   specs/HEX             an assay.yaml; HEX is its SHA-256
 *   refs/data/main ...    the newest version, tags, and which assay.yaml (refs/spec): moved last, by compare and swap
 */
#ifndef AS_REMOTE_REMOTE_H
#define AS_REMOTE_REMOTE_H

#include "base/progress.h"
#include "store/workspace.h"

#define AS_REMOTE_NAME_BYTES 64
#define AS_REMOTE_URL_BYTES  1024
#define AS_REMOTE_PACK_BYTES ((size_t)32 << 20)
#define AS_REMOTE_THREADS    4u

typedef struct as_remote_cfg {
    char   name[AS_REMOTE_NAME_BYTES];    /* of a-z, 0-9, '.', '_' and '-' */
    char   url[AS_REMOTE_URL_BYTES];      /* "/path", "file:///path", "s3://bucket/prefix" */
    char   endpoint[AS_REMOTE_URL_BYTES]; /* s3: "" for AWS, or "http://127.0.0.1:9000" */
    char   region[64];                    /* s3: "" for AWS_REGION or us-east-1 */
    double timeout_s;                     /* how long a server may say nothing; 0: 30. Not stored */
} as_remote_cfg;

/* AS_EEXIST, AS_EINVAL: a URL of no known kind, or with a password in it. */
AS_CHECK bool as_remote_add(const as_workspace *ws, const as_remote_cfg *cfg, as_err *err);
AS_CHECK bool as_remote_forget(const as_workspace *ws, const char *name, as_err *err); /* the remote itself stays */
AS_CHECK bool as_remote_list(const as_workspace *ws, as_remote_cfg **ret, size_t *ret_n, as_err *err); /* free() it */
/* NULL: the only one there is, or "origin". AS_ENOTFOUND says how to add one. */
AS_CHECK bool as_remote_find(const as_workspace *ws, const char *name, as_remote_cfg *ret, as_err *err);
/* Where credentials come from, or where they were looked for, as a sentence; "" for a kind that needs none. */
AS_CHECK bool as_remote_access(const as_remote_cfg *cfg, char *text, size_t n, as_err *err);

typedef struct as_remote as_remote;

/* Touches nothing there yet. progress (may be NULL) lives as long as the remote: its stop ends every wait. */
AS_CHECK as_remote *as_remote_open(as_workspace *ws, const as_remote_cfg *cfg, const as_progress *progress,
                                   as_err *err);
as_remote          *as_remote_close(as_remote *remote);

typedef struct as_remote_moved {
    uint64_t n_objects, n_bytes; /* that were sent or fetched, listings left out */
    uint64_t n_requests_again;   /* because something failed in between */
    uint64_t n_erased;           /* objects erased on the other side because they were on this one */
    uint64_t n_held;             /* pull: erased there, and kept here by a legal hold */
    uint64_t n_kept;             /* pull: said to be erased there; versions here need it, and nothing stands for it */
    uint64_t n_tags;             /* that are new on the other side */
    uint64_t n_tags_left;        /* that are another version there: not touched */
    uint64_t n_tags_wrong;       /* pull: that a tag could not be called, or that name no version: passed over */
    uint64_t n_known_erased; /* push: objects of it that were erased in the remote, and not here (pull erases them) */
    bool     is_moved;       /* main is another version than before */
    bool     is_swap_sure;   /* push: the remote can compare and swap; else it was read again afterwards */
    bool     is_spec_sent;   /* push */
    bool     is_spec_other;  /* pull: the remote's assay.yaml is not the one here (spec_path) */
    char     spec_path[AS_FS_PATH_BYTES]; /* pull: where a copy of the remote's assay.yaml lies; "" if it has none */
    char     commit[AS_SHA256_HEX_BYTES]; /* that is main in the remote now; "" if none */
    char     before[AS_SHA256_HEX_BYTES]; /* that was, on the side that moved */
} as_remote_moved;

typedef struct as_push_cfg {
    const char *commit;       /* NULL: main */
    bool        force;        /* also over versions that it does not come from */
    bool        whole;        /* look at every version of the history, not only at those the remote does not have */
    bool        without_spec; /* leave assay.yaml out */
} as_push_cfg;

/* Sends a version with its history, what was erased, tags, and assay.yaml (never one with a password in a URL: AS_EINVAL).
 * Only what is missing there; main moves last. AS_EEXIST when the remote has versions that this one does not come from. */
AS_CHECK bool as_remote_push(as_remote *remote, const as_push_cfg *cfg, as_remote_moved *ret, as_err *err);
typedef struct as_pull_cfg {
    bool looked_only; /* no picture that was taken in without anybody looking for faces in it */
} as_pull_cfg;

/* Fetches what is missing here of the remote's main and tags, each object checked; erases here what was erased there; then
 * moves main. AS_EEXIST when this workspace has versions that the remote's does not come from: then its objects are here,
 * and main stays. AS_EACCESS, and no picture has come: cfg does not allow it. The workspace must be open for writing. */
AS_CHECK bool as_remote_pull(as_remote *remote, const as_pull_cfg *cfg, as_remote_moved *ret, as_err *err);

/* The remote's assay.yaml, for a new workspace (before there is one: as_remote_open with ws NULL). free() it. */
AS_CHECK bool as_remote_spec(as_remote *remote, uint8_t **ret, size_t *ret_n, as_err *err);

typedef struct as_remote_stone {
    as_digest    digest;
    as_tombstone stone;
} as_remote_stone;

typedef struct as_remote_erasure {
    uint64_t n_noted;   /* erasures that the remote did not know of */
    uint64_t n_packs;   /* that held such objects: written again without them, or removed */
    uint64_t n_objects; /* of the given ones that were there */
    uint64_t n_bytes;   /* of these */
} as_remote_erasure;

/* Notes these erasures in the remote and removes the objects from it (what stands for a rewritten one, as its reason says
 * (catalog/commit.h), is sent first): each pack that holds one is written again without it
 * and then deleted. Objects it does not have are noted all the same. Safe beside pushes; again after a cut: finishes it.
 * Copies that the server itself keeps (versions of a bucket, backups) are out of reach. */
AS_CHECK bool as_remote_erase(as_remote *remote, const as_remote_stone *stones, size_t n, as_remote_erasure *ret,
                              as_err *err);

#endif
