/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a picture's file to be stripped: what comes out is no longer, and stripping it again changes nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/strip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "strip: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_str once, twice;
    as_str_init(&once);
    as_str_init(&twice);
    (void)as_strip_jpeg_sampling(data, size);
    if (as_strip(data, size, &once)) {
        must(once.len <= size + 2, "it has grown");
        must(as_strip((const uint8_t *)once.s, once.len, &twice), "what was stripped cannot be stripped");
        must(twice.len == once.len && memcmp(twice.s, once.s, once.len) == 0, "a second time changes it");
    }
    as_str_done(&once);
    as_str_done(&twice);
    return 0;
}
