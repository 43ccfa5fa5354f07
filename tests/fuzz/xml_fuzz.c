/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as XML: what is accepted has a root, and texts that can be written again. */
#include <stdio.h>
#include <stdlib.h>

#include "base/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const as_xml_node *node, as_str *out)
{
    size_t n = 1;
    as_str_clear(out);
    as_xml_add(out, node->text);
    for (const as_xml_node *inner = node->first; inner; inner = inner->next)
        n += walk(inner, out);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err  err = AS_ERR_NONE;
    as_str  out;
    as_xml *doc = as_xml_parse(data, size, "fuzz", &err);
    as_str_init(&out);
    if (doc ? err.code != AS_OK || walk(as_xml_root(doc), &out) == 0 : err.code == AS_OK) {
        fprintf(stderr, "xml: neither a document nor an error\n");
        abort();
    }
    as_str_done(&out);
    as_xml_free(doc);
    return 0;
}
