/* SPDX-License-Identifier: Apache-2.0 */
/* png_io.h - libpng over bytes in memory; its errors become ours, after a jump.
 *
 * After opening, and before anything else of the library, the caller says `if (setjmp(io->jump))`: whatever the library does
 * not like ends there, with *err filled in. So all that lives across the jump is kept behind pointers.
 *
 * Layer:   image, for its PNG files.
 * Threads: any thread (no shared state).
 * Memory:  the caller keeps the bytes or the text; what was opened is closed by as_png_io_close.
 */
#ifndef AS_IMAGE_PNG_IO_H
#define AS_IMAGE_PNG_IO_H

#include <png.h>
#include <setjmp.h>

#include "base/err.h"
#include "base/str.h"

typedef struct as_png_io {
    png_structp    png;
    png_infop      info;
    jmp_buf        jump;
    bool           writes;
    const uint8_t *bytes; /* read from */
    size_t         n, at;
    as_str        *out; /* written to */
    as_err        *err;
} as_png_io;

/* AS_ENOMEM. Until it is closed, io, bytes and err stay where they are. */
bool as_png_io_read(as_png_io *io, const uint8_t *bytes, size_t n, as_err *err);
bool as_png_io_write(as_png_io *io, as_str *out, as_err *err);
/* Of one that never opened, too. */
void as_png_io_close(as_png_io *io);

#endif
