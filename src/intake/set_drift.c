/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "intake/drift.h"
#include "intake/set.h"

extern const as_set_check as_set_check_drift;

static void drift_ok(as_set_report *report, const char *text, uint64_t n)
{
    as_set_finding *f = as_set_report_add(report, &as_set_check_drift, AS_CHECK_OK);
    snprintf(f->text, sizeof f->text, "%s", text);
    f->n = n;
}

static void drift_tell(const as_drift *drift, const as_drift_row *row, double max_psi, as_set_report *report)
{
    as_set_finding *f = as_set_report_add(report, &as_set_check_drift, AS_CHECK_WARN);
    snprintf(f->text, sizeof f->text, "%s is not as in the reference: %s; PSI %.2f, p %.2g", row->name, row->text,
             row->psi, row->p);
    snprintf(f->remedy, sizeof f->remedy, "%s", row->remedy);
    f->value = row->psi;
    f->limit = max_psi;
    f->n = drift->n_after;
}

/* A version that cannot be compared is told of, and is a version all the same. */
static bool set_drift_run(const as_set *set, as_set_report *report, as_err *err)
{
    as_drift drift;
    as_err   why = AS_ERR_NONE;
    char     hex[AS_SHA256_HEX_BYTES], text[AS_SET_TEXT_BYTES];
    if (!set->ws || !*set->spec->reference) {
        drift_ok(report, "not looked for: assay.yaml names no intake.reference", 0);
        return true;
    }
    if (!as_drift_find(set->ws, set->spec, set->spec->reference, as_digest_hex(&set->commit->id, hex), &drift, &why)) {
        if (why.code == AS_ENOMEM)
            return as_err_set(err, why.code, "%s", why.text);
        snprintf(text, sizeof text, "not compared with '%.100s': %.300s", set->spec->reference, why.text);
        as_set_finding *f =
            as_set_report_add(report, &as_set_check_drift, why.code == AS_EINVAL ? AS_CHECK_OK : AS_CHECK_WARN);
        memcpy(f->text, text, sizeof text);
        if (f->level == AS_CHECK_WARN)
            snprintf(f->remedy, sizeof f->remedy, "name a version that there is as intake.reference (assay data log)");
        return true;
    }
    for (size_t i = 0; i < drift.n; i++)
        if (drift.at[i].changed)
            drift_tell(&drift, &drift.at[i], set->spec->max_psi, report);
    if (drift.n_changed == 0) {
        snprintf(text, sizeof text,
                 "%zu pictures that came since the reference are distributed as its %zu, in %zu measures",
                 drift.n_after, drift.n_before, drift.n);
        drift_ok(report, text, drift.n_after);
    }
    return true;
}

const as_set_check as_set_check_drift = {
    .name = "drift",
    .summary = "what came since intake.reference is distributed as that was",
    .run = set_drift_run,
};
