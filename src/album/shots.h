/* SPDX-License-Identifier: Apache-2.0 */
/* shots.h - the galleries of the intake page. For the files of this folder only.
 *
 * Layer:   album.
 * Threads: one thread.
 * Memory:  a picture at a time.
 */
#ifndef AS_ALBUM_SHOTS_H
#define AS_ALBUM_SHOTS_H

#include "album/gather.h"

#define AS_SHOTS_MOST_REFUSED 12 /* of a check */
#define AS_SHOTS_MOST_WARNED  8
#define AS_SHOTS_MOST_PAIRS   12

/* How many of each check, as as_check_at counts them; one more for what is no row (privacy, name). */
typedef struct as_check_tally {
    uint64_t refused[AS_CHECK_MOST + 1], warned[AS_CHECK_MOST + 1], overruled[AS_CHECK_MOST + 1];
    uint64_t n_refused, n_warned, n_overruled; /* pictures */
} as_check_tally;

size_t as_shots_row(const char *check); /* AS_CHECK_MOST where it is no row */
void   as_shots_count(const as_album *album, as_check_tally *ret);

AS_CHECK bool as_shots_refused(as_album *album, const as_check_tally *tally, as_str *out, as_err *err);
AS_CHECK bool as_shots_warned(as_album *album, const as_check_tally *tally, as_str *out, as_err *err);
AS_CHECK bool as_shots_alike(as_album *album, as_str *out, as_err *err);

#endif
