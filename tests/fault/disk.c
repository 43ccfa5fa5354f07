/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/vec.h"
#include "site.h"

#define PAGE      4096u
#define SECTOR    512u
#define MAX_FDS   4096
#define NAME_SIZE 128

/* A change of a file that is not surely on the disk: bytes at offset, zeros at offset, or a length. */
typedef struct disk_write {
    uint64_t offset, n;
    uint8_t *bytes; /* NULL: zeros */
    bool     is_length;
} disk_write;

typedef struct disk_name {
    char   name[NAME_SIZE];
    size_t node;
} disk_name;

typedef AS_VEC(disk_name) disk_names;

typedef struct disk_node {
    bool     is_dir;
    uint8_t *bytes; /* of a file, surely on the disk */
    uint64_t n;
    uint64_t n_now; /* length, as programs see it */
    AS_VEC(disk_write) writes;
    disk_names sure, now; /* of a folder */
} disk_node;

/* A change of folders. */
typedef struct disk_change {
    size_t dir, node, from; /* from: folder that it comes from; SIZE_MAX: none */
    char   name[NAME_SIZE], from_name[NAME_SIZE];
    bool   is_removal;
} disk_change;

struct disk {
    AS_VEC(disk_node) nodes;     /* 0: the root */
    AS_VEC(disk_change) changes; /* not surely on the disk, oldest first */
    size_t fds[MAX_FDS];         /* node + 1; 0: none of ours */
};

static void *disk_copy(const void *bytes, size_t n)
{
    void *copy = malloc(n + 1);
    if (!copy)
        site_fail("not enough memory");
    if (n)
        memcpy(copy, bytes, n);
    return copy;
}

#define DISK_PUSH(v, item)                  \
    do {                                    \
        if (!as_vec_push((v), (item)))      \
            site_fail("not enough memory"); \
    } while (0)

static size_t disk_new(disk *d, bool is_dir)
{
    disk_node node = {.is_dir = is_dir};
    DISK_PUSH(&d->nodes, node);
    return d->nodes.n - 1;
}

/* --- names */

static size_t names_find(const disk_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->at[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

static void names_set(disk_names *names, const char *name, size_t node)
{
    disk_name one = {.node = node};
    size_t    at = names_find(names, name);
    snprintf(one.name, sizeof one.name, "%s", name);
    if (at != SIZE_MAX)
        names->at[at] = one;
    else
        DISK_PUSH(names, one);
}

static void names_drop(disk_names *names, const char *name)
{
    size_t at = names_find(names, name);
    if (at != SIZE_MAX)
        names->at[at] = names->at[--names->n];
}

static void names_copy(disk_names *to, const disk_names *from)
{
    for (size_t i = 0; i < from->n; i++)
        DISK_PUSH(to, from->at[i]);
}

/* The folder of a path and its last part; SIZE_MAX where there is none. */
static size_t disk_parent(const disk *d, const char *path, char *last)
{
    size_t dir = 0;
    for (;;) {
        const char *slash = strchr(path, '/');
        size_t      n = slash ? (size_t)(slash - path) : strlen(path);
        if (n == 0 || n >= NAME_SIZE)
            return SIZE_MAX;
        memcpy(last, path, n);
        last[n] = '\0';
        if (!slash)
            return dir;
        size_t at = names_find(&d->nodes.at[dir].now, last);
        if (at == SIZE_MAX || !d->nodes.at[d->nodes.at[dir].now.at[at].node].is_dir)
            return SIZE_MAX;
        dir = d->nodes.at[dir].now.at[at].node;
        path = slash + 1;
    }
}

static size_t disk_find(const disk *d, const char *path)
{
    char last[NAME_SIZE];
    if (!*path)
        return 0;
    size_t dir = disk_parent(d, path, last);
    size_t at = dir == SIZE_MAX ? SIZE_MAX : names_find(&d->nodes.at[dir].now, last);
    return at == SIZE_MAX ? SIZE_MAX : d->nodes.at[dir].now.at[at].node;
}

/* --- what programs do */

static void disk_make(disk *d, const char *path, bool is_dir)
{
    char   last[NAME_SIZE];
    size_t dir = disk_parent(d, path, last);
    if (dir == SIZE_MAX || disk_find(d, path) != SIZE_MAX)
        return;
    disk_change change = {.dir = dir, .node = disk_new(d, is_dir), .from = SIZE_MAX};
    snprintf(change.name, sizeof change.name, "%s", last);
    names_set(&d->nodes.at[dir].now, last, change.node);
    DISK_PUSH(&d->changes, change);
}

static void disk_write_to(disk *d, size_t node, disk_write write)
{
    disk_node *file = &d->nodes.at[node];
    if (write.is_length)
        file->n_now = write.offset;
    else if (write.bytes)
        file->n_now = AS_MAX(file->n_now, write.offset + write.n);
    DISK_PUSH(&file->writes, write);
}

static void disk_open(disk *d, const disk_step *step)
{
    const uint32_t fd = step->entry.fd;
    if (fd >= MAX_FDS)
        return;
    if (step->entry.value & O_CREAT)
        disk_make(d, step->path, false);
    size_t node = disk_find(d, step->path);
    d->fds[fd] = node == SIZE_MAX ? 0 : node + 1;
    if (node != SIZE_MAX && (step->entry.value & O_TRUNC))
        disk_write_to(d, node, (disk_write){.is_length = true});
}

static void disk_remove(disk *d, const char *path)
{
    disk_change change = {.from = SIZE_MAX, .is_removal = true};
    change.dir = disk_parent(d, path, change.name);
    if (change.dir == SIZE_MAX || disk_find(d, path) == SIZE_MAX)
        return;
    names_drop(&d->nodes.at[change.dir].now, change.name);
    DISK_PUSH(&d->changes, change);
}

static void disk_rename(disk *d, const char *from, const char *to)
{
    disk_change change = {.node = disk_find(d, from)};
    change.from = disk_parent(d, from, change.from_name);
    change.dir = disk_parent(d, to, change.name);
    if (change.node == SIZE_MAX || change.dir == SIZE_MAX)
        return;
    names_drop(&d->nodes.at[change.from].now, change.from_name);
    names_set(&d->nodes.at[change.dir].now, change.name, change.node);
    DISK_PUSH(&d->changes, change);
}

/* --- what is then on the disk */

static void file_extend(uint8_t **bytes, uint64_t *n, uint64_t to)
{
    if (to > *n) {
        *bytes = realloc(*bytes, to + 1);
        if (!*bytes)
            site_fail("not enough memory");
        memset(*bytes + *n, 0, to - *n);
    }
    *n = to;
}

/* What a write leaves of bytes[from..to) of a file. */
static void file_apply(const disk_write *write, uint8_t *bytes, uint64_t from, uint64_t to)
{
    uint64_t a = AS_MAX(write->offset, from), b = write->is_length ? to : AS_MIN(write->offset + write->n, to);
    if (a >= b)
        return;
    if (write->bytes)
        memcpy(bytes + a, write->bytes + (a - write->offset), b - a);
    else
        memset(bytes + a, 0, b - a);
}

static uint64_t file_length(const disk_node *file, size_t n_writes)
{
    uint64_t n = file->n;
    for (size_t i = 0; i < n_writes; i++) {
        const disk_write *write = &file->writes.at[i];
        if (write->is_length)
            n = write->offset;
        else if (write->bytes)
            n = AS_MAX(n, write->offset + write->n);
    }
    return n;
}

static void file_sync(disk_node *file)
{
    for (size_t i = 0; i < file->writes.n; i++) {
        disk_write *write = &file->writes.at[i];
        uint64_t    n = file_length(&(disk_node){.n = file->n, .writes = {.at = write, .n = 1}}, 1);
        file_extend(&file->bytes, &file->n, n);
        if (!write->is_length)
            file_apply(write, file->bytes, 0, file->n);
        free(write->bytes);
    }
    file->writes.n = 0;
}

typedef struct disk_view {
    disk_names *names; /* of each node */
    bool       *done;  /* of each change */
} disk_view;

/* Changes of the folder it comes from that are older have to be there too. */
static void view_apply(const disk *d, disk_view *view, size_t at)
{
    const disk_change *change = &d->changes.at[at];
    if (view->done[at])
        return;
    for (size_t i = 0; i < at; i++)
        if (!view->done[i] &&
            (d->changes.at[i].dir == change->dir || d->changes.at[i].dir == change->from ||
             d->changes.at[i].from == change->dir || d->changes.at[i].from == change->from) &&
            (change->from != SIZE_MAX || d->changes.at[i].dir == change->dir || d->changes.at[i].from == change->dir))
            view_apply(d, view, i);
    view->done[at] = true;
    if (change->is_removal) {
        names_drop(&view->names[change->dir], change->name);
        return;
    }
    if (change->from != SIZE_MAX)
        names_drop(&view->names[change->from], change->from_name);
    names_set(&view->names[change->dir], change->name, change->node);
}

static disk_view view_new(const disk *d)
{
    disk_view view = {calloc(d->nodes.n, sizeof *view.names), calloc(d->changes.n + 1, sizeof *view.done)};
    if (!view.names || !view.done)
        site_fail("not enough memory");
    for (size_t i = 0; i < d->nodes.n; i++)
        names_copy(&view.names[i], &d->nodes.at[i].sure);
    return view;
}

static void view_free(const disk *d, disk_view *view)
{
    for (size_t i = 0; i < d->nodes.n; i++)
        as_vec_done(&view->names[i]);
    free(view->names);
    free(view->done);
}

static void disk_sync_dir(disk *d, size_t dir)
{
    disk_view view = view_new(d);
    size_t    n = 0;
    for (size_t i = 0; i < d->changes.n; i++)
        if (d->changes.at[i].dir == dir || d->changes.at[i].from == dir)
            view_apply(d, &view, i);
    for (size_t i = 0; i < d->changes.n; i++)
        if (!view.done[i])
            d->changes.at[n++] = d->changes.at[i];
    d->changes.n = n;
    for (size_t i = 0; i < d->nodes.n; i++) {
        disk_names old = d->nodes.at[i].sure;
        d->nodes.at[i].sure = view.names[i];
        view.names[i] = old;
    }
    view_free(d, &view);
}

void disk_do(disk *d, const disk_step *step)
{
    const fault_entry *entry = &step->entry;
    size_t             node = entry->fd < MAX_FDS ? d->fds[entry->fd] : 0;
    switch (entry->op) {
    case FAULT_OP_START: memset(d->fds, 0, sizeof d->fds); break;
    case FAULT_OP_OPEN: disk_open(d, step); break;
    case FAULT_OP_WRITE:
        if (node)
            disk_write_to(d, node - 1,
                          (disk_write){.offset = entry->offset,
                                       .n = entry->n_bytes,
                                       .bytes = disk_copy(step->bytes, (size_t)entry->n_bytes)});
        break;
    case FAULT_OP_TRUNCATE:
        if (node)
            disk_write_to(d, node - 1, (disk_write){.offset = entry->offset, .is_length = true});
        break;
    case FAULT_OP_ZERO:
        if (node)
            disk_write_to(d, node - 1, (disk_write){.offset = entry->offset, .n = entry->value});
        break;
    case FAULT_OP_SYNC:
        if (node && d->nodes.at[node - 1].is_dir)
            disk_sync_dir(d, node - 1);
        else if (node)
            file_sync(&d->nodes.at[node - 1]);
        break;
    case FAULT_OP_RENAME: disk_rename(d, step->path, step->other); break;
    case FAULT_OP_UNLINK:
    case FAULT_OP_RMDIR: disk_remove(d, step->path); break;
    case FAULT_OP_MKDIR: disk_make(d, step->path, true); break;
    default: break;
    }
}

/* --- one that may be there */

typedef struct disk_choice {
    as_rng  *rng;
    unsigned files, dirs; /* 0: nothing of what is unsure, 1: all of it, 2: any of it */
} disk_choice;

static size_t choose(const disk_choice *choice, unsigned how, size_t n)
{
    return how == 0 ? 0 : how == 1 ? n : (size_t)as_rng_below(choice->rng, n + 1);
}

static bool file_has_page(const disk_node *file, uint64_t page)
{
    for (size_t i = 0; i < file->writes.n; i++) {
        const disk_write *write = &file->writes.at[i];
        if (write->is_length || (write->offset < page + PAGE && write->offset + write->n > page))
            return true;
    }
    return false;
}

/* The page after the first n writes, from the sector on that begins at `from`. */
static void file_page(const disk_node *file, uint8_t *bytes, uint64_t from, uint64_t to, size_t n)
{
    memset(bytes + from, 0, to - from);
    if (file->n > from)
        memcpy(bytes + from, file->bytes + from, AS_MIN(file->n, to) - from);
    for (size_t i = 0; i < n; i++)
        file_apply(&file->writes.at[i], bytes, from, to);
}

static uint8_t *file_choose(const disk_node *file, const disk_choice *choice, uint64_t *ret_n)
{
    uint64_t longest = file->n;
    for (size_t i = 0; i <= file->writes.n; i++)
        longest = AS_MAX(longest, file_length(file, i));
    uint64_t room = (longest + PAGE - 1) / PAGE * PAGE;
    uint8_t *bytes = calloc(1, room + 1);
    if (!bytes)
        site_fail("not enough memory");
    if (file->n)
        memcpy(bytes, file->bytes, file->n);
    for (uint64_t page = 0; file->writes.n && page < room; page += PAGE) {
        if (!file_has_page(file, page))
            continue;
        size_t k = choose(choice, choice->files, file->writes.n);
        file_page(file, bytes, page, page + PAGE, k);
        if (choice->files == 2 && as_rng_below(choice->rng, 8) == 0) {
            uint64_t torn = page + SECTOR * (1 + as_rng_below(choice->rng, PAGE / SECTOR - 1));
            file_page(file, bytes, torn, page + PAGE, (size_t)as_rng_below(choice->rng, file->writes.n + 1));
        }
    }
    *ret_n = file_length(file, choose(choice, choice->files, file->writes.n));
    return bytes;
}

static void disk_put(const disk *d, const disk_view *view, const disk_choice *choice, size_t node, const char *path)
{
    const disk_node *one = &d->nodes.at[node];
    if (one->is_dir) {
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            site_fail("cannot make '%s'", path);
        for (size_t i = 0; i < view->names[node].n; i++) {
            char below[1024];
            snprintf(below, sizeof below, "%s/%s", path, view->names[node].at[i].name);
            disk_put(d, view, choice, view->names[node].at[i].node, below);
        }
        return;
    }
    uint64_t n;
    uint8_t *bytes = file_choose(one, choice, &n);
    int      fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, (size_t)n) != (ssize_t)n)
        site_fail("cannot write '%s'", path);
    close(fd);
    free(bytes);
}

void disk_build(const disk *d, as_rng *rng, const char *root, const char *name, char *what, size_t n_what)
{
    static const char *const words[] = {"none", "all", "any"};
    char                     path[700];
    disk_choice              choice = {.rng = rng, .files = 2, .dirs = 2};
    disk_view                view = view_new(d);
    if (as_rng_below(rng, 2)) {
        choice.files = (unsigned)as_rng_below(rng, 3);
        choice.dirs = (unsigned)as_rng_below(rng, 3);
    }
    for (size_t dir = 0; dir < d->nodes.n; dir++) {
        size_t n = 0, last;
        for (size_t i = 0; i < d->changes.n; i++)
            n += d->changes.at[i].dir == dir;
        last = choose(&choice, choice.dirs, n);
        for (size_t i = 0, k = 0; i < d->changes.n && k < last; i++)
            if (d->changes.at[i].dir == dir) {
                view_apply(d, &view, i);
                k++;
            }
    }
    snprintf(path, sizeof path, "%s/%s", root, name);
    size_t at = names_find(&view.names[0], name);
    if (at != SIZE_MAX)
        disk_put(d, &view, &choice, view.names[0].at[at].node, path);
    view_free(d, &view);
    snprintf(what, n_what, "of the files %s, of the folders %s", words[choice.files], words[choice.dirs]);
}

/* --- from what is there */

static void disk_take(disk *d, size_t dir, const char *path)
{
    DIR *stream = opendir(path);
    if (!stream)
        return;
    for (const struct dirent *entry; (entry = readdir(stream));) {
        char        below[1024];
        struct stat st;
        as_err      err = AS_ERR_NONE;
        size_t      n;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (lstat(below, &st) != 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
            continue;
        size_t node = disk_new(d, S_ISDIR(st.st_mode));
        names_set(&d->nodes.at[dir].sure, entry->d_name, node);
        names_set(&d->nodes.at[dir].now, entry->d_name, node);
        if (S_ISDIR(st.st_mode)) {
            disk_take(d, node, below);
            continue;
        }
        if (!as_fs_read(below, (size_t)1 << 30, &d->nodes.at[node].bytes, &n, &err))
            site_fail("%s", err.text);
        d->nodes.at[node].n = d->nodes.at[node].n_now = n;
    }
    closedir(stream);
}

disk *disk_load(const char *root, const char *name)
{
    char  path[700];
    disk *d = calloc(1, sizeof *d);
    if (!d)
        site_fail("not enough memory");
    disk_new(d, true);
    snprintf(path, sizeof path, "%s/%s", root, name);
    struct stat st;
    if (stat(path, &st) == 0) {
        size_t node = disk_new(d, true);
        names_set(&d->nodes.at[0].sure, name, node);
        names_set(&d->nodes.at[0].now, name, node);
        disk_take(d, node, path);
    }
    return d;
}

void disk_free(disk *d)
{
    for (size_t i = 0; i < d->nodes.n; i++) {
        for (size_t k = 0; k < d->nodes.at[i].writes.n; k++)
            free(d->nodes.at[i].writes.at[k].bytes);
        as_vec_done(&d->nodes.at[i].writes);
        as_vec_done(&d->nodes.at[i].sure);
        as_vec_done(&d->nodes.at[i].now);
        free(d->nodes.at[i].bytes);
    }
    as_vec_done(&d->nodes);
    as_vec_done(&d->changes);
    free(d);
}
