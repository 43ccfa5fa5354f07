/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/plugin.h"
#include "build_config.h"
#include "wire/cast.h"
#include "wire/rtsp_module.h"
#include "wire/where.h"

#define RTSP_PORT 8554

typedef struct rtsp_device {
    const as_rtsp_module *module;
    _Atomic(void *)       server; /* the module's; NULL until it is open */
    as_cast              *cast;
    char                  hints[4][160];
    size_t                n_hints;
} rtsp_device;

static size_t rtsp_take(void *ctx, const as_cast_shot *shot)
{
    rtsp_device *device = ctx;
    void        *server = atomic_load(&device->server);
    return server ? device->module->push(server, shot->image) : 0;
}

static void rtsp_hint_of(rtsp_device *device, const as_where *where, const as_rtsp_facts *facts)
{
    char address[80];
    char(*hints)[160] = device->hints;
    size_t n = 0;
    as_where_text(where, address);
    if (facts->has_h264)
        snprintf(hints[n++], sizeof hints[0], "rtsp://%s/live   (H.264 by %s)", address, facts->encoder);
    if (facts->has_jpeg)
        snprintf(hints[n++], sizeof hints[0], "rtsp://%s/jpeg   (motion JPEG)", address);
    snprintf(hints[n++], sizeof hints[0], "assay capture --camera gst:rtsp=rtsp://%s/%s --parts 10", address,
             facts->has_h264 ? "live" : "jpeg");
    if (!as_where_is_local(where))
        snprintf(hints[n++], sizeof hints[0], "whoever reaches this address sees the pictures: there is no password");
    device->n_hints = n;
}

static void rtsp_stop(void *p)
{
    rtsp_device *device = p;
    as_cast_close(device->cast); /* nothing is pushed any more */
    void *server = atomic_load(&device->server);
    if (server)
        device->module->close(server);
    free(device);
}

static bool rtsp_open(rtsp_device *device, const as_serve_cfg *cfg, const char *text, as_err *err)
{
    as_where      where;
    as_rtsp_facts facts;
    as_rtsp_cfg   own = {.pixel = AS_PIXEL_NONE};
    char          name[100], address[80];
    if (!as_where_parse(text, RTSP_PORT, &where, err))
        return false;
    if (!AS_HAVE_RTSP)
        return AS_FAIL(
            err, AS_EMISSING,
            "this build has no RTSP server: libgstrtspserver-1.0-dev was not there (tools/setup installs it)");
    device->module = as_plugin_symbol(AS_RTSP_FILE, AS_RTSP_SYMBOL, sizeof(as_rtsp_module), err);
    if (!device->module)
        return false;
    snprintf(name, sizeof name, "rtsp %s", as_where_text(&where, address));
    device->cast = as_cast_open(cfg, name, rtsp_take, device, err);
    if (!device->cast)
        return false;
    own.host = where.host;
    own.port = where.port;
    own.fps = as_cast_fps(device->cast);
    as_cast_full(device->cast, &own.pixel, &own.width, &own.height);
    void *server = device->module->open(&own, &facts, err);
    atomic_store(&device->server, server);
    if (!server)
        return false;
    where.port = facts.port;
    rtsp_hint_of(device, &where, &facts);
    return true;
}

static void *rtsp_start(const as_serve_cfg *cfg, const char *where, as_err *err)
{
    rtsp_device *device = calloc(1, sizeof *device);
    if (!device) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a server");
        return NULL;
    }
    if (rtsp_open(device, cfg, where, err))
        return device;
    rtsp_stop(device);
    return NULL;
}

static const char *rtsp_hint(void *p, size_t i)
{
    rtsp_device *device = p;
    return i < device->n_hints ? device->hints[i] : NULL;
}

static void rtsp_state(void *p, as_serve_state *ret)
{
    rtsp_device   *device = p;
    const unsigned n = device->module->clients(atomic_load(&device->server));
    as_cast_state(device->cast, ret);
    if (n > 0)
        snprintf(ret->client, sizeof ret->client, "%u %s", n, n == 1 ? "client" : "clients");
}

extern const as_serve_kind as_serve_rtsp;
const as_serve_kind        as_serve_rtsp = {
           .name = "rtsp",
           .about = "an RTSP stream as of a network camera: H.264 at /live, motion JPEG at /jpeg",
           .start = rtsp_start,
           .hint = rtsp_hint,
           .state = rtsp_state,
           .stop = rtsp_stop,
};
