/* SPDX-License-Identifier: Apache-2.0 */
#include "page/page.h"

#include "page/html.h"

static const char page_css[] =
#include "page/page_css.inc"
    ;

void as_page_begin(as_str *out, const char *title)
{
    as_str_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                    "<meta name=\"generator\" content=\"assay\"/>\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                    "style-src 'unsafe-inline'\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                    "<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    as_html_addf(out, "<title>%s</title>\n<style>\n", title);
    as_str_add(out, page_css);
    as_str_add(out, "</style>\n</head>\n<body>\n<main>\n");
}

void as_page_end(as_str *out)
{
    as_str_add(out, "</main>\n</body>\n</html>\n");
}

void as_page_tile(as_str *out, const char *name, const char *value, const char *note)
{
    as_html_addf(out, "<div class=\"tile\"><dt>%s</dt><dd>%s<small>%s</small></dd></div>\n", name, value, note);
}

void as_page_nav(as_str *out, const as_page_link *links, size_t n)
{
    as_str_add(out, "<nav>");
    for (size_t i = 0; i < n; i++)
        if (links[i].text)
            as_html_addf(out, "<a href=\"#%s\">%s</a> ", links[i].id, links[i].text);
    as_str_add(out, "</nav>\n");
}
