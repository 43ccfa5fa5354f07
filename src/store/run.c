/* SPDX-License-Identifier: Apache-2.0 */
#include "store/run.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/vec.h"

#define RUN_JSON_MAX_BYTES ((size_t)4 << 20)
#define RUN_REF            "run/current"
#define RUN_MAX_NUMBER     (UINT64_C(1) << 48)

static bool run_path(const as_run *run, const char *name, char *path, as_err *err)
{
    return as_fs_join(path, run->dir, name, err);
}

bool as_run_begin(as_workspace *ws, as_run *run, as_err *err)
{
    char name[64];
    snprintf(name, sizeof name, "tmp/run-%d", (int)getpid());
    if (!as_workspace_path(ws, name, run->dir, err))
        return false;
    if (!as_fs_remove_tree(run->dir, err) || !as_fs_make_dirs(run->dir, err))
        return false;
    run->id[0] = '\0';
    run->utc = as_clock_utc();
    run->pass_below = run->reject_from = run->val_cost = run->val_macro_f1 = NAN;
    run->val_feasible = false;
    run->val_counts = (as_point_counts){0};
    return true;
}

void as_run_drop(as_run *run)
{
    as_err ignored = AS_ERR_NONE;
    if (run->id[0] == '\0' && run->dir[0] && !as_fs_remove_tree(run->dir, &ignored))
        run->dir[0] = '\0';
}

/* The number an id begins with; 0: it is no id. A number beyond all reason is none: the next one would have no room. */
static uint64_t run_number(const char *id)
{
    char     digits[24];
    size_t   n = strspn(id, "0123456789");
    uint64_t number;
    if (n == 0 || n >= sizeof digits || id[n] != '-')
        return 0;
    memcpy(digits, id, n);
    digits[n] = '\0';
    return as_str_to_u64(digits, &number) && number < RUN_MAX_NUMBER ? number : 0;
}

typedef struct run_entry {
    uint64_t number;
    char     id[AS_RUN_ID_BYTES];
} run_entry;

typedef AS_VEC(run_entry) run_entries;

static int run_entry_order(const void *a, const void *b)
{
    const run_entry *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static bool run_entries_read(const char *runs_dir, run_entries *ret, as_err *err)
{
    DIR *dir = opendir(runs_dir);
    if (!dir)
        return errno == ENOENT || as_err_errno(err, errno, "cannot list '%s'", runs_dir);
    bool ok = true;
    for (struct dirent *entry = readdir(dir); ok && entry; entry = readdir(dir)) {
        run_entry one = {.number = run_number(entry->d_name)};
        if (one.number == 0 || !as_str_copy(one.id, sizeof one.id, entry->d_name))
            continue;
        ok = as_vec_push(ret, one) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    }
    closedir(dir);
    if (ok && ret->n)
        qsort(ret->at, ret->n, sizeof *ret->at, run_entry_order);
    return ok;
}

static bool run_dir_of(const as_workspace *ws, const char *id, char *path, as_err *err)
{
    char runs[AS_FS_PATH_BYTES];
    return as_fs_join(runs, ws->dir, "runs", err) && as_fs_join(path, runs, id, err);
}

static json_t *run_to_json(const as_run *run)
{
    json_t *json = json_object();
    as_json_set(json, "id", json_string(run->id));
    as_json_set(json, "trainer", json_string(run->trainer));
    as_json_set(json, "commit", json_string(run->commit));
    as_json_set(json, "commit_utc_ns", json_integer(run->commit_utc));
    as_json_set(json, "spec", json_string(run->spec));
    as_json_set(json, "classes", json_integer(run->classes));
    as_json_set(json, "model", json_string(run->model));
    as_json_set(json, "seed", json_integer((json_int_t)run->seed));
    as_json_set(json, "threads", json_integer(run->threads));
    as_json_set(json, "utc_ns", json_integer(run->utc));
    as_json_set(json, "seconds", as_json_number(run->seconds));
    as_json_set(json, "pass_below", as_json_number(run->pass_below));
    as_json_set(json, "reject_from", as_json_number(run->reject_from));
    as_json_set(json, "val_cost", as_json_number(run->val_cost));
    as_json_set(json, "val_macro_f1", as_json_number(run->val_macro_f1));
    as_json_set(json, "val_feasible", json_boolean(run->val_feasible));
    as_json_set(json, "val_verdicts", as_point_counts_json(&run->val_counts));
    return json;
}

static double run_number_or_nan(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool run_text(const json_t *json, const char *key, char *ret, size_t cap, as_err *err)
{
    const char *text;
    if (!as_json_get_str(json, key, &text, err))
        return false;
    return as_str_copy(ret, cap, text) || AS_FAIL(err, AS_EFORMAT, "'%s' is too long", key);
}

static bool run_from_json(const json_t *json, as_run *run, as_err *err)
{
    int64_t seed, threads, utc;
    if (!run_text(json, "id", run->id, sizeof run->id, err) ||
        !run_text(json, "trainer", run->trainer, sizeof run->trainer, err) ||
        !run_text(json, "commit", run->commit, sizeof run->commit, err) ||
        !run_text(json, "spec", run->spec, sizeof run->spec, err) ||
        !run_text(json, "model", run->model, sizeof run->model, err) || !as_json_get_i64(json, "seed", &seed, err) ||
        !as_json_get_i64(json, "threads", &threads, err) || !as_json_get_i64(json, "utc_ns", &utc, err))
        return false;
    run->seed = (uint64_t)seed;
    run->threads = (uint32_t)threads;
    run->utc = utc;
    run->commit_utc = json_integer_value(json_object_get(json, "commit_utc_ns"));
    run->classes = (uint32_t)json_integer_value(json_object_get(json, "classes"));
    run->seconds = run_number_or_nan(json, "seconds");
    run->pass_below = run_number_or_nan(json, "pass_below");
    run->reject_from = run_number_or_nan(json, "reject_from");
    run->val_cost = run_number_or_nan(json, "val_cost");
    run->val_macro_f1 = run_number_or_nan(json, "val_macro_f1");
    run->val_feasible = json_is_true(json_object_get(json, "val_feasible"));
    run->val_counts = as_point_counts_from_json(json_object_get(json, "val_verdicts"));
    return true;
}

static bool run_load(const as_workspace *ws, const char *id, as_run *ret, as_err *err)
{
    as_run  run = {0};
    json_t *json = NULL;
    if (!run_dir_of(ws, id, run.dir, err) || !as_run_read_json(&run, "run.json", &json, err))
        return false;
    bool ok = run_from_json(json, &run, err);
    json_decref(json);
    if (!ok)
        return as_err_note(err, "run '%s'", id);
    *ret = run;
    return true;
}

bool as_run_finish(as_workspace *ws, as_run *run, const uint8_t *model, size_t n, const json_t *details, as_err *err)
{
    char        runs[AS_FS_PATH_BYTES], target[AS_FS_PATH_BYTES];
    run_entries all = {0};
    as_digest   digest = as_sha256_of(model, n);
    as_digest_hex(&digest, run->model);
    if (!as_run_write_file(run, "model.onnx", model, n, err))
        return false;
    if (details && !as_run_write_json(run, "details.json", details, err))
        return false;
    if (!as_fs_join(runs, ws->dir, "runs", err))
        return false;
    bool ok = as_fs_make_dirs(runs, err) && run_entries_read(runs, &all, err);
    if (ok) {
        uint64_t number = all.n ? all.at[all.n - 1].number + 1 : 1;
        snprintf(run->id, sizeof run->id, "%llu-%s", (unsigned long long)number, run->trainer);
        ok = as_run_update(run, err) && as_fs_join(target, runs, run->id, err) && as_fs_sync_dir(run->dir, err) &&
             as_fs_rename(run->dir, target, err) && as_fs_sync_dir(runs, err);
    }
    if (ok)
        as_str_copy(run->dir, sizeof run->dir, target);
    else
        run->id[0] = '\0';
    as_vec_done(&all);
    return ok;
}

bool as_run_write_file(const as_run *run, const char *name, const void *bytes, size_t n, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    return run_path(run, name, path, err) && as_fs_write(path, bytes, n, err);
}

bool as_run_write_json(const as_run *run, const char *name, const json_t *value, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    return run_path(run, name, path, err) && as_json_write(path, value, err);
}

bool as_run_read_json(const as_run *run, const char *name, json_t **ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!run_path(run, name, path, err))
        return false;
    json_t *json = as_json_read(path, RUN_JSON_MAX_BYTES, err);
    if (!json)
        return false;
    *ret = json;
    return true;
}

bool as_run_update(const as_run *run, as_err *err)
{
    json_t *json = run_to_json(run);
    bool    ok = as_run_write_json(run, "run.json", json, err);
    json_decref(json);
    return ok;
}

static bool run_no_model(const as_run *run, const char *path, const as_err *why, as_err *err)
{
    return why->code == AS_ENOTFOUND
               ? AS_FAIL(err, AS_EMISSING, "the model of run '%s' is gone: no file '%s' (restore it, or train again)",
                         run->id, path)
               : as_err_set(err, why->code, "%s", why->text);
}

static bool run_is_model(const as_run *run, const char *path, const uint8_t *bytes, size_t n, as_err *err)
{
    char      hex[AS_SHA256_HEX_BYTES];
    as_digest digest = as_sha256_of(bytes, n);
    return strcmp(as_digest_hex(&digest, hex), run->model) == 0 ||
           AS_FAIL(err, AS_ECORRUPT,
                   "'%s' is not the file that run '%s' was recorded with (train again, or restore it)", path, run->id);
}

bool as_run_read_model(const as_run *run, uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    if (!run_path(run, "model.onnx", path, err))
        return false;
    if (!as_fs_read(path, AS_RUN_MODEL_MAX_BYTES, &bytes, &n, &why))
        return run_no_model(run, path, &why, err);
    if (!run_is_model(run, path, bytes, n, err)) {
        free(bytes);
        return false;
    }
    *ret_bytes = bytes;
    *ret_n = n;
    return true;
}

bool as_run_read_model_pages(const as_run *run, const uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    char           path[AS_FS_PATH_BYTES];
    const uint8_t *bytes;
    size_t         n;
    as_err         why = AS_ERR_NONE;
    if (!run_path(run, "model.onnx", path, err))
        return false;
    if (!as_fs_read_pages(path, AS_RUN_MODEL_MAX_BYTES, &bytes, &n, &why))
        return run_no_model(run, path, &why, err);
    if (!run_is_model(run, path, bytes, n, err)) {
        as_fs_unmap(bytes, n);
        return false;
    }
    *ret_bytes = bytes;
    *ret_n = n;
    return true;
}

bool as_run_list(as_workspace *ws, as_run **ret, size_t *ret_n, as_err *err)
{
    char        runs[AS_FS_PATH_BYTES];
    run_entries all = {0};
    if (!as_fs_join(runs, ws->dir, "runs", err))
        return false;
    bool    ok = run_entries_read(runs, &all, err);
    as_run *list = ok ? calloc(all.n ? all.n : 1, sizeof *list) : NULL;
    if (ok && !list)
        ok = AS_FAIL(err, AS_ENOMEM, "out of memory");
    size_t n = 0;
    for (size_t i = 0; ok && i < all.n; i++) {
        as_err why = AS_ERR_NONE;
        if (run_load(ws, all.at[i].id, &list[n], &why))
            n++;
        else
            as_log_write(AS_LOG_WARN, "left out: %s", why.text);
    }
    if (ok) {
        *ret = list;
        *ret_n = n;
    } else {
        free(list);
    }
    as_vec_done(&all);
    return ok;
}

bool as_run_check_all(as_workspace *ws, as_err *err)
{
    char        runs[AS_FS_PATH_BYTES];
    run_entries all = {0};
    bool        ok = as_fs_join(runs, ws->dir, "runs", err) && run_entries_read(runs, &all, err);
    for (size_t i = 0; ok && i < all.n; i++) {
        as_run run;
        as_err why = AS_ERR_NONE;
        /* A folder without a record is no run. */
        if (!run_load(ws, all.at[i].id, &run, &why) && why.code != AS_ENOTFOUND)
            ok =
                as_err_set(err, why.code == AS_EFORMAT ? AS_ECORRUPT : why.code,
                           "which version run '%s' was made from cannot be told: %s (restore its record, or remove its "
                           "folder)",
                           all.at[i].id, why.text);
    }
    as_vec_done(&all);
    return ok;
}

bool as_run_better(const as_run *a, const as_run *b)
{
    if (isnan(a->val_cost) || isnan(b->val_cost))
        return !isnan(a->val_cost) && isnan(b->val_cost);
    if (a->val_feasible != b->val_feasible)
        return a->val_feasible;
    if (fabs(a->val_cost - b->val_cost) > 1e-9 * fmax(a->val_cost, b->val_cost))
        return a->val_cost < b->val_cost;
    return a->val_macro_f1 > b->val_macro_f1;
}

static bool run_is_peer(const as_run *a, const as_run *b)
{
    return strcmp(a->commit, b->commit) == 0 && a->classes == b->classes;
}

/* Costs on other pictures, or of other classes, are no measure of one another. */
static const as_run *run_best(const as_run *list, size_t n, size_t *ret_peers)
{
    const as_run *newest = NULL, *best = NULL;
    *ret_peers = 0;
    for (size_t i = 0; i < n; i++)
        if (!newest || list[i].commit_utc >= newest->commit_utc)
            newest = &list[i];
    for (size_t i = 0; i < n; i++) {
        if (!run_is_peer(&list[i], newest))
            continue;
        ++*ret_peers;
        if (!best || !as_run_better(best, &list[i]))
            best = &list[i];
    }
    return best;
}

static const as_run *run_named(const as_run *list, size_t n, const char *name)
{
    uint64_t number;
    if (strcmp(name, "last") == 0)
        return n ? &list[n - 1] : NULL;
    bool is_number = as_str_to_u64(name, &number);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].id, name) == 0)
            return &list[i];
        if (is_number && run_number(list[i].id) == number)
            return &list[i];
    }
    return NULL;
}

/* What as_run_use wrote, or "". */
static bool run_chosen(as_workspace *ws, char value[AS_REF_BYTES], as_err *err)
{
    as_err why = AS_ERR_NONE;
    value[0] = '\0';
    if (as_store_ref_get(ws->store, RUN_REF, value, &why)) {
        if (strcmp(value, "best") == 0)
            value[0] = '\0';
        return true;
    }
    if (why.code == AS_ENOTFOUND)
        return true;
    *err = why;
    return false;
}

static bool run_absent(size_t n, const char *name, as_err *err)
{
    if (n == 0)
        return AS_FAIL(err, AS_ENOTFOUND, "no run yet (train one with: assay train)");
    return AS_FAIL(err, AS_ENOTFOUND, "no run '%s' (see: assay runs)", name);
}

bool as_run_current(as_workspace *ws, as_run *ret, as_run_why *ret_why, as_err *err)
{
    as_run    *list;
    size_t     n, n_peers = 0;
    char       chosen[AS_REF_BYTES];
    as_run_why why = {.is_chosen = false};
    if (!run_chosen(ws, chosen, err) || !as_run_list(ws, &list, &n, err))
        return false;
    why.is_chosen = chosen[0] != '\0';
    const as_run *found = why.is_chosen ? run_named(list, n, chosen) : run_best(list, n, &n_peers);
    why.n_peers = n_peers;
    why.n_others = why.is_chosen ? 0 : n - n_peers;
    if (found) {
        *ret = *found;
        *ret_why = why;
    }
    free(list);
    return found || run_absent(n, chosen, err);
}

bool as_run_find(as_workspace *ws, const char *name, as_run *ret, as_err *err)
{
    as_run    *list;
    size_t     n;
    as_run_why why;
    if (!name)
        return as_run_current(ws, ret, &why, err);
    if (!as_run_list(ws, &list, &n, err))
        return false;
    const as_run *found = run_named(list, n, name);
    if (found)
        *ret = *found;
    free(list);
    return found || run_absent(n, name, err);
}

bool as_run_use(as_workspace *ws, const char *name, as_err *err)
{
    as_run run;
    if (!name)
        return as_store_ref_set(ws->store, RUN_REF, "best", err);
    return as_run_find(ws, name, &run, err) && as_store_ref_set(ws->store, RUN_REF, run.id, err);
}
