/* SPDX-License-Identifier: Apache-2.0 */
#include "page/html.h"

#include <ctype.h>
#include <string.h>

static const char *html_entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\n':
    case '\r':
    case '\t': return " ";
    default: return NULL;
    }
}

void as_html_text(as_str *out, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    for (size_t i = 0; i < n;) {
        const char *entity = html_entity(text[i]);
        size_t      step = entity ? 1 : as_str_char_bytes(text + i, n - i);
        if (entity)
            as_str_add(out, entity);
        else if (step)
            as_str_add_bytes(out, text + i, step);
        else
            as_str_add(out, "\xEF\xBF\xBD");
        i += step ? step : 1;
    }
}

/* One conversion: fmt stands behind its %. Returns what follows it, or NULL for one that is not known. The list is passed
 * by address so that it moves on. */
static const char *html_convert(as_str *out, const char *fmt, va_list *ap)
{
    int  digits = 6;
    bool is_cut = *fmt == '.';
    if (is_cut) {
        digits = 0;
        for (fmt++; isdigit((unsigned char)*fmt); fmt++)
            digits = digits * 10 + (*fmt - '0');
    }
    if (is_cut && *fmt != 'f' && *fmt != 'g')
        return NULL;
    bool is_size = *fmt == 'z' && fmt[1] == 'u', is_long = *fmt == 'l' && fmt[1] == 'u';
    if (is_size)
        as_str_addf(out, "%zu", va_arg(*ap, size_t));
    else if (is_long)
        as_str_addf(out, "%lu", va_arg(*ap, unsigned long));
    else if (*fmt == 's')
        as_html_text(out, va_arg(*ap, const char *));
    else if (*fmt == 'd')
        as_str_addf(out, "%d", va_arg(*ap, int));
    else if (*fmt == 'u')
        as_str_addf(out, "%u", va_arg(*ap, unsigned));
    else if (*fmt == 'f')
        as_str_addf(out, "%.*f", digits, va_arg(*ap, double));
    else if (*fmt == 'g')
        as_str_addf(out, "%.*g", digits, va_arg(*ap, double));
    else if (*fmt == '%')
        as_str_add(out, "%");
    else
        return NULL;
    return fmt + (is_size || is_long ? 2 : 1);
}

void as_html_addf(as_str *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    while (fmt && *fmt) {
        size_t plain = strcspn(fmt, "%");
        as_str_add_bytes(out, fmt, plain);
        fmt += plain;
        if (*fmt == '%')
            fmt = html_convert(out, fmt + 1, &ap);
    }
    va_end(ap);
    if (!fmt)
        out->failed = true;
}

void as_html_data_uri(as_str *out, const char *mime, const void *bytes, size_t n)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t    *p = bytes;
    as_str_addf(out, "data:%s;base64,", mime);
    for (size_t i = 0; i < n; i += 3) {
        size_t   left = n - i;
        uint32_t word = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        char     four[4] = {alphabet[word >> 18], alphabet[word >> 12 & 63], left > 1 ? alphabet[word >> 6 & 63] : '=',
                        left > 2 ? alphabet[word & 63] : '='};
        as_str_add_bytes(out, four, sizeof four);
    }
}
