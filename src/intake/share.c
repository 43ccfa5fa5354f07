/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/share.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const share_names[AS_SHARE_COUNT] = {"auto", "copy", "hard", "reflink"};

const char *as_share_name(as_share share)
{
    return (unsigned)share < AS_SHARE_COUNT ? share_names[share] : "";
}

as_share as_share_parse(const char *name)
{
    for (int i = 0; i < AS_SHARE_COUNT; i++)
        if (strcmp(name, share_names[i]) == 0)
            return (as_share)i;
    return AS_SHARE_COUNT;
}

static bool share_hard(const char *from, const char *to, as_err *err)
{
    if (link(from, to) == 0)
        return true;
    if (errno == EXDEV || errno == EPERM || errno == EMLINK)
        return AS_FAIL(err, AS_EUNSUPPORTED, "no hard link from '%s' to '%s': %s (use --link auto)", to, from,
                       errno == EXDEV ? "they are on different file systems" : strerror(errno));
    return as_err_errno(err, errno, "cannot link '%s' to '%s'", to, from);
}

/* 0, or the error of the system. */
static int share_clone(int from, const char *to)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    int e = ioctl(fd, FICLONE, from) == 0 ? 0 : errno;
    close(fd);
    if (e)
        unlink(to);
    return e;
}

bool as_share_file(const char *from, const char *to, as_share share, bool *ret_shared, as_err *err)
{
    *ret_shared = false;
    if (share == AS_SHARE_COPY)
        return true;
    if (share == AS_SHARE_HARD)
        return *ret_shared = share_hard(from, to, err);
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return as_err_errno(err, errno, "cannot read '%s'", from);
    int e = share_clone(fd, to);
    close(fd);
    *ret_shared = e == 0;
    if (e == 0 || (share == AS_SHARE_AUTO && e != ENOSPC && e != EDQUOT))
        return true;
    if (e == EOPNOTSUPP || e == ENOTTY || e == EXDEV || e == EINVAL)
        return AS_FAIL(err, AS_EUNSUPPORTED, "no reflink from '%s' to '%s': the file system has none (use --link auto)",
                       to, from);
    return as_err_errno(err, e, "cannot clone '%s' as '%s'", from, to);
}
