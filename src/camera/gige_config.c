/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_config.h"

#include "camera/driver.h"
#include "camera/gige_features.h"

static const char *const config_keys[] = {"exposure_us", "gain",    "fps",       "format",        "x",       "y",
                                          "width",       "height",  "packet",    "resend",        "trigger", "strobe",
                                          "late_ms",     "wait_ms", "socket_mb", AS_URI_FEATURES, NULL};

/* A frame that is not whole holds up those behind it, which come in order: so long that they still are in time, and it too. */
#define CONFIG_LEAST_WAIT (4 * AS_NS_PER_MS)
#define CONFIG_MOST_WAIT  (120 * AS_NS_PER_MS)
#define CONFIG_FREE_WAITS 4 /* where nobody waits for a verdict */

static as_ns config_wait(as_ns deadline)
{
    return deadline > 0 ? AS_MIN(AS_MAX(deadline / 2, CONFIG_LEAST_WAIT), CONFIG_MOST_WAIT) : CONFIG_MOST_WAIT;
}

/* One that the camera is still sending holds up nothing: it is given up when its verdict is due. */
static as_ns config_most(as_ns deadline, as_ns wait)
{
    return deadline > 0 ? AS_MAX(deadline / 4 * 3, wait) : CONFIG_FREE_WAITS * wait;
}

static bool config_size(const as_uri_query *query, const char *key, uint32_t *ret, as_err *err)
{
    uint64_t size = *ret;
    if (!as_uri_query_count(query, key, 1, AS_IMAGE_MAX_SIDE, &size, err))
        return false;
    *ret = (uint32_t)size;
    return true;
}

static bool config_offset(const as_uri_query *query, const char *key, int64_t *ret, as_err *err)
{
    uint64_t offset = 0;
    if (!as_uri_query_count(query, key, 0, AS_IMAGE_MAX_SIDE, &offset, err))
        return false;
    *ret = as_uri_query_get(query, key) ? (int64_t)offset : -1;
    return true;
}

bool as_gige_config_parse(const char *rest, const as_camera_cfg *cfg, as_gige_config *ret, as_err *err)
{
    double late_ms = 1000, number, wait_ms = (double)config_wait(cfg->deadline) / (double)AS_NS_PER_MS;
    memset(ret, 0, sizeof *ret);
    ret->width = cfg->width;
    ret->height = cfg->height;
    ret->resend = true;
    ret->fps = cfg->period > 0 ? (double)AS_NS_PER_S * cfg->frames_per_part / (double)cfg->period : -1;
    const as_uri_query *query = &ret->query;
    if (!as_uri_query_parse(rest, config_keys, &ret->query, err) ||
        !as_uri_query_number(query, "fps", 1e-3, 1e5, &ret->fps, err) ||
        !as_uri_query_number(query, "exposure_us", 0, 1e9, &number, err) ||
        !as_uri_query_number(query, "gain", 0, 1e9, &number, err) ||
        !as_uri_query_number(query, "late_ms", 0, 1e6, &late_ms, err) ||
        !as_uri_query_number(query, "wait_ms", 1, 60000, &wait_ms, err) ||
        !as_uri_query_count(query, "packet", 220, 65535, &ret->packet, err) ||
        !as_uri_query_count(query, "socket_mb", 1, 1024, &ret->socket_mb, err) ||
        !as_uri_query_flag(query, "resend", &ret->resend, err) || !config_size(query, "width", &ret->width, err) ||
        !config_size(query, "height", &ret->height, err) || !config_offset(query, "x", &ret->x, err) ||
        !config_offset(query, "y", &ret->y, err))
        return false;
    ret->late = (as_ns)(late_ms * (double)AS_NS_PER_MS);
    ret->wait = (as_ns)(wait_ms * (double)AS_NS_PER_MS);
    ret->most = as_uri_query_get(query, "wait_ms") ? 0 : config_most(cfg->deadline, ret->wait);
    const char *trigger = as_uri_query_get(query, "trigger");
    ret->software = trigger && strcmp(trigger, "software") == 0;
    return true;
}

/* Takes over and frees the GLib error; true when there is none. */
static bool config_ok(GError *error, const char *what, as_err *err)
{
    if (!error)
        return true;
    AS_FAIL(err, AS_EUNSUPPORTED, "%s: %s", what, error->message);
    g_clear_error(&error);
    return false;
}

static bool config_format(const as_gige_config *config, ArvCamera *camera, as_err *err)
{
    GError     *error = NULL;
    const char *format = as_uri_query_get(&config->query, "format");
    if (!format)
        return true;
    const as_pixel_facts *facts = as_pixel_facts_of(as_pixel_parse(format));
    if (facts->code == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "'format=%s' is not supported: Mono8 to Mono16, BayerRG8 and its like, RGB8, BGR8 or YUV422_8",
                       format);
    arv_camera_set_pixel_format(camera, (ArvPixelFormat)facts->code, &error);
    return config_ok(error, "the camera refuses this format", err);
}

/* Width may be bounded by the offset, which goes to 0 first; WidthMax and HeightMax are not. */
static bool config_fits(ArvCamera *camera, gint want_w, gint want_h, as_err *err)
{
    gint low, most_w = 0, most_h = 0;
    arv_camera_get_width_bounds(camera, &low, &most_w, NULL);
    arv_camera_get_height_bounds(camera, &low, &most_h, NULL);
    if (arv_camera_is_feature_available(camera, "WidthMax", NULL))
        most_w = AS_MAX(most_w, (gint)arv_camera_get_integer(camera, "WidthMax", NULL));
    if (arv_camera_is_feature_available(camera, "HeightMax", NULL))
        most_h = AS_MAX(most_h, (gint)arv_camera_get_integer(camera, "HeightMax", NULL));
    return most_w <= 0 || most_h <= 0 || (want_w <= most_w && want_h <= most_h) ||
           AS_FAIL(
               err, AS_EINVAL,
               "the camera's picture has at most %d x %d pixels, and %d x %d are asked for: make station.frame_px of "
               "the spec (or width and height of the address) smaller, or take another camera",
               most_w, most_h, want_w, want_h);
}

/* The offset goes to 0 first: a wider picture may not fit beside it. */
static bool config_region(const as_gige_config *config, ArvCamera *camera, as_err *err)
{
    GError *error = NULL;
    gint    x = 0, y = 0, width = 0, height = 0, low = 0, high_x = 0, high_y = 0;
    arv_camera_get_region(camera, &x, &y, &width, &height, &error);
    if (error)
        return config_ok(error, "the camera does not tell its region", err);
    gint want_w = config->width ? (gint)config->width : width, want_h = config->height ? (gint)config->height : height;
    gint want_x = config->x >= 0 ? (gint)config->x : x, want_y = config->y >= 0 ? (gint)config->y : y;
    if (want_w == width && want_h == height && want_x == x && want_y == y)
        return true;
    if (!config_fits(camera, want_w, want_h, err))
        return false;
    bool moves = arv_camera_is_region_offset_available(camera, NULL);
    if (!moves && (config->x > 0 || config->y > 0))
        return AS_FAIL(err, AS_EUNSUPPORTED, "the camera's region cannot be moved: leave x and y out");
    if (moves)
        arv_camera_set_region(camera, 0, 0, want_w, want_h, &error);
    else
        arv_camera_set_region(camera, -1, -1, want_w, want_h, &error);
    if (!error && moves) {
        arv_camera_get_x_offset_bounds(camera, &low, &high_x, NULL);
        arv_camera_get_y_offset_bounds(camera, &low, &high_y, NULL);
        want_x = config->x >= 0 ? want_x : MIN(want_x, high_x);
        want_y = config->y >= 0 ? want_y : MIN(want_y, high_y);
        if (want_x > high_x || want_y > high_y)
            return AS_FAIL(err, AS_EUNSUPPORTED,
                           "a region of %d x %d pixels can be moved by 0 to %d and 0 to %d, not to x=%d, y=%d", want_w,
                           want_h, high_x, high_y, want_x, want_y);
        arv_camera_set_region(camera, want_x, want_y, want_w, want_h, &error);
    }
    return config_ok(error, "the camera refuses this region", err);
}

typedef void (*config_setter)(ArvCamera *camera, double value, GError **error);

static bool config_number(const as_gige_config *config, ArvCamera *camera, const char *key, config_setter set,
                          as_err *err)
{
    GError *error = NULL;
    double  value = -1;
    if (!as_uri_query_number(&config->query, key, 0, 1e9, &value, err))
        return false;
    if (value >= 0)
        set(camera, value, &error);
    return config_ok(error, key, err);
}

/* "software", "off", or a line's or an encoder's own name. */
static bool config_trigger(const as_gige_config *config, ArvCamera *camera, as_err *err)
{
    GError     *error = NULL;
    const char *trigger = as_uri_query_get(&config->query, "trigger");
    if (!trigger)
        return true;
    if (strcmp(trigger, "off") == 0) {
        arv_camera_clear_triggers(camera, &error);
        /* A trigger switches the camera's own rate off, and who comes after it would get all that the sensor can. */
        if (!error && arv_camera_is_feature_available(camera, "AcquisitionFrameRateEnable", NULL))
            arv_camera_set_boolean(camera, "AcquisitionFrameRateEnable", TRUE, NULL);
        return config_ok(error, "the camera's triggers cannot be cleared", err);
    }
    guint        n = 0;
    const char  *source = config->software ? "Software" : trigger;
    const char **there = arv_camera_dup_available_trigger_sources(camera, &n, NULL);
    bool         found = there == NULL;
    for (guint i = 0; i < n && !found; i++)
        found = strcmp(there[i], source) == 0;
    const char *nearest = found ? NULL : as_str_nearest(source, there, n);
    if (found)
        arv_camera_set_trigger(camera, source, &error);
    else if (nearest)
        AS_FAIL(err, AS_EUNSUPPORTED, "the camera has no trigger '%s': did you mean '%s'?", source, nearest);
    else
        AS_FAIL(err, AS_EUNSUPPORTED, "the camera has no trigger '%s' (assay camera show: TriggerSource)", source);
    g_free(there);
    return found && config_ok(error, "the camera refuses this trigger", err);
}

static bool config_feature(ArvCamera *camera, const char *name, const char *value, as_err *err)
{
    ArvDevice *device = arv_camera_get_device(camera);
    as_setting feature;
    return as_gige_get(device, name, &feature, err) && as_setting_check(&feature, value, err) &&
           as_gige_set(device, name, value, err);
}

/* An output that is high while the sensor is exposed: a lamp hangs on it. */
static bool config_strobe(const as_gige_config *config, ArvCamera *camera, as_err *err)
{
    const char *line = as_uri_query_get(&config->query, "strobe");
    if (!line)
        return true;
    if (config_feature(camera, "LineSelector", line, err) && config_feature(camera, "LineMode", "Output", err) &&
        config_feature(camera, "LineSource", "ExposureActive", err))
        return true;
    as_err_note(err, "the line '%s' cannot become a strobe", line);
    return false;
}

static bool config_features(const as_gige_config *config, ArvCamera *camera, as_err *err)
{
    for (size_t i = 0; i < config->query.n; i++) {
        const char *key = config->query.pairs[i].key;
        if (key[0] >= 'A' && key[0] <= 'Z' && !config_feature(camera, key, config->query.pairs[i].value, err))
            return false;
    }
    return true;
}

static bool config_rate(const as_gige_config *config, ArvCamera *camera, as_err *err)
{
    GError *error = NULL;
    if (config->fps <= 0 || config->software)
        return true;
    /* A rate that the station wants and a camera without one is the trigger's business. */
    bool named = as_uri_query_get(&config->query, "fps") != NULL;
    if (!named && as_uri_query_get(&config->query, "trigger"))
        return true;
    arv_camera_set_frame_rate(camera, config->fps, &error);
    return config_ok(error, "fps", err);
}

bool as_gige_config_apply(const as_gige_config *config, ArvCamera *camera, as_err *err)
{
    return config_format(config, camera, err) && config_region(config, camera, err) &&
           config_number(config, camera, "exposure_us", arv_camera_set_exposure_time, err) &&
           config_number(config, camera, "gain", arv_camera_set_gain, err) && config_rate(config, camera, err) &&
           config_trigger(config, camera, err) && config_strobe(config, camera, err) &&
           config_features(config, camera, err);
}
