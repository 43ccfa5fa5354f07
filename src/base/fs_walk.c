/* SPDX-License-Identifier: Apache-2.0 */
/* The two functions of fs.h that go down a tree. Folders are opened one from the other and links never followed, so that
 * nobody who swaps a folder for a link meanwhile leads us out of the tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/vec.h"

#define WALK_DEPTH 64

typedef struct walk_item {
    char       *name;
    struct stat st;
} walk_item;

typedef AS_VEC(walk_item) walk_list;

static void walk_list_done(walk_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i].name);
    as_vec_done(list);
}

/* As strcmp of the paths below: a folder counts as if a slash ended its name, so "a/" comes after "a-b". The name itself
 * has none, for openat() with O_NOFOLLOW would follow a link "a/". */
static int walk_compare(const void *a, const void *b)
{
    const walk_item *x = a, *y = b;
    size_t           n = 0;
    while (x->name[n] && x->name[n] == y->name[n])
        n++;
    unsigned char c = (unsigned char)x->name[n], d = (unsigned char)y->name[n];
    if (c == 0 && S_ISDIR(x->st.st_mode))
        c = '/';
    if (d == 0 && S_ISDIR(y->st.st_mode))
        d = '/';
    return (c > d) - (c < d);
}

static bool walk_add(walk_list *list, int fd, const char *name)
{
    walk_item item = {0};
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if (fstatat(fd, name, &item.st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT; /* removed meanwhile */
    item.name = strdup(name);
    if (!item.name || !as_vec_push(list, item)) {
        free(item.name);
        errno = ENOMEM;
        return false;
    }
    return true;
}

/* Everything in the folder fd, sorted. Sets errno. */
static bool walk_list_read(int fd, walk_list *list)
{
    int  own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* closedir() closes it */
    DIR *dir = own < 0 ? NULL : fdopendir(own);
    if (!dir) {
        int e = errno;
        if (own >= 0)
            close(own);
        errno = e;
        return false;
    }
    bool           ok = true;
    struct dirent *entry;
    while (errno = 0, ok && (entry = readdir(dir)))
        ok = walk_add(list, fd, entry->d_name);
    ok = ok && errno == 0;
    int e = errno;
    closedir(dir);
    if (list->n)
        qsort(list->at, list->n, sizeof *list->at, walk_compare);
    errno = e;
    return ok;
}

typedef struct walk {
    as_str path;   /* the full path of where we are */
    size_t n_root; /* path.s + n_root is the relative one */
    bool (*visit)(void *ctx, const as_fs_entry *entry, as_err *err);
    void *ctx;
} walk;

static bool walk_begin(walk *w, const char *root, as_err *err)
{
    size_t n = strlen(root);
    as_str_init(&w->path);
    as_str_add(&w->path, root);
    if (n && root[n - 1] != '/')
        as_str_add(&w->path, "/");
    w->n_root = w->path.len;
    return as_str_ok(&w->path) || AS_FAIL(err, AS_ENOMEM, "cannot read the folder '%s': not enough memory", root);
}

static bool walk_push(walk *w, const walk_item *item, as_err *err)
{
    as_str_add(&w->path, item->name);
    if (S_ISDIR(item->st.st_mode))
        as_str_add(&w->path, "/");
    return as_str_ok(&w->path) || AS_FAIL(err, AS_ENOMEM, "cannot go through a folder: not enough memory");
}

static void walk_pop(walk *w, size_t len)
{
    w->path.len = len;
    w->path.s[len] = '\0';
}

static bool walk_visit(walk *w, const walk_item *item, as_err *err)
{
    as_fs_entry entry = {.path = w->path.s,
                         .relative = w->path.s + w->n_root,
                         .bytes = (uint64_t)item->st.st_size,
                         .mtime_ns = (int64_t)item->st.st_mtim.tv_sec * 1000000000 + item->st.st_mtim.tv_nsec,
                         .kind = S_ISREG(item->st.st_mode)   ? AS_FS_FILE
                                 : S_ISLNK(item->st.st_mode) ? AS_FS_LINK
                                                             : AS_FS_OTHER};
    return w->visit(w->ctx, &entry, err);
}

/* Opens the folder `name` of fd for the path where we are; -1 with err. *ret_gone when it was removed meanwhile. */
static int walk_enter(const walk *w, int fd, const char *name, int depth, bool *ret_gone, as_err *err)
{
    *ret_gone = false;
    if (depth > WALK_DEPTH) {
        AS_FAIL(err, AS_ELIMIT, "the folder '%s' is more than %d folders deep", w->path.s, WALK_DEPTH);
        return -1;
    }
    int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sub >= 0)
        return sub;
    *ret_gone = errno == ENOENT;
    if (!*ret_gone)
        as_err_errno(err, errno, "cannot read the folder '%s'", w->path.s);
    return -1;
}

static bool walk_dir(walk *w, int fd, int depth, as_err *err)
{
    walk_list list = {0};
    size_t    len = w->path.len;
    bool      ok = walk_list_read(fd, &list), gone;
    if (!ok)
        as_err_errno(err, errno, "cannot read the folder '%s'", w->path.s);
    for (size_t i = 0; ok && i < list.n; i++) {
        const walk_item *item = &list.at[i];
        ok = walk_push(w, item, err);
        if (ok && S_ISDIR(item->st.st_mode)) {
            int sub = walk_enter(w, fd, item->name, depth + 1, &gone, err);
            ok = sub >= 0 ? walk_dir(w, sub, depth + 1, err) : gone;
            if (sub >= 0)
                close(sub);
        } else if (ok) {
            ok = walk_visit(w, item, err);
        }
        if (as_str_ok(&w->path))
            walk_pop(w, len);
    }
    walk_list_done(&list);
    return ok;
}

bool as_fs_walk(const char *root, bool (*visit)(void *ctx, const as_fs_entry *entry, as_err *err), void *ctx,
                as_err *err)
{
    walk w = {.visit = visit, .ctx = ctx};
    int  fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return as_err_errno(err, errno, "cannot read the folder '%s'", root);
    bool ok = walk_begin(&w, root, err) && walk_dir(&w, fd, 0, err);
    close(fd);
    as_str_done(&w.path);
    return ok;
}

/* Empties the folder fd. */
static bool walk_remove(walk *w, int fd, int depth, as_err *err)
{
    walk_list list = {0};
    size_t    len = w->path.len;
    bool      ok = walk_list_read(fd, &list), gone;
    if (!ok)
        as_err_errno(err, errno, "cannot remove '%s'", w->path.s);
    for (size_t i = 0; ok && i < list.n; i++) {
        const walk_item *item = &list.at[i];
        bool             is_dir = S_ISDIR(item->st.st_mode);
        ok = walk_push(w, item, err);
        if (ok && is_dir) {
            int sub = walk_enter(w, fd, item->name, depth + 1, &gone, err);
            ok = sub >= 0 ? walk_remove(w, sub, depth + 1, err) : gone;
            if (sub >= 0)
                close(sub);
        }
        if (ok && unlinkat(fd, item->name, is_dir ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT)
            ok = as_err_errno(err, errno, "cannot remove '%s'", w->path.s);
        if (as_str_ok(&w->path))
            walk_pop(w, len);
    }
    walk_list_done(&list);
    return ok;
}

bool as_fs_remove_tree(const char *path, as_err *err)
{
    walk w = {0};
    int  fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) { /* ENOTDIR: a file, or a link, of which the link alone goes */
        if (errno == ENOTDIR || errno == ELOOP)
            return as_fs_remove(path, err);
        return errno == ENOENT || as_err_errno(err, errno, "cannot remove '%s'", path);
    }
    bool ok = walk_begin(&w, path, err) && walk_remove(&w, fd, 0, err);
    close(fd);
    as_str_done(&w.path);
    if (ok && rmdir(path) != 0 && errno != ENOENT)
        ok = as_err_errno(err, errno, "cannot remove '%s'", path);
    return ok;
}
