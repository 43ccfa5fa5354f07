/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/backbone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/build.h"
#include "infer/infer.h"

#define BACKBONE_SIDE     224 /* where the network leaves its size open */
#define BACKBONE_MAX_SIDE 4096
#define BACKBONE_POOLED   "assay_pooled"
#define BACKBONE_FLOAT    "assay_pooled_f32"
#define BACKBONE_FEATURES "assay_features"

/* --- what a picture is to it --- */

static const float backbone_imagenet_mean[3] = {123.675f, 116.28f, 103.53f};
static const float backbone_imagenet_scale[3] = {58.395f, 57.12f, 57.375f};

static bool backbone_number(char *text, double *ret)
{
    if (*text == '[')
        text++;
    size_t n = strlen(text);
    if (n && text[n - 1] == ']')
        text[n - 1] = 0;
    return as_str_to_f64(text, ret);
}

/* "123.675 116.28 103.53", also with commas and brackets; one number stands for all three. */
static bool backbone_numbers(const char *text, float *ret)
{
    char   copy[256], *rest = NULL;
    size_t n = 0;
    double value;
    if (!as_str_copy(copy, sizeof copy, text))
        return false;
    for (char *word = strtok_r(copy, " ,\t", &rest); word; word = strtok_r(NULL, " ,\t", &rest)) {
        if (n == 3 || !backbone_number(word, &value) || !isfinite(value))
            return false;
        ret[n++] = (float)value;
    }
    if (n == 1)
        ret[1] = ret[2] = ret[0];
    return n == 1 || n == 3;
}

static bool backbone_is_true(const char *text)
{
    return text && (strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0);
}

static bool backbone_model_info(const as_graph *graph, as_input_spec *ret, bool *ret_found, as_err *err)
{
    const char *mean = as_graph_meta(graph, "mean_values"), *scale = as_graph_meta(graph, "scale_values");
    const char *reverse = as_graph_meta(graph, "reverse_input_channels"), *resize = as_graph_meta(graph, "resize_type");
    as_resize   found = resize ? as_resize_parse(resize) : AS_RESIZE_NONE;
    if (found != AS_RESIZE_NONE)
        ret->resize = found;
    *ret_found = mean || scale || reverse;
    if (!*ret_found)
        return true;
    for (int c = 0; c < 3; c++) {
        ret->mean[c] = 0;
        ret->scale[c] = 1;
    }
    if ((mean && !backbone_numbers(mean, ret->mean)) || (scale && !backbone_numbers(scale, ret->scale)))
        return AS_FAIL(err, AS_EFORMAT,
                       "its metadata has mean_values '%s' and scale_values '%s', which are not three numbers "
                       "(give them with --input-mean and --input-scale)",
                       mean ? mean : "", scale ? scale : "");
    /* OpenVINO's word: the program reads BGR, and the network wants the reverse. */
    ret->bgr = !backbone_is_true(reverse);
    return true;
}

static bool backbone_winml(const as_graph *graph, as_input_spec *ret)
{
    const char *format = as_graph_meta(graph, "Image.BitmapPixelFormat");
    const char *range = as_graph_meta(graph, "Image.NominalPixelRange");
    if (!format && !range)
        return false;
    bool unit = range && strcasecmp(range, "Normalized_0_1") == 0,
         both = range && strcasecmp(range, "Normalized_1_1") == 0;
    ret->bgr = format && (strcasecmp(format, "Bgr8") == 0 || strcasecmp(format, "Bgra8") == 0);
    for (int c = 0; c < 3; c++) {
        ret->mean[c] = both ? 127.5f : 0;
        ret->scale[c] = both ? 127.5f : unit ? 255.f : 1;
    }
    return true;
}

static bool backbone_options(const as_trainer_cfg *cfg, as_input_spec *ret, as_err *err)
{
    if (cfg->input_order && strcmp(cfg->input_order, "rgb") != 0 && strcmp(cfg->input_order, "bgr") != 0)
        return AS_FAIL(err, AS_EINVAL, "no channel order '%s' (there are rgb and bgr)", cfg->input_order);
    if (cfg->input_order)
        ret->bgr = strcmp(cfg->input_order, "bgr") == 0;
    for (int c = 0; c < 3; c++) {
        if (cfg->input_mean)
            ret->mean[c] = (float)cfg->input_mean[c];
        if (cfg->input_scale)
            ret->scale[c] = (float)cfg->input_scale[c];
    }
    return true;
}

bool as_backbone_input(const as_trainer_cfg *cfg, const as_graph *graph, as_input_spec *ret, const char **ret_from,
                       as_err *err)
{
    as_input_spec input = *ret;
    bool          found = false;
    input.resize = AS_RESIZE_STANDARD;
    input.bgr = false;
    memcpy(input.mean, backbone_imagenet_mean, sizeof input.mean);
    memcpy(input.scale, backbone_imagenet_scale, sizeof input.scale);
    if (!backbone_model_info(graph, &input, &found, err))
        return false;
    found = found || backbone_winml(graph, &input);
    if (cfg->input_mean && !cfg->input_scale) /* a mean given alone is the whole of it */
        input.scale[0] = input.scale[1] = input.scale[2] = 1;
    if (!backbone_options(cfg, &input, err))
        return false;
    for (int c = 0; c < 3; c++)
        if (!isfinite(input.mean[c]) || !isfinite(input.scale[c]) || input.scale[c] == 0)
            return AS_FAIL(err, AS_EINVAL, "a mean of %g and a scale of %g give no numbers", (double)input.mean[c],
                           (double)input.scale[c]);
    *ret = input;
    *ret_from = cfg->input_order || cfg->input_mean || cfg->input_scale ? "options" : found ? "metadata" : "ImageNet";
    return true;
}

/* --- the graph --- */

static int64_t backbone_side(int64_t own, uint32_t wanted)
{
    return own > 0 ? own : wanted ? (int64_t)wanted : BACKBONE_SIDE;
}

static bool backbone_size(as_graph *graph, const as_trainer_cfg *cfg, as_input_spec *ret, as_err *err)
{
    char            text[AS_TENSOR_MAX_RANK * 24];
    const as_value *in = as_graph_value(graph, as_graph_n_inputs(graph) == 1 ? as_graph_input(graph, 0) : -1);
    if (!in)
        return AS_FAIL(err, AS_EINVAL, "it has %zu inputs: one picture is needed", as_graph_n_inputs(graph));
    as_shape shape = in->shape;
    if (!in->has_shape || shape.rank != 4 || in->dtype != AS_DTYPE_F32 || (shape.dims[1] != 1 && shape.dims[1] != 3))
        return AS_FAIL(err, AS_EINVAL,
                       "its input '%s' is %s %s: a picture N x 3 x H x W (or 1 channel) of f32 is needed", in->name,
                       as_dtype_name(in->dtype), in->has_shape ? as_shape_text(&shape, text, sizeof text) : "");
    bool open = shape.dims[2] < 1 || shape.dims[3] < 1;
    if ((cfg->width || cfg->height) && shape.dims[2] > 0 && shape.dims[3] > 0 &&
        (cfg->width != shape.dims[3] || cfg->height != shape.dims[2]))
        return AS_FAIL(err, AS_EINVAL, "its input is fixed at %lldx%lld pixels (leave --size out)",
                       (long long)shape.dims[3], (long long)shape.dims[2]);
    shape.dims[2] = backbone_side(shape.dims[2], cfg->height);
    shape.dims[3] = backbone_side(shape.dims[3], cfg->width);
    if (shape.dims[2] > BACKBONE_MAX_SIDE || shape.dims[3] > BACKBONE_MAX_SIDE)
        return AS_FAIL(err, AS_ELIMIT, "its input of %lldx%lld pixels is larger than %d", (long long)shape.dims[3],
                       (long long)shape.dims[2], BACKBONE_MAX_SIDE);
    ret->channels = (uint32_t)shape.dims[1];
    ret->height = (uint32_t)shape.dims[2];
    ret->width = (uint32_t)shape.dims[3];
    return !open || as_graph_set_input_shape(graph, in->name, &shape, err);
}

/* The layer's value after shape inference: N x C x H x W, or N x F. */
static bool backbone_layer(as_backbone *backbone, as_value *ret, as_err *err)
{
    char     text[AS_TENSOR_MAX_RANK * 24];
    as_value layer = *as_graph_value(backbone->graph, as_graph_output(backbone->graph, 0));
    if (!layer.has_shape || (layer.shape.rank != 4 && layer.shape.rank != 2) || layer.shape.dims[1] < 1 ||
        (layer.dtype != AS_DTYPE_F32 && layer.dtype != AS_DTYPE_F16))
        return AS_FAIL(err, AS_EINVAL,
                       "layer '%s' is %s %s: a feature map N x C x H x W is needed (name another: --layer)", layer.name,
                       as_dtype_name(layer.dtype),
                       layer.has_shape ? as_shape_text(&layer.shape, text, sizeof text) : "");
    backbone->n_features = (uint32_t)layer.shape.dims[1];
    *ret = layer;
    return true;
}

static bool backbone_node(as_graph *graph, const char *op, const char *from, const char *to, const as_attr *attr,
                          as_err *err)
{
    const char *inputs[] = {from, NULL}, *outputs[] = {to, NULL};
    return as_graph_add_node(graph, op, to, inputs, outputs, attr, attr != NULL, err);
}

static bool backbone_pool(as_backbone *backbone, as_err *err)
{
    as_value      layer = {0};
    as_graph     *graph = backbone->graph;
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1},
                  to = {.name = "to", .kind = AS_ATTR_INT, .i = AS_DTYPE_F32};
    if (!backbone_layer(backbone, &layer, err))
        return false;
    const char *from = layer.name;
    as_shape    row = {2, {layer.shape.dims[0], backbone->n_features}};
    if (layer.shape.rank == 4) {
        if (!backbone_node(graph, "GlobalAveragePool", from, BACKBONE_POOLED, NULL, err))
            return false;
        from = BACKBONE_POOLED;
    }
    if (layer.dtype == AS_DTYPE_F16) {
        if (!backbone_node(graph, "Cast", from, BACKBONE_FLOAT, &to, err))
            return false;
        from = BACKBONE_FLOAT;
    }
    backbone->features = BACKBONE_FEATURES;
    return backbone_node(graph, "Flatten", from, BACKBONE_FEATURES, &axis, err) && as_graph_clear_outputs(graph, err) &&
           as_graph_add_output(graph, BACKBONE_FEATURES, AS_DTYPE_F32, &row, err) && as_graph_finish(graph, err);
}

static bool backbone_cut(as_backbone *backbone, const char *layer, as_err *err)
{
    as_graph *graph = backbone->graph;
    if (!as_graph_infer_shapes(graph, 0, err) || (!layer && !as_graph_feature_layer(graph, &layer, err)))
        return false;
    if (!as_str_copy(backbone->layer, sizeof backbone->layer, layer))
        return AS_FAIL(err, AS_ELIMIT, "the name of layer '%.64s...' is too long", layer);
    return as_graph_cut(graph, backbone->layer, err) && as_graph_infer_shapes(graph, 0, err) &&
           backbone_pool(backbone, err) && as_graph_infer_shapes(graph, 0, err);
}

static bool backbone_make(as_backbone *backbone, const as_trainer_cfg *cfg, as_err *err)
{
    return backbone_size(backbone->graph, cfg, &backbone->input, err) &&
           as_backbone_input(cfg, backbone->graph, &backbone->input, &backbone->input_from, err) &&
           backbone_cut(backbone, cfg->layer, err);
}

bool as_backbone_of_model(const uint8_t *model, size_t n, const char *name, as_backbone *ret, as_err *err)
{
    as_backbone   backbone = {.input_from = "metadata"};
    as_model_info info;
    backbone.graph = as_graph_parse(model, n, name, err);
    if (!backbone.graph)
        return false;
    if (!as_model_info_read(backbone.graph, &info, err) || !backbone_cut(&backbone, NULL, err)) {
        as_err_note(err, "model '%s' gives no features", name);
        as_backbone_done(&backbone);
        return false;
    }
    backbone.input = info.input;
    *ret = backbone;
    return true;
}

bool as_backbone_open(const as_trainer_cfg *cfg, as_backbone *ret, as_err *err)
{
    as_backbone backbone = {0};
    if (!cfg->backbone || !*cfg->backbone)
        return AS_FAIL(err, AS_EINVAL, "trainer 'head' needs a backbone (give one with --backbone FILE.onnx)");
    backbone.graph = as_graph_read(cfg->backbone, err);
    if (!backbone.graph)
        return false;
    if (!backbone_make(&backbone, cfg, err)) {
        as_err_note(err, "cannot use backbone '%s'", cfg->backbone);
        as_backbone_done(&backbone);
        return false;
    }
    *ret = backbone;
    return true;
}

void as_backbone_done(as_backbone *backbone)
{
    backbone->graph = as_graph_free(backbone->graph);
}

const char *as_backbone_backend(const as_trainer_cfg *cfg)
{
    const as_backend *backend;
    as_str            about;
    bool              usable = false;
    if (cfg->backend)
        return cfg->backend;
    as_str_init(&about);
    for (size_t i = 0; (backend = as_backend_at(i)); i++)
        if (strcmp(backend->name, "ort") == 0)
            usable = backend->about(&about, NULL);
    as_str_done(&about);
    return usable ? "ort" : "native";
}
