/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - numbers, cells, figures and pictures as every page writes them.
 *
 * Layer:   page (may use base/, spec/).
 * Threads: pure but for the caller's string.
 * Memory:  appends to the caller's string; text[] is the caller's.
 */
#ifndef AS_PAGE_TEXT_H
#define AS_PAGE_TEXT_H

#include "base/clock.h"
#include "base/str.h"

#define AS_PAGE_TEXT_BYTES 64
char *as_page_percent(double ratio, char *text); /* "98.7 %" or an en dash; text[AS_PAGE_TEXT_BYTES] */
char *as_page_count(uint64_t n, char *text);     /* "12 345" with thin spaces */
char *as_page_money(double amount, const char *currency, char *text); /* "1 835 EUR", "12.50 EUR" */
char *as_page_day(as_ns utc, char *text);                             /* "2026-03-01 12:34 UTC" */
char *as_page_bytes(uint64_t n_bytes, char *text);
char *as_page_took(double seconds, char *text);                                         /* "6 min 4 s" */
void  as_page_share_cell(as_str *out, uint64_t k, uint64_t n);                          /* <td>: count and share */
void as_page_section(as_str *out, const char *id, const char *title, const char *lead); /* </section> is the caller's */
void as_page_figure(as_str *out, const char *title);                                    /* <figure> with a heading */
void as_page_figure_end(as_str *out, const char *caption);                              /* NULL: none */
void as_page_key(as_str *out, const char *css, const char *text);                       /* an entry of a legend */

#endif
