/* SPDX-License-Identifier: Apache-2.0 */
/* gst_client PIPELINE: runs a pipeline of GStreamer until it ends, and prints "N buffers" that reached the sink called "sink".
 * Ends with 77 where an element of it is not installed. */
#include <gst/gst.h>
#include <stdio.h>
#include <string.h>

static guint64 n_buffers;

static GstPadProbeReturn client_count(GstPad *pad, GstPadProbeInfo *info, gpointer ctx)
{
    (void)pad;
    (void)info;
    (void)ctx;
    n_buffers++;
    return GST_PAD_PROBE_OK;
}

int main(int argc, char **argv)
{
    GError *error = NULL;
    gst_init(NULL, NULL);
    GstElement *pipeline = argc > 1 ? gst_parse_launch(argv[1], &error) : NULL;
    if (!pipeline || error) {
        fprintf(stderr, "gst_client: %s\n", error ? error->message : "no pipeline");
        return g_error_matches(error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT) ? 77 : 2;
    }
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    GstPad     *pad = sink ? gst_element_get_static_pad(sink, "sink") : NULL;
    if (!pad)
        return 2;
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, client_count, NULL, NULL);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus     *bus = gst_element_get_bus(pipeline);
    GstMessage *message =
        gst_bus_timed_pop_filtered(bus, 15 * GST_SECOND, (GstMessageType)(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    int status = message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS ? 0 : 3;
    if (message && status) {
        gst_message_parse_error(message, &error, NULL);
        fprintf(stderr, "gst_client: %s\n", error->message);
    }
    printf("%llu buffers\n", (unsigned long long)n_buffers);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return status;
}
