/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/term.h"
#include "intake/import.h"
#include "release/sign.h"
#include "spec/spec.h"

#define INIT_LINE_BYTES 64 /* the schema's 63 */
#define INIT_TRIES      50
#define INIT_WAIT_NS    (20 * AS_NS_PER_MS)

static const char example_cones[] =
#include "example_cones.inc"
    ;
static const char example_boards[] =
#include "example_boards.inc"
    ;

static const struct {
    const char *name, *text;
} init_examples[] = {{"cones", example_cones}, {"boards", example_boards}};

static const char *const init_example_names[] = {"cones", "boards", NULL};

static const as_opt init_opts[] = {
    {"example", 0, "NAME", "begin with a complete example: cones or boards", init_example_names},
    {"from", 0, "FOLDER", "take the classes from the sub-folders of FOLDER", NULL},
    {"classes", 0, "LIST", "name the classes: good,scratch,dent (the first one passes)", NULL},
};

typedef AS_VEC(char *) init_names;

static void init_names_done(init_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->at[i]);
    as_vec_done(names);
}

static bool init_names_add(init_names *names, const char *text, size_t n, as_err *err)
{
    char *copy = as_strdupf("%.*s", (int)n, text);
    for (size_t i = 0; copy && i < names->n; i++) {
        if (strcmp(names->at[i], copy) != 0)
            continue;
        free(copy);
        return true;
    }
    if (copy && as_vec_push(names, copy))
        return true;
    free(copy);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

/* The names of folder's sub-folders. */
static bool init_list_folders(const char *folder, init_names *names, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    DIR *dir = opendir(folder);
    bool ok = true;
    if (!dir)
        return as_err_errno(err, errno, "cannot list '%s'", folder);
    for (struct dirent *entry = readdir(dir); ok && entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.' || !as_fs_join(path, folder, entry->d_name, err) || !as_fs_is_dir(path))
            continue;
        ok = init_names_add(names, entry->d_name, strlen(entry->d_name), err);
    }
    closedir(dir);
    return ok;
}

/* The classes: the sub-folders, or where there is a train/ or test/ folder, the sub-folders of those. */
static bool init_scan(const char *folder, init_names *names, as_err *err)
{
    char       path[AS_FS_PATH_BYTES];
    init_names found = {0};
    bool       has_split = false, ok = init_list_folders(folder, &found, err);
    for (size_t i = 0; ok && i < found.n; i++) {
        if (!as_import_split_of(found.at[i], strlen(found.at[i])))
            continue;
        has_split = true;
        ok = as_fs_join(path, folder, found.at[i], err) && init_list_folders(path, names, err);
    }
    for (size_t i = 0; ok && !has_split && i < found.n; i++)
        ok = init_names_add(names, found.at[i], strlen(found.at[i]), err);
    init_names_done(&found);
    return ok;
}

static bool init_is_good(const char *name)
{
    static const char *const words[] = {"good", "normal", "ok", "pass", "fine", "defect_free", "no_defect"};
    for (size_t i = 0; i < AS_COUNT(words); i++)
        if (strcasecmp(name, words[i]) == 0)
            return true;
    return false;
}

static int init_name_order(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int         good = (int)init_is_good(y) - (int)init_is_good(x);
    return good ? good : strcmp(x, y);
}

static bool init_list(const char *list, init_names *names, as_err *err)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ","), before = names->n;
        if (n && !init_names_add(names, p, n, err))
            return false;
        if (n && names->n == before)
            return AS_FAIL(err, AS_EINVAL, "--classes names '%.*s' twice", (int)n, p);
        p += n + (p[n] == ',');
    }
    return true;
}

/* A YAML string in single quotes where it needs them. */
static void init_scalar(const char *s, as_str *out)
{
    bool plain = *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(s) &&
                 strspn(s, "0123456789") == 0;
    if (plain) {
        as_str_add(out, s);
        return;
    }
    as_str_add(out, "'");
    for (; *s; s++)
        as_str_addf(out, "%s%c", *s == '\'' ? "'" : "", *s);
    as_str_add(out, "'");
}

/* The folder's name, as far as the schema takes it as the name of a line; the folder need not be there yet. */
static void init_line_name(const char *dir, char line[INIT_LINE_BYTES])
{
    char        real[PATH_MAX];
    const char *path = realpath(dir, real) ? real : dir, *end = path + strlen(path);
    size_t      n = 0;
    while (end > path && end[-1] == '/')
        end--;
    const char *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    for (; begin < end && n + 1 < INIT_LINE_BYTES; begin++) {
        char ch = *begin;
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';
        if (plain || (n > 0 && (ch == '-' || ch == '.')))
            line[n++] = ch;
        else if (n > 0 && line[n - 1] != '_')
            line[n++] = '_';
    }
    while (n > 0 && line[n - 1] == '_')
        n--;
    line[n] = '\0';
    if (n == 0)
        as_str_copy(line, INIT_LINE_BYTES, "line");
}

static void init_write_spec(const char *line, const init_names *names, as_str *out)
{
    as_str_add(out, "# What must be true of this line: edit it, then see what was understood with: assay spec "
                    "show\nassay: 1\nline: ");
    init_scalar(line, out);
    as_str_add(out,
               "\ngoal: no bad part leaves, and no good part is wasted\nstation: {deadline_ms: 100}\ntask: classify\n"
               "# What a part of each class gets: pass, reject or review\nclasses:\n");
    for (size_t i = 0; i < names->n; i++) {
        as_str_add(out, "  ");
        init_scalar(names->at[i], out);
        as_str_addf(out, ": %s\n", i == 0 ? "pass" : "reject");
    }
    as_str_add(
        out, "requirements:\n"
             "  - {id: R1, text: bad parts are caught, measure: recall, of: reject, at_least: 0.90, confidence: 0.95}\n"
             "  - {id: R2, text: good parts are not wasted, measure: precision, of: reject, at_least: 0.95, "
             "confidence: 0.95}\n"
             "  - {id: R3, text: the gate must know in time, measure: latency, quantile: 0.99, at_most: 100 ms}\n"
             "# What it costs when a bad part passes, and when a good one is rejected\n"
             "cost: {escape: 20, overkill: 1}\nfailsafe: {late: reject, unsure: review, fault: reject}\n");
}

/* The text of the new assay.yaml. */
static bool init_text(as_cli *cli, const char *dir, as_str *out, as_err *err)
{
    const char *example = as_cli_opt(cli, "example"), *from = as_cli_opt(cli, "from"),
               *list = as_cli_opt(cli, "classes");
    if ((example != NULL) + (from != NULL) + (list != NULL) > 1)
        return AS_FAIL(err, AS_EINVAL, "only one of --example, --from and --classes can be given");
    for (size_t i = 0; example && i < AS_COUNT(init_examples); i++)
        if (strcmp(example, init_examples[i].name) == 0)
            as_str_add(out, init_examples[i].text);
    if (example)
        return true;
    init_names names = {0};
    bool       ok = from ? init_scan(from, &names, err) : init_list(list ? list : "good,bad", &names, err);
    if (ok && names.n < 2)
        ok = AS_FAIL(err, AS_EINVAL,
                     "%s%s%s has %zu class%s, an inspection needs two at least (one that passes and one that does not)",
                     from ? "'" : "--classes", from ? from : "", from ? "'" : "", names.n, names.n == 1 ? "" : "es");
    if (ok && from)
        qsort(names.at, names.n, sizeof *names.at, init_name_order);
    if (ok && from && !init_is_good(names.at[0]))
        as_term_say(cli,
                    "which class is the good one? '%s' was taken: change `classes:` in assay.yaml if it is another",
                    names.at[0]);
    char line[INIT_LINE_BYTES];
    if (ok) {
        init_line_name(dir, line);
        init_write_spec(line, &names, out);
    }
    init_names_done(&names);
    return ok;
}

/* What is wrong can only be a class name: the rest is ours. The place in a file that nobody wrote says nothing. */
static bool init_check(const as_str *text, as_err *err)
{
    as_err   why = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(text->s, text->len, "", &why);
    if (spec) {
        as_spec_free(spec);
        return true;
    }
    const char *said = strstr(why.text, ": ");
    return AS_FAIL(err, why.code, "these classes cannot be: %s", said ? said + 2 : why.text);
}

/* A name as a shell takes it for one word. */
static void init_add_word(const char *name, as_str *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+,:@%";
    if (name[strspn(name, plain)] == '\0') {
        as_str_add(out, name);
        return;
    }
    as_str_add(out, "'");
    for (; *name; name++)
        if (*name == '\'')
            as_str_add(out, "'\\''");
        else
            as_str_add_bytes(out, name, 1);
    as_str_add(out, "'");
}

static void init_say_next(as_cli *cli, const char *dir)
{
    as_str word;
    as_str_init(&word);
    if (strcmp(dir, ".") != 0) {
        as_str_add(&word, "-C ");
        init_add_word(dir, &word);
        as_str_add(&word, " ");
    }
    as_term_say(cli, "next: assay %s%s", word.s, as_cli_opt(cli, "example") ? "capture --parts 600" : "import FOLDER");
    as_str_done(&word);
}

/* The file, by one init of several at once: who has the workspace's lock looks whether it is there now. */
static bool init_write_spec_file(const char *dir, const char *path, const as_str *text, as_err *err)
{
    char inside[AS_FS_PATH_BYTES], lock[AS_FS_PATH_BYTES];
    int  fd;
    if (!as_fs_join(inside, dir, ".assay", err) || !as_fs_join(lock, inside, "lock", err) ||
        !as_fs_make_dirs(inside, err) || !as_fs_lock(lock, &fd, err))
        return false;
    bool ok = !as_fs_is_file(path) || AS_FAIL(err, AS_EEXIST, "'%s' exists already: another init made it", path);
    ok = ok && as_fs_write(path, text->s, text->len, err);
    as_fs_unlock(fd);
    return ok;
}

/* Another init may hold the lock for the moment in which it sees that it came too late. */
static as_workspace *init_open(const char *dir, as_err *err)
{
    as_err        why = AS_ERR_NONE;
    as_workspace *ws = NULL;
    for (int i = 0; i < INIT_TRIES && !ws && (i == 0 || why.code == AS_EBUSY); i++) {
        if (i)
            as_clock_sleep_until(as_clock_mono() + INIT_WAIT_NS);
        ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &why);
    }
    if (!ws)
        as_err_set(err, why.code, "%s", why.text);
    return ws;
}

static bool init_write(as_cli *cli, const char *dir, const as_str *text, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!as_fs_join(path, dir, "assay.yaml", err) || !init_write_spec_file(dir, path, text, err))
        return false;
    as_workspace *ws = init_open(dir, err);
    as_key        key;
    bool          ok = ws && as_key_open(ws, &key, err);
    as_workspace_close(ws);
    if (!ok) {
        if (err->code != AS_EBUSY) /* or the next try would find a project; what another init makes here is its own */
            (void)!as_fs_remove(path, NULL);
        return false;
    }
    as_key_done(&key);
    if (cli->json)
        return as_cli_print_json(cli, json_pack("{s:s}", "spec", path), err);
    as_term_say(cli, "wrote %s", path);
    init_say_next(cli, dir);
    return true;
}

static int init_run(as_cli *cli, as_err *err)
{
    const char *dir = as_cli_arg(cli, 0) ? as_cli_arg(cli, 0) : cli->dir;
    char        path[AS_FS_PATH_BYTES];
    as_str      text;
    as_str_init(&text);
    bool ok = as_fs_join(path, dir, "assay.yaml", err);
    bool was_there = ok && as_fs_is_dir(dir);
    if (ok && as_fs_is_file(path))
        ok = AS_FAIL(err, AS_EEXIST, "'%s' exists already (edit it, or choose another folder)", path);
    if (ok && as_fs_is_dir(path))
        ok = AS_FAIL(err, AS_EEXIST, "'%s' is a folder, where a file must be (rename it, or choose another place)",
                     path);
    ok = ok && init_text(cli, dir, &text, err) && init_check(&text, err);
    if (ok && !(as_fs_make_dirs(dir, err) && init_write(cli, dir, &text, err))) {
        ok = false;
        if (!was_there)
            (void)rmdir(dir); /* only when nothing is in it */
    }
    as_str_done(&text);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_init = {
    .name = "init",
    .summary = "begin a project: write its assay.yaml",
    .usage = "[DIR] [--example NAME | --from FOLDER | --classes LIST]",
    .about =
        "Makes the folder DIR with an assay.yaml to edit and a workspace beside it. --from reads the class names off "
        "the\n"
        "sub-folders of a folder of pictures; a class called good, normal or ok passes and the others are rejected.",
    .examples = "  assay init cones --example cones\n  assay init cookies --from ~/photos/cookies\n  assay init plates "
                "--classes good,scratch,dent\n",
    .opts = init_opts,
    .n_opts = AS_COUNT(init_opts),
    .max_args = 1,
    .run = init_run,
};
