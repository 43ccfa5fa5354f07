/* SPDX-License-Identifier: Apache-2.0 */
/* camera_pick.h - the camera that a command line names, and how its features are said.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  as_camera_close() what is opened; JSON values are new references.
 */
#ifndef AS_CLI_CAMERA_PICK_H
#define AS_CLI_CAMERA_PICK_H

#include "camera/setting.h"
#include "cli/verb.h"

/* The camera of the word behind the action. idle: for its settings alone. */
AS_CHECK as_camera *as_camera_pick(const as_cli *cli, bool idle, as_err *err);

/* The same, to look alone: one that another program is in control of, too, where that lets others read. */
AS_CHECK as_camera *as_camera_pick_look(const as_cli *cli, as_err *err);

/* The next frame, within `wait`; AS_ECANCELLED on Ctrl-C. A frame there was no memory for is not waited for. */
AS_CHECK as_frame *as_camera_pick_frame(as_cli *cli, as_camera *cam, as_ns wait, as_err *err);

/* "Feature=Value"; of a command "Feature" alone. AS_EINVAL. */
AS_CHECK bool as_camera_pick_wish(const char *word, as_setting_wish *ret, as_err *err);

json_t *as_camera_setting_json(const as_setting *feature); /* NULL without memory */

#endif
