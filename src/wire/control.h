/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - the control channel of a GigE Vision camera without its socket: requests in, answers out, registers between.
 *
 * Layer:   wire.
 * Threads: one thread at a time; hooks are called from within answer() and tick().
 * Memory:  plain values; the XML is borrowed.
 *
 * What was built to: GigE Vision 1.2 (bootstrap registers, privilege, heartbeat, PACKETRESEND). Tried with Aravis 0.8.26.
 */
#ifndef AS_WIRE_CONTROL_H
#define AS_WIRE_CONTROL_H

#include "camera/gvcp.h"
#include "wire/feature.h"

#define AS_GV_BOOT_BYTES    0x0e00
#define AS_GV_SCRIPT_BYTES  4096
#define AS_GV_STATUS_BYTES  512
#define AS_GV_XML_AT        0x100000u
#define AS_GV_XML_MAX_BYTES 0x100000u

typedef struct as_gv_peer {
    uint32_t address; /* IPv4, as a number */
    uint16_t port;
} as_gv_peer;

/* What the device does when something is written; ctx first. None may be NULL. */
typedef struct as_gv_hooks {
    void *ctx;
    as_gv_status (*change)(void *ctx, size_t feature, double value); /* in range; kept where it says AS_GV_OK */
    as_gv_status (*command)(void *ctx, size_t feature);
    double (*look)(void *ctx, size_t feature, double kept); /* a value that the device changes itself, or kept */
    void (*script)(void *ctx, const char *text);            /* FaultScript was written */
    void (*stream)(void *ctx);                              /* destination or port: as_gv_control_stream() */
    void (*fire)(void *ctx);                                /* a test packet is asked for */
    as_gv_status (*resend)(void *ctx, uint16_t block, uint32_t first, uint32_t last);
    void (*released)(void *ctx); /* nobody is in control any more */
    as_ns (*clock)(void *ctx);   /* the device's time stamp */
} as_gv_hooks;

typedef struct as_gv_control {
    as_features features;
    as_gv_hooks hooks;
    uint8_t     boot[AS_GV_BOOT_BYTES];
    char        script[AS_GV_SCRIPT_BYTES], status[AS_GV_STATUS_BYTES];
    char        runs[AS_GV_SCRIPT_BYTES];    /* the script that was taken last */
    char        refused[AS_GV_STATUS_BYTES]; /* why: the device writes it, before it refuses */
    bool        script_is_new, streaming;
    as_ns       script_at; /* when it may be read: a while after its last piece */
    const char *xml;
    size_t      n_xml;
    as_gv_peer  owner; /* port 0: nobody */
    uint32_t    privilege;
    as_ns       heard; /* the owner's last word */
} as_gv_control;

typedef struct as_gv_identity {
    uint32_t    address, mask; /* its own */
    const char *model, *info, *version, *serial;
    uint64_t    link_mbit;
} as_gv_identity;

/* features: as the device begins. xml: as long as the control lives. */
void as_gv_control_init(as_gv_control *control, const as_features *features, const as_gv_identity *identity,
                        const char *xml, size_t n_xml, const as_gv_hooks *hooks);

/* out: AS_GVCP_MAX_BYTES. How long the answer is; 0: none. */
size_t as_gv_control_answer(as_gv_control *control, const as_gv_peer *from, const uint8_t *bytes, size_t n, as_ns now,
                            uint8_t *out);

/* Takes away control from who has been silent for too long, and reads a script once it has come whole. */
void as_gv_control_tick(as_gv_control *control, as_ns now);

/* Nobody is in control any more. */
void as_gv_control_drop(as_gv_control *control);

/* Where pictures go; a port of 0 is nowhere. */
as_gv_peer as_gv_control_stream(const as_gv_control *control);

/* A value as the device sets it itself, within its range or not. */
void as_gv_control_put(as_gv_control *control, size_t feature, double value);

#endif
