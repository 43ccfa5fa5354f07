/* SPDX-License-Identifier: Apache-2.0 */
/* test_xml.h - whether markup is well-formed, as far as what this program writes needs it.
 *
 * Layer:   page; linked into tests only.
 * Threads: pure.
 * Memory:  none kept.
 */
#ifndef AS_PAGE_TEST_XML_H
#define AS_PAGE_TEST_XML_H

#include <stdbool.h>

/* Elements nest and end, attributes are quoted and named once, no stray '<' or '&' is left, and only the entities are used
 * that XML has. One document type declaration may come first. On false, what is wrong goes to stderr. */
bool test_xml_is_whole(const char *text);

#endif
