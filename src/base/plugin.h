/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.h - parts of this program in shared modules, so that it starts without the libraries behind them.
 *
 * Layer:   base.
 * Threads: any thread.
 * Memory:  a module is never unloaded (GLib cannot be).
 *
 * A module exports a table, and beside it what it was built for: the table of another version has other rows. It is looked for
 * beside the program, in the two folders above (a build's tests stand deeper), then where it is installed (AS_MODULE_DIR). What it
 * logs goes to the program's log.
 */
#ifndef AS_BASE_PLUGIN_H
#define AS_BASE_PLUGIN_H

#include "base/err.h"
#include "base/log.h"

#define AS_PLUGIN_EXPORT __attribute__((visibility("default")))

typedef struct as_plugin_stamp {
    size_t      n_stamp; /* bytes of this: what is behind them was not known to who built it */
    const char *version; /* of the program */
    size_t      n_table; /* bytes of the table */
    void (*set_sink)(as_log_sink sink, void *ctx); /* of the module's own log, which is not the program's */
} as_plugin_stamp;

/* Once in each module, with build_config.h before it. */
#define AS_PLUGIN_STAMP(table)                                    \
    AS_PLUGIN_EXPORT extern const as_plugin_stamp as_plugin_made; \
    const as_plugin_stamp as_plugin_made = {sizeof(as_plugin_stamp), AS_VERSION, sizeof(table), as_log_set_sink}

/* file: "as_camera_gst.so"; n_table: bytes of what the symbol is. AS_EMISSING says where it was looked for and what the loader
 * said, or that it was built for another version. */
AS_CHECK const void *as_plugin_symbol(const char *file, const char *symbol, size_t n_table, as_err *err);

#endif
