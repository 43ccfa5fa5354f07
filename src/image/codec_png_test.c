/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <png.h>

#include "base/rng.h"
#include "image/codec.h"

/* What the tests vary about a file. */
typedef struct recipe {
    uint32_t width, height;
    int      depth, color;
    bool     interlaced, transparent; /* a tRNS chunk */
    uint8_t  orientation;             /* 0: no eXIf chunk */
} recipe;

enum { PALETTE = 13 };

static void png_to_str(png_structp png, png_bytep from, size_t n)
{
    as_str_add_bytes(png_get_io_ptr(png), from, n);
}

static void no_flush(png_structp png)
{
    (void)png;
}

static void no_warning(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static uint32_t samples_of(const recipe *r)
{
    static const uint32_t n[] = {1, 0, 3, 1, 2, 0, 4};
    return n[r->color];
}

/* The stored value of one sample: noise, the same for each position whatever is made of it. */
static uint32_t sample_at(const recipe *r, uint32_t x, uint32_t y, uint32_t s)
{
    as_rng   rng = as_rng_stream(7, ((uint64_t)y * 1000 + x) * 4 + s);
    uint32_t value = (uint32_t)as_rng_u64(&rng) & ((1u << r->depth) - 1);
    return r->color == PNG_COLOR_TYPE_PALETTE ? value % AS_MIN(PALETTE, 1u << r->depth) : value;
}

static png_color palette_at(uint32_t i)
{
    return (png_color){(png_byte)(i * 19), (png_byte)(255 - i * 11), (png_byte)(i * i)};
}

static png_byte palette_alpha(uint32_t i)
{
    return (png_byte)(i * 20);
}

static void put_sample(uint8_t *row, const recipe *r, uint32_t index, uint32_t value)
{
    if (r->depth == 16) {
        row[2 * index] = (uint8_t)(value >> 8);
        row[2 * index + 1] = (uint8_t)value;
        return;
    }
    uint32_t bit = index * (uint32_t)r->depth;
    row[bit / 8] |= (uint8_t)(value << (8 - (uint32_t)r->depth - bit % 8));
}

static void write_extras(png_structp png, png_infop info, const recipe *r)
{
    png_color    colors[PALETTE];
    png_byte     alphas[PALETTE];
    int          n = (int)AS_MIN(PALETTE, 1u << r->depth);
    png_color_16 key = {.red = (png_uint_16)sample_at(r, 1, 1, 0),
                        .green = (png_uint_16)sample_at(r, 1, 1, 1 % samples_of(r)),
                        .blue = (png_uint_16)sample_at(r, 1, 1, 2 % samples_of(r)),
                        .gray = (png_uint_16)sample_at(r, 1, 1, 0)};
    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        colors[i] = palette_at(i);
        alphas[i] = palette_alpha(i);
    }
    if (r->color == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, colors, n);
    if (r->transparent)
        png_set_tRNS(png, info, r->color == PNG_COLOR_TYPE_PALETTE ? alphas : NULL, n, &key);
    uint8_t exif[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, r->orientation, 0, 0, 0, 0, 0, 0};
    if (r->orientation)
        png_set_eXIf_1(png, info, sizeof exif, exif);
    png_set_gAMA(png, info, 0.30); /* must not change a value */
}

static void make_png(const recipe *r, as_str *out)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, no_warning);
    png_infop   info = png_create_info_struct(png);
    as_str_init(out);
    png_set_write_fn(png, out, png_to_str, no_flush);
    png_set_IHDR(png, info, r->width, r->height, r->depth, r->color,
                 r->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    write_extras(png, info, r);
    png_write_info(png, info);
    int      passes = png_set_interlace_handling(png);
    uint32_t samples = samples_of(r);
    uint8_t *row = malloc((size_t)r->width * samples * 2 + 8);
    assert_non_null(row);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < r->height; y++) {
            memset(row, 0, (size_t)r->width * samples * 2 + 8);
            for (uint32_t x = 0; x < r->width; x++)
                for (uint32_t s = 0; s < samples; s++)
                    put_sample(row, r, x * samples + s, sample_at(r, x, y, s));
            png_write_row(png, row);
        }
    free(row);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    assert_true(as_str_ok(out));
}

/* What the definition says: full scale is 255, nearest; over black a value is multiplied by its alpha. */
static double want_at(const recipe *r, uint32_t x, uint32_t y, uint32_t c)
{
    double   full = (double)((1u << r->depth) - 1);
    uint32_t samples = samples_of(r);
    if (r->color == PNG_COLOR_TYPE_PALETTE) {
        uint32_t  i = sample_at(r, x, y, 0);
        png_color p = palette_at(i);
        double    value = c == 0 ? p.red : c == 1 ? p.green : p.blue;
        return r->transparent ? value * palette_alpha(i) / 255 : value;
    }
    uint32_t colors = samples <= 2 ? 1 : 3;
    double   value = sample_at(r, x, y, c) / full * 255;
    if (samples != colors)
        return value * sample_at(r, x, y, colors) / full;
    bool keyed = r->transparent;
    for (uint32_t k = 0; k < colors; k++)
        keyed = keyed && sample_at(r, x, y, k) == sample_at(r, 1, 1, k);
    return keyed ? 0 : value;
}

static void check_png(const recipe *r)
{
    as_str        file;
    as_err        err = AS_ERR_NONE;
    as_image      image = {0};
    as_codec_info info, probed;
    make_png(r, &file);
    if (!as_codec_probe((const uint8_t *)file.s, file.len, &probed, &err) ||
        !as_codec_decode((const uint8_t *)file.s, file.len, &image, &info, &err))
        fail_msg("color %d depth %d: %s", r->color, r->depth, err.text);
    assert_memory_equal(&info, &probed, sizeof info);
    assert_int_equal(info.bit_depth, r->depth);
    assert_int_equal(info.has_palette, r->color == PNG_COLOR_TYPE_PALETTE);
    assert_int_equal(info.has_alpha, r->transparent || (r->color & PNG_COLOR_MASK_ALPHA) != 0);
    assert_int_equal(image.pixel, r->color & PNG_COLOR_MASK_COLOR ? AS_PIXEL_RGB8 : AS_PIXEL_MONO8);
    assert_int_equal(image.width, r->width);
    assert_int_equal(image.height, r->height);
    uint32_t channels = as_pixel_bytes(image.pixel);
    for (uint32_t y = 0; y < r->height; y++)
        for (uint32_t x = 0; x < r->width; x++)
            for (uint32_t c = 0; c < channels; c++) {
                double off = image.data[y * image.stride_bytes + x * channels + c] - want_at(r, x, y, c);
                if (off > 0.51 || off < -0.51)
                    fail_msg("color %d depth %d at %u,%u: off by %g", r->color, r->depth, x, y, off);
            }
    as_image_done(&image);
    as_str_done(&file);
}

static void test_every_kind(void **state)
{
    (void)state;
    static const int      kinds[][2] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                                        {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    static const uint32_t sizes[][2] = {{17, 11}, {2, 2}, {31, 2}, {2, 31}};
    for (size_t i = 0; i < AS_COUNT(kinds); i++)
        for (size_t k = 0; k < AS_COUNT(sizes); k++)
            for (int way = 0; way < 4; way++) {
                recipe r = {sizes[k][0], sizes[k][1], kinds[i][1], kinds[i][0], way & 1, way & 2, 0};
                if (r.transparent && (r.color & PNG_COLOR_MASK_ALPHA))
                    continue;
                check_png(&r);
            }
}

static void test_thin(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 12; n++)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            check_png(&(recipe){1, n, 8, PNG_COLOR_TYPE_RGB, interlaced, false, 0});
            check_png(&(recipe){n, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, interlaced, false, 0});
            check_png(&(recipe){n, 1, 1, PNG_COLOR_TYPE_GRAY, interlaced, false, 0});
        }
}

/* 16 bits are rounded, not cut: 0x00ff is 0.99 of a step. */
static void test_rounding(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_image      image;
    as_codec_info info;
    as_str        file;
    recipe        r = {40, 30, 16, PNG_COLOR_TYPE_GRAY, false, false, 0};
    make_png(&r, &file);
    assert_true(as_codec_decode((const uint8_t *)file.s, file.len, &image, &info, &err));
    for (uint32_t y = 0; y < 30; y++)
        for (uint32_t x = 0; x < 40; x++)
            assert_int_equal(image.data[y * 40 + x], (sample_at(&r, x, y, 0) * 255 + 32767) / 65535);
    as_image_done(&image);
    as_str_done(&file);
}

static void test_orientation(void **state)
{
    (void)state;
    for (uint8_t o = 1; o <= 8; o++)
        for (int way = 0; way < 4; way++) {
            as_err        err = AS_ERR_NONE;
            as_image      image;
            as_codec_info info;
            as_str        file;
            recipe        r = {11, 7, 8, way & 1 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_GRAY, way & 2, false, o};
            make_png(&r, &file);
            assert_true(as_codec_decode((const uint8_t *)file.s, file.len, &image, &info, &err));
            assert_int_equal(info.orientation, o);
            assert_int_equal(image.width, o >= 5 ? 7 : 11);
            bool swap = o >= 5, flip_x = o == 2 || o == 3 || o == 7 || o == 8,
                 flip_y = o == 3 || o == 4 || o == 6 || o == 7;
            for (uint32_t sy = 0; sy < 7; sy++)
                for (uint32_t sx = 0; sx < 11; sx++) {
                    uint32_t x = flip_x ? 10 - sx : sx, y = flip_y ? 6 - sy : sy;
                    size_t   at = (swap ? x : y) * image.stride_bytes + (swap ? y : x) * as_pixel_bytes(image.pixel);
                    double   off = image.data[at] - want_at(&r, sx, sy, 0);
                    assert_true(off < 0.51 && off > -0.51);
                }
            as_image_done(&image);
            as_str_done(&file);
        }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        recipe r = {40, 30, 8, PNG_COLOR_TYPE_RGB, interlaced, false, 0};
        as_str file;
        make_png(&r, &file);
        for (size_t n = 8; n < file.len; n += n + 40 < file.len ? 37 : 1) {
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

/* One changed bit anywhere behind the header is found by a CRC, a length or a name. */
static void test_every_bit_counts(void **state)
{
    (void)state;
    recipe r = {9, 5, 8, PNG_COLOR_TYPE_RGB_ALPHA, false, false, 6};
    as_str file;
    make_png(&r, &file);
    for (size_t at = 8; at < file.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            as_err   err = AS_ERR_NONE;
            as_image image = {0};
            file.s[at] = (char)(file.s[at] ^ (1 << bit));
            bool ok = as_codec_decode((const uint8_t *)file.s, file.len, &image, NULL, &err);
            file.s[at] = (char)(file.s[at] ^ (1 << bit));
            if (ok)
                fail_msg("bit %d of byte %zu went unseen", bit, at);
            assert_int_not_equal(err.code, AS_OK);
        }
    as_str_done(&file);
}

static void test_encode(void **state)
{
    (void)state;
    for (as_pixel pixel = AS_PIXEL_MONO8; pixel <= AS_PIXEL_RGB8; pixel++)
        for (int effort = 0; effort <= 9; effort++) {
            as_err   err = AS_ERR_NONE;
            uint8_t  pixels[33 * 21];
            as_image image = {pixel, 11, 21, 33, pixels}, again;
            as_str   file;
            for (size_t i = 0; i < sizeof pixels; i++)
                pixels[i] = (uint8_t)(i * i / 7);
            as_str_init(&file);
            assert_true(as_codec_encode_png(&image, effort, &file, &err));
            assert_true(as_codec_decode((const uint8_t *)file.s, file.len, &again, NULL, &err));
            assert_int_equal(again.pixel, pixel);
            for (size_t y = 0; y < 21; y++)
                assert_memory_equal(again.data + y * again.stride_bytes, pixels + y * 33, again.stride_bytes);
            as_image_done(&again);
            assert_false(as_codec_encode_png(&image, 10, &file, &err));
            assert_int_equal(err.code, AS_EINVAL);
            as_str_done(&file);
        }
}

/* What a sensor sends is stored with all of its bits, and comes back as the picture that was seen. */
static void png_keeps_the_bits_of_a_sensor(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_codec_info info;
    as_image      image, back;
    as_str        png;
    as_str_init(&png);
    assert_true(as_image_new(&image, AS_PIXEL_MONO12, 4, 2, &err));
    static const uint16_t levels[8] = {0, 1, 2047, 2048, 4095, 256, 4094, 15};
    for (size_t i = 0; i < 8; i++) {
        image.data[2 * i] = (uint8_t)levels[i];
        image.data[2 * i + 1] = (uint8_t)(levels[i] >> 8);
    }
    assert_true(as_codec_encode_png_any(&image, 1, &png, &err));
    assert_true(as_codec_decode((const uint8_t *)png.s, png.len, &back, &info, &err));
    assert_true(info.bit_depth == 16 && info.channels == 1 && back.pixel == AS_PIXEL_MONO8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(back.data[i], (levels[i] * 255u + 2047u) / 4095u);
    as_image_done(&back);
    as_image_done(&image);
    as_str_clear(&png);
    assert_true(as_image_new(&image, AS_PIXEL_BAYER_RG8, 4, 4, &err));
    for (size_t i = 0; i < 16; i++) /* red 200, green 100, blue 50 */
        image.data[i] = i / 4 % 2 ? (i % 2 ? 50 : 100) : (i % 2 ? 100 : 200);
    assert_true(as_codec_encode_png_any(&image, 1, &png, &err));
    assert_true(as_codec_decode((const uint8_t *)png.s, png.len, &back, &info, &err));
    assert_true(info.bit_depth == 8 && back.pixel == AS_PIXEL_RGB8);
    for (size_t i = 0; i < 16; i++)
        assert_true(back.data[3 * i] == 200 && back.data[3 * i + 1] == 100 && back.data[3 * i + 2] == 50);
    as_image_done(&back);
    as_image_done(&image);
    as_str_clear(&png);
    /* Of 12 bits the same with all of them: the file's own bytes are looked at, since what is decoded has 8. */
    assert_true(as_image_new(&image, AS_PIXEL_BAYER_RG12, 4, 4, &err));
    for (size_t i = 0; i < 16; i++) { /* red 3001, green 1001, blue 7 */
        unsigned level = i / 4 % 2 ? (i % 2 ? 7 : 1001) : (i % 2 ? 1001 : 3001);
        image.data[2 * i] = (uint8_t)level;
        image.data[2 * i + 1] = (uint8_t)(level >> 8);
    }
    assert_true(as_codec_encode_png_any(&image, 0, &png, &err)); /* effort 0: as it is */
    assert_true(as_codec_decode((const uint8_t *)png.s, png.len, &back, &info, &err));
    assert_true(info.bit_depth == 16 && info.channels == 3 && back.pixel == AS_PIXEL_RGB8);
    static const unsigned sixteen[3] = {(3001 * 65535u + 2047) / 4095, (1001 * 65535u + 2047) / 4095,
                                        (7 * 65535u + 2047) / 4095};
    uint8_t               pixel[6];
    for (size_t c = 0; c < 3; c++) {
        pixel[2 * c] = (uint8_t)(sixteen[c] >> 8);
        pixel[2 * c + 1] = (uint8_t)sixteen[c];
    }
    assert_non_null(memmem(png.s, png.len, pixel, sizeof pixel));
    as_image_done(&back);
    as_image_done(&image);
    as_str_done(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_keeps_the_bits_of_a_sensor),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_thin),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_encode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
