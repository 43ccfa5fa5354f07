/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/test_device.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"

#define DEVICE_ARGS 8

extern char **environ;

static bool device_spawn(as_test_device *device, char *const *argv, const int in[2], const int out[2])
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, in[1]);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    bool ok = posix_spawn(&device->pid, argv[0], &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (!ok)
        device->pid = 0;
    return ok;
}

bool as_test_device_start(as_test_device *device, const char *const *argv)
{
    char        path[AS_FS_PATH_BYTES], words[DEVICE_ARGS][64], *args[DEVICE_ARGS + 1] = {path};
    const char *build = getenv("ASSAY_BUILD");
    int         in[2], out[2];
    memset(device, 0, sizeof *device);
    snprintf(path, sizeof path, "%s/tests/devices/%s", build ? build : "build", argv[0]);
    for (size_t i = 1; argv[i] && i < DEVICE_ARGS; i++) {
        snprintf(words[i], sizeof words[i], "%s", argv[i]);
        args[i] = words[i];
    }
    if (!as_fs_is_file(path) || pipe(in) != 0 || pipe(out) != 0)
        return false;
    bool ok = device_spawn(device, args, in, out);
    close(in[0]);
    close(out[1]);
    device->in = in[1];
    ssize_t n = ok ? read(out[0], device->said, sizeof device->said - 1) : 0;
    close(out[0]);
    device->said[n > 0 ? n : 0] = '\0';
    device->said[strcspn(device->said, "\n")] = '\0';
    if (ok && strncmp(device->said, "ready", 5) == 0)
        return true;
    as_test_device_kill(device);
    return false;
}

void as_test_device_kill(as_test_device *device)
{
    if (device->pid <= 0)
        return;
    kill(device->pid, SIGKILL);
    waitpid(device->pid, NULL, 0);
    close(device->in);
    device->pid = 0;
}
