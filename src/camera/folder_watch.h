/* SPDX-License-Identifier: Apache-2.0 */
/* folder_watch.h - files that come into a folder, each once it is whole.
 *
 * Layer:   camera.
 * Threads: one thread.
 * Memory:  as_folder_watch_free() frees; a name is kept of each file that was seen, so that none comes twice.
 *
 * Whole is what its writer closed or moved there (inotify). Where the system tells nothing (a share that others write to),
 * whole is what kept its size and time from one look to the next, 2 s later; so is, one look later, what was not seen to be
 * closed (a hard link never is). What is written anew under its old name comes again.
 */
#ifndef AS_CAMERA_FOLDER_WATCH_H
#define AS_CAMERA_FOLDER_WATCH_H

#include "base/fs.h"

typedef struct as_folder_watch as_folder_watch;

typedef struct as_folder_watch_cfg {
    const char *root; /* resolved */
    bool        recursive;
    bool        deaf; /* without inotify, as on a share: for tests */
    bool (*wanted)(const char *relative);
} as_folder_watch_cfg;

/* What is there already, and whole, is known from the beginning and does not come. AS_EIO, AS_ENOMEM. */
AS_CHECK as_folder_watch *as_folder_watch_new(const as_folder_watch_cfg *cfg, as_err *err);
as_folder_watch          *as_folder_watch_free(as_folder_watch *watch);

/* Whether that file was there, and whole, at the beginning. */
bool as_folder_watch_knew(const as_folder_watch *watch, const char *relative);

/* The next file, in the order in which they became whole, below the root; free() it. *ret_arrived (monotonic) is when it was
 * seen to be whole: that is looked for in this call alone, so what comes while nobody calls it arrives with the next call.
 * NULL: none until the deadline (AS_ETIMEOUT), or an error. */
AS_CHECK char *as_folder_watch_next(as_folder_watch *watch, as_ns deadline, as_ns *ret_arrived, as_err *err);

#endif
