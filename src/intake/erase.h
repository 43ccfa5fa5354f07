/* SPDX-License-Identifier: Apache-2.0 */
/* erase.h - people who are forgotten: their pictures, and what says whose they were, out of every version.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  a list of pictures, versions and names; two manifests at a time.
 *
 * as_erase_find looks at all versions (catalog/history.h), the quarantine, the runs and the project's folder, and changes
 * nothing. as_erase_begin writes down what is to go (store/erasure.h); as_erase_finish does it, commits the newest version
 * without these samples, reads everything again, and signs a receipt: .assay/receipts/N.json. Killed in between, whoever
 * opens the workspace for writing next ends what is of the store, and as_erase_finish the rest.
 *
 * Commits keep their ids. A manifest that named somebody is an object erased like a picture; its note says which object
 * stands for it now (catalog/commit.h).
 */
#ifndef AS_INTAKE_ERASE_H
#define AS_INTAKE_ERASE_H

#include "base/progress.h"
#include "catalog/erased.h"
#include "catalog/query.h"
#include "store/run.h"

#define AS_ERASE_REASON_BYTES 161 /* with the zero byte: it stands in notes of at most AS_STORE_REASON_BYTES */
#define AS_ERASE_WHY_BYTES    256

typedef struct as_erase_cfg {
    const as_query       *where;  /* over the version `commit`; NULL: names */
    const char           *commit; /* NULL: the newest */
    const char *const    *names;  /* of samples of any version, of refused pictures, or SHA-256 of pictures */
    size_t                n_names;
    const as_digest_list *images;        /* instead of both; may be NULL */
    const char           *reason;        /* names nobody: it stays */
    bool                  keep_metadata; /* names, measures and labels stay in the history: pixels alone go */
} as_erase_cfg;

typedef struct as_erase_picture {
    as_digest image;
    uint64_t  n_bytes, n_versions;
    uint64_t  hold;                 /* the legal hold that keeps it; 0: none */
    char     *name;                 /* one that it has */
    bool      was_erased, is_named; /* before, and its names stayed */
} as_erase_picture;

typedef struct as_erase_version {
    as_commit commit;
    uint64_t  n[AS_SPLIT_COUNT]; /* samples of it that are to go */
} as_erase_version;

typedef struct as_erase_run_hit {
    as_run   run;
    uint64_t n[AS_SPLIT_COUNT];
} as_erase_run_hit;

typedef AS_VEC(char *) as_erase_paths; /* below the project's folder */

typedef struct as_erase {
    AS_VEC(as_erase_picture) pictures; /* by image; of erased ones those whose names stayed */
    AS_VEC(as_erase_version) versions; /* that have one of them */
    AS_VEC(as_erase_run_hit) runs;     /* made from one of these versions */
    as_erase_paths quarantine;         /* refused pictures and their records */
    as_erase_paths pages;              /* reports with small pictures in them */
    as_erase_paths copies;             /* the same pictures, not ours to touch */
    as_aliases     names, parts;       /* theirs */
    as_digest_list images;             /* sorted: of pictures */
    uint64_t       n_bytes, n_held, n_in_newest;
    char           not_looked[AS_ERASE_WHY_BYTES]; /* why a part of the project's folder was not; "" */
    as_err_code    not_looked_code;                /* for the receipt: the text has a path, and it may name somebody */
} as_erase;

/* AS_ENOTFOUND: nothing meets it, or a name is unknown. */
AS_CHECK bool as_erase_find(as_workspace *ws, const as_erase_cfg *cfg, const as_progress *progress, as_erase *ret,
                            as_err *err);
void          as_erase_done(as_erase *erase);

/* AS_EACCESS: a legal hold keeps one of them. Durable on return: from here on there is no way back. */
AS_CHECK bool as_erase_begin(as_workspace *ws, const as_erase_cfg *cfg, as_erase *erase, const as_progress *progress,
                             as_err *err);

/* Ends what was begun, now or by a program that was killed. *ret: the receipt; path[AS_FS_PATH_BYTES] where it lies. What it
 * found of the pictures afterwards is in the receipt too: look at "clean". AS_ENOTFOUND: nothing was begun. */
AS_CHECK bool as_erase_finish(as_workspace *ws, const as_progress *progress, json_t **ret, char *path, as_err *err);

/* The author that versions and receipts get. */
void as_erase_author(char *author, size_t cap);

/* A receipt's signature, and that its pictures are still gone. True also when they are not: ret tells. */
typedef struct as_erase_check {
    bool     is_signed, is_own_key; /* by anybody, unchanged since; by this workspace */
    uint64_t n_pictures, n_there, n_without_note, n_in_newest, n_quarantined;
    char     why[AS_ERASE_WHY_BYTES]; /* what is wrong with the signature */
} as_erase_check;

AS_CHECK bool as_erase_check_receipt(as_workspace *ws, const json_t *receipt, as_erase_check *ret, as_err *err);

#endif
