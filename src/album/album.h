/* SPDX-License-Identifier: Apache-2.0 */
/* album.h - what people look at of the data: a version, gathered, and the pages about it.
 *
 * Layer:   album (may use intake/, page/, catalog/, spec/).
 * Threads: one thread.
 * Memory:  as_album_free; pages are appended to the caller's string, pictures embedded small and bounded in number.
 *
 * Pictures show what may be shown: under `privacy.faces` one that nobody looked for faces in is looked at, and covered,
 * before it is made small, and one that cannot be is left out.
 */
#ifndef AS_ALBUM_ALBUM_H
#define AS_ALBUM_ALBUM_H

#include "base/json.h"
#include "base/progress.h"
#include "catalog/notes.h"
#include "spec/spec.h"

typedef struct as_album as_album;

/* The spec is that of the workspace. quarantine: with what was refused, too. */
AS_CHECK as_album *as_album_open(as_workspace *ws, const as_commit *commit, bool quarantine,
                                 const as_progress *progress, as_err *err);
as_album          *as_album_free(as_album *album);

/* What came in and what of it was refused or warned of: counts, pictures, distributions, pairs that look alike. */
AS_CHECK bool as_album_intake_page(as_album *album, as_str *out, as_err *err);

/* Numbers of a version (stats.h), as plots. */
AS_CHECK bool as_album_stats_page(as_album *album, as_str *out, as_err *err);

/* From one version (NULL: from nothing) to another: added, removed, relabelled, moved between splits, side by side. */
AS_CHECK bool as_album_diff_page(as_album *from, as_album *to, as_str *out, as_err *err);

#endif
