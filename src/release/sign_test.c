/* SPDX-License-Identifier: Apache-2.0 */
#include "release/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char          dir[] = "/tmp/assay_sign_XXXXXX";
static as_workspace *ws;
static as_err        err;

static int setup(void **state)
{
    (void)state;
    char path[AS_FS_PATH_BYTES];
    err = (as_err)AS_ERR_NONE;
    memcpy(strrchr(dir, '_'), "_XXXXXX", 7);
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/assay.yaml", dir);
    return as_fs_write(path, "assay: 1\n", 9, &err) && (ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err)) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ws = as_workspace_close(ws);
    return as_fs_remove_tree(dir, &err) ? 0 : -1;
}

static char *in_ws(const char *name, char *path)
{
    snprintf(path, AS_FS_PATH_BYTES, "%s/.assay/%s", dir, name);
    return path;
}

/* RFC 8032, section 7.1, test 2. */
static void test_published_vector(void **state)
{
    (void)state;
    static const char line[] =
        "assay-ed25519-secret 4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb\n";
    static const uint8_t want[AS_SIGNATURE_BYTES] = {
        0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40,
        0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda,
        0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c,
        0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00};
    char    path[AS_FS_PATH_BYTES], hex[AS_KEY_HEX_BYTES];
    uint8_t signature[AS_SIGNATURE_BYTES];
    as_key  key;
    assert_true(as_fs_write_secret(in_ws("key", path), line, strlen(line), &err));
    assert_true(as_key_open(ws, &key, &err));
    assert_string_equal(as_key_hex(key.open, hex), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_true(as_sign(&key, "\x72", 1, signature, &err));
    assert_memory_equal(signature, want, sizeof want);
    assert_true(as_sign_check(key.open, "\x72", 1, want));
    assert_false(as_sign_check(key.open, "\x73", 1, want));
    as_key_done(&key);
}

static void test_key_is_made_once(void **state)
{
    (void)state;
    char        path[AS_FS_PATH_BYTES];
    uint8_t     open[AS_KEY_BYTES];
    as_key      first, again;
    struct stat st;
    assert_false(as_key_public(ws, open, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_true(as_key_open(ws, &first, &err));
    assert_true(as_key_open(ws, &again, &err));
    assert_memory_equal(&first, &again, sizeof first);
    assert_true(as_key_public(ws, open, &err));
    assert_memory_equal(open, first.open, sizeof open);
    assert_int_equal(stat(in_ws("key", path), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_false(as_key_open(ws, &again, &err));
    assert_int_equal(err.code, AS_EACCESS);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(as_fs_remove(in_ws("key.pub", path), &err)); /* comes from the other */
    assert_true(as_key_open(ws, &again, &err));
    assert_true(as_key_public(ws, open, &err));
    assert_true(as_fs_write_secret(in_ws("key", path), "assay-ed25519-secret 12\n", 24, &err));
    assert_false(as_key_open(ws, &again, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
}

static void test_signed_object(void **state)
{
    (void)state;
    as_key  key;
    uint8_t open[AS_KEY_BYTES];
    json_t *object = json_pack("{s:s, s:i}", "reason", "asked", "n", 3);
    assert_false(as_json_sign_check(object, open, &err));
    assert_int_equal(err.code, AS_EFORMAT);
    assert_true(as_key_open(ws, &key, &err));
    assert_true(as_json_sign(object, &key, &err));
    char   *text = as_json_pretty(object); /* blanks and order do not matter */
    json_t *read = as_json_parse(text, strlen(text), "receipt", &err);
    assert_non_null(read);
    assert_true(as_json_sign_check(read, open, &err));
    assert_memory_equal(open, key.open, sizeof open);
    json_object_set_new(read, "n", json_integer(4));
    assert_false(as_json_sign_check(read, open, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    json_decref(read);
    json_decref(object);
    free(text);
    as_key_done(&key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_published_vector), TEST(test_key_is_made_once),
                                       TEST(test_signed_object)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
