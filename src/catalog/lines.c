/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/lines.h"

#include <string.h>

void as_lines_init(as_lines *lines)
{
    as_str_init(&lines->rest);
    lines->n = 0;
}

void as_lines_done(as_lines *lines)
{
    as_str_done(&lines->rest);
}

static bool lines_line(as_lines *lines, const char *p, const char *end, as_err *err)
{
    as_err         why = AS_ERR_NONE;
    as_text_cursor c = {.p = p, .end = end, .why = "it is too long"};
    lines->n++;
    if ((size_t)(end - p) <= lines->n_most && lines->line(lines->ctx, &c, lines->n, &why))
        return true;
    if (why.code == AS_OK)
        return AS_FAIL(err, AS_EFORMAT, "%s line %zu: %s", lines->what, lines->n, c.why);
    return AS_FAIL(err, why.code == AS_ENOMEM ? AS_ENOMEM : AS_EFORMAT, "%s line %zu: %s", lines->what, lines->n,
                   why.text);
}

static bool lines_keep(as_lines *lines, const char *p, size_t n, as_err *err)
{
    as_str_add_bytes(&lines->rest, p, n);
    if (!as_str_ok(&lines->rest))
        return AS_FAIL(err, AS_ENOMEM, "%s line %zu: not enough memory", lines->what, lines->n + 1);
    return lines->rest.len <= lines->n_most ||
           AS_FAIL(err, AS_EFORMAT, "%s line %zu: it is too long", lines->what, lines->n + 1);
}

bool as_lines_take(void *ctx, const uint8_t *bytes, size_t n, as_err *err)
{
    as_lines   *lines = ctx;
    const char *p = (const char *)bytes, *end = p + n;
    while (p < end) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end)
            return lines_keep(lines, p, (size_t)(end - p), err);
        bool ok = true;
        if (lines->rest.len) {
            ok = lines_keep(lines, p, (size_t)(line_end - p), err) &&
                 lines_line(lines, lines->rest.s, lines->rest.s + lines->rest.len, err);
            as_str_clear(&lines->rest);
        } else {
            ok = lines_line(lines, p, line_end, err);
        }
        if (!ok)
            return false;
        p = line_end + 1;
    }
    return true;
}

bool as_lines_end(const as_lines *lines, as_err *err)
{
    return lines->rest.len == 0 || AS_FAIL(err, AS_EFORMAT, "%s line %zu is cut off", lines->what, lines->n + 1);
}
