/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stream_say.h"

#include <inttypes.h>
#include <stdio.h>

json_t *as_stream_json(const as_camera_stream *stream)
{
    json_t *json = json_object();
#define X(name, what) as_json_set(json, #name, json_integer((json_int_t)stream->name));
#include "camera/stream.def"
#undef X
    return json;
}

bool as_stream_trouble(const as_camera_stream *s, char *text, size_t n)
{
    char side[160] = "";
    if (s->n_failures + s->n_underruns + s->n_late + s->n_others == 0)
        return false;
    if (s->n_pauses + s->n_dropped_packets > 0)
        snprintf(side, sizeof side,
                 "; %" PRIu64 " times it paused in the middle of a picture, and %" PRIu64 " packets found no room here",
                 s->n_pauses, s->n_dropped_packets);
    snprintf(text, n,
             "of the wire: %" PRIu64 " pictures whole, %" PRIu64 " given up, %" PRIu64 " late, %" PRIu64
             " without memory, %" PRIu64 " no image; of %" PRIu64 " packets %" PRIu64 " were asked for again, %" PRIu64
             " of those came, and %" PRIu64 " are missing%s",
             s->n_completed_buffers, s->n_failures, s->n_late, s->n_underruns, s->n_others, s->n_received_packets,
             s->n_resend_requests, s->n_resent_packets, s->n_missing_packets, side);
    return true;
}
