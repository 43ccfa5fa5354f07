/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "camera/driver.h"
#include "camera/folder_watch.h"
#include "image/codec.h"

#define FOLDER_MAX_FILES       ((size_t)10 * 1000 * 1000)
#define FOLDER_MAX_BYTES       ((size_t)512 << 20)
#define FOLDER_HEAD_BYTES      ((size_t)128 << 10) /* holds the header of nearly every picture */
#define FOLDER_PIXELS_PER_BYTE 8800u /* deflate shrinks to 1/1032 at most; one bit a pixel: no more can be true */

typedef struct folder_file {
    char *path;     /* what is read */
    char *relative; /* what it is called */
} folder_file;

typedef struct folder_priv {
    char     root[AS_FS_PATH_BYTES]; /* resolved */
    bool     recursive, loop, old;   /* old: also what is there already */
    uint32_t frames_per_part;
    AS_VEC(folder_file) files;
    as_camera_geometry geometry;
    uint64_t           sequence;
    as_pace            pace;
    as_folder_watch   *watch; /* NULL: what comes later is not seen */
} folder_priv;

static const char *const folder_keys[] = {"fps", "loop", "recursive", "watch", "old", "width", "height", NULL};

static bool folder_is_picture(const char *name)
{
    const char *slash = strrchr(name, '/');
    return (slash ? slash[1] : name[0]) != '.' && as_codec_ending(name, NULL);
}

static void folder_warn(const char *what, const char *name)
{
    as_str text;
    as_str_init(&text);
    as_str_add_escaped(&text, name, strlen(name));
    as_log_write(AS_LOG_WARN, "skipped '%s': %s", text.s, what);
    as_str_done(&text);
}

/* The file behind a link, on the heap; NULL if it is no regular file below the root. */
static char *folder_resolve_link(const folder_priv *priv, const as_fs_entry *entry)
{
    char  *path = realpath(entry->path, NULL);
    size_t n = strlen(priv->root);
    if (!path)
        folder_warn("a link to nothing", entry->relative);
    else if (strncmp(path, priv->root, n) != 0 || path[n] != '/')
        folder_warn("a link that leads out of the folder", entry->relative);
    else if (!as_fs_is_file(path))
        folder_warn("a link to no regular file", entry->relative);
    else
        return path;
    free(path);
    return NULL;
}

static bool folder_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    folder_priv *priv = ctx;
    folder_file  file = {0};
    if (!folder_is_picture(entry->relative) || (!priv->recursive && strchr(entry->relative, '/')))
        return true;
    if (priv->watch &&
        (!priv->old || (entry->kind == AS_FS_FILE && !as_folder_watch_knew(priv->watch, entry->relative))))
        return true; /* not to be shown, or not whole yet: then it comes later */
    if (entry->kind == AS_FS_OTHER) {
        folder_warn("no regular file", entry->relative);
        return true;
    }
    if (priv->files.n >= FOLDER_MAX_FILES)
        return AS_FAIL(err, AS_ELIMIT, "more than %zu pictures", FOLDER_MAX_FILES);
    if (entry->kind == AS_FS_LINK) {
        file.path = folder_resolve_link(priv, entry);
        if (!file.path)
            return true;
    } else {
        file.path = strdup(entry->path);
    }
    file.relative = strdup(entry->relative);
    if (file.path && file.relative && as_vec_push(&priv->files, file))
        return true;
    free(file.path);
    free(file.relative);
    return AS_FAIL(err, AS_ENOMEM, "no memory for the names of %zu pictures", priv->files.n);
}

/* The first bytes of a file; 0 if it cannot be read. */
static size_t folder_read_head(const char *path, uint8_t *head)
{
    size_t n = 0;
    int    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd >= 0 && n < FOLDER_HEAD_BYTES) {
        ssize_t got = read(fd, head + n, FOLDER_HEAD_BYTES - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    if (fd >= 0)
        close(fd);
    return n;
}

static bool folder_probe(const char *path, uint8_t *head, as_codec_info *ret, size_t *ret_bytes)
{
    as_err   ignored;
    uint8_t *bytes = NULL;
    size_t   n = folder_read_head(path, head);
    *ret_bytes = n < FOLDER_HEAD_BYTES ? n : FOLDER_MAX_BYTES;
    if (as_codec_probe(head, n, ret, &ignored))
        return true;
    if (n < FOLDER_HEAD_BYTES || !as_fs_read(path, FOLDER_MAX_BYTES, &bytes, ret_bytes, &ignored))
        return false;
    bool ok = as_codec_probe(bytes, *ret_bytes, ret, &ignored);
    free(bytes);
    return ok;
}

/* The largest picture decides the frames' size. What cannot be true is left to fail when its turn comes. */
static bool folder_measure(folder_priv *priv, const as_camera_cfg *cfg, as_err *err)
{
    as_camera_geometry *g = &priv->geometry;
    bool                colour = false;
    uint8_t            *head = malloc(FOLDER_HEAD_BYTES);
    if (!head)
        return AS_FAIL(err, AS_ENOMEM, "no memory");
    for (size_t i = 0; i < priv->files.n; i++) {
        as_codec_info info;
        size_t        bytes;
        if (!folder_probe(priv->files.at[i].path, head, &info, &bytes))
            continue;
        if ((uint64_t)info.width * info.height > (uint64_t)bytes * FOLDER_PIXELS_PER_BYTE)
            continue;
        colour = colour || info.channels > 2 || info.has_palette;
        g->width = AS_MAX(g->width, info.width);
        g->height = AS_MAX(g->height, info.height);
    }
    free(head);
    if (priv->watch) { /* what comes may be larger than what is there */
        g->width = AS_MAX(g->width, cfg->width);
        g->height = AS_MAX(g->height, cfg->height);
    } else if (g->width == 0) {
        g->width = cfg->width ? cfg->width : 16;
        g->height = cfg->height ? cfg->height : 16;
    }
    g->pixel = colour || priv->watch ? AS_PIXEL_RGB8 : AS_PIXEL_MONO8; /* nobody knows what comes */
    return true;
}

/* Of a watched folder that is empty the station, or the address, says how large pictures will be. */
static bool folder_check_empty(const folder_priv *priv, const char *path, const as_camera_cfg *cfg, as_err *err)
{
    if (priv->files.n > 0)
        return true;
    if (!priv->watch)
        return AS_FAIL(err, AS_EMISSING, "no picture (" AS_CODEC_ENDINGS ") in folder '%s'", path);
    return (cfg->width && cfg->height) ||
           AS_FAIL(err, AS_EINVAL,
                   "how large the pictures will be that come into '%s' is not known: say ?width=PX&height=PX", path);
}

static bool folder_watch_root(folder_priv *priv, bool watch, as_err *err)
{
    const as_folder_watch_cfg cfg = {.root = priv->root, .recursive = priv->recursive, .wanted = folder_is_picture};
    if (!watch)
        return true;
    if (priv->loop)
        return AS_FAIL(err, AS_EINVAL, "loop=1 and watch=1 do not go together: what is watched has no end");
    priv->watch = as_folder_watch_new(&cfg, err);
    return priv->watch != NULL;
}

static bool folder_scan(folder_priv *priv, const char *path, bool watch, const as_camera_cfg *cfg, as_err *err)
{
    char *root = realpath(path, NULL);
    if (!root && (errno == ENOENT || errno == ENOTDIR))
        return AS_FAIL(err, AS_EMISSING, "no folder '%s' (is its disk mounted?)", path);
    if (!root)
        return as_err_errno(err, errno, "cannot open folder '%s'", path);
    bool fits = as_str_copy(priv->root, sizeof priv->root, root);
    free(root);
    if (!fits)
        return AS_FAIL(err, AS_ELIMIT, "the path '%.200s...' is too long", path);
    if (!as_fs_is_dir(priv->root))
        return AS_FAIL(err, AS_EINVAL, "'%s' is no folder", path);
    return folder_watch_root(priv, watch, err) && as_fs_walk(priv->root, folder_visit, priv, err) &&
           folder_check_empty(priv, path, cfg, err) && folder_measure(priv, cfg, err);
}

static bool folder_size(const as_uri_query *query, const char *key, uint32_t *ret, as_err *err)
{
    uint64_t size = *ret;
    if (!as_uri_query_count(query, key, 1, AS_IMAGE_MAX_SIDE, &size, err))
        return false;
    *ret = (uint32_t)size;
    return true;
}

static bool folder_open(void *p, const char *rest, const as_camera_cfg *asked, as_camera_geometry *ret, as_err *err)
{
    folder_priv  *priv = p;
    as_camera_cfg cfg = *asked;
    as_uri_query  query;
    double        fps = 0;
    bool          watch = false;
    priv->recursive = priv->old = true;
    if (!as_uri_query_parse(rest, folder_keys, &query, err) ||
        !as_uri_query_number(&query, "fps", 1e-3, 1e5, &fps, err) ||
        !as_uri_query_flag(&query, "loop", &priv->loop, err) || !as_uri_query_flag(&query, "watch", &watch, err) ||
        !as_uri_query_flag(&query, "old", &priv->old, err) || !folder_size(&query, "width", &cfg.width, err) ||
        !folder_size(&query, "height", &cfg.height, err) ||
        !as_uri_query_flag(&query, "recursive", &priv->recursive, err))
        return false;
    if (query.path[0] == 0)
        return AS_FAIL(err, AS_EINVAL, "no folder named: the form is folder:PATH");
    priv->frames_per_part = cfg.frames_per_part;
    priv->pace.period = fps > 0 ? (as_ns)((double)AS_NS_PER_S / fps) : cfg.period / (as_ns)cfg.frames_per_part;
    priv->pace.behind = watch ? UINT32_MAX : cfg.n_frames; /* files wait */
    char path[AS_FS_PATH_BYTES];
    if (!as_fs_join(path, cfg.dir ? cfg.dir : "", query.path, err) || !folder_scan(priv, path, watch, &cfg, err))
        return false;
    bool endless = priv->loop || watch;
    priv->geometry.n_parts = endless ? 0 : (priv->files.n + cfg.frames_per_part - 1) / cfg.frames_per_part;
    priv->geometry.can_wait = watch || priv->pace.period == 0;
    *ret = priv->geometry;
    return true;
}

/* The whole escaped name, or its end when it is too long. */
static void folder_name(const char *relative, as_frame *frame)
{
    as_str text;
    as_str_init(&text);
    as_str_add_escaped(&text, relative, strlen(relative));
    if (text.len < sizeof frame->name)
        as_str_copy(frame->name, sizeof frame->name, text.s);
    else
        snprintf(frame->name, sizeof frame->name, "...%s", text.s + text.len - (sizeof frame->name - 4));
    as_str_done(&text);
}

/* The folder that the file lies in, if it is not the root, is its class. */
static void folder_truth(const char *relative, as_truth *truth)
{
    const char *end = strrchr(relative, '/'), *begin = end;
    if (!end)
        return;
    while (begin > relative && begin[-1] != '/')
        begin--;
    as_str text;
    as_str_init(&text);
    as_str_add_escaped(&text, begin, (size_t)(end - begin));
    truth->known = as_str_ok(&text) && text.len < sizeof truth->label;
    as_str_copy(truth->label, sizeof truth->label, truth->known ? text.s : "");
    truth->severity = NAN;
    as_str_done(&text);
}

static bool folder_decode(const folder_file *file, as_frame *frame, as_err *err)
{
    uint8_t *bytes = NULL;
    size_t   n = 0;
    if (!as_fs_read(file->path, FOLDER_MAX_BYTES, &bytes, &n, err))
        return false;
    as_digest digest = as_sha256_of(bytes, n);
    frame->origin = as_origin_of(&digest);
    bool ok = as_codec_decode_frame(bytes, n, frame, err);
    free(bytes);
    return ok;
}

static bool folder_at_end(const folder_priv *priv, as_err *err)
{
    if (priv->loop || priv->watch || priv->sequence < priv->files.n)
        return false;
    AS_FAIL(err, AS_EEND, "all %zu pictures have been shown", priv->files.n);
    return true;
}

static bool folder_show(folder_priv *priv, const folder_file *file, as_frame *frame, as_err *err)
{
    as_err why = AS_ERR_NONE;
    frame->sequence = priv->sequence;
    frame->part = priv->sequence / priv->frames_per_part + 1;
    priv->sequence++;
    folder_name(file->relative, frame);
    folder_truth(file->relative, &frame->truth);
    frame->status = folder_decode(file, frame, &why) ? AS_FRAME_OK : AS_FRAME_CORRUPT;
    if (frame->status == AS_FRAME_CORRUPT) {
        as_log_write(AS_LOG_WARN, "picture '%s': %s", frame->name, why.text);
        if (!as_frame_reshape(frame, priv->geometry.pixel, priv->geometry.width, priv->geometry.height, err))
            return false;
        memset(frame->image.data, 0, frame->image.stride_bytes * frame->image.height);
    }
    return true;
}

/* In the place of a camera, which would not have to decode. */
static bool folder_show_due(folder_priv *priv, const folder_file *file, as_ns due, as_frame *frame, as_err *err)
{
    as_ns begun = as_clock_mono();
    if (!folder_show(priv, file, frame, err))
        return false;
    as_camera_stamp(frame, due + (as_clock_mono() - begun));
    return true;
}

/* What came into the folder since it was opened: on a line with a pace its arrival is the part's trigger, and what it takes to
 * read it is time that the gate waits. */
static bool folder_fill_new(folder_priv *priv, as_frame *frame, as_ns deadline, as_err *err)
{
    as_ns             arrived;
    char              path[AS_FS_PATH_BYTES];
    const folder_file file = {.path = path, .relative = as_folder_watch_next(priv->watch, deadline, &arrived, err)};
    bool              ok = file.relative && as_fs_join(path, priv->root, file.relative, err);
    if (ok && priv->pace.period > 0) {
        ok = folder_show(priv, &file, frame, err);
        as_camera_stamp(frame, arrived);
    } else if (ok) {
        ok = folder_show_due(priv, &file, as_clock_mono(), frame, err);
    }
    free(file.relative);
    return ok;
}

static bool folder_fill(void *p, as_frame *frame, as_ns deadline, as_err *err)
{
    folder_priv *priv = p;
    as_ns        due;
    uint64_t     lost;
    if (priv->watch && priv->sequence >= priv->files.n)
        return folder_fill_new(priv, frame, deadline, err);
    if (folder_at_end(priv, err) || !as_pace_wait(&priv->pace, deadline, &due, &lost, err))
        return false;
    priv->sequence += lost;
    if (folder_at_end(priv, err))
        return false;
    return folder_show_due(priv, &priv->files.at[priv->sequence % priv->files.n], due, frame, err);
}

static void folder_close(void *p)
{
    folder_priv *priv = p;
    for (size_t i = 0; i < priv->files.n; i++) {
        free(priv->files.at[i].path);
        free(priv->files.at[i].relative);
    }
    as_vec_done(&priv->files);
    as_folder_watch_free(priv->watch);
}

extern const as_camera_driver as_camera_folder;
const as_camera_driver        as_camera_folder = {
           .name = "folder",
           .summary = "pictures of a folder, in the order of their names; class folders give the truth",
           .help = "folder:PATH?fps=&loop=&recursive=&watch=\n"
                          "  PATH       a folder of pictures (" AS_CODEC_ENDINGS "); %XX for bytes such as '?' and '%'\n"
                          "  fps        frames a second (as the station says, or as fast as they are asked for)\n"
                          "  loop       1: begin again after the last\n"
                          "  watch      1: go on with what comes into it, each when it is whole (0); old=0: without what is there\n"
                          "             what comes is a part when it comes, whatever the pace\n"
                          "  width height   of the largest picture that will come (as the station says)\n"
                          "  recursive  0: without the folders in it (1); a picture's folder is its class\n",
           .priv_size = sizeof(folder_priv),
           .open = folder_open,
           .fill = folder_fill,
           .close = folder_close,
};
