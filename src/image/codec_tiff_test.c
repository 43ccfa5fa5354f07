/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>
#include <tiffio.h>

#include "image/codec.h"
#include "image/tiff_page.h"

/* What the tests vary about a file. */
typedef struct recipe {
    uint32_t    width, height, pages;
    uint16_t    bits, photometric, compression, orientation; /* orientation 0: not said */
    const char *mode;                                        /* of TIFFClientOpen: "w", "wb" big-endian, "w8" BigTIFF */
    bool        tiled, planes, narrow_palette;
    uint16_t    extra; /* of EXTRASAMPLE_*, as number + 1; 0: none */
} recipe;

/* --- a file in memory --- */

typedef struct memory {
    uint8_t *bytes;
    size_t   n, cap, at;
} memory;

static tmsize_t memory_write(thandle_t ctx, void *from, tmsize_t n)
{
    memory *m = ctx;
    size_t  end = m->at + (size_t)n;
    if (end > m->cap) {
        m->cap = end * 2;
        m->bytes = realloc(m->bytes, m->cap);
        assert_non_null(m->bytes);
    }
    if (m->at > m->n)
        memset(m->bytes + m->n, 0, m->at - m->n);
    memcpy(m->bytes + m->at, from, (size_t)n);
    m->at = end;
    m->n = AS_MAX(m->n, end);
    return n;
}

static tmsize_t memory_read(thandle_t ctx, void *to, tmsize_t n)
{
    memory *m = ctx;
    size_t  count = m->at < m->n ? AS_MIN((size_t)n, m->n - m->at) : 0;
    memcpy(to, m->bytes + m->at, count);
    m->at += count;
    return (tmsize_t)count;
}

static toff_t memory_seek(thandle_t ctx, toff_t offset, int whence)
{
    memory *m = ctx;
    m->at = (size_t)offset + (whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->n : 0);
    return m->at;
}

static int memory_close(thandle_t ctx)
{
    (void)ctx;
    return 0;
}

static toff_t memory_size(thandle_t ctx)
{
    return ((memory *)ctx)->n;
}

/* --- what is in it --- */

static uint32_t colors_of(const recipe *r)
{
    return r->photometric == PHOTOMETRIC_SEPARATED                                    ? 4
           : r->photometric == PHOTOMETRIC_RGB || r->photometric == PHOTOMETRIC_YCBCR ? 3
                                                                                      : 1;
}

static uint32_t samples_of(const recipe *r)
{
    return colors_of(r) + (r->extra ? 1 : 0);
}

static uint32_t sample_at(const recipe *r, uint32_t x, uint32_t y, uint32_t c)
{
    if (r->compression == COMPRESSION_JPEG) /* smooth: what is lost is little */
        return 60 + x + y + 20 * c;
    uint32_t value = (x * 2654435761u + y * 40503u + c * 977u) ^ (x * y * 7919u);
    return (value >> 3) & ((1u << r->bits) - 1);
}

static uint16_t palette_at(const recipe *r, uint32_t i, uint32_t c)
{
    uint32_t value = (i * (37 + 50 * c) + c) & 255;
    return (uint16_t)(r->narrow_palette ? value : value * 257);
}

static void put_sample(const recipe *r, uint8_t *row, size_t i, uint32_t value)
{
    if (r->bits == 16) {
        uint16_t wide = (uint16_t)value;
        memcpy(row + 2 * i, &wide, 2);
    } else if (r->bits == 8) {
        row[i] = (uint8_t)value;
    } else {
        size_t per = 8u / r->bits;
        row[i / per] = (uint8_t)(row[i / per] | value << ((per - 1 - i % per) * r->bits));
    }
}

/* `across` pixels of row y from x on, of one plane or all. */
static void fill_row(const recipe *r, uint8_t *row, uint32_t x, uint32_t y, uint32_t across, uint32_t plane)
{
    uint32_t samples = r->planes ? 1 : samples_of(r);
    memset(row, 0, ((size_t)across * samples * r->bits + 7) / 8);
    for (uint32_t i = 0; i < across && x + i < r->width; i++)
        for (uint32_t c = 0; c < samples; c++)
            put_sample(r, row, (size_t)i * samples + c, sample_at(r, x + i, y, r->planes ? plane : c));
}

static void set_tags(TIFF *t, const recipe *r)
{
    TIFFSetField(t, TIFFTAG_IMAGEWIDTH, r->width);
    TIFFSetField(t, TIFFTAG_IMAGELENGTH, r->height);
    TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, r->bits);
    TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, samples_of(r));
    TIFFSetField(t, TIFFTAG_PHOTOMETRIC, r->photometric);
    TIFFSetField(t, TIFFTAG_COMPRESSION, r->compression ? r->compression : COMPRESSION_NONE);
    TIFFSetField(t, TIFFTAG_PLANARCONFIG, r->planes ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    if (r->compression == COMPRESSION_JPEG)
        TIFFSetField(t, TIFFTAG_JPEGQUALITY, 98);
    if (r->photometric == PHOTOMETRIC_YCBCR)
        TIFFSetField(t, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    if (r->orientation)
        TIFFSetField(t, TIFFTAG_ORIENTATION, r->orientation);
    uint16_t extra = (uint16_t)(r->extra - 1);
    if (r->extra)
        TIFFSetField(t, TIFFTAG_EXTRASAMPLES, 1, &extra);
    uint16_t map[3][256];
    for (uint32_t i = 0; i < 256; i++)
        for (uint32_t c = 0; c < 3; c++)
            map[c][i] = palette_at(r, i, c);
    if (r->photometric == PHOTOMETRIC_PALETTE)
        TIFFSetField(t, TIFFTAG_COLORMAP, map[0], map[1], map[2]);
    if (r->tiled) {
        TIFFSetField(t, TIFFTAG_TILEWIDTH, 32);
        TIFFSetField(t, TIFFTAG_TILELENGTH, 16);
    } else {
        TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, 16);
    }
}

static void write_page(TIFF *t, const recipe *r)
{
    static uint8_t row[64 * 1024];
    set_tags(t, r);
    for (uint32_t plane = 0; plane < (r->planes ? samples_of(r) : 1); plane++) {
        for (uint32_t y = 0; !r->tiled && y < r->height; y++) {
            fill_row(r, row, 0, y, r->width, plane);
            assert_int_equal(TIFFWriteScanline(t, row, y, (uint16_t)plane), 1);
        }
        for (uint32_t y = 0; r->tiled && y < r->height; y += 16)
            for (uint32_t x = 0; x < r->width; x += 32) {
                size_t step = (size_t)TIFFTileRowSize(t);
                for (uint32_t k = 0; k < 16; k++)
                    fill_row(r, row + k * step, x, y + k, 32, plane);
                assert_true(TIFFWriteTile(t, row, x, y, 0, (uint16_t)plane) > 0);
            }
    }
    assert_int_equal(TIFFWriteDirectory(t), 1);
}

static void make_tiff(const recipe *r, memory *m)
{
    *m = (memory){0};
    TIFF *t = TIFFClientOpen("made", r->mode ? r->mode : "w", m, memory_read, memory_write, memory_seek, memory_close,
                             memory_size, NULL, NULL);
    assert_non_null(t);
    for (uint32_t i = 0; i < AS_MAX(r->pages, 1u); i++)
        write_page(t, r);
    TIFFClose(t);
}

/* What the definition says, 0 to 255, of the stored pixel. */
static double want_at(const recipe *r, uint32_t x, uint32_t y, uint32_t c)
{
    double full = (double)((1u << r->bits) - 1);
    if (r->photometric == PHOTOMETRIC_PALETTE)
        return palette_at(r, sample_at(r, x, y, 0), c) / (r->narrow_palette ? 1.0 : 257.0);
    double value = sample_at(r, x, y, c) / full;
    if (r->photometric == PHOTOMETRIC_SEPARATED)
        return (1 - value) * (1 - sample_at(r, x, y, 3) / full) * 255;
    if (r->photometric == PHOTOMETRIC_MINISWHITE)
        value = 1 - value;
    if (r->extra == EXTRASAMPLE_UNASSALPHA + 1)
        value *= sample_at(r, x, y, colors_of(r)) / full;
    return value * 255;
}

static void upright(const recipe *r, uint32_t sx, uint32_t sy, uint32_t *x, uint32_t *y)
{
    uint16_t o = r->orientation;
    bool     flip_x = o == 2 || o == 3 || o == 7 || o == 8, flip_y = o == 3 || o == 4 || o == 6 || o == 7;
    uint32_t px = flip_x ? r->width - 1 - sx : sx, py = flip_y ? r->height - 1 - sy : sy;
    *x = o >= 5 ? py : px;
    *y = o >= 5 ? px : py;
}

static void check_pixels(const recipe *r, const as_image *image)
{
    uint32_t channels = as_pixel_bytes(image->pixel), x, y;
    double   most = r->compression == COMPRESSION_JPEG ? 8 : 0.51;
    for (uint32_t sy = 0; sy < r->height; sy++)
        for (uint32_t sx = 0; sx < r->width; sx++)
            for (uint32_t c = 0; c < channels; c++) {
                upright(r, sx, sy, &x, &y);
                double off = image->data[y * image->stride_bytes + x * channels + c] - want_at(r, sx, sy, c);
                if (off > most || off < -most)
                    fail_msg("kind %d, %d bits, compression %d at %u,%u,%u: off by %g", r->photometric, r->bits,
                             r->compression, sx, sy, c, off);
            }
}

/* Each page by itself is a file with the same pixels and depth; there is no page more. */
static void check_pages(const recipe *r, const memory *file)
{
    uint32_t n = AS_MAX(r->pages, 1u);
    for (uint32_t page = 1; page <= n + 1; page++) {
        as_err        err = AS_ERR_NONE;
        as_image      image = {0};
        as_codec_info info;
        as_str        one;
        as_str_init(&one);
        as_str_add(&one, "x"); /* it is appended */
        bool ok = as_tiff_page(file->bytes, file->n, page, &one, &err);
        if (page > n) {
            assert_false(ok);
            assert_int_equal(err.code, AS_ENOTFOUND);
            assert_int_equal(one.len, 1);
        } else if (!ok || !as_codec_decode((const uint8_t *)one.s + 1, one.len - 1, &image, &info, &err)) {
            fail_msg("page %u of kind %d, %d bits, compression %d: %s", page, r->photometric, r->bits, r->compression,
                     err.text);
        } else {
            assert_int_equal(info.n_pages, 1);
            assert_int_equal(info.bit_depth, r->bits);
            assert_true(one.len <= file->n / n + 1024);
            check_pixels(r, &image);
            as_image_done(&image);
        }
        as_str_done(&one);
    }
}

static void check_tiff(const recipe *r)
{
    memory        file;
    as_err        err = AS_ERR_NONE;
    as_image      image = {0};
    as_codec_info info, probed;
    make_tiff(r, &file);
    if (!as_codec_probe(file.bytes, file.n, &probed, &err) || !as_codec_decode(file.bytes, file.n, &image, &info, &err))
        fail_msg("kind %d, %d bits, compression %d: %s", r->photometric, r->bits, r->compression, err.text);
    assert_memory_equal(&info, &probed, sizeof info);
    assert_int_equal(info.codec, AS_CODEC_TIFF);
    assert_int_equal(info.bit_depth, r->bits);
    assert_int_equal(info.has_palette, r->photometric == PHOTOMETRIC_PALETTE);
    assert_int_equal(info.is_cmyk, r->photometric == PHOTOMETRIC_SEPARATED);
    assert_int_equal(info.has_alpha, r->extra > 1);
    assert_int_equal(info.n_pages, AS_MAX(r->pages, 1u));
    bool mono = r->photometric == PHOTOMETRIC_MINISBLACK || r->photometric == PHOTOMETRIC_MINISWHITE;
    assert_int_equal(image.pixel, mono ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8);
    assert_int_equal(image.width, r->orientation >= 5 ? r->height : r->width);
    check_pixels(r, &image);
    check_pages(r, &file);
    as_image_done(&image);
    free(file.bytes);
}

static void test_every_kind(void **state)
{
    (void)state;
    static const uint16_t kinds[][2] = {
        {PHOTOMETRIC_MINISBLACK, 1}, {PHOTOMETRIC_MINISBLACK, 2},  {PHOTOMETRIC_MINISBLACK, 4},
        {PHOTOMETRIC_MINISBLACK, 8}, {PHOTOMETRIC_MINISBLACK, 16}, {PHOTOMETRIC_MINISWHITE, 1},
        {PHOTOMETRIC_MINISWHITE, 8}, {PHOTOMETRIC_MINISWHITE, 16}, {PHOTOMETRIC_RGB, 8},
        {PHOTOMETRIC_RGB, 16},       {PHOTOMETRIC_PALETTE, 1},     {PHOTOMETRIC_PALETTE, 4},
        {PHOTOMETRIC_PALETTE, 8},    {PHOTOMETRIC_SEPARATED, 8},   {PHOTOMETRIC_SEPARATED, 16}};
    static const uint16_t    compressions[] = {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS,
                                               COMPRESSION_ADOBE_DEFLATE};
    static const char *const modes[] = {"w", "wb", "wl", "w8"};
    for (size_t i = 0; i < AS_COUNT(kinds); i++)
        for (size_t k = 0; k < AS_COUNT(compressions); k++)
            for (int way = 0; way < 8; way++) {
                recipe r = {.width = 45,
                            .height = 37,
                            .bits = kinds[i][1],
                            .photometric = kinds[i][0],
                            .compression = compressions[k],
                            .mode = modes[way / 2],
                            .tiled = way & 1,
                            .narrow_palette = way & 2};
                check_tiff(&r);
            }
}

static void test_planes_and_extra(void **state)
{
    (void)state;
    for (uint16_t bits = 8; bits <= 16; bits = (uint16_t)(bits + 8))
        for (int tiled = 0; tiled < 2; tiled++) {
            check_tiff(&(recipe){.width = 45,
                                 .height = 37,
                                 .bits = bits,
                                 .photometric = PHOTOMETRIC_RGB,
                                 .planes = true,
                                 .tiled = tiled,
                                 .compression = COMPRESSION_LZW});
            for (uint16_t extra = 1; extra <= 3; extra++) {
                check_tiff(&(recipe){.width = 45,
                                     .height = 37,
                                     .bits = bits,
                                     .photometric = PHOTOMETRIC_RGB,
                                     .extra = extra,
                                     .tiled = tiled});
                check_tiff(&(recipe){.width = 45,
                                     .height = 37,
                                     .bits = bits,
                                     .photometric = PHOTOMETRIC_MINISBLACK,
                                     .extra = extra,
                                     .tiled = tiled});
            }
        }
}

static void test_jpeg_inside(void **state)
{
    (void)state;
    check_tiff(&(recipe){
        .width = 64, .height = 48, .bits = 8, .photometric = PHOTOMETRIC_MINISBLACK, .compression = COMPRESSION_JPEG});
    for (int tiled = 0; tiled < 2; tiled++)
        check_tiff(&(recipe){.width = 64,
                             .height = 48,
                             .bits = 8,
                             .photometric = PHOTOMETRIC_YCBCR,
                             .compression = COMPRESSION_JPEG,
                             .tiled = tiled});
}

static void test_orientation_and_pages(void **state)
{
    (void)state;
    for (uint16_t o = 1; o <= 8; o++)
        for (int way = 0; way < 4; way++)
            check_tiff(&(recipe){.width = 45,
                                 .height = 37,
                                 .bits = 8,
                                 .photometric = PHOTOMETRIC_RGB,
                                 .orientation = o,
                                 .tiled = way & 1,
                                 .planes = way & 2});
    for (uint32_t pages = 1; pages <= 5; pages++) {
        check_tiff(&(recipe){.width = 9, .height = 7, .pages = pages, .bits = 8});
        check_tiff(&(recipe){.width = 9, .height = 7, .pages = pages, .bits = 8, .mode = "w8"});
        check_tiff(&(recipe){.width = 9, .height = 7, .pages = pages, .bits = 8, .mode = "wb"});
    }
}

/* Cut anywhere, it is refused or whole (its end is no pixels), and says nothing on its own. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    static const uint16_t compressions[] = {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS,
                                            COMPRESSION_ADOBE_DEFLATE, COMPRESSION_JPEG};
    FILE                 *said = tmpfile();
    int                   usual = dup(STDERR_FILENO);
    assert_non_null(said);
    fflush(stderr);
    assert_true(dup2(fileno(said), STDERR_FILENO) >= 0);
    size_t n_refused = 0;
    for (size_t i = 0; i < AS_COUNT(compressions); i++) {
        recipe r = {.width = 45,
                    .height = 37,
                    .bits = 8,
                    .compression = compressions[i],
                    .photometric = PHOTOMETRIC_MINISBLACK,
                    .tiled = i & 1};
        memory file;
        make_tiff(&r, &file);
        for (size_t n = 4; n < file.n; n += 3) {
            as_err   err = AS_ERR_NONE;
            as_image image = {0};
            uint8_t *part = malloc(n); /* exactly its size, so that a read past the end is seen */
            assert_non_null(part);
            memcpy(part, file.bytes, n);
            if (as_codec_decode(part, n, &image, NULL, &err))
                check_pixels(&r, &image);
            else
                n_refused += err.code == AS_ECORRUPT && *err.text;
            as_image_done(&image);
            free(part);
        }
        free(file.bytes);
    }
    fflush(stderr);
    assert_true(dup2(usual, STDERR_FILENO) >= 0);
    close(usual);
    assert_int_equal(ftell(said) < 0 ? -1 : lseek(fileno(said), 0, SEEK_END), 0);
    fclose(said);
    assert_true(n_refused > 1000);
}

/* Any changed byte gives a picture or an error in words. */
static void test_any_byte(void **state)
{
    (void)state;
    recipe r = {.width = 21,
                .height = 17,
                .bits = 8,
                .photometric = PHOTOMETRIC_PALETTE,
                .tiled = true,
                .compression = COMPRESSION_LZW};
    memory file;
    make_tiff(&r, &file);
    for (size_t at = 4; at < file.n; at++)
        for (int bit = 0; bit < 8; bit++) {
            as_err   err = AS_ERR_NONE;
            as_image image = {0};
            file.bytes[at] ^= (uint8_t)(1 << bit);
            if (!as_codec_decode(file.bytes, file.n, &image, NULL, &err))
                assert_true(err.code != AS_OK && *err.text && !image.data);
            as_image_done(&image);
            file.bytes[at] ^= (uint8_t)(1 << bit);
        }
    free(file.bytes);
}

static void refuse(memory *file, as_err_code code, const char *part)
{
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    bool     ok = as_codec_decode(file->bytes, file->n, &image, NULL, &err);
    if (ok || err.code != code || !strstr(err.text, part))
        fail_msg("'%s' is not '%s'", err.text, part);
    free(file->bytes);
}

static void test_refusals(void **state)
{
    (void)state;
    memory file;
    make_tiff(&(recipe){.width = 40,
                        .height = 33,
                        .bits = 8,
                        .photometric = PHOTOMETRIC_RGB,
                        .planes = true,
                        .extra = EXTRASAMPLE_UNASSALPHA + 1},
              &file);
    refuse(&file, AS_EUNSUPPORTED, "planes");
    make_tiff(&(recipe){.width = 40,
                        .height = 33,
                        .bits = 1,
                        .photometric = PHOTOMETRIC_MINISWHITE,
                        .compression = COMPRESSION_CCITTFAX4},
              &file);
    refuse(&file, AS_EUNSUPPORTED, "number 4");
    make_tiff(&(recipe){.width = 40000, .height = 1, .bits = 8}, &file);
    refuse(&file, AS_ELIMIT, "40000 x 1");
    /* A chain of pages that leads back to its first. */
    as_err        err = AS_ERR_NONE;
    as_codec_info info;
    make_tiff(&(recipe){.width = 9, .height = 7, .bits = 8}, &file);
    size_t ifd = (size_t)file.bytes[4] | (size_t)file.bytes[5] << 8, n = file.bytes[ifd];
    memcpy(file.bytes + ifd + 2 + n * 12, file.bytes + 4, 4);
    assert_true(as_codec_probe(file.bytes, file.n, &info, &err));
    assert_int_equal(info.n_pages, AS_CODEC_MAX_PAGES);
    free(file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),   cmocka_unit_test(test_planes_and_extra),
        cmocka_unit_test(test_jpeg_inside),  cmocka_unit_test(test_orientation_and_pages),
        cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_any_byte),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
