/* SPDX-License-Identifier: Apache-2.0 */
#include "page/test_xml.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/def.h"
#include "base/str.h"

#define XML_MOST_DEEP  64
#define XML_MOST_NAMED 32

typedef struct xml_name {
    const char *at;
    size_t      n;
} xml_name;

static bool xml_fail(const char *at, const char *why)
{
    fprintf(stderr, "%s at: %.60s\n", why, at);
    return false;
}

static bool xml_same(xml_name a, xml_name b)
{
    return a.n == b.n && strncmp(a.at, b.at, a.n) == 0;
}

static xml_name xml_take(const char **at)
{
    xml_name name = {*at, 0};
    while (isalnum((unsigned char)**at) || **at == '-' || **at == '_' || **at == ':')
        (*at)++;
    name.n = (size_t)(*at - name.at);
    return name;
}

static bool xml_entity(const char *at)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#160;"};
    for (size_t i = 0; i < AS_COUNT(known); i++)
        if (as_str_starts(at, known[i]))
            return true;
    return xml_fail(at, "no entity");
}

/* Text up to `end`, which is not passed. */
static bool xml_text(const char **at, const char *end)
{
    for (; **at && !strchr(end, **at); (*at)++) {
        if (**at == '&' && !xml_entity(*at))
            return false;
        if (**at == '<')
            return xml_fail(*at, "a stray <");
    }
    return true;
}

/* The attributes of a tag, up to '>' or "/>". */
static bool xml_attributes(const char **at)
{
    xml_name seen[XML_MOST_NAMED];
    size_t   n = 0;
    for (;;) {
        const char *before = *at;
        *at += strspn(*at, " \n");
        if (**at == '>' || **at == '/')
            return true;
        if (before == *at)
            return xml_fail(*at, "no blank before an attribute");
        xml_name name = xml_take(at);
        if (name.n == 0 || (*at)[0] != '=' || (*at)[1] != '"' || n == XML_MOST_NAMED)
            return xml_fail(before, "a broken attribute");
        for (size_t i = 0; i < n; i++)
            if (xml_same(seen[i], name))
                return xml_fail(before, "an attribute given twice");
        seen[n++] = name;
        *at += 2;
        if (!xml_text(at, "\""))
            return false;
        if (**at != '"')
            return xml_fail(before, "an attribute without end");
        (*at)++;
    }
}

typedef struct xml_stack {
    xml_name open[XML_MOST_DEEP];
    size_t   n, n_roots;
} xml_stack;

static bool xml_tag(const char **at, xml_stack *stack)
{
    const char *begin = (*at)++;
    bool        ends = **at == '/';
    *at += ends;
    xml_name name = xml_take(at);
    if (name.n == 0)
        return xml_fail(begin, "a stray <");
    if (ends) {
        if (stack->n == 0 || !xml_same(stack->open[stack->n - 1], name) || **at != '>')
            return xml_fail(begin, "an end that does not fit");
        stack->n--;
        (*at)++;
        return true;
    }
    if (!xml_attributes(at))
        return false;
    stack->n_roots += stack->n == 0;
    if (**at == '/') {
        if (*++*at != '>')
            return xml_fail(begin, "a broken tag");
    } else if (stack->n == XML_MOST_DEEP) {
        return xml_fail(begin, "too deep");
    } else {
        stack->open[stack->n++] = name;
    }
    (*at)++;
    return true;
}

bool test_xml_is_whole(const char *text)
{
    xml_stack   stack = {.n = 0};
    const char *at = text;
    if (as_str_starts(at, "<!DOCTYPE html>\n"))
        at += strlen("<!DOCTYPE html>\n");
    while (*at) {
        if (!xml_text(&at, "<"))
            return false;
        if (*at && !xml_tag(&at, &stack))
            return false;
    }
    return (stack.n == 0 && stack.n_roots > 0) || xml_fail(text, "elements that do not end, or none");
}
