/* SPDX-License-Identifier: Apache-2.0 */
/* share.h - one picture under two names without two copies, as far as the file system can.
 *
 * Layer:   intake (may use base/).
 * Threads: any thread.
 * Memory:  none kept.
 */
#ifndef AS_INTAKE_SHARE_H
#define AS_INTAKE_SHARE_H

#include "base/err.h"

typedef enum as_share {
    AS_SHARE_AUTO,    /* a reflink where the file system has them, else a copy */
    AS_SHARE_COPY,    /* never */
    AS_SHARE_HARD,    /* hard links: to change one file is to change all of its names */
    AS_SHARE_REFLINK, /* as AUTO, and an error where there are none */
    AS_SHARE_COUNT
} as_share;

const char *as_share_name(as_share share);
as_share    as_share_parse(const char *name); /* AS_SHARE_COUNT if unknown */

/* Makes `to`, which must not be there, the same file as `from`. *ret_shared false: this way cannot share here, nothing was
 * made, and a copy has to be (AUTO, COPY). With HARD and REFLINK that is an error (AS_EUNSUPPORTED). */
AS_CHECK bool as_share_file(const char *from, const char *to, as_share share, bool *ret_shared, as_err *err);

#endif
