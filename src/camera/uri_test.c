/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/camera.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const uri_keys[] = {"fps", "loop", "seed", NULL};

static as_err_code uri_parse(const char *rest, as_uri_query *ret, as_err *err)
{
    *err = (as_err)AS_ERR_NONE;
    return as_uri_query_parse(rest, uri_keys, ret, err) ? AS_OK : err->code;
}

static void uri_reads_path_and_pairs(void **state)
{
    (void)state;
    as_uri_query q;
    as_err       err;
    assert_int_equal(uri_parse("/data/a%20b%3f%25?fps=10&&seed=a%26b&loop=", &q, &err), AS_OK);
    assert_string_equal(q.path, "/data/a b?%");
    assert_int_equal(q.n, 3);
    assert_string_equal(as_uri_query_get(&q, "fps"), "10");
    assert_string_equal(as_uri_query_get(&q, "seed"), "a&b");
    assert_string_equal(as_uri_query_get(&q, "loop"), "");
    assert_null(as_uri_query_get(&q, "views"));
    assert_int_equal(uri_parse("", &q, &err), AS_OK);
    assert_string_equal(q.path, "");
    assert_int_equal(q.n, 0);
    assert_int_equal(uri_parse("x?", &q, &err), AS_OK);
    assert_int_equal(q.n, 0);
}

static void uri_names_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *says;
    } bad[] = {
        {"p?fsp=3", "did you mean 'fps'?"},
        {"p?xyzzyx=3", "unknown key 'xyzzyx' (there are "},
        {"p?fps=1&fps=2", "twice"},
        {"p?fps", "key=value"},
        {"p?=3", "key=value"},
        {"p%2", "two hex digits"},
        {"p%zz", "two hex digits"},
        {"p%00q", "two hex digits"},
        {"p?fps=%", "two hex digits"},
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_uri_query q;
        as_err       err;
        assert_int_equal(uri_parse(bad[i].rest, &q, &err), AS_EINVAL);
        if (!strstr(err.text, bad[i].says))
            fail_msg("'%s' gave '%s'", bad[i].rest, err.text);
    }
}

static void uri_is_bounded(void **state)
{
    (void)state;
    char         rest[3000];
    as_uri_query q;
    as_err       err;
    memset(rest, 'a', sizeof rest);
    rest[sizeof q.path - 1] = 0; /* just fits */
    assert_int_equal(uri_parse(rest, &q, &err), AS_OK);
    rest[sizeof q.path - 1] = 'a';
    rest[sizeof q.path] = 0;
    assert_int_equal(uri_parse(rest, &q, &err), AS_ELIMIT);
    memset(rest, 'a', sizeof rest);
    memcpy(rest, "p?fps=", 6);
    rest[400] = 0;
    assert_int_equal(uri_parse(rest, &q, &err), AS_ELIMIT);
    memset(rest, 'a', sizeof rest);
    memcpy(rest, "p?", 2);
    memcpy(rest + 100, "=1", 3);
    assert_int_equal(uri_parse(rest, &q, &err), AS_ELIMIT);
}

static void test_what_is_said_of_an_address_holds_no_password(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"gst:rtsp=rtsp://anna:a@b@10.0.0.9:554/live?x=@", "gst:rtsp=rtsp://10.0.0.9:554/live?x=@"},
        {"rtsp://anna@host", "rtsp://host"},
        {"rtsp://host/a@b", "rtsp://host/a@b"},
        {"gst:file=/a@b.mp4", "gst:file=/a@b.mp4"},
        {"twin:cones", "twin:cones"},
    };
    for (size_t i = 0; i < AS_COUNT(pairs); i++) {
        char *public = as_uri_public(pairs[i][0]);
        assert_string_equal(public, pairs[i][1]);
        free(public);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said_of_an_address_holds_no_password),
        cmocka_unit_test(uri_reads_path_and_pairs),
        cmocka_unit_test(uri_names_what_is_wrong),
        cmocka_unit_test(uri_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
