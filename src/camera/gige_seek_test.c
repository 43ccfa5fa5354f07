/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "camera/gige_seek.h"

static void a_place_is_an_address_and_maybe_a_hardware_address(void **state)
{
    (void)state;
    as_gige_place place;
    char          text[AS_GIGE_PLACE_BYTES];
    assert_true(as_gige_place_parse("192.168.0.5", &place));
    assert_true(place.address == 0xc0a80005u && !place.has_mac);
    assert_string_equal(as_gige_place_text(&place, text), "192.168.0.5");
    assert_true(as_gige_place_parse("10.0.0.1 00:11:22:aA:bb:ff", &place));
    assert_true(place.has_mac && place.mac[1] == 0x11 && place.mac[5] == 0xff);
    assert_string_equal(as_gige_place_text(&place, text), "10.0.0.1 00:11:22:aa:bb:ff");
    static const char *const not_places[] = {"",          "fake",       "Basler-21719647",    "1.2.3",
                                             "10.0.0.1 ", "10.0.0.1 1", "10.0.0.1 0:1:2:3:4", "10.0.0.1 0:1:2:3:4:5:6"};
    for (size_t i = 0; i < AS_COUNT(not_places); i++)
        assert_false(as_gige_place_parse(not_places[i], &place));
}

static void an_answer_is_known_by_its_command_and_length(void **state)
{
    (void)state;
    uint8_t        bytes[AS_GVCP_MAX_BYTES] = {0};
    as_gvcp_answer answer;
    as_gige_place  place;
    size_t         n = as_gvcp_ask(bytes, AS_GVCP_DISCOVERY, 7, 0);
    assert_int_equal(n, AS_GVCP_HEAD_BYTES);
    assert_false(as_gvcp_answer_parse(bytes, n, &answer)); /* a request */
    as_gvcp_request request = {.command = AS_GVCP_DISCOVERY, .number = 7};
    n = as_gvcp_head(bytes, &request, AS_GV_OK, AS_GV_DISCOVERY_BYTES);
    bytes[AS_GVCP_HEAD_BYTES + AS_GV_DISCOVERY_MAC + 5] = 0x42;
    assert_false(as_gvcp_answer_parse(bytes, n - 1, &answer));
    assert_true(as_gvcp_answer_parse(bytes, n, &answer));
    assert_true(answer.number == 7 && answer.command == AS_GVCP_DISCOVERY && answer.length == AS_GV_DISCOVERY_BYTES);
    assert_true(as_gige_place_of(&answer, 0x7f000001, &place));
    assert_true(place.address == 0x7f000001 && place.has_mac && place.mac[5] == 0x42);
    answer.length--;
    assert_false(as_gige_place_of(&answer, 0x7f000001, &place));
}

static void who_is_in_control_is_told_with_a_remedy(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_gige_owner owner = {.privilege = AS_GV_CONTROL_SHARED, .address = 0x7f000001, .port = 40000};
    assert_false(as_gige_owner_deny(&owner, "10.0.0.1", &err));
    assert_int_equal(err.code, AS_EBUSY);
    assert_non_null(strstr(err.text, "'10.0.0.1' is held by another program on this machine, 127.0.0.1 (port 40000)"));
    owner.address = 0;
    assert_false(as_gige_owner_deny(&owner, "10.0.0.1", &err));
    assert_non_null(strstr(err.text, "held by another program: end that one first"));
}

/* Nothing listens on that port of an address that is nobody's. */
static void where_nobody_answers_is_told(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_gige_place place, found;
    as_gige_owner owner;
    atomic_bool   quit;
    assert_true(as_gige_place_parse("127.200.0.9", &place));
    atomic_init(&quit, false);
    assert_false(as_gige_seek(&place, 0, &quit, &found, &err));
    assert_int_equal(err.code, AS_EMISSING);
    assert_non_null(strstr(err.text, "127.200.0.9"));
    atomic_store(&quit, true);
    assert_false(as_gige_seek(&place, INT64_MAX, &quit, &found, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
    assert_false(as_gige_owner_of(place.address, 0, &owner));
    assert_int_equal(as_gige_route(0x7f000005), 0x7f000001);
}

/* So often as pictures come in between, nobody answers, and nobody is gone. */
static void a_camera_that_sends_is_not_lost(void **state)
{
    (void)state;
    for (int sends = 0; sends < 2; sends++) {
        const as_gige_owner own = {.privilege = AS_GV_CONTROL_EXCLUSIVE};
        as_gige_watch       watch;
        bool                lost = false;
        as_ns               now = AS_NS_PER_S;
        as_gige_watch_start(&watch, 0x7fc80009, &own); /* 127.200.0.9 */
        for (int i = 0; i < 200 && !lost; i++, now += 50 * AS_NS_PER_MS) {
            if (sends && i % 10 == 9)
                as_gige_watch_came(&watch);
            else
                lost = as_gige_watch_is_lost(&watch, now);
        }
        as_gige_watch_stop(&watch);
        assert_true(lost == (sends == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_an_address_and_maybe_a_hardware_address),
        cmocka_unit_test(an_answer_is_known_by_its_command_and_length),
        cmocka_unit_test(who_is_in_control_is_told_with_a_remedy),
        cmocka_unit_test(where_nobody_answers_is_told),
        cmocka_unit_test(a_camera_that_sends_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
