/* SPDX-License-Identifier: Apache-2.0 */
/* Against what AWS published: the aws-sig-v4-test-suite, and the examples of the S3 documentation ("Signature Calculations
 * for the Authorization Header: Transferring Payload in a Single Chunk"). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "remote/sigv4.h"

#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct vector {
    const char   *name, *method, *path;
    as_sigv4_pair query[3], headers[6];
    const char   *body, *signature;
} vector;

static void check_vector(const vector *v, const as_sigv4_request *like, const as_sigv4_key *key)
{
    as_err           err = AS_ERR_NONE;
    as_str           out, canonical;
    as_sigv4_request r = *like;
    char             hex[AS_SHA256_HEX_BYTES];
    const as_digest  digest = as_sha256_of(v->body, strlen(v->body));
    as_str_init(&out);
    as_str_init(&canonical);
    r.method = v->method;
    r.path = v->path;
    r.query = v->query;
    while (r.n_query < AS_COUNT(v->query) && v->query[r.n_query].name)
        r.n_query++;
    r.headers = v->headers;
    while (r.n_headers < AS_COUNT(v->headers) && v->headers[r.n_headers].name)
        r.n_headers++;
    r.payload = as_digest_hex(&digest, hex);
    if (!as_sigv4_sign(&r, key, &out, &canonical, &err))
        fail_msg("%s: %s", v->name, err.text);
    const char *signature = strstr(out.s, "Signature=");
    assert_non_null(signature);
    if (strcmp(signature + strlen("Signature="), v->signature) != 0)
        fail_msg("%s: %s\nof:\n%s", v->name, out.s, canonical.s);
    as_str_done(&out);
    as_str_done(&canonical);
}

#define HOST                            \
    {                                   \
        "Host", "example.amazonaws.com" \
    }
#define DATE                             \
    {                                    \
        "X-Amz-Date", "20150830T123600Z" \
    }

static const vector suite[] = {
    {"get-vanilla",
     "GET",
     "/",
     {{NULL, NULL}},
     {HOST, DATE},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     {{"Param2", "value2"}, {"Param1", "value1"}},
     {HOST, DATE},
     "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-utf8-query",
     "GET",
     "/",
     {{"\xe1\x88\xb4", "bar"}},
     {HOST, DATE},
     "",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {{NULL, NULL}},
     {HOST, DATE},
     "",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/\xe1\x88\xb4",
     {{NULL, NULL}},
     {HOST, DATE},
     "",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{NULL, NULL}},
     {HOST, {"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}, DATE},
     "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     {{NULL, NULL}},
     {HOST, {"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}, DATE},
     "",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"post-vanilla",
     "POST",
     "/",
     {{NULL, NULL}},
     {HOST, DATE},
     "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-header-key-sort",
     "POST",
     "/",
     {{NULL, NULL}},
     {HOST, {"My-Header1", "value1"}, DATE},
     "",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-vanilla-query",
     "POST",
     "/",
     {{"Param1", "value1"}},
     {HOST, DATE},
     "",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     {{NULL, NULL}},
     {{"Content-Type", "application/x-www-form-urlencoded"}, HOST, DATE},
     "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

static void test_suite(void **state)
{
    (void)state;
    const as_sigv4_key     key = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    const as_sigv4_request like = {.time = "20150830T123600Z", .region = "us-east-1", .service = "service"};
    for (size_t i = 0; i < AS_COUNT(suite); i++)
        check_vector(&suite[i], &like, &key);
}

#undef HOST
#undef DATE
#define HOST                                     \
    {                                            \
        "host", "examplebucket.s3.amazonaws.com" \
    }
#define DATE                             \
    {                                    \
        "x-amz-date", "20130524T000000Z" \
    }
#define EMPTY_BODY                      \
    {                                   \
        "x-amz-content-sha256", NOTHING \
    }

static void test_s3(void **state)
{
    (void)state;
    static const vector vectors[] = {
        {"GET object, a range",
         "GET",
         "/test.txt",
         {{NULL, NULL}},
         {HOST, {"Range", "bytes=0-9"}, EMPTY_BODY, DATE},
         "",
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {"PUT object",
         "PUT",
         "/test$file.text",
         {{NULL, NULL}},
         {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
          HOST,
          DATE,
          {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
          {"x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"}},
         "Welcome to Amazon S3.",
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {"GET bucket lifecycle",
         "GET",
         "/",
         {{"lifecycle", ""}},
         {HOST, EMPTY_BODY, DATE},
         "",
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {"list objects",
         "GET",
         "/",
         {{"prefix", "J"}, {"max-keys", "2"}},
         {HOST, EMPTY_BODY, DATE},
         "",
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    const as_sigv4_key     key = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
    const as_sigv4_request like = {.time = "20130524T000000Z", .region = "us-east-1", .service = "s3"};
    for (size_t i = 0; i < AS_COUNT(vectors); i++)
        check_vector(&vectors[i], &like, &key);
}

static void test_words(void **state)
{
    (void)state;
    as_str out;
    char   time[AS_SIGV4_TIME_BYTES];
    as_str_init(&out);
    as_sigv4_encode("a b/c~\xc3\xa4+=", true, &out);
    assert_string_equal(out.s, "a%20b/c~%C3%A4%2B%3D");
    as_str_clear(&out);
    as_sigv4_encode("/", false, &out);
    assert_string_equal(out.s, "%2F");
    as_str_done(&out);
    assert_string_equal(as_sigv4_time(1440938160 * AS_NS_PER_S, time), "20150830T123600Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suite),
        cmocka_unit_test(test_s3),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
