/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "wire/mjpeg.h"

typedef struct mjpeg_server {
    as_mjpeg *device;
    char      hints[4][160];
    size_t    n_hints;
} mjpeg_server;

static void *serve_mjpeg_start(const as_serve_cfg *cfg, const char *where, as_err *err)
{
    mjpeg_server *server = calloc(1, sizeof *server);
    if (!server) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a server");
        return NULL;
    }
    server->device = as_mjpeg_open(cfg, where, err);
    if (!server->device) {
        free(server);
        return NULL;
    }
    const char *address = as_mjpeg_address(server->device);
    snprintf(server->hints[0], sizeof server->hints[0], "http://%s/   (in a browser)", address);
    snprintf(server->hints[1], sizeof server->hints[1], "curl -o one.jpg http://%s/snapshot.jpg", address);
    snprintf(server->hints[2], sizeof server->hints[2], "curl -N http://%s/truth", address);
    snprintf(server->hints[3], sizeof server->hints[3],
             "whoever reaches this address sees the pictures: there is no password");
    server->n_hints = as_mjpeg_is_local(server->device) ? 3 : 4;
    return server;
}

static const char *mjpeg_hint(void *p, size_t i)
{
    mjpeg_server *server = p;
    return i < server->n_hints ? server->hints[i] : NULL;
}

static void mjpeg_state(void *p, as_serve_state *ret)
{
    as_mjpeg_state(((mjpeg_server *)p)->device, ret);
}

static void mjpeg_stop(void *p)
{
    mjpeg_server *server = p;
    as_mjpeg_close(server->device);
    free(server);
}

extern const as_serve_kind as_serve_mjpeg;
const as_serve_kind        as_serve_mjpeg = {
           .name = "mjpeg",
           .about = "pictures for a browser: motion JPEG over HTTP, with a page that shows the truth beside them",
           .start = serve_mjpeg_start,
           .hint = mjpeg_hint,
           .state = mjpeg_state,
           .stop = mjpeg_stop,
};
