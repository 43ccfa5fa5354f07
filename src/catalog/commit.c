/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/commit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "catalog/frozen.h"
#include "catalog/manifest.h"
#include "catalog/rewritten.h"
#include "catalog/tag.h"

#define COMMIT_TRIES     8 /* to read a version while it is written anew */
#define COMMIT_VERSION   1 /* of the commit object */
#define COMMIT_BEGIN     "{\"assay_commit\":"
#define COMMIT_MAX_BYTES 65536
#define COMMIT_MAX_STEPS 100000
#define COMMIT_NONE_YET  "no commit yet (make one with: assay import FOLDER, or assay capture)"

bool as_commit_is_restoring(const as_commit *commit)
{
    static const as_digest none;
    return !as_digest_equal(&commit->restores, &none);
}

static json_t *commit_digests(const as_digest *digests, size_t n)
{
    json_t *list = json_array();
    char    hex[AS_SHA256_HEX_BYTES];
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(list, json_string(as_digest_hex(&digests[i], hex))) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Heap; free() it. */
static char *commit_text(const as_commit *commit, as_err *err)
{
    char    hex[AS_SHA256_HEX_BYTES];
    json_t *object = json_object(), *author = json_string(commit->author), *message = json_string(commit->message);
    if (!author || !message) {
        AS_FAIL(err, AS_EINVAL, "cannot commit: the %s is not UTF-8", author ? "message" : "author");
        json_decref(author);
        json_decref(message);
        json_decref(object);
        return NULL;
    }
    bool ok = as_json_set(object, "author", author);
    ok = as_json_set(object, "message", message) && ok;
    ok = ok && as_json_set(object, "assay_commit", json_integer(COMMIT_VERSION)) &&
         as_json_set(object, "manifest", json_string(as_digest_hex(&commit->manifest, hex))) &&
         as_json_set(object, "labels", json_string(as_digest_hex(&commit->labels, hex))) &&
         as_json_set(object, "parents", commit_digests(commit->parents, commit->n_parents)) &&
         as_json_set(object, "utc", json_integer(commit->utc)) &&
         as_json_set(object, "n_samples", json_integer((json_int_t)commit->n_samples)) &&
         as_json_set(object, "n_bytes", json_integer((json_int_t)commit->n_bytes)) &&
         as_json_set(object, "n_quarantined", json_integer((json_int_t)commit->n_quarantined));
    if (ok && commit->n_frozen)
        ok = as_json_set(object, "n_frozen", json_integer((json_int_t)commit->n_frozen));
    if (ok && as_commit_is_restoring(commit))
        ok = as_json_set(object, "restores", json_string(as_digest_hex(&commit->restores, hex)));
    if (commit->n_notes)
        ok = ok && as_json_set(object, "notes", commit_digests(commit->notes, commit->n_notes));
    char *text = ok ? as_json_text(object) : NULL;
    json_decref(object);
    if (!text)
        AS_FAIL(err, AS_ENOMEM, "cannot commit: not enough memory");
    return text;
}

static bool commit_put_manifest(as_workspace *ws, const as_manifest *manifest, as_commit *commit, as_err *err)
{
    as_manifest_walk walk = {.manifest = manifest};
    as_store_pieces  pieces = {as_manifest_next, &walk}, labels = {as_labels_next, &walk};
    bool             ok = as_store_put_pieces(ws->store, &pieces, &commit->manifest, NULL, err) &&
              as_store_put_pieces(ws->store, &labels, &commit->labels, NULL, err);
    commit->n_samples = as_manifest_count(manifest);
    commit->n_bytes = 0;
    for (size_t i = 0; i < commit->n_samples; i++)
        commit->n_bytes += as_manifest_at(manifest, i)->n_bytes;
    return ok;
}

/* The version before is read only where it has something frozen. */
static bool commit_check_frozen(as_workspace *ws, const as_manifest *manifest, as_commit *commit, as_err *err)
{
    as_commit    parent;
    as_manifest *before = NULL;
    commit->n_frozen = as_frozen_count(manifest);
    if (commit->n_parents && !commit->thaws) {
        if (!as_commit_read(ws, &commit->parents[0], &parent, err))
            return false;
        if (parent.n_frozen && !(before = as_commit_manifest(ws, &parent, err)))
            return false;
    }
    bool ok = as_frozen_check(before, manifest, err);
    as_manifest_free(before);
    return ok;
}

bool as_commit_write(as_workspace *ws, const as_manifest *manifest, as_commit *commit, as_err *err)
{
    char      hex[AS_SHA256_HEX_BYTES];
    as_commit made = *commit;
    if (ws->lock_fd < 0)
        return AS_FAIL(err, AS_EINVAL, "cannot commit: workspace '%s' is open for reading only", ws->root);
    if (commit->n_parents > AS_COMMIT_MAX_PARENTS)
        return AS_FAIL(err, AS_ELIMIT, "cannot commit: %zu parents, at most %d", commit->n_parents,
                       AS_COMMIT_MAX_PARENTS);
    if (!commit_check_frozen(ws, manifest, &made, err) || !commit_put_manifest(ws, manifest, &made, err))
        return false;
    if (made.n_bytes > INT64_MAX || made.n_quarantined > INT64_MAX)
        return AS_FAIL(err, AS_ELIMIT, "cannot commit: its counts are beyond any disk");
    char *text = commit_text(&made, err);
    bool  ok = text && as_store_put(ws->store, text, strlen(text), &made.id, NULL, err);
    free(text);
    /* The ref moves last: what it names is on the disk by then. */
    ok = ok && as_store_sync(ws->store, err) &&
         as_store_ref_set(ws->store, AS_COMMIT_REF, as_digest_hex(&made.id, hex), err);
    if (ok)
        *commit = made;
    return ok;
}

static bool commit_get_digest(const json_t *value, as_digest *ret)
{
    return json_is_string(value) && as_digest_parse(json_string_value(value), ret);
}

static bool commit_get_count(const json_t *object, const char *key, uint64_t *ret, as_err *err)
{
    int64_t v;
    if (!as_json_get_i64(object, key, &v, err))
        return false;
    if (v < 0)
        return AS_FAIL(err, AS_EFORMAT, "key '%s' is negative", key);
    *ret = (uint64_t)v;
    return true;
}

static bool commit_get_digests(const json_t *object, const char *key, size_t most, as_digest *ret, size_t *ret_n,
                               as_err *err)
{
    const json_t *list = json_object_get(object, key);
    if (!json_is_array(list) || json_array_size(list) > most)
        return AS_FAIL(err, AS_EFORMAT, "key '%s' must be a list of at most %zu", key, most);
    *ret_n = json_array_size(list);
    for (size_t i = 0; i < *ret_n; i++)
        if (!commit_get_digest(json_array_get(list, i), &ret[i]))
            return AS_FAIL(err, AS_EFORMAT, "key '%s' names what is no SHA-256", key);
    return true;
}

static bool commit_parse(const json_t *object, as_commit *ret, as_err *err)
{
    int64_t     version;
    const char *author, *message;
    if (!as_json_get_i64(object, "assay_commit", &version, err))
        return false;
    if (version != COMMIT_VERSION)
        return AS_FAIL(err, AS_EUNSUPPORTED, "it has version %lld, and this program knows %d", (long long)version,
                       COMMIT_VERSION);
    if (!as_json_get_str(object, "author", &author, err) || !as_json_get_str(object, "message", &message, err) ||
        !as_json_get_i64(object, "utc", &ret->utc, err) ||
        !commit_get_count(object, "n_samples", &ret->n_samples, err) ||
        !commit_get_count(object, "n_bytes", &ret->n_bytes, err) ||
        !commit_get_count(object, "n_quarantined", &ret->n_quarantined, err) ||
        !commit_get_digests(object, "parents", AS_COMMIT_MAX_PARENTS, ret->parents, &ret->n_parents, err))
        return false;
    if (!as_str_copy(ret->author, sizeof ret->author, author) ||
        !as_str_copy(ret->message, sizeof ret->message, message))
        return AS_FAIL(err, AS_EFORMAT, "its author or message is too long");
    if (json_object_get(object, "notes") &&
        !commit_get_digests(object, "notes", AS_COMMIT_MAX_NOTES, ret->notes, &ret->n_notes, err))
        return false;
    if (!commit_get_digest(json_object_get(object, "manifest"), &ret->manifest))
        return AS_FAIL(err, AS_EFORMAT, "key 'manifest' is no SHA-256");
    if (json_object_get(object, "n_frozen") && !commit_get_count(object, "n_frozen", &ret->n_frozen, err))
        return false;
    const json_t *restores = json_object_get(object, "restores");
    if (restores && !commit_get_digest(restores, &ret->restores))
        return AS_FAIL(err, AS_EFORMAT, "key 'restores' is no SHA-256");
    return commit_get_digest(json_object_get(object, "labels"), &ret->labels) ||
           AS_FAIL(err, AS_EFORMAT, "key 'labels' is no SHA-256");
}

bool as_commit_read(as_workspace *ws, const as_digest *id, as_commit *ret, as_err *err)
{
    uint8_t  *bytes;
    size_t    n;
    char      hex[AS_SHA256_HEX_BYTES];
    as_commit commit = {.id = *id};
    as_err    why = AS_ERR_NONE;
    if (!as_store_get(ws->store, id, &bytes, &n, err))
        return false;
    as_digest_hex(id, hex);
    /* A picture may be asked for by mistake: look at the beginning before a parser runs over it. */
    json_t *object = n && n < COMMIT_MAX_BYTES && bytes[0] == '{' ? as_json_parse(bytes, n, hex, NULL) : NULL;
    /* One that begins as a commit is none of another kind: gc must not take it for that when memory runs out. */
    const bool begins = n >= sizeof COMMIT_BEGIN && memcmp(bytes, COMMIT_BEGIN, sizeof COMMIT_BEGIN - 1) == 0;
    free(bytes);
    bool ok = object ? commit_parse(object, &commit, &why) : AS_FAIL(&why, AS_EFORMAT, "it is another kind of object");
    if (!ok && begins && why.code == AS_EFORMAT)
        AS_FAIL(&why, AS_ECORRUPT, "it cannot be read (is there enough memory?)");
    json_decref(object);
    if (!ok)
        return as_err_set(err, why.code, "'%s' is not a commit: %s", hex, why.text);
    *ret = commit;
    return true;
}

/* One of both was written anew without somebody's names: until the other is too, an erasure was interrupted between them,
 * or is at it this moment. */
static bool commit_is_rewritten(as_workspace *ws, const as_commit *commit)
{
    as_digest manifest, labels;
    return as_commit_now(ws, &commit->manifest, &manifest, NULL) && as_commit_now(ws, &commit->labels, &labels, NULL) &&
           !(as_digest_equal(&manifest, &commit->manifest) && as_digest_equal(&labels, &commit->labels));
}

static bool commit_read_labels_as(as_workspace *ws, const as_commit *commit, as_manifest *manifest, bool passes_over,
                                  as_err *err)
{
    as_labels_reader reader;
    bool             ok = as_labels_read_begin(&reader, manifest, passes_over, err) &&
              as_commit_object_read(ws, &commit->labels, as_lines_take, &reader.lines, err);
    return as_labels_read_end(&reader, ok, err);
}

static bool commit_read_labels(as_workspace *ws, const as_commit *commit, as_manifest *manifest, as_err *err)
{
    as_err why = AS_ERR_NONE;
    bool   ok = commit_read_labels_as(ws, commit, manifest, false, &why);
    if (!ok && why.code == AS_EFORMAT && commit_is_rewritten(ws, commit))
        ok = commit_read_labels_as(ws, commit, manifest, true, &why);
    return ok || as_err_set(err, why.code, "%s", why.text);
}

static as_manifest *commit_manifest_once(as_workspace *ws, const as_commit *commit, as_err *err)
{
    as_manifest_reader reader;
    bool               ok = as_manifest_read_begin(&reader, err) &&
              as_commit_object_read(ws, &commit->manifest, as_lines_take, &reader.lines, err);
    as_manifest *manifest = as_manifest_read_end(&reader, ok, err);
    if (manifest && !commit_read_labels(ws, commit, manifest, err))
        manifest = as_manifest_free(manifest);
    return manifest;
}

/* What stands for its manifest and labels at this moment. */
static bool commit_parts_now(as_workspace *ws, const as_commit *commit, as_digest ret[2])
{
    return as_commit_now(ws, &commit->manifest, &ret[0], NULL) && as_commit_now(ws, &commit->labels, &ret[1], NULL);
}

as_manifest *as_commit_manifest(as_workspace *ws, const as_commit *commit, as_err *err)
{
    char      hex[AS_SHA256_HEX_BYTES];
    as_digest before[2], now[2];
    as_err    why = AS_ERR_NONE;
    for (int i = 0; i < COMMIT_TRIES; i++) {
        bool         is_known = commit_parts_now(ws, commit, before);
        as_manifest *manifest = commit_manifest_once(ws, commit, &why);
        if (manifest)
            return manifest;
        /* An erasure may have written it anew while it was read. */
        if (!is_known || !commit_parts_now(ws, commit, now) || memcmp(before, now, sizeof now) == 0)
            break;
    }
    as_err_set(err, why.code, "cannot read the samples of commit '%.12s': %s", as_digest_hex(&commit->id, hex),
               why.text);
    return NULL;
}

/* What a ref or a commit names must be there: its absence is damage, and not a wrong name. */
static bool commit_read_known(as_workspace *ws, const as_digest *id, const char *who, as_commit *ret, as_err *err)
{
    as_err why = AS_ERR_NONE;
    if (as_commit_read(ws, id, ret, &why))
        return true;
    as_err_code code = why.code == AS_ENOTFOUND || why.code == AS_EFORMAT ? AS_ECORRUPT : why.code;
    return as_err_set(err, code, "%s: %s", who, why.text);
}

static bool commit_newest(as_workspace *ws, as_commit *ret, as_err *err)
{
    char      value[AS_REF_BYTES];
    as_digest id;
    as_err    why = AS_ERR_NONE;
    if (!as_store_ref_get(ws->store, AS_COMMIT_REF, value, &why)) {
        if (why.code == AS_ENOTFOUND)
            return AS_FAIL(err, AS_ENOTFOUND, COMMIT_NONE_YET);
        return as_err_set(err, why.code, "%s", why.text);
    }
    if (!as_digest_parse(value, &id))
        return AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: '%s' is no SHA-256", AS_COMMIT_REF, value);
    return commit_read_known(ws, &id, "ref '" AS_COMMIT_REF "'", ret, err);
}

static bool commit_begins(const as_digest *id, const char *prefix)
{
    char hex[AS_SHA256_HEX_BYTES];
    return strncasecmp(as_digest_hex(id, hex), prefix, strlen(prefix)) == 0;
}

/* Commits are few among the objects: a prefix that several objects share may still mean one commit. */
static bool commit_find_in_history(as_workspace *ws, const char *prefix, as_commit *ret, size_t *ret_n, as_err *err)
{
    AS_VEC(as_digest) todo = {0};
    as_commit commit;
    size_t    n_found = 0;
    bool      has_merge = false; /* without one no commit can be met twice */
    bool      ok = commit_newest(ws, &commit, err);
    if (ok && !as_vec_push(&todo, commit.id))
        ok = AS_FAIL(err, AS_ENOMEM, "cannot read the history: not enough memory");
    for (size_t i = 0; ok && i < todo.n && i < COMMIT_MAX_STEPS; i++) {
        ok = commit_read_known(ws, &todo.at[i], "history", &commit, err);
        if (ok && commit_begins(&commit.id, prefix) && n_found++ == 0)
            *ret = commit;
        for (size_t k = 0; ok && k < commit.n_parents; k++) {
            bool known = false;
            has_merge = has_merge || commit.n_parents > 1;
            for (size_t j = has_merge ? todo.n : 0; !known && j-- > 0;) /* newest first: a shared parent is near */
                known = as_digest_equal(&todo.at[j], &commit.parents[k]);
            if (!known && !as_vec_push(&todo, commit.parents[k]))
                ok = AS_FAIL(err, AS_ENOMEM, "cannot read the history: not enough memory");
        }
    }
    as_vec_done(&todo);
    *ret_n = n_found;
    return ok;
}

static bool commit_find_prefix(as_workspace *ws, const char *prefix, as_commit *ret, as_err *err)
{
    as_digest id;
    as_err    why = AS_ERR_NONE;
    size_t    n, length = strlen(prefix);
    if (length < 4 || length >= AS_SHA256_HEX_BYTES || strspn(prefix, "0123456789abcdefABCDEF") != length)
        return AS_FAIL(
            err, AS_EINVAL,
            "'%s' names no commit: use main, main~2, a tag, or at least 4 digits of an id (see: assay data log)",
            prefix);
    if (as_store_find(ws->store, prefix, &id, &why))
        return as_commit_read(ws, &id, ret, err);
    if (why.code == AS_ENOTFOUND)
        return AS_FAIL(err, AS_ENOTFOUND, "no commit begins with '%s' (see: assay data log)", prefix);
    if (why.code != AS_EINVAL)
        return as_err_set(err, why.code, "%s", why.text);
    as_commit found;
    if (!commit_find_in_history(ws, prefix, &found, &n, err))
        return false;
    if (n == 0)
        return AS_FAIL(err, AS_ENOTFOUND, "no commit begins with '%s' (see: assay data log)", prefix);
    if (n > 1)
        return AS_FAIL(err, AS_EINVAL, "%zu commits begin with '%s': give more digits", n, prefix);
    *ret = found;
    return true;
}

static bool commit_find_tag(as_workspace *ws, const char *name, as_commit *ret, bool *ret_is, as_err *err)
{
    as_digest id;
    return as_tag_get(ws, name, &id, ret_is, err) && (!*ret_is || commit_read_known(ws, &id, "tag", ret, err));
}

/* Follows first parents. */
static bool commit_go_back(as_workspace *ws, const char *name, uint64_t n, as_commit *commit, as_err *err)
{
    for (uint64_t i = 0; i < n; i++) {
        if (commit->n_parents == 0)
            return AS_FAIL(err, AS_ENOTFOUND, "there is no commit '%s': the history goes back %llu steps", name,
                           (unsigned long long)i);
        as_digest parent = commit->parents[0];
        if (!commit_read_known(ws, &parent, "history", commit, err))
            return false;
    }
    return true;
}

bool as_commit_find(as_workspace *ws, const char *name, as_commit *ret, as_err *err)
{
    char        base[AS_REF_BYTES];
    uint64_t    n_back = 0;
    as_commit   commit;
    const char *tilde = strchr(name, '~');
    size_t      n = tilde ? (size_t)(tilde - name) : strlen(name);
    if (n >= sizeof base || (tilde && (tilde[1] == '+' || !as_str_to_u64(tilde + 1, &n_back))))
        return AS_FAIL(
            err, AS_EINVAL,
            "'%.100s' names no commit: use main, main~2, a tag, or at least 4 digits of an id (see: assay data log)",
            name);
    memcpy(base, name, n);
    base[n] = '\0';
    bool is_main = n == 0 || strcmp(base, "main") == 0, is_tag = false;
    bool ok = is_main ? commit_newest(ws, &commit, err) : commit_find_tag(ws, base, &commit, &is_tag, err);
    ok = ok && (is_main || is_tag || commit_find_prefix(ws, base, &commit, err));
    if (!ok || !commit_go_back(ws, name, n_back, &commit, err))
        return false;
    *ret = commit;
    return true;
}
