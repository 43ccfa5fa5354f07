/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/catalog.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "catalog/rewritten.h"

#define CATALOG_VERSION 4
#define CATALOG_FILE    "catalog.db"
#define CATALOG_WAIT_MS 10000

struct as_catalog {
    as_workspace *ws;
    char          path[AS_FS_PATH_BYTES];
    sqlite3      *db;
    sqlite3_stmt *find, *asked; /* kept for the next time; NULL: none yet */
    char         *asked_sql;
    bool          is_asking; /* `asked` is at work */
    bool          in_memory;
    as_err_code   trouble;  /* last one of the database itself, not of the store */
    bool          is_stale; /* asked for a commit that was written anew since */
    enum { CATALOG_UNCHECKED, CATALOG_SOUND, CATALOG_UNSOUND } soundness;
};

static const char catalog_schema[] =
    "CREATE TABLE commits(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, manifest BLOB NOT NULL, labels BLOB NOT "
    "NULL);"
    "CREATE TABLE samples(commit_id INTEGER NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, split INTEGER NOT NULL,"
    " part TEXT NOT NULL, camera TEXT NOT NULL, image BLOB NOT NULL, format TEXT NOT NULL, width INTEGER NOT NULL,"
    " height INTEGER NOT NULL, n_bytes INTEGER NOT NULL, utc INTEGER NOT NULL, sharpness REAL, clipped_ratio REAL,"
    " severity REAL, state INTEGER NOT NULL, said_by TEXT NOT NULL, n_findings INTEGER NOT NULL, PRIMARY "
    "KEY(commit_id, name)) WITHOUT ROWID;"
    /* With what people ask ranges of, so that no other page is read of what does not meet them; the name, for the order. */
    "CREATE INDEX samples_by_class ON samples(commit_id, label, split, name, sharpness, clipped_ratio, severity, "
    "n_bytes,"
    " utc, state);";

/* What is asked for when samples are read, in this order. */
#define CATALOG_COLUMNS                                                                                    \
    "name,label,split,part,camera,image,format,width,height,n_bytes,utc,sharpness,clipped_ratio,severity," \
    "state,said_by,n_findings"

static as_err_code catalog_code(int status)
{
    switch (status & 0xff) {
    case SQLITE_FULL: return AS_ENOSPC;
    case SQLITE_NOMEM: return AS_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return AS_EBUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN: return AS_EACCESS;
    case SQLITE_ERROR: /* our SQL does not change: a table or column is not there */
    case SQLITE_SCHEMA:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return AS_ECORRUPT;
    default: return AS_EIO;
    }
}

static bool catalog_fail(as_catalog *catalog, const char *what, as_err *err)
{
    catalog->trouble = catalog_code(catalog->db ? sqlite3_extended_errcode(catalog->db) : SQLITE_NOMEM);
    return AS_FAIL(err, catalog->trouble, "cannot %s the catalog '%s': %s", what, catalog->path,
                   catalog->db ? sqlite3_errmsg(catalog->db) : "not enough memory");
}

static bool catalog_exec(as_catalog *catalog, const char *sql, as_err *err)
{
    return sqlite3_exec(catalog->db, sql, NULL, NULL, NULL) == SQLITE_OK || catalog_fail(catalog, "write", err);
}

static bool catalog_prepare(as_catalog *catalog, const char *sql, sqlite3_stmt **ret, as_err *err)
{
    return sqlite3_prepare_v2(catalog->db, sql, -1, ret, NULL) == SQLITE_OK || catalog_fail(catalog, "read", err);
}

static bool catalog_version(as_catalog *catalog, int64_t *ret, as_err *err)
{
    sqlite3_stmt *stmt = NULL;
    if (!catalog_prepare(catalog, "PRAGMA user_version", &stmt, err))
        return false;
    bool ok = sqlite3_step(stmt) == SQLITE_ROW;
    if (ok)
        *ret = sqlite3_column_int64(stmt, 0);
    else
        catalog_fail(catalog, "read", err);
    sqlite3_finalize(stmt);
    return ok;
}

/* A file that is new gets its tables; one of another version is refused with AS_EUNSUPPORTED. */
static bool catalog_prepare_tables(as_catalog *catalog, as_err *err)
{
    char    sql[64];
    int64_t version;
    if (!catalog_version(catalog, &version, err))
        return false;
    if (version == CATALOG_VERSION)
        return catalog_exec(catalog, "SELECT count(*) FROM commits; SELECT name FROM samples LIMIT 1", err);
    if (!catalog_exec(catalog, "BEGIN IMMEDIATE", err))
        return false;
    /* Another program may have been faster. */
    bool ok = catalog_version(catalog, &version, err);
    if (ok && version == 0) {
        snprintf(sql, sizeof sql, "PRAGMA user_version=%d", CATALOG_VERSION);
        ok = catalog_exec(catalog, catalog_schema, err) && catalog_exec(catalog, sql, err);
    } else if (ok && version != CATALOG_VERSION) {
        ok = AS_FAIL(err, AS_EUNSUPPORTED, "the catalog '%s' has version %lld, and this program knows %d",
                     catalog->path, (long long)version, CATALOG_VERSION);
    }
    return (ok && catalog_exec(catalog, "COMMIT", err)) ||
           (sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL), false);
}

static void catalog_forget(as_catalog *catalog)
{
    sqlite3_finalize(catalog->find);
    sqlite3_finalize(catalog->asked);
    free(catalog->asked_sql);
    catalog->find = catalog->asked = NULL;
    catalog->asked_sql = NULL;
}

static void catalog_close_db(as_catalog *catalog)
{
    catalog_forget(catalog);
    sqlite3_close(catalog->db);
    catalog->db = NULL;
}

static bool catalog_open_db(as_catalog *catalog, const char *path, as_err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &catalog->db, flags, NULL) != SQLITE_OK) {
        catalog_fail(catalog, "open", err);
        catalog_close_db(catalog);
        return false;
    }
    sqlite3_busy_timeout(catalog->db, CATALOG_WAIT_MS);
    /* NORMAL: the last commits may be lost in a power cut, and are then indexed again. */
    catalog->in_memory = strcmp(path, ":memory:") == 0;
    bool ok =
        catalog_exec(catalog, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF", err) &&
        catalog_prepare_tables(catalog, err);
    if (!ok)
        catalog_close_db(catalog);
    return ok;
}

static bool catalog_remove(const as_catalog *catalog, as_err *err)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < AS_COUNT(ends); i++) {
        char *path = as_strdupf("%s%s", catalog->path, ends[i]);
        if (!path)
            return AS_FAIL(err, AS_ENOMEM, "cannot remove '%s': not enough memory", catalog->path);
        bool ok = as_fs_remove(path, err);
        free(path);
        if (!ok)
            return false;
    }
    return true;
}

/* Makes the file anew, one program at a time. With `look` only if nobody did so meanwhile: when opening has shown the
 * damage, opening shows that it is gone. */
static bool catalog_renew(as_catalog *catalog, bool look, as_err *err)
{
    char lock_path[AS_FS_PATH_BYTES];
    int  lock_fd;
    if (!as_workspace_path(catalog->ws, "catalog.lock", lock_path, err) || !as_fs_lock(lock_path, &lock_fd, err))
        return false;
    bool ok = (look && catalog_open_db(catalog, catalog->path, NULL)) ||
              (catalog_remove(catalog, err) && catalog_open_db(catalog, catalog->path, err));
    as_fs_unlock(lock_fd);
    return ok;
}

as_catalog *as_catalog_open(as_workspace *ws, as_err *err)
{
    as_catalog *catalog = calloc(1, sizeof *catalog);
    as_err      why = AS_ERR_NONE;
    if (!catalog) {
        AS_FAIL(err, AS_ENOMEM, "cannot open the catalog: not enough memory");
        return NULL;
    }
    catalog->ws = ws;
    if (!as_workspace_path(ws, CATALOG_FILE, catalog->path, err))
        return as_catalog_close(catalog);
    if (catalog_open_db(catalog, catalog->path, &why))
        return catalog;
    if (why.code == AS_ECORRUPT || why.code == AS_EUNSUPPORTED) {
        as_log_write(AS_LOG_INFO, "%s: it is made anew", why.text);
        if (catalog_renew(catalog, true, &why))
            return catalog;
    }
    /* Where the file cannot be, memory will do: it only takes longer the next time. */
    as_log_write(AS_LOG_INFO, "%s: it is held in memory", why.text);
    return catalog_open_db(catalog, ":memory:", err) ? catalog : as_catalog_close(catalog);
}

as_catalog *as_catalog_close(as_catalog *catalog)
{
    if (catalog)
        catalog_close_db(catalog);
    free(catalog);
    return NULL;
}

static as_digest catalog_digest(sqlite3_stmt *stmt, int at)
{
    as_digest   digest = {{0}};
    const void *bytes = sqlite3_column_blob(stmt, at);
    if (bytes && sqlite3_column_bytes(stmt, at) == AS_SHA256_BYTES)
        memcpy(digest.b, bytes, AS_SHA256_BYTES);
    return digest;
}

/* What a commit's rows were made from was not erased since: that named somebody, and so do they. */
static bool catalog_is_of_today(const as_catalog *catalog, sqlite3_stmt *stmt)
{
    for (int i = 1; i <= 2; i++) {
        as_digest    object = catalog_digest(stmt, i);
        as_tombstone stone;
        if (!as_store_has(catalog->ws->store, &object) && as_store_erased(catalog->ws->store, &object, &stone, NULL))
            return false;
    }
    return true;
}

/* *ret_id is 0 when the commit is not in the index. */
static bool catalog_find(as_catalog *catalog, const as_digest *digest, int64_t *ret_id, as_err *err)
{
    if (!catalog->find &&
        !catalog_prepare(catalog, "SELECT id,manifest,labels FROM commits WHERE digest=?", &catalog->find, err))
        return false;
    sqlite3_stmt *stmt = catalog->find;
    sqlite3_bind_blob(stmt, 1, digest->b, sizeof digest->b, SQLITE_STATIC);
    int  status = sqlite3_step(stmt);
    bool ok = status == SQLITE_ROW || status == SQLITE_DONE;
    if (!ok) {
        catalog_fail(catalog, "read", err);
    } else if (status == SQLITE_ROW && !catalog_is_of_today(catalog, stmt)) {
        catalog->trouble = AS_ECORRUPT;
        catalog->is_stale = true;
        ok = AS_FAIL(err, AS_ECORRUPT, "the catalog '%s' has what was erased since", catalog->path);
    } else {
        *ret_id = status == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    }
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return ok;
}

static void catalog_bind_real(sqlite3_stmt *stmt, int at, double value)
{
    if (isfinite(value))
        sqlite3_bind_double(stmt, at, value);
    else
        sqlite3_bind_null(stmt, at);
}

static bool catalog_insert(as_catalog *catalog, sqlite3_stmt *stmt, int64_t id, const as_sample *s, as_err *err)
{
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_text(stmt, 2, s->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, s->label, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 4, (int)s->split);
    sqlite3_bind_text(stmt, 5, s->part, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, s->camera, -1, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 7, s->image.b, sizeof s->image.b, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 8, s->format, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 9, s->width);
    sqlite3_bind_int64(stmt, 10, s->height);
    sqlite3_bind_int64(stmt, 11, (int64_t)s->n_bytes);
    sqlite3_bind_int64(stmt, 12, s->utc);
    catalog_bind_real(stmt, 13, s->sharpness);
    catalog_bind_real(stmt, 14, s->clipped_ratio);
    catalog_bind_real(stmt, 15, s->severity);
    sqlite3_bind_int(stmt, 16, (int)s->state);
    sqlite3_bind_text(stmt, 17, s->by, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 18, (int64_t)s->n_findings);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        return catalog_fail(catalog, "write", err);
    sqlite3_reset(stmt);
    return true;
}

static bool catalog_prepare_insert(as_catalog *catalog, sqlite3_stmt **ret, as_err *err)
{
    return catalog_prepare(catalog,
                           "INSERT INTO samples(commit_id," CATALOG_COLUMNS ")"
                           " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                           ret, err);
}

static bool catalog_insert_all(as_catalog *catalog, const as_commit *commit, const as_manifest *manifest, as_err *err)
{
    sqlite3_stmt *stmt = NULL;
    as_digest     now[2];
    if (!as_commit_now(catalog->ws, &commit->manifest, &now[0], err) ||
        !as_commit_now(catalog->ws, &commit->labels, &now[1], err) ||
        !catalog_prepare(catalog, "INSERT INTO commits(digest,manifest,labels) VALUES(?,?,?)", &stmt, err))
        return false;
    sqlite3_bind_blob(stmt, 1, commit->id.b, sizeof commit->id.b, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 2, now[0].b, sizeof now[0].b, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 3, now[1].b, sizeof now[1].b, SQLITE_STATIC);
    bool ok = sqlite3_step(stmt) == SQLITE_DONE || catalog_fail(catalog, "write", err);
    sqlite3_finalize(stmt);
    int64_t id = sqlite3_last_insert_rowid(catalog->db);
    if (!ok || !catalog_prepare_insert(catalog, &stmt, err))
        return false;
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++)
        ok = catalog_insert(catalog, stmt, id, as_manifest_at(manifest, i), err);
    sqlite3_finalize(stmt);
    return ok;
}

static bool catalog_index(as_catalog *catalog, const as_commit *commit, as_err *err)
{
    int64_t id;
    if (!catalog_find(catalog, &commit->id, &id, err))
        return false;
    if (id)
        return true;
    as_manifest *manifest = as_commit_manifest(catalog->ws, commit, err);
    if (!manifest)
        return false;
    bool ok = catalog_exec(catalog, "BEGIN IMMEDIATE", err);
    if (ok) {
        ok = catalog_find(catalog, &commit->id, &id, err) &&
             (id || catalog_insert_all(catalog, commit, manifest, err)) && catalog_exec(catalog, "COMMIT", err);
        if (!ok)
            sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
    }
    as_manifest_free(manifest);
    return ok;
}

/* For a disk without room, and a file that is damaged where opening does not look. */
static bool catalog_fall_back(as_catalog *catalog, const as_err *why, as_err *err)
{
    catalog_close_db(catalog);
    as_log_write(AS_LOG_WARN, "%s: it is made anew", why->text);
    if (catalog->trouble == AS_ECORRUPT && catalog_renew(catalog, false, NULL))
        return true;
    return catalog_open_db(catalog, ":memory:", err);
}

bool as_catalog_index(as_catalog *catalog, const as_commit *commit, as_err *err)
{
    as_err why = AS_ERR_NONE;
    catalog->trouble = AS_OK;
    if (catalog_index(catalog, commit, &why))
        return true;
    if (catalog->trouble == AS_OK || catalog->trouble == AS_ENOMEM || catalog->in_memory)
        return as_err_set(err, why.code, "%s", why.text);
    return catalog_fall_back(catalog, &why, err) && catalog_index(catalog, commit, err);
}

/* The number of a commit, which is indexed when it is not yet. */
static bool catalog_commit_id(as_catalog *catalog, const as_digest *digest, int64_t *ret_id, as_err *err)
{
    as_commit commit;
    if (!catalog_find(catalog, digest, ret_id, err))
        return false;
    if (*ret_id)
        return true;
    return as_commit_read(catalog->ws, digest, &commit, err) && catalog_index(catalog, &commit, err) &&
           catalog_find(catalog, digest, ret_id, err);
}

/* SQLite's GLOB knows classes too, we do not: a bracket stands for itself. */
static void catalog_add_glob(as_str *out, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '[')
            as_str_add(out, "[[]");
        else
            as_str_add_bytes(out, pattern, 1);
    }
}

/* Fields as queries name them, and what the columns are called. */
static const char *catalog_order(const as_sample_query *query)
{
    static const char *const columns[] = {"name", "clipped_ratio", "n_bytes", "utc"};
    for (size_t i = 0; query->sort && i < AS_COUNT(columns); i++)
        if (strcmp(query->sort, columns[i]) == 0)
            return columns[i];
    return query->sort ? as_query_sort_sql(query->sort) : columns[0];
}

static void catalog_bind_values(sqlite3_stmt *stmt, const as_query *where)
{
    size_t                n;
    const as_query_value *values = as_query_values(where, &n);
    for (size_t i = 0; i < n; i++) {
        int at = AS_QUERY_FIRST_PARAMETER + (int)i;
        if (values[i].is_text)
            sqlite3_bind_text(stmt, at, values[i].text, -1, SQLITE_STATIC);
        else if (values[i].is_whole)
            sqlite3_bind_int64(stmt, at, values[i].whole);
        else
            sqlite3_bind_double(stmt, at, values[i].number);
    }
}

/* What was asked last is mostly asked again, of something else: a look-up takes a tenth of preparing it. Takes sql. */
static bool catalog_ask(as_catalog *catalog, char *sql, sqlite3_stmt **ret, as_err *err)
{
    bool ok = true;
    if (catalog->is_asking) { /* by somebody who visits the rows of another question */
        ok = catalog_prepare(catalog, sql, ret, err);
        free(sql);
        return ok;
    }
    if (catalog->asked && strcmp(catalog->asked_sql, sql) == 0) {
        free(sql);
    } else {
        sqlite3_finalize(catalog->asked);
        free(catalog->asked_sql);
        catalog->asked = NULL;
        catalog->asked_sql = sql;
        ok = catalog_prepare(catalog, sql, &catalog->asked, err);
    }
    *ret = catalog->asked;
    catalog->is_asking = ok;
    return ok;
}

static void catalog_asked(as_catalog *catalog, sqlite3_stmt *stmt)
{
    if (stmt != catalog->asked) {
        sqlite3_finalize(stmt);
    } else if (stmt) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
        catalog->is_asking = false;
    }
}

static bool catalog_query(as_catalog *catalog, const as_sample_query *query, int64_t id, const char *glob,
                          sqlite3_stmt **ret, as_err *err)
{
    const char *order = catalog_order(query), *way = query->descending ? "DESC" : "ASC";
    if (!order)
        return AS_FAIL(
            err, AS_EINVAL,
            "cannot sort samples by '%s': use a field of queries, as name, class, sharpness, clipped, bytes, "
            "severity or time (see: assay help data)",
            query->sort);
    char *ordered = strcmp(order, "name") == 0 ? as_strdupf("name %s", way)
                                               : as_strdupf("%s %s NULLS LAST, name %s", order, way, way);
    bool  is_some = query->label || query->split || query->camera || query->name_like || query->where || query->limit;
    /* First which, as the index alone can often tell, and sorted while they are small; then what is known of them. */
    char *sql = as_strdupf("SELECT " CATALOG_COLUMNS
                           " FROM samples WHERE commit_id=?1%s%s%s%s%s%s%s ORDER BY %s LIMIT ?6 OFFSET ?7%s%s",
                           is_some ? " AND name IN (SELECT name FROM samples WHERE commit_id=?1" : "",
                           query->label ? " AND label=?2" : "", query->split ? " AND split=?3" : "",
                           query->camera ? " AND camera=?4" : "", query->name_like ? " AND name GLOB ?5" : "",
                           query->where ? " AND " : "", query->where ? as_query_sql(query->where) : "",
                           ordered ? ordered : "", is_some ? ") ORDER BY " : "", is_some && ordered ? ordered : "");
    free(ordered);
    if (!(sql ? catalog_ask(catalog, sql, ret, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory to ask")))
        return false;
    if (query->where)
        catalog_bind_values(*ret, query->where);
    sqlite3_bind_int64(*ret, 1, id);
    if (!catalog->ws)
        sqlite3_bind_int(*ret, 99, 1);
    if (query->label)
        sqlite3_bind_text(*ret, 2, query->label, -1, SQLITE_STATIC);
    if (query->split)
        sqlite3_bind_int(*ret, 3, (int)query->split);
    if (query->camera)
        sqlite3_bind_text(*ret, 4, query->camera, -1, SQLITE_STATIC);
    if (query->name_like)
        sqlite3_bind_text(*ret, 5, glob, -1, SQLITE_STATIC);
    sqlite3_bind_int64(*ret, 6, query->limit && query->limit < INT64_MAX ? (int64_t)query->limit : -1);
    sqlite3_bind_int64(*ret, 7, (int64_t)AS_MIN(query->offset, (uint64_t)INT64_MAX));
    return true;
}

static const char *catalog_text(sqlite3_stmt *stmt, int at)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    return text ? text : "";
}

static double catalog_real(sqlite3_stmt *stmt, int at)
{
    return sqlite3_column_type(stmt, at) == SQLITE_NULL ? NAN : sqlite3_column_double(stmt, at);
}

static void catalog_row(sqlite3_stmt *stmt, as_sample *ret)
{
    *ret = (as_sample){.name = catalog_text(stmt, 0),
                       .label = catalog_text(stmt, 1),
                       .split = (as_split)sqlite3_column_int(stmt, 2),
                       .part = catalog_text(stmt, 3),
                       .camera = catalog_text(stmt, 4),
                       .format = catalog_text(stmt, 6),
                       .width = (uint32_t)sqlite3_column_int64(stmt, 7),
                       .height = (uint32_t)sqlite3_column_int64(stmt, 8),
                       .n_bytes = (uint64_t)sqlite3_column_int64(stmt, 9),
                       .utc = sqlite3_column_int64(stmt, 10),
                       .sharpness = catalog_real(stmt, 11),
                       .clipped_ratio = catalog_real(stmt, 12),
                       .severity = catalog_real(stmt, 13),
                       .state = (as_label_state)sqlite3_column_int(stmt, 14),
                       .by = catalog_text(stmt, 15),
                       .n_findings = (uint32_t)sqlite3_column_int64(stmt, 16)};
    if ((unsigned)ret->split >= AS_SPLIT_COUNT)
        ret->split = AS_SPLIT_NONE;
    const void *image = sqlite3_column_blob(stmt, 5);
    if (image && sqlite3_column_bytes(stmt, 5) == AS_SHA256_BYTES)
        memcpy(ret->image.b, image, AS_SHA256_BYTES);
}

typedef struct catalog_visit {
    bool (*fn)(void *ctx, const as_sample *sample);
    void    *ctx;
    uint64_t n;
} catalog_visit;

static bool catalog_samples_of(as_catalog *catalog, const as_sample_query *query, int64_t id, catalog_visit *visit,
                               as_err *err)
{
    sqlite3_stmt *stmt = NULL;
    as_str        glob;
    int           status = SQLITE_ERROR;
    as_str_init(&glob);
    catalog_add_glob(&glob, query->name_like ? query->name_like : "");
    bool ok = as_str_ok(&glob) || AS_FAIL(err, AS_ENOMEM, "cannot look for samples: not enough memory");
    ok = ok && catalog_query(catalog, query, id, glob.s, &stmt, err);
    while (ok && (status = sqlite3_step(stmt)) == SQLITE_ROW) {
        as_sample sample;
        catalog_row(stmt, &sample);
        visit->n++;
        if (!visit->fn(visit->ctx, &sample))
            break;
    }
    if (ok && status != SQLITE_ROW && status != SQLITE_DONE)
        ok = catalog_fail(catalog, "read", err);
    catalog_asked(catalog, stmt);
    as_str_done(&glob);
    return ok;
}

static bool catalog_samples(as_catalog *catalog, const as_sample_query *query, catalog_visit *visit, as_err *err)
{
    int64_t id;
    return catalog_commit_id(catalog, &query->commit, &id, err) && catalog_samples_of(catalog, query, id, visit, err);
}

bool as_catalog_samples(as_catalog *catalog, const as_sample_query              *query,
                        bool (*visit)(void *ctx, const as_sample *sample), void *ctx, as_err *err)
{
    catalog_visit v = {.fn = visit, .ctx = ctx};
    as_err        why = AS_ERR_NONE;
    catalog->trouble = AS_OK;
    if (catalog_samples(catalog, query, &v, &why))
        return true;
    bool is_own =
        catalog->trouble != AS_OK && catalog->trouble != AS_ENOMEM && !catalog->in_memory && !catalog->is_asking;
    if (is_own && catalog_fall_back(catalog, &why, err)) {
        if (v.n == 0)
            return catalog_samples(catalog, query, &v, err);
        as_err_note(&why, "try again: the catalog was damaged and is new now"); /* rows were given out already */
    }
    return as_err_set(err, why.code, "%s", why.text);
}

static bool catalog_count_row(sqlite3_stmt *stmt, as_class_count *ret, size_t cap, size_t *n, as_err *err)
{
    const char *label = catalog_text(stmt, 0);
    int         split = sqlite3_column_int(stmt, 1);
    if (*n == 0 || strcmp(ret[*n - 1].label, label) != 0) {
        if (*n == cap)
            return AS_FAIL(err, AS_ELIMIT, "there are more than %zu classes", cap);
        ret[*n] = (as_class_count){.n = {0}};
        as_str_copy(ret[*n].label, sizeof ret[*n].label, label);
        ++*n;
    }
    if (split >= 0 && split < AS_SPLIT_COUNT)
        ret[*n - 1].n[split] = (uint64_t)sqlite3_column_int64(stmt, 2);
    return true;
}

static bool catalog_counts(as_catalog *catalog, const as_digest *commit, as_class_count *ret, size_t cap, size_t *ret_n,
                           as_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t       id;
    size_t        n = 0;
    int           status = SQLITE_DONE;
    if (!catalog_commit_id(catalog, commit, &id, err) ||
        !catalog_prepare(catalog,
                         "SELECT label,split,count(*) FROM samples WHERE commit_id=? GROUP BY label,split"
                         " ORDER BY label,split",
                         &stmt, err))
        return false;
    sqlite3_bind_int64(stmt, 1, id);
    bool ok = true;
    while (ok && (status = sqlite3_step(stmt)) == SQLITE_ROW)
        ok = catalog_count_row(stmt, ret, cap, &n, err);
    if (ok && status != SQLITE_DONE)
        ok = catalog_fail(catalog, "read", err);
    sqlite3_finalize(stmt);
    if (ok)
        *ret_n = n;
    return ok;
}

bool as_catalog_counts(as_catalog *catalog, const as_digest *commit, as_class_count *ret, size_t cap, size_t *ret_n,
                       as_err *err)
{
    as_err why = AS_ERR_NONE;
    catalog->trouble = AS_OK;
    if (catalog_counts(catalog, commit, ret, cap, ret_n, &why))
        return true;
    if (catalog->trouble == AS_OK || catalog->trouble == AS_ENOMEM || catalog->in_memory)
        return as_err_set(err, why.code, "%s", why.text);
    return catalog_fall_back(catalog, &why, err) && catalog_counts(catalog, commit, ret, cap, ret_n, err);
}

static bool catalog_same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool catalog_same_real(double a, double b)
{
    return isfinite(a) && isfinite(b) ? memcmp(&a, &b, sizeof a) == 0 || a == b : isfinite(a) == isfinite(b);
}

static bool catalog_same(const as_sample *a, const as_sample *b)
{
    return catalog_same_text(a->name, b->name) && catalog_same_text(a->label, b->label) &&
           catalog_same_text(a->part, b->part) && catalog_same_text(a->camera, b->camera) &&
           catalog_same_text(a->format, b->format) && catalog_same_text(a->by, b->by) && a->split == b->split &&
           as_digest_equal(&a->image, &b->image) && a->width == b->width && a->height == b->height &&
           a->n_bytes == b->n_bytes && a->utc == b->utc && a->state == b->state && a->n_findings == b->n_findings &&
           catalog_same_real(a->sharpness, b->sharpness) && catalog_same_real(a->clipped_ratio, b->clipped_ratio) &&
           catalog_same_real(a->severity, b->severity);
}

/* Both in the order of the names. */
static bool catalog_same_rows(as_catalog *catalog, int64_t id, const as_manifest *manifest, bool *ret, as_err *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t        n = 0;
    int           status = SQLITE_DONE;
    if (!catalog_prepare(catalog, "SELECT " CATALOG_COLUMNS " FROM samples WHERE commit_id=? ORDER BY name", &stmt,
                         err))
        return false;
    sqlite3_bind_int64(stmt, 1, id);
    bool same = true;
    while (same && (status = sqlite3_step(stmt)) == SQLITE_ROW) {
        as_sample row;
        catalog_row(stmt, &row);
        same = n < as_manifest_count(manifest) && catalog_same(&row, as_manifest_at(manifest, n));
        n++;
    }
    bool ok = !same || status == SQLITE_DONE || catalog_fail(catalog, "read", err);
    sqlite3_finalize(stmt);
    if (ok)
        *ret = same && n == as_manifest_count(manifest);
    return ok;
}

/* Its trees, and that table and index have the same. Looked at once. */
static bool catalog_is_sound(as_catalog *catalog, as_err *err)
{
    sqlite3_stmt *stmt = NULL;
    if (catalog->soundness != CATALOG_UNCHECKED)
        return catalog->soundness == CATALOG_SOUND;
    if (!catalog_prepare(catalog, "PRAGMA integrity_check(1)", &stmt, err))
        return false;
    bool ok = sqlite3_step(stmt) == SQLITE_ROW || catalog_fail(catalog, "read", err);
    if (ok)
        catalog->soundness = strcmp(catalog_text(stmt, 0), "ok") == 0 ? CATALOG_SOUND : CATALOG_UNSOUND;
    sqlite3_finalize(stmt);
    return catalog->soundness == CATALOG_SOUND;
}

bool as_catalog_agrees(as_catalog *catalog, const as_commit *commit, const as_manifest *manifest, bool *ret,
                       as_err *err)
{
    int64_t id;
    bool    same = true;
    as_err  why = AS_ERR_NONE;
    catalog->trouble = AS_OK;
    catalog->is_stale = false;
    bool ok = catalog_is_sound(catalog, &why) && catalog_find(catalog, &commit->id, &id, &why) &&
              (id == 0 || catalog_same_rows(catalog, id, manifest, &same, &why));
    if (!ok && catalog->trouble != AS_OK && catalog->trouble != AS_ECORRUPT)
        return as_err_set(err, why.code, "%s", why.text);
    *ret = (ok && same) || catalog->is_stale; /* whoever asks it makes it anew first */
    return true;
}

static bool catalog_one_met(void *ctx, const as_sample *sample)
{
    (void)sample;
    *(bool *)ctx = true;
    return false;
}

/* Each as the only sample of a version of its own. */
static bool catalog_match(as_catalog *catalog, const as_query *where, const as_sample *const *samples, size_t n,
                          bool *ret_met, as_err *err)
{
    sqlite3_stmt *stmt = NULL;
    bool          ok = catalog_exec(catalog, "BEGIN", err) && catalog_prepare_insert(catalog, &stmt, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = catalog_insert(catalog, stmt, (int64_t)i + 1, samples[i], err);
    sqlite3_finalize(stmt);
    for (size_t i = 0; ok && i < n; i++) {
        as_sample_query query = {.where = where, .limit = 1};
        catalog_visit   visit = {.fn = catalog_one_met, .ctx = &ret_met[i]};
        ret_met[i] = false;
        ok = catalog_samples_of(catalog, &query, (int64_t)i + 1, &visit, err);
    }
    return ok;
}

bool as_catalog_match(const as_query *where, const as_sample *const *samples, size_t n, bool *ret_met, as_err *err)
{
    as_catalog *catalog = calloc(1, sizeof *catalog);
    bool        ok = catalog || AS_FAIL(err, AS_ENOMEM, "not enough memory to ask");
    ok = ok && catalog_open_db(catalog, ":memory:", err) && catalog_match(catalog, where, samples, n, ret_met, err);
    as_catalog_close(catalog);
    return ok;
}
