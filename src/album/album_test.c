/* SPDX-License-Identifier: Apache-2.0 */
#include "album/album.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "album/shots.h"
#include "image/codec.h"
#include "intake/decide.h"
#include "intake/test_folder.h"
#include "page/test_xml.h"

#define EVIL "<script>alert('1')</script>\"&.png"

static const as_decider anna = {.by = "anna<b>", .reason = "it is <i>fine</i>", .utc = 1};

typedef struct fixture {
    test_space space;
    as_intake *intake;
    as_commit  commit;
    as_err     err;
} fixture;

static void begin(fixture *f, const char *more)
{
    *f = (fixture){.err = AS_ERR_NONE};
    test_space_make(&f->space, "album", more);
    f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err);
    if (!f->intake)
        fail_msg("%s", f->err.text);
}

static void add_bytes(fixture *f, const char *name, const char *label, const as_str *file)
{
    as_check_level level;
    char           text[AS_CHECK_TEXT_BYTES];
    as_sample      sample = {.name = name, .label = label, .camera = "", .utc = 1772368496789LL * AS_NS_PER_MS};
    if (!as_intake_add(f->intake, (const uint8_t *)file->s, file->len, &sample, &level, text, &f->err))
        fail_msg("%s", f->err.text);
}

static void add(fixture *f, const char *name, const char *label, uint64_t seed, uint32_t width)
{
    as_str file;
    as_str_init(&file);
    test_png(seed, width, 48, &file);
    add_bytes(f, name, label, &file);
    as_str_done(&file);
}

static void commit(fixture *f)
{
    if (!as_intake_split(f->intake, 1, &f->err) || !as_intake_commit(f->intake, "m <&> n", &f->commit, &f->err))
        fail_msg("%s", f->err.text);
    as_intake_close(f->intake);
    f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err);
    assert_non_null(f->intake);
}

static void end(fixture *f)
{
    as_intake_close(f->intake);
    test_space_done(&f->space);
}

static void check_page(const as_str *page)
{
    assert_true(test_xml_is_whole(page->s));
    assert_null(strstr(page->s, "<script"));
    assert_null(strstr(page->s, "<i>fine"));
    assert_null(strstr(page->s, "anna<b>"));
    assert_null(strstr(page->s, "://"));
    assert_null(strstr(page->s, "(null)"));
    assert_null(strstr(page->s, "nan"));
    assert_null(strstr(page->s, "inf\""));
}

static void assert_has(const as_str *page, const char *text)
{
    if (!strstr(page->s, text))
        fail_msg("the page lacks '%s'", text);
}

static size_t count_of(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, word)); p++)
        n++;
    return n;
}

static as_album *open_album(fixture *f, bool quarantine)
{
    as_album *album = as_album_open(f->space.ws, &f->commit, quarantine, NULL, &f->err);
    if (!album)
        fail_msg("%s", f->err.text);
    return album;
}

/* Refused, accepted, warned and near ones, with names that would like to be markup. */
static void test_intake_page(void **state)
{
    (void)state;
    fixture f;
    as_str  page;
    bool    taken;
    char    why[AS_DECIDE_TEXT_BYTES], name[64];
    json_t *list;
    begin(&f, "station: {frame_px: [64, 48]}\n");
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%u.png", i);
        add(&f, name, i % 2 ? "good" : "bad", i + 1, 64);
    }
    for (unsigned i = 0; i < 15; i++) {
        snprintf(name, sizeof name, "wide-%02u" EVIL, i);
        add(&f, name, "bad", 100 + i, 70);
    }
    commit(&f);
    assert_true(as_quarantine_list(f.space.ws, false, &list, &f.err));
    assert_true(as_decide_accept(f.intake, json_array_get(list, 0), &anna, NULL, 0, &taken, why, &f.err));
    assert_true(taken);
    commit(&f);
    assert_true(as_decide_accepted(f.space.ws, json_array_get(list, 0), &anna, NULL, 0, &f.commit, &f.err));
    json_decref(list);
    as_album *album = open_album(&f, true);
    as_str_init(&page);
    if (!as_album_intake_page(album, &page, &f.err))
        fail_msg("%s", f.err.text);
    check_page(&page);
    assert_has(&page, "wide-03&lt;script&gt;");
    assert_has(&page, "14 pictures refused and in quarantine");
    assert_has(&page, ", 12 shown"); /* bounded */
    assert_has(&page, "accepted by anna&lt;b&gt;");
    assert_has(&page, "it is &lt;i&gt;fine");
    assert_has(&page, "m &lt;&amp;&gt; n");
    assert_has(&page, "is 70x48 px, and station.frame_px says 64x48");
    assert_int_equal(count_of(page.s, "data:image/jpeg"), 12 + 1);
    assert_int_equal(count_of(page.s, "<img "), count_of(page.s, " alt=\""));
    as_str_done(&page);
    as_album_free(album);
    end(&f);
}

static void test_other_pages(void **state)
{
    (void)state;
    fixture f;
    as_str  page;
    begin(&f, "");
    add(&f, "a" EVIL, "good", 1, 64);
    add(&f, "b.png", "bad", 2, 64);
    commit(&f);
    as_album *before = open_album(&f, false);
    add(&f, "c" EVIL, "bad", 3, 64);
    commit(&f);
    as_album *after = open_album(&f, false);
    as_str_init(&page);
    assert_true(as_album_diff_page(before, after, &page, &f.err));
    check_page(&page);
    assert_has(&page, "c&lt;script&gt;");
    assert_null(strstr(page.s, "a&lt;script&gt;"));
    assert_int_equal(count_of(page.s, "data:image/jpeg"), 1);
    as_str_clear(&page);
    assert_true(as_album_diff_page(NULL, after, &page, &f.err)); /* from nothing */
    check_page(&page);
    assert_int_equal(count_of(page.s, "data:image/jpeg"), 3);
    as_str_clear(&page);
    assert_true(as_album_diff_page(after, after, &page, &f.err));
    assert_has(&page, "The two versions are the same");
    as_str_clear(&page);
    assert_true(as_album_stats_page(after, &page, &f.err));
    check_page(&page);
    assert_int_equal(count_of(page.s, "data:image/jpeg"), 2);
    as_str_done(&page);
    as_album_free(before);
    as_album_free(after);
    end(&f);
}

/* The same, and darker by an eighth: too unlike for the search over the whole version, but the check that warned of it on
 * the way in names the other, and both are shown. */
static void test_alike_side_by_side(void **state)
{
    (void)state;
    fixture       f;
    as_str        file, page;
    as_image      image = {0};
    as_codec_info info;
    begin(&f, "intake: {near_bits: 6, levels: {near: warn}}\n");
    add(&f, "one.png", "good", 1, 64);
    as_str_init(&file);
    test_png(1, 64, 48, &file);
    assert_true(as_codec_decode((const uint8_t *)file.s, file.len, &image, &info, &f.err));
    for (size_t i = 0; i < image.stride_bytes * image.height; i++)
        image.data[i] = (uint8_t)(image.data[i] * 7u / 8u);
    as_str_clear(&file);
    assert_true(as_codec_encode_png(&image, 1, &file, &f.err));
    add_bytes(&f, "two.png", "good", &file);
    as_image_done(&image);
    as_str_done(&file);
    commit(&f);
    as_album *album = open_album(&f, true);
    as_str_init(&page);
    assert_true(as_shots_alike(album, &page, &f.err));
    assert_has(&page, "of 64 bits of their hashes differ");
    assert_has(&page, "one.png");
    assert_has(&page, "two.png");
    assert_int_equal(count_of(page.s, "data:image/jpeg"), 2);
    as_str_done(&page);
    as_album_free(album);
    end(&f);
}

/* Brightest and darkest of the small picture where the face was. */
static void face_range(as_album *album, unsigned *ret_low, unsigned *ret_high)
{
    as_err          err = AS_ERR_NONE;
    as_page_picture picture;
    as_image        image = {0};
    as_codec_info   info;
    char            why[80];
    assert_true(as_album_thumb(album, as_manifest_at(album->manifest, 0), &picture, why, &err));
    assert_non_null(picture.jpeg);
    assert_true(as_codec_decode(picture.jpeg, picture.n, &image, &info, &err));
    *ret_low = 255;
    *ret_high = 0;
    uint32_t step = as_pixel_bytes(image.pixel);
    for (uint32_t y = 34; y < 50; y++)
        for (uint32_t x = 44; x < 60; x++) {
            unsigned v = image.data[y * image.stride_bytes + x * step];
            *ret_low = AS_MIN(*ret_low, v);
            *ret_high = AS_MAX(*ret_high, v);
        }
    as_image_done(&image);
    as_page_picture_done(&picture);
}

/* Taken in while faces were kept; once they may not be shown, no page shows them. */
static void test_faces_are_covered(void **state)
{
    (void)state;
    fixture  f;
    as_str   file, yaml;
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t   n = 0;
    unsigned low, high;
    begin(&f, "");
    test_cascades_make(&f.space);
    as_str_init(&file);
    test_face_png(40, 30, 24, &file);
    add_bytes(&f, "face.png", "good", &file);
    as_str_done(&file);
    commit(&f);
    as_album *album = open_album(&f, false);
    face_range(album, &low, &high);
    assert_true(high - low > 60); /* it is there: a light square above a dark one */
    as_album_free(album);
    assert_true(as_fs_join(path, f.space.dir, "assay.yaml", &f.err) && as_fs_read(path, 100000, &bytes, &n, &f.err));
    as_str_init(&yaml);
    as_str_add_bytes(&yaml, bytes, n);
    as_str_add(&yaml, "privacy: {faces: redact}\n");
    assert_true(as_fs_write(path, yaml.s, yaml.len, &f.err));
    free(bytes);
    as_str_done(&yaml);
    album = open_album(&f, false);
    face_range(album, &low, &high);
    assert_true(high - low < 40);
    as_album_free(album);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intake_page),
        cmocka_unit_test(test_other_pages),
        cmocka_unit_test(test_alike_side_by_side),
        cmocka_unit_test(test_faces_are_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
