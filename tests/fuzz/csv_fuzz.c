/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a table: rows that are read, written and read again are the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const as_csv *csv)
{
    as_csv *again = malloc(sizeof *again);
    as_err  err = AS_ERR_NONE;
    as_str  text;
    bool    end, same = again != NULL;
    as_str_init(&text);
    as_str_add(&text, "x,y,z\n"); /* so that the comma is one */
    for (size_t i = 0; i < csv->n_fields; i++) {
        as_str_add(&text, i ? "," : "");
        as_csv_add(&text, csv->fields[i]);
    }
    if (again && text.len > 6) {
        as_csv_init(again, text.s, text.len, "again");
        same = as_csv_row(again, &end, &err) && as_csv_row(again, &end, &err) && again->n_fields == csv->n_fields;
        for (size_t i = 0; same && i < csv->n_fields; i++)
            same = strcmp(again->fields[i], csv->fields[i]) == 0;
        as_csv_done(again);
    }
    if (!same) {
        fprintf(stderr, "csv: a row does not come back\n");
        abort();
    }
    as_str_done(&text);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_csv *csv = malloc(sizeof *csv);
    as_err  err = AS_ERR_NONE;
    bool    end = false;
    if (!csv)
        return 0;
    as_csv_init(csv, data, size, "fuzz");
    while (as_csv_row(csv, &end, &err))
        check_again(csv);
    if (!end && err.code == AS_OK)
        abort();
    as_csv_done(csv);
    free(csv);
    return 0;
}
