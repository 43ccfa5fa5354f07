/* SPDX-License-Identifier: Apache-2.0 */
/* Versions by all that leads to them, their names, and samples taken out of them. */
#include "catalog/history.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/erased.h"
#include "catalog/hold.h"
#include "catalog/manifest.h"
#include "catalog/rewritten.h"
#include "catalog/tag.h"
#include "catalog/test_space.h"
#include "store/test_fault.h"

static char          dir[AS_TEST_SPACE_DIR_BYTES];
static as_workspace *ws;
static as_err        err;

static int setup(void **state)
{
    (void)state;
    err = (as_err)AS_ERR_NONE;
    ws = as_test_space_open("history", dir);
    return ws ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ws = as_test_space_close(ws, dir);
    return 0;
}

static as_digest put(const char *text)
{
    as_digest digest;
    if (!as_store_put(ws->store, text, strlen(text), &digest, NULL, &err))
        fail_msg("%s", err.text);
    return digest;
}

/* A version of n samples "photo 0" ..., on top of parent. */
static as_commit commit_of(size_t n, const as_commit *parent)
{
    as_manifest *manifest = as_manifest_new(&err);
    as_commit    commit = {.utc = 1000 + (as_ns)n, .author = "tester", .message = "m"};
    for (size_t i = 0; i < n; i++) {
        char      name[32];
        as_sample sample = {.name = name,
                            .label = "good",
                            .by = "person:ada",
                            .part = "P7",
                            .camera = "cam",
                            .format = "png",
                            .width = 2,
                            .height = 2,
                            .n_bytes = 9,
                            .utc = 5,
                            .sharpness = 3,
                            .clipped_ratio = NAN,
                            .severity = NAN,
                            .difference_hash = 77};
        snprintf(name, sizeof name, "photo %zu", i);
        sample.image = put(name);
        assert_true(as_manifest_add(manifest, &sample, &err));
    }
    if (parent) {
        commit.parents[0] = parent->id;
        commit.n_parents = 1;
    }
    if (!as_commit_write(ws, manifest, &commit, &err))
        fail_msg("%s", err.text);
    as_manifest_free(manifest);
    return commit;
}

static bool count(void *ctx, const as_commit *commit, as_err *e)
{
    (void)commit;
    (void)e;
    ++*(size_t *)ctx;
    return true;
}

static size_t n_versions(void)
{
    size_t n = 0;
    if (!as_history_walk(ws, count, &n, &err))
        fail_msg("%s", err.text);
    return n;
}

static void test_what_leads_to_versions(void **state)
{
    (void)state;
    assert_int_equal(n_versions(), 0);
    as_commit a = commit_of(1, NULL), b = commit_of(2, &a), lost = commit_of(4, NULL), c = commit_of(3, &b);
    assert_int_equal(n_versions(), 3); /* nothing leads to the one without children */
    assert_true(as_tag_set(ws, "release-1", &lost.id, &err));
    assert_int_equal(n_versions(), 4);
    as_reach reach;
    assert_true(as_reach_find(ws, NULL, &reach, &err));
    assert_int_equal(reach.n_commits, 4);
    const as_digest *in[] = {&a.id, &b.manifest, &c.labels, &lost.manifest};
    for (size_t i = 0; i < AS_COUNT(in); i++)
        assert_true(as_digest_list_has(&reach.objects, in[i]));
    as_digest picture = put("photo 3"), other = put("nobody's");
    assert_true(as_digest_list_has(&reach.objects, &picture));
    assert_false(as_digest_list_has(&reach.objects, &other));
    as_reach_done(&reach);
    /* What cannot be read stops it: nobody knows what it needs. */
    assert_true(as_store_sync(ws->store, &err));
    support_lose_object(dir, &b.id);
    as_workspace_close(ws);
    ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err);
    assert_false(as_reach_find(ws, NULL, &reach, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
}

/* What a damaged ref led to must not be taken for what nothing leads to. */
static void test_a_damaged_ref(void **state)
{
    (void)state;
    as_reach reach = {0};
    assert_true(as_store_ref_set(ws->store, "elsewhere/note", "no version", &err));
    assert_true(as_reach_find(ws, NULL, &reach, &err));
    as_reach_done(&reach);
    assert_true(as_store_ref_set(ws->store, "data/tags/first", "0123;567", &err));
    assert_false(as_reach_find(ws, NULL, &reach, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_non_null(strstr(err.text, "data/tags/first"));
}

static void test_tags(void **state)
{
    (void)state;
    as_commit a = commit_of(1, NULL), b = commit_of(2, &a), found;
    assert_true(as_tag_set(ws, "v1.0", &a.id, &err));
    assert_true(as_tag_set(ws, "v1.0", &a.id, &err)); /* the same again */
    assert_false(as_tag_set(ws, "v1.0", &b.id, &err));
    assert_int_equal(err.code, AS_EEXIST);
    assert_true(as_tag_set(ws, "newest", &b.id, &err));
    assert_true(as_commit_find(ws, "v1.0", &found, &err));
    assert_true(as_digest_equal(&found.id, &a.id));
    assert_true(as_commit_find(ws, "newest~1", &found, &err));
    assert_true(as_digest_equal(&found.id, &a.id));
    static const char *const bad[] = {"", "main", "cafe", "1234", "a b", "A", "a/b", ".x", "a~1"};
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        assert_false(as_tag_set(ws, bad[i], &a.id, &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
    assert_true(as_tag_remove(ws, "v1.0", &err));
    assert_false(as_tag_remove(ws, "v1.0", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_false(as_commit_find(ws, "v1.0", &found, &err));
}

/* What stands for something is not for gc to take; and a reason too long is no reason. */
static void expect_kept(const as_digest *now)
{
    as_reach reach;
    char     reason[AS_STORE_REASON_BYTES], longest[AS_STORE_REASON_BYTES];
    assert_true(as_reach_find(ws, NULL, &reach, &err));
    assert_true(as_digest_list_has(&reach.objects, now));
    as_reach_done(&reach);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(as_commit_rewritten(now, longest, reason, &err));
}

static void test_a_version_is_rewritten(void **state)
{
    (void)state;
    as_commit      a = commit_of(3, NULL);
    as_aliases     names, parts;
    as_digest_list images = {0};
    as_digest      gone = put("photo 1"), now;
    uint64_t       n;
    as_str         text;
    char           reason[AS_STORE_REASON_BYTES];
    as_str_init(&text);
    assert_true(as_vec_push(&images, gone));
    assert_true(as_aliases_begin(&names, &err));
    assert_true(as_aliases_add(&names, "photo 1", &err) && as_aliases_add(&names, "photo 1", &err));
    as_aliases_begin_like(&parts, &names);
    assert_true(as_aliases_add(&parts, "P7", &err));
    as_manifest *was = as_commit_manifest(ws, &a, &err);
    as_manifest *redacted = as_manifest_redact(was, &names, &parts, &images, &n, &err);
    assert_non_null(redacted);
    assert_int_equal(n, 1);
    assert_true(as_manifest_write(redacted, &text, &err));
    assert_null(strstr(text.s, "photo 1"));
    assert_true(as_store_put(ws->store, text.s, text.len, &now, NULL, &err));
    assert_true(as_commit_rewritten(&now, "asked", reason, &err));
    assert_true(as_store_erase(ws->store, &a.manifest, reason, &err));
    as_str_clear(&text);
    assert_true(as_labels_write(redacted, &text, &err));
    assert_null(strstr(text.s, "photo 1"));
    assert_true(as_store_put(ws->store, text.s, text.len, &now, NULL, &err));
    assert_true(as_commit_rewritten(&now, "asked", reason, &err));
    assert_true(as_store_erase(ws->store, &a.labels, reason, &err));
    assert_true(as_store_erase(ws->store, &gone, "asked", &err));
    as_manifest_free(was);
    as_manifest_free(redacted);

    as_manifest *read = as_commit_manifest(ws, &a, &err);
    assert_non_null(read);
    assert_int_equal(as_manifest_count(read), 3);
    const as_sample *left = as_manifest_at(read, 0);
    assert_string_equal(left->name, as_aliases_find(&names, "photo 1"));
    assert_true(as_str_starts(left->name, "erased/") && strlen(left->name) == 7 + 16);
    assert_string_equal(left->part, as_aliases_find(&parts, "P7"));
    assert_string_equal(left->camera, "");
    assert_string_equal(left->by, "");
    assert_string_equal(left->label, "good");
    assert_true(as_digest_equal(&left->image, &gone));
    assert_true(left->utc == 0 && left->difference_hash == 0 && isnan(left->sharpness) && left->n_bytes == 9);
    assert_string_equal(as_manifest_at(read, 1)->part, "P7"); /* others are as they were */
    assert_true(as_image_is_erased(ws, &gone));
    as_manifest *present = as_manifest_present(ws, read, &n, &err);
    assert_int_equal(n, 1);
    assert_int_equal(as_manifest_count(present), 2);
    as_manifest_free(present);
    as_manifest_free(read);
    expect_kept(&now);
    as_aliases_done(&names);
    as_aliases_done(&parts);
    as_vec_done(&images);
    as_str_done(&text);
}

static as_sample page_of(const char *name, const char *bytes)
{
    return (as_sample){.name = name,
                       .image = put(bytes),
                       .label = "good",
                       .by = "person:ada",
                       .part = "scan.tif",
                       .camera = "cam",
                       .format = "tiff",
                       .sharpness = 3,
                       .clipped_ratio = NAN,
                       .severity = NAN};
}

/* The part of a page is the first page's name; and a name may have had two pictures. */
static void test_what_stays_is_whole(void **state)
{
    (void)state;
    as_aliases     names, parts;
    as_digest_list images = {0};
    uint64_t       n;
    as_sample      pages[] = {page_of("scan.tif", "1"), page_of("scan#2.tif", "2"), page_of("scan#3.tif", "3")};
    as_manifest   *was = as_manifest_new(&err);
    for (size_t i = 0; i < AS_COUNT(pages); i++)
        assert_true(as_manifest_add(was, &pages[i], &err));
    as_manifest_sort(was);
    assert_true(as_aliases_begin(&names, &err) && as_vec_push(&images, pages[1].image));
    as_aliases_begin_like(&parts, &names);
    assert_true(as_aliases_add(&names, "scan#2.tif", &err) && as_aliases_add(&names, "scan#3.tif", &err));
    assert_true(as_aliases_add(&parts, "scan.tif", &err));
    as_manifest *redacted = as_manifest_redact(was, &names, &parts, &images, &n, &err);
    assert_int_equal(n, 2);
    const as_sample *first = as_manifest_find(redacted, "scan.tif");
    assert_non_null(first);
    assert_string_equal(first->part, "scan.tif");
    assert_string_equal(first->by, "person:ada");
    const as_sample *gone = as_manifest_find(redacted, as_aliases_find(&names, "scan#2.tif"));
    assert_string_equal(gone->part, as_aliases_find(&parts, "scan.tif"));
    assert_string_equal(gone->by, "");
    const as_sample *other = as_manifest_find(redacted, as_aliases_find(&names, "scan#3.tif"));
    assert_string_equal(other->by, "person:ada");
    assert_string_equal(other->camera, "cam");
    assert_string_equal(other->part, "scan.tif");
    as_manifest_free(redacted);
    as_manifest_free(was);
    as_vec_done(&images);
    as_aliases_done(&names);
    as_aliases_done(&parts);
}

static void test_names_in_texts(void **state)
{
    (void)state;
    as_aliases names;
    bool       ok;
    char       want[100];
    assert_true(as_aliases_begin(&names, &err));
    assert_true(as_aliases_add(&names, "photos/hall/anna.png", &err));
    const char *word = as_aliases_find(&names, "photos/hall/anna.png");
    char       *now;
    snprintf(want, sizeof want, "looks like '%s' (2 of 64 bits)", word);
    now = as_aliases_replace(&names, "looks like '...hall/anna.png' (2 of 64 bits)", &ok);
    assert_string_equal(now, want);
    free(now);
    assert_null(as_aliases_replace(&names, "looks like 'otto.png', isn't it", &ok));
    assert_true(ok);
    snprintf(want, sizeof want, "isn't it 'otto.png' or '%s'", word);
    now = as_aliases_replace(&names, "isn't it 'otto.png' or 'photos/hall/anna.png'", &ok);
    assert_string_equal(now, want);
    free(now);
    assert_true(as_aliases_add(&names, "erased/o'brien.png", &err) && as_aliases_add(&names, "erased/o", &err));
    snprintf(want, sizeof want, "is '%s', isn't '%s'", as_aliases_find(&names, "erased/o'brien.png"),
             as_aliases_find(&names, "erased/o"));
    now = as_aliases_replace(&names, "is 'erased/o'brien.png', isn't 'erased/o'", &ok);
    assert_string_equal(now, want);
    free(now);
    assert_true(as_aliases_add(&names, word, &err)); /* one already */
    assert_null(as_aliases_find(&names, word));
    static const char notes[] = "{\"assay_notes\":1}\n"
                                "{\"name\":\"b.png\",\"image\":\"0123456789abcdef\",\"found\":[{\"check\":\"near\","
                                "\"text\":\"looks like 'photos/hall/anna.png'\"}]}\n"
                                "{\"name\":\"photos/hall/anna.png\",\"image\":\"0123456789abcdef\",\"mean\":7}\n"
                                "{\"name\":\"c.png\",\"image\":\"0123456789abcdef\",\"mean\":7}\n";
    as_str            out;
    uint64_t          n;
    as_str_init(&out);
    assert_true(as_notes_redact((const uint8_t *)notes, sizeof notes - 1, &names, &out, &n, &err));
    assert_int_equal(n, 2);
    assert_null(strstr(out.s, "anna"));
    assert_non_null(strstr(out.s, "\"c.png\",\"image\":\"0123456789abcdef\",\"mean\":7}\n"));
    as_str_done(&out);
    as_aliases_done(&names);
}

static void test_holds(void **state)
{
    (void)state;
    as_hold        hold = {.reason = "case 1", .who = "tester"}, *holds;
    as_digest_list images;
    size_t         n;
    as_digest      a = put("a"), b = put("b");
    assert_true(as_vec_push(&hold.images, a));
    assert_true(as_hold_add(ws, &hold, &err));
    assert_int_equal(hold.id, 1);
    hold.images.at[0] = b;
    assert_true(as_hold_add(ws, &hold, &err));
    as_vec_done(&hold.images);
    assert_true(as_hold_images(ws, &images, &err));
    assert_true(as_digest_list_has(&images, &a) && as_digest_list_has(&images, &b));
    as_vec_done(&images);
    assert_true(as_hold_release(ws, 1, "ada", &err));
    assert_false(as_hold_release(ws, 1, "ada", &err));
    assert_int_equal(err.code, AS_EEXIST);
    assert_false(as_hold_release(ws, 7, "ada", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_true(as_hold_images(ws, &images, &err));
    assert_true(!as_digest_list_has(&images, &a) && as_digest_list_has(&images, &b));
    as_vec_done(&images);
    assert_true(as_hold_list(ws, &holds, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(holds[0].released_by, "ada");
    assert_true(holds[0].released_utc > 0 && holds[1].released_utc == 0);
    as_holds_free(holds, n);
    /* What a damaged one holds is not known: nobody may go on. */
    char path[AS_FS_PATH_BYTES];
    snprintf(path, sizeof path, "%s/.assay/holds/3.json", dir);
    assert_true(as_fs_write(path, "{}", 2, &err));
    assert_false(as_hold_images(ws, &images, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_what_leads_to_versions),
                                       TEST(test_a_damaged_ref),
                                       TEST(test_tags),
                                       TEST(test_a_version_is_rewritten),
                                       TEST(test_what_stays_is_whole),
                                       TEST(test_names_in_texts),
                                       TEST(test_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
