/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - where a pump's pictures come from: a twin, whose settings can change, or any camera. For pump.c.
 *
 * Layer:   wire.
 * Threads: plan and tune one at a time (the pump's lock); make from any thread, each with a room of its own.
 * Memory:  a source owns what it opened; a room grows to what its thread draws in.
 */
#ifndef AS_WIRE_SOURCE_H
#define AS_WIRE_SOURCE_H

#include "wire/pump.h"

/* How far the row has come. */
typedef struct as_source_at {
    uint64_t at;    /* views that passed, seen or not */
    uint64_t shown; /* the last part that was seen; 0: none */
    bool     again; /* the trigger came twice for this one */
} as_source_at;

typedef struct as_source_job {
    as_pump_item item;
    uint64_t     key;    /* which picture of a replay */
    bool         frozen; /* the last picture is shown once more */
    as_twin     *twin;   /* counted; NULL: none */
    uint32_t     x, y;   /* the window; item.frame has its size and pixel format */
} as_source_job;

/* What one thread works in. */
typedef struct as_source_room {
    void    *scratch;
    size_t   n_scratch;
    as_image whole;
} as_source_room;

typedef struct as_source_facts {
    as_pixel pixel;         /* with the most bytes of all that may come */
    uint32_t width, height; /* in full */
    bool     is_live;       /* what nobody looks at is gone */
} as_source_facts;

typedef struct as_source_kind {
    size_t   state_bytes;
    uint32_t max_threads;
    bool (*open)(void *state, const as_pump_cfg *cfg, as_source_facts *ret, as_pump_settings *ret_settings,
                 as_err *err);
    bool (*can)(const void *state, as_pixel pixel); /* NULL: only what comes */
    /* What comes next; false: nothing for ever. Fills all of job but item.frame. */
    bool (*plan)(void *state, as_source_at *at, as_source_job *job);
    uint64_t (*part)(const void *state, const as_source_at *at); /* of what comes next; NULL: nobody knows */
    bool (*make)(void *state, as_source_job *job, as_source_room *room, as_err *err);
    bool (*tune)(void *state, const as_pump_settings *settings, as_err *err);
    /* What was taken before that time is not handed on any more (monotonic). NULL: pictures are drawn, and never old. */
    void (*fresh)(void *state, as_ns since);
    void (*close)(void *state); /* half-opened ones too */
} as_source_kind;

extern const as_source_kind as_source_twin, as_source_camera;

const as_twin *as_source_twin_of(const void *state); /* of an as_source_twin */

void as_source_room_done(as_source_room *room);

/* The window at x, y of `from` that has the size of `to`; beyond the picture it is black. Grey becomes colour where `to` has
 * it; else both have one format. x lies at a whole byte. */
void as_source_window(const as_image *from, uint32_t x, uint32_t y, as_image *to);

#endif
