/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void request_is_read(void **state)
{
    (void)state;
    static const struct {
        const char   *text, *path;
        as_http_state state;
        bool          head;
    } rows[] = {{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "/", AS_HTTP_WHOLE, false},
                {"GET /stream?x=1 HTTP/1.0\r\n\r\n", "/stream", AS_HTTP_WHOLE, false},
                {"HEAD /snapshot.jpg HTTP/1.1\n\n", "/snapshot.jpg", AS_HTTP_WHOLE, true},
                {"GET / HTTP/1.1\r\nHost: x\r\n", NULL, AS_HTTP_MORE, false},
                {"", NULL, AS_HTTP_MORE, false},
                {"POST / HTTP/1.1\r\n\r\n", NULL, AS_HTTP_OTHER, false},
                {"GETX / HTTP/1.1\r\n\r\n", NULL, AS_HTTP_OTHER, false},
                {"GET http://x/ HTTP/1.1\r\n\r\n", NULL, AS_HTTP_BAD, false},
                {"GET / HTTP/2.0\r\n\r\n", NULL, AS_HTTP_BAD, false},
                {"GET /\x01 HTTP/1.1\r\n\r\n", NULL, AS_HTTP_BAD, false},
                {"GET /\r\n\r\n", NULL, AS_HTTP_BAD, false},
                {"\r\n\r\n", NULL, AS_HTTP_BAD, false}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_http_request request = {.path = "untouched"};
        assert_int_equal(as_http_request_parse(rows[i].text, strlen(rows[i].text), &request), rows[i].state);
        assert_string_equal(request.path, rows[i].path ? rows[i].path : "untouched");
        assert_int_equal(request.head, rows[i].head);
    }
}

static void request_is_bounded(void **state)
{
    (void)state;
    char            text[AS_HTTP_REQUEST_BYTES];
    as_http_request request;
    memset(text, 'a', sizeof text);
    assert_int_equal(as_http_request_parse(text, sizeof text - 1, &request), AS_HTTP_MORE);
    assert_int_equal(as_http_request_parse(text, sizeof text, &request), AS_HTTP_BAD);
    memcpy(text, "GET /", 5);
    memcpy(text + sizeof text - 13, " HTTP/1.1\r\n\r\n", 13);
    assert_int_equal(as_http_request_parse(text, sizeof text, &request), AS_HTTP_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_read),
        cmocka_unit_test(request_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
