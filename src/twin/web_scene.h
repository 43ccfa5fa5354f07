/* SPDX-License-Identifier: Apache-2.0 */
/* web_scene.h - what a scene that is a web provides beside single pictures: any line of it, with the defects that lie there.
 *
 * Layer:   twin.
 * Threads: immutable; lines from any thread.
 * Memory:  the caller's.
 */
#ifndef AS_TWIN_WEB_SCENE_H
#define AS_TWIN_WEB_SCENE_H

#include "twin/script.h"

typedef struct as_twin as_twin;

/* A change of light that the eye finds when it is told where: of white, and beside that of what was there. */
#define AS_TWIN_SEEN_LEAST 0.010f
#define AS_TWIN_SEEN_SHARE 0.025f

/* A defect on a web, wherever it is seen from. */
typedef struct as_twin_web_mark {
    const char *class;
    float    severity, size_mm, reach_mm; /* its longest side; it touches nothing so far before or after web_mm */
    uint64_t number;
    double   web_mm;
} as_twin_web_mark;

/* Pixels of a line that a defect changes so that it is seen, from x0 to x1; x0 > x1: none. */
typedef struct as_twin_web_touch {
    int32_t x0, x1;
} as_twin_web_touch;

typedef struct as_twin_web_scene {
    size_t plan_bytes;
    /* plan and marks (AS_TWIN_MAX_FINDINGS of truth.h) of what lies between two places along it, each the same whatever is asked for
     * beside it; returns how many. */
    size_t (*plan)(const as_twin *twin, double from_mm, double to_mm, void *plan, as_twin_web_mark *marks);
    /* One line's light, a plane, with the defects whose bit is in shown; and widens, of each defect, what it changes. */
    void (*line)(const as_twin *twin, const void *plan, uint32_t recipe, double web_mm, uint32_t shown, float *line,
                 as_twin_web_touch *touches);
} as_twin_web_scene;

bool as_twin_web_knows(as_fault fault); /* whether that can go wrong with a line-scan camera: a script may have it */

#endif
