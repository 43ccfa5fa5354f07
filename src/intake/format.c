/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/format.h"

#include <string.h>

#define X(name) extern const as_format as_format_##name;
#include "intake/format_list.inc"
#undef X

#define FORMAT_MAX 32

static const as_format *const format_rows[] = {
#define X(name) &as_format_##name,
#include "intake/format_list.inc"
#undef X
};

_Static_assert(AS_COUNT(format_rows) <= FORMAT_MAX, "room for the names of all formats");

const as_format *as_format_at(size_t i)
{
    return i < AS_COUNT(format_rows) ? format_rows[i] : NULL;
}

const as_format *as_format_find(const char *name, as_err *err)
{
    const char *names[FORMAT_MAX];
    as_str      list;
    for (size_t i = 0; i < AS_COUNT(format_rows); i++) {
        if (strcmp(format_rows[i]->name, name) == 0)
            return format_rows[i];
        names[i] = format_rows[i]->name;
    }
    as_str_init(&list);
    for (size_t i = 0; i < AS_COUNT(format_rows); i++)
        as_str_addf(&list, "%s%s", i ? ", " : "", names[i]);
    const char *near = as_str_nearest(name, names, AS_COUNT(format_rows));
    AS_FAIL(err, AS_EINVAL, "there is no format '%.40s'%s%s%s: %s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "", list.s);
    as_str_done(&list);
    return NULL;
}

const as_format *as_format_recognise(const as_scan *scan, char *why)
{
    const as_format *best = NULL;
    int              surest = 0;
    for (size_t i = 0; i < AS_COUNT(format_rows); i++) {
        char text[AS_FORMAT_WHY_BYTES] = "";
        int  sure = format_rows[i]->recognise(scan, text);
        if (sure > surest) {
            surest = sure;
            best = format_rows[i];
            as_str_copy(why, AS_FORMAT_WHY_BYTES, text);
        }
    }
    return best;
}
