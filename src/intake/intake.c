/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "intake/quarantine.h"
#include "intake/state.h"

static uint32_t intake_name_hash(const char *name)
{
    return as_lookup_hash(name, strlen(name));
}

static uint32_t intake_image_hash(const as_digest *digest)
{
    return as_lookup_hash(digest->b, sizeof digest->b);
}

static const as_sample *intake_find_name(const as_intake *intake, const char *name)
{
    as_lookup_walk walk = {0};
    uint32_t       place;
    while (as_lookup_next(&intake->by_name, intake_name_hash(name), &walk, &place)) {
        const as_sample *sample = as_manifest_at(intake->manifest, place);
        if (strcmp(sample->name, name) == 0)
            return sample;
    }
    return NULL;
}

static const as_sample *intake_find_image(const as_intake *intake, const as_digest *digest, size_t *ret_index)
{
    as_lookup_walk walk = {0};
    uint32_t       place;
    while (as_lookup_next(&intake->by_image, intake_image_hash(digest), &walk, &place)) {
        const as_sample *sample = as_manifest_at(intake->manifest, place);
        if (as_digest_equal(&sample->image, digest)) {
            *ret_index = place;
            return sample;
        }
    }
    return NULL;
}

void as_intake_forget_part(as_intake *intake, const char *part)
{
    for (size_t n = as_manifest_count(intake->manifest); n-- > intake->n_base && !intake->is_ended;) {
        const as_sample       *sample = as_manifest_at(intake->manifest, n);
        const as_intake_taken *taken = &intake->taken.at[n - intake->n_base];
        if (strcmp(sample->part, part) != 0)
            return;
        intake->counts.n_kept--;
        intake->counts.n_bytes -= sample->n_bytes;
        intake->counts.n_warned -= taken->warned;
        as_check_count(&intake->counts, taken->found, NULL, -1);
        as_lookup_remove(&intake->by_name, intake_name_hash(sample->name), (uint32_t)n);
        as_lookup_remove(&intake->by_image, intake_image_hash(&sample->image), (uint32_t)n);
        intake->taken.n--;
        as_manifest_drop(intake->manifest, n);
    }
}

/* Makes a sample of the manifest be found. look: NULL for those of the base. */
static bool intake_list(as_intake *intake, size_t index, const as_look *look, as_err *err)
{
    size_t           other;
    const as_sample *sample = as_manifest_at(intake->manifest, index);
    if (index >= AS_LOOKUP_MOST)
        return AS_FAIL(err, AS_ELIMIT, "cannot list '%s': there are more than %zu samples", sample->name,
                       AS_LOOKUP_MOST);
    if (look) {
        as_intake_taken taken = {look->found & (UINT32_MAX >> 1), look->level == AS_CHECK_WARN};
        if (!as_vec_push(&intake->taken, taken))
            return AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", sample->name);
    }
    if (!as_lookup_add(&intake->by_name, intake_name_hash(sample->name), (uint32_t)index, err) ||
        (!intake_find_image(intake, &sample->image, &other) &&
         !as_lookup_add(&intake->by_image, intake_image_hash(&sample->image), (uint32_t)index, err)))
        return as_err_note(err, "cannot list '%s'", sample->name);
    return !intake->near || !sample->difference_hash ||
           as_hamming_add(intake->near, sample->difference_hash, (uint32_t)index, err);
}

static bool intake_load(as_intake *intake, as_err *err)
{
    as_err why = AS_ERR_NONE;
    intake->has_base = as_commit_find(intake->ws, "main", &intake->base, &why);
    if (!intake->has_base && why.code != AS_ENOTFOUND)
        return as_err_set(err, why.code, "%s", why.text);
    intake->manifest = intake->has_base ? as_commit_manifest(intake->ws, &intake->base, err) : as_manifest_new(err);
    bool ok = intake->manifest != NULL;
    intake->n_base = ok ? as_manifest_count(intake->manifest) : 0;
    for (size_t i = 0; ok && i < intake->n_base; i++)
        ok = intake_list(intake, i, NULL, err);
    return ok;
}

as_intake *as_intake_open(as_workspace *ws, const as_spec *spec, as_err *err)
{
    if (ws->lock_fd < 0) {
        AS_FAIL(err, AS_EINVAL, "cannot take pictures in: workspace '%s' is open for reading only", ws->root);
        return NULL;
    }
    as_intake *intake = calloc(1, sizeof *intake);
    if (!intake) {
        AS_FAIL(err, AS_ENOMEM, "cannot take pictures in: not enough memory");
        return NULL;
    }
    intake->ws = ws;
    intake->spec = spec;
    as_str_init(&intake->notes);
    pthread_rwlock_init(&intake->lock, NULL);
    bool ok =
        as_privacy_open(spec, ws->root, &intake->privacy, err) && as_reference_open(ws, spec, &intake->reference, err);
    if (ok && spec->levels[AS_RULE_NEAR] != AS_CHECK_OK)
        ok = (intake->near = as_hamming_new(err)) != NULL;
    return ok && intake_load(intake, err) ? intake : as_intake_close(intake);
}

as_intake *as_intake_close(as_intake *intake)
{
    if (intake) {
        as_lookup_done(&intake->by_name);
        as_lookup_done(&intake->by_image);
        as_vec_done(&intake->taken);
        as_manifest_free(intake->manifest);
        as_privacy_close(intake->privacy);
        as_reference_close(intake->reference);
        as_scenes_done(&intake->scenes);
        as_hamming_free(intake->near);
        as_str_done(&intake->notes);
        pthread_rwlock_destroy(&intake->lock);
    }
    free(intake);
    return NULL;
}

as_intake_counts as_intake_counts_of(const as_intake *intake)
{
    return intake->counts;
}

bool as_intake_check_class(const as_spec *spec, const char *label, const char *what, const char *remedy, as_err *err)
{
    const char *names[AS_SPEC_MAX_CLASSES];
    if (as_spec_class(spec, label) >= 0)
        return true;
    for (size_t i = 0; i < spec->n_classes; i++)
        names[i] = spec->classes[i].name;
    const char *near = as_str_nearest(label, names, spec->n_classes);
    return AS_FAIL(err, AS_EINVAL, "%s '%.200s' is no class of %s%s%s%s%s", what, label, spec->path,
                   near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "", remedy);
}

bool as_split_conflict(as_split wanted, as_split has)
{
    return has != AS_SPLIT_NONE && wanted != has && (wanted != AS_SPLIT_NONE || has != AS_SPLIT_TRAIN);
}

/* Nothing said is no other label. */
static bool intake_same_label(const as_sample *has, const as_sample *comes)
{
    return !*comes->label || strcmp(has->label, comes->label) == 0;
}

bool as_intake_knows(const as_intake *intake, const as_sample *sample, const as_digest *digest)
{
    size_t            index;
    pthread_rwlock_t *lock = (pthread_rwlock_t *)(uintptr_t)&intake->lock;
    pthread_rwlock_rdlock(lock);
    const as_sample *named = intake_find_name(intake, sample->name), *same = intake_find_image(intake, digest, &index);
    bool             known = named ? as_digest_equal(&named->image, digest) && intake_same_label(named, sample)
                                   : same && index < intake->n_base && intake_same_label(same, sample) &&
                             (sample->split == AS_SPLIT_NONE || sample->split == same->split);
    pthread_rwlock_unlock(lock);
    return known;
}

/* What was stored already must still go into quarantine. */
static bool intake_quarantine_stored(as_intake *intake, as_look *look, const as_sample *sample, as_err *err)
{
    uint8_t   *bytes;
    size_t     n;
    as_refusal refusal = {.sample = sample, .check = look->check, .why = look->text, .look = look};
    if (intake->ruling)
        return true; /* it is there already */
    if (!as_store_get(intake->ws->store, &look->digest, &bytes, &n, err))
        return false;
    bool ok = as_quarantine_put(intake->ws, &refusal, bytes, n, err);
    free(bytes);
    return ok;
}

#define INTAKE_NEAR_HITS 8

/* Of those that look like it, the nearest with other bytes: identical ones are the business of another check. */
static void intake_find_near(const as_intake *intake, const as_look *look, as_check_input *in)
{
    as_hamming_hit hits[INTAKE_NEAR_HITS];
    if (!intake->near || !look->difference_hash)
        return;
    size_t n = as_hamming_find(intake->near, look->difference_hash, intake->spec->near_bits, hits, INTAKE_NEAR_HITS);
    for (size_t i = 0; i < AS_MIN(n, (size_t)INTAKE_NEAR_HITS) && !in->near_of; i++) {
        /* A part that was taken back leaves its place to another. */
        const as_sample *sample =
            hits[i].id < as_manifest_count(intake->manifest) ? as_manifest_at(intake->manifest, hits[i].id) : NULL;
        uint64_t differ = sample ? sample->difference_hash ^ look->difference_hash : UINT64_MAX;
        if ((uint32_t)__builtin_popcountll(differ) != hits[i].bits || as_digest_equal(&sample->image, &look->digest))
            continue;
        in->near_of = sample->name;
        in->near_bits = hits[i].bits;
    }
}

static bool intake_compare(as_intake *intake, as_look *look, const as_sample *sample, as_err *err)
{
    char           text[AS_CHECK_TEXT_BYTES] = "";
    const char    *check = "name";
    as_check_level level = AS_CHECK_QUARANTINE;
    if (intake_find_name(intake, sample->name)) {
        as_str_copy(
            text, sizeof text,
            "another picture of this name is in this version: rename the file, or import with another --prefix");
    } else {
        size_t           index;
        const as_sample *same = intake_find_image(intake, &look->digest, &index);
        as_codec_info    info = {.width = look->width, .height = look->height};
        as_image_map     previous, mean;
        as_scene        *scene;
        as_check_input   in = {.spec = intake->spec,
                               .name = sample->name,
                               .n_bytes = (size_t)look->n_bytes,
                               .info = &info,
                               .label = sample->label,
                               .split = sample->split,
                               .camera = sample->camera,
                               .utc = sample->utc,
                               .map = &look->map,
                               .duplicate_of = same ? same->name : NULL,
                               .duplicate_label = same ? same->label : NULL,
                               .duplicate_split = same ? same->split : AS_SPLIT_NONE,
                               .overruled = intake->ruling ? intake->ruling->overruled : 0};
        if (!as_scenes_of(&intake->scenes, sample->camera, &scene, err))
            return false;
        if (scene && scene->has_last) {
            previous = scene->last;
            in.previous = &previous;
        }
        if (scene && as_scene_add(scene, &look->map, look->width, look->height, &mean))
            in.scene_mean = &mean;
        if (scene && *scene->last_name) {
            in.previous_name = scene->last_name;
            in.previous_utc = scene->last_utc;
        }
        intake_find_near(intake, look, &in);
        level = as_check_run(&in, true, look, &check, text);
    }
    if (level <= look->level)
        return true;
    look->level = level;
    look->check = check;
    as_str_copy(look->text, sizeof look->text, text);
    return level != AS_CHECK_QUARANTINE || intake_quarantine_stored(intake, look, sample, err);
}

/* A refused picture leaves no gap behind it. */
static bool intake_saw(as_intake *intake, const as_sample *sample, as_err *err)
{
    as_scene *scene;
    if (!as_scenes_of(&intake->scenes, sample->camera ? sample->camera : "", &scene, err))
        return false;
    if (scene)
        as_scene_saw(scene, sample->name, sample->utc);
    return true;
}

#define INTAKE_NOTES_BYTES ((size_t)4 << 20) /* are put into the store together */

/* Written as they come, so that a million pictures take no more memory than a thousand. Of a picture that is taken back
 * a line is left that belongs to none. */
static bool intake_note(as_intake *intake, const as_look *look, const as_sample *kept, as_err *err)
{
    as_note_found found[AS_NOTE_MAX_FOUND];
    as_note       note = look->measured;
    note.found = found;
    note.n_found = as_said_found(&look->said, found);
    for (size_t i = 0; intake->ruling && i < note.n_found; i++) {
        if (!(intake->ruling->overruled >> as_check_row(found[i].check) & 1u))
            continue;
        found[i].by = intake->ruling->by;
        found[i].reason = intake->ruling->reason;
        found[i].utc = intake->ruling->utc;
    }
    as_note_add(&intake->notes, kept, &note);
    /* Few objects, however many pictures; one place is for what is left at the end. */
    if (intake->notes.len < INTAKE_NOTES_BYTES << intake->noted.n_notes / 6 ||
        intake->noted.n_notes + 1 == AS_COMMIT_MAX_NOTES)
        return true;
    bool ok = as_notes_put(intake->ws->store, &intake->notes, &intake->noted, err);
    as_str_clear(&intake->notes);
    return ok;
}

static bool intake_keep(as_intake *intake, const as_look *look, const as_sample *sample, as_err *err)
{
    as_sample kept = *sample;
    kept.image = look->digest;
    kept.part = sample->part && *sample->part ? sample->part : sample->name;
    kept.camera = sample->camera ? sample->camera : "";
    kept.width = look->width;
    kept.height = look->height;
    kept.format = as_codec_name(look->codec);
    kept.n_bytes = look->n_bytes;
    kept.sharpness = look->sharpness;
    kept.clipped_ratio = look->clipped_ratio;
    kept.difference_hash = look->difference_hash;
    kept.privacy = look->privacy;
    pthread_rwlock_wrlock(&intake->lock);
    bool ok = as_manifest_add(intake->manifest, &kept, err) &&
              intake_list(intake, as_manifest_count(intake->manifest) - 1, look, err);
    pthread_rwlock_unlock(&intake->lock);
    if (!ok || !intake_note(intake, look, &kept, err))
        return false;
    intake->counts.n_kept++;
    intake->counts.n_bytes += look->n_bytes;
    intake->counts.n_warned += look->level == AS_CHECK_WARN;
    return true;
}

bool as_look_take(as_intake *intake, as_look *look, const as_sample *sample, as_err *err)
{
    if (intake->is_ended)
        return AS_FAIL(err, AS_EINVAL, "cannot take '%s': this intake has ended", sample->name);
    if ((unsigned)sample->split < AS_SPLIT_COUNT)
        intake->given[sample->split] = true;
    /* Known in the meantime: two files at once with the same name cannot be, but two calls can. */
    look->is_known =
        look->is_known || (look->level != AS_CHECK_QUARANTINE && as_intake_knows(intake, sample, &look->digest));
    bool ok = (look->is_known || look->level == AS_CHECK_QUARANTINE || intake_compare(intake, look, sample, err)) &&
              intake_saw(intake, sample, err);
    if (ok && !look->is_known && look->level != AS_CHECK_QUARANTINE)
        ok = intake_keep(intake, look, sample, err);
    if (!ok)
        return false;
    intake->counts.n_seen++;
    intake->counts.n_known += look->is_known;
    bool refused = !look->is_known && look->level == AS_CHECK_QUARANTINE;
    intake->counts.n_quarantined += refused;
    if (!look->is_known)
        as_check_count(&intake->counts, look->found, refused ? look->check : NULL, 1);
    if (look->is_known)
        look->level = AS_CHECK_OK;
    return true;
}

bool as_intake_add(as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample, as_check_level *ret,
                   char *text, as_err *err)
{
    as_look look;
    if (!as_intake_check_class(intake->spec, sample->label, "label", "", err) ||
        !as_look_at(intake, bytes, n, sample, &look, err) || !as_look_take(intake, &look, sample, err))
        return false;
    *ret = look.level;
    memcpy(text, look.text, sizeof look.text);
    return true;
}

bool as_intake_refuse(as_intake *intake, const uint8_t *bytes, size_t n, const char *name, const char *check,
                      const char *why, as_err *err)
{
    as_look   look;
    as_sample sample = {.name = name};
    return as_look_refuse(intake, bytes, n, &sample, check, why, &look, err) &&
           as_look_take(intake, &look, &sample, err);
}

void as_intake_author(char *author, size_t cap)
{
    const char   *given = getenv("ASSAY_AUTHOR");
    char          room[4096], host[256] = "";
    struct passwd pw, *found = NULL;
    as_str        raw, safe;
    as_str_init(&raw);
    as_str_init(&safe);
    if (given && *given) {
        as_str_add(&raw, given);
    } else {
        if (getpwuid_r(getuid(), &pw, room, sizeof room, &found) == 0 && found)
            as_str_add(&raw, pw.pw_name);
        else
            as_str_addf(&raw, "user %lu", (unsigned long)getuid());
        if (gethostname(host, sizeof host - 1) == 0)
            as_str_addf(&raw, "@%s", host);
    }
    for (size_t i = 0, step; i < raw.len && safe.len + 4 < cap; i += step) {
        step = as_str_char_bytes(raw.s + i, raw.len - i);
        as_str_add_bytes(&safe, step ? raw.s + i : "?", step ? step : 1);
        step = step ? step : 1;
    }
    as_str_copy(author, cap, safe.s);
    as_str_done(&raw);
    as_str_done(&safe);
}

void as_intake_end(as_intake *intake)
{
    intake->is_ended = true;
    as_lookup_done(&intake->by_name);
    as_lookup_done(&intake->by_image);
    intake->near = as_hamming_free(intake->near);
}

bool as_intake_commit(as_intake *intake, const char *message, as_commit *ret, as_err *err)
{
    as_commit commit = {.utc = as_clock_utc(), .n_quarantined = intake->counts.n_quarantined};
    if (intake->counts.n_kept == 0 || intake->committed)
        return AS_FAIL(err, AS_EINVAL, "there is nothing new to commit");
    if (!as_str_copy(commit.message, sizeof commit.message, message))
        return AS_FAIL(err, AS_ELIMIT, "the message is longer than %zu bytes", sizeof commit.message - 1);
    as_intake_author(commit.author, sizeof commit.author);
    if (intake->has_base)
        commit.parents[commit.n_parents++] = intake->base.id;
    if (intake->counts.n_quarantined && !as_quarantine_sync(intake->ws, err))
        return false;
    as_intake_end(intake);
    intake->committed = true;
    as_manifest_sort(intake->manifest); /* places are no longer true */
    if (!as_notes_put(intake->ws->store, &intake->notes, &intake->noted, err))
        return false;
    memcpy(commit.notes, intake->noted.notes, sizeof commit.notes);
    commit.n_notes = intake->noted.n_notes;
    if (!as_commit_write(intake->ws, intake->manifest, &commit, err))
        return false;
    *ret = commit;
    return true;
}
