/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"

static as_check_level half_run(const as_check_input *in, char *text)
{
    double rows = in->stats->blank_rows_ratio, columns = in->stats->blank_columns_ratio, worst = AS_MAX(rows, columns);
    if (worst <= in->spec->max_blank_ratio)
        return AS_CHECK_OK;
    snprintf(
        text, AS_CHECK_TEXT_BYTES,
        "%.0f %% of its %s are of one single level, and intake.max_blank_ratio allows %.4g %%: did it come whole? look "
        "at cable, network and exposure",
        worst * 100, rows >= columns ? "rows" : "columns", in->spec->max_blank_ratio * 100);
    return AS_CHECK_WARN;
}

extern const as_check as_check_half;
const as_check        as_check_half = {
           .name = "half",
           .summary = "no more than intake.max_blank_ratio of the picture is of one level, from an end",
           .rule = AS_RULE_HALF,
           .run = half_run,
};
