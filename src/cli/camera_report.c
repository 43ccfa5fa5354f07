/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/camera_report.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/stream_say.h"
#include "page/html.h"
#include "page/page.h"
#include "page/picture.h"
#include "page/plot.h"

#define REPORT_PICTURE_PX 640u
#define REPORT_BINS       40

const char *as_camera_report_state(as_acceptance_state state)
{
    static const char *const names[] = {"not judged", "pass", "FAIL"};
    return names[state];
}

const char *as_camera_report_result(const as_acceptance *a)
{
    return a->failed ? "FAIL" : a->incomplete ? "INCOMPLETE" : "PASS";
}

const char *as_camera_report_value(double value, const char *unit, char *text, size_t cap)
{
    if (isnan(value))
        snprintf(text, cap, "-");
    else /* what is left of sums that cancel is 0 */
        snprintf(text, cap, "%.4g%s%s", fabs(value) < 1e-6 ? 0.0 : value, unit[0] ? " " : "", unit);
    return text;
}

static json_t *report_times(const double *times, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, as_json_number(times[i]));
    return list;
}

json_t *as_camera_report_json(const as_camera *cam, const as_acceptance *a)
{
    json_t *rows = json_array(), *steps = json_array(), *statuses = json_object();
    for (int i = 0; i < AS_ACCEPTANCE_ROWS; i++) {
        const as_acceptance_row *r = &a->rows[i];
        json_array_append_new(rows, json_pack("{s:s,s:s,s:o,s:o,s:b,s:s,s:I,s:s}", "name", r->name, "unit", r->unit,
                                              "value", as_json_number(r->value), "limit", as_json_number(r->limit),
                                              "at_least", (int)r->at_least, "result",
                                              r->state == AS_ACCEPTANCE_OPEN   ? "not judged"
                                              : r->state == AS_ACCEPTANCE_PASS ? "pass"
                                                                               : "fail",
                                              "n", (json_int_t)r->n, "note", r->note));
    }
    for (size_t i = 0; i < a->n_steps; i++)
        json_array_append_new(steps,
                              json_pack("{s:f,s:f}", "exposure_us", a->steps[i].exposure_us, "grey", a->steps[i].grey));
    for (int i = AS_FRAME_OK; i < AS_FRAME_STATUS_COUNT; i++)
        json_object_set_new(statuses, as_frame_status_name((as_frame_status)i),
                            json_integer((json_int_t)a->stats.n_frames[i]));
    json_t *json = json_pack("{s:s,s:b,s:o,s:o,s:I,s:I,s:I,s:I}", "uri", as_camera_uri(cam), "pass",
                             (int)!(a->failed || a->incomplete), "rows", rows, "frames", statuses, "n_lost",
                             (json_int_t)a->stats.n_lost, "n_resent", (json_int_t)a->stats.stream.n_resent_packets,
                             "n_missing_packets", (json_int_t)a->stats.stream.n_missing_packets, "n_underruns",
                             (json_int_t)a->stats.stream.n_underruns);
    as_json_set(json, "stream", as_stream_json(&a->stats.stream));
    as_json_set(json, "complete", json_boolean(!a->incomplete));
    as_json_set(json, "packet_bytes", json_integer(a->stats.packet_bytes));
    as_json_set(json, "socket_bytes", json_integer(a->stats.socket_bytes));
    as_json_set(json, "realtime", json_boolean(a->stats.is_urgent));
    as_json_set(json, "temperature_c", as_json_number(a->stats.temperature_c));
    as_json_set(json, "n_alike", json_integer(a->n_alike));
    as_json_set(json, "set_fps", as_json_number(a->set_fps));
    as_json_set(json, "host_jitter_ms", as_json_number(a->host_jitter_ms));
    as_json_set(json, "device_jitter_ms", as_json_number(a->device_jitter_ms));
    as_json_set(json, "host_ms", report_times(a->host_ms, a->n));
    as_json_set(json, "device_ms", report_times(a->device_ms, a->n));
    as_json_set(json, "exposures", steps);
    return json;
}

/* --- the page --- */

static void report_rows(const as_acceptance *a, as_str *out)
{
    static const char *const css[] = {"open", "good", "bad"};
    as_str_add(out, "<section><h2>Result</h2>\n<table><thead><tr><th>What</th><th>Value</th><th>Limit</th>"
                    "<th>Result</th><th>Frames</th><th>How</th></tr></thead><tbody>\n");
    for (int i = 0; i < AS_ACCEPTANCE_ROWS; i++) {
        const as_acceptance_row *r = &a->rows[i];
        char                     value[48], limit[48];
        as_html_addf(out, "<tr><td>%s</td><td>%s</td><td>%s%s</td>", r->name,
                     as_camera_report_value(r->value, r->unit, value, sizeof value),
                     isnan(r->limit) ? ""
                     : r->at_least   ? "at least "
                                     : "at most ",
                     isnan(r->limit) ? "none" : as_camera_report_value(r->limit, r->unit, limit, sizeof limit));
        as_html_addf(out, "<td><span class=\"badge %s\">%s</span></td><td>%lu</td><td>%s</td></tr>\n", css[r->state],
                     as_camera_report_state(r->state), (unsigned long)r->n, r->note);
    }
    as_str_add(out, "</tbody></table></section>\n");
}

/* Intervals in ms; -1 where there is none. */
static size_t page_intervals(const double *times, size_t n, double *x, double *y, double *ret_most)
{
    *ret_most = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        x[i] = (double)i + 1;
        y[i] = times[i + 1] - times[i];
        if (isfinite(y[i]))
            *ret_most = fmax(*ret_most, y[i]);
    }
    return n - 1;
}

static bool page_timing(const as_acceptance *a, as_str *out, as_err *err)
{
    double *x = calloc(3 * a->n, sizeof *x), host_most, device_most;
    if (!x)
        return AS_FAIL(err, AS_ENOMEM, "no memory for the page");
    double *host = x + a->n, *device = host + a->n;
    size_t  n = page_intervals(a->device_ms, a->n, x, device, &device_most);
    page_intervals(a->host_ms, a->n, x, host, &host_most);
    as_plot plot = {.out = out,
                    .title = "Time from frame to frame, as each arrived, and by the camera's clock",
                    .width = 900,
                    .height = 240,
                    .x = {.label = "frame", .low = 0, .high = (double)n},
                    .y = {.label = "ms", .low = 0, .high = 1.1 * fmax(host_most, device_most)}};
    as_str_add(out, "<section><h2>From frame to frame</h2>\n");
    as_plot_begin(&plot);
    as_plot_line(&plot, "s2", x, host, n, false);
    as_plot_line(&plot, "s1", x, device, n, false);
    for (size_t i = 0; i < a->n; i++)
        if (a->status[i] != AS_FRAME_OK)
            as_plot_dot(&plot, "bad", (double)i, 0.05 * plot.y.high, 3, as_frame_status_name(a->status[i]));
    as_plot_end(&plot);
    as_html_addf(out, "<p>%zu intervals. Their standard deviation is %.3f ms by the arrival here (second colour)", n,
                 a->host_jitter_ms);
    if (isfinite(a->device_jitter_ms))
        as_html_addf(out, " and %.3f ms by the camera's own clock (first colour).", a->device_jitter_ms);
    else
        as_str_add(out, "; the camera sends no time of its own.");
    as_str_add(out, " Frames that were not whole are marked at the foot.</p></section>\n");
    free(x);
    return true;
}

static void page_exposure(const as_acceptance *a, as_str *out)
{
    if (a->n_steps < 2)
        return;
    double  most = a->steps[a->n_steps - 1].exposure_us;
    as_plot plot = {.out = out,
                    .title = "Mean grey over exposure time",
                    .x = {.label = "exposure, us", .low = 0, .high = 1.05 * most},
                    .y = {.label = "mean grey", .low = 0, .high = 255}};
    as_str_add(out, "<section><h2>Exposure</h2>\n");
    as_plot_begin(&plot);
    as_plot_reference(&plot, 0, a->offset, most, a->offset + a->slope * most);
    for (size_t i = 0; i < a->n_steps; i++)
        as_plot_dot(&plot, "s1", a->steps[i].exposure_us, a->steps[i].grey, 4, NULL);
    as_plot_end(&plot);
    as_html_addf(out, "<p>grey = %.2f + %.5f a us (least squares over %zu exposures).</p></section>\n", a->offset,
                 a->slope, a->n_steps);
}

static void page_histogram(const as_acceptance *a, as_str *out)
{
    double bins[REPORT_BINS] = {0}, all = 0, most = 0;
    for (int i = 0; i < 256; i++) {
        bins[i * REPORT_BINS / 256] += (double)a->levels[i];
        all += (double)a->levels[i];
    }
    for (int i = 0; i < REPORT_BINS; i++) {
        bins[i] = all > 0 ? bins[i] / all : 0;
        most = fmax(most, bins[i]);
    }
    as_plot plot = {.out = out,
                    .title = "How many pixels have which grey",
                    .x = {.label = "grey level", .low = 0, .high = 256},
                    .y = {.label = "of the pixels", .low = 0, .high = 1.05 * most, .unit = AS_PLOT_PERCENT}};
    as_str_add(out, "<section><h2>Brightness</h2>\n");
    as_plot_begin(&plot);
    for (int i = 0; i < REPORT_BINS; i++)
        as_plot_bar(&plot, i == REPORT_BINS - 1 ? "bad" : "s1", i * 256.0 / REPORT_BINS, (i + 1) * 256.0 / REPORT_BINS,
                    0, bins[i], NULL);
    as_plot_end(&plot);
    as_html_addf(out, "<p>Mean %.1f; %.2f %% of the pixels are black, %.2f %% white.</p></section>\n", a->look.mean,
                 100 * a->look.clipped_low_ratio, 100 * a->look.clipped_high_ratio);
}

static void report_tiles(const as_camera *cam, const as_acceptance *a, as_str *out)
{
    as_camera_geometry g = as_camera_geometry_of(cam);
    char               value[64], note[64], when[AS_CLOCK_TEXT_BYTES];
    as_html_addf(out, "<h1>Camera %s</h1>\n<p>Acceptance test of %s</p>\n<dl class=\"tiles\">", as_camera_uri(cam),
                 as_clock_text(as_clock_utc(), when));
    as_page_tile(out, "Result", as_camera_report_result(a), "against the limits below");
    snprintf(value, sizeof value, "%u x %u", g.width, g.height);
    as_page_tile(out, "Picture", value, as_pixel_name(g.pixel));
    as_camera_report_value(a->rows[AS_ACCEPTANCE_FPS].value, "1/s", value, sizeof value);
    snprintf(note, sizeof note, "%zu frames", a->n);
    as_page_tile(out, "Frame rate", value, note);
    as_camera_report_value(a->stats.temperature_c, "C", value, sizeof value);
    snprintf(note, sizeof note, "packets of %u bytes", a->stats.packet_bytes);
    as_page_tile(out, "Temperature", value, a->stats.packet_bytes ? note : "of the camera");
    as_str_add(out, "</dl>\n");
}

bool as_camera_report_page(const as_camera *cam, const as_acceptance *a, as_str *out, as_err *err)
{
    as_page_picture picture = {0};
    as_page_begin(out, "Assay camera test");
    report_tiles(cam, a, out);
    report_rows(a, out);
    if (a->n > 2 && !page_timing(a, out, err))
        return false;
    page_exposure(a, out);
    if (a->image.data) {
        page_histogram(a, out);
        if (!as_page_picture_make(&a->image, REPORT_PICTURE_PX, &picture, err))
            return false;
        as_str_add(out, "<section><h2>What it saw last</h2>\n");
        as_page_picture_add(out, &picture, "The last frame");
        as_str_add(out, "</section>\n");
        as_page_picture_done(&picture);
    }
    as_page_end(out);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "no memory for the page");
}
