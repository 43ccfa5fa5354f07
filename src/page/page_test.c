/* SPDX-License-Identifier: Apache-2.0 */
#include "page/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "page/picture.h"
#include "page/test_xml.h"
#include "page/text.h"

static void test_a_whole_page(void **state)
{
    (void)state;
    as_str             out;
    const as_page_link links[] = {{"a", "A & B"}, {"b", NULL}};
    as_str_init(&out);
    as_page_begin(&out, "<script>alert(1)</script>");
    as_page_tile(&out, "pictures", "3", "\"of\" 4");
    as_page_nav(&out, links, AS_COUNT(links));
    as_page_end(&out);
    assert_true(as_str_ok(&out));
    assert_null(strstr(out.s, "<script"));
    assert_null(strstr(out.s, "href=\"#b\""));
    assert_non_null(strstr(out.s, "default-src 'none'"));
    assert_null(strstr(out.s, "http://"));
    assert_null(strstr(out.s, "https://"));
    as_str_done(&out);
}

static void test_picture_is_made_small(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_image        image = {0};
    as_page_picture picture = {0};
    assert_true(as_image_new(&image, AS_PIXEL_MONO8, 640, 320, &err));
    memset(image.data, 90, 640 * 320);
    assert_true(as_page_picture_make(&image, 200, &picture, &err));
    assert_int_equal(picture.width, 200);
    assert_int_equal(picture.height, 100);
    assert_true(picture.n > 100 && picture.jpeg[0] == 0xff && picture.jpeg[1] == 0xd8);
    as_page_picture_done(&picture);
    assert_true(as_page_picture_make(&image, 2000, &picture, &err)); /* never larger than it is */
    assert_int_equal(picture.width, 640);
    as_page_picture_done(&picture);
    as_page_picture_done(&picture);
    as_image_done(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_whole_page),
                                       cmocka_unit_test(test_picture_is_made_small)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
