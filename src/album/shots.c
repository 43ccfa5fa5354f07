/* SPDX-License-Identifier: Apache-2.0 */
/* What was refused and what was warned of, a gallery a check, the worst first. */
#include "album/shots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "album/quantity.h"
#include "page/html.h"
#include "page/text.h"

size_t as_shots_row(const char *check)
{
    for (size_t i = 0; as_check_at(i); i++)
        if (strcmp(as_check_at(i)->name, check) == 0)
            return i;
    return AS_CHECK_MOST;
}

void as_shots_count(const as_album *album, as_check_tally *ret)
{
    *ret = (as_check_tally){.n_refused = 0};
    for (size_t i = 0; i < album->n_refused; i++)
        if (album->refused[i].waits) {
            ret->refused[as_shots_row(as_refused_text(&album->refused[i], "check"))]++;
            ret->n_refused++;
        }
    for (size_t i = 0; i < as_manifest_count(album->manifest); i++) {
        const as_note *note = as_notes_of(album->notes, i);
        bool           warned = false, overruled = false;
        for (size_t k = 0; note && k < note->n_found; k++) {
            const as_note_found *f = &note->found[k];
            (f->by ? ret->overruled : ret->warned)[as_shots_row(f->check)]++;
            warned = warned || !f->by;
            overruled = overruled || f->by;
        }
        ret->n_warned += warned;
        ret->n_overruled += overruled;
    }
}

typedef struct shot {
    size_t      index; /* of the refused, or of the sample */
    double      badness;
    const char *name;
} shot;

static int shots_compare(const void *a, const void *b)
{
    const shot *x = a, *y = b;
    if (x->badness != y->badness)
        return x->badness > y->badness ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* "sharpness 12.3, contrast 88, 4.1 % clipped" */
static char *shots_measures(const as_sample *s, const as_note *n, char text[160])
{
    as_str built;
    char   clipped[AS_PAGE_TEXT_BYTES];
    as_str_init(&built);
    if (s->width)
        as_str_addf(&built, "%ux%u px", s->width, s->height);
    if (isfinite(s->sharpness))
        as_str_addf(&built, "%ssharpness %.3g", built.len ? ", " : "", s->sharpness);
    if (isfinite(s->clipped_ratio))
        as_str_addf(&built, "%s%s clipped", built.len ? ", " : "", as_page_percent(s->clipped_ratio, clipped));
    if (n && isfinite(n->contrast))
        as_str_addf(&built, "%scontrast %.3g", built.len ? ", " : "", n->contrast);
    as_str_copy(text, 160, built.s);
    as_str_done(&built);
    return text;
}

static void shots_heading(const char *check, uint64_t n, size_t shown, as_str *out)
{
    char            pictures[80];
    size_t          row = as_shots_row(check);
    const as_check *c = row < AS_CHECK_MOST ? as_check_at(row) : NULL;
    as_html_addf(out, "<h3 class=\"group\"><span>%s</span> <span class=\"soft\">%s", check,
                 as_album_pictures(n, pictures));
    if (n > shown)
        as_html_addf(out, ", %s%zu shown", c && as_quantity_of_check(check) ? "the worst " : "", shown);
    as_str_add(out, "</span></h3>\n");
    if (c)
        as_html_addf(out, "<p class=\"soft rule\">What should be so: %s.</p>\n", c->summary);
}

/* May it be accepted, and if not, why? */
static const char *shots_remedy(const as_refused *refused)
{
    const char     *check = as_refused_text(refused, "check");
    size_t          row = as_shots_row(check);
    const as_check *c = row < AS_CHECK_MOST ? as_check_at(row) : NULL;
    if (!c)
        return "Cannot be accepted: import it again, or drop it.";
    return c->is_final ? c->is_final : "May be accepted, or dropped.";
}

static bool shots_refused_card(as_album *album, size_t i, as_str *out, as_err *err)
{
    const as_refused *r = &album->refused[i];
    const as_sample  *s = as_manifest_at(r->one, 0);
    char              measures[160], soft[600], alt[400];
    shots_measures(s, &r->note, measures);
    snprintf(soft, sizeof soft, "%s%s%s", measures, *measures ? ". " : "", shots_remedy(r));
    snprintf(alt, sizeof alt, "refused by %.60s: %.200s", as_refused_text(r, "check"), s->name);
    as_card card = {.css = "bad",
                    .badge = *s->label ? s->label : as_refused_text(r, "check"),
                    .fact = as_refused_text(r, "reason"),
                    .soft = soft,
                    .name = s->name,
                    .alt = alt};
    return as_album_card_refused(album, r, &card, out, err);
}

static bool shots_refused_of(as_album *album, size_t row, uint64_t n, shot *shots, as_str *out, as_err *err)
{
    size_t             n_shots = 0;
    const char        *check = row < AS_CHECK_MOST ? as_check_at(row)->name : NULL;
    const as_quantity *q = check ? as_quantity_of_check(check) : NULL;
    for (size_t i = 0; i < album->n_refused; i++) {
        const as_refused *r = &album->refused[i];
        const as_sample  *s = as_manifest_at(r->one, 0);
        if (!r->waits || as_shots_row(as_refused_text(r, "check")) != row)
            continue;
        if (!check)
            check = as_refused_text(r, "check");
        shots[n_shots++] =
            (shot){i, q ? as_quantity_badness(q, album->spec, as_quantity_value(q, s, &r->note)) : 0, s->name};
    }
    qsort(shots, n_shots, sizeof *shots, shots_compare);
    size_t shown = AS_MIN(n_shots, (size_t)AS_SHOTS_MOST_REFUSED);
    shots_heading(row < AS_CHECK_MOST ? check : "privacy and names", n, shown, out);
    as_str_add(out, "<div class=\"gallery\">\n");
    bool ok = true;
    for (size_t i = 0; ok && i < shown; i++)
        ok = shots_refused_card(album, shots[i].index, out, err);
    as_str_add(out, "</div>\n");
    return ok;
}

bool as_shots_refused(as_album *album, const as_check_tally *tally, as_str *out, as_err *err)
{
    shot *shots = calloc(album->n_refused + 1, sizeof *shots);
    bool  ok = shots || AS_FAIL(err, AS_ENOMEM, "cannot sort the refused pictures");
    as_page_section(out, "refused", "Refused",
                    tally->n_refused
                        ? "These are in quarantine and wait for somebody: accept overrules the check and takes "
                          "the picture in, drop removes it; both ask for a reason and keep it."
                        : NULL);
    if (tally->n_refused == 0)
        as_str_add(out, "<p class=\"note good\">Nothing waits in quarantine.</p>\n");
    for (size_t row = 0; ok && row <= AS_CHECK_MOST; row++)
        if (tally->refused[row])
            ok = shots_refused_of(album, row, tally->refused[row], shots, out, err);
    as_str_add(out, "</section>\n");
    free(shots);
    return ok;
}

static const as_note_found *shots_found(const as_note *note, const char *check)
{
    for (size_t k = 0; note && k < note->n_found; k++)
        if (strcmp(note->found[k].check, check) == 0)
            return &note->found[k];
    return NULL;
}

static bool shots_warned_card(as_album *album, size_t i, const char *check, as_str *out, as_err *err)
{
    const as_sample     *s = as_manifest_at(album->manifest, i);
    const as_note       *note = as_notes_of(album->notes, i);
    const as_note_found *f = shots_found(note, check);
    char                 measures[160], soft[700], alt[400], day[AS_PAGE_TEXT_BYTES];
    shots_measures(s, note, measures);
    if (f->by)
        snprintf(soft, sizeof soft, "accepted by %.100s on %s: %.400s", f->by, as_page_day(f->utc, day), f->reason);
    else
        snprintf(soft, sizeof soft, "%s, %s", measures, as_split_name(s->split));
    snprintf(alt, sizeof alt, "%s of %.60s: %.200s", f->by ? "accepted in spite" : "a warning", check, s->name);
    as_card card = {.css = f->by ? "good" : "warn",
                    .badge = *s->label ? s->label : "no class",
                    .fact = f->text,
                    .soft = soft,
                    .name = s->name,
                    .alt = alt};
    return as_album_card(album, s, &card, out, err);
}

static bool shots_warned_of(as_album *album, size_t row, uint64_t n, shot *shots, as_str *out, as_err *err)
{
    const char        *check = as_check_at(row)->name;
    const as_quantity *q = as_quantity_of_check(check);
    size_t             n_shots = 0;
    for (size_t i = 0; i < as_manifest_count(album->manifest); i++) {
        const as_sample *s = as_manifest_at(album->manifest, i);
        const as_note   *note = as_notes_of(album->notes, i);
        if (shots_found(note, check))
            shots[n_shots++] =
                (shot){i, q ? as_quantity_badness(q, album->spec, as_quantity_value(q, s, note)) : 0, s->name};
    }
    qsort(shots, n_shots, sizeof *shots, shots_compare);
    size_t shown = AS_MIN(n_shots, (size_t)AS_SHOTS_MOST_WARNED);
    shots_heading(check, n, shown, out);
    as_str_add(out, "<div class=\"gallery\">\n");
    bool ok = true;
    for (size_t i = 0; ok && i < shown; i++)
        ok = shots_warned_card(album, shots[i].index, check, out, err);
    as_str_add(out, "</div>\n");
    return ok;
}

bool as_shots_warned(as_album *album, const as_check_tally *tally, as_str *out, as_err *err)
{
    shot *shots = calloc(as_manifest_count(album->manifest) + 1, sizeof *shots);
    bool  ok = shots || AS_FAIL(err, AS_ENOMEM, "cannot sort the pictures with warnings");
    if (tally->n_warned + tally->n_overruled == 0) {
        free(shots);
        return ok;
    }
    as_page_section(out, "warned", "Kept, with a warning",
                    "In this version, and worth a look. Those that look like another picture are below.");
    for (size_t row = 0; ok && as_check_at(row); row++) {
        const char *check = as_check_at(row)->name;
        if (tally->warned[row] + tally->overruled[row] && strcmp(check, "near") != 0 && strcmp(check, "duplicate") != 0)
            ok = shots_warned_of(album, row, tally->warned[row] + tally->overruled[row], shots, out, err);
    }
    as_str_add(out, "</section>\n");
    free(shots);
    return ok;
}
