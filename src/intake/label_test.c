/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "intake/import.h"
#include "intake/say.h"
#include "intake/test_folder.h"

static const char *const a0[] = {"photos/0.png"}, *const a1[] = {"photos/1.png"};

static as_manifest *newest(test_space *space)
{
    as_err       err = AS_ERR_NONE;
    as_commit    commit;
    as_manifest *manifest = NULL;
    if (as_commit_find(space->ws, "main", &commit, &err))
        manifest = as_commit_manifest(space->ws, &commit, &err);
    if (!manifest)
        fail_msg("%s", err.text);
    return manifest;
}

static void expect(test_space *space, const char *name, const char *label, as_label_state state, const char *by)
{
    as_manifest     *manifest = newest(space);
    const as_sample *sample = as_manifest_find(manifest, name);
    assert_non_null(sample);
    assert_string_equal(sample->label, label);
    assert_int_equal(sample->state, state);
    assert_string_equal(sample->by, by);
    as_manifest_free(manifest);
}

static void import(test_space *space, const char *format)
{
    as_err        err = AS_ERR_NONE;
    as_commit     commit;
    as_import_cfg cfg = {.folder = space->photos, .format = format};
    as_intake    *intake = as_intake_open(space->ws, space->spec, &err);
    assert_true(as_import_folder(intake, space->spec, &cfg, NULL, &err));
    assert_true(as_intake_split(intake, 1, &err));
    if (!as_intake_commit(intake, "in", &commit, &err))
        fail_msg("%s", err.text);
    as_intake_close(intake);
}

/* Twelve pictures that nobody labelled. */
static void space_make(test_space *space)
{
    test_space_make(space, "label", "");
    assert_int_equal(setenv("ASSAY_AUTHOR", "anna", 1), 0);
    for (uint64_t i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "%llu.png", (unsigned long long)i);
        test_put_png(space, name, i);
    }
    import(space, "unlabelled");
}

static as_label_result must_set(test_space *space, const char *const *names, size_t n, const char *label)
{
    as_err          err = AS_ERR_NONE;
    as_label_result result;
    as_label_cfg    cfg = {
           .spec = space->spec, .names = names, .n_names = n, .label = label, .state = AS_LABEL_GIVEN, .seed = 1};
    if (!as_label_apply(space->ws, &cfg, &result, &err))
        fail_msg("%s", err.text);
    return result;
}

static void test_set_review_undo(void **state)
{
    (void)state;
    test_space space;
    as_err     err = AS_ERR_NONE;
    space_make(&space);
    expect(&space, a0[0], "", AS_LABEL_NONE, "");
    as_label_result result = must_set(&space, a0, 1, "bad");
    assert_int_equal(result.n_changed, 1);
    assert_string_equal(result.commit.message, "label: 1 sample is bad by person:anna");
    expect(&space, a0[0], "bad", AS_LABEL_GIVEN, "person:anna");
    as_label_cfg review = {
        .spec = space.spec, .names = a0, .n_names = 1, .state = AS_LABEL_REVIEWED, .by = "person:bo"};
    assert_true(as_label_apply(space.ws, &review, &result, &err));
    expect(&space, a0[0], "bad", AS_LABEL_REVIEWED, "person:bo");
    assert_false(as_label_apply(space.ws, &review, &result, &err));
    assert_non_null(strstr(err.text, "nothing to change"));
    review.names = a1;
    assert_false(as_label_apply(space.ws, &review, &result, &err));
    assert_non_null(strstr(err.text, "no label that could be reviewed"));
    assert_true(as_label_undo(space.ws, &result, &err));
    expect(&space, a0[0], "bad", AS_LABEL_GIVEN, "person:anna");
    must_set(&space, a0, 1, "");
    expect(&space, a0[0], "", AS_LABEL_NONE, "");
    test_space_done(&space);
}

static void must_undo(test_space *space, bool (*step)(as_workspace *, as_label_result *, as_err *))
{
    as_err          err = AS_ERR_NONE;
    as_label_result result;
    if (!step(space->ws, &result, &err))
        fail_msg("%s", err.text);
}

static void expect_two(test_space *space, const char *first, const char *second)
{
    expect(space, a0[0], first, *first ? AS_LABEL_GIVEN : AS_LABEL_NONE, *first ? "person:anna" : "");
    expect(space, a1[0], second, *second ? AS_LABEL_GIVEN : AS_LABEL_NONE, *second ? "person:anna" : "");
}

static void test_undo_goes_back_step_by_step(void **state)
{
    (void)state;
    test_space      space;
    as_err          err = AS_ERR_NONE;
    as_label_result result;
    space_make(&space);
    must_set(&space, a0, 1, "bad");
    must_set(&space, a0, 1, "good");
    must_set(&space, a1, 1, "bad");
    must_undo(&space, as_label_undo);
    expect_two(&space, "good", "");
    must_undo(&space, as_label_undo);
    expect_two(&space, "bad", "");
    must_undo(&space, as_label_redo);
    expect_two(&space, "good", "");
    must_undo(&space, as_label_undo);
    must_undo(&space, as_label_undo);
    expect_two(&space, "", "");
    assert_false(as_label_undo(space.ws, &result, &err)); /* what is before that is an import */
    for (int i = 0; i < 3; i++)
        must_undo(&space, as_label_redo);
    expect_two(&space, "good", "bad");
    assert_false(as_label_redo(space.ws, &result, &err));
    assert_non_null(strstr(err.text, "nothing to redo"));
    /* A new step ends what could be redone, and is itself undone first. */
    must_undo(&space, as_label_undo);
    must_undo(&space, as_label_undo);
    must_set(&space, a1, 1, "good");
    expect_two(&space, "bad", "good");
    assert_false(as_label_redo(space.ws, &result, &err));
    must_undo(&space, as_label_undo);
    expect_two(&space, "bad", "");
    must_undo(&space, as_label_undo);
    expect_two(&space, "", "");
    must_undo(&space, as_label_redo);
    must_undo(&space, as_label_redo);
    expect_two(&space, "bad", "good");
    test_space_done(&space);
}

static as_label_result must_say(test_space *space, const char *by, const char *label, as_label_state how, bool is_vote)
{
    as_err          err = AS_ERR_NONE;
    as_label_result result;
    as_label_cfg    cfg = {.spec = space->spec,
                           .names = a0,
                           .n_names = 1,
                           .label = label,
                           .state = how,
                           .by = by,
                           .is_vote = is_vote,
                           .utc = 1000,
                           .seed = 1};
    if (!as_label_apply(space->ws, &cfg, &result, &err))
        fail_msg("%s", err.text);
    return result;
}

static void expect_said(test_space *space, const char *want)
{
    as_manifest     *manifest = newest(space);
    const as_sample *s = as_manifest_find(manifest, a0[0]);
    as_str           text;
    as_str_init(&text);
    as_str_addf(&text, "%s %s %s", s->by, s->label, as_label_state_name(s->state));
    for (size_t i = 0; i < s->n_votes; i++)
        as_str_addf(&text, ", %s %s %s", s->votes[i].by, s->votes[i].label, as_label_state_name(s->votes[i].state));
    assert_string_equal(text.s, want);
    assert_int_equal(s->said_utc, 1000);
    as_str_done(&text);
    as_manifest_free(manifest);
}

static void test_people_are_kept_apart(void **state)
{
    (void)state;
    test_space space;
    space_make(&space);
    must_say(&space, "person:anna", "bad", AS_LABEL_GIVEN, false);
    as_label_result first = must_say(&space, "person:bo", "good", AS_LABEL_GIVEN, true);
    expect_said(&space, "person:anna bad given, person:bo good given");
    /* The same class: he agrees, and it stays hers. */
    must_say(&space, "person:cy", "bad", AS_LABEL_GIVEN, false);
    expect_said(&space, "person:anna bad given, person:bo good given, person:cy bad given");
    /* Another class, not as a vote: what was there is a vote now. */
    must_say(&space, "person:bo", "good", AS_LABEL_GIVEN, false);
    expect_said(&space, "person:bo good given, person:cy bad given, person:anna bad given");
    must_say(&space, "person:dee", NULL, AS_LABEL_REVIEWED, false);
    expect_said(&space, "person:dee good reviewed, person:cy bad given, person:anna bad given, person:bo good given");
    must_say(&space, "person:anna", "good", AS_LABEL_GIVEN, true);
    must_say(&space, "model:7", "bad", AS_LABEL_PROPOSED, false);
    expect_said(&space, "person:dee good reviewed, person:cy bad given, person:bo good given, person:anna good given, "
                        "model:7 bad proposed");
    as_commit before, after;
    as_err    err = AS_ERR_NONE;
    assert_true(as_commit_find(space.ws, "main", &after, &err));
    assert_true(as_commit_read(space.ws, &first.commit.id, &before, &err));
    assert_true(as_digest_equal(&before.manifest, &after.manifest)); /* pictures and splits are the same object */
    must_undo(&space, as_label_undo);
    expect_said(&space, "person:dee good reviewed, person:cy bad given, person:bo good given, person:anna good given");
    test_space_done(&space);
}

static void test_votes_are_bounded(void **state)
{
    (void)state;
    test_space space;
    space_make(&space);
    as_err       err = AS_ERR_NONE;
    as_manifest *manifest = newest(&space);
    bool         changed;
    for (size_t i = 0; i < AS_VOTE_MAX + 3; i++) {
        char who[32];
        snprintf(who, sizeof who, "person:%zu", i);
        as_sample said = {.label = "bad", .state = AS_LABEL_GIVEN, .by = who, .said_utc = (as_ns)(100 + i)};
        assert_true(as_say(manifest, 0, &said, true, &changed, &err) && changed);
        assert_true(as_say(manifest, 0, &said, true, &changed, &err) && !changed);
    }
    const as_sample *s = as_manifest_at(manifest, 0);
    assert_string_equal(s->by, "person:0"); /* the label itself stays, the oldest votes go */
    assert_int_equal(s->n_votes, AS_VOTE_MAX);
    assert_string_equal(s->votes[0].by, "person:3");
    as_manifest_free(manifest);
    test_space_done(&space);
}

static void see_step(void *ctx, const as_commit *commit, const as_sample *sample)
{
    as_str *text = ctx;
    (void)commit;
    as_str_addf(text, "%s %s %s\n", sample->label, as_label_state_name(sample->state), sample->by);
}

static void test_history(void **state)
{
    (void)state;
    test_space space;
    as_err     err = AS_ERR_NONE;
    as_str     text;
    space_make(&space);
    must_set(&space, a0, 1, "bad");
    must_set(&space, a1, 1, "bad");
    must_set(&space, a0, 1, "good");
    as_str_init(&text);
    assert_true(as_label_history(space.ws, a0[0], see_step, &text, &err));
    assert_string_equal(text.s, "good given person:anna\nbad given person:anna\n none \n");
    assert_false(as_label_history(space.ws, "no such", see_step, &text, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    as_str_done(&text);
    test_space_done(&space);
}

static void test_where(void **state)
{
    (void)state;
    test_space      space;
    as_err          err = AS_ERR_NONE;
    as_label_result result;
    space_make(&space);
    must_set(&space, a0, 1, "bad");
    as_query    *where = as_query_parse("not labelled and name~'*[0-9].png'", &err);
    as_label_cfg cfg = {.spec = space.spec, .where = where, .label = "good", .state = AS_LABEL_GIVEN};
    assert_false(as_label_apply(space.ws, &cfg, &result, &err)); /* brackets stand for themselves */
    assert_non_null(strstr(err.text, "no sample meets"));
    as_query_free(where);
    cfg.where = where = as_query_parse("not labelled", &err);
    assert_true(as_label_apply(space.ws, &cfg, &result, &err));
    assert_int_equal(result.n_selected, 11);
    assert_int_equal(result.n_changed, 11);
    as_query_free(where);
    expect(&space, a0[0], "bad", AS_LABEL_GIVEN, "person:anna");
    expect(&space, a1[0], "good", AS_LABEL_GIVEN, "person:anna");
    /* All classes have samples in each split they can fill: 11 good ones do. */
    size_t       n[AS_SPLIT_COUNT] = {0};
    as_manifest *manifest = newest(&space);
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        n[as_manifest_at(manifest, i)->split]++;
    assert_int_equal(n[AS_SPLIT_NONE], 0);
    assert_true(n[AS_SPLIT_TEST] >= 2 && n[AS_SPLIT_VALIDATION] >= 1);
    as_manifest_free(manifest);
    test_space_done(&space);
}

/* What somebody chose to label later is no fair draw: it does not get into the test. */
static void test_later_labels_go_to_training(void **state)
{
    (void)state;
    test_space space;
    space_make(&space);
    for (uint64_t i = 0; i < 24; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/%llu.png", i % 2 ? "good" : "bad", (unsigned long long)i);
        if (i == 0)
            support_remove_dir(space.photos);
        test_put_png(&space, name, 100 + i);
    }
    import(&space, "folders");
    as_manifest             *before = newest(&space);
    static const char *const names[] = {"photos/0.png", "photos/1.png", "photos/2.png", "photos/3.png", "photos/4.png",
                                        "photos/5.png", "photos/6.png", "photos/7.png", "photos/8.png"};
    must_set(&space, names, AS_COUNT(names), "bad");
    as_manifest *after = newest(&space);
    for (size_t i = 0; i < as_manifest_count(after); i++) {
        const as_sample *was = as_manifest_at(before, i), *is = as_manifest_at(after, i);
        bool             labelled_now = was->state == AS_LABEL_NONE && is->state == AS_LABEL_GIVEN;
        assert_int_equal(is->split, labelled_now ? AS_SPLIT_TRAIN : was->split);
    }
    as_manifest_free(before);
    as_manifest_free(after);
    test_space_done(&space);
}

static void test_refuses(void **state)
{
    (void)state;
    test_space               space;
    as_label_result          result;
    static const char *const nearly[] = {"photos/0.pngg"};
    space_make(&space);
    as_err       err = AS_ERR_NONE;
    as_label_cfg cfg = {.spec = space.spec, .names = nearly, .n_names = 1, .label = "bad", .state = AS_LABEL_GIVEN};
    assert_false(as_label_apply(space.ws, &cfg, &result, &err));
    assert_non_null(strstr(err.text, "did you mean 'photos/0.png'"));
    cfg.label = "bda";
    assert_false(as_label_apply(space.ws, &cfg, &result, &err));
    assert_non_null(strstr(err.text, "did you mean 'bad'"));
    assert_false(as_label_undo(space.ws, &result, &err));
    assert_non_null(strstr(err.text, "nothing to undo"));
    test_put_png(&space, "new.png", 77);
    import(&space, "unlabelled");
    assert_false(as_label_undo(space.ws, &result, &err));
    assert_non_null(strstr(err.text, "other pictures"));
    test_space_done(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_review_undo),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_later_labels_go_to_training),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_undo_goes_back_step_by_step),
        cmocka_unit_test(test_people_are_kept_apart),
        cmocka_unit_test(test_votes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
