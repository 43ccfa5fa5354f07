/* SPDX-License-Identifier: Apache-2.0 */
/* XML 1.0 (W3C, fifth edition) by expat. */
#include "base/xml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#define XML_MAX_DEPTH   32
#define XML_MAX_NODES   10000000u
#define XML_CHUNK_BYTES ((size_t)64 << 10)

/* Strings and nodes lie in chunks: a file of a million boxes has ten million of them. */
typedef struct xml_chunk {
    struct xml_chunk *next;
    size_t            used, cap;
    max_align_t       bytes[];
} xml_chunk;

struct as_xml {
    char        *name;
    xml_chunk   *chunks;
    as_xml_node *root;
};

typedef struct xml_reader {
    XML_Parser   parser;
    as_xml      *doc;
    as_xml_node *at;
    as_str       text[XML_MAX_DEPTH + 1];
    uint32_t     depth, n_nodes;
    as_err      *err;
    bool         failed;
} xml_reader;

static void *xml_take(as_xml *doc, size_t n)
{
    n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!doc->chunks || doc->chunks->cap - doc->chunks->used < n) {
        size_t     cap = AS_MAX(n, XML_CHUNK_BYTES);
        xml_chunk *chunk = malloc(sizeof *chunk + cap);
        if (!chunk)
            return NULL;
        *chunk = (xml_chunk){.next = doc->chunks, .cap = cap};
        doc->chunks = chunk;
    }
    void *at = (char *)doc->chunks->bytes + doc->chunks->used;
    doc->chunks->used += n;
    return at;
}

static char *xml_keep(as_xml *doc, const char *s, size_t n)
{
    char *kept = xml_take(doc, n + 1);
    if (kept) {
        memcpy(kept, s, n);
        kept[n] = '\0';
    }
    return kept;
}

static void xml_stop(xml_reader *r, as_err_code code, const char *what)
{
    if (!r->failed)
        AS_FAIL(r->err, code, "%s:%lu: %s", r->doc->name, (unsigned long)XML_GetCurrentLineNumber(r->parser), what);
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static as_xml_node *xml_node(xml_reader *r, const char *name, const char **attributes)
{
    size_t       n = 0;
    as_xml_node *node = xml_take(r->doc, sizeof *node);
    while (attributes[n])
        n++;
    const char **kept = xml_take(r->doc, (n + 1) * sizeof *kept);
    if (!node || !kept)
        return NULL;
    *node = (as_xml_node){.name = xml_keep(r->doc, name, strlen(name)),
                          .attributes = kept,
                          .text = "",
                          .up = r->at,
                          .line = (uint32_t)XML_GetCurrentLineNumber(r->parser)};
    for (size_t i = 0; i < n; i++) {
        kept[i] = xml_keep(r->doc, attributes[i], strlen(attributes[i]));
        if (!kept[i])
            return NULL;
    }
    kept[n] = NULL;
    r->n_nodes += 1 + (uint32_t)n / 2;
    return node->name ? node : NULL;
}

static void xml_begin(void *ctx, const char *name, const char **attributes)
{
    xml_reader *r = ctx;
    if (r->failed)
        return;
    if (r->depth == XML_MAX_DEPTH) {
        xml_stop(r, AS_ELIMIT, "elements lie more than 32 deep in each other");
        return;
    }
    as_xml_node *node = xml_node(r, name, attributes);
    if (!node || r->n_nodes > XML_MAX_NODES) {
        xml_stop(r, node ? AS_ELIMIT : AS_ENOMEM,
                 node ? "there are more than 10,000,000 elements" : "not enough memory");
        return;
    }
    if (!r->at)
        r->doc->root = node;
    else if (r->at->last)
        r->at->last->next = node;
    else
        r->at->first = node;
    if (r->at)
        r->at->last = node;
    r->at = node;
    as_str_clear(&r->text[++r->depth]);
}

static void xml_end(void *ctx, const char *name)
{
    xml_reader *r = ctx;
    (void)name;
    if (r->failed)
        return;
    as_str *text = &r->text[r->depth--];
    size_t  from = strspn(text->s, " \t\r\n"), n = text->len;
    while (n > from && strchr(" \t\r\n", text->s[n - 1]))
        n--;
    const char *kept = n > from ? xml_keep(r->doc, text->s + from, n - from) : "";
    if (!kept || !as_str_ok(text))
        xml_stop(r, AS_ENOMEM, "not enough memory");
    else
        r->at->text = kept;
    r->at = r->at->up;
}

static void xml_chars(void *ctx, const char *s, int n)
{
    xml_reader *r = ctx;
    if (!r->failed)
        as_str_add_bytes(&r->text[r->depth], s, (size_t)n);
}

static void xml_doctype(void *ctx, const char *name, const char *system, const char *public, int has_subset)
{
    (void)name, (void)system, (void)public, (void)has_subset;
    xml_stop(ctx, AS_EFORMAT, "it has a document type: remove the line, none is needed");
}

static bool xml_run(xml_reader *r, const char *bytes, size_t n)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, xml_begin, xml_end);
    XML_SetCharacterDataHandler(r->parser, xml_chars);
    XML_SetStartDoctypeDeclHandler(r->parser, xml_doctype);
    for (bool last = false; !last;) {
        size_t part = AS_MIN(n, (size_t)1 << 20);
        last = part == n;
        if (XML_Parse(r->parser, bytes, (int)part, last) != XML_STATUS_OK) {
            enum XML_Error code = XML_GetErrorCode(r->parser);
            if (!r->failed)
                xml_stop(r, code == XML_ERROR_NO_MEMORY ? AS_ENOMEM : AS_EFORMAT, XML_ErrorString(code));
            return false;
        }
        bytes += part;
        n -= part;
    }
    return !r->failed;
}

as_xml *as_xml_parse(const void *bytes, size_t n, const char *name, as_err *err)
{
    as_xml     *doc = calloc(1, sizeof *doc);
    xml_reader *r = calloc(1, sizeof *r);
    bool        ok = doc && r && (doc->name = strdup(name)) && (r->parser = XML_ParserCreate(NULL));
    if (!ok) {
        AS_FAIL(err, AS_ENOMEM, "cannot read '%s': not enough memory", name);
    } else {
        r->doc = doc;
        r->err = err;
        for (size_t i = 0; i < AS_COUNT(r->text); i++)
            as_str_init(&r->text[i]);
        ok = xml_run(r, bytes, n);
        for (size_t i = 0; i < AS_COUNT(r->text); i++)
            as_str_done(&r->text[i]);
    }
    if (r && r->parser)
        XML_ParserFree(r->parser);
    free(r);
    return ok ? doc : as_xml_free(doc);
}

const as_xml_node *as_xml_root(const as_xml *doc)
{
    return doc->root;
}

as_xml *as_xml_free(as_xml *doc)
{
    if (!doc)
        return NULL;
    for (xml_chunk *chunk = doc->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(doc->name);
    free(doc);
    return NULL;
}

static const as_xml_node *xml_named(const as_xml_node *node, const char *name)
{
    while (node && strcmp(node->name, name) != 0)
        node = node->next;
    return node;
}

const as_xml_node *as_xml_get(const as_xml_node *node, const char *name)
{
    return xml_named(node->first, name);
}

const as_xml_node *as_xml_again(const as_xml_node *node)
{
    return xml_named(node->next, node->name);
}

const char *as_xml_attribute(const as_xml_node *node, const char *name)
{
    for (size_t i = 0; node->attributes[i]; i += 2)
        if (strcmp(node->attributes[i], name) == 0)
            return node->attributes[i + 1];
    return NULL;
}

const char *as_xml_text(const as_xml_node *node, const char *name)
{
    const as_xml_node *found = as_xml_get(node, name);
    return found ? found->text : NULL;
}

static bool xml_number(const as_xml *doc, const as_xml_node *node, const char *name, const char *text, double *ret,
                       as_err *err)
{
    if (!text)
        return as_xml_fail(doc, node, err, "'%.60s' has no %s", node->name, name);
    return (as_str_to_f64(text, ret) && isfinite(*ret)) ||
           as_xml_fail(doc, node, err, "%s '%.40s' of '%.60s' is no number", name, text, node->name);
}

bool as_xml_attribute_f64(const as_xml *doc, const as_xml_node *node, const char *name, double *ret, as_err *err)
{
    return xml_number(doc, node, name, as_xml_attribute(node, name), ret, err);
}

bool as_xml_text_f64(const as_xml *doc, const as_xml_node *node, const char *name, double *ret, as_err *err)
{
    return xml_number(doc, node, name, as_xml_text(node, name), ret, err);
}

bool as_xml_fail(const as_xml *doc, const as_xml_node *node, as_err *err, const char *fmt, ...)
{
    char    text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return AS_FAIL(err, AS_EFORMAT, "%s:%u: %s", doc->name, node->line, text);
}

void as_xml_add(as_str *out, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        if (entity)
            as_str_add(out, entity);
        else if ((unsigned char)*text >= ' ' || *text == '\t')
            as_str_add_bytes(out, text, 1);
    }
}
