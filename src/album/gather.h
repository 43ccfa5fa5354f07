/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h - what an album holds, and the pictures of its pages. For the files of this folder only.
 *
 * Layer:   album.
 * Threads: one thread.
 * Memory:  belongs to the album.
 */
#ifndef AS_ALBUM_GATHER_H
#define AS_ALBUM_GATHER_H

#include "album/album.h"
#include "intake/privacy.h"
#include "intake/set.h"
#include "page/picture.h"

#define AS_ALBUM_THUMB_PX 240u

/* A picture in quarantine. */
typedef struct as_refused {
    const json_t *record;
    as_manifest  *one; /* of it, with what was measured */
    as_note       note;
    bool          waits; /* for somebody to decide */
} as_refused;

struct as_album {
    as_workspace      *ws;
    as_commit          commit;
    as_spec           *spec;
    as_manifest       *manifest;
    as_notes          *notes;
    as_privacy        *privacy;
    json_t            *quarantine; /* records; NULL: not asked for */
    as_refused        *refused;
    size_t             n_refused;
    const as_progress *progress;
    size_t             n_shown; /* pictures made small, for the progress */
};

/* The picture made small; ret->jpeg is NULL where it cannot or may not be shown, and why[80] says why. False when memory
 * ran out, or the person at the terminal stops it. */
AS_CHECK bool as_album_thumb(as_album *album, const as_sample *sample, as_page_picture *ret, char *why, as_err *err);
AS_CHECK bool as_album_thumb_refused(as_album *album, const as_refused *refused, as_page_picture *ret, char *why,
                                     as_err *err);

/* One picture of a gallery, with what is to be said of it. Texts may be NULL. */
typedef struct as_card {
    const char *css, *badge; /* of the badge: "bad", "warn", "good", "soft" */
    const char *fact, *soft; /* lines of text: the first is strong */
    const char *name, *alt;  /* of the sample; what the picture shows, in words: NULL: the name */
} as_card;

/* A whole card of a sample or a refused picture. */
AS_CHECK bool as_album_card(as_album *album, const as_sample *sample, const as_card *card, as_str *out, as_err *err);
AS_CHECK bool as_album_card_refused(as_album *album, const as_refused *refused, const as_card *card, as_str *out,
                                    as_err *err);

/* A bar of a share, and one of several parts. */
void as_album_meter(as_str *out, const char *css, double share);

const char *as_refused_text(const as_refused *refused, const char *key); /* of its record; "" if it is no text */

/* "7 pictures", "1 picture" */
char *as_album_pictures(uint64_t n, char text[80]);

/* Sections that several pages have. */
void as_album_head(const as_album *album, const char *kicker, as_str *out);
void as_album_classes(const as_album *album, as_str *out);
bool as_album_distributions(const as_album *album, as_str *out, as_err *err);

#endif
