/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a query: what is accepted must be SQL that the catalog's database understands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "query: %s\n", what);
    abort();
}

/* Brackets match, and nothing of the text got in: only what the grammar itself writes. */
static void check_sql(const char *sql)
{
    static const char allowed[] = " ()=!<>?,_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    int               depth = 0;
    must(strspn(sql, allowed) == strlen(sql), "a byte of the text is in the SQL");
    for (const char *p = sql; *p; p++) {
        depth += (*p == '(') - (*p == ')');
        must(depth >= 0, "a bracket closes that was not open");
    }
    must(depth == 0, "a bracket stays open");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err err = AS_ERR_NONE;
    char  *text = malloc(size + 1);
    size_t n = 0;
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    as_query *query = as_query_parse(text, &err);
    must(query || err.code != AS_OK, "refused without an error");
    if (query) {
        check_sql(as_query_sql(query));
        const as_query_value *values = as_query_values(query, &n);
        for (size_t i = 0; i < n; i++)
            must(values[i].is_text ? values[i].text != NULL : values[i].text == NULL, "a value of two kinds");
    }
    as_query_free(query);
    free(text);
    return 0;
}
