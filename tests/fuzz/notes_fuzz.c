/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the notes of a version: what is accepted must come back the same after it was written and read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "catalog/notes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "notes: %s\n", what);
    abort();
}

static bool take(void *ctx, const char *name, const uint8_t image[8], const as_note *note, as_err *err)
{
    as_sample sample = {.name = name};
    (void)err;
    memcpy(sample.image.b, image, 8);
    must(note->n_found <= AS_NOTE_MAX_FOUND && (note->n_found == 0 || note->found != NULL), "more than there can be");
    as_note_add(ctx, &sample, note);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err err = AS_ERR_NONE;
    as_str lines, again;
    as_str_init(&lines);
    as_str_init(&again);
    as_str_add(&lines, as_notes_head);
    as_str_add(&again, as_notes_head);
    if (as_notes_parse(data, size, take, &lines, &err)) {
        must(as_notes_parse((const uint8_t *)lines.s, lines.len, take, &again, &err),
             "what was written cannot be read");
        must(again.len == lines.len && memcmp(again.s, lines.s, lines.len) == 0, "two writes differ");
    } else {
        must(err.code != AS_OK, "refused without an error");
    }
    as_str_done(&lines);
    as_str_done(&again);
    return 0;
}
