/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/commit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/str.h"
#include "catalog/test_space.h"
#include "store/test_fault.h"

static char          dir[AS_TEST_SPACE_DIR_BYTES];
static as_workspace *ws;

static int setup(void **state)
{
    (void)state;
    ws = as_test_space_open("commit", dir);
    return ws ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ws = as_test_space_close(ws, dir);
    return 0;
}

static bool write_numbered(as_workspace *into, unsigned i, const as_commit *parent, as_commit *ret, as_err *err)
{
    char         name[64];
    as_manifest *m = as_manifest_new(err);
    as_sample    s = {.name = name,
                      .label = "good",
                      .part = name,
                      .camera = "",
                      .format = "png",
                      .width = 2,
                      .height = 2,
                      .n_bytes = 10,
                      .utc = 1,
                      .sharpness = NAN,
                      .clipped_ratio = NAN,
                      .severity = NAN};
    snprintf(name, sizeof name, "picture-%u", i);
    *ret = (as_commit){.utc = 1000 + i, .author = "A \xc3\x9c", .n_quarantined = 3};
    snprintf(ret->message, sizeof ret->message, "number %u", i);
    if (parent) {
        ret->parents[0] = parent->id;
        ret->n_parents = 1;
    }
    bool ok = m && as_store_put(into->store, name, strlen(name), &s.image, NULL, err) && as_manifest_add(m, &s, err) &&
              as_commit_write(into, m, ret, err);
    as_manifest_free(m);
    return ok;
}

static as_commit commit_numbered(unsigned i, const as_commit *parent)
{
    as_err    err = AS_ERR_NONE;
    as_commit made;
    if (!write_numbered(ws, i, parent, &made, &err))
        fail_msg("%s", err.text);
    return made;
}

static void test_write_then_find(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_commit found;
    char      hex[AS_SHA256_HEX_BYTES], text[200];
    assert_false(as_commit_find(ws, "", &found, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "assay import"));

    as_commit a = commit_numbered(1, NULL), b = commit_numbered(2, &a), c = commit_numbered(3, &b);
    assert_int_equal(c.n_samples, 1);
    assert_int_equal(c.n_bytes, 10);
    static const char *const newest[] = {"", "main", "main~0", "~0"};
    for (size_t i = 0; i < AS_COUNT(newest); i++) {
        assert_true(as_commit_find(ws, newest[i], &found, &err));
        assert_true(as_digest_equal(&found.id, &c.id));
    }
    assert_string_equal(found.author, "A \xc3\x9c");
    assert_string_equal(found.message, "number 3");
    assert_int_equal(found.utc, 1003);
    assert_int_equal(found.n_samples, 1);
    assert_int_equal(found.n_bytes, 10);
    assert_int_equal(found.n_quarantined, 3);
    assert_int_equal(found.n_parents, 1);
    assert_true(as_digest_equal(&found.parents[0], &b.id));
    assert_true(as_digest_equal(&found.manifest, &c.manifest));

    assert_true(as_commit_find(ws, "main~2", &found, &err));
    assert_true(as_digest_equal(&found.id, &a.id));
    assert_int_equal(found.n_parents, 0);
    assert_true(as_commit_find(ws, as_digest_hex(&b.id, hex), &found, &err));
    assert_true(as_digest_equal(&found.id, &b.id));
    snprintf(text, sizeof text, "%.8s", hex);
    assert_true(as_commit_find(ws, text, &found, &err));
    assert_true(as_digest_equal(&found.id, &b.id));
    snprintf(text, sizeof text, "%.8s~1", hex);
    assert_true(as_commit_find(ws, text, &found, &err));
    assert_true(as_digest_equal(&found.id, &a.id));

    assert_false(as_commit_find(ws, "main~3", &found, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_false(as_commit_find(ws, "0000000000", &found, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    static const char *const bad[] = {"Main",    "main~", "main~x", "main~-1",
                                      "main~+1", "abc",   "ab cd",  "main~99999999999999999999"};
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(as_commit_find(ws, bad[i], &found, &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
    as_manifest *m = as_commit_manifest(ws, &c, &err);
    assert_non_null(m);
    assert_string_equal(as_manifest_at(m, 0)->name, "picture-3");
    as_manifest_free(m);
}

static void test_same_input_same_id(void **state)
{
    (void)state;
    as_commit a = commit_numbered(1, NULL), again = commit_numbered(1, NULL), other = commit_numbered(2, NULL);
    assert_true(as_digest_equal(&a.id, &again.id));
    assert_false(as_digest_equal(&a.id, &other.id));
}

/* Among many objects a short prefix is shared; among commits it is not. */
static void test_prefix_means_a_commit(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_commit a = commit_numbered(1, NULL), b = commit_numbered(2, &a), found;
    as_digest twin = a.id;
    char      hex[AS_SHA256_HEX_BYTES], prefix[8];
    twin.b[31] ^= 1;
    support_forge_object(ws->store, &twin);
    snprintf(prefix, sizeof prefix, "%.5s", as_digest_hex(&a.id, hex));
    if (!as_commit_find(ws, prefix, &found, &err))
        fail_msg("%s", err.text);
    assert_true(as_digest_equal(&found.id, &a.id));

    as_digest image = as_sha256_of("picture-1", 9);
    assert_false(as_commit_find(ws, as_digest_hex(&image, hex), &found, &err));
    assert_int_equal(err.code, AS_EFORMAT);
    assert_non_null(strstr(err.text, "not a commit"));
    (void)b;
}

static void test_merges(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_commit    a = commit_numbered(1, NULL), b = commit_numbered(2, &a), c = commit_numbered(3, &a), found;
    as_commit    m = {.utc = 9, .author = "x", .message = "merge", .n_parents = 2, .parents = {b.id, c.id}};
    as_manifest *empty = as_manifest_new(&err);
    assert_true(as_commit_write(ws, empty, &m, &err));
    assert_true(as_commit_find(ws, "main~2", &found, &err)); /* by first parents */
    assert_true(as_digest_equal(&found.id, &a.id));
    as_digest twin = c.id;
    char      hex[AS_SHA256_HEX_BYTES];
    twin.b[31] ^= 1;
    support_forge_object(ws->store, &twin);
    as_digest_hex(&c.id, hex);
    hex[6] = '\0';
    assert_true(as_commit_find(ws, hex, &found, &err)); /* by second parents too */
    assert_true(as_digest_equal(&found.id, &c.id));
    as_manifest_free(empty);
}

static void test_damage_is_named(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_commit a = commit_numbered(1, NULL), b = commit_numbered(2, &a), found;
    char      hex[AS_SHA256_HEX_BYTES];
    support_flip_object(dir, &a.id, 20);
    assert_true(as_commit_find(ws, "main", &found, &err));
    assert_false(as_commit_find(ws, "main~1", &found, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_non_null(strstr(err.text, as_digest_hex(&a.id, hex)));
    support_lose_object(dir, &a.id);
    ws = as_workspace_close(ws);
    assert_non_null(ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err));
    assert_false(as_commit_find(ws, "main~1", &found, &err));
    assert_int_equal(err.code, AS_ECORRUPT); /* it was there: its absence is damage */
    assert_non_null(strstr(err.text, hex));

    support_flip_object(dir, &b.manifest, 5);
    assert_null(as_commit_manifest(ws, &b, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_non_null(strstr(err.text, as_digest_hex(&b.manifest, hex)));
    assert_true(as_store_ref_set(ws->store, AS_COMMIT_REF, "nonsense", &err));
    assert_false(as_commit_find(ws, "main", &found, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_non_null(strstr(err.text, AS_COMMIT_REF));
}

static void test_odd_commit_objects(void **state)
{
    (void)state;
#define HEX  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define REST ",\"n_quarantined\":0,\"n_samples\":0,\"utc\":0}"
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"assay_commit\":2,\"author\":\"\",\"manifest\":\"" HEX
        "\",\"message\":\"\",\"n_bytes\":0,\"parents\":[]" REST,
        "{\"assay_commit\":1,\"author\":\"\",\"manifest\":\"" HEX
        "\",\"message\":\"\",\"n_bytes\":-1,\"parents\":[]" REST,
        "{\"assay_commit\":1,\"author\":\"\",\"manifest\":\"xy\",\"message\":\"\",\"n_bytes\":0,\"parents\":[]" REST,
        "{\"assay_commit\":1,\"author\":\"\",\"manifest\":\"" HEX
        "\",\"message\":\"\",\"n_bytes\":0,\"parents\":[7]" REST,
        "{\"assay_commit\":1,\"author\":\"\",\"manifest\":\"" HEX
        "\",\"message\":\"\",\"n_bytes\":0,\"parents\":[0,0,0,0,0,0,0,0,0]" REST,
        "{\"assay_commit\":1,\"author\":7,\"manifest\":\"" HEX "\",\"message\":\"\",\"n_bytes\":0,\"parents\":[]" REST,
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_err    err = AS_ERR_NONE;
        as_digest id;
        as_commit found = {.utc = 77};
        assert_true(as_store_put(ws->store, bad[i], strlen(bad[i]), &id, NULL, &err));
        assert_false(as_commit_read(ws, &id, &found, &err));
        assert_true(err.code == AS_EFORMAT || err.code == AS_ECORRUPT || err.code == AS_EUNSUPPORTED);
        assert_int_equal(found.utc, 77);
    }
}

static void test_write_refuses(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_manifest_new(&err);
    as_commit    c = {.author = "\xff"};
    char         value[AS_REF_BYTES];
    assert_false(as_commit_write(ws, m, &c, &err));
    assert_int_equal(err.code, AS_EINVAL);
    c = (as_commit){.n_parents = AS_COMMIT_MAX_PARENTS + 1};
    assert_false(as_commit_write(ws, m, &c, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_false(as_store_ref_get(ws->store, AS_COMMIT_REF, value, &err));
    c = (as_commit){.utc = 1};
    ws = as_workspace_close(ws);
    as_workspace *reader = as_workspace_open(dir, AS_WORKSPACE_READ, &err);
    assert_false(as_commit_write(reader, m, &c, &err));
    assert_int_equal(err.code, AS_EINVAL);
    as_workspace_close(reader);
    as_manifest_free(m);
}

static void commit_for_ever(void *ctx)
{
    as_err        err = AS_ERR_NONE;
    as_commit     last = {0}, next;
    as_workspace *own = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err);
    bool          has_last = own && as_commit_find(own, "", &last, &err);
    for (unsigned i = *(const unsigned *)ctx * 100000;; i++) {
        if (!own || !write_numbered(own, i, has_last ? &last : NULL, &next, &err))
            support_fail(__FILE__, __LINE__, err.text);
        last = next;
        has_last = true;
        support_step();
    }
}

static void test_kill_leaves_history_whole(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_rng   rng = as_rng_new(9);
    unsigned n_last = 0;
    ws = as_workspace_close(ws);
    for (unsigned round = 0; round < 25; round++) {
        assert_true(support_kill_after(as_rng_below(&rng, 5), (as_ns)as_rng_below(&rng, 5 * AS_NS_PER_MS),
                                       commit_for_ever, &round));
        as_workspace  *own = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err);
        as_commit      c;
        as_store_check check;
        unsigned       n = 0;
        assert_non_null(own);
        bool ok = as_commit_find(own, "", &c, &err);
        for (; ok; n++) {
            as_manifest *m = as_commit_manifest(own, &c, &err);
            assert_non_null(m);
            assert_true(as_store_has(own->store, &as_manifest_at(m, 0)->image));
            as_manifest_free(m);
            ok = c.n_parents > 0 && as_commit_read(own, &c.parents[0], &c, &err);
        }
        assert_true(n >= n_last);
        n_last = n;
        assert_true(as_store_verify(own->store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 0);
        as_workspace_close(own);
    }
    assert_true(n_last > 20); /* the children did work */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_then_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_input_same_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prefix_means_a_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_commit_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_leaves_history_whole, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
