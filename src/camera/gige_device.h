/* SPDX-License-Identifier: Apache-2.0 */
/* gige_device.h - a GenICam device found, opened and taken control of. For the gige driver.
 *
 * Layer:   camera.
 * Threads: any thread; one that opens a camera at a known address waits for no other.
 * Memory:  a device is the caller's (g_object_unref).
 */
#ifndef AS_CAMERA_GIGE_DEVICE_H
#define AS_CAMERA_GIGE_DEVICE_H

#include <arv.h>

#include "camera/camera.h"
#include "camera/gige_seek.h"

/* name: an address, an ID as the list has it, "fake" for Aravis' own in this process, or "" for the first one found. AS_EMISSING:
 * none answers; AS_EBUSY: another program is in control of it; AS_EFORMAT: it does not describe itself. */
AS_CHECK ArvDevice *as_gige_device_open(const char *name, const as_camera_cfg *cfg, as_err *err);

/* Whether another program is in control of it: it was opened to look alone. */
bool as_gige_device_is_held(ArvDevice *device, as_gige_owner *ret);

/* Whether the one at cfg->where answers (camera.h: find). */
AS_CHECK bool as_gige_device_find(const as_camera_cfg *cfg, as_ns deadline, as_err *err);

/* Where it is to be looked for when it is lost: at its address where it was named by that, else this very one. "" for a device
 * that is not in a network. From now on *watch tells whether control is lost. */
void as_gige_device_watch(ArvDevice *device, const char *name, as_gige_watch *watch,
                          char ret_where[AS_GIGE_PLACE_BYTES]);

#endif
