/* SPDX-License-Identifier: Apache-2.0 */
/* gige_silence.h - why no picture comes of a camera that answers. For the gige driver.
 *
 * Layer:   camera.
 * Threads: any thread.
 * Memory:  none.
 */
#ifndef AS_CAMERA_GIGE_SILENCE_H
#define AS_CAMERA_GIGE_SILENCE_H

#include <net/if.h>

#include "base/def.h"

#define AS_GIGE_SILENCE_BYTES 600

typedef struct as_gige_silence {
    uint32_t own, camera;         /* addresses: of this machine, where packets are to come, and of the camera */
    uint16_t port;                /* UDP, of this machine */
    uint32_t packet_bytes;        /* with the headers of IP and UDP */
    uint64_t n_packets, n_pixels; /* that came; of them those with pixels */
    bool     knows_target;        /* the camera tells where it sends to: */
    uint32_t target;
    uint16_t target_port;            /* 0: to nobody */
    char     interface[IF_NAMESIZE]; /* that has the address; "" unknown */
    uint32_t mtu;                    /* of it; 0: unknown */
    int      rp_filter;              /* of it; 1: strict */
} as_gige_silence;

/* Fills in what this machine knows of its address: interface, mtu and rp_filter. */
void as_gige_silence_look(as_gige_silence *silence);

/* What is the matter and what to do, the surest cause alone or those that are likely. */
char *as_gige_silence_text(const as_gige_silence *silence, char text[AS_GIGE_SILENCE_BYTES]);

#endif
