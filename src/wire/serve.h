/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - the kinds of devices that a source can be put on the wire as, one file and one row each.
 *
 * Layer:   wire.
 * Threads: start, state and stop from one thread; a server runs threads of its own.
 * Memory:  a server owns its pump and all else until stop().
 *
 * A new kind is serve_<name>.c with `const as_serve_kind as_serve_<name>`, its word in wire_kinds of src/wire/meson.build,
 * and its option --<name> in src/cli/verb_twin.c. It opens a pump (pump.h) and paces it as its wire does.
 */
#ifndef AS_WIRE_SERVE_H
#define AS_WIRE_SERVE_H

#include "wire/cadence.h"
#include "wire/pump.h"

typedef struct as_truth_log as_truth_log; /* truth_log.h */

typedef struct as_serve_cfg {
    as_pump_cfg   pump;        /* its uri; n_keep is the kind's own */
    double        fps;         /* 0: the kind's own */
    uint64_t      packet_size; /* bytes of a packet with its IP header, where there are such; 0: the kind's own */
    double        link_mbit;   /* how fast the emulated wire is; 0: the kind's own */
    as_truth_log *log;         /* a line for each picture sent or not; NULL: none */
} as_serve_cfg;

/* What a server tells of itself while it runs. */
typedef struct as_serve_state {
    uint64_t n_sent, n_lost,
        n_again;            /* pictures sent; taken but never sent whole, as scripted; packets asked for again */
    uint64_t n_bytes;       /* on the wire */
    uint64_t n_due, n_late; /* pictures due by the rate asked for; those of them that were taken later than that */
    as_cadence_cause slow;  /* why that rate was not held in the last two seconds, */
    double           asked_per_s, held_per_s; /* and what was instead */
    bool             is_urgent;               /* its pictures leave before all ordinary threads, as a device's do */
    bool             dead;                    /* out of order, as scripted */
    bool             ended;                   /* no more pictures for ever, or err */
    as_err           err;                     /* why it ended, where that is an error */
    char             client[64];              /* who is in control; "" for nobody */
} as_serve_state;

typedef struct as_serve_kind {
    const char *name; /* of the option: "gige" for --gige */
    const char *about;
    /* where: the option's value. AS_EBUSY: the port is taken. */
    void *(*start)(const as_serve_cfg *cfg, const char *where, as_err *err);
    const char *(*hint)(void *server, size_t i); /* how to look at it: a command a line; NULL past the last */
    void (*state)(void *server, as_serve_state *ret);
    void (*stop)(void *server); /* and frees */
} as_serve_kind;

const as_serve_kind *as_serve_kind_at(size_t i); /* NULL past the last row */

#endif
