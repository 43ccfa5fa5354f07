/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "intake/cascade.h"
#include "intake/test_folder.h"

static as_cascade *parse(const char *xml, as_err *err)
{
    return as_cascade_parse((const uint8_t *)xml, strlen(xml), "test", err);
}

/* The test's cascade with one text in another's place is refused, and why. */
static void refuses(const char *from, const char *to, const char *why)
{
    as_err      err = AS_ERR_NONE;
    as_str      xml;
    const char *at = strstr(test_cascade, from);
    assert_non_null(at);
    as_str_init(&xml);
    as_str_add_bytes(&xml, test_cascade, (size_t)(at - test_cascade));
    as_str_add(&xml, to);
    as_str_add(&xml, at + strlen(from));
    assert_null(parse(xml.s, &err));
    assert_int_equal(err.code, AS_EFORMAT);
    if (!strstr(err.text, why))
        fail_msg("'%s' is not in '%s'", why, err.text);
    as_str_done(&xml);
}

static void test_damaged(void **state)
{
    (void)state;
    refuses("0 -1 0 0.9", "5 -1 0 0.9", "leads out of itself");
    refuses("0 -1 0 0.9", "0 -9 0 0.9", "leads out of itself");
    refuses("0 -1 0 0.9", "0 -1 7 0.9", "feature that is not there");
    refuses("0 -1 0 0.9", "0 -1 0", "whole nodes");
    refuses("0 0 20 10 2.", "0 0 20 40 2.", "out of the window");
    refuses("0 0 20 10 2.", "0 0 2000 10 2.", "out of the window");
    refuses("0 0 20 10 2.", "0 0 nan 10 2.", "out of bounds");
    refuses("</rects>", "</rects><tilted>1</tilted>", "45 degrees");
    refuses("HAAR", "HOG", "neither HAAR nor LBP");
    refuses("<stageThreshold>0.5</stageThreshold>", "", "no threshold");
    refuses("<opencv_storage>", "<!DOCTYPE a [<!ENTITY b \"c\">]><opencv_storage>", "document type");
    refuses("<cascade", "<a><b><c><d><e><f><g><h><cascade", "nested too deeply");
    for (size_t n = 0; n < strlen(test_cascade); n++) {
        as_err err = AS_ERR_NONE;
        assert_null(as_cascade_parse((const uint8_t *)test_cascade, n, "cut", &err));
        assert_int_equal(err.code, AS_EFORMAT);
    }
}

static void look(const as_cascade *cascade, uint32_t x, uint32_t y, uint32_t size, bool mirror, as_faces *ret)
{
    as_err         err = AS_ERR_NONE;
    as_str         png;
    as_image       image = {0};
    as_cascade_cfg cfg = {.enlarge = 1.5, .scale_step = 1.1, .min_windows = 2, .mirror = mirror};
    as_str_init(&png);
    test_face_png(x, y, size, &png);
    assert_true(as_codec_decode((const uint8_t *)png.s, png.len, &image, NULL, &err));
    assert_true(as_cascade_find(cascade, &image, &cfg, ret, &err));
    as_faces_merge(ret);
    as_image_done(&image);
    as_str_done(&png);
}

static void test_find(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {20, 27, 40, 64};
    as_err                err = AS_ERR_NONE;
    as_cascade           *cascade = parse(test_cascade, &err);
    assert_non_null(cascade);
    assert_int_equal(as_cascade_window(cascade), 20);
    for (size_t i = 0; i < AS_COUNT(sizes); i++)
        for (int mirror = 0; mirror < 2; mirror++) {
            as_faces faces = {0};
            double   n = sizes[i];
            look(cascade, 31, 17, sizes[i], mirror, &faces);
            assert_true(faces.n >= 1);
            for (size_t k = 0; k < faces.n; k++) { /* so crude a cascade takes a part for the whole too */
                const as_face *f = &faces.at[k];
                assert_true(fabs(f->x + f->width / 2 - 31 - n / 2) < 0.5 * n);
                assert_true(fabs(f->y + f->height / 2 - 17 - n / 2) < 0.5 * n);
                assert_true(f->width > 0.5 * n && f->width < 2 * n);
            }
            as_vec_done(&faces);
        }
    as_faces none = {0};
    look(cascade, 0, 0, 0, false, &none);
    assert_int_equal(none.n, 0);
    as_vec_done(&none);
    as_cascade_free(cascade);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged), cmocka_unit_test(test_find)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
