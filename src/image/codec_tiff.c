/* SPDX-License-Identifier: Apache-2.0 */
/* TIFF by libtiff (Adobe, TIFF 6.0; BigTIFF; the technical notes on Deflate and JPEG): the first page. */
#include <stdarg.h>
#include <stdio.h>

#include <tiffio.h>

#include "image/codec_kind.h"
#include "image/exif.h"

/* LZW makes at most some 2,700 bytes of one; Deflate 1,032, JPEG 512 and PackBits 64. */
#define TIFF_MOST_RATIO     2800u
#define TIFF_TILE_BYTES     (64u << 20) /* larger tiles are not made */
#define TIFF_LIBRARY_BYTES  (64u << 20) /* of one allocation, where the file itself is shorter */
#define TIFF_MOST_SAMPLES   16u
#define TIFF_PALETTE_COLORS 256u

typedef struct tiff_reader {
    const uint8_t *bytes;
    size_t         n;
    uint64_t       at;
    TIFF          *tiff;
    as_codec_info  found;
    uint32_t       width, height; /* as stored */
    uint16_t       bits, samples, photometric, planar, compression;
    uint32_t       colors, planes; /* channels that come out; planes that are read one after the other */
    bool           cmyk, premultiplied, damaged, reading;
    uint8_t        palette[TIFF_PALETTE_COLORS][3];
    as_image       out;
    uint8_t       *stored, *row, *whole; /* what the library hands out; packed pixels of it; all of it, in planes */
    char           said[200];            /* the library's first complaint */
    as_err        *err;
} tiff_reader;

static bool tiff_fail(const tiff_reader *r, const char *why)
{
    return AS_FAIL(r->err, AS_ECORRUPT, "the TIFF data is damaged: %s", *r->said ? r->said : why);
}

static bool tiff_unsupported(const tiff_reader *r, const char *what, unsigned number)
{
    return AS_FAIL(r->err, AS_EUNSUPPORTED, "this TIFF picture cannot be read: %s %u", what, number);
}

/* --- the file, for the library --- */

static tmsize_t tiff_on_read(thandle_t ctx, void *to, tmsize_t n)
{
    tiff_reader *r = ctx;
    if (n <= 0 || r->at >= r->n)
        return 0;
    size_t count = AS_MIN((size_t)n, r->n - (size_t)r->at);
    memcpy(to, r->bytes + r->at, count);
    r->at += count;
    return (tmsize_t)count;
}

static tmsize_t tiff_on_write(thandle_t ctx, void *from, tmsize_t n)
{
    (void)ctx, (void)from, (void)n;
    return -1;
}

static toff_t tiff_on_seek(thandle_t ctx, toff_t offset, int whence)
{
    tiff_reader *r = ctx;
    r->at = offset + (whence == SEEK_CUR ? r->at : whence == SEEK_END ? r->n : 0);
    return r->at;
}

static int tiff_on_close(thandle_t ctx)
{
    (void)ctx;
    return 0;
}

static toff_t tiff_on_size(thandle_t ctx)
{
    const tiff_reader *r = ctx;
    return r->n;
}

static int tiff_on_error(TIFF *tiff, void *ctx, const char *module, const char *fmt, va_list ap) AS_PRINTF(4, 0);

static int tiff_on_error(TIFF *tiff, void *ctx, const char *module, const char *fmt, va_list ap)
{
    tiff_reader *r = ctx;
    (void)tiff, (void)module;
    if (!*r->said) {
        char text[sizeof r->said];
        vsnprintf(text, sizeof text, fmt, ap);
        as_str safe;
        as_str_init(&safe);
        as_str_add_escaped(&safe, text, strlen(text));
        as_str_copy(r->said, sizeof r->said - 8, safe.s); /* libtiff quotes tags, which are ASCII, or were escaped */
        as_str_done(&safe);
        as_codec_quote(r->said);
    }
    r->damaged = true;
    return 1;
}

/* Its JPEG decoder would go on and fill in grey. */
static int tiff_on_warning(TIFF *tiff, void *ctx, const char *module, const char *fmt, va_list ap) AS_PRINTF(4, 0);

static int tiff_on_warning(TIFF *tiff, void *ctx, const char *module, const char *fmt, va_list ap)
{
    tiff_reader *r = ctx;
    if (r->reading && module && strcmp(module, "JPEGLib") == 0)
        return tiff_on_error(tiff, ctx, module, fmt, ap);
    return 1;
}

/* --- pages: the library's own count takes quadratic time on hostile chains --- */

static uint64_t tiff_uint(const tiff_reader *r, uint64_t at, uint32_t n)
{
    uint64_t value = 0;
    if (at > r->n || n > r->n - at)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        value = value << 8 | r->bytes[at + (r->bytes[0] == 'I' ? n - 1 - i : i)];
    return value;
}

static uint32_t tiff_count_pages(const tiff_reader *r)
{
    bool     big = tiff_uint(r, 2, 2) == 43;
    uint32_t word = big ? 8 : 4, pages = 0;
    for (uint64_t at = tiff_uint(r, big ? 8 : 4, word); at && pages < AS_CODEC_MAX_PAGES; pages++) {
        uint64_t entries = tiff_uint(r, at, big ? 8 : 2);
        if (entries == 0 || entries > r->n / 12)
            break;
        at = tiff_uint(r, at + (big ? 8 + entries * 20 : 2 + entries * 12), word);
    }
    return AS_MAX(pages, 1u);
}

/* --- what the header says --- */

static bool tiff_read_palette(tiff_reader *r)
{
    uint16_t *map[3];
    uint32_t  n = 1u << r->bits, most = 0;
    if (!TIFFGetField(r->tiff, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]))
        return tiff_fail(r, "its palette is not there");
    for (uint32_t i = 0; i < n; i++)
        for (int c = 0; c < 3; c++)
            most = AS_MAX(most, (uint32_t)map[c][i]);
    /* Some writers take the 16 bits for 8. */
    for (uint32_t i = 0; i < n; i++)
        for (int c = 0; c < 3; c++)
            r->palette[i][c] = (uint8_t)(most < 256 ? map[c][i] : (map[c][i] * 255u + 32767) / 65535);
    return true;
}

static bool tiff_read_kind(tiff_reader *r)
{
    static const uint16_t compressions[] = {COMPRESSION_NONE,    COMPRESSION_LZW,           COMPRESSION_PACKBITS,
                                            COMPRESSION_DEFLATE, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_JPEG};
    bool                  known = false;
    for (size_t i = 0; i < AS_COUNT(compressions); i++)
        known = known || r->compression == compressions[i];
    if (!known)
        return tiff_unsupported(r, "its compression has the number", r->compression);
    bool     jpeg = r->compression == COMPRESSION_JPEG;
    uint32_t need = 0;
    switch (r->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK: need = 1; break;
    case PHOTOMETRIC_RGB: need = 3; break;
    case PHOTOMETRIC_PALETTE: need = 1; break;
    case PHOTOMETRIC_YCBCR: need = jpeg ? 3 : 0; break;
    case PHOTOMETRIC_SEPARATED: need = 4; break;
    default: break;
    }
    if (need == 0)
        return tiff_unsupported(r, "its colours are of the kind", r->photometric);
    if (r->samples < need || r->samples > TIFF_MOST_SAMPLES)
        return tiff_unsupported(r, "its channels are", r->samples);
    bool whole = r->bits == 8 || (r->bits == 16 && !jpeg && r->photometric != PHOTOMETRIC_PALETTE);
    bool few = need == 1 && r->samples == 1 && (r->bits == 1 || r->bits == 2 || r->bits == 4) && !jpeg;
    if (!whole && !few)
        return tiff_unsupported(r, "the bits of each channel are", r->bits);
    r->cmyk = r->photometric == PHOTOMETRIC_SEPARATED;
    r->colors = need == 1 && r->photometric != PHOTOMETRIC_PALETTE ? 1 : 3;
    if (jpeg && r->photometric == PHOTOMETRIC_YCBCR && !TIFFSetField(r->tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB))
        return tiff_fail(r, "its colours cannot be converted");
    return r->photometric != PHOTOMETRIC_PALETTE || tiff_read_palette(r);
}

static bool tiff_read_extras(tiff_reader *r)
{
    uint16_t n_extra = 0, format = SAMPLEFORMAT_UINT, orientation = 1, *extra = NULL;
    uint32_t colors = r->cmyk ? 4 : r->photometric == PHOTOMETRIC_PALETTE ? 1 : r->colors;
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SAMPLEFORMAT, &format);
    if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID)
        return tiff_unsupported(r, "its numbers are of the kind", format);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_EXTRASAMPLES, &n_extra, &extra);
    bool alpha = n_extra > 0 && extra && r->samples > colors && !r->cmyk && r->photometric != PHOTOMETRIC_PALETTE &&
                 (extra[0] == EXTRASAMPLE_ASSOCALPHA || extra[0] == EXTRASAMPLE_UNASSALPHA);
    r->premultiplied = alpha && extra[0] == EXTRASAMPLE_ASSOCALPHA;
    TIFFGetField(r->tiff, TIFFTAG_ORIENTATION, &orientation);
    r->found.orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
    r->found.has_alpha = alpha;
    r->found.has_palette = r->photometric == PHOTOMETRIC_PALETTE;
    r->found.is_cmyk = r->cmyk;
    r->found.channels = r->cmyk ? 4 : r->colors + (alpha ? 1 : 0);
    r->found.bit_depth = r->bits;
    /* Alpha is laid over black where pixels come whole; in planes it would need a second one. */
    r->planes = r->planar == PLANARCONFIG_SEPARATE && r->samples > 1 ? colors : 1;
    if (r->planes > 1 && (r->cmyk || (alpha && !r->premultiplied)))
        return tiff_unsupported(r, "its planes are more than colours:", r->samples);
    if (r->planar == PLANARCONFIG_SEPARATE && r->planes == 1 && alpha && !r->premultiplied)
        return tiff_unsupported(r, "its planes are more than colours:", r->samples);
    return true;
}

static bool tiff_header(tiff_reader *r)
{
    TIFF *t = r->tiff;
    if (!TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &r->width) || !TIFFGetField(t, TIFFTAG_IMAGELENGTH, &r->height))
        return tiff_fail(r, "it does not say its size");
    if (!as_image_check_size(r->width, r->height, r->err))
        return false;
    TIFFGetFieldDefaulted(t, TIFFTAG_BITSPERSAMPLE, &r->bits);
    TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLESPERPIXEL, &r->samples);
    TIFFGetFieldDefaulted(t, TIFFTAG_PLANARCONFIG, &r->planar);
    TIFFGetFieldDefaulted(t, TIFFTAG_COMPRESSION, &r->compression);
    if (!TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &r->photometric))
        r->photometric = r->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (!tiff_read_kind(r) || !tiff_read_extras(r))
        return false;
    as_codec_info_size(&r->found, r->width, r->height);
    if ((uint64_t)r->width * r->height / 8 * r->bits > (uint64_t)r->n * TIFF_MOST_RATIO)
        return AS_FAIL(r->err, AS_ECORRUPT, "the TIFF data is damaged: %zu bytes cannot hold %u x %u pixels", r->n,
                       r->found.width, r->found.height);
    r->found.n_pages = tiff_count_pages(r);
    return true;
}

/* --- pixels --- */

/* Sample i of what the library handed out, as 0..most of its bits. */
static uint32_t tiff_sample(const tiff_reader *r, size_t i)
{
    if (r->bits == 16) {
        uint16_t value;
        memcpy(&value, r->stored + 2 * i, sizeof value);
        return value;
    }
    if (r->bits == 8)
        return r->stored[i];
    size_t per_byte = 8u / r->bits;
    return (uint32_t)r->stored[i / per_byte] >> ((per_byte - 1 - i % per_byte) * r->bits) & ((1u << r->bits) - 1);
}

/* count pixels of `step` samples each in r->stored, to `to`. Transparent ones are laid over black; ink takes light away. */
static void tiff_convert(const tiff_reader *r, uint32_t count, uint32_t step, uint32_t colors, uint8_t *to)
{
    bool     flatten = r->found.has_alpha && !r->premultiplied && step > colors;
    bool     invert = r->cmyk || r->photometric == PHOTOMETRIC_MINISWHITE;
    uint64_t most = (1u << r->bits) - 1, through = most;
    if (r->bits == 8 && step == colors && !r->found.has_palette && !invert) {
        memcpy(to, r->stored, (size_t)count * colors);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = i * step;
        if (r->found.has_palette) {
            memcpy(to + 3 * i, r->palette[tiff_sample(r, at)], 3);
            continue;
        }
        if (r->cmyk)
            through = most - tiff_sample(r, at + 3);
        else if (flatten)
            through = tiff_sample(r, at + colors);
        for (size_t c = 0; c < colors; c++) {
            uint64_t value = tiff_sample(r, at + c);
            if (invert)
                value = most - value;
            to[colors * i + c] = (uint8_t)((value * through * 255 + most * most / 2) / (most * most));
        }
    }
}

/* The first `count` pixels in r->stored go to stored column x of stored row y. */
static void tiff_put(const tiff_reader *r, uint32_t plane, uint32_t x, uint32_t y, uint32_t count)
{
    bool separate = r->planar == PLANARCONFIG_SEPARATE;
    if (r->planes == 1) {
        tiff_convert(r, count, separate ? 1 : r->samples, r->colors, r->row);
        as_exif_put(&r->out, r->found.orientation, x, 1, y, r->row, count);
        return;
    }
    tiff_convert(r, count, 1, 1, r->row);
    uint8_t *to = r->whole + ((size_t)y * r->width + x) * r->colors + plane;
    for (size_t i = 0; i < count; i++)
        to[i * r->colors] = r->row[i];
}

static bool tiff_row_of_strips(tiff_reader *r, uint32_t plane)
{
    for (uint32_t y = 0; y < r->height; y++) {
        if (TIFFReadScanline(r->tiff, r->stored, y, (uint16_t)plane) < 0 || r->damaged)
            return tiff_fail(r, "it ends early");
        tiff_put(r, plane, 0, y, r->width);
    }
    return true;
}

static bool tiff_rows_of_tiles(tiff_reader *r, uint32_t plane, uint32_t across, uint32_t down, size_t row_bytes)
{
    uint8_t *tile = r->stored;
    for (uint32_t y = 0; y < r->height; y += down)
        for (uint32_t x = 0; x < r->width; x += across) {
            bool ok = TIFFReadTile(r->tiff, tile, x, y, 0, (uint16_t)plane) >= 0 && !r->damaged;
            for (uint32_t k = 0; ok && k < down && y + k < r->height; k++) {
                r->stored = tile + k * row_bytes;
                tiff_put(r, plane, x, y + k, AS_MIN(across, r->width - x));
            }
            r->stored = tile;
            if (!ok)
                return tiff_fail(r, "it ends early");
        }
    return true;
}

/* What one row of a strip or tile, and all the library hands out at once, takes: refused where it is not as it must be. */
static bool tiff_allocate(tiff_reader *r, uint32_t across, uint32_t down, size_t *ret_row_bytes)
{
    bool     tiled = TIFFIsTiled(r->tiff);
    uint64_t per_pixel = (uint64_t)r->bits * (r->planar == PLANARCONFIG_SEPARATE ? 1 : r->samples);
    uint64_t row_bytes = (across * per_pixel + 7) / 8, all = tiled ? row_bytes * down : row_bytes;
    if (tiled && (across == 0 || down == 0 || across > AS_IMAGE_MAX_SIDE || down > AS_IMAGE_MAX_SIDE))
        return tiff_fail(r, "its tiles have no size");
    if (all > TIFF_TILE_BYTES)
        return AS_FAIL(r->err, AS_ELIMIT, "a tile of %u x %u pixels is larger than allowed", across, down);
    if (row_bytes != (tiled ? TIFFTileRowSize64(r->tiff) : TIFFScanlineSize64(r->tiff)) ||
        (tiled && all != TIFFTileSize64(r->tiff)))
        return tiff_fail(r, "its rows are not as long as its header says");
    r->stored = malloc(all);
    r->row = malloc((size_t)across * 3);
    if (r->planes > 1)
        r->whole = malloc((size_t)r->width * r->height * r->colors);
    if (!r->stored || !r->row || (r->planes > 1 && !r->whole))
        return AS_FAIL(r->err, AS_ENOMEM, "no memory for a TIFF picture of %u x %u pixels", r->width, r->height);
    *ret_row_bytes = row_bytes;
    return true;
}

static bool tiff_pixels(tiff_reader *r, const as_codec_target *target)
{
    uint32_t across = r->width, down = 1;
    size_t   row_bytes = 0;
    bool     tiled = TIFFIsTiled(r->tiff);
    if (tiled &&
        (!TIFFGetField(r->tiff, TIFFTAG_TILEWIDTH, &across) || !TIFFGetField(r->tiff, TIFFTAG_TILELENGTH, &down)))
        return tiff_fail(r, "its tiles have no size");
    if (!tiff_allocate(r, across, down, &row_bytes) ||
        !target->make(target->ctx, r->colors == 1 ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8, r->found.width, r->found.height,
                      &r->out, r->err))
        return false;
    r->reading = true;
    bool ok = true;
    for (uint32_t plane = 0; ok && plane < r->planes; plane++)
        ok = tiled ? tiff_rows_of_tiles(r, plane, across, down, row_bytes) : tiff_row_of_strips(r, plane);
    for (uint32_t y = 0; ok && r->planes > 1 && y < r->height; y++)
        as_exif_put(&r->out, r->found.orientation, 0, 1, y, r->whole + (size_t)y * r->width * r->colors, r->width);
    return ok;
}

static bool tiff_open(tiff_reader *r)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return AS_FAIL(r->err, AS_ENOMEM, "no memory for reading a TIFF picture");
    TIFFOpenOptionsSetErrorHandlerExtR(options, tiff_on_error, r);
    TIFFOpenOptionsSetWarningHandlerExtR(options, tiff_on_warning, r);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)AS_MAX(r->n, (size_t)TIFF_LIBRARY_BYTES));
    /* m: do not map, and so never read behind the end; O: offsets are read when they are needed. */
    r->tiff = TIFFClientOpenExt("picture", "rm", r, tiff_on_read, tiff_on_write, tiff_on_seek, tiff_on_close,
                                tiff_on_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return r->tiff || tiff_fail(r, "it has no first page");
}

static bool tiff_read(const uint8_t *bytes, size_t n, const as_codec_target *target, as_codec_info *ret_info,
                      as_err *err)
{
    tiff_reader *r = calloc(1, sizeof *r);
    if (!r)
        return AS_FAIL(err, AS_ENOMEM, "no memory for reading a TIFF picture");
    r->bytes = bytes;
    r->n = n;
    r->found = *ret_info;
    r->err = err;
    bool ok = tiff_open(r) && tiff_header(r) && (!target || tiff_pixels(r, target));
    if (r->tiff)
        TIFFClose(r->tiff);
    if (ok)
        *ret_info = r->found;
    free(r->stored);
    free(r->row);
    free(r->whole);
    free(r);
    return ok;
}

const as_codec_kind as_codec_kind_tiff = {AS_CODEC_TIFF, "tiff", "TIFF", {"II*\0", "MM\0*", "II+\0", "MM\0+"}, 4,
                                          tiff_read};
