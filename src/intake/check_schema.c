/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "intake/intake.h"

#define SCHEMA_LEAST_SIDE 3 /* px: below it no statistics can be taken (image/stats.h) */

/* What the file says the picture must be; "" when it is so. */
static void schema_differs(const as_check_input *in, char *text)
{
    const as_codec_info *info = in->info;
    const as_spec       *spec = in->spec;
    const uint32_t      *px = spec->frame_px;
    text[0] = '\0';
    if ((px[0] && px[0] != info->width) || (px[1] && px[1] != info->height))
        snprintf(text, AS_CHECK_TEXT_BYTES, "is %ux%u px, and station.frame_px says %ux%u", info->width, info->height,
                 px[0], px[1]);
    else if (spec->channels && spec->channels != info->channels)
        snprintf(text, AS_CHECK_TEXT_BYTES, "has %u channel%s, and station.channels says %u", info->channels,
                 info->channels == 1 ? "" : "s", spec->channels);
    else if (spec->bit_depth && spec->bit_depth != info->bit_depth)
        snprintf(text, AS_CHECK_TEXT_BYTES, "has %u bits a channel, and station.bit_depth says %u", info->bit_depth,
                 spec->bit_depth);
}

/* The twin's and a folder's options are not the camera. */
static bool schema_same_camera(const char *a, const char *b)
{
    size_t n = strcspn(a, "?");
    return n == strcspn(b, "?") && memcmp(a, b, n) == 0;
}

static void schema_lacks(const as_check_input *in, char *text)
{
    unsigned    needs = in->spec->metadata;
    const char *camera = in->camera ? in->camera : "", *part = in->part ? in->part : "";
    if (needs & 1u << AS_METADATA_CAMERA && !*camera)
        snprintf(text, AS_CHECK_TEXT_BYTES,
                 "does not say which camera took it, and intake.metadata asks for that: take it in with assay capture");
    else if (needs & 1u << AS_METADATA_CAMERA && *in->spec->camera && !schema_same_camera(camera, in->spec->camera))
        snprintf(text, AS_CHECK_TEXT_BYTES, "is of camera '%.60s', and station.camera is '%.60s'", camera,
                 in->spec->camera);
    else if (needs & 1u << AS_METADATA_PART && (!*part || strcmp(part, in->name) == 0))
        snprintf(
            text, AS_CHECK_TEXT_BYTES,
            "does not say which part it shows, and intake.metadata asks for that: take it in with assay capture, or "
            "name the parts");
}

static as_check_level schema_run(const as_check_input *in, char *text)
{
    if (in->info->width < SCHEMA_LEAST_SIDE || in->info->height < SCHEMA_LEAST_SIDE) {
        snprintf(text, AS_CHECK_TEXT_BYTES, "is %ux%u px: nothing can be judged on so few", in->info->width,
                 in->info->height);
        return AS_CHECK_QUARANTINE;
    }
    schema_differs(in, text);
    if (!*text)
        schema_lacks(in, text);
    if (*text)
        return AS_CHECK_QUARANTINE;
    if (in->info->n_pages <= 1)
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "has %s%u pages, and the first is taken: write the others as files of their own",
             in->info->n_pages == AS_CODEC_MAX_PAGES ? "at least " : "", in->info->n_pages);
    return AS_CHECK_WARN;
}

extern const as_check as_check_schema;
const as_check        as_check_schema = {
           .name = "schema",
           .summary = "the picture is as station.frame_px, channels and bit_depth say, has one page and intake.metadata",
           .run = schema_run,
};
