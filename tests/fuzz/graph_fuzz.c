/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a model: read, inferred, cut, written and read again; reviewed, counted, and compared with itself. */
#include "graph/cost.h"
#include "graph/diff.h"
#include "graph/read_priv.h"
#include "graph/review.h"

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

/* The reader that tells everything takes what the other one takes. */
static void fuzz_review(const uint8_t *data, size_t size, bool is_taken)
{
    as_review review;
    bool      readable = as_review_read(data, size, "fuzz", &review, NULL);
    if (!readable && is_taken)
        abort();
    if (!readable)
        return;
    if ((review.graph != NULL) != is_taken || (!is_taken && review.refusals.n == 0))
        abort();
    if (review.graph && as_review_shapes(&review, 0, NULL)) {
        as_err err = AS_ERR_NONE;
        bool   fits = as_graph_infer_shapes(review.graph, 0, &err);
        if (fits != (review.refusals.n == 0))
            abort();
        for (size_t i = 0; fits && i < as_graph_n_nodes(review.graph) && i < 8; i++)
            as_graph_free(as_graph_alone(review.graph, i, &err));
    }
    as_review_done(&review);
}

static void fuzz_count(const as_graph *graph)
{
    as_graph_cost    cost;
    as_graph_changes changes;
    if (as_graph_cost_of(graph, &cost, NULL))
        as_graph_cost_done(&cost);
    if (!as_graph_diff(graph, graph, &changes, NULL))
        return;
    if (changes.list.n)
        abort(); /* a model is equal to itself */
    as_graph_diff_done(&changes);
}

/* The reader that copies no weights takes what the other one takes, and sees the same. */
static void fuzz_borrow(const uint8_t *data, size_t size, const as_graph *parsed)
{
    as_graph_changes changes;
    as_graph        *lent = as_graph_borrow_from(data, size, 1, "fuzz", NULL);
    if ((lent == NULL) != (parsed == NULL))
        abort();
    if (lent && as_graph_diff(parsed, lent, &changes, NULL)) {
        if (changes.list.n)
            abort();
        as_graph_diff_done(&changes);
    }
    as_graph_free(lent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err      err = AS_ERR_NONE;
    const char *layer;
    as_graph   *graph = as_graph_parse(data, size, "fuzz", &err);
    fuzz_review(data, size, graph != NULL);
    fuzz_borrow(data, size, graph);
    if (!graph)
        return 0;
    bool fits = as_graph_infer_shapes(graph, 0, &err) && as_graph_infer_shapes(graph, 3, &err);
    fuzz_read_back(graph);
    fuzz_count(graph);
    if (fits && as_graph_feature_layer(graph, &layer, &err) && as_graph_cut(graph, layer, &err) &&
        as_graph_set_meta(graph, "key", "value", &err))
        fuzz_read_back(graph);
    as_graph_free(graph);
    return 0;
}
