/* SPDX-License-Identifier: Apache-2.0 */
/* gige_priv.h - the device from the inside. For gige.c, gige_set.c and gige_take.c only.
 *
 * Layer:   wire.
 * Threads: what stands below `lock` is read and written under it alone; the rest does not change after opening.
 * Memory:  as_gige_close frees.
 */
#ifndef AS_WIRE_GIGE_PRIV_H
#define AS_WIRE_GIGE_PRIV_H

#include <pthread.h>

#include "base/thread.h"
#include "wire/cadence.h"
#include "wire/gige.h"
#include "wire/gvsp.h"
#include "wire/truth_log.h"

enum { AS_GIGE_KEPT = 8, AS_GIGE_SOCKETS = 3, AS_GIGE_AGAIN = 256 };

typedef struct as_gige_job {
    uint16_t block;
    uint32_t first, last; /* packets of it */
} as_gige_job;

/* What is to be sent again, in the order it was asked for. */
typedef struct as_gige_again {
    as_gige_job jobs[AS_GIGE_AGAIN];
    size_t      at, n;
    as_ns       due; /* not before */
} as_gige_again;

struct as_gige {
    char            address[32];
    uint32_t        ip, mask, mtu;
    as_pump        *pump;
    as_truth_log   *log;
    as_gvsp_stream *stream;
    as_str          xml;
    int             fds[AS_GIGE_SOCKETS]; /* the first is the device's own, the others hear broadcasts */
    int             wake[2];              /* a byte into it ends the control thread's wait */
    as_thread      *control_thread, *take_thread;
    as_ns           born;
    double          belt_usual;
    bool            encoder_usual;
    atomic_bool     stop, halt;        /* halt: the picture being sent is not finished */
    bool            has_lock, replays; /* replays: the same parts come again and again */

    pthread_mutex_t lock;
    pthread_cond_t  turn; /* settings, triggers, start or stop */
    as_gv_control   control;
    double          trigger[2][2]; /* mode and source: of a picture, of a line */
    double          lines[3][3];   /* mode, inverter and source of each line */
    as_script       script;
    bool            running, dead, ended;
    as_err          err;
    uint32_t        n_triggers; /* by software, not taken yet */
    uint64_t        fault_left
        [AS_SCRIPT_MAX_STEPS];  /* pictures until that step of the script ends; 0: it does not, or by its part */
    uint64_t        n_left;     /* pictures until it stops by itself; 0: endless */
    uint64_t        generation; /* of starts */
    as_ns           ended_at;   /* when the last picture was taken */
    as_cadence      cadence;    /* when pictures are taken */
    uint16_t        block;
    uint64_t        part;                       /* of the last picture */
    double          belt_factor, temperature_c; /* as the script had them at the last picture; NAN: as it is set */
    as_gvsp_picture kept[AS_GIGE_KEPT];
    size_t          next_kept;
    as_gige_again   again;
    as_serve_state  counts;
};

/* gige_set.c: what settings mean. */
void              as_gige_features(as_gige *device, const as_serve_cfg *cfg, as_features *ret);
extern const char as_gige_model[];
void              as_gige_hooks(as_gige *device, as_gv_hooks *ret);
void              as_gige_triggers(as_gige *device);     /* as at the beginning */
void              as_gige_lines(as_gige *device);        /* likewise */
void              as_gige_fault_count(as_gige *device);  /* one picture more of those started; under the lock */
as_ns             as_gige_period(const as_gige *device); /* under the lock; 0: no picture comes by itself */
bool              as_gige_asked(
                 const as_gige *device); /* under the lock: for that period, and not just for as many as there can be */

/* gige_take.c: the thread that takes pictures and sends them. */
void as_gige_take(void *device);
void as_gige_forget(as_gige *device); /* gives back what is kept; under the lock */

/* gige_again.c: what is sent once more, by the control thread. Ask and forget under the lock, send without it. */
uint32_t     as_gige_again_most(const as_gvsp_picture *picture); /* packets that may be */
as_gv_status as_gige_again_ask(as_gige *device, uint16_t block, uint32_t first, uint32_t last);
void         as_gige_again_forget(as_gige *device);
as_ns        as_gige_again_send(as_gige *device, as_ns now); /* returns how long until it is worth a call */

as_ns as_gige_clock(const as_gige *device); /* time stamps: ns since it was opened */

#endif
