/* SPDX-License-Identifier: Apache-2.0 */
/* PNG by libpng (W3C Portable Network Graphics, third edition). */
#include "image/codec_kind.h"
#include "image/exif.h"
#include "image/png_io.h"
#include "image/prepare.h"
#include "image/unpack.h"

#define PNG_HEADER_BYTES 33u /* signature, and the IHDR chunk with its CRC */
/* Deflate makes at most 1032 bytes of one (RFC 1951). */
#define PNG_MOST_RATIO   1032u

typedef struct png_reader {
    as_png_io              io;
    const as_codec_target *target;
    as_codec_info          found;
    uint32_t               width, height; /* as stored */
    uint32_t               samples;       /* values of each pixel as the library hands it out */
    bool                   wide;          /* of 16 bits, otherwise 8 */
    as_image               out;
    uint8_t               *row;
} png_reader;

/* Chunks that say nothing about the pixels we make; some can hold a great deal. Their CRC is still checked. */
static const uint8_t png_ignored[] = "bKGD\0cHRM\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0"
                                     "sTER\0tEXt\0tIME\0zTXt";
#define PNG_IGNORED_CHUNKS ((int)(sizeof png_ignored / 5))

static uint32_t png_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Before the library, which allocates by what the header claims. */
static bool png_check_claim(const uint8_t *bytes, size_t n, as_err *err)
{
    if (n < PNG_HEADER_BYTES)
        return AS_FAIL(err, AS_ECORRUPT, "the PNG data is damaged: it ends early");
    if (memcmp(bytes + 12, "IHDR", 4) != 0)
        return AS_FAIL(err, AS_ECORRUPT, "the PNG data is damaged: it does not begin with its header");
    uint32_t width = png_be32(bytes + 16), height = png_be32(bytes + 20), depth = bytes[24];
    if (!as_image_check_size(width, height, err))
        return false;
    if ((uint64_t)width * height / 8 * depth > (uint64_t)n * PNG_MOST_RATIO)
        return AS_FAIL(err, AS_ECORRUPT, "the PNG data is damaged: %zu bytes cannot hold %u x %u pixels", n, width,
                       height);
    return true;
}

static void png_header(png_reader *r)
{
    png_structp png = r->io.png;
    png_set_user_limits(png, AS_IMAGE_MAX_SIDE, AS_IMAGE_MAX_SIDE);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, png_ignored, PNG_IGNORED_CHUNKS);
    png_read_info(png, r->io.info);
    int         color = png_get_color_type(png, r->io.info);
    png_bytep   exif = NULL;
    png_uint_32 exif_bytes = 0;
    if (png_get_eXIf_1(png, r->io.info, &exif_bytes, &exif) && exif)
        r->found.orientation = as_exif_orientation(exif, exif_bytes);
    r->width = png_get_image_width(png, r->io.info);
    r->height = png_get_image_height(png, r->io.info);
    r->found.bit_depth = png_get_bit_depth(png, r->io.info);
    r->found.has_palette = color == PNG_COLOR_TYPE_PALETTE;
    r->found.has_alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, r->io.info, PNG_INFO_tRNS) != 0;
    r->found.channels = r->found.has_palette ? 3 : png_get_channels(png, r->io.info);
    as_codec_info_size(&r->found, r->width, r->height);
}

/* Over black a colour keeps the share that its alpha says. */
static void png_flatten(uint8_t *row, uint32_t n, uint32_t samples)
{
    uint32_t colors = samples - 1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t alpha = row[samples * i + colors];
        for (uint32_t c = 0; c < colors; c++)
            row[colors * i + c] = (uint8_t)((row[samples * i + c] * alpha + 127) / 255);
    }
}

/* The same of big-endian 16-bit samples, rounded once, at the end. */
static void png_flatten_16(uint8_t *row, uint32_t n, uint32_t samples)
{
    uint32_t colors = samples - 1;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *from = row + (size_t)2 * samples * i;
        uint64_t       alpha = (uint64_t)from[2 * colors] << 8 | from[2 * colors + 1];
        for (uint32_t c = 0; c < colors; c++) {
            uint64_t value = (uint64_t)from[2 * c] << 8 | from[2 * c + 1];
            row[colors * i + c] = (uint8_t)((value * alpha * 255 + 65535ull * 65535 / 2) / (65535ull * 65535));
        }
    }
}

/* One row that the library hands out: of the whole picture, or of one of the seven passes of an interlaced one. */
static void png_row(png_reader *r, uint32_t x, uint32_t step, uint32_t y, uint32_t count)
{
    bool     alpha = r->samples == 2 || r->samples == 4;
    bool     direct = !alpha && step == 1 && r->found.orientation == 1;
    uint8_t *to = direct ? r->out.data + y * r->out.stride_bytes : r->row;
    png_read_row(r->io.png, to, NULL);
    if (alpha && r->wide)
        png_flatten_16(to, count, r->samples);
    else if (alpha)
        png_flatten(to, count, r->samples);
    if (!direct)
        as_exif_put(&r->out, r->found.orientation, x, step, y, to, count);
}

static bool png_pixels(png_reader *r)
{
    png_structp png = r->io.png;
    png_set_expand(png);
    r->wide = r->found.bit_depth == 16 && r->found.has_alpha;
    if (!r->wide)
        png_set_scale_16(png);
    png_read_update_info(png, r->io.info);
    r->samples = png_get_channels(png, r->io.info);
    size_t row_bytes = png_get_rowbytes(png, r->io.info);
    if (row_bytes != (size_t)r->width * r->samples * (r->wide ? 2 : 1) || r->samples > 4)
        return AS_FAIL(r->io.err, AS_EINTERNAL, "a PNG row of %u pixels came out as %zu bytes", r->width, row_bytes);
    if (!r->target->make(r->target->ctx, r->samples <= 2 ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8, r->found.width,
                         r->found.height, &r->out, r->io.err))
        return false;
    r->row = malloc(row_bytes);
    if (!r->row)
        return AS_FAIL(r->io.err, AS_ENOMEM, "no memory for a row of %u pixels", r->width);
    bool interlaced = png_get_interlace_type(png, r->io.info) != PNG_INTERLACE_NONE;
    for (uint32_t y = 0; !interlaced && y < r->height; y++)
        png_row(r, 0, 1, y, r->width);
    for (int pass = 0; interlaced && pass < PNG_INTERLACE_ADAM7_PASSES; pass++) {
        int columns = PNG_PASS_COLS((int)r->width, pass), rows = PNG_PASS_ROWS((int)r->height, pass);
        for (int i = 0; columns > 0 && i < rows; i++)
            png_row(r, (uint32_t)PNG_PASS_START_COL(pass), 1u << PNG_PASS_COL_SHIFT(pass),
                    (uint32_t)PNG_ROW_FROM_PASS_ROW(i, pass), (uint32_t)columns);
    }
    png_read_end(png, NULL);
    return true;
}

/* All that lives across the jump is behind r. */
static bool png_guarded(png_reader *r)
{
    if (setjmp(r->io.jump))
        return false;
    png_header(r);
    return !r->target || png_pixels(r);
}

static bool png_read(const uint8_t *bytes, size_t n, const as_codec_target *target, as_codec_info *ret_info,
                     as_err *err)
{
    if (!png_check_claim(bytes, n, err))
        return false;
    png_reader r = {.target = target, .found = *ret_info};
    bool       ok = as_png_io_read(&r.io, bytes, n, err) && png_guarded(&r);
    as_png_io_close(&r.io);
    free(r.row);
    if (ok)
        *ret_info = r.found;
    return ok;
}

const as_codec_kind as_codec_kind_png = {AS_CODEC_PNG, "png", "PNG", {"\x89PNG\r\n\x1a\n"}, 8, png_read};

typedef struct png_writer {
    as_png_io       io;
    const as_image *image;
    int             effort;
    as_unpack      *deep; /* NULL: 8 bits a sample, else 16 */
    bool            colour;
    uint8_t        *row; /* of a deep one */
} png_writer;

/* All of the 16 bits are used, whatever the sensor has: white is white in every viewer. The higher byte first. */
static const uint8_t *png_deep_row(png_writer *w, uint32_t y)
{
    const uint16_t *from[3] = {NULL};
    uint32_t        most = w->colour ? w->deep->colour_most : w->deep->most, n = w->colour ? 3 : 1;
    if (w->colour)
        as_unpack_colour(w->deep, y, from);
    else
        from[0] = as_unpack_row(w->deep, y);
    for (uint32_t c = 0; c < n; c++)
        for (uint32_t x = 0; x < w->image->width; x++) {
            uint32_t value = (uint32_t)(((uint64_t)from[c][x] * 65535u + most / 2) / most);
            uint8_t *to = w->row + 2 * ((size_t)x * n + c);
            to[0] = (uint8_t)(value >> 8);
            to[1] = (uint8_t)value;
        }
    return w->row;
}

static bool png_write_guarded(png_writer *w)
{
    if (setjmp(w->io.jump))
        return false;
    const as_image *image = w->image;
    png_set_compression_level(w->io.png, w->effort);
    /* Trying all five filters costs more than deflate at low levels. */
    png_set_filter(w->io.png, PNG_FILTER_TYPE_BASE,
                   w->effort == 0  ? PNG_FILTER_NONE
                   : w->effort < 4 ? PNG_FILTER_UP
                                   : PNG_ALL_FILTERS);
    png_set_IHDR(w->io.png, w->io.info, image->width, image->height, w->deep ? 16 : 8,
                 (w->deep && !w->colour) || image->pixel == AS_PIXEL_MONO8 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->io.png, w->io.info);
    for (uint32_t y = 0; y < image->height; y++)
        png_write_row(w->io.png, w->deep ? png_deep_row(w, y) : image->data + y * image->stride_bytes);
    png_write_end(w->io.png, NULL);
    return true;
}

static bool png_write(png_writer *w, as_str *out, as_err *err)
{
    if (w->effort < 0 || w->effort > 9)
        return AS_FAIL(err, AS_EINVAL, "a PNG effort of %d cannot be: 0 to 9 are possible", w->effort);
    bool ok = as_png_io_write(&w->io, out, err) && png_write_guarded(w);
    as_png_io_close(&w->io);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "no memory for writing a PNG picture"));
}

bool as_codec_encode_png(const as_image *image, int effort, as_str *out, as_err *err)
{
    png_writer w = {.image = image, .effort = effort};
    return as_image_check(image, err) && png_write(&w, out, err);
}

static bool png_write_deep(const as_image *image, int effort, as_str *out, as_err *err)
{
    as_unpack  unpack = {0};
    bool       colour = as_pixel_facts_of(image->pixel)->kind == AS_PIXEL_KIND_BAYER;
    png_writer w = {.image = image, .effort = effort, .deep = &unpack, .colour = colour};
    if (!as_unpack_init(&unpack, image->pixel, image->width, colour, err))
        return false;
    as_unpack_begin(&unpack, image);
    w.row = malloc((size_t)image->width * 2 * (colour ? 3 : 1));
    bool ok = w.row ? png_write(&w, out, err) : AS_FAIL(err, AS_ENOMEM, "no memory for writing a PNG picture");
    free(w.row);
    as_unpack_done(&unpack);
    return ok;
}

bool as_codec_encode_png_any(const as_image *image, int effort, as_str *out, as_err *err)
{
    as_image plain = {0};
    if (!as_image_check_any(image, err))
        return false;
    if (as_pixel_plain(image->pixel))
        return as_codec_encode_png(image, effort, out, err);
    const as_pixel_facts *facts = as_pixel_facts_of(image->pixel);
    if (facts->kind == AS_PIXEL_KIND_MONO || (facts->kind == AS_PIXEL_KIND_BAYER && facts->bits > 8))
        return png_write_deep(image, effort, out, err);
    bool ok = as_image_new(&plain, AS_PIXEL_RGB8, image->width, image->height, err) &&
              as_image_resize(image, AS_RESIZE_STANDARD, 0, &plain, err) &&
              as_codec_encode_png(&plain, effort, out, err);
    as_image_done(&plain);
    return ok;
}
