/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/sequence.h"

#include <string.h>

#define SEQUENCE_MOST_DIGITS 18

static bool sequence_is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

bool as_sequence_of(const char *name, as_sequence *ret)
{
    const char *slash = strrchr(name, '/'), *file = slash ? slash + 1 : name, *dot = strchr(file, '.');
    const char *end = dot ? dot : file + strlen(file), *from = end;
    uint64_t    number = 0;
    while (from > file && sequence_is_digit(from[-1]))
        from--;
    if (from == end || end - from > SEQUENCE_MOST_DIGITS)
        return false;
    for (const char *p = from; p < end; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    *ret = (as_sequence){.name = name, .n_stem = (size_t)(from - name), .rest = end, .number = number};
    return true;
}

int as_sequence_compare_stem(const as_sequence *a, const as_sequence *b)
{
    int order = memcmp(a->name, b->name, a->n_stem < b->n_stem ? a->n_stem : b->n_stem);
    if (order == 0)
        order = (a->n_stem > b->n_stem) - (a->n_stem < b->n_stem);
    return order ? order : strcmp(a->rest, b->rest);
}
