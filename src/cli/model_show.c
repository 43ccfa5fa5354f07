/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/action.h"
#include "cli/model_file.h"
#include "cli/term.h"
#include "graph/about.h"
#include "graph/cost.h"
#include "spec/unit.h"

#define SHOW_MAX_TEXT 200 /* bytes of an entry of the metadata; --json has all */

typedef struct show {
    as_cli        *cli;
    as_model_file  file;
    as_graph      *graph;
    as_graph_about about;
    as_graph_cost  cost;
    as_err         shapes; /* why they are not all known */
    uint64_t       limit;
} show;

/* "1x3x?x?"; with the file's own names for what is open */
static const char *model_show_shape(const as_value *value, char *text, size_t cap)
{
    return value->has_shape ? as_shape_text(&value->shape, text, cap) : "?";
}

static void model_show_port_text(const show *s, size_t i, const as_value *value, bool is_input, as_str *out)
{
    char text[AS_TENSOR_MAX_RANK * 24];
    as_str_addf(out, "%s %s", as_dtype_name(value->dtype), model_show_shape(value, text, sizeof text));
    for (int k = 0; is_input && k < value->shape.rank; k++) {
        const char *symbol = as_graph_input_symbol(s->graph, i, k);
        if (symbol)
            as_str_addf(out, "%s dimension %d is '%s'", k == 0 ? "," : ";", k, symbol);
    }
}

static const char *model_show_layer_name(const show *s, const as_node *node)
{
    return *node->name ? node->name : as_graph_value(s->graph, node->outputs[0])->name;
}

static bool model_show_is_layer(const as_node *node)
{
    return strcmp(node->op, "Constant") != 0;
}

/* 1234 and 1.24 M */
static const char *model_show_count(uint64_t n, char *text, size_t cap)
{
    static const char *const units[] = {"k", "M", "G", "T"};
    double                   v = (double)n;
    int                      unit = -1;
    while (v >= 1000 && unit < 3) {
        v /= 1000;
        unit++;
    }
    if (n < 10000)
        snprintf(text, cap, "%llu", (unsigned long long)n);
    else
        snprintf(text, cap, v < 10 ? "%.2f %s" : v < 100 ? "%.1f %s" : "%.0f %s", v, units[unit]);
    return text;
}

/* --- as text --- */

static void model_show_head(const show *s)
{
    FILE       *out = s->cli->out;
    const char *licence = as_graph_licence(s->graph);
    char        bytes[AS_UNIT_TEXT_BYTES];
    as_str      a, b;
    as_str_init(&a);
    as_str_init(&b);
    fprintf(out, "%s%s%s  %s, ONNX IR %lld, operator set %d\n", as_term_style(s->cli, AS_STYLE_BOLD),
            as_model_text(&a, s->file.name), as_term_plain(s->cli),
            as_unit_text((double)s->file.n, AS_UNIT_BYTES, bytes), (long long)s->about.ir, as_graph_opset(s->graph));
    fprintf(out, "graph    %s: %zu nodes, %zu initialisers\n", as_model_text(&a, s->about.name),
            as_graph_n_nodes(s->graph), s->about.n_initializers);
    fprintf(out, "made by  %s %s\n", *s->about.producer ? as_model_text(&a, s->about.producer) : "(it does not say)",
            as_model_text(&b, s->about.producer_version));
    if (*s->about.domain || s->about.version)
        fprintf(out, "version  %lld %s\n", (long long)s->about.version, as_model_text(&a, s->about.domain));
    fprintf(out, "licence  %.*s\n", SHOW_MAX_TEXT, licence ? as_model_text(&a, licence) : "(it does not say)");
    if (*s->about.doc)
        fprintf(out, "text     %.*s\n", SHOW_MAX_TEXT, as_model_text(&a, s->about.doc));
    as_str_done(&a);
    as_str_done(&b);
}

static void model_show_ports(const show *s)
{
    as_str name, port;
    as_str_init(&name);
    for (int out = 0; out < 2; out++)
        for (size_t i = 0; i < (out ? as_graph_n_outputs(s->graph) : as_graph_n_inputs(s->graph)); i++) {
            const as_value *value =
                as_graph_value(s->graph, out ? as_graph_output(s->graph, i) : as_graph_input(s->graph, i));
            as_str_init(&port);
            model_show_port_text(s, i, value, !out, &port);
            fprintf(s->cli->out, "%-8s '%s' ", out ? "output" : "input", as_model_text(&name, value->name));
            fprintf(s->cli->out, "%s\n", as_str_ok(&port) ? as_model_text(&name, port.s) : "");
            as_str_done(&port);
        }
    as_str_done(&name);
}

static void model_show_meta(const show *s)
{
    const char *key, *value;
    as_str      text;
    as_str_init(&text);
    for (size_t i = 0; as_graph_meta_at(s->graph, i, &key, &value); i++) {
        fprintf(s->cli->out, "%s  %s: ", i == 0 ? "metadata\n" : "", as_model_text(&text, key));
        fprintf(s->cli->out, "%.*s%s\n", SHOW_MAX_TEXT, as_model_text(&text, value),
                text.len > SHOW_MAX_TEXT ? " ... (all of it with --json)" : "");
    }
    as_str_done(&text);
}

static void model_show_layer(const show *s, as_table *table, size_t i)
{
    const as_node      *node = as_graph_node(s->graph, i);
    const as_node_cost *cost = &s->cost.nodes[i];
    char                text[AS_TENSOR_MAX_RANK * 24];
    as_str              name;
    as_str_init(&name);
    as_table_cell(table, AS_STYLE_BOLD, "%s", as_model_text(&name, model_show_layer_name(s, node)));
    as_table_cell(table, AS_STYLE_NONE, "%s", node->op);
    as_str_clear(&name);
    for (size_t k = 0; k < node->n_outputs; k++) {
        const as_value *value = as_graph_value(s->graph, node->outputs[k]);
        if (value && k < 4)
            as_str_addf(&name, "%s%s%s%s", k ? ", " : "",
                        value->dtype == AS_DTYPE_F32 || !value->has_shape ? "" : as_dtype_name(value->dtype),
                        value->dtype == AS_DTYPE_F32 || !value->has_shape ? "" : " ",
                        model_show_shape(value, text, sizeof text));
    }
    as_table_cell(table, AS_STYLE_NONE, "%s%s", as_str_ok(&name) ? name.s : "", node->n_outputs > 4 ? ", ..." : "");
    as_table_cell(table, AS_STYLE_NONE, "%s",
                  cost->n_parameters ? model_show_count(cost->n_parameters, text, sizeof text) : "");
    as_table_cell(table, AS_STYLE_NONE, "%s",
                  !cost->is_counted    ? "?"
                  : cost->n_multiplies ? model_show_count(cost->n_multiplies, text, sizeof text)
                                       : "");
    as_str_done(&name);
}

static void model_show_totals(const show *s)
{
    char        parameters[32], multiplies[32], bytes[AS_UNIT_TEXT_BYTES], peak[AS_UNIT_TEXT_BYTES];
    as_str      name;
    const bool  whole = s->cost.n_uncounted == 0;
    const char *at =
        s->cost.peak_node >= 0 ? model_show_layer_name(s, as_graph_node(s->graph, (size_t)s->cost.peak_node)) : "";
    as_str_init(&name);
    fprintf(s->cli->out, "\n%s parameters (%s), %s%s multiply-adds in convolutions and matrix products\n",
            model_show_count(s->cost.n_parameters, parameters, sizeof parameters),
            as_unit_text((double)s->cost.parameter_bytes, AS_UNIT_BYTES, bytes), whole ? "" : "at least ",
            model_show_count(s->cost.n_multiplies, multiplies, sizeof multiplies));
    if (s->cost.is_peak_known)
        fprintf(s->cli->out, "%s at most for what is on its way, at '%s'\n",
                as_unit_text((double)s->cost.peak_bytes, AS_UNIT_BYTES, peak), as_model_text(&name, at));
    else
        fprintf(s->cli->out, "how much memory is not known: a size is open (give it with --input NAME=SHAPE)\n");
    as_str_done(&name);
}

static bool model_show_text(const show *s, as_err *err)
{
    static const char *const columns[] = {"layer", "operator", "output", ">parameters", ">multiply-adds", NULL};
    uint64_t                 n = 0;
    model_show_head(s);
    model_show_ports(s);
    model_show_meta(s);
    fputc('\n', s->cli->out);
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < as_graph_n_nodes(s->graph); i++)
        if (model_show_is_layer(as_graph_node(s->graph, i)) && n++ < s->limit)
            model_show_layer(s, table, i);
    if (!as_table_print(table, s->cli, err))
        return false;
    if (n > s->limit)
        fprintf(s->cli->out, "... and %llu more\n", (unsigned long long)(n - s->limit));
    model_show_totals(s);
    if (s->shapes.code)
        as_term_say(s->cli, "not every shape is known: %s (see: assay model check)", s->shapes.text);
    return true;
}

/* --- as JSON --- */

static json_t *model_show_value_json(const as_value *value)
{
    json_t *json = json_object(), *shape = json_array();
    for (int i = 0; i < value->shape.rank; i++)
        json_array_append_new(shape, value->shape.dims[i] < 0 ? json_null() : json_integer(value->shape.dims[i]));
    as_json_set(json, "name", as_model_json(value->name));
    as_json_set(json, "type", json_string(as_dtype_name(value->dtype)));
    if (!value->has_shape) {
        json_decref(shape);
        shape = json_null();
    }
    as_json_set(json, "shape", shape);
    return json;
}

static json_t *model_show_ports_json(const show *s, bool output)
{
    json_t *list = json_array();
    for (size_t i = 0; i < (output ? as_graph_n_outputs(s->graph) : as_graph_n_inputs(s->graph)); i++) {
        int32_t         id = output ? as_graph_output(s->graph, i) : as_graph_input(s->graph, i);
        const as_value *value = as_graph_value(s->graph, id);
        json_t         *one = model_show_value_json(value), *symbols = json_array();
        for (int k = 0; !output && k < value->shape.rank; k++) {
            const char *symbol = as_graph_input_symbol(s->graph, i, k);
            json_array_append_new(symbols, symbol ? as_model_json(symbol) : json_null());
        }
        if (output)
            json_decref(symbols);
        else
            as_json_set(one, "symbols", symbols);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *model_show_layers_json(const show *s)
{
    json_t  *list = json_array();
    uint64_t n = 0;
    for (size_t i = 0; i < as_graph_n_nodes(s->graph); i++) {
        const as_node *node = as_graph_node(s->graph, i);
        if (!model_show_is_layer(node) || n++ >= s->limit)
            continue;
        json_t *one = json_object(), *outputs = json_array();
        for (size_t k = 0; k < node->n_outputs; k++)
            if (node->outputs[k] >= 0)
                json_array_append_new(outputs, model_show_value_json(as_graph_value(s->graph, node->outputs[k])));
        as_json_set(one, "name", as_model_json(model_show_layer_name(s, node)));
        as_json_set(one, "operator", json_string(node->op));
        as_json_set(one, "outputs", outputs);
        as_json_set(one, "parameters", json_integer((json_int_t)s->cost.nodes[i].n_parameters));
        as_json_set(one, "multiply_adds",
                    s->cost.nodes[i].is_counted ? json_integer((json_int_t)s->cost.nodes[i].n_multiplies)
                                                : json_null());
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *model_show_totals_json(const show *s)
{
    json_t *json = json_object();
    as_json_set(json, "parameters", json_integer((json_int_t)s->cost.n_parameters));
    as_json_set(json, "parameter_bytes", json_integer((json_int_t)s->cost.parameter_bytes));
    as_json_set(json, "multiply_adds",
                s->cost.n_uncounted ? json_null() : json_integer((json_int_t)s->cost.n_multiplies));
    as_json_set(json, "peak_bytes", s->cost.is_peak_known ? json_integer((json_int_t)s->cost.peak_bytes) : json_null());
    return json;
}

static json_t *model_show_meta_json(const show *s)
{
    const char *key, *value;
    json_t     *json = json_object();
    for (size_t i = 0; as_graph_meta_at(s->graph, i, &key, &value); i++) {
        json_t *name = as_model_json(key);
        if (json_string_value(name))
            as_json_set(json, json_string_value(name), as_model_json(value));
        json_decref(name);
    }
    return json;
}

static bool model_show_json(const show *s, as_err *err)
{
    const char *licence = as_graph_licence(s->graph);
    json_t     *json = json_object();
    as_json_set(json, "model", as_model_json(s->file.name));
    as_json_set(json, "bytes", json_integer((json_int_t)s->file.n));
    as_json_set(json, "ir_version", json_integer(s->about.ir));
    as_json_set(json, "opset", json_integer(as_graph_opset(s->graph)));
    as_json_set(json, "graph", as_model_json(s->about.name));
    as_json_set(json, "producer", as_model_json(s->about.producer));
    as_json_set(json, "producer_version", as_model_json(s->about.producer_version));
    as_json_set(json, "domain", as_model_json(s->about.domain));
    as_json_set(json, "version", json_integer(s->about.version));
    as_json_set(json, "text", as_model_json(s->about.doc));
    as_json_set(json, "licence", licence ? as_model_json(licence) : json_null());
    as_json_set(json, "n_initialisers", json_integer((json_int_t)s->about.n_initializers));
    as_json_set(json, "metadata", model_show_meta_json(s));
    as_json_set(json, "inputs", model_show_ports_json(s, false));
    as_json_set(json, "outputs", model_show_ports_json(s, true));
    as_json_set(json, "layers", model_show_layers_json(s));
    as_json_set(json, "totals", model_show_totals_json(s));
    as_json_set(json, "shapes", s->shapes.code ? json_string(s->shapes.text) : json_null());
    return as_cli_print_json(s->cli, json, err);
}

static bool model_show_load(show *s, as_err *err)
{
    int64_t batch;
    s->limit = UINT64_MAX;
    if (!as_model_batch(s->cli, &batch, err) || !as_cli_u64(s->cli, "limit", 1, UINT64_MAX, &s->limit, err) ||
        !as_model_file_open(s->cli, as_cli_arg(s->cli, 1), &s->file, err))
        return false;
    s->graph = as_graph_parse(s->file.bytes, s->file.n, s->file.name, err);
    if (!s->graph && err->code == AS_EUNSUPPORTED) {
        as_err first = *err;
        return as_err_set(err, first.code, "%.800s (every reason: assay model check)", first.text);
    }
    if (!s->graph)
        return false;
    if (!as_model_set_inputs(s->cli, s->graph, err))
        return false;
    s->about = as_graph_about_of(s->graph);
    if (!as_graph_infer_shapes(s->graph, batch, &s->shapes) && s->shapes.code == AS_ENOMEM)
        return as_err_set(err, s->shapes.code, "%s", s->shapes.text);
    return as_graph_cost_of(s->graph, &s->cost, err);
}

static int model_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    show s = {.cli = cli};
    (void)ws;
    bool ok = model_show_load(&s, err) && (cli->json ? model_show_json(&s, err) : model_show_text(&s, err));
    as_graph_cost_done(&s.cost);
    as_graph_free(s.graph);
    as_model_file_done(&s.file);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_model_action_show = {
    .name = "show",
    .usage = "[MODEL] [--batch N] [--input NAME=SHAPE] [--limit N]",
    .about = "each layer with its operator, output shape, parameters and multiply-adds; the sums; the most memory for "
             "what is on its way; who made it, its licence and its metadata",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = model_show,
};
