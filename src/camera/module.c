/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/module.h"

#include <pthread.h>

#include "base/log.h"
#include "base/plugin.h"
#include "build_config.h"

typedef struct module_row {
    const char             *name;
    const as_camera_driver *driver; /* NULL: not loaded yet */
} module_row;

static pthread_mutex_t module_lock = PTHREAD_MUTEX_INITIALIZER;
static module_row      module_rows[] = {
#define X(name, summary, help) {#name, NULL},
#include "camera/module.def"
#undef X
    {NULL, NULL}};

const char *as_camera_module_left_out(const char *name)
{
    if (!AS_HAVE_ARAVIS && strcmp(name, "gige") == 0)
        return "Aravis (tools/setup installs it)";
    if (!AS_HAVE_GST && strcmp(name, "gst") == 0)
        return "GStreamer (tools/setup installs it)";
    return NULL;
}

static const as_camera_driver *module_open(const char *name, as_err *err)
{
    char file[64];
    snprintf(file, sizeof file, "as_camera_%.32s.so", name);
    return as_plugin_symbol(file, "as_camera_module", sizeof(as_camera_driver), err);
}

const as_camera_driver *as_camera_module_load(const char *name, as_err *err)
{
    const as_camera_driver *driver = NULL;
    pthread_mutex_lock(&module_lock);
    for (module_row *row = module_rows; row->name; row++)
        if (strcmp(row->name, name) == 0) {
            if (!row->driver)
                row->driver = module_open(name, err);
            driver = row->driver;
        }
    pthread_mutex_unlock(&module_lock);
    return driver;
}

/* What stands in the program's table for a driver in a module: it loads the module at the first camera. */
typedef struct module_priv {
    const as_camera_driver *driver;
    void                   *priv;
} module_priv;

AS_UNUSED static bool module_driver_open(const char *name, module_priv *priv, const char *rest,
                                         const as_camera_cfg *cfg, as_camera_geometry *ret, as_err *err)
{
    const as_camera_driver *driver = as_camera_module_load(name, err);
    if (!driver)
        return false;
    priv->priv = calloc(1, driver->priv_size);
    if (!priv->priv)
        return AS_FAIL(err, AS_ENOMEM, "no memory");
    priv->driver = driver;
    return driver->open(priv->priv, rest, cfg, ret, err);
}

AS_UNUSED static bool module_driver_find(const char *name, const char *rest, const as_camera_cfg *cfg, as_ns deadline,
                                         as_err *err)
{
    const as_camera_driver *driver = as_camera_module_load(name, err);
    return driver && (!driver->find || driver->find(rest, cfg, deadline, err));
}

AS_UNUSED static bool module_driver_start(void *priv, as_frame_pool *pool, as_err *err)
{
    module_priv *m = priv;
    return !m->driver->start || m->driver->start(m->priv, pool, err);
}

AS_UNUSED static bool module_driver_fill(void *priv, as_frame *frame, as_ns deadline, as_err *err)
{
    module_priv *m = priv;
    return m->driver->fill(m->priv, frame, deadline, err);
}

AS_UNUSED static void module_driver_close(void *priv)
{
    module_priv *m = priv;
    if (m->driver)
        m->driver->close(m->priv);
    free(m->priv);
}

AS_UNUSED static bool module_driver_features(void *priv, bool (*visit)(void *ctx, const struct as_setting *feature),
                                             void *ctx, as_err *err)
{
    module_priv *m = priv;
    return m->driver->features ? m->driver->features(m->priv, visit, ctx, err)
                               : AS_FAIL(err, AS_EUNSUPPORTED, "this kind of camera has no settings known here");
}

AS_UNUSED static bool module_driver_get(void *priv, const char *name, struct as_setting *ret, as_err *err)
{
    module_priv *m = priv;
    return m->driver->get ? m->driver->get(m->priv, name, ret, err)
                          : AS_FAIL(err, AS_EUNSUPPORTED, "this kind of camera has no settings known here");
}

AS_UNUSED static bool module_driver_set(void *priv, const char *name, const char *value, as_err *err)
{
    module_priv *m = priv;
    return m->driver->set ? m->driver->set(m->priv, name, value, err)
                          : AS_FAIL(err, AS_EUNSUPPORTED, "this kind of camera has no settings known here");
}

AS_UNUSED static void module_driver_keep(void *priv, struct as_setting_wishes *ret)
{
    module_priv *m = priv;
    if (m->driver->keep)
        m->driver->keep(m->priv, ret);
}

AS_UNUSED static void module_driver_stats(void *priv, as_camera_stats *stats)
{
    module_priv *m = priv;
    if (m->driver->stats)
        m->driver->stats(m->priv, stats);
}

AS_UNUSED static void module_driver_count(void *priv, as_camera_stream *ret)
{
    module_priv *m = priv;
    if (m->driver->count)
        m->driver->count(m->priv, ret);
}

AS_UNUSED static void module_driver_list(const char *name, void (*found)(void *ctx, const char *uri, const char *about),
                                         void       *ctx)
{
    as_err                  why = AS_ERR_NONE;
    const as_camera_driver *driver = as_camera_module_load(name, &why);
    if (!driver)
        as_log_write(AS_LOG_WARN, "cameras of the driver '%s' cannot be looked for: %s", name, why.text);
    if (driver && driver->list)
        driver->list(found, ctx);
}

#define X(id, about, text)                                                                                        \
    static bool module_open_##id(void *priv, const char *rest, const as_camera_cfg *cfg, as_camera_geometry *ret, \
                                 as_err *err)                                                                     \
    {                                                                                                             \
        return module_driver_open(#id, priv, rest, cfg, ret, err);                                                \
    }                                                                                                             \
    static bool module_find_##id(const char *rest, const as_camera_cfg *cfg, as_ns deadline, as_err *err)         \
    {                                                                                                             \
        return module_driver_find(#id, rest, cfg, deadline, err);                                                 \
    }                                                                                                             \
    static void module_list_##id(void (*found)(void *ctx, const char *uri, const char *line), void *ctx)          \
    {                                                                                                             \
        module_driver_list(#id, found, ctx);                                                                      \
    }                                                                                                             \
    extern const as_camera_driver as_camera_##id;                                                                 \
    const as_camera_driver        as_camera_##id = {.name = #id,                                                  \
                                                    .summary = about,                                             \
                                                    .help = text,                                                 \
                                                    .priv_size = sizeof(module_priv),                             \
                                                    .open = module_open_##id,                                     \
                                                    .find = module_find_##id,                                     \
                                                    .start = module_driver_start,                                 \
                                                    .fill = module_driver_fill,                                   \
                                                    .close = module_driver_close,                                 \
                                                    .list = module_list_##id,                                     \
                                                    .features = module_driver_features,                           \
                                                    .get = module_driver_get,                                     \
                                                    .set = module_driver_set,                                     \
                                                    .keep = module_driver_keep,                                   \
                                                    .stats = module_driver_stats,                                 \
                                                    .count = module_driver_count};
#include "camera/module.def"
#undef X
