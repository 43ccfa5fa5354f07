/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - what a disk may hold after a power cut, from the calls that came before.
 *
 * Layer:   tests.
 * Threads: one thread.
 * Memory:  disk_free frees.
 *
 * The disk promises what POSIX does and no more: what fsync or fdatasync was called on is there, with its length; a
 * folder's entries after the fsync of the folder, and not before. Of what came later:
 *   - each page (4 KiB) of a file is as it was after any of the writes to it; one in eight is torn between two of its
 *     sectors (512 bytes); the file's length is that after any of them, and where its bytes are missing there are zeros;
 *   - of each folder the first so many changes are there; folders go their own ways. A rename is there or not, as a whole,
 *     also where the file's bytes are not yet.
 */
#ifndef AS_FAULT_DISK_H
#define AS_FAULT_DISK_H

#include "base/rng.h"
#include "plan.h"

typedef struct disk disk;

typedef struct disk_step {
    fault_entry    entry;
    char           path[512], other[512]; /* relative */
    const uint8_t *bytes;
} disk_step;

disk *disk_load(const char *root, const char *name); /* root/name, all of it on the disk */
void  disk_do(disk *d, const disk_step *step);
void  disk_free(disk *d);
/* Builds one of the folders that may be there as root/name. what: how it was chosen. */
void disk_build(const disk *d, as_rng *rng, const char *root, const char *name, char *what, size_t n_what);

#endif
