/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remote/test_remote.h"
#include "store/test_fault.h"

char remote_dir[256];

int remote_setup(void **state)
{
    (void)state;
    const char *made = support_temp_dir("remote");
    return made && as_str_copy(remote_dir, sizeof remote_dir, made) ? 0 : -1;
}

int remote_teardown(void **state)
{
    (void)state;
    support_remove_dir(remote_dir);
    return 0;
}

void remote_must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

as_workspace *remote_workspace(const char *name)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/%s", remote_dir, name);
    remote_must(as_fs_make_dirs(path, &err), &err);
    snprintf(path, sizeof path, "%s/%s/assay.yaml", remote_dir, name);
    remote_must(as_fs_is_file(path) || as_fs_write(path, "assay: 1\n", 9, &err), &err);
    snprintf(path, sizeof path, "%s/%s", remote_dir, name);
    as_workspace *ws = as_workspace_open(path, AS_WORKSPACE_WRITE, &err);
    remote_must(ws != NULL, &err);
    return ws;
}

as_remote *remote_open(as_workspace *ws)
{
    as_err        err = AS_ERR_NONE;
    as_remote_cfg cfg = {.name = "origin", .timeout_s = 5};
    snprintf(cfg.url, sizeof cfg.url, "%s/there", remote_dir);
    as_remote *remote = as_remote_open(ws, &cfg, NULL, &err);
    remote_must(remote != NULL, &err);
    return remote;
}

/* The picture of number i: 8 KiB, its own. */
as_digest remote_picture(as_workspace *ws, unsigned i)
{
    as_err    err = AS_ERR_NONE;
    as_digest digest;
    char      bytes[8192];
    memset(bytes, 'a' + (int)(i % 26), sizeof bytes);
    snprintf(bytes, sizeof bytes, "picture %u of a face", i);
    remote_must(as_store_put(ws->store, bytes, sizeof bytes, &digest, NULL, &err), &err);
    return digest;
}

const char *remote_label = "good";

/* A version with the pictures from..to. */
as_digest remote_version(as_workspace *ws, unsigned from, unsigned to)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *manifest = as_manifest_new(&err);
    as_commit    commit = {.author = "tester", .message = "a version", .utc = 1000 + to}, parent;
    for (unsigned i = from; i < to; i++) {
        char      name[32];
        as_sample sample = {.name = name,
                            .label = remote_label,
                            .part = name,
                            .camera = "",
                            .format = "png",
                            .width = 1,
                            .height = 1,
                            .n_bytes = 8192,
                            .image = remote_picture(ws, i)};
        snprintf(name, sizeof name, "p%06u", i);
        remote_must(as_manifest_add(manifest, &sample, &err), &err);
    }
    if (as_commit_find(ws, "main", &parent, NULL))
        commit.parents[commit.n_parents++] = parent.id;
    remote_must(as_commit_write(ws, manifest, &commit, &err), &err);
    as_manifest_free(manifest);
    return commit.id;
}

as_remote_moved remote_push(as_workspace *ws)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = remote_open(ws);
    remote_must(as_remote_push(remote, &(as_push_cfg){.commit = NULL}, &moved, &err), &err);
    as_remote_close(remote);
    return moved;
}

as_remote_moved remote_pull(as_workspace *ws)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = remote_open(ws);
    remote_must(as_remote_pull(remote, &(as_pull_cfg){.looked_only = false}, &moved, &err), &err);
    as_remote_close(remote);
    return moved;
}

void remote_fail_push(as_workspace *ws, const as_push_cfg *cfg, as_err_code code, const char *text)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = remote_open(ws);
    assert_false(as_remote_push(remote, cfg, &moved, &err));
    if (err.code != code || !strstr(err.text, text))
        fail_msg("%s: %s", as_err_name(err.code), err.text);
    as_remote_close(remote);
}

void remote_fail_pull(as_workspace *ws, as_err_code code, const char *text)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = remote_open(ws);
    assert_false(as_remote_pull(remote, &(as_pull_cfg){.looked_only = false}, &moved, &err));
    if (err.code != code || !strstr(err.text, text))
        fail_msg("%s: %s", as_err_name(err.code), err.text);
    as_remote_close(remote);
}

/* version: all zero for any. */
void remote_check(as_workspace *ws, const as_digest *version, unsigned from, unsigned to)
{
    as_err         err = AS_ERR_NONE;
    as_commit      commit;
    as_store_check check;
    remote_must(as_commit_find(ws, "main", &commit, &err), &err);
    assert_true(as_digest_is_zero(version) || as_digest_equal(&commit.id, version));
    as_manifest *manifest = as_commit_manifest(ws, &commit, &err);
    remote_must(manifest != NULL, &err);
    assert_int_equal(as_manifest_count(manifest), to - from);
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        as_tombstone stone;
        assert_true(as_store_has(ws->store, &as_manifest_at(manifest, i)->image) ||
                    as_store_erased(ws->store, &as_manifest_at(manifest, i)->image, &stone, &err));
    }
    as_manifest_free(manifest);
    remote_must(as_store_verify(ws->store, NULL, NULL, NULL, &check, &err), &err);
    assert_int_equal(check.n_damaged, 0);
}

static bool find_text(void *ctx, const as_fs_entry *entry, as_err *err)
{
    remote_found *f = ctx;
    uint8_t      *bytes;
    size_t        n;
    if (!as_fs_read(entry->path, (size_t)1 << 28, &bytes, &n, err))
        return false;
    f->n_files++;
    if (f->text && memmem(bytes, n, f->text, strlen(f->text))) {
        f->n_with++;
        as_str_copy(f->path, sizeof f->path, entry->path);
    }
    free(bytes);
    return true;
}

/* In how many files of the remote the text is. */
remote_found remote_find(const char *below, const char *text)
{
    char         path[AS_FS_PATH_BYTES];
    as_err       err = AS_ERR_NONE;
    remote_found f = {.text = text};
    snprintf(path, sizeof path, "%s/there%s", remote_dir, below);
    remote_must(as_fs_walk(path, find_text, &f, &err), &err);
    return f;
}

/* --- a folder with faults -------------------------------------------------------------------------------------------- */

remote_fault_state remote_fault;

static bool faulty_put(void *self, const char *name, const void *bytes, size_t n, as_err *err)
{
    if (remote_fault.n_puts_left == 0)
        return AS_FAIL(err, AS_EIO, "the cable is out");
    remote_fault.n_puts_left -= remote_fault.n_puts_left > 0;
    remote_fault.n_put_bytes += n;
    return remote_fault.real->put(self, name, bytes, n, err);
}

static bool faulty_swap(void *self, const char *name, const char *expected, const char *value, bool *ret_swapped,
                        bool *ret_sure, as_err *err)
{
    if (remote_fault.before_swap)
        remote_fault.before_swap();
    remote_fault.before_swap = NULL;
    return remote_fault.real->swap(self, name, expected, value, ret_swapped, ret_sure, err);
}

as_remote *remote_faulty(as_workspace *ws, as_remote_kind *kind, int n_puts)
{
    as_remote *remote = remote_open(ws);
    remote_fault.real = remote->kind;
    remote_fault.n_puts_left = n_puts;
    remote_fault.n_put_bytes = 0;
    *kind = *remote->kind;
    kind->put = faulty_put;
    kind->swap = faulty_swap;
    remote->kind = kind;
    return remote;
}
