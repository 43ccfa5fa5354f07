/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "catalog/manifest.h"

static as_sample sample_of(const char *name)
{
    return (as_sample){.name = name,
                       .label = "",
                       .part = name,
                       .camera = "",
                       .format = "png",
                       .sharpness = NAN,
                       .clipped_ratio = NAN,
                       .severity = NAN};
}

static as_manifest *manifest_of(size_t n)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_manifest_new(&err);
    assert_non_null(m);
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "s%05zu", i);
        as_sample s = sample_of(name);
        assert_true(as_manifest_add(m, &s, &err));
    }
    return m;
}

static const as_finding box = {"scratch", AS_OUTLINE_BOX, {1, 2.5, 3, 4}, "", 0.25, ""};
static const as_finding polygon = {"dent", AS_OUTLINE_POLYGON, {0, 0, 4, 4}, "[[0,0,4,0,4,4]]", NAN, "{\"id\": 7}"};
static const as_finding mask = {"stain", AS_OUTLINE_MASK, {0, 0, 4, 4}, "61X139", NAN, ""};

static void test_bytes_and_back(void **state)
{
    (void)state;
    as_err           err = AS_ERR_NONE;
    const as_finding all[] = {box, polygon, mask};
    as_manifest     *m = manifest_of(4), *again = manifest_of(4);
    as_str           text;
    as_str_init(&text);
    assert_true(as_manifest_set_label(m, 1, &(as_sample){.label = "good", .by = "person:anna"}, &err));
    assert_true(as_manifest_set_label(
        m, 3, &(as_sample){.label = "dent", .state = AS_LABEL_PROPOSED, .findings = all, .n_findings = 3}, &err));
    assert_true(as_labels_write(m, &text, &err));
    assert_string_equal(text.s,
                        "{\"name\":\"s00001\",\"label\":\"good\",\"by\":\"person:anna\"}\n"
                        "{\"name\":\"s00003\",\"label\":\"dent\",\"state\":\"proposed\",\"findings\":["
                        "{\"label\":\"scratch\",\"box\":[1,2.5,3,4],\"score\":0.25},"
                        "{\"label\":\"dent\",\"box\":[0,0,4,4],\"rings\":[[0,0,4,0,4,4]],\"extra\":{\"id\": 7}},"
                        "{\"label\":\"stain\",\"box\":[0,0,4,4],\"mask\":\"61X139\"}]}\n");
    if (!as_labels_parse((const uint8_t *)text.s, text.len, again, &err))
        fail_msg("%s", err.text);
    assert_int_equal(as_manifest_at(again, 0)->state, AS_LABEL_NONE);
    assert_int_equal(as_manifest_at(again, 1)->state, AS_LABEL_GIVEN);
    assert_string_equal(as_manifest_at(again, 1)->by, "person:anna");
    const as_sample *s = as_manifest_at(again, 3);
    assert_int_equal(s->state, AS_LABEL_PROPOSED);
    assert_int_equal(s->n_findings, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(s->findings[i].label, all[i].label);
        assert_int_equal(s->findings[i].outline, all[i].outline);
        assert_memory_equal(s->findings[i].box, all[i].box, sizeof all[i].box);
        assert_string_equal(s->findings[i].geometry, all[i].geometry);
        assert_string_equal(s->findings[i].extra, all[i].extra);
    }
    assert_true(s->findings[0].score == 0.25 && isnan(s->findings[1].score));
    as_str_done(&text);
    as_manifest_free(m);
    as_manifest_free(again);
}

/* Labels of several people for one sample, apart from one another. */
static void test_votes_and_back(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_manifest  *m = manifest_of(2), *again = manifest_of(2);
    const as_vote votes[] = {
        {.by = "person:bo", .label = "bad", .state = AS_LABEL_GIVEN, .said_utc = 7},
        {.by = "person:cy", .label = "good", .state = AS_LABEL_REVIEWED, .findings = &box, .n_findings = 1}};
    as_sample said = {.label = "good", .by = "person:anna", .said_utc = 5, .findings = &mask, .n_findings = 1};
    as_str    text;
    as_str_init(&text);
    said.votes = votes;
    said.n_votes = 2;
    assert_true(as_manifest_set_label(m, 1, &said, &err));
    assert_true(as_labels_write(m, &text, &err));
    assert_string_equal(text.s,
                        "{\"name\":\"s00001\",\"label\":\"good\",\"said_utc\":5,\"by\":\"person:anna\",\"findings\":["
                        "{\"label\":\"stain\",\"box\":[0,0,4,4],\"mask\":\"61X139\"}],\"votes\":["
                        "{\"by\":\"person:bo\",\"label\":\"bad\",\"said_utc\":7},"
                        "{\"by\":\"person:cy\",\"label\":\"good\",\"state\":\"reviewed\",\"findings\":["
                        "{\"label\":\"scratch\",\"box\":[1,2.5,3,4],\"score\":0.25}]}]}\n");
    if (!as_labels_parse((const uint8_t *)text.s, text.len, again, &err))
        fail_msg("%s", err.text);
    assert_true(as_labels_equal(as_manifest_at(m, 1), as_manifest_at(again, 1)));
    assert_false(as_labels_equal(as_manifest_at(m, 1), as_manifest_at(again, 0)));
    as_sample other = *as_manifest_at(m, 1);
    as_vote   changed[] = {other.votes[0], other.votes[1]};
    other.votes = changed;
    changed[1].n_findings = 0;
    assert_false(as_labels_equal(as_manifest_at(m, 1), &other));
    /* One of each who, and none by who gave the label. */
    said.by = "person:cy";
    assert_false(as_manifest_set_label(m, 0, &said, &err));
    assert_non_null(strstr(err.text, "a label and a vote by 'person:cy'"));
    said.by = "person:anna";
    as_vote twice[] = {votes[0], votes[0]};
    said.votes = twice;
    assert_false(as_manifest_set_label(m, 0, &said, &err));
    assert_non_null(strstr(err.text, "two votes by 'person:bo'"));
    /* Without a label there is nothing to agree with. */
    said = (as_sample){.label = "", .votes = votes, .n_votes = 2};
    assert_true(as_manifest_set_label(m, 1, &said, &err));
    assert_int_equal(as_manifest_at(m, 1)->n_votes, 0);
    as_str_done(&text);
    as_manifest_free(m);
    as_manifest_free(again);
}

#define LINE(name, more) "{\"name\":\"" name "\",\"label\":\"x\"" more "}\n"

static void test_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\n",
        "{}\n",
        LINE("nobody", ""),
        LINE("s00001", "") LINE("s00001", ""),
        LINE("s00001", "") LINE("s00000", ""),
        "{\"name\":\"s00001\",\"label\":\"x\"}",
        "{\"name\":\"s00001\",\"label\":\"\"}\n",
        LINE("s00000", ",\"state\":\"none\""),
        LINE("s00000", ",\"by\":\"a\",\"by\":\"b\""),
        LINE("s00000", ",\"findings\":[]"),
        LINE("s00000", ",\"findings\":[{}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3]}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,-3,4]}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"\",\"box\":[1,2,3,4]}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"score\":2}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"rings\":[]}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"rings\":[[1,2,3,4]]}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"rings\":[[1,2,3,4,5,\"6\"]]}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"mask\":\"\"}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"mask\":\"\x7f\"}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"extra\":[1]}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"extra\":{\"a\":}}]"),
        LINE("s00000", ",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"extra\":{]}]"),
        LINE("s00000", ",\"new\":1"),
        LINE("s00000", ",\"said_utc\":\"1\""),
        LINE("s00000", ",\"votes\":[]"),
        LINE("s00000", ",\"votes\":[{\"label\":\"x\"}]"),
        LINE("s00000", ",\"votes\":[{\"by\":\"a\"}]"),
        LINE("s00000", ",\"votes\":[{\"by\":\"a\",\"label\":\"x\",\"name\":\"s00000\"}]"),
        LINE("s00000", ",\"votes\":[{\"by\":\"a\",\"label\":\"x\",\"votes\":[]}]"),
        LINE("s00000", ",\"votes\":[{\"by\":\"a\",\"label\":\"x\"},{\"by\":\"a\",\"label\":\"y\"}]"),
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_err       err = AS_ERR_NONE;
        as_manifest *m = manifest_of(3);
        if (as_labels_parse((const uint8_t *)bad[i], strlen(bad[i]), m, &err))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.code, AS_EFORMAT);
        assert_true(as_str_starts(err.text, "labels line "));
        as_manifest_free(m);
    }
}

static void test_nesting_is_bounded(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = manifest_of(1);
    as_str       text;
    as_str_init(&text);
    as_str_add(&text,
               "{\"name\":\"s00000\",\"label\":\"x\",\"findings\":[{\"label\":\"y\",\"box\":[1,2,3,4],\"extra\":");
    for (int i = 0; i < 100000; i++)
        as_str_add(&text, "{\"a\":");
    as_str_add(&text, "\n");
    assert_false(as_labels_parse((const uint8_t *)text.s, text.len, m, &err));
    assert_non_null(strstr(err.text, "deeply"));
    as_str_done(&text);
    as_manifest_free(m);
}

static void test_relabelling_copies_nothing_else(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = manifest_of(2);
    as_str       before, after;
    as_str_init(&before);
    as_str_init(&after);
    assert_true(as_manifest_write(m, &before, &err));
    assert_true(as_manifest_set_label(m, 0, &(as_sample){.label = "a"}, &err));
    assert_true(as_manifest_write(m, &after, &err));
    assert_string_equal(before.s, after.s);
    assert_false(as_manifest_set_label(m, 2, &(as_sample){.label = "a"}, &err));
    assert_false(as_manifest_set_label(m, 0, &(as_sample){.label = "a\n"}, &err));
    assert_string_equal(as_manifest_at(m, 0)->label, "a");
    as_str_done(&before);
    as_str_done(&after);
    as_manifest_free(m);
}

static void test_many_boxes(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_rng       rng = as_rng_new(2);
    as_manifest *m = manifest_of(20000), *again = manifest_of(20000);
    as_str       first, second;
    as_str_init(&first);
    as_str_init(&second);
    for (size_t i = 0; i < 20000; i++) {
        as_finding f[5];
        size_t     n = (size_t)as_rng_below(&rng, 6);
        for (size_t k = 0; k < n; k++)
            f[k] = (as_finding){"scratch", AS_OUTLINE_BOX, {as_rng_unit(&rng), 1, 2, as_rng_unit(&rng)}, "", NAN, ""};
        assert_true(as_manifest_set_label(
            m, i, &(as_sample){.label = n ? "scratch" : "", .findings = f, .n_findings = (uint32_t)n}, &err));
    }
    assert_true(as_labels_write(m, &first, &err));
    assert_true(as_labels_parse((const uint8_t *)first.s, first.len, again, &err));
    assert_true(as_labels_write(again, &second, &err));
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.s, second.s, first.len);
    as_str_done(&first);
    as_str_done(&second);
    as_manifest_free(m);
    as_manifest_free(again);
}

static void test_rings(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    double *points, bounds[4];
    size_t *ends, n;
    as_str  text;
    as_str_init(&text);
    assert_true(as_finding_rings(" [ [0,0, 4.5,0 ,4.5,4],[1,1,2,1,2,2,1,2]] ", &points, &ends, &n, &err));
    assert_int_equal(n, 2);
    assert_int_equal(ends[0], 3);
    assert_int_equal(ends[1], 7);
    as_finding_bounds(points, ends[1], bounds);
    assert_true(bounds[0] == 0 && bounds[1] == 0 && bounds[2] == 4.5 && bounds[3] == 4);
    assert_true(as_finding_add_rings(&text, points, ends, n, &err));
    assert_string_equal(text.s, "[[0,0,4.5,0,4.5,4],[1,1,2,1,2,2,1,2]]");
    ends[0] = 1;
    assert_false(as_finding_add_rings(&text, points, ends, n, &err));
    free(points);
    free(ends);
    as_str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_and_back),
        cmocka_unit_test(test_votes_and_back),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_relabelling_copies_nothing_else),
        cmocka_unit_test(test_many_boxes),
        cmocka_unit_test(test_rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
