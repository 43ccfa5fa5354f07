/* SPDX-License-Identifier: Apache-2.0 */
/* test_device.h - a device for a camera's test: a program of tests/devices in a process of its own.
 *
 * Layer:   camera, for its tests.
 * Threads: one thread.
 * Memory:  the process ends with as_test_device_kill(), or with its parent.
 */
#ifndef AS_CAMERA_TEST_DEVICE_H
#define AS_CAMERA_TEST_DEVICE_H

#include <sys/types.h>

#include "base/def.h"

typedef struct as_test_device {
    pid_t pid;      /* 0: it does not run */
    int   in;       /* closing it ends the device */
    char  said[64]; /* its first line: "ready ..." */
} as_test_device;

/* False when there is no such program, or it says anything else than "ready". argv[0] is its name in tests/devices. */
bool as_test_device_start(as_test_device *device, const char *const *argv);
void as_test_device_kill(as_test_device *device); /* also one that does not run */

#endif
