/* SPDX-License-Identifier: Apache-2.0 */
/* video.h - recordings and streams as a way in: frames by their own time, not by how fast they are read.
 *
 * Layer:   intake (may use camera/).
 * Threads: one thread calls; encoding uses all cores.
 * Memory:  the camera's pool.
 *
 * Frames come through the camera driver gst and are stored as PNG, STEM/000123.png, where 123 is the frame's number in the
 * recording from 0; utc is its stamp in it, counted from the file's own time. All frames of one recording are one part: they
 * show the same things again and again, and must not be parted between training and test. Faces are covered as in capture,
 * before the first write.
 */
#ifndef AS_INTAKE_VIDEO_H
#define AS_INTAKE_VIDEO_H

#include "intake/import.h"

#define AS_VIDEO_ENDINGS    ".mp4, .m4v, .mov, .avi, .mkv, .webm, .mpg, .mpeg, .wmv, .ogv or .gif"
#define AS_VIDEO_MAX_FRAMES ((uint64_t)1000 * 1000) /* of one recording */

/* Picks frames by their stamps: for each k = 0, 1, 2, ... the first at or after k / fps seconds. A frame that is the first
 * for several k (the stream has fewer than fps) is picked once. */
typedef struct as_video_pick {
    double   fps; /* 0: all */
    uint64_t k;
} as_video_pick;

bool as_video_pick_takes(as_video_pick *pick, as_ns time_stream);

bool as_video_is_file(const char *relative); /* by its ending */
bool as_video_is_stream(const char *where);  /* rtsp:// or rtsps:// */

typedef struct as_video {
    const char *path; /* of the file, or the stream's address */
    const char *name; /* STEM */
    const char *label;
    as_split    split;
    as_ns       utc; /* of its first frame; 0: each frame's own */
} as_video;

/* Takes one in, by cfg->fps and cfg->n_frames. Told, and true, when it broke off after its first frame. */
AS_CHECK bool as_video_take(as_intake *intake, const as_spec *spec, const as_video *video, const as_import_cfg *cfg,
                            const as_progress *progress, as_err *err);

/* cfg->folder is a recording or a stream. A stream that is stopped after its first frame keeps what came: true, and
 * *cfg->ret_stopped. */
AS_CHECK bool as_video_import(as_intake *intake, const as_spec *spec, const as_import_cfg *cfg,
                              const as_progress *progress, as_err *err);

#endif
