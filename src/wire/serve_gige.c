/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "wire/gige.h"

typedef struct gige_server {
    as_gige *device;
    char     hints[3][160];
} gige_server;

static void *gige_start(const as_serve_cfg *cfg, const char *where, as_err *err)
{
    gige_server *server = calloc(1, sizeof *server);
    if (!server) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a camera");
        return NULL;
    }
    server->device = as_gige_open(cfg, where, err);
    if (!server->device) {
        free(server);
        return NULL;
    }
    snprintf(server->hints[0], sizeof server->hints[0], "arv-viewer-0.8                                 (pick %s)",
             where);
    snprintf(server->hints[1], sizeof server->hints[1], "arv-tool-0.8 -a %s control LensDirt=0.7", where);
    snprintf(server->hints[2], sizeof server->hints[2], "assay capture --camera gige:%s --parts 10", where);
    return server;
}

static const char *gige_hint(void *p, size_t i)
{
    gige_server *server = p;
    return i < AS_COUNT(server->hints) ? server->hints[i] : NULL;
}

static void gige_state(void *p, as_serve_state *ret)
{
    as_gige_state(((gige_server *)p)->device, ret);
}

static void gige_stop(void *p)
{
    gige_server *server = p;
    as_gige_close(server->device);
    free(server);
}

extern const as_serve_kind as_serve_gige;
const as_serve_kind        as_serve_gige = {
           .name = "gige",
           .about = "a GigE Vision camera on an address of this machine",
           .start = gige_start,
           .hint = gige_hint,
           .state = gige_state,
           .stop = gige_stop,
};
