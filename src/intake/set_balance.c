/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "intake/set.h"

#define BALANCE_MOST_RATIO 10.0 /* beyond it networks lose clearly (Buda, Maki and Mazurowski 2018) */

extern const as_set_check as_set_check_balance;

typedef struct balance_counts {
    uint64_t n[AS_SPEC_MAX_CLASSES], n_test[AS_SPEC_MAX_CLASSES], n_all_test;
} balance_counts;

static void balance_count(const as_set *set, balance_counts *counts)
{
    *counts = (balance_counts){.n_all_test = 0};
    for (size_t i = 0; i < as_manifest_count(set->labelled); i++) {
        const as_sample *sample = as_manifest_at(set->labelled, i);
        int              c = as_spec_class(set->spec, sample->label);
        if (c < 0)
            continue;
        counts->n[c]++;
        counts->n_test[c] += sample->split == AS_SPLIT_TEST;
        counts->n_all_test += sample->split == AS_SPLIT_TEST;
    }
}

/* Too few of a class to learn or to judge it. */
static bool balance_class(as_set_report *report, const balance_counts *counts, size_t c, const char *name)
{
    const char *what = counts->n[c] == 0                              ? "is a class without a picture"
                       : counts->n[c] == 1                            ? "has one picture only"
                       : counts->n_all_test && counts->n_test[c] == 0 ? "has no picture in the test split"
                                                                      : NULL;
    if (!what)
        return false;
    as_set_finding *f = as_set_report_add(report, &as_set_check_balance, AS_CHECK_WARN);
    snprintf(f->text, sizeof f->text, "'%s' %s", name, what);
    snprintf(f->remedy, sizeof f->remedy, "%s",
             counts->n[c] == 0   ? "take pictures of it, or take it out of the classes of assay.yaml"
             : counts->n[c] == 1 ? "take more: one picture cannot be learned and tested"
                                 : "put some of its pictures into the test: without one its recall is not known");
    f->value = (double)counts->n[c];
    f->n = counts->n[c];
    return true;
}

static bool balance_run(const as_set *set, as_set_report *report, as_err *err)
{
    balance_counts counts;
    size_t         least = SIZE_MAX, most = SIZE_MAX;
    bool           told = false;
    (void)err;
    balance_count(set, &counts);
    for (size_t c = 0; c < set->spec->n_classes; c++) {
        told = balance_class(report, &counts, c, set->spec->classes[c].name) || told;
        if (counts.n[c] && (least == SIZE_MAX || counts.n[c] < counts.n[least]))
            least = c;
        if (counts.n[c] && (most == SIZE_MAX || counts.n[c] > counts.n[most]))
            most = c;
    }
    if (most == SIZE_MAX || (least == most && told))
        return true;
    double          ratio = (double)counts.n[most] / (double)counts.n[least];
    bool            far = ratio > BALANCE_MOST_RATIO;
    as_set_finding *f =
        told && !far ? NULL : as_set_report_add(report, &as_set_check_balance, far ? AS_CHECK_WARN : AS_CHECK_OK);
    if (!f)
        return true;
    f->value = ratio;
    f->limit = BALANCE_MOST_RATIO;
    f->n = as_manifest_count(set->labelled);
    snprintf(f->text, sizeof f->text, "the largest class is %.1f times the smallest ('%s' %llu, '%s' %llu)", ratio,
             set->spec->classes[most].name, (unsigned long long)counts.n[most], set->spec->classes[least].name,
             (unsigned long long)counts.n[least]);
    if (far)
        snprintf(f->remedy, sizeof f->remedy,
                 "take more of '%s'; judge by recall and precision of each class, not by accuracy",
                 set->spec->classes[least].name);
    return true;
}

const as_set_check as_set_check_balance = {
    .name = "balance",
    .summary = "no class is empty or far smaller than another",
    .run = balance_run,
};
