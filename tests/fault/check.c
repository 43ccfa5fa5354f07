/* SPDX-License-Identifier: Apache-2.0 */
/* The half of site.h that judges what a disturbed program left. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "catalog/catalog.h"
#include "journal/journal.h"
#include "site.h"
#include "store/append.h"

#define SAY(...) (snprintf(why, n_why, __VA_ARGS__), false)

typedef struct check_damage {
    char  *why;
    size_t n_why;
} check_damage;

static void check_damaged(void *ctx, const char *hex, const as_err *err)
{
    check_damage *damage = ctx;
    if (!damage->why[0])
        snprintf(damage->why, damage->n_why, "verify: %.12s %.300s", hex, err->text);
}

static bool check_store(as_store *store, char *why, size_t n_why)
{
    as_store_check check;
    as_err         err = AS_ERR_NONE;
    check_damage   damage = {why, n_why};
    why[0] = '\0';
    if (!as_store_verify(store, check_damaged, &damage, NULL, &check, &err))
        return SAY("verify fails: %s", err.text);
    return check.n_damaged + (store->lock_fd >= 0 ? check.n_unfinished : 0) == 0;
}

/* Object there with the right bytes, or, where that may be, erased with a note. */
static bool check_object(as_store *store, const as_digest *digest, bool may_be_erased, char *why, size_t n_why)
{
    uint8_t     *bytes;
    size_t       n;
    as_tombstone stone;
    as_err       err = AS_ERR_NONE;
    if (!as_store_get(store, digest, &bytes, &n, &err)) {
        if (may_be_erased && err.code == AS_EGONE && as_store_erased(store, digest, &stone, &err))
            return true;
        return SAY("an object is not there: %s", err.text);
    }
    as_digest real = as_sha256_of(bytes, n);
    free(bytes);
    return as_digest_equal(&real, digest) || SAY("an object was read with other bytes");
}

static bool check_manifest(as_workspace *ws, const as_commit *commit, bool may_be_erased, char *why, size_t n_why)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *manifest = as_commit_manifest(ws, commit, &err);
    if (!manifest)
        return SAY("half a commit can be seen: %s", err.text);
    bool ok = as_manifest_count(manifest) == commit->n_samples || SAY("a commit has other samples than it says");
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++)
        ok = check_object(ws->store, &as_manifest_at(manifest, i)->image, may_be_erased, why, n_why);
    as_manifest_free(manifest);
    return ok;
}

static bool check_begins(const as_digest *id, const as_digest *prefix)
{
    size_t n = sizeof prefix->b;
    while (n && prefix->b[n - 1] == 0)
        n--;
    return memcmp(id->b, prefix->b, n) == 0;
}

/* Every commit of the history is whole, and all that were told of are in it, in their order. */
static bool check_history(as_workspace *ws, const site_promises *promises, char *why, size_t n_why)
{
    as_commit commit;
    as_err    err = AS_ERR_NONE;
    size_t    n_left = promises->commits.n, n = 0;
    if (!as_commit_find(ws, "main", &commit, &err)) {
        if (err.code == AS_ENOTFOUND && n_left == 0)
            return true;
        return SAY("no newest commit, and %zu were told of: %s", n_left, err.text);
    }
    for (;; n++) {
        if (!check_manifest(ws, &commit, promises->may_be_erased, why, n_why))
            return false;
        if (n_left && check_begins(&commit.id, &promises->commits.at[n_left - 1]))
            n_left--;
        if (commit.n_parents == 0)
            break;
        as_digest parent = commit.parents[0];
        if (!as_commit_read(ws, &parent, &commit, &err))
            return SAY("the history ends too early: %s", err.text);
    }
    return n_left == 0 || SAY("%zu commits that were told of are not in the history of %zu", n_left, n + 1);
}

/* No byte of what was erased is in any pack. */
static bool check_gone(const site_object *object, const char *packs, char *why, size_t n_why)
{
    DIR *dir = object->mark[0] ? opendir(packs) : NULL;
    bool ok = true;
    for (const struct dirent *entry; dir && ok && (entry = readdir(dir));) {
        char     path[1024];
        uint8_t *bytes;
        size_t   n;
        if (!as_str_ends(entry->d_name, ".pack"))
            continue;
        snprintf(path, sizeof path, "%s/%s", packs, entry->d_name);
        if (!as_fs_read(path, (size_t)1 << 30, &bytes, &n, NULL))
            continue;
        if (memmem(bytes, n, object->mark, strlen(object->mark)))
            ok = SAY("what was erased is still in '%s'", entry->d_name);
        free(bytes);
    }
    if (dir)
        closedir(dir);
    return ok;
}

static bool check_objects(as_workspace *ws, const site_promises *promises, char *why, size_t n_why)
{
    char packs[700];
    snprintf(packs, sizeof packs, "%s/.assay/objects/packs", site_ws);
    for (size_t i = 0; i < promises->objects.n; i++) {
        const site_object *object = &promises->objects.at[i];
        as_tombstone       stone;
        as_err             err = AS_ERR_NONE;
        if (!object->is_erased) {
            if (!check_object(ws->store, &object->digest, promises->may_be_erased, why, n_why))
                return false;
        } else if (!as_store_erased(ws->store, &object->digest, &stone, &err)) {
            return SAY("what was told to be erased is not: %s", err.text);
        } else if (!check_gone(object, packs, why, n_why)) {
            return false;
        }
    }
    return true;
}

static bool check_refs(as_workspace *ws, const site_promises *promises, char *why, size_t n_why)
{
    char   value[AS_REF_BYTES];
    as_err err = AS_ERR_NONE;
    if (!as_store_ref_get(ws->store, "test/ref", value, &err))
        return (err.code == AS_ENOTFOUND && promises->ref == 0) || SAY("ref: %s", err.text);
    return strtoull(value, NULL, 10) >= promises->ref || SAY("a ref that was told of is gone");
}

static bool check_journal(const site_promises *promises, char *why, size_t n_why)
{
    char             dir[700];
    as_journal_check check;
    as_err           err = AS_ERR_NONE;
    snprintf(dir, sizeof dir, "%s/.assay/journal", site_ws);
    if (!as_journal_read(dir, NULL, NULL, &check, &err))
        return SAY("journal: %s", err.text);
    if (!check.whole)
        return SAY("journal: %s", check.text);
    return check.n_records >= promises->n_records ||
           SAY("the journal has %llu records, %llu were told of", (unsigned long long)check.n_records,
               (unsigned long long)promises->n_records);
}

typedef struct check_rows {
    const as_manifest *manifest;
    size_t             n;
    bool               same;
} check_rows;

static bool check_row(void *ctx, const as_sample *sample)
{
    check_rows *rows = ctx;
    if (rows->n >= as_manifest_count(rows->manifest))
        return rows->same = false;
    const as_sample *want = as_manifest_at(rows->manifest, rows->n++);
    rows->same = rows->same && strcmp(want->name, sample->name) == 0 && strcmp(want->label, sample->label) == 0 &&
                 as_digest_equal(&want->image, &sample->image) && want->split == sample->split;
    return rows->same;
}

/* The index answers as the commit itself. */
static bool check_catalog(as_workspace *ws, char *why, size_t n_why)
{
    as_commit commit;
    as_err    err = AS_ERR_NONE;
    if (!as_commit_find(ws, "main", &commit, NULL))
        return true;
    as_manifest *manifest = as_commit_manifest(ws, &commit, &err);
    as_catalog  *catalog = manifest ? as_catalog_open(ws, &err) : NULL;
    check_rows   rows = {.manifest = manifest, .same = true};
    bool         ok = catalog && as_catalog_index(catalog, &commit, &err) &&
              as_catalog_samples(catalog, &(as_sample_query){.commit = commit.id}, check_row, &rows, &err);
    if (!ok)
        (void)SAY("catalog: %s", err.text);
    else
        ok = (rows.same && rows.n == as_manifest_count(manifest)) || SAY("the catalog says other than the commit");
    as_catalog_close(catalog);
    as_manifest_free(manifest);
    return ok;
}

bool site_check(const site_promises *promises, char *why, size_t n_why)
{
    as_err        err = AS_ERR_NONE;
    as_workspace *ws = as_workspace_open(site_ws, AS_WORKSPACE_READ, &err);
    if (!ws && err.code == AS_ENOTFOUND && promises->commits.n + promises->objects.n == 0)
        return true; /* not made yet */
    if (!ws)
        return SAY("the workspace cannot be opened: %s", err.text);
    bool ok = check_store(ws->store, why, n_why) && check_history(ws, promises, why, n_why) &&
              check_objects(ws, promises, why, n_why) && check_refs(ws, promises, why, n_why) &&
              check_journal(promises, why, n_why) && check_catalog(ws, why, n_why);
    as_workspace_close(ws);
    return ok;
}

/* --- restart */

static bool restart_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    (void)err;
    if (strstr(entry->relative, ".tmp.") || as_str_starts(entry->relative, "tmp/"))
        as_str_copy(ctx, 256, entry->relative);
    return true;
}

bool site_restart(uint64_t *ret_ns, char *why, size_t n_why)
{
    as_err        err = AS_ERR_NONE;
    char          left[256] = "", dir[700];
    const as_ns   begin = as_clock_mono();
    as_workspace *ws = as_workspace_open(site_ws, AS_WORKSPACE_WRITE, &err);
    if (!ws && err.code == AS_ENOTFOUND) {
        *ret_ns = 0;
        return true;
    }
    bool ok = ws && as_store_begin(ws->store, &err);
    *ret_ns = (uint64_t)(as_clock_mono() - begin);
    /* What was left unfinished is put in order by then. */
    bool whole = !ok || check_store(ws->store, why, n_why);
    as_workspace_close(ws);
    if (!ok)
        return SAY("the next program does not start: %s", err.text);
    if (!whole)
        return false;
    snprintf(dir, sizeof dir, "%s/.assay", site_ws);
    if (!as_fs_walk(dir, restart_visit, left, &err))
        return SAY("%s", err.text);
    return !left[0] || SAY("'%s' was left behind", left);
}

/* What a version says, without the time at which it was said. */
as_digest site_state(void)
{
    as_commit     commit;
    as_err        err = AS_ERR_NONE;
    as_digest     none = {{0}}, state;
    as_sha256    *sha = as_sha256_new(&err);
    as_workspace *ws = as_workspace_open(site_ws, AS_WORKSPACE_READ, &err);
    as_manifest  *manifest =
        ws && as_commit_find(ws, "main", &commit, &err) ? as_commit_manifest(ws, &commit, &err) : NULL;
    for (size_t i = 0; sha && manifest && i < as_manifest_count(manifest); i++) {
        const as_sample *s = as_manifest_at(manifest, i);
        as_sha256_add(sha, s->name, strlen(s->name) + 1);
        as_sha256_add(sha, s->label, strlen(s->label) + 1);
        as_sha256_add(sha, &s->split, sizeof s->split);
        as_sha256_add(sha, &s->state, sizeof s->state);
        as_sha256_add(sha, &s->image, sizeof s->image);
    }
    state = sha && manifest ? as_sha256_end(sha) : none;
    as_sha256_free(sha);
    as_manifest_free(manifest);
    as_workspace_close(ws);
    return state;
}
