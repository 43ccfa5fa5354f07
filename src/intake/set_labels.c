/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "intake/keys.h"
#include "intake/near.h"
#include "intake/set.h"

extern const as_set_check as_set_check_labels;

static uint64_t labels_image(const void *ctx, const as_sample *sample)
{
    uint64_t key;
    (void)ctx;
    memcpy(&key, sample->image.b, sizeof key);
    return key;
}

/* The two pictures of the first contradiction, and how many there are. */
typedef struct labels_found {
    uint64_t         n;
    const as_sample *a, *b;
} labels_found;

static void labels_count(labels_found *found, const as_sample *a, const as_sample *b)
{
    if (!as_set_is_labelled(a) || !as_set_is_labelled(b) || strcmp(a->label, b->label) == 0)
        return;
    if (found->n++ == 0) {
        found->a = a;
        found->b = b;
    }
}

static void labels_tell(const as_set *set, const labels_found *found, const char *how, as_check_level level,
                        as_set_report *report)
{
    as_set_finding *f = as_set_report_add(report, &as_set_check_labels, level);
    f->value = (double)found->n;
    f->limit = 0;
    f->n = as_manifest_count(set->manifest);
    snprintf(f->text, sizeof f->text,
             "%llu picture%s with two labels, the first: '%.120s' is '%.60s' and '%.120s' is '%.60s', %s",
             (unsigned long long)found->n, found->n == 1 ? "" : "s", found->a->name, found->a->label, found->b->name,
             found->b->label, how);
    snprintf(f->remedy, sizeof f->remedy, "one of the two labels is wrong: mend it, or take both out");
}

static bool set_labels_run(const as_set *set, as_set_report *report, as_err *err)
{
    labels_found same = {.n = 0}, alike = {.n = 0};
    as_keys      keys;
    if (!as_keys_make(set->labelled, labels_image, NULL, &keys, err))
        return false;
    for (size_t i = 0; i < as_manifest_count(set->labelled); i++)
        labels_count(&same, as_manifest_at(set->labelled, keys.first[keys.of[i]]), as_manifest_at(set->labelled, i));
    as_keys_done(&keys);
    for (size_t i = 0; i < set->pairs->at.n && set->pairs->most >= 0; i++)
        if (set->pairs->at.at[i].bits == 0)
            labels_count(&alike, as_manifest_at(set->manifest, set->pairs->at.at[i].a),
                         as_manifest_at(set->manifest, set->pairs->at.at[i].b));
    if (same.n)
        labels_tell(set, &same, "the same bytes", AS_CHECK_QUARANTINE, report);
    if (alike.n)
        labels_tell(set, &alike, "alike in all 64 bits of their hash", AS_CHECK_WARN, report);
    if (same.n || alike.n)
        return true;
    as_set_finding *f = as_set_report_add(report, &as_set_check_labels, AS_CHECK_OK);
    f->value = 0;
    f->n = as_manifest_count(set->manifest);
    as_str_copy(f->text, sizeof f->text, "no picture has two labels");
    return true;
}

const as_set_check as_set_check_labels = {
    .name = "labels",
    .summary = "no picture is there under two classes",
    .run = set_labels_run,
};
