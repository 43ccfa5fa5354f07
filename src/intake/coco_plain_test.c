/* SPDX-License-Identifier: Apache-2.0 */
/* What is read without a tree is what a tree has; the rest is left to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "intake/coco_plain.h"

#define BIT(key) (1u << AS_COCO_##key)
#define KEPT     (BIT(IMAGE_ID) | BIT(CATEGORY_ID) | BIT(BBOX) | BIT(SEGMENTATION) | BIT(SCORE))

static void test_as_the_tree(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"id\":1,\"image_id\":2,\"category_id\":3,\"bbox\":[1,2.5,3.25,4],\"area\":13.0,\"iscrowd\":0}",
        " { \"id\" : 7 , \"image_id\" : 2,\n \"category_id\":1, \"segmentation\": "
        "[[1,2,3,4,5.5,6],[0.1,0.2,0.3,0.4,0.7,1e0]]}",
        "{\"image_id\":123456789012345,\"category_id\":0,\"bbox\":[0.1,0.2,123456.789012345,0.000001],\"score\":0.875}",
        "{\"image_id\":1,\"category_id\":1,\"note\":\"left, 3 "
        "mm\",\"empty\":[],\"none\":null,\"yes\":true,\"bbox\":[-1,-2.5,0,0]}",
        "{\"image_id\":1,\"category_id\":1,\"segmentation\":[],\"bbox\":[0.30,100.00,7.10,9.0]}",
    };
    as_coco_plain plain;
    size_t        n_plain = 0;
    as_coco_plain_init(&plain);
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        json_t *tree = json_loads(texts[i], 0, NULL);
        assert_non_null(tree);
        if (!as_coco_plain_read(&plain, texts[i], strlen(texts[i]), KEPT)) {
            json_decref(tree);
            continue;
        }
        n_plain++;
        assert_int_equal(plain.whole[AS_COCO_IMAGE_ID], json_integer_value(json_object_get(tree, "image_id")));
        for (size_t k = 0; k < 4 && plain.has & BIT(BBOX); k++)
            assert_true(plain.box[k] == json_number_value(json_array_get(json_object_get(tree, "bbox"), k)));
        if (plain.has & BIT(SCORE))
            assert_true(plain.score == json_number_value(json_object_get(tree, "score")));
        const char *const kept[] = {"image_id", "category_id", "bbox", "segmentation", "score"};
        for (size_t k = 0; k < AS_COUNT(kept); k++)
            json_object_del(tree, kept[k]);
        char *rest = as_json_text(tree);
        assert_string_equal(plain.extra.s, rest);
        free(rest);
        json_decref(tree);
    }
    assert_int_equal(n_plain, AS_COUNT(texts) - 1); /* all but the one with an exponent */
    as_coco_plain_done(&plain);
}

static void test_numbers(void **state)
{
    (void)state;
    as_coco_plain plain;
    char          text[200];
    as_coco_plain_init(&plain);
    for (unsigned i = 0; i < 200000; i++) {
        const unsigned seed = i * 2654435761u;
        snprintf(text, sizeof text, "{\"score\":%s%u.%0*u}", i % 3 ? "" : "-", seed % 100000 + 1, (int)(1 + i % 9),
                 seed >> 8);
        if (!as_coco_plain_read(&plain, text, strlen(text), KEPT))
            fail_msg("%s", text);
        assert_true(plain.score == strtod(text + strlen("{\"score\":"), NULL));
    }
    as_coco_plain_done(&plain);
}

static void test_left_to_the_tree(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "{",
                                        "{}",
                                        "[]",
                                        "1",
                                        "{\"a\":1",
                                        "{\"a\":1} x",
                                        "{\"a\" 1}",
                                        "{a:1}",
                                        "{\"a\":01}",
                                        "{\"a\":1.}",
                                        "{\"a\":.5}",
                                        "{\"a\":+1}",
                                        "{\"a\":1e3}",
                                        "{\"score\":-0}",
                                        "{\"a\":1.50}",
                                        "{\"a\":0.00001}",
                                        "{\"a\":\"\\n\"}",
                                        "{\"a\":\"\xc3\xa4\"}",
                                        "{\"score\":1,\"score\":2}",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"a\":nul}",
                                        "{\"a\":[1]}",
                                        "{\"bbox\":[1,2,3]}",
                                        "{\"bbox\":[1,2,3,4,5]}",
                                        "{\"bbox\":null}",
                                        "{\"segmentation\":{\"counts\":\"x\"}}",
                                        "{\"segmentation\":[[1,2],[]]}",
                                        "{\"image_id\":1.5}",
                                        "{\"image_id\":\"1\"}",
                                        "{\"score\":1234567890123456}"};
    as_coco_plain            plain;
    as_coco_plain_init(&plain);
    for (size_t i = 0; i < AS_COUNT(texts); i++)
        if (as_coco_plain_read(&plain, texts[i], strlen(texts[i]), KEPT))
            fail_msg("%s", texts[i]);
    as_coco_plain_done(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_tree),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_left_to_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
