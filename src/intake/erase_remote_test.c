/* SPDX-License-Identifier: Apache-2.0 */
/* A remote that cannot be erased in is named, and stops no erasure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "intake/erase_remote.h"
#include "remote/test_remote.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_LIMIT false /* a sanitizer takes more address space than any limit */
#else
#define CAN_LIMIT true
#endif

#define LARGE ((uint32_t)1 << 30)
#define LEFT  ((rlim_t)512 << 20)

static rlim_t used_bytes(void)
{
    unsigned long pages = 0;
    FILE         *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu", &pages), 1);
    fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A pack of 1 GiB that says that it has the picture, too: a hole, so that it takes no room on the disk. */
static void put_large_pack(const as_digest *picture)
{
    as_err            err = AS_ERR_NONE;
    as_str            listing;
    as_transfer       made;
    char              name[AS_REMOTE_NAME_MAX], path[AS_FS_PATH_BYTES];
    as_transfer_entry entries[2] = {{.digest = *picture, .n_bytes = 8192},
                                    {.digest = as_sha256_of("large", 5), .n_bytes = LARGE}};
    as_str_init(&listing);
    remote_must(as_transfer_write(entries, 2, &listing, &made, &err), &err);
    snprintf(path, sizeof path, "%s/there/%s", remote_dir, as_transfer_name(&made.name, false, name));
    remote_must(as_fs_write(path, listing.s, listing.len, &err), &err);
    snprintf(path, sizeof path, "%s/there/%s", remote_dir, as_transfer_name(&made.name, true, name));
    remote_must(as_fs_write(path, "", 0, &err), &err);
    assert_int_equal(truncate(path, (off_t)made.n_bytes), 0);
    as_str_done(&listing);
}

static void test_no_memory_is_its_error(void **state)
{
    (void)state;
    if (!CAN_LIMIT)
        skip();
    as_err          err = AS_ERR_NONE;
    as_workspace   *ws = remote_workspace("a");
    as_remote_cfg   cfg = {.name = "origin"};
    char            hex[AS_SHA256_HEX_BYTES];
    const as_digest picture = remote_picture(ws, 1);
    struct rlimit   before, limit;
    json_t         *list = NULL;
    snprintf(cfg.url, sizeof cfg.url, "%s/there", remote_dir);
    remote_must(as_remote_add(ws, &cfg, &err), &err);
    remote_version(ws, 0, 3);
    remote_push(ws);
    put_large_pack(&picture);
    remote_must(as_store_erase(ws->store, &picture, "asked", &err), &err);
    json_t *objects = json_pack("[{s:s}]", "sha256", as_digest_hex(&picture, hex));
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = AS_MIN(before.rlim_max, used_bytes() + LEFT);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    const bool ok = as_erase_in_remotes(ws, objects, NULL, &list, &err);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    remote_must(ok, &err);
    assert_int_equal(json_array_size(list), 1);
    const json_t *why = json_object_get(json_array_get(list, 0), "error");
    assert_non_null(why);
    assert_non_null(strstr(json_string_value(why), "not enough memory"));
    json_decref(list);
    json_decref(objects);
    as_workspace_close(ws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_memory_is_its_error, remote_setup, remote_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
