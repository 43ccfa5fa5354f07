/* SPDX-License-Identifier: Apache-2.0 */
/* pump.h - the row of pictures behind an emulated device: drawn ahead of time, in order, each with its truth and faults.
 *
 * Layer:   wire (may use base/, image/, twin/, camera/).
 * Threads: next() from one thread; the others from any. Pictures are made by threads of the pump.
 * Memory:  bounded: pictures made ahead, those the taker keeps (n_keep), and those of a replay.
 *
 * A pump knows nothing of time: whoever takes from it decides when the next trigger comes. With the same source and settings
 * the same pictures come in the same order at any number of threads and at any speed; nothing is left out because drawing
 * is slow. Faults of a script that happen to single frames come as items: a device decides how each looks on its wire.
 */
#ifndef AS_WIRE_PUMP_H
#define AS_WIRE_PUMP_H

#include "base/json.h"
#include "camera/camera.h"
#include "twin/twin.h"

typedef struct as_pump as_pump;

typedef enum as_pump_what {
    AS_PUMP_NONE,
    AS_PUMP_PICTURE,
    AS_PUMP_LOST,   /* taken, but it never leaves the camera (frame_loss, camera_dead): a number is missing */
    AS_PUMP_UNSEEN, /* the trigger did not come: no number is missing */
} as_pump_what;

typedef struct as_pump_item {
    as_pump_what  what;
    as_frame     *frame; /* of a PICTURE: the taker's reference; its pixels are not to be written. Else NULL */
    uint64_t      part;  /* from 1 */
    uint32_t      view;
    uint32_t      faults; /* bits of as_fault; HALF_FRAME and FROZEN are the device's to show */
    as_ns         made;   /* of a PICTURE: when it was drawn (monotonic); 0: long ago */
    bool          again;  /* the trigger came twice: the second one */
    bool          known;  /* truth says more than part, faults and amounts */
    as_twin_truth truth;
} as_pump_item;

typedef struct as_pump_cfg {
    const char *uri;           /* of any camera: "twin:cones?seed=7", "folder:/data/parts"; settings only of a twin */
    uint32_t    width, height; /* wanted; 0: the source's own */
    double      fps;           /* at which they are taken, for a source with a clock; 0: unknown */
    uint32_t    n_keep;        /* pictures that the taker keeps at a time */
    uint32_t    n_ahead;       /* pictures made ahead, at most 64; 0: 3, or a replay's */
    uint32_t    n_replay;      /* only so many parts, again and again, each drawn once; 0: ever new ones */
    uint32_t    n_threads;     /* that draw; 0: as many as there are cores, at most 4 */
    bool        has_sensor;    /* a twin that names no sensor has the usual one, as a real camera would */
} as_pump_cfg;

#define AS_PUMP_MAX_REPLAY 2000

/* What can be set while pictures come. Read it, change it, tune with it. */
typedef struct as_pump_settings {
    as_twin_cfg twin; /* of a twin; size as drawn; script is the caller's at tune and the pump's at settings() */
    uint32_t    x, y, width, height; /* the window that is handed on: within the picture, at whole bytes of its rows */
} as_pump_settings;

AS_CHECK as_pump *as_pump_open(const as_pump_cfg *cfg, as_err *err);
as_pump          *as_pump_close(as_pump *pump); /* after the last frame came back; NULL is fine; returns NULL */
void              as_pump_stop(as_pump *pump);  /* next() then fails: AS_ECANCELLED */

const char *as_pump_uri(const as_pump *pump);        /* without a password */
bool        as_pump_is_twin(const as_pump *pump);    /* settings are possible */
bool        as_pump_has_sensor(const as_pump *pump); /* of a twin: with gain, temperature and raw formats */
typedef struct as_pump_chip {
    uint32_t width,
        height;      /* of the whole sensor; that of the pictures where none is known, or a larger one is drawn */
    double black_dn; /* what it gives without light */
} as_pump_chip;

void as_pump_sensor(const as_pump *pump, as_pump_chip *ret);
bool as_pump_can(const as_pump *pump, as_pixel pixel); /* that format can be had by tuning, or is there already */
void as_pump_full(const as_pump *pump, as_pixel *ret_pixel, uint32_t *ret_width, uint32_t *ret_height);

void as_pump_settings_get(as_pump *pump, as_pump_settings *ret);
/* From the next picture on. What was made ahead with other settings is made again. AS_EINVAL, and all is as it was. */
AS_CHECK bool as_pump_tune(as_pump *pump, const as_pump_settings *settings, as_err *err);

uint64_t as_pump_next_part(as_pump *pump); /* of the picture that is taken next, as far as it has come; 0: not known */

/* Of a source that does not wait for who looks: the next picture is taken from now on, and those made ahead are dropped. Of
 * others and of a replay none is old, and nothing happens. */
void as_pump_fresh(as_pump *pump);

/* AS_ETIMEOUT: not made yet; AS_EEND: no more for ever; else as the source says. */
AS_CHECK bool as_pump_next(as_pump *pump, as_ns deadline, as_pump_item *ret, as_err *err);
void          as_pump_item_done(as_pump_item *item); /* gives the frame back; zeros are fine */

/* One line of truth: {"part", "view", "what", "class", "faults", "findings", ...}; NULL without memory. */
json_t *as_pump_item_json(const as_pump_item *item);

#endif
