/* SPDX-License-Identifier: Apache-2.0 */
/* stream_say.h - what a camera's stream counted, for programs and for people.
 *
 * Layer:   cli.
 * Threads: pure.
 * Memory:  JSON values are new references.
 */
#ifndef AS_CLI_STREAM_SAY_H
#define AS_CLI_STREAM_SAY_H

#include "base/json.h"
#include "camera/stats.h"

json_t *as_stream_json(const as_camera_stream *stream); /* all of stream.def; NULL without memory */

/* A sentence where pictures were not whole, late or without memory; false: none was. */
bool as_stream_trouble(const as_camera_stream *stream, char *text, size_t n);

#endif
