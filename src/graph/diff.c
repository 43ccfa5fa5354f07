/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/diff.h"

#include <math.h>

#include "graph/about.h"
#include "graph/graph_priv.h"

#define DIFF_MAX_TEXT 60 /* bytes of one side of an attribute */

typedef struct diff {
    const as_graph  *a, *b;
    as_graph_changes out;
} diff;

const char *as_diff_of_name(as_diff_of of)
{
    static const char *const names[AS_DIFF_OF_COUNT] = {
        [AS_DIFF_OF_NONE] = "none",  [AS_DIFF_MODEL] = "model", [AS_DIFF_INPUT] = "input",
        [AS_DIFF_OUTPUT] = "output", [AS_DIFF_NODE] = "node",   [AS_DIFF_CONSTANT] = "constant",
        [AS_DIFF_META] = "metadata",
    };
    return of < AS_DIFF_OF_COUNT ? names[of] : names[0];
}

void as_graph_diff_done(as_graph_changes *changes)
{
    for (size_t i = 0; i < changes->list.n; i++)
        free(changes->list.at[i].text);
    as_vec_done(&changes->list);
}

/* Steals what is in text. */
static bool diff_add(diff *d, as_graph_change change, as_str *text, as_err *err)
{
    change.text = as_str_take(text);
    if (change.text && as_vec_push(&d->out.list, change))
        return true;
    free(change.text);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

/* --- what things are, as text: equal texts are equal things --- */

static void diff_value(const as_graph *graph, int32_t id, as_str *out)
{
    const as_value *value = as_graph_value(graph, id);
    as_str_add(out, value ? value->name : "-");
}

static void diff_ids(const as_graph *graph, const int32_t *ids, size_t n, as_str *out)
{
    for (size_t i = 0; i < n; i++) {
        as_str_add(out, i ? "," : "");
        diff_value(graph, ids[i], out);
    }
}

static void diff_tensor(const Onnx__TensorProto *proto, as_str *out)
{
    as_tensor tensor = {0};
    char      shape[AS_TENSOR_MAX_RANK * 24];
    if (!proto || !as_graph_read_constant(proto, &tensor, NULL))
        return;
    as_str_addf(out, "%s %s", as_dtype_name(tensor.dtype), as_shape_text(&tensor.shape, shape, sizeof shape));
    const uint8_t *bytes = tensor.data;
    for (size_t i = 0; i < as_tensor_count(&tensor) * as_dtype_bytes(tensor.dtype); i++)
        as_str_addf(out, "%s%02x", i ? "" : " ", bytes[i]);
    as_tensor_done(&tensor);
}

static void diff_attr(const Onnx__AttributeProto *attr, as_str *out)
{
    switch (attr->type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: as_str_addf(out, "%lld", (long long)attr->i); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: as_str_addf(out, "%.9g", (double)attr->f); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        as_str_add_escaped(out, (const char *)attr->s.data, attr->s.len);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        for (size_t i = 0; i < attr->n_ints; i++)
            as_str_addf(out, "%s%lld", i ? "," : "", (long long)attr->ints[i]);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        for (size_t i = 0; i < attr->n_floats; i++)
            as_str_addf(out, "%s%.9g", i ? "," : "", (double)attr->floats[i]);
        break;
    default: diff_tensor(attr->t, out); break;
    }
}

/* "what a -> b", where they differ. */
static void diff_told(as_str *out, const char *what, const as_str *a, const as_str *b)
{
    if (!as_str_ok(a) || !as_str_ok(b))
        out->failed = true; /* told as out of memory, not as equal */
    if (strcmp(a->s, b->s) == 0)
        return;
    as_str_addf(out, "%s%s%s", out->len ? "; " : "", what, *what ? " " : "");
    for (int side = 0; side < 2; side++) {
        const as_str *s = side ? b : a;
        size_t        n = AS_MIN(s->len, (size_t)DIFF_MAX_TEXT);
        as_str_add(out, side ? " -> " : "");
        as_str_add_bytes(out, s->len ? s->s : "nothing", s->len ? n : strlen("nothing"));
        as_str_add(out, n < s->len ? "..." : "");
    }
}

/* --- pairs of the same name --- */

typedef struct diff_item {
    const char *name;
    size_t      i; /* what it is, to those who ask */
} diff_item;

typedef struct diff_items {
    AS_VEC(diff_item) list;
} diff_items;

static int diff_compare(const void *pa, const void *pb)
{
    const diff_item *a = pa, *b = pb;
    int              order = strcmp(a->name, b->name);
    return order ? order : (a->i > b->i) - (a->i < b->i);
}

/* One kind of things: how they are named, and told. */
typedef struct diff_row {
    as_diff_of of;
    bool (*find)(const as_graph *graph, diff_items *items);
    void (*describe)(const as_graph *graph, size_t i, as_str *out);
    /* Fills change and text where they differ; text stays empty where they do not. */
    void (*compare)(const diff *d, size_t a, size_t b, as_graph_change *change, as_str *text);
} diff_row;

static bool diff_one_sided(diff *d, const diff_row *row, const diff_item *item, bool in_b, as_err *err)
{
    as_str text;
    as_str_init(&text);
    row->describe(in_b ? d->b : d->a, item->i, &text);
    as_graph_change change = {.of = row->of, .kind = in_b ? AS_DIFF_ADDED : AS_DIFF_REMOVED, .name = item->name};
    bool            ok = diff_add(d, change, &text, err);
    as_str_done(&text);
    return ok;
}

static bool diff_pair(diff *d, const diff_row *row, const diff_item *a, const diff_item *b, as_err *err)
{
    as_str          text;
    as_graph_change change = {.of = row->of, .kind = AS_DIFF_CHANGED, .name = b->name};
    as_str_init(&text);
    row->compare(d, a->i, b->i, &change, &text);
    bool ok = (as_str_ok(&text) && text.len == 0 && change.n_different == 0) || diff_add(d, change, &text, err);
    as_str_done(&text);
    return ok;
}

static bool diff_join(diff *d, const diff_row *row, diff_items *a, diff_items *b, as_err *err)
{
    size_t i = 0, k = 0;
    bool   ok = row->find(d->a, a) && row->find(d->b, b);
    if (!ok)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (a->list.n)
        qsort(a->list.at, a->list.n, sizeof *a->list.at, diff_compare);
    if (b->list.n)
        qsort(b->list.at, b->list.n, sizeof *b->list.at, diff_compare);
    while (ok && (i < a->list.n || k < b->list.n)) {
        int order = i >= a->list.n ? 1 : k >= b->list.n ? -1 : strcmp(a->list.at[i].name, b->list.at[k].name);
        if (order == 0)
            ok = diff_pair(d, row, &a->list.at[i], &b->list.at[k], err);
        else
            ok = diff_one_sided(d, row, order < 0 ? &a->list.at[i] : &b->list.at[k], order > 0, err);
        i += order <= 0;
        k += order >= 0;
    }
    return ok;
}

/* --- nodes --- */

static bool diff_is_constant_node(const as_node *node)
{
    return strcmp(node->op, "Constant") == 0;
}

static bool diff_find_nodes(const as_graph *graph, diff_items *items)
{
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++) {
        const as_node *node = as_graph_node(graph, i);
        if (diff_is_constant_node(node))
            continue;
        const char *name = *node->name ? node->name : as_graph_value(graph, node->outputs[0])->name;
        if (!as_vec_push(&items->list, ((diff_item){name, i})))
            return false;
    }
    return true;
}

static void diff_describe_node(const as_graph *graph, size_t i, as_str *out)
{
    as_str_add(out, as_graph_node(graph, i)->op);
}

static const Onnx__AttributeProto *diff_find_attr(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

static void diff_compare_attr(const Onnx__AttributeProto *a, const Onnx__AttributeProto *b, as_str *text)
{
    as_str one, other;
    as_str_init(&one);
    as_str_init(&other);
    if (a)
        diff_attr(a, &one);
    if (b)
        diff_attr(b, &other);
    diff_told(text, (a ? a : b)->name, &one, &other);
    as_str_done(&one);
    as_str_done(&other);
}

static void diff_compare_ids(const diff *d, const as_node *a, const as_node *b, bool outputs, as_str *text)
{
    as_str one, other;
    as_str_init(&one);
    as_str_init(&other);
    diff_ids(d->a, outputs ? a->outputs : a->inputs, outputs ? a->n_outputs : a->n_inputs, &one);
    diff_ids(d->b, outputs ? b->outputs : b->inputs, outputs ? b->n_outputs : b->n_inputs, &other);
    diff_told(text, outputs ? "outputs" : "inputs", &one, &other);
    as_str_done(&one);
    as_str_done(&other);
}

static void diff_compare_nodes(const diff *d, size_t a, size_t b, as_graph_change *change, as_str *text)
{
    const as_node         *x = as_graph_node(d->a, a), *y = as_graph_node(d->b, b);
    const Onnx__NodeProto *from = x->proto, *to = y->proto;
    (void)change;
    if (strcmp(x->op, y->op) != 0)
        as_str_addf(text, "%s -> %s", x->op, y->op);
    diff_compare_ids(d, x, y, false, text);
    diff_compare_ids(d, x, y, true, text);
    for (size_t i = 0; i < from->n_attribute; i++)
        diff_compare_attr(from->attribute[i], diff_find_attr(to, from->attribute[i]->name), text);
    for (size_t i = 0; i < to->n_attribute; i++)
        if (!diff_find_attr(from, to->attribute[i]->name))
            diff_compare_attr(NULL, to->attribute[i], text);
}

/* --- constants --- */

static bool diff_find_constants(const as_graph *graph, diff_items *items)
{
    for (size_t i = 0; i < as_graph_n_values(graph); i++) {
        const as_value *value = as_graph_value(graph, (int32_t)i);
        bool stored = value->producer < 0 || diff_is_constant_node(as_graph_node(graph, (size_t)value->producer));
        if (value->constant && stored && !as_vec_push(&items->list, ((diff_item){value->name, i})))
            return false;
    }
    return true;
}

static void diff_describe_constant(const as_graph *graph, size_t i, as_str *out)
{
    const as_tensor *constant = as_graph_value(graph, (int32_t)i)->constant;
    char             shape[AS_TENSOR_MAX_RANK * 24];
    as_str_addf(out, "%s %s", as_dtype_name(constant->dtype), as_shape_text(&constant->shape, shape, sizeof shape));
}

static void diff_numbers(const as_tensor *a, const as_tensor *b, as_graph_change *change)
{
    size_t bytes = as_dtype_bytes(a->dtype);
    change->has_numbers = true;
    change->n = as_tensor_count(a);
    for (size_t i = 0; i < change->n; i++) {
        const uint8_t *x = (const uint8_t *)a->data + i * bytes, *y = (const uint8_t *)b->data + i * bytes;
        if (a->dtype == b->dtype && memcmp(x, y, bytes) == 0)
            continue;
        double p = as_tensor_number(a, i), q = as_tensor_number(b, i), apart = fabs(p - q);
        if (a->dtype != b->dtype && p == q)
            continue;
        if (isnan(apart))
            apart = INFINITY;
        if (change->n_different++ == 0 || apart > change->largest) {
            change->largest = apart;
            change->at = i;
        }
    }
}

static void diff_compare_constants(const diff *d, size_t a, size_t b, as_graph_change *change, as_str *text)
{
    const as_tensor *x = as_graph_value(d->a, (int32_t)a)->constant, *y = as_graph_value(d->b, (int32_t)b)->constant;
    as_str           one, other;
    as_str_init(&one);
    as_str_init(&other);
    diff_describe_constant(d->a, a, &one);
    diff_describe_constant(d->b, b, &other);
    diff_told(text, "", &one, &other);
    if (as_shape_equal(&x->shape, &y->shape))
        diff_numbers(x, y, change);
    as_str_done(&one);
    as_str_done(&other);
}

/* --- inputs and outputs --- */

static bool diff_find_inputs(const as_graph *graph, diff_items *items)
{
    for (size_t i = 0; i < as_graph_n_inputs(graph); i++)
        if (!as_vec_push(&items->list, ((diff_item){as_graph_value(graph, as_graph_input(graph, i))->name, i})))
            return false;
    return true;
}

static bool diff_find_outputs(const as_graph *graph, diff_items *items)
{
    for (size_t i = 0; i < as_graph_n_outputs(graph); i++)
        if (!as_vec_push(&items->list, ((diff_item){as_graph_value(graph, as_graph_output(graph, i))->name, i})))
            return false;
    return true;
}

/* As the file declares it: inference, and with it a batch, has no say. */
static void diff_describe_info(const Onnx__ValueInfoProto *const *infos, size_t n, const char *name, as_str *out)
{
    as_value value = {0};
    char     shape[AS_TENSOR_MAX_RANK * 24];
    for (size_t i = 0; i < n; i++) {
        if (strcmp(infos[i]->name, name) != 0 || !as_graph_value_type(infos[i], &value, NULL))
            continue;
        as_str_addf(out, "%s %s", as_dtype_name(value.dtype),
                    value.has_shape ? as_shape_text(&value.shape, shape, sizeof shape) : "of any shape");
    }
}

static void diff_describe_input(const as_graph *graph, size_t i, as_str *out)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    diff_describe_info((const Onnx__ValueInfoProto *const *)proto->input, proto->n_input,
                       as_graph_value(graph, as_graph_input(graph, i))->name, out);
}

static void diff_describe_output(const as_graph *graph, size_t i, as_str *out)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    diff_describe_info((const Onnx__ValueInfoProto *const *)proto->output, proto->n_output,
                       as_graph_value(graph, as_graph_output(graph, i))->name, out);
}

static void diff_compare_described(const diff *d, size_t a, size_t b, as_str *text,
                                   void (*describe)(const as_graph *, size_t, as_str *))
{
    as_str one, other;
    as_str_init(&one);
    as_str_init(&other);
    describe(d->a, a, &one);
    describe(d->b, b, &other);
    diff_told(text, "", &one, &other);
    as_str_done(&one);
    as_str_done(&other);
}

static void diff_compare_inputs(const diff *d, size_t a, size_t b, as_graph_change *change, as_str *text)
{
    (void)change;
    diff_compare_described(d, a, b, text, diff_describe_input);
    if (a != b)
        as_str_addf(text, "%splace %zu -> %zu", text->len ? "; " : "", a, b);
}

static void diff_compare_outputs(const diff *d, size_t a, size_t b, as_graph_change *change, as_str *text)
{
    (void)change;
    diff_compare_described(d, a, b, text, diff_describe_output);
    if (a != b)
        as_str_addf(text, "%splace %zu -> %zu", text->len ? "; " : "", a, b);
}

/* --- what the model says of itself --- */

static bool diff_find_meta(const as_graph *graph, diff_items *items)
{
    const char *key, *value;
    for (size_t i = 0; as_graph_meta_at(graph, i, &key, &value); i++)
        if (!as_vec_push(&items->list, ((diff_item){key, i})))
            return false;
    return true;
}

static void diff_describe_meta(const as_graph *graph, size_t i, as_str *out)
{
    const char *key, *value;
    if (as_graph_meta_at(graph, i, &key, &value))
        as_str_add(out, value);
}

static void diff_compare_meta(const diff *d, size_t a, size_t b, as_graph_change *change, as_str *text)
{
    (void)change;
    diff_compare_described(d, a, b, text, diff_describe_meta);
}

static const char *const diff_facts[] = {"IR version", "domain",           "graph name", "operator set",
                                         "producer",   "producer version", "text",       "version"};

static bool diff_find_facts(const as_graph *graph, diff_items *items)
{
    (void)graph;
    for (size_t i = 0; i < AS_COUNT(diff_facts); i++)
        if (!as_vec_push(&items->list, ((diff_item){diff_facts[i], i})))
            return false;
    return true;
}

static void diff_describe_fact(const as_graph *graph, size_t i, as_str *out)
{
    as_graph_about about = as_graph_about_of(graph);
    switch (i) {
    case 0: as_str_addf(out, "%lld", (long long)about.ir); break;
    case 1: as_str_add(out, about.domain); break;
    case 2: as_str_add(out, about.name); break;
    case 3: as_str_addf(out, "%d", as_graph_opset(graph)); break;
    case 4: as_str_add(out, about.producer); break;
    case 5: as_str_add(out, about.producer_version); break;
    case 6: as_str_add(out, about.doc); break;
    default: as_str_addf(out, "%lld", (long long)about.version); break;
    }
}

static void diff_compare_facts(const diff *d, size_t a, size_t b, as_graph_change *change, as_str *text)
{
    (void)change;
    diff_compare_described(d, a, b, text, diff_describe_fact);
}

bool as_graph_diff(const as_graph *a, const as_graph *b, as_graph_changes *ret, as_err *err)
{
    static const diff_row rows[] = {
        {AS_DIFF_MODEL, diff_find_facts, diff_describe_fact, diff_compare_facts},
        {AS_DIFF_INPUT, diff_find_inputs, diff_describe_input, diff_compare_inputs},
        {AS_DIFF_OUTPUT, diff_find_outputs, diff_describe_output, diff_compare_outputs},
        {AS_DIFF_NODE, diff_find_nodes, diff_describe_node, diff_compare_nodes},
        {AS_DIFF_CONSTANT, diff_find_constants, diff_describe_constant, diff_compare_constants},
        {AS_DIFF_META, diff_find_meta, diff_describe_meta, diff_compare_meta},
    };
    diff d = {.a = a, .b = b};
    bool ok = true;
    for (size_t i = 0; ok && i < AS_COUNT(rows); i++) {
        diff_items of_a = {0}, of_b = {0};
        ok = diff_join(&d, &rows[i], &of_a, &of_b, err);
        as_vec_done(&of_a.list);
        as_vec_done(&of_b.list);
    }
    if (!ok) {
        as_graph_diff_done(&d.out);
        return false;
    }
    *ret = d.out;
    return true;
}
