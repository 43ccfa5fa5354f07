/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/strip.h"

#include <string.h>

static size_t strip_u16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* Bytes of the segment whose 0xff is at p, marker included; 0: cut off. */
static size_t strip_segment(const uint8_t *p, size_t n)
{
    if (n < 4 || p[0] != 0xff)
        return 0;
    size_t length = strip_u16(p + 2);
    return length >= 2 && length + 2 <= n ? length + 2 : 0;
}

/* Tables, frame and scans stay. Of the APPn only Adobe's, which says what the colours are, and no longer than it is. */
static bool strip_keeps(const uint8_t *p, size_t n)
{
    uint8_t m = p[1];
    bool    frame = m >= 0xc0 && m <= 0xcf && m != 0xc8;
    bool    adobe = m == 0xee && n == 16 && memcmp(p + 4, "Adobe", 5) == 0;
    return frame || adobe || m == 0xdb || m == 0xdd || m == 0xda || m == 0xdc;
}

/* Where the compressed data behind a scan's header ends: at a marker that is neither a stuffed byte nor a restart. */
static size_t strip_scan(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (p[i] == 0xff && p[i + 1] != 0 && !(p[i + 1] >= 0xd0 && p[i + 1] <= 0xd7) && p[i + 1] != 0xff)
            return i;
    return n;
}

static bool strip_jpeg(const uint8_t *bytes, size_t n, as_str *out)
{
    size_t at = 2;
    as_str_add_bytes(out, "\xff\xd8", 2);
    for (;;) {
        while (at + 1 < n && bytes[at] == 0xff && bytes[at + 1] == 0xff)
            at++;
        if (at + 2 > n || bytes[at] != 0xff)
            return false;
        if (bytes[at + 1] == 0xd9)
            break;
        size_t length = strip_segment(bytes + at, n - at);
        if (length == 0)
            return false;
        if (strip_keeps(bytes + at, length))
            as_str_add_bytes(out, bytes + at, length);
        bool scan = bytes[at + 1] == 0xda;
        at += length;
        if (scan) {
            size_t data = strip_scan(bytes + at, n - at);
            as_str_add_bytes(out, bytes + at, data);
            at += data;
        }
    }
    as_str_add_bytes(out, "\xff\xd9", 2);
    return true;
}

static bool strip_png(const uint8_t *bytes, size_t n, as_str *out)
{
    static const char *const kept[] = {"IHDR", "PLTE", "tRNS", "gAMA", "sBIT", "IDAT", "IEND"};
    as_str_add_bytes(out, bytes, 8);
    for (size_t at = 8; n - at >= 12;) {
        size_t length = strip_u16(bytes + at) << 16 | strip_u16(bytes + at + 2);
        if (length > n - at - 12)
            return false;
        for (size_t i = 0; i < AS_COUNT(kept); i++)
            if (memcmp(bytes + at + 4, kept[i], 4) == 0)
                as_str_add_bytes(out, bytes + at, length + 12);
        if (memcmp(bytes + at + 4, "IEND", 4) == 0)
            return true;
        at += length + 12;
    }
    return false;
}

bool as_strip(const uint8_t *bytes, size_t n, as_str *out)
{
    size_t before = out->len;
    bool   ok = false;
    if (n >= 4 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
        ok = strip_jpeg(bytes, n, out);
    else if (n > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
        ok = strip_png(bytes, n, out);
    if (ok && as_str_ok(out))
        return true;
    if (as_str_ok(out)) {
        out->len = before;
        out->s[before] = '\0';
    }
    return false;
}

uint32_t as_strip_jpeg_sampling(const uint8_t *bytes, size_t n)
{
    for (size_t at = 2, length; at < n && (length = strip_segment(bytes + at, n - at)) != 0; at += length) {
        const uint8_t *p = bytes + at;
        if (p[1] == 0xda)
            break;
        if (p[1] < 0xc0 || p[1] > 0xcf || p[1] == 0xc4 || p[1] == 0xc8 || p[1] == 0xcc || length < 13)
            continue;
        uint32_t h = p[11] >> 4, v = p[11] & 15;
        return h >= 1 && h <= 4 && v >= 1 && v <= 4 ? h << 4 | v : 0x11;
    }
    return 0x11;
}
