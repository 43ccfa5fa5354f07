/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "image/codec.h"

/* What the tests vary about a file. */
typedef struct recipe {
    uint32_t       info_bytes, width, depth, compression;
    int32_t        height;   /* below 0: from the top */
    bool           grey;     /* the palette */
    uint32_t       n_colors; /* as said; 0: as many as the bits have */
    uint32_t       masks[4]; /* of 16 and 32 bits */
    size_t         n_masks;  /* of these, behind the header or in it */
    const uint8_t *pixels;   /* as stored; NULL: value_at */
    size_t         n_pixels;
} recipe;

static void put(as_str *out, uint32_t value, int n)
{
    for (int i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)(i < 4 ? value >> (8 * i) : 0);
        as_str_add_bytes(out, &byte, 1);
    }
}

static uint32_t rows_of(const recipe *r)
{
    return (uint32_t)(r->height < 0 ? -r->height : r->height);
}

/* Any value of the depth's bits; for 32 bits the upper ones too. */
static uint32_t value_at(const recipe *r, uint32_t x, uint32_t y)
{
    uint32_t value = (x * 2654435761u + y * 40503u) ^ (x * y * 977u);
    return r->depth == 32 ? value : value & ((1u << r->depth) - 1);
}

static void palette_at(const recipe *r, uint32_t i, uint8_t rgb[3])
{
    for (uint32_t c = 0; c < 3; c++)
        rgb[c] = (uint8_t)(r->grey ? 255 - i : i * (37 + 50 * c) + c);
}

static void put_rows(const recipe *r, as_str *out)
{
    for (uint32_t k = 0; k < rows_of(r); k++) {
        uint32_t y = r->height < 0 ? k : rows_of(r) - 1 - k, n = 0, byte = 0;
        for (uint32_t x = 0; x < r->width; x++) {
            if (r->depth >= 8) {
                put(out, value_at(r, x, y), (int)r->depth / 8);
                n += r->depth / 8;
                continue;
            }
            byte = byte << r->depth | value_at(r, x, y);
            if ((x + 1) * r->depth % 8 == 0 || x + 1 == r->width) {
                uint32_t over = (x + 1) * r->depth % 8;
                put(out, over ? byte << (8 - over) : byte, 1);
                byte = 0;
                n++;
            }
        }
        put(out, 0, (int)(-n & 3));
    }
}

static void make_bmp(const recipe *r, as_str *out)
{
    bool     core = r->info_bytes == 12;
    uint32_t colors = r->depth > 8 ? 0 : r->n_colors ? r->n_colors : 1u << r->depth;
    uint32_t outside = r->info_bytes < 52 ? (uint32_t)r->n_masks * 4 : 0;
    as_str_init(out);
    as_str_add(out, "BM");
    put(out, 0, 8);
    put(out, 14 + r->info_bytes + outside + colors * (core ? 3 : 4), 4);
    put(out, r->info_bytes, 4);
    put(out, r->width, core ? 2 : 4);
    put(out, (uint32_t)r->height, core ? 2 : 4);
    put(out, 1, 2);
    put(out, r->depth, 2);
    if (!core) {
        put(out, r->compression, 4);
        put(out, 0, 12);
        put(out, r->n_colors, 4);
        put(out, 0, 4);
    }
    for (size_t i = 0; i < r->n_masks; i++)
        put(out, r->masks[i], 4);
    while (out->len < 14 + r->info_bytes)
        put(out, 0, 1);
    for (uint32_t i = 0; i < colors; i++) {
        uint8_t rgb[3];
        palette_at(r, i, rgb);
        put(out, (uint32_t)rgb[2] | (uint32_t)rgb[1] << 8 | (uint32_t)rgb[0] << 16, core ? 3 : 4);
    }
    if (r->pixels)
        as_str_add_bytes(out, r->pixels, r->n_pixels);
    else
        put_rows(r, out);
    assert_true(as_str_ok(out));
}

static double masked(uint32_t value, uint32_t mask)
{
    uint32_t shift = (uint32_t)__builtin_ctz(mask);
    return (double)((value & mask) >> shift) / (mask >> shift);
}

/* What the definition says, 0 to 255. */
static double want_at(const recipe *r, uint32_t x, uint32_t y, uint32_t c)
{
    uint32_t value = value_at(r, x, y);
    uint8_t  rgb[3];
    if (r->depth <= 8) {
        palette_at(r, value, rgb);
        return rgb[c];
    }
    if (r->depth == 24)
        return value >> (8 * (2 - c)) & 255;
    static const uint32_t usual[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    uint32_t              mask = r->n_masks ? r->masks[c] : usual[r->depth == 32][c];
    double                alpha = r->n_masks == 4 && r->masks[3] ? masked(value, r->masks[3]) : 1;
    return masked(value, mask) * alpha * 255;
}

static void check_bmp(const recipe *r)
{
    as_str        file;
    as_err        err = AS_ERR_NONE;
    as_image      image = {0};
    as_codec_info info, probed;
    make_bmp(r, &file);
    if (!as_codec_probe((const uint8_t *)file.s, file.len, &probed, &err) ||
        !as_codec_decode((const uint8_t *)file.s, file.len, &image, &info, &err))
        fail_msg("depth %u, header %u: %s", r->depth, r->info_bytes, err.text);
    assert_memory_equal(&info, &probed, sizeof info);
    assert_int_equal(info.codec, AS_CODEC_BMP);
    assert_int_equal(info.has_palette, r->depth <= 8);
    assert_int_equal(info.has_alpha, r->n_masks == 4 && r->masks[3]);
    assert_int_equal(image.pixel, r->depth <= 8 && r->grey ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8);
    assert_true(image.width == r->width && image.height == rows_of(r));
    for (uint32_t y = 0; y < image.height; y++)
        for (uint32_t x = 0; x < image.width; x++)
            for (uint32_t c = 0; c < as_pixel_bytes(image.pixel); c++) {
                double got = image.data[y * image.stride_bytes + x * as_pixel_bytes(image.pixel) + c];
                double off = got - want_at(r, x, y, c), most = info.has_alpha ? 1.01 : 0.51;
                if (off > most || off < -most)
                    fail_msg("depth %u, header %u at %u,%u: off by %g", r->depth, r->info_bytes, x, y, off);
            }
    as_image_done(&image);
    as_str_done(&file);
}

static void test_every_depth(void **state)
{
    (void)state;
    static const uint32_t depths[] = {1, 4, 8, 16, 24, 32}, infos[] = {12, 40, 52, 56, 108, 124};
    for (size_t d = 0; d < AS_COUNT(depths); d++)
        for (size_t i = 0; i < AS_COUNT(infos); i++)
            for (uint32_t width = 1; width < 20; width++)
                for (int way = 0; way < 4; way++) {
                    bool wide = depths[d] == 16 || depths[d] == 32;
                    if (infos[i] == 12 && (wide || way & 1))
                        continue;
                    check_bmp(&(recipe){.info_bytes = infos[i],
                                        .width = width,
                                        .height = way & 1 ? -5 : 5,
                                        .depth = depths[d],
                                        .grey = way & 2});
                }
}

static void test_masks(void **state)
{
    (void)state;
    for (uint32_t info = 40; info <= 124; info += 84) {
        check_bmp(&(recipe){.info_bytes = info,
                            .width = 7,
                            .height = 9,
                            .depth = 16,
                            .compression = 3,
                            .masks = {0xf800, 0x7e0, 0x1f},
                            .n_masks = info == 40 ? 3 : 4});
        check_bmp(&(recipe){.info_bytes = info,
                            .width = 7,
                            .height = 9,
                            .depth = 32,
                            .compression = 3,
                            .masks = {0xff, 0xff00, 0xff0000},
                            .n_masks = info == 40 ? 3 : 4});
    }
    check_bmp(&(recipe){.info_bytes = 124,
                        .width = 7,
                        .height = -9,
                        .depth = 32,
                        .compression = 3,
                        .masks = {0xff0000, 0xff00, 0xff, 0xff000000},
                        .n_masks = 4});
    check_bmp(&(recipe){.info_bytes = 40,
                        .width = 7,
                        .height = 9,
                        .depth = 32,
                        .compression = 6,
                        .masks = {0x3ff00000, 0xffc00, 0x3ff, 0xc0000000},
                        .n_masks = 4});
}

static void refuse(const recipe *r, as_err_code code, const char *part)
{
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    as_str   file;
    make_bmp(r, &file);
    bool ok = as_codec_decode((const uint8_t *)file.s, file.len, &image, NULL, &err);
    if (ok || err.code != code || !strstr(err.text, part))
        fail_msg("'%s' is not '%s'", err.text, part);
    assert_null(image.data);
    as_str_done(&file);
}

static void test_refusals(void **state)
{
    (void)state;
    recipe good = {.info_bytes = 40, .width = 6, .height = 4, .depth = 8, .grey = true};
    recipe r = good;
    r.depth = 2;
    refuse(&r, AS_EUNSUPPORTED, "bits of its pixels are 2");
    r = good;
    r.compression = 4;
    refuse(&r, AS_EUNSUPPORTED, "number 4");
    r = good;
    r.info_bytes = 39;
    refuse(&r, AS_EUNSUPPORTED, "size 39");
    r = good;
    r.n_colors = 3; /* of 256: other values are in the pixels */
    refuse(&r, AS_ECORRUPT, "no colour in its palette");
    r = good;
    r.width = 60000;
    refuse(&r, AS_ELIMIT, "60000 x 4");
    r = good;
    r.height = INT32_MIN;
    r.pixels = (const uint8_t *)"";
    refuse(&r, AS_ELIMIT, "6 x 2147483648");
    r = (recipe){.info_bytes = 40,
                 .width = 3,
                 .height = 3,
                 .depth = 32,
                 .compression = 3,
                 .masks = {0xff00ff, 0xff00, 0xff},
                 .n_masks = 3};
    refuse(&r, AS_ECORRUPT, "gaps");
    r.masks[0] = 0;
    refuse(&r, AS_ECORRUPT, "no bits");
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    recipe recipes[] = {{.info_bytes = 40, .width = 9, .height = 7, .depth = 24},
                        {.info_bytes = 12, .width = 9, .height = 7, .depth = 4},
                        {.info_bytes = 124, .width = 9, .height = 7, .depth = 8}};
    for (size_t i = 0; i < AS_COUNT(recipes); i++) {
        as_str file;
        make_bmp(&recipes[i], &file);
        for (size_t n = 2; n < file.len; n++) {
            as_err   err = AS_ERR_NONE;
            as_image image = {0};
            uint8_t *part = malloc(n); /* exactly its size, so that a read past the end is seen */
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

/* Rows come from the bottom: a run, pixels as they are, a jump; what is left out is of the first colour. */
static void test_runs(void **state)
{
    (void)state;
    static const uint8_t runs[] = {3, 9, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 2, 1, 1, 7, 0, 0, 2, 5, 0, 1};
    static const uint8_t want[4][6] = {{5, 5, 0, 0, 0, 0}, {0, 0, 7, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, {9, 9, 9, 1, 2, 3}};
    recipe               r = {.info_bytes = 40,
                              .width = 6,
                              .height = 4,
                              .depth = 8,
                              .compression = 1,
                              .grey = true,
                              .pixels = runs,
                              .n_pixels = sizeof runs};
    as_err               err = AS_ERR_NONE;
    as_image             image;
    as_str               file;
    make_bmp(&r, &file);
    if (!as_codec_decode((const uint8_t *)file.s, file.len, &image, NULL, &err))
        fail_msg("%s", err.text);
    for (uint32_t y = 0; y < 4; y++)
        for (uint32_t x = 0; x < 6; x++)
            assert_int_equal(image.data[y * image.stride_bytes + x], 255 - want[y][x]);
    as_image_done(&image);
    as_str_done(&file);
    static const struct {
        const char *bytes, *part;
        size_t      n;
    } bad[] = {{"\x07\x01\0\1", "longer than", 4},
               {"\0\7\1\2\3\4\5\6\7\0\0\1", "longer than", 12},
               {"\0\2\7\0\0\1", "out of the picture", 6},
               {"\0\2\0\5\0\1", "out of the picture", 6},
               {"\6\1\0\0\6\1", "ends early", 6},
               {"\0\5\1\2", "ends early", 4},
               {"\0\2\1", "ends early", 3}};
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        r.pixels = (const uint8_t *)bad[i].bytes;
        r.n_pixels = bad[i].n;
        refuse(&r, AS_ECORRUPT, bad[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_depth),  cmocka_unit_test(test_masks), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
