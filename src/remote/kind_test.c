/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the table is whole, takes its own addresses and no other's; and what a remote must do, of a folder. Against a
 * server the same is asked by tests/integration/remotes.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/str.h"
#include "remote/kind.h"
#include "store/test_fault.h"

static void test_rows(void **state)
{
    (void)state;
    size_t n = 0;
    for (const as_remote_kind *k; (k = as_remote_kind_at(n)); n++) {
        assert_true(k->name && *k->name && k->about && *k->about);
        assert_true(k->takes && k->check && k->access && k->open && k->close && k->list && k->get && k->range &&
                    k->put && k->remove && k->swap && k->n_again);
        k->close(NULL);
    }
    assert_true(n >= 2);
    assert_null(as_remote_kind_at(n));
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        as_remote_cfg cfg;
        const char   *kind; /* NULL: none takes it */
        bool          is_fine;
    } cases[] = {
        {{.url = "/mnt/share/cones"}, "folder", true},
        {{.url = "file:///mnt/share"}, "folder", true},
        {{.url = "/"}, "folder", false},
        {{.url = "/mnt", .endpoint = "http://x"}, "folder", false},
        {{.url = "mnt"}, NULL, false},
        {{.url = "http://x/y"}, NULL, false},
        {{.url = "s3://pictures"}, "s3", true},
        {{.url = "s3://pictures/a/b/"}, "s3", true},
        {{.url = "s3://my.pictures/a"}, "s3", true},
        {{.url = "s3://p"}, "s3", false},
        {{.url = "s3://Pictures"}, "s3", false},
        {{.url = "s3://pictures/../x"}, "s3", false},
        {{.url = "s3://pictures/a b"}, "s3", false},
        {{.url = "s3://pictures", .endpoint = "http://127.0.0.1:9000"}, "s3", true},
        {{.url = "s3://pictures", .endpoint = "https://[::1]:9000/"}, "s3", true},
        {{.url = "s3://pictures", .endpoint = "127.0.0.1:9000"}, "s3", false},
        {{.url = "s3://pictures", .endpoint = "http://127.0.0.1:"}, "s3", false},
        {{.url = "s3://pictures", .endpoint = "http://127.0.0.1/x"}, "s3", false},
        {{.url = "s3://pictures", .endpoint = "ftp://127.0.0.1"}, "s3", false},
        {{.url = "s3://pictures", .region = "eu central"}, "s3", false},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        const as_remote_kind *kind = NULL;
        as_err                err = AS_ERR_NONE;
        const bool            found = as_remote_kind_of(cases[i].cfg.url, &kind, &err);
        assert_int_equal(found, cases[i].kind != NULL);
        if (!found)
            continue;
        assert_string_equal(kind->name, cases[i].kind);
        if (kind->check(&cases[i].cfg, &err) != cases[i].is_fine)
            fail_msg("'%s' '%s': %s", cases[i].cfg.url, cases[i].cfg.endpoint, err.text);
    }
    static const char *const wrong[] = {"", "/a", "a/", "../a", "a/../b", "a//b", "A", "a b", ".a", "a.tmp.1"};
    for (size_t i = 0; i < AS_COUNT(wrong); i++)
        assert_false(as_remote_name_is_fine(wrong[i]));
    assert_true(as_remote_name_is_fine("refs/data/tags/v1.2-x_y"));
}

static bool collect(void *ctx, const char *name, uint64_t n_bytes, as_err *err)
{
    as_str *names = ctx;
    (void)err;
    as_str_addf(names, "%s %u,", name, (unsigned)n_bytes);
    return true;
}

static void test_folder(void **state)
{
    (void)state;
    as_err                err = AS_ERR_NONE;
    const char           *dir = support_temp_dir("kind");
    as_remote_cfg         cfg = {.timeout_s = 1};
    const as_remote_kind *kind;
    uint8_t              *bytes;
    size_t                n;
    as_str                names;
    bool                  swapped, sure;
    atomic_bool           stop = false;
    assert_non_null(dir);
    snprintf(cfg.url, sizeof cfg.url, "%s/new/", dir);
    assert_true(as_remote_kind_of(cfg.url, &kind, &err));
    void *self = kind->open(&cfg, &stop, &err);
    assert_non_null(self);
    assert_false(kind->get(self, "a/b", 10, &bytes, &n, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_true(kind->put(self, "a/b", "hello", 5, &err) && kind->put(self, "a/c/d", "", 0, &err));
    assert_true(kind->put(self, "a/b", "other", 5, &err));
    assert_true(kind->get(self, "a/b", 5, &bytes, &n, &err));
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "other", 5);
    free(bytes);
    assert_false(kind->get(self, "a/b", 4, &bytes, &n, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_true(kind->range(self, "a/b", 1, 3, &bytes, &err));
    assert_memory_equal(bytes, "the", 3);
    free(bytes);
    assert_false(kind->range(self, "a/b", 1, 5, &bytes, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_false(kind->put(self, "../x", "x", 1, &err));
    assert_int_equal(err.code, AS_EINVAL);
    as_str_init(&names);
    assert_true(kind->list(self, "a/", collect, &names, &err));
    assert_string_equal(names.s, "a/b 5,a/c/d 0,");
    as_str_clear(&names);
    assert_true(kind->list(self, "z/", collect, &names, &err));
    assert_string_equal(names.s, "");
    as_str_done(&names);
    assert_true(kind->swap(self, "refs/x", "1", "2", &swapped, &sure, &err) && !swapped && sure);
    assert_true(kind->swap(self, "refs/x", NULL, "1", &swapped, &sure, &err) && swapped);
    assert_true(kind->swap(self, "refs/x", NULL, "2", &swapped, &sure, &err) && !swapped);
    assert_true(kind->swap(self, "refs/x", "1", "2", &swapped, &sure, &err) && swapped);
    assert_true(kind->swap(self, "refs/x", "1", "3", &swapped, &sure, &err) && !swapped);
    assert_true(kind->remove(self, "a/b", &err) && kind->remove(self, "a/b", &err));
    /* Somebody holds the lock for longer than anybody should. */
    char path[AS_FS_PATH_BYTES];
    int  fd = -1;
    assert_true(as_fs_join(path, cfg.url, "lock", &err) && as_fs_lock(path, &fd, &err));
    assert_false(kind->swap(self, "refs/x", "2", "3", &swapped, &sure, &err));
    assert_int_equal(err.code, AS_EBUSY);
    as_fs_unlock(fd);
    atomic_store(&stop, true);
    assert_false(kind->put(self, "a/b", "x", 1, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
    kind->close(self);
    support_remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
