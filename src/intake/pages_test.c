/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "intake/test_format.h"

static void add_number(as_str *out, uint32_t value, int n)
{
    for (int i = 0; i < n; i++)
        as_str_add_bytes(out, &(char){(char)(value >> 8 * i)}, 1);
}

/* n pages of 64 x 48 px and that many bits, each of its own noise: its pixels, then its directory. */
static void put_tiff(const fixture *f, const char *relative, uint32_t n, uint32_t bits)
{
    as_str   out;
    uint32_t noise = n;
    size_t   link = 4; /* where the place of the next directory is written */
    as_str_init(&out);
    as_str_add_bytes(&out, "II*\0\0\0\0\0", 8);
    for (uint32_t page = 0; page < n; page++) {
        uint32_t data = (uint32_t)out.len, n_bytes = 64 * 48 * bits / 8;
        for (uint32_t i = 0; i < n_bytes; i++)
            add_number(&out, (noise = noise * 1664525u + 1013904223u) >> 20, 1);
        uint32_t tags[][4] = {{256, 4, 1, 64}, {257, 4, 1, 48},   {258, 3, 1, bits}, {259, 3, 1, 1},
                              {262, 3, 1, 1},  {273, 4, 1, data}, {277, 3, 1, 1},    {279, 4, 1, n_bytes}};
        uint32_t at = (uint32_t)out.len;
        memcpy(out.s + link, &at, 4);
        add_number(&out, AS_COUNT(tags), 2);
        for (size_t i = 0; i < AS_COUNT(tags); i++) {
            add_number(&out, tags[i][0], 2);
            add_number(&out, tags[i][1], 2);
            add_number(&out, tags[i][2], 4);
            add_number(&out, tags[i][3], 4);
        }
        link = out.len;
        add_number(&out, 0, 4);
    }
    test_put(&f->space, relative, out.s, out.len);
    as_str_done(&out);
}

static void test_a_page_is_a_sample(void **state)
{
    (void)state;
    fixture   f;
    as_commit commit;
    fixture_make(&f);
    put_tiff(&f, "bad/stack.tif", 3, 8);
    put_tiff(&f, "good/deep.TIFF", 2, 16);
    put_tiff(&f, "good/one.tif", 1, 8);
    expect_scan(&f, "folders", 6);
    as_intake *intake = as_intake_open(f.space.ws, f.space.spec, &f.err);
    if (!as_import_folder(intake, f.space.spec, &f.cfg, NULL, &f.err) ||
        !as_intake_commit(intake, "in", &commit, &f.err))
        fail_msg("%s %s", f.err.text, f.space.told);
    as_intake_close(intake);
    as_manifest *m = as_commit_manifest(f.space.ws, &commit, &f.err);
    assert_int_equal(as_manifest_count(m), 6);
    const as_sample *first = as_manifest_find(m, "photos/bad/stack.tif"),
                    *third = as_manifest_find(m, "photos/bad/stack#3.tif"),
                    *deep = as_manifest_find(m, "photos/good/deep#2.TIFF");
    assert_non_null(first);
    assert_non_null(third);
    assert_non_null(deep);
    assert_string_equal(third->label, "bad");
    assert_string_equal(third->part, "photos/bad/stack.tif");
    assert_string_equal(first->part, "photos/bad/stack.tif");
    assert_false(as_digest_equal(&first->image, &third->image));
    assert_null(strstr(f.space.told, "page"));
    uint8_t      *bytes;
    size_t        n;
    as_codec_info info;
    assert_true(as_store_get(f.space.ws->store, &deep->image, &bytes, &n, &f.err));
    assert_true(as_codec_probe(bytes, n, &info, &f.err));
    assert_int_equal(info.bit_depth, 16); /* as it was measured */
    assert_int_equal(info.n_pages, 1);
    free(bytes);
    as_manifest_free(m);
    fixture_done(&f);
}

static void test_what_is_none_has_one(void **state)
{
    (void)state;
    fixture f;
    char    path[AS_FS_PATH_BYTES];
    as_err  err = AS_ERR_NONE;
    fixture_make(&f);
    put_text(&f, "a.tif", "II*");
    assert_true(as_fs_join(path, f.space.photos, "a.tif", &err));
    assert_int_equal(as_pages_count(path), 1);
    put_text(&f, "a.tif", "");
    assert_int_equal(as_pages_count(path), 1);
    assert_int_equal(as_pages_count("/nowhere"), 1);
    /* A directory that is its own next one has no end; it is counted to the limit. */
    test_put(&f.space, "a.tif", "II*\0\10\0\0\0\1\0............\10\0\0\0", 26);
    assert_int_equal(as_pages_count(path), AS_PAGES_MAX + 1);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_page_is_a_sample),
        cmocka_unit_test(test_what_is_none_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
