/* SPDX-License-Identifier: Apache-2.0 */
/* gige_config.h - what an address says of a GigE Vision or USB3 Vision camera, and how the camera is told.
 *
 * Layer:   camera (the gige module alone).
 * Threads: those of the device: one.
 * Memory:  none.
 */
#ifndef AS_CAMERA_GIGE_CONFIG_H
#define AS_CAMERA_GIGE_CONFIG_H

#include <arv.h>

#include "camera/setting.h"

typedef struct as_gige_config {
    as_uri_query query;
    uint64_t     packet;        /* bytes; 0: the largest that comes through */
    uint64_t     socket_mb;     /* 0: chosen by the size of a frame */
    bool         resend;        /* ask for packets that are missing */
    bool         software;      /* each frame is triggered from here */
    as_ns        late;          /* a frame that took so much longer than others to come is late; 0: none is */
    as_ns        wait;          /* so long what is missing of a frame is waited for, and every frame behind it */
    as_ns        most;          /* so long one may take that is still being sent; 0: for ever */
    double       fps;           /* of the camera, or of the software trigger; below 0: its own */
    uint32_t     width, height; /* 0: the camera's own */
    int64_t      x, y;          /* of the region; below 0: as it is */
} as_gige_config;

/* Reads what stands behind "gige:". */
AS_CHECK bool as_gige_config_parse(const char *rest, const as_camera_cfg *cfg, as_gige_config *ret, as_err *err);

/* Format, region, exposure, gain, rate, trigger, strobe, then each feature named in the address, in its order. */
AS_CHECK bool as_gige_config_apply(const as_gige_config *config, ArvCamera *camera, as_err *err);

#endif
