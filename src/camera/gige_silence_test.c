/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "camera/gige_silence.h"

#define HOST   0x0a090002u
#define CAMERA 0x0a090001u

static const as_gige_silence quiet = {
    .own = HOST, .camera = CAMERA, .port = 40123, .packet_bytes = 1500, .interface = "eth7", .mtu = 1500};

static void expect(const as_gige_silence *s, const char *const *words)
{
    char text[AS_GIGE_SILENCE_BYTES];
    as_gige_silence_text(s, text);
    assert_true(strlen(text) < AS_GIGE_SILENCE_BYTES - 1);
    for (; *words; words++)
        if ((*words)[0] == '!' ? strstr(text, *words + 1) != NULL : strstr(text, *words) == NULL)
            fail_msg("'%s': %s", *words, text);
}

static void a_firewall_is_named_with_the_port_and_what_lets_packets_in(void **state)
{
    (void)state;
    as_gige_silence s = quiet;
    expect(&s, (const char *[]){"10.9.0.2, UDP port 40123", "firewall", "from 10.9.0.1", "!rp_filter", "packet=1500",
                                NULL});
    s.rp_filter = 1;
    expect(&s, (const char *[]){"rp_filter, which is strict on eth7", "net.ipv4.conf.eth7.rp_filter=2", NULL});
    expect(&s, (const char *[]){"nft insert rule", "!nft add", NULL}); /* a rule behind one that drops all is none */
    memcpy(s.interface, "eth7.100", sizeof "eth7.100");
    expect(&s, (const char *[]){"sysctl -w net/ipv4/conf/eth7.100/rp_filter=2", NULL});
    memcpy(s.interface, "eth7", sizeof "eth7");
    s.rp_filter = 2;
    expect(&s, (const char *[]){"!rp_filter", NULL});
    s.knows_target = true; /* it sends here */
    s.target = HOST;
    s.target_port = 40123;
    expect(&s, (const char *[]){"firewall", NULL});
    memset(s.interface, 'w', sizeof s.interface - 1); /* the longest there is */
    s.rp_filter = 1;
    s.own = s.camera = s.target = 0xffffffff;
    expect(&s, (const char *[]){"255.255.255.255", "packet=1500 in the camera's address)", NULL});
}

static void packets_that_are_too_large_are_named_with_the_card(void **state)
{
    (void)state;
    as_gige_silence s = quiet;
    s.packet_bytes = 9000;
    expect(&s, (const char *[]){"no packet comes", "9000 bytes", "eth7, whose MTU is 1500", "ip link set eth7 mtu 9000",
                                "packet=1500", "!firewall", NULL});
    s.mtu = 9000; /* the card would do, and a switch does not */
    s.n_packets = 6;
    expect(&s, (const char *[]){"none of their pixels", "a switch between", "!card", "!eth7", NULL});
}

static void pictures_that_go_elsewhere_are_told(void **state)
{
    (void)state;
    as_gige_silence s = quiet;
    s.knows_target = true;
    s.target = 0x0a090009;
    s.target_port = 5;
    expect(&s, (const char *[]){"to 10.9.0.9, UDP port 5, not to 10.9.0.2, port 40123", "!firewall", NULL});
    s.target_port = 0;
    expect(&s, (const char *[]){"to nobody", NULL});
    s.n_packets = 3; /* some came: it may have been turned away later, or something between hands them on */
    expect(&s, (const char *[]){"!to nobody", NULL});
}

static void this_machine_knows_its_own_card(void **state)
{
    (void)state;
    as_gige_silence s = {.own = 0x7f000001};
    as_gige_silence_look(&s);
    if (s.interface[0]) /* there is a loopback network */
        assert_true(s.mtu >= 576 && s.rp_filter >= 0 && s.rp_filter <= 2);
    as_gige_silence none = {.own = 0xc6336401}; /* 198.51.100.1, of RFC 5737: nobody's */
    as_gige_silence_look(&none);
    assert_true(none.interface[0] == '\0' && none.mtu == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_firewall_is_named_with_the_port_and_what_lets_packets_in),
        cmocka_unit_test(packets_that_are_too_large_are_named_with_the_card),
        cmocka_unit_test(pictures_that_go_elsewhere_are_told),
        cmocka_unit_test(this_machine_knows_its_own_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
