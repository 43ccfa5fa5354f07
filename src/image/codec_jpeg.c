/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG by libjpeg-turbo (ITU-T T.81; Adobe's APP14 marker as in Adobe Technical Note 5116). */
#include <setjmp.h>

#include <jpeglib.h>

#include <jerror.h>

#include "image/codec_kind.h"
#include "image/exif.h"

#define JPEG_EXIF_BYTES   6u
/* A progressive file may say the same block again and again; no encoder makes more than some dozens of scans. */
#define JPEG_SCANS_MAX    200
/* The coefficients of the largest picture allowed, and some. */
#define JPEG_MEMORY_BYTES (1L << 30)
#define JPEG_OUT_BYTES    16384u

typedef struct jpeg_reader {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr         errors;
    struct jpeg_progress_mgr      progress;
    jmp_buf                       jump;
    const uint8_t                *bytes;
    size_t                        n;
    const as_codec_target        *target;
    as_codec_info                 found;
    as_image                      out;
    uint8_t                      *row; /* one stored row, where it cannot be decoded into its place */
    as_err                       *err;
} jpeg_reader;

static as_err_code jpeg_code(int library_code)
{
    switch (library_code) {
    case JERR_OUT_OF_MEMORY: return AS_ENOMEM;
    case JERR_NO_BACKING_STORE:
    case JERR_IMAGE_TOO_BIG: return AS_ELIMIT;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL: return AS_EUNSUPPORTED;
    default: return AS_ECORRUPT;
    }
}

static void jpeg_say(j_common_ptr info, as_err *err)
{
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    as_codec_quote(text);
    as_err_code code = jpeg_code(info->err->msg_code);
    const char *what = code == AS_ECORRUPT ? "the JPEG data is damaged" : "this JPEG picture cannot be read";
    AS_FAIL(err, code, "%s: %s", what, text);
}

static void jpeg_reader_fail(j_common_ptr info)
{
    jpeg_reader *r = info->client_data;
    jpeg_say(info, r->err);
    longjmp(r->jump, 1);
}

/* The library would go on and fill in grey. */
static void jpeg_reader_warn(j_common_ptr info, int level)
{
    int  code = info->err->msg_code;
    bool harmless = code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
    if (level < 0 && !harmless)
        jpeg_reader_fail(info);
}

static void jpeg_reader_step(j_common_ptr info)
{
    jpeg_reader *r = info->client_data;
    if (r->info.input_scan_number <= JPEG_SCANS_MAX)
        return;
    AS_FAIL(r->err, AS_ELIMIT, "the JPEG picture has more than %d scans", JPEG_SCANS_MAX);
    longjmp(r->jump, 1);
}

static uint32_t jpeg_orientation(const struct jpeg_decompress_struct *info)
{
    for (const struct jpeg_marker_struct *m = info->marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length > JPEG_EXIF_BYTES &&
            memcmp(m->data, "Exif\0", JPEG_EXIF_BYTES) == 0)
            return as_exif_orientation(m->data + JPEG_EXIF_BYTES, m->data_length - JPEG_EXIF_BYTES);
    return 1;
}

static bool jpeg_header(jpeg_reader *r)
{
    struct jpeg_decompress_struct *info = &r->info;
    jpeg_create_decompress(info);
    info->client_data = r;
    info->mem->max_memory_to_use = JPEG_MEMORY_BYTES;
    r->progress.progress_monitor = jpeg_reader_step;
    info->progress = &r->progress;
    jpeg_mem_src(info, r->bytes, (unsigned long)r->n);
    jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
    (void)jpeg_read_header(info, TRUE);
    r->found.channels = (uint32_t)info->num_components;
    r->found.bit_depth = (uint32_t)info->data_precision;
    r->found.is_cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    r->found.orientation = jpeg_orientation(info);
    as_codec_info_size(&r->found, info->image_width, info->image_height);
    if (!as_image_check_size(r->found.width, r->found.height, r->err))
        return false;
    /* Each block costs one bit at least in Huffman coding: what is shorter cannot be whole, and costs no memory. */
    if (!info->arith_code && (uint64_t)info->image_width * info->image_height / 512 > r->n)
        return AS_FAIL(r->err, AS_ECORRUPT, "the JPEG data is damaged: %zu bytes cannot hold %u x %u pixels", r->n,
                       r->found.width, r->found.height);
    return true;
}

/* CMYK to RGB without a profile: light that passes the ink and the black. Adobe stores 255 for no ink. */
static void jpeg_cmyk_row(uint8_t *row, uint32_t n, bool inverted)
{
    uint8_t flip = inverted ? 0 : 255;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = row[4 * i + 3] ^ flip;
        for (uint32_t c = 0; c < 3; c++)
            row[3 * i + c] = (uint8_t)(((row[4 * i + c] ^ flip) * k + 127) / 255);
    }
}

static bool jpeg_pixels(jpeg_reader *r)
{
    struct jpeg_decompress_struct *info = &r->info;
    bool                           cmyk = r->found.is_cmyk;
    bool mono = info->num_components == 1 || (r->target->luma && info->jpeg_color_space == JCS_YCbCr);
    info->out_color_space = mono ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    if (!r->target->make(r->target->ctx, mono ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8, r->found.width, r->found.height,
                         &r->out, r->err))
        return false;
    bool direct = r->found.orientation == 1 && !cmyk;
    if (!direct)
        r->row = malloc((size_t)info->image_width * 4);
    if (!direct && !r->row)
        return AS_FAIL(r->err, AS_ENOMEM, "no memory for a row of %u pixels", info->image_width);
    (void)jpeg_start_decompress(info);
    while (info->output_scanline < info->output_height) {
        uint32_t y = info->output_scanline;
        JSAMPROW to = direct ? r->out.data + y * r->out.stride_bytes : r->row;
        (void)jpeg_read_scanlines(info, &to, 1);
        if (cmyk)
            jpeg_cmyk_row(r->row, info->image_width, info->saw_Adobe_marker);
        if (!direct)
            as_exif_put(&r->out, r->found.orientation, 0, 1, y, r->row, info->image_width);
    }
    (void)jpeg_finish_decompress(info);
    return true;
}

/* All that lives across the jump is behind r. */
static bool jpeg_guarded(jpeg_reader *r)
{
    if (setjmp(r->jump))
        return false;
    return jpeg_header(r) && (!r->target || jpeg_pixels(r));
}

static bool jpeg_read(const uint8_t *bytes, size_t n, const as_codec_target *target, as_codec_info *ret_info,
                      as_err *err)
{
    jpeg_reader r = {.bytes = bytes, .n = n, .target = target, .found = *ret_info, .err = err};
    r.info.err = jpeg_std_error(&r.errors);
    r.info.client_data = &r;
    r.errors.error_exit = jpeg_reader_fail;
    r.errors.emit_message = jpeg_reader_warn;
    bool ok = jpeg_guarded(&r);
    jpeg_destroy_decompress(&r.info);
    free(r.row);
    if (ok)
        *ret_info = r.found;
    return ok;
}

const as_codec_kind as_codec_kind_jpeg = {AS_CODEC_JPEG, "jpeg", "JPEG", {"\xff\xd8\xff"}, 3, jpeg_read};

typedef struct jpeg_writer {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr       errors;
    struct jpeg_destination_mgr sink;
    jmp_buf                     jump;
    const as_image             *image;
    int                         quality;
    uint32_t                    sampling;
    as_str                     *out;
    as_err                     *err;
    uint8_t                     buffer[JPEG_OUT_BYTES];
} jpeg_writer;

static void jpeg_writer_fail(j_common_ptr info)
{
    jpeg_writer *w = info->client_data;
    jpeg_say(info, w->err);
    longjmp(w->jump, 1);
}

static void jpeg_writer_warn(j_common_ptr info, int level)
{
    (void)info, (void)level;
}

static void jpeg_sink_init(j_compress_ptr info)
{
    jpeg_writer *w = info->client_data;
    w->sink.next_output_byte = w->buffer;
    w->sink.free_in_buffer = sizeof w->buffer;
}

static boolean jpeg_sink_full(j_compress_ptr info)
{
    jpeg_writer *w = info->client_data;
    as_str_add_bytes(w->out, w->buffer, sizeof w->buffer);
    jpeg_sink_init(info);
    return TRUE;
}

static void jpeg_sink_end(j_compress_ptr info)
{
    jpeg_writer *w = info->client_data;
    as_str_add_bytes(w->out, w->buffer, sizeof w->buffer - w->sink.free_in_buffer);
}

static bool jpeg_write_guarded(jpeg_writer *w)
{
    if (setjmp(w->jump))
        return false;
    struct jpeg_compress_struct *info = &w->info;
    const as_image              *image = w->image;
    bool                         mono = image->pixel == AS_PIXEL_MONO8;
    jpeg_create_compress(info);
    info->client_data = w;
    w->sink = (struct jpeg_destination_mgr){NULL, 0, jpeg_sink_init, jpeg_sink_full, jpeg_sink_end};
    info->dest = &w->sink;
    info->image_width = image->width;
    info->image_height = image->height;
    info->input_components = mono ? 1 : 3;
    info->in_color_space = mono ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, w->quality, TRUE);
    if (!mono) {
        info->comp_info[0].h_samp_factor = (int)(w->sampling >> 4);
        info->comp_info[0].v_samp_factor = (int)(w->sampling & 15);
    }
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = image->data + info->next_scanline * image->stride_bytes;
        (void)jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
    return true;
}

bool as_codec_encode_jpeg(const as_image *image, int quality, as_str *out, as_err *err)
{
    return as_codec_encode_jpeg_sampled(image, quality, 0x22, out, err);
}

bool as_codec_encode_jpeg_sampled(const as_image *image, int quality, uint32_t sampling, as_str *out, as_err *err)
{
    if (!as_image_check(image, err))
        return false;
    if (quality < 1 || quality > 100)
        return AS_FAIL(err, AS_EINVAL, "a JPEG quality of %d cannot be: 1 to 100 are possible", quality);
    jpeg_writer *w = calloc(1, sizeof *w);
    if (!w)
        return AS_FAIL(err, AS_ENOMEM, "no memory for writing a JPEG picture");
    w->image = image;
    w->quality = quality;
    w->sampling = sampling;
    w->out = out;
    w->err = err;
    w->info.err = jpeg_std_error(&w->errors);
    w->info.client_data = w;
    w->errors.error_exit = jpeg_writer_fail;
    w->errors.emit_message = jpeg_writer_warn;
    bool ok = jpeg_write_guarded(w);
    jpeg_destroy_compress(&w->info);
    free(w);
    if (ok && !as_str_ok(out))
        return AS_FAIL(err, AS_ENOMEM, "no memory for writing a JPEG picture");
    return ok;
}
