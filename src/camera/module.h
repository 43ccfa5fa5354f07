/* SPDX-License-Identifier: Apache-2.0 */
/* module.h - camera drivers in shared modules, so that a program starts without the libraries behind them.
 *
 * Layer:   camera.
 * Threads: any thread; a module is loaded once, under a lock, and never unloaded (GLib cannot be).
 * Memory:  none.
 *
 * as_camera_<name>.so exports `const as_camera_driver as_camera_module` and AS_PLUGIN_STAMP(as_camera_driver); where it is looked for: base/plugin.h.
 */
#ifndef AS_CAMERA_MODULE_H
#define AS_CAMERA_MODULE_H

#include "base/plugin.h"
#include "camera/camera.h"

#define AS_CAMERA_MODULE_EXPORT AS_PLUGIN_EXPORT

/* AS_EMISSING says where it was looked for and what the loader said, or that it is of another version. */
AS_CHECK const as_camera_driver *as_camera_module_load(const char *name, as_err *err);

/* What a build lacks that has no such driver ("Aravis"), or NULL if there is no driver of that name at all. */
const char *as_camera_module_left_out(const char *name);

#endif
