/* SPDX-License-Identifier: Apache-2.0 */
/* What settings and commands do: those of the picture go to the pump, those of triggers to the thread that takes. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "twin/conditions.h"
#include "wire/gige_priv.h"

#define DEAD_PARTS 50 /* a camera that is dead cannot be told to live again */

const char as_gige_model[] = "Twin";

/* Keeps why, for who asks. */
static as_gv_status set_refuse(as_gige *device, as_gv_status status, const char *why)
{
    (void)as_str_copy(device->control.refused, sizeof device->control.refused, why);
    return status;
}

/* Features that are fields of a twin's cfg. */
static const struct {
    as_feature feature;
    size_t     at;
} set_fields[] = {
    {AS_FEATURE_EXPOSURE_TIME, offsetof(as_twin_cfg, exposure_us)},
    {AS_FEATURE_LINE_RATE, offsetof(as_twin_cfg, line_rate)},
    {AS_FEATURE_GAIN, offsetof(as_twin_cfg, gain_db)},
    {AS_FEATURE_PART_RATE, offsetof(as_twin_cfg, parts_per_s)},
    {AS_FEATURE_BELT_SPEED, offsetof(as_twin_cfg, belt_mm_per_s)},
    {AS_FEATURE_LIGHT_LEVEL, offsetof(as_twin_cfg, light)},
    {AS_FEATURE_LIGHT_WARMTH, offsetof(as_twin_cfg, warmth)},
    {AS_FEATURE_LIGHT_AMBIENT, offsetof(as_twin_cfg, ambient)},
    {AS_FEATURE_LIGHT_FLICKER, offsetof(as_twin_cfg, flicker)},
    {AS_FEATURE_LENS_DIRT, offsetof(as_twin_cfg, dirt)},
    {AS_FEATURE_LENS_PRINT, offsetof(as_twin_cfg, print)},
    {AS_FEATURE_LENS_HAZE, offsetof(as_twin_cfg, haze)},
    {AS_FEATURE_FOCUS_OFFSET, offsetof(as_twin_cfg, off_focus_mm)},
    {AS_FEATURE_SENSOR_TEMPERATURE, offsetof(as_twin_cfg, temperature_c)},
};

static double *set_field(as_twin_cfg *cfg, size_t feature)
{
    for (size_t i = 0; i < AS_COUNT(set_fields); i++)
        if (set_fields[i].feature == feature)
            return (double *)(void *)((char *)cfg + set_fields[i].at);
    return NULL;
}

/* True where that feature is of the picture: *settings then has the value. */
static bool set_one(as_pump_settings *settings, size_t feature, double value)
{
    double *field = set_field(&settings->twin, feature);
    if (field) {
        *field = value;
        return true;
    }
    switch (feature) {
    case AS_FEATURE_WIDTH: settings->width = (uint32_t)value; return true;
    case AS_FEATURE_HEIGHT: settings->height = (uint32_t)value; return true;
    case AS_FEATURE_OFFSET_X: settings->x = (uint32_t)value; return true;
    case AS_FEATURE_OFFSET_Y: settings->y = (uint32_t)value; return true;
    case AS_FEATURE_PIXEL_FORMAT: settings->twin.pixel = as_pixel_of_code((uint32_t)value); return true;
    default: return false;
    }
}

/* Pictures come as their lines do. */
static void set_frame_rate(as_gige *device, double lines_per_s)
{
    as_features *features = &device->control.features;
    double       rate = lines_per_s / features->value[AS_FEATURE_HEIGHT];
    as_gv_control_put(
        &device->control, AS_FEATURE_FRAME_RATE,
        AS_MIN(AS_MAX(rate, features->low[AS_FEATURE_FRAME_RATE]), features->high[AS_FEATURE_FRAME_RATE]));
}

/* TriggerMode and TriggerSource are of what TriggerSelector says: of a picture, or of its lines, which an encoder can begin. */
static as_gv_status set_trigger_of(as_gige *device, size_t feature, double value)
{
    as_features     *features = &device->control.features;
    double           was[2], *line = device->trigger[1];
    const bool       of_line = features->value[AS_FEATURE_TRIGGER_SELECTOR] > 0;
    as_pump_settings settings;
    as_err           ignored;
    const double     exposure_us = features->value[AS_FEATURE_EXPOSURE_TIME];
    if (feature == AS_FEATURE_TRIGGER_SELECTOR) {
        as_gv_control_put(&device->control, AS_FEATURE_TRIGGER_MODE, device->trigger[value > 0][0]);
        as_gv_control_put(&device->control, AS_FEATURE_TRIGGER_SOURCE, device->trigger[value > 0][1]);
        return AS_GV_OK;
    }
    memcpy(was, line, sizeof was);
    if (of_line && feature == AS_FEATURE_TRIGGER_SOURCE && value < 2.0)
        return AS_GV_INVALID_PARAMETER;
    device->trigger[of_line][feature == AS_FEATURE_TRIGGER_SOURCE] = value;
    if (!of_line)
        return AS_GV_OK;
    as_pump_settings_get(device->pump, &settings);
    settings.twin.encoder = line[0] > 0;
    settings.twin.line_rate = line[0] > 0 ? AS_MIN(1e6 / exposure_us, 1e6) : features->usual[AS_FEATURE_LINE_RATE];
    if (!as_pump_tune(device->pump, &settings, &ignored)) {
        memcpy(line, was, sizeof was);
        return AS_GV_INVALID_PARAMETER;
    }
    as_gv_control_put(&device->control, AS_FEATURE_LINE_RATE, settings.twin.line_rate);
    as_gv_control_put(&device->control, AS_FEATURE_FRAME_RATE, features->usual[AS_FEATURE_FRAME_RATE]);
    return AS_GV_OK;
}

/* --- lines: each keeps what it is set to, and shows it while it is selected --- */

static const as_feature set_line_features[3] = {AS_FEATURE_LINE_MODE, AS_FEATURE_LINE_INVERTER, AS_FEATURE_LINE_SOURCE};

void as_gige_lines(as_gige *device)
{
    const double usual[3][3] = {{0, 0, 0}, {1, 0, 0}, {0, 0, 0}};
    memcpy(device->lines, usual, sizeof usual);
}

static void set_show_line(as_gige *device, size_t line)
{
    for (size_t i = 0; i < AS_COUNT(set_line_features); i++)
        as_gv_control_put(&device->control, set_line_features[i], device->lines[line % 3][i]);
}

static as_gv_status set_line(as_gige *device, size_t feature, double value)
{
    const size_t line = (size_t)device->control.features.value[AS_FEATURE_LINE_SELECTOR] % 3;
    if (feature == AS_FEATURE_LINE_SELECTOR)
        set_show_line(device, (size_t)value);
    if (feature == AS_FEATURE_LINE_MODE && ((line == 0 && value > 0) || (line == 1 && value < 1)))
        return set_refuse(device, AS_GV_INVALID_PARAMETER,
                          line == 0 ? "Line0 is an input alone: Line1 and Line2 can be outputs"
                                    : "Line1 is an output alone: Line0 and Line2 can be inputs");
    for (size_t i = 0; i < AS_COUNT(set_line_features); i++)
        if (set_line_features[i] == feature)
            device->lines[line][i] = value;
    return AS_GV_OK;
}

static bool set_is_trigger(size_t feature)
{
    return feature == AS_FEATURE_TRIGGER_SELECTOR || feature == AS_FEATURE_TRIGGER_MODE ||
           feature == AS_FEATURE_TRIGGER_SOURCE;
}

static bool set_is_start(size_t feature)
{
    return feature == AS_FEATURE_FRAME_RATE || feature == AS_FEATURE_FRAME_RATE_ENABLE ||
           feature == AS_FEATURE_TRIGGER_MODE;
}

/* What the time to the next picture follows from. */
static bool set_is_rate(size_t feature)
{
    return set_is_start(feature) || feature == AS_FEATURE_TRIGGER_SOURCE || feature == AS_FEATURE_EXPOSURE_TIME ||
           feature == AS_FEATURE_PART_RATE || feature == AS_FEATURE_BELT_SPEED || feature == AS_FEATURE_LINE_RATE ||
           feature == AS_FEATURE_PACKET_DELAY;
}

/* What can be set of the fault that is selected; and it is set to the usual amount. */
static void set_fault_limits(as_features *features, size_t fault)
{
    const as_fault_info *info = as_fault_info_of(fault);
    features->low[AS_FEATURE_FAULT_AMOUNT] = features->value[AS_FEATURE_FAULT_AMOUNT_MIN] = info->low;
    features->high[AS_FEATURE_FAULT_AMOUNT] = features->value[AS_FEATURE_FAULT_AMOUNT_MAX] = info->high;
    features->value[AS_FEATURE_FAULT_AMOUNT] = info->usual;
}

static as_gv_status set_change(void *ctx, size_t feature, double value)
{
    as_gige         *device = ctx;
    as_pump_settings settings;
    as_err           why = AS_ERR_NONE;
    double           now = device->control.features.value[feature];
    as_gv_status     status =
        set_is_trigger(feature) ? set_trigger_of(device, feature, value) : set_line(device, feature, value);
    if (status != AS_GV_OK)
        return status;
    as_pump_settings_get(device->pump, &settings);
    if (set_one(&settings, feature, value) && (value < now || value > now) &&
        !as_pump_tune(device->pump, &settings, &why))
        return set_refuse(device, AS_GV_INVALID_PARAMETER, why.text);
    if (feature == AS_FEATURE_LINE_RATE && !settings.twin.encoder)
        set_frame_rate(device, value);
    if (feature == AS_FEATURE_FAULT_SELECTOR)
        set_fault_limits(&device->control.features, (size_t)value);
    if (feature == AS_FEATURE_TRIGGER_MODE || feature == AS_FEATURE_TRIGGER_SOURCE)
        device->n_triggers = 0;
    if (set_is_rate(feature))
        as_cadence_start(&device->cadence, set_is_start(feature) ? as_clock_mono() : device->cadence.due);
    pthread_cond_broadcast(&device->turn);
    return AS_GV_OK;
}

/* --- faults ------------------------------------------------------------------------------------------------------------- */

static bool set_script(as_gige *device, const as_script *script, as_err *err)
{
    as_pump_settings settings;
    as_pump_settings_get(device->pump, &settings);
    settings.twin.script = script;
    if (!as_pump_tune(device->pump, &settings, err))
        return false;
    device->script = script ? *script : (as_script){.n = 0};
    return true;
}

/* What the script did to belt and sensor is over until the next picture says what another one does. */
static void set_calm(as_gige *device)
{
    device->belt_factor = 1.0;
    device->temperature_c = NAN;
}

/* The text of FaultScript, once it came whole. */
static void set_script_text(void *ctx, const char *text)
{
    as_gige  *device = ctx;
    as_script script = {.n = 0};
    as_err    err = AS_ERR_NONE;
    size_t    n = strnlen(text, AS_GV_SCRIPT_BYTES);
    bool      empty = strspn(text, " \t\r\n") == n;
    bool      ok = (empty || as_script_parse(text, n, "FaultScript", &script, &err)) &&
              set_script(device, empty ? NULL : &script, &err);
    as_gv_control *control = &device->control;
    if (ok) { /* what was counted was of the script before */
        memset(device->fault_left, 0, sizeof device->fault_left);
        memcpy(control->runs, control->script, sizeof control->runs);
        set_calm(device);
    } else { /* the one before it runs on, and is what can be read */
        memcpy(control->script, control->runs, sizeof control->script);
    }
    (void)as_str_copy(device->control.status, sizeof device->control.status, ok ? "" : err.text);
}

static as_gv_status set_fault_start(as_gige *device)
{
    const double        *value = device->control.features.value;
    as_fault             fault = (as_fault)value[AS_FEATURE_FAULT_SELECTOR];
    const as_fault_info *info = as_fault_info_of(fault);
    as_script           *script = &device->script;
    as_err               why = AS_ERR_NONE;
    double               parts = value[AS_FEATURE_FAULT_PARTS], amount = value[AS_FEATURE_FAULT_AMOUNT];
    if (!(amount >= info->low && amount <= info->high))
        return AS_GV_INVALID_PARAMETER;
    if (fault == AS_FAULT_DEAD && parts <= 0.0)
        parts = DEAD_PARTS;
    as_script more = *script;
    bool      full = more.n == AS_SCRIPT_MAX_STEPS; /* then the oldest makes room */
    if (full)
        memmove(more.steps, more.steps + 1, --more.n * sizeof *more.steps);
    /* In a replay parts come again and again: there it is so many pictures, counted as they are taken. */
    double from = device->replays ? 0.0 : (double)as_pump_next_part(device->pump);
    double until = device->replays || parts <= 0.0 ? INFINITY : from + parts;
    more.steps[more.n++] =
        (as_script_step){.fault = fault, .from = from, .full = from, .until = until, .amount = amount};
    if (!set_script(device, &more, &why))
        return set_refuse(device, AS_GV_INVALID_PARAMETER, why.text);
    if (full)
        memmove(device->fault_left, device->fault_left + 1, (more.n - 1) * sizeof *device->fault_left);
    device->fault_left[more.n - 1] = device->replays ? (uint64_t)parts : 0;
    return AS_GV_OK;
}

void as_gige_fault_count(as_gige *device)
{
    as_err    ignored;
    as_script less = {.n = 0};
    uint64_t  left[AS_SCRIPT_MAX_STEPS] = {0};
    for (size_t i = 0; i < device->script.n; i++) {
        uint64_t one = device->fault_left[i];
        if (one == 1) /* this picture was its last */
            continue;
        left[less.n] = one > 0 ? one - 1 : 0;
        less.steps[less.n++] = device->script.steps[i];
    }
    memcpy(device->fault_left, left, sizeof left);
    if (less.n < device->script.n)
        (void)set_script(device, less.n > 0 ? &less : NULL, &ignored);
}

static as_gv_status set_fault_clear(as_gige *device)
{
    as_err ignored;
    memset(device->fault_left, 0, sizeof device->fault_left);
    memset(device->control.script, 0, sizeof device->control.script);
    memset(device->control.runs, 0, sizeof device->control.runs);
    device->control.status[0] = '\0';
    set_calm(device);
    return set_script(device, NULL, &ignored) ? AS_GV_OK : AS_GV_INVALID_PARAMETER;
}

/* --- commands ----------------------------------------------------------------------------------------------------------- */

static as_gv_status set_start(as_gige *device)
{
    const double *value = device->control.features.value;
    uint64_t      modes[] = {0, 1, (uint64_t)value[AS_FEATURE_ACQUISITION_FRAME_COUNT]};
    if (device->running)
        return AS_GV_OK;
    device->running = device->control.streaming = true;
    device->n_left = modes[(size_t)value[AS_FEATURE_ACQUISITION_MODE] % 3];
    device->n_triggers = 0;
    device->block = 0;
    as_gige_forget(device); /* numbers begin again: what was kept under them is of other pictures */
    device->generation++;
    as_cadence_start(&device->cadence, as_clock_mono());
    as_pump_fresh(device->pump);
    return AS_GV_OK;
}

static as_gv_status set_stop(as_gige *device)
{
    device->running = device->control.streaming = false;
    return AS_GV_OK;
}

static as_gv_status set_trigger(as_gige *device)
{
    const double *frame = device->trigger[0];
    if (frame[0] < 1.0 || frame[1] > 0.0)
        return set_refuse(device, AS_GV_ACCESS_DENIED,
                          "no software trigger is waited for: set TriggerSelector=FrameStart, TriggerMode=On and "
                          "TriggerSource=Software first");
    if (device->running && device->n_triggers < 64)
        device->n_triggers++;
    return AS_GV_OK;
}

void as_gige_triggers(as_gige *device)
{
    const double usual[2][2] = {{0, 0}, {device->encoder_usual, 2}};
    memcpy(device->trigger, usual, sizeof usual);
}

/* All as it was at the beginning; the format before the window, which it might not fit. */
static as_gv_status set_load(as_gige *device)
{
    as_gv_control   *control = &device->control;
    as_pump_settings settings;
    as_err           ignored;
    if (device->running)
        return set_refuse(device, AS_GV_ACCESS_DENIED,
                          "UserSetLoad is locked while pictures are sent: AcquisitionStop first");
    as_pump_settings_get(device->pump, &settings);
    settings.twin.script = NULL;
    settings.twin.encoder = device->encoder_usual;
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++)
        if (as_features_has(&control->features, i))
            (void)set_one(&settings, i, control->features.usual[i]);
    if (!as_pump_tune(device->pump, &settings, &ignored))
        return AS_GV_INVALID_PARAMETER;
    device->script.n = 0;
    as_gige_triggers(device);
    memset(device->fault_left, 0, sizeof device->fault_left);
    memset(control->script, 0, sizeof control->script);
    memset(control->runs, 0, sizeof control->runs);
    set_calm(device);
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++)
        if (as_feature_info_of(i)->access != AS_FEATURE_RO && i != AS_FEATURE_HEARTBEAT_TIMEOUT &&
            i != AS_FEATURE_PARAMS_LOCKED)
            as_gv_control_put(control, i, control->features.usual[i]);
    if (as_features_has(&control->features, AS_FEATURE_FAULT_SELECTOR))
        set_fault_limits(&control->features, (size_t)control->features.value[AS_FEATURE_FAULT_SELECTOR]);
    as_gige_lines(device);
    set_show_line(device, 0);
    return AS_GV_OK;
}

static as_gv_status set_reset(as_gige *device)
{
    (void)set_stop(device);
    as_gv_status status = set_load(device);
    as_gv_control_drop(&device->control);
    return status;
}

static as_gv_status set_command(void *ctx, size_t feature)
{
    as_gige     *device = ctx;
    as_gv_status status = AS_GV_NOT_IMPLEMENTED;
    switch (feature) {
    case AS_FEATURE_ACQUISITION_START: status = set_start(device); break;
    case AS_FEATURE_ACQUISITION_STOP: status = set_stop(device); break;
    case AS_FEATURE_TRIGGER_SOFTWARE: status = set_trigger(device); break;
    case AS_FEATURE_DEVICE_RESET: status = set_reset(device); break;
    case AS_FEATURE_USER_SET_LOAD: status = set_load(device); break;
    case AS_FEATURE_FAULT_START: status = set_fault_start(device); break;
    case AS_FEATURE_FAULT_CLEAR: status = set_fault_clear(device); break;
    default: break;
    }
    pthread_cond_broadcast(&device->turn);
    return status;
}

/* --- what it says of itself ----------------------------------------------------------------------------------------------- */

static uint64_t set_payload(const as_features *features)
{
    as_pixel pixel = as_pixel_of_code((uint32_t)features->value[AS_FEATURE_PIXEL_FORMAT]);
    return as_pixel_row_bytes(pixel, (uint32_t)features->value[AS_FEATURE_WIDTH]) *
           (uint64_t)features->value[AS_FEATURE_HEIGHT];
}

/* How long a picture is on the wire. */
static double set_wire_s(const as_features *features)
{
    const double *value = features->value, packet = value[AS_FEATURE_PACKET_SIZE];
    const double  each_s =
        AS_MAX(value[AS_FEATURE_DEVICE_LINK_SPEED] > 0 ? packet / value[AS_FEATURE_DEVICE_LINK_SPEED] : 0.0,
               value[AS_FEATURE_PACKET_DELAY] * 1e-9);
    return ceil((double)set_payload(features) / (packet - AS_GVSP_OVERHEAD)) * each_s;
}

bool as_gige_asked(const as_gige *device)
{
    const double *value = device->control.features.value;
    return device->trigger[0][0] > 0 ? device->trigger[0][1] > 0 : value[AS_FEATURE_FRAME_RATE_ENABLE] > 0;
}

as_ns as_gige_period(const as_gige *device)
{
    const as_features *features = &device->control.features;
    const double      *value = features->value;
    double             per_s;
    const double       belt = as_features_has(features, AS_FEATURE_BELT_SPEED) && device->belt_usual > 0
                                  ? value[AS_FEATURE_BELT_SPEED] / device->belt_usual * device->belt_factor
                                  : 1.0;
    if (device->trigger[0][0] < 1.0) {
        double open_s =
            as_features_has(features, AS_FEATURE_EXPOSURE_TIME) ? value[AS_FEATURE_EXPOSURE_TIME] * 1e-6 : 0;
        double wait_s = value[AS_FEATURE_FRAME_RATE_ENABLE] > 0 ? 1.0 / value[AS_FEATURE_FRAME_RATE] : 0;
        if (features->line && device->trigger[1][0] > 0 && belt > 1e-3) /* the encoder's lines come with the belt */
            wait_s /= belt;
        return (as_ns)(AS_MAX(AS_MAX(open_s, wait_s), AS_MAX(set_wire_s(features), 1e-5)) * 1e9);
    }
    if (device->trigger[0][1] < 1.0)
        return 0;
    per_s =
        as_features_has(features, AS_FEATURE_PART_RATE) ? value[AS_FEATURE_PART_RATE] : value[AS_FEATURE_FRAME_RATE];
    per_s *= belt;
    return per_s > 1e-3 ? (as_ns)(1e9 / per_s) : 0;
}

static double set_look(void *ctx, size_t feature, double kept)
{
    as_gige *device = ctx;
    as_ns    period;
    switch (feature) {
    case AS_FEATURE_PAYLOAD_SIZE: return (double)set_payload(&device->control.features);
    case AS_FEATURE_PART_NUMBER: return (double)(device->part & 0xffffffffu);
    case AS_FEATURE_DEVICE_TEMPERATURE: /* one sensor, one temperature: the one that is set, unless a script has another */
        return isnan(device->temperature_c) ? device->control.features.value[AS_FEATURE_SENSOR_TEMPERATURE]
                                            : device->temperature_c;
    case AS_FEATURE_RESULTING_FRAME_RATE:
        period = as_gige_period(device);
        return period > 0 ? 1e9 / (double)AS_MAX(period, as_cadence_held(&device->cadence)) : 0.0;
    default: return kept;
    }
}

static void set_stream(void *ctx)
{
    pthread_cond_broadcast(&((as_gige *)ctx)->turn);
}

static void set_fire(void *ctx)
{
    as_gige   *device = ctx;
    as_gv_peer to = as_gv_control_stream(&device->control);
    if (to.port != 0)
        as_gvsp_send_test(device->stream, &to, (uint32_t)device->control.features.value[AS_FEATURE_PACKET_SIZE]);
}

static as_gv_status set_resend(void *ctx, uint16_t block, uint32_t first, uint32_t last)
{
    return as_gige_again_ask(ctx, block, first, last);
}

static void set_released(void *ctx)
{
    as_gige *device = ctx;
    (void)set_stop(device);
    atomic_store(&device->halt, true);
    as_gv_control_put(&device->control, AS_FEATURE_PARAMS_LOCKED, 0);
    pthread_cond_broadcast(&device->turn);
}

static as_ns set_clock(void *ctx)
{
    return as_gige_clock(ctx);
}

void as_gige_hooks(as_gige *device, as_gv_hooks *ret)
{
    *ret = (as_gv_hooks){.ctx = device,
                         .change = set_change,
                         .command = set_command,
                         .look = set_look,
                         .script = set_script_text,
                         .stream = set_stream,
                         .fire = set_fire,
                         .resend = set_resend,
                         .released = set_released,
                         .clock = set_clock};
}

/* --- as it begins --------------------------------------------------------------------------------------------------------- */

static void set_usual(as_features *features, size_t feature, double value)
{
    features->value[feature] = features->usual[feature] = value;
    features->low[feature] = AS_MIN(features->low[feature], value);
    features->high[feature] = AS_MAX(features->high[feature], value);
}

static void set_exactly(as_features *features, size_t feature, double low, double high, double value)
{
    features->low[feature] = low;
    features->high[feature] = high;
    features->value[feature] = features->usual[feature] = value;
}

void as_gige_features(as_gige *device, const as_serve_cfg *cfg, as_features *ret)
{
    as_pump_settings settings;
    as_pixel         pixel;
    uint32_t         width, height;
    bool             twin = as_pump_is_twin(device->pump);
    as_pump_chip     sensor;
    as_pump_full(device->pump, &pixel, &width, &height);
    as_pump_settings_get(device->pump, &settings);
    as_features_init(ret, as_pump_has_sensor(device->pump) ? AS_FEATURE_SENSOR
                          : twin                           ? AS_FEATURE_TWIN
                                                           : AS_FEATURE_ANY);
    for (size_t i = 0; i < AS_PIXEL_COUNT; i++)
        ret->can[i] = as_pixel_facts_of((as_pixel)i)->code != 0 && as_pump_can(device->pump, (as_pixel)i);
    as_pump_sensor(device->pump, &sensor);
    set_exactly(ret, AS_FEATURE_SENSOR_WIDTH, 1, sensor.width, sensor.width);
    set_exactly(ret, AS_FEATURE_BLACK_LEVEL, 0, 65535, sensor.black_dn);
    ret->line = twin && settings.twin.scan == AS_TWIN_SCAN_LINE;
    set_exactly(ret, AS_FEATURE_DEVICE_SCAN_TYPE, 0, 1, ret->line);
    set_exactly(ret, AS_FEATURE_SENSOR_HEIGHT, 1, sensor.height, ret->line ? 1 : sensor.height);
    set_exactly(ret, AS_FEATURE_WIDTH_MAX, width, width, width);
    set_exactly(ret, AS_FEATURE_HEIGHT_MAX, height, height, height);
    set_exactly(ret, AS_FEATURE_WIDTH, width % 4 + (width < 12 ? 0 : 8), width, width);
    /* A window of fewer lines would leave some out between two pictures of a web. */
    set_exactly(ret, AS_FEATURE_HEIGHT, ret->line ? height : height % 2 + 2, height, height);
    set_exactly(ret, AS_FEATURE_OFFSET_X, 0, width, 0);
    set_exactly(ret, AS_FEATURE_OFFSET_Y, 0, ret->line ? 0 : height, 0);
    set_exactly(ret, AS_FEATURE_PIXEL_FORMAT, 0, UINT32_MAX, as_pixel_facts_of(settings.twin.pixel)->code);
    for (size_t i = 0; twin && i < AS_COUNT(set_fields); i++)
        set_usual(ret, set_fields[i].feature, *set_field(&settings.twin, set_fields[i].feature));
    device->encoder_usual = ret->line && settings.twin.encoder;
    as_gige_triggers(device);
    as_gige_lines(device);
    set_fault_limits(ret, 0);
    if (ret->line)
        set_usual(ret, AS_FEATURE_FRAME_RATE, AS_MAX(settings.twin.parts_per_s, ret->low[AS_FEATURE_FRAME_RATE]));
    device->belt_usual = settings.twin.belt_mm_per_s;
    device->temperature_c = NAN;
    if (settings.twin.script)
        device->script = *settings.twin.script;
    if (cfg->fps > 0)
        set_usual(ret, AS_FEATURE_FRAME_RATE, cfg->fps);
    double largest = AS_MIN(device->mtu, 65532u) / 4 * 4;
    double packet = cfg->packet_size ? (double)(cfg->packet_size / 4 * 4) : AS_MIN(largest, 9000.0);
    set_exactly(ret, AS_FEATURE_PACKET_SIZE, 576, AS_MAX(largest, packet), packet);
    set_usual(ret, AS_FEATURE_DEVICE_LINK_SPEED, AS_MIN(cfg->link_mbit * 125000.0, (double)UINT32_MAX));
}
