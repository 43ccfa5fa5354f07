/* SPDX-License-Identifier: Apache-2.0 */
/* gige_show [FILE]: Aravis' own camera with the GenICam description in FILE, opened, listed and set as any camera is. 0 when
 * it opened, 1 when it was refused with a reason, which is printed. Without FILE: prints the description that it has. */
#include <arv.h>
#include <stdio.h>
#include <string.h>

#include "camera/setting.h"

static int show_xml(void)
{
    size_t n = 0;
    arv_enable_interface("Fake");
    ArvCamera  *camera = arv_camera_new("Fake_1", NULL);
    const char *xml = camera ? arv_device_get_genicam_xml(arv_camera_get_device(camera), &n) : NULL;
    if (xml)
        fwrite(xml, 1, n, stdout);
    return xml ? 0 : 1;
}

int main(int argc, char **argv)
{
    as_err          err = AS_ERR_NONE;
    as_setting_list list = {0};
    if (argc < 2)
        return show_xml();
    arv_set_fake_camera_genicam_filename(argv[1]);
    as_camera_cfg cfg = {.uri = "gige:fake", .idle = true};
    as_camera    *cam = as_camera_open(&cfg, &err);
    if (!cam || !as_camera_settings(cam, NULL, &list, &err)) {
        puts(err.text);
        as_camera_close(cam);
        return 1;
    }
    size_t n_set = 0;
    for (size_t i = 0; i < list.all.n; i++) {
        as_err ignored = AS_ERR_NONE;
        n_set += as_camera_set(cam, list.all.at[i].name, list.all.at[i].value, NULL, &ignored);
    }
    printf("%zu features, %zu set\n", list.all.n, n_set);
    as_setting_list_done(&list);
    as_camera_close(cam);
    return 0;
}
