/* SPDX-License-Identifier: Apache-2.0 */
/* xml.h - an XML document as a tree whose elements know their line.
 *
 * Layer:   base.
 * Threads: a document is immutable after loading: any thread may read.
 * Memory:  as_xml_free() frees the whole tree. Bounded: depth 32, 10,000,000 elements and attributes; a document type is
 *          refused, and with it all entities of its own (so that no small file can grow large or ask for other files).
 */
#ifndef AS_BASE_XML_H
#define AS_BASE_XML_H

#include "base/err.h"
#include "base/str.h"

typedef struct as_xml_node as_xml_node;
struct as_xml_node {
    const char        *name;
    const char *const *attributes;   /* name, value, name, value, ..., NULL */
    const char        *text;         /* all text directly in it, without blanks at both ends; never NULL */
    as_xml_node       *first, *next; /* elements in it, and the one behind it */
    as_xml_node       *last, *up;
    uint32_t           line; /* 1-based */
};

typedef struct as_xml as_xml;

/* name is what errors call the text: "NAME:LINE: message". AS_EFORMAT, AS_ELIMIT. */
AS_CHECK as_xml   *as_xml_parse(const void *bytes, size_t n, const char *name, as_err *err);
const as_xml_node *as_xml_root(const as_xml *doc); /* never NULL */
as_xml            *as_xml_free(as_xml *doc);

/* The first element of that name in node, or the next after it beside it; NULL if there is none. */
const as_xml_node *as_xml_get(const as_xml_node *node, const char *name);
const as_xml_node *as_xml_again(const as_xml_node *node);

const char *as_xml_attribute(const as_xml_node *node, const char *name); /* NULL if absent */
const char *as_xml_text(const as_xml_node *node, const char *name);      /* of the element in it; NULL if absent */

/* A finite number in an attribute, or in an element within; AS_EFORMAT "NAME:LINE: ..." */
AS_CHECK bool as_xml_attribute_f64(const as_xml *doc, const as_xml_node *node, const char *name, double *ret,
                                   as_err *err);
AS_CHECK bool as_xml_text_f64(const as_xml *doc, const as_xml_node *node, const char *name, double *ret, as_err *err);

/* Sets err to "NAME:LINE: message"; returns false. */
bool as_xml_fail(const as_xml *doc, const as_xml_node *node, as_err *err, const char *fmt, ...) AS_PRINTF(4, 5);

/* Text for between tags and inside of quotes; what XML 1.0 cannot hold (controls) is left out. */
void as_xml_add(as_str *out, const char *text);

#endif
