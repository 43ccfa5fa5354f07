/* SPDX-License-Identifier: Apache-2.0 */
/* report_text.h - numbers, cells and figures as every section of a report writes them. Private to report*.c.
 *
 * Layer:   lab.
 * Threads: pure but for the caller's string.
 * Memory:  appends to the caller's string; text[] is the caller's.
 */
#ifndef AS_LAB_REPORT_TEXT_H
#define AS_LAB_REPORT_TEXT_H

#include "lab/measures.h"

/* A picture made small, as a JPEG file. */
typedef struct as_report_picture {
    uint8_t *jpeg; /* heap; NULL: none */
    size_t   n;
    uint32_t width, height;
} as_report_picture;

#define AS_REPORT_TEXT_BYTES 64
char *as_report_percent(double ratio, char *text); /* "98.7 %" or an en dash; text[AS_REPORT_TEXT_BYTES] */
char *as_report_count(uint64_t n, char *text);     /* "12 345" with thin spaces */
char *as_report_money(double amount, const char *currency, char *text); /* "1 835 EUR", "12.50 EUR" */
char *as_report_day(as_ns utc, char *text);                             /* "2026-03-01 12:34 UTC" */
char *as_report_bytes(uint64_t n_bytes, char *text);
char *as_report_took(double seconds, char *text);                        /* "6 min 4 s" */
void  as_report_share_cell(as_str *out, uint64_t k, uint64_t n);         /* <td>: count and share */
void  as_report_measured_cell(as_str *out, const as_measured *measured); /* <td>: value and interval */
void  as_report_section(as_str *out, const char *id, const char *title,
                        const char *lead);                           /* </section> is the caller's */
void  as_report_figure(as_str *out, const char *title);              /* <figure> with a heading */
void  as_report_figure_end(as_str *out, const char *caption);        /* NULL: none */
void  as_report_key(as_str *out, const char *css, const char *text); /* an entry of a legend */
void  as_report_picture_add(as_str *out, const as_report_picture *picture, const char *alt);

#endif
