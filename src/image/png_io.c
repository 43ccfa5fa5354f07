/* SPDX-License-Identifier: Apache-2.0 */
#include "image/png_io.h"

#include <string.h>

#include "image/codec_kind.h"

static void png_io_fail(png_structp png, png_const_charp said)
{
    as_png_io *io = png_get_error_ptr(png);
    char       text[160];
    as_str_copy(text, sizeof text, said);
    as_codec_quote(text);
    if (io->writes)
        AS_FAIL(io->err, AS_EIO, "cannot write a PNG picture: %s", text);
    else
        AS_FAIL(io->err, AS_ECORRUPT, "the PNG data is damaged: %s", text);
    longjmp(io->jump, 1);
}

static void png_io_warn(png_structp png, png_const_charp said)
{
    (void)png, (void)said;
}

static void png_io_take(png_structp png, png_bytep to, size_t n)
{
    as_png_io *io = png_get_io_ptr(png);
    if (n > io->n - io->at)
        png_error(png, "it ends early");
    memcpy(to, io->bytes + io->at, n);
    io->at += n;
}

static void png_io_add(png_structp png, png_bytep from, size_t n)
{
    as_png_io *io = png_get_io_ptr(png);
    as_str_add_bytes(io->out, from, n);
}

static void png_io_flush(png_structp png)
{
    (void)png;
}

bool as_png_io_read(as_png_io *io, const uint8_t *bytes, size_t n, as_err *err)
{
    io->bytes = bytes;
    io->n = n;
    io->err = err;
    io->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, io, png_io_fail, png_io_warn);
    io->info = io->png ? png_create_info_struct(io->png) : NULL;
    if (!io->info)
        return AS_FAIL(err, AS_ENOMEM, "no memory for reading a PNG picture");
    png_set_read_fn(io->png, io, png_io_take);
    return true;
}

bool as_png_io_write(as_png_io *io, as_str *out, as_err *err)
{
    io->writes = true;
    io->out = out;
    io->err = err;
    io->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, io, png_io_fail, png_io_warn);
    io->info = io->png ? png_create_info_struct(io->png) : NULL;
    if (!io->info)
        return AS_FAIL(err, AS_ENOMEM, "no memory for writing a PNG picture");
    png_set_write_fn(io->png, io, png_io_add, png_io_flush);
    return true;
}

void as_png_io_close(as_png_io *io)
{
    if (io->writes)
        png_destroy_write_struct(&io->png, &io->info);
    else
        png_destroy_read_struct(&io->png, &io->info, NULL);
}
