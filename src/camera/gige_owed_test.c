/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "camera/gige_owed.h"

static void a_picture_for_each_trigger_owes_nothing(void **state)
{
    (void)state;
    as_gige_owed owed = {0};
    for (uint64_t id = 65530; id < 65545; id++) {
        as_gige_owed_fire(&owed, 100);
        assert_false(as_gige_owed_take(&owed, id <= 65535 ? id : id - 65535, false));
        assert_false(as_gige_owed_waits(&owed, 0));
    }
}

/* The first of two is late, and the second is not taken for the third's. */
static void a_trigger_that_was_sent_again_owes_two(void **state)
{
    (void)state;
    as_gige_owed owed = {0};
    as_gige_owed_fire(&owed, 10);
    assert_false(as_gige_owed_take(&owed, 1, false));
    as_gige_owed_fire(&owed, 20);
    as_gige_owed_fire(&owed, 30);
    assert_true(as_gige_owed_take(&owed, 2, false)); /* of the first of the two, or the second */
    assert_true(as_gige_owed_waits(&owed, 29));
    assert_false(as_gige_owed_take(&owed, 3, false));
    assert_false(as_gige_owed_waits(&owed, 29));
}

static void what_never_comes_is_not_owed_for_ever(void **state)
{
    (void)state;
    as_gige_owed owed = {.seen = 4};
    as_gige_owed_fire(&owed, 20);
    as_gige_owed_fire(&owed, 30);
    assert_false(as_gige_owed_take(&owed, 6, false)); /* number 5 was taken and is lost: this is the last trigger's */
    assert_false(as_gige_owed_waits(&owed, 0));
    as_gige_owed_fire(&owed, 40);
    as_gige_owed_fire(&owed, 50);
    assert_true(as_gige_owed_take(&owed, 7, false));
    assert_true(as_gige_owed_waits(&owed, 49));
    assert_false(as_gige_owed_waits(&owed, 50));
    as_gige_owed_fire(&owed, 60);
    assert_false(as_gige_owed_take(&owed, 8, false));
}

/* What somebody else triggered, and lay there, pays for nothing that is waited for. */
static void what_was_sent_before_pays_only_for_what_was_given_up(void **state)
{
    (void)state;
    as_gige_owed owed = {.seen = 1};
    as_gige_owed_fire(&owed, 20);
    (void)as_gige_owed_take(&owed, 2, true);
    assert_true(as_gige_owed_waits(&owed, 0));
    as_gige_owed_fire(&owed, 30);
    (void)as_gige_owed_take(&owed, 3, true); /* of the one that was given up */
    assert_false(as_gige_owed_take(&owed, 4, false));
    assert_false(as_gige_owed_waits(&owed, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_for_each_trigger_owes_nothing),
        cmocka_unit_test(a_trigger_that_was_sent_again_owes_two),
        cmocka_unit_test(what_never_comes_is_not_owed_for_ever),
        cmocka_unit_test(what_was_sent_before_pays_only_for_what_was_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
