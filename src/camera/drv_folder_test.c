/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "camera/camera.h"
#include "camera/folder_watch.h"
#include "image/codec.h"

static char folder_dir[64];
static char folder_log[4000];

static void folder_remember(void *ctx, as_log_level level, const char *line)
{
    size_t n = strlen(folder_log);
    (void)ctx;
    (void)level;
    snprintf(folder_log + n, sizeof folder_log - n, "%s\n", line);
}

static void folder_put(const char *name, const void *bytes, size_t n)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/%s", folder_dir, name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    assert_true(as_fs_make_dirs(path, &err));
    *slash = '/';
    if (!as_fs_write_fast(path, bytes, n, &err))
        fail_msg("%s", err.text);
}

static void folder_put_png(const char *name, as_pixel pixel, uint32_t width, uint32_t height)
{
    as_err   err = AS_ERR_NONE;
    as_image image;
    as_str   png;
    as_str_init(&png);
    assert_true(as_image_new(&image, pixel, width, height, &err));
    memset(image.data, (int)width, image.stride_bytes * height);
    assert_true(as_codec_encode_png(&image, 1, &png, &err));
    folder_put(name, png.s, png.len);
    as_str_done(&png);
    as_image_done(&image);
}

static int folder_make(void **state)
{
    (void)state;
    folder_log[0] = 0;
    as_log_set_sink(folder_remember, NULL);
    snprintf(folder_dir, sizeof folder_dir, "/tmp/assay-folder-test.XXXXXX");
    return mkdtemp(folder_dir) ? 0 : -1;
}

static int folder_remove(void **state)
{
    as_err err;
    (void)state;
    return as_fs_remove_tree(folder_dir, &err) ? 0 : -1;
}

static as_camera *folder_cam(const char *rest, as_err *err)
{
    char          uri[400];
    as_camera_cfg cfg = {.uri = uri};
    snprintf(uri, sizeof uri, "folder:%s%s", folder_dir, rest);
    *err = (as_err)AS_ERR_NONE;
    return as_camera_open(&cfg, err);
}

static as_frame *folder_next(as_camera *cam)
{
    as_err    err = AS_ERR_NONE;
    as_frame *frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err);
    if (!frame)
        fail_msg("%s", err.text);
    return frame;
}

static void folder_is_read_in_order_with_its_classes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *label;
        uint32_t    width;
    } want[] = {{"a.png", "", 9},
                {"bad one/1.PNG", "bad one", 12},
                {"good/10.png", "good", 7},
                {"good/9.png", "good", 8},
                {"train/good/x.png", "good", 6}};
    for (size_t i = AS_COUNT(want); i-- > 0;)
        folder_put_png(want[i].name, i == 1 ? AS_PIXEL_RGB8 : AS_PIXEL_MONO8, want[i].width, 5);
    folder_put("notes.txt", "no picture", 10);
    folder_put(".hidden.png", "no picture", 10);
    as_err     err;
    as_camera *cam = folder_cam("", &err);
    assert_non_null(cam);
    as_camera_geometry g = as_camera_geometry_of(cam);
    assert_true(g.pixel == AS_PIXEL_RGB8 && g.width == 12 && g.height == 5 && g.n_parts == 5 && g.can_wait);
    for (size_t i = 0; i < AS_COUNT(want); i++) {
        as_frame *frame = folder_next(cam);
        assert_string_equal(frame->name, want[i].name);
        assert_string_equal(frame->truth.label, want[i].label);
        assert_int_equal(frame->truth.known, want[i].label[0] != 0);
        assert_true(!frame->truth.known || isnan(frame->truth.severity));
        assert_int_equal(frame->status, AS_FRAME_OK);
        assert_int_equal(frame->image.width, want[i].width);
        assert_int_equal(frame->image.data[0], want[i].width);
        assert_int_equal(frame->sequence, i);
        assert_int_equal(frame->part, i + 1);
        as_frame_unref(frame);
    }
    assert_null(as_camera_next(cam, INT64_MAX, &err));
    assert_int_equal(err.code, AS_EEND);
    as_camera_close(cam);
}

static void folder_goes_on_after_damaged_pictures(void **state)
{
    (void)state;
    /* A header that claims 60,000 x 60,000 pixels in 33 bytes. */
    static const uint8_t huge[] = {0x89, 'P',  'N',  'G', 13, 10,   26,   10, 0, 0, 0, 13, 'I',  'H',  'D',  'R', 0,
                                   0,    0xea, 0x60, 0,   0,  0xea, 0x60, 8,  2, 0, 0, 0,  0x3c, 0x12, 0x5a, 0x0a};
    folder_put("1.jpg", "just text", 9);
    folder_put_png("2.png", AS_PIXEL_RGB8, 20, 10);
    folder_put("3.png", huge, sizeof huge);
    folder_put("4.jpeg", "", 0);
    as_err     err;
    as_camera *cam = folder_cam("", &err);
    assert_non_null(cam);
    assert_int_equal(as_camera_geometry_of(cam).width, 20);
    for (int i = 1; i <= 4; i++) {
        as_frame *frame = folder_next(cam);
        assert_int_equal(frame->status, i == 2 ? AS_FRAME_OK : AS_FRAME_CORRUPT);
        assert_int_equal(frame->name[0], '0' + i);
        assert_int_equal(frame->image.width, 20);
        assert_true(i == 2 || frame->image.data[0] == 0);
        as_frame_unref(frame);
    }
    as_camera_close(cam);
    assert_non_null(strstr(folder_log, "picture '1.jpg'"));
    assert_non_null(strstr(folder_log, "picture '3.png'"));
}

/* The same bytes are the same picture, under whatever name. */
static void folder_pictures_have_an_origin(void **state)
{
    (void)state;
    folder_put_png("a.png", AS_PIXEL_MONO8, 4, 4);
    folder_put_png("b.png", AS_PIXEL_MONO8, 4, 4);
    folder_put_png("c.png", AS_PIXEL_MONO8, 5, 4);
    as_err     err;
    as_camera *cam = folder_cam("", &err);
    as_origin  origins[3];
    assert_non_null(cam);
    for (int i = 0; i < 3; i++) {
        as_frame *frame = folder_next(cam);
        origins[i] = frame->origin;
        as_frame_unref(frame);
    }
    as_camera_close(cam);
    assert_false(as_origin_is_zero(&origins[0]));
    assert_memory_equal(&origins[0], &origins[1], sizeof origins[0]);
    assert_memory_not_equal(&origins[0], &origins[2], sizeof origins[0]);
}

static void folder_takes_any_name(void **state)
{
    (void)state;
    folder_put_png("a 'q' \"d\"\n.png", AS_PIXEL_MONO8, 4, 4);
    folder_put_png("b\xff\xfe/\x80.png", AS_PIXEL_MONO8, 4, 4);
    as_err     err;
    as_camera *cam = folder_cam("", &err);
    assert_non_null(cam);
    as_frame *frame = folder_next(cam);
    assert_string_equal(frame->name, "a 'q' \"d\"\\x0a.png");
    as_frame_unref(frame);
    frame = folder_next(cam);
    assert_string_equal(frame->name, "b\\xff\\xfe/\\x80.png");
    assert_string_equal(frame->truth.label, "b\\xff\\xfe");
    as_frame_unref(frame);
    as_camera_close(cam);
}

static void folder_follows_no_link_out(void **state)
{
    (void)state;
    char outside[100], path[200];
    snprintf(outside, sizeof outside, "%s.outside.png", folder_dir);
    folder_put_png("good/in.png", AS_PIXEL_MONO8, 4, 4);
    snprintf(path, sizeof path, "%s/good/in.png", folder_dir);
    assert_int_equal(rename(path, outside), 0);
    folder_put_png("good/in.png", AS_PIXEL_MONO8, 4, 4);
    snprintf(path, sizeof path, "%s/out.png", folder_dir);
    assert_int_equal(symlink(outside, path), 0);
    snprintf(path, sizeof path, "%s/also.png", folder_dir);
    assert_int_equal(symlink("good/in.png", path), 0);
    snprintf(path, sizeof path, "%s/nothing.png", folder_dir);
    assert_int_equal(symlink("nowhere", path), 0);
    as_err     err;
    as_camera *cam = folder_cam("", &err);
    assert_non_null(cam);
    assert_int_equal(as_camera_geometry_of(cam).n_parts, 2);
    as_frame *frame = folder_next(cam);
    assert_string_equal(frame->name, "also.png");
    assert_int_equal(frame->status, AS_FRAME_OK);
    as_frame_unref(frame);
    as_camera_close(cam);
    assert_non_null(strstr(folder_log, "'out.png': a link that leads out of the folder"));
    assert_non_null(strstr(folder_log, "'nothing.png': a link to nothing"));
    assert_int_equal(unlink(outside), 0);
}

static void folder_obeys_its_query(void **state)
{
    (void)state;
    as_err err;
    folder_put_png("a?b%/1.png", AS_PIXEL_MONO8, 4, 4);
    folder_put_png("a?b%/sub/2.png", AS_PIXEL_MONO8, 4, 4);
    as_camera *cam = folder_cam("/a%3Fb%25?recursive=0&loop=1", &err);
    if (!cam)
        fail_msg("%s", err.text);
    assert_int_equal(as_camera_geometry_of(cam).n_parts, 0);
    for (uint64_t i = 0; i < 3; i++) {
        as_frame *frame = folder_next(cam);
        assert_string_equal(frame->name, "1.png");
        assert_int_equal(frame->sequence, i);
        as_frame_unref(frame);
    }
    as_camera_close(cam);
    assert_null(folder_cam("/a%3Fb%25?loop=2", &err));
    assert_int_equal(err.code, AS_EINVAL);
}

static void folder_says_what_is_missing(void **state)
{
    (void)state;
    as_err err;
    assert_null(folder_cam("", &err));
    assert_int_equal(err.code, AS_EMISSING);
    assert_non_null(strstr(err.text, "no picture"));
    assert_null(folder_cam("/absent", &err));
    assert_int_equal(err.code, AS_EMISSING);
    folder_put("file", "x", 1);
    assert_null(folder_cam("/file", &err));
    assert_int_equal(err.code, AS_EINVAL);
    as_camera_cfg cfg = {.uri = "folder:"};
    assert_null(as_camera_open(&cfg, &err));
    assert_int_equal(err.code, AS_EINVAL);
}

static bool folder_any(const char *relative)
{
    return *relative != '\0';
}

static as_camera *folder_watched(const char *query)
{
    as_err     err = AS_ERR_NONE;
    as_camera *cam = folder_cam(query, &err);
    if (!cam)
        fail_msg("%s", err.text);
    return cam;
}

/* Bytes of a PNG of that size; free() them. */
static char *folder_png(uint32_t side, size_t *ret_n)
{
    as_err   err = AS_ERR_NONE;
    as_image image;
    as_str   png;
    as_str_init(&png);
    assert_true(as_image_new(&image, AS_PIXEL_RGB8, side, side, &err));
    memset(image.data, 90, image.stride_bytes * side);
    assert_true(as_codec_encode_png(&image, 1, &png, &err));
    as_image_done(&image);
    *ret_n = png.len;
    return as_str_take(&png);
}

static void folder_expect_none(as_camera *cam, as_ns wait)
{
    as_err err = AS_ERR_NONE;
    assert_null(as_camera_next(cam, as_clock_mono() + wait, &err));
    assert_int_equal(err.code, AS_ETIMEOUT);
}

/* A file that is being written is waited for until its writer closes it; one that is moved there is whole. */
static void folder_waits_for_whole_files(void **state)
{
    (void)state;
    size_t     n;
    char      *png = folder_png(16, &n), path[200], other[200];
    as_camera *cam = folder_watched("?watch=1&width=16&height=16");
    folder_expect_none(cam, 50 * AS_NS_PER_MS);
    snprintf(path, sizeof path, "%s/a.png", folder_dir);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(png, 1, n / 2, file), n / 2);
    fflush(file);
    folder_expect_none(cam, 100 * AS_NS_PER_MS);
    assert_int_equal(fwrite(png + n / 2, 1, n - n / 2, file), n - n / 2);
    fclose(file);
    as_frame *frame = folder_next(cam);
    assert_int_equal(frame->status, AS_FRAME_OK);
    assert_string_equal(frame->name, "a.png");
    as_frame_unref(frame);
    snprintf(other, sizeof other, "%s/b.part", folder_dir);
    file = fopen(other, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(png, 1, n, file), n);
    fclose(file);
    folder_expect_none(cam, 50 * AS_NS_PER_MS); /* no picture by its name */
    snprintf(path, sizeof path, "%s/b.png", folder_dir);
    assert_int_equal(rename(other, path), 0);
    frame = folder_next(cam);
    assert_string_equal(frame->name, "b.png");
    assert_int_equal(frame->sequence, 1);
    as_frame_unref(frame);
    folder_put_png("good/c.png", AS_PIXEL_RGB8, 8, 8); /* in a folder that is new, too */
    frame = folder_next(cam);
    assert_string_equal(frame->name, "good/c.png");
    assert_string_equal(frame->truth.label, "good");
    as_frame_unref(frame);
    folder_put_png("a.png", AS_PIXEL_RGB8, 12, 12); /* written anew */
    frame = folder_next(cam);
    assert_true(strcmp(frame->name, "a.png") == 0 && frame->image.width == 12);
    as_frame_unref(frame);
    folder_expect_none(cam, 100 * AS_NS_PER_MS);
    assert_int_equal(as_camera_lost(cam), 0);
    as_camera_close(cam);
    free(png);
}

/* Pictures slower or faster than the pace: the trigger of each is when it came, never when the belt would have had it. */
static void folder_new_ones_have_their_own_time(void **state)
{
    (void)state;
    static const char *const paces[] = {"?watch=1&width=16&height=16&fps=200", "?watch=1&width=16&height=16&fps=0.1"};
    for (size_t i = 0; i < AS_COUNT(paces); i++) {
        as_camera *cam = folder_watched(paces[i]);
        for (int k = 0; k < 3; k++) {
            char name[32];
            snprintf(name, sizeof name, "%zu-%d.png", i, k);
            folder_expect_none(cam, 20 * AS_NS_PER_MS);
            as_ns before = as_clock_mono();
            folder_put_png(name, AS_PIXEL_RGB8, 16, 16);
            as_frame *frame = folder_next(cam);
            assert_string_equal(frame->name, name);
            assert_true(frame->time_mono >= before && frame->time_mono <= as_clock_mono());
            as_frame_unref(frame);
        }
        as_camera_close(cam);
    }
}

static void folder_shows_old_ones_first(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    char            path[200];
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    folder_put_png("z.png", AS_PIXEL_MONO8, 8, 8);
    snprintf(path, sizeof path, "%s/z.png", folder_dir);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    as_camera *cam = folder_watched("?watch=1");
    as_frame  *frame = folder_next(cam);
    assert_string_equal(frame->name, "z.png");
    as_frame_unref(frame);
    folder_put_png("a.png", AS_PIXEL_RGB8, 8, 8);
    frame = folder_next(cam);
    assert_string_equal(frame->name, "a.png");
    as_frame_unref(frame);
    as_camera_close(cam);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    cam = folder_watched("?watch=1&old=0&width=8&height=8");
    folder_put_png("m.png", AS_PIXEL_RGB8, 8, 8);
    frame = folder_next(cam);
    assert_string_equal(frame->name, "m.png");
    as_frame_unref(frame);
    as_camera_close(cam);
    assert_null(folder_cam("?watch=1&loop=1", &err));
    assert_non_null(strstr(err.text, "do not go together"));
    assert_null(folder_cam("?watch=1&old=0", &err));
    assert_non_null(strstr(err.text, "say ?width=PX&height=PX"));
}

/* Where the system tells nothing, a file is whole when it stays as it is from one look to the next. */
static void folder_watches_without_being_told(void **state)
{
    (void)state;
    as_err                    err = AS_ERR_NONE;
    const as_folder_watch_cfg cfg = {.root = folder_dir, .recursive = true, .deaf = true, .wanted = folder_any};
    as_folder_watch          *watch = as_folder_watch_new(&cfg, &err);
    assert_non_null(watch);
    as_ns begun = as_clock_mono();
    folder_put("x.png", "12345", 5);
    as_ns arrived = 0;
    char *name = as_folder_watch_next(watch, begun + 15 * AS_NS_PER_S, &arrived, &err);
    if (!name)
        fail_msg("%s", err.text);
    assert_string_equal(name, "x.png");
    assert_true(as_clock_mono() - begun >= 2 * AS_NS_PER_S); /* seen at two looks */
    assert_true(arrived - begun >= 2 * AS_NS_PER_S && arrived <= as_clock_mono());
    free(name);
    as_folder_watch_free(watch);
}

/* A hard link is told as made, and nobody closes it. */
static void folder_watches_links(void **state)
{
    (void)state;
    as_err                    err = AS_ERR_NONE;
    const as_folder_watch_cfg cfg = {.root = folder_dir, .recursive = true, .wanted = folder_any};
    char                      from[200], to[200];
    as_ns                     arrived = 0;
    folder_put("x.png", "12345", 5);
    as_folder_watch *watch = as_folder_watch_new(&cfg, &err);
    assert_non_null(watch);
    char *name = as_folder_watch_next(watch, as_clock_mono() + 15 * AS_NS_PER_S, &arrived, &err);
    if (!name)
        fail_msg("%s", err.text);
    free(name);
    snprintf(from, sizeof from, "%s/x.png", folder_dir);
    snprintf(to, sizeof to, "%s/y.png", folder_dir);
    assert_int_equal(link(from, to), 0);
    name = as_folder_watch_next(watch, as_clock_mono() + 15 * AS_NS_PER_S, &arrived, &err);
    if (!name)
        fail_msg("%s", err.text);
    assert_string_equal(name, "y.png");
    free(name);
    assert_null(as_folder_watch_next(watch, as_clock_mono() + 50 * AS_NS_PER_MS, &arrived, &err));
    as_folder_watch_free(watch);
}

int main(void)
{
#define FOLDER_TEST(fn) cmocka_unit_test_setup_teardown(fn, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(folder_is_read_in_order_with_its_classes),
        FOLDER_TEST(folder_goes_on_after_damaged_pictures),
        FOLDER_TEST(folder_pictures_have_an_origin),
        FOLDER_TEST(folder_takes_any_name),
        FOLDER_TEST(folder_follows_no_link_out),
        FOLDER_TEST(folder_obeys_its_query),
        FOLDER_TEST(folder_says_what_is_missing),
        FOLDER_TEST(folder_waits_for_whole_files),
        FOLDER_TEST(folder_new_ones_have_their_own_time),
        FOLDER_TEST(folder_shows_old_ones_first),
        FOLDER_TEST(folder_watches_without_being_told),
        FOLDER_TEST(folder_watches_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
