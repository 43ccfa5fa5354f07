/* SPDX-License-Identifier: Apache-2.0 */
/* web.h - which place of an endless web each line of a line-scan camera shows, and when.
 *
 * Layer:   twin.
 * Threads: immutable after init.
 * Memory:  init allocates one table (script steps of the belt's speed), freed by done.
 *
 * A camera that runs freely takes a line each 1 / rate: a belt that is too fast for it squeezes the picture along the web, one
 * that is too slow stretches it. An encoder gives a pulse each pitch of web; while the camera is still busy with a line (its
 * rate is the most it can) pulses go by unused, so that it takes every second, third, ... of them.
 * A belt that speeds up or slows down does so in 32 steps.
 */
#ifndef AS_TWIN_WEB_H
#define AS_TWIN_WEB_H

#include "twin/script.h"

typedef struct as_web_cfg {
    double   belt_mm_per_s, lines_per_s; /* both > 0 */
    bool     encoder;
    double   pitch_mm; /* of its pulses */
    uint32_t height;   /* lines a frame: a script's part is a frame */
} as_web_cfg;

/* From this line on, until the next piece begins. */
typedef struct as_web_piece {
    double line, mm, s;
    double mm_per_line, s_per_line;
} as_web_piece;

typedef struct as_web {
    as_web_piece *pieces;
    size_t        n;
} as_web;

/* script NULL: the belt keeps its speed. AS_ENOMEM. */
AS_CHECK bool as_web_init(as_web *web, const as_web_cfg *cfg, const as_script *script, as_err *err);
void          as_web_done(as_web *web); /* zeros are fine */

/* The piece that a line lies in. Lines count from 0; what is before line 0 is as at line 0. */
const as_web_piece *as_web_at(const as_web *web, double line);

static inline double as_web_mm(const as_web_piece *piece, double line)
{
    return piece->mm + (line - piece->line) * piece->mm_per_line;
}

static inline double as_web_s(const as_web_piece *piece, double line)
{
    return piece->s + (line - piece->line) * piece->s_per_line;
}

#endif
