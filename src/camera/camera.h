/* SPDX-License-Identifier: Apache-2.0 */
/* camera.h - one source of frames, whatever the wire. Its settings: setting.h.
 *
 * Layer:   devices (may use base/, image/, twin/).
 * Threads: a camera belongs to one thread; only as_camera_stop() may come from another. Frames may go anywhere.
 * Memory:  frames live in a pool made at open; as_frame_unref() each one before close.
 *
 * A driver is one file and one row: drv_<name>.c and its name in meson.build, or, for a driver that stands on libraries
 * too heavy to be loaded at every start, as_camera_<name>.so with a row in module.def, opened with the first such camera.
 */
#ifndef AS_CAMERA_CAMERA_H
#define AS_CAMERA_CAMERA_H

#include <stdatomic.h>

#include "camera/stats.h"
#include "camera/uri.h"
#include "image/frame.h"

struct as_setting_wishes;

typedef struct as_camera_cfg {
    const char *uri;             /* "<driver>:<rest>", for example "twin:cones?seed=7" or "folder:/data/parts?fps=10" */
    uint32_t    width, height;   /* pixels wanted; 0: the camera's own */
    uint32_t    n_frames;        /* pool size, fixed for the life of the camera; 0: 8 */
    as_ns       period;          /* between parts; 0 is as fast as the driver can; "?fps=" in the URI wins */
    as_ns       deadline;        /* from a frame's trigger to its verdict; 0: nobody waits for one */
    uint32_t    frames_per_part; /* 0: 1 */
    const char *dir;             /* of relative paths in the URI; NULL: the caller's own */
    bool        idle;            /* for its settings alone: frames are not started, so that none of them is locked */
    bool        look; /* idle, and nothing is set: a device that another program is in control of is opened too */
    bool        ends; /* a recording: a stream that breaks off has come to its end, and is not looked for */
    const struct as_setting_wishes *kept;  /* of a device that came back: what it had when it was lost; else NULL */
    const char                     *where; /* of it: the geometry's, of when it was opened first; else NULL */
    const atomic_bool              *quit;  /* a driver gives up opening when it is set; NULL: never */
    bool typed; /* whoever runs the program wrote the URI, no file did: it may hold what a file may not */
} as_camera_cfg;

/* Frames a driver opened with; it may lower or raise the wish in cfg. */
typedef struct as_camera_geometry {
    as_pixel pixel;         /* the largest format of any frame */
    uint32_t width, height; /* the largest frame, pixels */
    uint64_t n_parts;       /* 0: endless */
    bool     can_wait;      /* nothing moves on while nobody looks (files, a twin without fps): no frame is ever lost */
    uint32_t n_held;        /* frames of the pool that start() takes for itself */
    size_t   memory_bytes;  /* that a frame must have room for before its picture is known; 0: what the above needs */
    bool     comes_back;    /* a device: when fill() fails with AS_EIO it is opened again and again until it is there */
    char     where[48];     /* of such a device, as its driver finds it again; "" where it has no such thing */
    char     held[96];   /* by whom, of one that was opened to look alone: "another program on ..."; "": it is ours */
    char waits_for[160]; /* what its frames wait for that nobody here gives, and the remedy: said when none comes; "" */
} as_camera_geometry;

struct as_setting;

/* What a driver provides: drv_<name>.c defines `const as_camera_driver as_camera_<name>`. */
typedef struct as_camera_driver {
    const char *name;      /* URI scheme */
    const char *summary;   /* one line for the reference */
    const char *help;      /* its URI and query keys, several lines */
    size_t      priv_size; /* the core allocates and zeroes this, and passes it below */
    bool (*open)(void *priv, const char *rest, const as_camera_cfg *cfg, as_camera_geometry *ret, as_err *err);
    /* Begins, after open() and with the pool that was made for it, unless it was opened idle: a driver may take n_held of
     * its frames, which it gives back in close(). May be NULL. */
    bool (*start)(void *priv, as_frame_pool *pool, as_err *err);
    /* Fills image, status, sequence, part, time_*, name, truth. AS_ETIMEOUT: nothing yet; AS_EEND: no more for ever. The
     * core asks for short waits again and again, so that a stop is seen; a gap in sequence is counted as lost frames. */
    bool (*fill)(void *priv, as_frame *frame, as_ns deadline, as_err *err);
    void (*close)(void *priv); /* must accept a half-opened priv */
    /* Whether a device that was lost is there again: costs next to nothing, and waits until the deadline for nobody but it.
     * open() is called only after this was true. NULL: open() itself tells. */
    bool (*find)(const char *rest, const as_camera_cfg *cfg, as_ns deadline, as_err *err);
    /* The origin of a part's frames, where its number tells; else frames alone know it, or nobody. May be NULL. */
    bool (*origin)(const char *rest, uint64_t part, as_origin *ret);
    /* Cameras that could be opened now: calls found() with a URI and a line about it for each. May be NULL. */
    void (*list)(void (*found)(void *ctx, const char *uri, const char *about), void *ctx);
    /* Its settings (setting.h); all three or none of them. features() calls visit() for each, in the camera's order, until
     * that is false. set() of a command has value NULL; what is allowed was checked before. */
    bool (*features)(void *priv, bool (*visit)(void *ctx, const struct as_setting *feature), void *ctx, as_err *err);
    bool (*get)(void *priv, const char *name, struct as_setting *ret, as_err *err); /* AS_ENOTFOUND */
    bool (*set)(void *priv, const char *name, const char *value, as_err *err);
    /* What a device must have again when it comes back, in an order it takes it in, as it is now; may be NULL. */
    void (*keep)(void *priv, struct as_setting_wishes *ret);
    void (*stats)(void *priv, as_camera_stats *stats); /* asks the device for what is of the wire; may be NULL */
    void (*count)(void *priv, as_camera_stream *ret);  /* since start(); asks nobody; may be NULL */
} as_camera_driver;

const as_camera_driver *as_camera_driver_at(size_t i); /* NULL past the last row */

/* What frames of that part from that camera have as origin. False where number and URI do not tell. */
bool as_camera_origin(const char *uri, uint64_t part, as_origin *ret);

AS_CHECK as_camera *as_camera_open(const as_camera_cfg *cfg, as_err *err);
as_camera_geometry  as_camera_geometry_of(const as_camera *cam);
const char         *as_camera_uri(const as_camera *cam); /* without a password */

/* The next frame with one reference. Errors: AS_ETIMEOUT (deadline, monotonic), AS_EEND (no more for ever), AS_ECANCELLED
 * (stopped), AS_EBUSY (no free frame in the pool: the frame is counted as lost, or waits where the camera can_wait). While
 * a camera that comes_back is away this is AS_ETIMEOUT too, with a text that says so; its settings are those it had, and
 * its numbers go on, with a new part. */
AS_CHECK as_frame *as_camera_next(as_camera *cam, as_ns deadline, as_err *err);
uint64_t           as_camera_lost(const as_camera *cam);
void               as_camera_stop(as_camera *cam);  /* next() then fails: AS_ECANCELLED */
as_camera         *as_camera_close(as_camera *cam); /* NULL is fine; returns NULL */

#endif
