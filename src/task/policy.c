/* SPDX-License-Identifier: Apache-2.0 */
#include "task/classify.h"

#include <string.h>

/* A class that the model never learned could never be found: such a model must not judge. */
static bool policy_knows_all(const as_spec *spec, const as_model_info *info, as_err *err)
{
    for (size_t c = 0; c < spec->n_classes; c++) {
        bool known = false;
        for (size_t i = 0; i < info->n_labels && !known; i++)
            known = strcmp(info->labels[i], spec->classes[c].name) == 0;
        if (!known)
            return AS_FAIL(err, AS_EINVAL, "the model does not know the class '%s' of %s (train again)",
                           spec->classes[c].name, spec->path ? spec->path : "the spec");
    }
    return true;
}

bool as_policy_make(const as_spec *spec, const as_model_info *info, const as_operating_point *point, as_policy *ret,
                    as_err *err)
{
    as_policy policy = {.point = *point, .unsure = spec->failsafe_unsure};
    if (!(point->pass_below >= 0 && point->pass_below <= point->reject_from && point->reject_from <= 1))
        return AS_FAIL(err, AS_EINVAL, "the operating point %g to %g is not within 0 and 1 (solve it with: assay eval)",
                       point->pass_below, point->reject_from);
    for (size_t i = 0; i < info->n_labels; i++) {
        int class = as_spec_class(spec, info->labels[i]);
        if (class < 0)
            return AS_FAIL(err, AS_EINVAL, "the model knows a class '%s' that %s does not have (train again)",
                           info->labels[i], spec->path ? spec->path : "the spec");
        policy.verdict[i] = spec->classes[class].verdict;
    }
    if (!policy_knows_all(spec, info, err))
        return false;
    *ret = policy;
    return true;
}

double as_policy_reject_score(const as_policy *policy, const as_scores *scores)
{
    double sum = 0;
    for (uint32_t i = 0; i < scores->n; i++)
        if (policy->verdict[i] == AS_VERDICT_REJECT)
            sum += (double)scores->p[i];
    return sum > 1 ? 1 : sum;
}

as_verdict as_policy_verdict(const as_policy *policy, const as_scores *scores, as_reason *ret_reason)
{
    double score = as_policy_reject_score(policy, scores);
    bool   is_unsure = score >= policy->point.pass_below && score < policy->point.reject_from;
    *ret_reason = is_unsure ? AS_REASON_UNSURE : AS_REASON_MODEL;
    if (score >= policy->point.reject_from)
        return AS_VERDICT_REJECT;
    if (is_unsure)
        return policy->unsure;
    return policy->verdict[scores->best] == AS_VERDICT_REVIEW ? AS_VERDICT_REVIEW : AS_VERDICT_PASS;
}

size_t as_policy_worst(const as_policy *policy, const as_scores *frames, size_t n)
{
    size_t worst = 0;
    double worst_score = -1;
    for (size_t i = 0; i < n; i++) {
        double score = as_policy_reject_score(policy, &frames[i]);
        if (score > worst_score) {
            worst = i;
            worst_score = score;
        }
    }
    return worst;
}
