/* SPDX-License-Identifier: Apache-2.0 */
#include "task/model.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "build_config.h"

#define MODEL_TYPE     "classification"
#define MODEL_MAX_SIDE 4096

/* Blanks part the labels: what is a blank, a control or a percent sign in one is written %HH. */
static void model_add_label(const char *label, as_str *out)
{
    for (; *label; label++) {
        unsigned char c = (unsigned char)*label;
        if (c <= ' ' || c == '%' || c == 0x7f)
            as_str_addf(out, "%%%02X", c);
        else
            as_str_add_bytes(out, label, 1);
    }
}

static bool model_set(as_graph *graph, const char *key, as_str *value, as_err *err)
{
    bool ok =
        as_str_ok(value) ? as_graph_set_meta(graph, key, value->s, err) : AS_FAIL(err, AS_ENOMEM, "out of memory");
    as_str_done(value);
    return ok;
}

static bool model_write_labels(const as_model_info *info, as_graph *graph, as_err *err)
{
    as_str labels;
    as_str_init(&labels);
    for (size_t i = 0; i < info->n_labels; i++) {
        if (i > 0)
            as_str_add(&labels, " ");
        model_add_label(info->labels[i], &labels);
    }
    return model_set(graph, "labels", &labels, err);
}

static bool model_write_floats(as_graph *graph, const char *key, const float *values, uint32_t n, as_err *err)
{
    as_str text;
    as_str_init(&text);
    for (uint32_t i = 0; i < n; i++)
        as_str_addf(&text, "%s%.9g", i ? " " : "", (double)values[i]);
    return model_set(graph, key, &text, err);
}

bool as_model_info_write(const as_model_info *info, as_graph *graph, as_err *err)
{
    char pad[8];
    if (info->n_labels < 2 || info->n_labels > AS_SPEC_MAX_CLASSES ||
        (info->input.channels != 1 && info->input.channels != 3))
        return AS_FAIL(err, AS_EINVAL, "a model of %zu labels and %u channels cannot be described", info->n_labels,
                       info->input.channels);
    /* OpenVINO's word: a program that reads BGR reverses the channels, and the network then sees RGB. */
    snprintf(pad, sizeof pad, "%u", info->input.pad_value);
    return as_graph_set_meta(graph, "model_type", MODEL_TYPE, err) && model_write_labels(info, graph, err) &&
           as_graph_set_meta(graph, "resize_type", as_resize_name(info->input.resize), err) &&
           as_graph_set_meta(graph, "pad_value", pad, err) &&
           model_write_floats(graph, "mean_values", info->input.mean, info->input.channels, err) &&
           model_write_floats(graph, "scale_values", info->input.scale, info->input.channels, err) &&
           as_graph_set_meta(graph, "reverse_input_channels", info->input.bgr ? "NO" : "YES", err) &&
           as_graph_set_meta(graph, "assay.trainer", info->trainer, err) &&
           as_graph_set_meta(graph, "assay.version", AS_VERSION, err);
}

static bool model_get(const as_graph *graph, const char *key, const char **ret, as_err *err)
{
    const char *value = as_graph_meta(graph, key);
    if (!value)
        return AS_FAIL(err, AS_EFORMAT, "the model's metadata has no '%s' (it was not made by assay train)", key);
    *ret = value;
    return true;
}

static int model_digit(char c)
{
    const char *digits = "0123456789ABCDEF", *found = c ? strchr(digits, toupper((unsigned char)c)) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* One label of n bytes, its %HH undone. */
static bool model_read_label(const char *text, size_t n, char label[AS_LABEL_BYTES], as_err *err)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        int  high = text[i] == '%' && n - i >= 3 ? model_digit(text[i + 1]) : -1;
        int  low = high >= 0 ? model_digit(text[i + 2]) : -1;
        char c = low >= 0 ? (char)(high * 16 + low) : text[i];
        if (c == '\0' || used == AS_LABEL_BYTES - 1)
            return AS_FAIL(err, AS_EFORMAT,
                           "label '%.80s' in the model's metadata is longer than %d bytes or has a zero", text,
                           AS_LABEL_BYTES - 1);
        label[used++] = c;
        i += low >= 0 ? 2 : 0;
    }
    label[used] = '\0';
    return true;
}

static bool model_read_labels(const char *text, as_model_info *info, as_err *err)
{
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t n = strcspn(text, " ");
        if (info->n_labels == AS_SPEC_MAX_CLASSES)
            return AS_FAIL(err, AS_ELIMIT, "the model has more than %d labels", AS_SPEC_MAX_CLASSES);
        if (!model_read_label(text, n, info->labels[info->n_labels], err))
            return false;
        for (size_t i = 0; i < info->n_labels; i++)
            if (strcmp(info->labels[i], info->labels[info->n_labels]) == 0)
                return AS_FAIL(err, AS_EFORMAT, "the model's metadata has label '%s' twice", info->labels[i]);
        info->n_labels++;
        text += n;
    }
    return info->n_labels >= 2 || AS_FAIL(err, AS_EFORMAT, "the model has fewer than two labels");
}

static bool model_read_reverse(const char *text, bool *ret_bgr, as_err *err)
{
    bool yes = strcasecmp(text, "yes") == 0 || strcasecmp(text, "true") == 0;
    if (!yes && strcasecmp(text, "no") != 0 && strcasecmp(text, "false") != 0)
        return AS_FAIL(err, AS_EFORMAT, "reverse_input_channels '%s' in the model's metadata is not yes or no", text);
    *ret_bgr = !yes;
    return true;
}

/* Blanks or commas part the numbers; there must be exactly n finite ones. */
static bool model_read_floats(const char *key, const char *text, float *ret, uint32_t n, as_err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        char  *end;
        float  value = strtof(text, &end);
        size_t gap = strspn(end, " ,");
        if (end == text || !isfinite(value) || (i + 1 < n && gap == 0))
            return AS_FAIL(err, AS_EFORMAT, "'%s' in the model's metadata is not %u numbers", key, n);
        ret[i] = value;
        text = end + gap;
    }
    return *text == '\0' || AS_FAIL(err, AS_EFORMAT, "'%s' in the model's metadata is not %u numbers", key, n);
}

static bool model_read_size(const as_graph *graph, as_model_info *info, as_err *err)
{
    if (as_graph_n_inputs(graph) != 1)
        return AS_FAIL(err, AS_EFORMAT, "the model has %zu inputs, a picture is one", as_graph_n_inputs(graph));
    const as_value *input = as_graph_value(graph, as_graph_input(graph, 0));
    const int64_t  *dims = input->shape.dims;
    char            shape[96];
    if (!input->has_shape || input->shape.rank != 4 || (dims[1] != 1 && dims[1] != 3) || dims[2] < 1 || dims[3] < 1 ||
        dims[2] > MODEL_MAX_SIDE || dims[3] > MODEL_MAX_SIDE)
        return AS_FAIL(err, AS_EFORMAT, "input '%s' of the model is %s, not N x 1 or 3 channels x height x width",
                       input->name,
                       input->has_shape ? as_shape_text(&input->shape, shape, sizeof shape) : "of no shape");
    info->input.channels = (uint32_t)dims[1];
    info->input.height = (uint32_t)dims[2];
    info->input.width = (uint32_t)dims[3];
    return true;
}

static bool model_read_prepare(const as_graph *graph, as_input_spec *input, as_err *err)
{
    const char *resize = NULL, *pad = NULL, *mean = NULL, *scale = NULL, *reverse = NULL;
    uint64_t    value = 0;
    if (!model_get(graph, "resize_type", &resize, err) || !model_get(graph, "pad_value", &pad, err) ||
        !model_get(graph, "mean_values", &mean, err) || !model_get(graph, "scale_values", &scale, err) ||
        !model_get(graph, "reverse_input_channels", &reverse, err))
        return false;
    input->resize = as_resize_parse(resize);
    if (input->resize == AS_RESIZE_NONE)
        return AS_FAIL(err, AS_EFORMAT, "resize_type '%s' in the model's metadata is not known", resize);
    if (!as_str_to_u64(pad, &value) || value > 255)
        return AS_FAIL(err, AS_EFORMAT, "pad_value '%s' in the model's metadata is no grey level", pad);
    input->pad_value = (uint8_t)value;
    if (!model_read_reverse(reverse, &input->bgr, err) ||
        !model_read_floats("mean_values", mean, input->mean, input->channels, err) ||
        !model_read_floats("scale_values", scale, input->scale, input->channels, err))
        return false;
    for (uint32_t c = 0; c < input->channels; c++)
        if (input->scale[c] == 0)
            return AS_FAIL(err, AS_EFORMAT, "scale_values in the model's metadata has a zero");
    return true;
}

bool as_model_info_read(const as_graph *graph, as_model_info *ret, as_err *err)
{
    as_model_info info = {0};
    const char   *type = NULL, *labels = NULL, *trainer = as_graph_meta(graph, "assay.trainer");
    if (!model_get(graph, "model_type", &type, err) || !model_get(graph, "labels", &labels, err))
        return false;
    if (strcmp(type, MODEL_TYPE) != 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the model is for '%s', this program judges '" MODEL_TYPE "'", type);
    as_str_copy(info.trainer, sizeof info.trainer, trainer ? trainer : "");
    if (!model_read_labels(labels, &info, err) || !model_read_size(graph, &info, err) ||
        !model_read_prepare(graph, &info.input, err))
        return false;
    *ret = info;
    return true;
}
