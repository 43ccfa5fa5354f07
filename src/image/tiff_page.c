/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tiff_page.h"

#include <string.h>

#include "image/codec.h"

enum {
    TAG_STRIP_OFFSETS = 273,
    TAG_STRIP_BYTES = 279,
    TAG_PAGE_NUMBER = 297,
    TAG_TILE_OFFSETS = 324,
    TAG_TILE_BYTES = 325,
    TAG_SUB_IFDS = 330,
    TAG_OLD_JPEG = 512, /* to 521 but 347's tables: addresses of its own */
    TAG_OLD_JPEG_LAST = 521,
    TAG_EXIF = 34665,
    TAG_GPS = 34853,
};

typedef struct page_reader {
    const uint8_t *bytes;
    size_t         n;
    bool           little, big;
    as_str        *out;
    size_t         base; /* of the new file in out */
    uint64_t total; /* bytes taken out of the source: what lies over each other would make more of it than there is */
    as_err  *err;
} page_reader;

typedef struct page_entry {
    uint32_t tag, type;
    uint64_t count, at, bytes; /* at: of its values in the source */
} page_entry;

static bool page_fail(const page_reader *r, const char *why)
{
    return AS_FAIL(r->err, AS_ECORRUPT, "the TIFF data is damaged: %s", why);
}

static uint64_t page_uint(const page_reader *r, uint64_t at, uint32_t n)
{
    uint64_t value = 0;
    if (at > r->n || n > r->n - at)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        value = value << 8 | r->bytes[at + (r->little ? n - 1 - i : i)];
    return value;
}

static void page_add_uint(page_reader *r, uint64_t value, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        char byte = (char)(value >> 8 * (r->little ? i : n - 1 - i));
        as_str_add_bytes(r->out, &byte, 1);
    }
}

/* Values begin where a word may. */
static uint64_t page_align(page_reader *r)
{
    while ((r->out->len - r->base) % 8)
        as_str_add_bytes(r->out, "", 1);
    return r->out->len - r->base;
}

static uint32_t page_type_bytes(uint32_t type)
{
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < AS_COUNT(sizes) ? sizes[type] : 0;
}

static uint32_t page_word(const page_reader *r)
{
    return r->big ? 8 : 4;
}

/* Where that page's directory is; 0: there are fewer. */
static uint64_t page_find(const page_reader *r, uint32_t page)
{
    uint32_t word = page_word(r);
    uint64_t at = page_uint(r, r->big ? 8 : 4, word);
    for (uint32_t k = 1; at && k < page; k++) {
        uint64_t entries = page_uint(r, at, r->big ? 8 : 2);
        if (entries == 0 || entries > r->n / 12)
            return 0;
        at = page_uint(r, at + (r->big ? 8 + entries * 20 : 2 + entries * 12), word);
    }
    return at < r->n ? at : 0;
}

static bool page_read_entry(const page_reader *r, uint64_t at, page_entry *ret)
{
    uint32_t word = page_word(r);
    ret->tag = (uint32_t)page_uint(r, at, 2);
    ret->type = (uint32_t)page_uint(r, at + 2, 2);
    ret->count = page_uint(r, at + 4, word);
    uint32_t each = page_type_bytes(ret->type);
    if (each == 0 || ret->count > r->n / each)
        return false;
    ret->bytes = ret->count * each;
    ret->at = ret->bytes <= word ? at + 4 + word : page_uint(r, at + 4 + word, word);
    return ret->at <= r->n && ret->bytes <= r->n - ret->at;
}

static bool page_is_kept(uint32_t tag)
{
    return tag != TAG_SUB_IFDS && tag != TAG_EXIF && tag != TAG_GPS && tag != TAG_PAGE_NUMBER &&
           (tag < TAG_OLD_JPEG || tag > TAG_OLD_JPEG_LAST);
}

static bool page_find_entry(const page_reader *r, uint64_t first, uint64_t n, uint32_t tag, page_entry *ret)
{
    for (uint64_t i = 0; i < n; i++)
        if (page_uint(r, first + i * (r->big ? 20 : 12), 2) == tag)
            return page_read_entry(r, first + i * (r->big ? 20 : 12), ret);
    return false;
}

/* Copies strips or tiles and then the list of where they are now; *ret_at is the list's place, or its one value. */
static bool page_copy_data(page_reader *r, const page_entry *offsets, const page_entry *lengths, uint64_t *ret_at)
{
    uint32_t each = page_type_bytes(offsets->type), each_length = page_type_bytes(lengths->type), word = page_word(r);
    uint64_t begin = page_align(r), at = begin;
    if (offsets->count != lengths->count || offsets->count == 0)
        return page_fail(r, "its strips have no lengths");
    for (uint64_t i = 0; i < offsets->count; i++) {
        uint64_t from = page_uint(r, offsets->at + i * each, each),
                 length = page_uint(r, lengths->at + i * each_length, each_length);
        if (from > r->n || length > r->n - from)
            return page_fail(r, "it ends early");
        r->total += length;
        if (r->total > r->n)
            return page_fail(r, "its strips are longer than the file");
        as_str_add_bytes(r->out, (const char *)r->bytes + from, length);
    }
    *ret_at = begin;
    if (offsets->count == 1)
        return true;
    *ret_at = page_align(r);
    for (uint64_t i = 0; i < offsets->count; i++) {
        page_add_uint(r, at, word);
        at += page_uint(r, lengths->at + i * each_length, each_length);
    }
    return true;
}

/* The values of an entry that stand elsewhere; *ret_at is where they are now. */
static bool page_copy_values(page_reader *r, uint64_t first, uint64_t n, const page_entry *e, uint64_t *ret_at)
{
    page_entry lengths;
    if (e->tag == TAG_STRIP_OFFSETS || e->tag == TAG_TILE_OFFSETS) {
        if (!page_find_entry(r, first, n, e->tag == TAG_STRIP_OFFSETS ? TAG_STRIP_BYTES : TAG_TILE_BYTES, &lengths))
            return page_fail(r, "its strips have no lengths");
        return page_copy_data(r, e, &lengths, ret_at);
    }
    if (e->bytes > page_word(r)) {
        r->total += e->bytes;
        if (r->total > r->n)
            return page_fail(r, "its values are longer than the file");
        *ret_at = page_align(r);
        as_str_add_bytes(r->out, (const char *)r->bytes + e->at, e->bytes);
    }
    return true;
}

static void page_add_entry(page_reader *r, const page_entry *e, uint64_t at)
{
    uint32_t word = page_word(r);
    bool     offsets = e->tag == TAG_STRIP_OFFSETS || e->tag == TAG_TILE_OFFSETS;
    page_add_uint(r, e->tag, 2);
    page_add_uint(r, offsets ? (r->big ? 16 : 4) : e->type, 2);
    page_add_uint(r, e->count, word);
    if (offsets || e->bytes > word) {
        page_add_uint(r, at, word);
        return;
    }
    as_str_add_bytes(r->out, (const char *)r->bytes + e->at, e->bytes);
    for (uint64_t i = e->bytes; i < word; i++)
        as_str_add_bytes(r->out, "", 1);
}

#define PAGE_MAX_ENTRIES 1000

static bool page_copy(page_reader *r, uint64_t first, uint64_t n)
{
    page_entry entries[PAGE_MAX_ENTRIES];
    uint64_t   places[PAGE_MAX_ENTRIES] = {0};
    uint32_t   n_kept = 0, word = page_word(r);
    bool       data = false;
    for (uint64_t i = 0; i < n; i++) {
        page_entry *e = &entries[n_kept];
        uint64_t    at = first + i * (r->big ? 20 : 12);
        if (!page_is_kept((uint32_t)page_uint(r, at, 2)))
            continue;
        if (!page_read_entry(r, at, e))
            return page_fail(r, "a value lies behind its end");
        if (!page_copy_values(r, first, n, e, &places[n_kept]))
            return false;
        if ((e->tag == TAG_STRIP_OFFSETS || e->tag == TAG_TILE_OFFSETS) && data)
            return page_fail(r, "it has strips twice");
        data = data || e->tag == TAG_STRIP_OFFSETS || e->tag == TAG_TILE_OFFSETS;
        n_kept++;
    }
    if (!data)
        return page_fail(r, "it has no strips");
    uint64_t at = page_align(r);
    page_add_uint(r, n_kept, r->big ? 8 : 2);
    for (uint32_t i = 0; i < n_kept; i++)
        page_add_entry(r, &entries[i], places[i]);
    page_add_uint(r, 0, word);
    if (!as_str_ok(r->out))
        return AS_FAIL(r->err, AS_ENOMEM, "no memory for a page of a TIFF");
    for (uint32_t i = 0; i < word; i++) /* where its directory is */
        r->out->s[r->base + (r->big ? 8 : 4) + i] = (char)(at >> 8 * (r->little ? i : word - 1 - i));
    return true;
}

bool as_tiff_page(const uint8_t *bytes, size_t n, uint32_t page, as_str *out, as_err *err)
{
    page_reader r = {.bytes = bytes, .n = n, .out = out, .base = out->len, .err = err};
    r.little = n > 0 && bytes[0] == 'I';
    r.big = page_uint(&r, 2, 2) == 43;
    if (n < 16 || (memcmp(bytes, "II", 2) != 0 && memcmp(bytes, "MM", 2) != 0))
        return AS_FAIL(err, AS_EFORMAT, "is no TIFF");
    uint64_t at = page ? page_find(&r, page) : 0, entries = at ? page_uint(&r, at, r.big ? 8 : 2) : 0;
    if (!at)
        return AS_FAIL(err, AS_ENOTFOUND, "the TIFF has no page %u", page);
    if (entries == 0 || entries > PAGE_MAX_ENTRIES)
        return page_fail(&r, "a page has no directory that can be read");
    as_str_add_bytes(out, (const char *)bytes, r.big ? 16 : 8);
    if (page_copy(&r, at + (r.big ? 8 : 2), entries))
        return true;
    if (as_str_ok(out)) {
        out->len = r.base;
        out->s[r.base] = '\0';
    }
    return false;
}
