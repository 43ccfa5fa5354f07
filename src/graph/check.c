/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/read_priv.h"

#define CHECK_MAX_DEPTH 32    /* messages within messages; a plain model has 5 */
#define CHECK_MAX_NAME  4096u /* bytes of a name */

/* --- the wire: protobuf-c follows nested messages without a limit of its own, merges repeated single ones and ends
 * strings at their first zero byte; what would make use of that is refused before it starts --- */

typedef struct check_wire {
    const uint8_t *at, *end;
} check_wire;

static bool check_varint(check_wire *wire, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && wire->at < wire->end; shift += 7) {
        uint8_t b = *wire->at++;
        if (shift == 63 && b > 1)
            return false;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

static const ProtobufCFieldDescriptor *check_field(const ProtobufCMessageDescriptor *desc, uint64_t id, unsigned *ret_i)
{
    for (unsigned i = 0; i < desc->n_fields; i++)
        if (desc->fields[i].id == id) {
            *ret_i = i;
            return &desc->fields[i];
        }
    return NULL;
}

static bool check_message(const uint8_t *bytes, size_t n, const ProtobufCMessageDescriptor *desc, int depth,
                          as_err *err);

/* One length-delimited field of n bytes. */
static bool check_block(const uint8_t *bytes, size_t n, const ProtobufCFieldDescriptor *field, int depth, as_err *err)
{
    if (!field)
        return true;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return check_message(bytes, n, field->descriptor, depth + 1, err);
    if (field->type == PROTOBUF_C_TYPE_STRING && n && memchr(bytes, 0, n))
        return AS_FAIL(err, AS_EFORMAT, "a '%s' of the ONNX model contains a zero byte", field->name);
    return true;
}

static bool check_message(const uint8_t *bytes, size_t n, const ProtobufCMessageDescriptor *desc, int depth,
                          as_err *err)
{
    check_wire wire = {bytes, bytes + n};
    uint64_t   seen = 0;
    if (depth > CHECK_MAX_DEPTH)
        return AS_FAIL(err, AS_ELIMIT, "its messages are nested more than %d deep", CHECK_MAX_DEPTH);
    while (wire.at < wire.end) {
        uint64_t tag, length = 0;
        unsigned i = 0, kind;
        if (!check_varint(&wire, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
            return AS_FAIL(err, AS_EFORMAT, "not an ONNX model, or cut short");
        const ProtobufCFieldDescriptor *field = check_field(desc, tag >> 3, &i);
        kind = (unsigned)(tag & 7);
        if (field && field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (seen >> i & 1)
                return AS_FAIL(err, AS_EFORMAT, "a '%s' of its %s is given twice", field->name, desc->short_name);
            seen |= (uint64_t)1 << i;
        }
        if (kind == 0   ? !check_varint(&wire, &length)
            : kind == 2 ? !check_varint(&wire, &length)
                        : kind != 1 && kind != 5)
            return AS_FAIL(err, AS_EFORMAT, "not an ONNX model, or cut short");
        size_t step = kind == 0 ? 0 : kind == 1 ? 8 : kind == 5 ? 4 : (size_t)length;
        if (step > (size_t)(wire.end - wire.at))
            return AS_FAIL(err, AS_EFORMAT, "not an ONNX model, or cut short");
        if (kind == 2 && !check_block(wire.at, step, field, depth, err))
            return false;
        wire.at += step;
    }
    return true;
}

bool as_graph_check_wire(const uint8_t *bytes, size_t n, as_err *err)
{
    if (n == 0)
        return AS_FAIL(err, AS_EFORMAT, "it is empty");
    return check_message(bytes, n, &onnx__model_proto__descriptor, 0, err);
}

/* --- the model --- */

static bool check_opset(const Onnx__ModelProto *model, int *ret, as_err *err)
{
    int64_t version = 0;
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = model->opset_import[i];
        if (set->domain && *set->domain && strcmp(set->domain, "ai.onnx") != 0)
            continue; /* harmless until a node uses it, and that is refused */
        if (version)
            return AS_FAIL(err, AS_EFORMAT, "it names its operator set twice");
        version = set->version;
    }
    if (version < GRAPH_MIN_OPSET || version > GRAPH_MAX_OPSET)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "operator set %lld: %d to %d are supported (export it again with one of these)",
                       (long long)version, GRAPH_MIN_OPSET, GRAPH_MAX_OPSET);
    *ret = (int)version;
    return true;
}

static bool check_graph(const Onnx__GraphProto *graph, as_err *err)
{
    if (graph->n_sparse_initializer)
        return AS_FAIL(err, AS_EUNSUPPORTED, "it has sparse initialisers");
    if (graph->n_node > GRAPH_MAX_NODES)
        return AS_FAIL(err, AS_ELIMIT, "it has %zu nodes, more than the %u allowed", graph->n_node, GRAPH_MAX_NODES);
    return true;
}

bool as_graph_check_frame(const Onnx__ModelProto *model, int *ret_opset, as_err *err)
{
    if (!model->has_ir_version || !model->graph)
        return AS_FAIL(err, AS_EFORMAT, "not an ONNX model (it has no %s)", model->graph ? "IR version" : "graph");
    if (model->ir_version < GRAPH_MIN_IR || model->ir_version > GRAPH_MAX_IR)
        return AS_FAIL(err, AS_EUNSUPPORTED, "IR version %lld: %d to %d are supported", (long long)model->ir_version,
                       GRAPH_MIN_IR, GRAPH_MAX_IR);
    if (model->n_functions)
        return AS_FAIL(err, AS_EUNSUPPORTED, "it defines functions of its own (inline them when exporting)");
    if (model->n_training_info)
        return AS_FAIL(err, AS_EUNSUPPORTED, "it carries training information (export it for inference)");
    return check_opset(model, ret_opset, err) && check_graph(model->graph, err);
}

bool as_graph_check_model(const Onnx__ModelProto *model, int *ret_opset, as_err *err)
{
    if (!as_graph_check_frame(model, ret_opset, err))
        return false;
    for (size_t i = 0; i < model->graph->n_node; i++)
        if (!as_graph_check_node(model->graph->node[i], err))
            return false;
    return true;
}

/* --- one node --- */

const char *as_graph_node_name(const Onnx__NodeProto *node)
{
    if (node->name && *node->name)
        return node->name;
    for (size_t i = 0; i < node->n_output; i++)
        if (*node->output[i])
            return node->output[i];
    return "";
}

void as_graph_node_label(const Onnx__NodeProto *node, char *label, size_t cap)
{
    snprintf(label, cap, "node '%.200s'", as_graph_node_name(node));
}

/* What an op.def row says of attribute `name`: its kind letter, or 0. */
static char check_attr_kind(const char *attrs, const char *name)
{
    size_t n = strlen(name);
    for (const char *s = attrs; *s;) {
        size_t n_word = strcspn(s, ":");
        if (n_word == n && memcmp(s, name, n) == 0)
            return s[n_word + 1];
        s += n_word + 2;
        s += strspn(s, " ");
    }
    return 0;
}

static bool check_attr_matches(const Onnx__AttributeProto *attr, char kind)
{
    switch (kind) {
    case 'i': return attr->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    case 'f': return attr->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    case 's': return attr->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    case 'I': return attr->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    case 'F': return attr->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
    default: return attr->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR && attr->t;
    }
}

static bool check_attrs(const Onnx__NodeProto *node, const graph_op *op, as_err *err)
{
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Onnx__AttributeProto *attr = node->attribute[i];
        if (!attr->name || attr->ref_attr_name)
            return AS_FAIL(err, AS_EFORMAT, "an attribute has no name or refers to a function's");
        char kind = check_attr_kind(op->attrs, attr->name);
        if (!kind)
            return AS_FAIL(err, AS_EUNSUPPORTED, "attribute '%.100s' is not known for this operator", attr->name);
        if (!check_attr_matches(attr, kind))
            return AS_FAIL(err, AS_EFORMAT, "attribute '%.100s' has the wrong type", attr->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(node->attribute[k]->name, attr->name) == 0)
                return AS_FAIL(err, AS_EFORMAT, "attribute '%.100s' is given twice", attr->name);
    }
    return true;
}

static bool check_ports(const Onnx__NodeProto *node, const graph_op *op, as_err *err)
{
    if (node->n_input < op->min_in || node->n_input > op->max_in)
        return AS_FAIL(err, AS_EFORMAT, "it has %zu inputs, not %zu to %zu", node->n_input, op->min_in, op->max_in);
    if (node->n_output < op->min_out || node->n_output > op->max_out)
        return AS_FAIL(err, AS_EFORMAT, "it has %zu outputs, not %zu to %zu", node->n_output, op->min_out, op->max_out);
    for (size_t i = 0; i < node->n_input; i++) {
        if (strlen(node->input[i]) > CHECK_MAX_NAME)
            return AS_FAIL(err, AS_ELIMIT, "the name of input %zu is too long", i);
        if (i < op->min_in && !*node->input[i])
            return AS_FAIL(err, AS_EFORMAT, "input %zu is missing", i);
    }
    for (size_t i = 0; i < node->n_output; i++) {
        if (strlen(node->output[i]) > CHECK_MAX_NAME)
            return AS_FAIL(err, AS_ELIMIT, "the name of output %zu is too long", i);
        if (i < op->min_out && !*node->output[i])
            return AS_FAIL(err, AS_EFORMAT, "output %zu is missing", i);
    }
    return true;
}

bool as_graph_check_node(const Onnx__NodeProto *node, as_err *err)
{
    char            label[300];
    const char     *type = node->op_type ? node->op_type : "", *domain = node->domain ? node->domain : "";
    bool            ours = !*domain || strcmp(domain, "ai.onnx") == 0;
    const graph_op *op = ours ? as_graph_op_find(type) : NULL;
    as_graph_node_label(node, label, sizeof label);
    if (!op)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "%s uses operator '%.60s%s%.60s', which is not on the list (see: assay help model)", label,
                       ours ? "" : domain, ours ? "" : ".", type);
    if (check_ports(node, op, err) && check_attrs(node, op, err))
        return true;
    return as_err_note(err, "%s (%s)", label, type);
}
