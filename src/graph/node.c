/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph_priv.h"

static const Onnx__AttributeProto *node_attr(const as_node *node, const char *name,
                                             Onnx__AttributeProto__AttributeType type)
{
    const Onnx__NodeProto *proto = node->proto;
    for (size_t i = 0; i < proto->n_attribute; i++)
        if (proto->attribute[i]->type == type && strcmp(proto->attribute[i]->name, name) == 0)
            return proto->attribute[i];
    return NULL;
}

bool as_node_int(const as_node *node, const char *name, int64_t *ret)
{
    const Onnx__AttributeProto *attr = node_attr(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    if (attr)
        *ret = attr->i;
    return attr != NULL;
}

bool as_node_float(const as_node *node, const char *name, float *ret)
{
    const Onnx__AttributeProto *attr = node_attr(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    if (attr)
        *ret = attr->f;
    return attr != NULL;
}

bool as_node_str(const as_node *node, const char *name, const char **ret, size_t *ret_n)
{
    const Onnx__AttributeProto *attr = node_attr(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    if (attr) {
        *ret = attr->s.len ? (const char *)attr->s.data : "";
        *ret_n = attr->s.len;
    }
    return attr != NULL;
}

bool as_node_ints(const as_node *node, const char *name, const int64_t **ret, size_t *ret_n)
{
    const Onnx__AttributeProto *attr = node_attr(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    if (attr) {
        *ret = attr->ints;
        *ret_n = attr->n_ints;
    }
    return attr != NULL;
}

bool as_node_floats(const as_node *node, const char *name, const float **ret, size_t *ret_n)
{
    const Onnx__AttributeProto *attr = node_attr(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);
    if (attr) {
        *ret = attr->floats;
        *ret_n = attr->n_floats;
    }
    return attr != NULL;
}

bool as_node_number(const as_node *node, const char *name, as_dtype *ret_dtype, uint8_t ret[8])
{
    const Onnx__AttributeProto *attr = node_attr(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR);
    as_tensor                   value;
    if (!attr || !attr->t || !as_graph_read_constant(attr->t, &value, NULL))
        return false;
    const bool one = as_tensor_count(&value) == 1;
    if (one) {
        memcpy(ret, value.data, as_dtype_bytes(value.dtype));
        *ret_dtype = value.dtype;
    }
    as_tensor_done(&value);
    return one;
}

int64_t as_node_int_or(const as_node *node, const char *name, int64_t otherwise)
{
    int64_t v;
    return as_node_int(node, name, &v) ? v : otherwise;
}
