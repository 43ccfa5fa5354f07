/* SPDX-License-Identifier: Apache-2.0 */
#include "base/plugin.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "build_config.h"

#define PLUGIN_MOST 16 /* modules that there are, and more */

/* The program's folder into dir of AS_FS_PATH_BYTES. */
static bool plugin_program_dir(char *dir)
{
    ssize_t n = readlink("/proc/self/exe", dir, AS_FS_PATH_BYTES - 1);
    if (n <= 0)
        return false;
    dir[n] = 0;
    char *slash = strrchr(dir, '/');
    if (!slash)
        return false;
    *slash = 0;
    return true;
}

static bool plugin_path(const char *dir, const char *between, const char *file, char *path)
{
    int n = snprintf(path, AS_FS_PATH_BYTES, "%s%s/%s", dir, between, file);
    return n > 0 && n < AS_FS_PATH_BYTES && as_fs_is_file(path);
}

/* A module that an older or newer installation left there would be called through a table of another shape. */
static bool plugin_check(void *handle, const char *path, size_t n_table, as_err *err)
{
    const as_plugin_stamp *built = dlsym(handle, "as_plugin_made"); /* not the name of when it did not tell its size */
    if (built && built->n_stamp < sizeof *built)
        built = NULL;
    if (built && strcmp(built->version, AS_VERSION) == 0 && built->n_table == n_table)
        return true;
    return AS_FAIL(err, AS_EMISSING,
                   "'%.300s' was built for another version of this program (%.40s, this is %s): install both together",
                   path, built ? built->version : "it does not say which", AS_VERSION);
}

static void plugin_log(void *ctx, as_log_level level, const char *line)
{
    (void)ctx;
    as_log_write(level, "%s", line);
}

/* Once for each module: its threads log by then. */
static void plugin_connect(void *handle)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static void           *connected[PLUGIN_MOST];
    const as_plugin_stamp *built = dlsym(handle, "as_plugin_made");
    size_t                 i = 0;
    pthread_mutex_lock(&lock);
    while (i < PLUGIN_MOST && connected[i] && connected[i] != handle)
        i++;
    if (i < PLUGIN_MOST && !connected[i]) {
        connected[i] = handle;
        built->set_sink(plugin_log, NULL);
    }
    pthread_mutex_unlock(&lock);
}

const void *as_plugin_symbol(const char *file, const char *symbol, size_t n_table, as_err *err)
{
    char dir[AS_FS_PATH_BYTES] = "", path[AS_FS_PATH_BYTES];
    bool found = plugin_program_dir(dir) && (plugin_path(dir, "", file, path) || plugin_path(dir, "/..", file, path) ||
                                             plugin_path(dir, "/../..", file, path));
    if (!found && !plugin_path(AS_MODULE_DIR, "", file, path)) {
        AS_FAIL(err, AS_EMISSING, "%s is neither in '%.300s' nor in '%.300s'", file, dir, AS_MODULE_DIR);
        return NULL;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        AS_FAIL(err, AS_EMISSING, "cannot load '%.300s': %.300s (tools/setup installs what it needs)", path,
                why ? why : "unknown reason");
        return NULL;
    }
    if (!plugin_check(handle, path, n_table, err))
        return NULL;
    plugin_connect(handle);
    const void *found_symbol = dlsym(handle, symbol);
    if (!found_symbol)
        AS_FAIL(err, AS_EMISSING, "'%.300s' is no module of this program", path);
    return found_symbol;
}
