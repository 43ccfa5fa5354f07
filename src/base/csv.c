/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"

#include <string.h>

#define CSV_MAX_FIELD_BYTES ((size_t)1 << 20)

static char csv_comma(const char *p, const char *end)
{
    static const char commas[] = ",;\t";
    size_t            n[3] = {0}, most = 0;
    bool              quoted = false;
    for (; p < end && (quoted || (*p != '\n' && *p != '\r')); p++) {
        quoted ^= *p == '"';
        for (size_t i = 0; i < 3; i++)
            n[i] += !quoted && *p == commas[i];
    }
    for (size_t i = 1; i < 3; i++)
        if (n[i] > n[most])
            most = i;
    return commas[most];
}

void as_csv_init(as_csv *csv, const void *bytes, size_t n, const char *name)
{
    *csv = (as_csv){.p = bytes, .end = (const char *)bytes + n, .name = name, .next_line = 1};
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        csv->p += 3;
    csv->comma = csv_comma(csv->p, csv->end);
    as_str_init(&csv->bytes);
}

void as_csv_done(as_csv *csv)
{
    as_str_done(&csv->bytes);
}

static bool csv_fail(const as_csv *csv, as_err *err, as_err_code code, const char *what)
{
    return AS_FAIL(err, code, "%s:%zu: %s", csv->name, csv->line, what);
}

/* From behind the opening quote to behind the closing one. */
static bool csv_quoted(as_csv *csv, as_err *err)
{
    for (;; csv->p++) {
        if (csv->p == csv->end)
            return csv_fail(csv, err, AS_EFORMAT, "a quoted field does not end");
        if (*csv->p == '"') {
            csv->p++;
            if (csv->p == csv->end || *csv->p != '"')
                return true;
        }
        csv->next_line += *csv->p == '\n';
        as_str_add_bytes(&csv->bytes, csv->p, 1);
    }
}

static bool csv_field(as_csv *csv, as_err *err)
{
    size_t from = csv->bytes.len;
    if (csv->n_fields == AS_CSV_MAX_FIELDS)
        return csv_fail(csv, err, AS_ELIMIT, "it has more than 1000 fields");
    csv->n_fields++;
    if (csv->p < csv->end && *csv->p == '"') {
        csv->p++;
        if (!csv_quoted(csv, err))
            return false;
        if (csv->p < csv->end && *csv->p != csv->comma && *csv->p != '\n' && *csv->p != '\r')
            return csv_fail(csv, err, AS_EFORMAT, "there is text behind a quoted field");
    }
    while (csv->p < csv->end && *csv->p != csv->comma && *csv->p != '\n' && *csv->p != '\r')
        as_str_add_bytes(&csv->bytes, csv->p++, 1);
    if (memchr(csv->bytes.s + from, '\0', csv->bytes.len - from))
        return csv_fail(csv, err, AS_EFORMAT, "it has a zero byte: is it a text file?");
    if (csv->bytes.len - from > CSV_MAX_FIELD_BYTES)
        return csv_fail(csv, err, AS_ELIMIT, "a field is larger than 1 MiB");
    as_str_add_bytes(&csv->bytes, "", 1);
    return as_str_ok(&csv->bytes) || AS_FAIL(err, AS_ENOMEM, "not enough memory to read '%s'", csv->name);
}

bool as_csv_row(as_csv *csv, bool *ret_end, as_err *err)
{
    for (; csv->p < csv->end && (*csv->p == '\n' || *csv->p == '\r'); csv->p++)
        csv->next_line += *csv->p == '\n';
    csv->line = csv->next_line;
    csv->n_fields = 0;
    as_str_clear(&csv->bytes);
    *ret_end = csv->p == csv->end;
    if (*ret_end)
        return false;
    for (bool more = true; more;) {
        if (!csv_field(csv, err))
            return false;
        more = csv->p < csv->end && *csv->p == csv->comma;
        csv->p += more;
    }
    const char *field = csv->bytes.s;
    for (size_t i = 0; i < csv->n_fields; i++, field += strlen(field) + 1)
        csv->fields[i] = field;
    return true;
}

void as_csv_add(as_str *out, const char *field)
{
    size_t n = strlen(field);
    if (!field[strcspn(field, ",;\t\"\r\n")] && (n == 0 || (field[0] != ' ' && field[n - 1] != ' '))) {
        as_str_add(out, field);
        return;
    }
    as_str_add(out, "\"");
    for (; *field; field++)
        as_str_add_bytes(out, *field == '"' ? "\"\"" : field, *field == '"' ? 2 : 1);
    as_str_add(out, "\"");
}
