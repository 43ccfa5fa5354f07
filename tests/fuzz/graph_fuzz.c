/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a model: read, inferred, cut, written and read again. */
#include "graph/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_read_back(const as_graph *graph)
{
    as_str bytes;
    as_str_init(&bytes);
    if (as_graph_write(graph, &bytes, NULL)) {
        as_graph *again = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "again", NULL);
        if (!again)
            abort(); /* what was written must be readable */
        as_graph_free(again);
    }
    as_str_done(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err      err = AS_ERR_NONE;
    const char *layer;
    as_graph   *graph = as_graph_parse(data, size, "fuzz", &err);
    if (!graph)
        return 0;
    bool fits = as_graph_infer_shapes(graph, 0, &err) && as_graph_infer_shapes(graph, 3, &err);
    fuzz_read_back(graph);
    if (fits && as_graph_feature_layer(graph, &layer, &err) && as_graph_cut(graph, layer, &err) &&
        as_graph_set_meta(graph, "key", "value", &err))
        fuzz_read_back(graph);
    as_graph_free(graph);
    return 0;
}
