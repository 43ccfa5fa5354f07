/* SPDX-License-Identifier: Apache-2.0 */
/* gv_camera ADDRESS: a GigE Vision camera on that address, until standard input is closed. Prints "ready" when it
 * answers; ends with 1 when the address or its port is taken. */
#include <arv.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    ArvGvFakeCamera *camera = arv_gv_fake_camera_new(argc > 1 ? argv[1] : "127.0.0.1", "TEST1");
    if (!camera || !arv_gv_fake_camera_is_running(camera))
        return 1;
    puts("ready");
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    g_object_unref(camera);
    return 0;
}
