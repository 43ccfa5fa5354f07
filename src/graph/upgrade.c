/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/upgrade.h"

#include "graph/graph_priv.h"

/* A node on its way. `node` is as it was read, `proto` what is changed. */
typedef struct upgrade {
    as_graph        *graph;
    const as_node   *node;
    Onnx__NodeProto *proto;
} upgrade;

/* --- parts of a node ---------------------------------------------------------------------------------------------- */

static void upgrade_drop(upgrade *u, const char *attr)
{
    Onnx__NodeProto *proto = u->proto;
    size_t           n = 0;
    for (size_t i = 0; i < proto->n_attribute; i++) {
        if (strcmp(proto->attribute[i]->name, attr) == 0)
            onnx__attribute_proto__free_unpacked(proto->attribute[i], NULL);
        else
            proto->attribute[n++] = proto->attribute[i];
    }
    proto->n_attribute = n;
}

static bool upgrade_add(upgrade *u, const char *name, Onnx__AttributeProto__AttributeType type, int64_t i,
                        const char *s, as_err *err)
{
    Onnx__AttributeProto *attr = malloc(sizeof *attr);
    if (!attr)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a node");
    onnx__attribute_proto__init(attr);
    attr->name = strdup(name);
    attr->has_type = true;
    attr->type = type;
    attr->has_i = type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attr->i = attr->has_i ? i : 0;
    if (s) {
        attr->s.data = (uint8_t *)strdup(s);
        attr->s.len = strlen(s);
        attr->has_s = true;
    }
    if (attr->name && (!s || attr->s.data) && as_graph_append(&u->proto->attribute, &u->proto->n_attribute, attr, err))
        return true;
    onnx__attribute_proto__free_unpacked(attr, NULL);
    return AS_FAIL(err, AS_ENOMEM, "out of memory for a node");
}

static bool upgrade_add_text(upgrade *u, const char *name, const char *text, as_err *err)
{
    return upgrade_add(u, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, 0, text, err);
}

/* Input i becomes `name`; those before it that are not there are left out. */
static bool upgrade_input(upgrade *u, size_t i, const char *name, as_err *err)
{
    while (u->proto->n_input <= i) {
        char *none = strdup("");
        if (!none || !as_graph_append(&u->proto->input, &u->proto->n_input, none, err)) {
            free(none);
            return AS_FAIL(err, AS_ENOMEM, "out of memory for a node");
        }
    }
    char *copy = strdup(name);
    if (!copy)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a node");
    free(u->proto->input[i]);
    u->proto->input[i] = copy;
    return true;
}

/* A constant as input i. */
static bool upgrade_constant(upgrade *u, size_t i, const char *what, const as_tensor *value, as_err *err)
{
    as_str name;
    as_str_init(&name);
    as_str_addf(&name, "%s/set13/%s", u->proto->output[0],
                what); /* the views' names may be gone: of two equals finish tells */
    const bool ok = (as_str_ok(&name) || AS_FAIL(err, AS_ENOMEM, "out of memory for a node")) &&
                    as_graph_add_constant(u->graph, name.s, value, err) && upgrade_input(u, i, name.s, err);
    as_str_done(&name);
    return ok;
}

/* An attribute that became input i; none: nothing. */
static bool upgrade_ints(upgrade *u, const char *attr, size_t i, as_err *err)
{
    const int64_t *ints;
    size_t         n;
    if (!as_node_ints(u->node, attr, &ints, &n))
        return true;
    int64_t        none = 0;
    const as_shape shape = {.rank = 1, .dims = {(int64_t)n}};
    const void    *data = n ? (const void *)ints : &none;
    as_tensor      value = as_tensor_view(AS_DTYPE_I64, &shape, NULL);
    memcpy(&value.data, &data, sizeof value.data);
    const bool ok = upgrade_constant(u, i, attr, &value, err);
    upgrade_drop(u, attr);
    return ok;
}

static bool upgrade_number(upgrade *u, const char *attr, size_t i, as_err *err)
{
    float number;
    if (!as_node_float(u->node, attr, &number))
        return true;
    const as_dtype  dtype = as_graph_value(u->graph, u->node->inputs[0])->dtype;
    const as_shape  scalar = {.rank = 0};
    double          wide = (double)number;
    const as_tensor value = dtype == AS_DTYPE_F64 ? as_tensor_view(AS_DTYPE_F64, &scalar, &wide)
                                                  : as_tensor_view(AS_DTYPE_F32, &scalar, &number);
    if (dtype != AS_DTYPE_F64 && dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "'%s' of %s", attr, as_dtype_name(dtype));
    const bool ok = upgrade_constant(u, i, attr, &value, err);
    upgrade_drop(u, attr);
    return ok;
}

static bool upgrade_rename(upgrade *u, const char *op, as_err *err)
{
    char *copy = strdup(op);
    if (!copy)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a node");
    free(u->proto->op_type);
    u->proto->op_type = copy;
    return true;
}

/* --- operators ---------------------------------------------------------------------------------------------------- */

static bool upgrade_axes(upgrade *u, as_err *err)
{
    return upgrade_ints(u, "axes", 1, err);
}

static bool upgrade_split(upgrade *u, as_err *err)
{
    return upgrade_ints(u, "split", 1, err);
}

static bool upgrade_clip(upgrade *u, as_err *err)
{
    return upgrade_number(u, "min", 1, err) && upgrade_number(u, "max", 2, err);
}

static bool upgrade_pad(upgrade *u, as_err *err)
{
    return upgrade_ints(u, "pads", 1, err) && upgrade_number(u, "value", 2, err);
}

static bool upgrade_slice(upgrade *u, as_err *err)
{
    return upgrade_ints(u, "starts", 1, err) && upgrade_ints(u, "ends", 2, err) && upgrade_ints(u, "axes", 3, err);
}

static bool upgrade_top(upgrade *u, as_err *err)
{
    int64_t k;
    if (!as_node_int(u->node, "k", &k))
        return true;
    const as_shape  one = {.rank = 1, .dims = {1}};
    const as_tensor value = as_tensor_view(AS_DTYPE_I64, &one, &k);
    const bool      ok = upgrade_constant(u, 1, "k", &value, err);
    upgrade_drop(u, "k");
    return ok;
}

/* It went over all dimensions from its axis on, as over one; now over its axis alone. */
static bool upgrade_softmax(upgrade *u, as_err *err)
{
    const as_value *x = as_graph_value(u->graph, u->node->inputs[0]);
    int64_t         axis = as_node_int_or(u->node, "axis", 1), along = -1;
    if (!x->has_shape)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the shape of its input is not known");
    axis += axis < 0 ? x->shape.rank : 0;
    for (int64_t i = AS_MAX(axis, 0); i < x->shape.rank; i++) {
        if (x->shape.dims[i] == 1)
            continue;
        if (along >= 0)
            return AS_FAIL(err, AS_EUNSUPPORTED, "operator set 13 has none over several dimensions at once");
        along = i;
    }
    upgrade_drop(u, "axis");
    return upgrade_add(u, "axis", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, along >= 0 ? along : -1, NULL, err);
}

/* A model that is used leaves nothing out. */
static bool upgrade_dropout(upgrade *u, as_err *err)
{
    for (size_t i = 1; i < u->proto->n_output; i++)
        free(u->proto->output[i]);
    u->proto->n_output = AS_MIN(u->proto->n_output, (size_t)1);
    upgrade_drop(u, "ratio");
    return upgrade_rename(u, "Identity", err);
}

static bool upgrade_norm(upgrade *u, as_err *err)
{
    if (as_node_int_or(u->node, "spatial", 1) == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "operator set 13 has none with a mean for each pixel");
    upgrade_drop(u, "spatial");
    return true;
}

/* Of set 10: pixels were counted from their corners. Its scales move behind what is cut out. */
static bool upgrade_resize(upgrade *u, as_err *err)
{
    char *scales = u->proto->n_input > 1 ? strdup(u->proto->input[1]) : NULL;
    bool  ok = scales && upgrade_input(u, 1, "", err) && upgrade_input(u, 2, scales, err) &&
              upgrade_add_text(u, "coordinate_transformation_mode", "asymmetric", err) &&
              upgrade_add_text(u, "nearest_mode", "floor", err);
    free(scales);
    return ok || AS_FAIL(err, AS_EFORMAT, "it has no scales");
}

/* Before that it was another operator, before set 9 with scales of its own. */
static bool upgrade_upsample(upgrade *u, as_err *err)
{
    const float *scales;
    size_t       n;
    if (as_node_floats(u->node, "scales", &scales, &n)) {
        const as_shape shape = {.rank = 1, .dims = {(int64_t)n}};
        as_tensor      value = as_tensor_view(AS_DTYPE_F32, &shape, NULL);
        memcpy(&value.data, &scales, sizeof value.data);
        if (!upgrade_constant(u, 1, "scales", &value, err))
            return false;
        upgrade_drop(u, "scales");
    }
    return upgrade_resize(u, err) && upgrade_rename(u, "Resize", err);
}

static const struct {
    const char *op;
    int         since; /* the set that has it as we make it */
    bool (*run)(upgrade *u, as_err *err);
} upgrades[] = {
    {"Squeeze", 13, upgrade_axes},    {"Unsqueeze", 13, upgrade_axes},    {"ReduceSum", 13, upgrade_axes},
    {"Split", 13, upgrade_split},     {"Softmax", 13, upgrade_softmax},   {"LogSoftmax", 13, upgrade_softmax},
    {"Hardmax", 13, upgrade_softmax}, {"Dropout", 12, upgrade_dropout},   {"Clip", 11, upgrade_clip},
    {"Pad", 11, upgrade_pad},         {"Resize", 11, upgrade_resize},     {"Slice", 10, upgrade_slice},
    {"TopK", 10, upgrade_top},        {"Upsample", 10, upgrade_upsample}, {"BatchNormalization", 9, upgrade_norm},
};

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool upgrade_nodes(as_graph *graph, as_err *err)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    for (size_t i = 0; i < graph->view.n_nodes; i++) {
        upgrade u = {.graph = graph, .node = &graph->view.nodes[i], .proto = proto->node[i]};
        char    label[128];
        as_graph_node_label(u.proto, label, sizeof label);
        for (size_t k = 0; k < AS_COUNT(upgrades); k++)
            if (graph->opset < upgrades[k].since && strcmp(u.node->op, upgrades[k].op) == 0) {
                if (!upgrades[k].run(&u, err))
                    return as_err_note(err, "%s (%s)", label, upgrades[k].op);
                break; /* it may have another name now */
            }
    }
    return true;
}

/* Set 13 came with IR 7; initialisers are listed as inputs in IR 3 alone. */
static void upgrade_version(as_graph *graph)
{
    Onnx__ModelProto *model = graph->model;
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (domain && *domain && strcmp(domain, "ai.onnx") != 0)
            continue;
        model->opset_import[i]->has_version = true;
        model->opset_import[i]->version = AS_GRAPH_UPGRADED;
    }
    model->has_ir_version = true;
    model->ir_version = AS_MAX(model->ir_version, (int64_t)7);
    graph->opset = AS_GRAPH_UPGRADED;
}

bool as_graph_upgrade(as_graph *graph, as_err *err)
{
    if (graph->opset >= AS_GRAPH_UPGRADED)
        return true;
    bool ok = as_graph_infer_shapes(graph, 0, err) && as_graph_own(graph, err) && upgrade_nodes(graph, err);
    if (ok) {
        upgrade_version(graph);
        ok = as_graph_finish(graph, err);
    }
    return ok || as_err_note(err, "cannot make model '%s' one of operator set %d", graph->name, AS_GRAPH_UPGRADED);
}
