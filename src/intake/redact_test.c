/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "intake/redact.h"

#define SIDE 40

static void make(as_image *image)
{
    as_err err = AS_ERR_NONE;
    assert_true(as_image_new(image, AS_PIXEL_RGB8, SIDE, SIDE, &err));
    for (size_t i = 0; i < (size_t)SIDE * SIDE * 3; i++)
        image->data[i] = (uint8_t)(i * 37 % 251);
}

static void test_fill_covers_face_and_margin(void **state)
{
    (void)state;
    as_image image, before;
    as_face  face[2] = {{10, 12, 10, 10, 1}, {-5, 35, 8, 50, 1}};
    as_faces faces = {.at = face, .n = 2};
    make(&image);
    make(&before);
    as_redact(&image, &faces, as_redactor_at(0), 0.2);
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++) {
            bool   first = x >= 8 && x < 22 && y >= 10 && y < 24, second = x < 5 && y >= 25;
            size_t at = y * image.stride_bytes + 3 * x;
            for (size_t c = 0; c < 3; c++)
                assert_int_equal(image.data[at + c], first || second ? 128 : before.data[at + c]);
        }
    as_image_done(&image);
    as_image_done(&before);
}

static void test_pixelate_leaves_few_cells_of_few_levels(void **state)
{
    (void)state;
    as_image image;
    as_face  face = {4, 4, 32, 32, 1};
    as_faces faces = {.at = &face, .n = 1};
    make(&image);
    as_redact(&image, &faces, as_redactor_at(1), 0);
    for (uint32_t y = 4; y < 36; y++)
        for (uint32_t x = 4; x < 36; x++)
            for (size_t c = 0; c < 3; c++) {
                uint8_t  v = image.data[y * image.stride_bytes + 3 * x + c];
                uint32_t cell_x = 4 + (x - 4) / 8 * 8, cell_y = 4 + (y - 4) / 8 * 8;
                assert_int_equal(v, image.data[cell_y * image.stride_bytes + 3 * cell_x + c]);
                assert_int_equal(v % 32, 16);
            }
    as_image_done(&image);
}

static void test_outside(void **state)
{
    (void)state;
    as_image image, before;
    as_face  face[2] = {{100, 3, 10, 10, 1}, {-50, -50, 10, 10, 1}};
    as_faces faces = {.at = face, .n = 2};
    make(&image);
    make(&before);
    for (size_t i = 0; as_redactor_at(i); i++)
        as_redact(&image, &faces, as_redactor_at(i), 1);
    assert_memory_equal(image.data, before.data, (size_t)SIDE * SIDE * 3);
    as_image_done(&image);
    as_image_done(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fill_covers_face_and_margin),
                                       cmocka_unit_test(test_pixelate_leaves_few_cells_of_few_levels),
                                       cmocka_unit_test(test_outside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
