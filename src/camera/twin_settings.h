/* SPDX-License-Identifier: Apache-2.0 */
/* twin_settings.h - what of an emulated camera can be set while it runs, by the names that cameras have for it.
 *
 * Layer:   camera.
 * Threads: pure.
 * Memory:  none.
 */
#ifndef AS_CAMERA_TWIN_SETTINGS_H
#define AS_CAMERA_TWIN_SETTINGS_H

#include "camera/setting.h"
#include "twin/twin.h"

/* The i-th, with its value in cfg (every field resolved); false past the last. */
bool as_twin_setting_at(size_t i, const as_twin_cfg *cfg, bool has_sensor, as_setting *ret);

/* Puts a value that as_setting_check() let pass into cfg. False for what is not in cfg. */
bool as_twin_setting_put(const char *name, const char *value, as_twin_cfg *cfg);

#endif
