/* SPDX-License-Identifier: Apache-2.0 */
/* fs.h - files that are whole or absent: temporary name, fsync, rename.
 *
 * Layer:   base.
 * Threads: any thread (each call works on its own paths).
 * Memory:  what is returned on the heap is freed by the caller with free().
 */
#ifndef AS_BASE_FS_H
#define AS_BASE_FS_H

#include "base/err.h"

#define AS_FS_PATH_BYTES 4096

/* Reads a whole regular file of at most max_bytes; the buffer is followed by a zero byte. AS_ENOTFOUND, AS_ELIMIT,
 * AS_EACCESS, AS_EIO; AS_EINVAL for what is no regular file. */
AS_CHECK bool as_fs_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_n, as_err *err);

/* The same bytes, mapped read-only: they come to memory as they are looked at. The file must not be cut short meanwhile; one
 * that is replaced by renaming may be. Not for an empty file: AS_EINVAL. */
AS_CHECK bool as_fs_map(const char *path, size_t max_bytes, const uint8_t **ret_bytes, size_t *ret_n, as_err *err);
void          as_fs_unmap(const uint8_t *bytes, size_t n); /* NULL is fine */

/* The same bytes, read into pages of their own, which may be given up one by one (madvise) before as_fs_unmap: whatever
 * becomes of the file. Not for an empty file either. */
AS_CHECK bool as_fs_read_pages(const char *path, size_t max_bytes, const uint8_t **ret_bytes, size_t *ret_n,
                               as_err *err);

/* Writes path so that after any crash it is the old or the new content, never part of it: path.tmp.PID.N, fsync, rename,
 * fsync of the folder. On failure the temporary file is removed. A device or pipe is written into. AS_ENOSPC, AS_EACCESS,
 * AS_EIO. */
AS_CHECK bool as_fs_write(const char *path, const void *bytes, size_t n, as_err *err);

/* As as_fs_write without the two fsyncs: whole or absent while the machine stays up. For what can be made again. */
AS_CHECK bool as_fs_write_fast(const char *path, const void *bytes, size_t n, as_err *err);

/* As as_fs_write; nobody but the owner may read it, from its first byte on. */
AS_CHECK bool as_fs_write_secret(const char *path, const void *bytes, size_t n, as_err *err);

/* Overwrites a file with zeros, on the disk, and removes it; true if it was not there. A symbolic link is removed, what it
 * leads to stays. What the disk itself keeps of overwritten blocks is out of reach. */
AS_CHECK bool as_fs_wipe(const char *path, as_err *err);
/* As as_fs_write; what the file was before is overwritten with zeros then. */
AS_CHECK bool as_fs_write_over(const char *path, const void *bytes, size_t n, as_err *err);

/* As mkdir -p, and each folder that was made survives a power cut: what is synced inside one must not be lost with it. */
AS_CHECK bool as_fs_make_dirs(const char *path, as_err *err);
AS_CHECK bool as_fs_remove(const char *path, as_err *err);      /* a file; true if it was not there */
AS_CHECK bool as_fs_remove_tree(const char *path, as_err *err); /* never follows symbolic links; true if not there */
AS_CHECK bool as_fs_rename(const char *from, const char *to, as_err *err);
AS_CHECK bool as_fs_sync_dir(const char *path, as_err *err);

bool          as_fs_is_dir(const char *path);
bool          as_fs_is_file(const char *path);
AS_CHECK bool as_fs_free_bytes(const char *path, uint64_t *ret_bytes, as_err *err);

/* dir/name into buf of AS_FS_PATH_BYTES; AS_ELIMIT if too long. name may be an absolute path, which is then the result. */
AS_CHECK bool as_fs_join(char *buf, const char *dir, const char *name, as_err *err);

/* One entry found by as_fs_walk. */
typedef struct as_fs_entry {
    const char *path;     /* full path */
    const char *relative; /* below the root that was walked */
    uint64_t    bytes;
    int64_t     mtime_ns;
    enum { AS_FS_FILE = 1, AS_FS_LINK, AS_FS_OTHER } kind; /* a link is reported and not followed */
} as_fs_entry;

/* Calls visit for each non-folder below root, in byte order of the relative path, the same on every machine. Returns
 * false if visit did or a folder could not be read. Deeper than 64 folders is AS_ELIMIT. */
AS_CHECK bool as_fs_walk(const char *root, bool (*visit)(void *ctx, const as_fs_entry *entry, as_err *err), void *ctx,
                         as_err *err);

/* An advisory lock on a file, held until closed or the process ends (flock). *ret_fd >= 0 on success; AS_EBUSY, with the
 * holder's process number in the text, when another has it. */
AS_CHECK bool as_fs_lock(const char *path, int *ret_fd, as_err *err);
void          as_fs_unlock(int fd); /* -1 is fine */

#endif
