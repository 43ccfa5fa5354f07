/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intake/import.h"
#include "intake/state.h"
#include "intake/test_folder.h"

typedef struct fixture {
    test_space    space;
    as_intake    *intake;
    as_import_cfg cfg;
    as_err        err;
} fixture;

static void fixture_make(fixture *f)
{
    *f = (fixture){.err = AS_ERR_NONE};
    test_space_make(&f->space, "import", "");
    assert_non_null(f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err));
    f->cfg = (as_import_cfg){.folder = f->space.photos, .told = test_tell, .ctx = &f->space};
}

static void fixture_done(fixture *f)
{
    f->intake = as_intake_close(f->intake);
    test_space_done(&f->space);
}

static bool import(fixture *f)
{
    return as_import_folder(f->intake, f->space.spec, &f->cfg, NULL, &f->err);
}

static const as_sample *at(const fixture *f, size_t i)
{
    const as_sample *sample = as_manifest_at(f->intake->manifest, i);
    assert_non_null(sample);
    return sample;
}

static bool count_object(void *ctx, const as_fs_entry *entry, as_err *err)
{
    (void)entry;
    (void)err;
    ++*(size_t *)ctx;
    return true;
}

/* Objects and quarantine: what an import leaves behind. */
static size_t n_written(fixture *f)
{
    static const char *const folders[] = {"objects", "quarantine"};
    char                     path[AS_FS_PATH_BYTES];
    size_t                   n = 0;
    for (size_t i = 0; i < AS_COUNT(folders); i++) {
        assert_true(as_fs_join(path, f->space.ws->dir, folders[i], &f->err));
        assert_true(!as_fs_is_dir(path) || as_fs_walk(path, count_object, &n, &f->err));
    }
    return n;
}

static void expect_refusal(fixture *f, as_err_code code, const char *text)
{
    assert_false(import(f));
    assert_int_equal(f->err.code, code);
    if (!strstr(f->err.text, text))
        fail_msg("'%s' is not in '%s'", text, f->err.text);
    assert_int_equal(n_written(f), 0);
    assert_int_equal(as_intake_counts_of(f->intake).n_seen, 0);
}

static void expect_told(const fixture *f, const char *line)
{
    const char *found = strstr(f->space.told, line);
    if (!found || strstr(found + 1, line))
        fail_msg("'%s' is told %s in:\n%s", line, found ? "twice" : "never", f->space.told);
}

static void test_one_folder_a_class(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    test_put_png(&f.space, "good/b 1.png", 1);
    test_put_png(&f.space, "good/deep/er/a.PNG", 2);
    test_put_png(&f.space, "bad/it's \"so\".png", 3);
    test_put_png(&f.space, "bad/new\nline.png", 4);
    test_put_png(&f.space, "bad/\xff\xe4.png", 5);
    test_put(&f.space, "bad/text.jpg", "hello", 5);
    test_put(&f.space, "bad/labels.txt", "hello", 5);
    test_put(&f.space, "good/.thumbs/x.png", "hello", 5);
    test_put(&f.space, "good/.thumbs/y.png", "hello", 5);
    test_put(&f.space, "README", "hello", 5);
    test_put_png(&f.space, "loose.png", 6);
    test_put(&f.space, "docs/plan.txt", "hello", 5);
    assert_true(import(&f));
    static const char *const names[] = {"photos/bad/\\xff\\xe4.png", "photos/bad/it's \"so\".png",
                                        "photos/bad/new\\x0aline.png", "photos/good/b 1.png",
                                        "photos/good/deep/er/a.PNG"};
    assert_int_equal(as_manifest_count(f.intake->manifest), AS_COUNT(names));
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        assert_string_equal(at(&f, i)->name, names[i]);
        assert_string_equal(at(&f, i)->label, i < 3 ? "bad" : "good");
        assert_int_equal(at(&f, i)->split, AS_SPLIT_NONE);
        assert_true(at(&f, i)->utc > 0);
    }
    expect_told(&f, "QUARANTINE photos/bad/text.jpg is no " AS_CODEC_TITLES " picture");
    expect_told(&f, "OK bad/labels.txt is no picture by its name");
    expect_told(&f, "OK good/.thumbs is hidden");
    expect_told(&f, "OK README is no");
    expect_told(&f, "OK loose.png lies in no class folder");
    expect_told(&f, "OK docs/plan.txt is no");
    assert_null(strstr(f.space.told, "WARN"));
    fixture_done(&f);
}

static void test_own_splits(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    test_put_png(&f.space, "train/good/1.png", 1);
    test_put_png(&f.space, "train/bad/2.png", 2);
    test_put_png(&f.space, "Test/good/3.png", 3);
    test_put_png(&f.space, "masks/3.png", 4);
    test_put_png(&f.space, "masks/4.png", 5);
    assert_true(import(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 3);
    assert_int_equal(at(&f, 0)->split, AS_SPLIT_TEST);
    assert_int_equal(at(&f, 1)->split, AS_SPLIT_NONE); /* validation is drawn from it */
    expect_told(&f, "OK masks is a folder beside");
    fixture_done(&f);
    /* With all three nothing is drawn. */
    fixture_make(&f);
    test_put_png(&f.space, "train/good/1.png", 1);
    test_put_png(&f.space, "val/good/2.png", 2);
    test_put_png(&f.space, "test/bad/3.png", 3);
    assert_true(import(&f));
    assert_int_equal(at(&f, 0)->split, AS_SPLIT_TEST);
    assert_int_equal(at(&f, 1)->split, AS_SPLIT_VALIDATION);
    assert_int_equal(at(&f, 2)->split, AS_SPLIT_TRAIN);
    fixture_done(&f);
    /* Both ways at once cannot be meant. */
    fixture_make(&f);
    test_put_png(&f.space, "test/good/1.png", 1);
    test_put_png(&f.space, "bad/2.png", 2);
    expect_refusal(&f, AS_EINVAL, "class folder 'bad' beside 'test'");
    fixture_done(&f);
}

static void test_unknown_class_writes_nothing(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    test_put_png(&f.space, "bad/1.png", 1);
    test_put_png(&f.space, "goood/1.png", 2);
    expect_refusal(&f, AS_EINVAL, "folder 'goood' is no class");
    expect_refusal(&f, AS_EINVAL, "did you mean 'good'?");
    expect_refusal(&f, AS_EINVAL, "--rename");
    fixture_done(&f);
}

static void test_renames(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    test_put_png(&f.space, "ok=1/1.png", 1);
    test_put_png(&f.space, "scratched/1.png", 2);
    static const char *const right[] = {"ok=1=good", "scratched=bad", NULL};
    static const char *const unknown[] = {"ok=1=good", "scratched=baad", NULL};
    static const char *const unused[] = {"ok=1=good", "scratched=bad", "dent=bad", NULL};
    static const char *const shapeless[] = {"scratched", NULL};
    f.cfg.renames = unknown;
    expect_refusal(&f, AS_EINVAL, "did you mean 'bad'?");
    f.cfg.renames = unused;
    expect_refusal(&f, AS_EINVAL, "'dent=bad' is for no folder");
    f.cfg.renames = shapeless;
    expect_refusal(&f, AS_EINVAL, "FOLDER=CLASS");
    f.cfg.renames = right;
    f.cfg.prefix = "";
    assert_true(import(&f));
    assert_string_equal(at(&f, 0)->name, "ok=1/1.png");
    assert_string_equal(at(&f, 0)->label, "good");
    assert_string_equal(at(&f, 1)->label, "bad");
    fixture_done(&f);
}

static void test_nothing_to_import(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    expect_refusal(&f, AS_ENOTFOUND, "no picture");
    test_put_png(&f.space, "1.png", 1);
    expect_refusal(&f, AS_ENOTFOUND, "one folder a class");
    f.cfg.folder = "/nonexistent";
    expect_refusal(&f, AS_ENOTFOUND, "'/nonexistent'");
    f.cfg.folder = f.space.spec->path;
    expect_refusal(&f, AS_EINVAL, "is a file: name its folder");
    fixture_done(&f);
}

static void link_to(const fixture *f, const char *relative, const char *target)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    assert_true(as_fs_join(path, f->space.photos, relative, &err));
    assert_int_equal(symlink(target, path), 0);
}

static void test_links(void **state)
{
    (void)state;
    fixture f;
    char    outside[AS_FS_PATH_BYTES];
    as_str  png;
    fixture_make(&f);
    test_put_png(&f.space, "good/1.png", 1);
    test_put_png(&f.space, "bad/2.png", 2);
    as_str_init(&png);
    test_png(3, 64, 48, &png);
    assert_true(as_fs_join(outside, f.space.dir, "outside.png", &f.err) &&
                as_fs_write(outside, png.s, png.len, &f.err));
    link_to(&f, "good/out.png", outside);
    link_to(&f, "good/up.png", "../../outside.png");
    assert_true(as_fs_join(outside, f.space.dir, "photos too", &f.err) &&
                as_fs_make_dirs(outside, &f.err)); /* begins alike */
    assert_true(as_fs_join(outside, f.space.dir, "photos too/4.png", &f.err) &&
                as_fs_write(outside, png.s, png.len, &f.err));
    link_to(&f, "good/beside.png", outside);
    link_to(&f, "good/inside.png", "../bad/2.png"); /* the same bytes as another class */
    link_to(&f, "good/nowhere.png", "no such file");
    link_to(&f, "good/loop.png", "loop.png");
    link_to(&f, "more", f.space.dir);
    link_to(&f, "good/folder", "../bad");
    assert_true(import(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 2);
    expect_told(&f, "WARN good/out.png is a symbolic link out of the folder");
    expect_told(&f, "WARN good/up.png is a symbolic link out of the folder");
    expect_told(&f, "WARN good/beside.png is a symbolic link out of the folder");
    expect_told(&f, "QUARANTINE photos/good/inside.png is byte for byte 'photos/bad/2.png'");
    expect_told(&f, "WARN good/nowhere.png is a symbolic link to nothing");
    expect_told(&f, "WARN good/loop.png is a symbolic link to nothing");
    expect_told(&f, "WARN more is a symbolic link out of the folder");
    expect_told(&f, "WARN good/folder is a symbolic link to a folder");
    as_str_done(&png);
    fixture_done(&f);
}

static void test_many_batches_again_and_an_empty_class(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    for (uint64_t i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "good/%03u.png", (unsigned)i);
        test_put_png(&f.space, name, 500 + i % 150); /* the last fifty are there already */
    }
    assert_true(import(&f));
    as_intake_counts counts = as_intake_counts_of(f.intake);
    assert_int_equal(counts.n_kept, 200);
    assert_int_equal(counts.n_warned, 50);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(strtoul(at(&f, i)->name + strlen("photos/good/"), NULL, 10), i);
    assert_true(import(&f));
    counts = as_intake_counts_of(f.intake);
    assert_int_equal(counts.n_kept, 200);
    assert_int_equal(counts.n_known, 200);
    fixture_done(&f);
}

static void test_stop(void **state)
{
    (void)state;
    fixture           f;
    const atomic_bool stop = true;
    as_progress       progress = {.stop = &stop};
    fixture_make(&f);
    test_put_png(&f.space, "good/1.png", 1);
    assert_false(as_import_folder(f.intake, f.space.spec, &f.cfg, &progress, &f.err));
    assert_int_equal(f.err.code, AS_ECANCELLED);
    fixture_done(&f);
}

static void check_one_side(fixture *f, const char *kept, const char *refused, size_t n_quarantined)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < as_manifest_count(f->intake->manifest); i++) {
        assert_string_not_equal(at(f, i)->name, refused);
        n_kept += strcmp(at(f, i)->name, kept) == 0;
    }
    assert_int_equal(n_kept, 1);
    assert_int_equal(as_intake_counts_of(f->intake).n_quarantined, n_quarantined);
}

static void test_never_on_both_sides(void **state)
{
    (void)state;
    fixture   f;
    as_commit commit;
    fixture_make(&f);
    test_put_png(&f.space, "Testing/good/1.png", 1);
    test_put_png(&f.space, "Testing/bad/2.png", 2);
    test_put_png(&f.space, "TRAIN/good/1.png", 1); /* before it by name */
    test_put_png(&f.space, "TRAIN/bad/3.png", 3);
    assert_true(import(&f));
    check_one_side(&f, "photos/Testing/good/1.png", "photos/TRAIN/good/1.png", 1);
    assert_true(as_intake_split(f.intake, 1, &f.err));
    assert_true(as_intake_commit(f.intake, "first", &commit, &f.err));
    /* A second source: for its test a picture that was trained on, for its train one that tests. */
    f.intake = as_intake_close(f.intake);
    assert_non_null(f.intake = as_intake_open(f.space.ws, f.space.spec, &f.err));
    test_put_png(&f.space, "Testing/bad/4.png", 3);
    test_put_png(&f.space, "TRAIN/bad/5.png", 2);
    f.cfg.prefix = "again";
    assert_true(import(&f));
    for (size_t i = 0; i < as_manifest_count(f.intake->manifest); i++)
        for (size_t k = 0; k < i; k++)
            assert_false(as_digest_equal(&at(&f, i)->image, &at(&f, k)->image));
    assert_int_equal(as_intake_counts_of(f.intake).n_kept, 0);
    assert_non_null(strstr(f.space.told, "again/Testing/bad/4.png is byte for byte"));
    fixture_done(&f);
}

static void test_split_folders(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        as_split    split;
    } cases[] = {{"train", AS_SPLIT_TRAIN},    {"Training", AS_SPLIT_TRAIN}, {"VALID", AS_SPLIT_VALIDATION},
                 {"val", AS_SPLIT_VALIDATION}, {"TEST", AS_SPLIT_TEST},      {"testing", AS_SPLIT_TEST},
                 {"tes", AS_SPLIT_NONE},       {"trainings", AS_SPLIT_NONE}, {"", AS_SPLIT_NONE},
                 {"good", AS_SPLIT_NONE},      {"test/good", AS_SPLIT_NONE}, {"Validation", AS_SPLIT_VALIDATION}};
    for (size_t i = 0; i < AS_COUNT(cases); i++)
        assert_int_equal(as_import_split_of(cases[i].name, strlen(cases[i].name)), cases[i].split);
    assert_int_equal(as_import_split_of("test/good", 4), AS_SPLIT_TEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_folder_a_class),
        cmocka_unit_test(test_own_splits),
        cmocka_unit_test(test_never_on_both_sides),
        cmocka_unit_test(test_split_folders),
        cmocka_unit_test(test_unknown_class_writes_nothing),
        cmocka_unit_test(test_renames),
        cmocka_unit_test(test_nothing_to_import),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_many_batches_again_and_an_empty_class),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
