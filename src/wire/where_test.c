/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/where.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void where_reads_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *again;
        uint16_t    port;
        bool        local;
    } rows[] = {{"127.0.0.1", "127.0.0.1", "127.0.0.1:8080", 8080, true},
                {"127.0.0.9:81", "127.0.0.9", "127.0.0.9:81", 81, true},
                {"0.0.0.0:0", "0.0.0.0", "0.0.0.0:0", 0, false},
                {"[::1]:443", "::1", "[::1]:443", 443, true},
                {"::1", "::1", "[::1]:8080", 8080, true},
                {"[fe80::1]", "fe80::1", "[fe80::1]:8080", 8080, false}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_where where;
        as_err   err = AS_ERR_NONE;
        char     text[80];
        assert_true(as_where_parse(rows[i].text, 8080, &where, &err));
        assert_string_equal(where.host, rows[i].host);
        assert_int_equal(where.port, rows[i].port);
        assert_int_equal(as_where_is_local(&where), rows[i].local);
        assert_string_equal(as_where_text(&where, text), rows[i].again);
    }
}

static void where_refuses_the_rest(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",       "here",  "127.0.0.1:",      "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:4",         "[::1",
        "[::1]x", "[]:80", "127.0.0.1:80:81", ":8080",           "127.0.0.1:8x", "[127.0.0.1]:80:", "localhost:80"};
    for (size_t i = 0; i < AS_COUNT(wrong); i++) {
        as_where where;
        as_err   err = AS_ERR_NONE;
        assert_false(as_where_parse(wrong[i], 8080, &where, &err));
        assert_int_equal(err.code, AS_EINVAL);
        assert_true(err.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_reads_addresses),
        cmocka_unit_test(where_refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
