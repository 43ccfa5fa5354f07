/* SPDX-License-Identifier: Apache-2.0 */
/* rtsp_module.h - what as_wire_rtsp.so does for serve_rtsp.c: the part of a server that stands on GStreamer.
 *
 * Layer:   wire.
 * Threads: open and close from one; push from another; the rest from any.
 * Memory:  a picture is copied once for all clients; at most two wait for an encoder.
 */
#ifndef AS_WIRE_RTSP_MODULE_H
#define AS_WIRE_RTSP_MODULE_H

#include "image/frame.h"

typedef struct as_rtsp_cfg {
    const char *host; /* numeric */
    uint16_t    port; /* 0: any that is free */
    as_pixel    pixel;
    uint32_t    width, height;
    double      fps;
} as_rtsp_cfg;

typedef struct as_rtsp_facts {
    uint16_t port;
    bool     has_h264, has_jpeg; /* at /live and at /jpeg */
    char     encoder[32];        /* "x264enc" */
} as_rtsp_facts;

typedef struct as_rtsp_module {
    void *(*open)(const as_rtsp_cfg *cfg, as_rtsp_facts *ret, as_err *err);
    size_t (*push)(void *server, const as_image *image); /* bytes of pixels handed to encoders */
    unsigned (*clients)(void *server);
    void (*close)(void *server);
} as_rtsp_module;

/* The module's one symbol. */
#define AS_RTSP_FILE   "as_wire_rtsp.so"
#define AS_RTSP_SYMBOL "as_wire_rtsp_module"

#endif
