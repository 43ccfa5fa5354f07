/* SPDX-License-Identifier: Apache-2.0 */
/* html.h - text put into a page so that it stays text, whatever a file or a class is called.
 *
 * Layer:   page (may use base/).
 * Threads: pure but for the caller's string.
 * Memory:  appends to the caller's string.
 *
 * What is written is well-formed both as HTML and as XML, in element content and in quoted attributes.
 */
#ifndef AS_PAGE_HTML_H
#define AS_PAGE_HTML_H

#include "base/str.h"

/* Escaped: & < > " '. Line breaks and tabs become blanks, other controls and invalid UTF-8 become U+FFFD. NULL is "". */
void as_html_text(as_str *out, const char *text);

/* fmt is markup, and every %s in it is escaped. Conversions: %s %d %u %zu %lu %.Nf %.Ng %%; any other makes the string
 * fail. */
void as_html_addf(as_str *out, const char *fmt, ...) AS_PRINTF(2, 3);

/* "data:MIME;base64,..." (RFC 2397). */
void as_html_data_uri(as_str *out, const char *mime, const void *bytes, size_t n);

#endif
