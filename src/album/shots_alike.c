/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that are the same, or look it, side by side: those on two sides of a split first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "album/shots.h"
#include "base/vec.h"
#include "intake/near.h"
#include "page/html.h"
#include "page/text.h"

typedef struct alike_pairs {
    AS_VEC(as_near_pair) at; /* bits 0 and the same bytes: they are identical */
    uint64_t n;
} alike_pairs;

static bool alike_crosses(const as_album *album, const as_near_pair *pair)
{
    return as_manifest_at(album->manifest, pair->a)->split != as_manifest_at(album->manifest, pair->b)->split;
}

static bool alike_is_same(const as_album *album, const as_near_pair *pair)
{
    return as_digest_equal(&as_manifest_at(album->manifest, pair->a)->image,
                           &as_manifest_at(album->manifest, pair->b)->image);
}

typedef struct alike_key {
    const as_sample *sample;
    size_t           index;
} alike_key;

static int alike_by_image(const void *a, const void *b)
{
    const alike_key *x = a, *y = b;
    int              by_image = memcmp(x->sample->image.b, y->sample->image.b, sizeof x->sample->image.b);
    return by_image ? by_image : x->index < y->index ? -1 : x->index > y->index;
}

/* Neighbours among equals. */
static bool alike_add_identical(const as_album *album, alike_pairs *pairs, as_err *err)
{
    size_t     n = as_manifest_count(album->manifest);
    alike_key *keys = calloc(n + 1, sizeof *keys);
    bool       ok = keys != NULL;
    for (size_t i = 0; ok && i < n; i++)
        keys[i] = (alike_key){as_manifest_at(album->manifest, i), i};
    if (ok)
        qsort(keys, n, sizeof *keys, alike_by_image);
    for (size_t i = 1; ok && i < n; i++)
        if (as_digest_equal(&keys[i].sample->image, &keys[i - 1].sample->image))
            ok = as_vec_push(&pairs->at, ((as_near_pair){keys[i - 1].index, keys[i].index, 0}));
    free(keys);
    return ok || AS_FAIL(err, AS_ENOMEM, "cannot look for identical pictures");
}

static int alike_compare(const void *a, const void *b, void *album)
{
    const as_near_pair *x = a, *y = b;
    int                 cross_x = alike_crosses(album, x), cross_y = alike_crosses(album, y);
    if (cross_x != cross_y)
        return cross_x ? -1 : 1;
    if (x->bits != y->bits)
        return x->bits < y->bits ? -1 : 1;
    return x->a != y->a ? x->a < y->a ? -1 : 1 : x->b < y->b ? -1 : x->b > y->b;
}

/* The picture that a check named: "looks like 'NAME' (...". Long names begin with "...". SIZE_MAX: none of this version. */
static size_t alike_named(const as_album *album, const char *text)
{
    const char *from = strchr(text, '\''), *to = from ? strrchr(text, '\'') : NULL;
    char        name[AS_CHECK_TEXT_BYTES];
    if (!from || to <= from + 1 || (size_t)(to - from) > sizeof name)
        return SIZE_MAX;
    as_str_copy(name, (size_t)(to - from), from + 1);
    const as_sample *found = as_manifest_find(album->manifest, name);
    for (size_t i = 0; !found && as_str_starts(name, "...") && i < as_manifest_count(album->manifest); i++)
        if (as_str_ends(as_manifest_at(album->manifest, i)->name, name + 3))
            found = as_manifest_at(album->manifest, i);
    return found ? (size_t)(found - as_manifest_at(album->manifest, 0)) : SIZE_MAX;
}

static bool alike_has(const alike_pairs *pairs, size_t a, size_t b)
{
    for (size_t i = 0; i < pairs->at.n; i++)
        if ((pairs->at.at[i].a == a && pairs->at.at[i].b == b) || (pairs->at.at[i].a == b && pairs->at.at[i].b == a))
            return true;
    return false;
}

/* Those that were warned of on the way in. */
static bool alike_add_warned(const as_album *album, alike_pairs *pairs, as_err *err)
{
    for (size_t i = 0; i < as_manifest_count(album->manifest) && pairs->at.n < AS_NEAR_MAX_PAIRS / 100; i++) {
        const as_note *note = as_notes_of(album->notes, i);
        for (size_t k = 0; note && k < note->n_found; k++) {
            size_t other =
                strcmp(note->found[k].check, "near") == 0 ? alike_named(album, note->found[k].text) : SIZE_MAX;
            if (other == SIZE_MAX || alike_has(pairs, i, other))
                continue;
            uint64_t differ = as_manifest_at(album->manifest, i)->difference_hash ^
                              as_manifest_at(album->manifest, other)->difference_hash;
            as_near_pair pair = {i, other, (unsigned)__builtin_popcountll(differ)};
            if (!as_vec_push(&pairs->at, pair))
                return AS_FAIL(err, AS_ENOMEM, "cannot hold pairs");
        }
    }
    return true;
}

static bool alike_find(const as_album *album, alike_pairs *pairs, bool *ret_chance, as_err *err)
{
    as_near_pairs near = {0};
    bool          ok = alike_add_identical(album, pairs, err) && as_near_find(album->manifest, &near, err);
    *ret_chance = ok && near.most < 0 && near.n_at[0] + near.n_at[1] + near.n_at[2] > 0;
    for (size_t i = 0; ok && i < near.at.n; i++)
        if ((int)near.at.at[i].bits <= near.most)
            ok = as_vec_push(&pairs->at, near.at.at[i]) || AS_FAIL(err, AS_ENOMEM, "cannot hold pairs");
    as_near_done(&near);
    ok = ok && alike_add_warned(album, pairs, err);
    pairs->n = pairs->at.n;
    if (ok && pairs->at.n)
        qsort_r(pairs->at.at, pairs->at.n, sizeof *pairs->at.at, alike_compare, (void *)(uintptr_t)album);
    return ok;
}

static bool alike_half(as_album *album, size_t i, as_str *out, as_err *err)
{
    const as_sample *s = as_manifest_at(album->manifest, i);
    char             fact[400], soft[120];
    snprintf(fact, sizeof fact, "%.200s, %s", *s->label ? s->label : "no class", as_split_name(s->split));
    snprintf(soft, sizeof soft, "%ux%u px, sharpness %.3g", s->width, s->height, s->sharpness);
    as_card card = {.fact = fact, .soft = soft, .name = s->name};
    return as_album_card(album, s, &card, out, err);
}

static bool alike_pair(as_album *album, const as_near_pair *pair, as_str *out, as_err *err)
{
    bool cross = alike_crosses(album, pair);
    as_str_add(out, "<div class=\"two\">\n<p class=\"how\">");
    as_html_addf(out, "<span class=\"badge %s\">%s</span> ", cross ? "bad" : "soft",
                 cross ? "on two sides of a split" : "in one split");
    if (alike_is_same(album, pair))
        as_str_add(out, "<span class=\"soft\">byte for byte the same</span></p>\n");
    else
        as_html_addf(out, "<span class=\"soft\">%u of 64 bits of their hashes differ</span></p>\n", pair->bits);
    bool ok = alike_half(album, pair->a, out, err) && alike_half(album, pair->b, out, err);
    as_str_add(out, "</div>\n");
    return ok;
}

bool as_shots_alike(as_album *album, as_str *out, as_err *err)
{
    alike_pairs pairs = {0};
    bool        chance = false, ok = alike_find(album, &pairs, &chance, err);
    as_page_section(
        out, "alike", "Pictures that look alike",
        pairs.n ? "Where both show one part, one of them is enough; never one to learn from and one to be judged "
                  "by."
                : NULL);
    if (ok && pairs.n == 0)
        as_html_addf(out, "<p class=\"note %s\">%s</p>\n", chance ? "open" : "good",
                     chance
                         ? "Pairs that differ in few bits are no more than chance gives for parts that look this much "
                           "alike: the hash tells nothing here."
                         : "No two pictures are the same, and none look it.");
    as_str_add(out, "<div class=\"pairs\">\n");
    for (size_t i = 0; ok && i < pairs.at.n && i < AS_SHOTS_MOST_PAIRS; i++)
        ok = alike_pair(album, &pairs.at.at[i], out, err);
    as_str_add(out, "</div>\n");
    if (pairs.n > AS_SHOTS_MOST_PAIRS)
        as_html_addf(out, "<p class=\"soft\">The first %d of %lu pairs are shown.</p>\n", AS_SHOTS_MOST_PAIRS,
                     (unsigned long)pairs.n);
    as_str_add(out, "</section>\n");
    as_vec_done(&pairs.at);
    return ok;
}
