/* SPDX-License-Identifier: Apache-2.0 */
/* weights.h - memory of constants, which all engines of this process that hold the same bytes share. Private to engine.
 *
 * Layer:   engine.
 * Threads: any thread; a block belongs to one until it is shared, and is read-only from then on.
 * Memory:  as_weights_new allocates, as_weights_unref frees with the last user.
 *
 * Sharing is by content, after weights have been folded, packed and converted: sessions of one model share them whatever
 * they were opened from, and models of one backbone do too. Nothing is hashed as a whole: a few places of a block choose
 * those that may be equal, and these are compared. Large blocks are pages of their own, which nobody can write to any more.
 */
#ifndef AS_ENGINE_WEIGHTS_H
#define AS_ENGINE_WEIGHTS_H

#include "base/err.h"

#define AS_WEIGHTS_ALIGN ((size_t)64)
#define AS_WEIGHTS_LARGE ((size_t)64 << 10) /* below, a block is neither shared nor protected */

typedef struct as_weights as_weights;

/* Zero-filled; AS_ENOMEM. */
AS_CHECK as_weights *as_weights_new(size_t bytes, as_err *err);
void                *as_weights_data(as_weights *block);
size_t               as_weights_bytes(const as_weights *block);
/* Nobody writes to it from now on. Consumes it, and returns the block that stays: it, or one of the same bytes. */
as_weights *as_weights_share(as_weights *block);
as_weights *as_weights_unref(as_weights *block);           /* NULL is fine */
bool        as_weights_is_shared(const as_weights *block); /* more than one user holds it */

/* Of the whole process: how many blocks are shared or could be, and their bytes. */
void as_weights_count(size_t *ret_blocks, size_t *ret_bytes);

#endif
