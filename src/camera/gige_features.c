/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_features.h"

#include <math.h>

#define GIGE_MAX_DEPTH  8u
#define GIGE_MAX_NEST   64u
#define GIGE_MAX_LENGTH ((guint64)1 << 20) /* bytes of one register */

/* GLib ends the process when a register of so many bytes cannot be had. */
static bool features_check_register(ArvDomNode *node, guint64 memory, as_err *err)
{
    GError *error = NULL;
    if (!ARV_IS_GC_REGISTER(node))
        return true;
    guint64 length = arv_gc_register_get_length(ARV_GC_REGISTER(node), &error);
    bool    unknown = error != NULL;
    g_clear_error(&error);
    guint64 address = arv_gc_register_get_address(ARV_GC_REGISTER(node), &error);
    bool    inside = error || (length <= memory && address <= memory - length);
    g_clear_error(&error);
    if (unknown || (length <= GIGE_MAX_LENGTH && inside))
        return true;
    const char *name = ARV_IS_GC_FEATURE_NODE(node) ? arv_gc_feature_node_get_name(ARV_GC_FEATURE_NODE(node)) : NULL;
    return AS_FAIL(err, AS_EFORMAT,
                   "the camera's description of itself cannot be true: its register '%.64s' has %llu bytes at %llu",
                   name ? name : "?", (unsigned long long)length, (unsigned long long)address);
}

static bool features_check_below(ArvDomNode *node, guint64 memory, unsigned depth, as_err *err)
{
    if (depth > GIGE_MAX_NEST)
        return AS_FAIL(err, AS_EFORMAT, "the camera's description of itself is nested too deeply");
    for (ArvDomNode *at = arv_dom_node_get_first_child(node); at; at = arv_dom_node_get_next_sibling(at))
        if (!features_check_register(at, memory, err) || !features_check_below(at, memory, depth + 1, err))
            return false;
    return true;
}

bool as_gige_check(ArvDevice *device, as_err *err)
{
    ArvGc *genicam = arv_device_get_genicam(device);
    /* The memory of Aravis' own camera is not guarded; that of a real one answers for itself. */
    guint64 memory = ARV_IS_FAKE_DEVICE(device) ? ARV_FAKE_CAMERA_MEMORY_SIZE : G_MAXUINT64;
    return genicam ? features_check_below(ARV_DOM_NODE(genicam), memory, 0, err)
                   : AS_FAIL(err, AS_EFORMAT, "the camera does not describe itself: it has no GenICam file");
}

static bool features_plain_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return n > 0 && name[n] == '\0' && n < sizeof((as_setting *)NULL)->name;
}

/* Printable, and on one line: it comes from the camera. */
static void features_text(char *to, size_t cap, const char *text)
{
    size_t n = 0, step;
    if (!text)
        text = "";
    for (size_t left = strlen(text); *text && n + 4 < cap; left -= step, text += step) {
        step = as_str_char_bytes(text, left);
        if (step == 0) {
            step = 1;
            to[n++] = ' ';
        } else {
            memcpy(to + n, text, step);
            n += step;
        }
    }
    to[n] = '\0';
}

static bool features_fail(as_err *err, as_err_code code, GError *error, const char *what)
{
    AS_FAIL(err, code, "'%s': %s", what, error ? error->message : "no reason given");
    g_clear_error(&error);
    return false;
}

static bool features_is_gone(const GError *error)
{
    return g_error_matches(error, ARV_DEVICE_ERROR, ARV_DEVICE_ERROR_TIMEOUT) ||
           g_error_matches(error, ARV_DEVICE_ERROR, ARV_DEVICE_ERROR_NOT_CONNECTED);
}

/* Whether that was read, and frees the error. A device that does not answer is told in gone: each further question would
 * take seconds. */
static bool features_done(GError **error, as_err *gone)
{
    bool ok = *error == NULL;
    if (!ok && features_is_gone(*error))
        AS_FAIL(gone, AS_EIO, "the camera does not answer any more: %s", (*error)->message);
    g_clear_error(error);
    return ok;
}

/* What the device does not say is NAN. */
static double features_bound(double value, GError **error, as_err *gone)
{
    return features_done(error, gone) && isfinite(value) && fabs(value) < 1e300 ? value : (double)NAN;
}

static void features_int(ArvGcNode *node, as_setting *f, as_err *gone)
{
    GError       *error = NULL;
    ArvGcInteger *number = ARV_GC_INTEGER(node);
    f->kind = AS_SETTING_INT;
    gint64 low = arv_gc_integer_get_min(number, &error);
    f->low = features_bound((double)low, &error, gone);
    gint64 high = gone->code ? G_MAXINT64 : arv_gc_integer_get_max(number, &error);
    f->high = features_bound((double)high, &error, gone);
    if (!gone->code)
        f->step = features_bound((double)arv_gc_integer_get_inc(number, &error), &error, gone);
    if (low == G_MININT64)
        f->low = NAN;
    if (high == G_MAXINT64)
        f->high = NAN;
    features_text(f->unit, sizeof f->unit, arv_gc_integer_get_unit(number));
}

static void features_float(ArvGcNode *node, as_setting *f, as_err *gone)
{
    GError     *error = NULL;
    ArvGcFloat *number = ARV_GC_FLOAT(node);
    f->kind = AS_SETTING_FLOAT;
    f->low = features_bound(arv_gc_float_get_min(number, &error), &error, gone);
    if (!gone->code)
        f->high = features_bound(arv_gc_float_get_max(number, &error), &error, gone);
    if (!gone->code)
        f->step = features_bound(arv_gc_float_get_inc(number, &error), &error, gone);
    if (f->step <= 1e-300)
        f->step = NAN;
    features_text(f->unit, sizeof f->unit, arv_gc_float_get_unit(number));
}

static void features_enum(ArvGcNode *node, as_setting *f, as_err *gone)
{
    GError      *error = NULL;
    guint        n = 0;
    size_t       at = 0;
    const char **words = arv_gc_enumeration_dup_available_string_values(ARV_GC_ENUMERATION(node), &n, &error);
    features_done(&error, gone);
    f->kind = AS_SETTING_ENUM;
    for (guint i = 0; words && i < n; i++) {
        size_t length = strlen(words[i]);
        if (length == 0 || strchr(words[i], '\n') || at + length + 2 > sizeof f->choices)
            continue;
        memcpy(f->choices + at, words[i], length);
        f->choices[at + length] = '\n';
        at += length + 1;
    }
    g_free(words);
}

static void features_kind(ArvGcNode *node, as_setting *f, as_err *gone)
{
    f->low = f->high = f->step = NAN;
    if (ARV_IS_GC_ENUMERATION(node))
        features_enum(node, f, gone);
    else if (ARV_IS_GC_COMMAND(node))
        f->kind = AS_SETTING_COMMAND;
    else if (ARV_IS_GC_BOOLEAN(node))
        f->kind = AS_SETTING_BOOL;
    else if (ARV_IS_GC_INTEGER(node))
        features_int(node, f, gone);
    else if (ARV_IS_GC_FLOAT(node))
        features_float(node, f, gone);
    else if (ARV_IS_GC_STRING(node))
        f->kind = AS_SETTING_TEXT;
}

static void features_value(ArvDevice *device, as_setting *f, as_err *gone)
{
    GError     *error = NULL;
    const char *text = NULL;
    if (f->kind == AS_SETTING_COMMAND || !f->readable)
        return;
    if (f->kind == AS_SETTING_BOOL)
        text = arv_device_get_boolean_feature_value(device, f->name, &error) ? "true" : "false";
    else if (f->kind == AS_SETTING_INT)
        snprintf(f->value, sizeof f->value, "%lld",
                 (long long)arv_device_get_integer_feature_value(device, f->name, &error));
    else if (f->kind == AS_SETTING_FLOAT)
        snprintf(f->value, sizeof f->value, "%.10g", arv_device_get_float_feature_value(device, f->name, &error));
    else
        text = arv_device_get_string_feature_value(device, f->name, &error);
    if (text && !error)
        features_text(f->value, sizeof f->value, text);
    if (!features_done(&error, gone)) {
        f->value[0] = '\0';
        f->readable = false;
    }
}

/* What it is now: its access, and with it its value. */
static void features_state(ArvDevice *device, ArvGcFeatureNode *feature, as_setting *f, as_err *gone)
{
    GError         *error = NULL;
    bool            now = arv_gc_feature_node_is_available(feature, &error);
    ArvGcAccessMode mode = arv_gc_feature_node_get_actual_access_mode(feature);
    now = features_done(&error, gone) && now;
    if (gone->code)
        return;
    bool locked = arv_gc_feature_node_is_locked(feature, &error);
    locked = features_done(&error, gone) && locked;
    f->readable = now && mode != ARV_GC_ACCESS_MODE_WO && f->kind != AS_SETTING_COMMAND;
    f->writable = now && !locked && mode != ARV_GC_ACCESS_MODE_RO &&
                  (!ARV_IS_GV_DEVICE(device) || arv_gv_device_is_controller(ARV_GV_DEVICE(device)));
    if (!gone->code)
        features_value(device, f, gone);
}

/* AS_ENOTFOUND for what is no feature of a kind that is known, or not there; AS_EIO when the device does not answer. */
static bool features_read(ArvDevice *device, const char *name, as_setting *f, as_err *err)
{
    GError    *error = NULL;
    as_err     gone = AS_ERR_NONE;
    ArvGcNode *node = features_plain_name(name) ? arv_device_get_feature(device, name) : NULL;
    bool       there = node && ARV_IS_GC_FEATURE_NODE(node);
    memset(f, 0, sizeof *f);
    if (there) {
        there = arv_gc_feature_node_is_implemented(ARV_GC_FEATURE_NODE(node), &error);
        there = features_done(&error, &gone) && there;
    }
    if (there) {
        as_str_copy(f->name, sizeof f->name, name);
        features_kind(node, f, &gone);
        there = f->kind != AS_SETTING_NONE;
    }
    if (there && !gone.code) {
        ArvGcFeatureNode *feature = ARV_GC_FEATURE_NODE(node);
        const char       *about = arv_gc_feature_node_get_tooltip(feature);
        features_text(f->about, sizeof f->about, about ? about : arv_gc_feature_node_get_description(feature));
        features_state(device, feature, f, &gone);
    }
    if (gone.code)
        return as_err_set(err, gone.code, "%s", gone.text);
    return there || AS_FAIL(err, AS_ENOTFOUND, "the camera has no feature '%.64s'", name);
}

typedef struct features_walk {
    ArvDevice *device;
    bool (*visit)(void *ctx, const as_setting *feature);
    void       *ctx;
    GHashTable *seen; /* a description may lead in circles, and names a feature under several heads */
    bool        go_on;
    as_err      gone; /* why it ended early, when nobody asked for that */
} features_walk;

static void features_walk_category(features_walk *walk, const char *category, unsigned depth)
{
    ArvGcNode *node = arv_device_get_feature(walk->device, category);
    if (!node || !ARV_IS_GC_CATEGORY(node) || depth > GIGE_MAX_DEPTH)
        return;
    for (const GSList *at = arv_gc_category_get_features(ARV_GC_CATEGORY(node)); at && walk->go_on; at = at->next) {
        const char *name = at->data;
        ArvGcNode  *child = name ? arv_device_get_feature(walk->device, name) : NULL;
        as_setting  feature;
        if (!child || !g_hash_table_add(walk->seen, g_strdup(name)))
            continue;
        if (ARV_IS_GC_CATEGORY(child)) {
            features_walk_category(walk, name, depth + 1);
            continue;
        }
        as_err why = AS_ERR_NONE;
        if (features_read(walk->device, name, &feature, &why)) {
            features_text(feature.category, sizeof feature.category, category);
            walk->go_on = walk->visit(walk->ctx, &feature);
        } else if (why.code == AS_EIO) {
            walk->gone = why;
            walk->go_on = false;
        }
    }
}

bool as_gige_features(ArvDevice *device, bool (*visit)(void *ctx, const as_setting *feature), void *ctx, as_err *err)
{
    features_walk walk = {.device = device, .visit = visit, .ctx = ctx, .go_on = true};
    if (!ARV_IS_GC_CATEGORY(arv_device_get_feature(device, "Root")))
        return AS_FAIL(err, AS_EFORMAT, "the camera does not describe itself: its GenICam file has no root");
    walk.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    features_walk_category(&walk, "Root", 0);
    g_hash_table_destroy(walk.seen);
    return walk.gone.code == AS_OK || as_err_set(err, walk.gone.code, "%s", walk.gone.text);
}

bool as_gige_get(ArvDevice *device, const char *name, as_setting *ret, as_err *err)
{
    as_setting feature;
    if (!features_read(device, name, &feature, err))
        return false;
    *ret = feature;
    return true;
}

/* The camera's own words where it has some, as an emulated one of ours has; else what the status it answers with means. */
static void features_tell_refused(ArvDevice *device, const char *name, const GError *error, as_err *err)
{
    static const struct {
        const char *status, *meaning;
    } known[] = {{"access-denied", "not while the camera is set as it is, or sends pictures"},
                 {"invalid-parameter", "not with what else the camera is set to"},
                 {"write-protect", "it is read only"},
                 {"busy", "the camera is busy: try again"}};
    as_setting  why;
    as_err      ignored = AS_ERR_NONE;
    const char *meaning = "the camera gives no reason";
    if (as_gige_get(device, "RefusedSetting", &why, &ignored) && why.value[0]) {
        AS_FAIL(err, AS_EINVAL, "the camera refuses '%s': %s", name, why.value);
        return;
    }
    for (size_t i = 0; i < AS_COUNT(known); i++)
        if (strstr(error->message, known[i].status))
            meaning = known[i].meaning;
    AS_FAIL(err, AS_EINVAL, "the camera refuses '%s': %s (%s)%s", name, meaning, error->message,
            strcmp(name, "TriggerSoftware") == 0 ? "; it takes one with TriggerMode=On and TriggerSource=Software"
                                                 : "");
}

bool as_gige_set(ArvDevice *device, const char *name, const char *value, as_err *err)
{
    GError    *error = NULL;
    as_setting f;
    int64_t    whole;
    double     number;
    if (!as_gige_get(device, name, &f, err))
        return false;
    if (f.kind == AS_SETTING_COMMAND)
        arv_device_execute_command(device, name, &error);
    else if (f.kind == AS_SETTING_BOOL)
        arv_device_set_boolean_feature_value(device, name, strcmp(value, "true") == 0, &error);
    else if (f.kind == AS_SETTING_INT && as_str_to_i64(value, &whole))
        arv_device_set_integer_feature_value(device, name, whole, &error);
    else if (f.kind == AS_SETTING_FLOAT && as_str_to_f64(value, &number))
        arv_device_set_float_feature_value(device, name, number, &error);
    else if (f.kind == AS_SETTING_ENUM || f.kind == AS_SETTING_TEXT)
        arv_device_set_string_feature_value(device, name, value, &error);
    else
        return AS_FAIL(err, AS_EINVAL, "'%s=%.100s' is no number", name, value);
    if (!error)
        return true;
    if (!features_is_gone(error) && strstr(error->message, "error (")) { /* a status that the camera answered with */
        features_tell_refused(device, name, error, err);
        g_clear_error(&error);
        return false;
    }
    return features_fail(err, features_is_gone(error) ? AS_EIO : AS_EINVAL, error, name);
}
