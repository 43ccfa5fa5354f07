/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto's storage rules are in the comments of onnx.proto: raw_data is little-endian, as is every machine we build
 * for; small types without raw_data stand in int32_data, one an entry. */
#include "graph/graph_priv.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw_data is viewed as it stands");

bool as_graph_dtype_known(int32_t data_type)
{
    return data_type > 0 && data_type < 64 && as_dtype_bytes((as_dtype)data_type) > 0;
}

static bool constant_shape(const Onnx__TensorProto *proto, as_shape *shape, size_t *ret_count, as_err *err)
{
    if (proto->n_dims > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_ELIMIT, "it has %zu dimensions, more than %d", proto->n_dims, AS_TENSOR_MAX_RANK);
    *shape = (as_shape){.rank = (int)proto->n_dims};
    for (size_t i = 0; i < proto->n_dims; i++) {
        if (proto->dims[i] < 0 || proto->dims[i] > GRAPH_MAX_DIM)
            return AS_FAIL(err, AS_EFORMAT, "its dimension %zu is %lld", i, (long long)proto->dims[i]);
        shape->dims[i] = proto->dims[i];
    }
    size_t bytes;
    if (!as_shape_count(shape, ret_count) ||
        !as_size_mul(*ret_count, as_dtype_bytes((as_dtype)proto->data_type), &bytes) || bytes > AS_TENSOR_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "it is larger than a tensor may be");
    return true;
}

static bool constant_fits(size_t have, size_t want, const char *unit, as_err *err)
{
    return have == want || AS_FAIL(err, AS_EFORMAT, "it holds %zu %s, its shape says %zu", have, unit, want);
}

/* u8, i8, bool and f16 written one an int32. */
static bool constant_narrow(const Onnx__TensorProto *proto, const as_shape *shape, as_tensor *ret, as_err *err)
{
    size_t width = as_dtype_bytes((as_dtype)proto->data_type);
    if (!as_tensor_new(ret, (as_dtype)proto->data_type, shape, err))
        return false;
    for (size_t i = 0; i < proto->n_int32_data; i++)
        memcpy((uint8_t *)ret->data + i * width, &proto->int32_data[i], width); /* the low bytes */
    return true;
}

/* Where the entries of a tensor without raw_data stand, and how many. */
static void *constant_entries(const Onnx__TensorProto *proto, size_t *ret_n)
{
    switch ((as_dtype)proto->data_type) {
    case AS_DTYPE_F32: *ret_n = proto->n_float_data; return proto->float_data;
    case AS_DTYPE_F64: *ret_n = proto->n_double_data; return proto->double_data;
    case AS_DTYPE_I64: *ret_n = proto->n_int64_data; return proto->int64_data;
    default: *ret_n = proto->n_int32_data; return proto->int32_data;
    }
}

bool as_graph_read_constant(const Onnx__TensorProto *proto, as_tensor *ret, as_err *err)
{
    static uint64_t nothing; /* what a tensor without elements points to: NULL would say "no constant" */
    as_shape        shape;
    size_t          count, n;
    if ((proto->has_data_location && proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) ||
        proto->n_external_data)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its data is in another file (save the model with its data inside)");
    if (!proto->has_data_type || !as_graph_dtype_known(proto->data_type))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its element type %d is not supported", (int)proto->data_type);
    if (proto->segment)
        return AS_FAIL(err, AS_EUNSUPPORTED, "it is a segment of a larger one");
    if (!constant_shape(proto, &shape, &count, err))
        return false;
    as_dtype dtype = (as_dtype)proto->data_type;
    if (proto->has_raw_data) {
        if (!constant_fits(proto->raw_data.len, count * as_dtype_bytes(dtype), "bytes", err))
            return false;
        *ret = as_tensor_view(dtype, &shape, count ? proto->raw_data.data : (void *)&nothing);
        return true;
    }
    void *entries = constant_entries(proto, &n);
    if (!constant_fits(n, count, "entries", err))
        return false;
    if (count && as_dtype_bytes(dtype) < 4)
        return constant_narrow(proto, &shape, ret, err);
    *ret = as_tensor_view(dtype, &shape, count ? entries : &nothing);
    return true;
}

bool as_graph_read_constant_node(const Onnx__NodeProto *node, as_tensor *ret, as_err *err)
{
    if (node->n_attribute != 1)
        return AS_FAIL(err, AS_EFORMAT, "it needs exactly one value");
    Onnx__AttributeProto *attr = node->attribute[0];
    as_shape              scalar = {.rank = 0}, list = {.rank = 1};
    static uint64_t       nothing;
    switch (attr->type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR: return as_graph_read_constant(attr->t, ret, err);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        *ret = as_tensor_view(AS_DTYPE_F32, &scalar, &attr->f);
        return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        *ret = as_tensor_view(AS_DTYPE_I64, &scalar, &attr->i);
        return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        list.dims[0] = (int64_t)attr->n_floats;
        *ret = as_tensor_view(AS_DTYPE_F32, &list, attr->n_floats ? (void *)attr->floats : &nothing);
        return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        list.dims[0] = (int64_t)attr->n_ints;
        *ret = as_tensor_view(AS_DTYPE_I64, &list, attr->n_ints ? (void *)attr->ints : &nothing);
        return true;
    default: return AS_FAIL(err, AS_EUNSUPPORTED, "its value is of a kind that is not supported");
    }
}
