/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.h - parts of this program in shared modules, so that it starts without the libraries behind them.
 *
 * Layer:   base.
 * Threads: any thread.
 * Memory:  a module is never unloaded (GLib cannot be).
 *
 * A module exports one symbol. It is looked for beside the program, in the two folders above (a build's tests stand deeper), then
 * where it is installed (AS_MODULE_DIR).
 */
#ifndef AS_BASE_PLUGIN_H
#define AS_BASE_PLUGIN_H

#include "base/err.h"

#define AS_PLUGIN_EXPORT __attribute__((visibility("default")))

/* file: "as_camera_gst.so". AS_EMISSING says where it was looked for and what the loader said. */
AS_CHECK const void *as_plugin_symbol(const char *file, const char *symbol, as_err *err);

#endif
