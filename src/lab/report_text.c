/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/report_text.h"

#include <math.h>

#include "page/html.h"

#define REPORT_DASH "\xE2\x80\x93" /* an en dash, between two values */

void as_report_measured_cell(as_str *out, const as_measured *measured)
{
    char value[AS_PAGE_TEXT_BYTES], low[AS_PAGE_TEXT_BYTES], high[AS_PAGE_TEXT_BYTES];
    as_html_addf(out, "<td class=\"n\">%s", as_page_percent(measured->value, value));
    if (!isnan(measured->value) && !isnan(measured->low) && !isnan(measured->high))
        as_html_addf(out, "<span class=\"between\">%s " REPORT_DASH " %s</span>", as_page_percent(measured->low, low),
                     as_page_percent(measured->high, high));
    as_str_add(out, "</td>");
}
