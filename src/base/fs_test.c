/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"

static char   dir[64];
static as_err err;

static int set_up(void **state)
{
    (void)state;
    err = (as_err)AS_ERR_NONE;
    as_str_copy(dir, sizeof dir, "/tmp/assay_fs_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return as_fs_remove_tree(dir, &err) && !as_fs_is_dir(dir) ? 0 : -1;
}

/* dir/name; four may be in use at a time. */
static const char *in_dir(const char *name)
{
    static char paths[4][AS_FS_PATH_BYTES];
    static int  next;
    char       *path = paths[next++ % 4];
    if (!as_fs_join(path, dir, name, &err))
        fail_msg("%s", err.text);
    return path;
}

static void put(const char *name, const char *text)
{
    if (!as_fs_write(in_dir(name), text, strlen(text), &err))
        fail_msg("%s", err.text);
}

static void make_dirs(const char *name)
{
    if (!as_fs_make_dirs(in_dir(name), &err))
        fail_msg("%s", err.text);
}

static void check_content(const char *name, const char *want)
{
    uint8_t *bytes = NULL;
    size_t   n = 0;
    if (!as_fs_read(in_dir(name), 1 << 20, &bytes, &n, &err))
        fail_msg("%s", err.text);
    assert_int_equal(n, strlen(want));
    assert_string_equal((char *)bytes, want);
    free(bytes);
}

static bool add_path(void *ctx, const as_fs_entry *entry, as_err *e)
{
    (void)e;
    as_str_addf(ctx, "%s%s\n",
                entry->kind == AS_FS_LINK    ? "@"
                : entry->kind == AS_FS_OTHER ? "?"
                                             : "",
                entry->relative);
    return true;
}

static void check_walk(const char *want)
{
    as_str seen;
    as_str_init(&seen);
    if (!as_fs_walk(dir, add_path, &seen, &err))
        fail_msg("%s", err.text);
    assert_string_equal(seen.s, want);
    as_str_done(&seen);
}

static void check_failed(bool ok, as_err_code code, const char *part)
{
    assert_false(ok);
    assert_int_equal(err.code, code);
    if (!strstr(err.text, part))
        fail_msg("'%s' does not tell of '%s'", err.text, part);
}

static void test_write_and_read(void **state)
{
    (void)state;
    put("a", "one");
    check_content("a", "one");
    put("a", "two!");
    check_content("a", "two!");
    put("empty", "");
    check_content("empty", "");
    assert_true(as_fs_write_fast(in_dir("a"), "three", 5, &err));
    check_content("a", "three");
    check_walk("a\nempty\n"); /* no temporary file stays */
    struct stat st;
    mode_t      mask = umask(0);
    umask(mask);
    assert_int_equal(stat(in_dir("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
    assert_int_equal(chdir(dir), 0);
    assert_true(as_fs_write("bare", "x", 1, &err)); /* a path without a slash has a folder too */
    check_content("bare", "x");
    assert_int_equal(chdir("/"), 0);
}

static void test_read_limits(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t   n = 77;
    put("a", "12345");
    assert_true(as_fs_read(in_dir("a"), 5, &bytes, &n, &err));
    free(bytes);
    bytes = NULL;
    check_failed(as_fs_read(in_dir("a"), 4, &bytes, &n, &err), AS_ELIMIT, "it has 5 bytes, at most 4");
    check_failed(as_fs_read(in_dir("gone"), 9, &bytes, &n, &err), AS_ENOTFOUND, "/gone'");
    check_failed(as_fs_read(dir, 9, &bytes, &n, &err), AS_EINVAL, "it is a folder");
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    check_failed(as_fs_read(in_dir("pipe"), 9, &bytes, &n, &err), AS_EINVAL, "not a file");
    check_failed(as_fs_read("/dev/zero", 9, &bytes, &n, &err), AS_EINVAL, "not a file");
    assert_null(bytes);
    assert_int_equal(n, 5);
    /* files of /proc say that they have no bytes */
    assert_true(as_fs_read("/proc/self/status", 1 << 20, &bytes, &n, &err));
    assert_non_null(strstr((char *)bytes, "VmRSS"));
    free(bytes);
    check_failed(as_fs_read("/proc/self/status", 20, &bytes, &n, &err), AS_ELIMIT, "more than the 20 bytes");
}

static void test_large_file(void **state)
{
    (void)state;
    size_t   n = (5 << 20) + 3, n_back;
    uint8_t *bytes = malloc(n), *back;
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i * 2654435761U >> 24);
    assert_true(as_fs_write(in_dir("big"), bytes, n, &err));
    assert_true(as_fs_read(in_dir("big"), n, &back, &n_back, &err));
    assert_int_equal(n_back, n);
    assert_memory_equal(back, bytes, n);
    assert_int_equal(back[n], 0);
    free(back);
    free(bytes);
}

static void test_temporary_files_of_others(void **state)
{
    (void)state;
    char name[64];
    put("a", "old");
    for (int i = 0; i < 60; i++) { /* what a killed process with the same number may have left, as files and as links */
        snprintf(name, sizeof name, "a.tmp.%ld.%d", (long)getpid(), i);
        int fd = open(in_dir(name), O_WRONLY | O_CREAT, 0600);
        if (fd >= 0) {
            assert_int_equal(write(fd, "half", 4), 4);
            close(fd);
        }
    }
    put("a", "new");
    check_content("a", "new");
    snprintf(name, sizeof name, "a.tmp.%ld.59", (long)getpid());
    check_content(name, "half"); /* not ours to touch */
}

/* Writes whole files of one letter, as fast as it can, and tells of each. */
static void write_for_ever(const char *path, int tell)
{
    static char text[300000];
    for (char c = 'A';; c = c == 'A' ? 'B' : 'A') {
        memset(text, c, sizeof text);
        if (!as_fs_write_fast(path, text, sizeof text, NULL) || write(tell, "x", 1) != 1)
            _exit(1);
    }
}

static void test_killed_while_writing(void **state)
{
    (void)state;
    const char *path = in_dir("a");
    for (int turn = 1; turn <= 25; turn++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        if (child == 0)
            write_for_ever(path, told[1]);
        assert_true(child > 0);
        close(told[1]);
        char x;
        for (int i = 0; i < turn; i++)
            assert_int_equal(read(told[0], &x, 1), 1);
        kill(child, SIGKILL); /* somewhere in the next file */
        assert_int_equal(waitpid(child, NULL, 0), child);
        close(told[0]);
        uint8_t *bytes;
        size_t   n;
        assert_true(as_fs_read(path, 1 << 20, &bytes, &n, &err));
        assert_int_equal(n, 300000);
        for (size_t i = 1; i < n; i++)
            if (bytes[i] != bytes[0])
                fail_msg("a mixture at %zu", i);
        free(bytes);
    }
    put("a", "and it goes on");
    check_content("a", "and it goes on");
}

static void test_write_failures(void **state)
{
    (void)state;
    check_failed(as_fs_write(in_dir("no/such"), "x", 1, &err), AS_ENOTFOUND, "cannot write '");
    make_dirs("folder");
    assert_false(as_fs_write(in_dir("folder"), "x", 1, &err));
    put("file", "x");
    check_failed(as_fs_write(in_dir("file/below"), "x", 1, &err), AS_EINVAL, "no folder");
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    check_failed(as_fs_write(in_dir(name), "x", 1, &err), AS_ELIMIT, "too long");
    check_walk("file\n");
}

/* A file system of our own on dir, gone with the process; false where we may not. */
static bool mount_small(const char *options)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", dir, "tmpfs", 0, options) == 0;
}

static void test_full_disk(void **state)
{
    (void)state;
    static char text[100000];
    uint64_t    room = 0;
    if (!mount_small("size=64k")) {
        print_message("a full disk is not tested: no right to mount one\n");
        skip();
    }
    assert_true(as_fs_free_bytes(dir, &room, &err));
    assert_int_equal(room, 65536);
    put("a", "old");
    check_failed(as_fs_write(in_dir("a"), text, sizeof text, &err), AS_ENOSPC,
                 "/a': no space left on the disk (free some, or point the workspace elsewhere)");
    check_failed(as_fs_write_fast(in_dir("a"), text, sizeof text, &err), AS_ENOSPC, "no space left");
    check_content("a", "old");
    check_walk("a\n"); /* the half that fitted is gone */
    assert_true(as_fs_free_bytes(dir, &room, &err));
    assert_true(room >= 56000);
    assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

static void test_read_only_disk(void **state)
{
    (void)state;
    if (!mount_small("size=64k")) {
        print_message("a read-only disk is not tested: no right to mount one\n");
        skip();
    }
    put("a", "old");
    make_dirs("there");
    assert_int_equal(mount("none", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    check_failed(as_fs_write(in_dir("a"), "x", 1, &err), AS_EACCESS, "/a': the file system is read-only");
    check_failed(as_fs_remove(in_dir("a"), &err), AS_EACCESS, "read-only");
    check_failed(as_fs_remove_tree(in_dir("there"), &err), AS_EACCESS, "read-only");
    check_failed(as_fs_rename(in_dir("a"), in_dir("b"), &err), AS_EACCESS, "read-only");
    check_failed(as_fs_make_dirs(in_dir("new"), &err), AS_EACCESS, "read-only");
    int fd = -1;
    check_failed(as_fs_lock(in_dir("lock"), &fd, &err), AS_EACCESS, "read-only");
    assert_int_equal(fd, -1);
    assert_true(as_fs_make_dirs(in_dir("there"), &err)); /* nothing to do is no failure */
    check_content("a", "old");
    assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

static void test_read_only_folder(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("a read-only folder is not tested: root may write there (the read-only disk is)\n");
        skip();
    }
    make_dirs("f");
    put("f/a", "old");
    assert_int_equal(chmod(in_dir("f"), 0500), 0);
    check_failed(as_fs_write(in_dir("f/a"), "x", 1, &err), AS_EACCESS, "permission denied");
    check_failed(as_fs_remove(in_dir("f/a"), &err), AS_EACCESS, "permission denied");
    check_failed(as_fs_remove_tree(in_dir("f"), &err), AS_EACCESS, "permission denied");
    check_content("f/a", "old");
    assert_int_equal(chmod(in_dir("f"), 0700), 0);
}

static void test_make_dirs(void **state)
{
    (void)state;
    make_dirs("a/b//c/");
    assert_true(as_fs_is_dir(in_dir("a/b/c")));
    make_dirs("a/b/c");
    put("file", "x");
    assert_true(as_fs_is_file(in_dir("file")) && !as_fs_is_dir(in_dir("file")));
    assert_false(as_fs_is_file(in_dir("a")) || as_fs_is_file(in_dir("gone")) || as_fs_is_dir(in_dir("gone")));
    check_failed(as_fs_make_dirs(in_dir("file/x"), &err), AS_EEXIST, "/file' is there and is no folder");
    check_failed(as_fs_make_dirs("", &err), AS_EINVAL, "without a name");
    assert_int_equal(symlink("a", in_dir("link")), 0);
    make_dirs("link/d"); /* a link to a folder is a folder */
    assert_true(as_fs_is_dir(in_dir("a/d")));
    assert_true(as_fs_make_dirs("/", &err));
}

static void test_join(void **state)
{
    (void)state;
    char buf[AS_FS_PATH_BYTES], name[AS_FS_PATH_BYTES];
    assert_true(as_fs_join(buf, "a", "b", &err));
    assert_string_equal(buf, "a/b");
    assert_true(as_fs_join(buf, "a/", "b", &err));
    assert_string_equal(buf, "a/b");
    assert_true(as_fs_join(buf, "", "b", &err));
    assert_string_equal(buf, "b");
    assert_true(as_fs_join(buf, "a", "/b", &err));
    assert_string_equal(buf, "/b");
    memset(name, 'n', sizeof name);
    name[sizeof name - 3] = '\0'; /* with "a/" and the zero byte it just fits */
    assert_true(as_fs_join(buf, "a", name, &err));
    check_failed(as_fs_join(buf, "aa", name, &err), AS_ELIMIT, "too long");
}

/* Root could replace /dev/full by a file, and nobody's test of a full disk would see one again. */
static void test_devices_and_pipes_are_written_into(void **state)
{
    (void)state;
    struct stat st;
    char        got[8] = "";
    check_failed(as_fs_write("/dev/full", "text", 4, &err), AS_ENOSPC, "cannot write '/dev/full'");
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    const int fd = open(in_dir("pipe"), O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_true(as_fs_write(in_dir("pipe"), "text", 4, &err));
    assert_int_equal(read(fd, got, sizeof got), 4);
    assert_memory_equal(got, "text", 4);
    close(fd);
    assert_int_equal(lstat(in_dir("pipe"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

static void test_remove_and_rename(void **state)
{
    (void)state;
    put("a", "x");
    assert_true(as_fs_rename(in_dir("a"), in_dir("b"), &err));
    check_content("b", "x");
    check_failed(as_fs_rename(in_dir("a"), in_dir("b"), &err), AS_ENOTFOUND, "/a' to '");
    assert_true(as_fs_remove(in_dir("b"), &err));
    assert_true(as_fs_remove(in_dir("b"), &err)); /* not there is as good */
    make_dirs("d");
    assert_false(as_fs_remove(in_dir("d"), &err));
    assert_true(as_fs_sync_dir(in_dir("d"), &err));
    check_failed(as_fs_sync_dir(in_dir("gone"), &err), AS_ENOTFOUND, "/gone'");
    check_failed(as_fs_free_bytes(in_dir("gone"), &(uint64_t){0}, &err), AS_ENOTFOUND, "/gone'");
}

static void test_remove_tree(void **state)
{
    (void)state;
    make_dirs("keep");
    put("keep/a", "x");
    make_dirs("t/u/v");
    put("t/u/f", "x");
    put("t/\xff\n name", "x");
    assert_int_equal(symlink("../../keep", in_dir("t/u/link")), 0);
    assert_int_equal(symlink("t", in_dir("link_to_t")), 0);
    assert_true(as_fs_remove_tree(in_dir("link_to_t"), &err)); /* the link, not what it points to */
    check_content("t/u/f", "x");
    assert_true(as_fs_remove_tree(in_dir("t"), &err));
    assert_false(as_fs_is_dir(in_dir("t")));
    check_walk("keep/a\n");
    assert_true(as_fs_remove_tree(in_dir("t"), &err));
    assert_true(as_fs_remove_tree(in_dir("keep/a"), &err));
    check_walk("");
}

static void test_walk_order(void **state)
{
    (void)state;
    make_dirs("a/z");
    make_dirs("ab");
    make_dirs("empty");
    put("a/z/1", "x");
    put("a/b", "x");
    put("a-b", "x");
    put("a.b", "x");
    put("ab/c", "x");
    put("B", "x");
    put("\xc3\xa9", "x");
    put("\xff", "x");
    put("with\nline end", "x");
    assert_int_equal(symlink("a", in_dir("link")), 0);
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    /* strcmp order of the whole relative path: "a-b" < "a.b" < "a/b" < "ab/c" */
    check_walk("B\na-b\na.b\na/b\na/z/1\nab/c\n@link\n?pipe\nwith\nline end\n\xc3\xa9\n\xff\n");
}

static bool swap_for_link(void *ctx, const as_fs_entry *entry, as_err *e)
{
    bool *swapped = ctx;
    if (*swapped)
        return strcmp(entry->relative, "b/kept") != 0 || AS_FAIL(e, AS_EINTERNAL, "led through the link");
    *swapped = true;
    return rename(in_dir("w/b"), in_dir("away")) == 0 && symlink("../outside", in_dir("w/b")) == 0;
}

/* Who may write below the root may swap a folder for a link after it was listed and before it is opened. */
static void test_walk_is_not_led_out(void **state)
{
    (void)state;
    bool swapped = false;
    make_dirs("outside");
    make_dirs("w/b");
    put("outside/kept", "x");
    put("w/a", "x");
    check_failed(as_fs_walk(in_dir("w"), swap_for_link, &swapped, &err), AS_EINVAL, "/w/b/'");
    assert_true(swapped);
}

static bool check_entry(void *ctx, const as_fs_entry *entry, as_err *e)
{
    (void)ctx;
    struct stat st;
    assert_string_equal(entry->path + strlen(dir) + 1, entry->relative);
    assert_int_equal(entry->bytes, 5);
    assert_int_equal(stat(entry->path, &st), 0);
    assert_true(entry->mtime_ns / 1000000000 == st.st_mtim.tv_sec &&
                entry->mtime_ns % 1000000000 == st.st_mtim.tv_nsec);
    return AS_FAIL(e, AS_ECANCELLED, "seen enough");
}

static void test_walk_stops(void **state)
{
    (void)state;
    make_dirs("a");
    put("a/1", "12345");
    put("a/2", "12345");
    check_failed(as_fs_walk(dir, check_entry, NULL, &err), AS_ECANCELLED, "seen enough");
    check_failed(as_fs_walk(in_dir("gone"), check_entry, NULL, &err), AS_ENOTFOUND, "/gone'");
    check_failed(as_fs_walk(in_dir("a/1"), check_entry, NULL, &err), AS_EINVAL, "/a/1'");
}

static void test_walk_depth(void **state)
{
    (void)state;
    as_str path, seen;
    as_str_init(&path);
    as_str_init(&seen);
    as_str_add(&path, "d");
    for (int i = 1; i < 64; i++)
        as_str_add(&path, "/d");
    make_dirs(path.s);
    assert_true(as_fs_walk(dir, add_path, &seen, &err));
    as_str_add(&path, "/e");
    make_dirs(path.s);
    check_failed(as_fs_walk(dir, add_path, &seen, &err), AS_ELIMIT, "more than 64 folders deep");
    assert_int_equal(rmdir(in_dir(path.s)), 0);
    as_str_done(&path);
    as_str_done(&seen);
}

static void test_lock(void **state)
{
    (void)state;
    int  fd = -1, other = -1, ready[2], end[2];
    char want[64], x;
    assert_int_equal(pipe(ready) + pipe(end), 0);
    pid_t child = fork();
    if (child == 0) { /* holds it until it is killed */
        int own;
        if (!as_fs_lock(in_dir("lock"), &own, NULL) || write(ready[1], "x", 1) != 1)
            _exit(1);
        close(end[1]);
        _exit(read(end[0], &x, 1) == 0 ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &x, 1), 1);
    snprintf(want, sizeof want, "is locked by process %ld ", (long)child);
    check_failed(as_fs_lock(in_dir("lock"), &fd, &err), AS_EBUSY, want);
    assert_int_equal(fd, -1);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(as_fs_lock(in_dir("lock"), &fd, &err)); /* the dead hold nothing */
    snprintf(want, sizeof want, "is locked by process %ld ", (long)getpid());
    check_failed(as_fs_lock(in_dir("lock"), &other, &err), AS_EBUSY, want);
    as_fs_unlock(fd);
    assert_true(as_fs_lock(in_dir("lock"), &other, &err));
    as_fs_unlock(other);
    as_fs_unlock(-1);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(end[i]);
    }
}

static void check_zeros(const char *name, size_t n)
{
    uint8_t *bytes;
    size_t   got;
    assert_true(as_fs_read(in_dir(name), 1 << 20, &bytes, &got, &err));
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], 0);
    free(bytes);
}

/* A second name shows what became of the bytes. */
static void test_wipe(void **state)
{
    (void)state;
    enum { N = 200000 };
    char *text = malloc(N + 1);
    memset(text, 's', N);
    text[N] = '\0';
    put("secret", text);
    assert_int_equal(link(in_dir("secret"), in_dir("second")), 0);
    assert_true(as_fs_wipe(in_dir("secret"), &err));
    assert_false(as_fs_is_file(in_dir("secret")));
    check_zeros("second", N);
    assert_true(as_fs_wipe(in_dir("secret"), &err)); /* again */
    put("secret", text);
    assert_int_equal(link(in_dir("secret"), in_dir("third")), 0);
    assert_true(as_fs_write_over(in_dir("secret"), "new", 3, &err));
    check_zeros("third", N);
    uint8_t *bytes;
    size_t   n;
    assert_true(as_fs_read(in_dir("secret"), 10, &bytes, &n, &err));
    assert_string_equal((char *)bytes, "new");
    free(bytes);
    assert_int_equal(symlink("secret", in_dir("link")), 0);
    assert_true(as_fs_wipe(in_dir("link"), &err));
    assert_int_not_equal(access(in_dir("link"), F_OK), 0);
    assert_true(as_fs_is_file(in_dir("secret")));
    free(text);
}

static void test_secret(void **state)
{
    (void)state;
    struct stat st;
    assert_true(as_fs_write_secret(in_dir("key"), "k", 1, &err));
    assert_int_equal(stat(in_dir("key"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_and_read),
        TEST(test_read_limits),
        TEST(test_large_file),
        TEST(test_temporary_files_of_others),
        TEST(test_killed_while_writing),
        TEST(test_write_failures),
        TEST(test_full_disk),
        TEST(test_read_only_disk),
        TEST(test_read_only_folder),
        TEST(test_make_dirs),
        TEST(test_join),
        TEST(test_devices_and_pipes_are_written_into),
        TEST(test_remove_and_rename),
        TEST(test_remove_tree),
        TEST(test_walk_order),
        TEST(test_walk_is_not_led_out),
        TEST(test_walk_stops),
        TEST(test_walk_depth),
        TEST(test_lock),
        TEST(test_wipe),
        TEST(test_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
