/* SPDX-License-Identifier: Apache-2.0 */
#include "task/hints.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fs.h"

#define HINTS_LABEL_BYTES  256
#define HINTS_LABELS_BYTES ((size_t)4 << 20)

/* --- ways to prepare --- */

#define HINTS_THREE(a, b, c) \
    {                        \
        a, b, c              \
    }
#define X(title, says, how, pad, is_bgr, off, by) \
    {.name = title,                               \
     .summary = says,                             \
     .input = {.resize = AS_RESIZE_##how,         \
               .pad_value = pad,                  \
               .bgr = is_bgr,                     \
               .mean = HINTS_THREE  off,          \
               .scale = HINTS_THREE by}},
static const as_preset hints_presets[] = {
#include "task/preset.def"
};
#undef X

const as_preset *as_preset_at(size_t i)
{
    return i < AS_COUNT(hints_presets) ? &hints_presets[i] : NULL;
}

const as_preset *as_preset_find(const char *name)
{
    for (size_t i = 0; i < AS_COUNT(hints_presets); i++)
        if (strcmp(hints_presets[i].name, name) == 0)
            return &hints_presets[i];
    return NULL;
}

/* --- labels --- */

void as_labels_done(as_labels *labels)
{
    for (size_t i = 0; i < labels->names.n; i++)
        free(labels->names.at[i]);
    as_vec_done(&labels->names);
}

static bool labels_add(as_labels *labels, const char *text, size_t n, as_err *err)
{
    if (labels->names.n == AS_HINTS_MAX_LABELS || n >= HINTS_LABEL_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "more than %d labels, or one longer than %d bytes", AS_HINTS_MAX_LABELS,
                       HINTS_LABEL_BYTES - 1);
    char *name = strndup(text, n);
    if (name && as_vec_push(&labels->names, name))
        return true;
    free(name);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

/* Bytes of "17," (or 17: or 17 and a blank) in front of label 17. */
static size_t labels_number(const char *line, size_t i)
{
    char  *end;
    size_t number = isdigit((unsigned char)*line) ? strtoul(line, &end, 10) : SIZE_MAX;
    if (number != i || (*end != ',' && *end != ':' && *end != ' ' && *end != '\t'))
        return 0;
    end += strspn(end, ",: \t");
    return *end ? (size_t)(end - line) : 0;
}

/* Where every line has its number in front, they are no part of the names. */
static void labels_strip(as_labels *labels)
{
    for (size_t i = 0; i < labels->names.n; i++)
        if (labels_number(labels->names.at[i], i) == 0)
            return;
    for (size_t i = 0; i < labels->names.n; i++) {
        char *name = labels->names.at[i] + labels_number(labels->names.at[i], i);
        memmove(labels->names.at[i], name, strlen(name) + 1);
    }
}

static bool labels_of_lines(const char *text, size_t n, as_labels *ret, as_err *err)
{
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    for (const char *end = text + n; text < end;) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        size_t length = (size_t)(stop - text);
        while (length > 0 && isspace((unsigned char)text[length - 1]))
            length--;
        if (!labels_add(ret, text, length, err))
            return false;
        text = stop + 1;
    }
    labels_strip(ret);
    return ret->names.n > 0 || AS_FAIL(err, AS_EFORMAT, "there is no label in it");
}

bool as_labels_read(const char *path, as_labels *ret, as_err *err)
{
    uint8_t  *bytes = NULL;
    size_t    n;
    as_labels labels = {.names = {0}};
    if (!as_fs_read(path, HINTS_LABELS_BYTES, &bytes, &n, err))
        return false;
    bool ok = memchr(bytes, 0, n) ? AS_FAIL(err, AS_EFORMAT, "it is no text")
                                  : labels_of_lines((const char *)bytes, n, &labels, err);
    free(bytes);
    if (ok)
        *ret = labels;
    else
        as_labels_done(&labels);
    return ok || as_err_note(err, "labels of '%s'", path);
}

static int hints_digit(char c)
{
    const char *digits = "0123456789ABCDEF", *found = c ? strchr(digits, toupper((unsigned char)c)) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* OpenVINO's, by blanks; %HH is a byte, as model.h writes them. */
static bool hints_blank_labels(const char *text, as_labels *labels, as_err *err)
{
    char one[HINTS_LABEL_BYTES];
    for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
        size_t used = 0;
        for (; *text && !strchr(" \t\n", *text); text++) {
            int high = *text == '%' ? hints_digit(text[1]) : -1, low = high >= 0 ? hints_digit(text[2]) : -1;
            if (used == sizeof one - 1)
                return AS_FAIL(err, AS_ELIMIT, "a label in the model's metadata is longer than %zu bytes", used);
            one[used++] = low >= 0 && high * 16 + low > 0 ? (char)(high * 16 + low) : *text;
            text += low >= 0 ? 2 : 0;
        }
        if (!labels_add(labels, one, used, err))
            return false;
    }
    return true;
}

/* One quoted word of Python's; *text stands on the quote, and behind it afterwards. */
static bool hints_quoted(const char **text, char ret[HINTS_LABEL_BYTES], size_t *ret_n)
{
    const char *p = *text;
    char        quote = *p++;
    size_t      n = 0;
    for (; *p && *p != quote; p++) {
        p += *p == '\\' && p[1] ? 1 : 0;
        if (n == HINTS_LABEL_BYTES - 1)
            return false;
        ret[n++] = *p;
    }
    if (*p != quote)
        return false;
    *text = p + 1;
    *ret_n = n;
    return true;
}

/* Ultralytics', as Python prints a dictionary or a list: {0: 'person', 1: "driver's seat"}, ['good', 'bad']. */
static bool hints_python_names(const char *text, as_labels *labels, as_err *err)
{
    char   one[HINTS_LABEL_BYTES];
    size_t n;
    text += strspn(text, " ");
    bool has_keys = *text == '{';
    if (*text != '{' && *text != '[')
        return AS_FAIL(err, AS_EFORMAT, "'names' in the model's metadata is no list of labels");
    for (text++; *text && *text != '}' && *text != ']';) {
        text += strspn(text, " ,\n");
        if (has_keys) {
            char         *end;
            unsigned long key = strtoul(text, &end, 10);
            if (end == text || key != labels->names.n || *end != ':')
                return AS_FAIL(err, AS_EFORMAT, "label %zu is missing in 'names' of the model's metadata",
                               labels->names.n);
            text = end + 1 + strspn(end + 1, " ");
        }
        if ((*text != '\'' && *text != '"') || !hints_quoted(&text, one, &n))
            return AS_FAIL(err, AS_EFORMAT, "label %zu in 'names' of the model's metadata does not read",
                           labels->names.n);
        if (!labels_add(labels, one, n, err))
            return false;
        text += strspn(text, " ,\n");
    }
    return true;
}

/* --- metadata --- */

static const char *hints_get(const as_graph *graph, const char *key)
{
    char        long_key[64];
    const char *value = as_graph_meta(graph, key);
    snprintf(long_key, sizeof long_key, "model_info %s", key);
    return value ? value : as_graph_meta(graph, long_key);
}

/* One number for all three, or three of them. */
static bool hints_floats(const as_graph *graph, const char *key, float ret[3], bool *ret_has, as_err *err)
{
    const char *text = hints_get(graph, key);
    size_t      n = 0;
    float       values[3] = {0};
    *ret_has = text && *text;
    for (; *ret_has && *text; n++) {
        char *end;
        float value = strtof(text, &end);
        if (end == text || !isfinite(value) || n == 3)
            return AS_FAIL(err, AS_EFORMAT, "'%s' in the model's metadata is not one number, or three", key);
        values[n] = value;
        text = end + strspn(end, " ,");
    }
    if (n == 2)
        return AS_FAIL(err, AS_EFORMAT, "'%s' in the model's metadata has two numbers, not one or three", key);
    for (size_t i = 0; i < 3 && *ret_has; i++)
        ret[i] = values[n == 1 ? 0 : i];
    return true;
}

/* 0..1; left out where it is not there. */
static bool hints_ratio(const as_graph *graph, const char *key, float *ret, as_err *err)
{
    const char *text = hints_get(graph, key);
    double      value = 0;
    if (text && (!as_str_to_f64(text, &value) || !(value >= 0 && value <= 1)))
        return AS_FAIL(err, AS_EFORMAT, "'%s' in the model's metadata is '%.40s', not a number from 0 to 1", key, text);
    *ret = (float)value;
    return true;
}

static bool hints_read_input(const as_graph *graph, as_hints *h, as_err *err)
{
    const char *resize = hints_get(graph, "resize_type"), *pad = hints_get(graph, "pad_value");
    const char *reverse = hints_get(graph, "reverse_input_channels");
    uint64_t    value = 0;
    h->resize = resize ? as_resize_parse(resize) : AS_RESIZE_NONE;
    h->has_resize = resize != NULL;
    if (resize && h->resize == AS_RESIZE_NONE)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "resize_type '%.40s' in the model's metadata is none of standard, fit_to_window_letterbox, crop",
                       resize);
    h->has_pad = pad != NULL;
    if (pad && (!as_str_to_u64(pad, &value) || value > 255))
        return AS_FAIL(err, AS_EFORMAT, "pad_value '%.40s' in the model's metadata is no grey level", pad);
    h->pad_value = (uint8_t)value;
    h->has_order = reverse != NULL;
    /* Who reads BGR reverses it, and the network then sees RGB. */
    h->bgr = reverse && (strcasecmp(reverse, "no") == 0 || strcasecmp(reverse, "false") == 0);
    if (!hints_floats(graph, "mean_values", h->mean, &h->has_mean, err) ||
        !hints_floats(graph, "scale_values", h->scale, &h->has_scale, err))
        return false;
    for (size_t i = 0; h->has_scale && i < 3; i++)
        if (h->scale[i] == 0)
            return AS_FAIL(err, AS_EFORMAT, "'scale_values' in the model's metadata has a zero");
    return true;
}

static bool hints_read(const as_graph *graph, as_hints *h, as_err *err)
{
    const char *type = hints_get(graph, "model_type"), *task = as_graph_meta(graph, "task");
    const char *labels = hints_get(graph, "labels"), *names = as_graph_meta(graph, "names");
    h->is_ultralytics = task && names && as_graph_meta(graph, "stride");
    as_str_copy(h->word, sizeof h->word, type ? type : (h->is_ultralytics ? task : ""));
    if (labels && !hints_blank_labels(labels, &h->labels, err))
        return false;
    if (!labels && names && !hints_python_names(names, &h->labels, err))
        return false;
    return hints_read_input(graph, h, err) && hints_ratio(graph, "confidence_threshold", &h->score_min, err) &&
           hints_ratio(graph, "iou_threshold", &h->iou_max, err);
}

bool as_hints_read(const as_graph *graph, as_hints *ret, as_err *err)
{
    as_hints hints = {.word = ""};
    if (!hints_read(graph, &hints, err)) {
        as_hints_done(&hints);
        return false;
    }
    *ret = hints;
    return true;
}

void as_hints_done(as_hints *hints)
{
    as_labels_done(&hints->labels);
}
