/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - one self-contained HTML page: its head, its style and its end.
 *
 * Layer:   page (may use base/).
 * Threads: pure but for the caller's string.
 * Memory:  appends to the caller's string.
 *
 * No script runs and nothing is fetched, whatever a name tries; light and dark, narrow and printed are the style's business.
 */
#ifndef AS_PAGE_PAGE_H
#define AS_PAGE_PAGE_H

#include "base/str.h"

void as_page_begin(as_str *out, const char *title); /* up to and with <main> */
void as_page_end(as_str *out);

/* One figure of a row of them: as_str_add(out, "<dl class=\"tiles\">") begins the row. */
void as_page_tile(as_str *out, const char *name, const char *value, const char *note);

typedef struct as_page_link {
    const char *id, *text; /* text NULL: left out */
} as_page_link;

void as_page_nav(as_str *out, const as_page_link *links, size_t n);

#endif
