/* SPDX-License-Identifier: Apache-2.0 */
/* workspace.h - the folder a project lives in: assay.yaml and, beside it, .assay/ with everything made from it.
 *
 * Layer:   store.
 * Threads: one thread opens and closes; the paths are immutable.
 * Memory:  as_workspace_close frees.
 *
 * .assay/objects, refs   the store          .assay/runs/ID      one folder a run
 * .assay/quarantine      refused pictures    .assay/journal      the line's records
 * .assay/catalog.db      index, rebuilt      .assay/lock         held by the program that writes
 * .assay/key, key.pub    what it signs with (release/sign.h)
 * .assay/holds/N.json    legal holds         .assay/receipts/N.json  of erasures, signed
 * .assay/tmp             what is being made: removed when the next writer opens
 * .assay/erasing.json    an erasure that was begun: the next writer does what is left of it (erasure.h)
 */
#ifndef AS_STORE_WORKSPACE_H
#define AS_STORE_WORKSPACE_H

#include "base/fs.h"
#include "store/store.h"

typedef enum as_workspace_mode { AS_WORKSPACE_NONE, AS_WORKSPACE_READ, AS_WORKSPACE_WRITE } as_workspace_mode;

typedef struct as_workspace {
    char      root[AS_FS_PATH_BYTES];      /* the folder with assay.yaml */
    char      spec_path[AS_FS_PATH_BYTES]; /* root/assay.yaml */
    char      dir[AS_FS_PATH_BYTES];       /* root/.assay */
    as_store *store;
    int       lock_fd; /* -1 when read only */
} as_workspace;

/* Looks for assay.yaml in dir and then in the folders above it. AS_ENOTFOUND: "no assay.yaml in 'DIR' or above it (make
 * one with: assay init DIR)". WRITE takes the lock: AS_EBUSY names the other program's process number; it also removes
 * temporary files that a killed program left. */
AS_CHECK as_workspace *as_workspace_open(const char *dir, as_workspace_mode mode, as_err *err);
as_workspace          *as_workspace_close(as_workspace *ws);

/* root/.assay/NAME into buf[AS_FS_PATH_BYTES]; makes the folders above it when the workspace is open for writing. */
AS_CHECK bool as_workspace_path(const as_workspace *ws, const char *name, char *buf, as_err *err);

#endif
