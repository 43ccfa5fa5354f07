/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

enum { OUTPUT_KIND = 4 }; /* bytes that tell a PNG, a page, a drawing, JSON from each other */

static bool output_is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool output_may_replace(const char *path, const as_str *bytes)
{
    char      begin[OUTPUT_KIND];
    const int fd = as_fs_is_file(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return true; /* nothing is there, or what is there says so itself */
    const ssize_t n = read(fd, begin, sizeof begin);
    close(fd);
    return n <= 0 || (bytes->len >= (size_t)n && memcmp(begin, bytes->s, (size_t)n) == 0);
}

bool as_output_write(const char *path, const as_str *bytes, const char *input, as_err *err)
{
    if (input && output_is_same_file(path, input))
        return AS_FAIL(err, AS_EEXIST, "'%s' is what was read: name another file for the result", path);
    if (!output_may_replace(path, bytes))
        return AS_FAIL(err, AS_EEXIST, "'%s' is there and is something else: name another file, or remove it", path);
    return as_fs_write(path, bytes->s, bytes->len, err);
}
