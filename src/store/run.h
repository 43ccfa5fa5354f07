/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - one tracked training: a folder with the model, what made it, and what was measured on it.
 *
 * Layer:   store (may use base/).
 * Threads: one thread.
 * Memory:  plain values; what is returned on the heap is freed by the caller.
 *
 * .assay/runs/ID/model.onnx and run.json, and what stages add: curve.csv, eval-test.json, evidence-STAGE.json, ... A run
 * appears whole or not at all; later files are written whole or not at all.
 */
#ifndef AS_STORE_RUN_H
#define AS_STORE_RUN_H

#include "base/json.h"
#include "store/run_point.h"
#include "store/workspace.h"

#define AS_RUN_ID_BYTES        48
#define AS_RUN_MODEL_MAX_BYTES ((size_t)1 << 30)

typedef struct as_run {
    char            id[AS_RUN_ID_BYTES]; /* "3-cnn": a number that counts up, and the trainer */
    char            trainer[32];
    char            dir[AS_FS_PATH_BYTES];
    char            commit[AS_SHA256_HEX_BYTES]; /* dataset version it was trained on */
    char            spec[AS_SHA256_HEX_BYTES];   /* of assay.yaml's bytes */
    char            model[AS_SHA256_HEX_BYTES];  /* of model.onnx */
    uint64_t        seed;
    uint32_t        threads;
    as_ns           commit_utc; /* when that version was made; 0: not known */
    uint32_t        classes;    /* as_spec_classes_crc of the spec; 0: not known */
    as_ns           utc;        /* when the training began */
    double          seconds;
    double          pass_below, reject_from; /* operating point; NAN: not solved yet */
    double          val_cost, val_macro_f1;  /* on the validation split: cost a part, and F1; NAN: not known */
    bool            val_feasible;            /* the requirements on what is rejected hold there */
    as_point_counts val_counts;              /* what the operating point did there */
} as_run;

/* A new run: gives it a draft folder to put files in (run->dir). as_run_finish numbers it and makes it appear;
 * as_run_drop removes an unfinished one. trainer, commit, spec, seed and threads are the caller's to set. */
AS_CHECK bool as_run_begin(as_workspace *ws, as_run *run, as_err *err);
AS_CHECK bool as_run_finish(as_workspace *ws, as_run *run, const uint8_t *model, size_t n, const json_t *details,
                            as_err *err);
void          as_run_drop(as_run *run);

/* A file of the run, whole or absent. */
AS_CHECK bool as_run_write_file(const as_run *run, const char *name, const void *bytes, size_t n, as_err *err);
AS_CHECK bool as_run_write_json(const as_run *run, const char *name, const json_t *value, as_err *err);
AS_CHECK bool as_run_read_json(const as_run *run, const char *name, json_t **ret, as_err *err); /* AS_ENOTFOUND */

/* Writes the operating point and val_* back. */
AS_CHECK bool as_run_update(const as_run *run, as_err *err);

/* The model's bytes, their hash checked: AS_ECORRUPT. */
AS_CHECK bool as_run_read_model(const as_run *run, uint8_t **ret_bytes, size_t *ret_n, as_err *err);
/* The same in pages of its own, as as_fs_read_pages(): as_fs_unmap frees. For as_session_cfg.spent. */
AS_CHECK bool as_run_read_model_pages(const as_run *run, const uint8_t **ret_bytes, size_t *ret_n, as_err *err);

/* All finished runs by number; *ret on the heap. What is no run, or cannot be read, is left out with a warning. */
AS_CHECK bool as_run_list(as_workspace *ws, as_run **ret, size_t *ret_n, as_err *err);

/* AS_ECORRUPT when one that is there cannot be read: which version it needs is not known then. */
AS_CHECK bool as_run_check_all(as_workspace *ws, as_err *err);

/* name: an id, its number, "last", or NULL for the current one. AS_ENOTFOUND: "no run yet (train one with: assay
 * train)". */
AS_CHECK bool as_run_find(as_workspace *ws, const char *name, as_run *ret, as_err *err);

typedef struct as_run_why {
    bool   is_chosen; /* with as_run_use */
    size_t n_peers;   /* else: how many it is the best of */
    size_t n_others;  /* runs on older data or for other classes, which it was not compared with */
} as_run_why;

/* The current run: the one chosen with as_run_use, else the best, as as_run_better has it (the later one when equal), of
 * those on the newest version of the data that has runs, for the classes of the last run there. */
AS_CHECK bool as_run_current(as_workspace *ws, as_run *ret, as_run_why *ret_why, as_err *err);
AS_CHECK bool as_run_use(as_workspace *ws, const char *name, as_err *err); /* NULL: the best again */

/* On the validation split: the one that meets the requirements, then the one of less cost, then of greater F1. What is not
 * known loses. Only runs on the same data compare well. */
bool as_run_better(const as_run *a, const as_run *b);

#endif
