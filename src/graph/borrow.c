/* SPDX-License-Identifier: Apache-2.0 */
/* Reading without copying: weights are most of a model's file, and stay where they are. protobuf-c would copy them, so it is
 * given the message without them (Protocol Buffers, "Encoding"), and they are put back as pointers into the file. */
#include "graph/read_priv.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/vec.h"

#define BORROW_LEAST ((size_t)64 << 10) /* smaller ones are copied: they stand aligned then */

enum { FIELD_MODEL_GRAPH = 7, FIELD_GRAPH_INITIALIZER = 5, FIELD_TENSOR_TYPE = 2, FIELD_TENSOR_RAW = 9 };

typedef struct borrow_field {
    uint64_t       id;
    unsigned       kind;
    const uint8_t *start, *body; /* its tag, and what it holds */
    size_t         n;            /* of the body; a varint has none */
    uint64_t       number;
} borrow_field;

typedef struct borrow_raw {
    size_t         index; /* of the initialiser */
    const uint8_t *bytes;
    size_t         n;
} borrow_raw;

typedef struct borrower {
    size_t least; /* bytes of a tensor that is lent */
    as_str rest;  /* the message without what is lent */
    AS_VEC(borrow_raw) raws;
} borrower;

static bool borrow_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && *at < end; shift += 7) {
        const uint8_t b = *(*at)++;
        v |= shift < 64 ? (uint64_t)(b & 0x7f) << shift : 0;
        if (!(b & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* The next field; false at the end. The wire has been checked. */
static bool borrow_next(const uint8_t **at, const uint8_t *end, borrow_field *f)
{
    uint64_t tag;
    *f = (borrow_field){.start = *at};
    if (*at >= end || !borrow_varint(at, end, &tag))
        return false;
    f->id = tag >> 3;
    f->kind = (unsigned)(tag & 7);
    if ((f->kind == 0 || f->kind == 2) && !borrow_varint(at, end, &f->number))
        return false;
    f->n = f->kind == 2 ? (size_t)f->number : f->kind == 1 ? 8 : f->kind == 5 ? 4 : 0;
    f->body = *at;
    if (f->n > (size_t)(end - *at))
        return false;
    *at += f->n;
    return true;
}

static void borrow_add_varint(as_str *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        as_str_add_bytes(out, (const char[]){(char)(v | 0x80)}, 1);
    as_str_add_bytes(out, (const char[]){(char)v}, 1);
}

static void borrow_add_block(as_str *out, uint64_t id, const as_str *block)
{
    borrow_add_varint(out, id << 3 | 2);
    borrow_add_varint(out, block->len);
    as_str_add_bytes(out, block->s, block->len);
}

static void borrow_add_field(as_str *out, const borrow_field *f)
{
    as_str_add_bytes(out, (const char *)f->start, (size_t)(f->body + f->n - f->start));
}

/* An initialiser's raw data, where it is large and of a type that is used as it stands. */
static const borrow_field *borrow_raw_of(const borrow_field *tensor, size_t least, borrow_field *raw)
{
    const uint8_t *at = tensor->body, *end = at + tensor->n;
    borrow_field   f;
    uint64_t       type = 0;
    bool           found = false;
    while (borrow_next(&at, end, &f)) {
        if (f.id == FIELD_TENSOR_TYPE && f.kind == 0)
            type = f.number;
        if (f.id == FIELD_TENSOR_RAW && f.kind == 2) {
            *raw = f;
            found = true;
        }
    }
    return found && raw->n >= least && (type == AS_DTYPE_F32 || type == AS_DTYPE_U8 || type == AS_DTYPE_I8) ? raw
                                                                                                            : NULL;
}

static bool borrow_tensor(borrower *b, as_str *graph, const borrow_field *tensor, size_t index, as_err *err)
{
    const uint8_t      *at = tensor->body, *end = at + tensor->n;
    borrow_field        f, found;
    as_str              rest;
    const borrow_field *raw = borrow_raw_of(tensor, b->least, &found);
    if (!raw) {
        borrow_add_field(graph, tensor);
        return true;
    }
    as_str_init(&rest);
    while (borrow_next(&at, end, &f))
        if (f.start != raw->start)
            borrow_add_field(&rest, &f);
    borrow_add_block(graph, FIELD_GRAPH_INITIALIZER, &rest);
    const bool ok = as_str_ok(&rest) && as_vec_push(&b->raws, ((borrow_raw){index, raw->body, raw->n}));
    as_str_done(&rest);
    return ok || AS_FAIL(err, AS_ENOMEM, "no memory for its tensors");
}

static bool borrow_graph(borrower *b, const borrow_field *graph, as_err *err)
{
    const uint8_t *at = graph->body, *end = at + graph->n;
    borrow_field   f;
    as_str         rest;
    bool           ok = true;
    as_str_init(&rest);
    for (size_t n = 0; ok && borrow_next(&at, end, &f);) {
        if (f.id == FIELD_GRAPH_INITIALIZER && f.kind == 2)
            ok = borrow_tensor(b, &rest, &f, n++, err);
        else
            borrow_add_field(&rest, &f);
    }
    borrow_add_block(&b->rest, FIELD_MODEL_GRAPH, &rest);
    ok = ok && (as_str_ok(&rest) || AS_FAIL(err, AS_ENOMEM, "no memory for its graph"));
    as_str_done(&rest);
    return ok;
}

static bool borrow_model(borrower *b, const uint8_t *bytes, size_t n, as_err *err)
{
    const uint8_t *at = bytes;
    borrow_field   f;
    while (borrow_next(&at, bytes + n, &f)) {
        if (f.id != FIELD_MODEL_GRAPH || f.kind != 2)
            borrow_add_field(&b->rest, &f);
        else if (!borrow_graph(b, &f, err))
            return false;
    }
    return as_str_ok(&b->rest) || AS_FAIL(err, AS_ENOMEM, "no memory for its message");
}

static bool borrow_put_back(as_graph *graph, const borrower *b, as_err *err)
{
    Onnx__GraphProto *proto = graph->model->graph;
    for (size_t i = 0; i < b->raws.n; i++) {
        const borrow_raw *raw = &b->raws.at[i];
        if (!proto || raw->index >= proto->n_initializer || proto->initializer[raw->index]->has_raw_data)
            return AS_FAIL(err, AS_EFORMAT, "not an ONNX model (its initialisers cannot be read)");
        Onnx__TensorProto *tensor = proto->initializer[raw->index];
        tensor->has_raw_data = true;
        /* protobuf-c's type has no const; nothing writes there, and as_graph_free does not free it */
        tensor->raw_data = (ProtobufCBinaryData){.len = raw->n, .data = (uint8_t *)(uintptr_t)raw->bytes};
    }
    return true;
}

static bool borrow_into(as_graph *graph, borrower *b, const uint8_t *bytes, size_t n, as_err *err)
{
    if (n > AS_GRAPH_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "it has %zu bytes, more than the %zu allowed", n, AS_GRAPH_MAX_BYTES);
    if (!as_graph_check_wire(bytes, n, err) || !borrow_model(b, bytes, n, err))
        return false;
    graph->lent = bytes;
    graph->n_lent = n;
    graph->model = as_graph_unpack((const uint8_t *)b->rest.s, b->rest.len, err);
    return graph->model && borrow_put_back(graph, b, err) && as_graph_check_model(graph->model, &graph->opset, err) &&
           as_graph_view_make(graph, err);
}

as_graph *as_graph_borrow_from(const uint8_t *bytes, size_t n, size_t least, const char *name, as_err *err)
{
    as_graph *graph = as_graph_begin(name, err);
    borrower  b = {.least = least};
    as_str_init(&b.rest);
    if (graph && !borrow_into(graph, &b, bytes, n, err)) {
        as_err_note(err, "cannot use model '%s'", name);
        graph = as_graph_free(graph);
    }
    as_vec_done(&b.raws);
    as_str_done(&b.rest);
    return graph;
}

as_graph *as_graph_borrow(const uint8_t *bytes, size_t n, as_lent lent, const char *name, as_err *err)
{
    as_graph *graph = as_graph_borrow_from(bytes, n, BORROW_LEAST, name, err);
    if (graph)
        graph->how = lent;
    return graph;
}

static bool borrow_is_lent(const as_graph *graph, const void *data)
{
    const uintptr_t at = (uintptr_t)data, from = (uintptr_t)graph->lent;
    return graph->lent && at >= from && at < from + graph->n_lent;
}

/* Before anything is freed or changed that may point into what is lent. */
void as_graph_give_back(as_graph *graph)
{
    Onnx__GraphProto *proto = graph->model ? graph->model->graph : NULL;
    for (size_t i = 0; proto && i < proto->n_initializer; i++) {
        Onnx__TensorProto *tensor = proto->initializer[i];
        if (borrow_is_lent(graph, tensor->raw_data.data))
            tensor->raw_data = (ProtobufCBinaryData){.len = 0, .data = NULL};
    }
    graph->lent = NULL;
}

bool as_graph_own(as_graph *graph, as_err *err)
{
    Onnx__GraphProto *proto = graph->model->graph;
    bool              any = false;
    for (size_t i = 0; graph->lent && i < proto->n_initializer; i++) {
        ProtobufCBinaryData *raw = &proto->initializer[i]->raw_data;
        if (!borrow_is_lent(graph, raw->data))
            continue;
        uint8_t *copy = malloc(raw->len + 1);
        if (!copy)
            return AS_FAIL(err, AS_ENOMEM, "cannot hold the weights of model '%s'", graph->name);
        memcpy(copy, raw->data, raw->len);
        raw->data = copy;
        any = true;
    }
    as_graph_give_back(graph);
    return !any || as_graph_view_make(graph, err); /* views point to the data */
}

void as_graph_pass(const as_graph *graph, const as_tensor *constant, bool last)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE),
                 bytes = as_tensor_count(constant) * as_dtype_bytes(constant->dtype);
    const bool may = graph->how == AS_LENT_MAPPED || (graph->how == AS_LENT_SPENT && last);
    if (!may || !borrow_is_lent(graph, constant->data))
        return;
    const uintptr_t from = ((uintptr_t)constant->data + page - 1) / page * page,
                    to = ((uintptr_t)constant->data + bytes) / page * page;
    if (to > from) /* of a file only a hint: what is asked for again is there again */
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}
