/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "image/codec.h"

/* What the tests vary about a file. */
typedef struct recipe {
    uint32_t       width, height;
    int            components;
    J_COLOR_SPACE  from, stored;
    bool           adobe, progressive;
    const uint8_t *exif; /* with the "Exif\0\0" before it */
    unsigned       exif_bytes;
    void (*pixel)(uint8_t *to, uint32_t x, uint32_t y);
} recipe;

static void make_jpeg(const recipe *r, as_str *out)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr       errors;
    unsigned char              *bytes = NULL;
    unsigned long               n = 0;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &bytes, &n);
    info.image_width = r->width;
    info.image_height = r->height;
    info.input_components = r->components;
    info.in_color_space = r->from;
    jpeg_set_defaults(&info);
    jpeg_set_colorspace(&info, r->stored);
    info.write_Adobe_marker = r->adobe;
    jpeg_set_quality(&info, 95, TRUE);
    if (r->progressive)
        jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    if (r->exif)
        jpeg_write_marker(&info, JPEG_APP0 + 1, r->exif, r->exif_bytes);
    uint8_t *row = malloc((size_t)r->width * 4);
    assert_non_null(row);
    for (uint32_t y = 0; y < r->height; y++) {
        for (uint32_t x = 0; x < r->width; x++)
            r->pixel(row + x * (uint32_t)r->components, x, y);
        jpeg_write_scanlines(&info, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    as_str_init(out);
    as_str_add_bytes(out, bytes, n);
    assert_true(as_str_ok(out));
    free(bytes);
}

/* A smooth picture whose four corners differ: left to right in red, top to bottom in green. */
static void rgb_pixel(uint8_t *to, uint32_t x, uint32_t y)
{
    to[0] = (uint8_t)(x * 4);
    to[1] = (uint8_t)(y * 5);
    to[2] = 90;
}

static void grey_pixel(uint8_t *to, uint32_t x, uint32_t y)
{
    to[0] = (uint8_t)(x * 3 + y);
}

static void assert_near(uint32_t got, uint32_t want, uint32_t tolerance)
{
    if (got > want + tolerance || got + tolerance < want)
        fail_msg("%u is not within %u of %u", got, tolerance, want);
}

static as_image decode(const as_str *file, as_codec_info *info)
{
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    if (!as_codec_decode((const uint8_t *)file->s, file->len, &image, info, &err))
        fail_msg("%s", err.text);
    return image;
}

static void test_colour_and_grey(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        recipe        r = {50, 40, 3, JCS_RGB, JCS_YCbCr, false, progressive, NULL, 0, rgb_pixel};
        as_str        file;
        as_codec_info info;
        make_jpeg(&r, &file);
        as_image image = decode(&file, &info);
        assert_int_equal(image.pixel, AS_PIXEL_RGB8);
        assert_int_equal(info.channels, 3);
        assert_int_equal(info.codec, AS_CODEC_JPEG);
        assert_int_equal(info.bit_depth, 8);
        for (uint32_t y = 0; y < 40; y++)
            for (uint32_t x = 0; x < 50; x++) {
                const uint8_t *p = image.data + y * image.stride_bytes + x * 3;
                assert_near(p[0], x * 4, 8);
                assert_near(p[1], y * 5, 8);
            }
        as_image_done(&image);
        as_str_done(&file);
        r = (recipe){37, 23, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false, progressive, NULL, 0, grey_pixel};
        make_jpeg(&r, &file);
        image = decode(&file, &info);
        assert_int_equal(image.pixel, AS_PIXEL_MONO8);
        assert_int_equal(info.channels, 1);
        for (uint32_t y = 0; y < 23; y++)
            for (uint32_t x = 0; x < 37; x++)
                assert_near(image.data[y * image.stride_bytes + x], x * 3 + y, 6);
        as_image_done(&image);
        as_str_done(&file);
    }
}

/* Ink: cyan grows to the right, black grows downwards. */
static void cmyk_pixel(uint8_t *to, uint32_t x, uint32_t y)
{
    to[0] = (uint8_t)(x * 4);
    to[1] = 40;
    to[2] = 0;
    to[3] = (uint8_t)(y * 3);
}

static void cmyk_pixel_inverted(uint8_t *to, uint32_t x, uint32_t y)
{
    cmyk_pixel(to, x, y);
    for (int i = 0; i < 4; i++)
        to[i] ^= 255;
}

static void test_cmyk(void **state)
{
    (void)state;
    const recipe recipes[] = {
        {48, 32, 4, JCS_CMYK, JCS_CMYK, false, false, NULL, 0, cmyk_pixel},
        {48, 32, 4, JCS_CMYK, JCS_CMYK, true, false, NULL, 0, cmyk_pixel_inverted},
        {48, 32, 4, JCS_CMYK, JCS_YCCK, true, true, NULL, 0, cmyk_pixel_inverted},
    };
    for (size_t i = 0; i < AS_COUNT(recipes); i++) {
        as_str        file;
        as_codec_info info;
        make_jpeg(&recipes[i], &file);
        as_image image = decode(&file, &info);
        assert_true(info.is_cmyk);
        assert_int_equal(info.channels, 4);
        assert_int_equal(image.pixel, AS_PIXEL_RGB8);
        for (uint32_t y = 0; y < 32; y++)
            for (uint32_t x = 0; x < 48; x++) {
                const uint8_t *p = image.data + y * image.stride_bytes + x * 3;
                uint32_t       light = 255 - y * 3;
                assert_near(p[0], (255 - x * 4) * light / 255, 10);
                assert_near(p[1], 215 * light / 255, 10);
                assert_near(p[2], light, 10);
            }
        as_image_done(&image);
        as_str_done(&file);
    }
}

/* The brightness of colours; turned as they would be. What has no such brightness comes in colour. */
static void test_luma(void **state)
{
    (void)state;
    const uint8_t exif[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                            1,   18,  0,   3,   0, 0, 0,   1,   0, 6,  0, 0, 0, 0, 0, 0};
    recipe        recipes[] = {{48, 32, 3, JCS_RGB, JCS_YCbCr, false, false, exif, sizeof exif, rgb_pixel},
                               {48, 32, 3, JCS_RGB, JCS_RGB, true, false, NULL, 0, rgb_pixel},
                               {48, 32, 4, JCS_CMYK, JCS_YCCK, true, false, NULL, 0, cmyk_pixel_inverted}};
    for (size_t i = 0; i < AS_COUNT(recipes); i++) {
        as_err        err = AS_ERR_NONE;
        as_str        file;
        as_codec_info info;
        as_image      image = {0};
        make_jpeg(&recipes[i], &file);
        assert_true(as_codec_decode_luma((const uint8_t *)file.s, file.len, &image, &info, &err));
        assert_int_equal(info.channels, recipes[i].components);
        assert_int_equal(image.pixel, i == 0 ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8);
        for (uint32_t y = 0; i == 0 && y < 48; y++)
            for (uint32_t x = 0; x < 32; x++) /* stored column y, and row 31 - x */
                assert_near(image.data[y * image.stride_bytes + x],
                            (299 * y * 4 + 587 * (31 - x) * 5 + 114 * 90) / 1000, 4);
        as_image_done(&image);
        /* Damage in what is left out is damage. */
        assert_false(as_codec_decode_luma((const uint8_t *)file.s, file.len - 20, &image, &info, &err));
        assert_int_equal(err.code, AS_ECORRUPT);
        as_str_done(&file);
    }
}

/* Upright, a stored corner lies where the orientation says; corners by (x of red, y of green) of the stored picture. */
static void check_corners(const as_image *image, uint32_t orientation)
{
    /* for each orientation: does stored left become top, and which ends are swapped */
    bool swap = orientation >= 5;
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    for (uint32_t sy = 2; sy < 32; sy += 27)
        for (uint32_t sx = 2; sx < 48; sx += 43) {
            uint32_t       x = flip_x ? 47 - sx : sx, y = flip_y ? 31 - sy : sy;
            uint32_t       ux = swap ? y : x, uy = swap ? x : y;
            const uint8_t *p = image->data + uy * image->stride_bytes + ux * 3;
            assert_near(p[0], sx * 4, 10);
            assert_near(p[1], sy * 5, 10);
        }
}

static void test_exif_orientations(void **state)
{
    (void)state;
    for (uint8_t o = 0; o <= 9; o++) {
        const uint8_t exif[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                                1,   18,  0,   3,   0, 0, 0,   1,   0, o,  0, 0, 0, 0, 0, 0};
        recipe        r = {48, 32, 3, JCS_RGB, JCS_YCbCr, false, o % 2, exif, sizeof exif, rgb_pixel};
        as_str        file;
        as_codec_info info;
        uint32_t      applied = o >= 1 && o <= 8 ? o : 1;
        make_jpeg(&r, &file);
        as_image image = decode(&file, &info);
        assert_int_equal(info.orientation, applied);
        assert_int_equal(image.width, applied >= 5 ? 32 : 48);
        assert_int_equal(info.width, image.width);
        assert_int_equal(info.height, image.height);
        check_corners(&image, applied);
        as_image_done(&image);
        as_str_done(&file);
    }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        recipe r = {64, 40, 3, JCS_RGB, JCS_YCbCr, false, progressive, NULL, 0, rgb_pixel};
        as_str file;
        make_jpeg(&r, &file);
        for (size_t n = 3; n < file.len; n += n + 40 < file.len ? 13 : 1) {
            as_err   err = AS_ERR_NONE;
            as_image image = {0};
            uint8_t *part = malloc(n);
            assert_non_null(part);
            memcpy(part, file.s, n);
            assert_false(as_codec_decode(part, n, &image, NULL, &err));
            assert_int_equal(err.code, AS_ECORRUPT);
            assert_null(image.data);
            free(part);
        }
        as_str_done(&file);
    }
}

/* Damage in the coded data is never half a picture: an error, or a whole picture of the right size. */
static void test_damage(void **state)
{
    (void)state;
    recipe r = {64, 40, 3, JCS_RGB, JCS_YCbCr, false, false, NULL, 0, rgb_pixel};
    as_str file;
    size_t refused = 0;
    make_jpeg(&r, &file);
    for (size_t at = 2; at < file.len; at++) {
        as_err   err = AS_ERR_NONE;
        as_image image = {0};
        file.s[at] = (char)(file.s[at] ^ 0x5a);
        if (as_codec_decode((const uint8_t *)file.s, file.len, &image, NULL, &err)) {
            assert_non_null(image.data);
        } else {
            assert_int_not_equal(err.code, AS_OK);
            assert_true(err.text[0] != 0);
            refused++;
        }
        as_image_done(&image);
        file.s[at] = (char)(file.s[at] ^ 0x5a);
    }
    assert_true(refused > 20);
    as_str_done(&file);
}

static void test_absurd_size(void **state)
{
    (void)state;
    recipe r = {8, 8, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false, false, NULL, 0, grey_pixel};
    as_str file;
    make_jpeg(&r, &file);
    size_t sof = 2;
    while (!((uint8_t)file.s[sof] == 0xff && (uint8_t)file.s[sof + 1] == 0xc0))
        sof++;
    const struct {
        uint8_t     size[4];
        as_err_code code;
        const char *part;
    } cases[] = {
        {{0xea, 0x60, 0xea, 0x60}, AS_ELIMIT, "60000 x 60000"},
        {{0x75, 0x30, 0x75, 0x30}, AS_ELIMIT, "30000 x 30000"},
        {{0x23, 0x28, 0x23, 0x28}, AS_ECORRUPT, "cannot hold 9000 x 9000"},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_err   err = AS_ERR_NONE;
        as_image image = {0};
        memcpy(file.s + sof + 5, cases[i].size, 4);
        assert_false(as_codec_decode((const uint8_t *)file.s, file.len, &image, NULL, &err));
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.text, cases[i].part));
    }
    as_str_done(&file);
}

static void test_encode(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    uint8_t pixels[30 * 160];
    as_str  file;
    as_str_init(&file);
    for (uint32_t y = 0; y < 30; y++)
        for (uint32_t x = 0; x < 50; x++)
            rgb_pixel(pixels + y * 160 + x * 3, x, y);
    as_image      image = {AS_PIXEL_RGB8, 50, 30, 160, pixels}, again;
    as_codec_info info;
    assert_true(as_codec_encode_jpeg(&image, 92, &file, &err));
    again = decode(&file, &info);
    assert_int_equal(again.pixel, AS_PIXEL_RGB8);
    for (uint32_t y = 0; y < 30; y++)
        for (uint32_t i = 0; i < 150; i++)
            assert_near(again.data[y * again.stride_bytes + i], pixels[y * 160 + i], 10);
    as_image_done(&again);
    as_str_clear(&file);
    image = (as_image){AS_PIXEL_MONO8, 1, 30, 160, pixels};
    assert_true(as_codec_encode_jpeg(&image, 100, &file, &err));
    again = decode(&file, &info);
    assert_int_equal(again.pixel, AS_PIXEL_MONO8);
    assert_int_equal(again.width, 1);
    as_image_done(&again);
    assert_false(as_codec_encode_jpeg(&image, 0, &file, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_false(as_codec_encode_jpeg(&(as_image){0}, 90, &file, &err));
    as_str_done(&file);
}

/* More than one output buffer, so that the parts meet. */
static void test_encode_large(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_image image, again;
    as_str   file;
    uint32_t noise = 1;
    as_str_init(&file);
    assert_true(as_image_new(&image, AS_PIXEL_RGB8, 300, 200, &err));
    for (size_t i = 0; i < image.stride_bytes * 200; i++) {
        noise = noise * 1664525u + 1013904223u;
        image.data[i] = (uint8_t)(noise >> 24);
    }
    assert_true(as_codec_encode_jpeg(&image, 90, &file, &err));
    assert_true(file.len > 40000);
    as_codec_info info;
    again = decode(&file, &info);
    assert_int_equal(again.height, 200);
    as_image_done(&again);
    as_image_done(&image);
    as_str_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colour_and_grey),
        cmocka_unit_test(test_cmyk),
        cmocka_unit_test(test_luma),
        cmocka_unit_test(test_exif_orientations),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_absurd_size),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
