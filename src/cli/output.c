/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"

enum { OUTPUT_KIND = 8 }; /* bytes that tell a PNG, a page, a drawing, a table from each other */
#define OUTPUT_MOST_JSON_BYTES ((size_t)256 << 20) /* what is longer was not written here */

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

bool as_output_name_may(const char *path, as_err *err)
{
    size_t n = strlen(path);
    if (strcmp(path, "-") == 0)
        return AS_FAIL(err, AS_EINVAL, "'-' is no file: name one");
    return (!as_fs_is_dir(path) && (n == 0 || path[n - 1] != '/')) ||
           AS_FAIL(err, AS_EINVAL, "'%s' is a folder: name a file in it", path);
}

bool as_output_write(const char *path, const as_str *bytes, const char *input, as_err *err)
{
    if (!as_output_name_may(path, err))
        return false;
    if (input && output_is_same_file(path, input))
        return AS_FAIL(err, AS_EEXIST, "'%s' is what was read: name another file for the result", path);
    if (!output_may_replace(path, bytes))
        return AS_FAIL(err, AS_EEXIST, "'%s' is there and is something else: name another file, or remove it", path);
    return as_fs_write(path, bytes->s, bytes->len, err);
}

/* All JSON begins alike: what it says of itself tells. */
static bool output_is_json_of(const char *path, const char *kind)
{
    as_err      why = AS_ERR_NONE;
    json_t     *there = as_json_read(path, OUTPUT_MOST_JSON_BYTES, &why);
    const char *its = there ? json_string_value(json_object_get(there, AS_OUTPUT_KIND_KEY)) : NULL;
    const bool  is = its && strcmp(its, kind) == 0;
    json_decref(there);
    return is;
}

bool as_output_json_may(const char *path, const char *kind, as_err *err)
{
    struct stat at;
    if (!as_fs_is_file(path) || (stat(path, &at) == 0 && at.st_size == 0) || output_is_json_of(path, kind))
        return true;
    return AS_FAIL(err, AS_EEXIST, "'%s' is there and is something else: name another file, or remove it", path);
}

bool as_output_write_json(const char *path, const json_t *json, as_err *err)
{
    const char *kind = json_string_value(json_object_get(json, AS_OUTPUT_KIND_KEY));
    if (!kind)
        return AS_FAIL(err, AS_EINTERNAL, "what is to be written into '%s' does not say what it is", path);
    return as_output_json_may(path, kind, err) && as_json_write(path, json, err);
}
