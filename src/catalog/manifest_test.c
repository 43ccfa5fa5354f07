/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/manifest.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/str.h"

#define HEX  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define TAIL "\"image\":\"" HEX "\",\"format\":\"png\",\"width\":640,\"height\":480,\"n_bytes\":1234,\"utc\":-5"

static as_sample sample_of(const char *name, const char *label)
{
    as_sample s = {.name = name,
                   .label = label,
                   .part = name,
                   .camera = "",
                   .format = "png",
                   .width = 640,
                   .height = 480,
                   .n_bytes = 1234,
                   .utc = -5,
                   .sharpness = NAN,
                   .clipped_ratio = NAN,
                   .severity = NAN};
    assert_true(as_digest_parse(HEX, &s.image));
    return s;
}

static as_manifest *manifest_of(const char *const *names, size_t n)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_manifest_new(&err);
    assert_non_null(m);
    for (size_t i = 0; i < n; i++) {
        as_sample s = sample_of(names[i], "good");
        assert_true(as_manifest_add(m, &s, &err));
    }
    return m;
}

static as_manifest *parse(const char *text, as_err *err)
{
    return as_manifest_parse((const uint8_t *)text, strlen(text), err);
}

static void test_splits(void **state)
{
    (void)state;
    for (int i = 0; i < AS_SPLIT_COUNT; i++)
        assert_int_equal(as_split_parse(as_split_name((as_split)i)), i);
    assert_int_equal(as_split_parse("val"), AS_SPLIT_VALIDATION);
    assert_int_equal(as_split_parse("Train"), AS_SPLIT_NONE);
    assert_int_equal(as_split_parse(""), AS_SPLIT_NONE);
    assert_string_equal(as_split_name((as_split)17), "none");
}

static void test_sort_and_find(void **state)
{
    (void)state;
    static const char *const names[] = {"b", "a/2", "a/10", "\xc3\xa4", "c", "A"};
    static const char *const want[] = {"A", "a/10", "a/2", "b", "c", "\xc3\xa4"};
    as_manifest             *m = manifest_of(names, AS_COUNT(names));
    assert_null(as_manifest_find(m, "b")); /* not sorted yet */
    as_manifest_sort(m);
    assert_int_equal(as_manifest_count(m), AS_COUNT(want));
    for (size_t i = 0; i < AS_COUNT(want); i++) {
        assert_string_equal(as_manifest_at(m, i)->name, want[i]);
        assert_ptr_equal(as_manifest_find(m, want[i]), as_manifest_at(m, i));
    }
    assert_null(as_manifest_at(m, AS_COUNT(want)));
    assert_null(as_manifest_find(m, "a"));
    as_manifest_set_split(m, 1, AS_SPLIT_TEST);
    assert_int_equal(as_manifest_at(m, 1)->split, AS_SPLIT_TEST);
    as_manifest_set_split(m, 99, AS_SPLIT_TEST);
    as_manifest_free(m);
    m = manifest_of(names, 0);
    as_manifest_sort(m);
    assert_null(as_manifest_find(m, "a"));
    assert_null(as_manifest_free(m));
    assert_null(as_manifest_free(NULL));
}

static void test_strings_are_copied(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    char         name[16] = "one", label[16] = "good";
    as_manifest *m = as_manifest_new(&err);
    as_sample    s = sample_of(name, label);
    assert_true(as_manifest_add(m, &s, &err));
    as_str_copy(name, sizeof name, "two");
    as_str_copy(label, sizeof label, "bad");
    assert_true(as_manifest_add(m, &s, &err));
    assert_string_equal(as_manifest_at(m, 0)->name, "one");
    assert_string_equal(as_manifest_at(m, 0)->label, "good");
    assert_string_equal(as_manifest_at(m, 1)->part, "two");
    assert_string_equal(as_manifest_at(m, 1)->label, "bad");
    as_manifest_free(m);
}

static void test_add_refuses(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_manifest_new(&err);
    char         long_text[AS_MANIFEST_NAME_BYTES + 2];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    as_sample bad[] = {sample_of("", "good"),        sample_of("a", "\n"),       sample_of("a\nb", "good"),
                       sample_of("a", "\xff"),       sample_of("a\x7f", "good"), sample_of("\xed\xa0\x80", "good"),
                       sample_of("a", "good"),       sample_of("a", "good"),     sample_of("a", "good"),
                       sample_of(long_text, "good"), sample_of("a", long_text)};
    bad[6].part = "";
    bad[7].split = AS_SPLIT_COUNT;
    bad[8].camera = NULL;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(as_manifest_add(m, &bad[i], &err));
        assert_int_equal(err.code, i >= 9 ? AS_ELIMIT : AS_EINVAL);
    }
    assert_int_equal(as_manifest_count(m), 0);
    as_manifest_free(m);
}

static void test_bytes(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_manifest_new(&err);
    as_sample    a = sample_of("a \"1\" \\x0a/\xc3\xa4.png", "good"), b = sample_of("b", "bad");
    b.split = AS_SPLIT_VALIDATION;
    b.part = "p7";
    b.camera = "twin:cones";
    b.sharpness = 0.1;
    b.clipped_ratio = 1.0 / 3;
    b.difference_hash = 0x0123456789abcdef;
    b.severity = 0;
    b.privacy = "faces 1 (20x21), cascade 0 at 0.5, fill";
    assert_true(as_manifest_add(m, &a, &err) && as_manifest_add(m, &b, &err));
    as_str text;
    as_str_init(&text);
    assert_true(as_manifest_write(m, &text, &err));
    assert_string_equal(
        text.s, "{\"name\":\"a \\\"1\\\" \\\\x0a/\xc3\xa4.png\"," TAIL "}\n"
                "{\"name\":\"b\",\"split\":\"validation\",\"part\":\"p7\",\"camera\":\"twin:cones\"," TAIL
                ",\"sharpness\":0.1,\"clipped_ratio\":0.33333333333333331,\"difference_hash\":"
                "\"0123456789abcdef\",\"severity\":0,\"privacy\":\"faces 1 (20x21), cascade 0 at 0.5, fill\"}\n");
    as_manifest *again = parse(text.s, &err);
    assert_non_null(again);
    assert_int_equal(as_manifest_count(again), 2);
    const as_sample *r = as_manifest_at(again, 0);
    assert_string_equal(r->name, a.name);
    assert_string_equal(r->part, a.name);
    assert_string_equal(r->camera, "");
    assert_int_equal(r->split, AS_SPLIT_NONE);
    assert_int_equal(r->utc, -5);
    assert_true(isnan(r->sharpness) && isnan(r->clipped_ratio) && isnan(r->severity));
    assert_true(as_digest_equal(&r->image, &a.image));
    r = as_manifest_find(again, "b");
    assert_non_null(r);
    assert_string_equal(r->part, "p7");
    assert_int_equal(r->split, AS_SPLIT_VALIDATION);
    assert_int_equal(r->n_bytes, 1234);
    assert_string_equal(r->privacy, "faces 1 (20x21), cascade 0 at 0.5, fill");
    assert_true(r->sharpness == 0.1 && r->clipped_ratio == 1.0 / 3 && r->severity == 0);
    assert_true(r->difference_hash == 0x0123456789abcdef);
    as_manifest_free(again);
    as_str_done(&text);
    as_manifest_free(m);
}

static void test_write_needs_order(void **state)
{
    (void)state;
    static const char *const twice[] = {"a", "b", "b"}, *const wrong[] = {"b", "a"};
    as_err       err = AS_ERR_NONE;
    as_str       text;
    as_manifest *m = manifest_of(twice, 3);
    as_str_init(&text);
    as_manifest_sort(m);
    assert_false(as_manifest_write(m, &text, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "'b'"));
    as_manifest_free(m);
    m = manifest_of(wrong, 2);
    assert_false(as_manifest_write(m, &text, &err));
    as_manifest_sort(m);
    assert_true(as_manifest_write(m, &text, &err));
    as_manifest_free(m);
    as_str_done(&text);
}

static void test_parse_takes_any_json_spelling(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = parse(
        "\t{ \"camera\" : \"g\\u00e4\\ud83d\\uDE00\" , \"name\":\"a\\/b\"," TAIL ", \"severity\" : 1e-3 } \r\n", &err);
    if (!m)
        fail_msg("%s", err.text);
    assert_string_equal(as_manifest_at(m, 0)->name, "a/b");
    assert_string_equal(as_manifest_at(m, 0)->camera, "g\xc3\xa4\xf0\x9f\x98\x80");
    assert_true(as_manifest_at(m, 0)->severity == 1e-3);
    as_manifest_free(m);
    m = parse("", &err);
    assert_non_null(m);
    assert_int_equal(as_manifest_count(m), 0);
    as_manifest_free(m);
    m = as_manifest_parse(NULL, 0, &err);
    assert_non_null(m);
    as_manifest_free(m);
}

#define LINE(name) "{\"name\":\"" name "\"," TAIL "}\n"

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\n",
        "{}\n",
        "[]\n",
        "null\n",
        "{\"name\":\"a\"," TAIL "}", /* no line end */
        LINE("a") "\n",
        LINE("b") LINE("a"),
        LINE("a") LINE("a"),
        LINE(""),
        LINE("a\t"),
        LINE("\\u0007"),
        LINE("\\u0000"),
        LINE("\\ud800"),
        LINE("\\ud800\\u0041"),
        LINE("\\udc00"),
        LINE("\\u00g0"),
        LINE("\\n"),
        LINE("\\"),
        LINE("\xff"),
        "{\"name\":\"a\"," TAIL ",}\n",
        "{\"name\":\"a\"," TAIL "} x\n",
        "{\"name\":\"a\"," TAIL ",\"new\":1}\n",
        "{\"name\":\"a\"," TAIL ",\"format\":\"y\"}\n",
        "{\"name\":\"a\"," TAIL ",\"split\":\"none\"}\n",
        "{\"name\":\"a\"," TAIL ",\"severity\":nan}\n",
        "{\"name\":\"a\"," TAIL ",\"severity\":1e999}\n",
        "{\"name\":\"a\"," TAIL ",\"severity\":}\n",
        "{\"name\":\"a\",\"format\":1," TAIL "}\n",
        "{" TAIL "}\n",
        "{\"name\":\"a\"," TAIL ",\"part\":\"\"}\n",
        "{\"name\":\"a\",\"image\":\"ab\",\"format\":\"png\",\"width\":1,\"height\":1,\"n_bytes\":1,"
        "\"utc\":1}\n",
        "{\"name\":\"a\",\"image\":\"" HEX "\",\"format\":\"png\",\"width\":-1,\"height\":1,\"n_bytes\":1,\"utc\":1}\n",
        "{\"name\":\"a\",\"image\":\"" HEX
        "\",\"format\":\"png\",\"width\":4294967296,\"height\":1,\"n_bytes\":1,\"utc\":1}\n",
        "{\"name\":\"a\",\"image\":\"" HEX
        "\",\"format\":\"png\",\"width\":1.5,\"height\":1,\"n_bytes\":1,\"utc\":1}\n",
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_err err = AS_ERR_NONE;
        if (parse(bad[i], &err))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.code, AS_EFORMAT);
        assert_true(as_str_starts(err.text, "manifest line "));
    }
    as_err err = AS_ERR_NONE;
    assert_null(parse(LINE("a") LINE("b") "{\n", &err));
    assert_true(as_str_starts(err.text, "manifest line 3: "));
}

static void test_a_hundred_thousand(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_rng       rng = as_rng_new(5);
    as_manifest *m = as_manifest_new(&err);
    char         name[64];
    for (uint64_t i = 0; i < 100000; i++) {
        as_sample s = sample_of(name, i % 3 ? "good" : "broken");
        snprintf(name, sizeof name, "train/part-%llu.jpg", (unsigned long long)(i * 7919 % 100000));
        s.sharpness = as_rng_unit(&rng) * 1000;
        s.clipped_ratio = as_rng_unit(&rng);
        s.utc = (as_ns)as_rng_u64(&rng);
        assert_true(as_manifest_add(m, &s, &err));
    }
    as_manifest_sort(m);
    as_str first, second;
    as_str_init(&first);
    as_str_init(&second);
    assert_true(as_manifest_write(m, &first, &err));
    as_manifest *again = as_manifest_parse((const uint8_t *)first.s, first.len, &err);
    assert_non_null(again);
    assert_true(as_manifest_write(again, &second, &err));
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.s, second.s, first.len);
    for (size_t i = 0; i < 100000; i += 997) /* doubles survive to the last bit */
        assert_true(as_manifest_at(m, i)->sharpness == as_manifest_at(again, i)->sharpness);
    as_manifest_free(again);
    as_manifest_free(m);
    as_str_done(&first);
    as_str_done(&second);
}

/* Cut anywhere, a text reads the same: also between the bytes of a character. */
static void test_pieces(void **state)
{
    (void)state;
    static const char *const names[] = {"a.png", "b\u00e4.png", "c.png"};
    as_err                   err = AS_ERR_NONE;
    as_manifest             *m = manifest_of(names, AS_COUNT(names));
    as_str                   text, again;
    as_str_init(&text);
    assert_true(as_manifest_write(m, &text, &err));
    for (size_t cut = 0; cut <= text.len; cut++) {
        as_manifest_reader reader;
        bool               ok = as_manifest_read_begin(&reader, &err) &&
                  as_lines_take(&reader.lines, (const uint8_t *)text.s, cut, &err) &&
                  as_lines_take(&reader.lines, (const uint8_t *)text.s + cut, text.len - cut, &err);
        as_manifest *read = as_manifest_read_end(&reader, ok, &err);
        assert_non_null(read);
        as_str_init(&again);
        assert_true(as_manifest_write(read, &again, &err));
        assert_string_equal(again.s, text.s);
        as_str_done(&again);
        as_manifest_free(read);
    }
    as_manifest_reader reader;
    bool               ok = as_manifest_read_begin(&reader, &err) &&
              as_lines_take(&reader.lines, (const uint8_t *)text.s, text.len - 1, &err);
    assert_true(ok);
    assert_null(as_manifest_read_end(&reader, ok, &err));
    assert_non_null(strstr(err.text, "line 3 is cut off"));
    /* A line that never ends is not kept. */
    char part[4096];
    memset(part, 'x', sizeof part);
    ok = as_manifest_read_begin(&reader, &err);
    for (int i = 0; ok && i < 1000; i++)
        ok = as_lines_take(&reader.lines, (const uint8_t *)part, sizeof part, &err);
    assert_false(ok);
    assert_non_null(strstr(err.text, "too long"));
    assert_null(as_manifest_read_end(&reader, ok, &err));
    as_manifest_free(m);
    as_str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_sort_and_find),
        cmocka_unit_test(test_strings_are_copied),
        cmocka_unit_test(test_add_refuses),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_write_needs_order),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_parse_takes_any_json_spelling),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_a_hundred_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
