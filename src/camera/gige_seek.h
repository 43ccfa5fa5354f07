/* SPDX-License-Identifier: Apache-2.0 */
/* gige_seek.h - whether a GigE Vision camera is there and who is in control of it, asked by a datagram or two.
 *
 * Layer:   camera.
 * Threads: any thread; each search has a socket of its own and waits for no other.
 * Memory:  plain values and one socket.
 *
 * A library that opens a camera waits for seconds where none answers, and makes all others wait. So it is asked only for a
 * camera that has answered here. What was built to: GigE Vision 1.2 (discovery, control channel privilege).
 */
#ifndef AS_CAMERA_GIGE_SEEK_H
#define AS_CAMERA_GIGE_SEEK_H

#include <stdatomic.h>

#include "base/err.h"
#include "camera/gvcp.h"

#define AS_GIGE_PLACE_BYTES 48

/* Where a camera is to be looked for. has_mac: this very one, at that address or at another. Else whichever is there. */
typedef struct as_gige_place {
    uint32_t address; /* IPv4, as a number */
    bool     has_mac;
    uint8_t  mac[6];
} as_gige_place;

/* "192.168.0.5", or with the hardware's own address "192.168.0.5 00:11:22:aa:bb:cc". False: it is neither. */
AS_CHECK bool as_gige_place_parse(const char *text, as_gige_place *ret);
char         *as_gige_place_text(const as_gige_place *place, char text[AS_GIGE_PLACE_BYTES]); /* returns text */

/* The place that an answer to a discovery tells of; `from` is who sent it. False: it is no such answer. */
AS_CHECK bool as_gige_place_of(const as_gvcp_answer *answer, uint32_t from, as_gige_place *ret);

/* Asks until the camera answers. AS_EMISSING: it did not by the deadline; AS_ECANCELLED: *quit was set (NULL: never). */
AS_CHECK bool as_gige_seek(const as_gige_place *place, as_ns deadline, const atomic_bool *quit, as_gige_place *ret,
                           as_err *err);

uint32_t as_gige_route(uint32_t address); /* the address of this machine that leads there; 0: none does */

typedef struct as_gige_owner {
    uint32_t privilege; /* 0: nobody is in control */
    uint32_t address;   /* of who is; 0: the camera does not tell */
    uint16_t port;
} as_gige_owner;

/* False: the camera did not tell by the deadline. One that lets nobody read has AS_GV_CONTROL_EXCLUSIVE. */
AS_CHECK bool as_gige_owner_of(uint32_t address, as_ns deadline, as_gige_owner *ret);

/* Where its first stream goes; port 0: to nobody. False: the camera did not tell by the deadline. */
AS_CHECK bool as_gige_target_of(uint32_t address, as_ns deadline, uint32_t *ret_target, uint16_t *ret_port);

/* "another program on this machine, 127.0.0.1 (port 4711)" */
char *as_gige_owner_text(const as_gige_owner *owner, char *text, size_t n); /* returns text */

/* AS_EBUSY, with who it is and what to do. where: as the camera was named. */
bool as_gige_owner_deny(const as_gige_owner *owner, const char *where, as_err *err);

/* Notices that a camera which sends nothing is no longer in one's control: it was without power and began anew, or is gone. */
typedef struct as_gige_watch {
    bool          is_on; /* zeroed: it is not watched */
    int           fd;
    uint32_t      address;
    as_gige_owner own; /* as the camera told when control was taken; address 0: it does not tell */
    as_ns         asked;
    uint16_t      number;
    unsigned      n_unheard; /* requests in a row, and the first of them */
    as_ns         unheard;
} as_gige_watch;

#define AS_GIGE_GONE_NS (1500 * AS_NS_PER_MS)

/* Of a camera that did answer just now. Without a socket it watches nothing. */
void as_gige_watch_start(as_gige_watch *watch, uint32_t address, const as_gige_owner *own);
void as_gige_watch_stop(as_gige_watch *watch);
/* To be called again and again while nothing comes; never waits. True: somebody else is in control, or nobody, or it does not
 * answer any more, for AS_GIGE_GONE_NS. */
bool as_gige_watch_is_lost(as_gige_watch *watch, as_ns now);
/* A picture came: it is there, whether it answers or not. */
void as_gige_watch_came(as_gige_watch *watch);

#endif
