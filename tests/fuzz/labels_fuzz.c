/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the labels of three samples: what is accepted must come back the same after it was written and read
 * again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "labels: %s\n", what);
    abort();
}

static as_manifest *three_samples(void)
{
    static const char *const names[] = {"a", "b", "c"};
    as_err                   err = AS_ERR_NONE;
    as_manifest             *manifest = as_manifest_new(&err);
    for (size_t i = 0; manifest && i < AS_COUNT(names); i++)
        must(as_manifest_add(manifest,
                             &(as_sample){.name = names[i],
                                          .label = "",
                                          .part = names[i],
                                          .camera = "",
                                          .format = "png",
                                          .sharpness = NAN,
                                          .clipped_ratio = NAN,
                                          .severity = NAN},
                             &err),
             "cannot add a sample");
    must(manifest != NULL, "cannot make a manifest");
    return manifest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err       err = AS_ERR_NONE;
    as_str       text, again;
    as_manifest *first = three_samples(), *second = three_samples();
    as_str_init(&text);
    as_str_init(&again);
    if (as_labels_parse(data, size, first, &err)) {
        must(as_labels_write(first, &text, &err), "what was read cannot be written");
        must(as_labels_parse((const uint8_t *)text.s, text.len, second, &err), "what was written cannot be read");
        must(as_labels_write(second, &again, &err), "the second cannot be written");
        must(again.len == text.len && memcmp(again.s, text.s, text.len) == 0, "two writes differ");
    } else {
        must(err.code != AS_OK, "refused without an error");
    }
    as_manifest_free(first);
    as_manifest_free(second);
    as_str_done(&text);
    as_str_done(&again);
    return 0;
}
