/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/erased.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ALIAS_DIGITS 16

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
    return ok ? as_strdupf("erased/%.*s", ALIAS_DIGITS, as_digest_hex(&digest, hex)) : NULL;
}

bool as_aliases_add(as_aliases *aliases, const char *text, as_err *err)
{
    if (as_str_starts(text, "erased/")) /* it was somebody's before */
        return true;
    as_alias alias = {.text = strdup(text), .word = alias_word(aliases, text)};
    if (alias.text && alias.word && as_vec_push(&aliases->list, alias)) {
        aliases->is_sorted = false;
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

/* What is left of a sample whose picture is gone. */
static as_sample redact_sample(const as_sample *was, const char *word)
{
    return (as_sample){.image = was->image,
                       .name = word,
                       .label = was->label,
                       .state = was->state,
                       .split = was->split,
                       .part = word,
                       .camera = "",
                       .width = was->width,
                       .height = was->height,
                       .format = was->format,
                       .n_bytes = was->n_bytes,
                       .sharpness = NAN,
                       .clipped_ratio = NAN,
                       .severity = NAN};
}

as_manifest *as_manifest_redact(const as_manifest *manifest, as_aliases *aliases, const as_digests *images,
                                uint64_t *ret_n, as_err *err)
{
    as_manifest *copy = as_manifest_new(err);
    uint64_t     n = 0;
    bool         ok = copy != NULL;
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++) {
        as_sample   sample = *as_manifest_at(manifest, i);
        const char *word = as_aliases_find(aliases, sample.name);
        if (word) {
            n++;
            if (as_digests_have(images, &sample.image))
                sample = redact_sample(&sample, word);
            sample.name = sample.part = word;
            sample.by = "";
            sample.findings = NULL;
            sample.n_findings = 0;
        }
        ok = as_manifest_add(copy, &sample, err);
    }
    if (!ok)
        return as_manifest_free(copy);
    as_manifest_sort(copy);
    *ret_n = n;
    return copy;
}
