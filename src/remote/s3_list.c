/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/s3_list.h"

#include <string.h>

#include "base/xml.h"

void as_s3_page_done(as_s3_page *page)
{
    for (size_t i = 0; i < page->entries.n; i++)
        free(page->entries.at[i].name);
    as_vec_done(&page->entries);
    free(page->token);
    page->token = NULL;
}

static bool s3_add_entry(const as_xml *doc, const as_xml_node *node, as_s3_page *page, as_err *err)
{
    as_s3_entry entry = {.name = NULL};
    const char *key = as_xml_text(node, "Key"), *size = as_xml_text(node, "Size");
    if (!key || !*key || strlen(key) >= AS_S3_KEY_BYTES || !size || !as_str_to_u64(size, &entry.n_bytes))
        return as_xml_fail(doc, node, err, "an entry needs a Key of less than %d bytes and a Size", AS_S3_KEY_BYTES);
    if (page->entries.n >= AS_S3_PAGE_MAX_NAMES)
        return as_xml_fail(doc, node, err, "a page of more than %zu names", AS_S3_PAGE_MAX_NAMES);
    entry.name = strdup(key);
    if (entry.name && as_vec_push(&page->entries, entry))
        return true;
    free(entry.name);
    return AS_FAIL(err, AS_ENOMEM, "not enough memory for the names in a bucket");
}

static bool s3_read_page(const as_xml *doc, as_s3_page *page, as_err *err)
{
    const as_xml_node *root = as_xml_root(doc);
    if (strcmp(root->name, "ListBucketResult") != 0)
        return as_xml_fail(doc, root, err, "'%.40s' is no list of names", root->name);
    for (const as_xml_node *node = as_xml_get(root, "Contents"); node; node = as_xml_again(node))
        if (!s3_add_entry(doc, node, page, err))
            return false;
    const char *more = as_xml_text(root, "IsTruncated"), *token = as_xml_text(root, "NextContinuationToken");
    if (!more || strcmp(more, "true") != 0)
        return true;
    if (!token || !*token || strlen(token) > AS_S3_TOKEN_MAX_BYTES)
        return as_xml_fail(doc, root, err, "the list goes on, and says not how to ask for the rest");
    page->token = strdup(token);
    return page->token || AS_FAIL(err, AS_ENOMEM, "not enough memory for the names in a bucket");
}

bool as_s3_page_parse(const uint8_t *bytes, size_t n, as_s3_page *ret, as_err *err)
{
    as_s3_page page = {.token = NULL};
    if (n > AS_S3_PAGE_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "a list of names of %zu bytes", n);
    as_xml *doc = as_xml_parse(bytes, n, "list of names", err);
    bool    ok = doc && s3_read_page(doc, &page, err);
    as_xml_free(doc);
    if (ok)
        *ret = page;
    else
        as_s3_page_done(&page);
    return ok;
}

static void s3_copy_printable(const char *text, char *out, size_t n)
{
    size_t at = 0;
    for (size_t i = 0, length = text ? strlen(text) : 0, step; i < length; i += step) {
        step = as_str_char_bytes(text + i, length - i);
        if (step == 0 || at + step >= n)
            break;
        memcpy(out + at, text + i, step);
        at += step;
    }
    out[at] = '\0';
}

void as_s3_error_parse(const uint8_t *bytes, size_t n, char code[64], char message[256])
{
    code[0] = message[0] = '\0';
    as_xml *doc = n && n <= AS_S3_PAGE_MAX_BYTES ? as_xml_parse(bytes, n, "error", NULL) : NULL;
    if (!doc)
        return;
    if (strcmp(as_xml_root(doc)->name, "Error") == 0) {
        s3_copy_printable(as_xml_text(as_xml_root(doc), "Code"), code, 64);
        s3_copy_printable(as_xml_text(as_xml_root(doc), "Message"), message, 256);
    }
    as_xml_free(doc);
}
