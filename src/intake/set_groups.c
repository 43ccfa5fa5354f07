/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/keys.h"
#include "intake/set.h"

#define GROUPS_MOST_AT_ONCE 8 /* more pictures of one time mean a coarse clock, not one moment */

extern const as_set_check as_set_check_groups;

/* Split bits of each number, into seen[]. */
static void groups_look(const as_set *set, const as_keys *keys, unsigned char *seen)
{
    for (size_t i = 0; i < as_manifest_count(set->manifest); i++)
        seen[keys->of[i]] |= (unsigned char)(1u << as_manifest_at(set->manifest, i)->split);
}

static bool groups_parted(unsigned char seen)
{
    seen &= (unsigned char)~(1u << AS_SPLIT_NONE);
    return (seen & (seen - 1)) != 0;
}

static void groups_splits(unsigned char seen, char text[64])
{
    size_t n = 0;
    text[0] = '\0';
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        if (seen & 1u << s)
            n += (size_t)snprintf(text + n, 64 - n, "%s%s", n ? ", " : "", as_split_name((as_split)s));
}

/* The time as it is, and the camera: two views of one moment. */
static uint64_t groups_moment(const void *ctx, const as_sample *sample)
{
    (void)ctx;
    uint64_t time = (uint64_t)sample->utc;
    return as_keys_text(sample->camera, strlen(sample->camera)) ^ as_keys_text((const char *)&time, sizeof time);
}

static uint64_t groups_camera(const void *ctx, const as_sample *sample)
{
    (void)ctx;
    return as_keys_text(sample->camera, strlen(sample->camera));
}

static void groups_parts(const as_set *set, const as_keys *keys, const unsigned char *seen, as_set_report *report)
{
    uint64_t n = 0, n_samples = 0;
    size_t   first = 0;
    for (uint32_t k = 0; k < keys->n; k++) {
        if (!groups_parted(seen[k]))
            continue;
        first = n++ ? first : k;
        n_samples += keys->count[k];
    }
    if (n == 0)
        return;
    char            splits[64];
    as_set_finding *f = as_set_report_add(report, &as_set_check_groups, AS_CHECK_QUARANTINE);
    groups_splits(seen[first], splits);
    f->value = (double)n;
    f->limit = 0;
    f->n = n_samples;
    snprintf(f->text, sizeof f->text,
             "%llu of %u parts %s in more than one split (%llu pictures), the first: '%.160s' in %s",
             (unsigned long long)n, keys->n, n == 1 ? "is" : "are", (unsigned long long)n_samples,
             as_manifest_at(set->manifest, keys->first[first])->part, splits);
    snprintf(f->remedy, sizeof f->remedy,
             "import again with each part in one folder of train/ and test/: a test with parts that were trained on "
             "proves nothing");
}

static void groups_moments(const as_set *set, const as_keys *keys, const unsigned char *seen, as_set_report *report)
{
    uint64_t n = 0;
    size_t   first = 0;
    for (uint32_t k = 0; k < keys->n; k++) {
        const as_sample *sample = as_manifest_at(set->manifest, keys->first[k]);
        if (*sample->camera && keys->count[k] <= GROUPS_MOST_AT_ONCE && groups_parted(seen[k]))
            first = n++ ? first : k;
    }
    if (n == 0)
        return;
    as_set_finding *f = as_set_report_add(report, &as_set_check_groups, AS_CHECK_WARN);
    f->value = (double)n;
    f->limit = 0;
    f->n = as_manifest_count(set->manifest);
    snprintf(f->text, sizeof f->text,
             "%llu time%s one camera took several pictures at once that are in different splits, the first: '%.160s'",
             (unsigned long long)n, n == 1 ? "" : "s", as_manifest_at(set->manifest, keys->first[first])->name);
    snprintf(f->remedy, sizeof f->remedy,
             "if they show one part, set station.frames_per_part, so that its frames stay together");
}

/* What is tested but was never trained on, by camera. */
static void groups_cameras(const as_set *set, const as_keys *keys, const unsigned char *seen, as_set_report *report)
{
    for (uint32_t k = 0; keys->n > 1 && k < keys->n; k++) {
        const as_sample *sample = as_manifest_at(set->manifest, keys->first[k]);
        if (seen[k] & 1u << AS_SPLIT_TRAIN || !(seen[k] & 1u << AS_SPLIT_TEST))
            continue;
        as_set_finding *f = as_set_report_add(report, &as_set_check_groups, AS_CHECK_WARN);
        f->value = (double)keys->count[k];
        f->limit = 0;
        f->n = keys->count[k];
        snprintf(f->text, sizeof f->text, "camera '%.200s' (%zu pictures) is in the test and not in the training",
                 *sample->camera ? sample->camera : "none", keys->count[k]);
        snprintf(f->remedy, sizeof f->remedy,
                 "right if a new camera is what shall be tested; else take training pictures with it too");
    }
}

typedef void groups_tell(const as_set *set, const as_keys *keys, const unsigned char *seen, as_set_report *report);

static bool groups_by(const as_set *set, uint64_t (*key)(const void *ctx, const as_sample *sample), groups_tell *tell,
                      as_set_report *report, as_err *err)
{
    as_keys keys;
    if (!as_keys_make(set->manifest, key, NULL, &keys, err))
        return false;
    unsigned char *seen = calloc((size_t)keys.n + 1, 1);
    bool           ok = seen || AS_FAIL(err, AS_ENOMEM, "not enough memory to compare splits");
    if (ok) {
        groups_look(set, &keys, seen);
        tell(set, &keys, seen, report);
    }
    free(seen);
    as_keys_done(&keys);
    return ok;
}

static bool groups_run(const as_set *set, as_set_report *report, as_err *err)
{
    size_t before = report->n + report->n_left_out;
    if (!groups_by(set, as_keys_part, groups_parts, report, err) ||
        !groups_by(set, groups_moment, groups_moments, report, err) ||
        !groups_by(set, groups_camera, groups_cameras, report, err))
        return false;
    if (report->n + report->n_left_out > before)
        return true;
    as_set_finding *f = as_set_report_add(report, &as_set_check_groups, AS_CHECK_OK);
    f->n = as_manifest_count(set->manifest);
    as_str_copy(f->text, sizeof f->text, "no part, and no moment of a camera, is in two splits");
    return true;
}

const as_set_check as_set_check_groups = {
    .name = "groups",
    .summary = "what belongs together (part, camera, time) is in one split",
    .run = groups_run,
};
