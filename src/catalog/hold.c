/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void hold_done(as_hold *hold)
{
    as_vec_done(&hold->images);
}

as_hold *as_holds_free(as_hold *holds, size_t n)
{
    for (size_t i = 0; holds && i < n; i++)
        hold_done(&holds[i]);
    free(holds);
    return NULL;
}

static bool hold_get_text(const json_t *json, const char *key, char text[AS_HOLD_TEXT_BYTES], as_err *err)
{
    const char *s;
    return as_json_get_str(json, key, &s, err) &&
           (as_str_copy(text, AS_HOLD_TEXT_BYTES, s) || AS_FAIL(err, AS_EFORMAT, "its %s is too long", key));
}

static bool hold_get_images(const json_t *list, as_digest_list *ret, as_err *err)
{
    as_digest digest;
    if (!json_is_array(list))
        return AS_FAIL(err, AS_EFORMAT, "it has no list of images");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *hex = json_string_value(json_array_get(list, i));
        if (!hex || !as_digest_parse(hex, &digest))
            return AS_FAIL(err, AS_EFORMAT, "its image %zu is no SHA-256", i + 1);
        if (!as_vec_push(ret, digest))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    as_digest_list_sort(ret);
    return true;
}

bool as_hold_parse(const json_t *json, as_hold *ret, as_err *err)
{
    as_hold hold = {.id = 0};
    int64_t id;
    bool    ok = as_json_get_i64(json, "id", &id, err) && as_json_get_i64(json, "utc", &hold.utc, err) &&
              (id > 0 || AS_FAIL(err, AS_EFORMAT, "its id is no number from 1 on")) &&
              hold_get_text(json, "reason", hold.reason, err) && hold_get_text(json, "who", hold.who, err);
    if (ok && json_object_get(json, "released_utc"))
        ok = as_json_get_i64(json, "released_utc", &hold.released_utc, err) &&
             hold_get_text(json, "released_by", hold.released_by, err);
    ok = ok && hold_get_images(json_object_get(json, "images"), &hold.images, err);
    if (!ok) {
        hold_done(&hold);
        return false;
    }
    hold.id = (uint64_t)id;
    *ret = hold;
    return true;
}

static json_t *hold_json(const as_hold *hold)
{
    char    hex[AS_SHA256_HEX_BYTES];
    json_t *json = json_object(), *images = json_array();
    bool    ok = json && images;
    for (size_t i = 0; ok && i < hold->images.n; i++)
        ok = json_array_append_new(images, json_string(as_digest_hex(&hold->images.at[i], hex))) == 0;
    ok = as_json_set(json, "images", images) && ok;
    ok = ok && as_json_set(json, "id", json_integer((json_int_t)hold->id)) &&
         as_json_set(json, "reason", json_string(hold->reason)) && as_json_set(json, "who", json_string(hold->who)) &&
         as_json_set(json, "utc", json_integer(hold->utc));
    if (ok && hold->released_utc)
        ok = as_json_set(json, "released_utc", json_integer(hold->released_utc)) &&
             as_json_set(json, "released_by", json_string(hold->released_by));
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}

static bool hold_path(const as_workspace *ws, uint64_t id, char *path, as_err *err)
{
    char name[64];
    snprintf(name, sizeof name, "holds/%llu.json", (unsigned long long)id);
    return as_workspace_path(ws, name, path, err);
}

static bool hold_write(const as_workspace *ws, const as_hold *hold, as_err *err)
{
    char    path[AS_FS_PATH_BYTES];
    json_t *json = hold_json(hold);
    bool    ok = json ? hold_path(ws, hold->id, path, err) && as_json_write(path, json, err)
                      : AS_FAIL(err, AS_EINVAL, "cannot hold: the reason is not UTF-8, or memory ran out");
    json_decref(json);
    return ok;
}

typedef AS_VEC(as_hold) hold_list;

static bool hold_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    hold_list *list = ctx;
    as_hold    hold;
    if (entry->kind != AS_FS_FILE || !as_str_ends(entry->relative, ".json"))
        return true;
    json_t *json = as_json_read(entry->path, AS_HOLD_MAX_BYTES, err);
    bool    ok = json && as_hold_parse(json, &hold, err);
    json_decref(json);
    if (!ok)
        return as_err_note(err, "legal hold '%s' cannot be read", entry->path);
    if (as_vec_push(list, hold))
        return true;
    hold_done(&hold);
    return AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

static int hold_compare(const void *a, const void *b)
{
    const as_hold *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

bool as_hold_list(as_workspace *ws, as_hold **ret, size_t *ret_n, as_err *err)
{
    char      path[AS_FS_PATH_BYTES];
    hold_list list = {0};
    bool      ok = as_fs_join(path, ws->dir, "holds", err) &&
              (as_vec_reserve(&list, 1) || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    ok = ok && (!as_fs_is_dir(path) || as_fs_walk(path, hold_visit, &list, err));
    if (!ok) {
        as_holds_free(list.at, list.n);
        return false;
    }
    qsort(list.at, list.n, sizeof *list.at, hold_compare);
    *ret = list.at;
    *ret_n = list.n;
    return true;
}

bool as_hold_add(as_workspace *ws, as_hold *hold, as_err *err)
{
    as_hold *holds;
    size_t   n;
    if (!as_hold_list(ws, &holds, &n, err))
        return false;
    hold->id = n ? holds[n - 1].id + 1 : 1;
    hold->utc = as_clock_utc();
    hold->released_utc = 0;
    as_holds_free(holds, n);
    as_digest_list_sort(&hold->images);
    return hold_write(ws, hold, err);
}

bool as_hold_release(as_workspace *ws, uint64_t id, const char *who, as_err *err)
{
    as_hold *holds;
    size_t   n, i = 0;
    bool     ok = false;
    if (!as_hold_list(ws, &holds, &n, err))
        return false;
    while (i < n && holds[i].id != id)
        i++;
    if (i == n) {
        AS_FAIL(err, AS_ENOTFOUND, "there is no legal hold %llu (see: assay data hold list)", (unsigned long long)id);
    } else if (holds[i].released_utc) {
        AS_FAIL(err, AS_EEXIST, "legal hold %llu was released before", (unsigned long long)id);
    } else {
        holds[i].released_utc = as_clock_utc();
        as_str_copy(holds[i].released_by, sizeof holds[i].released_by, who);
        ok = hold_write(ws, &holds[i], err);
    }
    as_holds_free(holds, n);
    return ok;
}

bool as_hold_images(as_workspace *ws, as_digest_list *ret, as_err *err)
{
    as_hold       *holds;
    size_t         n;
    as_digest_list images = {0};
    bool           ok = as_hold_list(ws, &holds, &n, err);
    if (!ok)
        return false;
    for (size_t i = 0; ok && i < n; i++)
        for (size_t k = 0; ok && !holds[i].released_utc && k < holds[i].images.n; k++)
            ok = as_vec_push(&images, holds[i].images.at[k]) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    as_holds_free(holds, n);
    as_digest_list_sort(&images);
    if (ok)
        *ret = images;
    else
        as_vec_done(&images);
    return ok;
}
