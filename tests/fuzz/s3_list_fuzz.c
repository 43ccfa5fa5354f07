/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a server of buckets answers: names within their bounds, a token or none, an error that can be printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "remote/s3_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "s3_list: %s\n", what);
    abort();
}

static bool is_printable(const char *text)
{
    const size_t n = strlen(text);
    for (size_t at = 0, step; at < n; at += step)
        if ((step = as_str_char_bytes(text + at, n - at)) == 0)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_s3_page page = {.token = NULL};
    as_err     err = AS_ERR_NONE;
    char       code[64], message[256];
    as_s3_error_parse(data, size, code, message);
    must(is_printable(code) && is_printable(message), "an error that cannot be printed");
    if (!as_s3_page_parse(data, size, &page, &err)) {
        must(err.code != AS_OK, "refused without a word");
        return 0;
    }
    must(page.entries.n <= AS_S3_PAGE_MAX_NAMES, "too many names");
    for (size_t i = 0; i < page.entries.n; i++)
        must(page.entries.at[i].name[0] && strlen(page.entries.at[i].name) < AS_S3_KEY_BYTES, "a name out of bounds");
    must(!page.token || (page.token[0] && strlen(page.token) <= AS_S3_TOKEN_MAX_BYTES), "a token out of bounds");
    as_s3_page_done(&page);
    return 0;
}
