/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/folder_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"

#define WATCH_LOOK_NS   (2 * AS_NS_PER_S) /* between looks at the whole folder */
#define WATCH_EXPIRES   2                 /* looks that see no change */
#define WATCH_STEP_NS   (20 * AS_NS_PER_MS)
#define WATCH_MAX_FILES ((size_t)10 * 1000 * 1000)
#define WATCH_MAX_DIRS  8192
#define WATCH_EVENTS    (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR)

/* A file as it was seen last. */
typedef struct watch_file {
    char          *name; /* below the root */
    uint64_t       bytes;
    int64_t        mtime_ns;
    bool           whole;   /* handed out, or known from the beginning */
    bool           writing; /* somebody has it open, and will close it */
    uint8_t        n_same;  /* looks at which it was as at the one before */
    UT_hash_handle hh;
} watch_file;

typedef struct watch_dir {
    int   wd;
    char *name; /* below the root; "" is the root */
} watch_dir;

typedef struct watch_ready {
    char *name;
    as_ns arrived;
} watch_ready;

struct as_folder_watch {
    char root[AS_FS_PATH_BYTES];
    bool recursive;
    bool (*wanted)(const char *relative);
    int         fd; /* of inotify; -1: it tells nothing */
    as_ns       looked;
    bool        first; /* the look at what is there already */
    watch_file *files;
    AS_VEC(watch_dir) dirs;
    AS_VEC(watch_ready) ready;
    size_t n_taken; /* of ready */
};

static watch_file *watch_find(as_folder_watch *w, const char *name, as_err *err)
{
    watch_file *file = NULL;
    HASH_FIND_STR(w->files, name, file);
    if (file)
        return file;
    if (HASH_COUNT(w->files) >= WATCH_MAX_FILES) {
        AS_FAIL(err, AS_ELIMIT, "more than %zu pictures came into '%s'", WATCH_MAX_FILES, w->root);
        return NULL;
    }
    file = calloc(1, sizeof *file);
    if (file)
        file->name = strdup(name);
    if (!file || !file->name) {
        free(file);
        AS_FAIL(err, AS_ENOMEM, "no memory for the names of pictures");
        return NULL;
    }
    file->mtime_ns = -1;
    HASH_ADD_KEYPTR(hh, w->files, file->name, strlen(file->name), file);
    return file;
}

static bool watch_push(as_folder_watch *w, watch_file *file, as_err *err)
{
    watch_ready ready = {.name = strdup(file->name), .arrived = as_clock_mono()};
    file->whole = true;
    if (ready.name && as_vec_push(&w->ready, ready))
        return true;
    free(ready.name);
    return AS_FAIL(err, AS_ENOMEM, "no memory for the names of pictures");
}

static void watch_add_dir(as_folder_watch *w, const char *name)
{
    char      path[AS_FS_PATH_BYTES];
    as_err    ignored = AS_ERR_NONE;
    watch_dir dir = {.wd = -1};
    if (w->fd < 0 || w->dirs.n >= WATCH_MAX_DIRS || !as_fs_join(path, w->root, name, &ignored))
        return;
    dir.wd = inotify_add_watch(w->fd, *name ? path : w->root, WATCH_EVENTS);
    for (size_t i = 0; i < w->dirs.n; i++)
        if (dir.wd >= 0 && w->dirs.at[i].wd == dir.wd)
            return;
    dir.name = strdup(name);
    if (dir.wd < 0 || !dir.name || !as_vec_push(&w->dirs, dir))
        free(dir.name);
}

static void watch_add_dirs_of(as_folder_watch *w, const char *relative)
{
    char   name[AS_FS_PATH_BYTES];
    size_t n = strlen(relative);
    for (size_t i = 0; i < n && i < sizeof name - 1; i++) {
        if (relative[i] == '/') {
            memcpy(name, relative, i);
            name[i] = '\0';
            watch_add_dir(w, name);
        }
    }
}

/* A file on a look at the whole folder: whole when it is as it was at the look before. */
static bool watch_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    as_folder_watch *w = ctx;
    if (entry->kind != AS_FS_FILE || (!w->recursive && strchr(entry->relative, '/')))
        return true;
    if (w->recursive && w->first)
        watch_add_dirs_of(w, entry->relative);
    if (!w->wanted(entry->relative))
        return true;
    watch_file *file = watch_find(w, entry->relative, err);
    if (!file)
        return false;
    bool same = file->bytes == entry->bytes && file->mtime_ns == entry->mtime_ns;
    bool old = as_clock_utc() - entry->mtime_ns > WATCH_LOOK_NS;
    if (!same) {
        file->bytes = entry->bytes;
        file->mtime_ns = entry->mtime_ns;
        file->whole = w->first && old && entry->bytes > 0;
        file->n_same = 0;
        return true;
    }
    file->n_same = (uint8_t)AS_MIN(file->n_same + 1, WATCH_EXPIRES);
    /* A hard link is made and never closed, and what tells of it may be lost: nobody writes what stays as it is. */
    if (file->n_same >= WATCH_EXPIRES)
        file->writing = false;
    return file->whole || file->writing || entry->bytes == 0 || watch_push(w, file, err);
}

static bool watch_look(as_folder_watch *w, as_err *err)
{
    w->looked = as_clock_mono();
    return as_fs_walk(w->root, watch_visit, w, err);
}

/* What its writer closed. */
static bool watch_closed(as_folder_watch *w, watch_file *file, const char *path, as_err *err)
{
    struct stat st;
    file->writing = false;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return true;
    int64_t mtime = st.st_mtim.tv_sec * AS_NS_PER_S + st.st_mtim.tv_nsec;
    if (file->whole && file->bytes == (uint64_t)st.st_size && file->mtime_ns == mtime)
        return true;
    file->bytes = (uint64_t)st.st_size;
    file->mtime_ns = mtime;
    return watch_push(w, file, err);
}

/* Nobody knows what was missed: look at all, and wait for no one to close. */
static void watch_missed(as_folder_watch *w)
{
    watch_file *file, *next;
    HASH_ITER (hh, w->files, file, next) {
        file->writing = false;
        file->n_same = 0;
    }
    w->looked = 0;
}

static bool watch_event(as_folder_watch *w, const struct inotify_event *event, as_err *err)
{
    const char *dir = NULL;
    char        relative[AS_FS_PATH_BYTES], path[AS_FS_PATH_BYTES];
    for (size_t i = 0; i < w->dirs.n && !dir; i++)
        if (w->dirs.at[i].wd == event->wd)
            dir = w->dirs.at[i].name;
    if (event->mask & IN_Q_OVERFLOW)
        watch_missed(w);
    if (!dir || event->len == 0)
        return true;
    int n = snprintf(relative, sizeof relative, "%s%s%s", dir, *dir ? "/" : "", event->name);
    if (n <= 0 || (size_t)n >= sizeof relative || !as_fs_join(path, w->root, relative, err))
        return true;
    if (event->mask & IN_ISDIR) {
        if (w->recursive)
            watch_add_dir(w, relative);
        w->looked = 0; /* it may hold files already */
        return true;
    }
    watch_file *file = w->wanted(relative) ? watch_find(w, relative, err) : NULL;
    if (!file)
        return !w->wanted(relative);
    if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
        return watch_closed(w, file, path, err);
    file->writing = true;
    file->n_same = 0;
    file->whole = false;
    return true;
}

static bool watch_listen(as_folder_watch *w, as_err *err)
{
    _Alignas(struct inotify_event) char buffer[16384];
    for (;;) {
        ssize_t n = w->fd >= 0 ? read(w->fd, buffer, sizeof buffer) : 0;
        if (n <= 0)
            return true;
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer + at);
            if (!watch_event(w, event, err))
                return false;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}

as_folder_watch *as_folder_watch_new(const as_folder_watch_cfg *cfg, as_err *err)
{
    as_folder_watch *w = calloc(1, sizeof *w);
    if (!w || !as_str_copy(w->root, sizeof w->root, cfg->root)) {
        AS_FAIL(err, w ? AS_ELIMIT : AS_ENOMEM, "folder '%.200s' cannot be watched", cfg->root);
        return as_folder_watch_free(w);
    }
    w->recursive = cfg->recursive;
    w->wanted = cfg->wanted;
    w->fd = cfg->deaf ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC); /* without it: looks alone */
    w->first = true;
    watch_add_dir(w, "");
    if (!watch_look(w, err))
        return as_folder_watch_free(w);
    w->first = false;
    return w;
}

as_folder_watch *as_folder_watch_free(as_folder_watch *w)
{
    watch_file *file, *next;
    if (!w)
        return NULL;
    HASH_ITER (hh, w->files, file, next) {
        HASH_DEL(w->files, file);
        free(file->name);
        free(file);
    }
    for (size_t i = 0; i < w->dirs.n; i++)
        free(w->dirs.at[i].name);
    for (size_t i = w->n_taken; i < w->ready.n; i++)
        free(w->ready.at[i].name);
    as_vec_done(&w->dirs);
    as_vec_done(&w->ready);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
    return NULL;
}

bool as_folder_watch_knew(const as_folder_watch *w, const char *relative)
{
    watch_file *file = NULL;
    HASH_FIND_STR(w->files, relative, file);
    return file && file->whole;
}

static char *watch_take(as_folder_watch *w, as_ns *ret_arrived)
{
    watch_ready ready = w->ready.at[w->n_taken++];
    if (w->n_taken == w->ready.n)
        w->ready.n = w->n_taken = 0;
    *ret_arrived = ready.arrived;
    return ready.name;
}

char *as_folder_watch_next(as_folder_watch *w, as_ns deadline, as_ns *ret_arrived, as_err *err)
{
    for (;;) {
        as_ns now = as_clock_mono();
        if (!watch_listen(w, err) || (now - w->looked >= WATCH_LOOK_NS && !watch_look(w, err)))
            return NULL;
        if (w->n_taken < w->ready.n)
            return watch_take(w, ret_arrived);
        now = as_clock_mono();
        if (now >= deadline) {
            AS_FAIL(err, AS_ETIMEOUT, "no new picture came into '%s' in time", w->root);
            return NULL;
        }
        as_ns         step = AS_MIN(deadline - now, w->fd >= 0 ? 10 * WATCH_STEP_NS : WATCH_STEP_NS);
        struct pollfd wait = {.fd = w->fd, .events = POLLIN};
        if (w->fd >= 0)
            poll(&wait, 1, (int)((step + AS_NS_PER_MS - 1) / AS_NS_PER_MS));
        else
            as_clock_sleep_until(now + step);
    }
}
