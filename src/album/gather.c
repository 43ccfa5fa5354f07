/* SPDX-License-Identifier: Apache-2.0 */
#include "album/gather.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/codec.h"
#include "intake/quarantine.h"
#include "page/html.h"
#include "page/text.h"

#define GATHER_WHY_BYTES 80

static double gather_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *as_refused_text(const as_refused *refused, const char *key)
{
    const char *text = json_string_value(json_object_get(refused->record, key));
    return text ? text : "";
}

static bool gather_refused(as_album *album, as_err *err)
{
    size_t n;
    if (!as_quarantine_list(album->ws, true, &album->quarantine, err))
        return false;
    n = json_array_size(album->quarantine);
    album->refused = calloc(n + 1, sizeof *album->refused);
    if (!album->refused)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu refused pictures", n);
    for (; album->n_refused < n; album->n_refused++) {
        as_refused   *r = &album->refused[album->n_refused];
        const json_t *record = json_array_get(album->quarantine, album->n_refused);
        const json_t *m = json_object_get(record, "measured");
        *r = (as_refused){.record = record, .one = as_quarantine_sample(record, err)};
        if (!r->one)
            return false;
        r->note = (as_note){.black_ratio = gather_number(m, "black_ratio"),
                            .white_ratio = gather_number(m, "white_ratio"),
                            .mean = gather_number(m, "mean"),
                            .contrast = gather_number(m, "contrast"),
                            .noise = gather_number(m, "noise"),
                            .motion_px = gather_number(m, "motion_px")};
        r->waits = strcmp(as_refused_text(r, "state"), "waiting") == 0;
    }
    return true;
}

as_album *as_album_open(as_workspace *ws, const as_commit *commit, bool quarantine, const as_progress *progress,
                        as_err *err)
{
    as_album *album = calloc(1, sizeof *album);
    if (!album) {
        AS_FAIL(err, AS_ENOMEM, "cannot gather the version: not enough memory");
        return NULL;
    }
    *album = (as_album){.ws = ws, .commit = *commit, .progress = progress};
    bool ok =
        (album->spec = as_spec_load(ws->spec_path, err)) && (album->manifest = as_commit_manifest(ws, commit, err)) &&
        (album->notes = as_notes_read(ws, commit, album->manifest, err)) &&
        as_privacy_open(album->spec, ws->root, &album->privacy, err) && (!quarantine || gather_refused(album, err));
    return ok ? album : as_album_free(album);
}

as_album *as_album_free(as_album *album)
{
    if (album) {
        for (size_t i = 0; i < album->n_refused; i++)
            as_manifest_free(album->refused[i].one);
        free(album->refused);
        json_decref(album->quarantine);
        as_privacy_close(album->privacy);
        as_notes_free(album->notes);
        as_manifest_free(album->manifest);
        as_spec_free(album->spec);
    }
    free(album);
    return NULL;
}

/* What stops the page, and not just this picture. */
static bool gather_is_grave(const as_err *why)
{
    return why->code == AS_ENOMEM || why->code == AS_ECANCELLED;
}

/* looked: nobody needs to look for faces any more. */
static bool gather_thumb(as_album *album, const uint8_t *bytes, size_t n, bool looked, as_page_picture *ret,
                         char *ret_why, as_err *err)
{
    as_image         image = {0};
    as_codec_info    info;
    as_privacy_found found = {0};
    as_str           clean;
    as_err           why = AS_ERR_NONE;
    as_str_init(&clean);
    bool ok = true;
    if (album->privacy && !looked) {
        ok = as_privacy_clean(album->privacy, bytes, n, &clean, &found, &why);
        if (ok && found.why[0])
            ok = AS_FAIL(&why, AS_EINVAL, "it may show a person");
        bytes = (const uint8_t *)clean.s;
        n = clean.len;
    }
    ok = ok && as_codec_decode(bytes, n, &image, &info, &why) &&
         as_page_picture_make(&image, AS_ALBUM_THUMB_PX, ret, &why);
    as_image_done(&image);
    as_str_done(&clean);
    if (!ok)
        snprintf(ret_why, GATHER_WHY_BYTES, "%.79s",
                 found.why[0] ? "not shown: it may show a person" : "cannot be shown");
    return ok || !gather_is_grave(&why) || as_err_set(err, why.code, "%s", why.text);
}

static bool gather_step(as_album *album, as_err *err)
{
    if (!as_progress_go_on(album->progress, err))
        return false;
    as_progress_step(album->progress, "making pictures small", ++album->n_shown, 0);
    return true;
}

bool as_album_thumb(as_album *album, const as_sample *sample, as_page_picture *ret, char *ret_why, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    *ret = (as_page_picture){0};
    ret_why[0] = '\0';
    if (!gather_step(album, err))
        return false;
    if (!as_store_get(album->ws->store, &sample->image, &bytes, &n, &why)) {
        snprintf(ret_why, GATHER_WHY_BYTES, "%s", why.code == AS_EGONE ? "erased" : "the picture cannot be read");
        return !gather_is_grave(&why) || as_err_set(err, why.code, "%s", why.text);
    }
    bool ok = gather_thumb(album, bytes, n, sample->privacy && *sample->privacy, ret, ret_why, err);
    free(bytes);
    return ok;
}

bool as_album_thumb_refused(as_album *album, const as_refused *refused, as_page_picture *ret, char *ret_why,
                            as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    *ret = (as_page_picture){0};
    ret_why[0] = '\0';
    if (!gather_step(album, err))
        return false;
    if (!as_quarantine_bytes(album->ws, refused->record, &bytes, &n, &why)) {
        snprintf(ret_why, GATHER_WHY_BYTES, "its bytes are not kept");
        return !gather_is_grave(&why) || as_err_set(err, why.code, "%s", why.text);
    }
    bool ok = gather_thumb(album, bytes, n, false, ret, ret_why, err);
    free(bytes);
    return ok;
}

static void gather_caption(as_str *out, const as_card *card)
{
    as_str_add(out, "<figcaption>");
    if (card->badge)
        as_html_addf(out, "<span class=\"badge %s\">%s</span>", card->css, card->badge);
    if (card->fact)
        as_html_addf(out, "<span class=\"facts\">%s</span>", card->fact);
    if (card->soft)
        as_html_addf(out, "<span class=\"facts soft\">%s</span>", card->soft);
    if (card->name)
        as_html_addf(out, "<span class=\"file name\">%s</span>", card->name);
    as_str_add(out, "</figcaption>\n");
}

static void gather_card(as_page_picture *picture, const char *why, const as_card *card, as_str *out)
{
    as_str_add(out, "<figure class=\"mistake\">\n<div class=\"shot\">");
    if (picture->jpeg)
        as_page_picture_add(out, picture, card->alt ? card->alt : card->name ? card->name : "");
    else
        as_html_addf(out, "<p class=\"absent\">%s</p>", *why ? why : "no picture");
    as_str_add(out, "</div>\n");
    gather_caption(out, card);
    as_str_add(out, "</figure>\n");
    as_page_picture_done(picture);
}

bool as_album_card(as_album *album, const as_sample *sample, const as_card *card, as_str *out, as_err *err)
{
    as_page_picture picture;
    char            why[GATHER_WHY_BYTES];
    if (!as_album_thumb(album, sample, &picture, why, err))
        return false;
    gather_card(&picture, why, card, out);
    return true;
}

bool as_album_card_refused(as_album *album, const as_refused *refused, const as_card *card, as_str *out, as_err *err)
{
    as_page_picture picture;
    char            why[GATHER_WHY_BYTES];
    if (!as_album_thumb_refused(album, refused, &picture, why, err))
        return false;
    gather_card(&picture, why, card, out);
    return true;
}

void as_album_meter(as_str *out, const char *css, double share)
{
    as_html_addf(out, "<span class=\"meter\"><i class=\"%s\" style=\"width:%.1f%%\"></i></span>", css,
                 100 * fmin(fmax(share, 0), 1));
}

char *as_album_pictures(uint64_t n, char text[80])
{
    char count[AS_PAGE_TEXT_BYTES];
    snprintf(text, 80, "%s picture%s", as_page_count(n, count), n == 1 ? "" : "s");
    return text;
}

void as_album_head(const as_album *album, const char *kicker, as_str *out)
{
    char hex[AS_SHA256_HEX_BYTES], day[AS_PAGE_TEXT_BYTES], pictures[80], bytes[AS_PAGE_TEXT_BYTES];
    as_digest_hex(&album->commit.id, hex);
    hex[12] = '\0';
    as_html_addf(out, "<p class=\"kicker\">%s</p>\n<h1>%s</h1>\n", kicker, album->spec->line);
    if (album->spec->goal[0])
        as_html_addf(out, "<p class=\"goal\">%s</p>\n", album->spec->goal);
    as_html_addf(out,
                 "<p class=\"meta\"><span>version %s</span> <span>%s</span> <span>%s, %s</span> <span>%s</span></p>\n",
                 hex, as_page_day(album->commit.utc, day), as_album_pictures(album->commit.n_samples, pictures),
                 as_page_bytes(album->commit.n_bytes, bytes), album->commit.author);
}
