/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "intake/state.h"

#define DUPLICATE_NAME_BYTES 80 /* of the text are for each name */

/* The end of a long name tells more than its beginning. */
static const char *duplicate_short(const char *name, char *text)
{
    size_t n = strlen(name);
    if (n < DUPLICATE_NAME_BYTES)
        return name;
    const char *end = name + n - (DUPLICATE_NAME_BYTES - 4);
    while (((unsigned char)*end & 0xc0) == 0x80) /* not in the middle of a character */
        end++;
    snprintf(text, DUPLICATE_NAME_BYTES, "...%s", end);
    return text;
}

static as_check_level duplicate_run(const as_check_input *in, char *text)
{
    char name[DUPLICATE_NAME_BYTES];
    if (!in->duplicate_of)
        return AS_CHECK_OK;
    const char *other = duplicate_short(in->duplicate_of, name);
    if (*in->label && *in->duplicate_label && strcmp(in->duplicate_label, in->label) != 0) {
        snprintf(text, AS_CHECK_TEXT_BYTES, "is byte for byte '%s', which is '%.40s': one of the two labels is wrong",
                 other, in->duplicate_label);
        return AS_CHECK_QUARANTINE;
    }
    if (as_split_conflict(in->split, in->duplicate_split)) {
        /* What was trained on cannot become a test: the models of earlier versions have seen it. */
        bool trained = in->duplicate_split == AS_SPLIT_TRAIN;
        snprintf(text, AS_CHECK_TEXT_BYTES, "is byte for byte '%s', which is in %s and stays there: %s", other,
                 as_split_name(in->duplicate_split),
                 trained ? "no picture proves anything that was trained on" : "never on both sides");
        return AS_CHECK_QUARANTINE;
    }
    snprintf(text, AS_CHECK_TEXT_BYTES, "is byte for byte '%s' (both are kept, in one split)", other);
    return AS_CHECK_WARN;
}

extern const as_check as_check_duplicate;
const as_check        as_check_duplicate = {
           .name = "duplicate",
           .summary = "no identical picture has another class, or is in another split",
           .in_order = true,
           .is_final = "one picture has one class and one split: set the label of the other (assay label set), or drop it",
           .run = duplicate_run,
};
