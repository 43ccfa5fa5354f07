/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a manifest: what is accepted must come back the same after it was written and read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "catalog/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "manifest: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err       err = AS_ERR_NONE;
    as_str       text, again;
    as_manifest *second, *first = as_manifest_parse(data, size, &err);
    must(first != NULL || err.code != AS_OK, "refused without an error");
    if (!first)
        return 0;
    as_str_init(&text);
    as_str_init(&again);
    must(as_manifest_write(first, &text, &err), "what was read cannot be written");
    second = as_manifest_parse((const uint8_t *)text.s, text.len, &err);
    must(second && as_manifest_count(second) == as_manifest_count(first), "what was written cannot be read");
    must(as_manifest_write(second, &again, &err), "the second cannot be written");
    must(again.len == text.len && memcmp(again.s, text.s, text.len) == 0, "two writes differ");
    as_manifest_free(first);
    as_manifest_free(second);
    as_str_done(&text);
    as_str_done(&again);
    return 0;
}
