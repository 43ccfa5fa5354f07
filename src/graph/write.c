/* SPDX-License-Identifier: Apache-2.0 */
/* Back to a file. The same message can be written in many ways: fields in another order, integers longer than they need be,
 * fields that nobody knows in front of others. A file that another writer wrote otherwise than we would is kept, so that
 * it comes back byte for byte as long as nothing in it has changed. */
#include "graph/read_priv.h"

/* protobuf-c's own simple buffer ends the process' chance to report when memory runs out. */
typedef struct write_sink {
    ProtobufCBuffer base;
    as_str         *out; /* or: */
    const uint8_t  *at;  /* what is compared with, and how much is left of it */
    size_t          left;
    bool            differs;
} write_sink;

static void write_append(ProtobufCBuffer *buffer, size_t n, const uint8_t *bytes)
{
    as_str_add_bytes(((write_sink *)buffer)->out, bytes, n);
}

static void write_compare(ProtobufCBuffer *buffer, size_t n, const uint8_t *bytes)
{
    write_sink *sink = (write_sink *)buffer;
    if (sink->differs || n == 0)
        return;
    sink->differs = n > sink->left || memcmp(sink->at, bytes, n) != 0;
    sink->at += sink->differs ? 0 : n;
    sink->left -= sink->differs ? 0 : n;
}

/* Appends the message as we write it. */
static bool write_message(const as_graph *graph, as_str *out, as_err *err)
{
    write_sink sink = {.base = {write_append}, .out = out};
    size_t     n = onnx__model_proto__get_packed_size(graph->model);
    if (n > AS_GRAPH_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "model '%s' has %zu bytes, more than the %zu allowed", graph->name, n,
                       AS_GRAPH_MAX_BYTES);
    onnx__model_proto__pack_to_buffer(graph->model, &sink.base);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot write model '%s'", graph->name);
}

bool as_graph_keep(as_graph *graph, const uint8_t *bytes, size_t n, as_err *err)
{
    write_sink sink = {.base = {write_compare}, .at = bytes, .left = n};
    as_str     ours;
    onnx__model_proto__pack_to_buffer(graph->model, &sink.base);
    if (!sink.differs && sink.left == 0)
        return true;
    as_str_init(&ours);
    bool ok = write_message(graph, &ours, err);
    if (ok) {
        graph->kept_as = as_sha256_of(ours.s, ours.len);
        graph->kept = malloc(n + 1);
        graph->n_kept = n;
        ok = graph->kept || AS_FAIL(err, AS_ENOMEM, "cannot hold model '%s'", graph->name);
    }
    if (ok)
        memcpy(graph->kept, bytes, n);
    as_str_done(&ours);
    return ok;
}

bool as_graph_write(const as_graph *graph, as_str *out, as_err *err)
{
    as_str ours;
    if (!graph->kept)
        return write_message(graph, out, err);
    as_str_init(&ours);
    bool ok = write_message(graph, &ours, err);
    if (ok) {
        as_digest now = as_sha256_of(ours.s, ours.len);
        bool      same = as_digest_equal(&now, &graph->kept_as) && !as_digest_is_zero(&now);
        as_str_add_bytes(out, same ? (const char *)graph->kept : ours.s, same ? graph->n_kept : ours.len);
        ok = as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot write model '%s'", graph->name);
    }
    as_str_done(&ours);
    return ok;
}
