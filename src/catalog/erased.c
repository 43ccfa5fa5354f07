/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/erased.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "catalog/notes.h"

#define ALIAS_HEAD   "erased/"
#define ALIAS_DIGITS 16

#define ALIAS_CUT_BYTES 8 /* of a shortened name, that tell enough */

bool as_image_is_erased(as_workspace *ws, const as_digest *image)
{
    as_tombstone stone;
    return !as_store_has(ws->store, image) && as_store_erased(ws->store, image, &stone, NULL);
}

as_manifest *as_manifest_present(as_workspace *ws, const as_manifest *manifest, uint64_t *ret_n_erased, as_err *err)
{
    as_manifest *present = as_manifest_new(err);
    uint64_t     n_erased = 0;
    bool         ok = present != NULL;
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++) {
        const as_sample *sample = as_manifest_at(manifest, i);
        if (as_image_is_erased(ws, &sample->image))
            n_erased++;
        else
            ok = as_manifest_add(present, sample, err);
    }
    if (!ok)
        return as_manifest_free(present);
    *ret_n_erased = n_erased;
    return present;
}

bool as_aliases_begin(as_aliases *aliases, as_err *err)
{
    *aliases = (as_aliases){.is_sorted = true};
    return getrandom(aliases->secret, sizeof aliases->secret, 0) == (ssize_t)sizeof aliases->secret ||
           AS_FAIL(err, AS_EINTERNAL, "the system gives no random bytes");
}

void as_aliases_begin_like(as_aliases *aliases, const as_aliases *other)
{
    *aliases = (as_aliases){.is_sorted = true};
    memcpy(aliases->secret, other->secret, sizeof aliases->secret);
}

void as_aliases_done(as_aliases *aliases)
{
    for (size_t i = 0; i < aliases->list.n; i++) {
        free(aliases->list.at[i].text);
        free(aliases->list.at[i].word);
    }
    as_vec_done(&aliases->list);
    explicit_bzero(aliases->secret, sizeof aliases->secret);
}

static char *alias_word(const as_aliases *aliases, const char *text)
{
    char   hex[AS_SHA256_HEX_BYTES];
    as_str both;
    as_str_init(&both);
    as_str_add_bytes(&both, aliases->secret, sizeof aliases->secret);
    as_str_add(&both, text);
    as_digest digest = as_sha256_of(both.s, both.len);
    bool      ok = as_str_ok(&both) && !as_digest_is_zero(&digest);
    as_str_done(&both);
    return ok ? as_strdupf(ALIAS_HEAD "%.*s", ALIAS_DIGITS, as_digest_hex(&digest, hex)) : NULL;
}

bool as_alias_is_word(const char *text)
{
    return as_str_starts(text, ALIAS_HEAD) && strspn(text + strlen(ALIAS_HEAD), "0123456789abcdef") == ALIAS_DIGITS &&
           strlen(text) == strlen(ALIAS_HEAD) + ALIAS_DIGITS;
}

bool as_aliases_add(as_aliases *aliases, const char *text, as_err *err)
{
    if (as_alias_is_word(text)) /* it was somebody's before */
        return true;
    as_alias alias = {.text = strdup(text), .word = alias_word(aliases, text)};
    if (alias.text && alias.word && as_vec_push(&aliases->list, alias)) {
        aliases->is_sorted = false;
        aliases->longest = AS_MAX(aliases->longest, strlen(text));
        return true;
    }
    free(alias.text);
    free(alias.word);
    return AS_FAIL(err, AS_ENOMEM, "cannot hold the names: not enough memory");
}

static int alias_compare(const void *a, const void *b)
{
    return strcmp(((const as_alias *)a)->text, ((const as_alias *)b)->text);
}

static void aliases_sort(as_aliases *aliases)
{
    size_t n = 0;
    if (aliases->is_sorted || aliases->list.n == 0)
        return;
    qsort(aliases->list.at, aliases->list.n, sizeof *aliases->list.at, alias_compare);
    for (size_t i = 0; i < aliases->list.n; i++) {
        if (n && alias_compare(&aliases->list.at[n - 1], &aliases->list.at[i]) == 0) {
            free(aliases->list.at[i].text);
            free(aliases->list.at[i].word);
        } else {
            aliases->list.at[n++] = aliases->list.at[i];
        }
    }
    aliases->list.n = n;
    aliases->is_sorted = true;
}

const char *as_aliases_find(as_aliases *aliases, const char *text)
{
    as_alias key = {.text = (char *)(uintptr_t)text};
    aliases_sort(aliases);
    const as_alias *found =
        aliases->list.n ? bsearch(&key, aliases->list.at, aliases->list.n, sizeof key, alias_compare) : NULL;
    return found ? found->word : NULL;
}

/* As as_aliases_find, for a name that may have been shortened: to one as long at most. */
static const char *aliases_find_quoted(as_aliases *aliases, const char *name)
{
    const char *word = as_aliases_find(aliases, name);
    if (word || !as_str_starts(name, "...") || strlen(name) < ALIAS_CUT_BYTES)
        return word;
    for (size_t i = 0; i < aliases->list.n; i++)
        if (as_str_ends(aliases->list.at[i].text, name + 3))
            return aliases->list.at[i].word;
    return NULL;
}

/* The longest name between the quote at p and a later one, for names may have quotes in them. *ret_n: its bytes. */
static const char *aliases_quoted(as_aliases *aliases, const char *p, size_t *ret_n, bool *ret_ok)
{
    const char *word = NULL;
    size_t      n = strnlen(p + 1, aliases->longest + 1);
    char       *name = strndup(p + 1, n);
    while (name && !word && n-- > 0) {
        if (name[n] != '\'')
            continue;
        name[n] = '\0';
        word = aliases_find_quoted(aliases, name);
    }
    *ret_ok = name != NULL;
    free(name);
    *ret_n = n;
    return word;
}

char *as_aliases_replace(as_aliases *aliases, const char *text, bool *ret_ok)
{
    bool   changed = false, ok = true;
    as_str out;
    as_str_init(&out);
    for (const char *p = text; ok && *p;) {
        size_t n = strcspn(p, "'"), n_name;
        as_str_add_bytes(&out, p, n);
        p += n;
        const char *word = *p ? aliases_quoted(aliases, p, &n_name, &ok) : NULL;
        if (word) {
            as_str_addf(&out, "'%s'", word);
            p += n_name + 2;
            changed = true;
        } else if (*p) {
            as_str_add_bytes(&out, p++, 1);
        }
    }
    char *made = as_str_take(&out);
    *ret_ok = ok && made;
    if (changed && *ret_ok)
        return made;
    free(made);
    return NULL;
}

const char *as_aliases_part(as_aliases *parts, const char *name, const char *word, const char *part)
{
    if (as_alias_is_word(part)) /* from an erasure before */
        return part;
    const char *found = strcmp(part, name) == 0 ? NULL : as_aliases_find(parts, part);
    return found ? found : word;
}

/* What is left of a sample whose picture is gone. */
static as_sample redact_sample(const as_sample *was, const char *word, const char *part)
{
    return (as_sample){.image = was->image,
                       .name = word,
                       .label = was->label,
                       .by = "",
                       .state = was->state,
                       .split = was->split,
                       .is_frozen = was->is_frozen,
                       .part = part,
                       .camera = "",
                       .width = was->width,
                       .height = was->height,
                       .format = was->format,
                       .n_bytes = was->n_bytes,
                       .sharpness = NAN,
                       .clipped_ratio = NAN,
                       .severity = NAN};
}

as_manifest *as_manifest_redact(const as_manifest *manifest, as_aliases *names, as_aliases *parts,
                                const as_digest_list *images, uint64_t *ret_n, as_err *err)
{
    as_manifest *copy = as_manifest_new(err);
    uint64_t     n = 0;
    bool         ok = copy != NULL;
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++) {
        as_sample   sample = *as_manifest_at(manifest, i);
        const char *word = as_aliases_find(names, sample.name);
        const bool  is_gone = as_digest_list_has(images, &sample.image);
        n += word || is_gone;
        if (!word)
            word = sample.name; /* one from an erasure before, where the picture is gone */
        if (is_gone)
            sample = redact_sample(&sample, word, as_aliases_part(parts, sample.name, word, sample.part));
        else if (strcmp(sample.part, sample.name) == 0)
            sample.part = word;
        sample.name = word;
        ok = as_manifest_add(copy, &sample, err);
    }
    if (!ok)
        return as_manifest_free(copy);
    as_manifest_sort(copy);
    *ret_n = n;
    return copy;
}

/* What was found of another picture may name one of these: "looks like 'a.png'". */
static bool redact_found(json_t *note, as_aliases *aliases, bool *changed)
{
    json_t *found = json_object_get(note, "found"), *one;
    size_t  i;
    bool    ok = true;
    json_array_foreach (found, i, one) {
        const char *text = json_string_value(json_object_get(one, "text"));
        char       *now = ok && text ? as_aliases_replace(aliases, text, &ok) : NULL;
        if (now)
            ok = as_json_set(one, "text", json_string(now));
        *changed = *changed || now;
        free(now);
    }
    return ok;
}

/* One line; out gets it as it was, or with nothing but another name and the hash. */
static bool redact_note(const char *line, size_t n, as_aliases *aliases, as_str *out, uint64_t *n_changed, as_err *err)
{
    json_t     *note = as_json_parse(line, n, "note", err), *bare = NULL;
    const char *name = json_string_value(json_object_get(note, "name"));
    const char *image = json_string_value(json_object_get(note, "image"));
    const char *word = name ? as_aliases_find(aliases, name) : NULL;
    bool        changed = false, ok = note != NULL;
    if (word && image)
        bare = json_pack("{s:s, s:s}", "name", word, "image", image);
    else if (ok)
        ok = redact_found(note, aliases, &changed) || AS_FAIL(err, AS_ENOMEM, "cannot take names out of notes");
    char *text = ok && (bare || changed) ? as_json_text(bare ? bare : note) : NULL;
    if (ok && (bare || changed) && !text)
        ok = AS_FAIL(err, AS_ENOMEM, "cannot take names out of notes: not enough memory");
    as_str_add_bytes(out, text ? text : line, text ? strlen(text) : n);
    as_str_add(out, "\n");
    *n_changed += text != NULL;
    free(text);
    json_decref(bare);
    json_decref(note);
    return ok;
}

bool as_notes_redact(const uint8_t *bytes, size_t n, as_aliases *aliases, as_str *out, uint64_t *ret_n, as_err *err)
{
    const char *p = (const char *)bytes, *end = p + n;
    uint64_t    n_changed = 0;
    while (p < end) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end)
            return AS_FAIL(err, AS_EFORMAT, "notes are cut off");
        if (!redact_note(p, (size_t)(line_end - p), aliases, out, &n_changed, err))
            return false;
        p = line_end + 1;
    }
    *ret_n = n_changed;
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot take names out of notes: not enough memory");
}
