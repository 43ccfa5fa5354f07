/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an HTTP request: what is taken has a path of printable letters, and says the same however it came in pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/http_request.h"
#include "wire/where.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "http_request: %s\n", what);
    abort();
}

static void check_where(const uint8_t *data, size_t size)
{
    char     text[96], again[80];
    as_where where, back;
    as_err   err = AS_ERR_NONE;
    size_t   n = AS_MIN(size, sizeof text - 1);
    if (n)
        memcpy(text, data, n);
    text[n] = '\0';
    if (!as_where_parse(text, 8080, &where, &err))
        return;
    must(as_where_parse(as_where_text(&where, again), 1, &back, &err), "an address is not read back");
    must(back.port == where.port && strcmp(back.host, where.host) == 0, "an address changes");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_http_request request;
    char           *bytes = calloc(1, size ? size : 1); /* of its own size: reading past it is seen */
    if (!bytes)
        return 0;
    if (size)
        memcpy(bytes, data, size);
    as_http_state state = as_http_request_parse(bytes, size, &request);
    if (state == AS_HTTP_WHOLE) {
        must(request.path[0] == '/' && strlen(request.path) < sizeof request.path, "the path is none");
        for (const char *c = request.path; *c; c++)
            must(*c > 0x20 && *c < 0x7f, "the path has a letter that is none");
    }
    /* A head that is whole stays so with what follows it. */
    for (size_t n = 0; state != AS_HTTP_MORE && n < size; n++) {
        as_http_state part = as_http_request_parse(bytes, n, &request);
        if (part == AS_HTTP_MORE)
            continue;
        must(part == state, "what follows changes it");
        break;
    }
    free(bytes);
    check_where(data, size);
    return 0;
}
