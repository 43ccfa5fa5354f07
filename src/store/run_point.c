/* SPDX-License-Identifier: Apache-2.0 */
#include "store/run_point.h"

#include <stdio.h>

as_point_side as_point_side_of(const as_point_counts *counts)
{
    if (counts->n_parts == 0)
        return AS_POINT_UNKNOWN;
    if (counts->n_passed == 0)
        return AS_POINT_PASSES_NONE;
    return counts->n_passed == counts->n_parts ? AS_POINT_PASSES_ALL : AS_POINT_BOTH;
}

/* Why it came to that, and what mends it. */
static const char *point_remedy(const as_point_counts *counts, bool feasible, bool none)
{
    if (none && counts->n_good == 0)
        return "there is no good part among them (bring in good ones: assay import, assay capture; then train again)";
    if (!none && counts->n_bad == 0)
        return "there is no bad part among them (bring in bad ones: assay import, assay capture; then train again)";
    if (!feasible)
        return "no threshold of this model meets the requirements (bring in more good and bad parts, try another "
               "trainer: assay train --trainer, or ask for less in assay.yaml)";
    return "with this model nothing is cheaper at the costs in assay.yaml (bring in more good and bad parts, try "
           "another "
           "trainer: assay train --trainer, or look at cost)";
}

const char *as_point_warning(const as_point_counts *counts, bool feasible, char text[AS_POINT_WARNING_BYTES])
{
    as_point_side side = as_point_side_of(counts);
    text[0] = '\0';
    if (side == AS_POINT_PASSES_NONE || side == AS_POINT_PASSES_ALL) {
        bool none = side == AS_POINT_PASSES_NONE;
        snprintf(text, AS_POINT_WARNING_BYTES, "the operating point %s %s%llu part%s of the validation split: %s",
                 !none                                   ? "passes"
                 : counts->n_rejected == counts->n_parts ? "rejects"
                                                         : "passes none of",
                 none && counts->n_rejected != counts->n_parts ? "the "
                 : counts->n_parts == 1                        ? "the "
                                                               : "all ",
                 (unsigned long long)counts->n_parts, counts->n_parts == 1 ? "" : "s",
                 point_remedy(counts, feasible, none));
    }
    return text;
}

json_t *as_point_warning_json(const as_point_counts *counts, bool feasible)
{
    char text[AS_POINT_WARNING_BYTES];
    return *as_point_warning(counts, feasible, text) ? json_string(text) : json_null();
}

json_t *as_point_counts_json(const as_point_counts *counts)
{
    json_t *json = json_object();
    as_json_set(json, "parts", json_integer((json_int_t)counts->n_parts));
    as_json_set(json, "good", json_integer((json_int_t)counts->n_good));
    as_json_set(json, "bad", json_integer((json_int_t)counts->n_bad));
    as_json_set(json, "pass", json_integer((json_int_t)counts->n_passed));
    as_json_set(json, "review", json_integer((json_int_t)(counts->n_parts - counts->n_passed - counts->n_rejected)));
    as_json_set(json, "reject", json_integer((json_int_t)counts->n_rejected));
    return json;
}

as_point_counts as_point_counts_from_json(const json_t *json)
{
    const char *const keys[] = {"parts", "good", "bad", "pass", "reject"};
    uint64_t          n[AS_COUNT(keys)];
    for (size_t i = 0; i < AS_COUNT(keys); i++) {
        json_int_t value = json_integer_value(json_object_get(json, keys[i]));
        if (value < 0)
            return (as_point_counts){0};
        n[i] = (uint64_t)value;
    }
    if (n[1] > n[0] || n[2] > n[0] - n[1] || n[3] > n[0] || n[4] > n[0] - n[3])
        return (as_point_counts){0};
    return (as_point_counts){n[0], n[1], n[2], n[3], n[4]};
}
