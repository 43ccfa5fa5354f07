/* SPDX-License-Identifier: Apache-2.0 */
#include "album/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "album/gather.h"
#include "intake/test_folder.h"

/* Samples that no picture is behind: what is counted is in the manifest. */
static as_album *make(test_space *space)
{
    as_err       err = AS_ERR_NONE;
    as_commit    commit = {.author = "a", .message = "m"};
    as_manifest *m = as_manifest_new(&err);
    test_space_make(space, "stats", "");
    for (unsigned i = 0; i < 10; i++) {
        char      name[16];
        as_sample s = {.name = name,
                       .label = i < 6   ? "good"
                                : i < 9 ? "bad"
                                        : "",
                       .part = name,
                       .camera = i % 2 ? "twin:cones" : "",
                       .format = "png",
                       .width = 64,
                       .height = 48,
                       .n_bytes = 100,
                       .split = i < 5 ? AS_SPLIT_TRAIN : AS_SPLIT_TEST,
                       .utc = (1772368496789LL + (i < 7 ? 0LL : 86400000LL)) * AS_NS_PER_MS,
                       .sharpness = i ? (double)i * 10 : (double)NAN,
                       .clipped_ratio = 0};
        snprintf(name, sizeof name, "%u", i);
        assert_true(as_manifest_add(m, &s, &err));
    }
    assert_true(as_commit_write(space->ws, m, &commit, &err));
    as_manifest_free(m);
    as_album *album = as_album_open(space->ws, &commit, false, NULL, &err);
    if (!album)
        fail_msg("%s", err.text);
    return album;
}

static void test_groups_and_distributions(void **state)
{
    (void)state;
    test_space      space;
    as_err          err = AS_ERR_NONE;
    as_groups       groups;
    as_distribution d;
    as_album       *album = make(&space);
    assert_true(as_groups_make(album, as_grouping_at(0), &groups, &err));
    assert_int_equal(groups.n, 3);
    assert_string_equal(groups.at[0].name, "good"); /* the largest first */
    assert_int_equal(groups.at[0].all, 6);
    assert_int_equal(groups.at[0].n[AS_SPLIT_TRAIN], 5);
    assert_int_equal(groups.at[0].n_bytes, 600);
    assert_string_equal(groups.at[2].name, "");
    as_groups_done(&groups);
    size_t day = 0;
    while (strcmp(as_grouping_at(day)->key, "day") != 0)
        day++;
    assert_true(as_groups_make(album, as_grouping_at(day), &groups, &err));
    assert_int_equal(groups.n, 2);
    assert_string_equal(groups.at[0].name, "2026-03-01"); /* in order */
    assert_int_equal(groups.at[1].all, 3);
    as_groups_done(&groups);
    assert_true(as_distribution_make(album, as_quantity_at(0), &d, &err));
    assert_int_equal(d.n_unknown, 1);
    assert_true(as_spread_quantile(&d.spread, 0.5) == 50);
    uint64_t sum = 0;
    for (size_t b = 0; b < d.bins.n; b++)
        sum += d.counts[b];
    assert_int_equal(sum, 9);
    as_distribution_done(&d);
    json_t *json = as_stats_json(album, &err);
    assert_int_equal(json_integer_value(json_object_get(json, "n_samples")), 10);
    const json_t *sharp = json_object_get(json_object_get(json, "distributions"), "sharpness");
    assert_true(json_number_value(json_object_get(sharp, "median")) == 50);
    assert_int_equal(json_array_size(json_object_get(json_object_get(json, "by"), "class")), 3);
    json_decref(json);
    as_album_free(album);
    test_space_done(&space);
}

static void test_rows(void **state)
{
    (void)state;
    const as_grouping *by;
    for (size_t i = 0; (by = as_grouping_at(i)); i++)
        assert_true(*by->key && *by->title && *by->none && by->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_groups_and_distributions), cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
