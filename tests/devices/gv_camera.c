/* SPDX-License-Identifier: Apache-2.0 */
/* gv_camera ADDRESS [lines]: a GigE Vision camera on that address, until standard input is closed; with two lines behind a selector
 * (LineMode and LineSource of Line1 and Line2; an input's LineSource cannot be written), if asked for. Prints "ready" when it answers; ends with 1 when the address or its
 * port is taken. */
#include <arv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGISTER(name, address, index)                                                    \
    "<IntReg Name=\"" name "\"><Address>" address "</Address>" index "<Length>4</Length>" \
    "<AccessMode>RW</AccessMode><pPort>Device</pPort><Cachable>NoCache</Cachable>"        \
    "<Sign>Unsigned</Sign><Endianess>BigEndian</Endianess></IntReg>"
#define ENTRIES(zero, one)                                                                                  \
    "<EnumEntry Name=\"" zero "\"><Value>0</Value></EnumEntry><EnumEntry Name=\"" one "\"><Value>1</Value>" \
    "</EnumEntry>"
#define CHOICE(name, zero, one, index, address) \
    "<Enumeration Name=\"" name                 \
    "\">" ENTRIES(zero, one) "<pValue>" name    \
                             "Register</pValue></Enumeration>" REGISTER(name "Register", address, index)

static const char camera_end[] = "</RegisterDescription>";
static const char camera_lines[] = CHOICE("LineSelector", "Line1", "Line2", "", "0x8000")
    CHOICE("LineMode", "Input", "Output", "<pIndex Offset=\"4\">LineSelectorRegister</pIndex>",
           "0x8010") "<Enumeration "
                     "Name=\"LineSource\"><pIsLocked>LineSourceLocked</"
                     "pIsLocked>" ENTRIES("Off", "ExposureActive") "<pValue>LineSourceRegister</"
                                                                   "pValue></"
                                                                   "Enumeration><IntSwissKnife "
                                                                   "Name=\"LineSourceLocked\">"
                                                                   "<pVariable "
                                                                   "Name=\"MODE\">"
                                                                   "LineModeRegister</"
                                                                   "pVariable><Formula>1 - "
                                                                   "MODE</Formula></"
                                                                   "IntSwissKnife>" REGISTER("LineSourceRegister",
                                                                                             "0x8020",
                                                                                             "<pIndex "
                                                                                             "Offset=\"4\">"
                                                                                             "LineSelectorRegister</"
                                                                                             "pIndex>");

/* Aravis' own description of its camera, and the lines. Returns a file's name. */
static const char *camera_describe(void)
{
    static char path[] = "/tmp/gv_camera.XXXXXX";
    size_t      n = 0;
    const char *text = arv_fake_camera_get_genicam_xml(arv_fake_camera_new("TEST1"), &n);
    const char *end = memmem(text, n, camera_end, strlen(camera_end));
    int         fd = end ? mkstemp(path) : -1;
    FILE       *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f || fprintf(f, "%.*s%s%s", (int)(end - text), text, camera_lines, camera_end) < 0 || fclose(f) != 0)
        exit(1);
    return path;
}

int main(int argc, char **argv)
{
    const char      *file = argc > 2 ? camera_describe() : NULL;
    ArvGvFakeCamera *camera = arv_gv_fake_camera_new_full(argc > 1 ? argv[1] : "127.0.0.1", "TEST1", file);
    if (file)
        unlink(file);
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
