/* SPDX-License-Identifier: Apache-2.0 */
#include "page/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "page/html.h"
#include "spec/unit.h"

#define REPORT_DASH "\xE2\x80\x93" /* an en dash: no value, and between two of them */

char *as_page_percent(double ratio, char *text)
{
    if (isnan(ratio))
        snprintf(text, AS_PAGE_TEXT_BYTES, REPORT_DASH);
    else if (ratio == 0 || ratio == 1)
        snprintf(text, AS_PAGE_TEXT_BYTES, "%.0f %%", 100 * ratio);
    else if (ratio > 0 && ratio < 0.0005)
        snprintf(text, AS_PAGE_TEXT_BYTES, "%.2g %%", 100 * ratio);
    else /* what is not all is never shown as all */
        snprintf(text, AS_PAGE_TEXT_BYTES, "%.1f %%", ratio < 1 ? fmin(100 * ratio, 99.9) : 100 * ratio);
    return text;
}

char *as_page_count(uint64_t n, char *text)
{
    char   digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0 && len > 4)
            at += (size_t)snprintf(text + at, AS_PAGE_TEXT_BYTES - at, "\xE2\x80\x89"); /* a thin space */
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

char *as_page_money(double amount, const char *currency, char *text)
{
    char count[AS_PAGE_TEXT_BYTES];
    if (isnan(amount))
        snprintf(text, AS_PAGE_TEXT_BYTES, REPORT_DASH);
    else if (fabs(amount) >= 1000 && fabs(amount) < 1e15)
        snprintf(text, AS_PAGE_TEXT_BYTES, "%s%.40s%s%.15s", amount < 0 ? "-" : "",
                 as_page_count((uint64_t)llround(fabs(amount)), count), *currency ? " " : "", currency);
    else
        snprintf(text, AS_PAGE_TEXT_BYTES, "%.2f%s%.15s", amount, *currency ? " " : "", currency);
    return text;
}

char *as_page_day(as_ns utc, char *text)
{
    char full[AS_CLOCK_TEXT_BYTES];
    as_clock_text(utc, full);
    snprintf(text, AS_PAGE_TEXT_BYTES, "%.10s %.5s UTC", full, full + 11);
    return text;
}

char *as_page_bytes(uint64_t n_bytes, char *text)
{
    _Static_assert(AS_PAGE_TEXT_BYTES >= AS_UNIT_TEXT_BYTES, "as_unit_text writes that much");
    return as_unit_text((double)n_bytes, AS_UNIT_BYTES, text);
}

char *as_page_took(double seconds, char *text)
{
    _Static_assert(AS_PAGE_TEXT_BYTES >= AS_CLOCK_TEXT_BYTES, "as_clock_duration_text writes that much");
    return as_clock_duration_text((as_ns)(fmin(fmax(seconds, 0), 1e9) * 1e9), text);
}

void as_page_share_cell(as_str *out, uint64_t k, uint64_t n)
{
    char share[AS_PAGE_TEXT_BYTES], count[AS_PAGE_TEXT_BYTES];
    as_html_addf(out, "<td class=\"n\">%s", as_page_count(k, count));
    if (n && k)
        as_html_addf(out, " <span class=\"soft\">%s</span>", as_page_percent((double)k / (double)n, share));
    as_str_add(out, "</td>");
}

void as_page_section(as_str *out, const char *id, const char *title, const char *lead)
{
    as_html_addf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
    if (lead)
        as_html_addf(out, "<p class=\"lead\">%s</p>\n", lead);
}

void as_page_figure(as_str *out, const char *title)
{
    as_html_addf(out, "<figure>\n<h3>%s</h3>\n", title);
}

void as_page_figure_end(as_str *out, const char *caption)
{
    if (caption)
        as_html_addf(out, "<figcaption>%s</figcaption>\n", caption);
    as_str_add(out, "</figure>\n");
}

void as_page_key(as_str *out, const char *css, const char *text)
{
    as_html_addf(out, "<span class=\"key\"><i class=\"%s\"></i>%s</span>", css, text);
}
