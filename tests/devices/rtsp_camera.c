/* SPDX-License-Identifier: Apache-2.0 */
/* rtsp_camera [FRAMES [PORT]]: a camera on rtsp://127.0.0.1:PORT/live, 10 frames a second of 320 x 240 px (a ball that moves), each
 * client's from the first; without FRAMES, or of 0, until standard input is closed. Prints "ready PORT" when it answers. */
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gboolean camera_closed(GIOChannel *channel, GIOCondition condition, gpointer loop)
{
    char byte;
    (void)channel;
    (void)condition;
    if (read(STDIN_FILENO, &byte, 1) > 0)
        return TRUE;
    g_main_loop_quit(loop);
    return FALSE;
}

int main(int argc, char **argv)
{
    gst_init(NULL, NULL);
    GMainLoop           *loop = g_main_loop_new(NULL, FALSE);
    GstRTSPServer       *server = gst_rtsp_server_new();
    GstRTSPMountPoints  *mounts = gst_rtsp_server_get_mount_points(server);
    GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
    char                 launch[400];
    snprintf(launch, sizeof launch,
             "( videotestsrc is-live=true pattern=ball num-buffers=%ld ! "
             "video/x-raw,format=I420,width=320,height=240,framerate=10/1 "
             "! jpegenc ! rtpjpegpay name=pay0 pt=26 )",
             argc > 1 && strcmp(argv[1], "0") != 0 ? strtol(argv[1], NULL, 10) : -1L);
    gst_rtsp_media_factory_set_launch(factory, launch);
    gst_rtsp_mount_points_add_factory(mounts, "/live", factory);
    g_object_unref(mounts);
    gst_rtsp_server_set_address(server, "127.0.0.1");
    gst_rtsp_server_set_service(server, argc > 2 ? argv[2] : "0");
    if (gst_rtsp_server_attach(server, NULL) == 0)
        return 1;
    printf("ready %d\n", gst_rtsp_server_get_bound_port(server));
    fflush(stdout);
    GIOChannel *in = g_io_channel_unix_new(STDIN_FILENO);
    g_io_add_watch(in, G_IO_IN | G_IO_HUP, camera_closed, loop);
    g_main_loop_run(loop);
    g_io_channel_unref(in);
    return 0;
}
