/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/manifest.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"

#define MANIFEST_BLOCK_BYTES 65536

typedef struct manifest_block {
    struct manifest_block *next;
    size_t                 n;
    _Alignas(max_align_t) char bytes[];
} manifest_block;

struct as_manifest {
    AS_VEC(as_sample) samples;
    manifest_block *blocks; /* newest first; strings never move */
    size_t          n_free; /* in the newest */
    bool            sorted;
};

const char *as_split_name(as_split split)
{
    static const char *const names[AS_SPLIT_COUNT] = {"none", "train", "validation", "test"};
    return (unsigned)split < AS_SPLIT_COUNT ? names[split] : names[0];
}

as_split as_split_parse(const char *name)
{
    for (int i = AS_SPLIT_TRAIN; i < AS_SPLIT_COUNT; i++)
        if (strcmp(name, as_split_name((as_split)i)) == 0)
            return (as_split)i;
    return strcmp(name, "val") == 0 ? AS_SPLIT_VALIDATION : AS_SPLIT_NONE;
}

static const char *const manifest_states[AS_LABEL_STATE_COUNT] = {"none", "proposed", "given", "reviewed"};

const char *as_label_state_name(as_label_state state)
{
    return manifest_states[(unsigned)state < AS_LABEL_STATE_COUNT ? state : AS_LABEL_NONE];
}

as_label_state as_label_state_parse(const char *name)
{
    for (int i = AS_LABEL_PROPOSED; i < AS_LABEL_STATE_COUNT; i++)
        if (strcmp(name, manifest_states[i]) == 0)
            return (as_label_state)i;
    return AS_LABEL_NONE;
}

as_manifest *as_manifest_new(as_err *err)
{
    as_manifest *manifest = calloc(1, sizeof *manifest);
    if (manifest)
        manifest->sorted = true;
    else
        AS_FAIL(err, AS_ENOMEM, "cannot make a manifest: not enough memory");
    return manifest;
}

as_manifest *as_manifest_free(as_manifest *manifest)
{
    if (manifest) {
        for (manifest_block *block = manifest->blocks, *next; block; block = next) {
            next = block->next;
            free(block);
        }
        as_vec_done(&manifest->samples);
    }
    free(manifest);
    return NULL;
}

/* Room that lives as long as the manifest, aligned for any type; NULL when memory ran out. */
static void *manifest_room(as_manifest *manifest, size_t n, size_t align)
{
    size_t skip = manifest->blocks ? (0 - manifest->blocks->n) & (align - 1) : 0;
    if (manifest->n_free < n + skip) {
        size_t          room = AS_MAX(n, (size_t)MANIFEST_BLOCK_BYTES);
        manifest_block *block = malloc(sizeof *block + room);
        if (!block)
            return NULL;
        block->next = manifest->blocks;
        block->n = 0;
        manifest->blocks = block;
        manifest->n_free = room;
        skip = 0;
    }
    char *at = manifest->blocks->bytes + manifest->blocks->n + skip;
    manifest->blocks->n += n + skip;
    manifest->n_free -= n + skip;
    return at;
}

static const char *manifest_keep(as_manifest *manifest, const char *s)
{
    size_t n = strlen(s) + 1;
    char  *copy = n > 1 ? manifest_room(manifest, n, 1) : NULL;
    return n > 1 ? copy ? memcpy(copy, s, n) : NULL : "";
}

/* Neighbours mostly have these in common. */
static const char *manifest_keep_like(as_manifest *manifest, const char *s, const char *neighbour)
{
    return neighbour && strcmp(neighbour, s) == 0 ? neighbour : manifest_keep(manifest, s);
}

static bool manifest_check_text(const char *key, const char *text, size_t max_bytes, bool may_be_empty, as_err *err)
{
    if (!text || (!*text && !may_be_empty))
        return AS_FAIL(err, AS_EINVAL, "a sample needs a %s", key);
    size_t n = strnlen(text, max_bytes + 1);
    if (n > max_bytes)
        return AS_FAIL(err, AS_ELIMIT, "the %s '%.60s...' is longer than %zu bytes", key, text, max_bytes);
    for (size_t i = 0, step; i < n; i += step) {
        step = as_str_char_bytes(text + i, n - i);
        if (step == 0)
            return AS_FAIL(err, AS_EINVAL, "the %s '%.60s' has a byte that is no printable UTF-8 (escape it)", key,
                           text);
    }
    return true;
}

static bool manifest_check_findings(const as_sample *sample, const as_finding *findings, size_t n, as_err *err)
{
    if (n > AS_FINDING_MAX)
        return AS_FAIL(err, AS_EINVAL, "sample '%s' has too many findings (%zu)", sample->name, n);
    for (size_t i = 0; i < n; i++) {
        const as_finding *f = &findings[i];
        if (!as_finding_check(f, err) ||
            !manifest_check_text("class of a finding", f->label, AS_MANIFEST_LABEL_BYTES, false, err) ||
            !manifest_check_text("extra of a finding", f->extra, AS_FINDING_MAX_BYTES, true, err)) {
            as_err_note(err, "sample '%s'", sample->name);
            return false;
        }
    }
    return true;
}

static bool manifest_check_votes(const as_sample *sample, as_err *err)
{
    if (sample->n_votes > AS_VOTE_MAX)
        return AS_FAIL(err, AS_ELIMIT, "sample '%s' has labels by %d people, and %d are kept", sample->name,
                       sample->n_votes, AS_VOTE_MAX);
    for (size_t i = 0; i < sample->n_votes; i++) {
        const as_vote *v = &sample->votes[i];
        if (!manifest_check_text("name of who labelled it", v->by, AS_MANIFEST_LABEL_BYTES, false, err) ||
            !manifest_check_text("label", v->label, AS_MANIFEST_LABEL_BYTES, true, err) ||
            !manifest_check_findings(sample, v->findings, v->n_findings, err))
            return false;
        if (!*v->label && v->n_findings == 0)
            return AS_FAIL(err, AS_EINVAL, "sample '%s' has a vote by '%s' that says nothing", sample->name, v->by);
        if (v->state <= AS_LABEL_NONE || v->state >= AS_LABEL_STATE_COUNT)
            return AS_FAIL(err, AS_EINVAL, "sample '%s' has a vote of an unknown state (%d)", sample->name,
                           (int)v->state);
        for (size_t k = 0; k < i; k++)
            if (strcmp(sample->votes[k].by, v->by) == 0)
                return AS_FAIL(err, AS_EINVAL, "sample '%s' has two votes by '%s'", sample->name, v->by);
        if (sample->by && strcmp(sample->by, v->by) == 0)
            return AS_FAIL(err, AS_EINVAL, "sample '%s' has a label and a vote by '%s'", sample->name, v->by);
    }
    return true;
}

static bool manifest_check_label(const as_sample *sample, as_err *err)
{
    if (!manifest_check_text("label", sample->label, AS_MANIFEST_LABEL_BYTES, true, err) ||
        !manifest_check_text("name of who labelled it", sample->by ? sample->by : "", AS_MANIFEST_LABEL_BYTES, true,
                             err))
        return false;
    if ((unsigned)sample->state >= AS_LABEL_STATE_COUNT)
        return AS_FAIL(err, AS_EINVAL, "sample '%s' has an unknown label state (%d)", sample->name, (int)sample->state);
    return manifest_check_findings(sample, sample->findings, sample->n_findings, err) &&
           manifest_check_votes(sample, err);
}

static bool manifest_check(const as_sample *sample, as_err *err)
{
    if (!manifest_check_text("name", sample->name, AS_MANIFEST_NAME_BYTES, false, err) ||
        !manifest_check_label(sample, err) ||
        !manifest_check_text("part", sample->part, AS_MANIFEST_NAME_BYTES, false, err) ||
        !manifest_check_text("camera", sample->camera, AS_MANIFEST_NAME_BYTES, true, err) ||
        !manifest_check_text("format", sample->format, AS_MANIFEST_LABEL_BYTES, false, err))
        return false;
    if (!manifest_check_text("privacy", sample->privacy ? sample->privacy : "", AS_MANIFEST_NAME_BYTES, true, err))
        return false;
    if ((unsigned)sample->split >= AS_SPLIT_COUNT)
        return AS_FAIL(err, AS_EINVAL, "sample '%s' has an unknown split (%d)", sample->name, (int)sample->split);
    if (sample->is_frozen && sample->split != AS_SPLIT_TEST)
        return AS_FAIL(err, AS_EINVAL, "sample '%s' is frozen and not in the test split", sample->name);
    if (sample->n_bytes > INT64_MAX)
        return AS_FAIL(err, AS_ELIMIT, "sample '%s' says that it has %llu bytes", sample->name,
                       (unsigned long long)sample->n_bytes);
    return true;
}

/* Findings with strings of the manifest's own; false when memory ran out. label: what their class often is. */
static bool manifest_keep_findings(as_manifest *manifest, const as_finding **findings, size_t n, const char *label)
{
    const as_finding *from = *findings;
    as_finding       *copy = NULL;
    if (n == 0) {
        *findings = NULL;
        return true;
    }
    copy = manifest_room(manifest, n * sizeof *copy, _Alignof(as_finding));
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = from[i];
        copy[i].label = manifest_keep_like(manifest, from[i].label, i ? copy[i - 1].label : label);
        copy[i].geometry = manifest_keep(manifest, from[i].geometry);
        copy[i].extra = manifest_keep(manifest, from[i].extra);
        if (!copy[i].label || !copy[i].geometry || !copy[i].extra)
            return false;
    }
    *findings = copy;
    return copy != NULL;
}

static bool manifest_keep_votes(as_manifest *manifest, as_sample *sample)
{
    const as_vote *from = sample->votes;
    as_vote       *copy = NULL;
    if (sample->n_votes == 0) {
        sample->votes = NULL;
        return true;
    }
    copy = manifest_room(manifest, sample->n_votes * sizeof *copy, _Alignof(as_vote));
    for (size_t i = 0; copy && i < sample->n_votes; i++) {
        copy[i] = from[i];
        copy[i].by = manifest_keep(manifest, from[i].by);
        copy[i].label = manifest_keep_like(manifest, from[i].label, sample->label);
        if (!copy[i].by || !copy[i].label ||
            !manifest_keep_findings(manifest, &copy[i].findings, copy[i].n_findings, copy[i].label))
            return false;
    }
    sample->votes = copy;
    return copy != NULL;
}

static bool manifest_keep_label(as_manifest *manifest, as_sample *sample, const as_sample *neighbour)
{
    sample->label = manifest_keep_like(manifest, sample->label, neighbour ? neighbour->label : NULL);
    sample->by = manifest_keep_like(manifest, sample->by ? sample->by : "", neighbour ? neighbour->by : NULL);
    if (!*sample->label && sample->n_findings == 0) {
        sample->state = AS_LABEL_NONE;
        sample->said_utc = 0;
        sample->n_votes = 0;
    } else if (sample->state == AS_LABEL_NONE) {
        sample->state = AS_LABEL_GIVEN;
    }
    return sample->label && sample->by &&
           manifest_keep_findings(manifest, &sample->findings, sample->n_findings, sample->label) &&
           manifest_keep_votes(manifest, sample);
}

bool as_manifest_add(as_manifest *manifest, const as_sample *sample, as_err *err)
{
    if (!manifest_check(sample, err))
        return false;
    const as_sample *last = manifest->samples.n ? &manifest->samples.at[manifest->samples.n - 1] : NULL;
    as_sample        copy = *sample;
    copy.name = manifest_keep(manifest, sample->name);
    copy.part = strcmp(sample->part, sample->name) == 0 ? copy.name : manifest_keep(manifest, sample->part);
    copy.camera = manifest_keep_like(manifest, sample->camera, last ? last->camera : NULL);
    copy.format = manifest_keep_like(manifest, sample->format, last ? last->format : NULL);
    copy.privacy = manifest_keep_like(manifest, sample->privacy ? sample->privacy : "", last ? last->privacy : NULL);
    bool ok = copy.name && copy.part && copy.camera && copy.format && copy.privacy &&
              manifest_keep_label(manifest, &copy, last);
    manifest->sorted = manifest->sorted && (!last || strcmp(last->name, sample->name) < 0);
    if (!ok || !as_vec_push(&manifest->samples, copy))
        return AS_FAIL(err, AS_ENOMEM, "cannot add sample '%s': not enough memory", sample->name);
    return true;
}

void as_manifest_drop(as_manifest *manifest, size_t n)
{
    manifest->samples.n = AS_MIN(manifest->samples.n, n);
}

bool as_manifest_set_label(as_manifest *manifest, size_t i, const as_sample *from, as_err *err)
{
    if (i >= manifest->samples.n)
        return AS_FAIL(err, AS_EINVAL, "there is no sample %zu to label", i);
    as_sample copy = manifest->samples.at[i];
    copy.label = from->label;
    copy.state = from->state;
    copy.by = from->by;
    copy.findings = from->findings;
    copy.n_findings = from->n_findings;
    copy.said_utc = from->said_utc;
    copy.votes = from->votes;
    copy.n_votes = from->n_votes;
    if (!manifest_check_label(&copy, err))
        return false;
    if (!manifest_keep_label(manifest, &copy, i ? &manifest->samples.at[i - 1] : NULL))
        return AS_FAIL(err, AS_ENOMEM, "cannot label sample '%s': not enough memory", copy.name);
    manifest->samples.at[i] = copy;
    return true;
}

static int manifest_compare(const void *a, const void *b)
{
    return strcmp(((const as_sample *)a)->name, ((const as_sample *)b)->name);
}

void as_manifest_sort(as_manifest *manifest)
{
    if (!manifest->sorted)
        qsort(manifest->samples.at, manifest->samples.n, sizeof manifest->samples.at[0], manifest_compare);
    manifest->sorted = true;
}

size_t as_manifest_count(const as_manifest *manifest)
{
    return manifest->samples.n;
}

const as_sample *as_manifest_at(const as_manifest *manifest, size_t i)
{
    return i < manifest->samples.n ? &manifest->samples.at[i] : NULL;
}

void as_manifest_set_split(as_manifest *manifest, size_t i, as_split split)
{
    if (i < manifest->samples.n && (unsigned)split < AS_SPLIT_COUNT && !manifest->samples.at[i].is_frozen)
        manifest->samples.at[i].split = split;
}

void as_manifest_freeze(as_manifest *manifest, size_t i, bool frozen)
{
    if (i < manifest->samples.n)
        manifest->samples.at[i].is_frozen = frozen && manifest->samples.at[i].split == AS_SPLIT_TEST;
}

const as_sample *as_manifest_find(const as_manifest *manifest, const char *name)
{
    as_sample key = {.name = name};
    if (!manifest->sorted || manifest->samples.n == 0)
        return NULL;
    return bsearch(&key, manifest->samples.at, manifest->samples.n, sizeof key, manifest_compare);
}

bool as_manifest_is_ordered(const as_manifest *manifest, const char **ret_name)
{
    for (size_t i = 1; i < manifest->samples.n; i++) {
        if (strcmp(manifest->samples.at[i - 1].name, manifest->samples.at[i].name) >= 0) {
            *ret_name = manifest->samples.at[i].name;
            return false;
        }
    }
    return true;
}
