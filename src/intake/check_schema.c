/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"

#define SCHEMA_LEAST_SIDE 3 /* px: below it no statistics can be taken (image/stats.h) */

static as_check_level schema_run(const as_check_input *in, char *text)
{
    uint32_t width = in->info->width, height = in->info->height;
    if (width < SCHEMA_LEAST_SIDE || height < SCHEMA_LEAST_SIDE) {
        snprintf(text, AS_CHECK_TEXT_BYTES, "is %ux%u px: nothing can be judged on so few", width, height);
        return AS_CHECK_QUARANTINE;
    }
    const uint32_t *want = in->spec->frame_px;
    if ((want[0] == 0 || want[0] == width) && (want[1] == 0 || want[1] == height)) {
        if (in->info->n_pages <= 1)
            return AS_CHECK_OK;
        snprintf(text, AS_CHECK_TEXT_BYTES,
                 "has %s%u pages, and the first is taken: write the others as files of their own",
                 in->info->n_pages == AS_CODEC_MAX_PAGES ? "at least " : "", in->info->n_pages);
        return AS_CHECK_WARN;
    }
    snprintf(text, AS_CHECK_TEXT_BYTES, "is %ux%u px, and station.frame_px says %ux%u", width, height, want[0],
             want[1]);
    return AS_CHECK_QUARANTINE;
}

extern const as_check as_check_schema;
const as_check        as_check_schema = {
           .name = "schema",
           .summary = "the picture has the size that station.frame_px says, and one page",
           .run = schema_run,
};
