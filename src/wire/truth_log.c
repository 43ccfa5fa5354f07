/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/truth_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/thread.h"

struct as_truth_log {
    FILE           *file;
    pthread_mutex_t lock;
    int             failed; /* errno of the first line that could not be written */
    char            path[512];
};

as_truth_log *as_truth_log_open(const char *path, as_err *err)
{
    int           fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    as_truth_log *log = fd >= 0 ? calloc(1, sizeof *log) : NULL;
    if (fd < 0 && errno == EEXIST) {
        AS_FAIL(err, AS_EEXIST, "'%s' is there: name a new file for the truth", path);
    } else if (fd < 0) {
        as_err_errno(err, errno, "cannot write '%s'", path);
    } else if (!log || !as_thread_lock_init(&log->lock) || !(log->file = fdopen(fd, "w"))) {
        AS_FAIL(err, AS_ENOMEM, "no memory to write '%s'", path);
        close(fd);
        free(log);
        return NULL;
    }
    if (log)
        as_str_copy(log->path, sizeof log->path, path);
    return log;
}

bool as_truth_log_close(as_truth_log *log, as_err *err)
{
    if (!log)
        return true;
    if (fclose(log->file) != 0 && !log->failed)
        log->failed = errno;
    bool ok = !log->failed || as_err_errno(err, log->failed, "the truth in '%s' is not whole", log->path);
    pthread_mutex_destroy(&log->lock);
    free(log);
    return ok;
}

void as_truth_log_add(as_truth_log *log, const char *device, int64_t block, as_ns timestamp, const char *what,
                      const as_pump_item *item)
{
    if (!log)
        return;
    json_t *json = as_pump_item_json(item);
    as_json_set(json, "device", json_string(device));
    as_json_set(json, "block", block >= 0 ? json_integer((json_int_t)block) : json_null());
    as_json_set(json, "timestamp_ns", json_integer((json_int_t)timestamp));
    if (what)
        as_json_set(json, "what", json_string(what));
    char *line = json ? as_json_text(json) : NULL;
    json_decref(json);
    pthread_mutex_lock(&log->lock);
    int failed = line ? 0 : ENOMEM;
    if (line && (fputs(line, log->file) < 0 || fputc('\n', log->file) < 0 || fflush(log->file) != 0))
        failed = errno ? errno : EIO;
    if (failed && !log->failed)
        log->failed = failed;
    pthread_mutex_unlock(&log->lock);
    free(line);
}
